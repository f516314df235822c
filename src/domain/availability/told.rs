//! What calendars say of when people are busy: worked out for all who are asked about together.

use super::source::{Source, zone};
use super::{Mask, Question};
use crate::domain::collection::{Access, Body, Collection, Property};
use crate::format::ical::attendance::folded;
use crate::format::ical::availability::{self, Availability};
use crate::format::ical::busy::BusyTimes;
use crate::format::ical::object::{Kind, check_resource};
use crate::format::ical::{Calendar, times};
use crate::format::recur::{Steps, TooMuchWork};
use crate::format::tz::Zone;
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{
    BUSY_PERIODS_MAX, FREEBUSY_PERIODS_MAX, QUERY_MATCHES_MAX, RECURRENCE_STEPS_OBJECT,
    RECURRENCE_STEPS_REQUEST,
};
use crate::store::busy::{self, Hit};
use crate::store::{Tx, object};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// What is told of somebody.
#[derive(Clone, Debug)]
pub enum Told {
    /// When he is busy.
    Times(BusyTimes),
    /// The asker may not know.
    Denied,
    /// It takes too much work.
    TooMuch,
}

/// Components that say when somebody is busy: VEVENT, VFREEBUSY, VAVAILABILITY.
const COMPONENTS: [i64; 3] = [1, 8, 16];
/// Objects that are opened together.
const BATCH: usize = 64;

/// Works out what is to be told of each source; of none: that the asker may not know.
///
/// # Errors
/// `TooManyMatches` where all together have too much in the window.
pub async fn all(
    tx: &mut Tx,
    asker: &Access,
    sources: Vec<Option<Source>>,
    question: &Question,
) -> Outcome<Vec<Told>> {
    all_in(tx, asker, sources, (question, None)).await
}

/// As [`all`], with a zone in which floating times are read whatever the calendars say.
///
/// # Errors
/// As for [`all`].
pub async fn all_in(
    tx: &mut Tx,
    asker: &Access,
    sources: Vec<Option<Source>>,
    (question, floating): (&Question, Option<Zone>),
) -> Outcome<Vec<Told>> {
    let mut work = Work::new(&sources, question, floating);
    let hidden = hidden(tx, asker, &work, question.mask.as_ref()).await?;
    let opened = work.gather(tx, &hidden).await?;
    for batch in opened.chunks(BATCH) {
        for (of, it, body) in object::by_keys(tx, batch, asker.store.files()).await? {
            work.open(of, &it.name, &body, &hidden);
        }
    }
    Ok(work.finish(&sources))
}

/// One account of one person.
struct Share {
    times: BusyTimes,
    availabilities: Vec<Availability>,
    steps: Steps,
    spoilt: bool,
}

impl Share {
    /// Does some work, unless there was too much of it already.
    fn work(&mut self, work: impl FnOnce(&mut Self) -> Result<(), TooMuchWork>) {
        if !self.spoilt {
            self.spoilt = work(self).is_err() || self.times.is_full();
        }
    }
}

/// A calendar that counts: where it stands, and the zone of its floating times once that was needed.
struct Place<'s> {
    share: usize,
    account: PrincipalId,
    it: &'s (Collection, Vec<Property>, Option<String>),
    zone: OnceLock<Zone>,
}

/// The work on all people together.
struct Work<'s> {
    question: &'s Question,
    floating: Option<Zone>,
    shares: Vec<Share>,
    /// By collection; one who is asked about twice, or is in two groups, has his calendars in several.
    places: HashMap<CollectionId, Vec<Place<'s>>>,
    seen: usize,
}

