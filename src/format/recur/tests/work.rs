//! The work that rules take: seeking costs nothing, hostile rules end within the budget.

use super::oracle::{rules, rules_by_others, starts};
use super::*;
use crate::kernel::limits::RECURRENCE_STEPS_OBJECT;
use proptest::prelude::*;

fn rule(text: &str) -> Rule {
    Rule::parse(text).unwrap()
}

/// Instances of the week from 2050-01-03 on and the steps that they took.
fn week_of_2050(text: &str, start: &str) -> (usize, u64) {
    let rule = rule(text);
    let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
    let (from, _) = moment("20500103");
    let last = Civil { day: from.day + 6, second: 86_399 };
    let mut walk = rule.instances(moment(start).0, false, from, Some(last));
    let mut number = 0;
    while walk.next(&mut steps).unwrap().is_some() {
        number += 1;
    }
    (number, steps.used())
}

#[test]
fn seeking_takes_no_more_steps_than_the_window_holds() {
    let cases = [
        ("FREQ=DAILY", "19700101T090000", 7, 10),
        ("FREQ=DAILY;COUNT=1000000", "19700101T090000", 7, 10),
        ("FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR", "19700101T090000", 2, 10),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR", "20150105T090000", 3, 6),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=100000", "20150105T090000", 3, 8),
        ("FREQ=MONTHLY;BYDAY=1TU", "19700101T090000", 1, 6),
        ("FREQ=MONTHLY;BYDAY=1TU;COUNT=100000", "19700101T090000", 1, 9),
        ("FREQ=YEARLY", "19700105T090000", 1, 6),
        ("FREQ=YEARLY;COUNT=1000", "19700105T090000", 1, 9),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "19700105T090000", 1, 8),
        ("FREQ=HOURLY;BYHOUR=9,10", "19700101T090000", 14, 40),
        ("FREQ=MINUTELY", "20200101T000000", 10_080, 10_090),
        ("FREQ=MINUTELY;COUNT=1000000000", "20200101T000000", 10_080, 10_090),
        ("FREQ=SECONDLY;INTERVAL=3600", "20260101T000000", 168, 170),
    ];
    for (text, start, number, steps) in cases {
        let (found, used) = week_of_2050(text, start);
        assert_eq!(found, number, "{text}");
        assert!(used <= steps, "{text}: {used} steps");
    }
}

#[test]
fn a_window_in_2090_costs_what_one_in_1971_does() {
    let rules = [
        "FREQ=SECONDLY;INTERVAL=20000",
        "FREQ=MINUTELY;INTERVAL=90;BYDAY=MO",
        "FREQ=HOURLY;INTERVAL=5;BYHOUR=9,10,11,12,13",
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;BYDAY=MO,WE",
        "FREQ=DAILY;COUNT=1000000",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;WKST=SU",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=8,18",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "FREQ=YEARLY;BYYEARDAY=1,100,200",
        "FREQ=YEARLY;BYWEEKNO=20",
        "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD",
        "RSCALE=CHINESE;FREQ=MONTHLY",
        "RSCALE=CHINESE;FREQ=MONTHLY;COUNT=100000",
        "RSCALE=DANGI;FREQ=YEARLY;BYMONTH=1,2,3;BYMONTHDAY=1,15;COUNT=10000",
        "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L,6;BYMONTHDAY=14;SKIP=FORWARD",
        "RSCALE=HEBREW;FREQ=DAILY;BYMONTH=7;BYMONTHDAY=15,16,17,18,19,20,21",
        "RSCALE=ISLAMIC;FREQ=MONTHLY;BYDAY=1FR",
        "RSCALE=PERSIAN;FREQ=YEARLY;BYDAY=20TU;COUNT=1000",
        "RSCALE=COPTIC;FREQ=MONTHLY;BYMONTHDAY=-1",
    ];
    let (start, _) = moment("19700105T090000");
    for text in rules {
        let rule = rule(text);
        let quarter = |year: i64| {
            let from = Civil::new(year, 2, 1, 0);
            let last = Civil { day: from.day + 90, second: 0 };
            let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
            let mut walk = rule.instances(start, false, from, Some(last));
            while walk.next(&mut steps).unwrap().is_some() {}
            steps.used()
        };
        let (near, far) = (quarter(1971), quarter(2090));
        assert!(far <= near + near / 4 + 4, "{text}: {near} steps in 1971, {far} in 2090");
    }
}

