//! An attendee's answer, taken into the organizer's copy.
//!
//! Invariant: only the answering attendee's own line changes, and those whom he delegates to come; an
//! answer to what has changed since, or older than the one known, changes nothing. Standards: RFC
//! 5546 §3.2.3, §2.1.5; RFC 6638 §4.2; caldav-privatecomments §3.2.

use super::derive::{Derived, Deriver};
use super::edit::{Becomes, Edits, folded, is_in, rewrite};
use super::intake::{nothing, to_organizer};
use super::keep::inherits;
use super::message::ends;
use super::person::{Person, REPLIED, SENT_BY, same};
use super::request::with_tail;
use super::settle::{Changes, says, set_stamp, with};
use super::sheet::{Part, Sheet, instant};
use super::{IsMe, Received, Unusable};
use crate::format::ical::Component;
use crate::format::ical::value::written_utc;
use crate::format::line::Line;
use crate::format::property::encode;
use crate::kernel::clock::Timestamp;
use crate::kernel::limits::ATTENDEES_MAX;

/// See [`super::receive()`].
pub fn reply(
    message: &Sheet<'_>,
    stored: Option<&Sheet<'_>>,
    is_me: IsMe<'_>,
    now: Timestamp,
) -> Result<Received, Unusable> {
    to_organizer(stored, is_me)?;
    let Some(stored) = stored else { return Ok(nothing("not known here")) };
    let who = who(message)?;
    if is_me(who.line.value().trim()) {
        return Ok(nothing("the organizer's own answer"));
    }
    let mut work = Answering {
        stored,
        message,
        deriver: Deriver::new(stored),
        edits: Edits::default(),
        tail: String::new(),
        said: Vec::new(),
        others: false,
        news: false,
        stranger: false,
    };
    for part in &message.parts {
        if let Some(person) = part.attendee(&who.who) {
            work.component(part, person);
        }
    }
    if work.said.is_empty() && work.stranger {
        let about = format!("answered by {}, who is not invited", who.line.value().trim());
        return Ok(Received::Nothing { news: true, about });
    }
    if work.said.is_empty() {
        return Ok(nothing("known already, or about what has changed since"));
    }
    let stamp = now.seconds().max(stored.newest().saturating_add(1));
    for part in stored.parts.iter().filter(|_| work.others) {
        set_stamp(stored, part, stamp, &mut work.edits);
    }
    let news = work.news;
    let others = work.others.then(|| who.line.value().trim().to_owned());
    let about = format!("{}: {}", who.line.value().trim(), about(&work.said));
    let text = with_tail(work.edits.apply(stored.text), &work.tail);
    Ok(Received::Store { text, news, others, keeps_schedule_tag: true, about })
}

fn about(said: &[String]) -> String {
    let mut said = said.to_vec();
    said.sort_unstable();
    said.dedup();
    said.truncate(4);
    said.join(", ")
}

/// Who answers: the one ATTENDEE, or of several the delegate who answers, who names his delegator
/// too, or who delegates (RFC 5546 §3.2.3, §4.2.6).
fn who<'p, 'c>(message: &'p Sheet<'c>) -> Result<&'p Person<'c>, Unusable> {
    let malformed = |why: &str| Unusable::Malformed(why.to_owned());
    let mut found: Option<&Person<'_>> = None;
    for part in &message.parts {
        let delegates = |p: &&Person<'_>| !p.delegated("DELEGATED-TO").is_empty();
        let person = match part.attendees.as_slice() {
            [one] => Some(one),
            many => many.iter().find(|p| is_delegate(p, part)).or(many.iter().find(delegates)),
        };
        let person = person.ok_or_else(|| malformed("it does not say who answers"))?;
        if found.is_some_and(|found| found.who != person.who) {
            return Err(malformed("more than one attendee answers"));
        }
        found = Some(person);
    }
    found.ok_or_else(|| malformed("it answers nothing"))
}

/// Whether somebody answers what another, who is named beside him, delegated to him.
fn is_delegate(person: &Person<'_>, part: &Part<'_>) -> bool {
    let from = person.delegated("DELEGATED-FROM");
    let to = |p: &Person<'_>| p.delegated("DELEGATED-TO").contains(&person.who);
    let delegated = part.attendees.iter().any(|p| from.contains(&p.who) && to(p));
    delegated && person.partstat() != "NEEDS-ACTION"
}

struct Answering<'s, 'c> {
    stored: &'s Sheet<'c>,
    message: &'s Sheet<'c>,
    deriver: Deriver<'s, 'c>,
    edits: Edits,
    tail: String,
    /// What was answered, in few words; empty: nothing was new.
    said: Vec<String>,
    others: bool,
    news: bool,
    /// Somebody answered who is not invited: the organizer looks at that himself.
    stranger: bool,
}

