//! The one change log (DESIGN promise 3): every change takes the next number of its account's
//! counter inside its own transaction.
//!
//! Invariant (ordered visibility): a number is taken under the lock of the account's row, which
//! lasts until the commit. So a transaction that takes *n+1* began to take it after *n* was
//! committed, and no reader ever sees *n+1* without *n*. On SQLite the one writer does the same.
//! Work that spans two accounts takes their numbers in ascending order of account, which excludes
//! deadlock. The row itself is written once, at the end of the write ([`settle`]).

use super::collection::{self, Touch};
use super::statement::statements;
use super::tx::{Ledger, Tx};
use super::value::{Row, Value};
use super::watch;
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{BlobId, CollectionId, PrincipalId};

statements! {
    NEW_ACCOUNT = "INSERT INTO account (id, change_number, used_bytes) VALUES ($1, 0, 0)";
    LOCK = "SELECT change_number, used_bytes, booking FROM account WHERE id = $1",
        postgres: "SELECT change_number, used_bytes, booking FROM account WHERE id = $1
            FOR UPDATE";
    CURRENT = "SELECT change_number, used_bytes FROM account WHERE id = $1";
    ADVANCE = "UPDATE account SET change_number = $2, used_bytes = $3 WHERE id = $1";
    USE = "UPDATE account SET used_bytes = used_bytes + $2 WHERE id = $1";
    RECORD = "INSERT INTO change
        (account_id, number, collection_id, name, action, blob_id, principal_id, client, at, quiet)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    RECORD_MEMBER = "INSERT INTO change
        (account_id, number, collection_id, name, action, blob_id, principal_id, client, at, quiet)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        postgres: "WITH RECURSIVE line (id, parent_id) AS (
            SELECT id, parent_id FROM collection WHERE id = $3
            UNION ALL
            SELECT c.id, c.parent_id FROM collection c JOIN line l ON c.id = l.parent_id
        ), touched AS (UPDATE collection SET last_change = $2,
            member_count = member_count + CASE WHEN id = $3 THEN $11 ELSE 0 END,
            member_bytes = member_bytes + CASE WHEN id = $3 THEN $12 ELSE 0 END,
            modified_at = CASE WHEN id = $3 THEN $9 ELSE modified_at END
        WHERE id IN (SELECT id FROM line)) INSERT INTO change
        (account_id, number, collection_id, name, action, blob_id, principal_id, client, at, quiet)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    HISTORY = "SELECT number, collection_id, name, action, blob_id, principal_id, client, at
        FROM change WHERE account_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    EXPIRED = "SELECT account_id, number, blob_id FROM change
        WHERE blob_id IS NOT NULL AND at < $1 ORDER BY at LIMIT $2";
    FORGET = "UPDATE change SET blob_id = NULL
        WHERE account_id = $1 AND number = $2 AND blob_id IS NOT NULL";
    PURGE = "DELETE FROM change WHERE account_id = $1 AND number IN (SELECT number FROM change
            WHERE account_id = $1 AND at < $2 ORDER BY number LIMIT $3)
        RETURNING blob_id";
    WITHIN = "SELECT DISTINCT CAST(CASE WHEN h.collection_id = $2 AND (h.name = '' OR h.action <> 6)
            THEN 1 ELSE 0 END AS BIGINT), h.action, h.principal_id, h.quiet
        FROM change h WHERE h.account_id = $1 AND h.number > $3 AND h.number <= $4
            AND (h.collection_id = $2 OR EXISTS (SELECT 1 FROM collection c
                WHERE c.id = h.collection_id AND c.path > $5 AND c.path < $6)) LIMIT $7";
    REMOVAL = "SELECT principal_id, quiet FROM change WHERE account_id = $1 AND number > $2
        AND action IN (3, 5) AND name = $3 ORDER BY number DESC LIMIT 1";
    EXISTS = "SELECT id FROM account WHERE id = $1";
}

/// What happened. The numbers are stored; never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Action {
    /// The name was not there before.
    Created = 1,
    /// The content was replaced; the entry holds the old one.
    Updated = 2,
    /// The name is gone; the entry holds the last content.
    Deleted = 3,
    /// The resource came here from another name or collection.
    MovedHere = 4,
    /// The resource went to another name or collection.
    MovedAway = 5,
    /// Properties changed, the content did not.
    Properties = 6,
}

/// Who makes a change, with which program, when.
#[derive(Clone, Debug)]
pub struct Author {
    /// The authenticated principal.
    pub principal: PrincipalId,
    /// The client program's own name, shortened.
    pub client: String,
    /// When the request came.
    pub at: Timestamp,
    /// Which registrations for push need not be told: their tokens, joined by commas, or `*`.
    pub quiet: Option<String>,
}

