//! The instances of an event as an index keeps them: few octets that say when they are and how busy
//! each makes, so that neither a time range nor free/busy needs the event itself.
//!
//! Invariant: what is kept says of every window and every zone of floating times what the event
//! itself says. Of an event for which that cannot be had, nothing is kept: one that recurs without
//! end or often, one that mixes whole days with times of a zone. Standards: RFC 4791 §7.10, §9.9.

use super::Calendar;
use super::busy::{BusyTimes, BusyType, of_event};
use super::expand::occurrences;
use super::object::{Kind, Object};
use super::value::Form;
use crate::format::civil::Civil;
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use crate::kernel::limits::INDEXED_INSTANCES_MAX;
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
}

/// Zones as far apart as any: what is said of whole days must be right in both.
const FARTHEST: [&str; 2] = ["Pacific/Kiritimati", "Etc/GMT+12"];

/// How busy, as stored; never give a number another meaning.
const KINDS: [Option<BusyType>; 4] =
    [Some(BusyType::Busy), Some(BusyType::Unavailable), Some(BusyType::Tentative), None];

/// What to keep of an object whose times are `floating`, or not.
pub fn of(
    object: &Object<'_>,
    calendar: &Calendar<'_>,
    floating: bool,
    steps: &mut Steps,
) -> Option<Vec<u8>> {
    if object.kind != Kind::Event {
        return None;
    }
    let times = instances(object, calendar, &Zone::utc(), floating, steps)?;
    let kept = encode(&times, floating);
    for name in FARTHEST.iter().filter(|_| floating) {
        let zone = Zone::named(name)?;
        let there = instances(object, calendar, &zone, floating, steps)?;
        if !there.into_iter().eq(decode(&kept, &zone)) {
            return None;
        }
    }
    Some(kept)
}

/// The instances in their order; with floating times only whole days.
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
    let walk = occurrences(object, &zones, everything, steps, &mut |it| {
        fits = all.len() < INDEXED_INSTANCES_MAX && (!floating || it.form == Form::Date);
        let (kind, point) = (of_event(it.component), it.is_point());
        all.push(Time { start: it.start, end: it.end, kind, point });
        if fits { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    all.sort_by_key(|time| (time.start, time.end, time.kind));
    walk.is_ok().then_some(all).filter(|_| fits)
}

/// A flag for whole days, then for each instance its distance from the one before and its length
/// with its kind.
fn encode(times: &[Time], floating: bool) -> Vec<u8> {
    let mut out = vec![u8::from(floating)];
    let mut before = 0_i64;
    for time in times {
        let distance = time.start.wrapping_sub(before);
        before = time.start;
        varint::append(&mut out, (distance.wrapping_shl(1) ^ (distance >> 63)).cast_unsigned());
        let kind = KINDS.iter().position(|kind| *kind == time.kind).unwrap_or(0) as u64;
        varint::append(
            &mut out,
            (time.start.abs_diff(time.end) << 3) | kind << 1 | u64::from(time.point),
        );
    }
    out
}

fn decode<'k>(kept: &'k [u8], zone: &'k Zone) -> impl Iterator<Item = Time> + use<'k> {
    let mut octets = kept.iter();
    let floating = octets.next().is_some_and(|flag| *flag != 0);
    let mut start = 0_i64;
    std::iter::from_fn(move || {
        let distance = varint::next(&mut octets)?;
        let length = varint::next(&mut octets)?;
        let distance = (distance >> 1).cast_signed() ^ -((distance & 1).cast_signed());
        start = start.wrapping_add(distance);
        let end = start.saturating_add_unsigned(length >> 3);
        let kind = KINDS.get((length >> 1 & 3) as usize).copied().flatten();
        let at = |instant| match floating {
            true => zone.to_utc(Civil::from_seconds(instant)),
            false => instant,
        };
        Some(Time { start: at(start), end: at(end), kind, point: length & 1 != 0 })
    })
}

/// Whether an instance overlaps a window (RFC 4791 §9.9).
pub fn overlap(kept: &[u8], floating: &Zone, window: &Range<i64>) -> bool {
    decode(kept, floating).any(|time| match time.point {
        true => window.contains(&time.start),
        false => window.start < time.end && window.end > time.start,
    })
}

/// Adds what the event says of being busy.
pub fn busy(kept: &[u8], floating: &Zone, times: &mut BusyTimes) {
    for time in decode(kept, floating) {
        if let Some(kind) = time.kind {
            times.add(kind, time.start..time.end);
        }
    }
}

#[cfg(test)]
mod tests;
