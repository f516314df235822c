//! An attendee's change: what he answers to whom.
//!
//! Invariant: a reply speaks of exactly the instances that were answered, and names nobody but who
//! answers and his delegates. Standards: RFC 6638 §3.2.2, §8.1; RFC 5546 §3.2.3, §3.4.3.

use super::edit::is_in;
use super::keep::{Answer, Kept, keep, same_organizer};
use super::message::{organizer, replied, wrap};
use super::person::{ASKED, Agent, Person, REPLIED, SENT_BY};
use super::sheet::{Part, Sheet, utf8};
use super::{Change, IsMe, Message, Method, Role, Violation, role};
use crate::format::ical::Calendar;
use crate::format::ical::expand::extent;
use crate::format::ical::value::written_utc;
use crate::format::recur::Steps;
use crate::kernel::clock::Timestamp;
use crate::kernel::limits::RECURRENCE_STEPS_OBJECT;
use std::collections::BTreeSet;

/// What an attendee's change means (RFC 6638 §3.2.2). `reply` is false for `Schedule-Reply: F`
/// (§8.1), which counts for a deletion only.
///
/// # Errors
/// A [`Violation`] when the change is not allowed.
pub fn attend(
    old: Option<&[u8]>,
    new: Option<&[u8]>,
    is_me: IsMe<'_>,
    reply: bool,
    now: Timestamp,
) -> Result<Change, Violation> {
    let old_text = old.and_then(utf8);
    let old_calendar = old_text.as_deref().and_then(|t| Calendar::parse(t.as_bytes()).ok());
    let before = old_text.as_deref().zip(old_calendar.as_ref());
    let before = before.filter(|(_, calendar)| role(calendar, is_me) == Role::Attendee);
    let old = before.and_then(|(text, calendar)| Sheet::new(text, calendar, is_me).ok());
    let Some(new) = new else {
        let messages = old.filter(|_| reply).and_then(|old| deletion(&old, now));
        return Ok(unchanged(messages));
    };
    let text = utf8(new).ok_or_else(|| Violation::Unreadable("not UTF-8".to_owned()))?;
    let calendar = Calendar::parse(text.as_bytes());
    let calendar = calendar.map_err(|fault| Violation::Unreadable(fault.to_string()))?;
    let sheet = Sheet::new(&text, &calendar, is_me).map_err(Violation::Unreadable)?;
    if !sheet.has_one_organizer() {
        return Err(Violation::SameOrganizer);
    }
    let Some(old) = old else { return creation(&sheet, now) };
    if !same_organizer(&old, &sheet) {
        return Err(Violation::OrganizerChanged(Role::Attendee));
    }
    if agent(&sheet) != Agent::Server {
        return Ok(unchanged(None));
    }
    change(&old, &sheet, is_me, now)
}

fn unchanged(message: Option<Message>) -> Change {
    let messages = message.into_iter().collect();
    Change { stored: None, messages, keeps_schedule_tag: false }
}

fn agent(sheet: &Sheet<'_>) -> Agent {
    sheet.organizer().map_or(Agent::Nobody, |line| Person::new(line, &|_| false).agent())
}

/// The DTSTAMP of an answer: newer than those before.
fn stamp(sheet: &Sheet<'_>, now: Timestamp) -> i64 {
    let replied = sheet.parts.iter().filter_map(|part| part.me()?.replied());
    let last = replied.filter_map(|stamp| super::sheet::instant(&stamp)).max().unwrap_or(0);
    if last > now.seconds().saturating_add(86_400) {
        now.seconds()
    } else {
        now.seconds().max(last + 1)
    }
}

fn change(
    old: &Sheet<'_>,
    new: &Sheet<'_>,
    is_me: IsMe<'_>,
    now: Timestamp,
) -> Result<Change, Violation> {
    let stamp = stamp(old, now);
    let forced = new.organizer().is_some_and(|o| Person::new(o, &|_| false).forces("REPLY"));
    let kept = keep(old, new, &written_utc(stamp), forced)?;
    let Kept { text, answers } = kept;
    let unreadable = |why: String| Violation::Unreadable(why);
    let calendar =
        Calendar::parse(text.as_bytes()).map_err(|fault| unreadable(fault.to_string()))?;
    let sheet = Sheet::new(&text, &calendar, is_me).map_err(unreadable)?;
    let mut message = reply(&sheet, old, &answers, stamp);
    message.iter_mut().for_each(|message| message.forced = forced);
    let mut change = unchanged(message);
    change.stored = Some(text.clone()).filter(|text| *text != new.text);
    Ok(change)
}

