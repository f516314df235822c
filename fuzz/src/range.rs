//! `Range` (RFC 9110 §14). The first octet of the input chooses the size.
//!
//! Promises: ranges lie within the size, are not empty, do not touch each other, are few; they
//! hold just the octets that the header's own list names; written again they read back the same.

use davenport::kernel::limits::RANGES_MAX;
use davenport::protocol::http::header::range::{Ranges, content_range, parse};
use std::collections::BTreeSet;
use std::ops::Range;

pub const SEEDS: &[&[u8]] =
    &[b"\x14bytes=0-4, 6-,-3", b"\xffBytes = 5-5,,7-8,6-6", b"\x0abytes=99999999999999999999-"];

pub fn run(data: &[u8]) {
    let Some((first, value)) = data.split_first() else { return };
    let size = u64::from(*first);
    let Some(headers) = super::header("range", value) else { return };
    let ranges = match parse(&headers, size) {
        Ranges::Whole => return,
        Ranges::Unsatisfiable => Vec::new(),
        Ranges::One(range) => vec![range],
        Ranges::Many(all) => {
            assert!(all.len() > 1);
            all
        }
    };
    assert!(size > 0 && ranges.len() <= RANGES_MAX);
    assert!(ranges.iter().all(|range| range.start < range.end && range.end <= size));
    for (n, a) in ranges.iter().enumerate() {
        assert!(ranges.iter().skip(n + 1).all(|b| a.end < b.start || b.end < a.start));
        assert!(content_range(Some(a), size).starts_with("bytes "));
    }
    let octets: BTreeSet<u64> = ranges.iter().cloned().flatten().collect();
    assert_eq!(octets, named(value, size), "{ranges:?}");
    let list: Vec<_> = ranges.iter().map(|r| format!("{}-{}", r.start, r.end - 1)).collect();
    if let (false, Some(again)) =
        (list.is_empty(), super::header("range", format!("bytes={}", list.join(",")).as_bytes()))
    {
        let read: Vec<Range<u64>> = match parse(&again, size) {
            Ranges::One(range) => vec![range],
            Ranges::Many(all) => all,
            other => panic!("{other:?}"),
        };
        assert_eq!(read, ranges);
    }
}

/// The octets that a valid header names, read in the plainest way.
fn named(value: &[u8], size: u64) -> BTreeSet<u64> {
    let text = String::from_utf8_lossy(value);
    let set = text.split_once('=').map_or("", |(_, set)| set);
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let mut octets = BTreeSet::new();
    for spec in set.split(',').map(|s| s.trim_matches([' ', '\t'])).filter(|s| !s.is_empty()) {
        let (first, last) = spec.split_once('-').unwrap_or((spec, ""));
        octets.extend((0..size).filter(|octet| match (first, last) {
            ("", last) => *octet >= size.saturating_sub(number(last)),
            (first, "") => *octet >= number(first),
            (first, last) => (number(first)..=number(last)).contains(octet),
        }));
    }
    octets
}
