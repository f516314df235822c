//! What iCalendar and recurrence cost a core, beside a floor: `cargo bench --bench format`.
//!
//! Each row is the best of many short turns, so that other work on the machine hardly counts; the
//! factor is what it takes more than the floor, which is `memchr` counting the lines of the same
//! bytes (for texts) or reading the clock's bare arithmetic (for expansion: one step of a loop).
//! The aims are those of the design: they are told, and fail the run with `--strict` only.

use davenport::domain::calendar::examine;
use davenport::format::civil::Civil;
use davenport::format::ical::Calendar;
use davenport::format::ical::expand::occurrences;
use davenport::format::ical::object::check_resource;
use davenport::format::line::Lines;
use davenport::format::recur::{Rule, Steps};
use davenport::format::tz::Zone;
use davenport::kernel::limits::RECURRENCE_STEPS_OBJECT;
use std::fmt::Write as _;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

fn main() {
    let quick = std::env::args().any(|arg| arg == "--quick" || arg == "--test");
    let strict = std::env::args().any(|arg| arg == "--strict");
    let turns = if quick { 3 } else { 60 };
    let mut missed = 0;
    println!("| what | measured | aim | x floor |\n|---|---|---|---|");
    texts(turns, &mut missed);
    expansion(turns, &mut missed);
    println!("\n{missed} aims missed");
    if strict && missed > 0 {
        std::process::exit(1);
    }
}

/// The shortest time of one call, over turns of a few milliseconds each.
fn best<T>(turns: usize, mut work: impl FnMut() -> T) -> Duration {
    let once = {
        let begun = Instant::now();
        black_box(work());
        begun.elapsed()
    };
    let calls = (3_000_000 / once.as_nanos().max(1)).clamp(1, 20_000) as u32;
    let turn = |work: &mut dyn FnMut() -> T| {
        let begun = Instant::now();
        for _ in 0..calls {
            black_box(work());
        }
        begun.elapsed() / calls
    };
    (0..turns).map(|_| turn(&mut work)).min().unwrap_or(once)
}

fn texts(turns: usize, missed: &mut usize) {
    let objects = [
        ("a meeting of 1.3 KB", meeting()),
        ("a series with 200 overrides", series()),
        ("an invitation with 500 attendees", crowd()),
    ];
    for (name, text) in &objects {
        let bytes = text.as_bytes();
        let floor = best(turns, || memchr::memchr_iter(b'\n', bytes).count());
        let mut row = |what: &str, took: Duration, aim: f64| {
            let speed = bytes.len() as f64 / took.as_secs_f64() / 1e6;
            let factor = took.as_secs_f64() / floor.as_secs_f64();
            let met = speed >= aim;
            *missed += usize::from(!met);
            let mark = if met { "met" } else { "MISSED" };
            println!("| {name}: {what} | {speed:.0} MB/s | {aim:.0} MB/s: {mark} | {factor:.0} |");
        };
        let lines = best(turns, || Lines::new(bytes).filter(Result::is_ok).count());
        row("scanned into lines", lines, 300.0);
        let checked = best(turns, || {
            let calendar = Calendar::parse(bytes).expect("a calendar");
            check_resource(&calendar).expect("an object").overrides.len()
        });
        row("parsed and validated", checked, 80.0);
        let indexed =
            best(turns, || examine(Some("text/calendar"), bytes).expect("an index").range);
        row("validated and indexed", indexed, 80.0);
    }
}

fn expansion(turns: usize, missed: &mut usize) {
    let floor = best(turns, || (0..365_i64).fold(0, |sum, day| black_box(sum + day * 86_400)));
    let mut row = |what: &str, took: Duration, aim: f64| {
        let micros = took.as_secs_f64() * 1e6;
        let factor = took.as_secs_f64() / floor.as_secs_f64();
        let met = micros <= aim;
        *missed += usize::from(!met);
        let mark = if met { "met" } else { "MISSED" };
        println!("| {what} | {micros:.2} us | {aim:.0} us: {mark} | {factor:.1} |");
    };
    for zone in ["UTC", "Europe/Berlin"] {
        let text = daily(zone);
        let calendar = Calendar::parse(text.as_bytes()).expect("a calendar");
        let object = check_resource(&calendar).expect("an object");
        let zones = calendar.zones(Zone::utc());
        let year = Civil::new(2027, 1, 1, 0).seconds()..Civil::new(2028, 1, 1, 0).seconds();
        let took = best(turns, || {
            let mut count = 0;
            let visit = &mut |_: davenport::format::ical::expand::Occurrence<'_>| {
                count += 1;
                ControlFlow::Continue(())
            };
            occurrences(&object, &zones, year.clone(), &mut Steps::new(10_000), visit)
                .expect("few steps");
            assert_eq!(count, 365);
        });
        row(&format!("a year of a daily event, {zone}"), took, 30.0);
    }
    for text in [
        "FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=MO,WE,FR",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=YEARLY",
        "FREQ=DAILY;COUNT=90000",
        "RSCALE=CHINESE;FREQ=MONTHLY",
        "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;SKIP=FORWARD",
        "RSCALE=ISLAMIC-UMALQURA;FREQ=YEARLY",
        "RSCALE=PERSIAN;FREQ=MONTHLY;BYDAY=1FR;COUNT=10000",
    ] {
        let rule = Rule::parse(text).expect("a rule");
        let start = Civil::new(1970, 1, 5, 32_400);
        let from = Civil::new(2090, 3, 6, 0);
        let last = Civil { day: from.day + 6, second: 86_399 };
        let took = best(turns, || {
            let mut steps = Steps::new(1_000);
            let mut walk = rule.instances(start, false, from, Some(last));
            while let Ok(Some(at)) = walk.next(&mut steps) {
                black_box(at);
            }
        });
        row(&format!("a week of 2090 of {text} from 1970"), took, 5.0);
    }
    hostile(turns.min(5), &mut row);
}

