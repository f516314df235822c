//! Scheduling messages for people elsewhere, until an outlet has taken them.
//!
//! Invariants: a letter is written by the transaction that caused it; of one recipient's letters only
//! the first is leased, so that they leave in their order; what is handed over goes in the transaction
//! that notes it, so after a crash in between a letter leaves twice and never not at all.

use super::blob;
use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{BlobId, PrincipalId};

macro_rules! columns {
    () => {
        "id, account_id, uid, principal_id, method, sender, recipient, address, about, blob_id, \
         created_at, attempts, leased_until"
    };
}

/// Those whose turn it is.
macro_rules! due {
    () => {
        "SELECT id FROM outgoing o WHERE due_at <= $1 AND leased_until <= $1
            AND NOT EXISTS (SELECT 1 FROM outgoing e
                WHERE e.recipient = o.recipient AND e.id < o.id)
            ORDER BY due_at, id LIMIT $3"
    };
}

statements! {
    ADD = "INSERT INTO outgoing (account_id, uid, principal_id, method, sender, recipient, address,
            about, blob_id, created_at, due_at, leased_until, attempts, error)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, 0, 0, '')";
    LEASE = concat!("UPDATE outgoing SET leased_until = $2, attempts = attempts + 1
            WHERE id IN (", due!(), ") RETURNING ", columns!()),
        postgres: concat!("UPDATE outgoing SET leased_until = $2, attempts = attempts + 1
            WHERE id IN (", due!(), " FOR UPDATE SKIP LOCKED) RETURNING ", columns!());
    NEXT_DUE = "SELECT min(CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END)
        FROM outgoing o WHERE NOT EXISTS (SELECT 1 FROM outgoing e
            WHERE e.recipient = o.recipient AND e.id < o.id)";
    REMOVE = "DELETE FROM outgoing WHERE id = $1 AND leased_until = $2";
    LATER = "UPDATE outgoing SET due_at = $3, leased_until = 0, error = $4
        WHERE id = $1 AND leased_until = $2";
    OLD = concat!("SELECT ", columns!(), " FROM outgoing
        WHERE created_at < $1 ORDER BY created_at LIMIT $2");
    /// The line of the history that the letter stands for.
    TOLD = "UPDATE itip SET status = $6, outcome = $7 WHERE uid = $1 AND account_id = $2
        AND recipient = $3 AND method = $4 AND created_at = $5 AND recipient_id IS NULL";
}

/// A letter about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct NewOutgoing<'a> {
    /// Whose object it is about.
    pub account: PrincipalId,
    /// The object's UID.
    pub uid: &'a str,
    /// Who made the change.
    pub by: PrincipalId,
    /// Its method.
    pub method: &'a str,
    /// The sender's mail address: the organizer of a REQUEST, the attendee of a REPLY.
    pub sender: &'a str,
    /// The recipient's mail address.
    pub recipient: &'a str,
    /// The recipient as the object writes him.
    pub address: &'a str,
    /// What it says, for people.
    pub about: &'a str,
    /// The message, which the store keeps already.
    pub content: BlobId,
    /// Now.
    pub at: Timestamp,
}

/// A letter as stored: all that an iMIP message (RFC 6047) is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number, the same however often it is tried: what a Message-ID is made of.
    pub id: i64,
    /// Whose object it is about.
    pub account: PrincipalId,
    /// The object's UID.
    pub uid: String,
    /// Who made the change.
    pub by: PrincipalId,
    /// Its method, which stands in the message too.
    pub method: String,
    /// The sender's mail address.
    pub sender: String,
    /// The recipient's mail address.
    pub recipient: String,
    /// The recipient as the object writes him.
    pub address: String,
    /// What it says, for people.
    pub about: String,
    /// The message.
    pub content: BlobId,
    /// When it was written.
    pub created_at: Timestamp,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// The lease; proof of holding it when finishing.
    pub leased_until: Timestamp,
}

fn outgoing(row: &Row<'_>) -> Outcome<Outgoing> {
    Ok(Outgoing {
        id: row.int(0)?,
        account: PrincipalId(row.int(1)?),
        uid: row.text(2)?.to_owned(),
        by: PrincipalId(row.int(3)?),
        method: row.text(4)?.to_owned(),
        sender: row.text(5)?.to_owned(),
        recipient: row.text(6)?.to_owned(),
        address: row.text(7)?.to_owned(),
        about: row.text(8)?.to_owned(),
        content: BlobId(row.int(9)?),
        created_at: Timestamp(row.int(10)?),
        attempts: row.int(11)?,
        leased_until: Timestamp(row.int(12)?),
    })
}

/// Has a letter wait for the outlet.
pub async fn add(tx: &mut Tx, it: &NewOutgoing<'_>) -> Outcome<()> {
    let with = [
        it.account.0.into(),
        it.uid.into(),
        it.by.0.into(),
        it.method.into(),
        it.sender.into(),
        it.recipient.into(),
        it.address.into(),
        it.about.into(),
        it.content.0.into(),
        it.at.0.into(),
    ];
    tx.execute(&ADD, &with).await.map(drop)
}

/// Leases letters that are due until then, at most `limit`, one a recipient.
pub async fn lease(
    tx: &mut Tx,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Outcome<Vec<Outgoing>> {
    tx.all(&LEASE, &[now.0.into(), until.0.into(), (limit as i64).into()], outgoing).await
}

/// When the next letter is due; none: none waits.
pub async fn next_due(tx: &mut Tx) -> Outcome<Option<Timestamp>> {
    tx.one(&NEXT_DUE, &[], |row| Ok(row.opt_int(0)?.map(Timestamp))).await
}

/// Takes a letter out, with its message; `false` when its lease was lost.
pub async fn remove(tx: &mut Tx, it: &Outgoing, at: Timestamp) -> Outcome<bool> {
    let gone = tx.execute(&REMOVE, &[it.id.into(), it.leased_until.0.into()]).await? == 1;
    if gone {
        blob::release(tx, it.content, at).await?;
    }
    Ok(gone)
}

/// Has a leased letter wait until then.
pub async fn later(tx: &mut Tx, it: &Outgoing, due: Timestamp, why: &str) -> Outcome<()> {
    let with = [it.id.into(), it.leased_until.0.into(), due.0.into(), why.into()];
    tx.execute(&LATER, &with).await.map(drop)
}

/// Letters from before then, at most `limit`.
pub async fn old(tx: &mut Tx, before: Timestamp, limit: usize) -> Outcome<Vec<Outgoing>> {
    tx.all(&OLD, &[before.0.into(), (limit as i64).into()], outgoing).await
}

/// Writes what became of a letter into the history.
pub async fn told(tx: &mut Tx, it: &Outgoing, status: &str, outcome: &str) -> Outcome<()> {
    let with = [
        it.uid.as_str().into(),
        it.account.0.into(),
        it.address.as_str().into(),
        it.method.as_str().into(),
        it.created_at.0.into(),
        status.into(),
        outcome.into(),
    ];
    tx.execute(&TOLD, &with).await.map(drop)
}
