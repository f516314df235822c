//! What is stored of an organizer's change: the answers that came stay whatever his client sent of
//! them, SEQUENCE counts, and whoever has to answer anew is asked.
//!
//! Invariant: an answer is lost only when what it answered to has changed. Standards: RFC 6638
//! §3.2.1, §3.2.5, §3.2.8, §3.2.10, §7.2; RFC 5546 §2.1.4.

use super::derive::{Derived, Deriver};
use super::differ::{Shift, noticed, recurrence_names, shift};
use super::edit::{Becomes, Edits, folded, is_in, rewrite};
use super::message::ends;
use super::person::{ASKED, Agent, Person, REPLIED, SENT_BY};
use super::sheet::{Part, Sheet};
use std::collections::HashMap;

/// Success; an invalid property parameter is ignored (RFC 5546 §3.6.4).
const PARAMETER_IGNORED: &str = "2.3";

/// What is new about one component.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Times and recurrence.
    pub shift: Shift,
    /// The names of the properties that others notice.
    pub names: Vec<String>,
    /// Others are invited than before.
    pub people: bool,
    /// An exception fell away, so that its instance is again as the series says.
    pub dropped: bool,
    /// Nothing was there before.
    pub fresh: bool,
}

impl Verdict {
    /// Whether people would want to hear of it.
    pub fn is_news(&self) -> bool {
        self.fresh || self.dropped || self.shift == Shift::Moved || !self.names.is_empty()
    }
}

/// By the components' instances.
pub type Verdicts = HashMap<Option<i64>, Verdict>;

/// What a component is held against.
struct Base<'s, 'c> {
    part: &'s Part<'c>,
    derived: Option<Derived<'c>>,
}

/// A change of an object in the making.
struct Settling<'s, 'c> {
    old: &'s Sheet<'c>,
    new: &'s Sheet<'c>,
    edits: Edits,
    verdicts: Verdicts,
    /// SEQUENCE of the series, as it is stored.
    sequence: u64,
    /// Above all that was, so that the numbers of several components can be compared.
    next: u64,
}

/// What is stored of a new text, and what is new about each component. Without an older object
/// everything is.
pub fn settle(old: Option<&Sheet<'_>>, new: &Sheet<'_>) -> (String, Verdicts) {
    let Some(old) = old else { return first(new) };
    let mut work = Settling {
        old,
        new,
        edits: Edits::default(),
        verdicts: Verdicts::new(),
        sequence: new.master().map_or(0, |master| master.sequence),
        next: old.parts.iter().map(|p| p.sequence).max().map_or(1, |n| n.saturating_add(1)),
    };
    let (mut before, mut after) = (Deriver::new(old), Deriver::new(new));
    let moved = match (old.master(), new.master()) {
        (Some(a), Some(b)) => shift((old, a), (new, b)) == Shift::Moved,
        _ => true,
    };
    let lost = work.lost(moved, &mut before, &mut after);
    for part in &new.parts {
        let base = match old.part(part.key) {
            Some(part) => Some(Base { part, derived: None }),
            None => part.key.and_then(|key| {
                let derived = before.of(key)?;
                Some(Base { part: old.master()?, derived: Some(derived) })
            }),
        };
        work.part(part, base.as_ref(), lost.dropped && part.key.is_none());
    }
    lost.again.iter().for_each(|(part, derived)| work.again(part, derived));
    (work.edits.apply(new.text), work.verdicts)
}

/// A new object: answers that nobody gave are none (RFC 6638 §3.2.1).
fn first(new: &Sheet<'_>) -> (String, Verdicts) {
    let (mut edits, mut verdicts) = (Edits::default(), Verdicts::new());
    for part in &new.parts {
        for person in &part.attendees {
            put(new, person, &added(person, None), &mut edits);
        }
        strip_organizer(new, part, &mut edits);
        verdicts.insert(part.key, Verdict { fresh: true, ..Verdict::default() });
    }
    (edits.apply(new.text), verdicts)
}

