//! Which days a rule allows, a month at a time: a month is a mask whose bit 0 is the first.
//! A day is allowed when it satisfies BYMONTH, BYMONTHDAY, BYYEARDAY, BYDAY and BYWEEKNO, after
//! DTSTART has filled in what the parts of the rule's frequency leave open (RFC 5545 §3.3.10).

use super::calendar::{
    LAST, first_week, leap, month_length, week_year, weekday, weeks_of, year_length,
};
use super::{Frequency, Rule, Skip, Steps, TooMuchWork, WeekdayNum};
use crate::kernel::clock::{civil_from_days, days_from_civil};

/// Every month: bits 1 to 12.
pub const ALL_MONTHS: u16 = 0x1FFE;
/// Entries of a list that one step of work looks at.
const ENTRIES_PER_STEP: usize = 16;

/// Days of the month, bit n for the nth, counted from either end.
#[derive(Clone, Copy, Debug)]
pub struct MonthDays {
    /// From the first day.
    pub forward: u32,
    /// From the last day.
    pub backward: u32,
}

/// The day parts of a rule, joined with its start.
#[derive(Clone, Debug)]
pub struct Days<'r> {
    /// Allowed months, bits 1 to 12.
    pub months: u16,
    /// BYMONTHDAY.
    pub month_days: Option<MonthDays>,
    /// BYYEARDAY.
    pub year_days: &'r [i16],
    /// Weekdays allowed wherever they fall, bits 0 to 6; `None` without BYDAY.
    pub weekdays: Option<u8>,
    /// The values of BYDAY, when some have an ordinal that counts.
    pub ordinals: &'r [WeekdayNum],
    /// Ordinals count within the year, not the month.
    pub ordinals_in_year: bool,
    /// BYWEEKNO as a limit; YEARLY rules expand it instead.
    pub weeks: &'r [i16],
    wkst: i64,
    skip: Skip,
    /// Nothing but weekdays matters.
    plain: bool,
    /// Steps that one month costs.
    cost: u64,
    /// The month looked at last and its mask.
    seen: (i64, u32),
}

impl<'r> Days<'r> {
    /// Joins the rule with DTSTART's day.
    pub fn new(rule: &'r Rule, start: i64) -> Self {
        use Frequency::{Monthly, Weekly, Yearly};
        let (_, month, day) = civil_from_days(start);
        let absent = |list: &[i16]| list.is_empty();
        let only_weeks = rule.by_day.is_empty()
            && absent(&rule.by_year_day)
            && absent(&rule.by_month_day)
            && !absent(&rule.by_week_no);
        let by_month_day_or_none =
            rule.by_day.is_empty() && absent(&rule.by_year_day) && absent(&rule.by_week_no);
        let counted = matches!(rule.freq, Monthly | Yearly);
        let expand_weeks = rule.freq == Yearly && !absent(&rule.by_week_no);

        let mut months = rule.by_month.iter().fold(0, |set, m| set | 1_u16 << (m % 16));
        if rule.by_month.is_empty() {
            let own = rule.freq == Yearly && by_month_day_or_none;
            months = if own { 1 << month } else { ALL_MONTHS };
        }
        let mut month_days = month_day_sets(&rule.by_month_day);
        if counted && by_month_day_or_none && month_days.is_none() {
            month_days = Some(MonthDays { forward: 1 << day, backward: 0 });
        }
        let ordinals_count = counted && !expand_weeks;
        let (mut weekdays, ordinals) = weekday_sets(&rule.by_day, ordinals_count);
        if (rule.freq == Weekly && rule.by_day.is_empty()) || (counted && only_weeks) {
            weekdays = Some(1 << weekday(start));
        }
        let weeks: &[i16] = if expand_weeks { &[] } else { &rule.by_week_no };
        let year_days = rule.by_year_day.as_slice();
        let entries = year_days.len() + ordinals.len() + weeks.len();
        Self {
            months,
            month_days,
            year_days,
            weekdays,
            ordinals,
            ordinals_in_year: rule.freq == Yearly && rule.by_month.is_empty(),
            weeks,
            wkst: i64::from(rule.wkst % 7),
            skip: if counted { rule.skip } else { Skip::Omit },
            plain: months == ALL_MONTHS && month_days.is_none() && entries == 0,
            cost: 1 + (entries / ENTRIES_PER_STEP) as u64,
            seen: (i64::MIN, 0),
        }
    }

