//! What everybody has for himself in the objects of a calendar that others use, too: alarms, what
//! programs note of them, and whether an event takes his time.
//!
//! An object that somebody sends is split into what is everybody's and what is his own, and what he
//! reads is put together of the two. His own part is a small calendar object: of each component its
//! RECURRENCE-ID and his lines.
//!
//! Invariants: what is everybody's keeps the alarms of the calendar's owner, whoever sends it; what
//! stays is left octet for octet. Standard: draft-pot-caldav-sharing §4.

use super::ical::{Calendar, Component};
use super::itip::edit::{Edits, folded, is_crlf, is_in, push, with_ends};
use super::itip::sheet::utf8;
use super::line::Line;
use super::property::text;
use std::borrow::Cow;
use std::collections::HashMap;

/// How much of an object everybody has for himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Alarms: whether an event of a group takes time its members say together.
    Alarms,
    /// Alarms and TRANSP.
    AlarmsAndTime,
}

/// How the names of properties begin in which programs note that an alarm was seen or put off.
const NOTES: [&str; 2] = ["X-MOZ-LASTACK", "X-MOZ-SNOOZE-TIME"];
/// Properties that say when a text was made, and how often it was edited.
const STAMPS: [&str; 5] = ["DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "X-MOZ-GENERATION"];
/// What stands in an object that has something of somebody's own.
const MARKS: [&[u8]; 3] = [b"VALARM", b"valarm", b"X-MOZ-"];

fn is_note(line: &Line<'_>) -> bool {
    let name = line.full_name();
    NOTES
        .iter()
        .any(|note| name.get(..note.len()).is_some_and(|start| start.eq_ignore_ascii_case(note)))
}

fn is_alarm(it: &Component<'_>) -> bool {
    it.is("VALARM")
}

fn is_extension(name: &str) -> bool {
    name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("X-"))
}

fn parts<'c>(calendar: &'c Calendar<'c>) -> impl Iterator<Item = Component<'c>> {
    calendar.root().children().filter(|it| !it.is("VTIMEZONE"))
}

/// Which instance a component is of; empty: of all.
fn instance<'c>(it: Component<'c>) -> &'c str {
    it.property("RECURRENCE-ID").map_or("", |line| line.value().trim())
}

/// The components of an object by name and instance; of two of the same the first counts.
struct Parts<'c>(HashMap<(String, String), Component<'c>>);

impl<'c> Parts<'c> {
    fn of(calendar: Option<&'c Calendar<'c>>) -> Self {
        let mut all = HashMap::new();
        for it in calendar.into_iter().flat_map(|calendar| parts(calendar)) {
            all.entry(Self::key(it.name(), instance(it))).or_insert(it);
        }
        Self(all)
    }

    fn key(name: &str, instance: &str) -> (String, String) {
        (name.to_ascii_uppercase(), instance.to_ascii_uppercase())
    }

