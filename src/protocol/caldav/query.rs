//! `CALDAV:calendar-query` (RFC 4791 §7.8): the members of a calendar that satisfy a filter.

use super::data;
use super::filter::{self, CALDAV};
use super::property::CALENDAR_DATA;
use crate::domain::calendar::{BATCH, Query, matching};
use crate::domain::collection::{
    Body as Content, Collection, Kind, Object, Place, Property, list, tree,
};
use crate::format::ical::Calendar;
use crate::format::ical::project::Projection;
use crate::format::ical::zone::zone;
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use crate::format::xml::{self, Element};
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::RECURRENCE_STEPS_REQUEST;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{Gone, Sheet, streamed};
use crate::protocol::dav::multistatus::{Wanted, write_response};
use crate::protocol::dav::property::Need;
use crate::protocol::dav::report::multiget::write_refused;
use crate::protocol::dav::space::place_path;
use crate::protocol::dav::subject::{Node, Subject, text_of};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::depth::{self, Depth};
use crate::protocol::http::header::prefer::Preferences;
use http::Response;
use std::collections::HashMap;
use std::sync::Arc;

/// Answers with the matching calendar objects. Of a calendar all members are asked about, whatever
/// the Depth, because clients send none and mean them (CLIENTS-SOURCE); of a home those of its
/// calendars, when Depth is infinity or absent; of an object itself.
pub async fn run(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let place = ask.need_place()?.clone();
    let minimal = Preferences::parse(&ask.headers).minimal();
    let wanted = Wanted::of_report(ask.registry(), &root, minimal);
    let projection = wanted.asks_for(&CALENDAR_DATA).map(data::read).transpose()?;
    let deep = depth::parse(&ask.headers)?.is_none_or(|depth| depth == Depth::Infinity);
    let want = list::Want { properties: true, content: false, children: true, ..wanted.want() };
    let sight = list::see(&ask.access, &place, want).await?;
    let filters = filter::read(&root)?;
    let zone = zone_asked(&root)?;
    let mut found = Vec::new();
    for (it, at, rights, properties, only) in scopes(&place, &sight, deep) {
        let floating = zone.clone().unwrap_or_else(|| zone_of_calendar(properties));
        let query = Query {
            filters: filters.clone(),
            floating: floating.clone(),
            contents: wanted.need.has(Need::CONTENT),
            only,
        };
        let objects = matching(&ask.access, it, query).await?;
        found.push(Found { of: it.id, at, rights, floating, objects });
    }
    Ok(streamed(move |sheet| async move {
        let asked = Asked { wanted, projection: projection.filter(|it| !it.is_whole()) };
        write(&ask, &asked, &sight, found, sheet).await;
    }))
}

/// What is wanted of each object.
struct Asked {
    wanted: Wanted,
    projection: Option<Projection>,
}

/// A calendar to ask: its row, its place, the asker's rights, its properties, and the member that
/// alone is asked about.
type Scope<'s> = (&'s Collection, Place, Privileges, &'s [Property], Option<String>);

fn scopes<'s>(place: &Place, sight: &'s list::Sight, deep: bool) -> Vec<Scope<'s>> {
    let is_calendar = |it: &Collection| Kind::from_number(it.kind) == Kind::Calendar;
    match &sight.found {
        tree::Found::Object(it, object) => {
            let at = place.at(&it.path, true);
            vec![(it, at, sight.rights, &[], Some(object.name.clone()))]
        }
        tree::Found::Collection(it) if is_calendar(it) => {
            vec![(it, place.at(&it.path, true), sight.rights, &sight.properties, None)]
        }
        tree::Found::Collection(_) if deep => {
            let children = sight.children.iter().filter(|(it, _)| is_calendar(it));
            let scope = |(it, properties): &'s (Collection, Vec<Property>)| -> Scope<'s> {
                (it, place.at(&it.path, true), sight.rights_on(it), properties, None)
            };
            children.map(scope).filter(|scope| scope.2.has(Privilege::Read)).collect()
        }
        _ => Vec::new(),
    }
}

/// What matched in one calendar.
struct Found {
    of: CollectionId,
    at: Place,
    rights: Privileges,
    floating: Zone,
    objects: Vec<(Object, Option<Content>)>,
}

async fn write(ask: &Ask, asked: &Asked, sight: &list::Sight, found: Vec<Found>, mut sheet: Sheet) {
    let wanted = &asked.wanted;
    let mut steps = Steps::new(RECURRENCE_STEPS_REQUEST);
    for mut calendar in found {
        let mut path = place_path(&calendar.at);
        let stem = path.len();
        for batch in calendar.objects.chunks_mut(BATCH) {
            if wanted.need.has(Need::CONTENT)
                && let Err(fault) = read_missing(ask, calendar.of, batch).await
            {
                return sheet.break_off(&fault).await;
            }
            for (object, body) in batch {
                let mut text = body.as_ref().and_then(text_of);
                path.truncate(stem);
                path.push_str(&object.name);
                if let (Some(projection), Some(whole)) = (&asked.projection, &text) {
                    match data::apply(projection, whole, &calendar.floating, &mut steps) {
                        Ok(shaped) => text = Some(shaped.into()),
                        Err(fault) => {
                            write_refused(ask, &path, &fault, &mut sheet.writer);
                            continue;
                        }
                    }
                }
                let subject = Subject {
                    ask,
                    node: Node::Object(object, text.as_deref()),
                    path: &path,
                    place: Some(&calendar.at),
                    rights: calendar.rights,
                    stored: &[],
                    locks: &sight.locks,
                    quota: sight.quota,
                    grants: &sight.grants,
                };
                write_response(wanted, &subject, &mut sheet.writer);
                *body = None;
                if let Err(Gone) = sheet.flush().await {
                    return;
                }
            }
        }
    }
    sheet.finish().await;
}

/// Reads the contents that were not kept when they matched.
async fn read_missing(
    ask: &Ask,
    of: CollectionId,
    batch: &mut [(Object, Option<Content>)],
) -> Outcome<()> {
    let missing = batch.iter().filter(|(_, body)| body.is_none());
    let names: Vec<String> = missing.map(|(object, _)| object.name.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let read = list::by_names(&ask.access, of, names).await?;
    let mut read: HashMap<_, _> = read.into_iter().map(|(o, body)| (o.name, body)).collect();
    for (object, body) in batch.iter_mut().filter(|(_, body)| body.is_none()) {
        *body = read.remove(&object.name);
    }
    Ok(())
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
    calendar.root().children().find(|c| c.is("VTIMEZONE")).and_then(zone)
}
