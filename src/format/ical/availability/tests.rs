//! The examples of RFC 7953, and the rules by which several are made one.

use super::super::busy::BusyTimes;
use super::*;
use crate::format::civil::Civil;

const HEAD: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:t\n";

fn availability(lines: &str) -> String {
    format!("BEGIN:VAVAILABILITY\nUID:v\nDTSTAMP:20111005T133225Z\n{lines}END:VAVAILABILITY\n")
}

fn available(uid: &str, lines: &str) -> String {
    format!("BEGIN:AVAILABLE\nUID:{uid}\n{lines}END:AVAILABLE\n")
}

fn hours(zone: &str, day: &str, from: u8, to: u8) -> String {
    available(
        "a",
        &format!(
            "DTSTART;TZID={zone}:{day}T{from:02}0000\nDTEND;TZID={zone}:{day}T{to:02}0000\n\
             RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\n"
        ),
    )
}

/// A day in Montreal in slots of two hours, each with the first letter of what it is.
fn slots(components: &str, day: Civil) -> String {
    let zone = Zone::named("America/Montreal").unwrap();
    let window = zone.to_utc(day)..zone.to_utc(Civil { day: day.day + 1, second: 0 });
    let text = format!("{HEAD}{components}END:VCALENDAR\n").replace('\n', "\r\n");
    let calendar = Calendar::parse(text.as_bytes()).unwrap();
    let mut steps = Steps::new(100_000);
    let mut times = BusyTimes::within(window.clone());
    for (kind, spans) in unavailable(read(&calendar, &zone, &window, &mut steps).unwrap()) {
        spans.ranges().iter().for_each(|range| times.add(kind, range.clone()));
    }
    let letter = |slot: i64| {
        let at = window.start + slot * 7_200..window.start + (slot + 1) * 7_200;
        let is = |kind: &&BusyType| times.spans(**kind).meets(&at);
        match BusyType::ALL.iter().find(is) {
            Some(BusyType::Busy) => 'B',
            Some(BusyType::Unavailable) => 'U',
            Some(BusyType::Tentative) => 'T',
            None => 'F',
        }
    };
    (0..12).map(letter).collect()
}

fn base() -> String {
    let start = "DTSTART;TZID=America/Montreal:20111002T000000\n";
    availability(&format!("{start}{}", hours("America/Montreal", "20111002", 8, 18)))
}

#[test]
fn rfc_7953_5_1_1_working_hours() {
    assert_eq!(slots(&base(), Civil::new(2011, 11, 7, 0)), "UUUUFFFFFUUU");
    assert_eq!(slots(&base(), Civil::new(2011, 11, 6, 0)), "UUUUUUUUUUUU", "a Sunday");
    assert_eq!(slots(&base(), Civil::new(2011, 9, 26, 0)), "FFFFFFFFFFFF", "before it began");
}

#[test]
fn rfc_7953_5_1_2_a_higher_priority_says_all() {
    let denver = "DTSTART;TZID=America/Denver:20111023T000000\nDTEND;TZID=America/Denver:20111030T000000\n\
        PRIORITY:1\n";
    let denver = availability(&format!("{denver}{}", hours("America/Denver", "20111023", 8, 18)));
    for both in [format!("{}{denver}", base()), format!("{denver}{}", base())] {
        assert_eq!(slots(&both, Civil::new(2011, 10, 24, 0)), "UUUUUFFFFFUU");
        assert_eq!(slots(&both, Civil::new(2011, 10, 31, 0)), "UUUUFFFFFUUU");
    }
}

#[test]
fn rfc_7953_4_of_one_priority_the_stronger_type_is_told_and_either_frees() {
    let day = |hour: u8| format!("20111107T{hour:02}0000");
    let one = |from, to, kind: &str| {
        let zone = "TZID=America/Montreal";
        availability(&format!(
            "DTSTART;{zone}:{}\nDTEND;{zone}:{}\n{kind}PRIORITY:5\n",
            day(from),
            day(to)
        ))
    };
    let both =
        format!("{}{}", one(0, 8, "BUSYTYPE:BUSY-TENTATIVE\n"), one(4, 12, "BUSYTYPE:BUSY\n"));
    assert_eq!(slots(&both, Civil::new(2011, 11, 7, 0)), "TTBBBBFFFFFF");
    let all = format!("{both}{}", one(6, 10, ""));
    assert_eq!(slots(&all, Civil::new(2011, 11, 7, 0)), "TTBBBBFFFFFF");
    let free =
        availability(&format!("PRIORITY:5\n{}", hours("America/Montreal", "20111003", 6, 8)));
    assert_eq!(slots(&format!("{both}{free}"), Civil::new(2011, 11, 7, 0)), "UUBFBBUUUUUU");
}

#[test]
fn an_instance_that_is_otherwise_replaces_that_of_the_series() {
    let other = available(
        "a",
        "RECURRENCE-ID;TZID=America/Montreal:20111107T080000\nDTSTART;TZID=America/Montreal:20111107T120000\n\
         DURATION:PT2H\n",
    );
    let all = availability(&format!("{}{other}", hours("America/Montreal", "20111003", 8, 18)));
    assert_eq!(slots(&all, Civil::new(2011, 11, 7, 0)), "UUUUUUFUUUUU");
}

#[test]
fn what_is_no_availability_is_refused() {
    let whole = |parts: &str| format!("{HEAD}{parts}END:VCALENDAR\n").replace('\n', "\r\n");
    let one = |lines: &str| whole(&availability(lines));
    assert_eq!(check(&whole(&base())), Ok(()));
    let event = "BEGIN:VEVENT\nUID:e\nDTSTART:20260101T000000Z\nEND:VEVENT\n";
    let many: String = (0..=AVAILABLE_MAX)
        .map(|n| available(&n.to_string(), "DTSTART:20260101T000000Z\nDURATION:PT1H\n"))
        .collect();
    let often = available("a", "DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY\n");
    for wrong in [
        "nothing".to_owned(),
        whole(""),
        whole(event),
        whole(&format!("{}{event}", base())),
        whole(&base().repeat(2)),
        one("DTSTART;VALUE=DATE:20260101\n"),
        one("DTSTART:20260101T000000\n"),
        one("DURATION:PT1H\n"),
        one("DTSTART:20260102T000000Z\nDTEND:20260101T000000Z\n"),
        one("DTSTART:20260101T000000Z\nDTEND:20260102T000000Z\nDURATION:P1D\n"),
        one(&available("a", "SUMMARY:no start\n")),
        one("BEGIN:VALARM\nEND:VALARM\n"),
        one(&many),
        one(&often),
    ] {
        assert!(check(&wrong).is_err(), "{wrong}");
    }
}
