//! Dialogues with a running server over real sockets: one server for each engine and test binary,
//! a fresh account for each test, so that tests run side by side and do not see each other.
//!
//! Invariant: what touches the store runs on the server's own runtime, which lives as long as the
//! process; a test's runtime ends with the test, and connections made there would end with it.

use davenport::domain::account::{self, NewAccount};
use davenport::domain::directory::{Kind, Protocols, admin};
use davenport::format::xml::{Element, parse};
use davenport::kernel::clock;
use davenport::kernel::fault::Outcome;
use davenport::kernel::secret::Secret;
use davenport::server::activity::Timing;
use davenport::server::config::{Current, Source};
use davenport::server::conn::Shell;
use davenport::server::{app, listen};
use davenport::store::Store;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

/// What ends a dialogue that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs until the test binary ends.
pub struct Server {
    /// Its store, to arrange what no request can; use it inside [`Server::on`].
    pub store: Store,
    /// Where it listens, in plain text. It takes `X-Forwarded-For` from there.
    pub address: SocketAddr,
    /// Where it speaks IMAP.
    pub imap: SocketAddr,
    /// Where it speaks POP3.
    pub pop3: SocketAddr,
    /// What its connections share, to serve one from elsewhere than a socket.
    pub shell: Arc<Shell>,
    runtime: tokio::runtime::Handle,
    engine: &'static str,
}

