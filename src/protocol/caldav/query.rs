//! `CALDAV:calendar-query` (RFC 4791 §7.8): the members of a calendar that satisfy a filter.

use super::data::Shaping;
use super::filter;
use super::property::CALENDAR_DATA;
use super::zone::{zone_asked, zone_of_calendar};
use crate::domain::calendar::{Query, matching};
use crate::domain::collection::tree::Found;
use crate::domain::collection::{Kind, list};
use crate::format::recur::Steps;
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::Outcome;
use crate::kernel::limits::RECURRENCE_STEPS_REQUEST;
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
    let wants = wanted.want();
    let want = list::Want { properties: true, zone: true, content: false, children, ..wants };
    let sight = list::see(&ask.access, &place, want).await?;
    let filters = filter::read(&root)?;
    let mut zone = zone_asked(&root)?;
    if let (None, Found::Object(calendar, _)) = (&zone, &sight.found) {
        let want = list::Want { properties: true, ..list::Want::default() };
        let calendar = list::see(&ask.access, &place.at(&calendar.path, true), want).await?;
        zone = Some(zone_of_calendar(&calendar.properties, sight.around.zone.as_deref()));
    }
    let mut steps = Steps::new(RECURRENCE_STEPS_REQUEST);
    let mut found = Vec::new();
    for scope in scopes(&ask, &place, &sight, Kind::Calendar)? {
        let owners = sight.around.zone.as_deref();
        let floating = zone.clone().unwrap_or_else(|| zone_of_calendar(scope.properties, owners));
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
