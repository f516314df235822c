//! Tests of what is left of hidden components.

use super::*;
use proptest::prelude::*;

fn object(lines: &str) -> String {
    let lines = lines.replace('\n', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:secret-name\r\n\
         DTSTART:20260101T100000Z\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn shown(lines: &str, all: bool) -> Option<String> {
    let shown = redacted(object(lines).as_bytes(), all, b"s").map(Cow::into_owned);
    shown.map(|text| String::from_utf8(text).unwrap())
}

#[test]
fn what_is_public_is_shown_as_it_is() {
    for lines in ["SUMMARY:s", "CLASS:PUBLIC\nSUMMARY:s", "CLASS:\nSUMMARY:s"] {
        assert_eq!(shown(lines, false), Some(object(lines)));
    }
}

#[test]
fn of_what_is_not_only_the_time_is_left() {
    for lines in ["CLASS:PRIVATE", "class:confidential", "CLASS:X-ANYTHING"] {
        let more = "SUMMARY:s\nLOCATION:l\nX-A:a\nRRULE:FREQ=DAILY\nATTENDEE:mailto:a@b\nBEGIN:VALARM\n\
                    DESCRIPTION:d\nEND:VALARM";
        let text = shown(&format!("{lines}\n{more}"), false).unwrap();
        assert!(text.contains("RRULE:FREQ=DAILY\r\n") && text.contains("SUMMARY:Busy\r\n"));
        for secret in ["SUMMARY:s", "LOCATION", "X-A", "mailto", "VALARM", "secret-name"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert_eq!(shown(more, true).as_deref(), Some(text.as_str()));
    }
}

#[test]
fn what_takes_no_time_is_left_out_but_for_overrides() {
    for lines in ["TRANSP:TRANSPARENT", "STATUS:CANCELLED"] {
        assert_eq!(shown(lines, true), None);
        let override_ = format!("RECURRENCE-ID:20260101T100000Z\n{lines}");
        assert!(shown(&override_, true).unwrap().contains(lines));
    }
    assert_eq!(redacted(object("X:y").replace("VEVENT", "VTODO").as_bytes(), true, b"s"), None);
}

#[test]
fn what_clients_add_to_times_and_zones_is_not_shown() {
    let more = "DTEND;X-NOTE=\"why\";TZID=Mine:20260101T110000\nSTATUS:In hospital\nCLASS:PUBLIC\nCLASS:PRIVATE";
    let zone = |name: &str| {
        format!(
            "BEGIN:VTIMEZONE\r\nTZID:{name}\r\nX-NOTE:why\r\nBEGIN:STANDARD\r\nCOMMENT:why\r\n\
        DTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        )
    };
    let text = object(more)
        .replace("BEGIN:VEVENT", &format!("{}{}BEGIN:VEVENT", zone("Mine"), zone("why")));
    let shown = redacted(text.as_bytes(), false, b"s").map(Cow::into_owned).unwrap();
    let shown = String::from_utf8(shown).unwrap();
    assert!(
        shown.contains("DTEND;TZID=Mine:20260101T110000\r\n") && shown.contains("TZID:Mine\r\n"),
        "{shown}"
    );
    assert!(!shown.contains("why") && !shown.contains("hospital"), "{shown}");
    let other = redacted(text.as_bytes(), false, b"t").map(Cow::into_owned).unwrap();
    assert_ne!(String::from_utf8(other).unwrap(), shown);
}

/// What somebody sees who may see this class and those that hide less.
fn seen(octets: &str, most: Class) -> String {
    String::from_utf8(veiled(octets.as_bytes(), |class| class <= most).into_owned()).unwrap()
}

#[test]
fn a_veil_leaves_what_a_program_needs_to_keep_the_object() {
    let more = "CLASS:X-OURS\nSUMMARY:s\nLOCATION:l\nX-A:a\nRRULE:FREQ=DAILY\nATTENDEE:mailto:a@b\n\
                STATUS:CONFIRMED\nTRANSP:TRANSPARENT\nATTACH:http://a/b\nBEGIN:VALARM\nACTION:DISPLAY\n\
                TRIGGER:-PT5M\nDESCRIPTION:d\nEND:VALARM";
    let text = seen(&object(more), Class::Confidential);
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//EN\r\nBEGIN:VEVENT\r\n\
        DTSTART:20260101T100000Z\r\nRRULE:FREQ=DAILY\r\nSTATUS:CONFIRMED\r\nTRANSP:TRANSPARENT\r\n\
        UID:secret-name\r\nCLASS:PRIVATE\r\nSUMMARY:Busy\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(text, expected);
    assert_eq!(seen(&object(more), Class::Private), object(more));
}

#[test]
fn each_class_is_known_by_its_name_and_the_strictest_counts() {
    for (lines, class) in [
        ("SUMMARY:s", Class::Public),
        ("CLASS:\nSUMMARY:s", Class::Public),
        ("class:confidential", Class::Confidential),
        ("CLASS;X-A=b:CONFIDENTIAL", Class::Confidential),
        ("CLASS:PUBLIC\nCLASS:PRIVATE", Class::Private),
        ("CLASS:X-ANYTHING", Class::Private),
    ] {
        let text = object(lines);
        assert_eq!(class_of(&Calendar::parse(text.as_bytes()).unwrap()), class, "{lines}");
    }
    for (access, class) in [
        ("PUBLIC", Class::Public),
        ("RESTRICTED", Class::Confidential),
        ("CONFIDENTIAL", Class::Confidential),
        ("PRIVATE", Class::Private),
    ] {
        let text = object("CLASS:PUBLIC")
            .replace("PRODID:x", &format!("PRODID:x\r\nX-CALENDARSERVER-ACCESS:{access}"));
        assert_eq!(class_of(&Calendar::parse(text.as_bytes()).unwrap()), class, "{access}");
        assert_eq!(seen(&text, Class::Public) == text, class == Class::Public);
    }
}

/// Two components of one UID.
fn series(master: &str, other: &str) -> String {
    let other = object(&format!("RECURRENCE-ID:20260102T100000Z\n{other}"));
    let from = other.find("BEGIN:VEVENT").unwrap();
    let to = other.find("END:VCALENDAR").unwrap();
    object(master).replace("END:VCALENDAR", &format!("{}END:VCALENDAR", &other[from..to]))
}

#[test]
fn an_override_can_hide_more_than_its_series_and_never_less() {
    let text = series("RRULE:FREQ=DAILY\nSUMMARY:open", "CLASS:PRIVATE\nSUMMARY:shut");
    let shown = seen(&text, Class::Confidential);
    assert!(shown.contains("SUMMARY:open") && !shown.contains("shut"), "{shown}");
    assert!(shown.contains("RECURRENCE-ID:20260102T100000Z") && shown.contains("PRODID:x"));
    for inside in ["SUMMARY:shut", "CLASS:PUBLIC\nSUMMARY:shut"] {
        let text = series("RRULE:FREQ=DAILY\nCLASS:CONFIDENTIAL\nSUMMARY:shut", inside);
        let shown = seen(&text, Class::Public);
        assert!(!shown.contains("shut"), "{shown}");
        assert_eq!(shown.matches("CLASS:CONFIDENTIAL").count(), 2, "{shown}");
    }
}

#[test]
fn no_text_hides_in_times_and_rules() {
    let more = "CLASS:PRIVATE\nDUE:see the doctor\nEXRULE:the doctor\nSTATUS:doctor\nFREEBUSY:doctor\n\
                DURATION;X-WHY=doctor:PT1H\nRDATE;VALUE=doctor:20260105T100000Z\n\
                RRULE:FREQ=DAILY;X-WHY=doctor;COUNT=3\nEXDATE;VALUE=DATE:20260106";
    let shown = seen(&object(more), Class::Public);
    for left in
        ["DURATION:PT1H", "RDATE:2026", "RRULE:FREQ=DAILY;COUNT=3\r\n", "EXDATE;VALUE=DATE:2026"]
    {
        assert!(shown.contains(left), "{left}: {shown}");
    }
    assert!(!shown.contains("doctor"), "{shown}");
}

proptest! {
    /// Whatever stands where in a private event, nothing that is a word of its owner is left. The
    /// name of a zone is: times mean nothing without it.
    #[test]
    fn no_word_is_left_wherever_it_stands(
        lines in prop::collection::vec(("[A-Z-]{1,12}", 0..4_usize, 0..2_usize), 1..12),
        known in prop::collection::vec((0..NAMES.len(), 0..4_usize, 0..2_usize), 1..12),
    ) {
        let parameters = ["", ";X-A=doctor", ";VALUE=doctor", ";RANGE=\"doctor\""];
        let values = ["doctor", "FREQ=DAILY;X-A=doctor"];
        let known = known.into_iter().map(|(name, p, v)| (NAMES[name].to_owned(), p, v));
        let mut all = lines;
        all.extend(known);
        let named = |name: &str| ["BEGIN", "END", "UID"].contains(&name);
        all.retain(|(name, ..)| !named(name));
        let text: Vec<String> =
            all.iter().map(|(name, p, v)| format!("{name}{}:{}", parameters[*p], values[*v])).collect();
        let text = object(&format!("CLASS:PRIVATE\n{}", text.join("\n")));
        let shown = seen(&text, Class::Confidential);
        prop_assert!(!shown.contains("doctor"), "{} {}", text, shown);
        prop_assert!(Calendar::parse(shown.as_bytes()).is_ok());
        let link = redacted(text.as_bytes(), false, b"s").map(Cow::into_owned);
        prop_assert!(!String::from_utf8_lossy(&link.unwrap_or_default()).contains("doctor"));
    }
}

/// Names that are looked at.
const NAMES: [&str; 14] = [
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "RDATE",
    "EXDATE",
    "RECURRENCE-ID",
    "SEQUENCE",
    "RRULE",
    "EXRULE",
    "STATUS",
    "TRANSP",
    "CLASS",
];

#[test]
fn tasks_and_what_cannot_be_read_are_veiled_as_well() {
    let task = object(
        "CLASS:PRIVATE\nDUE:20260102T100000Z\nCOMPLETED:20260101T120000Z\nSTATUS:COMPLETED\nSUMMARY:s",
    );
    let shown = seen(&task.replace("VEVENT", "VTODO"), Class::Public);
    for left in ["BEGIN:VTODO", "DUE:2026", "COMPLETED:2026", "STATUS:COMPLETED", "SUMMARY:Busy"] {
        assert!(shown.contains(left), "{left}: {shown}");
    }
    assert!(!seen("SUMMARY:s", Class::Public).contains("SUMMARY"));
}
