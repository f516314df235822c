//! The iCalendar reader, the check of an object and its typed values (`format/ical`).
//!
//! Promises: components nest inside each other and tile their bytes; what one line says does not
//! depend on how it is folded; an object that may be stored keeps that right when it is written
//! out again; faults are short and name a line of the text; with other VTIMEZONEs it is a calendar
//! still, and nothing else in it has changed.

use davenport::domain::calendar::examine;
use davenport::format::ical::object::check_resource;
use davenport::format::ical::tailor::Zones;
use davenport::format::ical::{Calendar, Component, value};
use davenport::kernel::limits::{COMPONENT_DEPTH_MAX, COMPONENTS_MAX};

pub const SEEDS: &[&[u8]] = &[
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\\,b\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260101T090000\r\nDURATION:P1DT2H\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:20260102T080000Z\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nSUMMARY:\xc3\xa4\\n\r\n x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTODO\nUID:1\nDUE;VALUE=DATE:20260101\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260101\nEND:VTODO\nEND:VCALENDAR\n",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VFREEBUSY\nUID:1\nDTSTART:20260102T000000Z\nDTEND:20260101T000000Z\nEND:VFREEBUSY\nEND:VCALENDAR\n",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VFREEBUSY\nUID:1\nFREEBUSY:20260101T000000Z/PT1H,20260102T000000Z/20260103T000000Z\nEND:VFREEBUSY\nEND:VCALENDAR",
];

/// What is not in a VTIMEZONE, octet for octet.
fn besides_zones<'t>(calendar: &Calendar<'_>, text: &'t str) -> Vec<&'t str> {
    let children = calendar.root().children().filter(|c| !c.is("VTIMEZONE"));
    children.map(|c| &text[c.span()]).collect()
}

fn tailored(calendar: &Calendar<'_>, text: &str) {
    for wish in [Zones::All, Zones::Unknown] {
        let Some(other) = wish.of(text) else { continue };
        let again = Calendar::parse(other.as_bytes()).unwrap_or_else(|e| panic!("{e}: {other}"));
        assert_eq!(besides_zones(&again, &other), besides_zones(calendar, text));
    }
    let bare = Zones::Unknown.of(text);
    assert!(bare.is_none_or(|bare| Zones::Unknown.of(&bare).is_none()));
}

pub fn run(data: &[u8]) {
    let examined = examine(Some("text/calendar"), data);
    let calendar = match Calendar::parse(data) {
        Ok(calendar) => calendar,
        Err(fault) => {
            super::assert_short(&fault);
            assert!(fault.line <= data.len() + 1 && examined.is_err());
            return;
        }
    };
    let mut count = 0;
    nested(calendar.root(), 1, &mut count);
    assert!(count <= COMPONENTS_MAX);
    assert_eq!(calendar.root().span(), calendar.head()..data.len());
    values(&calendar);
    if let Ok(text) = std::str::from_utf8(data) {
        tailored(&calendar, text);
    }
    let object = match check_resource(&calendar) {
        Ok(object) => object,
        Err(fault) => {
            super::assert_short(&fault);
            assert!(examined.is_err());
            return;
        }
    };
    let uid_only = object.uid.len() > davenport::kernel::limits::UID_MAX;
    assert!(examined.is_ok() || uid_only, "{examined:?}");
    if let Ok(index) = &examined {
        assert_eq!(index.uid.as_deref(), Some(&*object.uid));
        assert!(index.range.is_some_and(|(start, end)| start <= end), "{index:?}");
    }
    // Written out again, unfolded, it is the same object.
    let lines: Vec<&str> = calendar.lines().iter().map(|line| line.text()).collect();
    if lines.iter().any(|line| line.ends_with('\r')) {
        return;
    }
    let text = lines.join("\r\n");
    let again = examine(None, text.as_bytes());
    assert_eq!(format!("{again:?}"), format!("{examined:?}"), "{text}");
}

fn nested(component: Component<'_>, depth: usize, count: &mut usize) {
    *count += 1;
    assert!(depth <= COMPONENT_DEPTH_MAX && *count <= COMPONENTS_MAX);
    let outer = component.span();
    let mut at = outer.start;
    for child in component.children() {
        let inner = child.span();
        assert!(inner.start >= at && inner.end <= outer.end && inner.start < inner.end);
        at = inner.end;
        nested(child, depth + 1, count);
    }
    for line in component.properties() {
        assert!(line.start >= outer.start && line.end <= outer.end);
        assert!(!line.full_name().eq_ignore_ascii_case("BEGIN"));
    }
}

fn values(calendar: &Calendar<'_>) {
    for line in calendar.lines() {
        let text = line.value();
        assert!(value::text(text).len() <= text.len());
        let escaped = text.replace('\\', "\\\\").replace('\n', "\\n").replace(';', "\\;");
        assert_eq!(value::text(&escaped.replace(',', "\\,")), text);
        if let Ok(duration) = value::duration(line) {
            assert!(duration.days.signum() * duration.seconds.signum() >= 0);
            let _ = duration.nominal_seconds();
        }
        if let Ok(moment) = value::moment(line) {
            assert!((0..86_400).contains(&moment.civil.second));
            assert!(!moment.is_date() || moment.civil.second == 0);
        }
        if let Some(offset) = value::utc_offset(text) {
            assert!(offset.abs() < 86_400);
        }
        let _ = value::periods(line).map_err(|fault| super::assert_short(&fault));
    }
}
