//! Recurrence rules: text, instances, the last one (`format/recur`). The first line of the input
//! is the start, `YYYYMMDD` or `YYYYMMDDTHHMMSS`; the rest is the rule.
//!
//! Promises: the spelling and order of a rule's parts do not matter; instances grow, lie between
//! start and end, and cost at least a step each; beginning at any of them gives the rest; the last
//! one is the last one.

use davenport::format::civil::Civil;
use davenport::format::ical::value::Moment;
use davenport::format::recur::{Rule, Steps};

pub const SEEDS: &[&[u8]] = &[
    b"19970902T090000\nFREQ=MONTHLY;BYDAY=1MO,-1FR;BYSETPOS=1,-1;COUNT=10",
    b"19970902\nFREQ=YEARLY;INTERVAL=2;BYMONTH=1,3;BYMONTHDAY=31,-1;SKIP=FORWARD;RSCALE=GREGORIAN",
    b"20240229T000000\nFREQ=YEARLY;BYWEEKNO=53,-1;BYDAY=SU;WKST=SU;UNTIL=20400101T000000Z",
    b"20240229T235959\nFREQ=SECONDLY;BYSECOND=59,0;BYMINUTE=0,59;BYHOUR=23;BYYEARDAY=-1,366",
    b"20240101T000000\nFREQ=WEEKLY;BYDAY=MO,TU;BYMONTHDAY=1;INTERVAL=3;UNTIL=20500101",
    b"20240131\nFREQ=HOURLY;INTERVAL=7;BYMONTH=2;COUNT=400",
    b"20140208\nRSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L,6;BYMONTHDAY=30,-1;SKIP=FORWARD;COUNT=9",
    b"20131025\nRSCALE=CHINESE;FREQ=YEARLY;BYMONTH=9L,12L;BYMONTHDAY=10;SKIP=BACKWARD;UNTIL=20400101",
    b"20140920T120000\nRSCALE=DANGI;FREQ=MONTHLY;INTERVAL=5;BYDAY=-1MO,TU;BYSETPOS=1",
    b"20140910\nRSCALE=COPTIC;FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=-1,6;SKIP=FORWARD",
    b"20130709\nRSCALE=ISLAMIC-UMALQURA;FREQ=YEARLY;BYWEEKNO=1,51;BYDAY=FR;BYYEARDAY=355,-1;COUNT=5",
    b"20150321\nRSCALE=PERSIAN;FREQ=DAILY;BYMONTH=12;BYMONTHDAY=30;COUNT=4",
    b"20240101T010203\nFREQ=DAILY;BYHOUR=1,2,3;BYSETPOS=-1,2;UNTIL=20250101T000000",
];

const STEPS: u64 = 3_000;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (start, rule_text) = text.split_once('\n').unwrap_or(("20240229T123456", text));
    let rule = match Rule::parse(rule_text) {
        Ok(rule) => rule,
        Err(error) => return super::assert_short(&error),
    };
    spelling(rule_text, &rule);
    let Some(moment) = Moment::read(start, None, false) else { return };
    for date_only in [moment.is_date(), true] {
        walk(&rule, moment.civil, date_only);
    }
}

fn spelling(text: &str, rule: &Rule) {
    assert_eq!(Rule::parse(&text.to_ascii_lowercase()).as_ref(), Ok(rule));
    let mut parts: Vec<&str> = text.split(';').collect();
    parts.reverse();
    assert_eq!(Rule::parse(&parts.join(" ; ")).as_ref(), Ok(rule), "{text}");
    for list in [&rule.by_month_day, &rule.by_year_day, &rule.by_week_no, &rule.by_set_pos] {
        assert!(list.is_sorted() && !list.contains(&0));
    }
    assert!(rule.interval >= 1 && rule.count != Some(0));
}

/// The instances from a moment on, and whether they came to an end.
fn list(
    rule: &Rule,
    start: Civil,
    date_only: bool,
    from: Civil,
    last: Option<Civil>,
) -> (Vec<Civil>, bool) {
    let mut steps = Steps::new(STEPS);
    let mut walk = rule.instances(start, date_only, from, last);
    let mut found: Vec<Civil> = Vec::new();
    let ended = loop {
        match walk.next(&mut steps) {
            Ok(Some(at)) if found.len() < 200 => found.push(at),
            other => break other == Ok(None),
        }
    };
    assert!(steps.used() <= STEPS && found.len() as u64 <= steps.used());
    assert!(found.windows(2).all(|pair| pair[0] < pair[1]), "{rule:?}");
    let floor = if date_only { Civil { second: 0, ..start } } else { start };
    assert!(found.iter().all(|at| *at >= floor && (0..86_400).contains(&at.second)));
    assert!(!date_only || found.iter().all(|at| at.second == 0));
    (found, ended)
}

fn walk(rule: &Rule, start: Civil, date_only: bool) {
    let (all, ended) = list(rule, start, date_only, start, None);
    if let Some(count) = rule.count {
        assert!(all.len() as u64 <= count);
    }
    for at in [all.len() / 2, all.len().saturating_sub(1)] {
        let Some(from) = all.get(at) else { continue };
        let (rest, _) = list(rule, start, date_only, *from, None);
        let seen = all.get(at..).unwrap_or_default();
        let same = rest.iter().zip(seen).all(|(a, b)| a == b);
        assert!(same, "{rule:?} from {from:?}: {rest:?}, stepping {seen:?}");
        let (until, done) = list(rule, start, date_only, start, Some(*from));
        assert!(!done || until.len() == at + 1, "{rule:?} until {from:?}: {until:?}");
    }
    let mut steps = Steps::new(20 * STEPS);
    if let (true, Ok(Some(last))) = (ended, rule.last(start, date_only, None, &mut steps)) {
        let floor = if date_only { Civil { second: 0, ..start } } else { start };
        assert_eq!(last, all.last().copied().unwrap_or(floor), "{rule:?}");
    }
    assert!(steps.used() <= 20 * STEPS);
}