/// Of an object that came to the client another way (by mail) the answer that it holds is sent
/// (RFC 6638 §3.2.2.2), unless it is over: whoever imports his old calendar answers nothing.
fn creation(sheet: &Sheet<'_>, now: Timestamp) -> Result<Change, Violation> {
    if agent(sheet) != Agent::Server || is_over(sheet, now) {
        return Ok(unchanged(None));
    }
    let answers: Vec<_> = sheet.parts.iter().filter_map(answered).collect();
    let message = reply(sheet, sheet, &answers, stamp(sheet, now));
    Ok(unchanged(message))
}

/// The answer that a component holds.
fn answered<'c>(part: &Part<'c>) -> Option<Answer<'c>> {
    let partstat = part.me().map(Person::partstat).filter(|p| p != "NEEDS-ACTION")?;
    Some(Answer { key: part.key, partstat, gone: None })
}

fn is_over(sheet: &Sheet<'_>, now: Timestamp) -> bool {
    let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
    let extent = extent(&sheet.object, &sheet.zones, &mut steps);
    extent.is_ok_and(|extent| extent.last_end < now.seconds())
}

/// Whoever deletes his copy declines what he has not declined yet.
fn deletion(old: &Sheet<'_>, now: Timestamp) -> Option<Message> {
    if agent(old) != Agent::Server || old.is_cancelled() {
        return None;
    }
    let open = |part: &&Part<'_>| {
        let done = |me: &Person<'_>| is_in(&me.partstat(), &["DECLINED", "DELEGATED"]);
        !part.cancelled && part.me().is_some_and(|me| !done(me))
    };
    let answers: Vec<_> = old.parts.iter().filter(open).map(declined).collect();
    reply(old, old, &answers, stamp(old, now))
}

fn declined<'c>(part: &Part<'c>) -> Answer<'c> {
    let gone = Some((part.component, None));
    Answer { key: part.key, partstat: "DECLINED".to_owned(), gone }
}

/// The message with these answers. `old` is the copy before the change.
fn reply(
    sheet: &Sheet<'_>,
    old: &Sheet<'_>,
    answers: &[Answer<'_>],
    stamp: i64,
) -> Option<Message> {
    let to = old.organizer()?.value().trim().to_owned();
    let mut out = String::new();
    for answer in answers {
        let (text, from, derived) = match &answer.gone {
            Some((_, derived)) => (old.text, old, derived.as_ref()),
            None => (sheet.text, sheet, None),
        };
        let own = from.part(answer.key);
        let part = own.or(from.master().filter(|_| derived.is_some()));
        let Some(part) = part else { continue };
        let mut people = people(part, &answer.partstat);
        people.extend(organizer(from, part.component));
        out.push_str(&replied(text, part.component, derived, &people, stamp));
    }
    if out.is_empty() {
        return None;
    }
    let text = wrap(
        Method::Reply,
        if answers.iter().all(|a| a.gone.is_some()) { old } else { sheet },
        &out,
    );
    let (method, text, about) = (Method::Reply, text.into(), about(answers));
    Some(Message { to, method, text, forced: false, silent: false, about })
}

/// The ATTENDEE lines of an answer: who answers, and those to whom he delegated.
fn people(part: &Part<'_>, partstat: &str) -> Vec<String> {
    let Some(me) = part.me() else { return Vec::new() };
    let to = me.delegated("DELEGATED-TO");
    let delegates = part.attendees.iter().filter(|p| !p.me && to.contains(&p.who));
    let quiet =
        [ASKED, REPLIED, SENT_BY, "SCHEDULE-AGENT", "SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND"];
    let mut changes: Vec<(&str, Option<&str>)> = quiet.map(|name| (name, None)).to_vec();
    // What they answer, they say themselves.
    let asked = [&changes[..], &[("PARTSTAT", Some("NEEDS-ACTION"))]].concat();
    let delegates: Vec<String> = delegates.map(|person| person.with(&asked)).collect();
    changes.extend([("PARTSTAT", Some(partstat)), ("RSVP", None)]);
    let mut lines = vec![me.with(&changes)];
    lines.extend(delegates);
    lines
}

/// What was answered, in a few words.
fn about(answers: &[Answer<'_>]) -> String {
    let said: BTreeSet<_> =
        answers.iter().map(|answer| answer.partstat.to_ascii_lowercase()).collect();
    let said = said.into_iter().take(4).collect::<Vec<_>>().join(", ");
    match answers {
        [one] if one.key.is_none() => said,
        [_] => format!("{said}: one instance"),
        many => format!("{said}: {} parts", many.len()),
    }
}
