//! What background work has to do for the index that queries look into (`search`), by collection.
//!
//! Invariants: one row for a collection; while its `fill` is set, its objects after that name are
//! still to be entered, and queries trust neither the texts of the collection nor the times of those
//! objects; an object that comes from such a collection brings that with it.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};

statements! {
    NOTE = "INSERT INTO search_due (collection_id, fill) VALUES ($1, NULL)
        ON CONFLICT (collection_id) DO NOTHING";
    CARRY = "INSERT INTO search_due (collection_id, fill)
        SELECT CAST($1 AS BIGINT), '' FROM search_due WHERE collection_id = $2 AND fill IS NOT NULL
        ON CONFLICT (collection_id) DO UPDATE SET fill = ''";
    PAGE = "SELECT id, kind, member_count FROM collection WHERE id > $1 ORDER BY id LIMIT $2";
    MARK = "INSERT INTO search_due (collection_id, fill) SELECT value, '' FROM json_each($1)
            WHERE true ON CONFLICT (collection_id) DO UPDATE SET fill = ''",
        postgres: "INSERT INTO search_due (collection_id, fill) SELECT id, ''
            FROM unnest($1::bigint[]) c (id)
            ON CONFLICT (collection_id) DO UPDATE SET fill = ''";
    NEXT = "SELECT d.collection_id, c.account_id, c.kind, d.fill FROM search_due d
        LEFT JOIN collection c ON c.id = d.collection_id WHERE d.collection_id > $1
        ORDER BY d.collection_id LIMIT 1";
    FILLED = "UPDATE search_due SET fill = $3 WHERE collection_id = $1 AND fill = $2";
    DONE = "DELETE FROM search_due WHERE collection_id = $1 AND fill IS NULL";
    GONE = "DELETE FROM search_due WHERE collection_id = $1";
}

/// A collection whose index has work to do.
#[derive(Clone, Debug)]
pub struct Due {
    /// The collection.
    pub of: CollectionId,
    /// Its account and kind; none when it is gone.
    pub is: Option<(PrincipalId, i64)>,
    /// The name after which objects are still to be entered.
    pub fill: Option<String>,
}

/// The first of them after one.
pub async fn next(tx: &mut Tx, after: CollectionId) -> Outcome<Option<Due>> {
    tx.first(&NEXT, &[after.0.into()], |row| {
        let (account, kind) = (row.opt_int(1)?, row.opt_int(2)?);
        Ok(Due {
            of: CollectionId(row.int(0)?),
            is: account.map(PrincipalId).zip(kind),
            fill: row.opt_text(3)?.map(str::to_owned),
        })
    })
    .await
}

/// Notes that a segment may be made.
pub(super) async fn note(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&NOTE, &[of.0.into()]).await.map(drop)
}

/// An object goes from one collection to another: where objects are still to be entered it may be
/// one of them, and is entered where it comes to.
pub(super) async fn carry(tx: &mut Tx, from: CollectionId, to: CollectionId) -> Outcome<()> {
    tx.execute(&CARRY, &[to.0.into(), from.0.into()]).await.map(drop)
}

/// Notes of the next collections after one, at most `limit`, that every object is to be entered anew
/// where they are of these kinds; gives the last of them, none where there are no more.
pub async fn mark(
    tx: &mut Tx,
    kinds: &[i64],
    after: CollectionId,
    limit: usize,
) -> Outcome<Option<CollectionId>> {
    let map = |row: &Row<'_>| Ok((row.int(0)?, kinds.contains(&row.int(1)?) && row.int(2)? > 0));
    let page = tx.all(&PAGE, &[after.0.into(), (limit as i64).into()], map).await?;
    let marked: Vec<i64> = page.iter().filter(|it| it.1).map(|it| it.0).collect();
    if !marked.is_empty() {
        tx.execute(&MARK, &[marked[..].into()]).await?;
    }
    Ok(page.last().map(|it| CollectionId(it.0)).filter(|_| page.len() == limit))
}

/// Notes that objects after one have been entered, up to another; none: all have been. Where
/// meanwhile others came that are to be entered, nothing is noted.
pub async fn filled(tx: &mut Tx, of: CollectionId, after: &str, to: Option<&str>) -> Outcome<()> {
    tx.execute(&FILLED, &[of.0.into(), after.into(), to.into()]).await.map(drop)
}

/// Notes that there is nothing to do, unless objects are still to be entered.
pub(super) async fn done(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&DONE, &[of.0.into()]).await.map(drop)
}

/// Forgets what was to be done for a collection that is gone.
pub async fn gone(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&GONE, &[of.0.into()]).await.map(drop)
}