impl Server {
    /// The server over the embedded engine, which starts with its first test.
    pub async fn sqlite() -> &'static Self {
        static SERVER: OnceCell<Server> = OnceCell::const_new();
        SERVER.get_or_init(|| Self::start("sqlite".into(), "sqlite", &[])).await
    }

    /// The server over PostgreSQL; `None`, said loudly, where its programs are missing.
    pub async fn postgres() -> Option<&'static Self> {
        static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
        let start = || async {
            // The database goes with the cluster, when the last test is over.
            let database = super::postgres::Database::create().await?;
            Some(Self::start(database.url(), "postgres", &[]).await)
        };
        SERVER.get_or_init(start).await.as_ref()
    }

    /// The server over another store of the same engine where one sees only whom one has to do with,
    /// and where access may be granted to whoever has not signed in.
    pub async fn discreet(&self) -> &'static Self {
        static SERVERS: [OnceCell<Server>; 2] = [const { OnceCell::const_new() }; 2];
        const SETTINGS: [(&str, &str); 2] =
            [("DIRECTORY_ADDRESS_BOOK", "false"), ("ACCESS_ANONYMOUS", "true")];
        let sqlite = self.engine == "sqlite";
        let start = || async {
            if sqlite {
                return Self::start("sqlite".into(), "sqlite-discreet", &SETTINGS).await;
            }
            let database = super::postgres::Database::create().await.unwrap();
            Self::start(database.url(), "postgres-discreet", &SETTINGS).await
        };
        SERVERS[usize::from(sqlite)].get_or_init(start).await
    }

    /// The server over a third store, of which a test says where people elsewhere are.
    pub async fn outbound(&self) -> &'static Self {
        static SERVERS: [OnceCell<Server>; 2] = [const { OnceCell::const_new() }; 2];
        let sqlite = self.engine == "sqlite";
        let start = || async {
            if sqlite {
                return Self::start("sqlite".into(), "sqlite-outbound", &[]).await;
            }
            let database = super::postgres::Database::create().await.unwrap();
            Self::start(database.url(), "postgres-outbound", &[]).await
        };
        SERVERS[usize::from(sqlite)].get_or_init(start).await
    }

    async fn start(store: String, engine: &'static str, settings: &[(&str, &str)]) -> Self {
        let folder = folder(engine);
        let set = |name: &str, value: &str| (format!("DAVENPORT_{name}"), value.to_owned());
        let mut environment = vec![
            set("HTTP_LISTEN", "127.0.0.1:0"),
            set("DATA_DIR", folder.to_str().unwrap()),
            set("STORE", &store),
            set("IMAP_LISTEN", "127.0.0.1:0"),
            set("POP3_LISTEN", "127.0.0.1:0"),
            set("TRUSTED_PROXIES", "127.0.0.0/8"),
            set("OUTBOUND_ALLOW", super::feed::ALLOWED),
        ];
        environment.extend(settings.iter().map(|(name, value)| set(name, value)));
        let config = Source { environment, ..Source::default() }.load().unwrap();
        let (ready, started) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(4).enable_all().build().unwrap();
            runtime.block_on(async {
                let bound = listen::bind(&config).await.unwrap();
                let address = bound[0].at.address;
                let at =
                    |speaks| bound.iter().find(|it| it.at.speaks == speaks).unwrap().at.address;
                let (imap, pop3) = (at(listen::Speaks::Imap), at(listen::Speaks::Pop3));
                let current = Current::new(config);
                let app = app::start(&current).await.unwrap();
                let shell = Shell::new(current, app.handlers, Timing::default());
                for bound in bound {
                    tokio::spawn(listen::accept(shell.clone(), bound, None));
                }
                let runtime = tokio::runtime::Handle::current();
                let store = app.store;
                let _ = ready.send(Self { store, address, imap, pop3, shell, runtime, engine });
                std::future::pending::<()>().await;
            });
        });
        started.await.unwrap()
    }

    /// Runs something on the server's runtime: whatever uses the store.
    pub async fn on<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.runtime.spawn(work).await.unwrap()
    }

    /// A fresh user who signs in with an app password: no slow hash.
    pub async fn user(&'static self) -> User {
        self.account(|_| {}).await
    }

    /// A fresh account, made otherwise than usual.
    pub async fn account(&'static self, change: impl FnOnce(&mut NewAccount)) -> User {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("u{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut new = NewAccount::of(Kind::User, name);
        change(&mut new);
        let (store, at) = (self.store.clone(), clock::now());
        let made: Outcome<_> = self
            .on(async move {
                let password = new.password.clone();
                let name = account::create(&store, new, at).await?.name;
                let password = match password {
                    Some(password) => password,
                    None => {
                        let all = Protocols::ALL;
                        admin::add_app_password(&store, &name, "test", all, None, at).await?
                    }
                };
                Ok((name, password))
            })
            .await;
        let (name, password) = made.unwrap();
        User { server: self, name, password }
    }

    /// Sends octets as they are, and gives all that comes back until the server closes.
    pub async fn raw(&self, octets: &[u8]) -> Vec<u8> {
        let dialogue = async {
            let mut socket = TcpStream::connect(self.address).await.unwrap();
            let (mut read, mut write) = socket.split();
            let mut out = Vec::new();
            // A server that refuses early closes before it has read everything.
            let (_, _) = tokio::join!(write.write_all(octets), read.read_to_end(&mut out));
            out
        };
        tokio::time::timeout(PATIENCE, dialogue).await.expect("an answer in time")
    }

    /// Sends a request with exactly these headers, beside `Host`, the framing and `Connection`.
    pub async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let body = body.as_ref();
        let chunked =
            headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding"));
        let mut octets = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            octets += &format!("Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            octets += &format!("{name}: {value}\r\n");
        }
        let bare = ["GET", "HEAD", "OPTIONS", "DELETE"].contains(&method) && body.is_empty();
        if !chunked && !bare {
            octets += &format!("Content-Length: {}\r\n", body.len());
        }
        octets += "\r\n";
        let mut octets = octets.into_bytes();
        octets.extend_from_slice(body);
        let out = self.raw(&octets).await;
        let answer = Answer::read(&out, method == "HEAD")
            .unwrap_or_else(|| panic!("{method} {target}: {}", String::from_utf8_lossy(&out)));
        answer.check_against(headers);
        // Some clients wait for ever for the body of an error (KIO for that of a 412).
        let error = answer.status.is_client_error() || answer.status.is_server_error();
        assert!(!error || method == "HEAD" || !answer.body.is_empty(), "no word why: {answer}");
        answer
    }
}

