//! Bookings: when the calendars of a room or a thing say that it is taken.
//!
//! Invariant: whatever way an accepted meeting comes into a resource's calendar, its bookings are
//! written by the same transaction; what would take a resource twice at once is refused, and the store
//! itself would not keep it. A resource that accepts always has none.

use super::access::Access;
use super::implicit::octets;
use super::kind::Kind;
use super::place::Place;
use super::scheduling::EVENTS;
use crate::domain::directory::calendar_user::CalendarUser;
use crate::domain::directory::mode::Mode;
use crate::domain::directory::resource;
use crate::domain::retention::Progress;
use crate::format::instant;
use crate::format::itip::{self, Instance};
use crate::format::spans::Spans;
use crate::format::tz::Zone;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::{BlobId, PrincipalId};
use crate::kernel::limits::{
    BOOKING_AHEAD_SECONDS, BOOKINGS_BATCH, BOOKINGS_KEPT_SECONDS, BOOKINGS_MAX, BOOKINGS_NAMED,
    RETENTION_BATCH,
};
use crate::store::blob::{self, Content};
use crate::store::booking::{self, By, Event};
use crate::store::collection::Collection;
use crate::store::object::Index;
use crate::store::{Store, Tx, change_log, principal};
use std::ops::Range;

/// What a change books.
#[derive(Debug)]
pub struct Plan(Vec<Range<i64>>);

/// The zone of a resource's days.
pub async fn zone(tx: &mut Tx, account: PrincipalId) -> Outcome<Zone> {
    let name = principal::by_id(tx, account).await?.and_then(|it| it.zone);
    Ok(name.and_then(|name| Zone::named(&name)).unwrap_or_else(Zone::utc))
}

/// Whether a collection's events book its account, of which the write has taken a number.
fn books(tx: &Tx, of: &Collection) -> bool {
    let mode = Mode::from_number(change_log::booking(tx, of.account));
    let plain = Kind::from_number(of.kind) == Kind::Calendar && of.derived == 0;
    plain && mode.is_some_and(Mode::is_exclusive)
}

/// What an object that is about to be stored books; none: its account is booked by nothing.
///
/// # Errors
/// `Booked` with the times that are not free, or not to be booked.
pub async fn plan(
    tx: &mut Tx,
    access: &Access,
    (place, parent): (&Place, &Collection),
    (content, index): (&Content, &Index),
) -> Outcome<Option<Plan>> {
    if !books(tx, parent) {
        return Ok(None);
    }
    if index.component != EVENTS {
        return Ok(Some(Plan(Vec::new())));
    }
    let text = octets(access, content)?;
    of_text(tx, access, (place, parent), &text).await.map(Some)
}

async fn of_text(
    tx: &mut Tx,
    access: &Access,
    (place, parent): (&Place, &Collection),
    text: &[u8],
) -> Outcome<Plan> {
    let me = CalendarUser::of(tx, parent.account, &place.account_name).await?;
    let is_me = |address: &str| me.is(address);
    ready(tx, parent.account).await?;
    let (zone, now) = (zone(tx, parent.account).await?, access.now.seconds());
    let read = itip::meeting(text, &is_me, &zone, now, BOOKINGS_MAX);
    let it = read.map_err(|why| Refusal::InvalidResource(why.to_string()))?;
    let wanted: Vec<&Instance> = it.occupied().collect();
    if let Some(why) = too_far(&it, &wanted, now) {
        return Err(Refusal::Booked(why.text).into());
    }
    let spans: Spans = wanted.iter().map(|it| it.time.clone()).collect();
    let taken = taken(tx, parent.account, &wanted, (parent.id, place.name())).await?;
    let clashes = wanted.iter().filter(|it| taken.meets(&it.time));
    let times: Vec<i64> = clashes.map(|it| it.time.start).collect();
    match times.is_empty() {
        true => Ok(Plan(spans.ranges().to_vec())),
        false => Err(Refusal::Booked(format!("booked already at {}", named(&times))).into()),
    }
}

/// Why instances reach further than can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooFar {
    /// For people.
    pub text: String,
    /// They do not end, or are too many.
    pub endless: bool,
}

/// Whether instances reach further than can be booked.
pub fn too_far(it: &itip::Meeting, wanted: &[&Instance], now: i64) -> Option<TooFar> {
    let end = now.saturating_add(BOOKING_AHEAD_SECONDS);
    if wanted.is_empty() || !it.more && wanted.iter().all(|it| it.time.end <= end) {
        return None;
    }
    let end = instant::written(end);
    let text =
        format!("it can be booked until {end}, and {BOOKINGS_MAX} times at most by one meeting");
    Some(TooFar { text, endless: it.more })
}

/// Times as people read them, the first few.
pub fn named(times: &[i64]) -> String {
    let some: Vec<String> =
        times.iter().take(BOOKINGS_NAMED).map(|it| instant::written(*it)).collect();
    let dots = if times.len() > BOOKINGS_NAMED { " and more" } else { "" };
    some.join(", ") + dots
}

