//! `If-Match`, `If-None-Match`, `If-Modified-Since`, `If-Unmodified-Since`, `If-Range`
//! (RFC 9110 §13.1).
//!
//! Invariant: the precedence of §13.1.3 to §13.1.5 is kept here, so a caller cannot evaluate a
//! date that a tag overrules.

use super::syntax::{OWS, entity_tag_length, joined};
use crate::domain::collection::guard::Tags;
use crate::kernel::clock::Timestamp;
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::ETAGS_MAX;
use http::HeaderMap;

/// The value of `If-Match` (RFC 9110 §13.1.1). A fault when `*` stands beside tags, or for more
/// than [`ETAGS_MAX`] tags.
pub fn if_match(headers: &HeaderMap) -> Outcome<Tags> {
    tags(headers, "if-match")
}

/// The value of `If-None-Match` (RFC 9110 §13.1.2); faults as [`if_match`].
pub fn if_none_match(headers: &HeaderMap) -> Outcome<Tags> {
    tags(headers, "if-none-match")
}

fn tags(headers: &HeaderMap, name: &str) -> Outcome<Tags> {
    let Some(text) = joined(headers, name) else { return Ok(Tags::Unset) };
    let mut rest = text.as_str();
    let (mut any, mut list) = (false, Vec::new());
    loop {
        rest = rest.trim_start_matches(|c| c == ',' || OWS.contains(&c));
        if rest.is_empty() {
            break;
        }
        let (tag, after) =
            rest.split_at_checked(entity_tag_length(rest, ',')).unwrap_or((rest, ""));
        match tag {
            "*" => any = true,
            _ if list.len() == ETAGS_MAX => {
                let why = format!("{name}: expected at most {ETAGS_MAX} entity tags");
                return Err(Fault::malformed(why));
            }
            _ => list.push(tag.to_owned()),
        }
        rest = after;
    }
    match (any, list.is_empty()) {
        (false, _) => Ok(Tags::These(list)),
        (true, true) => Ok(Tags::Any),
        (true, false) => {
            Err(Fault::malformed(format!("{name}: expected either * or entity tags, not both")))
        }
    }
}

/// `If-Modified-Since` (RFC 9110 §13.1.3); only GET and HEAD heed it. None when it is absent, is
/// not one HTTP date, or `If-None-Match` overrules it: all of these MUST be ignored.
pub fn if_modified_since(headers: &HeaderMap) -> Option<Timestamp> {
    date(headers, "if-modified-since", "if-none-match")
}

/// `If-Unmodified-Since` (RFC 9110 §13.1.4). None when it is absent, is not one HTTP date, or
/// `If-Match` overrules it: all of these MUST be ignored.
pub fn if_unmodified_since(headers: &HeaderMap) -> Option<Timestamp> {
    date(headers, "if-unmodified-since", "if-match")
}

fn date(headers: &HeaderMap, name: &str, overruled_by: &str) -> Option<Timestamp> {
    if headers.contains_key(overruled_by) {
        return None;
    }
    Timestamp::parse_http_date(&joined(headers, name)?)
}

/// The value of `If-Range` (RFC 9110 §13.1.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IfRange {
    /// Absent, or to be ignored because there is no `Range`.
    #[default]
    Unset,
    /// An entity tag as written; also text that cannot be read, which matches nothing.
    Tag(String),
    /// A date.
    Date(Timestamp),
}

impl IfRange {
    /// Whether `Range` may be heeded. A weak tag never matches (strong comparison). Neither does a
    /// date: the server sends entity tags with everything that has ranges, and a date of whole
    /// seconds is no strong validator (RFC 9110 §8.8.2.2).
    pub fn holds(&self, etag: Option<&ETag>) -> bool {
        match self {
            Self::Unset => true,
            Self::Date(_) => false,
            Self::Tag(tag) => {
                let weak = tag.starts_with("W/") || tag.starts_with("w/");
                !weak && etag.is_some_and(|etag| etag.matches(tag))
            }
        }
    }
}

