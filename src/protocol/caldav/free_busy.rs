//! `CALDAV:free-busy-query` (RFC 4791 §7.10): when the owner of calendars is busy, for those who
//! may know that and perhaps nothing else.

use super::filter::{self, CALDAV};
use super::zone::{zone_asked, zone_of_calendar};
use crate::domain::calendar;
use crate::domain::collection::{Collection, Kind, Property, list};
use crate::format::ical::busy::BusyTimes;
use crate::format::recur::Steps;
use crate::format::xml::Element;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::RECURRENCE_STEPS_REQUEST;
use crate::kernel::secret;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::full;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::depth::{self, Depth};
use http::{Response, StatusCode};
use std::sync::Arc;

/// Answers with one VFREEBUSY. Of a calendar all members count, whatever the Depth; of a home, when
/// Depth is infinity or absent, those of its calendars that the owner has not made transparent.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let ranges: Vec<&Element> = root.elements().filter(|e| e.is(CALDAV, "time-range")).collect();
    let [range] = ranges.as_slice() else {
        return Err(Fault::malformed("a free-busy-query has exactly one time-range"));
    };
    let window = filter::range(range)?;
    let asked = zone_asked(&root)?;
    let deep = depth::parse(&ask.headers)?.is_none_or(|depth| depth == Depth::Infinity);
    let place = ask.need_place()?;
    let (found, owners) = list::see_busy(&ask.access, place).await?;
    let mut times = BusyTimes::within(window.clone());
    let mut steps = Steps::new(RECURRENCE_STEPS_REQUEST);
    for (it, properties) in found {
        let below = it.path != place.path;
        if is_calendar(&it) && (!below || (deep && !is_transparent(&properties))) {
            let zone = asked.clone();
            let zone = zone.unwrap_or_else(|| zone_of_calendar(&properties, owners.as_deref()));
            let of = (it.account, it.id);
            calendar::busy(&ask.access, of, &zone, &window, &mut steps, &mut times).await?;
        }
    }
    let uid = secret::hex(&secret::random::<16>());
    let text = times.to_text(ask.access.now.seconds(), &uid);
    Ok(full(StatusCode::OK, "text/calendar; charset=utf-8", text.into_bytes()))
}

fn is_calendar(it: &Collection) -> bool {
    Kind::from_number(it.kind) == Kind::Calendar
}

/// `CALDAV:schedule-calendar-transp` (RFC 6638 §9.1).
fn is_transparent(properties: &[Property]) -> bool {
    let name = "schedule-calendar-transp";
    let kept = properties.iter().find(|p| p.namespace == CALDAV && p.name == name);
    let element = kept.and_then(|p| crate::format::xml::parse(p.value.as_bytes()).ok());
    element.is_some_and(|element| element.child(CALDAV, "transparent").is_some())
}
