//! What people have for themselves in the objects of others' calendars.
//!
//! Invariants: a row goes with its object, its collection and its principal, and when nothing is shared
//! with him any more; a row that says nothing stays, so that his other devices hear of it.

use super::object::{self, Object, columns};
use super::statement::statements;
use super::tx::Tx;
use crate::kernel::change::ChangeNumber;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};

statements! {
    OF = "SELECT name, own FROM personal WHERE collection_id = $1 AND principal_id = $2
            AND name IN (SELECT value FROM json_each($3))",
        postgres: "SELECT name, own FROM personal WHERE collection_id = $1 AND principal_id = $2
            AND name = ANY($3)";
    ANY = "SELECT 1 FROM personal WHERE principal_id = $1 AND collection_id = $2 LIMIT 1",
        postgres: "SELECT 1::bigint FROM personal
            WHERE principal_id = $1 AND collection_id = $2 LIMIT 1";
    STATE = "SELECT max(change) FROM personal WHERE principal_id = $1 AND collection_id = $2";
    TOTAL = "SELECT CAST(coalesce(sum(octets), 0) AS BIGINT) FROM personal
        WHERE principal_id = $1 AND collection_id = $2";
    SINCE = concat!("SELECT ", columns!(), ", p.change FROM personal p
        JOIN object o ON o.collection_id = p.collection_id AND o.name = p.name
        WHERE p.principal_id = $1 AND p.collection_id = $2 AND p.change > $3
        ORDER BY p.change LIMIT $4");
    SET = "INSERT INTO personal (collection_id, name, principal_id, change, octets, own)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (collection_id, name, principal_id) DO UPDATE
        SET change = excluded.change, octets = excluded.octets, own = excluded.own";
    MOVE = "UPDATE personal SET collection_id = $3, name = $4
        WHERE collection_id = $1 AND name = $2";
    CLEAR = "DELETE FROM personal WHERE collection_id = $1 AND name = $2";
    END = "DELETE FROM personal WHERE principal_id = $1 AND collection_id = $2";
    PURGE = "DELETE FROM personal WHERE collection_id = $1";
    PURGE_PRINCIPAL = "DELETE FROM personal WHERE principal_id = $1";
}

/// What somebody has for himself in these objects of a collection, by name; the others have no row.
pub async fn of(
    tx: &mut Tx,
    who: PrincipalId,
    collection: CollectionId,
    names: &[String],
) -> Outcome<Vec<(String, String)>> {
    // Most people have nothing anywhere, and one look says so.
    let with = [who.0.into(), collection.0.into()];
    if names.len() > 1 && tx.first(&ANY, &with, |row| row.int(0)).await?.is_none() {
        return Ok(Vec::new());
    }
    tx.all(&OF, &[collection.0.into(), who.0.into(), names.into()], |row| {
        Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
    })
    .await
}

/// The number with which somebody last set something of his own in a collection.
pub async fn state(
    tx: &mut Tx,
    who: PrincipalId,
    collection: CollectionId,
) -> Outcome<Option<u64>> {
    let with = [who.0.into(), collection.0.into()];
    let last = tx.one(&STATE, &with, |row| row.opt_int(0)).await?;
    Ok(last.map(|last| last.max(0).unsigned_abs()))
}

/// The octets of all that somebody has for himself in a collection.
pub async fn total(tx: &mut Tx, who: PrincipalId, collection: CollectionId) -> Outcome<i64> {
    tx.one(&TOTAL, &[who.0.into(), collection.0.into()], |row| row.int(0)).await
}

/// The objects in which somebody set something of his own after a number, in that order, each with
/// the number; at most `limit`.
pub async fn since(
    tx: &mut Tx,
    who: PrincipalId,
    (collection, after): (CollectionId, u64),
    limit: usize,
) -> Outcome<Vec<(u64, Object)>> {
    let (after, limit) = (i64::try_from(after).unwrap_or(i64::MAX), limit.min(1 << 31) as i64);
    let with = [who.0.into(), collection.0.into(), after.into(), limit.into()];
    tx.all(&SINCE, &with, |row| {
        Ok((row.int(object::COLUMNS)?.max(0).unsigned_abs(), object::object(row)?))
    })
    .await
}

/// Sets what somebody has for himself in an object.
pub async fn set(
    tx: &mut Tx,
    who: PrincipalId,
    (collection, name): (CollectionId, &str),
    number: ChangeNumber,
    own: &str,
) -> Outcome<()> {
    let octets = own.len() as i64;
    let with = [
        collection.0.into(),
        name.into(),
        who.0.into(),
        number.0.into(),
        octets.into(),
        own.into(),
    ];
    tx.execute(&SET, &with).await.map(drop)
}

/// Has everybody's own go with an object that moves.
pub async fn carry(
    tx: &mut Tx,
    from: (CollectionId, &str),
    to: (CollectionId, &str),
) -> Outcome<()> {
    let with = [from.0.0.into(), from.1.into(), to.0.0.into(), to.1.into()];
    tx.execute(&MOVE, &with).await.map(drop)
}

/// Forgets everybody's own of an object that is gone.
pub async fn clear(tx: &mut Tx, of: CollectionId, name: &str) -> Outcome<()> {
    tx.execute(&CLEAR, &[of.0.into(), name.into()]).await.map(drop)
}

/// Forgets what somebody has for himself in a collection.
pub async fn end(tx: &mut Tx, who: PrincipalId, collection: CollectionId) -> Outcome<()> {
    tx.execute(&END, &[who.0.into(), collection.0.into()]).await.map(drop)
}

/// Forgets what hangs on a collection that is purged.
pub async fn purge(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&PURGE, &[of.0.into()]).await.map(drop)
}

/// Forgets what somebody who is gone had for himself.
pub async fn purge_principal(tx: &mut Tx, who: PrincipalId) -> Outcome<()> {
    tx.execute(&PURGE_PRINCIPAL, &[who.0.into()]).await.map(drop)
}
