//! `CALDAV:calendar-query` (RFC 4791 §7.8): the members of a calendar that satisfy a filter.

use super::data::Shaping;
use super::filter::{self, CALDAV};
use super::property::CALENDAR_DATA;
use crate::domain::calendar::{Query, matching};
use crate::domain::collection::{Kind, Property, list};
use crate::format::ical::Calendar;
use crate::format::ical::zone::zone;
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use crate::format::xml::{self, Element, Ns};
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::limits::{RECURRENCE_STEPS_REQUEST, ZONE_STEPS_OBJECT};
use crate::protocol::dav::Ask;
use crate::protocol::dav::multistatus::Wanted;
use crate::protocol::dav::report::query::{Matches, answer, may_hold, results_wanted, scopes};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use http::Response;
use std::sync::Arc;

/// Answers with the matching calendar objects.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let place = ask.need_place()?.clone();
    let minimal = Preferences::parse(&ask.headers).minimal();
    let wanted = Wanted::of_report(ask.registry(), &root, minimal);
    let shaping = Shaping::of(wanted.asks_for(&CALENDAR_DATA))?;
    let children = place.depth() == 0;
    let want = list::Want { properties: true, content: false, children, ..wanted.want() };
    let sight = list::see(&ask.access, &place, want).await?;
    let filters = filter::read(&root)?;
    let zone = zone_asked(&root)?;
    let mut steps = Steps::new(RECURRENCE_STEPS_REQUEST);
    let mut found = Vec::new();
    for scope in scopes(&ask, &place, &sight, Kind::Calendar)? {
        let floating = zone.clone().unwrap_or_else(|| zone_of_calendar(scope.properties));
        let query = Query {
            filters: filters.clone(),
            floating: floating.clone(),
            contents: may_hold(&wanted, &found),
            only: scope.only,
        };
        let objects = matching(&ask.access, scope.it, query, &mut steps).await?;
        let shape = shaping.as_ref().map(|shaping| shaping.in_zone(floating));
        let (of, at, rights) = (scope.it.id, scope.at, scope.rights);
        found.push(Matches { of, at, rights, shape, objects });
    }
    let limit = results_wanted(&root, &Ns::CalDav);
    Ok(answer(ask, wanted, sight, found, limit))
}

/// The zone of floating times that the request names (RFC 4791 §9.8).
fn zone_asked(root: &Element) -> Outcome<Option<Zone>> {
    let Some(given) = root.child(CALDAV, "timezone") else { return Ok(None) };
    match zone_of(&given.text()) {
        Some(zone) => Ok(Some(zone)),
        None => {
            let reason = "timezone: no usable VTIMEZONE is in it".to_owned();
            Err(Refusal::InvalidData { line: 0, reason }.into())
        }
    }
}

/// The calendar's own zone of floating times, or else UTC.
pub fn zone_of_calendar(properties: &[Property]) -> Zone {
    let name = "calendar-timezone";
    let kept = properties.iter().find(|p| p.namespace == CALDAV && p.name == name);
    let kept = kept.and_then(|p| xml::parse(p.value.as_bytes()).ok());
    kept.and_then(|element| zone_of(&element.text())).unwrap_or_else(Zone::utc)
}

/// The zone of a calendar object that holds one VTIMEZONE.
fn zone_of(text: &str) -> Option<Zone> {
    let calendar = Calendar::parse(text.trim().as_bytes()).ok()?;
    let component = calendar.root().children().find(|c| c.is("VTIMEZONE"))?;
    zone(component, &mut Steps::new(ZONE_STEPS_OBJECT))
}
