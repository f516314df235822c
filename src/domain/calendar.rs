//! Calendar objects: what may be stored as one resource (RFC 4791 §4.1, §5.3.2.1), what the index
//! keeps of it, and which objects have a part in a time range (§9.9).

use crate::domain::collection::access::Access;
use crate::domain::collection::kind::{COMPONENTS, component_bit};
use crate::domain::collection::{Body, Collection, Index, Object};
use crate::format::civil::Civil;
use crate::format::ical::Calendar;
use crate::format::ical::bounds::Bounds;
use crate::format::ical::busy::BusyTimes;
use crate::format::ical::expand::extent;
use crate::format::ical::filter::{self, CompFilter};
use crate::format::ical::object::check_resource;
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::{
    ATTENDEES_MAX, CALENDAR_YEARS, INSTANCE_STEPS_OBJECT, INSTANCES_MAX, QUERY_CONTENT_HELD,
    QUERY_MATCHES_MAX, RECURRENCE_STEPS_OBJECT, UID_MAX,
};
use crate::store::{Tx, object};
use std::collections::HashMap;
use std::ops::Range;

/// Seconds by which a range is widened where its zone is not known: a day each way.
const UNKNOWN_ZONE: i64 = 86_400;

/// Whether a client may call a calendar object this; it need not call it anything.
///
/// # Errors
/// `UnsupportedType`.
pub fn takes(media_type: Option<&str>) -> Outcome<()> {
    match media_type.filter(|t| !t.eq_ignore_ascii_case("text/calendar")) {
        Some(other) => Err(Refusal::UnsupportedType(other.to_owned()).into()),
        None => Ok(()),
    }
}

/// Validates a calendar object and works out its index.
///
/// # Errors
/// `UnsupportedType` when the client says that it is something else, `InvalidData` with the line,
/// `InvalidResource` when it is not one object, `BeyondLimit`.
pub fn examine(media_type: Option<&str>, bytes: &[u8]) -> Outcome<Index> {
    takes(media_type)?;
    let calendar = Calendar::parse(bytes).map_err(Refusal::from)?;
    let found = check_resource(&calendar).map_err(Refusal::from)?;
    if found.uid.len() > UID_MAX {
        let why = format!("the UID is longer than {UID_MAX} octets");
        return Err(Refusal::InvalidResource(why).into());
    }
    let zones = calendar.zones(Zone::utc());
    bounds().check(&found, &zones, &mut Steps::new(INSTANCE_STEPS_OBJECT))?;
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

/// The limits of every calendar. A copy from calendar to calendar keeps them as its source did.
fn bounds() -> Bounds {
    let (first, last) = CALENDAR_YEARS;
    let dates = Civil::new(first, 1, 1, 0)..=Civil::new(last, 12, 31, 86_399);
    Bounds { dates, instances: INSTANCES_MAX, attendees: ATTENDEES_MAX }
}

/// What a query asks for.
#[derive(Clone, Debug)]
pub struct Query {
    /// Conditions that must all hold; none: everything.
    pub filters: Vec<CompFilter>,
    /// The zone of floating times.
    pub floating: Zone,
    /// Whether contents are wanted with the answer.
    pub contents: bool,
    /// The one member that is asked about; none: all.
    pub only: Option<String>,
}

/// What the index can say about a query.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Narrowed {
    /// The components that can match, as bits.
    components: i64,
    /// Seconds since 1970 UTC: what lies wholly outside cannot match.
    window: Range<i64>,
    /// A text without capitals that the UID must have in it.
    uid: Option<String>,
    /// See [`Query::only`].
    only: Option<String>,
    /// Nothing else is asked, so what surely lies inside matches unread.
    is_all: bool,
}

impl Narrowed {
    fn of(query: &Query) -> Self {
        let (window, only) = (i64::MIN..i64::MAX, query.only.clone());
        let mut all = Self { components: i64::MAX, window, uid: None, only, is_all: true };
        for filter in &query.filters {
            all.take_root(filter);
        }
        all
    }

    fn take_root(&mut self, filter: &CompFilter) {
        let root = filter.name.eq_ignore_ascii_case("VCALENDAR");
        self.is_all &= root && !filter.absent && filter.props.is_empty();
        if !root || filter.absent {
            return;
        }
        self.clip(filter.range.as_ref());
        for comp in &filter.comps {
            let bit = component_bit(&comp.name).filter(|_| !comp.absent);
            self.components &= bit.unwrap_or(i64::MAX);
            self.is_all &= bit.is_some() && comp.props.is_empty() && comp.comps.is_empty();
            if bit.is_some() {
                self.clip(comp.range.as_ref());
                let uids = comp.props.iter().filter(|prop| prop.name.eq_ignore_ascii_case("UID"));
                let needed = uids.filter_map(|prop| prop.text.as_ref()?.needed());
                self.uid = self.uid.take().or(needed.max_by_key(String::len));
            }
        }
    }

    /// Only one range narrows: what meets each of two need not meet what they share.
    fn clip(&mut self, range: Option<&Range<i64>>) {
        match range {
            Some(range) if self.is_open() => self.window = range.clone(),
            Some(_) => self.is_all = false,
            None => {}
        }
    }

    fn is_open(&self) -> bool {
        self.window == (i64::MIN..i64::MAX)
    }

    /// Whether nothing needs to be read to know that a candidate matches: it does not recur, and it
    /// lies inside the window by more than the widest doubt about its zone.
    fn is_certain(&self, (object, (start, end)): &Candidate) -> bool {
        let inside = *start >= self.window.start.saturating_add(2 * UNKNOWN_ZONE)
            && *end <= self.window.end.saturating_sub(2 * UNKNOWN_ZONE);
        self.is_all && (self.is_open() || (inside && !object.recurring))
    }
}

