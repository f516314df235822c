//! An invitation or its update, taken into an attendee's copy.
//!
//! Invariant: the copy says what the organizer says, but for the attendee's own: alarms, TRANSP,
//! categories, extensions, and an answer that the organizer may not know yet. Standards: RFC 5546
//! §3.2.2, §3.4.2; RFC 6638 §3.2.10, §4.1.

use super::derive::{Derived, Deriver};
use super::differ::{Shift, is_extension, noticed, shift};
use super::edit::{Becomes, Edits, is_in, rewrite, with_ends};
use super::intake::{from_organizer, is_later, is_newer, nothing};
use super::message::{ends, is_ours};
use super::person::{Person, REPLIED};
use super::settle::{only_answers, says, with};
use super::sheet::{Part, Sheet};
use super::{IsMe, Received, Unusable};
use crate::format::ical::{Calendar, Component};
use crate::format::line::Line;
use crate::kernel::clock::Timestamp;
use std::collections::BTreeSet;

/// See [`super::receive()`].
pub fn request(
    message: &Sheet<'_>,
    stored: Option<&Sheet<'_>>,
    is_me: IsMe<'_>,
    _: Timestamp,
) -> Result<Received, Unusable> {
    from_organizer(message, stored, is_me)?;
    let Some(stored) = stored else { return Ok(invitation(message)) };
    let master = |part: &&Part<'_>| match stored.part(part.key) {
        Some(old) => is_newer(part, old),
        None => stored.master().is_none_or(|old| is_later(part, old)),
    };
    let newer: Vec<&Part<'_>> = message.parts.iter().filter(master).collect();
    if newer.is_empty() {
        return Ok(nothing("known already"));
    }
    let whole = newer.first().is_some_and(|part| part.key.is_none());
    let mut taking = Taking::new(message, stored);
    let text = if whole { taking.whole() } else { taking.parts(&newer) };
    Ok(outcome(text, stored, is_me))
}

/// An object that is new to its recipient. One that he declined he does not want back.
fn invitation(message: &Sheet<'_>) -> Received {
    let declined = |part: &Part<'_>| part.me().is_some_and(|me| me.partstat() == "DECLINED");
    if message.parts.iter().all(declined) {
        return nothing("declined before");
    }
    if message.is_cancelled() {
        return nothing("cancelled before it was known");
    }
    let mut edits = Edits::default();
    message.parts.iter().for_each(|part| without_alarms(part.component, &mut edits));
    let text = edits.apply(message.text);
    let about = "invited".to_owned();
    Received::Store { text, news: true, others: None, keeps_schedule_tag: false, about }
}

/// Alarms are nobody else's affair.
fn without_alarms(it: Component<'_>, edits: &mut Edits) {
    for alarm in it.children().filter(|child| child.is("VALARM")) {
        edits.put(alarm.span(), String::new());
    }
}

/// A copy in the making.
struct Taking<'s, 'c> {
    message: &'s Sheet<'c>,
    stored: &'s Sheet<'c>,
    before: Deriver<'s, 'c>,
    after: Deriver<'s, 'c>,
}

/// An answer that stands: PARTSTAT, and when it was sent.
type Word = (String, Option<String>);

impl<'s, 'c> Taking<'s, 'c> {
    fn new(message: &'s Sheet<'c>, stored: &'s Sheet<'c>) -> Self {
        let (before, after) = (Deriver::new(stored), Deriver::new(message));
        Self { message, stored, before, after }
    }

