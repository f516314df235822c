//! `Lock-Token` (RFC 4918 §10.5): the lock that UNLOCK ends.

use super::syntax::{OWS, single};
use crate::kernel::fault::{Fault, Outcome};
use http::HeaderMap;

/// The token of the Coded-URL, without its brackets; some clients leave them out. A fault when
/// the header is absent (§9.11 demands it) or holds anything else than one URI.
pub fn parse(headers: &HeaderMap) -> Outcome<String> {
    let text = single(headers, "lock-token")?.unwrap_or("");
    let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let token = inner.unwrap_or(text).trim_matches(OWS);
    match token.contains(':') && !token.contains(['<', '>', ' ', '\t']) {
        true => Ok(token.to_owned()),
        false => Err(Fault::malformed("Lock-Token: expected <URI>, as LOCK answered it")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_coded_url() {
        let table = [
            ("<urn:uuid:18>", Some("urn:uuid:18")),
            (" < urn:uuid:18 > ", Some("urn:uuid:18")),
            ("urn:uuid:18", Some("urn:uuid:18")),
            ("", None),
            ("<>", None),
            ("<token>", None),
            ("<a:b,c>", Some("a:b,c")),
            ("a:b c:d", None),
            ("<a:b", None),
            ("<a:b>>", None),
            ("<a:b> <c:d>", None),
            ("<a:b>, <c:d>", None),
        ];
        for (text, expected) in table {
            let read = parse(&headers(&[("lock-token", text.as_bytes())]));
            assert_eq!(read.ok().as_deref(), expected, "{text}");
        }
        let absent = Fault::malformed("Lock-Token: expected <URI>, as LOCK answered it");
        assert_eq!(parse(&HeaderMap::new()), Err(absent));
    }

    proptest! {
        #[test]
        fn round_trip(bytes in any::<Vec<u8>>(), token in "[a-z]{1,9}:[!#-;=?-~]{0,40}") {
            let _ = parse(&headers(&[("lock-token", &bytes)]));
            let text = format!("<{token}>");
            prop_assert_eq!(parse(&headers(&[("lock-token", text.as_bytes())])), Ok(token));
        }
    }
}
