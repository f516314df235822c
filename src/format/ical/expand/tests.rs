//! Tests of expansion and of the time-range test.

use super::*;
use crate::format::ical::Calendar;
use crate::format::ical::object::check_resource;
use proptest::prelude::*;

fn seconds(text: &str) -> i64 {
    Moment::read(text, None, false).unwrap().civil.seconds()
}

fn show(instant: i64) -> String {
    let civil = Civil::from_seconds(instant);
    let ((y, m, d), s) = (civil.date(), civil.second);
    format!("{y:04}{m:02}{d:02}T{:02}{:02}", s / 3600, s / 60 % 60)
}

/// Runs a test on an object made of these lines.
fn with<T>(body: &str, zone: &str, test: impl FnOnce(&Object<'_>, &Zones) -> T) -> T {
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\n{body}\nEND:VCALENDAR\n");
    let calendar = Calendar::parse(text.as_bytes()).unwrap();
    let object = check_resource(&calendar).unwrap();
    test(&object, &calendar.zones(Zone::named(zone).unwrap()))
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\nUID:a\n{lines}\nEND:VEVENT\n")
}

/// The instances in a window, `start-end` in UTC, sorted; an override has its original after `<`.
fn instances(body: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    with(body, zone, |object, zones| {
        let mut out = Vec::new();
        let window = seconds(from)..seconds(to);
        occurrences(object, zones, window.clone(), &mut Steps::new(10_000), &mut |o| {
            let moved = o.recurrence_id.filter(|id| id.instant != o.start);
            let moved = moved.map(|id| format!("<{}", show(id.instant))).unwrap_or_default();
            out.push(format!("{}-{}{moved}", show(o.start), show(o.end)));
            ControlFlow::Continue(())
        })
        .unwrap();
        let found = overlaps(object, zones, window, &mut Steps::new(10_000)).unwrap();
        assert_eq!(found, !out.is_empty());
        out.sort();
        out
    })
}

fn starts(body: &str, from: &str, to: &str) -> Vec<String> {
    let list = instances(body, "UTC", from, to);
    list.iter().map(|i| i.split('-').next().unwrap()[6..].to_owned()).collect()
}

fn hull(body: &str) -> (String, String, bool, bool) {
    with(body, "UTC", |object, zones| {
        let extent = extent(object, zones, &mut Steps::new(10_000)).unwrap();
        let text = |at| match at {
            i64::MIN => "-inf".to_owned(),
            i64::MAX => "inf".to_owned(),
            at => show(at),
        };
        let (first, last) = (text(extent.first_start), text(extent.last_end));
        (first, last, extent.recurring, extent.floating)
    })
}

#[test]
fn a_rule_keeps_the_wall_clock_and_an_end_the_exact_length() {
    let body = event(
        "DTSTART;TZID=Europe/Berlin:20260327T220000\nDTEND;TZID=Europe/Berlin:20260328T060000\n\
         RRULE:FREQ=DAILY",
    );
    assert_eq!(
        instances(&body, "UTC", "20260328T000000", "20260331T000000"),
        [
            "20260327T2100-20260328T0500",
            "20260328T2100-20260329T0500", // 8 hours, though the clock says 07:00
            "20260329T2000-20260330T0400",
            "20260330T2000-20260331T0400",
        ]
    );
    let nominal = event("DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1DT1H");
    assert_eq!(
        instances(&nominal, "UTC", "20260328T000000", "20260331T000000"),
        ["20260328T1100-20260329T1100"]
    );
}

#[test]
fn days_span_the_change_of_clocks() {
    let body = event("DTSTART;VALUE=DATE:20260328\nRRULE:FREQ=DAILY;COUNT=3");
    assert_eq!(
        instances(&body, "Europe/Berlin", "20260301T000000", "20260401T000000"),
        [
            "20260327T2300-20260328T2300",
            "20260328T2300-20260329T2200",
            "20260329T2200-20260330T2200"
        ]
    );
    let whole = event("DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260331");
    assert_eq!(
        instances(&whole, "Europe/Berlin", "20260329T000000", "20260329T010000"),
        ["20260327T2300-20260330T2200"]
    );
    let same = event("DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260328");
    assert_eq!(starts(&same, "20260328T120000", "20260328T130000"), ["28T0000"]);
}

#[test]
fn instances_in_a_gap_come_later_and_only_once() {
    let body = event(
        "DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3\n\
         RDATE;TZID=Europe/Berlin:20260329T033000",
    );
    let list = starts(&body, "20260301T000000", "20260401T000000");
    assert_eq!(list, ["28T0130", "29T0130", "30T0030"]);
    // 02:00 and 02:30 do not exist, and come where 03:00 and 03:30 are already.
    let body = event(
        "DTSTART;TZID=Europe/Berlin:20260329T013000\nRRULE:FREQ=MINUTELY;INTERVAL=30;COUNT=7",
    );
    let list = starts(&body, "20260301T000000", "20260401T000000");
    assert_eq!(list, ["29T0030", "29T0100", "29T0130", "29T0200", "29T0230"]);
}

#[test]
fn exceptions_match_in_any_form() {
    let rule = "DTSTART;TZID=Europe/Berlin:20260105T100000\nRRULE:FREQ=DAILY;COUNT=4";
    let all = ["05T0900", "06T0900", "07T0900", "08T0900"];
    let cases: [(&str, &[usize]); 8] = [
        ("X:", &[0, 1, 2, 3]),
        ("EXDATE;TZID=Europe/Berlin:20260106T100000", &[0, 2, 3]),
        ("EXDATE:20260106T090000Z,20260107T090000Z", &[0, 3]),
        ("EXDATE;TZID=America/New_York:20260106T040000", &[0, 2, 3]),
        ("EXDATE:20260106T100000", &[0, 2, 3]),
        ("EXDATE;VALUE=DATE:20260105", &[1, 2, 3]),
        ("EXDATE;TZID=Europe/Berlin:20260106", &[0, 2, 3]),
        ("EXDATE:20260106T100000Z", &[0, 1, 2, 3]),
    ];
    for (line, wanted) in cases {
        let list = starts(&event(&format!("{rule}\n{line}")), "20260101T000000", "20270101T000000");
        assert_eq!(list, wanted.iter().map(|i| all[*i]).collect::<Vec<_>>(), "{line}");
    }
    let days =
        event("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260106T000000Z");
    assert_eq!(starts(&days, "20260101T000000", "20270101T000000"), ["05T0000", "07T0000"]);
    let both = event(
        "DTSTART:20260105T100000Z\nRDATE:20260106T100000Z,20260107T100000Z\nEXDATE:20260106T100000Z",
    );
    assert_eq!(starts(&both, "20260101T000000", "20270101T000000"), ["05T1000", "07T1000"]);
}

#[test]
fn rules_and_dates_are_merged_without_duplicates() {
    let body = event(
        "DTSTART:20260105T100000Z\nDTEND:20260105T110000Z\nRRULE:FREQ=WEEKLY;COUNT=2\n\
         RRULE:FREQ=DAILY;COUNT=3\nRDATE:20260106T100000Z,20260103T080000Z\n\
         RDATE;VALUE=PERIOD:20260110T100000Z/PT3H,20260112T100000Z/20260113T100000Z",
    );
    assert_eq!(
        instances(&body, "UTC", "20260101T000000", "20270101T000000"),
        [
            "20260103T0800-20260103T0900",
            "20260105T1000-20260105T1100",
            "20260106T1000-20260106T1100",
            "20260107T1000-20260107T1100",
            "20260110T1000-20260110T1300",
            "20260112T1000-20260113T1000", // the PERIOD's length, not the rule's
        ]
    );
    assert_eq!(starts(&body, "20260113T090000", "20260114T000000"), ["12T1000"]);
    assert_eq!(hull(&body), ("20260103T0800".into(), "20260113T1000".into(), true, false));
}

#[test]
fn an_override_replaces_its_instance_wherever_it_goes() {
    let master =
        event("SEQUENCE:3\nDTSTART;TZID=Europe/Berlin:20260105T100000\nRRULE:FREQ=DAILY;COUNT=5");
    for id in [
        "RECURRENCE-ID;TZID=Europe/Berlin:20260106T100000",
        "RECURRENCE-ID:20260106T090000Z",
        "RECURRENCE-ID;VALUE=DATE:20260106",
        "RECURRENCE-ID:20260106T100000",
    ] {
        let body = master.clone()
            + &event(&format!("{id}\nDTSTART:20260301T120000Z\nDTEND:20260301T130000Z"));
        assert_eq!(
            instances(&body, "UTC", "20260101T000000", "20270101T000000"),
            [
                "20260105T0900-20260105T0900",
                "20260107T0900-20260107T0900",
                "20260108T0900-20260108T0900",
                "20260109T0900-20260109T0900",
                "20260301T1200-20260301T1300<20260106T0900",
            ],
            "{id}"
        );
        assert_eq!(starts(&body, "20260301T000000", "20260302T000000"), ["01T1200"]);
        assert_eq!(hull(&body), ("20260105T0900".into(), "20260301T1300".into(), true, false));
    }
    let alone = event("RECURRENCE-ID:20260106T090000Z\nDTSTART:20260106T100000Z");
    assert_eq!(
        instances(&alone, "UTC", "20260101T000000", "20270101T000000"),
        ["20260106T1000-20260106T1000<20260106T0900"]
    );
}

#[test]
fn this_and_future_moves_the_rest_and_its_length() {
    let body = event(
        "DTSTART;TZID=Europe/Berlin:20260320T100000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=5\nEXDATE;TZID=Europe/Berlin:20260410T100000",
    ) + &event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260327T100000\nDTSTART;TZID=Europe/Berlin:20260326T090000\nDURATION:PT2H",
    );
    assert_eq!(
        instances(&body, "UTC", "20260101T000000", "20270101T000000"),
        [
            "20260320T0900-20260320T1000",
            "20260326T0800-20260326T1000<20260327T0900",
            "20260402T0700-20260402T0900<20260403T0800", // still 09:00 by the clock
            "20260416T0700-20260416T0900<20260417T0800",
        ]
    );
    assert_eq!(starts(&body, "20260402T083000", "20260402T084000"), ["02T0700"]);
    assert_eq!(hull(&body).1, "20260416T0900");
}

