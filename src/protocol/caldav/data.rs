//! What a report's `CALDAV:calendar-data` asks for (RFC 4791 §9.6), from its XML.

use super::filter::range;
use super::zone::zone_of_calendar;
use crate::format::ical::project::{Projection, Prop, Recurrences, Selection};
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::RECURRENCE_STEPS_REQUEST;
use crate::protocol::dav::report::multiget::{Shape, Shaper};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Reads it: without children the whole object is wanted. Elements of other namespaces are passed
/// over.
///
/// # Errors
/// `Malformed` for what RFC 4791 §9.6 does not allow.
fn read(asked: &Element) -> Outcome<Projection> {
    let mut wanted = Projection::default();
    for child in own(asked) {
        let again = match child.name.local() {
            "comp" => wanted.parts.replace(selection(child)?).is_some(),
            "expand" => set(&mut wanted, Recurrences::Expanded(both(child)?)),
            "limit-recurrence-set" => set(&mut wanted, Recurrences::Limited(both(child)?)),
            "limit-freebusy-set" => wanted.busy.replace(both(child)?).is_some(),
            other => return wrong(format!("calendar-data holds no {other}")),
        };
        if again {
            let name = child.name.local();
            return wrong(format!("calendar-data: {name} stands beside another of its kind"));
        }
    }
    Ok(wanted)
}

/// What a request wants of calendar objects otherwise than they are kept. All of them share one
/// meter of work.
#[derive(Clone)]
pub struct Shaping(Arc<(Projection, Mutex<Steps>)>);

impl Shaping {
    /// What the `calendar-data` asked for says; none when objects are wanted as they are.
    ///
    /// # Errors
    /// As for [`read`].
    pub fn of(asked: Option<&Element>) -> Outcome<Option<Self>> {
        let wanted = asked.map(read).transpose()?.filter(|wanted| !wanted.is_whole());
        let steps = Mutex::new(Steps::new(RECURRENCE_STEPS_REQUEST));
        Ok(wanted.map(|wanted| Self(Arc::new((wanted, steps)))))
    }

    /// Shapes objects whose floating times are read in this zone; `TooManyMatches` for one that has
    /// more instances, or takes more work, than allowed.
    pub fn in_zone(&self, floating: Zone) -> Shape {
        let shared = self.0.clone();
        Box::new(move |text| {
            let (wanted, steps) = &*shared;
            let mut steps = steps.lock().unwrap_or_else(PoisonError::into_inner);
            let shaped = wanted.of(text, &floating, &mut steps);
            shaped.map_err(|_| Fault::Refused(Refusal::TooManyMatches))
        })
    }
}

/// Shapes what a multiget gives, in the zone of each calendar.
///
/// # Errors
/// As for [`read`].
pub fn shaper(prop: Option<&Element>) -> Outcome<Option<Shaper>> {
    let asked = prop.and_then(|prop| prop.child(&Ns::CalDav, "calendar-data"));
    Ok(Shaping::of(asked)?.map(|shaping| -> Shaper {
        Box::new(move |it| {
            shaping.in_zone(zone_of_calendar(&it.properties, it.around.zone.as_deref()))
        })
    }))
}

fn own(element: &Element) -> impl Iterator<Item = &Element> {
    element.elements().filter(|e| *e.name.ns() == Ns::CalDav)
}

fn wrong<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Fault::malformed(why))
}

fn set(wanted: &mut Projection, new: Recurrences) -> bool {
    !matches!(std::mem::replace(&mut wanted.recurrences, new), Recurrences::Kept)
}

/// A range of which both ends are there.
fn both(element: &Element) -> Outcome<Range<i64>> {
    let name = element.name.local();
    match range(element) {
        Ok(range) if range.start != i64::MIN && range.end != i64::MAX => Ok(range),
        Ok(_) => wrong(format!("{name} has a start and an end")),
        Err(fault @ Fault::Refused(Refusal::BeyondLimit(..))) => Err(fault),
        Err(fault) => wrong(format!("{name}: {fault}")),
    }
}

/// RFC 4791 §9.6.1. One without children means the whole component, as in the example of §7.8.1.
fn selection(element: &Element) -> Outcome<Selection> {
    let name = name(element)?;
    if own(element).next().is_none() {
        return Ok(Selection { name, props: None, comps: None });
    }
    let mut it = Selection { name, props: Some(Vec::new()), comps: Some(Vec::new()) };
    for child in own(element) {
        match (child.name.local(), &mut it.props, &mut it.comps) {
            ("allprop", props, _) => *props = None,
            ("allcomp", _, comps) => *comps = None,
            ("prop", Some(props), _) => {
                let bare = child.attribute("novalue") == Some("yes");
                props.push(Prop { name: self::name(child)?, bare });
            }
            ("comp", _, Some(comps)) => comps.push(selection(child)?),
            ("prop" | "comp", ..) => {}
            (other, ..) => return wrong(format!("calendar-data: comp holds no {other}")),
        }
    }
    Ok(it)
}

fn name(element: &Element) -> Outcome<String> {
    match element.attribute("name").map(str::trim) {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => wrong(format!("calendar-data: {} without a name", element.name.local())),
    }
}
