//! The instances of a rule: a walk over periods that lie on a grid, so that any moment is reached
//! by division. A period is a year, a month, a week (each a list of days), or a stretch of
//! seconds from a day down to one second. Its instances are addressed by number and never listed.
//!
//! Invariant: what is yielded grows strictly, is at least `start`, at most `last`.

use super::calendar::{DAY, FIRST, LAST, week_start};
use super::days::{ALL_MONTHS, Days, month_bit};
use super::times::{ALL, Bits, Times, after, bit, bits, has};
use super::{Frequency, MonthNum, Rule, Skip, Steps, TooMuchWork};
use crate::format::civil::Civil;

/// Reachable times of day that are tried to see that a rule never matches; more cost too much.
const REACHABLE_MAX: i64 = 3_600;

/// The walk over a rule's instances; see [`Rule::instances`].
#[derive(Clone, Debug)]
pub struct Instances<'r> {
    rule: &'r Rule,
    start: Civil,
    date_only: bool,
    from: Civil,
    last: Civil,
    count: Option<u64>,
    days: Days<'r>,
    times: Times,
    /// Hours, minutes and seconds that limit; for frequencies below a day.
    limits: Times,
    /// Seconds of a period, 0 for weeks and longer ones.
    unit: i64,
    /// Where the periods begin, how far apart they lie, and the last one that matters: years,
    /// months (numbered through all years), days, or seconds.
    pub(super) origin: i64,
    pub(super) stride: i64,
    pub(super) end: i64,
    /// No instance can exist.
    never: bool,

    /// Whether the walk has reached `from`.
    sought: bool,
    /// The current period.
    at: i64,
    /// Its days, for weeks and longer periods.
    list: Vec<i64>,
    /// Room for the next period's days.
    spare: Vec<i64>,
    /// Its instances before BYSETPOS.
    total: usize,
    /// The numbers that BYSETPOS picks, in order.
    picked: Vec<usize>,
    /// Its instances, and the next one to yield.
    pub(super) len: usize,
    pub(super) cursor: usize,
    /// No instance below this is yielded.
    low: Civil,
    /// What COUNT leaves.
    remaining: Option<u64>,
}

impl<'r> Instances<'r> {
    pub(super) fn new(
        rule: &'r Rule,
        start: Civil,
        date_only: bool,
        from: Civil,
        last: Option<Civil>,
        count: Option<u64>,
    ) -> Self {
        let outside = start.day < FIRST.day || start.day > LAST.day || from.day > LAST.day;
        let mut last = last.unwrap_or(LAST).min(LAST);
        let mut start = tame(start);
        let mut from = tame(from).max(start);
        if date_only {
            let midday = from > start && from.second > 0;
            from = Civil { day: from.day + i64::from(midday), second: 0 };
            start.second = 0;
            last.second = DAY - 1;
        }
        let (unit, times, limits) = clock(rule, start, date_only);
        let mut this = Self {
            rule,
            start,
            date_only,
            from,
            last,
            count,
            days: Days::new(rule, start.day),
            times,
            limits,
            unit,
            origin: 0,
            stride: 1,
            end: 0,
            never: outside || from > last,
            sought: false,
            at: 0,
            list: Vec::new(),
            spare: Vec::new(),
            total: times.len(),
            picked: Vec::new(),
            len: 0,
            cursor: 0,
            low: start,
            remaining: count,
        };
        if !this.never {
            this.lay_grid();
        }
        this
    }

    /// The next instance; `None` after the last one.
    ///
    /// # Errors
    /// [`TooMuchWork`] when the meter is used up. A call with a fresh meter goes on.
    pub fn next(&mut self, steps: &mut Steps) -> Result<Option<Civil>, TooMuchWork> {
        if self.never || self.remaining == Some(0) {
            return Ok(None);
        }
        if !self.sought {
            let found = self.seek(steps)?;
            self.never = !found;
            self.sought = true;
            return self.next(steps);
        }
        if self.cursor >= self.len && !self.advance(steps)? {
            self.never = true;
            return Ok(None);
        }
        let item = self.item(self.cursor);
        if item > self.last {
            self.never = true;
            return Ok(None);
        }
        steps.take(1)?;
        self.cursor += 1;
        self.remaining = self.remaining.map(|n| n.saturating_sub(1));
        Ok(Some(item))
    }

