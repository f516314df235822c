//! Time zones in CalDAV's bodies and properties: whose zone floating times are read in, and zones
//! named instead of written out (RFC 4791 §5.2.2, §9.8, RFC 7809).
//!
//! Invariant: only `calendar-timezone` is kept; `calendar-timezone-id` is read from it and makes
//! it, so the two never part (RFC 7809 §3.1.5).

use super::filter::CALDAV;
use super::property::{CALENDAR_TIMEZONE, CALENDAR_TIMEZONE_ID};
pub use crate::domain::availability::source::zone as zone_of_calendar;
use crate::format::ical::definition::{self, Extent};
use crate::format::ical::zone::of_text;
use crate::format::line::shown;
use crate::format::tz::Zone;
use crate::format::xml::{self, Element, Node, Writer};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::protocol::dav::property::{Shown, show_kept};
use crate::protocol::dav::subject::{On, Subject};

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

/// The zone that a calendar without one has from its owner.
fn owners<'s>(subject: &'s Subject<'_>) -> Option<&'s str> {
    let calendar = subject.class() == On::CALENDAR;
    subject.around.zone.as_deref().filter(|_| calendar)
}

/// `calendar-timezone` (RFC 4791 §5.2.2): what is kept, or else the zone of the owner. Without
/// either nothing is shown, rather than UTC, because programs take it for where people are.
pub fn show(subject: &Subject<'_>, asked: &Element, w: &mut Writer) -> Shown {
    match (show_kept(subject, asked, w), owners(subject)) {
        (Shown::No, Some(id)) => {
            let written = Zone::named(id)
                .and_then(|zone| definition::write(id, &zone, Extent::SINCE_1970, &[]));
            let Some(written) = written else { return Shown::No };
            w.element(&CALENDAR_TIMEZONE, &definition::calendar(&written));
            Shown::Yes
        }
        (shown, _) => shown,
    }
}

/// `calendar-timezone-id` (RFC 7809 §5.2): the TZID of the zone that is kept, or the owner's.
pub fn show_id(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let id = match subject.value(CALDAV, KEPT).map(|value| xml::parse(value.as_bytes())) {
        Some(kept) => kept.ok().and_then(|element| of_text(&element.text())).map(|(id, _)| id),
        None => owners(subject).map(str::to_owned),
    };
    match id {
        Some(id) => {
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