    /// The message takes the place of the copy, and what is the attendee's own comes into it.
    fn whole(&mut self) -> String {
        let (message, stored) = (self.message, self.stored);
        let anew = message.master().is_some_and(|master| self.asks(master));
        let mut hidden: BTreeSet<i64> = stored.excluded.clone();
        hidden.retain(|key| !anew && message.part(Some(*key)).is_none());
        let (mut edits, mut tail) = (Edits::default(), String::new());
        for part in message.parts.iter().filter(|part| part.key.is_some()) {
            let text = match stored.part(part.key) {
                Some(old) if is_newer(old, part) && !is_newer(part, old) => self.raw(old.component),
                _ if self.is_hidden(part) => {
                    hidden.extend(part.key);
                    String::new()
                }
                _ => self.merged(part, &[]),
            };
            edits.put(part.component.span(), text);
        }
        for old in &stored.parts {
            let Some(key) = old.key else { continue };
            if message.part(old.key).is_some() || message.excluded.contains(&key) {
                continue;
            }
            if message.master().is_some_and(|master| is_later(old, master)) {
                tail.push_str(&self.raw(old.component));
            } else if !anew && self.is_own(old) {
                tail.push_str(&self.again(old, key).unwrap_or_default());
            }
        }
        if let Some(master) = message.master() {
            let keys = hidden.into_iter().filter(|key| !message.excluded.contains(key));
            let lines: Vec<String> = keys.filter_map(|key| self.exclusion(key)).collect();
            edits.put(master.component.span(), self.merged(master, &lines));
        }
        with_zones(with_tail(edits.apply(message.text), &tail), stored)
    }

    /// These components of the message come into the copy.
    fn parts(&mut self, newer: &[&Part<'c>]) -> String {
        let (mut edits, mut tail) = (Edits::default(), String::new());
        for part in newer {
            let text = || self.stored.part(part.key);
            match text() {
                Some(old) => {
                    let text = with_ends(&self.merged(part, &[]), ends(self.stored));
                    edits.put(old.component.span(), text);
                }
                None if self.is_hidden(part) => {}
                None => tail.push_str(&with_ends(&self.merged(part, &[]), ends(self.stored))),
            }
        }
        with_zones(with_tail(edits.apply(self.stored.text), &tail), self.message)
    }

    /// A component of the copy as it stands, with the line ends of the message.
    fn raw(&self, component: Component<'_>) -> String {
        with_ends(self.stored.raw(component), ends(self.message))
    }

    /// The EXDATE line of an instance.
    fn exclusion(&mut self, key: i64) -> Option<String> {
        Some(self.after.of(key)?.id.replacen("RECURRENCE-ID", "EXDATE", 1))
    }

    /// What the attendee has of an instance.
    fn old(&self, part: &Part<'_>) -> Option<&'s Part<'c>> {
        self.stored.part(part.key).or(self.stored.master())
    }

    /// Whether the organizer asks anew, so that an answer of before is void. Other programs than
    /// ours say so only by NEEDS-ACTION and another time.
    fn asks(&mut self, part: &Part<'_>) -> bool {
        let (Some(old), Some(me)) = (self.old(part), part.me()) else { return true };
        // Of an instance that the copy has not, the series tells when he was asked last.
        let last = match old.key == part.key {
            true => old.sequence,
            false => old.me().map_or(0, Person::asked),
        };
        if me.asked() > last || old.cancelled && !part.cancelled {
            return true;
        }
        if me.was_asked() || is_ours(self.message) || me.partstat() != "NEEDS-ACTION" {
            return false;
        }
        match part.key.filter(|_| old.key.is_none()) {
            Some(key) => self.before.of(key).is_some_and(|d| Some(d.times) != part.times),
            None => shift((self.stored, old), (self.message, part)) == Shift::Moved,
        }
    }

    /// The attendee's own answer, where it counts more than what the organizer knows of it. What a
    /// copy says without an answer of its own is the organizer's, who may know better by now: of an
    /// answer from before the copy was thrown away.
    fn word(&mut self, part: &Part<'_>) -> Option<Word> {
        let me = self.old(part)?.me()?;
        let (partstat, replied) = (me.partstat(), me.replied());
        let unknown = part.me().is_none_or(|me| me.partstat() == "NEEDS-ACTION");
        let given = replied.is_some() || unknown && partstat != "NEEDS-ACTION";
        (given && !self.asks(part)).then_some((partstat, replied))
    }

    /// Whether the attendee took an instance out of his copy, and may leave it so.
    fn is_hidden(&mut self, part: &Part<'_>) -> bool {
        let Some(key) = part.key else { return false };
        let out = self.stored.excluded.contains(&key) && self.stored.part(part.key).is_none();
        let declined = part.me().is_some_and(|me| me.partstat() == "DECLINED");
        out && (declined || !self.asks(part))
    }

    /// Whether an exception holds an answer of the attendee's own.
    fn is_own(&self, old: &Part<'_>) -> bool {
        let series = self.stored.master().and_then(Part::me);
        let (Some(me), Some(series)) = (old.me(), series) else { return false };
        !old.cancelled && (me.partstat() != series.partstat() || me.replied() != series.replied())
    }

    /// An exception of the attendee's own, by the new series.
    fn again(&mut self, old: &Part<'c>, key: i64) -> Option<String> {
        let (series, derived) = (self.message.master()?, self.after.of(key)?);
        let me = old.me()?;
        let word = Some((me.partstat(), me.replied()));
        Some(self.write(series, Some(old), Some(&derived), word, &[]))
    }

    /// A component of the message with what is the attendee's own.
    fn merged(&mut self, part: &Part<'c>, more: &[String]) -> String {
        let word = self.word(part);
        self.write(part, self.old(part), None, word, more)
    }

    fn write(
        &self,
        part: &Part<'c>,
        old: Option<&Part<'c>>,
        derived: Option<&Derived<'c>>,
        word: Option<Word>,
        more: &[String],
    ) -> String {
        let own = old.map_or(Vec::new(), |old| own_lines(old.component, part.component));
        let each = |line: &Line<'_>| {
            let name = line.full_name();
            if own.iter().any(|own| is_replaced(own, name)) {
                return Becomes::Gone;
            }
            if is_in(name, &["ORGANIZER"]) {
                return organizer(line, old);
            }
            let me = part.me().filter(|me| me.line.start == line.start);
            match (derived.map_or(Becomes::Same, |derived| derived.becomes(line)), me, &word) {
                (Becomes::Same, Some(me), Some(word)) => answered(me, word),
                (becomes, ..) => becomes,
            }
        };
        let mut lines: Vec<String> = more.to_vec();
        lines.extend(derived.map(|derived| derived.id.clone()));
        lines.extend(own.iter().map(|line| line.text().to_owned()));
        let inside = |child: Component<'_>| !child.is("VALARM");
        let mut out = rewrite(self.message.text, part.component, &each, &inside, &lines);
        let alarms = old.map(|old| old.component.children().filter(|child| child.is("VALARM")));
        let alarms: String = alarms.into_iter().flatten().map(|alarm| self.raw(alarm)).collect();
        let end = out.rfind("END:").unwrap_or(out.len());
        out.insert_str(end, &alarms);
        out
    }
}

