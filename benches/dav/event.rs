//! The events: 70 % single, 20 % weekly twenty times with two overrides, 10 % of a whole day, 1.2
//! to 1.6 KB each, spread over two years; and how many of them meet the month that is queried. The
//! first [`QUIET`] of them lie a year earlier, so that one month has as many in every collection.
//!
//! Invariant: event `i` is the same in every run. Hours lie between 8 and 18 of the zone, so no
//! instance comes near midnight and the day alone says whether it meets the month.

use jiff::civil::{Date, date};
use jiff::{Span, ToSpan as _};
use std::fmt::Write as _;

/// The month that is queried, as CALDAV:time-range writes it.
pub const MONTH: (&str, &str) = ("20251001T000000Z", "20251101T000000Z");

/// A month in which [`QUIET`] events begin, however many there are, and the year that has only these.
pub const QUIET_MONTH: (&str, &str) = ("20240301T000000Z", "20240401T000000Z");
pub const QUIET_YEAR: (&str, &str) = ("20240101T000000Z", "20250101T000000Z");
/// How many they are; the first one begins so, and nothing else meets it.
pub const QUIET: usize = 64;
pub const QUIET_FIRST: &str = "20240301T073000Z/";

/// Days that the events begin on.
const DAYS: usize = 730;
/// Instances of a weekly event.
const WEEKS: i64 = 20;
/// Those of them that are moved by an hour.
const MOVED: [i64; 2] = [3, 7];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Single,
    Weekly,
    WholeDay,
}

fn kind(i: usize) -> Kind {
    match i % 10 {
        0..=6 => Kind::Single,
        7 | 8 => Kind::Weekly,
        _ => Kind::WholeDay,
    }
}

fn first_day(i: usize) -> Date {
    if i < QUIET {
        return date(2024, 3, 1) + Span::new().days((i * 7 % 31) as i64);
    }
    let days = (i * 7919 + i / DAYS) % DAYS;
    date(2025, 1, 1) + Span::new().days(days as i64)
}

fn in_month(day: Date) -> bool {
    (day.year(), day.month()) == (2025, 10)
}

/// How many of the first `count` events have an instance in the month.
pub fn in_the_month(count: usize) -> usize {
    let meets = |i: &usize| {
        let first = first_day(*i);
        let weeks = if kind(*i) == Kind::Weekly { WEEKS } else { 1 };
        (0..weeks).any(|week| in_month(first + week.weeks()))
    };
    (0..count).filter(meets).count()
}

const HEAD: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//Benchmark//EN\r\n";
const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n\
BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n\
DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n\
BEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\n\
DTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n\
END:VTIMEZONE\r\n";

/// Event `i` with this UID; another `revision` is another content of the same length.
pub fn event(i: usize, uid: &str, revision: u64) -> Vec<u8> {
    let (day, hour) = (first_day(i), 8 + i % 9);
    let mut main = String::with_capacity(2048);
    let out = &mut main;
    let stamp = format!("DTSTAMP:20250101T{:06}Z\r\n", 90_000 + i % 1000);
    let _ = write!(out, "BEGIN:VEVENT\r\nUID:{uid}\r\n{stamp}SEQUENCE:{revision:08}\r\n");
    let at = |day: Date, hour: usize| format!("{}T{hour:02}3000", day.strftime("%Y%m%d"));
    match kind(i) {
        Kind::WholeDay => {
            let next = day + 1.days();
            let (from, to) = (day.strftime("%Y%m%d"), next.strftime("%Y%m%d"));
            let _ = write!(out, "DTSTART;VALUE=DATE:{from}\r\nDTEND;VALUE=DATE:{to}\r\n");
        }
        _ => {
            let _ =
                write!(out, "DTSTART;TZID=Europe/Berlin:{}\r\nDURATION:PT45M\r\n", at(day, hour));
        }
    }
    if kind(i) == Kind::Weekly {
        let _ = write!(out, "RRULE:FREQ=WEEKLY;COUNT={WEEKS}\r\n");
    }
    let _ = write!(out, "SUMMARY:Review of project {i} & budget\r\nLOCATION:Room {}\r\n", i % 40);
    let alarm =
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Soon\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n";
    let mut overrides = String::new();
    if kind(i) == Kind::Weekly {
        for week in MOVED {
            let day = day + week.weeks();
            let _ = write!(
                overrides,
                "BEGIN:VEVENT\r\nUID:{uid}\r\n{stamp}RECURRENCE-ID;TZID=Europe/Berlin:{}\r\n\
                 DTSTART;TZID=Europe/Berlin:{}\r\nDURATION:PT45M\r\nSUMMARY:Moved\r\nEND:VEVENT\r\n",
                at(day, hour),
                at(day, hour + 1)
            );
        }
    }
    let zone = if kind(i) == Kind::WholeDay { "" } else { ZONE };
    let tail = format!("{alarm}END:VEVENT\r\n{overrides}END:VCALENDAR\r\n");
    let fixed = HEAD.len() + zone.len() + main.len() + tail.len();
    describe(&mut main, (1_200 + i * 37 % 400).saturating_sub(fixed));
    [HEAD, zone, &main, &tail].concat().into_bytes()
}

/// A whole calendar of so many events.
pub fn whole(events: usize, uid: fn(usize) -> String) -> Vec<u8> {
    let mut all = [HEAD, ZONE].concat().into_bytes();
    for i in 0..events {
        let one = event(i, &uid(i), 0);
        let from = memchr::memmem::find(&one, b"BEGIN:VEVENT").unwrap_or(0);
        let to = memchr::memmem::rfind(&one, b"END:VCALENDAR").unwrap_or(one.len());
        all.extend_from_slice(&one[from..to]);
    }
    all.extend_from_slice(b"END:VCALENDAR\r\n");
    all
}

/// A folded description (RFC 5545 §3.1) of about so many octets.
fn describe(out: &mut String, octets: usize) {
    const LINE: &str = "The minutes of last time - what is left to do <soon> - and who does it. ";
    let end = out.len() + octets;
    out.push_str("DESCRIPTION:");
    let mut first = true;
    while out.len() + 3 < end {
        out.push_str(if first { "" } else { "\r\n " });
        let left = end.saturating_sub(out.len() + 2);
        out.push_str(LINE.get(..left.min(if first { 60 } else { LINE.len() })).unwrap_or(LINE));
        first = false;
    }
    out.push_str("\r\n");
}