#[test]
fn until_bounds_in_every_form() {
    let cases = [
        ("DTSTART;TZID=Europe/Berlin:20260105T100000", "20260107T090000Z", 3),
        ("DTSTART;TZID=Europe/Berlin:20260105T100000", "20260107T085959Z", 2),
        ("DTSTART;TZID=Europe/Berlin:20260105T100000", "20260107T100000", 3),
        ("DTSTART;TZID=Europe/Berlin:20260105T100000", "20260107", 3),
        ("DTSTART;VALUE=DATE:20260105", "20260107", 3),
        ("DTSTART;VALUE=DATE:20260105", "20260107T000000Z", 3),
        ("DTSTART:20260105T100000Z", "20260101T000000Z", 1),
    ];
    for (start, until, wanted) in cases {
        let body = event(&format!("{start}\nRRULE:FREQ=DAILY;UNTIL={until}"));
        let list = starts(&body, "20260101T000000", "20270101T000000");
        assert_eq!(list.len(), wanted, "{start} {until}");
    }
}

#[test]
fn the_cost_follows_the_window() {
    let body = event("DTSTART:19700101T100000Z\nRRULE:FREQ=DAILY");
    with(&body, "UTC", |object, zones| {
        let mut steps = Steps::new(100);
        let window = seconds("20500101T000000")..seconds("20500108T000000");
        let mut count = 0;
        let mut visit = |_: Occurrence<'_>| {
            count += 1;
            ControlFlow::Continue(())
        };
        occurrences(object, zones, window, &mut steps, &mut visit).unwrap();
        assert_eq!(count, 7);
        assert!(overlaps(object, zones, 0..i64::MAX, &mut Steps::new(50)).unwrap());
        assert!(overlaps(object, zones, i64::MIN..1_000_000, &mut Steps::new(100)).unwrap());
        assert!(!overlaps(object, zones, i64::MIN..0, &mut Steps::new(100)).unwrap());
    });
    with(&body.replace("DAILY", "SECONDLY"), "UTC", |object, zones| {
        let window = 0..1_000_000;
        let result = occurrences(object, zones, window, &mut Steps::new(1_000), &mut |_| {
            ControlFlow::Continue(())
        });
        assert_eq!(result, Err(TooMuchWork));
    });
}

