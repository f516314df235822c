//! Paths and references of HTTP URIs (RFC 3986 §2, §3, §4.2; RFC 4918 §8.3).
//!
//! Invariant: a decoded path has no empty, `.` or `..` segment and no control character, so it
//! names one place only, and encoding gives one spelling only: clients compare hrefs as text.

use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// The path with every byte percent-encoded except `A-Z a-z 0-9 - . _ ~ / @`. Clients that encode
/// again before they compare leave exactly these alone.
pub fn encoded(path: &str) -> String {
    let mut out = Vec::with_capacity(path.len() + 16);
    encode_path(path, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Appends the path as [`encoded`] gives it.
pub fn encode_path(path: &str, out: &mut Vec<u8>) {
    encode(path, b"-._~/@", out);
}

/// Appends the text as a fragment (RFC 3986 §3.5): what may stand there stands there as it is.
pub fn encode_fragment(text: &str, out: &mut Vec<u8>) {
    encode(text, b"-._~/@:?!$&'()*+,;=", out);
}

#[inline]
fn encode(text: &str, plain: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.reserve(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(byte),
            _ if plain.contains(&byte) => out.push(byte),
            _ => {
                let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
                out.extend_from_slice(&[b'%', HEX[high], HEX[low]]);
            }
        }
    }
}

/// The path that this text spells. None for a bad escape, bytes that are not UTF-8, a control
/// character or one that XML cannot carry, an encoded slash, a `.` or `..` segment, an empty
/// segment (`//` is refused rather than collapsed, so that no two paths are one resource; a
/// slash at the end is fine), and a raw `?` or `#`, which is not part of a path.
pub fn decode_path(text: &str) -> Option<String> {
    let path = decode_bytes(text)?;
    let bytes = path.as_bytes();
    if bytes.iter().any(u8::is_ascii_control) || path.contains("//") {
        return None;
    }
    // What begins with this byte is rare, and only it can be one of the two.
    if memchr(0xef, bytes).is_some() && path.contains(['\u{fffe}', '\u{ffff}']) {
        return None;
    }
    let dotted = bytes.first() == Some(&b'.') || path.contains("/.");
    if dotted && path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return None;
    }
    Some(path.into_owned())
}

/// Resolves the escapes only.
fn decode_bytes(text: &str) -> Option<Cow<'_, str>> {
    if memchr2(b'?', b'#', text.as_bytes()).is_some() {
        return None;
    }
    if memchr(b'%', text.as_bytes()).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let mut pieces = text.split('%');
    let first = pieces.next()?;
    let mut bytes = Vec::with_capacity(text.len());
    bytes.extend_from_slice(first.as_bytes());
    for piece in pieces {
        let (high, low, rest) = match piece.as_bytes() {
            [high, low, rest @ ..] => (char::from(*high), char::from(*low), rest),
            _ => return None,
        };
        let byte = u8::try_from(high.to_digit(16)? * 16 + low.to_digit(16)?).ok()?;
        if byte == b'/' {
            return None;
        }
        bytes.push(byte);
        bytes.extend_from_slice(rest);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Splits an absolute `http` or `https` URI, or an absolute path, into its authority (without
/// user information) and its path, which is still encoded. Query and fragment are dropped; an
/// empty path is `/`. None for anything else, also for `//host/path`: an href or `Destination`
/// is one of the two forms (RFC 4918 §8.3, §10.3).
pub fn parse_reference(text: &str) -> Option<(Option<&str>, &str)> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let end = memchr2(b'?', b'#', text.as_bytes()).unwrap_or(text.len());
    let text = text.get(..end).unwrap_or("");
    if text.starts_with('/') {
        return (!text.starts_with("//")).then_some((None, text));
    }
    let (scheme, rest) = text.split_once("://")?;
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let (authority, path) = match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
        Some(parts) => parts,
        None => (rest, "/"),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (!host.is_empty()).then_some((Some(host), path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(path: &str) -> String {
        let mut out = Vec::new();
        encode_path(path, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn encodes_one_spelling() {
        assert_eq!(encoded("/a b/ü@x~_.-.ics"), "/a%20b/%C3%BC@x~_.-.ics");
        assert_eq!(encoded("/%&<>'\"+:;=,!*()"), "/%25%26%3C%3E%27%22%2B%3A%3B%3D%2C%21%2A%28%29");
    }

    #[test]
    fn decodes_or_refuses() {
        let table: [(&str, Option<&str>); 24] = [
            ("/", Some("/")),
            ("/a/b/", Some("/a/b/")),
            ("/a%20b/%c3%bc", Some("/a b/ü")),
            ("/x%40y", Some("/x@y")),
            ("/%3F%23", Some("/?#")),
            ("/ü", Some("/ü")),
            ("/...", Some("/...")),
            ("/a%", None),
            ("/a%4", None),
            ("/a%zz", None),
            ("/a%+4", None),
            ("/a%2Fb", None),
            ("/a%2fb", None),
            ("/a%00", None),
            ("/a%0A", None),
            ("/a%7F", None),
            ("/a\u{1}", None),
            ("/%FF", None),
            ("/%EF%BF%BE", None),
            ("/./a", None),
            ("/a/..", None),
            ("/a/%2E%2e/b", None),
            ("/a//b", None),
            ("/a?b", None),
        ];
        for (text, expected) in table {
            assert_eq!(decode_path(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn splits_references() {
        type Parts<'a> = Option<(Option<&'a str>, &'a str)>;
        let table: [(&str, Parts); 12] = [
            ("/a/b", Some((None, "/a/b"))),
            (" /a?q=/x#f ", Some((None, "/a"))),
            ("http://h:80/a%20b", Some((Some("h:80"), "/a%20b"))),
            ("HTTPS://h", Some((Some("h"), "/"))),
            ("http://h?q=/x", Some((Some("h"), "/"))),
            ("http://u:p@h/x@y", Some((Some("h"), "/x@y"))),
            ("http://[::1]:8/x", Some((Some("[::1]:8"), "/x"))),
            ("//h/a", None),
            ("a/b", None),
            ("", None),
            ("ftp://h/a", None),
            ("http:///a", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_reference(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), raw in "[%/.a?#:@0-9A-F]{0,20}") {
            for text in [text, raw] {
                let _ = parse_reference(&text);
                if let Some(path) = decode_path(&text) {
                    prop_assert_eq!(decode_path(&encoded(&path)), Some(path));
                }
            }
        }

        #[test]
        fn round_trip(segments in prop::collection::vec("[^/\\p{Cc}\u{fffe}\u{ffff}]{1,8}", 0..5)) {
            let path = format!("/{}", segments.join("/"));
            let dots = segments.iter().any(|s| s == "." || s == "..");
            let expected = if dots { None } else { Some(path.clone()) };
            prop_assert_eq!(decode_path(&encoded(&path)), expected);
        }
    }
}