/// A data directory that the process's end cannot remove: the next start does.
fn folder(engine: &str) -> PathBuf {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let pid = name.strip_prefix("dav-").and_then(|rest| rest.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let folder = parent.join(format!("dav-{}-{engine}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Somebody who asks.
#[derive(Clone)]
pub struct User {
    /// The server that is asked.
    pub server: &'static Server,
    /// The account's name.
    pub name: String,
    /// The password that [`User::send`] shows.
    pub password: Secret,
}

impl User {
    /// The path of something in the account: `path("files/a")` is `/dav/files/NAME/a`.
    pub fn path(&self, inside: &str) -> String {
        let (home, rest) = inside.split_once('/').unwrap_or((inside, ""));
        format!("/dav/{home}/{}/{rest}", self.name)
    }

    /// The absolute URL of a path of this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// The path of the account's principal.
    pub fn principal(&self) -> String {
        format!("/dav/principals/users/{}/", self.name)
    }

    /// `Authorization` for this user.
    pub fn authorization(&self) -> String {
        use base64::Engine as _;
        let pair = format!("{}:{}", self.name, self.password.expose());
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }

    /// Sends a request as this user. A target without a slash at its front is one inside the
    /// account, as [`User::path`] takes it.
    pub async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let authorization = self.authorization();
        let mut all = vec![("Authorization", authorization.as_str())];
        all.extend_from_slice(headers);
        let inside = !target.starts_with('/') && !target.contains("://") && target != "*";
        let target = if inside { self.path(target) } else { target.to_owned() };
        self.server.send(method, &target, &all, body).await
    }

    /// `GET`.
    pub async fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], "").await
    }

    /// `PUT` with success; gives the entity tag.
    pub async fn put(&self, target: &str, body: impl AsRef<[u8]>) -> String {
        let answer = self.send("PUT", target, &[], body).await;
        assert!(answer.status.is_success(), "PUT {target}: {answer}");
        answer.header("etag").unwrap_or_default().to_owned()
    }

    /// `MKCOL` with success.
    pub async fn mkcol(&self, target: &str) {
        self.send("MKCOL", target, &[], "").await.expect(201);
    }

    /// `DELETE`.
    pub async fn delete(&self, target: &str) -> Answer {
        self.send("DELETE", target, &[], "").await
    }

    /// `PROPFIND` of `<D:prop>` with this content (prefixes: `D`, `C`, `A`, `S`, `I`).
    pub async fn propfind(&self, target: &str, depth: &str, prop: &str) -> Multistatus {
        let body = document("D:propfind", &format!("<D:prop>{prop}</D:prop>"));
        let answer = self.send("PROPFIND", target, &[("Depth", depth)], body).await;
        answer.expect(207).multistatus()
    }

    /// `PROPPATCH` with these instructions (`<D:set>…`, `<D:remove>…`).
    pub async fn proppatch(&self, target: &str, instructions: &str) -> Answer {
        let body = document("D:propertyupdate", instructions);
        self.send("PROPPATCH", target, &[], body).await
    }

    /// `REPORT` with a body whose root is `root`.
    pub async fn report(&self, target: &str, depth: &str, root: &str, content: &str) -> Answer {
        self.send("REPORT", target, &[("Depth", depth)], document(root, content)).await
    }

    /// An exclusive write lock; gives its token without the angle brackets.
    pub async fn lock(&self, target: &str, depth: &str) -> String {
        let answer = self.send("LOCK", target, &[("Depth", depth)], LOCKINFO).await;
        assert!(answer.status.is_success(), "LOCK {target}: {answer}");
        let token = answer.header("lock-token").expect("Lock-Token").to_owned();
        token.trim_start_matches('<').trim_end_matches('>').to_owned()
    }
}

/// The body that asks for an exclusive write lock.
pub const LOCKINFO: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/>
</D:locktype><D:owner><D:href>mailto:me@example.com</D:href></D:owner></D:lockinfo>"#;

/// An XML document whose root has the prefixes `D`, `C`, `A`, `S`, `I` declared.
pub fn document(root: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<{root} xmlns:D=\"DAV:\" \
         xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\" \
         xmlns:S=\"http://calendarserver.org/ns/\" xmlns:I=\"http://apple.com/ns/ical/\">\
         {content}</{root}>"
    )
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, its chunks joined.
    pub body: Vec<u8>,
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}\n{}", self.status, self.headers, self.text())
    }
}