/// An entry of the log.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The account whose counter gave the number.
    pub account: PrincipalId,
    /// The number.
    pub number: ChangeNumber,
    /// The collection that changed.
    pub collection: CollectionId,
    /// The member's name; empty for the collection itself.
    pub name: &'a str,
    /// What happened.
    pub action: Action,
    /// The content that was there before.
    pub before: Option<BlobId>,
}

/// Gives a new principal its account.
pub async fn new_account(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    tx.execute(&NEW_ACCOUNT, &[account.0.into()]).await.map(drop)
}

/// Takes the account's next number, and with it the account's lock until the transaction ends.
/// Also gives the octets that the account uses.
///
/// # Errors
/// `NotFound` when there is no such account.
pub async fn take(tx: &mut Tx, account: PrincipalId) -> Outcome<(ChangeNumber, i64)> {
    let ledger = match tx.ledgers.get(&account) {
        Some(ledger) => *ledger,
        None => {
            let map = |row: &Row<'_>| {
                Ok(Ledger { number: row.int(0)?, used: row.int(1)?, booking: row.int(2)? })
            };
            tx.first(&LOCK, &[account.0.into()], map).await?.ok_or(Fault::NotFound)?
        }
    };
    let ledger = Ledger { number: ledger.number + 1, ..ledger };
    tx.ledgers.insert(account, ledger);
    Ok((ChangeNumber(ledger.number), ledger.used))
}

/// What a resource, of which the write has taken a number, does with invitations; 0: it is none.
pub fn booking(tx: &Tx, account: PrincipalId) -> i64 {
    tx.ledgers.get(&account).map_or(0, |ledger| ledger.booking)
}

/// Takes the account's lock until the transaction ends, without a number. One that is gone has none.
pub async fn hold(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    tx.first(&LOCK, &[account.0.into()], |_| Ok(())).await.map(drop)
}

/// The account's last visible number and the octets it uses.
pub async fn current(tx: &mut Tx, account: PrincipalId) -> Outcome<(ChangeNumber, i64)> {
    if let Some(ledger) = tx.ledgers.get(&account) {
        return Ok((ChangeNumber(ledger.number), ledger.used));
    }
    tx.one(&CURRENT, &[account.0.into()], |row| Ok((ChangeNumber(row.int(0)?), row.int(1)?))).await
}

/// Adds to the octets that the account uses (negative: gives back).
pub async fn charge(tx: &mut Tx, account: PrincipalId, octets: i64) -> Outcome<()> {
    match tx.ledgers.get_mut(&account) {
        Some(ledger) => ledger.used += octets,
        None if octets == 0 => {}
        None => drop(tx.execute(&USE, &[account.0.into(), octets.into()]).await?),
    }
    Ok(())
}

/// Writes down the numbers that a write took and the octets that it charged.
pub(super) async fn settle(tx: &mut Tx) -> Outcome<()> {
    for (account, ledger) in std::mem::take(&mut tx.ledgers) {
        // An account that this write removed has no row any more.
        tx.execute(&ADVANCE, &[account.0.into(), ledger.number.into(), ledger.used.into()]).await?;
    }
    Ok(())
}

/// Writes an entry.
pub async fn record(tx: &mut Tx, entry: &Entry<'_>, author: &Author) -> Outcome<()> {
    watch::note(&mut tx.changes, entry);
    tx.execute(&RECORD, &values(entry, author)).await.map(drop)
}

/// Writes an entry of a member and notes the change on its collection and everything above
/// ([`collection::touch`]): so many members more, so many octets more.
pub async fn record_member(
    tx: &mut Tx,
    entry: &Entry<'_>,
    author: &Author,
    (members, octets): (i64, i64),
) -> Outcome<()> {
    if tx.is_embedded() {
        let touch = Touch { number: entry.number, members, octets, at: author.at };
        collection::touch(tx, entry.collection, touch).await?;
        return record(tx, entry, author).await;
    }
    watch::note(&mut tx.changes, entry);
    let [a, b, c, d, e, f, g, h, i, j] = values(entry, author);
    let with = [a, b, c, d, e, f, g, h, i, j, members.into(), octets.into()];
    tx.execute(&RECORD_MEMBER, &with).await.map(drop)
}

fn values<'a>(entry: &Entry<'a>, author: &'a Author) -> [Value<'a>; 10] {
    [
        entry.account.0.into(),
        entry.number.0.into(),
        entry.collection.0.into(),
        entry.name.into(),
        (entry.action as i64).into(),
        entry.before.map(|blob| blob.0).into(),
        author.principal.0.into(),
        author.client.as_str().into(),
        author.at.0.into(),
        author.quiet.as_deref().into(),
    ]
}