impl<'s> Work<'s> {
    fn new(sources: &'s [Option<Source>], question: &'s Question, floating: Option<Zone>) -> Self {
        let count =
            sources.iter().flatten().map(|source| source.accounts.len()).sum::<usize>().max(1);
        let room = (FREEBUSY_PERIODS_MAX / count).min(BUSY_PERIODS_MAX);
        let steps = (RECURRENCE_STEPS_REQUEST / count as u64).max(RECURRENCE_STEPS_OBJECT);
        let mut it =
            Self { question, floating, shares: Vec::new(), places: HashMap::new(), seen: 0 };
        for source in sources.iter().flatten() {
            let first = it.shares.len();
            for (_, whose) in &source.accounts {
                let times = BusyTimes::within(question.window.clone()).of(whose.clone());
                it.shares.push(Share {
                    times: times.holding(room),
                    availabilities: Vec::new(),
                    steps: Steps::new(steps),
                    spoilt: false,
                });
            }
            for row in &source.calendars {
                let account = row.0.account;
                let at = source.accounts.iter().position(|(id, _)| *id == account).unwrap_or(0);
                let place = Place { share: first + at, account, it: row, zone: OnceLock::new() };
                it.places.entry(row.0.id).or_default().push(place);
            }
        }
        it
    }

    fn ids(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.places.keys().map(|id| id.0).collect();
        ids.sort_unstable();
        ids
    }

    /// Looks through the index; gives the keys of the objects that must be opened.
    async fn gather(&mut self, tx: &mut Tx, hidden: &Hidden) -> Outcome<Vec<String>> {
        let window = (self.question.window.start, self.question.window.end);
        let ids = self.ids();
        let untrusted: HashSet<CollectionId> =
            busy::untrusted(tx, &ids).await?.into_iter().collect();
        let (mut pairs, mut slowly) = (Vec::new(), Vec::new());
        for id in ids.into_iter().map(CollectionId) {
            let takes = self.places.get(&id).and_then(|places| places.first());
            let takes = takes.map_or(0, |place| place.it.0.components);
            for bit in COMPONENTS.into_iter().filter(|bit| takes & bit != 0) {
                let list = if untrusted.contains(&id) { &mut slowly } else { &mut pairs };
                list.push((id, bit));
            }
        }
        let mut opened = Vec::new();
        busy::hits(tx, &pairs, window, &mut |hit| self.look(hit, hidden, &mut opened)).await?;
        for (of, bit) in slowly {
            for it in object::overlapping(tx, of, bit, window).await? {
                let hit = Hit { of, name: &it.object.name, times: it.times.as_deref() };
                self.look(hit, hidden, &mut opened)?;
            }
        }
        Ok(opened)
    }

    /// Takes in what the index keeps of an object, or notes that it must be opened.
    fn look(&mut self, hit: Hit<'_>, hidden: &Hidden, opened: &mut Vec<String>) -> Outcome<()> {
        self.seen += 1;
        if self.seen > QUERY_MATCHES_MAX {
            return Err(Refusal::TooManyMatches.into());
        }
        let Some(kept) = hit.times else {
            opened.push(object::key(hit.of, hit.name));
            return Ok(());
        };
        let Self { shares, places, floating, .. } = self;
        for place in places.get(&hit.of).into_iter().flatten() {
            if let Some(share) = shares.get_mut(place.share)
                && !hidden.has(hit.of, hit.name, place.account)
            {
                let utc = Zone::utc();
                let zone = if times::is_floating(kept) { place.zone(floating) } else { &utc };
                share.work(|it| times::busy(kept, zone, &mut it.times, &mut it.steps));
            }
        }
        Ok(())
    }

    /// Takes in an object that was opened; one that cannot be read is passed over.
    fn open(&mut self, of: CollectionId, name: &str, body: &Body, hidden: &Hidden) {
        let Ok(bytes) = body.octets() else { return };
        let Ok(calendar) = Calendar::parse(&bytes) else { return };
        let Ok(object) = check_resource(&calendar) else { return };
        let Self { shares, places, floating, question, .. } = self;
        for place in places.get(&of).into_iter().flatten() {
            let Some(share) = shares.get_mut(place.share) else { continue };
            if hidden.has(of, name, place.account) {
                continue;
            }
            let zone = place.zone(floating);
            share.work(|it| match object.kind {
                Kind::Availability => {
                    let all = availability::read(&calendar, zone, &question.window, &mut it.steps)?;
                    it.availabilities.extend(all);
                    Ok(())
                }
                _ => it.times.take(&object, &calendar, zone, &mut it.steps),
            });
        }
    }