/// Properties of a copy that take the place of the organizer's.
const OWN: [&str; 5] = ["TRANSP", "CATEGORIES", "COLOR", "PERCENT-COMPLETE", "COMPLETED"];

/// Whether an own property takes the place of one of this name.
fn is_replaced(own: &Line<'_>, name: &str) -> bool {
    own.full_name().eq_ignore_ascii_case(name)
}

/// The attendee's own properties: those that take the place of the organizer's, and those that he
/// does not say anything in.
fn own_lines<'c>(old: Component<'c>, new: Component<'_>) -> Vec<&'c Line<'c>> {
    let task = old.is("VTODO");
    let own = |line: &&'c Line<'c>| {
        let name = line.full_name();
        let extra = is_extension(name) || is_in(name, &["COMMENT"]);
        is_in(name, &OWN)
            || task
                && is_in(name, &["STATUS"])
                && !line.value().trim().eq_ignore_ascii_case("CANCELLED")
            || extra && new.property(name).is_none()
    };
    old.properties().filter(own).collect()
}

/// The organizer's line with what the copy says of delivery to him.
fn organizer(line: &Line<'_>, old: Option<&Part<'_>>) -> Becomes {
    let old = old.and_then(|old| old.component.property("ORGANIZER"));
    let Some(old) = old.map(|old| Person::new(old, &|_| false)) else { return Becomes::Same };
    let names = ["SCHEDULE-AGENT", "SCHEDULE-STATUS"];
    let kept: Vec<_> =
        names.iter().filter_map(|name| Some((*name, Some(says(&old, name)?)))).collect();
    match kept.is_empty() {
        true => Becomes::Same,
        false => Becomes::Line(with(&Person::new(line, &|_| false), &kept)),
    }
}

