//! Tests of jCal.

use super::*;
use crate::format::ical::expand::extent;
use crate::format::ical::object::check_resource;
use crate::format::ical::tests::samples;
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use proptest::prelude::*;
use serde_json::json;

pub(in crate::format::ical) fn object(lines: &str) -> String {
    format!("BEGIN:VCALENDAR\r\n{lines}\r\nEND:VCALENDAR\r\n")
}

fn written(lines: &str) -> Value {
    let made: Value = serde_json::from_str(&jcal(&object(lines)).unwrap()).unwrap();
    made[1][0].clone()
}

fn read(properties: &Value) -> Result<String, Malformed> {
    icalendar(json!(["vcalendar", properties, []]).to_string().as_bytes())
}

/// RFC 7265 §3.4 to §3.6 and §5.3, mostly by its own examples; each comes back as it was.
#[test]
fn properties_as_the_standard_writes_them() {
    let table = [
        ("SUMMARY:Meeting with Fred", json!(["summary", {}, "text", "Meeting with Fred"])),
        ("CATEGORIES:Meetings,Work\\,s", json!(["categories", {}, "text", "Meetings", "Work,s"])),
        ("GEO:37.386013;-122.082932", json!(["geo", {}, "float", [37.386013, -122.082932]])),
        ("REQUEST-STATUS:2.0;Success", json!(["request-status", {}, "text", ["2.0", "Success"]])),
        (
            "REQUEST-STATUS:3.7;Invalid calendar user;ATTENDEE:mailto:jsmith@example.org",
            json!([
                "request-status",
                {},
                "text",
                ["3.7", "Invalid calendar user", "ATTENDEE:mailto:jsmith@example.org"]
            ]),
        ),
        (
            "ATTENDEE;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:jsmith@example.org",
            json!(["attendee", {"partstat": "ACCEPTED", "rsvp": "TRUE", "role": "REQ-PARTICIPANT"},
                "cal-address", "mailto:jsmith@example.org"]),
        ),
        (
            "ATTENDEE;DELEGATED-TO=\"mailto:a@b\",\"mailto:c@d\":mailto:e@f",
            json!(["attendee", {"delegated-to": ["mailto:a@b", "mailto:c@d"]}, "cal-address", "mailto:e@f"]),
        ),
        (
            "ATTENDEE;CN=\"a^'b^n,^^\":x:y",
            json!(["attendee", {"cn": "a\"b\n,^"}, "cal-address", "x:y"]),
        ),
        (
            "ATTACH;VALUE=BINARY;ENCODING=BASE64:SGVsbG8=",
            json!(["attach", {"encoding": "BASE64"}, "binary", "SGVsbG8="]),
        ),
        ("X-NON-SMOKING;VALUE=BOOLEAN:TRUE", json!(["x-non-smoking", {}, "boolean", true])),
        ("DTSTART;VALUE=DATE:20110517", json!(["dtstart", {}, "date", "2011-05-17"])),
        (
            "DTSTART;VALUE=DATE;X-SLACK=30.3:20110512",
            json!(["dtstart", {"x-slack": "30.3"}, "date", "2011-05-12"]),
        ),
        ("DTSTART:20121017T120000", json!(["dtstart", {}, "date-time", "2012-10-17T12:00:00"])),
        ("DTSTAMP:20121017T120000Z", json!(["dtstamp", {}, "date-time", "2012-10-17T12:00:00Z"])),
        (
            "DTEND;TZID=Europe/Berlin:20111017T130000",
            json!(["dtend", {"tzid": "Europe/Berlin"}, "date-time", "2011-10-17T13:00:00"]),
        ),
        (
            "EXDATE:20111017T130000Z,20111018T130000Z",
            json!(["exdate", {}, "date-time", "2011-10-17T13:00:00Z", "2011-10-18T13:00:00Z"]),
        ),
        ("DURATION:P1D", json!(["duration", {}, "duration", "P1D"])),
        (
            "TRIGGER;VALUE=DATE-TIME:20260101T000000Z",
            json!(["trigger", {}, "date-time", "2026-01-01T00:00:00Z"]),
        ),
        ("X-GRADE;VALUE=FLOAT:1.3", json!(["x-grade", {}, "float", 1.3])),
        ("PERCENT-COMPLETE:42", json!(["percent-complete", {}, "integer", 42])),
        (
            "FREEBUSY;FBTYPE=FREE:19970308T160000Z/P1D,19970309T160000Z/19970310T160000Z",
            json!(["freebusy", {"fbtype": "FREE"}, "period", ["1997-03-08T16:00:00Z", "P1D"],
                ["1997-03-09T16:00:00Z", "1997-03-10T16:00:00Z"]]),
        ),
        (
            "RRULE:FREQ=YEARLY;BYDAY=-1SU,2MO;BYMONTH=10;COUNT=5",
            json!(["rrule", {}, "recur",
                {"freq": "YEARLY", "count": 5, "byday": ["-1SU", "2MO"], "bymonth": 10}]),
        ),
        (
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=1,15,-1;INTERVAL=2;UNTIL=20131001",
            json!(["rrule", {}, "recur",
                {"freq": "MONTHLY", "interval": 2, "bymonthday": [1, 15, -1], "until": "2013-10-01"}]),
        ),
        (
            "RRULE:FREQ=YEARLY;BYMONTH=5L;RSCALE=HEBREW;SKIP=FORWARD;WKST=SU",
            json!(["rrule", {}, "recur", {"freq": "YEARLY", "bymonth": "5L", "rscale": "HEBREW",
                "skip": "FORWARD", "wkst": "SU"}]),
        ),
        ("RRULE:often", json!(["rrule", {}, "recur", "often"])),
        ("COMMENT:hello\\, world\\n\\\\", json!(["comment", {}, "text", "hello, world\n\\"])),
        ("X-TIME;VALUE=TIME:123000", json!(["x-time", {}, "time", "12:30:00"])),
        ("X-TIME;VALUE=TIME:123000Z", json!(["x-time", {}, "time", "12:30:00Z"])),
        (
            "TZURL:http://example.org/tz/Europe-Berlin.ics",
            json!(["tzurl", {}, "uri", "http://example.org/tz/Europe-Berlin.ics"]),
        ),
        ("TZOFFSETFROM:-0500", json!(["tzoffsetfrom", {}, "utc-offset", "-05:00"])),
        ("TZOFFSETTO:+012345", json!(["tzoffsetto", {}, "utc-offset", "+01:23:45"])),
        (
            "X-COMPLAINT-DEADLINE:20110512T120000Z",
            json!(["x-complaint-deadline", {}, "unknown", "20110512T120000Z"]),
        ),
        (
            "X-COFFEE-DATA:Stenophylla;Guinea\\,Africa",
            json!(["x-coffee-data", {}, "unknown", "Stenophylla;Guinea\\,Africa"]),
        ),
        ("DTSTART:not a date", json!(["dtstart", {}, "date-time", "not a date"])),
        ("GEO:here", json!(["geo", {}, "float", "here"])),
        ("PRIORITY:high", json!(["priority", {}, "integer", "high"])),
    ];
    for (line, expected) in table {
        assert_eq!(written(line), expected, "{line}");
        let back = read(&json!([expected])).unwrap().replace("\r\n ", "");
        assert_eq!(back, object(line), "{line}");
    }
}

