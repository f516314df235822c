//! `Timeout` (RFC 4918 §10.7): how long a client would like its lock to last.

use super::syntax::{joined, split};
use http::HeaderMap;

/// The first time of the list that is understood, in seconds; `Infinite`, and what does not fit,
/// is [`i64::MAX`]. None when there is none: the header is a wish, so a bad one is no fault. The
/// domain bounds it.
pub fn parse(headers: &HeaderMap) -> Option<i64> {
    split(&joined(headers, "timeout")?, ',').find_map(seconds)
}

fn seconds(word: &str) -> Option<i64> {
    if word.eq_ignore_ascii_case("Infinite") {
        return Some(i64::MAX);
    }
    let (name, number) = word.split_once('-')?;
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    // All digits: the only way that parsing can fail is that the number is too large.
    (name.eq_ignore_ascii_case("Second") && digits).then(|| number.parse().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_that_is_understood() {
        assert_eq!(parse(&HeaderMap::new()), None);
        let table = [
            ("Infinite", Some(i64::MAX)),
            ("Infinite, Second-4100000000", Some(i64::MAX)),
            ("Second-600", Some(600)),
            ("Second-4100000000", Some(4_100_000_000)),
            ("second-0", Some(0)),
            ("Extend, Minute-3,Second-7,Infinite", Some(7)),
            ("Second-99999999999999999999999", Some(i64::MAX)),
            ("Second-", None),
            ("Second--5", None),
            ("Second-+5", None),
            ("Second- 5", None),
            ("600", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(&headers(&[("timeout", text.as_bytes())])), expected, "{text}");
        }
        let two = headers(&[("timeout", b"soon"), ("timeout", b"Second-5")]);
        assert_eq!(parse(&two), Some(5));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>(), number in any::<u64>()) {
            let _ = parse(&headers(&[("timeout", &bytes)]));
            let text = format!("Second-{number}");
            let expected = i64::try_from(number).unwrap_or(i64::MAX);
            prop_assert_eq!(parse(&headers(&[("timeout", text.as_bytes())])), Some(expected));
        }
    }
}