    /// Whether every day of the calendar, or every one of some weekdays, is allowed.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// What an invalid day becomes, in this rule's frequency.
    pub fn skip(&self) -> Skip {
        self.skip
    }

    /// The allowed days of a month (`year * 12 + month - 1`).
    pub fn month(&mut self, index: i64, steps: &mut Steps) -> Result<u32, TooMuchWork> {
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
        if self.seen.0 == index {
            return Ok(self.seen.1);
        }
        if self.months & 1 << month == 0 {
            steps.take(1)?;
            return Ok(0);
        }
        steps.take(self.cost)?;
        let first = days_from_civil(year, month, 1);
        let length = month_length(year, month);
        let mut mask = (1_u32 << length) - 1;
        if let Some(days) = self.month_days {
            let backward = days.backward.reverse_bits() >> (31 - length);
            mask &= days.forward >> 1 | backward;
        }
        if !self.year_days.is_empty() {
            mask &= self.year_day_mask(year, first, length);
        }
        mask &= self.weekday_mask(year, first, length);
        if !self.weeks.is_empty() {
            mask = (0..length)
                .filter(|d| mask & 1 << d != 0 && self.in_week(first + d))
                .fold(0, |set, d| set | 1 << d);
        }
        self.seen = (index, mask);
        Ok(mask)
    }

    /// Whether a day is allowed.
    pub fn allow(&mut self, day: i64, steps: &mut Steps) -> Result<bool, TooMuchWork> {
        if self.plain {
            return Ok(self.weekdays.is_none_or(|set| set & 1 << weekday(day) != 0));
        }
        let (year, month, of_month) = civil_from_days(day);
        Ok(self.month(year * 12 + month - 1, steps)? & 1 << (of_month - 1) != 0)
    }

    /// The first allowed day from `day` on; `None` when there is none up to `end`.
    pub fn next(
        &mut self,
        day: i64,
        end: i64,
        steps: &mut Steps,
    ) -> Result<Option<i64>, TooMuchWork> {
        if self.plain {
            let set = self.weekdays.unwrap_or(0x7F);
            return Ok((day..day + 7).find(|d| set & 1 << weekday(*d) != 0));
        }
        let (year, month, of_month) = civil_from_days(day);
        let mut index = year * 12 + month - 1;
        let mut from = (of_month - 1) as u32;
        let last = civil_from_days(end.min(LAST.day));
        while index < last.0 * 12 + last.1 {
            let mask = self.month(index, steps)? >> from << from;
            if mask != 0 {
                let first = days_from_civil(index.div_euclid(12), index.rem_euclid(12) + 1, 1);
                return Ok(Some(first + i64::from(mask.trailing_zeros())));
            }
            (index, from) = (index + 1, 0);
        }
        Ok(None)
    }

    /// Adds the valid days that invalid days of a month become (RFC 7529 §4.1).
    pub fn skipped_in_month(&self, index: i64, days: &mut Vec<i64>) {
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
        let Some(wanted) = self.month_days else { return };
        if self.skip == Skip::Omit || !self.year_days.is_empty() || self.months & 1 << month == 0 {
            return;
        }
        let (first, length) = (days_from_civil(year, month, 1), month_length(year, month));
        let beyond = !0_u32 << length << 1;
        let (before, after) = (first - 1, first + length);
        if wanted.forward & beyond != 0 {
            days.push(if self.skip == Skip::Forward { after } else { after - 1 });
        }
        if wanted.backward & beyond != 0 {
            days.push(if self.skip == Skip::Forward { first } else { before });
        }
    }