/// Exceptions that are not there any more.
struct Lost<'s, 'c> {
    /// One that said more than an answer.
    dropped: bool,
    /// Those that only held answers, which the client cannot have meant to take back: it had not
    /// seen them (RFC 6638 §3.2.10).
    again: Vec<(&'s Part<'c>, Derived<'c>)>,
}

/// Parameters that change, with their values.
pub type Changes = Vec<(&'static str, Option<String>)>;

impl<'s, 'c> Settling<'s, 'c> {
    fn lost(
        &self,
        moved: bool,
        before: &mut Deriver<'_, 'c>,
        after: &mut Deriver<'_, 'c>,
    ) -> Lost<'s, 'c> {
        let mut lost = Lost { dropped: false, again: Vec::new() };
        if self.new.master().is_none() || moved {
            return lost;
        }
        for part in &self.old.parts {
            let Some(key) = part.key else { continue };
            if self.new.part(part.key).is_some() || self.new.excluded.contains(&key) {
                continue;
            }
            let only_answers = before.of(key).is_some_and(|d| only_answers(self.old, part, &d));
            match after.of(key) {
                Some(derived) if only_answers => lost.again.push((part, derived)),
                Some(_) => lost.dropped = true,
                None => {}
            }
        }
        lost
    }

    fn part(&mut self, part: &Part<'c>, base: Option<&Base<'_, 'c>>, dropped: bool) {
        let Some(base) = base else {
            return self.fresh(part);
        };
        let moved = match &base.derived {
            Some(derived) if Some(derived.times) == part.times => Shift::None,
            Some(_) => Shift::Moved,
            None => shift((self.old, base.part), (self.new, part)),
        };
        let mut names = noticed(base.part.component, part.component);
        if part.key.is_none() {
            names.extend(recurrence_names(self.old, self.new));
        }
        let had = base.part.by_address();
        let has = part.by_address();
        // Whom another agent tells now, or told before, went or comes (RFC 6638 §3.2.1.2).
        let gone = missing(&base.part.attendees, &has);
        let people = gone || missing(&part.attendees, &had);
        let again = |p: &Person<'_>| {
            let answered = had.get(&*p.who).is_some_and(|old| old.partstat() != "NEEDS-ACTION");
            !p.me && p.forces("REQUEST") && p.partstat() == "NEEDS-ACTION" && answered
        };
        let came = people && base.derived.is_none() && part.key.is_some();
        let raised = moved != Shift::None
            || gone
            || came
            || dropped
            || names.iter().any(|name| name == "STATUS")
            || part.attendees.iter().any(again);
        let least = if raised { self.next } else { base.part.sequence };
        let sequence = part.sequence.max(least);
        self.sequence(part, sequence);
        let asked = Some(sequence).filter(|number| *number > 0);
        for person in &part.attendees {
            let changes = match had.get(&*person.who) {
                _ if person.me || person.agent() != Agent::Server => stripped(person),
                Some(old) if !is_told(old) => added(person, asked),
                Some(_) if moved == Shift::Moved || again(person) => asked_anew(person, asked),
                Some(old) => {
                    let mut changes = kept(person, old);
                    if dropped {
                        set(&mut changes, ASKED, asked.map(|n| n.to_string()));
                    }
                    changes
                }
                None => added(person, asked),
            };
            put(self.new, person, &changes, &mut self.edits);
        }
        strip_organizer(self.new, part, &mut self.edits);
        let fresh = base.derived.is_some() && moved == Shift::Moved;
        let verdict = Verdict { shift: moved, names, people, dropped, fresh };
        self.verdicts.insert(part.key, verdict);
    }

    /// A component that nothing was before.
    fn fresh(&mut self, part: &Part<'c>) {
        let sequence = part.sequence.max(self.next);
        self.sequence(part, sequence);
        for person in &part.attendees {
            let own = person.me || person.agent() != Agent::Server;
            let changes = if own { stripped(person) } else { asked_anew(person, Some(sequence)) };
            put(self.new, person, &changes, &mut self.edits);
        }
        strip_organizer(self.new, part, &mut self.edits);
        self.verdicts.insert(part.key, Verdict { fresh: true, ..Verdict::default() });
    }

    fn sequence(&mut self, part: &Part<'_>, sequence: u64) {
        if part.key.is_none() {
            self.sequence = sequence;
        }
        if part.sequence != sequence {
            set_sequence(self.new, part, sequence, &mut self.edits);
        }
    }

    /// Writes an exception again that only held answers.
    fn again(&mut self, part: &Part<'_>, derived: &Derived<'_>) {
        let had = part.by_address();
        let each = |line: &crate::format::line::Line<'_>| {
            if is_in(line.full_name(), &["SEQUENCE"]) {
                return Becomes::Gone;
            }
            if !is_in(line.full_name(), &["ATTENDEE"]) {
                return derived.becomes(line);
            }
            let person = Person::new(line, &|_| false);
            match had.get(&*person.who) {
                Some(old) if !old.me && person.agent() == Agent::Server => {
                    Becomes::Line(with(&person, &kept(&person, old)))
                }
                _ => Becomes::Same,
            }
        };
        let more = [derived.id.clone(), format!("SEQUENCE:{}", self.sequence.max(part.sequence))];
        let lines = rewrite(self.new.text, derived.component, &each, &|_| true, &more);
        let end = self.new.root.span().end;
        let at =
            self.new.text.get(..end).and_then(|t| t.trim_end().rfind('\n')).map_or(end, |n| n + 1);
        self.edits.put(at..at, lines);
    }
}

/// Whether an exception says of its instance what the series says, but for answers.
pub fn only_answers(sheet: &Sheet<'_>, part: &Part<'_>, derived: &Derived<'_>) -> bool {
    let Some(master) = sheet.master() else { return false };
    let (a, b) = (master.by_address(), part.by_address());
    Some(derived.times) == part.times
        && part.cancelled == master.cancelled
        && a.len() == b.len()
        && a.keys().all(|who| b.contains_key(who))
        && noticed(master.component, part.component).is_empty()
}

