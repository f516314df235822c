//! Which days a rule allows, a month at a time: a month is a mask whose bit 0 is the first. Months
//! and years are those of the rule's calendar. A day is allowed when it satisfies BYMONTH, BYMONTHDAY, BYYEARDAY, BYDAY and BYWEEKNO, after
//! DTSTART has filled in what the parts of the rule's frequency leave open (RFC 5545 §3.3.10).

use super::calendar::{LAST, week_start, weekday};
use super::scale::{MonthAt, Scale};
use super::{Frequency, MonthNum, Rule, Skip, Steps, TooMuchWork, WeekdayNum};
use std::ops::Range;

/// Every month, as a set of [`month_bit`]s.
pub const ALL_MONTHS: u32 = u32::MAX;
/// How far above a month's bit its leap month's is.
const LEAP: u32 = 16;
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
    /// The calendar.
    pub scale: Scale,
    /// Allowed months by name: bits 1 to 13, leap months 16 above.
    pub months: u32,
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
    /// Leap months of BYMONTH that a year lacks become the next or previous month.
    moves_months: bool,
    /// Nothing but weekdays matters.
    plain: bool,
    /// Steps that one month costs.
    cost: u64,
    /// The month looked at last: its number, its days and which of them are allowed.
    seen: (i64, Range<i64>, u32),
}