#[test]
fn extents_say_what_the_index_must_know() {
    let text = |a: &str, b: &str, recurring, floating| (a.into(), b.into(), recurring, floating);
    let cases = [
        ("DTSTART:20260105T100000Z", text("20260105T1000", "20260105T1000", false, false)),
        ("DTSTART:20260105T100000", text("20260105T1000", "20260105T1000", false, true)),
        ("DTSTART:20260105", text("20260105T0000", "20260106T0000", false, true)),
        (
            "DTSTART;TZID=Nowhere:20260105T100000",
            text("20260105T1000", "20260105T1000", false, true),
        ),
        ("DTSTART:20260105T100000Z\nRRULE:FREQ=DAILY", text("20260105T1000", "inf", true, false)),
        (
            "DTSTART:20260105T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3",
            text("20260105T1000", "20260107T1100", true, false),
        ),
    ];
    for (lines, wanted) in cases {
        assert_eq!(hull(&event(lines)), wanted, "{lines}");
    }
    let todo = |lines: &str| hull(&format!("BEGIN:VTODO\nUID:a\n{lines}\nEND:VTODO"));
    assert_eq!(todo("X:"), text("-inf", "inf", false, false));
    assert_eq!(todo("CREATED:20260105T100000Z"), text("20260105T1000", "inf", false, false));
    assert_eq!(
        todo("DUE:20260105T100000Z\nRRULE:FREQ=DAILY;COUNT=2"),
        text("20260105T1000", "20260106T1000", true, false)
    );
}

