//! Feeds: calendars of other servers, fetched once for all who subscribed to them and shown to each
//! as a calendar to read.
//!
//! Invariants: what was good stays until something better comes: an answer that is no calendar
//! changes nothing; one broken event keeps no other out; an event that says the same but for its
//! stamp is not touched, so that clients fetch only what changed. Standards: RFC 7986 §5.7, RFC 9111
//! §5.2.2.1, RFC 9110 §10.2.3.

use crate::domain::calendar::examine;
use crate::domain::collection::access::SERVER;
use crate::domain::collection::derived::{self, Wanted};
use crate::domain::collection::item;
use crate::domain::collection::property::{of_text, of_text_in, text_of};
use crate::domain::collection::tree::{Found, locate};
use crate::domain::collection::{Access, Derived, Place, Property};
use crate::format::feed::{Head, cleaned, head, unstamped, with_lasting_uid};
use crate::format::ical::definition::{self, Extent};
use crate::format::ical::value::Duration;
use crate::format::split::{Objects, Splitter, Stream, Whole};
use crate::format::tz::Zone;
use crate::format::xml::Ns;
use crate::kernel::clock::{Timestamp, monotonic};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::{
    CALENDAR_OBJECT_MAX, FEED_LEASE_SECONDS, FEED_OBJECTS_MAX, FEED_PACE_SECONDS, FEED_TEXT_MAX,
    FEED_UNUSED_SECONDS, FEED_WISHES_MAX, FEED_WORK_SECONDS, RETENTION_BATCH,
};
use crate::kernel::privilege::Privilege;
use crate::kernel::secret::{hex, random, sha256};
use crate::store::blob::{self, Content};
use crate::store::change_log::{Action, Author, Entry};
use crate::store::feed::{self, NEVER, Unsettled};
use crate::store::{Store, Tx, change_log, collection, property};
use std::collections::HashMap;
use std::ops::Range;

pub use crate::store::feed::{Feed, Subscription};

/// The property by which a subscriber says how often to look (Apple): a duration.
pub const REFRESH_RATE: (&str, &str) = ("http://apple.com/ns/ical/", "refreshrate");

/// What a good answer holds.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// What the calendar says of itself.
    pub head: Head,
    /// Its objects, one VCALENDAR after the other.
    pub objects: Vec<u8>,
    /// How many.
    pub members: i64,
    /// How many more were left out because they are broken.
    pub left_out: i64,
}

/// What a look brought.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// The same as before.
    Unchanged {
        /// Seconds that it stays so (`Cache-Control: max-age`).
        fresh_for: Option<i64>,
    },
    /// A calendar.
    Content {
        /// It.
        fresh: Box<Fresh>,
        /// Its entity tag, or empty.
        etag: String,
        /// When it changed, as its server writes it, or empty.
        modified: String,
        /// As above.
        fresh_for: Option<i64>,
    },
    /// Nothing.
    Failed {
        /// Why, for the subscriber.
        why: String,
        /// Seconds after which its server wants to be asked again (`Retry-After`).
        retry_after: Option<i64>,
        /// Whether it is gone for good (410).
        gone: bool,
    },
}

/// Reads what came as a calendar. `before`: the objects of the last time, which stay octet for octet
/// where only their stamps changed.
///
/// # Errors
/// Why it is none, for the subscriber.
pub fn read(octets: &[u8], before: &[u8]) -> Result<Fresh, String> {
    let start = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets).trim_ascii_start();
    if start.is_empty() {
        return Err("the answer is empty, not a calendar".to_owned());
    }
    if start.first() == Some(&b'<') {
        return Err("the answer is a web page, not a calendar: the address may need a sign-in, \
                    or is that of the page about the calendar"
            .to_owned());
    }
    let found = split(octets).map_err(|why| format!("the answer is not a calendar: {why}"))?;
    let old: HashMap<String, Vec<u8>> = match split(before) {
        Ok(objects) => each(&objects, before).flatten().map(|it| (it.uid, it.text)).collect(),
        Err(_) => HashMap::new(),
    };
    let (mut good, mut taken, mut left_out) = (Vec::new(), 0, 0);
    let begin = monotonic();
    for (number, whole) in each(&found, octets).enumerate() {
        if begin.elapsed().as_secs() >= FEED_WORK_SECONDS {
            return Err("the calendar takes too long to read: its rules are too intricate".into());
        }
        let named = found.about(number).0.is_some();
        // Also what is left out was looked at.
        taken += whole.as_ref().map_or(0, |whole| whole.text.len());
        if taken > FEED_OBJECTS_MAX {
            left_out += (found.len() - number) as i64;
            break;
        }
        match whole.and_then(|whole| presentable(whole, named, &old)) {
            Some(it) => good.push(it),
            None => left_out += 1,
        }
    }
    good.sort_by(|a, b| a.uid.cmp(&b.uid));
    // Events without a UID that say the same are one.
    good.dedup_by(|a, b| a.uid == b.uid);
    let mut objects = Vec::new();
    good.iter().for_each(|it| objects.extend_from_slice(&it.text));
    Ok(Fresh { head: head(octets), objects, members: good.len() as i64, left_out })
}

