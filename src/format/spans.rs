//! Sets of seconds as sorted ranges: what is busy, what is free, what is left of a day.
//!
//! Invariant: the ranges are sorted, none is empty, and no two of them overlap or touch, so that two
//! sets are equal exactly when they hold the same seconds.

use std::ops::Range;

/// A set of seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<Range<i64>>);

impl FromIterator<Range<i64>> for Spans {
    fn from_iter<I: IntoIterator<Item = Range<i64>>>(ranges: I) -> Self {
        let mut all: Vec<_> = ranges.into_iter().filter(|range| range.start < range.end).collect();
        all.sort_unstable_by_key(|range| (range.start, range.end));
        let mut joined: Vec<Range<i64>> = Vec::with_capacity(all.len());
        for range in all {
            match joined.last_mut() {
                Some(open) if range.start <= open.end => open.end = open.end.max(range.end),
                _ => joined.push(range),
            }
        }
        Self(joined)
    }
}

impl From<Range<i64>> for Spans {
    fn from(range: Range<i64>) -> Self {
        std::iter::once(range).collect()
    }
}

impl Spans {
    /// The ranges in order.
    pub fn ranges(&self) -> &[Range<i64>] {
        &self.0
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is in either.
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).cloned().collect()
    }

    /// What is in this one and not in the other.
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Vec::with_capacity(self.0.len());
        let mut holes = other.0.iter().peekable();
        for range in &self.0 {
            let mut start = range.start;
            while holes.next_if(|hole| hole.end <= start).is_some() {}
            while let Some(hole) = holes.peek().filter(|hole| hole.start < range.end) {
                if start < hole.start {
                    left.push(start..hole.start);
                }
                start = start.max(hole.end);
                if hole.end > range.end {
                    break;
                }
                holes.next();
            }
            if start < range.end {
                left.push(start..range.end);
            }
        }
        Self(left)
    }

    /// What is in both.
    pub fn within(&self, other: &Self) -> Self {
        self.without(&self.without(other))
    }

    /// Whether any second of a range is in it.
    pub fn meets(&self, range: &Range<i64>) -> bool {
        let at = self.0.partition_point(|own| own.end <= range.start);
        self.0.get(at).is_some_and(|own| own.start < range.end && range.start < range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some() -> impl Strategy<Value = Vec<(i64, i64)>> {
        prop::collection::vec((0_i64..40, 0_i64..9), 0..8)
    }

    fn set(ranges: &[(i64, i64)]) -> Spans {
        ranges.iter().map(|(start, length)| *start..start + length).collect()
    }

    proptest! {
        /// Every operation says of every second what it says.
        #[test]
        fn sets_of_seconds((a, b) in (some(), some()), (start, length) in (0_i64..50, 0_i64..9)) {
            let has = |of: &[(i64, i64)], at: i64| of.iter().any(|(s, l)| (*s..s + l).contains(&at));
            let inside = |of: &Spans, at: i64| of.ranges().iter().any(|range| range.contains(&at));
            let (one, two) = (set(&a), set(&b));
            for at in -1..60 {
                let (x, y) = (has(&a, at), has(&b, at));
                prop_assert_eq!(inside(&one.union(&two), at), x || y);
                prop_assert_eq!(inside(&one.without(&two), at), x && !y);
                prop_assert_eq!(inside(&one.within(&two), at), x && y);
            }
            let met = (start..start + length).any(|at| has(&a, at));
            prop_assert_eq!(one.meets(&(start..start + length)), met);
            for made in [&one, &one.union(&two), &one.without(&two), &one.within(&two)] {
                prop_assert!(made.ranges().iter().all(|range| range.start < range.end));
                prop_assert!(made.ranges().windows(2).all(|pair| pair[0].end < pair[1].start));
            }
        }
    }
}