impl<'r> Days<'r> {
    /// Joins the rule with DTSTART's day.
    pub fn new(rule: &'r Rule, start: i64) -> Self {
        use Frequency::{Monthly, Weekly, Yearly};
        let (month, day) = rule.scale.date(start);
        let absent = |list: &[i16]| list.is_empty();
        let only_weeks = rule.by_day.is_empty()
            && absent(&rule.by_year_day)
            && absent(&rule.by_month_day)
            && !absent(&rule.by_week_no);
        let by_month_day_or_none =
            rule.by_day.is_empty() && absent(&rule.by_year_day) && absent(&rule.by_week_no);
        let counted = matches!(rule.freq, Monthly | Yearly);
        let expand_weeks = rule.freq == Yearly && !absent(&rule.by_week_no);

        let mut months = rule.by_month.iter().fold(0, |set, m| set | month_bit(*m));
        if rule.by_month.is_empty() {
            let own = rule.freq == Yearly && by_month_day_or_none;
            months = if own { month_bit(month.name) } else { ALL_MONTHS };
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
        let skip = if counted { rule.skip } else { Skip::Omit };
        Self {
            scale: rule.scale,
            months,
            month_days,
            year_days,
            weekdays,
            ordinals,
            ordinals_in_year: rule.freq == Yearly && rule.by_month.is_empty(),
            weeks,
            wkst: i64::from(rule.wkst % 7),
            skip,
            moves_months: rule.freq == Yearly && skip != Skip::Omit,
            plain: months == ALL_MONTHS && month_days.is_none() && entries == 0,
            cost: 1 + (entries / ENTRIES_PER_STEP) as u64,
            seen: (i64::MIN, 0..0, 0),
        }
    }

    /// Whether every day of the calendar, or every one of some weekdays, is allowed.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether BYMONTH names leap months.
    pub fn names_leap_months(&self) -> bool {
        self.months != ALL_MONTHS && self.months >> LEAP != 0
    }

    /// What an invalid day becomes, in this rule's frequency.
    pub fn skip(&self) -> Skip {
        self.skip
    }

    /// The months of a year that a YEARLY rule looks at; a month that BYMONTH names and the year
    /// lacks is the one that SKIP makes of it (RFC 7529 §4.1), which may be the next year's first.
    pub fn each_month(
        &self,
        year: i64,
        mut look: impl FnMut(i64) -> Result<(), TooMuchWork>,
    ) -> Result<(), TooMuchWork> {
        if self.months == ALL_MONTHS {
            return self.scale.months(year).try_for_each(look);
        }
        let mut rest = self.months;
        while rest != 0 {
            let name = named(rest.trailing_zeros());
            rest &= rest - 1;
            let month = self.scale.month_named(year, name).or_else(|| self.instead(year, name));
            month.map_or(Ok(()), &mut look)?;
        }
        Ok(())
    }

    /// The month that stands for a leap month which a year lacks.
    fn instead(&self, year: i64, name: MonthNum) -> Option<i64> {
        let plain = self.scale.month_named(year, MonthNum { leap: false, ..name })?;
        match self.skip {
            Skip::Omit => None,
            Skip::Backward => Some(plain),
            Skip::Forward => Some(plain + 1),
        }
    }

    /// Whether BYMONTH, with SKIP, lets a month through.
    pub fn lets_through(&self, month: &MonthAt) -> bool {
        self.months & month_bit(month.name) != 0
            || (self.moves_months && self.stands_for_another(month))
    }

    /// Whether a month stands for a leap month before it, or behind it, that is not there.
    fn stands_for_another(&self, month: &MonthAt) -> bool {
        let MonthNum { number, leap } = month.name;
        let (year, number) = match (self.skip, number) {
            (Skip::Forward, 1) => (month.year - 1, self.scale.shape().months),
            (Skip::Forward, _) => (month.year, number - 1),
            _ => (month.year, number),
        };
        let missing = MonthNum { number, leap: true };
        !leap
            && self.months & month_bit(missing) != 0
            && self.scale.month_named(year, missing).is_none()
    }

    /// The allowed days of a month, by its number through all years.
    pub fn month(&mut self, index: i64, steps: &mut Steps) -> Result<u32, TooMuchWork> {
        if self.seen.0 != index {
            let month = self.scale.month(index);
            let mask = match self.lets_through(&month) {
                true => self.days_of(&month, steps)?,
                false => steps.take(1).map(|()| 0)?,
            };
            self.seen = (index, month.first..month.first + month.length, mask);
        }
        Ok(self.seen.2)
    }

    /// The allowed days of a month, whatever BYMONTH says.
    pub fn days_of(&self, month: &MonthAt, steps: &mut Steps) -> Result<u32, TooMuchWork> {
        steps.take(self.cost)?;
        let length = month.length;
        let mut mask = (1_u32 << length) - 1;
        if let Some(days) = self.month_days {
            let backward = days.backward.reverse_bits() >> (31 - length);
            mask &= days.forward >> 1 | backward;
        }
        if !self.year_days.is_empty() {
            mask &= self.year_day_mask(month);
        }
        mask &= self.weekday_mask(month);
        if !self.weeks.is_empty() {
            mask &= self.week_mask(month);
        }
        Ok(mask)
    }

    /// Whether a day is allowed.
    pub fn allow(&mut self, day: i64, steps: &mut Steps) -> Result<bool, TooMuchWork> {
        if self.plain {
            return Ok(self.weekdays.is_none_or(|set| set & 1 << weekday(day) != 0));
        }
        if !self.seen.1.contains(&day) {
            self.month(self.scale.month_of(day), steps)?;
        }
        let (_, days, mask) = &self.seen;
        Ok(mask & 1 << (day - days.start) != 0)
    }

    /// The first allowed day from `day` on; `None` when there is none in the months up to `end`.
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
        if !self.seen.1.contains(&day) {
            self.month(self.scale.month_of(day), steps)?;
        }
        let mut rest = self.seen.2 & !0 << (day - self.seen.1.start);
        while rest == 0 {
            if self.seen.1.end > end.min(LAST.day) {
                return Ok(None);
            }
            rest = self.month(self.seen.0 + 1, steps)?;
        }
        Ok(Some(self.seen.1.start + i64::from(rest.trailing_zeros())))
    }

    /// Adds the valid days that invalid days of a month become (RFC 7529 §4.1).
    pub fn skipped_in_month(&self, month: &MonthAt, days: &mut Vec<i64>) {
        let Some(wanted) = self.month_days else { return };
        if self.skip == Skip::Omit || !self.year_days.is_empty() {
            return;
        }
        let beyond = !0_u32 << month.length << 1;
        let (before, first) = (month.first - 1, month.first);
        let after = first + month.length;
        if wanted.forward & beyond != 0 {
            days.push(if self.skip == Skip::Forward { after } else { after - 1 });
        }
        if wanted.backward & beyond != 0 {
            days.push(if self.skip == Skip::Forward { first } else { before });
        }
    }