/// An object as subscribers get it; none: it is broken.
fn presentable(whole: Whole, named: bool, old: &HashMap<String, Vec<u8>>) -> Option<Whole> {
    let text = cleaned(&whole.text)?;
    let (uid, text) = match named {
        true => (whole.uid, text),
        false => with_lasting_uid(&text, &whole.uid),
    };
    examine(None, &text).ok()?;
    let before = old.get(&uid).filter(|before| unstamped(before) == unstamped(&text));
    Some(Whole { text: before.cloned().unwrap_or(text), uid })
}

fn split(octets: &[u8]) -> Result<Objects, String> {
    let mut splitter = Splitter::new(Stream::Calendars);
    splitter.take(octets).map_err(|why| why.to_string())?;
    splitter.finish().map_err(|why| why.to_string())
}

/// The objects in their order; none for one that is too large.
fn each<'o>(objects: &'o Objects, octets: &'o [u8]) -> impl Iterator<Item = Option<Whole>> + 'o {
    let part = |at: Range<u64>| -> Result<Vec<u8>, ()> {
        let at = usize::try_from(at.start).unwrap_or(0)..usize::try_from(at.end).unwrap_or(0);
        Ok(octets.get(at).unwrap_or_default().to_vec())
    };
    let whole = move |number| objects.whole(number, CALENDAR_OBJECT_MAX as u64, part);
    (0..objects.len()).map(move |number| whole(number).ok().flatten())
}

/// Whether there is anything to do: a look that writes nothing.
pub async fn is_due(store: &Store, now: Timestamp) -> Outcome<bool> {
    store.read(|tx| Box::pin(feed::is_due(tx, now))).await
}

/// Takes a feed that is due, with its objects of the last time.
pub async fn claim(store: &Store, now: Timestamp) -> Outcome<Option<(Feed, Vec<u8>)>> {
    let until = now.plus_seconds(FEED_LEASE_SECONDS);
    let claim = store.write(move |tx| Box::pin(feed::claim(tx, now, until)));
    let Some(it) = claim.await? else { return Ok(None) };
    let objects = objects(store, &it).await?;
    Ok(Some((it, objects)))
}

async fn objects(store: &Store, it: &Feed) -> Outcome<Vec<u8>> {
    let Some(content) = it.blob else { return Ok(Vec::new()) };
    let files = store.clone();
    let body = store
        .read(move |tx| Box::pin(async move { blob::read(tx, content, files.files()).await }))
        .await?;
    Ok(body.octets()?.into_owned())
}

/// Writes down what a look brought and when the next one is due, unless the lease was lost. `usual`:
/// seconds between two looks at a feed of which nobody says anything.
///
/// # Errors
/// The store's; `Busy` when the lease was lost.
pub async fn finish(
    store: &Store,
    mut it: Feed,
    fetched: Fetched,
    usual: i64,
    now: Timestamp,
) -> Outcome<()> {
    let lease = it.leased_until;
    let mut content = None;
    it.tried_at = Some(now);
    let fresh_for = match fetched {
        Fetched::Failed { why, retry_after, gone } => {
            it.failures += 1;
            it.error = shortened(why);
            it.next_at = if gone { NEVER } else { now.plus_seconds(later(&it, retry_after)) };
            return save(store, it, lease, (None, None), now).await;
        }
        Fetched::Unchanged { fresh_for } => fresh_for,
        Fetched::Content { fresh, etag, modified, fresh_for } => {
            let kept =
                |text: String| if text.len() <= FEED_TEXT_MAX { text } else { String::new() };
            (it.etag, it.modified) = (kept(etag), kept(modified));
            (it.members, it.left_out) = (fresh.members, fresh.left_out);
            it.title = fresh.head.title.unwrap_or_default();
            it.color = fresh.head.color.unwrap_or_default();
            it.zone = fresh.head.zone.unwrap_or_default();
            it.pace = fresh.head.pace.unwrap_or(0);
            let hash = sha256(&fresh.objects);
            if it.revision == 0 || it.hash.as_deref() != Some(&hash[..]) {
                (it.hash, it.revision) = (Some(hash.to_vec()), it.revision + 1);
                content = Some(item::content(store, fresh.objects)?);
            }
            fresh_for
        }
    };
    (it.failures, it.error, it.ok_at) = (0, String::new(), Some(now));
    let pace = it.pace.max(fresh_for.unwrap_or(0));
    save(store, it, lease, (content, Some((pace, usual))), now).await
}

