//! `Accept` (RFC 9110 §12.5.1), as far as it chooses the form of an error's body, or rules out the
//! one form that there is.

use super::syntax::{joined, name_value, split};
use http::HeaderMap;

/// The form of an error's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorBody {
    /// `DAV:error` (RFC 4918 §16).
    Xml,
    /// A JSON object.
    Json,
    /// A line of plain text.
    Text,
}

/// The forms with their media types, the most useful first.
const FORMS: [(ErrorBody, &[&str]); 3] = [
    (ErrorBody::Xml, &["application/xml", "text/xml"]),
    (ErrorBody::Json, &["application/json", "application/problem+json"]),
    (ErrorBody::Text, &["text/plain"]),
];

/// The form that the client likes best; among equals XML, which carries the most. XML also when
/// the header is absent or allows none of them: a body that says why is better than none.
pub fn error_body(headers: &HeaderMap) -> ErrorBody {
    let text = joined(headers, "accept").unwrap_or_default();
    let ranges: Vec<(String, u16)> = split(&text, ',').filter_map(media_range).collect();
    let mut best = (ErrorBody::Xml, 0);
    for (form, types) in FORMS {
        let quality = types.iter().map(|media| quality(&ranges, media)).max().unwrap_or(0);
        if quality > best.1 {
            best = (form, quality);
        }
    }
    best.0
}

/// Whether a media type may be given: also without the header (RFC 9110 §12.5.1).
pub fn allows(headers: &HeaderMap, media: &str) -> bool {
    let Some(text) = joined(headers, "accept") else { return true };
    let ranges: Vec<(String, u16)> = split(&text, ',').filter_map(media_range).collect();
    ranges.is_empty() || quality(&ranges, media) > 0
}

/// A range in lower case and its weight in thousandths (RFC 9110 §12.4.2). A weight that cannot
/// be read counts as none given.
fn media_range(text: &str) -> Option<(String, u16)> {
    let mut parts = split(text, ';');
    let range = parts.next()?.to_ascii_lowercase();
    let weight = parts.map(name_value).find(|(name, _)| name.eq_ignore_ascii_case("q"));
    Some((range, weight.and_then(|(_, q)| thousandths(&q)).unwrap_or(1000)))
}

fn thousandths(q: &str) -> Option<u16> {
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match whole {
        "1" => Some(1000),
        "0" | "" => {
            let digits = fraction.bytes().chain(*b"000").take(3);
            Some(digits.fold(0, |sum, digit| sum * 10 + u16::from(digit.saturating_sub(b'0'))))
        }
        _ => None,
    }
}

/// The weight of the most specific range that covers the type; 0 when none does.
fn quality(ranges: &[(String, u16)], media: &str) -> u16 {
    let kind = media.split('/').next().unwrap_or("");
    let group = format!("{kind}/*");
    let forms = [media, &group, "*/*", "*"];
    let weight = |form: &str| ranges.iter().find(|(range, _)| range == form).map(|(_, q)| *q);
    forms.into_iter().find_map(weight).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_best_form() {
        use ErrorBody::{Json, Text, Xml};
        assert_eq!(error_body(&HeaderMap::new()), Xml);
        let table = [
            ("application/xml, text/xml", Xml),
            ("text/xml", Xml),
            ("*/*", Xml),
            ("*", Xml),
            ("text/*", Xml),
            ("application/json", Json),
            ("application/problem+json", Json),
            ("text/plain", Text),
            ("application/json, */*;q=0.1", Json),
            ("application/json;q=0.5, text/plain;q=0.8", Text),
            ("text/plain;q=0.001,application/json;q=0.002", Json),
            ("text/html,application/xml;q=0.9,*/*;q=0.8", Xml),
            ("application/*;q=0.3, text/xml;q=0, text/plain;q=0.2", Xml),
            ("application/xml;q=0, text/xml;q=0, */*", Json),
            ("text/calendar", Xml),
            ("text/plain;q=0", Xml),
            ("Text/Plain; Q=1.0", Text),
            ("text/plain;q=abc", Text),
            ("application/json;x=\"a,b;q=0\"", Json),
            ("", Xml),
        ];
        for (text, expected) in table {
            assert_eq!(error_body(&headers(&[("accept", text.as_bytes())])), expected, "{text}");
        }
        let two = headers(&[("accept", b"text/calendar"), ("accept", b"text/plain")]);
        assert_eq!(error_body(&two), Text);
    }

    #[test]
    fn weights() {
        let table = [
            ("1", Some(1000)),
            ("1.000", Some(1000)),
            ("0", Some(0)),
            ("0.5", Some(500)),
            (".25", Some(250)),
            ("0.1239", Some(123)),
            ("2", None),
            ("-1", None),
            ("0.x", None),
        ];
        for (text, expected) in table {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>(), like in r#"[*/q=;,.019"texml]{0,24}"#) {
            for value in [&bytes[..], like.as_bytes()] {
                let _ = error_body(&headers(&[("accept", value)]));
            }
        }
    }
}
