//! The instances of an event as an index keeps them: few octets that say when they are and how busy
//! each makes, so that neither a time range nor free/busy needs the event itself.
//!
//! Invariant: what is kept says of every window and every zone of floating times, and of everybody
//! who is asked, what the event itself says. Of an event with few instances these are kept one by one;
//! of one that recurs without end or often, or that mixes whole days with times of a zone, those of
//! its lines that bear on it (its bones); of one that writes out a zone which only it knows, or whose
//! bones are large, nothing. Standards: RFC 4791 §7.10, §9.9.

use super::attendance::{self, Whose};
use super::busy::{BusyTimes, BusyType, of_event};
use super::expand::occurrences;
use super::object::{Kind, Object, check_resource};
use super::redact::line;
use super::value::Form;
use super::{Calendar, Component};
use crate::format::civil::Civil;
use crate::format::line::decode as unescaped;
use crate::format::recur::{Steps, TooMuchWork};
use crate::format::tz::Zone;
use crate::kernel::limits::{INDEXED_ANSWERS_MAX, INDEXED_BONES_MAX, INDEXED_INSTANCES_MAX};
use crate::kernel::varint;
use std::ops::{ControlFlow, Range};

/// One instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Time {
    start: i64,
    end: i64,
    kind: Option<BusyType>,
    /// It is a point for the test of RFC 4791 §9.9.
    point: bool,
    /// The number of the component that describes it.
    component: u64,
}

/// Zones as far apart as any: what is said of whole days must be right in both.
const FARTHEST: [&str; 2] = ["Pacific/Kiritimati", "Etc/GMT+12"];

/// How busy, as stored; never give a number another meaning.
const KINDS: [Option<BusyType>; 4] =
    [Some(BusyType::Busy), Some(BusyType::Unavailable), Some(BusyType::Tentative), None];

/// What the first octet of what is kept says, as a set of bits: the zone of floating times matters;
/// instances that are kept one by one are whole days then.
const FLOATING: u8 = 1;
/// Answers stand before the instances, and each says which of them are its.
const ANSWERED: u8 = 2;
/// The rest is a calendar object of bones.
const BONES: u8 = 4;

/// What to keep of an object whose times are `floating`, or not, and which has a last instance, or
/// not.
pub fn of(
    object: &Object<'_>,
    calendar: &Calendar<'_>,
    (floating, ends): (bool, bool),
    steps: &mut Steps,
) -> Option<Vec<u8>> {
    if object.kind != Kind::Event {
        return None;
    }
    let few = if ends { one_by_one(object, calendar, floating, steps) } else { None };
    few.or_else(|| bones(object, floating))
}

fn one_by_one(
    object: &Object<'_>,
    calendar: &Calendar<'_>,
    floating: bool,
    steps: &mut Steps,
) -> Option<Vec<u8>> {
    let answers = Answers::of(object)?;
    let times = instances(object, calendar, &Zone::utc(), floating, steps)?;
    let kept = encode(&times, floating, &answers);
    for name in FARTHEST.iter().filter(|_| floating) {
        let zone = Zone::named(name)?;
        let there = instances(object, calendar, &zone, floating, steps)?;
        if !there.into_iter().eq(decode(&kept, &zone, None)) {
            return None;
        }
    }
    Some(kept)
}

/// The answers to each component of an object, in its order; those that nobody gave are left out.
struct Answers(Vec<Vec<(u64, Option<BusyType>)>>);

impl Answers {
    /// None where they are too many.
    fn of(object: &Object<'_>) -> Option<Self> {
        let mut total = 0;
        let of_component = |component: Component<'_>| {
            let kind = of_event(component)?;
            let answers: Vec<_> = attendance::answers(component, kind).collect();
            total += answers.len();
            Some(answers)
        };
        let components = object.entries().map(|entry| entry.component);
        let all = components.map(of_component).map(Option::unwrap_or_default).collect();
        (total <= INDEXED_ANSWERS_MAX).then_some(Self(all))
    }

    fn any(&self) -> bool {
        self.0.iter().any(|answers| !answers.is_empty())
    }
}

