//! Recurrence rules (RFC 5545 §3.3.10; RFC 7529 for other calendars and `SKIP`): text to [`Rule`],
//! and a rule with a start to its instances, in order, from any moment on. All is arithmetic on
//! local wall-clock numbers; time zones, RDATE, EXDATE and overrides belong to the caller.
//!
//! A rule is read as filters: a period (a year, a month, … a second) holds the days and times
//! that satisfy every BYxxx part, and what the parts leave open comes from DTSTART. Where the RFC
//! is silent or read in two ways, the choices are these:
//!
//! - BYWEEKNO without another day part means DTSTART's weekday, and the years are week years:
//!   INTERVAL counts from the week year that DTSTART lies in.
//! - YEARLY with BYMONTHDAY as its only day part and no BYMONTH stays in DTSTART's month.
//! - Parts that the table calls N/A limit; an ordinal in BYDAY where it may not stand is ignored.
//! - BYSETPOS counts the whole period's set; instances before DTSTART are cut afterwards.
//! - SKIP moves days of YEARLY and MONTHLY rules, also into the next or previous period. Where
//!   BYSETPOS then picks times of one day from two periods, an earlier one picked later is lost.
//! - SKIP moves months of YEARLY rules alone: elsewhere BYMONTH limits months that are there.
//! - With RSCALE, weeks are numbered within the years of that calendar, as within ours.
//! - Years run from 1 to 9999 of the Gregorian calendar, whatever the rule's is. Second 60
//!   is second 59 (§3.3.12 allows it).
//!
//! Invariant: the work is metered by [`Steps`], and nothing here loops without taking one.

pub mod calendar;
mod days;
mod instances;
mod last;
mod parse;
mod scale;
mod times;

#[cfg(test)]
mod tests;

pub use instances::Instances;
pub use parse::RuleError;
pub use scale::{SCALES, Scale};

use super::civil::Civil;

/// Work meter: every candidate looked at costs a step.
#[derive(Debug)]
pub struct Steps {
    used: u64,
    limit: u64,
}

impl Steps {
    /// A meter that allows `limit` steps.
    pub fn new(limit: u64) -> Self {
        Self { used: 0, limit }
    }

    /// Takes `n` steps.
    ///
    /// # Errors
    /// [`TooMuchWork`] when fewer are left; the meter is then used up.
    pub fn take(&mut self, n: u64) -> Result<(), TooMuchWork> {
        if self.limit - self.used < n {
            self.used = self.limit;
            return Err(TooMuchWork);
        }
        self.used += n;
        Ok(())
    }

    /// Steps taken so far, never more than the limit.
    pub fn used(&self) -> u64 {
        self.used
    }
}

/// The meter is used up before the answer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuchWork;

impl std::fmt::Display for TooMuchWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the recurrence takes too much work to expand")
    }
}

impl std::error::Error for TooMuchWork {}

/// The FREQ part: the period that a rule counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the RFC's values")]
pub enum Frequency {
    Secondly,
    Minutely,
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// The UNTIL part as written. The caller turns it into local time; a date bounds the whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Until {
    /// A DATE: days since 1970-01-01.
    Date(i64),
    /// A DATE-TIME without a zone.
    Local(Civil),
    /// A DATE-TIME in UTC.
    Utc(Civil),
}

/// The SKIP part (RFC 7529 §4.1): what becomes of February 30, or of a leap month that is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Skip {
    /// It is left out, as by RFC 5545.
    #[default]
    Omit,
    /// The valid day before it.
    Backward,
    /// The valid day after it.
    Forward,
}

/// One value of BYDAY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WeekdayNum {
    /// -55 to 55: the nth of the month or year, from the end when negative; 0 = every one.
    pub ordinal: i8,
    /// 0 = Monday to 6 = Sunday.
    pub weekday: u8,
}

/// One value of BYMONTH (RFC 7529 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonthNum {
    /// 1 to 13.
    pub number: u8,
    /// The leap month that follows the month of that number: an `L` behind it.
    pub leap: bool,
}

/// A recurrence rule. Every list is sorted and without duplicates; an empty list is an absent
/// part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// FREQ.
    pub freq: Frequency,
    /// INTERVAL, 1 or more.
    pub interval: u64,
    /// COUNT, 1 or more. A rule may have both this and `until`; both then bound it.
    pub count: Option<u64>,
    /// UNTIL.
    pub until: Option<Until>,
    /// BYSECOND, 0 to 59.
    pub by_second: Vec<u8>,
    /// BYMINUTE, 0 to 59.
    pub by_minute: Vec<u8>,
    /// BYHOUR, 0 to 23.
    pub by_hour: Vec<u8>,
    /// BYDAY.
    pub by_day: Vec<WeekdayNum>,
    /// BYMONTHDAY, 1 to 31 and -31 to -1; this and the next ones within what the calendar has.
    pub by_month_day: Vec<i16>,
    /// BYYEARDAY, 1 to 385 and -385 to -1.
    pub by_year_day: Vec<i16>,
    /// BYWEEKNO, 1 to 55 and -55 to -1.
    pub by_week_no: Vec<i16>,
    /// BYMONTH.
    pub by_month: Vec<MonthNum>,
    /// BYSETPOS, 1 to 385 and -385 to -1.
    pub by_set_pos: Vec<i16>,
    /// WKST: 0 = Monday to 6 = Sunday.
    pub wkst: u8,
    /// RSCALE (RFC 7529 §4).
    pub scale: Scale,
    /// SKIP; without RSCALE it says nothing (§4).
    pub skip: Skip,
}

impl Rule {
    /// The rule that repeats at every period of `freq`.
    pub fn every(freq: Frequency) -> Self {
        Self {
            freq,
            interval: 1,
            count: None,
            until: None,
            by_second: Vec::new(),
            by_minute: Vec::new(),
            by_hour: Vec::new(),
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_year_day: Vec::new(),
            by_week_no: Vec::new(),
            by_month: Vec::new(),
            by_set_pos: Vec::new(),
            wkst: 0,
            scale: Scale::Gregorian,
            skip: Skip::Omit,
        }
    }

    /// The instances of the rule, in order, from the first one at or after `from`, none before
    /// `start` (DTSTART) and none after `last` (inclusive; UNTIL as local time, or a window's
    /// end). The rule's own `until` is not looked at. With `date_only` the start's time, and the
    /// parts BYHOUR, BYMINUTE and BYSECOND, are ignored and every instance has second 0.
    ///
    /// `start` itself comes only when it matches the rule; whether a start that does not is an
    /// instance, and whether COUNT counts it, is the caller's choice (§3.8.5.3 leaves it
    /// undefined). COUNT counts the instances that the rule yields.
    ///
    /// No step is spent on what lies before `from`, unless COUNT makes counting necessary: where
    /// every period has the same number of instances, even that is arithmetic.
    pub fn instances(
        &self,
        start: Civil,
        date_only: bool,
        from: Civil,
        last: Option<Civil>,
    ) -> Instances<'_> {
        Instances::new(self, start, date_only, from, last, self.count)
    }
}