/// Times of day for the tables below: the window is 10:00 to 12:00, and a letter is an hour.
fn clock(hour: &str) -> String {
    format!("20260105T{hour}0000Z")
}

fn hits(component: &str, lines: &str) -> bool {
    let lines = lines.replace('@', "20260105T").replace(' ', "\n");
    let body = format!("BEGIN:{component}\nUID:a\n{lines}\nEND:{component}");
    let window = seconds(&clock("10"))..seconds(&clock("12"));
    with(&body, "UTC", |object, zones| {
        let found = overlaps(object, zones, window.clone(), &mut Steps::new(100)).unwrap();
        // The index must never lose what the exact test finds.
        let hull = extent(object, zones, &mut Steps::new(100)).unwrap();
        assert!(!found || hull.first_start <= window.end && hull.last_end >= window.start);
        found
    })
}

#[test]
fn every_row_for_events() {
    let cases = [
        // DTEND: start < DTEND and end > DTSTART
        ("DTSTART:@080000Z DTEND:@100000Z", false),
        ("DTSTART:@080000Z DTEND:@100001Z", true),
        ("DTSTART:@115959Z DTEND:@130000Z", true),
        ("DTSTART:@120000Z DTEND:@130000Z", false),
        ("DTSTART:@100000Z DTEND:@100000Z", false),
        ("DTSTART:@110000Z DTEND:@110000Z", true),
        ("DTSTART:@080000Z DTEND:@100001Z DURATION:PT0S", true),
        // DURATION above 0: start < DTSTART+DURATION and end > DTSTART
        ("DTSTART:@080000Z DURATION:PT2H", false),
        ("DTSTART:@080000Z DURATION:PT2H1S", true),
        ("DTSTART:@120000Z DURATION:PT1H", false),
        // DURATION of 0, and no end: start <= DTSTART and end > DTSTART
        ("DTSTART:@095959Z DURATION:PT0S", false),
        ("DTSTART:@100000Z DURATION:PT0S", true),
        ("DTSTART:@120000Z DURATION:PT0S", false),
        ("DTSTART:@095959Z", false),
        ("DTSTART:@100000Z", true),
        ("DTSTART:@115959Z", true),
        ("DTSTART:@120000Z", false),
        // DATE: start < DTSTART+P1D and end > DTSTART
        ("DTSTART;VALUE=DATE:20260105", true),
        ("DTSTART;VALUE=DATE:20260104", false),
        ("DTSTART;VALUE=DATE:20260106", false),
        // Recurring: any one instance
        ("DTSTART:20250105T110000Z RRULE:FREQ=DAILY", true),
        ("DTSTART:20250105T090000Z RRULE:FREQ=DAILY", false),
    ];
    for (lines, wanted) in cases {
        assert_eq!(hits("VEVENT", lines), wanted, "{lines}");
    }
}