    /// Fixes where periods begin and end, and finds rules that never match.
    fn lay_grid(&mut self) {
        let interval = i64::try_from(self.rule.interval).unwrap_or(i64::MAX).clamp(1, 1 << 40);
        let length = match self.rule.freq {
            Frequency::Yearly | Frequency::Monthly => 1,
            Frequency::Weekly => 7,
            _ => self.unit,
        };
        self.stride = interval * length;
        self.origin = self.position(self.start);
        self.end = self.position(self.last);
        if self.days.skip() == Skip::Backward {
            self.end += 1;
        }
        if self.unit > 0 {
            self.pick();
            self.never = self.len == 0 || !self.reachable();
        }
    }

    /// The period that holds a moment, were the interval 1.
    fn position(&self, at: Civil) -> i64 {
        let wkst = i64::from(self.rule.wkst % 7);
        match self.rule.freq {
            Frequency::Yearly if !self.rule.by_week_no.is_empty() => {
                self.days.scale.week_year(at.day, wkst)
            }
            Frequency::Yearly => self.days.scale.year_of(at.day),
            Frequency::Monthly => self.days.scale.month_of(at.day),
            Frequency::Weekly => week_start(at.day, wkst),
            _ => at.seconds() - at.seconds().rem_euclid(self.unit.max(1)),
        }
    }

    /// Whether the times of day that the interval reaches satisfy the limits, and the weekdays
    /// too when it is a number of weeks. `true` when that is too long to find out.
    fn reachable(&self) -> bool {
        if self.stride % (7 * DAY) == 0 {
            let weekday = bit(self.start.weekday()) as u8;
            if self.days.ordinals.is_empty()
                && self.days.weekdays.is_some_and(|set| set & weekday == 0)
            {
                return false;
            }
        }
        let limits = &self.limits;
        let second = |at: i64| has(limits.seconds, at % 60);
        let minute = |at: i64| has(limits.minutes, at / 60 % 60) && second(at);
        let hour = |at: i64| self.beyond_limit(at).is_none();
        self.meets(60, limits.seconds, second)
            && self.meets(3_600, limits.minutes, minute)
            && self.meets(DAY, limits.hours, hour)
    }

    /// Whether one of the times that the interval reaches within a minute, an hour or a day
    /// satisfies a limit. `true` when nothing limits it, or when it is too long to find out.
    fn meets(&self, cycle: i64, limit: Bits, holds: impl Fn(i64) -> bool) -> bool {
        let gap = gcd(self.stride, cycle);
        let first = self.origin.rem_euclid(gap);
        limit == ALL
            || cycle / gap > REACHABLE_MAX
            || (0..cycle / gap).any(|n| holds(first + n * gap))
    }

    /// Goes to the first instance at or after `from`. `false` when there is none.
    fn seek(&mut self, steps: &mut Steps) -> Result<bool, TooMuchWork> {
        self.remaining = self.count;
        self.low = self.start;
        let (Some(count), true) = (self.count, self.from > self.start) else {
            return self.jump(steps);
        };
        let Some(each) = self.uniform() else {
            return self.count_up(steps);
        };
        if !self.place(self.origin, steps)? {
            return Ok(false);
        }
        // Period 0 may hold instances before the start; those after it number on from there.
        let before = if self.at == self.origin { self.cursor } else { each };
        if !self.jump(steps)? {
            return Ok(false);
        }
        let periods = ((self.at - self.origin) / self.stride) as u64;
        let used = periods.saturating_mul(each as u64) + self.cursor as u64 - before as u64;
        self.remaining = Some(count.saturating_sub(used));
        Ok(true)
    }

    /// Goes to `from` by division.
    fn jump(&mut self, steps: &mut Steps) -> Result<bool, TooMuchWork> {
        self.low = self.from;
        let periods = (self.position(self.from) - self.origin).div_euclid(self.stride).max(0);
        // A day of the period before may have been skipped forward into this one.
        let back = i64::from(self.days.skip() == Skip::Forward).min(periods);
        self.place(self.origin + (periods - back) * self.stride, steps)
    }