    /// Adds when each cannot be asked at all, and puts the accounts of each person together.
    fn finish(self, sources: &[Option<Source>]) -> Vec<Told> {
        let Self { mut shares, question, .. } = self;
        let mut next = 0;
        for source in sources.iter().flatten() {
            for (at, (account, _)) in source.accounts.iter().enumerate() {
                let own = source.availabilities.iter().filter(|(of, _)| of == account);
                let Some(share) = shares.get_mut(next + at) else { continue };
                own.for_each(|(_, text)| add_availability(share, text, question));
                let all = std::mem::take(&mut share.availabilities);
                for (kind, spans) in availability::unavailable(all) {
                    spans.ranges().iter().for_each(|range| share.times.add(kind, range.clone()));
                }
            }
            next += source.accounts.len();
        }
        let mut shares = shares.into_iter();
        let told = |source: &Option<Source>| {
            let Some(source) = source else { return Told::Denied };
            let own: Vec<Share> = shares.by_ref().take(source.accounts.len()).collect();
            if own.iter().any(|share| share.spoilt) {
                return Told::TooMuch;
            }
            let mut times = BusyTimes::within(question.window.clone());
            own.iter().for_each(|share| times.extend(&share.times));
            Told::Times(times)
        };
        sources.iter().map(told).collect()
    }
}

impl Place<'_> {
    fn zone<'z>(&'z self, floating: &'z Option<Zone>) -> &'z Zone {
        let (_, properties, owners) = self.it;
        match floating {
            Some(zone) => zone,
            None => self.zone.get_or_init(|| zone(properties, owners.as_deref())),
        }
    }
}

/// RFC 7953 §7.2.4: the VAVAILABILITY of an inbox. One that is none any more says nothing.
fn add_availability(share: &mut Share, text: &str, question: &Question) {
    let Ok(calendar) = Calendar::parse(text.trim().as_bytes()) else { return };
    share.work(|it| {
        let all = availability::read(&calendar, &Zone::utc(), &question.window, &mut it.steps)?;
        it.availabilities.extend(all);
        Ok(())
    });
}

/// Objects that do not count: a meeting that is being moved. `None`: for everybody; else for this
/// account alone.
struct Hidden(HashMap<(CollectionId, String), Option<PrincipalId>>);

impl Hidden {
    fn has(&self, of: CollectionId, name: &str, account: PrincipalId) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let found = self.0.get(&(of, name.to_owned()));
        found.is_some_and(|only| only.is_none_or(|only| only == account))
    }
}

/// The masked objects: those of the organizer who asks, and what he put into his own calendars for
/// himself. Nobody learns by masking what others invited to (icalendar-maskuids §6).
async fn hidden(
    tx: &mut Tx,
    asker: &Access,
    work: &Work<'_>,
    mask: Option<&Mask>,
) -> Outcome<Hidden> {
    let mut hidden = Hidden(HashMap::new());
    let Some(mask) = mask else { return Ok(hidden) };
    let found = busy::with_uid(tx, &work.ids(), &mask.uid).await?;
    let keys: Vec<String> = found.iter().map(|(of, name)| object::key(*of, name)).collect();
    for batch in keys.chunks(BATCH) {
        for (of, it, body) in object::by_keys(tx, batch, asker.store.files()).await? {
            let name = it.name;
            let organizer = body.octets().ok().and_then(|bytes| organizer(&bytes));
            match organizer {
                None => hidden.0.insert((of, name), Some(asker.who.id)),
                Some(it) if folded(&it) == folded(&mask.organizer) => {
                    hidden.0.insert((of, name), None)
                }
                Some(_) => None,
            };
        }
    }
    Ok(hidden)
}

/// The organizer of an object.
fn organizer(octets: &[u8]) -> Option<String> {
    let calendar = Calendar::parse(octets).ok()?;
    let components = calendar.root().children().filter(|c| !c.is("VTIMEZONE"));
    let mut organizers = components.filter_map(|c| c.property("ORGANIZER"));
    organizers.next().map(|line| line.value().to_owned())
}
