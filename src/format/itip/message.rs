//! Messages as text: of an object what its recipient is to know.
//!
//! Invariant: no message carries alarms, private comments, `SCHEDULE-*`, active content or instances that the
//! recipient is not invited to (RFC 6638 §3.2.6, §7). Standards: RFC 5546 §3.2, §3.4.

use super::Method;
use super::derive::Derived;
use super::edit::{Becomes, is_crlf, is_in, rewrite, with_ends};
use super::person::Person;
use super::sheet::{Part, Sheet};
use super::styled::is_harmless;
use crate::format::ical::Component;
use crate::format::ical::tailor::Zones;
use crate::format::ical::value::written_utc;
use crate::format::line::Line;
use memchr::memmem;
use std::fmt::Write as _;

/// Properties that nobody is told: notes of programs, and what attendees confided to the organizer
/// (caldav-privatecomments §4.1).
const CONFIDENTIAL: [&str; 5] = [
    "X-CALENDARSERVER-PRIVATE-COMMENT",
    "X-CALENDARSERVER-ATTENDEE-COMMENT",
    "X-LIC-ERROR",
    "X-APPLE-NEEDS-REPLY",
    "REQUEST-STATUS",
];
/// The beginnings of the names of such properties.
const NOTES: [&str; 2] = ["X-MOZ-", "X-EVOLUTION-"];

fn is_confidential(name: &str) -> bool {
    let begins =
        |note: &&str| name.get(..note.len()).is_some_and(|start| start.eq_ignore_ascii_case(note));
    is_in(name, &CONFIDENTIAL) || NOTES.iter().any(begins)
}

/// The PRODID of our messages, which say by themselves whom they ask anew (see `person::ASKED`).
const OUR_PRODUCT: &str = "-//Davenport//EN";

/// Whether a message was written by this program.
pub fn is_ours(message: &Sheet<'_>) -> bool {
    message.root.property("PRODID").is_some_and(|line| line.value().trim() == OUR_PRODUCT)
}

/// The version that a message has.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// DTSTAMP, in seconds since 1970.
    pub stamp: i64,
    /// SEQUENCE; none: that of the component.
    pub sequence: Option<u64>,
}

/// What any line becomes on its way to others.
fn public(line: &Line<'_>, version: Version) -> Becomes {
    let name = line.full_name();
    if is_confidential(name) || !is_harmless(line) {
        return Becomes::Gone;
    }
    if is_in(name, &["DTSTAMP"]) || version.sequence.is_some() && is_in(name, &["SEQUENCE"]) {
        return Becomes::Gone;
    }
    if is_in(name, &["ATTENDEE", "ORGANIZER"])
        && let Some(line) = Person::new(line, &|_| false).public()
    {
        return Becomes::Line(line);
    }
    Becomes::Same
}

fn version_lines(version: Version) -> Vec<String> {
    let mut lines = vec![format!("DTSTAMP:{}", written_utc(version.stamp))];
    lines.extend(version.sequence.map(|number| format!("SEQUENCE:{number}")));
    lines
}

/// Components inside that are told: all but alarms.
fn is_told(inside: Component<'_>) -> bool {
    !inside.is("VALARM")
}

