//! Calendar objects: what may be stored as one resource (RFC 4791 §4.1, §5.3.2.1), what the index
//! keeps of it, and which objects have a part in a time range (§9.9).

use crate::domain::collection::access::Access;
use crate::domain::collection::kind::{COMPONENTS, component_bit};
use crate::domain::collection::privacy::veil;
use crate::domain::collection::{Body, Collection, Index, Kind, Object, list};
use crate::format::civil::Civil;
use crate::format::ical::Calendar;
use crate::format::ical::attach::managed_ids;
use crate::format::ical::bounds::Bounds;
use crate::format::ical::expand::extent;
use crate::format::ical::filter::{self, CompFilter};
use crate::format::ical::form::Form;
use crate::format::ical::object::check_resource;
use crate::format::ical::redact::class_of;
use crate::format::ical::times;
use crate::format::recur::Steps;
use crate::format::text_match::{Needed, searchable};
use crate::format::tz::Zone;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::{
    ATTENDEES_MAX, CALENDAR_YEARS, INBOX_MAX, INSTANCE_STEPS_OBJECT, INSTANCES_MAX,
    QUERY_CONTENT_HELD, QUERY_MATCHES_MAX, RECURRENCE_STEPS_OBJECT, UID_MAX,
};
use crate::kernel::search::{Tag, Term, Text};
use crate::store::object::Timed;
use crate::store::{Tx, object, search};
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

/// What came as jCal (RFC 7265) or xCal (RFC 6321), as it is stored; none for what came otherwise.
/// With `several`, it may be more than one object.
///
/// # Errors
/// `InvalidData` with what is wrong.
pub fn converted(
    media_type: Option<&str>,
    octets: &[u8],
    several: bool,
) -> Outcome<Option<String>> {
    let Some(form) = media_type.and_then(Form::named) else { return Ok(None) };
    let made = if several { form.stream(octets) } else { form.icalendar(octets) };
    Ok(Some(made.map_err(Refusal::from)?))
}

/// Whether it is converted before it is stored.
pub fn is_converted(media_type: Option<&str>) -> bool {
    media_type.and_then(Form::named).is_some()
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
    let (mut range, mut recurring, mut instances) = ((i64::MIN, i64::MAX), true, None);
    if let Ok(it) = extent(&found, &zones, &mut steps) {
        let widen = if it.floating { UNKNOWN_ZONE } else { 0 };
        let end = match it.last_end {
            i64::MAX => i64::MAX,
            end => end.saturating_add(widen),
        };
        (range, recurring) = ((it.first_start.saturating_sub(widen), end), it.recurring);
        let shape = (it.floating, it.last_end != i64::MAX);
        instances = times::of(&found, &calendar, shape, &mut steps);
    }
    let text = text(&found.uid);
    let scheduled = found.entries().any(|it| it.component.property("ORGANIZER").is_some());
    Ok(Index {
        media_type: None,
        uid: Some(found.uid.into_owned()),
        component: component_bit(found.kind.name()).unwrap_or(0),
        range: Some(range),
        recurring,
        language: None,
        text,
        times: instances,
        class: class_of(&calendar).number(),
        managed: managed_ids(&calendar),
        dated: false,
        scheduled,
    })
}

/// The text by which the index knows a calendar object of this UID.
pub fn text(uid: &str) -> Option<String> {
    let mut text = Text::default();
    text.add(UID_TAG, &searchable(uid));
    text.finish()
}

/// The limits of every calendar. A copy from calendar to calendar keeps them as its source did.
fn bounds() -> Bounds {
    let (first, last) = CALENDAR_YEARS;
    let dates = Civil::new(first, 1, 1, 0)..=Civil::new(last, 12, 31, 86_399);
    Bounds { dates, instances: INSTANCES_MAX, attendees: ATTENDEES_MAX }
}