    /// Adds the valid days that days which a year lacks become, from either end.
    pub fn skipped_in_year(&self, year: i64, days: &mut Vec<i64>) {
        if self.skip == Skip::Omit || self.year_days.is_empty() || self.month_days.is_some() {
            return;
        }
        let (span, months) = (self.scale.year(year), self.scale.months(year));
        let length = span.end - span.start;
        let lacks = |sign: i64| self.year_days.iter().any(|n| i64::from(*n) * sign > length);
        let allowed = |month| self.lets_through(&self.scale.month(month));
        let forward = self.skip == Skip::Forward;
        if lacks(1) && allowed(months.end - 1) {
            days.push(if forward { span.end } else { span.end - 1 });
        }
        if lacks(-1) && allowed(months.start) {
            days.push(if forward { span.start } else { span.start - 1 });
        }
    }

    /// Whether BYDAY allows a day, whatever the other parts say.
    pub fn right_weekday(&self, day: i64) -> bool {
        let (month, of_month) = self.scale.date(day);
        self.weekday_mask(&month) & 1 << (of_month - 1) != 0
    }

    /// The days of BYYEARDAY in a month.
    fn year_day_mask(&self, month: &MonthAt) -> u32 {
        let year = self.scale.year(month.year);
        let length = year.end - year.start;
        self.year_days.iter().fold(0, |set, n| {
            let n = i64::from(*n);
            let day = year.start + if n > 0 { n - 1 } else { length + n } - month.first;
            // Day -366 of a short year is no day of it, though it falls in the year before.
            let valid = (0..month.length).contains(&day) && n.abs() <= length;
            if valid { set | 1 << day } else { set }
        })
    }

    /// The days of BYDAY in a month.
    fn weekday_mask(&self, month: &MonthAt) -> u32 {
        let Some(plain) = self.weekdays else { return !0 };
        let (first, length) = (month.first, month.length);
        let lead = weekday(first);
        let mut mask = 0;
        for shift in 0..7 {
            if plain & 1 << ((lead + shift) % 7) != 0 {
                mask |= 0x1020_4081_u32 << shift;
            }
        }
        if self.ordinals.is_empty() {
            return mask;
        }
        let row = match self.ordinals_in_year {
            true => self.scale.year(month.year),
            false => first..first + length,
        };
        for each in self.ordinals.iter().filter(|w| w.ordinal != 0) {
            if let Some(day) = nth_weekday(&row, *each) {
                let day = day - first;
                mask |= if (0..length).contains(&day) { 1 << day } else { 0 };
            }
        }
        mask
    }

    /// The days of a month that lie in weeks of BYWEEKNO.
    fn week_mask(&self, month: &MonthAt) -> u32 {
        let (mut set, mut at) = (0_u64, week_start(month.first, self.wkst));
        let lead = month.first - at;
        let mut weeks = 0..0;
        while at < month.first + month.length {
            if !weeks.contains(&at) {
                weeks = self.scale.weeks(self.scale.week_year(at, self.wkst), self.wkst);
            }
            let number = (at - weeks.start) / 7 + 1;
            let from_end = (at - weeks.end) / 7;
            if self.weeks.iter().any(|n| i64::from(*n) == number || i64::from(*n) == from_end) {
                set |= 0x7F << (at + lead - month.first);
            }
            at += 7;
        }
        (set >> lead) as u32
    }
}

/// The nth weekday among a row of days.
fn nth_weekday(row: &Range<i64>, which: WeekdayNum) -> Option<i64> {
    let (n, wanted) = (i64::from(which.ordinal), i64::from(which.weekday));
    let day = if n > 0 {
        row.start + (wanted - weekday(row.start)).rem_euclid(7) + (n - 1) * 7
    } else {
        let end = row.end - 1;
        end - (weekday(end) - wanted).rem_euclid(7) + (n + 1) * 7
    };
    row.contains(&day).then_some(day)
}

/// The bit of a month's name.
pub fn month_bit(name: MonthNum) -> u32 {
    1 << (u32::from(name.number % 16) + if name.leap { LEAP } else { 0 })
}

/// The inverse of [`month_bit`].
fn named(bit: u32) -> MonthNum {
    MonthNum { number: (bit % LEAP) as u8, leap: bit >= LEAP }
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
