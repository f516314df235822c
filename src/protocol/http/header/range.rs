//! `Range` of octets (RFC 9110 §14) against the size of what is asked for.
//!
//! Invariant: ranges that come out are not empty, lie within the size and do not touch each other,
//! so an answer is never larger than the whole and its parts.

use super::syntax::{single, split};
use crate::kernel::limits::RANGES_MAX;
use http::HeaderMap;
use std::ops::Range;

/// Which octets to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// Everything, as if there were no `Range`: absent, another unit, invalid, too many ranges, or
    /// nothing to take a part of. All of these may or must be ignored (RFC 9110 §14.2).
    Whole,
    /// One range: a 206 with `Content-Range`.
    One(Range<u64>),
    /// Several, in the order of the request: a 206 with `multipart/byteranges` (§14.6).
    Many(Vec<Range<u64>>),
    /// No range begins within the size: a 416 (§15.5.17).
    Unsatisfiable,
}

/// Reads the header for a GET of so many octets.
pub fn parse(headers: &HeaderMap, size: u64) -> Ranges {
    let Ok(Some(text)) = single(headers, "range") else { return Ranges::Whole };
    let Some((unit, set)) = text.split_once('=') else { return Ranges::Whole };
    if size == 0 || !unit.trim().eq_ignore_ascii_case("bytes") {
        return Ranges::Whole;
    }
    let mut all = Vec::new();
    for (count, spec) in split(set, ',').enumerate() {
        match within(spec, size) {
            Some(range) if count < RANGES_MAX => all.push(range),
            _ => return Ranges::Whole,
        }
    }
    if all.is_empty() {
        return Ranges::Whole;
    }
    let mut all = coalesced(all.into_iter().filter(|range| !range.is_empty()));
    match all.len() {
        0 => Ranges::Unsatisfiable,
        1 => all.pop().map_or(Ranges::Unsatisfiable, Ranges::One),
        _ => Ranges::Many(all),
    }
}

/// The value of `Content-Range` (RFC 9110 §14.4): of a part, or of a 416 when there is none.
pub fn content_range(part: Option<&Range<u64>>, size: u64) -> String {
    match part {
        Some(part) => format!("bytes {}-{}/{size}", part.start, part.end.saturating_sub(1)),
        None => format!("bytes */{size}"),
    }
}

/// One range-spec cut to the size; empty when it is not satisfiable, none when it is invalid.
fn within(spec: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        return Some(size.saturating_sub(number(last)?)..size);
    }
    let first = number(first)?;
    let end = match last {
        "" => size,
        last => {
            let last = number(last)?;
            if last < first {
                return None;
            }
            last.saturating_add(1).min(size)
        }
    };
    Some(first.min(end)..end)
}

/// A decimal number; one that does not fit is as good as the largest (RFC 9110 §14.1.2).
fn number(digits: &str) -> Option<u64> {
    let valid = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Joins ranges that overlap or touch; the joined one stands where its first part stood
/// (RFC 9110 §15.3.7.2). Their number is bounded, so the square of it is, too.
fn coalesced(ranges: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut out: Vec<Range<u64>> = Vec::new();
    for mut new in ranges {
        let mut place = out.len();
        // Growing can make it touch a range that was looked at before, so until nothing is left.
        while let Some(at) = out.iter().position(|o| o.start <= new.end && new.start <= o.end) {
            let old = out.remove(at);
            new = old.start.min(new.start)..old.end.max(new.end);
            place = place.min(at);
        }
        out.insert(place.min(out.len()), new);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, size: u64) -> Ranges {
        parse(&headers(&[("range", text.as_bytes())]), size)
    }

    #[test]
    fn ranges_of_ten_thousand() {
        use Ranges::{Many, One, Unsatisfiable, Whole};
        assert_eq!(parse(&HeaderMap::new(), 10_000), Whole);
        let table = [
            ("bytes=0-499", One(0..500)),
            ("bytes=500-999", One(500..1000)),
            ("bytes=-500", One(9500..10_000)),
            ("bytes=9500-", One(9500..10_000)),
            ("bytes=0-", One(0..10_000)),
            ("bytes=-20000", One(0..10_000)),
            ("bytes=9999-99999999999999999999999", One(9999..10_000)),
            ("bytes=0-0,-1", Many(vec![0..1, 9999..10_000])),
            ("bytes= 0-999, 4500-5499, -1000", Many(vec![0..1000, 4500..5500, 9000..10_000])),
            ("bytes=500-600,601-999", One(500..1000)),
            ("bytes=500-700,601-999", One(500..1000)),
            ("BYTES=-1,,0-0", Many(vec![9999..10_000, 0..1])),
            ("bytes=5-6,0-1,1-5", One(0..7)),
            ("bytes=20-29,0-9,40-49,25-45", Many(vec![20..50, 0..10])),
            ("bytes=10000-,0-1", One(0..2)),
            ("bytes=10000-", Unsatisfiable),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=5-4", Whole),
            ("bytes=0-1,5-4", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=1", Whole),
            ("bytes=", Whole),
            ("bytes 0-1", Whole),
            ("items=0-1", Whole),
        ];
        for (text, expected) in table {
            assert_eq!(read(text, 10_000), expected, "{text}");
        }
        assert_eq!(read("bytes=0-", 0), Whole);
        assert_eq!(parse(&headers(&[("range", b"bytes=0-1"), ("range", b"bytes=2-3")]), 9), Whole);
    }

    #[test]
    fn many_ranges_are_ignored() {
        let most: Vec<_> = (0..RANGES_MAX).map(|n| format!("{0}-{0}", n * 2)).collect();
        let text = format!("bytes={}", most.join(","));
        assert!(matches!(read(&text, 1000), Ranges::Many(list) if list.len() == RANGES_MAX));
        assert_eq!(read(&format!("{text},999-"), 1000), Ranges::Whole);
    }

    #[test]
    fn content_ranges() {
        assert_eq!(content_range(Some(&(0..500)), 8000), "bytes 0-499/8000");
        assert_eq!(content_range(None, 47), "bytes */47");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>(), size in any::<u64>()) {
            let _ = parse(&headers(&[("range", &bytes)]), size);
        }

        #[test]
        fn exactly_the_octets_asked_for(
            specs in prop::collection::vec((0_u64..40, 0_u64..12), 1..8),
            size in 1_u64..40,
        ) {
            let text: Vec<_> = specs.iter().map(|(at, n)| format!("{at}-{}", at + n)).collect();
            let list = match read(&format!("bytes={}", text.join(",")), size) {
                Ranges::One(range) => vec![range],
                Ranges::Many(list) => list,
                other => {
                    prop_assert_eq!(other, Ranges::Unsatisfiable);
                    vec![]
                }
            };
            for octet in 0..size {
                let asked = specs.iter().any(|(at, n)| (*at..=at + n).contains(&octet));
                // At most once, and with a gap between two ranges.
                let sent = list.iter().filter(|r| r.contains(&octet)).count();
                prop_assert_eq!(sent, usize::from(asked));
            }
            for (i, a) in list.iter().enumerate() {
                prop_assert!(!a.is_empty() && a.end <= size);
                prop_assert!(list.iter().skip(i + 1).all(|b| a.end < b.start || b.end < a.start));
            }
        }
    }
}
