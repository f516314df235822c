//! The engine against a naive reading: look at every day (or hour, minute, second), ask each part
//! by its definition, group by period, pick, cut, count.

use super::*;
use crate::format::recur::scale::MonthAt;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// The year and the month of a day, in the rule's calendar.
fn month_of(scale: Scale, day: i64) -> MonthAt {
    scale.date(day).0
}

fn weekday(day: i64) -> u8 {
    Civil { day, second: 0 }.weekday() as u8
}

/// The days of the month that holds a day, or of its year.
fn span(scale: Scale, whole_year: bool, day: i64) -> Vec<i64> {
    let month = month_of(scale, day);
    let same = |other: &MonthAt| match whole_year {
        true => other.year == month.year,
        false => *other == month,
    };
    let back = (1..).map(|n| month_of(scale, month.first - n)).take_while(same).count() as i64;
    (month.first - back..).take_while(|day| same(&month_of(scale, *day))).collect()
}

/// A row of days as [`span`] gives it, remembered.
fn row(scale: Scale, whole_year: bool, day: i64) -> Vec<i64> {
    let month = month_of(scale, day);
    let key = (scale, whole_year, if whole_year { month.year } else { month.first });
    if let Some(known) = ROWS.with_borrow(|rows| rows.get(&key).cloned()) {
        return known;
    }
    let found = span(scale, whole_year, day);
    ROWS.with_borrow_mut(|rows| rows.insert(key, found.clone()));
    found
}

/// Year, number, and how many weeks the year has.
type Week = (i64, i16, i16);

thread_local! {
    /// Weeks that were counted before, by first day and WKST.
    static WEEKS: RefCell<HashMap<(Scale, i64, u8), Week>> = RefCell::default();
    /// Months and years that were listed before.
    static ROWS: RefCell<HashMap<(Scale, bool, i64), Vec<i64>>> = RefCell::default();
}

/// The week year and week number of a day, and how many weeks that year has.
fn week(scale: Scale, day: i64, wkst: u8) -> Week {
    let begin = |mut day: i64| {
        while weekday(day) != wkst {
            day -= 1;
        }
        day
    };
    let year_of_week = |first: i64| {
        let mut years: Vec<i64> = (first..first + 7).map(|d| month_of(scale, d).year).collect();
        years.sort_unstable();
        years[3]
    };
    let first = begin(day);
    if let Some(known) = WEEKS.with_borrow(|weeks| weeks.get(&(scale, first, wkst)).copied()) {
        return known;
    }
    let year = year_of_week(first);
    let before = (1..).take_while(|n| year_of_week(first - 7 * n) == year).count();
    let after = (1..).take_while(|n| year_of_week(first + 7 * n) == year).count();
    let found = (year, before as i16 + 1, (before + after) as i16 + 1);
    WEEKS.with_borrow_mut(|weeks| weeks.insert((scale, first, wkst), found));
    found
}

/// Whether `list` names the item at `index` of a row of `len`, from either end.
fn names(list: &[i16], index: usize, len: usize) -> bool {
    list.iter().any(|n| match *n {
        n if n > 0 => n as usize == index + 1,
        n => len.checked_sub(n.unsigned_abs() as usize) == Some(index),
    })
}

/// The rule with what DTSTART fills in.
fn filled(rule: &Rule, start: Civil) -> Rule {
    use Frequency::{Monthly, Weekly, Yearly};
    let mut rule = rule.clone();
    let (month, day) = rule.scale.date(start.day);
    let own_weekday = WeekdayNum { ordinal: 0, weekday: weekday(start.day) };
    let no_day = rule.by_day.is_empty() && rule.by_year_day.is_empty();
    if !matches!(rule.freq, Monthly | Yearly) || !rule.by_week_no.is_empty() && rule.freq == Yearly
    {
        rule.by_day.iter_mut().for_each(|w| w.ordinal = 0);
    }
    match rule.freq {
        Weekly if rule.by_day.is_empty() => rule.by_day = vec![own_weekday],
        Monthly | Yearly if no_day && !rule.by_week_no.is_empty() => {
            let none = rule.by_month_day.is_empty();
            rule.by_day.extend(none.then_some(own_weekday));
        }
        Monthly | Yearly if no_day => {
            if rule.by_month_day.is_empty() {
                rule.by_month_day = vec![day as i16];
            }
            if rule.freq == Yearly && rule.by_month.is_empty() {
                rule.by_month = vec![month.name];
            }
        }
        _ => {}
    }
    rule
}