/// A line with changed parameters.
pub fn with(person: &Person<'_>, changes: &[(&'static str, Option<String>)]) -> String {
    let changes: Vec<_> = changes.iter().map(|(name, value)| (*name, value.as_deref())).collect();
    person.with(&changes)
}

fn put(sheet: &Sheet<'_>, person: &Person<'_>, changes: &Changes, edits: &mut Edits) {
    if !changes.is_empty() {
        let line = folded(&with(person, changes), ends(sheet));
        edits.put(person.line.start..person.line.end, line);
    }
}

/// Changes a parameter, if it is not so already.
fn set(changes: &mut Changes, name: &'static str, value: Option<String>) {
    changes.retain(|(known, _)| *known != name);
    changes.push((name, value));
}

/// Whether the server tells somebody of the organizer's changes.
fn is_told(person: &Person<'_>) -> bool {
    !person.me && person.agent() == Agent::Server
}

/// Whether some of these whom the server tells are not among those whom it tells there.
fn missing(of: &[Person<'_>], there: &HashMap<&str, &Person<'_>>) -> bool {
    of.iter().any(|p| is_told(p) && !there.get(&*p.who).is_some_and(|it| it.me || is_told(it)))
}

/// SCHEDULE-FORCE-SEND is not kept, and one that is not known is told of (RFC 6638 §7.2).
fn stripped(person: &Person<'_>) -> Changes {
    unforced(person, "REQUEST")
}

/// Without SCHEDULE-FORCE-SEND; where it is not this method, SCHEDULE-STATUS says so.
pub fn unforced(person: &Person<'_>, method: &str) -> Changes {
    let force = "SCHEDULE-FORCE-SEND";
    let Some(value) = says(person, force) else { return Changes::new() };
    let mut changes = vec![(force, None)];
    if person.agent() == Agent::Server && !value.trim().eq_ignore_ascii_case(method) {
        changes.push(("SCHEDULE-STATUS", Some(PARAMETER_IGNORED.to_owned())));
    }
    changes
}

/// A parameter's value.
pub fn says(person: &Person<'_>, name: &str) -> Option<String> {
    person.line.param(name).map(|p| p.value().into_owned())
}

/// What stays of an answer, whatever the client says of it.
fn kept(new: &Person<'_>, old: &Person<'_>) -> Changes {
    let mut changes = stripped(new);
    if new.partstat() != old.partstat() {
        changes.push(("PARTSTAT", Some(old.partstat())));
    }
    for name in [REPLIED, ASKED, SENT_BY] {
        if says(new, name) != says(old, name) {
            changes.push((name, says(old, name)));
        }
    }
    for name in ["SCHEDULE-STATUS", "DELEGATED-TO"] {
        let changed = changes.iter().any(|(known, _)| *known == name);
        if !changed && says(new, name).is_none() && says(old, name).is_some() {
            changes.push((name, says(old, name)));
        }
    }
    changes
}

/// Who is invited to what was there before him.
fn added(person: &Person<'_>, asked: Option<u64>) -> Changes {
    let mut changes = stripped(person);
    if person.me || person.agent() != Agent::Server {
        return changes;
    }
    if person.partstat() != "NEEDS-ACTION" {
        changes.push(("PARTSTAT", Some("NEEDS-ACTION".to_owned())));
    }
    for name in [REPLIED, SENT_BY] {
        if says(person, name).is_some() {
            changes.push((name, None));
        }
    }
    if asked.is_some() || person.was_asked() {
        changes.push((ASKED, asked.map(|number| number.to_string())));
    }
    changes
}

/// Who has to answer again.
fn asked_anew(person: &Person<'_>, asked: Option<u64>) -> Changes {
    let mut changes = added(person, asked);
    if !says(person, "RSVP").is_some_and(|rsvp| rsvp.eq_ignore_ascii_case("TRUE")) {
        changes.push(("RSVP", Some("TRUE".to_owned())));
    }
    changes
}

fn strip_organizer(sheet: &Sheet<'_>, part: &Part<'_>, edits: &mut Edits) {
    if let Some(line) = part.component.property("ORGANIZER") {
        let organizer = Person::new(line, &|_| false);
        put(sheet, &organizer, &stripped(&organizer), edits);
    }
}

/// Gives a component another SEQUENCE.
pub fn set_sequence(sheet: &Sheet<'_>, part: &Part<'_>, sequence: u64, edits: &mut Edits) {
    let line = folded(&format!("SEQUENCE:{sequence}"), ends(sheet));
    match part.component.property("SEQUENCE") {
        Some(old) => edits.put(old.start..old.end, line),
        None => edits.append(sheet.text, part.component, line),
    }
}

/// Gives a component another DTSTAMP.
pub fn set_stamp(sheet: &Sheet<'_>, part: &Part<'_>, stamp: i64, edits: &mut Edits) {
    let written = crate::format::ical::value::written_utc(stamp);
    let line = folded(&format!("DTSTAMP:{written}"), ends(sheet));
    match part.component.property("DTSTAMP") {
        Some(old) => edits.put(old.start..old.end, line),
        None => edits.append(sheet.text, part.component, line),
    }
}