/// Rules that never match, or hardly: what one object may take before it is given up.
fn hostile(turns: usize, row: &mut dyn FnMut(&str, Duration, f64)) {
    let every_other: Vec<String> = (1..=365).step_by(2).map(|n| n.to_string()).collect();
    let long = format!("FREQ=YEARLY;BYYEARDAY={};BYMONTH=1;BYMONTHDAY=2", every_other.join(","));
    for text in [
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYSETPOS=2;BYSECOND=1,2;BYMONTHDAY=31;BYMONTH=4",
        &long,
        "RSCALE=CHINESE;FREQ=SECONDLY;BYMONTH=1;BYYEARDAY=300",
        "RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=12L;BYMONTHDAY=30;BYDAY=1MO",
        "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=1L,2L,3L,4L,6L,7L,8L,9L;BYYEARDAY=385",
        "RSCALE=DANGI;FREQ=YEARLY;BYWEEKNO=1,2,3,50,55;BYMONTH=6;BYDAY=SU",
        "RSCALE=DANGI;FREQ=DAILY;BYWEEKNO=55;BYMONTH=6",
        "RSCALE=PERSIAN;FREQ=MONTHLY;BYDAY=53FR;COUNT=4000",
    ] {
        let rule = Rule::parse(text).expect("a rule");
        let start = Civil::new(1970, 1, 5, 32_400);
        let took = best(turns, || {
            let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
            let mut walk = rule.instances(start, false, start, None);
            while let Ok(Some(at)) = walk.next(&mut steps) {
                black_box(at);
            }
        });
        let shown: String = text.chars().take(60).collect();
        row(&format!("the end of {shown}"), took, 50_000.0);
    }
}

fn calendar(inside: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Davenport//bench//EN\nCALSCALE:GREGORIAN\n{ZONE}{inside}END:VCALENDAR\n")
        .replace('\n', "\r\n")
}

const ZONE: &str = "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:DAYLIGHT\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
TZNAME:CEST\nDTSTART:19700329T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\nBEGIN:STANDARD\n\
TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nTZNAME:CET\nDTSTART:19701025T030000\n\
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n";

const HEAD: &str = "UID:7d3f1a52-9c0e-4c43-9f0b-0a4b2f6de3aa\nDTSTAMP:20260101T120000Z\nCREATED:20260101T120000Z\n\
LAST-MODIFIED:20260102T080000Z\nSEQUENCE:2\n";

fn meeting() -> String {
    calendar(&format!(
        "BEGIN:VEVENT\n{HEAD}DTSTART;TZID=Europe/Berlin:20260302T093000\nDTEND;TZID=Europe/Berlin:20260302T101500\n\
RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261231T225959Z\nSUMMARY:Weekly review of the open questions\nLOCATION:Room 3.14\\, second floor\n\
DESCRIPTION:What was done\\, what is next\\, and what stands in the way.\\nBring n\n umbers.\nORGANIZER;CN=Ann Example:mailto:ann@example.org\n\
ATTENDEE;CN=\"Example, Bob\";PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:mailto:bob@exa\n mple.org\n\
BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Reminder\nTRIGGER:-PT15M\nEND:VALARM\nEND:VEVENT\n"
    ))
}

fn series() -> String {
    let mut text = format!(
        "BEGIN:VEVENT\n{HEAD}DTSTART;TZID=Europe/Berlin:20260302T093000\nDTEND;TZID=Europe/Berlin:20260302T101500\n\
RRULE:FREQ=DAILY\nSUMMARY:Stand-up\nEND:VEVENT\n"
    );
    for day in 0..200 {
        let at = Civil { day: Civil::new(2026, 3, 2, 0).day + day, second: 0 }.date();
        let at = format!("{:04}{:02}{:02}", at.0, at.1, at.2);
        let _ = write!(
            text,
            "BEGIN:VEVENT\n{HEAD}RECURRENCE-ID;TZID=Europe/Berlin:{at}T093000\n\
DTSTART;TZID=Europe/Berlin:{at}T140000\nDTEND;TZID=Europe/Berlin:{at}T144500\nSUMMARY:Stand-up\\, moved\nEND:VEVENT\n"
        );
    }
    calendar(&text)
}

fn crowd() -> String {
    let mut text = format!(
        "BEGIN:VEVENT\n{HEAD}DTSTART:20260302T093000Z\nDURATION:PT45M\nSUMMARY:All hands\n"
    );
    for n in 0..500 {
        let _ = write!(
            text,
            "ATTENDEE;CN=\"Person Number {n}, Department\";PARTSTAT=NEEDS-ACTION;RSVP=TRUE;ROLE=R\n EQ-PARTICIPANT:mailto:person{n}@example.org\n"
        );
    }
    calendar(&format!("{text}END:VEVENT\n"))
}

fn daily(zone: &str) -> String {
    calendar(&format!(
        "BEGIN:VEVENT\n{HEAD}DTSTART;TZID={zone}:20200101T093000\nDURATION:PT45M\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
    ))
}
