//! The one way in which the server fetches something from elsewhere, or sends it there: `GET` and `POST`
//! over HTTP/1.1 and TLS.
//!
//! Invariants: every address is held against [`Reach`] after its name was resolved, and exactly the
//! address that was looked at is connected to, on each redirect anew; every step is bounded in time
//! and size; user and password of an address are sent to its origin only and logged nowhere.

pub mod conn;

use super::config::{Config, Current};
use crate::format::url::WebUrl;
use crate::kernel::clock::Timestamp;
use crate::kernel::limits::{
    OUTBOUND_CONNECT_SECONDS, OUTBOUND_FIRST_SECONDS, OUTBOUND_REDIRECTS_MAX,
    OUTBOUND_WHOLE_SECONDS,
};
use crate::protocol::http::outbound::{Barred, Reach};
use flate2::read::MultiGzDecoder;
use http::header::HeaderName;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, HOST, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LOCATION, USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long each part of a fetch may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Resolving a name; connecting to one address, TLS included.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub first: Duration,
    /// Everything.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(OUTBOUND_CONNECT_SECONDS),
            first: Duration::from_secs(OUTBOUND_FIRST_SECONDS),
            whole: Duration::from_secs(OUTBOUND_WHOLE_SECONDS),
        }
    }
}

/// What is fetched.
#[derive(Clone, Debug)]
pub struct Asked {
    /// From where.
    pub url: WebUrl,
    /// What is wanted (`Accept`).
    pub accept: &'static str,
    /// The entity tag that is known (`If-None-Match`), or empty.
    pub etag: String,
    /// The date of change that is known (`If-Modified-Since`), or empty.
    pub modified: String,
    /// Octets that the content may have.
    pub max: usize,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Where to.
    pub url: WebUrl,
    /// The fields of its header.
    pub fields: Vec<(HeaderName, String)>,
    /// The content.
    pub content: Vec<u8>,
}

/// What came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status; no redirect.
    pub status: StatusCode,
    /// The header.
    pub headers: HeaderMap,
    /// The content of a 200, its coding undone.
    pub content: Vec<u8>,
}

impl Answer {
    /// The value of a field, if it is text.
    pub fn field(&self, name: http::header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
    }

    /// Seconds from `now` that a field names, as a number or as a date (RFC 9110 §10.2.3).
    pub fn seconds(&self, name: http::header::HeaderName, now: Timestamp) -> Option<i64> {
        let after = self.field(name);
        after.parse::<u32>().ok().map(i64::from).or_else(|| {
            let at = Timestamp::parse_http_date(after)?;
            Some(at.seconds() - now.seconds()).filter(|seconds| *seconds > 0)
        })
    }
}

/// Why nothing came. The text is for the user who wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server may not connect there.
    Barred(Barred),
    /// The name has no address, or no address answers, or TLS fails.
    Unreachable(String),
    /// It took too long.
    Slow(&'static str),
    /// The content is larger than so many octets.
    TooLarge(usize),
    /// Redirected wrongly, or too often.
    Redirect(String),
    /// The answer is not HTTP as it should be.
    Broken(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Barred(why) => write!(f, "not allowed: {why}"),
            Self::Unreachable(why) => write!(f, "cannot connect: {why}"),
            Self::Slow(what) => write!(f, "{what} took too long"),
            Self::TooLarge(max) => write!(f, "the content is larger than {max} octets"),
            Self::Redirect(why) => write!(f, "redirected wrongly: {why}"),
            Self::Broken(why) => write!(f, "the answer cannot be read: {why}"),
        }
    }
}

/// What fetches.
#[derive(Clone)]
pub struct Outbound {
    reach: Arc<Reach>,
    tls: Arc<ClientConfig>,
    patience: Patience,
}

impl Outbound {
    /// One with the rules of the configuration.
    ///
    /// # Errors
    /// What is wrong with the file that `outbound.ca` names.
    pub fn new(config: &Config) -> Result<Self, String> {
        Self::with(reach(config), config.outbound.ca.as_deref(), Patience::default())
    }

