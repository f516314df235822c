//! The engine against a naive reading: look at every day (or hour, minute, second), ask each part
//! by its definition, group by period, pick, cut, count.

use super::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::cell::RefCell;
use std::collections::BTreeMap;

fn leap(year: i64) -> bool {
    Civil::new(year, 3, 1, 0).day - Civil::new(year, 2, 28, 0).day == 2
}

fn month_of(day: i64) -> (i64, i64) {
    let (y, m, _) = Civil { day, second: 0 }.date();
    (y, m)
}

fn weekday(day: i64) -> u8 {
    Civil { day, second: 0 }.weekday() as u8
}

/// The days of a month, or of a year for month 0.
fn span(year: i64, month: i64) -> Vec<i64> {
    let (a, b) = match month {
        0 => ((year, 1), (year + 1, 1)),
        12 => ((year, 12), (year + 1, 1)),
        m => ((year, m), (year, m + 1)),
    };
    (Civil::new(a.0, a.1, 1, 0).day..Civil::new(b.0, b.1, 1, 0).day).collect()
}

/// Year, number, and how many weeks the year has.
type Week = (i64, i16, i16);

thread_local! {
    /// Weeks that were counted before, by first day and WKST.
    static WEEKS: RefCell<BTreeMap<(i64, u8), Week>> = const { RefCell::new(BTreeMap::new()) };
}

/// The week year and week number of a day, and how many weeks that year has.
fn week(day: i64, wkst: u8) -> Week {
    let begin = |mut day: i64| {
        while weekday(day) != wkst {
            day -= 1;
        }
        day
    };
    let year_of_week = |first: i64| {
        let mut years: Vec<i64> = (first..first + 7).map(|d| month_of(d).0).collect();
        years.sort_unstable();
        years[3]
    };
    let first = begin(day);
    if let Some(known) = WEEKS.with_borrow(|weeks| weeks.get(&(first, wkst)).copied()) {
        return known;
    }
    let year = year_of_week(first);
    let before = (1..).take_while(|n| year_of_week(first - 7 * n) == year).count();
    let after = (1..).take_while(|n| year_of_week(first + 7 * n) == year).count();
    let found = (year, before as i16 + 1, (before + after) as i16 + 1);
    WEEKS.with_borrow_mut(|weeks| weeks.insert((first, wkst), found));
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
    let (_, month, day) = start.date();
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
                rule.by_month = vec![month as u8];
            }
        }
        _ => {}
    }
    rule
}

/// BYDAY. `in_year`: ordinals count within the year.
fn right_weekday(rule: &Rule, in_year: bool, day: i64) -> bool {
    let (year, month) = month_of(day);
    rule.by_day.is_empty()
        || rule.by_day.iter().any(|w| {
            w.weekday == weekday(day)
                && (w.ordinal == 0 || {
                    let mut row = span(year, if in_year { 0 } else { month });
                    row.retain(|d| weekday(*d) == w.weekday);
                    let index = row.iter().position(|d| *d == day).unwrap();
                    names(&[w.ordinal.into()], index, row.len())
                })
        })
}

fn right_day(rule: &Rule, in_year: bool, day: i64) -> bool {
    let (year, month) = month_of(day);
    let among = |list: &[i16], month: i64| {
        list.is_empty() || {
            let row = span(year, month);
            names(list, row.iter().position(|d| *d == day).unwrap(), row.len())
        }
    };
    (rule.by_month.is_empty() || rule.by_month.contains(&(month as u8)))
        && (rule.by_day.is_empty() || rule.by_day.iter().any(|w| w.weekday == weekday(day)))
        && among(&rule.by_month_day, month)
        && among(&rule.by_year_day, 0)
        && right_weekday(rule, in_year, day)
        && (rule.by_week_no.is_empty() || {
            let (_, number, weeks) = week(day, rule.wkst);
            names(&rule.by_week_no, number as usize - 1, weeks as usize)
        })
}

/// A number that grows by 1 from period to period.
fn period(rule: &Rule, day: i64) -> i64 {
    match rule.freq {
        Frequency::Yearly if !rule.by_week_no.is_empty() => week(day, rule.wkst).0,
        Frequency::Yearly => month_of(day).0,
        Frequency::Monthly => month_of(day).0 * 12 + month_of(day).1,
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
    let (year, month) = month_of(day);
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
    let in_months = |m: u8| rule.by_month.is_empty() || rule.by_month.contains(&m);
    let week_years = rule.freq == Frequency::Yearly && !rule.by_week_no.is_empty();
    if rule.skip == Skip::Omit || rule.freq < Frequency::Monthly || week_years {
        return Vec::new();
    }
    if rule.by_year_day.is_empty() {
        let list = if in_months(month as u8) { rule.by_month_day.as_slice() } else { &[] };
        return beyond(list, span(year, month));
    }
    if rule.freq == Frequency::Yearly && rule.by_month_day.is_empty() && !leap(year) {
        let mut list = rule.by_year_day.clone();
        list.retain(|n| in_months(if *n > 0 { 12 } else { 1 }));
        return beyond(&list, span(year, 0));
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
    let days = (weekday_nums(), month_days, year_days, weeks, some((1..=12).collect(), 4));
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_definition(
        rule in rules(), start in starts(), date_only in prop::bool::weighted(0.2), part in 0.0..1.0,
    ) {
        let last = Civil::from_seconds(start.seconds() + horizon(rule.freq));
        let expected = naive(&rule, start, date_only, last);
        let found = take(&rule, start, date_only, start, Some(last), usize::MAX);
        prop_assert_eq!(&found, &expected);

        // Seeking into the middle is the same as stepping there.
        let from = start.seconds() + ((last.seconds() - start.seconds()) as f64 * part) as i64;
        let from = Civil::from_seconds(from);
        let rest: Vec<Civil> = expected.iter().copied().filter(|at| *at >= from).collect();
        prop_assert_eq!(take(&rule, start, date_only, from, Some(last), usize::MAX), rest);

        // The last instance is found without stepping.
        let mut steps = Steps::new(10_000_000);
        let own = if date_only { Civil { second: 0, ..start } } else { start };
        let end = expected.last().copied().unwrap_or(own);
        let found = rule.last(start, date_only, Some(last), &mut steps).unwrap().unwrap();
        prop_assert_eq!(found, end);
    }
}
