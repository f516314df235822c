//! How time ranges are sorted by length, so that an index finds those that meet a window.
//!
//! Invariant: the spans are stored; never change a length.

/// The lengths, in seconds, that sort time ranges into spans: a range is in the first span that is
/// at least as long, or in the one after the last. A window then needs, of each span, only the
/// ranges that start less than that length before it.
pub const SPANS: [i64; 7] =
    [3_600, 8 * 3_600, 3 * 86_400, 24 * 86_400, 192 * 86_400, 1_536 * 86_400, 12_288 * 86_400];

/// The span of a range.
pub(super) fn span(range: (i64, i64)) -> i64 {
    let length = range.1.saturating_sub(range.0);
    SPANS.iter().position(|max| length <= *max).unwrap_or(SPANS.len()) as i64
}
