//! A zone as a VTIMEZONE writes it out: observances, evaluated by arithmetic for any year.
//!
//! Invariant: the cost of a conversion is bounded, whatever the rules say. Standard: RFC 5545
//! §3.6.5.

use crate::format::civil::Civil;
use crate::format::recur::{Rule, Steps, TooMuchWork, Until};
use std::sync::{Mutex, PoisonError};

/// One STANDARD or DAYLIGHT part: from each onset on, `to` is the offset.
#[derive(Clone, Debug)]
pub struct Observance {
    /// First onset, in the wall clock of `from`.
    pub start: Civil,
    /// Offset before the onset, in seconds ahead of UTC.
    pub from: i64,
    /// Offset after the onset, in seconds ahead of UTC.
    pub to: i64,
    /// Later onsets.
    pub rules: Vec<Rule>,
    /// Later onsets one by one, in the wall clock of `from`.
    pub dates: Vec<Civil>,
}

/// Observances that make a zone.
#[derive(Debug)]
pub struct Written {
    parts: Vec<Part>,
    /// The stretch that was asked about last.
    last: Mutex<Stretch>,
}

/// An observance with its rules' UNTIL in the wall clock that the onsets are counted in.
#[derive(Debug)]
struct Part {
    start: Civil,
    from: i64,
    to: i64,
    rules: Vec<(Rule, Option<Civil>)>,
    dates: Vec<Civil>,
}

/// A time without a change of offset: instants `start..end`.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: i64,
    end: i64,
    offset: i64,
}

/// Candidates that one look-up may go through; a real zone needs a dozen.
const STEPS: u64 = 2_000;
/// Onsets that one observance may have in its first eight years.
const ONSETS_MAX: usize = 64;
/// Observances of one zone; Ireland's whole history has fewer.
const OBSERVANCES_MAX: usize = 1_000;
const YEAR: i64 = 366 * 86_400;

impl Written {
    /// `None` if there is no observance, or if one changes too often to be a clock that people
    /// keep.
    pub fn new(observances: Vec<Observance>) -> Option<Self> {
        let parts: Vec<Part> = observances.into_iter().map(Part::new).collect();
        if parts.is_empty() || parts.len() > OBSERVANCES_MAX || !parts.iter().all(Part::is_calm) {
            return None;
        }
        let last = Mutex::new(Stretch { start: 0, end: 0, offset: 0 });
        Some(Self { parts, last })
    }

    /// Seconds ahead of UTC at an instant.
    pub fn offset_at(&self, instant: i64) -> i64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if !(last.start..last.end).contains(&instant) {
            *last = self.stretch(instant);
        }
        last.offset
    }

    /// The instant of a wall clock reading in seconds (RFC 5545 §3.3.5).
    pub fn to_utc(&self, local: i64) -> i64 {
        let (before, after) = (self.offset_at(local - 86_400), self.offset_at(local + 86_400));
        let early = local - before;
        let late = local - after;
        if before != after && self.offset_at(early) != before && self.offset_at(late) == after {
            return late;
        }
        early
    }

    /// The time without a change around an instant.
    fn stretch(&self, instant: i64) -> Stretch {
        let latest = self.parts.iter().filter_map(|o| Some((o.latest(instant)?, o.to)));
        let end = self.parts.iter().filter_map(|o| o.next(instant)).min();
        let end = end.unwrap_or(i64::MAX).max(instant + 1);
        match latest.max_by_key(|(onset, _)| *onset) {
            Some((start, offset)) => Stretch { start, end, offset },
            None => {
                let first = self.parts.iter().min_by_key(|o| o.onset(o.start));
                Stretch { start: i64::MIN, end, offset: first.map_or(0, |o| o.from) }
            }
        }
    }
}

impl Part {
    fn new(observance: Observance) -> Self {
        let Observance { start, from, to, rules, mut dates } = observance;
        dates.sort_unstable();
        let until = |rule: &Rule| match rule.until? {
            Until::Utc(at) => Some(Civil::from_seconds(at.seconds() + from)),
            Until::Local(at) => Some(at),
            Until::Date(day) => Some(Civil { day, second: 86_399 }),
        };
        let rules = rules.into_iter().map(|rule| (until(&rule), rule)).map(|(u, r)| (r, u));
        Self { start, from, to, rules: rules.collect(), dates }
    }

    fn is_calm(&self) -> bool {
        let end = Civil::from_seconds(self.start.seconds() + 8 * YEAR);
        let mut steps = Steps::new(STEPS);
        self.rules.iter().all(|(rule, until)| {
            let mut onsets =
                rule.instances(self.start, false, self.start, sooner(*until, Some(end)));
            let mut count = 0;
            loop {
                match onsets.next(&mut steps) {
                    Ok(None) => return true,
                    Ok(Some(_)) if count < ONSETS_MAX => count += 1,
                    Ok(Some(_)) | Err(TooMuchWork) => return false,
                }
            }
        })
    }

    fn onset(&self, local: Civil) -> i64 {
        local.seconds() - self.from
    }

    /// The last onset at or before an instant.
    fn latest(&self, instant: i64) -> Option<i64> {
        let local = Civil::from_seconds(instant + self.from);
        if local < self.start {
            return None;
        }
        let dated = self.dates.get(..self.dates.partition_point(|d| *d <= local));
        let dated = dated.and_then(|d| d.last()).copied();
        let ruled = self.rules.iter().filter_map(|(rule, until)| {
            // Past the rule's end there is nothing to look back over.
            self.latest_of(rule, until.map_or(local, |until| until.min(local)))
        });
        let ruled = ruled.max();
        Some(
            self.onset(
                self.start.max(dated.unwrap_or(self.start)).max(ruled.unwrap_or(self.start)),
            ),
        )
    }

    /// The last onset of a rule at or before a wall clock reading: looks back two years, then
    /// four, and so on to the start.
    fn latest_of(&self, rule: &Rule, local: Civil) -> Option<Civil> {
        let mut steps = Steps::new(STEPS);
        let mut back = 2 * YEAR;
        loop {
            let from = Civil::from_seconds(local.seconds().saturating_sub(back)).max(self.start);
            let mut onsets = rule.instances(self.start, false, from, Some(local));
            let mut latest = None;
            while let Ok(Some(onset)) = onsets.next(&mut steps) {
                latest = Some(onset);
            }
            if latest.is_some() || from <= self.start || steps.take(1).is_err() {
                return latest;
            }
            back = back.saturating_mul(2);
        }
    }

    /// The first onset after an instant.
    fn next(&self, instant: i64) -> Option<i64> {
        let local = Civil::from_seconds(instant + 1 + self.from);
        if local <= self.start {
            return Some(self.onset(self.start));
        }
        let dated = self.dates.get(self.dates.partition_point(|d| *d < local)).copied();
        let mut steps = Steps::new(STEPS);
        let ruled = self.rules.iter().filter_map(|(rule, until)| {
            rule.instances(self.start, false, local, *until).next(&mut steps).ok().flatten()
        });
        ruled.chain(dated).min().map(|onset| self.onset(onset))
    }
}

fn sooner(a: Option<Civil>, b: Option<Civil>) -> Option<Civil> {
    a.into_iter().chain(b).min()
}
