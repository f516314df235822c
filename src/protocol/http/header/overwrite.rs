//! `Overwrite` (RFC 4918 §10.6).

use super::syntax::single;
use crate::kernel::fault::{Fault, Outcome};
use http::HeaderMap;

/// Whether COPY or MOVE may replace what is at the destination: `T`, also when the header is
/// absent, or `F`. A fault for any other word, for a guess could destroy something.
pub fn parse(headers: &HeaderMap) -> Outcome<bool> {
    match single(headers, "overwrite")? {
        None | Some("T" | "t") => Ok(true),
        Some("F" | "f") => Ok(false),
        Some(_) => Err(Fault::malformed("Overwrite: expected T or F")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn true_or_false() {
        assert_eq!(parse(&HeaderMap::new()), Ok(true));
        let bad = Err(Fault::malformed("Overwrite: expected T or F"));
        let table = [
            ("T", Ok(true)),
            ("t ", Ok(true)),
            ("F", Ok(false)),
            ("f", Ok(false)),
            ("", bad.clone()),
            ("true", bad.clone()),
            ("T, F", bad),
        ];
        for (text, expected) in table {
            assert_eq!(parse(&headers(&[("overwrite", text.as_bytes())])), expected, "{text}");
        }
        assert!(parse(&headers(&[("overwrite", b"T"), ("overwrite", b"F")])).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>()) {
            let _ = parse(&headers(&[("overwrite", &bytes)]));
        }
    }
}
