//! An exception that stands alone is put into the object of its series: its components, and the time
//! zones that are not there yet, go to the end of the stored text, which is else left as it is.
//!
//! Standards: RFC 4791 §4.1 (the components of one UID are one resource), RFC 5545 §3.8.4.4.

use super::object::check_resource;
use super::value::Form;
use super::{Calendar, Component};
use crate::format::tz::Zone;
use std::ops::Range;

/// Exceptions without the master that they belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceptions<'t> {
    text: &'t [u8],
    /// The UID.
    pub uid: String,
    /// The original start of the first, as in `20260101T090000` but with `-` and `:`, and with the
    /// offset from UTC where it has one.
    pub instance: String,
    components: Vec<Range<usize>>,
    zones: Vec<(String, Range<usize>)>,
}

impl<'t> Exceptions<'t> {
    /// Reads a text; `None` when it is not a calendar object that consists of exceptions only.
    pub fn read(text: &'t [u8]) -> Option<Self> {
        let calendar = Calendar::parse(text).ok()?;
        let object = check_resource(&calendar).ok()?;
        if object.master.is_some() {
            return None;
        }
        let id = object.overrides.first()?.recurrence_id?;
        let ((year, month, day), second) = (id.civil.date(), id.civil.second);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let offset = match id.form {
            Form::Utc => written(0),
            Form::Date | Form::Floating => String::new(),
            Form::Zone(tzid) => {
                let zone = calendar.zones(Zone::utc()).find(tzid);
                zone.map_or(String::new(), |zone| written(zone.offset_at(zone.to_utc(id.civil))))
            }
        };
        let instance =
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}");
        let components = object.overrides.iter().map(|entry| entry.component.span()).collect();
        let zones = zones(&calendar).map(|(tzid, zone)| (tzid.to_owned(), zone.span())).collect();
        Some(Self { text, uid: object.uid.into_owned(), instance, components, zones })
    }

    /// The stored text of the series with the exceptions; `None` when it has no master, or another
    /// UID, or already one of the exceptions.
    pub fn into_series(&self, stored: &[u8]) -> Option<Vec<u8>> {
        let calendar = Calendar::parse(stored).ok()?;
        let series = check_resource(&calendar).ok()?;
        series.master.as_ref().filter(|_| series.uid == self.uid)?;
        let end = calendar.lines().last()?.start;
        let known = |tzid: &str| zones(&calendar).any(|(other, _)| other == tzid);
        let missing = self.zones.iter().filter(|(tzid, _)| !known(tzid)).map(|(_, span)| span);
        let crlf = stored.get(..end)?.ends_with(b"\r\n");
        let mut joined = stored.get(..end)?.to_vec();
        for span in missing.chain(&self.components) {
            append(&mut joined, self.text.get(span.clone())?, crlf);
        }
        joined.extend_from_slice(stored.get(end..)?);
        let again = Calendar::parse(&joined).ok()?;
        check_resource(&again).ok()?;
        Some(joined)
    }
}

/// The VTIMEZONEs with their names.
fn zones<'c>(calendar: &'c Calendar<'c>) -> impl Iterator<Item = (&'c str, Component<'c>)> {
    let zones = calendar.root().children().filter(|component| component.is("VTIMEZONE"));
    zones.filter_map(|zone| Some((zone.property("TZID")?.value().trim(), zone)))
}

/// Appends lines with the line ends of the rest.
fn append(to: &mut Vec<u8>, text: &[u8], crlf: bool) {
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        to.extend_from_slice(bare.strip_suffix(b"\r").unwrap_or(bare));
        to.extend_from_slice(if crlf { b"\r\n" } else { b"\n" });
    }
}

/// An offset from UTC in hours and minutes, such as `+01:00`.
fn written(offset: i64) -> String {
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(lines: &str) -> String {
        format!("BEGIN:VCALENDAR\nVERSION:2.0\n{lines}END:VCALENDAR\n")
    }

    fn event(lines: &str) -> String {
        format!("BEGIN:VEVENT\nUID:u\n{lines}\nEND:VEVENT\n")
    }

    const SERIES: &str = "DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY";
    const MOVED: &str = "RECURRENCE-ID:20260102T090000Z\nDTSTART:20260102T100000Z";

    fn zone(tzid: &str) -> String {
        format!("BEGIN:VTIMEZONE\nTZID:{tzid}\nEND:VTIMEZONE\n")
    }

    #[test]
    fn components_and_new_zones_come_to_the_end() {
        let stored = object(&(zone("A") + &event(SERIES))).replace('\n', "\r\n");
        let sent = object(&(zone("A") + &zone("B") + &event(MOVED)));
        let joined = Exceptions::read(sent.as_bytes()).unwrap().into_series(stored.as_bytes());
        let expected = object(&(zone("A") + &event(SERIES) + &zone("B") + &event(MOVED)));
        assert_eq!(String::from_utf8(joined.unwrap()).unwrap(), expected.replace('\n', "\r\n"));
    }

    #[test]
    fn what_does_not_belong_together_stays_apart() {
        let moved = object(&event(MOVED));
        let read = Exceptions::read(moved.as_bytes()).unwrap();
        for stored in [
            object(&event(MOVED)),
            object(&(event(SERIES) + &event(MOVED))),
            object(&event(SERIES).replace("UID:u", "UID:v")),
            object(&event(SERIES).replace("VEVENT", "VTODO")),
        ] {
            assert_eq!(read.into_series(stored.as_bytes()), None, "{stored}");
        }
        for sent in [event(SERIES), event(SERIES) + &event(MOVED)] {
            assert_eq!(Exceptions::read(object(&sent).as_bytes()), None, "{sent}");
        }
    }

    #[test]
    fn an_instance_is_named_by_its_original_start() {
        for (id, name) in [
            (":20260701T090000Z", "2026-07-01T09:00:00+00:00"),
            (":20260701T090000", "2026-07-01T09:00:00"),
            (";VALUE=DATE:20260701", "2026-07-01T00:00:00"),
            (";TZID=Europe/Stockholm:20260701T090000", "2026-07-01T09:00:00+02:00"),
            (";TZID=America/St_Johns:20260101T093015", "2026-01-01T09:30:15-03:30"),
        ] {
            let sent = object(&event(&format!("RECURRENCE-ID{id}\nDTSTART:20260701T100000Z")));
            assert_eq!(Exceptions::read(sent.as_bytes()).unwrap().instance, name);
        }
    }
}