    /// The one of the same name and instance as this.
    fn like(&self, it: Component<'_>) -> Option<Component<'c>> {
        self.0.get(&Self::key(it.name(), instance(it))).copied()
    }

    /// The series that this belongs to.
    fn series(&self, it: Component<'_>) -> Option<Component<'c>> {
        self.0.get(&Self::key(it.name(), "")).copied()
    }
}

/// What a component says of the time that it takes.
fn time(it: Component<'_>) -> String {
    let said = it.property("TRANSP").map(|line| line.value().trim().to_ascii_uppercase());
    said.filter(|said| !said.is_empty()).unwrap_or_else(|| "OPAQUE".to_owned())
}

/// The notes and alarms of a component, or its alarms alone.
fn alarms(text: &str, it: Component<'_>, with_notes: bool, crlf: bool) -> String {
    let mut out = String::new();
    for line in it.properties().filter(|line| with_notes && is_note(line)) {
        push(text.get(line.start..line.end), crlf, &mut out);
    }
    for alarm in it.children().filter(is_alarm) {
        push(text.get(alarm.span()), crlf, &mut out);
    }
    with_ends(&out, crlf)
}

/// Takes the notes and alarms of a component out.
fn strip(it: Component<'_>, edits: &mut Edits) {
    it.properties().filter(|line| is_note(line)).for_each(|line| edits.remove(line));
    it.children().filter(is_alarm).for_each(|alarm| edits.put(alarm.span(), String::new()));
}

/// Has a component say this of the time that it takes; gives what must be added for that.
fn set_time(it: Component<'_>, to: &str, crlf: bool, edits: &mut Edits) -> String {
    let line = folded(&format!("TRANSP:{to}"), crlf);
    match it.property("TRANSP") {
        Some(old) => {
            edits.put(old.start..old.end, line);
            String::new()
        }
        None => line,
    }
}

/// An object that was sent, split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// What is everybody's, with the alarms of the calendar's owner.
    pub common: String,
    /// What is the sender's own; empty: nothing is.
    pub own: String,
}

/// Splits what somebody sends to be stored in the place of `kept`. None: one of them cannot be read.
pub fn split(sent: &[u8], kept: Option<&[u8]>, share: Share) -> Option<Split> {
    let sent = utf8(sent)?;
    let sent = sent.as_ref();
    let calendar = Calendar::parse(sent.as_bytes()).ok()?;
    let kept = match kept {
        Some(kept) => utf8(kept)?,
        None => Cow::Borrowed(""),
    };
    let old = match kept.is_empty() {
        true => None,
        false => Some(Calendar::parse(kept.as_bytes()).ok()?),
    };
    let old = Parts::of(old.as_ref());
    let (mut edits, crlf) = (Edits::default(), is_crlf(sent));
    let (mut own, mut any) = (String::from("BEGIN:VCALENDAR\r\n"), false);
    for it in parts(&calendar) {
        let (theirs, series) = (old.like(it), old.series(it));
        let (mut mine, mut added) = (String::new(), String::new());
        if let Some(theirs) = theirs
            && share == Share::AlarmsAndTime
            && time(theirs) != time(it)
        {
            mine.push_str(&folded(&format!("TRANSP:{}", time(it)), true));
            match (theirs.property("TRANSP"), it.property("TRANSP")) {
                (None, Some(line)) => edits.remove(line),
                _ => added.push_str(&set_time(it, &time(theirs), crlf, &mut edits)),
            }
        }
        mine.push_str(&alarms(sent, it, true, true));
        any |= !mine.is_empty();
        own.push_str(&format!("BEGIN:{}\r\n", it.name()));
        if let Some(line) = it.property("RECURRENCE-ID") {
            own.push_str(&folded(line.text(), true));
        }
        own.push_str(&format!("{mine}END:{}\r\n", it.name()));
        let rings = match (theirs, series) {
            (Some(theirs), _) => alarms(&kept, theirs, true, crlf),
            // An instance that is made an exception rings for others as before.
            (None, Some(series)) => alarms(&kept, series, false, crlf),
            (None, None) => String::new(),
        };
        if alarms(sent, it, true, crlf) != rings {
            strip(it, &mut edits);
            added.push_str(&rings);
        }
        if !added.is_empty() {
            edits.append(sent, it, added);
        }
    }
    own.push_str("END:VCALENDAR\r\n");
    Some(Split { common: edits.apply(sent), own: if any { own } else { String::new() } })
}

/// What somebody reads of what is stored, with what is his own.
pub fn shown<'t>(stored: &'t [u8], own: &str, share: Share) -> Cow<'t, [u8]> {
    if own.is_empty() && !MARKS.iter().any(|mark| memchr::memmem::find(stored, mark).is_some()) {
        return Cow::Borrowed(stored);
    }
    put_together(stored, own, share).map_or(Cow::Borrowed(stored), Cow::Owned)
}

