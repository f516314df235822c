//! Rooms and things that answer invitations by themselves.
//!
//! Invariant: what is accepted was free when it was accepted, and is booked by the same transaction
//! (`collection::booking`). Of a series, the instances that are taken are declined one by one, if
//! they are not more than [`BOOKING_CLASHES_PERCENT`]; else all of it is, with the times named. Nothing
//! is said of what they are taken by.

use crate::domain::collection::booking::{self, named, too_far};
use crate::domain::directory::calendar_user::CalendarUser;
use crate::domain::directory::mode::Mode;
use crate::format::itip::{self, Instance, Meeting, Message, Role, Verdict};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::limits::{BOOKING_CLASHES_PERCENT, BOOKINGS_MAX};
use crate::store::booking::By;
use crate::store::{Tx, change_log};

/// What a resource made of an invitation.
#[derive(Debug)]
pub struct Answered {
    /// Its copy.
    pub text: String,
    /// Whom it tells.
    pub messages: Vec<Message>,
}

/// Answers an invitation that is about to be stored as `text` instead of `before`; none: there is
/// nothing to answer, or somebody else answers. A number of the account has been taken.
pub async fn answer(
    tx: &mut Tx,
    me: &CalendarUser,
    (before, text): (Option<&[u8]>, &str),
    by: By<'_>,
    now: Timestamp,
) -> Outcome<Option<Answered>> {
    let mode = Mode::from_number(change_log::booking(tx, me.id)).filter(|it| *it != Mode::None);
    let Some(mode) = mode else { return Ok(None) };
    let (is_me, zone) = (|address: &str| me.is(address), booking::zone(tx, me.id).await?);
    let read = |text: &[u8]| itip::meeting(text, &is_me, &zone, now.seconds(), BOOKINGS_MAX).ok();
    let Some(meeting) = read(text.as_bytes()).filter(|it| it.role == Role::Attendee) else {
        return Ok(None);
    };
    let before = before.and_then(read);
    let asked = asked(&meeting, before.as_ref());
    let wanted: Vec<&Instance> =
        meeting.instances.iter().filter(|it| is_invited(&meeting, it.part)).collect();
    if wanted.is_empty() || !asked.contains(&true) {
        return Ok(None);
    }
    let taken = match mode {
        Mode::AcceptAlways | Mode::DeclineAlways => Default::default(),
        _ => booking::taken(tx, me.id, &wanted, by).await?,
    };
    let clashes: Vec<&Instance> =
        wanted.iter().copied().filter(|it| taken.meets(&it.time)).collect();
    let far = too_far(&meeting, &wanted, now.seconds());
    let far = far.filter(|_| mode != Mode::AcceptAlways);
    let verdict = match (mode, far) {
        (Mode::DeclineAlways, _) => all(&asked, "DECLINED", "it cannot be booked"),
        (_, Some(why)) => all(&asked, "DECLINED", &why),
        (Mode::AcceptIfFree, _) if !clashes.is_empty() => return Ok(None),
        (Mode::DeclineIfBusy, _) if clashes.is_empty() => return Ok(None),
        _ => judged(&meeting, &asked, &wanted, &clashes),
    };
    let Ok(answered) = itip::answered(text.as_bytes(), &is_me, &verdict) else { return Ok(None) };
    let (was, is) = (Some(text.as_bytes()), Some(answered.as_bytes()));
    let Ok(change) = itip::attend(was, is, &is_me, true, now) else { return Ok(None) };
    let mut messages = change.messages;
    for message in &mut messages {
        message.text = itip::commented(&message.text).into();
    }
    Ok(Some(Answered { text: change.stored.unwrap_or(answered), messages }))
}

fn is_invited(meeting: &Meeting, part: usize) -> bool {
    meeting.parts.get(part).is_some_and(|part| part.partstat.is_some())
}

/// Which components ask for an answer. What the organizer claims counts for nothing: an answer stands
/// if it was the copy's, and was given to the same times.
fn asked(meeting: &Meeting, before: Option<&Meeting>) -> Vec<bool> {
    let times = |of: &Meeting, part: usize| {
        let own = of.instances.iter().filter(move |it| it.part == part);
        own.map(|it| it.time.clone()).collect::<Vec<_>>()
    };
    let stands = |at: usize, said: &itip::Said| {
        before.is_some_and(|old| {
            let part = old.parts.iter().position(|it| it.key == said.key);
            part.is_some_and(|part| {
                old.parts.get(part).is_some_and(|it| it.partstat == said.partstat)
                    && times(old, part) == times(meeting, at)
            })
        })
    };
    let asks = |(at, said): (usize, &itip::Said)| match said.partstat.as_deref() {
        None => false,
        Some("NEEDS-ACTION") => true,
        Some(_) => !stands(at, said),
    };
    meeting.parts.iter().enumerate().map(asks).collect()
}

/// One answer to all that asks for one.
fn all(asked: &[bool], partstat: &'static str, why: &str) -> Verdict {
    let parts = asked.iter().map(|asks| asks.then(|| (partstat, why.to_owned()))).collect();
    Verdict { parts, but: Vec::new() }
}

/// What is free is accepted, and what is not is declined.
fn judged(
    meeting: &Meeting,
    asked: &[bool],
    wanted: &[&Instance],
    clashes: &[&Instance],
) -> Verdict {
    let times: Vec<i64> = clashes.iter().map(|it| it.time.start).collect();
    let why = format!("booked already at {}", named(&times));
    if clashes.len() * 100 > wanted.len() * BOOKING_CLASHES_PERCENT {
        return all(asked, "DECLINED", &why);
    }
    let mut verdict = all(asked, "ACCEPTED", "");
    for clash in clashes {
        let exception = meeting.parts.get(clash.part).is_some_and(|part| part.key.is_some());
        match (exception, clash.key) {
            (false, Some(key)) => verdict.but.push((key, "booked already then".to_owned())),
            _ => {
                if let Some(part) = verdict.parts.get_mut(clash.part) {
                    *part = Some(("DECLINED", "booked already then".to_owned()));
                }
            }
        }
    }
    let series = meeting.parts.iter().position(|part| part.key.is_none());
    if let Some(Some(Some(said))) = series.map(|at| verdict.parts.get_mut(at))
        && !verdict.but.is_empty()
    {
        said.1 = format!("not booked, because it is taken then: {}", named(&times));
    }
    verdict
}
