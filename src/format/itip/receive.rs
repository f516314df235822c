//! A message that came, taken into its recipient's copy.
//!
//! Invariant: the same message twice, or an older one late, changes nothing. Standards: RFC 5546
//! §2.1.5, §3.2, §6.1; RFC 6638 §4.

use super::cancel::cancel;
use super::intake::{from_organizer, nothing, to_organizer};
use super::reply::reply;
use super::request::request;
use super::sheet::{Sheet, utf8};
use super::{IsMe, Method, Received, Unusable};
use crate::format::ical::Calendar;
use crate::format::ical::object::Kind;
use crate::kernel::clock::Timestamp;
use crate::kernel::limits::ATTENDEES_MAX;

/// How a method is taken in.
type Take = fn(&Sheet<'_>, Option<&Sheet<'_>>, IsMe<'_>, Timestamp) -> Result<Received, Unusable>;

/// What is done with each method, and whether it says when its events are. A proposal and its refusal
/// are for people to look at.
const TAKES: [(Method, bool, Take); 8] = [
    (Method::Request, true, request),
    (Method::Publish, true, publish),
    (Method::Reply, false, reply),
    (Method::Cancel, false, cancel),
    (Method::Add, true, |it, stored, is_me, _| {
        from_organizer(it, stored, is_me)?;
        Ok(look(stored, "more instances"))
    }),
    (Method::Refresh, false, refresh),
    (Method::Counter, true, |_, stored, is_me, _| {
        to_organizer(stored, is_me)?;
        Ok(look(stored, "another time is proposed"))
    }),
    (Method::DeclineCounter, false, |it, stored, is_me, _| {
        from_organizer(it, stored, is_me)?;
        Ok(look(stored, "a proposal is not taken"))
    }),
];

/// Takes a message in: `stored` is what its recipient has under that UID (RFC 5546 §3, RFC 6638
/// §4). The same message twice changes nothing the second time. Who sent it is not asked: that the
/// sender may speak for the ORGANIZER of a REQUEST or CANCEL, or the ATTENDEE of a REPLY, is for
/// the caller to know.
///
/// # Errors
/// [`Unusable`] when it is no message, or about what its ORGANIZER may not speak of.
pub fn receive(
    message: &[u8],
    stored: Option<&[u8]>,
    is_me: IsMe<'_>,
    now: Timestamp,
) -> Result<Received, Unusable> {
    let malformed = |why: String| Unusable::Malformed(why);
    let text = utf8(message).ok_or_else(|| malformed("not UTF-8".to_owned()))?;
    let (method, text) = without_method(&text)?;
    let calendar =
        Calendar::parse(text.as_bytes()).map_err(|fault| malformed(fault.to_string()))?;
    let Some((_, timed, take)) = TAKES.iter().find(|(known, ..)| *known == method) else {
        return Ok(nothing("not understood"));
    };
    let read = if *timed { Sheet::new } else { Sheet::message };
    let sheet = read(&text, &calendar, is_me).map_err(malformed)?;
    if !matches!(sheet.object.kind, Kind::Event | Kind::Todo | Kind::Journal) {
        return Err(malformed(format!("a {} is not scheduled", sheet.object.kind.name())));
    }
    if sheet.parts.iter().any(|part| part.component.all("ATTENDEE").nth(ATTENDEES_MAX).is_some()) {
        return Err(malformed(format!("more than {ATTENDEES_MAX} attendees")));
    }
    let stored_text = stored.and_then(utf8);
    let stored_calendar = stored_text.as_deref().and_then(|t| Calendar::parse(t.as_bytes()).ok());
    let before = stored_text.as_deref().zip(stored_calendar.as_ref());
    let before = before.and_then(|(text, calendar)| Sheet::new(text, calendar, is_me).ok());
    if stored.is_some() && before.is_none() {
        return Ok(nothing("what is stored cannot be read"));
    }
    if before.as_ref().is_some_and(|before| before.object.uid != sheet.object.uid) {
        return Err(malformed("the message is about another UID".to_owned()));
    }
    take(&sheet, before.as_ref(), is_me, now)
}

/// Takes METHOD out of a text: it is never stored (RFC 4791 §4.1).
pub fn without_method(text: &str) -> Result<(Method, String), Unusable> {
    let malformed = |why: &str| Unusable::Malformed(why.to_owned());
    let calendar = Calendar::parse(text.as_bytes());
    let calendar = calendar.map_err(|fault| Unusable::Malformed(fault.to_string()))?;
    let root = calendar.root();
    let line = root.property("METHOD").ok_or_else(|| malformed("there is no METHOD"))?;
    let method = Method::of(line.value().trim());
    let method = method.ok_or_else(|| malformed("its METHOD is not known"))?;
    let mut edits = super::edit::Edits::default();
    root.all("METHOD").for_each(|line| edits.remove(line));
    Ok((method, edits.apply(text)))
}

/// What the owner looks at himself, if it is about what he has.
fn look(stored: Option<&Sheet<'_>>, about: &str) -> Received {
    Received::Nothing { news: stored.is_some(), about: about.to_owned() }
}

/// An attendee asks for the newest state (RFC 5546 §3.2.6).
fn refresh(
    message: &Sheet<'_>,
    stored: Option<&Sheet<'_>>,
    is_me: IsMe<'_>,
    _: Timestamp,
) -> Result<Received, Unusable> {
    to_organizer(stored, is_me)?;
    if stored.is_none() {
        return Ok(nothing("not known here"));
    }
    match message.parts.first().map(|part| part.attendees.as_slice()) {
        Some([one]) => Ok(Received::Asked { by: one.line.value().trim().to_owned() }),
        _ => Err(Unusable::Malformed("it does not say who asks".to_owned())),
    }
}

/// What is published is for looking at; of what is stored nothing changes (RFC 5546 §3.2.1).
fn publish(
    _: &Sheet<'_>,
    stored: Option<&Sheet<'_>>,
    _: IsMe<'_>,
    _: Timestamp,
) -> Result<Received, Unusable> {
    let about = "published".to_owned();
    Ok(Received::Nothing { news: stored.is_none(), about })
}