/// Saves a feed; with a new content, for all who have it. `pace`: what is asked for at least, and
/// what is usual, from which the next time follows.
async fn save(
    store: &Store,
    mut it: Feed,
    lease: Timestamp,
    (content, pace): (Option<Content>, Option<(i64, i64)>),
    now: Timestamp,
) -> Outcome<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                if let Some((least, usual)) = pace {
                    let wish = wish(tx, &it).await?.unwrap_or(usual);
                    let (min, max) = FEED_PACE_SECONDS;
                    it.next_at = now.plus_seconds(spread(wish.max(least).clamp(min, max)));
                }
                if let Some(content) = &content {
                    if let Some(old) = it.blob {
                        blob::release(tx, old, now).await?;
                    }
                    it.blob = Some(blob::keep(tx, content, now).await?);
                    feed::unsettle(tx, it.id, now).await?;
                }
                match feed::save(tx, &it, lease).await? {
                    true => Ok(()),
                    false => Err(Fault::Busy("somebody else looks at the feed".into())),
                }
            })
        })
        .await
}

/// The shortest time between two looks that a subscriber wishes.
async fn wish(tx: &mut Tx, it: &Feed) -> Outcome<Option<i64>> {
    let values = feed::wishes(tx, it.id, REFRESH_RATE, FEED_WISHES_MAX).await?;
    let seconds = values.into_iter().filter_map(|value| {
        let property = Property { namespace: String::new(), name: String::new(), value };
        let duration = Duration::read(&text_of(&property)?)?;
        Some(duration.nominal_seconds()).filter(|seconds| *seconds > 0)
    });
    Ok(seconds.min())
}

/// Seconds until a feed that failed is looked at again: doubled each time, or as its server asks.
fn later(it: &Feed, retry_after: Option<i64>) -> i64 {
    let (min, max) = FEED_PACE_SECONDS;
    let doubled = u32::try_from((it.failures - 1).clamp(0, 20)).unwrap_or(0);
    let wait = min.saturating_mul(1 << doubled).max(retry_after.unwrap_or(0));
    spread(wait.min(max))
}

/// Up to a tenth more, by chance: not all feeds of a server are looked at in the same second.
fn spread(seconds: i64) -> i64 {
    let [chance] = random::<1>();
    seconds + seconds * i64::from(chance) / 2560
}

fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(FEED_TEXT_MAX));
    text
}

/// A calendar to be brought up to date with its feed.
#[derive(Clone, Debug)]
pub struct Settling {
    of: Unsettled,
    feed: Feed,
    objects: Vec<u8>,
}

/// Takes a calendar that is not up to date.
pub async fn claim_settling(store: &Store, now: Timestamp) -> Outcome<Option<Settling>> {
    let until = now.plus_seconds(FEED_LEASE_SECONDS);
    let claim = store.write(move |tx| {
        Box::pin(async move {
            let Some(of) = feed::claim_settling(tx, now, until).await? else { return Ok(None) };
            Ok(Some((of, feed::by_id(tx, of.feed).await?.ok_or(Fault::NotFound)?)))
        })
    });
    let Some((of, feed)) = claim.await? else { return Ok(None) };
    let objects = objects(store, &feed).await?;
    Ok(Some(Settling { of, feed, objects }))
}

impl Settling {
    /// The members that the calendar shall have.
    ///
    /// # Errors
    /// The store's; `Internal` when what was kept cannot be read any more.
    pub fn wanted(&self, store: &Store) -> Outcome<Vec<Wanted>> {
        // Of a calendar without events nothing is kept.
        if self.objects.is_empty() {
            return Ok(Vec::new());
        }
        let objects = split(&self.objects).map_err(Fault::internal)?;
        let wanted = |it: Whole| {
            let index = examine(None, &it.text)?;
            let name = hex(sha256(it.uid.as_bytes()).get(..16).unwrap_or_default());
            let content = item::content(store, it.text)?;
            Ok(Wanted { name: format!("{name}.ics"), content, index })
        };
        each(&objects, &self.objects).flatten().map(wanted).collect()
    }

