//! `Destination` (RFC 4918 §10.3): where COPY and MOVE put things.
//!
//! Invariant: a path that comes out is decoded, absolute, and on this server. A query or fragment
//! is refused rather than dropped: it is nearly always a name whose `?` or `#` was not escaped,
//! and to drop it would write to another place than the one that was meant.

use super::syntax::single;
use crate::format::uri::{decode_path, parse_reference};
use crate::kernel::fault::{Fault, Outcome};
use http::HeaderMap;

/// What the header names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A path on this server, decoded.
    Here(String),
    /// Another server or port.
    Elsewhere,
}

/// Reads the header. `authority` is the one that the request itself was sent to (`Host` or
/// `:authority`); without one, every absolute URI is elsewhere. A fault when it is absent or not
/// of the two forms of RFC 4918 §8.3.
pub fn parse(headers: &HeaderMap, authority: Option<&str>) -> Outcome<Destination> {
    let bad = |what: &str| Fault::malformed(format!("Destination: expected {what}"));
    let text = single(headers, "destination")?.ok_or_else(|| bad("this header"))?;
    if text.contains(['?', '#']) {
        return Err(bad("a path without query and fragment (write ? as %3F and # as %23)"));
    }
    let (named, path) =
        parse_reference(text).ok_or_else(|| bad("an http or https URI or an absolute path"))?;
    if named.is_some_and(|named| !authority.is_some_and(|own| same_authority(named, own))) {
        return Ok(Destination::Elsewhere);
    }
    match decode_path(path) {
        Some(path) => Ok(Destination::Here(path)),
        None => Err(bad("a path of escaped UTF-8 without empty, . or .. segments")),
    }
}

/// Whether two authorities name one server. Schemes do not count, for a proxy may have taken TLS
/// off; so the default ports of both (RFC 9110 §4.2) count as no port.
pub fn same_authority(a: &str, b: &str) -> bool {
    without_port(a).eq_ignore_ascii_case(without_port(b))
}

fn without_port(authority: &str) -> &str {
    let authority = authority.trim();
    let known = ["", "80", "443"];
    match authority.rsplit_once(':') {
        Some((host, port)) if known.contains(&port) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, authority: Option<&str>) -> Outcome<Destination> {
        parse(&headers(&[("destination", text.as_bytes())]), authority)
    }

    #[test]
    fn here_or_elsewhere() {
        let table = [
            ("/a%20b/", "h", Some("/a b/")),
            ("/ü", "h", Some("/ü")),
            ("http://h/a", "h", Some("/a")),
            ("https://H:443/a", "h", Some("/a")),
            ("https://h/a", "h:80", Some("/a")),
            ("https://h:/a", "h:443", Some("/a")),
            ("http://user@h:8080/a", "H:8080", Some("/a")),
            ("http://[::1]/a", "[::1]:80", Some("/a")),
            ("http://h", "h", Some("/")),
            ("http://other/a", "h", None),
            ("http://h:8080/a", "h", None),
            ("http://h/a", "h:8443", None),
            ("http://h@other/a", "h", None),
        ];
        for (text, authority, path) in table {
            let expected =
                path.map_or(Destination::Elsewhere, |path| Destination::Here(path.to_owned()));
            assert_eq!(read(text, Some(authority)), Ok(expected), "{text} {authority}");
        }
        assert_eq!(read("http://h/a", None), Ok(Destination::Elsewhere));
        assert_eq!(read("/a", None), Ok(Destination::Here("/a".to_owned())));
    }

    #[test]
    fn refused() {
        let bad = ["", "a/b", "//h/a", "ftp://h/a", "/a?b", "/a#b", "/a%2fb", "/a/../b", "/a//b"];
        for text in bad {
            let fault = read(text, Some("h")).unwrap_err().to_string();
            assert!(fault.starts_with("Destination: expected "), "{text}: {fault}");
        }
        assert!(parse(&HeaderMap::new(), Some("h")).is_err());
        assert!(parse(&headers(&[("destination", b"/\xff")]), Some("h")).is_err());
        let two = headers(&[("destination", b"/a"), ("destination", b"/b")]);
        assert!(parse(&two, Some("h")).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>(), host in any::<String>()) {
            let _ = parse(&headers(&[("destination", &bytes)]), Some(&host));
        }

        #[test]
        fn never_a_wrong_path(text in "(http://h)?[%/.ab?#0-9A-F]{0,16}") {
            if let Ok(Destination::Here(path)) = read(&text, Some("h")) {
                prop_assert!(path.starts_with('/') && !path.contains("//"));
                prop_assert!(path.split('/').all(|s| s != "." && s != ".."));
            }
        }
    }
}