/// A message with these components, and the zones that they name.
pub fn wrap(method: Method, zones: &Sheet<'_>, components: &str) -> String {
    let mut out = String::with_capacity(components.len() + 256);
    let _ = write!(out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{OUR_PRODUCT}\r\n");
    let _ = write!(out, "METHOD:{}\r\n", method.name());
    for zone in zones.root.children().filter(|c| c.is("VTIMEZONE")) {
        let name = zone.property("TZID").map_or("", |tzid| tzid.value().trim());
        if memmem::find(components.as_bytes(), name.as_bytes()).is_some() {
            out.push_str(&with_ends(zones.raw(zone), true));
        }
    }
    out.push_str(&with_ends(components, true));
    out.push_str("END:VCALENDAR\r\n");
    Zones::All.of(&out).unwrap_or(out)
}

/// An exception as one that does not concern the recipient: its instance is taken out of the series.
fn exclusion(part: &Part<'_>) -> Option<String> {
    let id = part.component.property("RECURRENCE-ID")?;
    let line = super::edit::with_params(id, &[("RANGE", None)]);
    Some(line.replacen(id.full_name(), "EXDATE", 1))
}

/// A REQUEST: of the series what a recipient is invited to. `seen` are the parts that he sees; of
/// the others those that are exceptions are taken out of a series that he does see.
pub fn request(sheet: &Sheet<'_>, seen: &[bool], stamp: i64) -> String {
    let version = Version { stamp, sequence: None };
    let mut out = String::with_capacity(sheet.text.len());
    for (at, part) in sheet.parts.iter().enumerate() {
        if seen.get(at) != Some(&true) {
            continue;
        }
        let mut more = version_lines(version);
        more.extend(organizer(sheet, part.component));
        if part.key.is_none() {
            let hidden = sheet.parts.iter().zip(seen).filter(|(_, seen)| !**seen);
            more.extend(hidden.filter_map(|(part, _)| exclusion(part)));
        }
        let each = |line: &Line<'_>| public(line, version);
        out.push_str(&rewrite(sheet.text, part.component, &each, &is_told, &more));
    }
    wrap(Method::Request, sheet, &out)
}

/// The organizer, where a component does not name him: a message does in each (RFC 5546 §3.2).
pub fn organizer(sheet: &Sheet<'_>, it: Component<'_>) -> Option<String> {
    let line = sheet.organizer().filter(|_| it.property("ORGANIZER").is_none())?;
    Some(Person::new(line, &|_| false).public().unwrap_or_else(|| line.text().to_owned()))
}

/// The lines that a CANCEL leaves out.
const NOT_CANCELLED: [&str; 2] = ["STATUS", "REQUEST-STATUS"];

/// Whom a CANCEL names: all, or only this one (RFC 5546 §3.2.5).
pub type Named<'n> = Option<&'n str>;

/// One component of a CANCEL; of an instance that has no exception it is derived. STATUS says that it
/// does not take place: not to him who only is not invited any more.
pub fn cancelled(
    sheet: &Sheet<'_>,
    it: Component<'_>,
    derived: Option<&Derived<'_>>,
    named: Named<'_>,
    version: Version,
) -> String {
    let each = |line: &Line<'_>| {
        let name = line.full_name();
        let other = |who| name.eq_ignore_ascii_case("ATTENDEE") && !super::same(line.value(), who);
        if is_in(name, &NOT_CANCELLED) || named.is_some_and(other) {
            return Becomes::Gone;
        }
        match derived.map_or(Becomes::Same, |derived| derived.becomes(line)) {
            Becomes::Same => public(line, version),
            becomes => becomes,
        }
    };
    let mut more = version_lines(version);
    more.extend(organizer(sheet, it));
    more.extend(derived.map(|derived| derived.id.clone()));
    if named.is_none() {
        more.push("STATUS:CANCELLED".to_owned());
    }
    rewrite(sheet.text, it, &each, &|_| false, &more)
}

/// What a reply says of a component besides the answer (RFC 5546 §3.2.3, §3.4.3).
const REPLIED_WITH: [&str; 16] = [
    "UID",
    "RECURRENCE-ID",
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "SUMMARY",
    "LOCATION",
    "ORGANIZER",
    "SEQUENCE",
    "COMMENT",
    "X-CALENDARSERVER-PRIVATE-COMMENT",
    "PRIORITY",
];
/// What a reply says of a task as well.
const REPLIED_WITH_TASK: [&str; 3] = ["PERCENT-COMPLETE", "COMPLETED", "STATUS"];

/// One component of a REPLY: `people` are the lines of who answers, and of his delegates.
pub fn replied(
    text: &str,
    it: Component<'_>,
    derived: Option<&Derived<'_>>,
    people: &[String],
    stamp: i64,
) -> String {
    let version = Version { stamp, sequence: None };
    let each = |line: &Line<'_>| {
        let name = line.full_name();
        let task = it.is("VTODO") && is_in(name, &REPLIED_WITH_TASK);
        if !task && !is_in(name, &REPLIED_WITH) {
            return Becomes::Gone;
        }
        match derived.map_or(Becomes::Same, |derived| derived.becomes(line)) {
            Becomes::Same if is_in(name, &["X-CALENDARSERVER-PRIVATE-COMMENT"]) => Becomes::Same,
            Becomes::Same => public(line, version),
            becomes => becomes,
        }
    };
    let mut more = version_lines(version);
    more.extend(derived.map(|derived| derived.id.clone()));
    more.extend_from_slice(people);
    more.push("REQUEST-STATUS:2.0;Success".to_owned());
    rewrite(text, it, &each, &|_| false, &more)
}

/// Whether a text's lines end in CRLF.
pub fn ends(sheet: &Sheet<'_>) -> bool {
    is_crlf(sheet.text)
}
