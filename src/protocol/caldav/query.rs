//! `CALDAV:calendar-query` (RFC 4791 §7.8), its first whole slice: filters by component and by
//! time range on the component. Every other part of the filter language is refused with
//! `supported-filter` instead of being ignored.

use super::property::CALENDAR_DATA;
use crate::domain::calendar::{Query, matching};
use crate::domain::collection::kind::component_bit;
use crate::domain::collection::tree::Found;
use crate::domain::collection::{Property, list};
use crate::format::ical::Calendar;
use crate::format::ical::value::Moment;
use crate::format::ical::zone::zone;
use crate::format::line::shown;
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use crate::format::xml::{self, Element, Ns};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::ZONE_STEPS_OBJECT;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, Sheet, streamed};
use crate::protocol::dav::multistatus::{Wanted, write_response};
use crate::protocol::dav::property::Need;
use crate::protocol::dav::space::place_path;
use crate::protocol::dav::subject::{Node, Subject, text_of};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::Response;
use std::ops::Range;
use std::sync::Arc;

/// Answers with the matching members. A query without Depth means its members (CLIENTS-SOURCE).
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let place = ask.need_place()?.clone();
    let minimal = Preferences::parse(&ask.headers).minimal();
    let wanted = Wanted::of_report(ask.registry(), &root, minimal);
    if let Some(data) = wanted.asks_for(&CALENDAR_DATA)
        && data.elements().any(|e| e.name.local() != "comp")
    {
        return refuse("expand and the limits of recurrence and free-busy sets in calendar-data");
    }
    let want = list::Want { properties: true, content: false, ..wanted.want() };
    let sight = list::see(&ask.access, &place, want).await?;
    let Found::Collection(it) = &sight.found else { return Err(Fault::NotFound) };
    let filter = filter(&root)?;
    let mut query = Query {
        component: filter.component,
        window: filter.window,
        floating: floating(&root, &sight.properties)?,
        contents: wanted.need.has(Need::CONTENT),
    };
    if query.component == 0 {
        query.window = None;
    }
    let found = matching(&ask.access, it, query).await?;
    Ok(streamed(move |mut sheet| async move {
        let here = place.at(&place.path, true);
        for (object, body) in &found {
            let text = body.as_ref().and_then(text_of);
            let path = place_path(&here.child(&object.name, false));
            let subject = Subject {
                ask: &ask,
                node: Node::Object(object, text.as_deref()),
                path: &path,
                place: Some(&here),
                rights: sight.rights,
                stored: &[],
                locks: &sight.locks,
                quota: sight.quota,
                grants: &sight.grants,
            };
            write_response(&wanted, &subject, &mut sheet.writer);
            if let Err(Gone) = Sheet::flush(&mut sheet).await {
                return;
            }
        }
        sheet.finish().await;
    }))
}

/// What the filter of this slice can say.
struct Filter {
    component: i64,
    window: Option<Range<i64>>,
}

const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";

fn refuse<T>(what: &str) -> Outcome<T> {
    Err(Refusal::UnsupportedFilter(what.to_owned()).into())
}

fn invalid<T>(why: &str) -> Outcome<T> {
    Err(Refusal::InvalidFilter(why.to_owned()).into())
}

fn filter(root: &Element) -> Outcome<Filter> {
    let everything = Filter { component: 0, window: None };
    let filters: Vec<&Element> = root.elements().filter(|e| e.is(CALDAV, "filter")).collect();
    let [filter] = filters.as_slice() else {
        return match filters.len() {
            // RFC 4791 §9.7 wants one; clients that send none mean everything.
            0 => Ok(everything),
            _ => refuse("more than one filter"),
        };
    };
    let Some(calendar) = only_child(filter)? else { return Ok(everything) };
    if !named(calendar, "comp-filter", "VCALENDAR") {
        return refuse("a filter begins with comp-filter VCALENDAR");
    }
    let Some(component) = only_child(calendar)? else { return Ok(everything) };
    if !component.is(CALDAV, "comp-filter") {
        return refuse("a filter on VCALENDAR itself");
    }
    let name = component.attribute("name").unwrap_or_default();
    let Some(bit) = component_bit(name) else { return refuse(name) };
    let window = match only_child(component)? {
        None => None,
        Some(range) if range.is(CALDAV, "time-range") => Some(window(range)?),
        Some(other) => return refuse(other.name.local()),
    };
    Ok(Filter { component: bit, window })
}

fn only_child(element: &Element) -> Outcome<Option<&Element>> {
    let mut children = element.elements().filter(|e| *e.name.ns() == Ns::CalDav);
    let first = children.next();
    match children.next() {
        None => Ok(first),
        Some(_) => refuse("conditions side by side"),
    }
}

fn named(element: &Element, kind: &str, name: &str) -> bool {
    let is_named = element.attribute("name").is_some_and(|n| n.eq_ignore_ascii_case(name));
    element.is(CALDAV, kind) && is_named
}

/// A time range, start inclusive, end exclusive; at least one of both is there (RFC 4791 §9.9).
fn window(range: &Element) -> Outcome<Range<i64>> {
    let side = |name: &str, open: i64| match range.attribute(name) {
        None => Ok(open),
        Some(text) => match Moment::read(text.trim(), None, false) {
            Some(moment) if text.trim().ends_with('Z') => Ok(moment.civil.seconds()),
            _ => invalid(&format!("time-range {name}: {:?} is not a UTC time", shown(text))),
        },
    };
    let window = side("start", i64::MIN)?..side("end", i64::MAX)?;
    match window.start < window.end {
        true => Ok(window),
        false => invalid("time-range: the end is not after the start"),
    }
}

/// The zone of floating times: the request's, or else the calendar's own, or else UTC
/// (RFC 4791 §9.8).
fn floating(root: &Element, properties: &[Property]) -> Outcome<Zone> {
    if let Some(given) = root.child(CALDAV, "timezone") {
        let read = zone_of(&given.text());
        return read.ok_or_else(|| Fault::malformed("timezone: no usable VTIMEZONE is in it"));
    }
    let name = "calendar-timezone";
    let kept = properties.iter().find(|p| p.namespace == CALDAV && p.name == name);
    let kept = kept.and_then(|p| xml::parse(p.value.as_bytes()).ok());
    Ok(kept.and_then(|element| zone_of(&element.text())).unwrap_or_else(Zone::utc))
}

/// The zone of a calendar object that holds one VTIMEZONE.
fn zone_of(text: &str) -> Option<Zone> {
    let calendar = Calendar::parse(text.trim().as_bytes()).ok()?;
    let component = calendar.root().children().find(|c| c.is("VTIMEZONE"))?;
    zone(component, &mut Steps::new(ZONE_STEPS_OBJECT))
}
