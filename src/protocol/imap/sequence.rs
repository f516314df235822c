//! Sets of messages by number or UID.
//!
//! Invariant: a set that has been resolved is sorted, and its ranges do not touch. Standard: RFC 9051 §9
//! (`sequence-set`), RFC 5182 (`$`).

use super::input::{Input, Wrong};
use std::fmt;

/// A set as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Numbers and ranges; none is `*`.
    Ranges(Vec<(Option<u32>, Option<u32>)>),
    /// The result of the last search that was saved (`$`).
    Saved,
}

impl Written {
    /// Reads a set.
    ///
    /// # Errors
    /// What was expected.
    pub fn read(input: &mut Input<'_>) -> Result<Self, Wrong> {
        if input.eat(b'$') {
            return Ok(Self::Saved);
        }
        let mut ranges = Vec::new();
        loop {
            let first = end(input)?;
            let last = if input.eat(b':') { end(input)? } else { first };
            ranges.push((first, last));
            if !input.eat(b',') {
                return Ok(Self::Ranges(ranges));
            }
        }
    }
}

fn end(input: &mut Input<'_>) -> Result<Option<u32>, Wrong> {
    const WRONG: Wrong = "a set of numbers such as 1,3:5,9:* was expected";
    if input.eat(b'*') {
        return Ok(None);
    }
    match input.number().map_err(|_| WRONG)? {
        0 => Err("numbers of messages begin with 1"),
        number => Ok(Some(number)),
    }
}

/// A set of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set(Vec<(u32, u32)>);

impl Set {
    /// The numbers of ranges where `*` means `last`.
    pub fn resolve(ranges: &[(Option<u32>, Option<u32>)], last: u32) -> Self {
        let end = |end: Option<u32>| end.unwrap_or(last);
        let ordered = |(a, b): &(Option<u32>, Option<u32>)| {
            let (a, b) = (end(*a), end(*b));
            (a.min(b), a.max(b))
        };
        let mut all: Vec<(u32, u32)> = ranges.iter().map(ordered).collect();
        all.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(all.len());
        for (first, end) in all {
            match merged.last_mut() {
                Some((_, last)) if first <= last.saturating_add(1) => *last = end.max(*last),
                _ => merged.push((first, end)),
            }
        }
        Self(merged)
    }

    /// The set of these numbers, which ascend.
    pub fn of(numbers: impl IntoIterator<Item = u32>) -> Self {
        let mut set = Self::default();
        for number in numbers {
            match set.0.last_mut() {
                Some((_, last)) if number <= last.saturating_add(1) => *last = number.max(*last),
                _ => set.0.push((number, number)),
            }
        }
        set
    }

    /// Its ranges, both ends included.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: u32) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= number);
        let range = after.checked_sub(1).and_then(|place| self.0.get(place));
        range.is_some_and(|(_, last)| number <= *last)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (first, last)) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}:{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::Part;
    use super::*;

    fn read(text: &str) -> Result<Written, Wrong> {
        let parts = [Part::Text(text.as_bytes().to_vec())];
        let mut input = Input::new(&parts);
        let written = Written::read(&mut input)?;
        input.end().map(|()| written)
    }

    fn resolved(text: &str, last: u32) -> String {
        match read(text).unwrap() {
            Written::Ranges(ranges) => Set::resolve(&ranges, last).to_string(),
            Written::Saved => "$".to_owned(),
        }
    }

    #[test]
    fn sets_are_sorted_and_joined() {
        assert_eq!(resolved("2,4:7,9,12:*", 15), "2,4:7,9,12:15");
        assert_eq!(resolved("*:4,5:7", 6), "4:7");
        assert_eq!(resolved("9:*", 3), "3:9");
        assert_eq!(resolved("*", 3), "3");
        assert_eq!(resolved("3,1,2,5", 9), "1:3,5");
        assert_eq!(resolved("$", 9), "$");
        for wrong in ["", "0", "1,", "1:", "a", "1 2", "4294967296"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_in_a_set() {
        let set = Set::of([1, 2, 3, 7, 9]);
        assert_eq!(set.to_string(), "1:3,7,9");
        let inside: Vec<u32> = (0..12).filter(|n| set.contains(*n)).collect();
        assert_eq!(inside, [1, 2, 3, 7, 9]);
        assert!(Set::default().is_empty() && !set.is_empty());
    }
}
