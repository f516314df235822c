//! Calendars elsewhere (feeds), and the collections that show them (subscriptions).
//!
//! Invariants: a feed is one row however many subscribe; a worker that takes one moves its time, which
//! is the lease: finishing needs it, and a worker that dies lets it run out. A subscription lives as
//! long as its collection.

use super::blob;
use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{BlobId, CollectionId, FeedId, PrincipalId};
use crate::kernel::limits::FEED_PACE_SECONDS;

macro_rules! columns {
    () => {
        "f.id, f.url, f.etag, f.modified, f.hash, f.blob_id, f.revision, f.members, f.left_out, \
         f.title, f.color, f.zone, f.pace, f.next_at, f.failures, f.error, f.tried_at, f.ok_at, \
         f.leased_until"
    };
}
// A feed that somebody has.
macro_rules! wanted {
    () => {
        "EXISTS (SELECT 1 FROM subscription s JOIN collection c ON c.id = s.collection_id
            WHERE s.feed_id = f.id AND c.deleted_at IS NULL)"
    };
}
// Subscriptions of living collections that are to be brought up to date.
macro_rules! unsettled {
    () => {
        "FROM subscription s JOIN collection c ON c.id = s.collection_id
            WHERE s.settle_at <= $1 AND c.deleted_at IS NULL"
    };
}

statements! {
    TAKE = "INSERT INTO feed (url, etag, modified, revision, members, left_out, title, color, zone,
            pace, next_at, leased_until, failures, error, touched_at)
        VALUES ($1, '', '', 0, 0, 0, '', '', '', 0, $2, 0, 0, '', $2)
        ON CONFLICT (url) DO UPDATE SET touched_at = excluded.touched_at,
            next_at = CASE WHEN feed.failures > 0 AND feed.tried_at <= $3
                THEN excluded.next_at ELSE feed.next_at END
        RETURNING id, revision";
    SUBSCRIBE = "INSERT INTO subscription (collection_id, feed_id, settled, settle_at, error,
        created_at) VALUES ($1, $2, 0, $3, '', $4)";
    IS_DUE = concat!("SELECT f.id FROM feed f WHERE f.next_at <= $1 AND f.leased_until <= $1 AND ", wanted!(),
        " UNION ALL SELECT s.feed_id ", unsettled!(), " LIMIT 1");
    DUE = concat!("SELECT ", columns!(), " FROM feed f WHERE f.next_at <= $1 AND f.leased_until <= $1 AND ", wanted!(),
            " ORDER BY f.next_at LIMIT 1"),
        postgres: concat!("SELECT ", columns!(), " FROM feed f WHERE f.next_at <= $1 AND f.leased_until <= $1 AND ", wanted!(),
            " ORDER BY f.next_at LIMIT 1 FOR UPDATE SKIP LOCKED");
    HOLD = "UPDATE feed SET leased_until = $2 WHERE id = $1";
    SAVE = "UPDATE feed SET etag = $3, modified = $4, hash = $5, blob_id = $6, revision = $7,
        members = $8, left_out = $9, title = $10, color = $11, zone = $12, pace = $13, next_at = $14,
        failures = $15, error = $16, tried_at = $17, ok_at = $18, leased_until = 0
        WHERE id = $1 AND leased_until = $2";
    UNSETTLE = "UPDATE subscription SET settle_at = $2 WHERE feed_id = $1";
    DUE_SETTLING = concat!("SELECT s.collection_id, s.feed_id, s.settled ", unsettled!(),
            " ORDER BY s.settle_at LIMIT 1"),
        postgres: concat!("SELECT s.collection_id, s.feed_id, s.settled ", unsettled!(),
            " ORDER BY s.settle_at LIMIT 1 FOR UPDATE OF s SKIP LOCKED");
    HOLD_SETTLING = "UPDATE subscription SET settle_at = $2 WHERE collection_id = $1";
    SETTLED = "UPDATE subscription SET settled = $3, error = $4,
            settle_at = CASE WHEN settle_at = $2 THEN NULL
                WHEN $3 < (SELECT f.revision FROM feed f WHERE f.id = subscription.feed_id) THEN $5
                ELSE settle_at END
        WHERE collection_id = $1";
    UNSETTLED = "UPDATE subscription SET error = $4,
            settle_at = CASE WHEN settle_at = $2 THEN $3 ELSE settle_at END
        WHERE collection_id = $1";
    BY_ID = concat!("SELECT ", columns!(), " FROM feed f WHERE f.id = $1");
    OF_ACCOUNT = concat!("SELECT ", columns!(), ", s.error, s.created_at, c.id, c.path
        FROM subscription s JOIN feed f ON f.id = s.feed_id JOIN collection c ON c.id = s.collection_id
        WHERE c.account_id = $1 AND c.deleted_at IS NULL ORDER BY c.path");
    COUNT = "SELECT count(*) FROM subscription s JOIN collection c ON c.id = s.collection_id
        WHERE c.account_id = $1 AND c.deleted_at IS NULL";
    WISHES = "SELECT p.value FROM subscription s JOIN collection c ON c.id = s.collection_id
        JOIN property p ON p.collection_id = s.collection_id AND p.object = ''
        WHERE s.feed_id = $1 AND c.deleted_at IS NULL
            AND p.namespace = $2 AND p.name = $3 LIMIT $4";
    REFRESH = "UPDATE feed SET next_at = $2 WHERE next_at > $2 AND id =
        (SELECT feed_id FROM subscription WHERE collection_id = $1)";
    PURGE = "DELETE FROM subscription WHERE collection_id = $1";
    UNUSED = "SELECT f.id, f.blob_id FROM feed f WHERE f.touched_at < $1
        AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.feed_id = f.id) LIMIT $2";
    DROP = "DELETE FROM feed WHERE id = $1 AND touched_at < $2
        AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.feed_id = feed.id)";
}

