//! The text of rules: what clients send is read, what means nothing is refused by name.

use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Rule {
    Rule::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn reads_every_part() {
    let rule = parse(
        "FREQ=YEARLY;INTERVAL=2;COUNT=9;UNTIL=20300102T030405Z;BYSECOND=1;BYMINUTE=2;BYHOUR=3;\
         BYDAY=-1MO,+2TU,SU;BYMONTHDAY=4,-5;BYYEARDAY=6,-366;BYWEEKNO=7;BYMONTH=8;BYSETPOS=-9;\
         WKST=SU;RSCALE=GREGORIAN;SKIP=FORWARD",
    );
    let day = |ordinal, weekday| WeekdayNum { ordinal, weekday };
    let expected = Rule {
        freq: Frequency::Yearly,
        interval: 2,
        count: Some(9),
        until: Some(Until::Utc(moment("20300102T030405").0)),
        by_second: vec![1],
        by_minute: vec![2],
        by_hour: vec![3],
        by_day: vec![day(-1, 0), day(0, 6), day(2, 1)],
        by_month_day: vec![-5, 4],
        by_year_day: vec![-366, 6],
        by_week_no: vec![7],
        by_month: vec![MonthNum { number: 8, leap: false }],
        by_set_pos: vec![-9],
        wkst: 6,
        scale: Scale::Gregorian,
        skip: Skip::Forward,
    };
    assert_eq!(rule, expected);
}

#[test]
fn reads_what_clients_send() {
    let same = [
        ("freq=weekly;byday=mo", "FREQ=WEEKLY;BYDAY=MO"),
        (" FREQ = WEEKLY ; BYDAY = MO , TU ", "FREQ=WEEKLY;BYDAY=MO,TU"),
        ("FREQ=WEEKLY;BYDAY=MO;", "FREQ=WEEKLY;BYDAY=MO"),
        ("BYDAY=MO;FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=WEEKLY;X-MICROSOFT=1;BYEASTER=0", "FREQ=WEEKLY"),
        ("FREQ=WEEKLY;FREQ=WEEKLY", "FREQ=WEEKLY"),
        ("FREQ=DAILY;BYHOUR=9,8,9,08", "FREQ=DAILY;BYHOUR=8,9"),
        ("FREQ=DAILY;BYSECOND=60,59", "FREQ=DAILY;BYSECOND=59"),
        ("FREQ=MONTHLY;BYDAY=+1MO", "FREQ=MONTHLY;BYDAY=1MO"),
        ("FREQ=DAILY;UNTIL=20240101t0930", "FREQ=DAILY;UNTIL=20240101T093000"),
        ("FREQ=DAILY;UNTIL=20240101T240000Z", "FREQ=DAILY;UNTIL=20240102T000000Z"),
        ("FREQ=DAILY;UNTIL=20240101Z", "FREQ=DAILY;UNTIL=20240101"),
        ("RSCALE=gregory;FREQ=DAILY", "FREQ=DAILY"),
        ("RSCALE=Japanese;FREQ=DAILY", "RSCALE=BUDDHIST;FREQ=DAILY"),
        ("RSCALE=islamicc;FREQ=DAILY", "RSCALE=ISLAMIC-CIVIL;FREQ=DAILY"),
        ("RSCALE=ethioaa;FREQ=DAILY", "RSCALE=ETHIOPIC-AMETE-ALEM;FREQ=DAILY"),
        ("FREQ=YEARLY;BYMONTH=6,5l,5;RSCALE=hebrew", "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5,5L,6"),
        // RFC 7529 §4: it may not stand without RSCALE.
        ("FREQ=MONTHLY;SKIP=FORWARD", "FREQ=MONTHLY"),
    ];
    for (lenient, strict) in same {
        assert_eq!(parse(lenient), parse(strict), "{lenient}");
    }
    assert!(matches!(parse("FREQ=DAILY;UNTIL=20240101T090000").until, Some(Until::Local(_))));
    assert!(matches!(parse("FREQ=DAILY;UNTIL=20240101T090000Z").until, Some(Until::Utc(_))));
    assert!(matches!(parse("FREQ=DAILY;UNTIL=20240101").until, Some(Until::Date(19_723))));
    let both = parse("FREQ=DAILY;COUNT=3;UNTIL=20240101");
    assert!(both.count.is_some() && both.until.is_some());
}

#[test]
fn refuses_by_name() {
    let refused = [
        ("", "no FREQ"),
        ("INTERVAL=2", "no FREQ"),
        ("FREQ=FORTNIGHTLY", "FREQ cannot be read: \"FORTNIGHTLY\""),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL does not allow \"0\""),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL cannot be read"),
        ("FREQ=DAILY;INTERVAL=", "INTERVAL cannot be read"),
        ("FREQ=DAILY;COUNT=0", "COUNT does not allow"),
        ("FREQ=DAILY;BYSECOND=61", "BYSECOND does not allow \"61\""),
        ("FREQ=DAILY;BYMINUTE=60", "BYMINUTE does not allow"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR does not allow"),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR does not allow"),
        ("FREQ=DAILY;BYHOUR=1,,2", "BYHOUR cannot be read"),
        ("FREQ=MONTHLY;BYDAY=54MO", "BYDAY does not allow \"54MO\""),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY does not allow"),
        ("FREQ=MONTHLY;BYDAY=XX", "BYDAY cannot be read"),
        ("FREQ=MONTHLY;BYDAY=1é", "BYDAY cannot be read"),
        ("FREQ=MONTHLY;BYDAY=M", "BYDAY cannot be read"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY does not allow"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY does not allow"),
        ("FREQ=YEARLY;BYYEARDAY=-367", "BYYEARDAY does not allow"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO does not allow"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH does not allow"),
        ("FREQ=YEARLY;BYMONTH=99999999999999999999", "BYMONTH does not allow"),
        ("FREQ=YEARLY;BYSETPOS=367", "BYSETPOS does not allow"),
        ("FREQ=DAILY;WKST=MONDAY", "WKST cannot be read"),
        ("FREQ=DAILY;UNTIL=20240230", "UNTIL does not allow"),
        ("FREQ=DAILY;UNTIL=20240101T250000", "UNTIL does not allow"),
        ("FREQ=DAILY;UNTIL=2024-01-01", "UNTIL cannot be read"),
        ("FREQ=DAILY;BYDAY", "BYDAY cannot be read"),
        ("FREQ=DAILY;BYDAY=MO;BYDAY=TU", "BYDAY occurs twice"),
        ("RSCALE=MAYAN;FREQ=YEARLY;BYMONTH=5L", "RSCALE \"MAYAN\" is not supported"),
        ("RSCALE=;FREQ=YEARLY", "RSCALE cannot be read"),
        ("RSCALE=a b;FREQ=YEARLY", "RSCALE cannot be read"),
        ("RSCALE=PERSIAN;FREQ=YEARLY;BYMONTH=5L", "BYMONTH cannot be read"),
        ("RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=L", "BYMONTH cannot be read"),
        ("RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=13", "BYMONTH does not allow \"13\""),
        ("RSCALE=COPTIC;FREQ=YEARLY;BYMONTH=14", "BYMONTH does not allow \"14\""),
        ("RSCALE=CHINESE;FREQ=YEARLY;BYMONTHDAY=31", "BYMONTHDAY does not allow \"31\""),
        ("RSCALE=CHINESE;FREQ=YEARLY;BYYEARDAY=386", "BYYEARDAY does not allow \"386\""),
        ("RSCALE=ISLAMIC;FREQ=YEARLY;BYWEEKNO=52", "BYWEEKNO does not allow \"52\""),
        ("RSCALE=HEBREW;FREQ=YEARLY;BYDAY=56MO", "BYDAY does not allow \"56MO\""),
    ];
    for (text, reason) in refused {
        let error = Rule::parse(text).expect_err(text).to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
    let scale = Rule::parse("RSCALE=X-Moon;FREQ=YEARLY");
    assert_eq!(scale, Err(RuleError::UnsupportedScale("X-Moon".into())));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = Rule::parse(&text);
    }

    #[test]
    fn no_text_like_a_rule_panics(
        text in "(FREQ=(DAILY|YEARLY|SECONDLY|WEEKLY))?(;(BY(DAY|MONTH|MONTHDAY|YEARDAY|WEEKNO|SETPOS|HOUR)|UNTIL|COUNT|INTERVAL)=[-+0-9MOTUSZé,]{0,12}){0,3}",
        day in any::<i64>(), second in any::<i64>(), date_only: bool,
    ) {
        if let Ok(rule) = Rule::parse(&text) {
            let at = Civil { day, second };
            let mut steps = Steps::new(2_000);
            let _ = rule.instances(at, date_only, at, None).next(&mut steps);
            let _ = rule.last(at, date_only, Some(at), &mut steps);
            prop_assert!(steps.used() <= 2_000);
        }
    }
}
