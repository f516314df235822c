//! Instances, extent and the time-range test of objects (`format/ical/expand`).
//!
//! Promises: the meter bounds the work and the number of instances; every instance lies in the
//! extent, and in the range that the index keeps whatever zone floating times are read in; a
//! window is tested as it is listed; two halves of a window hold what the whole holds.

use davenport::domain::calendar::examine;
use davenport::format::ical::Calendar;
use davenport::format::ical::expand::{extent, occurrences, overlaps};
use davenport::format::ical::object::{Kind, Object, check_resource};
use davenport::format::recur::{Steps, TooMuchWork};
use davenport::format::tz::{Zone, Zones};
use std::ops::{ControlFlow, Range};

pub const SEEDS: &[&[u8]] = &[
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Berlin:20260328T023000\nDTEND;TZID=Europe/Berlin:20260328T040000\nRRULE:FREQ=DAILY;COUNT=5\nRDATE;VALUE=PERIOD:20260401T000000Z/P3D\nEXDATE;VALUE=DATE:20260330\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260331T003000Z\nDTSTART:20260402T000000Z\nEND:VEVENT\nEND:VCALENDAR\n",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:3\nRRULE:FREQ=WEEKLY;UNTIL=20120730T0659Z\nDTSTART:20120326T110000\nEND:VEVENT\nEND:VCALENDAR",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART:28120801T050000\nDTEND:20120801T060000\nRRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260101\nRRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=-1;SKIP=FORWARD;UNTIL=20280101\nEND:VEVENT\nEND:VCALENDAR\n",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260101\nRRULE:RSCALE=X-MOON;FREQ=YEARLY\nRDATE;VALUE=DATE:20270120\nEND:VEVENT\nEND:VCALENDAR\n",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260101\nRRULE:RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;SKIP=FORWARD\nRDATE;VALUE=DATE:20270120\nEND:VEVENT\nEND:VCALENDAR\n",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTODO\nUID:1\nCREATED:20260101T000000Z\nCOMPLETED:20260103T000000Z\nEND:VTODO\nEND:VCALENDAR\n",
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:own\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=own:20260101T090000\nRRULE:FREQ=WEEKLY\nRDATE;TZID=own:20260801T090000\nEND:VEVENT\nEND:VCALENDAR\n",
];

/// Steps of one question; small, so that many inputs can be tried.
const STEPS: u64 = 2_000;

/// What is compared of an instance.
type Found = (i64, i64, Option<i64>);

pub fn run(data: &[u8]) {
    let Ok(calendar) = Calendar::parse(data) else { return };
    let Ok(object) = check_resource(&calendar) else { return };
    let index = examine(None, data).ok().and_then(|index| index.range);
    for name in ["UTC", "America/New_York", "Pacific/Kiritimati"] {
        let Some(zone) = Zone::named(name) else { return };
        let zones = calendar.zones(zone);
        check(&object, &zones, index);
    }
}

fn check(object: &Object<'_>, zones: &Zones, index: Option<(i64, i64)>) {
    let mut steps = Steps::new(STEPS);
    let extent = extent(object, zones, &mut steps);
    assert!(steps.used() <= STEPS);
    let (all, whole) = list(object, zones, i64::MIN..i64::MAX);
    if let Ok(extent) = &extent {
        assert!(extent.first_start <= extent.last_end, "{extent:?}");
        for (start, end, _) in &all {
            let inside = *start >= extent.first_start && *end <= extent.last_end;
            assert!(inside, "{start}..{end} outside {extent:?}");
        }
    }
    if let Some((first, last)) = index {
        let inside = all.iter().all(|(start, end, _)| *start >= first && *end <= last);
        assert!(inside, "an instance outside of the indexed {first}..{last}");
    }
    let from = all.first().map_or(0, |(start, ..)| *start);
    for (low, high) in [(from, from + 1), (from - 86_400, from + 40 * 86_400), (i64::MIN, from)] {
        let window = low..high;
        let (found, result) = list(object, zones, window.clone());
        let mut steps = Steps::new(STEPS);
        let hit = overlaps(object, zones, window.clone(), &mut steps);
        assert!(steps.used() <= STEPS);
        if !found.is_empty() {
            assert_eq!(hit, Ok(true), "{window:?}");
        }
        let dateless = object.kind == Kind::Todo && object.entries().any(|e| e.start.is_none());
        // A rule by a calendar that is not known may reach anything after its start.
        let open = dateless || object.entries().any(|e| e.foreign);
        let listed = matches!(object.kind, Kind::Event | Kind::Todo | Kind::Journal) && !open;
        if listed && result.is_ok() && found.is_empty() {
            assert_ne!(hit, Ok(true), "{window:?}");
        }
        if result.is_ok() && whole.is_ok() {
            assert!(found.iter().all(|it| all.contains(it)), "{window:?} holds more than all time");
        }
    }
    halves(object, zones, from);
}

/// What overlaps a window overlaps one of its halves, and the other way round.
fn halves(object: &Object<'_>, zones: &Zones, from: i64) {
    let (low, middle, high) = (from - 5 * 86_400, from + 3 * 86_400, from + 20 * 86_400);
    let (mut parts, first) = list(object, zones, low..middle);
    let (second, second_result) = list(object, zones, middle..high);
    let (mut all, whole) = list(object, zones, low..high);
    if first.is_err() || second_result.is_err() || whole.is_err() {
        return;
    }
    parts.extend(second);
    for list in [&mut parts, &mut all] {
        // What has DTEND but no length is in no window that begins or ends there (RFC 4791 §9.9).
        list.retain(|(start, end, _)| (*start, *end) != (middle, middle));
        list.sort_unstable();
        list.dedup();
    }
    // Tasks are held against both edges of a window in ways of their own (RFC 4791 §9.9).
    if object.kind != Kind::Todo {
        assert_eq!(parts, all, "{low}..{middle}..{high}");
    }
}

/// The instances that overlap a window.
fn list(
    object: &Object<'_>,
    zones: &Zones,
    window: Range<i64>,
) -> (Vec<Found>, Result<(), TooMuchWork>) {
    let mut steps = Steps::new(STEPS);
    let mut found = Vec::new();
    let result = occurrences(object, zones, window.clone(), &mut steps, &mut |it| {
        assert!(it.start <= it.end && it.overlaps(&window));
        found.push((it.start, it.end, it.recurrence_id.map(|id| id.instant)));
        ControlFlow::Continue(())
    });
    assert!(steps.used() <= STEPS && found.len() as u64 <= STEPS);
    (found, result)
}
