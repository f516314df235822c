//! Addresses that the server fetches something from: absolute `http`, `https`, `webcal` and `webcals`
//! URLs (RFC 3986 §3, RFC 9110 §4.2), read as browsers read them, so that `0x7f.1` is an address and
//! no name.
//!
//! Invariants: there is a host; user and password are shown nowhere but where they are asked for by
//! name, nor is a fragment kept.

use crate::kernel::limits::URL_MAX;
use std::fmt;
use std::net::IpAddr;
use url::{Host, Url};

/// An address to fetch from.
#[derive(Clone, PartialEq, Eq)]
pub struct WebUrl {
    url: Url,
    /// Written as `webcal:`, which says nothing of TLS.
    either: bool,
}

/// Where a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostName {
    /// By name, in lower case and ASCII (RFC 5890).
    Name(String),
    /// By address.
    Address(IpAddr),
}

/// Schemes that are read: as written, as they are fetched first, and whether plain HTTP will do.
const SCHEMES: [(&str, &str, bool); 4] = [
    ("https", "https", false),
    ("http", "http", false),
    ("webcal", "https", true),
    ("webcals", "https", false),
];

impl WebUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.len() > URL_MAX {
            return Err("the address is too long");
        }
        let (scheme, rest) = text.split_once(':').ok_or("the address has no scheme, as https:")?;
        let known = SCHEMES.iter().find(|row| row.0.eq_ignore_ascii_case(scheme));
        let (_, scheme, either) =
            known.ok_or("the address must begin with https:, http:, webcal: or webcals:")?;
        if !rest.starts_with("//") {
            return Err("the address names no host");
        }
        let url = Url::parse(&format!("{scheme}:{rest}"));
        Self::of(url.map_err(|_| "the address cannot be read")?, *either)
    }

    fn of(mut url: Url, either: bool) -> Result<Self, &'static str> {
        url.set_fragment(None);
        match url.host() {
            None | Some(Host::Domain("")) => Err("the address names no host"),
            // `webcal:` is one octet longer than the scheme that it stands for.
            Some(_) if url.as_str().len() + usize::from(either) > URL_MAX => {
                Err("the address is too long")
            }
            Some(_) => Ok(Self { url, either }),
        }
    }

    /// The whole address with user and password, to keep.
    pub fn exposed(&self) -> String {
        match (self.either, self.url.as_str().strip_prefix("https:")) {
            (true, Some(rest)) => format!("webcal:{rest}"),
            _ => self.url.to_string(),
        }
    }

    /// The host.
    pub fn host(&self) -> HostName {
        match self.url.host() {
            Some(Host::Ipv4(address)) => HostName::Address(address.into()),
            Some(Host::Ipv6(address)) => HostName::Address(address.into()),
            Some(Host::Domain(name)) => HostName::Name(name.trim_end_matches('.').to_owned()),
            None => HostName::Name(String::new()),
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Whether it is fetched over TLS.
    pub fn secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The same over plain HTTP, where its scheme leaves that open (`webcal:`) and no password would
    /// be told to whoever listens, or only keeps TLS from working.
    pub fn plain(&self) -> Option<Self> {
        let open = self.either && self.credentials().is_none();
        let mut url = self.url.clone();
        (open && url.set_scheme("http").is_ok()).then_some(Self { url, either: false })
    }

    /// Host and port as the `Host` header says them (RFC 9110 §7.2).
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Path and query, as the request line says them.
    pub fn target(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    /// `USER:PASSWORD`, escapes resolved, if the address has one.
    pub fn credentials(&self) -> Option<Vec<u8>> {
        let (user, password) = (self.url.username(), self.url.password());
        if user.is_empty() && password.is_none() {
            return None;
        }
        let mut pair = unescaped(user);
        pair.push(b':');
        pair.extend(unescaped(password.unwrap_or_default()));
        Some(pair)
    }

    /// What a `Location` means that was answered here (RFC 9110 §10.2.2). User and password go along
    /// within the same origin only, and are taken from no answer.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub fn join(&self, location: &str) -> Result<Self, &'static str> {
        let mut url = self.url.join(location.trim()).map_err(|_| "it cannot be read")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("it is no http: or https: address");
        }
        let same = url.origin() == self.url.origin();
        let (user, password) = match same {
            true => (self.url.username(), self.url.password()),
            false => ("", None),
        };
        let set = url.set_username(user).and_then(|()| url.set_password(password));
        set.map_err(|()| "it cannot be read")?;
        Self::of(url, false)
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    let hex = |at: Option<&u8>| at.and_then(|b| char::from(*b).to_digit(16));
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(byte) = bytes.get(at) {
        match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

/// The address without user and password.
impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.either { "webcal" } else { self.url.scheme() };
        write!(f, "{scheme}://{}{}", self.authority(), self.target())
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_read_and_shown_without_secrets() {
        for (text, kept, shown) in [
            ("https://example.org", "https://example.org/", "https://example.org/"),
            ("HTTP://EXAMPLE.org:80/a?b#c", "http://example.org/a?b", "http://example.org/a?b"),
            ("webcal://example.org/a", "webcal://example.org/a", "webcal://example.org/a"),
            ("WebCals://example.org/a", "https://example.org/a", "https://example.org/a"),
            (" https://u:p%40@h:8443/x ", "https://u:p%40@h:8443/x", "https://h:8443/x"),
            ("webcal://u@h/", "webcal://u@h/", "webcal://h/"),
            (
                "https://b\u{fc}cher.example/",
                "https://xn--bcher-kva.example/",
                "https://xn--bcher-kva.example/",
            ),
        ] {
            let url = WebUrl::parse(text).unwrap();
            assert_eq!((url.exposed(), url.to_string()), (kept.to_owned(), shown.to_owned()));
            assert_eq!(format!("{url:?}"), shown);
            assert_eq!(WebUrl::parse(kept).unwrap(), url);
        }
        let url = WebUrl::parse("https://us%3Aer:p%40ss%zz@h/").unwrap();
        assert_eq!(url.credentials().unwrap(), b"us:er:p@ss%zz");
        assert_eq!(WebUrl::parse("https://h/").unwrap().credentials(), None);
    }

    #[test]
    fn addresses_in_disguise_are_addresses() {
        let loopback = HostName::Address(IpAddr::from([127, 0, 0, 1]));
        for text in ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1."] {
            assert_eq!(
                WebUrl::parse(&format!("http://{text}/")).unwrap().host(),
                loopback,
                "{text}"
            );
        }
        assert_eq!(
            WebUrl::parse("http://%6cocalhost./").unwrap().host(),
            HostName::Name("localhost".into())
        );
        let six = HostName::Address("::1".parse().unwrap());
        assert_eq!(WebUrl::parse("http://[::1]:81/").unwrap().host(), six);
    }

    #[test]
    fn what_is_kept_can_be_read_again() {
        // With three an address of 1 999 octets over TLS, and of one more as it is kept.
        let text = |n: usize| format!("webcal://h/{}{}", "x".repeat(n), "ä".repeat(331));
        let longest = WebUrl::parse(&text(3)).unwrap();
        assert_eq!(longest.exposed().len(), URL_MAX);
        assert_eq!(WebUrl::parse(&longest.exposed()).unwrap(), longest);
        assert!(WebUrl::parse(&text(4)).is_err());
    }

    #[test]
    fn what_cannot_be_fetched_is_refused() {
        let long = format!("https://example.org/{}", "x".repeat(URL_MAX));
        for text in [
            "",
            "x",
            "/a",
            "ftp://h/",
            "file:///etc/passwd",
            "gopher://h/",
            "https:",
            "https:///",
            "http:h",
            "javascript:1",
            "https://h:99999/",
            "http://[::1/",
            "http://a b/",
            &long,
        ] {
            assert!(WebUrl::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn redirects_keep_secrets_within_the_origin() {
        let from = WebUrl::parse("https://u:p@h/a/b").unwrap();
        for (location, to) in [
            ("c?d", "https://u:p@h/a/c?d"),
            ("https://h/x", "https://u:p@h/x"),
            ("//other/x", "https://other/x"),
            ("https://h:444/x", "https://h:444/x"),
            ("http://h/x", "http://h/x"),
            ("https://evil:pw@h2/x", "https://h2/x"),
        ] {
            assert_eq!(from.join(location).unwrap().exposed(), to, "{location}");
        }
        for location in ["ftp://h/", "file:///x", "data:,x", "http://["] {
            assert!(from.join(location).is_err(), "{location}");
        }
    }

    #[test]
    fn only_webcal_may_be_plain() {
        let plain = |text: &str| WebUrl::parse(text).unwrap().plain().map(|url| url.exposed());
        assert_eq!(plain("webcal://h/a").as_deref(), Some("http://h/a"));
        assert_eq!(plain("webcal://h:8080/a").as_deref(), Some("http://h:8080/a"));
        assert_eq!(
            (plain("webcals://h/"), plain("https://h/"), plain("http://h/")),
            (None, None, None)
        );
        assert_eq!((plain("webcal://u:p@h/"), plain("webcal://u@h/")), (None, None));
    }

    proptest! {
        #[test]
        fn never_panics_and_reads_what_it_writes(text in any::<String>(), raw in "(http|https|webcal)://[-a-z0-9.:@%/\\[\\]?#]{0,30}") {
            for text in [text, raw] {
                if let Ok(url) = WebUrl::parse(&text) {
                    prop_assert_eq!(WebUrl::parse(&url.exposed()), Ok(url.clone()));
                    prop_assert!(!url.to_string().contains('@') || url.target().contains('@'));
                }
            }
        }
    }
}
