//! Parts of objects (RFC 4791 §9.6), on small objects of one's own and on every sample.

use super::*;

const SERIES: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:p\r\n\
BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nUID:u\r\nDTSTART;TZID=Europe/Berlin:20260328T090000\r\nDURATION:PT1H\r\n\
RRULE:FREQ=DAILY;COUNT=4\r\nEXDATE;TZID=Europe/Berlin:20260330T090000\r\n\
SUMMARY:A long\r\n  folded one\r\nX-AT;TZID=Europe/Berlin:20260401T120000\r\n\
BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nACTION:AUDIO\r\nEND:VALARM\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260331T090000\r\n\
DTSTART;TZID=Europe/Berlin:20260331T140000\r\nDTEND;TZID=Europe/Berlin:20260331T143000\r\n\
SUMMARY:Later\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn at(text: &str) -> i64 {
    value::Moment::read(text, None, false).unwrap().civil.seconds()
}

fn project(text: &str, wanted: &Projection) -> String {
    wanted.of(text, &Zone::utc(), &mut Steps::new(100_000)).unwrap()
}

fn expanded(text: &str, from: &str, to: &str) -> String {
    let recurrences = Recurrences::Expanded(at(from)..at(to));
    project(text, &Projection { recurrences, ..Projection::default() })
}

fn part(name: &str, props: &[&str], comps: Option<Vec<Selection>>) -> Selection {
    let prop = |name: &&str| Prop {
        name: name.trim_end_matches(':').to_owned(),
        bare: name.ends_with(':'),
    };
    Selection { name: name.into(), props: Some(props.iter().map(prop).collect()), comps }
}

#[test]
fn each_instance_is_a_component_in_utc() {
    let got = expanded(SERIES, "20260329T000000Z", "20260401T000000Z");
    let wanted = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:p\r\n\
BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260331T120000Z\r\nDTEND:20260331T123000Z\r\n\
SUMMARY:Later\r\nRECURRENCE-ID:20260331T070000Z\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260329T070000Z\r\nDURATION:PT1H\r\n\
SUMMARY:A long\r\n  folded one\r\nX-AT:20260401T100000Z\r\nRECURRENCE-ID:20260329T070000Z\r\n\
BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nACTION:AUDIO\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(got, wanted);
}

#[test]
fn days_stay_days_and_floating_times_float() {
    let of = |lines: &str| {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\n{lines}\r\nEND:VEVENT\r\n\
             END:VCALENDAR\r\n"
        )
    };
    let rows = [
        (
            "DTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:20260103\r\nRRULE:FREQ=MONTHLY",
            "DTSTART;VALUE=DATE:20260201\r\nDTEND;VALUE=DATE:20260203\r\n\
             RECURRENCE-ID;VALUE=DATE:20260201",
        ),
        (
            "DTSTART:20260101T080000\r\nDTEND:20260101T090000\r\nRRULE:FREQ=MONTHLY",
            "DTSTART:20260201T080000\r\nDTEND:20260201T090000\r\nRECURRENCE-ID:20260201T080000",
        ),
        // One that does not recur has no RECURRENCE-ID.
        ("DTSTART:20260201T080000Z", "DTSTART:20260201T080000Z"),
        // A PERIOD has a length of its own, whatever the DURATION says.
        (
            "DTSTART:20260101T080000Z\r\nDURATION:PT1H\r\nRDATE;VALUE=PERIOD:20260202T080000Z/PT3H",
            "DTSTART:20260202T080000Z\r\nDTEND:20260202T110000Z\r\nRECURRENCE-ID:20260202T080000Z",
        ),
    ];
    for (lines, wanted) in rows {
        let got = expanded(&of(lines), "20260201T000000Z", "20260204T000000Z");
        assert_eq!(got, of(wanted), "{lines}");
    }
    let got = expanded(&of("DTSTART:20260101T080000Z"), "20260201T000000Z", "20260204T000000Z");
    assert_eq!(got, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n");
}

#[test]
fn overrides_stay_that_bear_on_the_range() {
    let limited = |from: &str, to: &str| {
        let recurrences = Recurrences::Limited(at(from)..at(to));
        let got = project(SERIES, &Projection { recurrences, ..Projection::default() });
        assert!(got.contains("RRULE") && got.contains("VTIMEZONE"), "the master stays");
        got.contains("SUMMARY:Later")
    };
    assert!(limited("20260331T120000Z", "20260331T121500Z"), "where it is");
    assert!(limited("20260331T070000Z", "20260331T071500Z"), "where it was");
    assert!(!limited("20260331T080000Z", "20260331T120000Z"));
}

#[test]
fn parts_are_copied_as_they_stand() {
    let event = part("VEVENT", &["SUMMARY", "DTSTART:"], Some(vec![]));
    let wanted = part("VCALENDAR", &["VERSION"], Some(vec![event]));
    let wanted = Projection { parts: Some(wanted), ..Projection::default() };
    let got = project(SERIES, &wanted);
    let parts = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n\
BEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:\r\nSUMMARY:A long\r\n  folded one\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nDTSTART;TZID=Europe/Berlin:\r\nSUMMARY:Later\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(got, parts);
}

#[test]
fn busy_times_stay_that_meet_the_range() {
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VFREEBUSY\r\nUID:u\r\n\
FREEBUSY;FBTYPE=BUSY:20260101T000000Z/PT1H,20260102T000000Z/20260102T010000Z\r\n\
FREEBUSY:20260105T000000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n";
    let busy = Some(at("20260102T003000Z")..at("20260103T000000Z"));
    let got = project(text, &Projection { busy, ..Projection::default() });
    let kept = "UID:u\r\nFREEBUSY;FBTYPE=BUSY:20260102T000000Z/20260102T010000Z\r\nEND:VFREEBUSY";
    assert!(got.contains(kept), "{got}");
}

#[test]
fn more_instances_than_allowed_are_too_much() {
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260101T000000Z\r\n\
RRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let recurrences = Recurrences::Expanded(at("20260101T000000Z")..i64::MAX);
    let wanted = Projection { recurrences, ..Projection::default() };
    let got = wanted.of(text, &Zone::utc(), &mut Steps::new(u64::MAX));
    assert_eq!(got, Err(TooMuchWork));
}

/// Whole objects come back with every line as it was (properties before components, as the grammar
/// has it), and what is expanded can be read again and does not recur.
#[test]
fn samples_survive() {
    let whole = Projection {
        parts: Some(Selection { name: "VCALENDAR".into(), ..Selection::default() }),
        ..Projection::default()
    };
    let mut seen = 0;
    for (name, bytes) in crate::format::ical::tests::samples() {
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let Ok(calendar) = Calendar::parse(text.as_bytes()) else { continue };
        seen += 1;
        let got = project(&text, &whole);
        let head = text.get(calendar.head()..).unwrap();
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.trim_end().lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&got), sorted(head), "{name}");
        let window = at("20000101T000000Z")..at("20010101T000000Z");
        let recurrences = Recurrences::Expanded(window);
        let wanted = Projection { recurrences, ..Projection::default() };
        let Ok(got) = wanted.of(&text, &Zone::utc(), &mut Steps::new(10_000)) else { continue };
        if check_resource(&calendar).is_ok_and(|object| has_instances(&object)) {
            let again = Calendar::parse(got.as_bytes()).unwrap();
            let components = again.root().children();
            let recurs =
                |c: Component<'_>| RECURRENCE.iter().any(|name| c.property(name).is_some());
            assert!(components.into_iter().all(|c| !c.is("VTIMEZONE") && !recurs(c)), "{name}");
        }
    }
    assert!(seen > 500, "only {seen} samples");
}
