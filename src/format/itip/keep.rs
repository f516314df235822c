//! An attendee's change of his copy: what is his own counts, what is the organizer's is put back.
//!
//! Invariant: whatever a client sends, the copy says what the organizer said, but for what an
//! attendee may change; another time is refused. Standard: RFC 6638 §3.2.2.1.

use super::derive::{Derived, Deriver};
use super::differ::{Shift, is_attendees_own, names, shift};
use super::edit::{Edits, folded, with_ends};
use super::message::ends;
use super::person::{ASKED, Person, REPLIED, SENT_BY};
use super::settle::{Changes, says, unforced, with};
use super::sheet::{Part, Sheet};
use super::{Violation, same};
use crate::format::ical::Component;

/// What an attendee answered to one component.
#[derive(Clone, Debug)]
pub struct Answer<'c> {
    /// The instance; none: the series.
    pub key: Option<i64>,
    /// The PARTSTAT.
    pub partstat: String,
    /// What is answered to is not in his copy any more: the component that it was in, and the
    /// instance as the series had it.
    pub gone: Option<(Component<'c>, Option<Derived<'c>>)>,
}

/// A copy as it is stored, and what is answered.
pub struct Kept<'c> {
    /// The text.
    pub text: String,
    /// The answers.
    pub answers: Vec<Answer<'c>>,
}

/// A component that is held against an older one.
struct Pair<'s, 'c> {
    base: &'s Part<'c>,
    part: &'s Part<'c>,
    derived: Option<Derived<'c>>,
}

struct Keeping<'s, 'c> {
    old: &'s Sheet<'c>,
    new: &'s Sheet<'c>,
    stamp: &'s str,
    forced: bool,
    edits: Edits,
    answers: Vec<Answer<'c>>,
}

/// Properties whose change is an answer too.
const SAID: [&str; 4] =
    ["COMMENT", "X-CALENDARSERVER-PRIVATE-COMMENT", "PERCENT-COMPLETE", "COMPLETED"];

/// Takes of a new text what is the attendee's own. `stamp` is the DTSTAMP that an answer will have.
///
/// # Errors
/// A [`Violation`] when times or the set of instances are changed.
pub fn keep<'c>(
    old: &Sheet<'c>,
    new: &Sheet<'c>,
    stamp: &str,
    forced: bool,
) -> Result<Kept<'c>, Violation> {
    let mut work =
        Keeping { old, new, stamp, forced, edits: Edits::default(), answers: Vec::new() };
    let mut deriver = Deriver::new(old);
    let mut pairs = Vec::new();
    for part in &new.parts {
        pairs.push(work.pair(part, &mut deriver)?);
    }
    for pair in &pairs {
        work.allowed(pair)?;
        work.restore(pair);
        work.people(pair);
    }
    work.missing(&mut deriver)?;
    Ok(Kept { text: work.edits.apply(new.text), answers: work.answers })
}

fn refused<T>(what: &str) -> Result<T, Violation> {
    Err(Violation::AttendeeChange(what.to_owned()))
}

impl<'s, 'c> Keeping<'s, 'c> {
    /// What a component was before; an exception that is new was an instance of the series.
    fn pair(
        &self,
        part: &'s Part<'c>,
        deriver: &mut Deriver<'_, 'c>,
    ) -> Result<Pair<'s, 'c>, Violation> {
        if let Some(base) = self.old.part(part.key) {
            return Ok(Pair { base, part, derived: None });
        }
        let derived = part.key.and_then(|key| deriver.of(key));
        match (self.old.master(), derived) {
            (Some(base), Some(derived)) => Ok(Pair { base, part, derived: Some(derived) }),
            _ => refused("which instances there are"),
        }
    }

    fn allowed(&self, pair: &Pair<'_, '_>) -> Result<(), Violation> {
        let moved = match &pair.derived {
            Some(derived) => Some(derived.times) != pair.part.times,
            None => match shift((self.old, pair.base), (self.new, pair.part)) {
                Shift::None => false,
                Shift::Moved => true,
                // An instance may be taken out; the rules may not be changed.
                Shift::Fewer => !super::differ::recurrence_names(self.old, self.new).is_empty(),
            },
        };
        if moved { refused("times or recurrence") } else { Ok(()) }
    }

