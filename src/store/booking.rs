//! When resources are taken, by which objects.
//!
//! Invariant: no two bookings of an account overlap. The database itself refuses what would: a trigger
//! on SQLite, an exclusion constraint on PostgreSQL; whoever books has looked before, under the
//! account's lock.

use super::statement::statements;
use super::tx::Tx;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
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
    SET_MODE = "UPDATE account SET booking = $2 WHERE id = $1";
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

/// Says what a resource does with invitations; see `change_log::booking`.
pub async fn set_mode(tx: &mut Tx, account: PrincipalId, mode: i64) -> Outcome<()> {
    tx.execute(&SET_MODE, &[account.0.into(), mode.into()]).await.map(drop)
}