impl Answer {
    /// Reads one whole answer; `None` if it is not one, or is cut off.
    pub fn read(octets: &[u8], head_only: bool) -> Option<Self> {
        let end = octets.windows(4).position(|w| w == b"\r\n\r\n")?;
        let mut lines = std::str::from_utf8(&octets[..end]).ok()?.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?;
        let status = StatusCode::from_bytes(status.as_bytes()).ok()?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(':')?;
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
        }
        let rest = &octets[end + 4..];
        if status.is_informational() {
            return Self::read(rest, head_only);
        }
        let length: Option<usize> =
            headers.get("content-length").map(|v| v.to_str().unwrap().parse().unwrap());
        let body = match (headers.contains_key("transfer-encoding"), length) {
            _ if head_only => rest.is_empty().then(Vec::new)?,
            (true, _) => unchunk(rest)?,
            (false, Some(length)) => (rest.len() == length).then(|| rest.to_vec())?,
            (false, None) => rest.to_vec(),
        };
        Some(Self { status, headers, body })
    }

    /// What holds of every answer: no 412 without a condition (RFC 4918 §12.1), no redirect
    /// (§12), a `DAV:error` of elements only (§14.5).
    pub fn check_against(&self, headers: &[(&str, &str)]) {
        let conditional = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.starts_with("if") || name == "overwrite"
        };
        let asked = headers.iter().any(|(name, _)| conditional(name));
        assert!(self.status != 412 || asked, "412 without a condition: {self}");
        assert!(!self.status.is_redirection() || self.status == 304, "a redirect: {self}");
        let xml = self.header("content-type").is_some_and(|kind| kind.contains("xml"));
        if xml && self.status.is_client_error() && !self.body.is_empty() {
            let root = self.xml();
            if root.is("DAV:", "error") {
                check_error(&root);
            }
        }
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self}");
        self
    }

    /// Fails unless the status is this one and the body is a `DAV:error` with this condition
    /// (its local name). Gives the condition's element.
    #[track_caller]
    pub fn expect_condition(&self, status: u16, condition: &str) -> Element {
        assert_eq!(self.status.as_u16(), status, "{self}");
        let error = self.xml();
        assert!(error.is("DAV:", "error"), "{self}");
        let found = error.elements().find(|e| e.name.local() == condition);
        found.unwrap_or_else(|| panic!("no {condition}: {self}")).clone()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as XML.
    #[track_caller]
    pub fn xml(&self) -> Element {
        parse(&self.body).unwrap_or_else(|fault| panic!("{fault}: {self}"))
    }

    /// The body as a multistatus, checked against RFC 4918 §14: each response has an href, and
    /// either a status or propstats, and no href stands twice.
    #[track_caller]
    pub fn multistatus(&self) -> Multistatus {
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(content_type.contains("xml"), "{self}");
        Multistatus::read(self.xml())
    }
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return (rest == b"\r\n").then_some(out);
        }
        out.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

/// RFC 4918 §14.5: elements, at least one, and no text.
#[track_caller]
fn check_error(error: &Element) {
    assert!(error.elements().next().is_some(), "an empty DAV:error");
    assert!(error.text().trim().is_empty(), "text in DAV:error");
}

/// RFC 4918 §8.3, §14.7: an absolute path, escaped, without dot segments.
#[track_caller]
fn check_href(href: &str) {
    assert!(href.starts_with('/') && !href.starts_with("//"), "{href}");
    assert!(href.parse::<http::Uri>().is_ok(), "{href}");
    assert!(davenport::format::uri::decode_path(href).is_some(), "{href}");
}

/// A `DAV:multistatus`.
#[derive(Debug)]
pub struct Multistatus {
    /// Its responses, in their order.
    pub responses: Vec<Response>,
    /// `DAV:sync-token` (RFC 6578).
    pub sync_token: Option<String>,
    /// The whole.
    pub root: Element,
}

/// A `DAV:response`.
#[derive(Clone, Debug)]
pub struct Response {
    /// The path or URL, as it stands there.
    pub href: String,
    /// The status of the resource as a whole.
    pub status: Option<u16>,
    /// The properties, each with its status.
    pub properties: Vec<(u16, Element)>,
    /// The conditions of its own `DAV:error`, and of its propstats'.
    pub conditions: Vec<Element>,
    /// The element itself.
    pub element: Element,
}

impl Multistatus {
    #[track_caller]
    fn read(root: Element) -> Self {
        assert!(root.is("DAV:", "multistatus"), "{:?}", root.name);
        let responses: Vec<Response> = root
            .elements()
            .filter(|element| element.is("DAV:", "response"))
            .map(Response::read)
            .collect();
        for (at, response) in responses.iter().enumerate() {
            let twice = responses[..at].iter().any(|earlier| earlier.href == response.href);
            assert!(!twice, "{} stands twice", response.href);
        }
        let sync_token = root.child("DAV:", "sync-token").map(|e| e.text().into_owned());
        Self { responses, sync_token, root }
    }

    /// The hrefs, in their order.
    pub fn hrefs(&self) -> Vec<&str> {
        self.responses.iter().map(|response| response.href.as_str()).collect()
    }

