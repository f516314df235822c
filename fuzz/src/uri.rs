//! Paths and references (`format/uri`), and what the time zone service is asked for
//! (`protocol/tzdist/query`).
//!
//! Promises: a decoded path names one place, and encoding and decoding are each other's inverse;
//! encoding gives one spelling, of characters that any document carries; a zone's name is bounded
//! text, and a range is none that ends before it begins.

use davenport::format::uri::{decode_path, encode_path, parse_reference};
use davenport::kernel::limits::TZID_MAX;
use davenport::protocol::http::query::Query;
use davenport::protocol::tzdist::query::{Path, range};

pub const SEEDS: &[&[u8]] = &[
    b"/a%20b/%C3%BC@x~_.-.ics",
    b"http://u:p@[::1]:8/x@y/?q#f",
    b"HTTPS://h",
    b"/%2$/\0\0\x0b\t\t? [",
    b"/zones/America%2FNew_York/observances?start=2008-01-01T00:00:00Z&end=2009-01-01T00:00:00Z",
    b"/%2e%2E/%2F//%EF%BF%BE\xef\xbf\xbf",
];

fn encoded(path: &str) -> String {
    let mut out = Vec::new();
    encode_path(path, &mut out);
    String::from_utf8(out).expect("ASCII")
}

fn asked(text: &str) {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    if let Path::Zone(name) | Path::Observances(name) = Path::read(path) {
        assert!(name.len() <= TZID_MAX && !name.chars().any(char::is_control));
    }
    if let Ok((Some(start), Some(end))) = range(&Query(query)) {
        assert!(start < end);
    }
}

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    asked(text);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/@%".contains(&b);
    let spelled = encoded(text);
    assert!(spelled.bytes().all(plain) && spelled.len() <= 3 * text.len());
    if let Some(read) = decode_path(&spelled) {
        assert_eq!(read, text);
    }
    if let Some(path) = decode_path(text) {
        assert!(path.len() <= text.len());
        assert!(!path.contains("//") && !path.chars().any(|c| c.is_ascii_control()));
        assert!(!path.split('/').any(|segment| segment == "." || segment == ".."));
        let again = encoded(&path);
        assert_eq!(decode_path(&again).as_deref(), Some(&*path));
        assert_eq!(encoded(&decode_path(&again).unwrap_or_default()), again);
    }
    if let Some((authority, path)) = parse_reference(text) {
        assert!(
            path.starts_with('/') && !path.contains(['?', '#']) && text.contains(path)
                || path == "/"
        );
        assert!(authority.is_none_or(|host| !host.is_empty() && !host.contains('/')));
        let whole = format!("http://{}{path}", authority.unwrap_or("h"));
        let again = parse_reference(&whole);
        // White space at the end of a path is not taken off twice.
        assert!(
            again.is_some_and(
                |(_, p)| p == path || p == path.trim_end_matches([' ', '\t', '\r', '\n'])
            ),
            "{whole:?}"
        );
    }
}