/// The tag of UIDs in the index of texts, which has of calendar objects nothing else. It is stored.
const UID_TAG: Tag = 2;

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
    /// What the UID must have in it.
    uid: Option<Term>,
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
                let needed = needed.max_by_key(|needed| needed.text.len()).cloned();
                self.uid = self.uid.take().or(needed.map(|Needed { text, at_start, at_end }| {
                    Term { tag: UID_TAG, text, at_start, at_end }
                }));
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

    /// Whether a candidate matches, where that is known without opening it: all its instances are
    /// known, or it does not recur and lies inside the window by more than the widest doubt about
    /// its zone.
    fn verdict(&self, it: &Timed, floating: &Zone) -> Option<bool> {
        if !self.is_all || self.is_open() {
            return self.is_all.then_some(true);
        }
        let kept = it.times.as_ref();
        if let Some(verdict) = kept.and_then(|it| times::overlap(it, floating, &self.window)) {
            return Some(verdict);
        }
        let (start, end) = it.range;
        let inside = start >= self.window.start.saturating_add(2 * UNKNOWN_ZONE)
            && end <= self.window.end.saturating_sub(2 * UNKNOWN_ZONE);
        (inside && !it.object.recurring).then_some(true)
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
    let mut narrowed = Narrowed::of(&query);
    let inbox = Kind::from_number(of.kind) == Kind::Inbox;
    if inbox {
        narrowed = Narrowed { uid: None, is_all: false, ..narrowed };
    }
    let ((account, id), wanted, actor) = ((of.account, of.id), narrowed.clone(), access.clone());
    let read = access.store.read(move |tx| {
        Box::pin(async move {
            let Some(names) = named(tx, id, &wanted).await? else {
                let mut timed = match inbox {
                    true => messages(tx, id, &wanted).await?,
                    false => overlapping(tx, id, &wanted).await?,
                };
                let all = timed.iter_mut().map(|it| (id, &mut it.object, None));
                veil(tx, &actor, account, all).await?;
                return Ok(Candidates::Timed(timed));
            };
            let first: Vec<String> = names.iter().take(BATCH).cloned().collect();
            let first = match first.is_empty() {
                true => Vec::new(),
                false => list::by_names_in(tx, &actor, (account, id), &first).await?,
            };
            Ok(Candidates::Named { first, rest: names.into_iter().skip(BATCH).collect() })
        })
    });
    let (timed, first, rest) = match read.await? {
        Candidates::Timed(timed) => (timed, Vec::new(), Vec::new()),
        Candidates::Named { first, rest } => (Vec::new(), first, rest),
    };
    if timed.len().max(first.len() + rest.len()) > QUERY_MATCHES_MAX {
        return Err(Refusal::TooManyMatches.into());
    }
    let mut found = Found { query: &query, held: 0, kept: Vec::new() };
    found.look(first, &narrowed, steps)?;
    for batch in rest.chunks(BATCH) {
        found.look(
            list::by_names(access, (of.account, of.id), batch.to_vec()).await?,
            &narrowed,
            steps,
        )?;
    }
    found.sift(access, of, &narrowed, timed, steps).await?;
    Ok(found.kept)
}

/// What the index does not rule out.
enum Candidates {
    /// Those whose time may meet the window.
    Timed(Vec<Timed>),
    /// Those of a name or UID: the first ones with their contents, the names of the others.
    Named { first: Vec<(Object, Body)>, rest: Vec<String> },
}

/// The names of the objects that alone can match, where it is about a UID or a name.
async fn named(tx: &mut Tx, of: CollectionId, wanted: &Narrowed) -> Outcome<Option<Vec<String>>> {
    match (&wanted.only, &wanted.uid) {
        (Some(name), _) => Ok(Some(vec![name.clone()])),
        (None, Some(term)) => search::find_value(tx, of, term).await,
        (None, None) => Ok(None),
    }
}

