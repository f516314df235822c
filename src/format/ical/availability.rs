//! When somebody can be asked at all: VAVAILABILITY (RFC 7953), read and made busy time.
//!
//! Invariant: of two that speak of the same second the one of higher priority says all, and what no
//! one speaks of is free. Those of one priority make somebody free wherever one of them does (§4).

use super::busy::BusyType;
use super::expand::{availability, occurrences};
use super::object::{Entry, Kind, Object, check_resource};
use super::value::{Form, Moment};
use super::{Calendar, Component};
use crate::format::recur::{Steps, TooMuchWork};
use crate::format::spans::Spans;
use crate::format::tz::{Zone, Zones};
use crate::kernel::limits::{AVAILABLE_MAX, RECURRENCE_STEPS_OBJECT};
use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

/// A VAVAILABILITY as far as it speaks of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// Its rank: 0 the lowest, 9 the highest (PRIORITY 1).
    rank: u8,
    /// How busy outside of what is available (BUSYTYPE).
    kind: BusyType,
    /// What it speaks of.
    span: Range<i64>,
    /// What is available.
    free: Spans,
}

/// What the VAVAILABILITY components of an object say of a window; floating times are read in
/// `floating`. What cannot be read is passed over.
///
/// # Errors
/// [`TooMuchWork`] when the meter is used up.
pub fn read(
    calendar: &Calendar<'_>,
    floating: &Zone,
    window: &Range<i64>,
    steps: &mut Steps,
) -> Result<Vec<Availability>, TooMuchWork> {
    let zones = calendar.zones(floating.clone());
    let mut all = Vec::new();
    for component in calendar.root().children().filter(|c| c.is("VAVAILABILITY")) {
        let Ok(entry) = Entry::read(component, Kind::Availability) else { continue };
        let span = availability(&entry, &zones);
        let span = span.start.max(window.start)..span.end.min(window.end);
        if span.start < span.end {
            let free = available(component, &zones, &span, steps)?;
            all.push(Availability { rank: rank(component), kind: kind(component), span, free });
        }
    }
    Ok(all)
}

/// RFC 7953 §4: 1 is the highest priority, 9 the lowest but for 0, which is that of those without.
fn rank(component: Component<'_>) -> u8 {
    let priority = component.property("PRIORITY").and_then(|line| line.value().trim().parse().ok());
    priority.filter(|priority| (1..=9).contains(priority)).map_or(0, |priority: u8| 10 - priority)
}

/// RFC 7953 §3.2; a type that is not known is the default.
fn kind(component: Component<'_>) -> BusyType {
    let said = component.property("BUSYTYPE").and_then(|line| BusyType::named(line.value()));
    said.unwrap_or(BusyType::Unavailable)
}

fn available(
    component: Component<'_>,
    zones: &Zones,
    span: &Range<i64>,
    steps: &mut Steps,
) -> Result<Spans, TooMuchWork> {
    let mut free = Vec::new();
    for object in series(component) {
        occurrences(&object, zones, span.clone(), steps, &mut |it| {
            free.push(it.start.max(span.start)..it.end.min(span.end));
            ControlFlow::Continue(())
        })?;
    }
    Ok(free.into_iter().collect())
}

/// The AVAILABLE components, those of one UID together: a series, and its instances that are
/// otherwise.
fn series<'c>(component: Component<'c>) -> Vec<Object<'c>> {
    let mut all: Vec<Object<'c>> = Vec::new();
    for part in component.children().filter(|c| c.is("AVAILABLE")).take(AVAILABLE_MAX) {
        let Ok(entry) = Entry::read(part, Kind::Event) else { continue };
        let uid = part.property("UID").map_or("", |line| line.value().trim());
        let same = all.iter_mut().find(|object| object.uid == uid && !uid.is_empty());
        let object = match same {
            Some(object) if entry.recurrence_id.is_some() || object.master.is_none() => object,
            _ => {
                let uid = Cow::Borrowed(uid);
                all.push(Object { uid, kind: Kind::Event, master: None, overrides: Vec::new() });
                let Some(last) = all.last_mut() else { continue };
                last
            }
        };
        match entry.recurrence_id {
            Some(_) => object.overrides.push(entry),
            None => object.master = Some(entry),
        }
    }
    all
}

/// The times at which somebody cannot be asked, by their types (RFC 7953 §4).
pub fn unavailable(mut all: Vec<Availability>) -> [(BusyType, Spans); 3] {
    all.sort_by_key(|it| it.rank);
    let mut busy = BusyType::ALL.map(|kind| (kind, Spans::default()));
    for group in all.chunk_by(|a, b| a.rank == b.rank) {
        let cover = |wanted: Option<BusyType>| -> Spans {
            let some = group.iter().filter(|it| wanted.is_none_or(|kind| it.kind == kind));
            some.map(|it| it.span.clone()).collect()
        };
        let free = group.iter().flat_map(|it| it.free.ranges()).cloned().collect();
        let spoken_of = cover(None);
        let mut left = spoken_of.without(&free);
        for (kind, times) in &mut busy {
            let own = cover(Some(*kind)).within(&left);
            left = left.without(&own);
            *times = times.without(&spoken_of).union(&own);
        }
    }
    busy
}

/// Checks a text that shall be somebody's availability (RFC 7953 §3.1, §7.2.4, §8).
///
/// # Errors
/// What is wrong.
pub fn check(text: &str) -> Result<(), &'static str> {
    let calendar =
        Calendar::parse(text.trim().as_bytes()).map_err(|_| "it is no iCalendar object")?;
    let mut parts = calendar.root().children().filter(|c| !c.is("VTIMEZONE"));
    let only = parts.next().filter(|c| c.is("VAVAILABILITY") && parts.next().is_none());
    let only = only.ok_or("it must hold one VAVAILABILITY, and VTIMEZONE besides")?;
    check_resource(&calendar).map_err(|_| "it is no valid calendar object")?;
    check_times(only, Kind::Availability)?;
    let mut count = 0;
    for part in only.children() {
        count += 1;
        if !part.is("AVAILABLE") {
            return Err("a VAVAILABILITY holds AVAILABLE components only");
        }
        check_times(part, Kind::Event)?;
    }
    if count > AVAILABLE_MAX {
        return Err("it has more AVAILABLE components than are kept");
    }
    // Ten years of it must be quickly told.
    let (window, mut steps) = (0..315_360_000, Steps::new(RECURRENCE_STEPS_OBJECT));
    let told = read(&calendar, &Zone::utc(), &window, &mut steps);
    told.map(drop).map_err(|_| "it recurs too often")
}

fn check_times(component: Component<'_>, kind: Kind) -> Result<(), &'static str> {
    let entry = Entry::read(component, kind).map_err(|_| "a date or a rule cannot be read")?;
    let timed = |at: &Moment<'_>| matches!(at.form, Form::Utc | Form::Zone(_));
    if !entry.start.iter().chain(&entry.end).all(timed) {
        return Err("DTSTART and DTEND must be times in UTC or in a time zone");
    }
    let backwards =
        |start: Moment<'_>, end: Moment<'_>| start.form == end.form && end.civil < start.civil;
    match (entry.start, entry.end, entry.duration) {
        (_, Some(_), Some(_)) => Err("DTEND and DURATION may not stand together"),
        (None, _, Some(_)) => Err("DURATION needs DTSTART"),
        (Some(start), Some(end), _) if backwards(start, end) => Err("DTEND is before DTSTART"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
