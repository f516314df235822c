//! Whole texts taken apart in pieces of any size, and what is refused.

use super::*;
use proptest::prelude::*;
use std::convert::Infallible;

fn split(stream: Stream, text: &[u8], piece: usize) -> Result<Vec<Whole>, Malformed> {
    let mut splitter = Splitter::new(stream);
    text.chunks(piece.max(1)).try_for_each(|piece| splitter.take(piece))?;
    let objects = splitter.finish()?;
    let read = |at: Range<u64>| Ok(text[at.start as usize..at.end as usize].to_vec());
    let whole = |number| objects.whole::<Infallible>(number, u64::MAX, read).unwrap().unwrap();
    Ok((0..objects.len()).map(whole).collect())
}

const TWO: &str = "\u{feff}BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//X//Y//EN\r\n\
BEGIN:VTIMEZONE\r\nTZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Mine:20260101T100000\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n\
BEGIN:VTODO\r\nU\r\n ID:b\r\nBEGIN:VALARM\r\nUID:c\r\nEND:VALARM\r\nEND:VTODO\r\n\
BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID;TZID=Mine:20260102T100000\r\nEND:VEVENT\r\nEND:VCALENDAR";

#[test]
fn components_of_one_uid_are_one_object_with_the_zones_they_name() {
    let objects = split(Stream::Calendars, TWO.as_bytes(), 7).unwrap();
    assert_eq!(objects.iter().map(|o| o.uid.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let text = String::from_utf8(objects[0].text.clone()).unwrap();
    assert!(
        text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//X//Y//EN\r\nBEGIN:VTIMEZONE")
    );
    assert_eq!(text.matches("BEGIN:VEVENT").count(), 2);
    assert!(text.ends_with("END:VEVENT\r\nEND:VCALENDAR\r\n"));
    let text = String::from_utf8(objects[1].text.clone()).unwrap();
    assert!(!text.contains("VTIMEZONE") && text.contains("U\r\n ID:b\r\n"), "{text}");
}

#[test]
fn the_pieces_do_not_matter() {
    let whole = split(Stream::Calendars, TWO.as_bytes(), usize::MAX).unwrap();
    for piece in 1..40 {
        assert_eq!(split(Stream::Calendars, TWO.as_bytes(), piece).unwrap(), whole, "{piece}");
    }
}

#[test]
fn what_has_no_uid_gets_the_same_one_each_time() {
    let text =
        b"BEGIN:VCARD\nVERSION:3.0\nFN:A\nEND:VCARD\n\nBEGIN:VCARD\nVERSION:3.0\nUID:u\nEND:VCARD";
    let cards = split(Stream::Cards, text, 5).unwrap();
    assert_eq!(cards, split(Stream::Cards, text, 9).unwrap());
    assert_eq!(cards[1].uid, "u");
    let first = String::from_utf8(cards[0].text.clone()).unwrap();
    let want = format!("FN:A\nUID:{}\r\nEND:VCARD\n", cards[0].uid);
    assert!(first.ends_with(&want), "{first}");
    assert_eq!(cards[0].uid.len(), 36);
}

#[test]
fn a_zone_is_looked_for_in_its_own_calendar() {
    let one = |zone: &str| TWO.trim_start_matches('\u{feff}').replace("+0100", zone) + "\r\n";
    let both = one("+0200") + &one("+0300").replace("UID:a", "UID:d");
    let objects = split(Stream::Calendars, both.as_bytes(), 64).unwrap();
    let of = |uid: &str| {
        let found = objects.iter().find(|o| o.uid == uid).unwrap();
        String::from_utf8(found.text.clone()).unwrap()
    };
    assert!(of("a").contains("+0200") && !of("a").contains("+0300"));
    assert!(of("d").contains("+0300") && !of("d").contains("+0200"));
}

#[test]
fn what_is_shared_counts_too() {
    let text =
        TWO.replace("TZID:Mine\r\n", &format!("TZID:Mine\r\nX-A:{}\r\n", "x".repeat(10_000)));
    let mut splitter = Splitter::new(Stream::Calendars);
    splitter.take(text.as_bytes()).unwrap();
    let objects = splitter.finish().unwrap();
    let mut octets = 0;
    let mut read = |at: Range<u64>| {
        octets += at.end - at.start;
        Ok::<_, Infallible>(text.as_bytes()[at.start as usize..at.end as usize].to_vec())
    };
    assert_eq!(objects.whole(0, 5_000, &mut read), Ok(None));
    assert!(objects.whole(1, 5_000, &mut read).unwrap().is_some());
    assert!(octets < 5_000);
}

#[test]
fn many_zones_and_many_parts_of_one_uid_take_time_with_their_number_only() {
    let zone = "BEGIN:VTIMEZONE\r\nTZID:Z\r\nEND:VTIMEZONE\r\n".repeat(90_000);
    let event = "BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n".repeat(90_000);
    let text = format!("BEGIN:VCALENDAR\r\n{zone}{event}END:VCALENDAR\r\n");
    assert_eq!(split(Stream::Calendars, text.as_bytes(), 1 << 16).unwrap().len(), 1);
}

#[test]
fn what_is_no_such_text_is_refused_with_its_line() {
    for (text, line) in [
        ("", 0),
        ("\r\n\r\n", 0),
        ("hello", 1),
        ("BEGIN:VEVENT\nEND:VEVENT\n", 1),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VTODO\n", 3),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", 2),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nX:y\n", 3),
    ] {
        let error = split(Stream::Calendars, text.as_bytes(), 3).unwrap_err();
        assert_eq!(error.line, line, "{text:?}: {error}");
    }
}

proptest! {
    #[test]
    fn never_panics_and_every_octet_of_a_part_comes_back(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("BEGIN:VCALENDAR"), Just("END:VCALENDAR"), Just("BEGIN:VEVENT"),
                Just("END:VEVENT"), Just("UID:a"), Just("UID:b"), Just(" x"), Just(""), Just("X;Y:z"),
            ], 0..40),
        piece in 1usize..50, crlf: bool,
    ) {
        let text = lines.join(if crlf { "\r\n" } else { "\n" });
        let whole = split(Stream::Calendars, text.as_bytes(), usize::MAX);
        prop_assert_eq!(&split(Stream::Calendars, text.as_bytes(), piece), &whole);
    }

    #[test]
    fn any_octets(bytes in any::<Vec<u8>>(), piece in 1usize..50) {
        for stream in [Stream::Calendars, Stream::Cards] {
            let _ = split(stream, &bytes, piece);
        }
    }
}