/// A feed and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Its identity.
    pub id: FeedId,
    /// Its address, with user and password.
    pub url: String,
    /// The entity tag of the last good content, or empty.
    pub etag: String,
    /// When that was changed, as its server wrote it, or empty.
    pub modified: String,
    /// The hash of what counts of that content.
    pub hash: Option<Vec<u8>>,
    /// Its objects.
    pub blob: Option<BlobId>,
    /// Grows when the objects change; 0: there has been no good content yet.
    pub revision: i64,
    /// How many objects it has.
    pub members: i64,
    /// How many were left out because they are broken.
    pub left_out: i64,
    /// What the publisher calls it, or empty.
    pub title: String,
    /// The publisher's colour (`#RRGGBB`), or empty.
    pub color: String,
    /// The publisher's time zone, or empty.
    pub zone: String,
    /// Seconds between two looks that the publisher asks for, at least; 0: it says nothing.
    pub pace: i64,
    /// When it is looked at next; [`NEVER`]: not any more.
    pub next_at: Timestamp,
    /// How often looking failed since the last time that it went well.
    pub failures: i64,
    /// Why it failed the last time, or empty.
    pub error: String,
    /// When it was last looked at.
    pub tried_at: Option<Timestamp>,
    /// When that last went well.
    pub ok_at: Option<Timestamp>,
    /// Until when a worker is at it.
    pub leased_until: Timestamp,
}

impl Feed {
    /// Whether it is not looked at any more.
    pub fn stopped(&self) -> bool {
        self.next_at == NEVER
    }
}

/// No time at all.
pub const NEVER: Timestamp = Timestamp(i64::MAX);