    /// Puts the organizer's properties back.
    fn restore(&mut self, pair: &Pair<'_, '_>) {
        let (was, is) = (pair.base.component, pair.part.component);
        let theirs = |name: &str| !is_attendees_own(is, name);
        for name in names(was, is, &theirs) {
            is.all(&name).for_each(|line| self.edits.remove(line));
            let lines: String = was.all(&name).map(|l| self.raw(l.start, l.end)).collect();
            self.edits.append(self.new.text, is, lines);
        }
    }

    /// Lines of the old text as the new one has them.
    fn raw(&self, start: usize, end: usize) -> String {
        with_ends(self.old.text.get(start..end).unwrap_or_default(), ends(self.new))
    }

    fn put(&mut self, person: &Person<'_>, changes: &Changes) {
        if !changes.is_empty() {
            let line = folded(&with(person, changes), ends(self.new));
            self.edits.put(person.line.start..person.line.end, line);
        }
    }

    fn people(&mut self, pair: &Pair<'_, 'c>) {
        self.organizer(pair);
        let Some(me) = pair.base.me() else { return };
        let mine = pair.part.me();
        let to = mine.map_or(Vec::new(), |mine| mine.delegated("DELEGATED-TO"));
        let (had, has) = (pair.base.by_address(), pair.part.by_address());
        for person in pair.part.attendees.iter().filter(|person| !person.me) {
            match had.get(&*person.who) {
                Some(old) if told_alike(old, person) => {}
                Some(old) => {
                    let lines = self.raw(old.line.start, old.line.end);
                    self.edits.put(person.line.start..person.line.end, lines);
                }
                None if to.contains(&person.who) => {}
                None => self.edits.remove(person.line),
            }
        }
        for old in pair.base.attendees.iter().filter(|old| !has.contains_key(&*old.who)) {
            if !old.me || mine.is_none() {
                let lines = self.raw(old.line.start, old.line.end);
                self.edits.append(self.new.text, pair.part.component, lines);
            }
        }
        if let Some(mine) = mine {
            self.answer(pair, me, mine);
        }
    }

    fn organizer(&mut self, pair: &Pair<'_, '_>) {
        let Some(old) = pair.base.component.property("ORGANIZER") else { return };
        let Some(line) = pair.part.component.property("ORGANIZER") else {
            let lines = self.raw(old.start, old.end);
            return self.edits.append(self.new.text, pair.part.component, lines);
        };
        let (old, new) = (Person::new(old, &|_| false), Person::new(line, &|_| false));
        let mut changes = unforced(&new, "REPLY");
        if says(&new, "SCHEDULE-STATUS").is_none()
            && changes.iter().all(|(name, _)| *name != "SCHEDULE-STATUS")
            && let Some(status) = says(&old, "SCHEDULE-STATUS")
        {
            changes.push(("SCHEDULE-STATUS", Some(status)));
        }
        if says(&new, SENT_BY) != says(&old, SENT_BY) {
            changes.push((SENT_BY, says(&old, SENT_BY)));
        }
        self.put(&new, &changes);
    }

