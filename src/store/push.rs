//! Who wants to be told of changes of a collection by a push service: the registrations of WebDAV-Push,
//! how far each has been told, and when the next message to it may go.
//!
//! Invariants: a principal has an endpoint once for a collection; a message is only sent by who holds
//! the lease; what is still to be told is what has changed after `told`, so nothing is written for a
//! registration when something changes, and nothing is lost when a process ends.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId, PushId};

macro_rules! pending {
    ($within:literal) => {
        concat!(
            "WITH pending AS (SELECT s.id, s.principal_id, s.account_id, s.endpoint, s.due_at,
            row_number() OVER (PARTITION BY s.principal_id ORDER BY s.due_at, s.id) AS place
            FROM push_subscription s LEFT JOIN collection c ON c.id = s.collection_id
            WHERE s.leased_until <= $1 AND s.expires_at > $1 AND (c.id IS NULL
                OR c.last_change > s.told OR c.deleted_at IS NOT NULL)",
            $within,
            ") SELECT id, principal_id, account_id, endpoint, due_at FROM pending
            WHERE place <= $2 ORDER BY place, due_at, id LIMIT $3"
        )
    };
}

statements! {
    REGISTER = "INSERT INTO push_subscription (token, principal_id, account_id, collection_id, endpoint,
            public_key, auth, content, properties, expires_at, told, due_at, leased_until, failures,
            failing_at, error)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, NULL, '')
        ON CONFLICT (principal_id, collection_id, endpoint) DO UPDATE SET
            public_key = excluded.public_key, auth = excluded.auth, content = excluded.content,
            properties = excluded.properties, expires_at = excluded.expires_at,
            due_at = CASE WHEN push_subscription.failures > 0 THEN excluded.due_at
                ELSE push_subscription.due_at END,
            failures = 0, failing_at = NULL, error = ''
        RETURNING id, token";
    KEEP_OF_COLLECTION = "DELETE FROM push_subscription WHERE principal_id = $1 AND collection_id = $2
        AND id NOT IN (SELECT s.id FROM push_subscription s
            WHERE s.principal_id = $1 AND s.collection_id = $2
            ORDER BY CASE WHEN s.id = $3 THEN 0 ELSE 1 END, s.expires_at DESC LIMIT $4)";
    KEEP_OF_PRINCIPAL = "DELETE FROM push_subscription WHERE principal_id = $1
        AND id NOT IN (SELECT s.id FROM push_subscription s WHERE s.principal_id = $1
            ORDER BY CASE WHEN s.id = $2 THEN 0 ELSE 1 END, s.expires_at DESC LIMIT $3)";
    UNREGISTER = "DELETE FROM push_subscription
        WHERE token = $1 AND principal_id = $2 AND expires_at > $3";
    BY_ID = "SELECT id, token, principal_id, account_id, collection_id, endpoint, public_key, auth,
        content, properties, expires_at, told, failures, failing_at FROM push_subscription WHERE id = $1";
    PENDING = pending!("");
    PENDING_WITHIN = pending!(" AND s.account_id IN (SELECT value FROM json_each($4))"),
        postgres: pending!(" AND s.account_id = ANY($4)");
    CLAIM = "UPDATE push_subscription SET leased_until = $2
        WHERE id = $1 AND leased_until <= $3 AND due_at <= $3 AND expires_at > $3";
    TOLD = "UPDATE push_subscription SET told = $3, leased_until = 0
        WHERE id = $1 AND leased_until = $2";
    DELIVERED = "UPDATE push_subscription SET told = $3, due_at = $4, leased_until = 0, failures = 0,
            failing_at = NULL, error = ''
        WHERE id = $1 AND leased_until = $2";
    FAILED = "UPDATE push_subscription SET due_at = $3, leased_until = 0, failures = failures + 1,
            failing_at = coalesce(failing_at, $4), error = $5
        WHERE id = $1 AND leased_until = $2";
    REMOVE = "DELETE FROM push_subscription WHERE id = $1";
    EXPIRE = "DELETE FROM push_subscription WHERE id IN
        (SELECT id FROM push_subscription WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    PURGE = "DELETE FROM push_subscription WHERE collection_id = $1";
    PURGE_PRINCIPAL = "DELETE FROM push_subscription WHERE principal_id = $1 OR account_id = $1";
}

/// A registration.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its identity.
    pub id: PushId,
    /// Its name in its address.
    pub token: String,
    /// Who registered it.
    pub principal: PrincipalId,
    /// The account of the collection.
    pub account: PrincipalId,
    /// The collection.
    pub collection: CollectionId,
    /// Where messages go.
    pub endpoint: String,
    /// The subscriber's public key.
    pub public_key: Vec<u8>,
    /// The subscriber's secret.
    pub auth: Vec<u8>,
    /// How deep changes of content count (`domain::push::Depth` as a number); -1: not at all.
    pub content: i64,
    /// The same for properties.
    pub properties: i64,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The number up to which the subscriber has been told.
    pub told: ChangeNumber,
    /// How often messages failed since the last one that went well.
    pub failures: i64,
    /// Since when.
    pub failing_at: Option<Timestamp>,
}

/// Registers, or brings a registration of the same endpoint up to date, which keeps its token and how
/// far it has been told. The identity, and what is said of failures, are not looked at.
pub async fn register(tx: &mut Tx, it: &Subscription, now: Timestamp) -> Outcome<(PushId, String)> {
    let with = [
        (&it.token).into(),
        it.principal.0.into(),
        it.account.0.into(),
        it.collection.0.into(),
        (&it.endpoint).into(),
        it.public_key[..].into(),
        it.auth[..].into(),
        it.content.into(),
        it.properties.into(),
        it.expires_at.0.into(),
        it.told.0.into(),
        now.0.into(),
    ];
    tx.one(&REGISTER, &with, |row| Ok((PushId(row.int(0)?), row.text(1)?.to_owned()))).await
}

