//! The examples of RFC 5545 §3.8.5.3, and those of its text.

use super::*;

/// Rule, start, expected instances as `year: month day…; …` groups with one time, or full
/// moments. A trailing `...` means that the rule goes on.
const EXAMPLES: &[(&str, &str, &str)] = &[
    ("FREQ=DAILY;COUNT=10", "19970902T090000", "1997: 9 2-11"),
    (
        "FREQ=DAILY;UNTIL=19971224T000000Z",
        "19970902T090000",
        "1997: 9 2-30; 10 1-31; 11 1-30; 12 1-23",
    ),
    (
        "FREQ=DAILY;INTERVAL=2",
        "19970902T090000",
        "1997: 9 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30; \
         10 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30; \
         11 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29; 12 1,3 ...",
    ),
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", "19970902T090000", "1997: 9 2,12,22; 10 2,12"),
    (
        "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
        "19980101T090000",
        "1998: 1 1-31 | 1999: 1 1-31 | 2000: 1 1-31",
    ),
    (
        "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1",
        "19980101T090000",
        "1998: 1 1-31 | 1999: 1 1-31 | 2000: 1 1-31",
    ),
    ("FREQ=WEEKLY;COUNT=10", "19970902T090000", "1997: 9 2,9,16,23,30; 10 7,14,21,28; 11 4"),
    (
        "FREQ=WEEKLY;UNTIL=19971224T000000Z",
        "19970902T090000",
        "1997: 9 2,9,16,23,30; 10 7,14,21,28; 11 4,11,18,25; 12 2,9,16,23",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
        "19970902T090000",
        "1997: 9 2,16,30; 10 14,28; 11 11,25; 12 9,23 | 1998: 1 6,20; 2 3,17 ...",
    ),
    (
        "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH",
        "19970902T090000",
        "1997: 9 2,4,9,11,16,18,23,25,30; 10 2",
    ),
    (
        "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
        "19970902T090000",
        "1997: 9 2,4,9,11,16,18,23,25,30; 10 2",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
        "19970901T090000",
        "1997: 9 1,3,5,15,17,19,29; 10 1,3,13,15,17,27,29,31; 11 10,12,14,24,26,28; \
         12 8,10,12,22",
    ),
    (
        "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        "19970902T090000",
        "1997: 9 2,4,16,18,30; 10 2,14,16",
    ),
    (
        "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
        "19970905T090000",
        "1997: 9 5; 10 3; 11 7; 12 5 | 1998: 1 2; 2 6; 3 6; 4 3; 5 1; 6 5",
    ),
    (
        "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
        "19970905T090000",
        "1997: 9 5; 10 3; 11 7; 12 5",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "19970907T090000",
        "1997: 9 7,28; 11 2,30 | 1998: 1 4,25; 3 1,29; 5 3,31",
    ),
    (
        "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        "19970922T090000",
        "1997: 9 22; 10 20; 11 17; 12 22 | 1998: 1 19; 2 16",
    ),
    (
        "FREQ=MONTHLY;BYMONTHDAY=-3",
        "19970928T090000",
        "1997: 9 28; 10 29; 11 28; 12 29 | 1998: 1 29; 2 26 ...",
    ),
    (
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
        "19970902T090000",
        "1997: 9 2,15; 10 2,15; 11 2,15; 12 2,15 | 1998: 1 2,15",
    ),
    (
        "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        "19970930T090000",
        "1997: 9 30; 10 1,31; 11 1,30; 12 1,31 | 1998: 1 1,31; 2 1",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        "19970910T090000",
        "1997: 9 10-15 | 1999: 3 10-13",
    ),
    (
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
        "19970902T090000",
        "1997: 9 2,9,16,23,30; 11 4,11,18,25 | 1998: 1 6,13,20,27; 3 3,10,17,24,31 ...",
    ),
    (
        "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
        "19970610T090000",
        "1997: 6 10; 7 10 | 1998: 6 10; 7 10 | 1999: 6 10; 7 10 | 2000: 6 10; 7 10 | \
         2001: 6 10; 7 10",
    ),
    (
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
        "19970310T090000",
        "1997: 3 10 | 1999: 1 10; 2 10; 3 10 | 2001: 1 10; 2 10; 3 10 | 2003: 1 10; 2 10; 3 10",
    ),
    (
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "19970101T090000",
        "1997: 1 1; 4 10; 7 19 | 2000: 1 1; 4 9; 7 18 | 2003: 1 1; 4 10; 7 19 | 2006: 1 1",
    ),
    ("FREQ=YEARLY;BYDAY=20MO", "19970519T090000", "1997: 5 19 | 1998: 5 18 | 1999: 5 17 ..."),
    (
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
        "19970512T090000",
        "1997: 5 12 | 1998: 5 11 | 1999: 5 17 ...",
    ),
    (
        "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
        "19970313T090000",
        "1997: 3 13,20,27 | 1998: 3 5,12,19,26 | 1999: 3 4,11,18,25 ...",
    ),
    (
        "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
        "19970605T090000",
        "1997: 6 5,12,19,26; 7 3,10,17,24,31; 8 7,14,21,28 | \
         1998: 6 4,11,18,25; 7 2,9,16,23,30; 8 6,13,20,27 | \
         1999: 6 3,10,17,24; 7 1,8,15,22,29; 8 5,12,19,26 ...",
    ),
    (
        "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "19970902T090000",
        "1998: 2 13; 3 13; 11 13 | 1999: 8 13 | 2000: 10 13 ...",
    ),
    (
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
        "19970913T090000",
        "1997: 9 13; 10 11; 11 8; 12 13 | 1998: 1 10; 2 7; 3 7; 4 11; 5 9; 6 13 ...",
    ),
    (
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "19961105T090000",
        "1996: 11 5 | 2000: 11 7 | 2004: 11 2 ...",
    ),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904T090000", "1997: 9 4; 10 7; 11 6"),
    (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "19970929T090000",
        "1997: 9 29; 10 30; 11 27; 12 30 | 1998: 1 29; 2 26; 3 30 ...",
    ),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805T090000", "1997: 8 5,10,19,24"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805T090000", "1997: 8 5,17,19,31"),
    ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "20070115T090000", "2007: 1 15,30; 2 15; 3 15,30"),
];