#[test]
fn rules_that_never_match_end_within_the_budget() {
    let never = [
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTHDAY=31;BYMONTH=4,6,9,11",
        "FREQ=DAILY;BYSETPOS=2;BYHOUR=1",
        "FREQ=DAILY;BYYEARDAY=366;BYMONTH=3",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=HOURLY;INTERVAL=12;BYHOUR=3",
        "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=3",
        "FREQ=MINUTELY;INTERVAL=2;BYMINUTE=3",
        "FREQ=SECONDLY;INTERVAL=86400;BYSECOND=3",
        "FREQ=SECONDLY;INTERVAL=5;BYSECOND=4,12",
        "FREQ=SECONDLY;INTERVAL=12;BYMINUTE=3;BYSECOND=2,13",
        "FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2",
        "FREQ=YEARLY;BYSETPOS=2",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=WEEKLY;BYMONTHDAY=30;BYMONTH=2;BYDAY=MO",
        "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1",
        "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=3L",
        "RSCALE=HEBREW;FREQ=MONTHLY;BYMONTH=3L",
        "RSCALE=CHINESE;FREQ=SECONDLY;BYMONTH=1;BYYEARDAY=300",
        "RSCALE=CHINESE;FREQ=DAILY;BYYEARDAY=385;BYMONTH=2",
        "RSCALE=ISLAMIC-UMALQURA;FREQ=YEARLY;BYWEEKNO=51;BYMONTH=1;BYMONTHDAY=20",
    ];
    let (start, _) = moment("19970903T090000");
    for text in never {
        let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
        let rule = rule(text);
        let found = rule.instances(start, false, start, None).next(&mut steps);
        assert_eq!(found, Ok(None), "{text}");
    }
}

#[test]
fn endless_and_huge_rules_end_within_the_budget() {
    let (start, _) = moment("19970903T090000");
    let last = |text: &str| {
        let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
        let rule = rule(text);
        let found = rule.last(start, false, bound(&rule), &mut steps);
        found.map(|at| at.map(|at| written(at, false)))
    };
    let at = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(last("FREQ=DAILY"), Ok(None));
    assert_eq!(last("FREQ=DAILY;COUNT=30000"), at("20791022T090000"));
    assert_eq!(last("FREQ=DAILY;COUNT=1000000000"), at("99991231T090000"));
    assert_eq!(last("FREQ=SECONDLY;COUNT=1000000000"), at("20290512T104639"));
    assert_eq!(last("FREQ=SECONDLY;COUNT=99999999999999999999"), at("99991231T235959"));
    assert_eq!(last("FREQ=SECONDLY;UNTIL=20240101"), at("20240101T235959"));
    assert_eq!(last("FREQ=SECONDLY;BYMONTH=1;UNTIL=20231224"), at("20230131T235959"));
    assert_eq!(last("FREQ=DAILY;COUNT=5;UNTIL=19970905"), at("19970905T090000"));
    assert_eq!(last("FREQ=DAILY;COUNT=2;UNTIL=19970905"), at("19970904T090000"));
    assert_eq!(last("FREQ=MONTHLY;COUNT=1200;BYDAY=-1FR"), at("20970830T090000"));
    // Weeks limit months here, so that COUNT cannot be had by division.
    let weeks = rule("FREQ=MONTHLY;BYMONTHDAY=25;BYWEEKNO=-28;WKST=TU;COUNT=3");
    let third = take(&weeks, start, false, start, None, 9)[2];
    assert_eq!(take(&weeks, start, false, third, None, 9), [third]);
    // Nothing but the start, which the component has in any case.
    assert_eq!(last("FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2;COUNT=3"), at("19970903T090000"));
    let huge = "FREQ=YEARLY;INTERVAL=99999999999999999999";
    assert_eq!(take(&rule(huge), start, false, start, None, 9), [start]);
    for freq in ["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY"] {
        let text = format!("RSCALE=CHINESE;FREQ={freq};INTERVAL=18446744073709551615");
        assert_eq!(take(&rule(&text), start, false, start, None, 9), [start]);
        let text = format!("FREQ={freq};INTERVAL=18446744073709551615");
        assert_eq!(take(&rule(&text), start, false, start, None, 9), [start]);
    }
}