/// BYDAY. `in_year`: ordinals count within the year.
fn right_weekday(rule: &Rule, in_year: bool, day: i64) -> bool {
    rule.by_day.is_empty()
        || rule.by_day.iter().any(|w| {
            w.weekday == weekday(day)
                && (w.ordinal == 0 || {
                    let mut row = row(rule.scale, in_year, day);
                    row.retain(|d| weekday(*d) == w.weekday);
                    let index = row.iter().position(|d| *d == day).unwrap();
                    names(&[w.ordinal.into()], index, row.len())
                })
        })
}

/// BYMONTH after SKIP: of a YEARLY rule, a month also stands for a leap month that is missing.
fn right_month(rule: &Rule, day: i64) -> bool {
    let month = month_of(rule.scale, day);
    let missing = |at: MonthAt| {
        let name = MonthNum { leap: true, ..at.name };
        let year = row(rule.scale, true, at.first);
        !at.name.leap
            && rule.by_month.contains(&name)
            && year.iter().all(|day| month_of(rule.scale, *day).name != name)
    };
    let moved = || match rule.skip {
        Skip::Omit => false,
        Skip::Backward => missing(month),
        Skip::Forward => !month.name.leap && missing(month_of(rule.scale, month.first - 1)),
    };
    rule.by_month.is_empty()
        || rule.by_month.contains(&month.name)
        || rule.freq == Frequency::Yearly && moved()
}

fn right_day(rule: &Rule, in_year: bool, day: i64) -> bool {
    let among = |list: &[i16], whole_year: bool| {
        list.is_empty() || {
            let row = row(rule.scale, whole_year, day);
            names(list, row.iter().position(|d| *d == day).unwrap(), row.len())
        }
    };
    (rule.by_day.is_empty() || rule.by_day.iter().any(|w| w.weekday == weekday(day)))
        && right_month(rule, day)
        && among(&rule.by_month_day, false)
        && among(&rule.by_year_day, true)
        && right_weekday(rule, in_year, day)
        && (rule.by_week_no.is_empty() || {
            let (_, number, weeks) = week(rule.scale, day, rule.wkst);
            names(&rule.by_week_no, number as usize - 1, weeks as usize)
        })
}

/// A number that grows by 1 from period to period.
fn period(rule: &Rule, day: i64) -> i64 {
    match rule.freq {
        Frequency::Yearly if !rule.by_week_no.is_empty() => week(rule.scale, day, rule.wkst).0,
        Frequency::Yearly => month_of(rule.scale, day).year,
        Frequency::Monthly => rule.scale.month_of(day),
        Frequency::Weekly => {
            let mut first = day;
            while weekday(first) != rule.wkst {
                first -= 1;
            }
            first.div_euclid(7)
        }
        _ => day,
    }
}

/// The days that invalid days of a month or year become.
fn skipped(rule: &Rule, day: i64) -> Vec<i64> {
    let forward = rule.skip == Skip::Forward;
    let beyond = |list: &[i16], row: Vec<i64>| -> Vec<i64> {
        let invalid = list.iter().filter(|n| n.unsigned_abs() as usize > row.len());
        let moved = invalid.map(|n| match (*n > 0, forward) {
            (true, true) => row[row.len() - 1] + 1,
            (true, false) => row[row.len() - 1],
            (false, true) => row[0],
            (false, false) => row[0] - 1,
        });
        moved.collect()
    };
    let week_years = rule.freq == Frequency::Yearly && !rule.by_week_no.is_empty();
    if rule.skip == Skip::Omit || rule.freq < Frequency::Monthly || week_years {
        return Vec::new();
    }
    if rule.by_year_day.is_empty() {
        let list = if right_month(rule, day) { rule.by_month_day.as_slice() } else { &[] };
        return beyond(list, row(rule.scale, false, day));
    }
    if rule.freq == Frequency::Yearly && rule.by_month_day.is_empty() {
        let row = row(rule.scale, true, day);
        let mut list = rule.by_year_day.clone();
        list.retain(|n| right_month(rule, if *n > 0 { row[row.len() - 1] } else { row[0] }));
        return beyond(&list, row);
    }
    Vec::new()
}

