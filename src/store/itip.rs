//! Scheduling messages between the calendars of this server (RFC 6638 §3.2, §4): the queue of those
//! that are to be delivered, and the history of what was decided.
//!
//! Invariants: a message is written by the transaction that caused it, so it is sent exactly when
//! that stands; it is marked as done by the transaction that takes it in, so it counts once.

use super::blob;
use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{BlobId, CollectionId, PrincipalId};

macro_rules! columns {
    () => {
        "id, account_id, uid, principal_id, method, recipient, recipient_id, about, blob_id, \
         created_at, done_at, status, outcome, attempts"
    };
}

macro_rules! told_columns {
    () => {
        concat!(
            columns!(),
            ", (SELECT p.name FROM principal p WHERE p.id = itip.account_id), \
             (SELECT p.name FROM principal p WHERE p.id = itip.principal_id)"
        )
    };
}

/// The objects of keys: their UIDs and contents.
macro_rules! of_keys {
    ($keys:literal, $where:literal) => {
        concat!(
            "SELECT ",
            told_columns!(),
            ", k.content FROM (SELECT o.uid AS of_uid, o.blob_id AS content FROM ",
            $keys,
            " k CROSS JOIN object o WHERE ",
            $where,
            " AND o.schedule_tag IS NOT NULL) k JOIN itip ON itip.uid = k.of_uid
            AND (account_id = $1 OR recipient_id = $1) ORDER BY id DESC LIMIT $3"
        )
    };
}

