//! Time zones in CalDAV's bodies and properties: whose zone floating times are read in, and zones
//! named instead of written out (RFC 4791 §5.2.2, §9.8, RFC 7809).
//!
//! Invariant: only `calendar-timezone` is kept; `calendar-timezone-id` is read from it and makes
//! it, so the two never part (RFC 7809 §3.1.5).

use super::filter::CALDAV;
use super::property::{CALENDAR_TIMEZONE, CALENDAR_TIMEZONE_ID};
use crate::domain::collection::Property;
use crate::format::ical::definition::{self, Extent};
use crate::format::ical::zone::of_text;
use crate::format::line::shown;
use crate::format::tz::Zone;
use crate::format::xml::{self, Element, Node, Writer};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::protocol::dav::property::Shown;
use crate::protocol::dav::subject::Subject;

/// The local name of the property that is kept.
const KEPT: &str = "calendar-timezone";

/// The zone of floating times that a request names (RFC 4791 §9.8, RFC 7809 §6.2).
///
/// # Errors
/// `InvalidData` for a `timezone` that is none, `UnknownZone` for a `timezone-id`.
pub fn zone_asked(root: &Element) -> Outcome<Option<Zone>> {
    match (root.child(CALDAV, "timezone"), root.child(CALDAV, "timezone-id")) {
        (None, None) => Ok(None),
        (Some(given), None) => match of_text(&given.text()) {
            Some((_, zone)) => Ok(Some(zone)),
            None => {
                let reason = "timezone: no usable VTIMEZONE is in it".to_owned();
                Err(Refusal::InvalidData { line: 0, reason }.into())
            }
        },
        (None, Some(id)) => Ok(Some(known(&id.text())?)),
        (Some(_), Some(_)) => Err(Fault::malformed("timezone and timezone-id: give one of them")),
    }
}

fn known(id: &str) -> Result<Zone, Refusal> {
    let id = id.trim();
    Zone::named(id).ok_or_else(|| Refusal::UnknownZone(shown(id).to_owned()))
}

/// A calendar's own zone of floating times, or else UTC: accounts have no zone.
pub fn zone_of_calendar(properties: &[Property]) -> Zone {
    let kept = properties.iter().find(|p| p.namespace == CALDAV && p.name == KEPT);
    let kept = kept.and_then(|p| xml::parse(p.value.as_bytes()).ok());
    kept.and_then(|element| of_text(&element.text())).map_or_else(Zone::utc, |(_, zone)| zone)
}

/// `calendar-timezone-id` (RFC 7809 §5.2): the TZID of the zone that is kept.
pub fn show_id(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let kept = subject.value(CALDAV, KEPT);
    let kept = kept.and_then(|value| xml::parse(value.as_bytes()).ok());
    match kept.and_then(|element| of_text(&element.text())) {
        Some((id, _)) => {
            w.element(&CALENDAR_TIMEZONE_ID, &id);
            Shown::Yes
        }
        None => Shown::No,
    }
}

/// The `calendar-timezone` that a `calendar-timezone-id` stands for.
///
/// # Errors
/// `UnknownZone`.
pub fn of_id(element: &Element) -> Result<Element, Refusal> {
    let id = element.text();
    let zone = known(&id)?;
    let unknown = || Refusal::UnknownZone(shown(id.trim()).to_owned());
    let written = definition::write(id.trim(), &zone, Extent::SINCE_1970, &[]);
    let text = definition::calendar(&written.ok_or_else(unknown)?);
    let mut kept = Element::new(CALENDAR_TIMEZONE);
    kept.children.push(Node::Text(text));
    Ok(kept)
}
