//! Tests of attachments in the text of an object.

use super::*;

fn object(components: &str) -> String {
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{components}END:VCALENDAR\n");
    text.replace('\n', "\r\n")
}

const SERIES: &str = "BEGIN:VEVENT\nUID:u\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Europe/Berlin:20260301T100000\n\
    DTEND;TZID=Europe/Berlin:20260301T113000\nRRULE:FREQ=WEEKLY;COUNT=8\nSUMMARY:s\n\
    BEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\n";
const OVERRIDE: &str = "BEGIN:VEVENT\nUID:u\nDTSTAMP:20260101T000000Z\nRECURRENCE-ID;TZID=Europe/Berlin:20260308T100000\n\
    DTSTART;TZID=Europe/Berlin:20260308T120000\nEND:VEVENT\n";

fn attach(id: &str) -> Attach {
    let url = format!("https://example.com/attachments/{id}");
    Attach {
        id: id.into(),
        url,
        media_type: "text/plain".into(),
        filename: Some("a.txt".into()),
        size: 5,
    }
}

const LINE: &str = "ATTACH;MANAGED-ID=one;FMTTYPE=text/plain;SIZE=5;FILENAME=a.txt:https://exam\n \
    ple.com/attachments/one\n";

fn some(rid: &str) -> Which {
    Which::read(Some(rid)).unwrap()
}

fn text(made: Result<Vec<u8>, AttachFault>) -> String {
    String::from_utf8(made.unwrap()).unwrap()
}

#[test]
fn an_attachment_comes_to_every_component_and_goes_again() {
    let old = object(&format!("{SERIES}{OVERRIDE}"));
    let new = text(add(old.as_bytes(), &Which::All, &attach("one")));
    let expected = object(&format!(
        "{}{}",
        SERIES.replace("SUMMARY:s\n", &format!("SUMMARY:s\n{LINE}")),
        OVERRIDE.replace("END:VEVENT", &format!("{LINE}END:VEVENT")),
    ));
    assert_eq!(new, expected);
    assert_eq!(managed_ids(&Calendar::parse(new.as_bytes()).unwrap()), ["one"]);
    assert_eq!(text(remove(new.as_bytes(), &Which::All, "one")), old);
    let other = text(replace(new.as_bytes(), "one", &attach("two")));
    assert_eq!(managed_ids(&Calendar::parse(other.as_bytes()).unwrap()), ["two"]);
    assert_eq!(other.matches("ATTACH").count(), 2);
}

#[test]
fn instances_are_named_as_they_are_written() {
    let old = object(&format!("{SERIES}{OVERRIDE}"));
    let new = text(add(old.as_bytes(), &some("20260308T100000"), &attach("one")));
    assert_eq!(new.matches("ATTACH").count(), 1);
    let with = OVERRIDE.replace("END:VEVENT", &format!("{LINE}END:VEVENT"));
    assert_eq!(new, object(&format!("{SERIES}{with}")));
    let new = text(add(old.as_bytes(), &some("m"), &attach("one")));
    assert!(new.contains("SUMMARY:s\r\nATTACH;"), "{new}");
    assert_eq!(new.matches("ATTACH").count(), 1);
}

#[test]
fn an_instance_without_a_component_gets_one() {
    let old = object(SERIES);
    // After the clocks went forward.
    let new = text(add(old.as_bytes(), &some("20260405T100000"), &attach("one")));
    let made = format!(
        "BEGIN:VEVENT\nUID:u\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Europe/Berlin:20260405T100000\n\
         RECURRENCE-ID;TZID=Europe/Berlin:20260405T100000\nDTEND;TZID=Europe/Berlin:20260405T113000\n\
         SUMMARY:s\n{LINE}BEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\n"
    );
    assert_eq!(new, object(&format!("{SERIES}{made}")));
    // One that the series has is taken away from an instance alone.
    let all = text(add(old.as_bytes(), &Which::All, &attach("one")));
    let less = text(remove(all.as_bytes(), &some("20260315T100000"), "one"));
    assert_eq!((less.matches("ATTACH").count(), less.matches("RECURRENCE-ID").count()), (1, 1));
}

#[test]
fn what_is_not_there_is_refused() {
    let old = object(&format!("{SERIES}{OVERRIDE}"));
    let wrong = |rid: &str| add(old.as_bytes(), &some(rid), &attach("one"));
    for rid in [
        "20260309T100000",
        "20260308T090000Z",
        "20260308",
        "20260301",
        "tomorrow",
        "20260301T100000Z",
    ] {
        assert_eq!(wrong(rid), Err(AttachFault::Instance(rid.into())), "{rid}");
    }
    for rid in ["", "M,m", "20260308T100000,20260308T100000", ","] {
        assert!(matches!(Which::read(Some(rid)), Err(AttachFault::Instance(_))), "{rid}");
    }
    let new = text(add(old.as_bytes(), &some("M"), &attach("one")));
    assert_eq!(remove(new.as_bytes(), &Which::All, "two"), Err(AttachFault::Unknown));
    assert_eq!(replace(new.as_bytes(), "two", &attach("x")), Err(AttachFault::Unknown));
    assert_eq!(remove(new.as_bytes(), &some("20260308T100000"), "one"), Err(AttachFault::Unknown));
}

#[test]
fn names_cannot_break_out_of_their_parameter() {
    let name = "a\";X=\r\nEND:VEVENT;b:c,d^".to_owned();
    let new = add(
        object(SERIES).as_bytes(),
        &some("M"),
        &Attach { filename: Some(name), ..attach("one") },
    );
    let new = text(new);
    let calendar = Calendar::parse(new.as_bytes()).unwrap();
    let line = calendar.lines().iter().find(|line| line.is("ATTACH")).unwrap();
    assert_eq!(line.param("FILENAME").unwrap().bare(), "a;X=END:VEVENT;b:c,d^");
    assert!(line.param("X").is_none());
}

#[test]
fn a_wrong_size_is_put_right() {
    let new = text(add(object(SERIES).as_bytes(), &Which::All, &attach("one")));
    let size = |id: &str| (id == "one").then_some(5);
    assert_eq!(sized(new.as_bytes(), size), None);
    let wrong = new.replace("SIZE=5", "SIZE=6");
    assert_eq!(sized(wrong.as_bytes(), size), Some(new.clone().into_bytes()));
    assert_eq!(sized(wrong.as_bytes(), |_| None), None);
    assert_eq!(sized(new.replace(";SIZE=5", "").as_bytes(), size), None);
}