    /// The attendee's own line, and whether it answers.
    fn answer(&mut self, pair: &Pair<'_, 'c>, me: &Person<'c>, mine: &Person<'_>) {
        let mut partstat = mine.partstat();
        // An exception that only has answers follows the series, if nobody answered to it alone.
        let follows =
            pair.derived.is_none() && pair.part.key.is_some() && partstat == me.partstat();
        if follows && let Some(answer) = self.followed(me) {
            partstat = answer;
        }
        let said = names(pair.base.component, pair.part.component, &|name| {
            SAID.iter().any(|said| said.eq_ignore_ascii_case(name))
        });
        let answers = partstat != me.partstat() || !said.is_empty() || self.forced;
        let mut changes = Changes::new();
        if partstat != mine.partstat() {
            changes.push(("PARTSTAT", Some(partstat.clone())));
        }
        if partstat != "NEEDS-ACTION" && says(mine, "RSVP").is_some() {
            changes.push(("RSVP", None));
        }
        let replied = if answers { Some(self.stamp.to_owned()) } else { me.replied() };
        // Who acted for him is for the server to say.
        let sent_by = if answers { None } else { says(me, SENT_BY) };
        let own = [(REPLIED, replied), (ASKED, says(me, ASKED)), (SENT_BY, sent_by)];
        for (name, value) in own {
            if says(mine, name) != value {
                changes.push((name, value));
            }
        }
        self.put(mine, &changes);
        if answers {
            self.answers.push(Answer { key: pair.part.key, partstat, gone: None });
        }
    }

    /// The new answer to the series, if an exception with this old answer follows it.
    fn followed(&self, me: &Person<'_>) -> Option<String> {
        let old = self.old.master()?.me()?;
        let new = self.new.master()?.me()?.partstat();
        (old.partstat() != new && inherits(me, old)).then_some(new)
    }

    /// Components that the client left out: exceptions stay, unless their instances are taken out
    /// of the series, which declines them.
    fn missing(&mut self, deriver: &mut Deriver<'_, 'c>) -> Result<(), Violation> {
        if !self.old.excluded.is_subset(&self.new.excluded) {
            return refused("which instances there are");
        }
        let gone: Vec<i64> = self.new.excluded.difference(&self.old.excluded).copied().collect();
        for part in self.old.parts.iter().filter(|part| self.new.part(part.key).is_none()) {
            if part.key.is_some_and(|key| self.new.excluded.contains(&key)) {
                continue;
            }
            let end = self.new.root.span().end;
            let end = self.new.text.get(..end).and_then(|t| t.trim_end().rfind('\n'));
            let at = end.map_or(self.new.text.len(), |at| at + 1);
            let lines = with_ends(self.old.raw(part.component), ends(self.new));
            self.edits.put(at..at, lines);
        }
        for key in gone {
            self.decline(key, deriver);
        }
        Ok(())
    }

    fn decline(&mut self, key: i64, deriver: &mut Deriver<'_, 'c>) {
        let own = self.old.part(Some(key));
        let derived = if own.is_none() { deriver.of(key) } else { None };
        let Some(part) = own.or(self.old.master().filter(|_| derived.is_some())) else { return };
        let Some(me) = part.me() else { return };
        // Who declined the series says it of the instance too: it stays out if he comes after all.
        let series = self.old.master().and_then(Part::me);
        let follows = own.is_none() || series.is_some_and(|series| inherits(me, series));
        if part.cancelled || me.partstat() == "DECLINED" && !follows {
            return;
        }
        let (partstat, gone) = ("DECLINED".to_owned(), Some((part.component, derived)));
        self.answers.push(Answer { key: Some(key), partstat, gone });
    }
}

/// Whether an answer to an exception is that to the series, and was never another.
pub fn inherits(exception: &Person<'_>, series: &Person<'_>) -> bool {
    exception.partstat() == series.partstat()
        && exception.replied() == series.replied()
        && exception.asked() == series.asked()
}

/// Whether two lines say the same of another attendee.
fn told_alike(a: &Person<'_>, b: &Person<'_>) -> bool {
    let role = |p: &Person<'_>| says(p, "ROLE").unwrap_or_else(|| "REQ-PARTICIPANT".to_owned());
    a.partstat() == b.partstat()
        && says(a, SENT_BY) == says(b, SENT_BY)
        && role(a).eq_ignore_ascii_case(&role(b))
}

/// Whether two texts have the same organizer.
pub fn same_organizer(a: &Sheet<'_>, b: &Sheet<'_>) -> bool {
    match (a.organizer(), b.organizer()) {
        (Some(a), Some(b)) => same(a.value(), b.value()),
        (a, b) => a.is_none() && b.is_none(),
    }
}
