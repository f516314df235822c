//! `CALDAV:free-busy-query` (RFC 4791 §7.10): when the owner of calendars is busy, for those who
//! may know that and perhaps nothing else.

use super::filter::{self, CALDAV};
use super::zone::zone_asked;
use crate::domain::availability::{self, source::counts};
use crate::domain::collection::{Collection, Kind, Property, list};
use crate::format::xml::Element;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::secret;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::full;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::depth::{self, Depth};
use http::{Response, StatusCode};
use std::sync::Arc;

/// Answers with one VFREEBUSY. Of a calendar all members count, whatever the Depth; of a home, when
/// Depth is infinity or absent, those of its calendars that count for the owner (RFC 6638 §9.1).
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
    let wanted = |(it, properties): &(Collection, Vec<Property>)| {
        let below = it.path != place.path;
        is_calendar(it) && (!below || (deep && counts(it, properties)))
    };
    let calendars = found.into_iter().filter(wanted).collect();
    let owned = (calendars, owners);
    let times =
        availability::of_calendars(&ask.access, place.account, owned, window, asked).await?;
    let uid = secret::hex(&secret::random::<16>());
    let text = times.to_text(ask.access.now.seconds(), &uid);
    Ok(full(StatusCode::OK, "text/calendar; charset=utf-8", text.into_bytes()))
}

fn is_calendar(it: &Collection) -> bool {
    Kind::from_number(it.kind) == Kind::Calendar
}