    /// Adds the valid days that day 366 of a shorter year becomes, from either end.
    pub fn skipped_in_year(&self, year: i64, days: &mut Vec<i64>) {
        if self.skip == Skip::Omit || leap(year) || self.month_days.is_some() {
            return;
        }
        let (first, after) = (days_from_civil(year, 1, 1), days_from_civil(year + 1, 1, 1));
        let forward = self.skip == Skip::Forward;
        if self.months & 1 << 12 != 0 && self.year_days.contains(&366) {
            days.push(if forward { after } else { after - 1 });
        }
        if self.months & 1 << 1 != 0 && self.year_days.contains(&-366) {
            days.push(if forward { first } else { first - 1 });
        }
    }

    /// Whether BYDAY allows a day, whatever the other parts say.
    pub fn right_weekday(&self, day: i64) -> bool {
        let (year, month, of_month) = civil_from_days(day);
        let mask = self.weekday_mask(year, day + 1 - of_month, month_length(year, month));
        mask & 1 << (of_month - 1) != 0
    }

    /// The days of BYYEARDAY in the month that begins at `first`.
    fn year_day_mask(&self, year: i64, first: i64, length: i64) -> u32 {
        let january = days_from_civil(year, 1, 1);
        self.year_days.iter().fold(0, |set, n| {
            let n = i64::from(*n);
            let day = january + if n > 0 { n - 1 } else { year_length(year) + n } - first;
            // Day -366 of a short year is no day of it, though it falls in the year before.
            let valid = (0..length).contains(&day) && n.abs() <= year_length(year);
            if valid { set | 1 << day } else { set }
        })
    }

    /// The days of BYDAY in the month that begins at `first`.
    fn weekday_mask(&self, year: i64, first: i64, length: i64) -> u32 {
        let Some(plain) = self.weekdays else { return !0 };
        let lead = weekday(first);
        let mut mask = 0;
        for shift in 0..7 {
            if plain & 1 << ((lead + shift) % 7) != 0 {
                mask |= 0x1020_4081_u32 << shift;
            }
        }
        let (from, days) = match self.ordinals_in_year {
            true => (days_from_civil(year, 1, 1), year_length(year)),
            false => (first, length),
        };
        for each in self.ordinals.iter().filter(|w| w.ordinal != 0) {
            if let Some(day) = nth_weekday(from, days, *each) {
                let day = day - first;
                mask |= if (0..length).contains(&day) { 1 << day } else { 0 };
            }
        }
        mask
    }

    /// Whether a day lies in a week of BYWEEKNO.
    fn in_week(&self, day: i64) -> bool {
        let year = week_year(day, self.wkst);
        let number = (day - first_week(year, self.wkst)) / 7 + 1;
        let from_end = number - 1 - weeks_of(year, self.wkst);
        self.weeks.iter().any(|n| i64::from(*n) == number || i64::from(*n) == from_end)
    }
}

/// The nth weekday among `days` days from `from` on.
fn nth_weekday(from: i64, days: i64, which: WeekdayNum) -> Option<i64> {
    let (n, wanted) = (i64::from(which.ordinal), i64::from(which.weekday));
    let day = if n > 0 {
        from + (wanted - weekday(from)).rem_euclid(7) + (n - 1) * 7
    } else {
        let end = from + days - 1;
        end - (weekday(end) - wanted).rem_euclid(7) + (n + 1) * 7
    };
    (from..from + days).contains(&day).then_some(day)
}

fn month_day_sets(list: &[i16]) -> Option<MonthDays> {
    if list.is_empty() {
        return None;
    }
    let mut sets = MonthDays { forward: 0, backward: 0 };
    for n in list {
        match n {
            1..=31 => sets.forward |= 1 << n,
            -31..=-1 => sets.backward |= 1 << n.abs(),
            _ => {}
        }
    }
    Some(sets)
}

/// The weekdays of BYDAY that stand without an ordinal, and the list when some have one.
fn weekday_sets(list: &[WeekdayNum], ordinals_count: bool) -> (Option<u8>, &[WeekdayNum]) {
    if list.is_empty() {
        return (None, &[]);
    }
    let plain = list.iter().filter(|w| w.ordinal == 0 || !ordinals_count);
    let set = plain.fold(0, |set, w| set | 1 << (w.weekday % 7));
    let some = ordinals_count && list.iter().any(|w| w.ordinal != 0);
    (Some(set), if some { list } else { &[] })
}