#[test]
fn every_row_for_tasks() {
    let cases = [
        // DTSTART and DURATION: start <= DTSTART+DURATION and (end > DTSTART or end >= the end)
        ("DTSTART:@080000Z DURATION:PT2H", true),
        ("DTSTART:@080000Z DURATION:PT1H59M59S", false),
        ("DTSTART:@115959Z DURATION:PT1H", true),
        ("DTSTART:@120000Z DURATION:PT0S", true),
        ("DTSTART:@120000Z DURATION:PT1S", false),
        // DTSTART and DUE: (start < DUE or start <= DTSTART) and (end > DTSTART or end >= DUE)
        ("DTSTART:@080000Z DUE:@100000Z", false),
        ("DTSTART:@080000Z DUE:@100001Z", true),
        ("DTSTART:@100000Z DUE:@100000Z", true),
        ("DTSTART:@120000Z DUE:@120000Z", true),
        ("DTSTART:@120000Z DUE:@120001Z", false),
        // DTSTART: start <= DTSTART and end > DTSTART
        ("DTSTART:@095959Z", false),
        ("DTSTART:@100000Z", true),
        ("DTSTART:@120000Z", false),
        ("DTSTART;VALUE=DATE:20260105", false),
        // DUE: start < DUE and end >= DUE
        ("DUE:@100000Z", false),
        ("DUE:@100001Z", true),
        ("DUE:@120000Z", true),
        ("DUE:@120001Z", false),
        // COMPLETED and CREATED
        ("COMPLETED:@090000Z CREATED:@080000Z", false),
        ("COMPLETED:@100000Z CREATED:@080000Z", true),
        ("COMPLETED:@130000Z CREATED:@080000Z", true),
        ("COMPLETED:@140000Z CREATED:@120000Z", true),
        ("COMPLETED:@140000Z CREATED:@130000Z", false),
        // COMPLETED: start <= COMPLETED and end >= COMPLETED
        ("COMPLETED:@095959Z", false),
        ("COMPLETED:@100000Z", true),
        ("COMPLETED:@120000Z", true),
        ("COMPLETED:@120001Z", false),
        // CREATED: end > CREATED
        ("CREATED:@080000Z", true),
        ("CREATED:@120000Z", false),
        // none
        ("SUMMARY:x", true),
        // Recurring
        ("DTSTART:20250105T080000Z DUE:20250105T100001Z RRULE:FREQ=DAILY", true),
        ("DTSTART:20250105T080000Z DUE:20250105T100000Z RRULE:FREQ=DAILY", false),
        ("DUE:20250105T120000Z RRULE:FREQ=DAILY", true),
        ("DUE:20250105T100000Z RRULE:FREQ=DAILY", false),
    ];
    for (lines, wanted) in cases {
        assert_eq!(hits("VTODO", lines), wanted, "{lines}");
    }
}

#[test]
fn every_row_for_journals_free_busy_and_availability() {
    let cases = [
        ("VJOURNAL", "DTSTART:@100000Z", true),
        ("VJOURNAL", "DTSTART:@095959Z", false),
        ("VJOURNAL", "DTSTART:@120000Z", false),
        ("VJOURNAL", "DTSTART;VALUE=DATE:20260105", true),
        ("VJOURNAL", "DTSTART;VALUE=DATE:20260104", false),
        ("VJOURNAL", "SUMMARY:x", false),
        // start <= DTEND and end > DTSTART
        ("VFREEBUSY", "DTSTART:@080000Z DTEND:@100000Z", true),
        ("VFREEBUSY", "DTSTART:@080000Z DTEND:@095959Z", false),
        ("VFREEBUSY", "DTSTART:@120000Z DTEND:@130000Z", false),
        ("VFREEBUSY", "DTSTART:@080000Z DTEND:@090000Z FREEBUSY:@110000Z/PT1H", false),
        // start < the period's end and end > its start
        ("VFREEBUSY", "FREEBUSY:@080000Z/PT2H,@120000Z/@130000Z", false),
        ("VFREEBUSY", "FREEBUSY:@080000Z/PT2H FREEBUSY:@080000Z/@100001Z", true),
        ("VFREEBUSY", "DURATION:PT1H", false),
        ("VAVAILABILITY", "DTSTART:@080000Z DTEND:@100000Z", false),
        ("VAVAILABILITY", "DTSTART:@080000Z", true),
        ("VAVAILABILITY", "SUMMARY:x", true),
    ];
    for (component, lines, wanted) in cases {
        assert_eq!(hits(component, lines), wanted, "{component} {lines}");
    }
}

#[test]
fn dateless_and_floating_times_are_read_in_the_default_zone() {
    let body = event("DTSTART:20260105T100000\nDURATION:PT1H");
    assert_eq!(
        instances(&body, "Asia/Tokyo", "20260101T000000", "20270101T000000"),
        ["20260105T0100-20260105T0200"]
    );
}

