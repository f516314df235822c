//! Rows of mailboxes: what a collection of messages has beside its row as a collection.
//!
//! Invariant: UIDs are given under the lock of the account and never twice (RFC 9051 §2.3.1.1).

use super::collection::{COLUMNS, Collection, below, collection, columns};
use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};

macro_rules! row {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", uid_next, special_use, keywords
            FROM collection JOIN mailbox ON collection_id = id "
        )
    };
}

statements! {
    INSERT = "INSERT INTO mailbox (collection_id, uid_next, special_use, keywords)
        VALUES ($1, 1, $2, '')";
    AT = concat!(row!(), "WHERE account_id = $1 AND path = $2");
    BELOW = concat!(row!(), "WHERE account_id = $1 AND path >= $2 AND path < $3 ORDER BY path");
    GIVE = "UPDATE mailbox SET uid_next = uid_next + $2 WHERE collection_id = $1
        RETURNING uid_next - $2";
    SET_KEYWORDS = "UPDATE mailbox SET keywords = $2 WHERE collection_id = $1";
    WITHOUT = "SELECT id FROM principal p WHERE NOT EXISTS (SELECT 1
        FROM collection c WHERE c.account_id = p.id AND c.path = 'mail')";
    SUBSCRIBE = "INSERT INTO mail_subscription (principal_id, name) VALUES ($1, $2)
        ON CONFLICT (principal_id, name) DO NOTHING";
    UNSUBSCRIBE = "DELETE FROM mail_subscription WHERE principal_id = $1 AND name = $2";
    SUBSCRIPTIONS = "SELECT name FROM mail_subscription WHERE principal_id = $1 ORDER BY name";
    UNSUBSCRIBE_ALL = "DELETE FROM mail_subscription WHERE principal_id = $1";
    PURGE = "DELETE FROM mailbox WHERE collection_id = $1";
}

/// A mailbox beside its collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The UID that the next message gets.
    pub uid_next: u32,
    /// What it is for (`domain::mail::special_use`), as a set of bits.
    pub special_use: i64,
    /// The names of its own flags, joined by blanks.
    pub keywords: String,
}

fn mailbox(row: &Row<'_>) -> Outcome<(Collection, Mailbox)> {
    let beside = Mailbox {
        uid_next: row.int(COLUMNS)? as u32,
        special_use: row.int(COLUMNS + 1)?,
        keywords: row.text(COLUMNS + 2)?.to_owned(),
    };
    Ok((collection(row)?, beside))
}

/// Makes a mailbox of a collection.
pub async fn insert(tx: &mut Tx, id: CollectionId, special_use: i64) -> Outcome<()> {
    tx.execute(&INSERT, &[id.0.into(), special_use.into()]).await.map(drop)
}

/// The mailbox at a path.
pub async fn at(
    tx: &mut Tx,
    account: PrincipalId,
    path: &str,
) -> Outcome<Option<(Collection, Mailbox)>> {
    tx.first(&AT, &[account.0.into(), path.into()], mailbox).await
}

/// The mailboxes strictly below a path, by their paths.
pub async fn all_below(
    tx: &mut Tx,
    account: PrincipalId,
    path: &str,
) -> Outcome<Vec<(Collection, Mailbox)>> {
    let (from, end) = below(path);
    tx.all(&BELOW, &[account.0.into(), (&from).into(), (&end).into()], mailbox).await
}

/// Takes so many UIDs; gives the first. The caller holds the account's lock.
pub async fn give(tx: &mut Tx, id: CollectionId, count: u32) -> Outcome<i64> {
    tx.one(&GIVE, &[id.0.into(), i64::from(count).into()], |row| row.int(0)).await
}

/// Sets the names of its own flags.
pub async fn set_keywords(tx: &mut Tx, id: CollectionId, names: &str) -> Outcome<()> {
    tx.execute(&SET_KEYWORDS, &[id.0.into(), names.into()]).await.map(drop)
}

/// Principals that have no mail home.
pub async fn without_home(tx: &mut Tx) -> Outcome<Vec<PrincipalId>> {
    tx.all(&WITHOUT, &[], |row| Ok(PrincipalId(row.int(0)?))).await
}

/// Has a mailbox listed for somebody, or not any more.
pub async fn subscribe(tx: &mut Tx, who: PrincipalId, name: &str, listed: bool) -> Outcome<()> {
    let statement = if listed { &SUBSCRIBE } else { &UNSUBSCRIBE };
    tx.execute(statement, &[who.0.into(), name.into()]).await.map(drop)
}

/// The names of mailboxes that somebody wants listed, in their order.
pub async fn subscriptions(tx: &mut Tx, who: PrincipalId) -> Outcome<Vec<String>> {
    tx.all(&SUBSCRIPTIONS, &[who.0.into()], |row| Ok(row.text(0)?.to_owned())).await
}

/// Forgets what somebody wants listed.
pub async fn unsubscribe_all(tx: &mut Tx, who: PrincipalId) -> Outcome<()> {
    tx.execute(&UNSUBSCRIBE_ALL, &[who.0.into()]).await.map(drop)
}

/// Removes the mailbox of a collection.
pub async fn purge(tx: &mut Tx, id: CollectionId) -> Outcome<()> {
    tx.execute(&PURGE, &[id.0.into()]).await.map(drop)
}