/// What others than an object have booked while its instances last.
pub async fn taken(
    tx: &mut Tx,
    account: PrincipalId,
    wanted: &[&Instance],
    by: By<'_>,
) -> Outcome<Spans> {
    let start = wanted.iter().map(|it| it.time.start).min();
    let end = wanted.iter().map(|it| it.time.end).max();
    let (Some(start), Some(end)) = (start, end) else { return Ok(Spans::default()) };
    Ok(booking::taken(tx, account, start..end, by).await?.into_iter().collect())
}

/// Demands that a resource's bookings are what its calendars say.
///
/// # Errors
/// `Busy` while they are being worked out.
pub async fn ready(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    match booking::due(tx, account).await? {
        None => Ok(()),
        Some(_) => Err(Fault::Busy("its bookings are being worked out".into())),
    }
}

/// Books what was planned for the object that has been stored.
pub async fn carry_out(
    tx: &mut Tx,
    account: PrincipalId,
    by: By<'_>,
    plan: Option<Plan>,
) -> Outcome<()> {
    let Some(Plan(ranges)) = plan else { return Ok(()) };
    booking::release(tx, by).await?;
    booking::add(tx, account, by, &ranges).await
}

/// An object goes from a collection.
pub async fn left(tx: &mut Tx, from: &Collection, name: &str) -> Outcome<()> {
    match books(tx, from) {
        true => booking::release(tx, (from.id, name)).await,
        false => Ok(()),
    }
}

/// A collection goes with all that is in it.
pub async fn left_all(tx: &mut Tx, it: &Collection) -> Outcome<()> {
    match books(tx, it) {
        true => booking::release_all(tx, it.id).await,
        false => Ok(()),
    }
}

/// An object has come to a place from elsewhere.
///
/// # Errors
/// As [`plan`].
pub async fn arrived(
    tx: &mut Tx,
    access: &Access,
    (place, parent): (&Place, &Collection),
    (blob, component): (BlobId, i64),
) -> Outcome<()> {
    if !books(tx, parent) || component != EVENTS {
        return Ok(());
    }
    let body = blob::read(tx, blob, access.store.files()).await?;
    let text = body.octets()?.into_owned();
    let plan = of_text(tx, access, (place, parent), &text).await?;
    carry_out(tx, parent.account, (parent.id, place.name()), Some(plan)).await
}

/// Works out a part of what a resource's calendars book: those that were filled before there were
/// bookings, or while it accepted always, or whose days were another zone's. Of what is at once there
/// already, the first is booked. As nothing answers or books meanwhile ([`ready`]), nothing comes
/// between.
pub async fn settle(store: &Store, account: PrincipalId, now: Timestamp) -> Outcome<Progress> {
    let access = Access::of_server(store, now);
    store
        .write(move |tx| {
            Box::pin(async move {
                change_log::hold(tx, account).await?;
                let Some((of, name)) = booking::due(tx, account).await? else {
                    return Ok(Progress::Done);
                };
                if of.0 == 0 {
                    booking::release_account(tx, account).await?;
                }
                let owner = principal::by_id(tx, account).await?;
                let kept = resource::one(tx, account).await?;
                let (Some(owner), true) = (owner, kept.is_some_and(|it| it.mode.is_exclusive()))
                else {
                    booking::forget_account(tx, account).await?;
                    return Ok(Progress::Done);
                };
                let me = CalendarUser::of(tx, account, &owner.name).await?;
                let what = (Kind::Calendar.number(), EVENTS);
                let after = (of, name.as_str());
                let batch = booking::events(tx, account, what, after, BOOKINGS_BATCH).await?;
                for it in &batch {
                    rebook(tx, &access, &me, it).await?;
                }
                let last = batch.last().filter(|_| batch.len() >= BOOKINGS_BATCH);
                let to = last.map(|it| (it.of, it.name.as_str()));
                booking::advance(tx, account, to).await?;
                Ok(if last.is_some() { Progress::More } else { Progress::Done })
            })
        })
        .await
}

async fn rebook(tx: &mut Tx, access: &Access, me: &CalendarUser, it: &Event) -> Outcome<()> {
    let (by, now) = ((it.of, it.name.as_str()), access.now.seconds());
    let text = blob::read(tx, it.blob, access.store.files()).await?.octets()?.into_owned();
    let (zone, is_me) = (zone(tx, me.id).await?, |address: &str| me.is(address));
    let Ok(meeting) = itip::meeting(&text, &is_me, &zone, now, BOOKINGS_MAX) else { return Ok(()) };
    let wanted: Vec<&Instance> = meeting.occupied().collect();
    let taken = taken(tx, me.id, &wanted, by).await?;
    let free = wanted.iter().filter(|it| !taken.meets(&it.time)).map(|it| it.time.clone());
    let free: Spans = free.collect();
    booking::add(tx, me.id, by, free.ranges()).await
}

/// Forgets a batch of bookings that are over.
pub async fn forget(store: &Store, now: Timestamp) -> Outcome<Progress> {
    let before = now.plus_seconds(-BOOKINGS_KEPT_SECONDS);
    let forget =
        store.write(move |tx| Box::pin(booking::forget_ended(tx, before, RETENTION_BATCH)));
    let more = i64::try_from(forget.await?).is_ok_and(|gone| gone >= RETENTION_BATCH);
    Ok(if more { Progress::More } else { Progress::Done })
}