/// Reads `If-Range`.
pub fn if_range(headers: &HeaderMap) -> IfRange {
    let text = joined(headers, "if-range").filter(|_| headers.contains_key("range"));
    let Some(text) = text else { return IfRange::Unset };
    match Timestamp::parse_http_date(&text) {
        Some(date) => IfRange::Date(date),
        None => IfRange::Tag(text.trim_matches(OWS).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    const DATE: &[u8] = b"Sun, 06 Nov 1994 08:49:37 GMT";

    fn these(tags: &[&str]) -> Tags {
        Tags::These(tags.iter().map(|t| (*t).to_owned()).collect())
    }

    #[test]
    fn lists_of_tags() {
        let table: [(&[&[u8]], Tags); 11] = [
            (&[], Tags::Unset),
            (&[b"*"], Tags::Any),
            (&[b" * ", b"*"], Tags::Any),
            (&[b""], these(&[])),
            (&[b"\"xyzzy\""], these(&["\"xyzzy\""])),
            (&[b"\"a,b\", ,W/\"c\""], these(&["\"a,b\"", "W/\"c\""])),
            (&[b"\"a\"", b"\"b\" , \"\""], these(&["\"a\"", "\"b\"", "\"\""])),
            (&[b"abc,def"], these(&["abc", "def"])),
            (&[b"\\\"abc\\\""], these(&["\\\"abc\\\""])),
            (&[b"\"*\""], these(&["\"*\""])),
            (&[b"\"\xff\""], these(&["\"\u{fffd}\""])),
        ];
        for (values, expected) in table {
            for name in ["if-match", "if-none-match"] {
                let fields: Vec<_> = values.iter().map(|v| (name, *v)).collect();
                let read = if name == "if-match" { if_match } else { if_none_match };
                assert_eq!(read(&headers(&fields)), Ok(expected.clone()), "{name} {values:?}");
            }
        }
        let both = Fault::malformed("if-match: expected either * or entity tags, not both");
        assert_eq!(if_match(&headers(&[("if-match", b"*, \"a\"")])), Err(both));
    }

    #[test]
    fn lists_are_bounded() {
        let most = vec!["a"; ETAGS_MAX].join(",");
        assert!(if_match(&headers(&[("if-match", most.as_bytes())])).is_ok());
        let more = format!("{most},a");
        assert!(if_match(&headers(&[("if-match", more.as_bytes())])).is_err());
    }

    #[test]
    fn dates_yield_to_tags() {
        let then = Some(Timestamp::from_seconds(784_111_777));
        assert_eq!(if_modified_since(&headers(&[("if-modified-since", DATE)])), then);
        assert_eq!(if_unmodified_since(&headers(&[("if-unmodified-since", DATE)])), then);
        for old in [&b"Sunday, 06-Nov-94 08:49:37 GMT"[..], b"Sun Nov  6 08:49:37 1994"] {
            assert_eq!(if_modified_since(&headers(&[("if-modified-since", old)])), then);
            assert_eq!(if_unmodified_since(&headers(&[("if-unmodified-since", old)])), then);
            let range = headers(&[("if-range", old), ("range", b"x")]);
            assert_eq!(then.map(IfRange::Date), Some(if_range(&range)));
        }
        let both = headers(&[("if-modified-since", DATE), ("if-none-match", b"\"a\"")]);
        assert_eq!(if_modified_since(&both), None);
        let both = headers(&[("if-unmodified-since", DATE), ("if-match", b"*")]);
        assert_eq!(if_unmodified_since(&both), None);
        let twice = headers(&[("if-modified-since", DATE), ("if-modified-since", DATE)]);
        assert_eq!(if_modified_since(&twice), None);
        assert_eq!(if_modified_since(&headers(&[("if-modified-since", b"soon")])), None);
    }

    #[test]
    fn if_range_needs_a_strong_tag() {
        let etag = ETag::from_hash(&[0xab; 32]);
        let range = |value: &[u8]| if_range(&headers(&[("if-range", value), ("range", b"x")]));
        assert!(range(etag.to_string().as_bytes()).holds(Some(&etag)));
        assert!(!range(etag.to_string().as_bytes()).holds(None));
        assert!(!range(format!("W/{etag}").as_bytes()).holds(Some(&etag)));
        assert!(!range(format!("{etag}, {etag}").as_bytes()).holds(Some(&etag)));
        assert_eq!(range(DATE), IfRange::Date(Timestamp::from_seconds(784_111_777)));
        assert!(!range(DATE).holds(Some(&etag)));
        assert_eq!(if_range(&headers(&[("if-range", b"\"a\"")])), IfRange::Unset);
        assert!(IfRange::Unset.holds(None));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>(), like in r#"[W/"\\ab,* ]{0,20}"#) {
            for value in [&bytes[..], like.as_bytes()] {
                let map = headers(&[
                    ("if-match", value),
                    ("if-modified-since", value),
                    ("if-range", value),
                    ("range", value),
                ]);
                let _ = (if_match(&map), if_modified_since(&map), if_range(&map));
            }
        }

        #[test]
        fn well_formed_lists_come_back(tags in prop::collection::vec(
            "(W/)?\"[!#-\\[\\]-~]{0,8}\"", 0..6)) {
            let text = tags.join(" , ");
            let map = headers(&[("if-none-match", text.as_bytes())]);
            prop_assert_eq!(if_none_match(&map), Ok(Tags::These(tags)));
        }
    }
}