impl Answering<'_, '_> {
    fn component(&mut self, part: &Part<'_>, person: &Person<'_>) {
        match (self.stored.part(part.key), part.key) {
            (Some(target), key) => {
                let taken = !target.cancelled && self.to(target, part, person);
                if taken && key.is_none() {
                    self.followers(target, part, person);
                }
            }
            (None, Some(key)) if !self.stored.excluded.contains(&key) => {
                let derived = self.deriver.of(key);
                if let (Some(derived), Some(series)) = (derived, self.stored.master()) {
                    self.exception(series, &derived, part, person);
                }
            }
            _ => {}
        }
    }

    /// Whether an answer is to what is asked, by somebody who is asked. Who is not invited (any
    /// more) does not come in by an answer, unless one of the attendees delegated to him (RFC 5546
    /// §3.2.3): else an answer on its way would bring back whom the organizer took out, and
    /// anybody could join.
    fn is_asked(&mut self, target: &Part<'_>, part: &Part<'_>, person: &Person<'_>) -> bool {
        let Some(known) = target.attendee(&person.who) else {
            let from = person.delegated("DELEGATED-FROM");
            let delegate = target.attendees.iter().any(|p| from.contains(&p.who));
            self.stranger |= !delegate;
            return delegate && person.partstat() != "DECLINED";
        };
        part.sequence >= known.asked()
    }

    /// Whether an answer counts, by what is known of him.
    fn counts(&mut self, target: &Part<'_>, part: &Part<'_>, person: &Person<'_>) -> bool {
        if !self.is_asked(target, part, person) {
            return false;
        }
        let Some(known) = target.attendee(&person.who) else { return true };
        match known.replied().and_then(|stamp| instant(&stamp)) {
            Some(last) if part.stamp == last => known.partstat() != person.partstat(),
            Some(last) => part.stamp > last,
            None => true,
        }
    }

    /// An answer to a component of the copy.
    fn to(&mut self, target: &Part<'_>, part: &Part<'_>, person: &Person<'_>) -> bool {
        let known = target.attendee(&person.who);
        if !self.counts(target, part, person) {
            return false;
        }
        let crlf = ends(self.stored);
        match known {
            Some(known) => {
                let line = folded(&with(known, &self.changes(known, part, person)), crlf);
                self.edits.put(known.line.start..known.line.end, line);
            }
            None if target.attendees.len() >= ATTENDEES_MAX => return false,
            None => {
                let line = folded(&self.delegate(part, person), crlf);
                self.edits.append(self.stored.text, target.component, line);
            }
        }
        for line in self.delegates(target, part, person) {
            self.edits.append(self.stored.text, target.component, folded(&line, crlf));
            self.others = true;
        }
        self.progress(target, part);
        self.comment(target.component, part, person);
        self.note(known, person);
        true
    }

    fn note(&mut self, known: Option<&Person<'_>>, person: &Person<'_>) {
        let what = match known {
            None => format!("{}, delegated", person.partstat().to_ascii_lowercase()),
            Some(_) => person.partstat().to_ascii_lowercase(),
        };
        let changed = known.is_none_or(|known| known.partstat() != person.partstat());
        self.others |= changed;
        self.news |= changed;
        self.said.push(what);
    }

    /// Exceptions that nobody answered to by themselves follow the series.
    fn followers(&mut self, series: &Part<'_>, part: &Part<'_>, person: &Person<'_>) {
        let Some(to_series) = series.attendee(&person.who) else { return };
        for target in self.stored.parts.iter().filter(|p| p.key.is_some() && !p.cancelled) {
            if self.message.part(target.key).is_some() {
                continue;
            }
            if let Some(known) = target.attendee(&person.who)
                && inherits(known, to_series)
            {
                let changes = self.changes(known, part, person);
                let line = folded(&with(known, &changes), ends(self.stored));
                self.edits.put(known.line.start..known.line.end, line);
            }
        }
    }

    /// What an answer changes of his line.
    fn changes(&self, known: &Person<'_>, part: &Part<'_>, person: &Person<'_>) -> Changes {
        let mut changes = vec![
            ("PARTSTAT", Some(person.partstat())),
            (REPLIED, Some(written_utc(part.stamp))),
            ("SCHEDULE-STATUS", Some(status(part.component))),
        ];
        if known.partstat() == person.partstat() {
            changes.remove(0);
        }
        if says(known, SENT_BY) != says(person, SENT_BY) {
            changes.push((SENT_BY, says(person, SENT_BY)));
        }
        if let Some(to) = says(person, "DELEGATED-TO") {
            changes.push(("DELEGATED-TO", Some(to)));
        }
        changes
    }

    /// The line of a delegate whom the organizer does not know of yet (RFC 5546 §3.2.3).
    fn delegate(&self, part: &Part<'_>, person: &Person<'_>) -> String {
        let status = status(part.component);
        let stamp = written_utc(part.stamp);
        person.with(&[
            ("RSVP", None),
            (REPLIED, Some(&stamp)),
            ("SCHEDULE-STATUS", Some(&status)),
            ("SCHEDULE-AGENT", None),
            ("SCHEDULE-FORCE-SEND", None),
        ])
    }