/// RFC 7265 §3.1: base64 is for what is binary.
#[test]
fn texts_are_not_in_base64() {
    let line = "COMMENT;ENCODING=BASE64:SGVsbG8sIHdvcmxkIQ==";
    assert_eq!(written(line), json!(["comment", {}, "text", "Hello, world!"]));
    let line = "COMMENT;ENCODING=BASE64:no!";
    assert_eq!(written(line), json!(["comment", {"encoding": "BASE64"}, "text", "no!"]));
    let line = "ATTACH;ENCODING=BASE64:SGVsbG8=";
    assert_eq!(written(line), json!(["attach", {"encoding": "BASE64"}, "binary", "SGVsbG8="]));
}

/// RFC 7265 §3.2.
#[test]
fn several_objects_are_an_array() {
    let one = r#"["vcalendar",[["version",{},"text","2.0"]],[]]"#;
    let text = object("VERSION:2.0");
    assert_eq!(stream(one.as_bytes()).unwrap(), text);
    assert_eq!(stream(format!("[{one},{one}]").as_bytes()).unwrap(), text.repeat(2));
    assert!(icalendar(format!("[{one}]").as_bytes()).is_err());
    for bad in ["[]", "[[]]", "[[\"vcalendar\",[],[]],1]"] {
        assert!(stream(bad.as_bytes()).is_err(), "{bad}");
    }
}