/// A past entry.
#[derive(Clone, Debug)]
pub struct Past {
    /// The number it took.
    pub number: ChangeNumber,
    /// The collection that changed.
    pub collection: CollectionId,
    /// The member's name; empty for the collection itself.
    pub name: String,
    /// What happened, as stored ([`Action`]).
    pub action: i64,
    /// The content that was there before, while it is kept.
    pub before: Option<BlobId>,
    /// Who did it.
    pub author: Author,
}

/// The account's entries after a number, oldest first, at most `limit`.
pub async fn after(
    tx: &mut Tx,
    account: PrincipalId,
    number: ChangeNumber,
    limit: i64,
) -> Outcome<Vec<Past>> {
    tx.all(&HISTORY, &[account.0.into(), number.0.into(), limit.into()], |row| {
        Ok(Past {
            number: ChangeNumber(row.int(0)?),
            collection: CollectionId(row.int(1)?),
            name: row.text(2)?.to_owned(),
            action: row.int(3)?,
            before: row.opt_int(4)?.map(BlobId),
            author: Author {
                principal: PrincipalId(row.int(5)?),
                client: row.text(6)?.to_owned(),
                at: Timestamp(row.int(7)?),
                quiet: None,
            },
        })
    })
    .await
}

/// Some of an account's entries.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    /// The account.
    pub account: PrincipalId,
    /// Those after this number …
    pub after: ChangeNumber,
    /// … up to this one …
    pub to: ChangeNumber,
    /// … of this collection …
    pub of: CollectionId,
    /// … and of those below this path; empty: of no others.
    pub below: &'a str,
}

/// What several entries have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The collection itself is meant: its own properties, or what it holds directly.
    pub itself: bool,
    /// Properties changed, not the content.
    pub of_properties: bool,
    /// Who did it.
    pub principal: PrincipalId,
    /// See [`Author::quiet`].
    pub quiet: Option<String>,
}

/// The kinds of changes among some entries, at most `limit`.
pub async fn within(tx: &mut Tx, span: &Span<'_>, limit: i64) -> Outcome<Vec<Kind>> {
    let (from, end) = match span.below {
        "" => (String::new(), String::new()),
        path => collection::below(path),
    };
    let with = [
        span.account.0.into(),
        span.of.0.into(),
        span.after.0.into(),
        span.to.0.into(),
        (&from).into(),
        (&end).into(),
        limit.into(),
    ];
    tx.all(&WITHIN, &with, |row| {
        Ok(Kind {
            itself: row.flag(0)?,
            of_properties: row.int(1)? == Action::Properties as i64,
            principal: PrincipalId(row.int(2)?),
            quiet: row.opt_text(3)?.map(str::to_owned),
        })
    })
    .await
}

/// The last removal of a collection of this name after a number.
pub async fn removal(
    tx: &mut Tx,
    account: PrincipalId,
    after: ChangeNumber,
    name: &str,
) -> Outcome<Option<Kind>> {
    let name = format!("{name}/");
    tx.first(&REMOVAL, &[account.0.into(), after.0.into(), (&name).into()], |row| {
        Ok(Kind {
            itself: true,
            of_properties: false,
            principal: PrincipalId(row.int(0)?),
            quiet: row.opt_text(1)?.map(str::to_owned),
        })
    })
    .await
}

/// Lets go of contents replaced or deleted before `cutoff`, at most `limit` of them; gives how
/// many. The entries themselves stay. `now` is when the contents lose this reference: whoever
/// reads one at this moment has the time of grace to finish.
pub async fn forget(tx: &mut Tx, cutoff: Timestamp, now: Timestamp, limit: i64) -> Outcome<usize> {
    let old = tx
        .all(&EXPIRED, &[cutoff.0.into(), limit.into()], |row| {
            Ok((row.int(0)?, row.int(1)?, BlobId(row.int(2)?)))
        })
        .await?;
    for (account, number, blob) in &old {
        // Another node may have let go of it since it was listed.
        if tx.execute(&FORGET, &[(*account).into(), (*number).into()]).await? == 1 {
            super::blob::release(tx, *blob, now).await?;
        }
    }
    Ok(old.len())
}

/// Whether an account is there.
pub async fn exists(tx: &mut Tx, account: PrincipalId) -> Outcome<bool> {
    Ok(tx.first(&EXISTS, &[account.0.into()], |_| Ok(())).await?.is_some())
}

/// Removes entries from before `cutoff` of an account that is gone, at most `limit`; gives how many.
pub async fn purge(
    tx: &mut Tx,
    account: PrincipalId,
    (cutoff, now): (Timestamp, Timestamp),
    limit: i64,
) -> Outcome<usize> {
    let with = [account.0.into(), cutoff.0.into(), limit.into()];
    let gone = tx.all(&PURGE, &with, |row| Ok(row.opt_int(0)?.map(BlobId))).await?;
    for blob in gone.iter().flatten() {
        super::blob::release(tx, *blob, now).await?;
    }
    Ok(gone.len())
}
