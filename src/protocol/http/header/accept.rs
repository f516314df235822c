//! `Accept` (RFC 9110 §12.5.1): the form of an error's body, and of contents that exist in several.

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
    let found = best(headers, &FORMS.map(|(_, types)| types));
    found.and_then(|at| FORMS.get(at)).map_or(ErrorBody::Xml, |(form, _)| *form)
}

/// Which of the offers, each under all its names, the client likes best; among equals the first.
/// `None`: it takes none of them. Without the header it takes everything.
pub fn best(headers: &HeaderMap, offers: &[&[&str]]) -> Option<usize> {
    let Some(accept) = Accept::parse(headers) else { return Some(0) };
    let mut best = None;
    for (at, types) in offers.iter().enumerate() {
        let quality = types.iter().map(|media| accept.quality(media, "")).max().unwrap_or(0);
        if quality > best.map_or(0, |(_, quality)| quality) {
            best = Some((at, quality));
        }
    }
    best.map(|(at, _)| at)
}

/// Whether a media type may be given: also without the header (RFC 9110 §12.5.1).
pub fn allows(headers: &HeaderMap, media: &str) -> bool {
    best(headers, &[&[media]]).is_some()
}

/// What a client accepts.
#[derive(Clone, Debug, Default)]
pub struct Accept(Vec<Range>);

/// One media range.
#[derive(Clone, Debug)]
struct Range {
    /// It, in lower case.
    media: String,
    /// Its `version`, the one parameter that tells forms of the same media type apart here
    /// (RFC 6350 §10.1).
    version: Option<String>,
    /// Its weight in thousandths (RFC 9110 §12.4.2). One that cannot be read counts as none given.
    weight: u16,
}

impl Accept {
    /// Reads the header; none when it is absent or holds no range.
    pub fn parse(headers: &HeaderMap) -> Option<Self> {
        let text = joined(headers, "accept")?;
        let ranges: Vec<Range> = split(&text, ',').filter_map(media_range).collect();
        Some(Self(ranges)).filter(|accept| !accept.0.is_empty())
    }

    /// The weight of the most specific range that covers the type in this version; 0 when none
    /// does.
    pub fn quality(&self, media: &str, version: &str) -> u16 {
        let kind = media.split('/').next().unwrap_or("");
        let group = format!("{kind}/*");
        let forms = [(media, true), (media, false), (&group, false), ("*/*", false), ("*", false)];
        let weight = |(form, exact): (&str, bool)| {
            let covers = |range: &&Range| match &range.version {
                Some(own) => exact && range.media == form && own == version,
                None => !exact && range.media == form,
            };
            self.0.iter().find(covers).map(|range| range.weight)
        };
        forms.into_iter().find_map(weight).unwrap_or(0)
    }
}

fn media_range(text: &str) -> Option<Range> {
    let mut parts = split(text, ';');
    let mut range =
        Range { media: parts.next()?.to_ascii_lowercase(), version: None, weight: 1000 };
    for (name, value) in parts.map(name_value) {
        match name.to_ascii_lowercase().as_str() {
            "q" => {
                range.weight = thousandths(&value).unwrap_or(1000);
                return Some(range);
            }
            "version" => range.version = Some(value),
            _ => {}
        }
    }
    Some(range)
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

    #[test]
    fn versions_of_one_type() {
        let of = |text: &str| {
            let accept = Accept::parse(&headers(&[("accept", text.as_bytes())])).unwrap();
            [accept.quality("text/vcard", "3.0"), accept.quality("text/vcard", "4.0")]
        };
        assert_eq!(of("text/vcard"), [1000, 1000]);
        assert_eq!(of("text/vcard; version=3.0"), [1000, 0]);
        assert_eq!(of("Text/Vcard;Version=\"4.0\";q=0.5, */*;q=0.1"), [100, 500]);
        assert_eq!(of("text/vcard;version=4.0, text/vcard;q=0.8"), [800, 1000]);
        assert_eq!(of("text/*;q=0.2"), [200, 200]);
        assert_eq!(of("text/calendar"), [0, 0]);
        assert!(Accept::parse(&HeaderMap::new()).is_none());
        assert!(Accept::parse(&headers(&[("accept", b" ")])).is_none());
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