/// Lines that bear on when an event is and how busy it makes people, without their other parameters.
const LINES: [(&str, &[&str]); 12] = [
    ("DTSTART", &["TZID", "VALUE"]),
    ("DTEND", &["TZID", "VALUE"]),
    ("DURATION", &[]),
    ("RRULE", &[]),
    ("RDATE", &["TZID", "VALUE"]),
    ("EXDATE", &["TZID", "VALUE"]),
    ("RECURRENCE-ID", &["TZID", "VALUE", "RANGE"]),
    ("TRANSP", &[]),
    ("STATUS", &[]),
    ("ORGANIZER", &[]),
    ("ATTENDEE", &["PARTSTAT"]),
    ("UID", &[]),
];

/// The bones of an object; none where they are large, or a zone of its own is among them.
fn bones(object: &Object<'_>, floating: bool) -> Option<Vec<u8>> {
    let mut out = vec![BONES | if floating { FLOATING } else { 0 }];
    out.extend_from_slice(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
    for entry in object.entries() {
        out.extend_from_slice(b"BEGIN:VEVENT\r\n");
        for it in entry.component.properties() {
            let row = LINES.iter().find(|row| row.0.eq_ignore_ascii_case(it.full_name()));
            let Some((_, parameters)) = row else { continue };
            let zone = it.param("TZID").filter(|_| parameters.contains(&"TZID"));
            if zone.is_some_and(|zone| Zone::named(&unescaped(zone.bare().trim())).is_none()) {
                return None;
            }
            line(it, parameters, &mut out);
            if out.len() > INDEXED_BONES_MAX {
                return None;
            }
        }
        out.extend_from_slice(b"END:VEVENT\r\n");
    }
    out.extend_from_slice(b"END:VCALENDAR\r\n");
    Some(out)
}

/// The instances in their order, each with the number of its component; with floating times only
/// whole days.
fn instances(
    object: &Object<'_>,
    calendar: &Calendar<'_>,
    zone: &Zone,
    floating: bool,
    steps: &mut Steps,
) -> Option<Vec<Time>> {
    let (zones, mut all) = (calendar.zones(zone.clone()), Vec::new());
    let mut fits = true;
    let everything = i64::MIN..i64::MAX;
    let number = |it: Component<'_>| object.entries().position(|e| e.component.is_same(&it));
    let walk = occurrences(object, &zones, everything, steps, &mut |it| {
        fits = all.len() < INDEXED_INSTANCES_MAX && (!floating || it.form == Form::Date);
        let (kind, point) = (of_event(it.component), it.is_point());
        let component = number(it.component).unwrap_or(0) as u64;
        all.push(Time { start: it.start, end: it.end, kind, point, component });
        if fits { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    all.sort_by_key(|time| (time.start, time.end, time.kind, time.component));
    walk.is_ok().then_some(all).filter(|_| fits)
}

/// The first octet; if there are any, the answers: how many components, then for each how many, then
/// each; then for each instance its distance from the one before, its length with its kind, and where
/// there are answers the number of its component.
fn encode(times: &[Time], floating: bool, answers: &Answers) -> Vec<u8> {
    let answered = answers.any();
    let flags = if floating { FLOATING } else { 0 } | if answered { ANSWERED } else { 0 };
    let mut out = vec![flags];
    if answered {
        varint::append(&mut out, answers.0.len() as u64);
        for of_component in &answers.0 {
            varint::append(&mut out, of_component.len() as u64);
            for (key, kind) in of_component {
                out.extend_from_slice(&key.to_be_bytes());
                out.push(number(*kind) as u8);
            }
        }
    }
    let mut before = 0_i64;
    for time in times {
        let distance = time.start.wrapping_sub(before);
        before = time.start;
        varint::append(&mut out, (distance.wrapping_shl(1) ^ (distance >> 63)).cast_unsigned());
        let (length, kind) = (time.start.abs_diff(time.end), number(time.kind));
        varint::append(&mut out, (length << 3) | kind << 1 | u64::from(time.point));
        if answered {
            varint::append(&mut out, time.component);
        }
    }
    out
}

fn number(kind: Option<BusyType>) -> u64 {
    KINDS.iter().position(|known| *known == kind).unwrap_or(0) as u64
}

fn kind(number: u64) -> Option<BusyType> {
    KINDS.get((number & 3) as usize).copied().flatten()
}

/// The instances as they are for somebody, or, for nobody, as they would be for the owner if he came.
fn decode<'k>(
    kept: &'k [u8],
    zone: &'k Zone,
    whose: Option<&Whose>,
) -> impl Iterator<Item = Time> + use<'k> {
    let mut octets = kept.iter();
    let flags = octets.next().copied().unwrap_or(0);
    let (floating, answered) = (flags & FLOATING != 0, flags & ANSWERED != 0);
    let own = if answered { own_answers(&mut octets, whose) } else { Vec::new() };
    let mut start = 0_i64;
    std::iter::from_fn(move || {
        let distance = varint::next(&mut octets)?;
        let length = varint::next(&mut octets)?;
        let component = if answered { varint::next(&mut octets)? } else { 0 };
        let distance = (distance >> 1).cast_signed() ^ -((distance & 1).cast_signed());
        start = start.wrapping_add(distance);
        let end = start.saturating_add_unsigned(length >> 3);
        let answer = own.iter().find(|(of, _)| *of == component);
        let kind = answer.map_or_else(|| kind(length >> 1), |(_, kind)| *kind);
        let at = |instant| match floating {
            true => zone.to_utc(Civil::from_seconds(instant)),
            false => instant,
        };
        Some(Time { start: at(start), end: at(end), kind, point: length & 1 != 0, component })
    })
}

/// Somebody's own answers, each with the number of the component that it is to.
fn own_answers(
    octets: &mut std::slice::Iter<'_, u8>,
    whose: Option<&Whose>,
) -> Vec<(u64, Option<BusyType>)> {
    let mut own = Vec::new();
    for component in 0..varint::next(octets).unwrap_or(0) {
        for _ in 0..varint::next(octets).unwrap_or(0) {
            let Some((answer, rest)) = octets.as_slice().split_first_chunk::<9>() else { break };
            *octets = rest.iter();
            let [key @ .., said] = *answer;
            if whose.is_some_and(|whose| whose.has(u64::from_be_bytes(key))) {
                own.push((component, kind(u64::from(said))));
            }
        }
    }
    own
}

/// Whether an instance overlaps a window (RFC 4791 §9.9); none: only the event itself says.
pub fn overlap(kept: &[u8], floating: &Zone, window: &Range<i64>) -> Option<bool> {
    if is_bones(kept) {
        return None;
    }
    Some(decode(kept, floating, None).any(|time| match time.point {
        true => window.contains(&time.start),
        false => window.start < time.end && window.end > time.start,
    }))
}

fn is_bones(kept: &[u8]) -> bool {
    kept.first().is_some_and(|flags| flags & BONES != 0)
}

/// Whether the zone in which floating times are read matters.
pub fn is_floating(kept: &[u8]) -> bool {
    kept.first().is_some_and(|flags| flags & FLOATING != 0)
}

/// Adds what the event says of being busy.
///
/// # Errors
/// [`TooMuchWork`] when the meter is used up.
pub fn busy(
    kept: &[u8],
    floating: &Zone,
    times: &mut BusyTimes,
    steps: &mut Steps,
) -> Result<(), TooMuchWork> {
    if is_bones(kept) {
        let text = kept.get(1..).unwrap_or_default();
        let Ok(calendar) = Calendar::parse(text) else { return Ok(()) };
        let Ok(object) = check_resource(&calendar) else { return Ok(()) };
        return times.take(&object, &calendar, floating, steps);
    }
    steps.take(1)?;
    for time in decode(kept, floating, Some(times.whose())) {
        if let Some(kind) = time.kind {
            times.add(kind, time.start..time.end);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