    /// Goes to `from` by counting, a period at a time.
    fn count_up(&mut self, steps: &mut Steps) -> Result<bool, TooMuchWork> {
        let mut more = self.place(self.origin, steps)?;
        while more {
            steps.take(1)?;
            let reached = self.first_from(self.from);
            let passed = (reached - self.cursor) as u64;
            self.remaining = self.remaining.map(|n| n.saturating_sub(passed));
            self.cursor = reached;
            if reached < self.len || self.remaining == Some(0) {
                return Ok(true);
            }
            more = self.advance(steps)?;
        }
        Ok(false)
    }

    /// Whether it is known that no instance is left.
    pub(super) fn is_never(&self) -> bool {
        self.never
    }

    /// The current period on the grid.
    pub(super) fn period(&self) -> i64 {
        self.at
    }

    /// Goes to the next period that has an instance.
    pub(super) fn advance(&mut self, steps: &mut Steps) -> Result<bool, TooMuchWork> {
        if self.days.skip() != Skip::Omit && self.len > 0 {
            let last = self.item(self.len - 1).seconds();
            self.low = self.low.max(Civil::from_seconds(last + 1));
        }
        let next = self.at + self.stride;
        if self.date_only && self.unit > 0 && self.len > 0 {
            // Of several moments on one day, all are the same date.
            return self.place(self.align((self.at.div_euclid(DAY) + 1) * DAY), steps);
        }
        self.place(next, steps)
    }

    /// Goes to the first period from `at` on that has an instance at or above `low`.
    pub(super) fn place(&mut self, mut at: i64, steps: &mut Steps) -> Result<bool, TooMuchWork> {
        while at <= self.end {
            let Some(settled) = self.settle(at, steps)? else { break };
            if settled > self.end {
                break;
            }
            // The state changes only once the work is paid for, so that an error leaves it whole.
            if self.unit == 0 {
                let mut list = std::mem::take(&mut self.spare);
                list.clear();
                self.days_of(settled, &mut list, steps)?;
                self.spare = std::mem::replace(&mut self.list, list);
                self.total = self.list.len() * self.times.len();
                self.pick();
            }
            self.at = settled;
            self.cursor = self.first_from(self.low);
            if self.cursor < self.len {
                return Ok(true);
            }
            at = settled + self.stride;
        }
        Ok(false)
    }

    /// The first period from `at` on that the limits do not rule out as a whole.
    fn settle(&mut self, mut at: i64, steps: &mut Steps) -> Result<Option<i64>, TooMuchWork> {
        if self.rule.freq == Frequency::Weekly {
            let Some(day) = self.days.next(at, self.last.day, steps)? else { return Ok(None) };
            return Ok(Some(if day < at + 7 {
                at
            } else {
                self.align(week_start(day, i64::from(self.rule.wkst % 7)))
            }));
        }
        while self.unit > 0 && at <= self.end {
            let day = at.div_euclid(DAY);
            let Some(allowed) = self.days.next(day, self.last.day, steps)? else {
                return Ok(None);
            };
            let onward = match allowed > day {
                true => allowed * DAY,
                false => match self.beyond_limit(at.rem_euclid(DAY)) {
                    Some(second) => day * DAY + second,
                    None => break,
                },
            };
            steps.take(1)?;
            at = self.align(onward);
        }
        Ok(Some(at))
    }

    /// `None` when a time of day satisfies the limits; otherwise the first second after it that
    /// may (86 400: not on this day).
    fn beyond_limit(&self, second: i64) -> Option<i64> {
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        if !has(self.limits.hours, hour) {
            return Some(after(self.limits.hours, hour).map_or(DAY, |h| (h * 3_600).min(DAY)));
        }
        if !has(self.limits.minutes, minute) {
            let next = after(self.limits.minutes, minute).unwrap_or(60).min(60);
            return Some(hour * 3_600 + next * 60);
        }
        if !has(self.limits.seconds, second % 60) {
            let next = after(self.limits.seconds, second % 60).unwrap_or(60).min(60);
            return Some(second - second % 60 + next);
        }
        None
    }