    /// One with these rules.
    ///
    /// # Errors
    /// As [`Outbound::new`].
    pub fn with(reach: Reach, ca: Option<&Path>, patience: Patience) -> Result<Self, String> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca {
            let why = |why: &dyn fmt::Display| format!("{}: {why}", path.display());
            let pem = std::fs::read(path).map_err(|e| why(&e))?;
            let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let (added, _) = roots.add_parsable_certificates(chain.map_err(|e| why(&e))?);
            if added == 0 {
                return Err(why(&"holds no certificate in PEM form"));
            }
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|e| e.to_string())?;
        let mut tls = builder.with_root_certificates(roots).with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { reach: Arc::new(reach), tls: Arc::new(tls), patience })
    }

    /// Fetches.
    ///
    /// # Errors
    /// Why nothing came; an answer with another status than 200 is none.
    pub async fn get(&self, asked: &Asked) -> Result<Answer, Trouble> {
        let all = timeout(self.patience.whole, self.follow(asked)).await;
        all.unwrap_or(Err(Trouble::Slow("the transfer")))
    }

    /// The same with other bounds.
    pub fn patient(&self, patience: Patience) -> Self {
        Self { patience, ..self.clone() }
    }

    /// Sends. The answer's content is not read, and a redirect is an answer like others.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn post(&self, it: &Posted) -> Result<Answer, Trouble> {
        let mut request = self::request("POST", &it.url, it.content.clone())?;
        for (name, value) in &it.fields {
            set(request.headers_mut(), name.clone(), value)?;
        }
        let sent = async {
            let (_link, answer) = self.exchange(&it.url, request).await?;
            let (head, _) = answer.into_parts();
            Ok(Answer { status: head.status, headers: head.headers, content: Vec::new() })
        };
        let all = timeout(self.patience.whole, sent).await;
        all.unwrap_or(Err(Trouble::Slow("the transfer")))
    }

    async fn follow(&self, asked: &Asked) -> Result<Answer, Trouble> {
        let mut url = asked.url.clone();
        for _ in 0..=OUTBOUND_REDIRECTS_MAX {
            let answer = match (self.once(asked, &url).await, url.plain()) {
                (Err(Trouble::Unreachable(_)), Some(plain)) => {
                    url = plain;
                    self.once(asked, &url).await?
                }
                (other, _) => other?,
            };
            match onward(&url, &answer)? {
                None => return Ok(answer),
                Some(next) => url = next,
            }
        }
        Err(Trouble::Redirect(format!("more than {OUTBOUND_REDIRECTS_MAX} times")))
    }

    /// One request over a connection of its own, which lasts as long as the link.
    async fn exchange(
        &self,
        url: &WebUrl,
        request: Request<Full<Bytes>>,
    ) -> Result<(conn::Link, Response<Incoming>), Trouble> {
        let mut link = conn::open(url, &self.reach, &self.tls, self.patience.connect).await?;
        let answer = timeout(self.patience.first, link.send(request)).await;
        Ok((link, answer.unwrap_or(Err(Trouble::Slow("the answer")))?))
    }

    async fn once(&self, asked: &Asked, url: &WebUrl) -> Result<Answer, Trouble> {
        let (_link, answer) = self.exchange(url, fetching(asked, url)?).await?;
        let (head, body) = answer.into_parts();
        let mut content = Vec::new();
        if head.status == StatusCode::OK {
            content = conn::content(body, asked.max).await?;
            content = decoded(&head.headers, content, asked.max)?;
        }
        Ok(Answer { status: head.status, headers: head.headers, content })
    }
}

/// Sets a field of a request.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Trouble> {
    let value = HeaderValue::from_str(value).map_err(|_| unwritable())?;
    headers.insert(name, value);
    Ok(())
}

fn unwritable() -> Trouble {
    Trouble::Broken("the request cannot be written".into())
}

/// What the configuration lets the server reach.
fn reach(config: &Config) -> Reach {
    let public = config.public_url.as_deref().and_then(|url| WebUrl::parse(url).ok());
    let public = public.and_then(|url| match url.host() {
        crate::format::url::HostName::Name(name) => Some((name, url.port())),
        crate::format::url::HostName::Address(_) => None,
    });
    let own = config.http_listen.iter().chain(&config.https_listen).copied().collect();
    Reach { allowed: config.outbound.allow.clone(), own, public }
}

