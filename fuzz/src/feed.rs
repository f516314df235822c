//! Feeds as they come from elsewhere (`domain/feed`, `format/feed`, `format/url`).
//!
//! Promises: what is made of one is kept as it is when it is read again, whatever came before; it
//! has no alarms; an address is read as it is written, and shown without its password.

use davenport::domain::feed::read;
use davenport::format::url::WebUrl;

pub const SEEDS: &[&[u8]] = &[
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:PUBLISH\r\nX-WR-CALNAME:A\\, b\r\nCOLOR:red\r\nREFRESH-INTERVAL;VALUE=DURATION:P1D\r\nBEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nSUMMARY:no name\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT1H\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTAMP:20260101T000000Z\nDTSTART:20260101\nEND:VEVENT\nBEGIN:VEVENT\nUID:a\nDTSTAMP:20260102T000000Z\nDTSTART:20260102\nEND:VEVENT\nEND:VCALENDAR\n",
    b"<!DOCTYPE html>",
    b"https://user:password@example.org:8443/a?b#c",
    b"webcal://0x7f.1/",
];

pub fn run(data: &[u8]) {
    if let Ok(fresh) = read(data, b"") {
        assert!(!fresh.objects.windows(12).any(|w| w.eq_ignore_ascii_case(b"BEGIN:VALARM")));
        if fresh.members > 0 {
            let again = read(&fresh.objects, &fresh.objects).expect("it was made by the reader");
            assert_eq!((again.members, again.left_out), (fresh.members, 0));
            assert!(again.objects == fresh.objects);
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(url) = WebUrl::parse(text) {
        assert_eq!(WebUrl::parse(&url.exposed()), Ok(url.clone()));
        let shown = WebUrl::parse(&url.to_string()).expect("it is an address, too");
        assert_eq!(shown.credentials(), None);
    }
}