/// Every combination of the parts, or of the start's own values.
fn times(rule: &Rule, start: Civil, date_only: bool) -> Vec<i64> {
    if date_only {
        return vec![0];
    }
    let s = start.second;
    let or = |list: &[u8], below: bool, own: i64| -> Vec<i64> {
        match (below, list.is_empty()) {
            (false, _) => vec![0],
            (true, true) => vec![own],
            (true, false) => list.iter().map(|n| i64::from(*n)).collect(),
        }
    };
    let hours = or(&rule.by_hour, rule.freq > Frequency::Hourly, s / 3_600);
    let minutes = or(&rule.by_minute, rule.freq > Frequency::Minutely, s / 60 % 60);
    let seconds = or(&rule.by_second, rule.freq > Frequency::Secondly, s % 60);
    let mut all = Vec::new();
    for h in &hours {
        for m in &minutes {
            all.extend(seconds.iter().map(|s| h * 3_600 + m * 60 + s));
        }
    }
    all
}

/// All instances up to `last`.
fn naive(rule: &Rule, start: Civil, date_only: bool, last: Civil) -> Vec<Civil> {
    let in_year = rule.freq == Frequency::Yearly && rule.by_month.is_empty();
    let start = if date_only { Civil { day: start.day, second: 0 } } else { start };
    let full = filled(rule, start);
    let last = if date_only { Civil { second: 86_399, ..last } } else { last };
    let times = times(rule, start, date_only);
    let mut sets: BTreeMap<i64, Vec<Civil>> = BTreeMap::new();
    if rule.freq >= Frequency::Daily {
        let first = period(rule, start.day);
        for day in start.day - 380..=last.day + 380 {
            let number = period(rule, day) - first;
            if number < 0 || number % rule.interval as i64 != 0 {
                continue;
            }
            let mut days: Vec<i64> = skipped(&full, day);
            days.retain(|day| right_weekday(&full, in_year, *day));
            days.extend(right_day(&full, in_year, day).then_some(day));
            let set = sets.entry(number).or_default();
            set.extend(
                days.iter().flat_map(|day| {
                    times.iter().map(|second| Civil { day: *day, second: *second })
                }),
            );
        }
    } else {
        let unit = match rule.freq {
            Frequency::Hourly => 3_600,
            Frequency::Minutely => 60,
            _ => 1,
        };
        let mut days = BTreeMap::new();
        let mut allowed_day =
            |day| *days.entry(day).or_insert_with(|| right_day(&full, in_year, day));
        let first = start.seconds().div_euclid(unit);
        for number in (first..=last.seconds().div_euclid(unit)).step_by(rule.interval as usize) {
            let at = Civil::from_seconds(number * unit);
            let is = |list: &[u8], limits: bool, n: i64| {
                date_only || !limits || list.is_empty() || list.contains(&(n as u8))
            };
            let allowed = allowed_day(at.day)
                && is(&rule.by_hour, true, at.second / 3_600)
                && is(&rule.by_minute, unit <= 60, at.second / 60 % 60)
                && is(&rule.by_second, unit == 1, at.second % 60);
            if allowed && date_only {
                sets.insert(number, vec![Civil { day: at.day, second: 0 }]);
            } else if allowed {
                let set = times.iter().map(|s| Civil { day: at.day, second: at.second + s });
                sets.insert(number, set.collect());
            }
        }
    }
    let mut all = Vec::new();
    for set in sets.values_mut() {
        set.sort_unstable();
        set.dedup();
        let picked = |i: usize| rule.by_set_pos.is_empty() || names(&rule.by_set_pos, i, set.len());
        all.extend((0..set.len()).filter(|i| picked(*i)).map(|i| set[i]));
    }
    all.sort_unstable();
    all.dedup();
    all.retain(|at| *at >= start);
    all.truncate(rule.count.map_or(usize::MAX, |n| n as usize));
    all.retain(|at| *at <= last);
    all
}

