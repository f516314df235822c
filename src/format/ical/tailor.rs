//! The VTIMEZONEs of a calendar object as a client wants them (RFC 7809 §3.1.3): those of the
//! database left out, or all that are missing put in.
//!
//! Invariant: everything else is kept octet for octet; a text that is no calendar is not touched.

use super::definition::{self, Extent};
use super::{Calendar, value};
use crate::format::line::{Line, decode};
use crate::format::tz::{Zone, database};
use crate::kernel::limits::{TZID_MAX, ZONES_ADDED_MAX};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Which VTIMEZONEs are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zones {
    /// Those that are stored.
    #[default]
    AsStored,
    /// Those of every TZID (`CalDAV-Timezones: T`).
    All,
    /// Those that the time zone service does not give (`CalDAV-Timezones: F`).
    Unknown,
}

impl Zones {
    /// What the tag of a text made this way has more than that of the stored one. What is put in
    /// comes from the database, so its version is part of it.
    pub fn mark(self) -> String {
        match self {
            Self::AsStored => String::new(),
            Self::All => format!("-t{}", database::version()),
            Self::Unknown => "-f".to_owned(),
        }
    }

    /// The text with the wanted VTIMEZONEs; `None` when it has them already.
    pub fn of(self, text: &str) -> Option<String> {
        if self == Self::AsStored {
            return None;
        }
        let calendar = Calendar::parse(text.as_bytes()).ok()?;
        match self {
            Self::AsStored => None,
            Self::All => with_all(&calendar, text),
            Self::Unknown => without_known(&calendar, text),
        }
    }
}

/// Without the VTIMEZONEs whose TZID is a name of the database: the names that the time zone
/// service gives, and no others that mean the same.
fn without_known(calendar: &Calendar<'_>, text: &str) -> Option<String> {
    let zones = calendar.root().children().filter(|c| c.is("VTIMEZONE"));
    let known = zones.filter(|zone| {
        let tzid = zone.property("TZID").map(|line| value::text(line.value().trim()));
        tzid.is_some_and(|tzid| database::spelt(&tzid) == Some(tzid.as_ref()))
    });
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for span in known.map(|zone| zone.span()) {
        out.push_str(text.get(at..span.start)?);
        at = span.end;
    }
    out.push_str(text.get(at..)?);
    (at != 0).then_some(out)
}

/// With a VTIMEZONE for each TZID that has none and that names a known zone.
fn with_all(calendar: &Calendar<'_>, text: &str) -> Option<String> {
    let root = calendar.root();
    let zones = root.children().filter(|c| c.is("VTIMEZONE"));
    let written = zones.filter_map(|zone| zone.property("TZID"));
    let written: BTreeSet<_> = written.map(|line| value::text(line.value().trim())).collect();
    let mut extent = Extent::SINCE_1970;
    let mut missing = BTreeSet::new();
    for line in calendar.lines() {
        let Some(tzid) = tzid(line).filter(|tzid| !written.contains(tzid)) else { continue };
        // A year before 1970 needs the whole history.
        if line.value().trim() < "1970" {
            extent = Extent::default();
        }
        if missing.len() < ZONES_ADDED_MAX {
            missing.insert(tzid);
        }
    }
    let mut added = String::new();
    for tzid in missing {
        let zone = Zone::named(&tzid);
        added.extend(zone.and_then(|zone| definition::write(&tzid, &zone, extent, &[])));
    }
    let place = root.children().next().map(|first| first.span().start);
    let (head, tail) = text.split_at_checked(place.filter(|_| !added.is_empty())?)?;
    Some([head, &added, tail].concat())
}

/// The TZID of a line that is a date.
fn tzid<'l>(line: &'l Line<'_>) -> Option<Cow<'l, str>> {
    let tzid = line.param("TZID")?.bare().trim();
    (!tzid.is_empty() && tzid.len() <= TZID_MAX).then(|| decode(tzid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\n\
        DTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n\
        END:VTIMEZONE\r\n";

    fn object(zones: &str, lines: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{zones}BEGIN:VEVENT\r\nUID:1\r\n{lines}\
             END:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    }

    #[test]
    fn known_zones_are_left_out_and_others_stay() {
        let own = ZONE.replace("Europe/Berlin", "Home");
        let berlin = "DTSTART;TZID=Europe/Berlin:20260101T090000\r\n";
        let text = object(&format!("{ZONE}{own}{ZONE}"), berlin);
        assert_eq!(Zones::Unknown.of(&text).unwrap(), object(&own, berlin));
        assert_eq!(Zones::Unknown.of(&object(&own, berlin)), None);
        // What means a known zone under another name is not given by that name.
        for name in ["europe/berlin", "W. Europe Standard Time", "/citadel.org/1/Europe/Berlin"] {
            let text = object(&ZONE.replace("Europe/Berlin", name), berlin);
            assert_eq!(Zones::Unknown.of(&text), None, "{name}");
        }
        assert_eq!(Zones::AsStored.of(&text), None);
        assert_eq!(Zones::Unknown.of("no calendar"), None);
    }

    #[test]
    fn missing_zones_are_put_in() {
        let lines = "DTSTART;TZID=Europe/Berlin:20260101T090000\r\n\
             DTEND;TZID=\"W. Europe Standard Time\":20260101T100000\r\n\
             RDATE;TZID=Nowhere:20260102T090000\r\nEXDATE;TZID=Europe/Berlin:20260103T090000\r\n";
        let text = object("", lines);
        let whole = Zones::All.of(&text).unwrap();
        assert_eq!(whole.matches("BEGIN:VTIMEZONE\r\n").count(), 2, "{whole}");
        assert_eq!(whole.matches("TZID:Europe/Berlin\r\n").count(), 1, "{whole}");
        assert_eq!(whole.matches("TZID:W. Europe Standard Time\r\n").count(), 1, "{whole}");
        assert_eq!(Zones::All.of(&whole), None, "nothing is missing any more");
        let bare = Zones::Unknown.of(&whole).unwrap();
        assert_eq!(bare.matches("BEGIN:VTIMEZONE\r\n").count(), 1, "{bare}");
        assert!(Calendar::parse(whole.as_bytes()).is_ok());
        assert_eq!(
            Zones::All.of(&object(ZONE, "DTSTART;TZID=Europe/Berlin:20260101T090000\r\n")),
            None
        );
        // The oldest times need more than the usual part.
        let old = Zones::All.of(&object("", "DTSTART;TZID=Europe/Berlin:19450601T090000\r\n"));
        assert!(old.unwrap().contains("DTSTART:18930401T000000\r\n"));
    }

    #[test]
    fn the_zones_that_are_put_in_are_bounded() {
        let lines: String = (0..5_000)
            .map(|n| format!("RDATE;TZID=/v{n}/Europe/Berlin:20260101T090000\r\n"))
            .collect();
        let whole = Zones::All.of(&object("", &lines)).unwrap();
        assert_eq!(whole.matches("BEGIN:VTIMEZONE\r\n").count(), ZONES_ADDED_MAX);
    }
}
