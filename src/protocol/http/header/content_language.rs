//! `Content-Language` (RFC 9110 §8.5): the languages that a body is meant for.

use super::syntax::{joined, split};
use crate::kernel::limits::LANGUAGE_MAX;
use http::HeaderMap;

/// Reads the header; none when it is absent, or is no list of language tags: it is only a wish.
pub fn parse(headers: &HeaderMap) -> Option<String> {
    tags(&joined(headers, "content-language")?)
}

/// A list of language tags (RFC 5646 §2.1) as the header writes it; none when it is not one, is
/// empty, or is longer than [`LANGUAGE_MAX`].
pub fn tags(text: &str) -> Option<String> {
    if text.len() > LANGUAGE_MAX {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for tag in split(text.trim(), ',') {
        if !is_tag(tag) {
            return None;
        }
        if !out.is_empty() {
            out.push_str(", ");
        }
        out.push_str(tag);
    }
    Some(out).filter(|out| !out.is_empty() && out.len() <= LANGUAGE_MAX)
}

/// Whether this has the form of a language tag: subtags of up to eight letters and digits, the
/// first of letters alone.
fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let short = |part: &str| (1..=8).contains(&part.len());
    parts.next().is_some_and(|first| short(first) && first.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(|part| short(part) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_of_language_tags() {
        let table: [(&[&[u8]], Option<&str>); 12] = [
            (&[], None),
            (&[b"de"], Some("de")),
            (&[b" de-CH-1996 ,, x-klingon "], Some("de-CH-1996, x-klingon")),
            (&[b"mi", b"en"], Some("mi, en")),
            (&[b""], None),
            (&[b" , "], None),
            (&[b"de", b"?"], None),
            (&[b"de_CH"], None),
            (&[b"1de"], None),
            (&[b"de-"], None),
            (&[b"abcdefghi"], None),
            (&[b"d\xffe"], None),
        ];
        for (values, expected) in table {
            let fields: Vec<_> = values.iter().map(|v| ("content-language", *v)).collect();
            assert_eq!(parse(&headers(&fields)).as_deref(), expected, "{values:?}");
        }
        assert_eq!(tags(&"de,".repeat(LANGUAGE_MAX)), None);
    }

    proptest! {
        #[test]
        fn what_is_read_is_short_and_reads_the_same(text in "[a-z0-9, -]{0,600}") {
            if let Some(list) = tags(&text) {
                prop_assert!(list.len() <= LANGUAGE_MAX);
                prop_assert_eq!(tags(&list), Some(list.clone()));
            }
        }
    }
}