    /// The lines of those whom he delegates to and who are not in the list yet.
    fn delegates(&self, target: &Part<'_>, part: &Part<'_>, person: &Person<'_>) -> Vec<String> {
        let room = ATTENDEES_MAX.saturating_sub(target.attendees.len());
        let to = says(person, "DELEGATED-TO").into_iter();
        let from = person.line.value().trim();
        to.filter(|to| !target.attendees.iter().any(|known| same(known.line.value(), to)))
            .take(room)
            .map(|to| match part.attendees.iter().find(|p| same(p.line.value(), &to)) {
                Some(named) => named.with(&[
                    ("PARTSTAT", Some("NEEDS-ACTION")),
                    ("RSVP", Some("TRUE")),
                    ("DELEGATED-FROM", Some(from)),
                    ("SCHEDULE-AGENT", None),
                    ("SCHEDULE-STATUS", None),
                    ("SCHEDULE-FORCE-SEND", None),
                ]),
                None => {
                    let mut line =
                        "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;DELEGATED-FROM=".to_owned();
                    encode(from, &mut line);
                    line + ":" + to.trim()
                }
            })
            .collect()
    }

    fn progress(&mut self, target: &Part<'_>, part: &Part<'_>) {
        for new in progress(target, part) {
            let line = folded(new.text(), ends(self.stored));
            match target.component.property(new.full_name()) {
                Some(old) => self.edits.put(old.start..old.end, line),
                None => self.edits.append(self.stored.text, target.component, line),
            }
        }
    }

    /// What an attendee confides to the organizer.
    fn comment(&mut self, target: Component<'_>, part: &Part<'_>, person: &Person<'_>) {
        let Some(new) = comment(part, person) else { return };
        let his = |line: &&Line<'_>| {
            let of = line.param("X-CALENDARSERVER-ATTENDEE-REF");
            of.is_some_and(|of| same(&of.value(), person.line.value()))
        };
        target.all(COMMENTED).filter(his).for_each(|line| self.edits.remove(line));
        self.edits.append(self.stored.text, target, folded(&new, ends(self.stored)));
        self.news = true;
    }

    /// An answer to an instance that has no exception makes one, also if the series was answered to
    /// later: that left the answers to instances as they were.
    fn exception(
        &mut self,
        series: &Part<'_>,
        derived: &Derived<'_>,
        part: &Part<'_>,
        person: &Person<'_>,
    ) {
        let known = series.attendee(&person.who);
        let full = series.attendees.len() >= ATTENDEES_MAX;
        if series.cancelled || known.is_none() && full || !self.is_asked(series, part, person) {
            return;
        }
        let progress = progress(series, part);
        let each = |line: &Line<'_>| match known {
            Some(known) if known.line.start == line.start => {
                Becomes::Line(with(known, &self.changes(known, part, person)))
            }
            _ if is_in(line.full_name(), &[COMMENTED]) => Becomes::Gone,
            _ if progress.iter().any(|new| is_in(line.full_name(), &[new.full_name()])) => {
                Becomes::Gone
            }
            _ => derived.becomes(line),
        };
        let mut more = vec![derived.id.clone()];
        if known.is_none() {
            more.push(self.delegate(part, person));
        }
        more.extend(self.delegates(series, part, person));
        more.extend(comment(part, person));
        more.extend(progress.iter().map(|line| line.text().to_owned()));
        let it = series.component;
        let text = rewrite(self.stored.text, it, &each, &|_| true, &more);
        self.tail.push_str(&text);
        self.note(known, person);
        if let Some(said) = self.said.last_mut() {
            said.push_str(" one instance");
        }
    }
}

/// How far a task has come, if there is but one who does it.
fn progress<'c>(target: &Part<'_>, part: &Part<'c>) -> Vec<&'c Line<'c>> {
    let doers = target.attendees.iter().filter(|person| !person.me).count();
    if !part.component.is("VTODO") || doers > 1 {
        return Vec::new();
    }
    let names = ["PERCENT-COMPLETE", "COMPLETED", "STATUS"];
    names.iter().filter_map(|name| part.component.property(name)).collect()
}

const COMMENTED: &str = "X-CALENDARSERVER-ATTENDEE-COMMENT";

fn comment(part: &Part<'_>, person: &Person<'_>) -> Option<String> {
    let line = part.component.property("X-CALENDARSERVER-PRIVATE-COMMENT")?;
    let mut out = format!("{COMMENTED};X-CALENDARSERVER-ATTENDEE-REF=");
    encode(person.line.value().trim(), &mut out);
    let stamp = written_utc(part.stamp);
    Some(format!("{out};X-CALENDARSERVER-DTSTAMP={stamp}:{}", line.value()))
}

/// The codes of REQUEST-STATUS, else success (RFC 6638 §4.2).
fn status(part: Component<'_>) -> String {
    let code = |line: &Line<'_>| {
        let code = line.value().split(';').next().unwrap_or_default().trim().to_owned();
        let is_code = |c: char| c.is_ascii_digit() || c == '.';
        (!code.is_empty() && code.len() < 16 && code.chars().all(is_code)).then_some(code)
    };
    let codes: Vec<String> = part.all("REQUEST-STATUS").filter_map(code).take(8).collect();
    if codes.is_empty() { "2.0".to_owned() } else { codes.join(",") }
}