fn put_together(stored: &[u8], own: &str, share: Share) -> Option<Vec<u8>> {
    let stored = utf8(stored)?;
    let stored = stored.as_ref();
    let calendar = Calendar::parse(stored.as_bytes()).ok()?;
    let mine = if own.is_empty() { None } else { Calendar::parse(own.as_bytes()).ok() };
    let mine = Parts::of(mine.as_ref());
    let (mut edits, crlf) = (Edits::default(), is_crlf(stored));
    for it in parts(&calendar) {
        strip(it, &mut edits);
        let mut added = String::new();
        match mine.like(it) {
            Some(his) => {
                let says = his.property("TRANSP").is_some() && time(his) != time(it);
                if says && share == Share::AlarmsAndTime {
                    added.push_str(&set_time(it, &time(his), crlf, &mut edits));
                }
                added.push_str(&alarms(own, his, true, crlf));
            }
            // Somebody else made the exception since.
            None => {
                if let Some(series) = mine.series(it) {
                    added.push_str(&alarms(own, series, false, crlf));
                }
            }
        }
        if !added.is_empty() {
            edits.append(stored, it, added);
        }
    }
    Some(edits.apply(stored).into_bytes())
}

/// Whether two objects say the same to everybody: they may differ in alarms, in when and by which
/// program they were written, and in the order and form of their lines; if `plainly`, in what
/// extensions say, too.
pub fn says_the_same(a: &[u8], b: &[u8], plainly: bool) -> bool {
    let said = |text: &[u8]| {
        let calendar = Calendar::parse(text).ok()?;
        let mut all: Vec<_> = parts(&calendar).map(|it| said_by(it, plainly)).collect();
        all.sort_unstable();
        Some(all)
    };
    said(a).is_some_and(|a| Some(a) == said(b))
}

/// The lines of a component and of those in it, each in one form.
fn said_by(it: Component<'_>, plainly: bool) -> Vec<String> {
    let counts = |line: &&Line<'_>| {
        let name = line.full_name();
        let passed_over = is_in(name, &STAMPS) || plainly && is_extension(name);
        !passed_over && !is_note(line)
    };
    let mut all: Vec<String> =
        it.properties().filter(counts).map(|line| form_of(line, plainly)).collect();
    for inside in it.children().filter(|inside| !is_alarm(inside)) {
        all.push(said_by(inside, plainly).join("\n"));
    }
    all.sort_unstable();
    all.insert(0, it.name().to_ascii_uppercase());
    all
}