    /// The response of this href.
    #[track_caller]
    pub fn of(&self, href: &str) -> &Response {
        let found = self.responses.iter().find(|response| response.href == href);
        found.unwrap_or_else(|| panic!("no {href} among {:?}", self.hrefs()))
    }

    /// The only response.
    #[track_caller]
    pub fn only(&self) -> &Response {
        assert_eq!(self.responses.len(), 1, "{:?}", self.hrefs());
        &self.responses[0]
    }
}

impl Response {
    #[track_caller]
    fn read(element: &Element) -> Self {
        let status_of = |e: &Element| {
            let line = e.child("DAV:", "status").map(|s| s.text().into_owned())?;
            let code = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
            Some(code.and_then(|c| c.parse::<u16>().ok()).expect("a status line"))
        };
        let mut properties = Vec::new();
        let mut conditions = Vec::new();
        let errors = |e: &Element| -> Vec<Element> {
            let error = e.child("DAV:", "error");
            error.into_iter().for_each(check_error);
            error.map(|e| e.elements().cloned().collect()).unwrap_or_default()
        };
        conditions.extend(errors(element));
        for propstat in element.elements().filter(|e| e.is("DAV:", "propstat")) {
            let status = status_of(propstat).expect("a propstat has a status");
            for name in ["prop", "status"] {
                let count = propstat.elements().filter(|e| e.is("DAV:", name)).count();
                assert_eq!(count, 1, "a propstat has one {name}");
            }
            assert!((200..600).contains(&status), "{status}");
            let prop = propstat.child("DAV:", "prop").expect("a propstat has a prop");
            assert!(prop.text().trim().is_empty(), "text in prop");
            properties.extend(prop.elements().map(|p| (status, p.clone())));
            conditions.extend(errors(propstat));
        }
        let status = status_of(element);
        let href = element.elements().next().filter(|first| first.is("DAV:", "href"));
        let href = href.expect("a response begins with an href");
        check_href(&href.text());
        assert!(status.is_none_or(|s| (200..600).contains(&s)), "{status:?}");
        let redirect = status.is_some_and(|s| (300..400).contains(&s));
        assert!(!redirect || element.child("DAV:", "location").is_some(), "DAV:location");
        let stats = element.elements().filter(|e| e.is("DAV:", "propstat")).count();
        assert!(status.is_some() != (stats > 0), "{element:?}: a status or propstats, not both");
        for (at, (_, property)) in properties.iter().enumerate() {
            let twice = properties[..at].iter().any(|(_, earlier)| earlier.name == property.name);
            assert!(!twice, "{} stands twice", property.name);
        }
        let href = href.text().into_owned();
        Self { href, status, properties, conditions, element: element.clone() }
    }

    /// The status of a property by its local name; `None` when it is not there.
    pub fn status_of(&self, local: &str) -> Option<u16> {
        self.properties.iter().find(|(_, p)| p.name.local() == local).map(|(status, _)| *status)
    }

    /// A property's element, which must have status 200.
    #[track_caller]
    pub fn prop(&self, local: &str) -> &Element {
        let found = self.properties.iter().find(|(s, p)| *s == 200 && p.name.local() == local);
        match found {
            Some((_, property)) => property,
            None => panic!("no {local} with 200: {:?}", self.names()),
        }
    }

    /// A property's text.
    #[track_caller]
    pub fn text(&self, local: &str) -> String {
        self.prop(local).text().into_owned()
    }

    /// The names of the properties in Clark's notation, each with its status.
    pub fn names(&self) -> Vec<(u16, String)> {
        self.properties.iter().map(|(status, p)| (*status, p.name.to_string())).collect()
    }

    /// Whether there is a condition of this local name.
    pub fn has_condition(&self, local: &str) -> bool {
        self.conditions.iter().any(|c| c.name.local() == local)
    }
}

/// Makes of `async fn name(user: User)` the tests `name::sqlite` and `name::postgres`, each with a
/// fresh user of the engine's server. A second and third argument are two more users.
macro_rules! dialogues {
    ($($(#[$doc:meta])* async fn $name:ident($($user:ident: User),+) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($($user: $crate::support::dav::User),+) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn sqlite() {
                let server = $crate::support::dav::Server::sqlite().await;
                $(let $user = server.user().await;)+
                run($($user),+).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            async fn postgres() {
                if let Some(server) = $crate::support::dav::Server::postgres().await {
                    $(let $user = server.user().await;)+
                    run($($user),+).await;
                }
            }
        }
    )*};
}
pub(crate) use dialogues;
