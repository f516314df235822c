//! `If-Match` and its kin (RFC 9110 §13.1). Each line of the input is one field.
//!
//! Promises: a list of tags that was read and is written again reads back the same; its length is
//! bounded; a date is read only where no tag overrules it; a weak tag or a date never keeps a range.

use davenport::domain::collection::guard::Tags;
use davenport::kernel::etag::ETag;
use davenport::kernel::limits::ETAGS_MAX;
use davenport::protocol::http::header::conditional::{
    IfRange, if_match, if_modified_since, if_none_match, if_range, if_unmodified_since,
};

pub const SEEDS: &[&[u8]] = &[
    b"\"a,b\", W/\"c\",,d\n*",
    b"\"\\\"a\\\"\", \\\"b\\\" , \"0123456789abcdef0123456789abcdef-gzip\"",
    b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"\"0123456789abcdef0123456789abcdef\"",
];

pub fn run(data: &[u8]) {
    let values: Vec<&[u8]> = data.split(|b| *b == b'\n').collect();
    let Some(headers) = super::fields("if-match", &values) else { return };
    match if_match(&headers) {
        Ok(Tags::These(tags)) => {
            assert!(tags.len() <= ETAGS_MAX && tags.iter().all(|tag| !tag.is_empty()));
            let text = tags.join(", ");
            // Octets that are not UTF-8 have become replacement characters, which stay.
            let again = super::header("if-none-match", text.as_bytes()).expect("was a header");
            assert_eq!(if_none_match(&again), Ok(Tags::These(tags)), "{text}");
        }
        Ok(_) => {}
        Err(fault) => super::assert_short(&fault),
    }
    assert_eq!(if_unmodified_since(&headers), None);
    for (name, read) in [
        ("if-modified-since", if_modified_since as fn(&http::HeaderMap) -> _),
        ("if-unmodified-since", if_unmodified_since),
    ] {
        let Some(mut dated) = super::fields(name, &values) else { return };
        let date = read(&dated);
        for other in ["if-match", "if-none-match"] {
            dated.insert(other, http::HeaderValue::from_static("*"));
        }
        assert!(read(&dated).is_none(), "{date:?}");
    }
    let Some(mut headers) = super::fields("if-range", &values) else { return };
    assert_eq!(if_range(&headers), IfRange::Unset);
    headers.insert("range", http::HeaderValue::from_static("bytes=0-"));
    let etag = ETag::from_hash(&[0x12; 32]);
    match if_range(&headers) {
        IfRange::Tag(tag) => {
            let range = IfRange::Tag(tag.clone());
            assert!(!range.holds(None));
            assert!(!range.holds(Some(&etag)) || !tag.to_ascii_lowercase().starts_with("w/"));
        }
        other => assert!(other != IfRange::Unset && !other.holds(Some(&etag))),
    }
}