fn form_of(line: &Line<'_>, plainly: bool) -> String {
    let params = line.params().filter(|param| !(plainly && is_extension(param.name)));
    let mut params: Vec<_> = params
        .map(|param| format!("{}={}", param.name.to_ascii_uppercase(), param.value()))
        .collect();
    params.sort_unstable();
    let name = line.full_name().to_ascii_uppercase();
    format!("{name};{}:{}", params.join(";"), text(line.value().trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(parts: &[&str]) -> String {
        let all: String = parts
            .iter()
            .map(|part| format!("BEGIN:VEVENT\r\nUID:1\r\n{part}END:VEVENT\r\n"))
            .collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{all}END:VCALENDAR\r\n")
    }

    fn alarm(minutes: u32) -> String {
        format!("BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT{minutes}M\r\nEND:VALARM\r\n")
    }

    const BOTH: Share = Share::AlarmsAndTime;
    const EXCEPTION: &str = "RECURRENCE-ID:20260102T100000Z\r\n";

    #[test]
    fn the_owner_keeps_his_alarms_and_a_sharee_has_his_own() {
        let stored = object(&[&format!("SUMMARY:a\r\nX-MOZ-LASTACK:1\r\n{}", alarm(5))]);
        assert_eq!(shown(stored.as_bytes(), "", BOTH), object(&["SUMMARY:a\r\n"]).as_bytes());
        let sent = object(&[&format!("SUMMARY:b\r\n{}{}", alarm(10), alarm(20))]);
        let split = split(sent.as_bytes(), Some(stored.as_bytes()), BOTH).unwrap();
        let common = object(&[&format!("SUMMARY:b\r\nX-MOZ-LASTACK:1\r\n{}", alarm(5))]);
        assert_eq!(split.common, common);
        assert_eq!(shown(common.as_bytes(), &split.own, BOTH), sent.as_bytes());
        assert!(!says_the_same(stored.as_bytes(), common.as_bytes(), true));
    }

    #[test]
    fn whether_it_takes_time_is_ones_own_where_one_says_otherwise() {
        let stored = object(&["TRANSP:OPAQUE\r\nSUMMARY:a\r\n"]);
        let sent = object(&["TRANSP:TRANSPARENT\r\nSUMMARY:a\r\n"]);
        let both = split(sent.as_bytes(), Some(stored.as_bytes()), BOTH).unwrap();
        assert_eq!(both.common, stored);
        assert_eq!(shown(stored.as_bytes(), &both.own, BOTH), sent.as_bytes());
        let group = split(sent.as_bytes(), Some(stored.as_bytes()), Share::Alarms).unwrap();
        assert_eq!((group.common.as_str(), group.own.as_str()), (sent.as_str(), ""));
        // A line that only one of them has.
        let bare = object(&["SUMMARY:a\r\n"]);
        let both = split(sent.as_bytes(), Some(bare.as_bytes()), BOTH).unwrap();
        assert_eq!(both.common, bare);
        let both = split(bare.as_bytes(), Some(sent.as_bytes()), BOTH).unwrap();
        assert!(says_the_same(both.common.as_bytes(), sent.as_bytes(), false), "{}", both.common);
        assert!(both.own.contains("TRANSP:OPAQUE"));
    }

    #[test]
    fn exceptions_ring_as_their_series_until_somebody_says_otherwise() {
        let series = |alarms: &str| format!("RRULE:FREQ=DAILY\r\n{alarms}");
        let stored = object(&[&series(&alarm(5))]);
        // A sharee makes an exception without an alarm: for the owner it rings.
        let sent = object(&[&series(&alarm(10)), &format!("{EXCEPTION}SUMMARY:x\r\n")]);
        let split = split(sent.as_bytes(), Some(stored.as_bytes()), BOTH).unwrap();
        let exception = format!("{EXCEPTION}SUMMARY:x\r\n{}", alarm(5));
        assert_eq!(split.common, object(&[&series(&alarm(5)), &exception]));
        assert_eq!(shown(split.common.as_bytes(), &split.own, BOTH), sent.as_bytes());
        // The owner makes another one: for the sharee it rings.
        let other = "RECURRENCE-ID:20260103T100000Z\r\nSUMMARY:y\r\n";
        let stored = object(&[&series(&alarm(5)), other]);
        let seen = shown(stored.as_bytes(), &split.own, BOTH);
        let expected = object(&[&series(&alarm(10)), &format!("{other}{}", alarm(10))]);
        assert_eq!(String::from_utf8_lossy(&seen), expected);
    }

    #[test]
    fn a_new_object_comes_without_alarms() {
        let sent = object(&[&format!("TRANSP:TRANSPARENT\r\n{}", alarm(5))]);
        let split = split(sent.as_bytes(), None, BOTH).unwrap();
        assert_eq!(split.common, object(&["TRANSP:TRANSPARENT\r\n"]));
        assert_eq!(shown(split.common.as_bytes(), &split.own, BOTH), sent.as_bytes());
    }

    #[test]
    fn the_same_said_otherwise_is_the_same() {
        let a = object(&[
            "DTSTAMP:20260101T000000Z\r\nSUMMARY:a\\, b\r\nDTSTART;TZID=X;VALUE=DATE-TIME:20260101T000000\r\n",
        ]);
        let b = object(&[
            "SEQUENCE:3\r\nDTSTART;VALUE=DATE-TIME;TZID=\"X\":20260101T000000\r\nX-Y:1\r\nsummary:a\\, b\r\n",
        ]);
        assert!(says_the_same(a.as_bytes(), b.as_bytes(), true));
        assert!(!says_the_same(a.as_bytes(), b.as_bytes(), false), "X-Y counts for who may write");
        let other = a.replace("a\\, b", "c");
        assert!(!says_the_same(a.as_bytes(), other.as_bytes(), true));
        let more = object(&["SUMMARY:a\r\n", &format!("{EXCEPTION}SUMMARY:x\r\n")]);
        assert!(!says_the_same(object(&["SUMMARY:a\r\n"]).as_bytes(), more.as_bytes(), true));
    }
}