statements! {
    ADD = "INSERT INTO itip (account_id, uid, principal_id, method, recipient, recipient_id, about,
            blob_id, created_at, due_at, done_at, status, outcome, attempts)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, '', 0)";
    DUE = "SELECT recipient_id FROM itip WHERE done_at IS NULL AND due_at <= $1
        GROUP BY recipient_id ORDER BY min(id) LIMIT $2";
    PENDING = concat!("SELECT ", columns!(), " FROM itip
        WHERE recipient_id = $1 AND done_at IS NULL ORDER BY id LIMIT $2");
    DONE = "UPDATE itip SET done_at = $2, status = $3, outcome = $4, blob_id = NULL WHERE id = $1";
    LATER = "UPDATE itip SET due_at = $2, outcome = $3, attempts = attempts + 1
        WHERE recipient_id = $1 AND done_at IS NULL";
    NEXT_DUE = "SELECT min(due_at) FROM itip WHERE done_at IS NULL";
    HISTORY = concat!("SELECT ", told_columns!(), " FROM itip
        WHERE uid = $2 AND (account_id = $1 OR recipient_id = $1) ORDER BY id DESC LIMIT $3");
    OF_OBJECTS = of_keys!("json_each($2)",
            "o.collection_id = CAST(substr(k.value, 1, instr(k.value, '/') - 1) AS INTEGER)
            AND o.name = substr(k.value, instr(k.value, '/') + 1)"),
        postgres: of_keys!("(SELECT unnest($2::text[]) AS value)",
            "o.collection_id = CAST(split_part(k.value, '/', 1) AS BIGINT)
            AND o.name = split_part(k.value, '/', 2)");
    CROSSED = "SELECT count(*) FROM itip WHERE uid = $1 AND account_id = $2 AND recipient_id = $3
        AND (id > $4 OR done_at IS NULL OR done_at >= $5)";
    OF_UID = concat!("SELECT ", told_columns!(), " FROM itip WHERE uid = $1 ORDER BY id DESC LIMIT $2");
    SCHEDULED = "SELECT name, uid, blob_id FROM object
        WHERE collection_id = $1 AND name > $2 AND schedule_tag IS NOT NULL ORDER BY name LIMIT $3";
    FORGET = "DELETE FROM itip WHERE id IN
        (SELECT id FROM itip WHERE done_at < $1 ORDER BY done_at LIMIT $2)";
}

/// A message about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct NewLetter<'a> {
    /// Whose object it is about.
    pub account: PrincipalId,
    /// The object's UID.
    pub uid: &'a str,
    /// Who made the change.
    pub by: PrincipalId,
    /// Its method.
    pub method: &'a str,
    /// The recipient's calendar user address.
    pub recipient: &'a str,
    /// The recipient's account; none: it goes elsewhere, or nowhere.
    pub to: Option<PrincipalId>,
    /// What it says, for people.
    pub about: &'a str,
    /// The message, which the store keeps already.
    pub content: Option<BlobId>,
    /// The request status (RFC 5546 §3.6) as far as it is known.
    pub status: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// A message as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its number.
    pub id: i64,
    /// Whose object it is about.
    pub account: PrincipalId,
    /// The object's UID.
    pub uid: String,
    /// Who made the change.
    pub by: PrincipalId,
    /// Its method.
    pub method: String,
    /// The recipient's calendar user address.
    pub recipient: String,
    /// The recipient's account.
    pub to: Option<PrincipalId>,
    /// What it says, for people.
    pub about: String,
    /// The message, until it is delivered.
    pub content: Option<BlobId>,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it was delivered, or given up.
    pub done_at: Option<Timestamp>,
    /// The request status.
    pub status: String,
    /// What the recipient's calendar made of it.
    pub outcome: String,
    /// How often its delivery has failed.
    pub attempts: i64,
}

fn letter(row: &Row<'_>) -> Outcome<Letter> {
    Ok(Letter {
        id: row.int(0)?,
        account: PrincipalId(row.int(1)?),
        uid: row.text(2)?.to_owned(),
        by: PrincipalId(row.int(3)?),
        method: row.text(4)?.to_owned(),
        recipient: row.text(5)?.to_owned(),
        to: row.opt_int(6)?.map(PrincipalId),
        about: row.text(7)?.to_owned(),
        content: row.opt_int(8)?.map(BlobId),
        created_at: Timestamp(row.int(9)?),
        done_at: row.opt_int(10)?.map(Timestamp),
        status: row.text(11)?.to_owned(),
        outcome: row.text(12)?.to_owned(),
        attempts: row.int(13)?,
    })
}

/// A message with the names of the accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The message.
    pub letter: Letter,
    /// Whose object it is about; none: the account is gone.
    pub owner: Option<String>,
    /// Who made the change; none: the account is gone, or it was the server.
    pub by: Option<String>,
}

fn told(row: &Row<'_>) -> Outcome<Told> {
    let name = |at| Ok::<_, Fault>(row.opt_text(at)?.map(str::to_owned));
    Ok(Told { letter: letter(row)?, owner: name(14)?, by: name(15)? })
}

/// Sends a message; one that goes to no account of this server is done at once.
pub async fn add(tx: &mut Tx, it: &NewLetter<'_>) -> Outcome<()> {
    let done = it.to.is_none().then_some(it.at.0);
    let with = [
        it.account.0.into(),
        it.uid.into(),
        it.by.0.into(),
        it.method.into(),
        it.recipient.into(),
        it.to.map(|id| id.0).into(),
        it.about.into(),
        it.content.map(|id| id.0).into(),
        it.at.0.into(),
        done.into(),
        it.status.into(),
    ];
    tx.execute(&ADD, &with).await.map(drop)
}

/// The accounts that messages wait for, the one that waits longest first.
pub async fn due(tx: &mut Tx, now: Timestamp, limit: usize) -> Outcome<Vec<PrincipalId>> {
    let with = [now.0.into(), (limit as i64).into()];
    tx.all(&DUE, &with, |row| Ok(PrincipalId(row.int(0)?))).await
}

/// When the next message is due; none: none waits.
pub async fn next_due(tx: &mut Tx) -> Outcome<Option<Timestamp>> {
    tx.one(&NEXT_DUE, &[], |row| Ok(row.opt_int(0)?.map(Timestamp))).await
}

/// The messages that wait for an account, in the order in which they were sent.
pub async fn pending(tx: &mut Tx, to: PrincipalId, limit: usize) -> Outcome<Vec<Letter>> {
    tx.all(&PENDING, &[to.0.into(), (limit as i64).into()], letter).await
}

/// Marks a message as done.
pub async fn done(
    tx: &mut Tx,
    it: &Letter,
    (status, outcome): (&str, &str),
    at: Timestamp,
) -> Outcome<()> {
    if let Some(content) = it.content {
        blob::release(tx, content, at).await?;
    }
    tx.execute(&DONE, &[it.id.into(), at.0.into(), status.into(), outcome.into()]).await.map(drop)
}

/// Has all that waits for an account wait until then.
pub async fn later(tx: &mut Tx, to: PrincipalId, due: Timestamp, why: &str) -> Outcome<()> {
    tx.execute(&LATER, &[to.0.into(), due.0.into(), why.into()]).await.map(drop)
}

/// What an account sent and received about an object, the newest first.
pub async fn history(
    tx: &mut Tx,
    account: PrincipalId,
    uid: &str,
    limit: usize,
) -> Outcome<Vec<Told>> {
    tx.all(&HISTORY, &[account.0.into(), uid.into(), (limit as i64).into()], told).await
}

/// What an account sent and received about those of the objects that are scheduled, each with the
/// object's content, the newest first. `keys`: see `object::key`.
pub async fn of_objects(
    tx: &mut Tx,
    account: PrincipalId,
    keys: &[String],
    limit: usize,
) -> Outcome<Vec<(BlobId, Told)>> {
    let with = [account.0.into(), keys.into(), (limit as i64).into()];
    tx.all(&OF_OBJECTS, &with, |row| Ok((BlobId(row.int(16)?), told(row)?))).await
}

/// Whether what an account told the sender of a letter about its object crossed that letter: it had
/// not been delivered when the letter was written.
pub async fn crossed(tx: &mut Tx, by: PrincipalId, it: &Letter) -> Outcome<bool> {
    let with = [
        it.uid.as_str().into(),
        by.0.into(),
        it.account.0.into(),
        it.id.into(),
        it.created_at.0.into(),
    ];
    Ok(tx.one(&CROSSED, &with, |row| row.int(0)).await? > 0)
}

/// What anybody sent and received about an object, the newest first.
pub async fn of_uid(tx: &mut Tx, uid: &str, limit: usize) -> Outcome<Vec<Told>> {
    tx.all(&OF_UID, &[uid.into(), (limit as i64).into()], told).await
}

/// A scheduling object of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// Its content.
    pub content: BlobId,
}

/// The scheduling objects of a collection, one that was removed among them, by their names after
/// this one.
pub async fn scheduled(
    tx: &mut Tx,
    of: CollectionId,
    after: &str,
    limit: usize,
) -> Outcome<Vec<Scheduled>> {
    tx.all(&SCHEDULED, &[of.0.into(), after.into(), (limit as i64).into()], |row| {
        let uid = row.opt_text(1)?.unwrap_or_default().to_owned();
        Ok(Scheduled { name: row.text(0)?.to_owned(), uid, content: BlobId(row.int(2)?) })
    })
    .await
}

/// Forgets what was done before then, at most `limit`; gives how many.
pub async fn forget(tx: &mut Tx, before: Timestamp, limit: i64) -> Outcome<u64> {
    tx.execute(&FORGET, &[before.0.into(), limit.into()]).await
}