/// Seconds that are looked at, so that a case costs about the same in every frequency.
fn horizon(freq: Frequency) -> i64 {
    match freq {
        Frequency::Yearly => 2_600 * 86_400,
        Frequency::Monthly => 1_200 * 86_400,
        Frequency::Weekly => 500 * 86_400,
        Frequency::Daily => 400 * 86_400,
        Frequency::Hourly => 40 * 86_400,
        Frequency::Minutely => 86_400,
        Frequency::Secondly => 10_000,
    }
}

fn some<T: Clone + Ord + std::fmt::Debug + 'static>(
    values: Vec<T>,
    max: usize,
) -> impl Strategy<Value = Vec<T>> {
    let listed = subsequence(values, 1..=max).prop_map(|mut list| {
        list.sort();
        list
    });
    prop_oneof![3 => Just(Vec::new()), 1 => listed]
}

fn signed(max: i16) -> Vec<i16> {
    (-max..=max).filter(|n| *n != 0).collect()
}

fn weekday_nums() -> impl Strategy<Value = Vec<WeekdayNum>> {
    let ordinal = prop_oneof![3 => Just(0_i8), 3 => -5..=5_i8, 1 => -53..=53_i8];
    let one = (ordinal, 0..7_u8).prop_map(|(ordinal, weekday)| WeekdayNum { ordinal, weekday });
    let list = prop::collection::btree_set(one, 1..4).prop_map(|set| set.into_iter().collect());
    prop_oneof![1 => Just(Vec::new()), 1 => list]
}

fn months() -> impl Strategy<Value = Vec<MonthNum>> {
    let numbers = (1..=12).map(|number| MonthNum { number, leap: false });
    some(numbers.collect(), 4)
}

pub(super) fn rules() -> impl Strategy<Value = Rule> {
    let freq = select(vec![
        Frequency::Secondly,
        Frequency::Minutely,
        Frequency::Hourly,
        Frequency::Daily,
        Frequency::Weekly,
        Frequency::Monthly,
        Frequency::Yearly,
    ]);
    let interval = prop_oneof![3 => Just(1_u64), 3 => 1..6_u64, 1 => select(vec![7, 12, 13, 24, 60, 90, 1_440])];
    let count = prop_oneof![2 => Just(None), 1 => (1..40_u64).prop_map(Some)];
    let head = (freq, interval, count, 0..7_u8);
    let clock =
        (some((0..60).collect(), 3), some((0..60).collect(), 3), some((0..24).collect(), 3));
    let month_days = prop_oneof![
        2 => some(signed(31), 5), 1 => some(vec![28, 29, 30, 31, -1, -28, -29, -30, -31], 3)
    ];
    let year_days = prop_oneof![
        3 => Just(Vec::new()), 1 => some(signed(366), 9), 1 => some(vec![1, 60, 366, -1, -366], 3)
    ];
    let weeks = prop_oneof![
        3 => Just(Vec::new()), 1 => some(signed(53), 4), 1 => some(vec![1, 52, 53, -1, -53], 3)
    ];
    let days = (weekday_nums(), month_days, year_days, weeks, months());
    let set_pos = prop_oneof![2 => Just(Vec::new()), 1 => some(vec![1, 2, 3, -1, -2, 9, -20], 3)];
    let skip = prop_oneof![
        3 => Just(Skip::Omit), 1 => Just(Skip::Forward), 1 => Just(Skip::Backward)
    ];
    (head, clock, days, set_pos, skip).prop_map(|(head, clock, days, by_set_pos, skip)| Rule {
        freq: head.0,
        interval: head.1,
        count: head.2,
        until: None,
        by_second: clock.0,
        by_minute: clock.1,
        by_hour: clock.2,
        by_day: days.0,
        by_month_day: days.1,
        by_year_day: days.2,
        by_week_no: days.3,
        by_month: days.4,
        // With SKIP, picking may bring periods out of order; see the module's documentation.
        by_set_pos: if skip == Skip::Omit { by_set_pos } else { Vec::new() },
        wkst: head.3,
        scale: Scale::Gregorian,
        skip,
    })
}