/// RFC 7265 §B.1, and what says less than it should.
#[test]
fn what_a_line_does_not_say_is_known_by_its_form() {
    for (line, expected, back) in [
        (
            "DTSTART:20081006",
            json!(["dtstart", {}, "date", "2008-10-06"]),
            "DTSTART;VALUE=DATE:20081006",
        ),
        (
            "DTSTART;VALUE=DATE:20260101T000000",
            json!(["dtstart", {}, "date", "2026-01-01"]),
            "DTSTART;VALUE=DATE:20260101",
        ),
        (
            "RDATE:20260101T000000Z/PT1H",
            json!(["rdate", {}, "period", ["2026-01-01T00:00:00Z", "PT1H"]]),
            "RDATE;VALUE=PERIOD:20260101T000000Z/PT1H",
        ),
        (
            "DTEND;VALUE=DATE-TIME:20211101T1/3000",
            json!(["dtend", {}, "date-time", "20211101T1/3000"]),
            "DTEND;VALUE=DATE-TIME:20211101T1/3000",
        ),
        ("SUMMARY;VALUE=TEXT:a", json!(["summary", {}, "text", "a"]), "SUMMARY:a"),
        (
            "summary;LANGUAGE=de:a,b",
            json!(["summary", {"language": "de"}, "text", "a,b"]),
            "SUMMARY;LANGUAGE=de:a\\,b",
        ),
        (
            "REQUEST-STATUS:2.0;Success;",
            json!(["request-status", {}, "text", ["2.0", "Success"]]),
            "REQUEST-STATUS:2.0;Success",
        ),
    ] {
        assert_eq!(written(line), expected, "{line}");
        assert_eq!(read(&json!([expected])).unwrap(), object(back), "{line}");
    }
}

/// RFC 7265 §3.5.2, §3.6.8, §3.6.10: what may be written in more than one way.
#[test]
fn both_forms_of_single_values_are_read() {
    for (one, other) in [
        (
            json!(["attendee", {"member": "a"}, "cal-address", "x:"]),
            json!(["attendee", {"member": ["a"]}, "cal-address", "x:"]),
        ),
        (
            json!(["rrule", {}, "recur", {"freq": "DAILY", "bymonth": 1, "byday": "MO"}]),
            json!(["rrule", {}, "recur", {"byday": ["MO"], "bymonth": [1], "freq": "DAILY"}]),
        ),
        (json!(["priority", {}, "integer", 5]), json!(["priority", {}, "integer", 5.0])),
        (json!(["priority", {}, "integer", 50]), json!(["PRIORITY", {}, "INTEGER", 5e1])),
        (json!(["summary", {}, "unknown", "a\\,b"]), json!(["summary", {}, "text", "a,b"])),
    ] {
        assert_eq!(read(&json!([one])).unwrap(), read(&json!([other])).unwrap());
    }
    let rule = read(&json!([["rrule", {}, "recur", {"byday": "MO", "freq": "DAILY"}]])).unwrap();
    assert!(rule.contains("RRULE:FREQ=DAILY;BYDAY=MO\r\n"), "FREQ is first: {rule}");
    let long = read(&json!([["comment", {}, "text", "x".repeat(300)]])).unwrap();
    assert!(long.lines().all(|line| line.len() <= 75), "folded");
}

