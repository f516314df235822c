//! Who acts for somebody else is told (SENT-BY): on ORGANIZER by an organizer's delegate, on the
//! attendee's own line by an attendee's.
//!
//! Invariant: SENT-BY says who caused the last message, whatever a client writes there; when the owner
//! acts himself next it goes. Standards: RFC 5545 §3.2.18; RFC 5546 §2.1.4 leaves it out of what
//! counts as a change.

use super::edit::{Edits, folded, is_crlf};
use super::person::{Person, SENT_BY};
use super::receive::without_method;
use super::settle::says;
use super::sheet::{Sheet, utf8};
use super::{Change, IsMe, Role};
use crate::format::ical::Calendar;
use crate::format::line::Line;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Writes into what is stored and sent who acted, the owner himself for none. `old` is the object before
/// the change, `sent` the new text where [`Change::stored`] says none; none: it is deleted.
pub fn sent_by(
    change: &mut Change,
    role: Role,
    (old, sent): (Option<&[u8]>, Option<&[u8]>),
    is_me: IsMe<'_>,
    by: Option<&str>,
) {
    let line = if role == Role::Organizer { "ORGANIZER" } else { "ATTENDEE" };
    let text = change.stored.as_deref().or(sent.and_then(|text| std::str::from_utf8(text).ok()));
    let quiet = change.messages.is_empty();
    let may_matter = by.is_some()
        || text.is_some_and(|text| mentions(text.as_bytes()))
        || quiet && old.is_some_and(mentions);
    let stored = match (role, text.filter(|_| may_matter)) {
        (Role::Organizer, Some(text)) => organizers(text, old, is_me, quiet, by),
        (Role::Attendee, Some(text)) => answers(text, old.is_some(), change, is_me, by),
        _ => None,
    };
    change.stored = stored.or_else(|| change.stored.take());
    // Those who are told the same share a text.
    let mut last: Option<(Arc<str>, Arc<str>)> = None;
    for message in &mut change.messages {
        let text = match &last {
            Some((was, is)) if Arc::ptr_eq(was, &message.text) => is.clone(),
            _ => {
                let mine = |it: &Line<'_>| it.is(line) && is_me(it.value().trim());
                let made = with(&message.text, &mine, by).map_or(message.text.clone(), Arc::from);
                last = Some((message.text.clone(), made.clone()));
                made
            }
        };
        message.text = text;
    }
}

fn mentions(text: &[u8]) -> bool {
    memchr::memmem::find(text, SENT_BY.as_bytes()).is_some()
}

/// An organizer's object; where nobody is told anything it says what it said.
fn organizers(
    text: &str,
    old: Option<&[u8]>,
    is_me: IsMe<'_>,
    quiet: bool,
    by: Option<&str>,
) -> Option<String> {
    let mine = |it: &Line<'_>| it.is("ORGANIZER") && is_me(it.value().trim());
    let before = old.filter(|_| quiet).and_then(|old| {
        let old = utf8(old)?;
        let calendar = Calendar::parse(old.as_bytes()).ok()?;
        let line = calendar.lines().iter().find(|it| mine(it))?;
        says(&Person::new(line, &|_| false), SENT_BY)
    });
    with(text, &mine, if quiet { before.as_deref() } else { by })
}

/// An attendee's copy: the components that were answered now. Of the others an older copy was kept.
fn answers(
    text: &str,
    kept: bool,
    change: &Change,
    is_me: IsMe<'_>,
    by: Option<&str>,
) -> Option<String> {
    let mut answered = BTreeSet::new();
    for message in &change.messages {
        let (_, text) = without_method(&message.text).ok()?;
        let calendar = Calendar::parse(text.as_bytes()).ok()?;
        let sheet = Sheet::new(&text, &calendar, is_me).ok()?;
        answered.extend(sheet.parts.iter().map(|part| part.key));
    }
    let calendar = Calendar::parse(text.as_bytes()).ok()?;
    let sheet = Sheet::new(text, &calendar, is_me).ok()?;
    let mut edits = Edits::default();
    for part in &sheet.parts {
        let now = answered.contains(&part.key);
        if let Some(me) = part.me().filter(|_| now || !kept) {
            put(text, me, by.filter(|_| now), &mut edits);
        }
    }
    Some(edits.apply(text)).filter(|made| made != text)
}

/// A text with this SENT-BY on some of its lines.
fn with(text: &str, wanted: &dyn Fn(&Line<'_>) -> bool, by: Option<&str>) -> Option<String> {
    if by.is_none() && !mentions(text.as_bytes()) {
        return None;
    }
    let calendar = Calendar::parse(text.as_bytes()).ok()?;
    let mut edits = Edits::default();
    for line in calendar.lines().iter().filter(|it| wanted(it)) {
        put(text, &Person::new(line, &|_| false), by, &mut edits);
    }
    Some(edits.apply(text)).filter(|made| made != text)
}

fn put(text: &str, person: &Person<'_>, by: Option<&str>, edits: &mut Edits) {
    if says(person, SENT_BY).as_deref() != by {
        let line = folded(&person.with(&[(SENT_BY, by)]), is_crlf(text));
        edits.put(person.line.start..person.line.end, line);
    }
}