pub(super) fn starts() -> impl Strategy<Value = Civil> {
    let day = prop_oneof![
        5 => 9_000..22_000_i64,
        1 => (1995..2030_i64, select(vec![(1, 1), (1, 3), (2, 29), (12, 29), (12, 31), (1, 31)]))
            .prop_map(|(y, (m, d))| Civil::new(y, m, d, 0).day),
    ];
    (day, prop_oneof![0..86_400_i64, (0..24_i64).prop_map(|h| h * 3_600)])
        .prop_map(|(day, second)| Civil { day, second })
}

/// Rules by another calendar, with leap months where it has them.
pub(super) fn rules_by_others() -> impl Strategy<Value = Rule> {
    let scales = SCALES.iter().map(|(_, scale)| *scale).filter(|s| *s != Scale::Gregorian);
    // A leap month after the last one would be moved into the next period, see `scales`.
    let leap = prop::collection::btree_set(1..=11_u8, 0..4);
    let freq = select(vec![Frequency::Yearly, Frequency::Monthly, Frequency::Daily]);
    let far = some(vec![354, 355, 356, 366, 384, 385, -354, -355, -384, -385], 3);
    (rules(), select(scales.collect::<Vec<_>>()), leap, freq, far).prop_map(
        |(mut rule, scale, leap, freq, far)| {
            let shape = scale.shape();
            rule.scale = scale;
            if rule.freq < Frequency::Daily {
                rule.freq = freq;
            }
            let year_days = i16::try_from(shape.longest_year).unwrap();
            let month_days = i16::try_from(shape.longest_month).unwrap();
            let weeks = i16::try_from(shape.weeks()).unwrap();
            if !rule.by_year_day.is_empty() {
                rule.by_year_day.extend(far);
            }
            if !rule.by_month.is_empty() {
                let named = |number| MonthNum { number, leap: shape.leap_months };
                rule.by_month.extend(leap.into_iter().map(named));
                rule.by_month.push(MonthNum { number: shape.months, leap: false });
            }
            for (list, most) in [
                (&mut rule.by_year_day, year_days),
                (&mut rule.by_month_day, month_days),
                (&mut rule.by_week_no, weeks),
            ] {
                list.retain(|n| n.abs() <= most);
                list.sort_unstable();
                list.dedup();
            }
            rule.by_month.sort_unstable();
            rule.by_month.dedup();
            rule
        },
    )
}

/// The engine against [`naive`]: the whole, from a part of the way on, and the last one.
fn compare(rule: &Rule, start: Civil, date_only: bool, part: f64) -> Result<(), TestCaseError> {
    let last = Civil::from_seconds(start.seconds() + horizon(rule.freq));
    let expected = naive(rule, start, date_only, last);
    let found = take(rule, start, date_only, start, Some(last), usize::MAX);
    prop_assert_eq!(&found, &expected);

    // Seeking into the middle is the same as stepping there.
    let from = start.seconds() + ((last.seconds() - start.seconds()) as f64 * part) as i64;
    let from = Civil::from_seconds(from);
    let rest: Vec<Civil> = expected.iter().copied().filter(|at| *at >= from).collect();
    prop_assert_eq!(take(rule, start, date_only, from, Some(last), usize::MAX), rest);

    // The last instance is found without stepping.
    let mut steps = Steps::new(10_000_000);
    let own = if date_only { Civil { second: 0, ..start } } else { start };
    let end = expected.last().copied().unwrap_or(own);
    let found = rule.last(start, date_only, Some(last), &mut steps).unwrap().unwrap();
    prop_assert_eq!(found, end);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_definition(
        rule in rules(), start in starts(), date_only in prop::bool::weighted(0.2), part in 0.0..1.0,
    ) {
        compare(&rule, start, date_only, part)?;
    }

    #[test]
    fn agrees_with_the_definition_by_other_calendars(
        rule in rules_by_others(), start in starts(), date_only in prop::bool::weighted(0.5),
        part in 0.0..1.0,
    ) {
        compare(&rule, start, date_only, part)?;
    }
}
