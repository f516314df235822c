//! Links: addresses that give a collection to whoever knows them, without a sign-in.
//!
//! Invariant: a secret is kept as its SHA-256 only; the token itself is kept of links that are
//! public by intent, for their owner to see again.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, LinkId, PrincipalId};

statements! {
    INSERT = "INSERT INTO link (collection_id, hash, token, label, detail, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    OF_ACCOUNT = "SELECT l.id, l.token, l.label, l.detail, l.created_at, l.expires_at, l.used_at,
        c.path FROM link l JOIN collection c ON c.id = l.collection_id
        WHERE c.account_id = $1 AND c.deleted_at IS NULL ORDER BY c.path, l.id";
    BY_HASH = "SELECT id, token, label, detail, created_at, expires_at, used_at, collection_id
        FROM link WHERE hash = $1";
    USED = "UPDATE link SET used_at = $2 WHERE id = $1";
    REMOVE = "DELETE FROM link WHERE id = $1";
    PURGE = "DELETE FROM link WHERE collection_id = $1";
}

/// A link without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its identity.
    pub id: LinkId,
    /// The token, of a public one.
    pub token: Option<String>,
    /// What its owner calls it.
    pub label: String,
    /// How much it shows, as a number (`domain::link::Detail`).
    pub detail: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the hour.
    pub used_at: Option<Timestamp>,
}

fn link(row: &Row<'_>) -> Outcome<Link> {
    Ok(Link {
        id: LinkId(row.int(0)?),
        token: row.opt_text(1)?.map(str::to_owned),
        label: row.text(2)?.to_owned(),
        detail: row.int(3)?,
        created_at: Timestamp(row.int(4)?),
        expires_at: row.opt_int(5)?.map(Timestamp),
        used_at: row.opt_int(6)?.map(Timestamp),
    })
}

/// Adds a link; its identity and use are not looked at.
pub async fn insert(tx: &mut Tx, of: CollectionId, hash: &[u8; 32], it: &Link) -> Outcome<LinkId> {
    let with = [
        of.0.into(),
        hash[..].into(),
        it.token.as_deref().into(),
        (&it.label).into(),
        it.detail.into(),
        it.created_at.0.into(),
        it.expires_at.map(|end| end.0).into(),
    ];
    tx.one(&INSERT, &with, |row| Ok(LinkId(row.int(0)?))).await
}

/// The links of an account's living collections, each with the collection's path.
pub async fn of_account(tx: &mut Tx, account: PrincipalId) -> Outcome<Vec<(String, Link)>> {
    tx.all(&OF_ACCOUNT, &[account.0.into()], |row| Ok((row.text(7)?.to_owned(), link(row)?))).await
}

/// The link with this hash, and what it gives.
pub async fn by_hash(tx: &mut Tx, hash: &[u8; 32]) -> Outcome<Option<(Link, CollectionId)>> {
    let map = |row: &Row<'_>| Ok((link(row)?, CollectionId(row.int(7)?)));
    tx.first(&BY_HASH, &[hash[..].into()], map).await
}

/// Notes that a link was used.
pub async fn used(tx: &mut Tx, id: LinkId, at: Timestamp) -> Outcome<()> {
    tx.execute(&USED, &[id.0.into(), at.0.into()]).await.map(drop)
}

/// Takes a link back.
pub async fn remove(tx: &mut Tx, id: LinkId) -> Outcome<()> {
    tx.execute(&REMOVE, &[id.0.into()]).await.map(drop)
}

/// Takes every link to a collection back.
pub async fn purge(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&PURGE, &[of.0.into()]).await.map(drop)
}