#[test]
fn a_used_up_meter_ends_the_walk_and_a_fresh_one_goes_on() {
    let (start, _) = moment("19970902T090000");
    let rule = rule("FREQ=DAILY");
    let mut walk = rule.instances(start, false, start, None);
    let mut steps = Steps::new(2);
    assert_eq!(walk.next(&mut steps), Ok(Some(start)));
    assert_eq!(walk.next(&mut steps), Ok(Some(Civil { day: start.day + 1, ..start })));
    assert_eq!(walk.next(&mut steps), Err(TooMuchWork));
    assert_eq!(steps.used(), 2);
    let mut fresh = Steps::new(2);
    assert_eq!(walk.next(&mut fresh), Ok(Some(Civil { day: start.day + 2, ..start })));
}

#[test]
fn years_are_bounded() {
    let (start, _) = moment("99991230T090000");
    assert_eq!(take(&rule("FREQ=DAILY"), start, false, start, None, 9).len(), 2);
    let far = Civil { day: i64::MAX, second: i64::MAX };
    let near = Civil { day: i64::MIN, second: i64::MIN };
    let other = SCALES.iter().flat_map(|(name, _)| {
        ["MONTHLY", "YEARLY", "YEARLY;BYWEEKNO=1,2,3,-1"]
            .map(|rest| format!("RSCALE={name};FREQ={rest}"))
    });
    let plain =
        ["SECONDLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"].map(|freq| format!("FREQ={freq}"));
    for text in other.chain(plain) {
        let rule = rule(&text);
        if !rule.by_week_no.is_empty() {
            take(&rule, start, false, near, Some(far), 9);
            continue;
        }
        assert_eq!(take(&rule, far, false, near, Some(far), 9), []);
        assert_eq!(take(&rule, start, false, far, Some(far), 9), []);
        assert_eq!(take(&rule, start, false, near, Some(near), 9), []);
        assert_eq!(take(&rule, start, false, near, Some(far), 1), [start]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_far_seek_equals_stepping(
        mut rule in prop_oneof![rules(), rules_by_others()], start in starts(),
        date_only in prop::bool::weighted(0.2), count in 1..3_000_u64, skip_to in 0..600_usize,
    ) {
        rule.count = rule.count.map(|_| count);
        let walk = |from: Civil, steps: u64| {
            let mut steps = Steps::new(steps);
            let mut walk = rule.instances(start, date_only, from, None);
            let mut found = Vec::new();
            let ended = loop {
                match walk.next(&mut steps) {
                    Ok(Some(at)) if found.len() < 600 => found.push(at),
                    other => break other == Ok(None),
                }
            };
            (found, ended)
        };
        let (all, ended) = walk(start, 10_000);
        if let Some(from) = all.get(skip_to) {
            // What the stepping reached, the seek reaches within the same work, and more.
            let (rest, _) = walk(*from, 12_000);
            let stepped = &all[skip_to..];
            prop_assert_eq!(&rest[..stepped.len().min(rest.len())], stepped);
        }
        if ended && rule.count.is_some() && !all.is_empty() {
            let last = rule.last(start, date_only, None, &mut Steps::new(1_000_000));
            prop_assert_eq!(last, Ok(all.last().copied()));
        }
    }

    #[test]
    fn never_more_steps_than_the_limit(
        rule in prop_oneof![rules(), rules_by_others()], start in starts(),
        from in 0..60_000_i64, limit in 0..500_u64,
    ) {
        let from = Civil { day: start.day + from, second: 0 };
        let mut steps = Steps::new(limit);
        let mut walk = rule.instances(start, false, from, None);
        let mut number = 0;
        while let Ok(Some(_)) = walk.next(&mut steps) {
            number += 1;
        }
        prop_assert!(steps.used() <= limit && number <= limit);
    }
}
