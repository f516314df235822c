//! What is kept of an event says what the event says.

use super::super::expand::extent;
use super::super::filter::{self, CompFilter};
use super::super::object::check_resource;
use super::*;
use proptest::prelude::*;

fn event(lines: &str) -> String {
    let uid = "UID:u\r\nDTSTAMP:20250101T000000Z\r\n";
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:p\r\nBEGIN:VEVENT\r\n{uid}{lines}END:VEVENT\r\n\
         END:VCALENDAR\r\n"
    )
}

fn kept(text: &str, floating: bool) -> Option<Vec<u8>> {
    let calendar = Calendar::parse(text.as_bytes()).unwrap();
    let object = check_resource(&calendar).unwrap();
    let zones = calendar.zones(Zone::utc());
    let mut steps = Steps::new(100_000);
    let ends = extent(&object, &zones, &mut steps).unwrap().last_end != i64::MAX;
    of(&object, &calendar, (floating, ends), &mut steps)
}

#[test]
fn what_is_kept_is_small_and_some_events_are_not() {
    let weekly = "DTSTART;TZID=Europe/Berlin:20250106T093000\r\nDURATION:PT45M\r\n";
    let asked =
        "ORGANIZER:mailto:a@b\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b\r\nATTENDEE:mailto:c@d\r\n";
    let many: String = (0..65).map(|n| format!("ATTENDEE:mailto:u{n}@example.org\r\n")).collect();
    let zone = weekly.replace("Europe/Berlin", "Nowhere/Known");
    let rows = [
        (format!("{weekly}RRULE:FREQ=WEEKLY;COUNT=20\r\n"), false, Some(131)),
        (weekly.to_owned(), false, Some(9)),
        (format!("{weekly}{asked}"), false, Some(21)),
        ("DTSTART;VALUE=DATE:20250106\r\n".to_owned(), true, Some(9)),
        ("DTSTART:20250106T093000\r\nDURATION:PT1H\r\n".to_owned(), true, Some(130)),
        (format!("{weekly}SUMMARY:s\r\nRRULE:FREQ=WEEKLY\r\n"), false, Some(180)),
        (format!("{weekly}RRULE:FREQ=DAILY;COUNT=1000\r\n"), false, Some(190)),
        (format!("{zone}RRULE:FREQ=WEEKLY\r\n"), true, None),
        (format!("{weekly}{many}"), false, None),
    ];
    for (lines, floating, most) in rows {
        let size = kept(&event(&lines), floating).map(|kept| kept.len());
        assert_eq!(size.is_some(), most.is_some(), "{lines}");
        assert!(size <= most, "{lines}: {size:?}");
    }
}

proptest! {
    #[test]
    fn windows_and_free_busy_are_those_of_the_event(
        (day, hour) in (1_u8..28, 0_u8..24),
        form in 0..4,
        length in prop::sample::select(
            vec!["", "DURATION:PT0S\r\n", "DURATION:P2D\r\n", "DURATION:PT90M\r\n"]),
        rule in prop::sample::select(vec![
            "", "RRULE:FREQ=DAILY;COUNT=9\r\n", "RRULE:FREQ=WEEKLY;UNTIL=20250501T040000Z\r\n",
            "RRULE:FREQ=DAILY;INTERVAL=2\r\n"]),
        more in prop::sample::select(vec![
            "", "TRANSP:TRANSPARENT\r\n", "STATUS:TENTATIVE\r\n", "STATUS:CANCELLED\r\n"]),
        asked in prop::sample::select(vec![
            "", "ATTENDEE;PARTSTAT=DECLINED:mailto:me@example.org\r\n", "ATTENDEE:MAILTO:Me@example.org\r\n",
            "ORGANIZER:mailto:me@example.org\r\nATTENDEE:mailto:me@example.org\r\n",
            "ATTENDEE;PARTSTAT=ACCEPTED:mailto:me@example.org\r\nATTENDEE:mailto:you@example.org\r\n"]),
        zone in prop::sample::select(vec!["UTC", "America/New_York", "Asia/Kolkata"]),
        (from, hours) in (-48_i64..24 * 40, 1_i64..72),
    ) {
        let (start, floating) = match form {
            0 => (format!("DTSTART:202503{day:02}T{hour:02}0000Z\r\n"), false),
            1 => (format!("DTSTART;TZID=Europe/Berlin:202503{day:02}T{hour:02}0000\r\n"), false),
            2 => (format!("DTSTART;VALUE=DATE:202503{day:02}\r\n"), true),
            _ => (format!("DTSTART:202503{day:02}T{hour:02}0000\r\n"), true),
        };
        let text = event(&format!("{start}{length}{rule}{more}{asked}"));
        let Some(kept) = kept(&text, floating) else { return Ok(()) };
        let zone = Zone::named(zone).unwrap();
        // From 1 March 2025, on the hour.
        let window = 1_740_787_200 + from * 3_600..1_740_787_200 + (from + hours) * 3_600;
        let calendar = Calendar::parse(text.as_bytes()).unwrap();
        let object = check_resource(&calendar).unwrap();
        let comp = CompFilter { name: "VEVENT".into(), range: Some(window.clone()), ..CompFilter::default() };
        let root = CompFilter { name: "VCALENDAR".into(), comps: vec![comp], ..CompFilter::default() };
        let mut steps = Steps::new(100_000);
        let matches = filter::matches(&[root], &calendar, &zone, &mut steps).unwrap();
        prop_assert!(overlap(&kept, &zone, &window).is_none_or(|overlaps| overlaps == matches));
        for whose in [Whose::default(), Whose::of(["mailto:me@example.org"])] {
            let mut whole = BusyTimes::within(window.clone()).of(whose.clone());
            whole.take(&object, &calendar, &zone, &mut steps).unwrap();
            let mut times = BusyTimes::within(window.clone()).of(whose);
            busy(&kept, &zone, &mut times, &mut steps).unwrap();
            prop_assert_eq!(times.coalesced(), whole.coalesced());
        }
    }
}
