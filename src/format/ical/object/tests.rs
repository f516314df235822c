//! Tests of what may be stored as one resource.

use super::*;

fn check(body: &str) -> Result<(String, usize), ResourceFault> {
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n");
    let calendar = Calendar::parse(text.as_bytes()).unwrap();
    check_resource(&calendar).map(|o| (format!("{:?} {}", o.kind, o.uid), o.overrides.len()))
}

const EVENT: &str = "BEGIN:VEVENT\nUID:a\nDTSTART:20260101T000000Z\nEND:VEVENT\n";

fn event(more: &str) -> String {
    EVENT.replace("END:", &format!("{more}\nEND:"))
}

#[test]
fn what_clients_send_is_let_through() {
    let cases: [(&str, String); 13] = [
        ("no PRODID, no DTSTAMP", EVENT.into()),
        ("lower case names", EVENT.to_lowercase().replace("20260101t000000z", "20260101")),
        ("override only", event("RECURRENCE-ID:20260101T000000Z")),
        ("EXDATE of another type", event("RRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:20260102,20260103")),
        ("UNTIL of another type", event("RRULE:FREQ=DAILY;UNTIL=20260105")),
        ("local UNTIL", event("RRULE:FREQ=DAILY;UNTIL=20260105T000000")),
        ("DTEND and empty DURATION", event("DTEND:20260101T010000Z\nDURATION:PT0S")),
        ("DTEND before DTSTART", event("DTEND:20250101T010000Z")),
        ("unknown TZID", event("RDATE;TZID=\"Nowhere \":20260102T000000")),
        ("an unknown calendar", event("RRULE:FREQ=YEARLY;BYMONTH=5L;RSCALE=X-MOON")),
        ("empty lists", event("EXDATE:\nRDATE:\nRRULE:")),
        ("upper case MAILTO", event("ORGANIZER:MAILTO:a@example.org")),
        ("second form of DUE", "BEGIN:VTODO\nUID:a\nDUE;VALUE=DATE:20260101\nEND:VTODO\n".into()),
    ];
    for (name, body) in cases {
        check(&body).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn invalid_data_is_refused_with_its_line() {
    let cases = [
        (EVENT.replace("DTSTART:2", "DTSTART:x"), 5, "DTSTART is not a date"),
        (EVENT.replace("DTSTART:20260101T000000Z\n", ""), 3, "no DTSTART"),
        (event("DTEND:20260230"), 6, "DTEND is not a date"),
        (event("DURATION:1H"), 6, "DURATION is not a duration"),
        (event("RRULE:FREQ=OFTEN"), 6, "FREQ"),
        (event("EXDATE:20260101,x"), 6, "EXDATE is not a list"),
        (event("DTSTART:20260102"), 6, "a second DTSTART"),
        (event("RECURRENCE-ID:soon"), 6, "RECURRENCE-ID"),
        (format!("CALSCALE:JULIAN\n{EVENT}"), 3, "CALSCALE"),
    ];
    for (body, line, why) in cases {
        match check(&body) {
            Err(ResourceFault::Data(fault)) => {
                assert_eq!(fault.line, line, "{fault}");
                assert!(fault.reason.contains(why), "{fault}");
            }
            other => panic!("{why}: {other:?}"),
        }
    }
    for header in ["VERSION:1.0", "X:2.0"] {
        let text = format!("BEGIN:VCALENDAR\n{header}\n{EVENT}END:VCALENDAR");
        let calendar = Calendar::parse(text.as_bytes()).unwrap();
        let fault = check_resource(&calendar).unwrap_err();
        assert!(matches!(&fault, ResourceFault::Data(f) if f.reason.contains("VERSION")));
    }
}

#[test]
fn what_is_not_one_object_is_refused() {
    let over = event("RECURRENCE-ID:20260102T000000Z");
    let todo = "BEGIN:VTODO\nUID:a\nEND:VTODO\n";
    let cases = [
        (String::new(), "no component"),
        ("BEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\n".into(), "no component"),
        (format!("METHOD:PUBLISH\n{EVENT}"), "METHOD"),
        (format!("{EVENT}{todo}"), "more than one component type"),
        (format!("{EVENT}{}", over.replace("UID:a", "UID:b")), "more than one UID"),
        (EVENT.replace("UID:a\n", ""), "no UID"),
        (EVENT.replace("UID:a", "UID: "), "no UID"),
        (format!("{EVENT}{EVENT}"), "without RECURRENCE-ID"),
        (format!("{EVENT}{over}{over}"), "same instance"),
        ("BEGIN:VALARM\nEND:VALARM\n".into(), "cannot be stored"),
    ];
    for (body, why) in cases {
        match check(&body) {
            Err(ResourceFault::Resource(reason)) => assert!(reason.contains(why), "{reason}"),
            other => panic!("{why}: {other:?}"),
        }
    }
    assert_eq!(check(&format!("{over}{EVENT}")).unwrap(), ("Event a".into(), 1));
    assert_eq!(check(todo).unwrap().0, "Todo a");
}

#[test]
fn faults_become_the_servers_refusals() {
    let data = ResourceFault::Data(Malformed::new(3, "no"));
    assert_eq!(Refusal::from(data), Refusal::InvalidData { line: 3, reason: "no".into() });
    let resource = ResourceFault::Resource("no".into());
    assert_eq!(Refusal::from(resource), Refusal::InvalidResource("no".into()));
}