fn feed(row: &Row<'_>) -> Outcome<Feed> {
    Ok(Feed {
        id: FeedId(row.int(0)?),
        url: row.text(1)?.to_owned(),
        etag: row.text(2)?.to_owned(),
        modified: row.text(3)?.to_owned(),
        hash: row.opt_bytes(4)?.map(<[u8]>::to_vec),
        blob: row.opt_int(5)?.map(BlobId),
        revision: row.int(6)?,
        members: row.int(7)?,
        left_out: row.int(8)?,
        title: row.text(9)?.to_owned(),
        color: row.text(10)?.to_owned(),
        zone: row.text(11)?.to_owned(),
        pace: row.int(12)?,
        next_at: Timestamp(row.int(13)?),
        failures: row.int(14)?,
        error: row.text(15)?.to_owned(),
        tried_at: row.opt_int(16)?.map(Timestamp),
        ok_at: row.opt_int(17)?.map(Timestamp),
        leased_until: Timestamp(row.int(18)?),
    })
}

/// A feed as one collection has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The feed.
    pub feed: Feed,
    /// Why the collection could not be brought up to date, or empty.
    pub error: String,
    /// Since when.
    pub created_at: Timestamp,
    /// The collection.
    pub collection: CollectionId,
    /// Its path.
    pub path: String,
}

impl Subscription {
    /// What is wrong, in words.
    pub fn trouble(&self) -> Option<&str> {
        [&self.feed.error, &self.error].into_iter().find(|why| !why.is_empty()).map(String::as_str)
    }
}

/// A subscription in a worker's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsettled {
    /// The collection.
    pub collection: CollectionId,
    /// Its feed.
    pub feed: FeedId,
    /// The revision that it holds; 0: none yet.
    pub settled: i64,
    /// The lease.
    pub until: Timestamp,
}

/// Makes a collection one that shows the feed at this address. A feed that failed is
/// looked at again, but not more often than feeds are looked at anyway.
pub async fn subscribe(
    tx: &mut Tx,
    collection: CollectionId,
    url: &str,
    now: Timestamp,
) -> Outcome<()> {
    let map = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?));
    let before = now.plus_seconds(-FEED_PACE_SECONDS.0);
    let (feed, revision) = tx.one(&TAKE, &[url.into(), now.0.into(), before.0.into()], map).await?;
    let settle = (revision > 0).then_some(now.0);
    let with = [collection.0.into(), feed.into(), settle.into(), now.0.into()];
    tx.execute(&SUBSCRIBE, &with).await.map(drop)
}

/// Whether a feed is to be looked at, or a collection to be brought up to date: a look that writes
/// nothing.
pub async fn is_due(tx: &mut Tx, now: Timestamp) -> Outcome<bool> {
    Ok(tx.first(&IS_DUE, &[now.0.into()], |_| Ok(())).await?.is_some())
}

/// Takes a feed that is due and that somebody has, until `until`.
pub async fn claim(tx: &mut Tx, now: Timestamp, until: Timestamp) -> Outcome<Option<Feed>> {
    let Some(mut found) = tx.first(&DUE, &[now.0.into()], feed).await? else { return Ok(None) };
    found.leased_until = until;
    tx.execute(&HOLD, &[found.id.0.into(), until.0.into()]).await?;
    Ok(Some(found))
}

/// Writes down what a look brought, under the lease; `false` when that was lost meanwhile.
pub async fn save(tx: &mut Tx, it: &Feed, lease: Timestamp) -> Outcome<bool> {
    let with = [
        it.id.0.into(),
        lease.0.into(),
        (&it.etag).into(),
        (&it.modified).into(),
        it.hash.as_deref().into(),
        it.blob.map(|blob| blob.0).into(),
        it.revision.into(),
        it.members.into(),
        it.left_out.into(),
        (&it.title).into(),
        (&it.color).into(),
        (&it.zone).into(),
        it.pace.into(),
        it.next_at.0.into(),
        it.failures.into(),
        (&it.error).into(),
        it.tried_at.map(|at| at.0).into(),
        it.ok_at.map(|at| at.0).into(),
    ];
    Ok(tx.execute(&SAVE, &with).await? == 1)
}

/// Notes that all who have a feed are to be brought up to date.
pub async fn unsettle(tx: &mut Tx, feed: FeedId, now: Timestamp) -> Outcome<()> {
    tx.execute(&UNSETTLE, &[feed.0.into(), now.0.into()]).await.map(drop)
}

