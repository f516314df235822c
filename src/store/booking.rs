//! When resources are taken, by which objects.
//!
//! Invariant: no two bookings of an account overlap. The database itself refuses what would: a trigger
//! on SQLite, an exclusion constraint on PostgreSQL; whoever books has looked before, under the
//! account's lock.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{BlobId, CollectionId, PrincipalId};
use std::ops::Range;

statements! {
    ADD = "INSERT INTO booking (account_id, start_at, end_at, collection_id, name)
            SELECT $1, s.value, e.value, $4, $5 FROM json_each($2) s
            JOIN json_each($3) e ON e.key = s.key",
        postgres: "INSERT INTO booking (account_id, start_at, end_at, collection_id, name)
            SELECT $1, s.a, s.b, $4, $5 FROM unnest($2::bigint[], $3::bigint[]) s (a, b)";
    RELEASE = "DELETE FROM booking WHERE collection_id = $1 AND name = $2";
    RELEASE_ALL = "DELETE FROM booking WHERE collection_id = $1";
    RELEASE_ACCOUNT = "DELETE FROM booking WHERE account_id = $1";
    TAKEN = "SELECT start_at, end_at FROM booking WHERE account_id = $1
        AND start_at >= coalesce((SELECT max(start_at) FROM booking
            WHERE account_id = $1 AND start_at <= $2), $2)
        AND start_at < $3 AND end_at > $2 AND NOT (collection_id = $4 AND name = $5)
        ORDER BY start_at";
    MARK_DUE = "INSERT INTO booking_due (account_id, collection_id, name) VALUES ($1, 0, '')
        ON CONFLICT (account_id) DO UPDATE SET collection_id = 0, name = ''";
    DUE = "SELECT collection_id, name FROM booking_due WHERE account_id = $1";
    ADVANCE = "UPDATE booking_due SET collection_id = $2, name = $3 WHERE account_id = $1";
    SETTLED = "DELETE FROM booking_due WHERE account_id = $1";
    CALENDAR_EVENTS = "SELECT o.collection_id, o.name, o.blob_id FROM collection c
            JOIN object o ON o.collection_id = c.id
        WHERE c.account_id = $1 AND c.kind = $2 AND c.derived = 0 AND c.deleted_at IS NULL
            AND o.component = $3
            AND (o.collection_id > $4 OR o.collection_id = $4 AND o.name > $5)
        ORDER BY o.collection_id, o.name LIMIT $6";
    FORGET = "DELETE FROM booking WHERE (account_id, start_at) IN
        (SELECT account_id, start_at FROM booking WHERE end_at < $1 ORDER BY end_at LIMIT $2)";
}

/// The object that books: its collection and name.
pub type By<'a> = (CollectionId, &'a str);

/// Books an account for an object. The ranges do not overlap.
pub async fn add(
    tx: &mut Tx,
    account: PrincipalId,
    by: By<'_>,
    ranges: &[Range<i64>],
) -> Outcome<()> {
    if ranges.is_empty() {
        return Ok(());
    }
    let starts: Vec<i64> = ranges.iter().map(|it| it.start).collect();
    let ends: Vec<i64> = ranges.iter().map(|it| it.end).collect();
    let with = [account.0.into(), starts[..].into(), ends[..].into(), by.0.0.into(), by.1.into()];
    tx.execute(&ADD, &with).await.map(drop)
}

/// Ends what an object has booked.
pub async fn release(tx: &mut Tx, by: By<'_>) -> Outcome<()> {
    tx.execute(&RELEASE, &[by.0.0.into(), by.1.into()]).await.map(drop)
}

/// Ends what the objects of a collection have booked.
pub async fn release_all(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&RELEASE_ALL, &[of.0.into()]).await.map(drop)
}

/// Ends all bookings of an account; none are to be worked out any more.
pub async fn forget_account(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    advance(tx, account, None).await?;
    release_account(tx, account).await
}

/// Ends all bookings of an account.
pub async fn release_account(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    tx.execute(&RELEASE_ACCOUNT, &[account.0.into()]).await.map(drop)
}

/// What is booked within a range by other objects than this one.
pub async fn taken(
    tx: &mut Tx,
    account: PrincipalId,
    within: Range<i64>,
    but: By<'_>,
) -> Outcome<Vec<Range<i64>>> {
    let with =
        [account.0.into(), within.start.into(), within.end.into(), but.0.0.into(), but.1.into()];
    tx.all(&TAKEN, &with, |row| Ok(row.int(0)?..row.int(1)?)).await
}

/// Notes that an account's bookings are to be worked out anew.
pub async fn mark_due(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    tx.execute(&MARK_DUE, &[account.0.into()]).await.map(drop)
}

/// After which object the working out of an account's bookings goes on; none: they are worked out.
pub async fn due(tx: &mut Tx, account: PrincipalId) -> Outcome<Option<(CollectionId, String)>> {
    let map = |row: &Row<'_>| Ok((CollectionId(row.int(0)?), row.text(1)?.to_owned()));
    tx.first(&DUE, &[account.0.into()], map).await
}

/// Notes up to which object an account's bookings have been worked out; none: to the end.
pub async fn advance(tx: &mut Tx, account: PrincipalId, to: Option<By<'_>>) -> Outcome<()> {
    match to {
        Some((of, name)) => {
            tx.execute(&ADVANCE, &[account.0.into(), of.0.into(), name.into()]).await.map(drop)
        }
        None => tx.execute(&SETTLED, &[account.0.into()]).await.map(drop),
    }
}

/// An object of an account's calendars.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its collection.
    pub of: CollectionId,
    /// Its name.
    pub name: String,
    /// Its content.
    pub blob: BlobId,
}

/// The next objects of one component in an account's own collections of a kind, at most `limit`.
pub async fn events(
    tx: &mut Tx,
    account: PrincipalId,
    (kind, component): (i64, i64),
    after: By<'_>,
    limit: usize,
) -> Outcome<Vec<Event>> {
    let with = [
        account.0.into(),
        kind.into(),
        component.into(),
        after.0.0.into(),
        after.1.into(),
        (limit as i64).into(),
    ];
    let map = |row: &Row<'_>| {
        Ok(Event {
            of: CollectionId(row.int(0)?),
            name: row.text(1)?.to_owned(),
            blob: BlobId(row.int(2)?),
        })
    };
    tx.all(&CALENDAR_EVENTS, &with, map).await
}

/// Forgets a batch of bookings that ended before a moment; gives how many.
pub async fn forget_ended(tx: &mut Tx, before: Timestamp, limit: i64) -> Outcome<u64> {
    tx.execute(&FORGET, &[before.seconds().into(), limit.into()]).await
}