    /// The first period of the grid at or after a position.
    fn align(&self, position: i64) -> i64 {
        let periods = (position - self.origin + self.stride - 1).div_euclid(self.stride);
        self.origin + periods * self.stride
    }

    /// The days of a year, month or week that hold instances, in order.
    fn days_of(
        &mut self,
        at: i64,
        list: &mut Vec<i64>,
        steps: &mut Steps,
    ) -> Result<(), TooMuchWork> {
        match self.rule.freq {
            Frequency::Yearly if !self.rule.by_week_no.is_empty() => {
                self.weeks_of_year(at, list, steps)?;
            }
            Frequency::Yearly => {
                steps.take(1)?;
                let days = &self.days;
                days.each_month(at, |month| {
                    let month = days.scale.month(month);
                    let mask = days.days_of(&month, steps)?;
                    list_days(month.first, mask, list);
                    days.skipped_in_month(&month, list);
                    Ok(())
                })?;
                days.skipped_in_year(at, list);
            }
            Frequency::Monthly => {
                steps.take(1)?;
                let mask = self.days.month(at, steps)?;
                let month = self.days.scale.month(at);
                if self.days.lets_through(&month) {
                    list_days(month.first, mask, list);
                    self.days.skipped_in_month(&month, list);
                }
            }
            Frequency::Weekly => {
                steps.take(1)?;
                for day in at..at + 7 {
                    if self.days.allow(day, steps)? {
                        list.push(day);
                    }
                }
            }
            _ => {}
        }
        if self.days.skip() != Skip::Omit {
            list.retain(|day| self.days.right_weekday(*day));
        }
        if self.days.skip() != Skip::Omit || self.days.names_leap_months() {
            list.sort_unstable();
            list.dedup();
        }
        Ok(())
    }

    fn weeks_of_year(
        &mut self,
        year: i64,
        list: &mut Vec<i64>,
        steps: &mut Steps,
    ) -> Result<(), TooMuchWork> {
        let wkst = i64::from(self.rule.wkst % 7);
        let days = self.days.scale.weeks(year, wkst);
        let (first, weeks) = (days.start, (days.end - days.start) / 7);
        for n in &self.rule.by_week_no {
            steps.take(1)?;
            let n = i64::from(*n);
            let n = if n > 0 { n - 1 } else { weeks + n };
            if (0..weeks).contains(&n) {
                for day in first + n * 7..first + n * 7 + 7 {
                    if self.days.allow(day, steps)? {
                        list.push(day);
                    }
                }
            }
        }
        list.sort_unstable();
        list.dedup();
        Ok(())
    }

    /// Applies BYSETPOS to the current period's set.
    fn pick(&mut self) {
        if self.rule.by_set_pos.is_empty() {
            self.len = self.total;
            return;
        }
        let total = self.total;
        self.picked.clear();
        self.picked.extend(self.rule.by_set_pos.iter().filter_map(|n| {
            let amount = usize::from(n.unsigned_abs());
            let number = if *n > 0 { amount.checked_sub(1) } else { total.checked_sub(amount) };
            number.filter(|i| *i < total)
        }));
        self.picked.sort_unstable();
        self.picked.dedup();
        self.len = self.picked.len();
    }

    /// The instance with number `i` of the current period.
    pub(super) fn item(&self, i: usize) -> Civil {
        let i = self.picked.get(i).copied().unwrap_or(i);
        if self.unit > 0 {
            let at = Civil::from_seconds(self.at + self.times.offset(i));
            return if self.date_only { Civil { day: at.day, second: 0 } } else { at };
        }
        let times = self.times.len().max(1);
        let day = self.list.get(i / times).copied().unwrap_or(LAST.day);
        Civil { day, second: self.times.offset(i % times) }
    }

    /// The number of the current period's first instance at or above a bound.
    fn first_from(&self, bound: Civil) -> usize {
        if self.len == 0 || self.item(0) >= bound {
            return 0;
        }
        let (mut below, mut above) = (0, self.len);
        while above - below > 1 {
            let middle = below + (above - below) / 2;
            if self.item(middle) < bound { below = middle } else { above = middle }
        }
        above
    }

