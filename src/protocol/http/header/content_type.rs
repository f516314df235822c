//! `Content-Type` (RFC 9110 §8.3): the media type of a body.

use super::syntax::{is_token, name_value, single, split};
use crate::kernel::fault::{Fault, Outcome};
use http::HeaderMap;

/// A media type with the one parameter that says how to read its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype` in lower case.
    pub essence: String,
    /// `charset` in lower case; none when it is absent or empty.
    pub charset: Option<String>,
}

impl MediaType {
    /// Reads a media type; none when it is not `type/subtype`. Bad parameters are ignored, and of
    /// several charsets the first counts.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = split(text, ';');
        let essence = parts.next().filter(|_| !text.trim_start().starts_with(';'))?;
        let (kind, subtype) = essence.split_once('/')?;
        if !is_token(kind) || !is_token(subtype) {
            return None;
        }
        let charset = parts.map(name_value).find(|(name, _)| name.eq_ignore_ascii_case("charset"));
        let charset = charset.map(|(_, value)| value.trim().to_ascii_lowercase());
        let charset = charset.filter(|value| !value.is_empty());
        Some(Self { essence: essence.to_ascii_lowercase(), charset })
    }

    /// Whether this is the type, given in lower case.
    pub fn is(&self, essence: &str) -> bool {
        self.essence == essence
    }

    /// Whether this is XML: `application/xml`, `text/xml`, or any `+xml` (RFC 7303 §4.2).
    pub fn is_xml(&self) -> bool {
        self.is("application/xml") || self.is("text/xml") || self.essence.ends_with("+xml")
    }
}

/// Reads the header; none when it is absent or empty. A fault when it is no media type.
pub fn parse(headers: &HeaderMap) -> Outcome<Option<MediaType>> {
    match single(headers, "content-type")? {
        None | Some("") => Ok(None),
        Some(text) => match MediaType::parse(text) {
            Some(media) => Ok(Some(media)),
            None => Err(Fault::malformed("Content-Type: expected type/subtype")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn types_and_charsets() {
        type Media<'a> = Option<(&'a str, Option<&'a str>)>;
        let table: [(&str, Media); 13] = [
            ("text/html;charset=utf-8", Some(("text/html", Some("utf-8")))),
            ("Text/HTML;Charset=\"UTF-8\"", Some(("text/html", Some("utf-8")))),
            (
                "text/calendar; component=VEVENT; charset=utf-8;",
                Some(("text/calendar", Some("utf-8"))),
            ),
            ("text/vcard ;version=\"4.0;charset=x\"", Some(("text/vcard", None))),
            ("text/plain; charset=a; charset=b", Some(("text/plain", Some("a")))),
            ("text/plain; charset=", Some(("text/plain", None))),
            ("application/octet-stream", Some(("application/octet-stream", None))),
            ("text", None),
            ("text/", None),
            ("/plain", None),
            ("text/plain charset=utf-8", None),
            (";text/plain", None),
            ("text/plain, text/html", None),
        ];
        for (text, expected) in table {
            let read = MediaType::parse(text);
            let read = read.as_ref().map(|m| (m.essence.as_str(), m.charset.as_deref()));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn the_header() {
        assert_eq!(parse(&HeaderMap::new()), Ok(None));
        assert_eq!(parse(&headers(&[("content-type", b" ")])), Ok(None));
        let bad = Fault::malformed("Content-Type: expected type/subtype");
        assert_eq!(parse(&headers(&[("content-type", b"xml")])), Err(bad));
        let xml = |text: &str| MediaType::parse(text).is_some_and(|m| m.is_xml());
        assert!(xml("text/xml; charset=x") && xml("Application/XML") && xml("image/svg+xml"));
        assert!(!xml("text/calendar") && !xml("application/xml-dtd"));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>(), text in any::<String>()) {
            let _ = (parse(&headers(&[("content-type", &bytes)])), MediaType::parse(&text));
        }
    }
}
