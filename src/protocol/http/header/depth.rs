//! `Depth` (RFC 4918 §10.2).

use super::syntax::single;
use crate::kernel::fault::{Fault, Outcome};
use http::HeaderMap;

/// How far a method reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// `0`: the resource alone.
    Zero,
    /// `1`: with its members.
    One,
    /// `infinity`: with everything below.
    Infinity,
}

/// Reads the header; none when it is absent, and each method has its own default then. A fault
/// for any other word.
pub fn parse(headers: &HeaderMap) -> Outcome<Option<Depth>> {
    match single(headers, "depth")? {
        None => Ok(None),
        Some("0") => Ok(Some(Depth::Zero)),
        Some("1") => Ok(Some(Depth::One)),
        Some(word) if word.eq_ignore_ascii_case("infinity") => Ok(Some(Depth::Infinity)),
        Some(_) => Err(Fault::malformed("Depth: expected 0, 1 or infinity")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_words() {
        assert_eq!(parse(&HeaderMap::new()), Ok(None));
        let table = [
            ("0", Some(Depth::Zero)),
            (" 1 ", Some(Depth::One)),
            ("infinity", Some(Depth::Infinity)),
            ("Infinity", Some(Depth::Infinity)),
            ("", None),
            ("2", None),
            ("00", None),
            ("-1", None),
            ("0, 1", None),
            ("infinite", None),
        ];
        for (text, expected) in table {
            let read = parse(&headers(&[("depth", text.as_bytes())]));
            assert_eq!(read.ok().flatten(), expected, "{text}");
        }
        let bad = parse(&headers(&[("depth", b"2")]));
        assert_eq!(bad, Err(Fault::malformed("Depth: expected 0, 1 or infinity")));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>()) {
            let _ = parse(&headers(&[("depth", &bytes)]));
        }
    }
}