/// Rules whose instances are several on a day: rule, start, instances, whether it goes on.
const TIMES: &[(&str, &str, &[&str], bool)] = &[
    (
        // The RFC means 17:00 local time, though it writes 17:00 UTC.
        "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z",
        "19970902T090000",
        &["19970902T090000", "19970902T120000", "19970902T150000"],
        false,
    ),
    (
        "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
        "19970902T090000",
        &[
            "19970902T090000",
            "19970902T091500",
            "19970902T093000",
            "19970902T094500",
            "19970902T100000",
            "19970902T101500",
        ],
        false,
    ),
    (
        "FREQ=MINUTELY;INTERVAL=90;COUNT=4",
        "19970902T090000",
        &["19970902T090000", "19970902T103000", "19970902T120000", "19970902T133000"],
        false,
    ),
    (
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYDAY=SU;BYHOUR=8,9;BYMINUTE=30",
        "19970105T083000",
        &[
            "19970105T083000",
            "19970105T093000",
            "19970112T083000",
            "19970112T093000",
            "19970119T083000",
            "19970119T093000",
            "19970126T083000",
            "19970126T093000",
            "19990103T083000",
        ],
        true,
    ),
];

fn expand(text: &str, second: i64) -> Vec<Civil> {
    let mut all = Vec::new();
    for year in text.trim_end_matches("...").split('|') {
        let (year, months) = year.split_once(':').unwrap();
        let year = year.trim().parse().unwrap();
        for month in months.split(';') {
            let (month, days) = month.trim().split_once(' ').unwrap();
            let month = month.parse().unwrap();
            for span in days.split(',') {
                let (a, b) = span.trim().split_once('-').unwrap_or((span.trim(), span.trim()));
                for day in a.parse::<i64>().unwrap()..=b.parse().unwrap() {
                    all.push(Civil::new(year, month, day, second));
                }
            }
        }
    }
    all
}

fn check(text: &str, start: &str, expected: &[Civil], goes_on: bool) {
    let rule = Rule::parse(text).unwrap();
    let (start, _) = moment(start);
    let mut found = take(&rule, start, false, start, bound(&rule), expected.len() + 1);
    if goes_on {
        assert_eq!(found.len(), expected.len() + 1, "{text} ends");
        found.pop();
    }
    assert_eq!(found, expected, "{text}");
}

#[test]
fn examples_of_rfc_5545() {
    for (text, start, expected) in EXAMPLES {
        let second = moment(start).0.second;
        check(text, start, &expand(expected, second), expected.ends_with("..."));
    }
    for (text, start, expected, goes_on) in TIMES {
        let expected: Vec<Civil> = expected.iter().map(|at| moment(at).0).collect();
        check(text, start, &expected, *goes_on);
    }
}

#[test]
fn every_twenty_minutes_of_the_working_day_in_both_ways() {
    let (start, _) = moment("19970902T090000");
    let daily = "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40";
    let minutely = "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16";
    let expected: Vec<Civil> = (0..10)
        .flat_map(|day| (27..51).map(move |n| (start.day + day, n * 1_200)))
        .map(|(day, second)| Civil { day, second })
        .collect();
    for text in [daily, minutely] {
        let rule = Rule::parse(text).unwrap();
        assert_eq!(take(&rule, start, false, start, None, 240), expected, "{text}");
    }
}