/// The objects that may meet the window.
async fn overlapping(tx: &mut Tx, of: CollectionId, wanted: &Narrowed) -> Outcome<Vec<Timed>> {
    let mut all = Vec::new();
    let range = (wanted.window.start, wanted.window.end);
    for bit in COMPONENTS.iter().map(|c| c.1).filter(|bit| wanted.components & bit != 0) {
        all.extend(object::overlapping(tx, of, bit, range).await?);
    }
    Ok(all)
}

/// The messages of an inbox, which are in no index: they are few ([`INBOX_MAX`]), and each is opened.
async fn messages(tx: &mut Tx, of: CollectionId, wanted: &Narrowed) -> Outcome<Vec<Timed>> {
    let all = object::page(tx, of, "", INBOX_MAX as usize).await?.into_iter();
    let some = all.filter(|it| wanted.components & it.component != 0);
    let timed = |object| Timed { object, range: (i64::MIN, i64::MAX), times: None };
    Ok(some.map(timed).collect())
}

/// Candidates whose contents are looked at together.
const BATCH: usize = 64;

/// The objects that match.
struct Found<'q> {
    query: &'q Query,
    held: u64,
    kept: Vec<(Object, Option<Body>)>,
}

impl Found<'_> {
    fn keep(&mut self, object: Object, body: Option<Body>) {
        let fits = self.is_ahead();
        self.held += object.size;
        self.kept.push((object, body.filter(|_| fits)));
    }

    /// Whether contents are wanted of what matches, and fit.
    fn is_ahead(&self) -> bool {
        self.query.contents && self.held < QUERY_CONTENT_HELD
    }

    /// Keeps those that match exactly.
    fn look(
        &mut self,
        some: Vec<(Object, Body)>,
        narrowed: &Narrowed,
        steps: &mut Steps,
    ) -> Outcome<()> {
        for (object, body) in some {
            let can = narrowed.components & object.component != 0;
            if can && exactly(&body, self.query, steps)? {
                self.keep(object, Some(body));
            }
        }
        Ok(())
    }

    /// The same of those of which the index may be certain: they are not opened.
    async fn sift(
        &mut self,
        access: &Access,
        of: &Collection,
        narrowed: &Narrowed,
        candidates: Vec<Timed>,
        steps: &mut Steps,
    ) -> Outcome<()> {
        let floating = &self.query.floating;
        let judged = candidates.into_iter().map(|it| (narrowed.verdict(&it, floating), it.object));
        let open: Vec<_> = judged.filter(|(verdict, _)| *verdict != Some(false)).collect();
        for batch in open.chunks(BATCH) {
            let ahead = self.is_ahead();
            let opened = batch.iter().filter(|(verdict, _)| ahead || verdict.is_none());
            let names: Vec<String> = opened.map(|(_, it)| it.name.clone()).collect();
            let mut contents = HashMap::new();
            if !names.is_empty() {
                let found = list::by_names(access, (of.account, of.id), names).await?;
                contents.extend(found.into_iter().map(|(o, body)| (o.name, body)));
            }
            for (verdict, object) in batch {
                let body = contents.remove(&object.name);
                let matches = match (verdict, &body) {
                    (Some(_), _) => true,
                    (None, Some(body)) => exactly(body, self.query, steps)?,
                    // Removed since the index was read: the next sync tells.
                    (None, None) => false,
                };
                if matches {
                    self.keep(object.clone(), body);
                }
            }
        }
        Ok(())
    }
}

fn exactly(body: &Body, query: &Query, steps: &mut Steps) -> Outcome<bool> {
    // What cannot be read any more was valid once: show it rather than hide it.
    let Ok(bytes) = body.octets() else { return Ok(true) };
    let Ok(calendar) = Calendar::parse(&bytes) else { return Ok(true) };
    filter::matches(&query.filters, &calendar, &query.floating, steps)
        .map_err(|_| Fault::Refused(Refusal::TooManyMatches))
}