/// The objects of a calendar that match; if wanted with contents, but no more of these than fit
/// into [`QUERY_CONTENT_HELD`]: the rest is for the caller to read when it comes to it.
///
/// # Errors
/// `TooManyMatches` when working it out would take more than the request's share of work.
pub async fn matching(
    access: &Access,
    of: &Collection,
    query: Query,
    steps: &mut Steps,
) -> Outcome<Vec<(Object, Option<Body>)>> {
    let (access, id) = (access.clone(), of.id);
    let narrowed = Narrowed::of(&query);
    let wanted = narrowed.clone();
    let store = access.store.clone();
    let candidates =
        store.read(move |tx| Box::pin(async move { candidates(tx, id, &wanted).await })).await?;
    if candidates.len() > QUERY_MATCHES_MAX {
        return Err(Refusal::TooManyMatches.into());
    }
    sift(&access, of, (&query, &narrowed), candidates, steps).await
}

/// What the index does not rule out.
async fn candidates(tx: &mut Tx, of: CollectionId, wanted: &Narrowed) -> Outcome<Vec<Candidate>> {
    let is_wanted = |bit: i64| wanted.components & bit != 0;
    if let Some(name) = &wanted.only {
        let found = object::named_range(tx, of, name).await?;
        return Ok(found.into_iter().filter(|(object, _)| is_wanted(object.component)).collect());
    }
    if let Some(uid) = &wanted.uid {
        let mut found = object::uid_has(tx, of, uid, QUERY_MATCHES_MAX + 1).await?;
        found.retain(|(object, _)| is_wanted(object.component));
        return Ok(found);
    }
    let mut all = Vec::new();
    let range = (wanted.window.start, wanted.window.end);
    for bit in COMPONENTS.iter().map(|c| c.1).filter(|bit| is_wanted(*bit)) {
        all.extend(object::overlapping(tx, of, bit, range).await?);
    }
    Ok(all)
}

/// Candidates whose contents are looked at together.
const BATCH: usize = 64;

type Candidate = (Object, (i64, i64));

/// Keeps those that match exactly. What the index is certain of is not opened.
async fn sift(
    access: &Access,
    of: &Collection,
    (query, narrowed): (&Query, &Narrowed),
    candidates: Vec<Candidate>,
    steps: &mut Steps,
) -> Outcome<Vec<(Object, Option<Body>)>> {
    let (mut kept, mut held) = (Vec::new(), 0);
    for batch in candidates.chunks(BATCH) {
        let ahead = query.contents && held < QUERY_CONTENT_HELD;
        let opened = batch.iter().filter(|c| ahead || !narrowed.is_certain(c));
        let names: Vec<String> = opened.map(|c| c.0.name.clone()).collect();
        let mut contents = HashMap::new();
        if !names.is_empty() {
            let found = super::collection::list::by_names(access, of.id, names).await?;
            contents.extend(found.into_iter().map(|(o, body)| (o.name, body)));
        }
        for candidate in batch {
            let body = contents.remove(&candidate.0.name);
            let matches = match (narrowed.is_certain(candidate), &body) {
                (true, _) => true,
                (false, Some(body)) => exactly(body, query, steps)?,
                // Removed since the index was read: the next sync tells.
                (false, None) => false,
            };
            if matches {
                let fits = query.contents && held < QUERY_CONTENT_HELD;
                held += candidate.0.size;
                kept.push((candidate.0.clone(), body.filter(|_| fits)));
            }
        }
    }
    Ok(kept)
}

fn exactly(body: &Body, query: &Query, steps: &mut Steps) -> Outcome<bool> {
    let bytes = body.octets()?;
    // What cannot be read any more was valid once: show it rather than hide it.
    let Ok(calendar) = Calendar::parse(&bytes) else { return Ok(true) };
    filter::matches(&query.filters, &calendar, &query.floating, steps)
        .map_err(|_| Fault::Refused(Refusal::TooManyMatches))
}

/// Adds what the objects of a calendar say of being busy (RFC 4791 §7.10). The caller has asked for
/// the right to know it. An object that cannot be read is passed over.
///
/// # Errors
/// `TooManyMatches` when working it out would take more than the request's share of work.
pub async fn busy(
    access: &Access,
    of: CollectionId,
    floating: &Zone,
    window: &Range<i64>,
    steps: &mut Steps,
    times: &mut BusyTimes,
) -> Outcome<()> {
    let (bits, is_all) = (BUSY_COMPONENTS, false);
    let wanted =
        Narrowed { components: bits, window: window.clone(), uid: None, only: None, is_all };
    let store = access.store.clone();
    let found =
        store.read(move |tx| Box::pin(async move { candidates(tx, of, &wanted).await })).await?;
    if found.len() > QUERY_MATCHES_MAX {
        return Err(Refusal::TooManyMatches.into());
    }
    for batch in found.chunks(BATCH) {
        let names = batch.iter().map(|c| c.0.name.clone()).collect();
        for (_, body) in super::collection::list::by_names(access, of, names).await? {
            let bytes = body.octets()?;
            let Ok(calendar) = Calendar::parse(&bytes) else { continue };
            let Ok(object) = check_resource(&calendar) else { continue };
            let taken = times.take(&object, &calendar, floating, steps);
            taken.map_err(|_| Fault::Refused(Refusal::TooManyMatches))?;
        }
    }
    Ok(())
}

/// Components that say when somebody is busy: VEVENT and VFREEBUSY.
const BUSY_COMPONENTS: i64 = 1 | 8;