#[test]
fn what_is_no_jcal_is_refused() {
    for text in [
        "",
        "{}",
        "[]",
        "[\"vcard\",[],[]]",
        "[\"vcalendar\",[]]",
        "[\"vcalendar\",{},[]]",
        "[\"vcalendar\",[],[]] x",
    ] {
        assert!(icalendar(text.as_bytes()).is_err(), "{text}");
    }
    for it in [
        json!(["summary", {}, "text"]),
        json!(["summary", [], "text", "a"]),
        json!(["", {}, "text", "a"]),
        json!(["a:b", {}, "text", "a"]),
        json!(["begin", {}, "text", "VEVENT"]),
        json!(["END", {}, "unknown", "VCALENDAR"]),
        json!(["x", {}, "unknown", "a\r\nBEGIN:VEVENT"]),
        json!(["url", {}, "uri", "a\nX:b"]),
        json!(["x", {"value": "DATE"}, "unknown", "a"]),
        json!(["x", {"a;b": "c"}, "unknown", "a"]),
        json!(["x", {"a": 1}, "unknown", "a"]),
        json!(["x", {}, "a:b", "a"]),
        json!(["x", {}, "integer", 1.5]),
        json!(["x", {}, "float", 1e300]),
        json!(["x", {}, "text", null]),
        json!(["x", {}, "text", {}]),
        json!(["x", {}, "text", [["a"]]]),
        json!(["rrule", {}, "recur", {"freq": "DAILY;COUNT=1"}]),
        json!(["rrule", {}, "recur", {"a=b": "c"}]),
    ] {
        assert!(read(&json!([it])).is_err(), "{it}");
    }
    let deep = "[\"vcalendar\",[],[".repeat(200);
    assert!(icalendar(deep.as_bytes()).is_err());
    let nested = (0..9).fold(json!(["x", [], []]), |inside, _| json!(["vcalendar", [], [inside]]));
    assert!(icalendar(nested.to_string().as_bytes()).is_err());
    let many = format!("[\"vcalendar\",[[\"x\",{{}},\"integer\"{}]],[]]", ",1".repeat(2_000_000));
    assert!(icalendar(many.as_bytes()).unwrap_err().to_string().contains("more JSON values"));
}

/// Lines of text can be in a text and in a parameter, and come back.
#[test]
fn no_value_becomes_a_line() {
    let it = json!([["comment", {"x-a": "a\nEND:VCALENDAR"}, "text", "b\r\nEND:VCALENDAR\u{0}"]]);
    let text = read(&it).unwrap();
    assert_eq!(text, object("COMMENT;X-A=\"a^nEND:VCALENDAR\":b\\nEND:VCALENDAR"));
}

/// Where an object lies in time, if it is one.
pub(in crate::format::ical) fn place_in_time(text: &str) -> Option<String> {
    let calendar = Calendar::parse(text.as_bytes()).ok()?;
    let object = check_resource(&calendar).ok()?;
    let extent = extent(&object, &calendar.zones(Zone::utc()), &mut Steps::new(20_000));
    Some(format!("{} {:?} {extent:?}", object.uid, object.kind))
}

