//! jCal (`format/ical/jcal.rs`): written from iCalendar, and read.
//!
//! Promises: what is written is read; read and written again it is the same, and holds as many
//! components and properties as before; what a client sends as jCal and is taken is settled after
//! it was written once; faults are short.

use davenport::format::ical::Calendar;
use davenport::format::ical::jcal::{icalendar, jcal};

pub const SEEDS: &[&[u8]] = &[
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nGEO:1.5;2\nREQUEST-STATUS:2.0;ok\nCATEGORIES:a,b\\,c\nRRULE:FREQ=DAILY;UNTIL=20260101T000000Z;BYDAY=MO,TU\nRDATE;VALUE=PERIOD:20260101T000000Z/PT1H\nATTENDEE;MEMBER=\"a\",\"b\":mailto:a\nX-A;VALUE=FLOAT:1.5\nX-B;VALUE=BOOLEAN:TRUE\nTRIGGER:-PT5M\nTZOFFSETTO:+0100\nEND:VEVENT\nEND:VCALENDAR\n",
    br#"["vcalendar",[["version",{},"text","2.0"]],[["vevent",[["uid",{},"text","1"],["geo",{},"float",[1.5,2]],["rrule",{},"recur",{"freq":"DAILY","byday":["MO"],"count":3}],["freebusy",{"fbtype":"FREE"},"period",["1997-03-08T16:00:00Z","P1D"]],["x-a",{"x-b":["c","d"]},"unknown","e"],["dtstart",{"tzid":"Europe/Berlin"},"date-time","2026-01-01T00:00:00"]],[]]]]"#,
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTEND;VALUE=DATE-TIME:20211101T1/3000\nEND:VEVENT\nEND:VCALENDAR\n",
    br#"["vcalendar",[["x-n",{},"integer",1e3,1.0,-1e-7,true,"\n"]],[]]"#,
];

/// Components and properties.
fn lines(text: &str) -> usize {
    Calendar::parse(text.as_bytes()).map_or(0, |calendar| calendar.lines().len())
}

fn settled(text: &str) {
    let Ok(first) = jcal(text) else { return };
    let again = icalendar(first.as_bytes()).unwrap_or_else(|e| panic!("{e}: {first}"));
    assert_eq!(lines(&again), lines(text), "{again}");
    assert_eq!(jcal(&again).as_ref(), Ok(&first), "{again}");
}

pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        settled(text);
    }
    match icalendar(data) {
        Ok(text) => settled(&text),
        Err(fault) => super::assert_short(&fault),
    }
}
