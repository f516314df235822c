//! Many calendar objects as one iCalendar text.
//!
//! Invariant: the octets of every component are those that are stored, but for the name of a time
//! zone that another object uses for other rules. Each zone is written once. Standard: RFC 5545
//! §3.6, §3.6.5.

use super::{Calendar, Component};
use crate::format::line::Line;
use crate::format::tz::Zone;
use crate::kernel::secret::sha256;
use std::collections::HashMap;

/// The end of the whole.
pub const TAIL: &[u8] = b"END:VCALENDAR\r\n";

/// The beginning of the whole: each property as its name and its value, which is a text.
pub fn head(properties: &[(&str, String)], out: &mut Vec<u8>) {
    out.extend_from_slice(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//EN\r\n");
    for (name, value) in properties {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        for c in value.chars() {
            match c {
                '\\' | ';' | ',' => out.extend_from_slice(&[b'\\', c as u8]),
                '\n' => out.extend_from_slice(b"\\n"),
                c if c.is_control() => {}
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// The zones written so far.
#[derive(Debug, Default)]
pub struct Merger {
    /// By name: the hash of the rules, and the names given to others of the same name.
    zones: HashMap<String, Vec<([u8; 32], String)>>,
}

impl Merger {
    /// Adds the components of an object, and the zones that were not written yet. One that cannot
    /// be read is left out.
    pub fn add(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let Ok(calendar) = Calendar::parse(octets) else { return };
        let mut renamed = Vec::new();
        for zone in calendar.root().children().filter(|c| c.is("VTIMEZONE")) {
            self.zone(octets, zone, &mut renamed, out);
        }
        for component in calendar.root().children().filter(|c| !c.is("VTIMEZONE")) {
            let span = component.span();
            if renamed.is_empty() {
                append(octets.get(span).unwrap_or_default(), out);
                continue;
            }
            let inside = |line: &&Line<'_>| span.start <= line.start && line.end <= span.end;
            for line in calendar.lines().iter().filter(inside) {
                with_renamed(octets, line, &renamed, out);
            }
        }
    }

    fn zone(
        &mut self,
        octets: &[u8],
        zone: Component<'_>,
        renamed: &mut Vec<(String, String)>,
        out: &mut Vec<u8>,
    ) {
        let Some(line) = zone.property("TZID") else { return };
        let name = line.value().trim();
        let text = octets.get(zone.span()).unwrap_or_default();
        let hash = sha256(text.trim_ascii_end());
        let known = self.zones.entry(name.to_owned()).or_default();
        if let Some((_, given)) = known.iter().find(|(other, _)| *other == hash) {
            if given != name {
                renamed.push((name.to_owned(), given.clone()));
            }
            return;
        }
        // Of a zone that everybody knows, one description is as good as another.
        if !known.is_empty() && Zone::named(name).is_some() {
            return;
        }
        let given = match known.len() {
            0 => name.to_owned(),
            others => format!("{name} ({})", others + 1),
        };
        known.push((hash, given.clone()));
        if given == name {
            return append(text, out);
        }
        let (before, after) = (zone.span().start..line.start, line.end..zone.span().end);
        append(octets.get(before).unwrap_or_default(), out);
        append(format!("TZID:{given}").as_bytes(), out);
        append(octets.get(after).unwrap_or_default(), out);
        renamed.push((name.to_owned(), given));
    }
}

/// Adds octets, and the line end that they may lack.
pub(super) fn append(octets: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(octets);
    if !octets.is_empty() && !octets.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
}

/// A line whose zone has a new name where it was renamed.
fn with_renamed(octets: &[u8], line: &Line<'_>, renamed: &[(String, String)], out: &mut Vec<u8>) {
    let zone = line.param("TZID");
    let new = zone.and_then(|p| renamed.iter().find(|(old, _)| p.value() == old.as_str()));
    let Some((old, new)) = new else {
        return append(octets.get(line.start..line.end).unwrap_or_default(), out);
    };
    let value = line.value();
    let head = line.text().get(..line.text().len() - value.len()).unwrap_or_default();
    let quoted = format!("=\"{new}\"");
    let head = head.replace(&format!("=\"{old}\""), &quoted).replace(&format!("={old}"), &quoted);
    append(format!("{head}{value}").as_bytes(), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(uid: &str, zone: &str, offset: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:{zone}\r\n\
             BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:{offset}\r\n\
             TZOFFSETTO:{offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
             DTSTART;TZID={zone}:20260101T100000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    }

    fn merged(objects: &[String]) -> String {
        let (mut merger, mut out) = (Merger::default(), Vec::new());
        head(&[("NAME", "a;b\nc".into())], &mut out);
        objects.iter().for_each(|o| merger.add(o.as_bytes(), &mut out));
        out.extend_from_slice(TAIL);
        assert!(Calendar::parse(&out).is_ok(), "{}", String::from_utf8_lossy(&out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_zone_is_written_once_and_every_component_as_it_is() {
        let all = merged(&[object("a", "Mine", "+0100"), object("b", "Mine", "+0100")]);
        assert_eq!(all.matches("BEGIN:VTIMEZONE").count(), 1);
        assert!(all.contains("UID:a\r\nDTSTART;TZID=Mine:20260101T100000\r\n"));
        assert!(all.contains("UID:b\r\nDTSTART;TZID=Mine:20260101T100000\r\n"));
        assert!(all.contains("\r\nNAME:a\\;b\\nc\r\n"));
    }

    #[test]
    fn other_rules_of_the_same_name_get_another_name() {
        let of = |uid: &str, offset| object(uid, "Mine", offset);
        let all = merged(&[of("a", "+0100"), of("b", "+0200"), of("c", "+0100"), of("d", "+0200")]);
        assert_eq!(all.matches("BEGIN:VTIMEZONE").count(), 2);
        assert!(all.contains("TZID:Mine (2)\r\n"));
        for (uid, zone) in
            [("a", "Mine"), ("b", "\"Mine (2)\""), ("c", "Mine"), ("d", "\"Mine (2)\"")]
        {
            let line = format!("UID:{uid}\r\nDTSTART;TZID={zone}:20260101T100000\r\n");
            assert!(all.contains(&line), "{uid}: {all}");
        }
    }

    #[test]
    fn a_known_zone_is_written_once_however_it_is_described() {
        let of = |uid: &str, offset| object(uid, "Europe/Berlin", offset);
        let all = merged(&[of("a", "+0100"), of("b", "+0200")]);
        assert_eq!(all.matches("BEGIN:VTIMEZONE").count(), 1);
        assert_eq!(all.matches("TZID=Europe/Berlin:").count(), 2);
    }
}