#[test]
fn samples_come_back_with_their_meaning() {
    let (mut whole, mut objects) = (0, 0);
    for (name, octets) in samples() {
        let Ok(text) = std::str::from_utf8(&octets) else { continue };
        let Ok(first) = jcal(text) else { continue };
        let again = icalendar(first.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(jcal(&again).unwrap(), first, "{name}");
        let calendar = Calendar::parse(text.as_bytes()).unwrap();
        let lines = Calendar::parse(again.as_bytes()).unwrap().lines().len();
        assert_eq!(lines, calendar.lines().len(), "{name}");
        let place = place_in_time(text);
        assert_eq!(place_in_time(&again), place, "{name}");
        whole += 1;
        objects += usize::from(place.is_some());
    }
    assert!(whole > 100 && objects > 50, "{whole} {objects}");
}

/// Values that lines hold, by the names that they stand under.
pub(in crate::format::ical) fn any_line() -> impl Strategy<Value = String> {
    let text = "[a-zA-Zäß€ .:=\"'^-]{0,40}(\\\\[,;n\\\\])?";
    let params = prop_oneof![
        Just(String::new()),
        "(;X-[A-Z]{1,3}=[a-z^ ]{0,5}(,[a-z]{1,3})?){0,2}",
        "(;CN=\"[a-zäö,;:^ ]{0,9}\")?",
    ];
    let value = prop_oneof![
        (Just("SUMMARY"), text),
        (Just("X-OTHER"), "[ -~]{0,30}"),
        (Just("CATEGORIES"), "[a-z]{1,3}(,[a-z]{0,3}){0,3}"),
        (Just("URL"), "[!-~]{0,30}"),
        (Just("ATTENDEE"), "mailto:[a-z]{1,9}@[a-z]{1,3}"),
        (Just("PRIORITY"), "-?[0-9]{1,9}"),
        (Just("X-F;VALUE=FLOAT"), "-?[0-9]{1,4}\\.[0-9]{1,20}"),
        (Just("GEO"), "-?[0-9]{1,2}\\.[0-9]{1,9};-?[0-9]{1,3}\\.[0-9]{1,9}"),
        (Just("DTSTART"), "20[0-9]{6}(T[0-9]{6}Z?)?"),
        (Just("EXDATE"), "20[0-9]{6}T[0-9]{6}(,20[0-9]{6}T[0-9]{6}){0,3}"),
        (Just("FREEBUSY"), "20[0-9]{6}T[0-9]{6}Z/(PT1H|20[0-9]{6}T[0-9]{6}Z)"),
        (
            Just("RRULE"),
            "FREQ=(DAILY|WEEKLY)(;COUNT=[1-9])?(;BYDAY=MO,-1TU)?(;BYMONTH=[1-9](,12)?)?"
        ),
        (Just("TZOFFSETTO"), "[+-][0-9]{4}([0-9]{2})?"),
        (Just("REQUEST-STATUS"), "[1-5]\\.[0-9];[a-z]{1,9}(;[a-z]{0,4})?"),
    ];
    (value, params).prop_map(|((name, value), params)| format!("{name}{params}:{value}"))
}

proptest! {
    #[test]
    fn any_object_comes_back(lines in prop::collection::vec(any_line(), 1..8)) {
        let text = object(&lines.join("\r\n"));
        let first = jcal(&text).unwrap();
        let again = icalendar(first.as_bytes()).unwrap();
        prop_assert_eq!(jcal(&again).unwrap(), first);
        // Line by line the same values, whatever the order of parameters.
        let (old, new) = (Calendar::parse(text.as_bytes()).unwrap(), again.into_bytes());
        let new = Calendar::parse(&new).unwrap();
        prop_assert_eq!(old.lines().len(), new.lines().len());
        for (old, new) in old.root().properties().zip(new.root().properties()) {
            prop_assert!(new.is(old.name()));
            let plain = |line: &Line<'_>| crate::format::property::text(line.value()).into_owned();
            let kept = ["X-OTHER", "URL", "ATTENDEE", "SUMMARY"].iter().any(|name| old.is(name));
            prop_assert!(!kept || plain(old) == plain(new), "{:?} {:?}", old, new);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = icalendar(text.as_bytes());
        let whole = object(&text);
        if let Ok(first) = jcal(&whole) {
            let again = icalendar(first.as_bytes()).unwrap();
            prop_assert_eq!(jcal(&again).unwrap(), first);
        }
    }
}