/// Keeps `it` and, of the others of its principal, those that last longest: so many of a collection,
/// so many in all.
pub async fn keep(
    tx: &mut Tx,
    it: &Subscription,
    id: PushId,
    (each, all): (i64, i64),
) -> Outcome<()> {
    let (who, of) = (it.principal.0.into(), it.collection.0.into());
    tx.execute(&KEEP_OF_COLLECTION, &[who, of, id.0.into(), each.into()]).await?;
    tx.execute(&KEEP_OF_PRINCIPAL, &[who, id.0.into(), all.into()]).await.map(drop)
}

/// Ends a registration of a principal; `false` when there is none that lasts.
pub async fn unregister(
    tx: &mut Tx,
    principal: PrincipalId,
    token: &str,
    now: Timestamp,
) -> Outcome<bool> {
    let with = [token.into(), principal.0.into(), now.0.into()];
    Ok(tx.execute(&UNREGISTER, &with).await? > 0)
}

/// The registration of this identity.
pub async fn by_id(tx: &mut Tx, id: PushId) -> Outcome<Option<Subscription>> {
    tx.first(&BY_ID, &[id.0.into()], |row| {
        Ok(Subscription {
            id: PushId(row.int(0)?),
            token: row.text(1)?.to_owned(),
            principal: PrincipalId(row.int(2)?),
            account: PrincipalId(row.int(3)?),
            collection: CollectionId(row.int(4)?),
            endpoint: row.text(5)?.to_owned(),
            public_key: row.bytes(6)?.to_owned(),
            auth: row.bytes(7)?.to_owned(),
            content: row.int(8)?,
            properties: row.int(9)?,
            expires_at: Timestamp(row.int(10)?),
            told: ChangeNumber(row.int(11)?),
            failures: row.int(12)?,
            failing_at: row.opt_int(13)?.map(Timestamp),
        })
    })
    .await
}

/// A registration whose collection has changed since it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Which.
    pub id: PushId,
    /// Whose.
    pub principal: PrincipalId,
    /// The account of the collection.
    pub account: PrincipalId,
    /// Where its messages go.
    pub endpoint: String,
    /// When the next one may go.
    pub due_at: Timestamp,
}

/// The registrations with something to be told that nobody is at, in these accounts or in all: a few
/// of each principal, by turns, the one that waits longest first.
pub async fn pending(
    tx: &mut Tx,
    within: Option<&[i64]>,
    now: Timestamp,
    (each, limit): (i64, i64),
) -> Outcome<Vec<Pending>> {
    let map = |row: &Row<'_>| {
        Ok(Pending {
            id: PushId(row.int(0)?),
            principal: PrincipalId(row.int(1)?),
            account: PrincipalId(row.int(2)?),
            endpoint: row.text(3)?.to_owned(),
            due_at: Timestamp(row.int(4)?),
        })
    };
    let (now, each, limit) = (now.0.into(), each.into(), limit.into());
    match within {
        None => tx.all(&PENDING, &[now, each, limit], map).await,
        Some(accounts) => tx.all(&PENDING_WITHIN, &[now, each, limit, accounts.into()], map).await,
    }
}

/// Takes a registration that is due, until `until`; `false` when another worker has it.
pub async fn claim(tx: &mut Tx, id: PushId, now: Timestamp, until: Timestamp) -> Outcome<bool> {
    Ok(tx.execute(&CLAIM, &[id.0.into(), until.0.into(), now.0.into()]).await? == 1)
}

/// Gives a taken one back: there was nothing in it to be told of up to `told`.
pub async fn told(tx: &mut Tx, id: PushId, lease: Timestamp, told: ChangeNumber) -> Outcome<()> {
    tx.execute(&TOLD, &[id.0.into(), lease.0.into(), told.0.into()]).await.map(drop)
}

/// Gives a taken one back: a message went out, the next may go at `due`.
pub async fn delivered(
    tx: &mut Tx,
    id: PushId,
    lease: Timestamp,
    told: ChangeNumber,
    due: Timestamp,
) -> Outcome<()> {
    let with = [id.0.into(), lease.0.into(), told.0.into(), due.0.into()];
    tx.execute(&DELIVERED, &with).await.map(drop)
}

/// Gives a taken one back: the message did not go out, and is tried again at `due`.
pub async fn failed(
    tx: &mut Tx,
    id: PushId,
    lease: Timestamp,
    (now, due): (Timestamp, Timestamp),
    why: &str,
) -> Outcome<()> {
    let with = [id.0.into(), lease.0.into(), due.0.into(), now.0.into(), why.into()];
    tx.execute(&FAILED, &with).await.map(drop)
}

/// Removes a registration.
pub async fn remove(tx: &mut Tx, id: PushId) -> Outcome<()> {
    tx.execute(&REMOVE, &[id.0.into()]).await.map(drop)
}

/// Removes registrations that have ended, at most `limit`; gives how many.
pub async fn expire(tx: &mut Tx, now: Timestamp, limit: i64) -> Outcome<usize> {
    Ok(tx.execute(&EXPIRE, &[now.0.into(), limit.into()]).await? as usize)
}

/// Removes every registration for a collection.
pub async fn purge(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&PURGE, &[of.0.into()]).await.map(drop)
}

/// Removes every registration of a principal that is going away, and of others for what is his.
pub async fn purge_principal(tx: &mut Tx, of: PrincipalId) -> Outcome<()> {
    tx.execute(&PURGE_PRINCIPAL, &[of.0.into()]).await.map(drop)
}