/// Where an answer sends on to, if it does.
fn onward(url: &WebUrl, answer: &Answer) -> Result<Option<WebUrl>, Trouble> {
    use StatusCode as S;
    let codes = [
        S::MOVED_PERMANENTLY,
        S::FOUND,
        S::SEE_OTHER,
        S::TEMPORARY_REDIRECT,
        S::PERMANENT_REDIRECT,
    ];
    if !codes.contains(&answer.status) {
        return Ok(None);
    }
    let next = match answer.field(LOCATION) {
        "" => Err("it says not where to"),
        location => url.join(location),
    };
    let next = next.map_err(|why| Trouble::Redirect(why.to_owned()))?;
    if url.secure() && !next.secure() {
        return Err(Trouble::Redirect("from https: to http:".to_owned()));
    }
    Ok(Some(next))
}

/// A request with the fields that each has.
fn request(method: &str, url: &WebUrl, content: Vec<u8>) -> Result<Request<Full<Bytes>>, Trouble> {
    let request = Request::builder().method(method).uri(url.target());
    let mut request = request.body(Full::from(content)).map_err(|_| unwritable())?;
    let headers = request.headers_mut();
    set(headers, HOST, &url.authority())?;
    set(headers, USER_AGENT, concat!("Davenport/", env!("CARGO_PKG_VERSION")))?;
    set(headers, CONNECTION, "close")?;
    Ok(request)
}

fn fetching(asked: &Asked, url: &WebUrl) -> Result<Request<Full<Bytes>>, Trouble> {
    let mut request = request("GET", url, Vec::new())?;
    let headers = request.headers_mut();
    set(headers, ACCEPT, asked.accept)?;
    set(headers, ACCEPT_ENCODING, "gzip")?;
    for (name, value) in [(IF_NONE_MATCH, &asked.etag), (IF_MODIFIED_SINCE, &asked.modified)] {
        if !value.is_empty() {
            set(headers, name, value)?;
        }
    }
    if let Some(pair) = url.credentials() {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        set(headers, AUTHORIZATION, &format!("Basic {pair}"))?;
    }
    Ok(request)
}

/// Undoes a content's coding; what it inflates to is bounded too.
fn decoded(headers: &HeaderMap, content: Vec<u8>, max: usize) -> Result<Vec<u8>, Trouble> {
    let coding = headers.get(CONTENT_ENCODING).map_or(Ok(""), |value| value.to_str());
    match coding.map(str::trim).map(str::to_ascii_lowercase).as_deref() {
        Ok("" | "identity") => Ok(content),
        Ok("gzip" | "x-gzip") => {
            let mut out = Vec::new();
            let mut limited = MultiGzDecoder::new(content.as_slice()).take(max as u64 + 1);
            limited.read_to_end(&mut out).map_err(|e| Trouble::Broken(e.to_string()))?;
            if out.len() > max { Err(Trouble::TooLarge(max)) } else { Ok(out) }
        }
        _ => Err(Trouble::Broken("its coding was not asked for".into())),
    }
}

/// The newest rules, made anew when the configuration changed. A file of certificate authorities
/// that has become unusable leaves the former ones in force, and is told of once.
#[derive(Clone)]
pub struct Newest {
    current: Arc<Current>,
    of: Arc<Config>,
    made: Outbound,
}

impl Newest {
    /// Those of the configuration in force.
    ///
    /// # Errors
    /// As [`Outbound::new`], after the key's name.
    pub fn new(current: Arc<Current>) -> Result<Self, String> {
        let of = current.get();
        let made = Outbound::new(&of).map_err(|why| format!("outbound.ca: {why}"))?;
        Ok(Self { current, of, made })
    }

    /// The configuration in force and what fetches under it.
    pub fn get(&mut self) -> (Arc<Config>, Outbound) {
        let config = self.current.get();
        if !Arc::ptr_eq(&self.of, &config) {
            match Outbound::new(&config) {
                Ok(made) => self.made = made,
                Err(why) => {
                    tracing::error!("reload: outbound.ca stays as it was: {why}");
                    self.made.reach = Arc::new(reach(&config));
                }
            }
            self.of = config;
        }
        (self.of.clone(), self.made.clone())
    }
}