    /// Brings the calendar up to date.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle(self, store: &Store, wanted: Vec<Wanted>, now: Timestamp) -> Outcome<()> {
        let done = derived::settle(store, self.of.collection, wanted, now).await;
        let (of, feed) = (self.of, self.feed);
        let write = store.write(move |tx| {
            Box::pin(async move {
                match done {
                    Ok(settled) => {
                        if of.settled == 0 {
                            adorn(tx, &of, &feed, now).await?;
                        }
                        let why = settled
                            .why
                            .map(|why| format!("{} events cannot be kept: {why}", settled.refused));
                        let why = shortened(why.unwrap_or_default());
                        feed::settled(tx, &of, (feed.revision, &why), now).await
                    }
                    // It went at this moment.
                    Err(Fault::NotFound) => Ok(()),
                    Err(fault) => {
                        tracing::warn!(%fault, "a calendar cannot be brought up to date");
                        let again = now.plus_seconds(FEED_PACE_SECONDS.0);
                        let why = "the server could not bring the calendar up to date";
                        feed::unsettled(tx, &of, again, why).await
                    }
                }
            })
        });
        write.await
    }
}

/// Gives a new calendar what its publisher calls it, where its owner said nothing.
async fn adorn(tx: &mut Tx, of: &Unsettled, feed: &Feed, now: Timestamp) -> Outcome<()> {
    let Some(it) = collection::by_id(tx, of.collection).await? else { return Ok(()) };
    let has = property::of(tx, it.id, "").await?;
    let mut said = Vec::new();
    if !feed.title.is_empty() {
        said.push(of_text("displayname", &feed.title));
    }
    if !feed.color.is_empty() {
        said.push(color_property(&feed.color));
    }
    let zone = Zone::named(&feed.zone).filter(|_| !feed.zone.is_empty());
    let zone = zone.and_then(|zone| definition::write(&feed.zone, &zone, Extent::SINCE_1970, &[]));
    if let Some(zone) = zone {
        let text = definition::calendar(&zone);
        said.push(of_text_in(Ns::CalDav, "calendar-timezone", &text));
    }
    said.retain(|p| !has.iter().any(|h| h.namespace == p.namespace && h.name == p.name));
    if said.is_empty() {
        return Ok(());
    }
    let (number, _) = change_log::take(tx, it.account).await?;
    for property in &said {
        property::set(tx, it.id, "", property).await?;
    }
    collection::change_self(tx, it.id, number, now).await?;
    let (account, collection, action) = (it.account, it.id, Action::Properties);
    let entry = Entry { account, number, collection, name: "", action, before: None };
    change_log::record(
        tx,
        &entry,
        &Author { principal: SERVER, client: "davenport".into(), at: now, quiet: None },
    )
    .await
}

/// The colour of a calendar, as a property.
pub fn color_property(color: &str) -> Property {
    of_text_in(Ns::AppleIcal, "calendar-color", color)
}

/// The subscriptions of an account whose calendars the asker may read. The place says whose account;
/// its path does not matter.
pub async fn all(access: &Access, place: &Place) -> Outcome<Vec<Subscription>> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let rights = access.rights_in(tx, place.account).await?;
                let mut all = feed::of_account(tx, place.account).await?;
                all.retain(|it| rights.on(&it.path).has(Privilege::Read));
                Ok(all)
            })
        })
        .await
}

/// Has the feed of the calendar at a place looked at now, also one that was given up.
///
/// # Errors
/// `Denied` for who may not change the calendar's properties, `NotFound`.
pub async fn refresh(access: &Access, place: &Place) -> Outcome<()> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::WriteProperties).await?;
                match locate(tx, &place).await? {
                    Found::Collection(it) if Derived::of(&it) == Some(Derived::Feed) => {
                        feed::refresh(tx, it.id, access.now).await
                    }
                    _ => Err(Fault::NotFound),
                }
            })
        })
        .await
}

/// Drops a batch of feeds that nobody has any more; gives whether there may be more.
pub async fn drop_unused(store: &Store, now: Timestamp) -> Outcome<bool> {
    let before = now.plus_seconds(-FEED_UNUSED_SECONDS);
    let dropping = store.write(move |tx| {
        Box::pin(async move { feed::drop_unused(tx, before, now, RETENTION_BATCH).await })
    });
    Ok(dropping.await? as i64 >= RETENTION_BATCH)
}
