//! Many calendar objects as one iCalendar text.
//!
//! Invariant: the octets of every component are those that are stored, but for the name of a time
//! zone that another object uses for other rules. Each zone is written once, one that everybody knows
//! as the database has it, so that no object decides what another's times mean. Standard: RFC 5545
//! §3.6, §3.6.5.

use super::definition::{self, Extent};
use super::{Calendar, Component};
use crate::format::line::{Line, append, append_folded};
use crate::format::tz::Zone;
use crate::kernel::secret::sha256;
use memchr::memmem;
use std::collections::HashMap;
use std::fmt::Write as _;

/// The end of the whole.
pub const TAIL: &[u8] = b"END:VCALENDAR\r\n";

/// The beginning of the whole: each property as its name and its value, which is a text.
pub fn head(properties: &[(&str, String)], out: &mut Vec<u8>) {
    out.extend_from_slice(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Davenport//EN\r\n");
    for (name, value) in properties {
        let mut line = format!("{name}:");
        for c in value.chars() {
            match c {
                '\\' | ';' | ',' => line.extend(['\\', c]),
                '\n' => line.push_str("\\n"),
                c if c.is_control() => {}
                c => line.push(c),
            }
        }
        append_folded(&line, out);
    }
}

/// The zones written so far.
#[derive(Debug, Default)]
pub struct Merger {
    /// Names of zones that everybody knows, as far as they were looked up.
    known: HashMap<String, bool>,
    /// The other zones by name: the hash of the rules, and the name that they are given.
    own: HashMap<String, HashMap<[u8; 32], String>>,
}

/// New names, by the old ones.
type Renamed = HashMap<String, String>;

impl Merger {
    /// Adds the components of an object, and the zones that it names and that were not written yet:
    /// those that everybody knows as the database has them, also if the object leaves them out
    /// (RFC 7809 §3.1.3) or describes them otherwise. One that cannot be read is left out.
    pub fn add(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let Ok(calendar) = Calendar::parse(octets) else { return };
        let mut renamed = Renamed::new();
        let root = calendar.root();
        for zone in root.children().filter(|c| c.is("VTIMEZONE")) {
            let Some(line) = zone.property("TZID") else { continue };
            if !self.is_known(line.value().trim(), out) {
                self.own(octets, (zone, line), &mut renamed, out);
            }
        }
        if memmem::find(octets, b"TZID").is_some() {
            for zone in calendar.lines().iter().filter_map(|line| line.param("TZID")) {
                self.is_known(zone.bare(), out);
            }
        }
        for component in root.children().filter(|c| !c.is("VTIMEZONE")) {
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

    /// Whether everybody knows the zone; the first time, it is written.
    fn is_known(&mut self, name: &str, out: &mut Vec<u8>) -> bool {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let written = Zone::named(name)
            .filter(|_| !self.own.contains_key(name) && self.known.len() < NAMES)
            .and_then(|zone| definition::write(name, &zone, Extent::default(), &[]));
        out.extend_from_slice(written.as_deref().unwrap_or_default().as_bytes());
        self.known.insert(name.to_owned(), written.is_some());
        written.is_some()
    }

    fn own(
        &mut self,
        octets: &[u8],
        (zone, line): (Component<'_>, &Line<'_>),
        renamed: &mut Renamed,
        out: &mut Vec<u8>,
    ) {
        let name = line.value().trim();
        let text = octets.get(zone.span()).unwrap_or_default();
        let hash = sha256(text.trim_ascii_end());
        let others = self.own.entry(name.to_owned()).or_default();
        if let Some(given) = others.get(&hash) {
            if given != name {
                renamed.insert(name.to_owned(), given.clone());
            }
            return;
        }
        let mut number = others.len() + 1;
        let mut given = name.to_owned();
        while number > 1 && self.own.contains_key(&given) {
            given = format!("{name} ({number})");
            number += 1;
        }
        self.own.entry(name.to_owned()).or_default().insert(hash, given.clone());
        if given == name {
            return append(text, out);
        }
        // Whoever else uses that name gets another.
        self.own.entry(given.clone()).or_default().insert(hash, given.clone());
        append(octets.get(zone.span().start..line.start).unwrap_or_default(), out);
        append_folded(&format!("TZID:{given}"), out);
        append(octets.get(line.end..zone.span().end).unwrap_or_default(), out);
        renamed.insert(name.to_owned(), given);
    }
}

/// Names of known zones that one text has; there are some six hundred.
const NAMES: usize = 10_000;

/// A line as it is; folded anew where its zone has a new name.
fn with_renamed(octets: &[u8], line: &Line<'_>, renamed: &Renamed, out: &mut Vec<u8>) {
    let new = line.param("TZID").and_then(|zone| renamed.get(zone.bare()));
    let Some(new) = new else {
        return append(octets.get(line.start..line.end).unwrap_or_default(), out);
    };
    let mut text = line.full_name().to_owned();
    for it in line.params() {
        let _ = match it.name {
            "" => write!(text, ";{}", it.raw),
            name if name.eq_ignore_ascii_case("TZID") => write!(text, ";{name}=\"{new}\""),
            name => write!(text, ";{name}={}", it.raw),
        };
    }
    append_folded(&format!("{text}:{}", line.value()), out);
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

    /// RFC 5545 §3.1.
    #[test]
    fn lines_that_are_written_are_folded() {
        let name = "Zone of a name that is as long as any that one meets in the wild, or longer";
        let all = merged(&[object("a", name, "+0100"), object("b", name, "+0200")]);
        // What the first object says stays as it came.
        let second = all.split_once("END:VEVENT\r\n").unwrap().1;
        assert!(second.lines().all(|line| line.len() <= 75), "{second}");
        let unfolded = second.replace("\r\n ", "");
        assert!(unfolded.contains(&format!("TZID:{name} (2)\r\n")), "{second}");
        assert!(unfolded.contains(&format!("TZID=\"{name} (2)\":20260101T100000\r\n")), "{second}");
        let mut out = Vec::new();
        head(&[("NAME", "ü".repeat(100))], &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
        assert!(text.replace("\r\n ", "").contains(&format!("\r\nNAME:{}\r\n", "ü".repeat(100))));
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
    fn a_known_zone_is_written_once_and_rightly_however_it_is_described() {
        let of = |uid: &str, offset| object(uid, "Europe/Berlin", offset);
        let all = merged(&[of("a", "+0500"), of("b", "+0200")]);
        assert_eq!(all.matches("BEGIN:VTIMEZONE").count(), 1);
        assert!(!all.contains("+0500") && all.contains("TZOFFSETTO:+0200"));
        assert_eq!(all.matches("TZID=Europe/Berlin:").count(), 2);
        let bare = of("c", "+0100");
        let (before, rest) = bare.split_once("BEGIN:VTIMEZONE").unwrap();
        let bare = format!("{before}{}", rest.split_once("END:VTIMEZONE\r\n").unwrap().1);
        assert_eq!(merged(&[bare.clone(), bare]).matches("BEGIN:VTIMEZONE").count(), 1);
    }

    #[test]
    fn a_new_name_is_nobody_elses_and_only_the_zone_is_renamed() {
        let other = object("x", "Mine (2)", "+0700");
        let second =
            object("b", "Mine", "+0200").replace("DTSTART;TZID=Mine", "DTSTART;X-A=Mine;TZID=Mine");
        let all = merged(&[object("a", "Mine", "+0100"), second.clone(), other.clone()]);
        assert!(all.contains("DTSTART;X-A=Mine;TZID=\"Mine (2)\":2026"), "{all}");
        assert!(all.contains("DTSTART;TZID=\"Mine (2) (2)\":2026"), "{all}");
        let all = merged(&[other, object("a", "Mine", "+0100"), second]);
        assert!(all.contains("DTSTART;TZID=Mine (2):2026"), "{all}");
        assert!(all.contains("DTSTART;X-A=Mine;TZID=\"Mine (3)\":2026"), "{all}");
    }
}