/// Takes a subscription to be brought up to date, until `until`.
pub async fn claim_settling(
    tx: &mut Tx,
    now: Timestamp,
    until: Timestamp,
) -> Outcome<Option<Unsettled>> {
    let map = |row: &Row<'_>| {
        let (collection, feed) = (CollectionId(row.int(0)?), FeedId(row.int(1)?));
        Ok(Unsettled { collection, feed, settled: row.int(2)?, until })
    };
    let found = tx.first(&DUE_SETTLING, &[now.0.into()], map).await?;
    if let Some(it) = &found {
        tx.execute(&HOLD_SETTLING, &[it.collection.0.into(), until.0.into()]).await?;
    }
    Ok(found)
}

/// Notes that a collection holds this revision; it is due again if the feed changed meanwhile, also
/// where another worker has brought it up to date with that already: what this one wrote may stand
/// over it.
pub async fn settled(
    tx: &mut Tx,
    it: &Unsettled,
    (revision, error): (i64, &str),
    now: Timestamp,
) -> Outcome<()> {
    let (of, until) = (it.collection.0.into(), it.until.0.into());
    tx.execute(&SETTLED, &[of, until, revision.into(), error.into(), now.0.into()]).await.map(drop)
}

/// Notes that a collection could not be brought up to date, and when to try again.
pub async fn unsettled(tx: &mut Tx, it: &Unsettled, again: Timestamp, error: &str) -> Outcome<()> {
    let with = [it.collection.0.into(), it.until.0.into(), again.0.into(), error.into()];
    tx.execute(&UNSETTLED, &with).await.map(drop)
}

/// The feed.
pub async fn by_id(tx: &mut Tx, id: FeedId) -> Outcome<Option<Feed>> {
    tx.first(&BY_ID, &[id.0.into()], feed).await
}

/// The subscriptions of an account's living collections.
pub async fn of_account(tx: &mut Tx, account: PrincipalId) -> Outcome<Vec<Subscription>> {
    tx.all(&OF_ACCOUNT, &[account.0.into()], |row| {
        Ok(Subscription {
            feed: feed(row)?,
            error: row.text(19)?.to_owned(),
            created_at: Timestamp(row.int(20)?),
            collection: CollectionId(row.int(21)?),
            path: row.text(22)?.to_owned(),
        })
    })
    .await
}

/// How many those are.
pub async fn count(tx: &mut Tx, account: PrincipalId) -> Outcome<i64> {
    tx.one(&COUNT, &[account.0.into()], |row| row.int(0)).await
}

/// The values of this property on the collections that show a feed.
pub async fn wishes(
    tx: &mut Tx,
    feed: FeedId,
    (namespace, name): (&str, &str),
    limit: i64,
) -> Outcome<Vec<String>> {
    let with = [feed.0.into(), namespace.into(), name.into(), limit.into()];
    tx.all(&WISHES, &with, |row| Ok(row.text(0)?.to_owned())).await
}

/// Has a collection's feed looked at now.
pub async fn refresh(tx: &mut Tx, of: CollectionId, now: Timestamp) -> Outcome<()> {
    tx.execute(&REFRESH, &[of.0.into(), now.0.into()]).await.map(drop)
}

/// Ends the subscription of a collection that goes.
pub async fn purge(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&PURGE, &[of.0.into()]).await.map(drop)
}

/// Drops feeds that nobody has, untouched since `cutoff`; gives how many.
pub async fn drop_unused(
    tx: &mut Tx,
    cutoff: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Outcome<usize> {
    let map = |row: &Row<'_>| Ok((row.int(0)?, row.opt_int(1)?.map(BlobId)));
    let mut gone = 0;
    for (id, content) in tx.all(&UNUSED, &[cutoff.0.into(), limit.into()], map).await? {
        if tx.execute(&DROP, &[id.into(), cutoff.0.into()]).await? == 1 {
            gone += 1;
            if let Some(content) = content {
                blob::release(tx, content, now).await?;
            }
        }
    }
    Ok(gone)
}
