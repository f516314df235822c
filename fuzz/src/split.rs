//! Whole calendars and address books taken apart (`format/split`).
//!
//! Promises: the pieces in which a text arrives do not matter; the octets of the parts are those
//! of the text; an object with a UID of its own is one that the next taking apart finds again.

use davenport::format::line::Malformed;
use davenport::format::split::{Splitter, Stream, Whole};
use std::convert::Infallible;

pub const SEEDS: &[&[u8]] = &[
    b"\xEF\xBB\xBFBEGIN:VCALENDAR\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:Z\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nU\r\n ID:a\r\nDTSTART;TZID=Z:20260101T000000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\nBEGIN:VTODO\nUID:a\nEND:VTODO\nEND:VCALENDAR",
    b"BEGIN:VCARD\nVERSION:3.0\nitem1.UID:u\nEND:VCARD\n\nBEGIN:VCARD\nBEGIN:VCARD\nEND:VCARD\nEND:VCARD\n",
    b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:no name\nEND:VEVENT\nEND:VCALENDAR\n",
];

fn split(stream: Stream, text: &[u8], piece: usize) -> Result<Vec<Whole>, Malformed> {
    let mut splitter = Splitter::new(stream);
    text.chunks(piece).try_for_each(|piece| splitter.take(piece))?;
    let objects = splitter.finish()?;
    let read = |at: std::ops::Range<u64>| Ok(text[at.start as usize..at.end as usize].to_vec());
    let whole = |number| objects.whole::<Infallible>(number, u64::MAX, read).unwrap().unwrap();
    Ok((0..objects.len()).map(whole).collect())
}

pub fn run(data: &[u8]) {
    for stream in [Stream::Calendars, Stream::Cards] {
        let all = split(stream, data, data.len().max(1));
        assert_eq!(split(stream, data, 3), all);
        match all {
            Err(fault) => super::assert_short(&fault),
            Ok(objects) => objects.iter().for_each(|object| again(stream, object)),
        }
    }
}

fn again(stream: Stream, object: &Whole) {
    if let Ok(parts) = split(stream, &object.text, 64) {
        assert_eq!(parts.first().map(|part| part.uid.as_str()), Some(object.uid.as_str()));
    }
}