/// The attendee's line with his own answer.
fn answered(me: &Person<'_>, (partstat, replied): &Word) -> Becomes {
    let mut changes = vec![(REPLIED, replied.clone())];
    if me.partstat() != *partstat {
        changes.push(("PARTSTAT", Some(partstat.clone())));
    }
    if partstat != "NEEDS-ACTION" {
        changes.push(("RSVP", None));
    }
    Becomes::Line(with(me, &changes))
}

/// A text with components at its end.
pub fn with_tail(mut text: String, tail: &str) -> String {
    let end = text.trim_end().rfind('\n').map_or(text.len(), |at| at + 1);
    text.insert_str(end, tail);
    text
}

/// A text with those time zones of another that it names and does not define.
pub fn with_zones(text: String, other: &Sheet<'_>) -> String {
    let Ok(calendar) = Calendar::parse(text.as_bytes()) else { return text };
    let root = calendar.root();
    let name = |zone: Component<'_>| {
        zone.property("TZID").map_or(String::new(), |tzid| tzid.value().trim().to_owned())
    };
    let zones = root.children().filter(|c| c.is("VTIMEZONE"));
    let has: BTreeSet<String> = zones.map(name).collect();
    let missing = other.root.children().filter(|c| c.is("VTIMEZONE") && !has.contains(&name(*c)));
    let named = |zone: &Component<'_>| {
        let name = name(*zone);
        memchr::memmem::find(text.as_bytes(), format!("TZID={name}").as_bytes()).is_some()
            || memchr::memmem::find(text.as_bytes(), format!("TZID=\"{name}").as_bytes()).is_some()
    };
    let crlf = super::edit::is_crlf(&text);
    let lines: String = missing.filter(named).map(|z| with_ends(other.raw(z), crlf)).collect();
    let Some(first) = root.children().next().filter(|_| !lines.is_empty()) else { return text };
    let mut edits = Edits::default();
    let at = first.span().start;
    edits.put(at..at, lines);
    edits.apply(&text)
}

/// What a new text of a copy means for its owner.
pub fn outcome(text: String, stored: &Sheet<'_>, is_me: IsMe<'_>) -> Received {
    let Ok(calendar) = Calendar::parse(text.as_bytes()) else { return nothing("cannot be read") };
    let Ok(sheet) = Sheet::new(&text, &calendar, is_me) else { return nothing("cannot be read") };
    if text == stored.text {
        return nothing("known already");
    }
    let Difference { news, others_only } = difference(stored, &sheet);
    let about = news.into_iter().take(8).collect::<Vec<_>>().join(", ");
    let news = !about.is_empty();
    let about = if news { format!("changed: {about}") } else { "brought up to date".to_owned() };
    Received::Store { text, news, others: None, keeps_schedule_tag: others_only, about }
}

/// What is different about a copy.
struct Difference {
    /// What its owner wants to hear of.
    news: BTreeSet<String>,
    /// Only the answers of others.
    others_only: bool,
}

fn difference(old: &Sheet<'_>, new: &Sheet<'_>) -> Difference {
    let mut found = Difference { news: BTreeSet::new(), others_only: true };
    let (mut before, mut after) = (Deriver::new(old), Deriver::new(new));
    found.news.extend(super::differ::recurrence_names(old, new));
    found.others_only &= old.excluded == new.excluded;
    for part in &new.parts {
        let Some(was) = old.part(part.key) else {
            let derived = part.key.and_then(|key| after.of(key));
            if !derived.is_some_and(|derived| only_answers(new, part, &derived)) {
                found.news.insert("one instance".to_owned());
            }
            continue;
        };
        if shift((old, was), (new, part)) == Shift::Moved {
            found.news.insert("time".to_owned());
        }
        found.news.extend(noticed(was.component, part.component));
        let (a, b) = (was.by_address(), part.by_address());
        found.others_only &= a.len() == b.len() && a.keys().all(|who| b.contains_key(who));
        if was.me().map(Person::partstat) != part.me().map(Person::partstat) {
            found.news.insert("your answer".to_owned());
        }
    }
    for was in old.parts.iter().filter(|was| new.part(was.key).is_none()) {
        let Some(key) = was.key else { continue };
        let quiet = before.of(key).is_some_and(|derived| only_answers(old, was, &derived));
        if !quiet && !new.excluded.contains(&key) {
            found.news.insert("one instance".to_owned());
        }
    }
    found.others_only &= found.news.is_empty();
    found
}
