//! Rooms and things that answer invitations by themselves.
//!
//! Invariant: what is accepted was free when it was accepted, and is booked by the same transaction
//! (`collection::booking`). Of a series, the instances that are taken are declined one by one, if
//! they are not more than [`BOOKING_CLASHES_PERCENT`]; else all of it is, with the times named. Nothing
//! is said of what they are taken by. What an organizer claims that it answered counts for nothing,
//! also where somebody else answers.

use crate::domain::collection::booking::{self, TooFar, named, too_far};
use crate::domain::directory::calendar_user::CalendarUser;
use crate::domain::directory::mode::Mode;
use crate::domain::directory::resource::{self, Bound, Resource};
use crate::format::instant;
use crate::format::itip::{self, Instance, IsMe, Meeting, Message, Role, Verdict};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{BOOKING_CLASHES_PERCENT, BOOKINGS_MAX};
use crate::store::booking::By;
use crate::store::{Tx, principal};

/// What a resource made of an invitation.
#[derive(Debug)]
pub struct Answered {
    /// Its copy.
    pub text: String,
    /// Whom it tells.
    pub messages: Vec<Message>,
    /// Whether somebody is to decide.
    pub waits: bool,
}

/// A reason, and what it is in a REQUEST-STATUS, if it is something there (RFC 5546 §3.6).
type Why = (String, Option<&'static str>);

/// RFC 5546 §3.6.28.
const BUSY: Option<&str> = Some("4.0;Event conflict. Date/time is busy.");
/// RFC 5546 §3.6.18.
const TIME: Option<&str> = Some("3.5;Invalid date or time.");
/// RFC 5546 §3.6.19.
const RULE: Option<&str> = Some("3.6;Invalid rule.");

/// Answers an invitation that is about to be stored as `text` instead of `before`, `from` whose account
/// it came; none: there is nothing to answer.
pub async fn answer(
    tx: &mut Tx,
    me: &CalendarUser,
    (before, text): (Option<&[u8]>, &str),
    (by, from): (By<'_>, PrincipalId),
    now: Timestamp,
) -> Outcome<Option<Answered>> {
    let Some(what) = resource::one(tx, me.id).await? else { return Ok(None) };
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
    let mode = mode_for(tx, &what, from).await?;
    let taken = match mode {
        Mode::None | Mode::AcceptAlways | Mode::DeclineAlways => Default::default(),
        _ => {
            booking::ready(tx, me.id).await?;
            booking::taken(tx, me.id, &wanted, by).await?
        }
    };
    let clashes: Vec<&Instance> =
        wanted.iter().copied().filter(|it| taken.meets(&it.time)).collect();
    let mut why: Vec<Why> = Vec::new();
    let judged = match (mode, refused(&what, mode, &meeting, &wanted, now.seconds())) {
        (Mode::None, _) => None,
        (Mode::DeclineAlways, _) => {
            Some(all(&asked, "DECLINED", &said(&mut why, ("it cannot be booked".into(), None))))
        }
        (_, Some(reason)) => Some(all(&asked, "DECLINED", &said(&mut why, reason))),
        (Mode::AcceptIfFree, None) if !clashes.is_empty() => None,
        (Mode::DeclineIfBusy, None) if clashes.is_empty() => None,
        _ => Some(judged(&meeting, &asked, (&wanted, &clashes), mode, &mut why)),
    };
    let Some(verdict) = judged.or_else(|| left(&meeting, &asked)) else { return Ok(None) };
    let decided = ["ACCEPTED", "DECLINED"];
    let waits = verdict.parts.iter().flatten().any(|(answer, _)| !decided.contains(answer));
    Ok(carried_out(text, &is_me, (&verdict, &why), now).map(|it| Answered { waits, ..it }))
}

/// What it does with what comes from an account.
async fn mode_for(tx: &mut Tx, what: &Resource, from: PrincipalId) -> Outcome<Mode> {
    match what.accepts.is_none() && what.rules.is_empty() {
        true => Ok(what.mode),
        false => Ok(what.mode_for(&principal::all_groups(tx, from).await?)),
    }
}

/// Why all of a meeting is refused, whether it is free then or not.
fn refused(
    what: &Resource,
    mode: Mode,
    meeting: &Meeting,
    wanted: &[&Instance],
    now: i64,
) -> Option<Why> {
    let far = too_far(meeting, wanted, now).filter(|_| mode != Mode::AcceptAlways);
    if let Some(TooFar { text, endless }) = far {
        return Some((text, if endless { RULE } else { TIME }));
    }
    let bound = wanted.iter().find_map(|it| what.refuses(&it.time, now))?;
    let text = match bound {
        Bound::Window(end) => format!("it can be booked until {}", instant::written(end)),
        Bound::Longest(seconds) => {
            format!("it can be booked for {} at once at most", spoken(seconds))
        }
    };
    Some((text, TIME))
}

/// A length for people: `2 days 4 h 30 min`.
fn spoken(seconds: i64) -> String {
    let units =
        [(seconds / 86_400, "days"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min")];
    let parts = units.iter().filter(|(n, _)| *n != 0).map(|(n, unit)| format!("{n} {unit}"));
    parts.collect::<Vec<_>>().join(" ")
}

/// Notes a reason; gives its text.
fn said(why: &mut Vec<Why>, reason: Why) -> String {
    let text = reason.0.clone();
    why.push(reason);
    text
}

/// The copy with the verdict in it, and whom it is told.
fn carried_out(
    text: &str,
    is_me: IsMe<'_>,
    (verdict, why): (&Verdict, &[Why]),
    now: Timestamp,
) -> Option<Answered> {
    let answered = itip::answered(text.as_bytes(), is_me, verdict).ok()?;
    let (was, is) = (Some(text.as_bytes()), Some(answered.as_bytes()));
    let change = itip::attend(was, is, is_me, true, now).ok()?;
    let statuses: Vec<(&str, &str)> =
        why.iter().filter_map(|(why, status)| Some((why.as_str(), (*status)?))).collect();
    let parts = verdict.parts.iter().flatten().map(|(_, why)| why.as_str());
    let mut reasons: Vec<&str> = parts.filter(|why| !why.is_empty()).collect();
    reasons.dedup();
    let mut messages = change.messages;
    for message in &mut messages {
        message.text = itip::commented(&message.text, &statuses).into();
        if !reasons.is_empty() {
            // For whoever asks why (`scheduling::history`).
            message.about += &format!(": {}", reasons.join("; "));
        }
    }
    Some(Answered { text: change.stored.unwrap_or(answered), messages, waits: false })
}

/// What is left to whoever manages it is not answered, whatever the organizer claims; none: he claims
/// nothing.
fn left(meeting: &Meeting, asked: &[bool]) -> Option<Verdict> {
    let parts = meeting.parts.iter().zip(asked).map(|(part, asks)| {
        let claims = *asks && part.partstat.as_deref() != Some("NEEDS-ACTION");
        claims.then(|| ("NEEDS-ACTION", WAITS.to_owned()))
    });
    let parts: Vec<_> = parts.collect();
    parts.iter().any(Option::is_some).then(|| Verdict { parts, but: Vec::new() })
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

/// What is left to whoever manages it.
const WAITS: &str = "whoever manages it decides";

/// What is free is accepted, or may be, or waits, and what is not is declined.
fn judged(
    meeting: &Meeting,
    asked: &[bool],
    (wanted, clashes): (&[&Instance], &[&Instance]),
    mode: Mode,
    why: &mut Vec<Why>,
) -> Verdict {
    let times: Vec<i64> = clashes.iter().map(|it| it.time.start).collect();
    if clashes.len() * 100 > wanted.len() * BOOKING_CLASHES_PERCENT {
        let text = said(why, (format!("booked already at {}", named(&times)), BUSY));
        return all(asked, "DECLINED", &text);
    }
    let (yes, then) = match mode {
        Mode::Tentative => ("TENTATIVE", WAITS),
        Mode::DeclineIfBusy => ("NEEDS-ACTION", WAITS),
        _ => ("ACCEPTED", ""),
    };
    let mut verdict = all(asked, yes, then);
    let text = said(why, ("booked already then".to_owned(), BUSY));
    for clash in clashes {
        let exception = meeting.parts.get(clash.part).is_some_and(|part| part.key.is_some());
        match (exception, clash.key) {
            (false, Some(key)) => verdict.but.push((key, text.clone())),
            _ => {
                if let Some(part) = verdict.parts.get_mut(clash.part) {
                    *part = Some(("DECLINED", text.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_for_people() {
        assert_eq!(spoken(4 * 3_600), "4 h");
        assert_eq!(spoken(2 * 86_400 + 5_400), "2 days 1 h 30 min");
    }
}