    /// How many instances every period has, when that follows from the rule alone.
    pub(super) fn uniform(&self) -> Option<usize> {
        let days = &self.days;
        if self.unit > 0 {
            let limits = [self.limits.hours, self.limits.minutes, self.limits.seconds];
            let dates = self.date_only && self.unit < DAY;
            let free = !dates && days.is_plain() && days.weekdays.is_none() && limits == [ALL; 3];
            return free.then_some(self.len);
        }
        let per_period = match self.rule.freq {
            Frequency::Weekly if days.is_plain() => days.weekdays?.count_ones() as usize,
            Frequency::Monthly if days.months == ALL_MONTHS => self.steady_days()?,
            Frequency::Yearly if self.rule.by_week_no.is_empty() => self.steady_days()?,
            _ => return None,
        };
        self.rule.by_set_pos.is_empty().then(|| per_period * self.times.len())
    }

    /// Days per month or year, when no short month, fifth weekday or leap day changes it.
    fn steady_days(&self) -> Option<usize> {
        let days = &self.days;
        if !days.year_days.is_empty() || !days.weeks.is_empty() || days.skip() != Skip::Omit {
            return None;
        }
        if days.names_leap_months() {
            return None;
        }
        let all = days.months == ALL_MONTHS;
        let shape = days.scale.shape();
        let named = |number: &u8| {
            all || days.months & month_bit(MonthNum { number: *number, leap: false }) != 0
        };
        let named = (1..=shape.months).filter(named);
        let months = match self.rule.freq {
            Frequency::Yearly if all && shape.leap_months => return None,
            Frequency::Yearly => named.clone().count(),
            _ => 1,
        };
        let shortest = named.map(|number| days.scale.shortest_month(number)).min()?;
        if let Some(set) = days.month_days {
            let fits = (set.forward | set.backward) >> shortest >> 1 == 0;
            let one_way = set.forward == 0 || set.backward == 0;
            let number = (set.forward | set.backward).count_ones() as usize;
            return (days.weekdays.is_none() && fits && one_way).then_some(months * number);
        }
        if days.weekdays != Some(0) {
            return None;
        }
        let span = if days.ordinals_in_year { shape.shortest_year } else { shortest };
        let most = i8::try_from(span / 7).ok()?;
        let steady = days.ordinals.iter().all(|w| (1..=most).contains(&w.ordinal))
            || days.ordinals.iter().all(|w| (-most..=-1).contains(&w.ordinal));
        let spans = if days.ordinals_in_year { 1 } else { months };
        steady.then_some(spans * days.ordinals.len())
    }
}

/// Adds the days of a month's mask.
fn list_days(first: i64, mut mask: u32, list: &mut Vec<i64>) {
    while mask != 0 {
        list.push(first + i64::from(mask.trailing_zeros()));
        mask &= mask - 1;
    }
}

/// The length of a period below a week in seconds (0 above), the times that a period has, and the
/// ones that limit it.
fn clock(rule: &Rule, start: Civil, date_only: bool) -> (i64, Times, Times) {
    let unit = match rule.freq {
        Frequency::Secondly => 1,
        Frequency::Minutely => 60,
        Frequency::Hourly => 3_600,
        Frequency::Daily => DAY,
        _ => 0,
    };
    let part = |list: &[u8], below: Frequency, of_start: i64| -> (Bits, Bits) {
        if date_only {
            (bit(0), ALL)
        } else if rule.freq > below {
            (bits(list, bit(of_start)), ALL)
        } else {
            (bit(0), bits(list, ALL))
        }
    };
    let hours = part(&rule.by_hour, Frequency::Hourly, start.second / 3_600);
    let minutes = part(&rule.by_minute, Frequency::Minutely, start.second / 60 % 60);
    let seconds = part(&rule.by_second, Frequency::Secondly, start.second % 60);
    let times = Times { hours: hours.0, minutes: minutes.0, seconds: seconds.0 };
    (unit, times, Times { hours: hours.1, minutes: minutes.1, seconds: seconds.1 })
}

/// A moment within the years that rules count, with a second that a day has.
fn tame(at: Civil) -> Civil {
    let at = Civil { day: at.day, second: at.second.clamp(0, DAY - 1) };
    at.clamp(FIRST, LAST)
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