#[test]
fn the_extent_holds_a_period_that_an_override_moved() {
    // Fuzzing: the period of three days kept its length, but the index forgot it, so that a query
    // for its last days did not find the object.
    let body = event("DTSTART:20260328T000000Z\nRDATE;VALUE=PERIOD:20260401T000000Z/P3D")
        + &event("RECURRENCE-ID;RANGE=THISANDFUTURE:20260328T000000Z\nDTSTART:20260330T000000Z");
    let found = instances(&body, "UTC", "20260405T000000Z", "20260406T000000Z");
    assert_eq!(found, ["20260403T0000-20260406T0000<20260401T0000"]);
    let (_, end, ..) = hull(&body);
    assert!(*end >= *"20260406T0000", "{end}");
}

#[test]
fn the_extent_holds_the_last_day_of_whoever_is_ahead_of_utc() {
    // Fuzzing: UNTIL is midnight in Shanghai, so that Monday the 9th is the last day there. In UTC
    // it is the 2nd, and a query for the 9th did not find what the index said had ended.
    let body = event("DTSTART;VALUE=DATE:20120102\nRRULE:FREQ=WEEKLY;UNTIL=20120708T160000Z");
    let found = instances(&body, "Asia/Shanghai", "20120708T160000Z", "20120709T160000Z");
    assert_eq!(found, ["20120708T1600-20120709T1600"]);
    let (_, end, _, floating) = hull(&body);
    assert!(floating && *end >= *"20120709T1600", "{end}");
}

#[test]
fn an_extent_never_ends_before_it_starts() {
    // Fuzzing: a VFREEBUSY that ends a day before it starts was indexed so.
    let body =
        "BEGIN:VFREEBUSY\nUID:a\nDTSTART:20260102T000000Z\nDTEND:20260101T000000Z\nEND:VFREEBUSY\n";
    let (start, end, ..) = hull(body);
    assert_eq!((start.as_str(), end.as_str()), ("20260102T0000", "20260102T0000"));
}

#[test]
fn every_rule_of_an_object_costs_steps() {
    // Ten thousand rules that end before they begin cost no step each and were all looked at for
    // every stretch that an override begins: 17 seconds for half a megabyte.
    let rules = "RRULE:FREQ=DAILY;UNTIL=20250101\n".repeat(1_000);
    let body = event(&format!("DTSTART:20260101T000000Z\n{rules}RRULE:FREQ=DAILY"));
    with(&body, "UTC", |object, zones| {
        let mut steps = Steps::new(100_000);
        let window = seconds("20300101T000000Z")..seconds("20300111T000000Z");
        let visit = &mut |_: Occurrence<'_>| ControlFlow::Continue(());
        occurrences(object, zones, window, &mut steps, visit).unwrap();
        assert!(steps.used() > 10_000, "{}", steps.used());
    });
}

proptest! {
    /// A window seen from afar gives what the walk over everything gives there.
    #[test]
    fn a_window_shows_the_same_instances_as_the_whole(
        freq in 0..3usize, every in 1..5u32, hours in 0..60i64, from in 0..500i64, days in 1..40i64,
        moved in 0..20i64, future in any::<bool>()
    ) {
        let freq = ["DAILY", "WEEKLY", "MONTHLY"][freq];
        let range = if future { ";RANGE=THISANDFUTURE" } else { "" };
        let day = 5 + moved;
        let body = event(&format!("DTSTART;TZID=Europe/Berlin:20260305T023000\nDURATION:PT{hours}H\n\
            RRULE:FREQ={freq};INTERVAL={every};COUNT=60"))
            + &event(&format!("RECURRENCE-ID{range};TZID=Europe/Berlin:20260305T023000\n\
            DTSTART;TZID=America/New_York:202603{day:02}T013000\nDURATION:PT1H"));
        let start = seconds("20260101T000000") + from * 86_400;
        let window = start..start + days * 86_400;
        let list = |range: Range<i64>| with(&body, "UTC", |object, zones| {
            let mut out = Vec::new();
            occurrences(object, zones, range, &mut Steps::new(10_000), &mut |o| {
                if o.overlaps(&window) {
                    out.push((o.start, o.end, o.recurrence_id));
                }
                ControlFlow::Continue(())
            }).unwrap();
            out
        });
        prop_assert_eq!(list(window.clone()), list(i64::MIN..i64::MAX));
    }
}
