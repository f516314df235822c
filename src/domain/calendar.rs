//! Calendar objects: what may be stored as one resource (RFC 4791 §4.1, §5.3.2.1), what the index
//! keeps of it, and which objects have a part in a time range (§9.9).

use crate::domain::collection::access::Access;
use crate::domain::collection::kind::component_bit;
use crate::domain::collection::{Body, Collection, Index, Object};
use crate::format::ical::Calendar;
use crate::format::ical::expand::{extent, overlaps};
use crate::format::ical::object::check_resource;
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::{
    QUERY_MATCHES_MAX, RECURRENCE_STEPS_OBJECT, RECURRENCE_STEPS_REQUEST, UID_MAX,
};
use crate::store::object;
use std::ops::Range;

/// Seconds by which a range is widened where its zone is not known: a day each way.
const UNKNOWN_ZONE: i64 = 86_400;

/// Validates a calendar object and works out its index.
///
/// # Errors
/// `UnsupportedType` when the client says that it is something else, `InvalidData` with the line,
/// `InvalidResource` when it is not one object.
pub fn examine(media_type: Option<&str>, bytes: &[u8]) -> Outcome<Index> {
    if let Some(other) = media_type.filter(|t| !t.eq_ignore_ascii_case("text/calendar")) {
        return Err(Refusal::UnsupportedType(other.to_owned()).into());
    }
    let calendar = Calendar::parse(bytes).map_err(Refusal::from)?;
    let found = check_resource(&calendar).map_err(Refusal::from)?;
    if found.uid.len() > UID_MAX {
        let why = format!("the UID is longer than {UID_MAX} octets");
        return Err(Refusal::InvalidResource(why).into());
    }
    let zones = calendar.zones(Zone::utc());
    let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
    // What takes too much work to measure is indexed as endless: it is found, and checked then.
    let (range, recurring) = match extent(&found, &zones, &mut steps) {
        Ok(it) => {
            let widen = if it.floating { UNKNOWN_ZONE } else { 0 };
            let start = it.first_start.saturating_sub(widen);
            let end = match it.last_end {
                i64::MAX => i64::MAX,
                end => end.saturating_add(widen),
            };
            ((start, end), it.recurring)
        }
        Err(_) => ((i64::MIN, i64::MAX), true),
    };
    Ok(Index {
        media_type: None,
        uid: Some(found.uid.into_owned()),
        component: component_bit(found.kind.name()).unwrap_or(0),
        range: Some(range),
        recurring,
        language: None,
    })
}

/// What a time-range query asks for: one component, one window.
#[derive(Clone, Debug)]
pub struct Query {
    /// The component as a bit; 0: any.
    pub component: i64,
    /// Seconds since 1970 UTC; open sides are `i64::MIN` and `i64::MAX`; none: all times.
    pub window: Option<Range<i64>>,
    /// The zone of floating times.
    pub floating: Zone,
    /// Whether contents are wanted with the answer.
    pub contents: bool,
}

/// The objects of a calendar that match, with contents if wanted.
///
/// # Errors
/// `TooManyMatches` when working it out would take more than the request's share of work.
pub async fn matching(
    access: &Access,
    of: &Collection,
    query: Query,
) -> Outcome<Vec<(Object, Option<Body>)>> {
    let (access, id) = (access.clone(), of.id);
    let components: Vec<i64> = crate::domain::collection::kind::COMPONENTS
        .iter()
        .map(|c| c.1)
        .filter(|bit| query.component == 0 || query.component == *bit)
        .collect();
    let store = access.store.clone();
    let window = query.window.clone().unwrap_or(i64::MIN..i64::MAX);
    let candidates = store
        .read(move |tx| {
            Box::pin(async move {
                let mut all = Vec::new();
                for bit in components {
                    let range = (window.start, window.end);
                    all.extend(object::overlapping(tx, id, bit, range).await?);
                }
                Ok(all)
            })
        })
        .await?;
    if candidates.len() > QUERY_MATCHES_MAX {
        return Err(Refusal::TooManyMatches.into());
    }
    sift(&access, of, &query, candidates).await
}

/// Candidates whose contents are looked at together.
const BATCH: usize = 64;

type Candidate = (Object, (i64, i64));

/// Keeps those that match exactly. Only what recurs, or lies at an edge of the window or in an
/// unknown zone, is opened; the index alone decides on the rest.
async fn sift(
    access: &Access,
    of: &Collection,
    query: &Query,
    candidates: Vec<Candidate>,
) -> Outcome<Vec<(Object, Option<Body>)>> {
    let mut steps = Steps::new(RECURRENCE_STEPS_REQUEST);
    let mut kept = Vec::new();
    for batch in candidates.chunks(BATCH) {
        let doubtful = |c: &&Candidate| !certain(c, query);
        let names: Vec<String> = match query.contents {
            true => batch.iter().map(|c| c.0.name.clone()).collect(),
            false => batch.iter().filter(doubtful).map(|c| c.0.name.clone()).collect(),
        };
        let mut contents = std::collections::HashMap::new();
        if !names.is_empty() {
            let found = super::collection::list::by_names(access, of.id, names).await?;
            contents.extend(found.into_iter().map(|(o, body)| (o.name, body)));
        }
        for candidate in batch {
            let body = contents.remove(&candidate.0.name);
            let matches = match (certain(candidate, query), &body, &query.window) {
                (true, ..) | (_, _, None) => true,
                (false, Some(body), Some(window)) => {
                    exactly(body, window, &query.floating, &mut steps)?
                }
                // Changed or removed since the index was read: the next sync tells.
                (false, None, _) => false,
            };
            if matches {
                kept.push((candidate.0.clone(), body.filter(|_| query.contents)));
            }
        }
    }
    Ok(kept)
}

/// Whether the index alone says that a candidate matches: it does not recur, and it lies inside
/// the window by more than the widest doubt about its zone.
fn certain((object, (start, end)): &Candidate, query: &Query) -> bool {
    let Some(window) = &query.window else { return true };
    let inside = *start >= window.start.saturating_add(2 * UNKNOWN_ZONE)
        && *end <= window.end.saturating_sub(2 * UNKNOWN_ZONE);
    !object.recurring && inside
}

fn exactly(body: &Body, window: &Range<i64>, floating: &Zone, steps: &mut Steps) -> Outcome<bool> {
    let read;
    let bytes = match body {
        Body::Inline(bytes) => bytes,
        Body::File { path, .. } => {
            read = std::fs::read(path).map_err(Fault::internal)?;
            &read
        }
    };
    // What cannot be read any more was valid once: show it rather than hide it.
    let Ok(calendar) = Calendar::parse(bytes) else { return Ok(true) };
    let Ok(object) = check_resource(&calendar) else { return Ok(true) };
    let zones = calendar.zones(floating.clone());
    overlaps(&object, &zones, window.clone(), steps)
        .map_err(|_| Fault::Refused(Refusal::TooManyMatches))
}
