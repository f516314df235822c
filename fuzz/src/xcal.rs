//! xCal (`format/ical/xcal.rs`): written from iCalendar, and read.
//!
//! Promises: what is written is well-formed and is read; read and written again it is the same, and
//! where XML can have all names it holds as many components and properties as before; what a client
//! sends as xCal and is taken is settled after it was written once; faults are short.

use davenport::format::ical::Calendar;
use davenport::format::ical::xcal::{icalendar, stream, xcal};

pub const SEEDS: &[&[u8]] = &[
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nGEO:1.5;2\nREQUEST-STATUS:2.0;ok\nCATEGORIES:a,b\\,c\nRRULE:FREQ=DAILY;UNTIL=20260101T000000Z;BYDAY=MO,TU\nRDATE;VALUE=PERIOD:20260101T000000Z/PT1H\nATTENDEE;RSVP=TRUE;MEMBER=\"a\",\"b\":mailto:a\nX-A;VALUE=FLOAT:1.5\nX-B;VALUE=BOOLEAN:TRUE\nXML:<a xmlns=\"b\"/>\nEND:VEVENT\nEND:VCALENDAR\n",
    br#"<icalendar xmlns="urn:ietf:params:xml:ns:icalendar-2.0"><vcalendar><properties><version><text>2.0</text></version></properties><components><vevent><properties><uid><text>1</text></uid><geo><latitude>1.5</latitude><longitude>2</longitude></geo><rrule><recur><freq>DAILY</freq><byday>MO</byday><byday>TU</byday></recur></rrule><dtstart><parameters><tzid><text>Europe/Berlin</text></tzid></parameters><date-time>2026-01-01T00:00:00</date-time></dtstart><k:a xmlns:k="urn:k">b</k:a><freebusy><period><start>1997-03-08T16:00:00Z</start><duration>P1D</duration></period></freebusy></properties></vevent></components></vcalendar></icalendar>"#,
];

/// Components and properties.
fn lines(text: &str) -> usize {
    Calendar::parse(text.as_bytes()).map_or(0, |calendar| calendar.lines().len())
}

fn settled(text: &str) {
    let Ok(first) = xcal(text) else { return };
    let again = match icalendar(first.as_bytes()) {
        Ok(again) => again,
        // An object of very many properties is more than one document may hold.
        Err(fault) if fault.to_string().contains("more than") => return,
        Err(fault) => panic!("{fault}: {first}"),
    };
    assert!(lines(&again) <= lines(text), "{again}");
    assert_eq!(xcal(&again).as_ref(), Ok(&first), "{again}");
}

pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        settled(text);
    }
    match icalendar(data) {
        Ok(text) => {
            assert_eq!(stream(data).as_ref(), Ok(&text));
            settled(&text);
        }
        Err(fault) => super::assert_short(&fault),
    }
}
