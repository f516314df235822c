//! A zone as a VTIMEZONE writes it out: observances, evaluated by arithmetic for any year.
//!
//! Invariant: the cost of any number of conversions is bounded, whatever the rules say. Standard:
//! RFC 5545 §3.6.5.

use crate::format::civil::Civil;
use crate::format::recur::{Rule, Steps, TooMuchWork, Until};
use std::collections::HashMap;
use std::ops::Range;
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
    /// The changes of the spans that were asked about, by the span's number.
    known: Mutex<HashMap<i64, Vec<Change>>>,
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

/// From this instant on, the offset is this.
#[derive(Clone, Copy, Debug)]
struct Change {
    at: i64,
    offset: i64,
}

/// Seconds that changes are worked out for together: eight years. All of time is some thousand
/// such spans, and none is worked out twice: that bounds the work of any number of conversions.
const SPAN: i64 = 8 * YEAR;
/// Steps that one span may take; a real zone needs some dozens.
const STEPS: u64 = 2_000;
/// Onsets that one observance may have in its first eight years.
const ONSETS_MAX: usize = 64;
/// Observances of one zone; Ireland's whole history has fewer.
const OBSERVANCES_MAX: usize = 1_000;
const YEAR: i64 = 366 * 86_400;

impl Written {
    /// `None` if there is no observance, or if one changes too often to be a clock that people
    /// keep, or if seeing that takes more steps than are left.
    pub fn new(observances: Vec<Observance>, steps: &mut Steps) -> Option<Self> {
        let parts: Vec<Part> = observances.into_iter().map(Part::new).collect();
        let size = (1..=OBSERVANCES_MAX).contains(&parts.len());
        let calm = size && parts.iter().all(|part| part.is_calm(steps));
        calm.then(|| Self { parts, known: Mutex::default() })
    }

    /// Seconds ahead of UTC at an instant.
    pub fn offset_at(&self, instant: i64) -> i64 {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let span = instant.div_euclid(SPAN);
        let changes = known.entry(span).or_insert_with(|| self.changes(span));
        let later = changes.partition_point(|change| change.at <= instant);
        changes.get(later.saturating_sub(1)).map_or(0, |change| change.offset)
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

    /// The offset at the beginning of a span, and its changes in order. What the steps do not
    /// reach for is left out.
    fn changes(&self, span: i64) -> Vec<Change> {
        let mut steps = Steps::new(STEPS);
        let (begin, end) = (span * SPAN, (span + 1) * SPAN);
        let latest =
            self.parts.iter().filter_map(|p| Some((p.latest(begin - 1, &mut steps)?, p.to)));
        let offset = latest.max_by_key(|(onset, _)| *onset).map(|(_, offset)| offset);
        let first = || self.parts.iter().min_by_key(|p| p.onset(p.start)).map_or(0, |p| p.from);
        let mut changes = vec![Change { at: i64::MIN, offset: offset.unwrap_or_else(first) }];
        for part in &self.parts {
            part.onsets(begin..end, &mut steps, |at| changes.push(Change { at, offset: part.to }));
        }
        changes.sort_by_key(|change| change.at);
        changes
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

    fn is_calm(&self, steps: &mut Steps) -> bool {
        let end = Civil::from_seconds(self.start.seconds() + SPAN);
        steps.take(1).is_ok()
            && self.rules.iter().all(|(rule, until)| {
                let until = sooner(*until, Some(end));
                let mut onsets = rule.instances(self.start, false, self.start, until);
                let mut count = 0;
                loop {
                    match steps.take(1).and_then(|()| onsets.next(steps)) {
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
    fn latest(&self, instant: i64, steps: &mut Steps) -> Option<i64> {
        let local = Civil::from_seconds(instant + self.from);
        if local < self.start {
            return None;
        }
        let dated = self.dates.get(..self.dates.partition_point(|d| *d <= local));
        let dated = dated.and_then(|d| d.last()).copied();
        let ruled = self.rules.iter().filter_map(|(rule, until)| {
            // Past the rule's end there is nothing to look back over.
            self.latest_of(rule, until.map_or(local, |until| until.min(local)), steps)
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
    fn latest_of(&self, rule: &Rule, local: Civil, steps: &mut Steps) -> Option<Civil> {
        let mut back = 2 * YEAR;
        loop {
            let from = Civil::from_seconds(local.seconds().saturating_sub(back)).max(self.start);
            let mut onsets = rule.instances(self.start, false, from, Some(local));
            let mut latest = None;
            while let Ok(Some(onset)) = onsets.next(steps) {
                latest = Some(onset);
            }
            if latest.is_some() || from <= self.start || steps.take(1).is_err() {
                return latest;
            }
            back = back.saturating_mul(2);
        }
    }

    /// Hands over every onset within some instants, in no order.
    fn onsets(&self, within: Range<i64>, steps: &mut Steps, mut take: impl FnMut(i64)) {
        let local = |instant: i64| Civil::from_seconds(instant + self.from);
        let (from, last) = (local(within.start).max(self.start), local(within.end - 1));
        if last < self.start {
            return;
        }
        if from == self.start {
            take(self.onset(self.start));
        }
        let first = self.dates.partition_point(|date| *date < from);
        let dates = self.dates.iter().skip(first).take_while(|date| **date <= last);
        dates.for_each(|date| take(self.onset(*date)));
        for (rule, until) in &self.rules {
            let mut onsets = rule.instances(self.start, false, from, sooner(*until, Some(last)));
            while let Ok(Some(onset)) = steps.take(1).and_then(|()| onsets.next(steps)) {
                take(self.onset(onset));
            }
        }
    }
}

fn sooner(a: Option<Civil>, b: Option<Civil>) -> Option<Civil> {
    a.into_iter().chain(b).min()
}
