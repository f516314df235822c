//! Rows of messages, and of those that are gone.
//!
//! Invariant: a message is in one of the two tables or in none, and in either its content counts one
//! reference. `change` is the number of the last change of its flags, or of its end, so "what changed
//! after *n*" is one range of an index.

use super::blob::{self, Body, Files};
use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{BlobId, CollectionId};

macro_rules! columns {
    () => {
        "m.uid, m.change, m.blob_id, m.size, m.flags, m.received_at, m.saved_at"
    };
}

statements! {
    INSERT = "INSERT INTO message
        (collection_id, uid, change, blob_id, size, flags, received_at, saved_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ALL = concat!("SELECT ", columns!(), " FROM message m
        WHERE m.collection_id = $1 ORDER BY m.uid");
    CONTENTS = concat!("SELECT ", columns!(), ", b.hash, b.data FROM message m
            JOIN blob b ON b.id = m.blob_id WHERE m.collection_id = $1
            AND m.uid IN (SELECT value FROM json_each($2)) ORDER BY m.uid"),
        postgres: concat!("SELECT ", columns!(), ", b.hash, b.data FROM message m
            JOIN blob b ON b.id = m.blob_id WHERE m.collection_id = $1
            AND m.uid = ANY($2) ORDER BY m.uid");
    BY_UIDS = concat!("SELECT ", columns!(), " FROM message m WHERE m.collection_id = $1
            AND m.uid IN (SELECT value FROM json_each($2)) ORDER BY m.uid"),
        postgres: concat!("SELECT ", columns!(), " FROM message m WHERE m.collection_id = $1
            AND m.uid = ANY($2) ORDER BY m.uid");
    SINCE = concat!("SELECT ", columns!(), " FROM message m
        WHERE m.collection_id = $1 AND m.change > $2 ORDER BY m.uid");
    GONE_SINCE = "SELECT uid FROM expunged WHERE collection_id = $1 AND change > $2 ORDER BY uid";
    SET_FLAGS = "UPDATE message SET flags = $3, change = $4 WHERE collection_id = $1 AND uid = $2";
    SAME = "SELECT uid FROM message WHERE collection_id = $1 AND blob_id = $2 LIMIT 1";
    EXPUNGE = "INSERT INTO expunged (collection_id, uid, change, blob_id, size, flags, received_at,
            saved_at, expunged_at)
        SELECT collection_id, uid, $3, blob_id, size, flags, received_at, saved_at, $4
        FROM message WHERE collection_id = $1 AND uid = $2";
    DELETE = "DELETE FROM message WHERE collection_id = $1 AND uid = $2 RETURNING size";
    EXPIRED = "SELECT collection_id, uid, blob_id FROM expunged
            WHERE expunged_at < $1 ORDER BY expunged_at LIMIT $2",
        postgres: "SELECT collection_id, uid, blob_id FROM expunged
            WHERE expunged_at < $1 ORDER BY expunged_at LIMIT $2 FOR UPDATE SKIP LOCKED";
    FORGET = "DELETE FROM expunged WHERE collection_id = $1 AND uid = $2";
    PURGE = "DELETE FROM message WHERE collection_id = $1 AND uid IN
            (SELECT uid FROM message WHERE collection_id = $1 ORDER BY uid LIMIT $2)
        RETURNING blob_id";
    PURGE_EXPUNGED = "DELETE FROM expunged WHERE collection_id = $1 AND uid IN
            (SELECT uid FROM expunged WHERE collection_id = $1 ORDER BY uid LIMIT $2)
        RETURNING blob_id";
}

/// A message without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its UID.
    pub uid: u32,
    /// The number that its last change took.
    pub change: ChangeNumber,
    /// Its content.
    pub blob: BlobId,
    /// Octets of the content.
    pub size: u64,
    /// Its flags (`domain::mail::flag`), as a set of bits.
    pub flags: i64,
    /// The internal date (RFC 9051 §2.3.3).
    pub received_at: Timestamp,
    /// When it came into this mailbox (RFC 8514).
    pub saved_at: Timestamp,
}

fn message(row: &Row<'_>) -> Outcome<Message> {
    Ok(Message {
        uid: row.int(0)? as u32,
        change: ChangeNumber(row.int(1)?),
        blob: BlobId(row.int(2)?),
        size: row.int(3)?.max(0) as u64,
        flags: row.int(4)?,
        received_at: Timestamp(row.int(5)?),
        saved_at: Timestamp(row.int(6)?),
    })
}

/// Puts a message into a mailbox. The caller has taken the reference to its content.
pub async fn insert(tx: &mut Tx, of: CollectionId, new: &Message) -> Outcome<()> {
    let with = [
        of.0.into(),
        i64::from(new.uid).into(),
        new.change.0.into(),
        new.blob.0.into(),
        (new.size as i64).into(),
        new.flags.into(),
        new.received_at.0.into(),
        new.saved_at.0.into(),
    ];
    tx.execute(&INSERT, &with).await.map(drop)
}

/// All messages of a mailbox in the order of their UIDs.
pub async fn all(tx: &mut Tx, of: CollectionId) -> Outcome<Vec<Message>> {
    tx.all(&ALL, &[of.0.into()], message).await
}

/// Those of the messages that are there with their contents, in the order of their UIDs.
pub async fn contents(
    tx: &mut Tx,
    of: CollectionId,
    uids: &[i64],
    files: &Files,
) -> Outcome<Vec<(Message, Body)>> {
    let map = |row: &Row<'_>| {
        let message = message(row)?;
        let body = blob::body(files, row.bytes(7)?, message.size as i64, row.opt_bytes(8)?)?;
        Ok((message, body))
    };
    tx.all(&CONTENTS, &[of.0.into(), uids.into()], map).await
}

/// Those of the messages that are there, in the order of their UIDs.
pub async fn by_uids(tx: &mut Tx, of: CollectionId, uids: &[i64]) -> Outcome<Vec<Message>> {
    tx.all(&BY_UIDS, &[of.0.into(), uids.into()], message).await
}

/// The messages that came or changed after a number, in the order of their UIDs.
pub async fn since(tx: &mut Tx, of: CollectionId, after: ChangeNumber) -> Outcome<Vec<Message>> {
    tx.all(&SINCE, &[of.0.into(), after.0.into()], message).await
}

/// The UIDs of messages that were expunged after a number and are not forgotten yet, ascending.
pub async fn gone_since(tx: &mut Tx, of: CollectionId, after: ChangeNumber) -> Outcome<Vec<u32>> {
    tx.all(&GONE_SINCE, &[of.0.into(), after.0.into()], |row| Ok(row.int(0)? as u32)).await
}

/// Sets the flags of a message.
pub async fn set_flags(
    tx: &mut Tx,
    of: CollectionId,
    uid: u32,
    (flags, number): (i64, ChangeNumber),
) -> Outcome<()> {
    let with = [of.0.into(), i64::from(uid).into(), flags.into(), number.0.into()];
    tx.execute(&SET_FLAGS, &with).await.map(drop)
}

/// The UID of a message with this content.
pub async fn with_content(tx: &mut Tx, of: CollectionId, blob: BlobId) -> Outcome<Option<u32>> {
    tx.first(&SAME, &[of.0.into(), blob.0.into()], |row| Ok(row.int(0)? as u32)).await
}

/// Expunges a message; gives its octets, or none if it is not there. The reference to its content
/// goes with it to those that are gone.
pub async fn expunge(
    tx: &mut Tx,
    of: CollectionId,
    uid: u32,
    number: ChangeNumber,
    at: Timestamp,
) -> Outcome<Option<i64>> {
    let with = [of.0.into(), i64::from(uid).into(), number.0.into(), at.0.into()];
    if tx.execute(&EXPUNGE, &with).await? == 0 {
        return Ok(None);
    }
    tx.first(&DELETE, &with[..2], |row| row.int(0)).await
}

/// Forgets messages that were expunged before `cutoff`, at most `limit`; gives how many. `now` is
/// when the contents lose this reference.
pub async fn forget(tx: &mut Tx, cutoff: Timestamp, now: Timestamp, limit: i64) -> Outcome<usize> {
    let with = [cutoff.0.into(), limit.into()];
    let map = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?, BlobId(row.int(2)?)));
    let old = tx.all(&EXPIRED, &with, map).await?;
    for (of, uid, blob) in &old {
        if tx.execute(&FORGET, &[(*of).into(), (*uid).into()]).await? == 1 {
            blob::release(tx, *blob, now).await?;
        }
    }
    Ok(old.len())
}

/// Removes messages of a mailbox that is gone, and those that were expunged from it, at most `limit`
/// of each; gives how many.
pub async fn purge(tx: &mut Tx, of: CollectionId, now: Timestamp, limit: i64) -> Outcome<usize> {
    let mut gone = 0;
    for statement in [&PURGE, &PURGE_EXPUNGED] {
        let with = [of.0.into(), limit.into()];
        let blobs = tx.all(statement, &with, |row| Ok(BlobId(row.int(0)?))).await?;
        for blob in &blobs {
            blob::release(tx, *blob, now).await?;
        }
        gone += blobs.len();
    }
    Ok(gone)
}
