//! Durable jobs with leases: one table for everything that happens later.
//!
//! Invariants: a job that is taken is leased, and a lease that runs out makes it free again, so no
//! node that dies takes work with it; finishing needs the lease, so a slow worker cannot undo
//! what a later one did. A job's work must bear being done twice.

use super::statement::statements;
use super::tx::Tx;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{JobId, PrincipalId};

statements! {
    ADD = "INSERT INTO job (kind, dedup, account_id, payload, due_at, leased_until, attempts,
            last_error) VALUES ($1, $2, $3, $4, $5, 0, 0, '')
        ON CONFLICT (kind, dedup) DO UPDATE SET payload = excluded.payload,
            due_at = excluded.due_at, leased_until = 0 WHERE job.leased_until > 0";
    SEED = "INSERT INTO job (kind, dedup, account_id, payload, due_at, leased_until, attempts,
            last_error) VALUES ($1, '', 0, '', $2, 0, 0, '') ON CONFLICT (kind, dedup) DO NOTHING";
    HASTEN = "INSERT INTO job (kind, dedup, account_id, payload, due_at, leased_until, attempts,
            last_error) VALUES ($1, '', 0, '', $2, 0, 0, '')
        ON CONFLICT (kind, dedup) DO UPDATE SET leased_until = 0,
            due_at = CASE WHEN job.due_at > excluded.due_at THEN excluded.due_at ELSE job.due_at END";
    FOLLOW = "INSERT INTO job (kind, dedup, account_id, payload, due_at, leased_until, attempts,
            last_error)
        SELECT CAST($1 AS TEXT), CAST(c.account_id AS TEXT), c.account_id, '',
            CAST($4 AS BIGINT), 0, 0, ''
        FROM collection c WHERE c.account_id = $2 AND c.derived = $3 AND c.derived <> 0
            AND c.deleted_at IS NULL AND (CAST($5 AS BIGINT) <> 0
                OR EXISTS (SELECT 1 FROM object o WHERE o.collection_id = c.id
                    AND (o.name = $6 OR o.name = $7))
                OR EXISTS (SELECT 1 FROM job j WHERE j.kind = CAST($1 AS TEXT)
                    AND j.dedup = CAST(c.account_id AS TEXT)))
        LIMIT 1
        ON CONFLICT (kind, dedup) DO UPDATE SET due_at = excluded.due_at, leased_until = 0
            WHERE job.leased_until > 0";
    NEXT_DUE = "SELECT min(CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END) FROM job";
    IS_DUE = "SELECT id FROM job WHERE due_at <= $1 AND leased_until <= $1 LIMIT 1";
    LEASE = "UPDATE job SET leased_until = $2, attempts = attempts + 1 WHERE id IN (
            SELECT id FROM job WHERE due_at <= $1 AND leased_until <= $1
            ORDER BY due_at LIMIT $3)
        RETURNING id, kind, account_id, payload, attempts, leased_until",
        postgres: "UPDATE job SET leased_until = $2, attempts = attempts + 1 WHERE id IN (
            SELECT id FROM job WHERE due_at <= $1 AND leased_until <= $1
            ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING id, kind, account_id, payload, attempts, leased_until";
    RESUME = "UPDATE job SET leased_until = 0 WHERE kind = $1 AND leased_until > 0";
    DONE = "DELETE FROM job WHERE id = $1 AND leased_until = $2";
    AGAIN = "UPDATE job SET due_at = $3, leased_until = 0, last_error = $4
        WHERE id = $1 AND leased_until = $2";
    REPEAT = "UPDATE job SET due_at = $3, leased_until = 0, attempts = 0, last_error = ''
        WHERE id = $1 AND leased_until = $2";
    ERRORS = "SELECT kind, last_error FROM job WHERE last_error <> '' ORDER BY kind, id";
    PURGE_ACCOUNT = "DELETE FROM job WHERE account_id = $1";
}

/// A job in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its identity.
    pub id: JobId,
    /// Which worker knows it.
    pub kind: String,
    /// The account it belongs to; 0 for the server's own.
    pub account: PrincipalId,
    /// What the worker needs.
    pub payload: String,
    /// How often it has been taken, this time included.
    pub attempts: i64,
    /// The lease; proof of holding it when finishing.
    pub leased_until: Timestamp,
}

/// Adds a job, unless one of this kind with the same `dedup` waits already. One that is being
/// worked on is set free, to be done once more: its worker may not have seen what this call is
/// about, and will find its lease lost.
pub async fn add(
    tx: &mut Tx,
    kind: &str,
    dedup: &str,
    account: PrincipalId,
    payload: &str,
    due: Timestamp,
) -> Outcome<()> {
    let with = [kind.into(), dedup.into(), account.0.into(), payload.into(), due.0.into()];
    tx.has_job = true;
    tx.execute(&ADD, &with).await.map(drop)
}

/// Adds the server's own job of this kind, unless it is there, waiting or being worked on.
pub async fn seed(tx: &mut Tx, kind: &str, due: Timestamp) -> Outcome<()> {
    tx.execute(&SEED, &[kind.into(), due.0.into()]).await.map(drop)
}

/// Has the server's own job of this kind done at `due` at the latest. One that is being worked on is
/// set free, as by [`add`].
pub async fn hasten(tx: &mut Tx, kind: &str, due: Timestamp) -> Outcome<()> {
    tx.has_job = true;
    tx.execute(&HASTEN, &[kind.into(), due.0.into()]).await.map(drop)
}

/// What a derived collection follows.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The account of both.
    pub account: PrincipalId,
    /// What the collection is made from.
    pub derived: i64,
    /// Whether the change is one for it at any rate. Otherwise it is one if the collection has one of
    /// the members that the changed thing makes, or if it is being worked on, as nobody knows then.
    pub matters: bool,
    /// The names of these members.
    pub members: [&'a str; 2],
}

/// Adds the job that makes an account's derived collection what it is to be, if the account has such
/// a one and the change is one for it; gives whether a job was added, or set free. For others it is
/// one look into an index.
pub async fn follow(tx: &mut Tx, kind: &str, of: Source<'_>, due: Timestamp) -> Outcome<bool> {
    let with = [
        kind.into(),
        of.account.0.into(),
        of.derived.into(),
        due.0.into(),
        i64::from(of.matters).into(),
        of.members[0].into(),
        of.members[1].into(),
    ];
    let added = tx.execute(&FOLLOW, &with).await? > 0;
    tx.has_job |= added;
    Ok(added)
}

/// When the next job can be taken.
pub async fn next_due(tx: &mut Tx) -> Outcome<Option<Timestamp>> {
    tx.one(&NEXT_DUE, &[], |row| Ok(row.opt_int(0)?.map(Timestamp))).await
}

/// Whether a job waits to be taken: a look that writes nothing.
pub async fn is_due(tx: &mut Tx, now: Timestamp) -> Outcome<bool> {
    Ok(tx.first(&IS_DUE, &[now.0.into()], |_| Ok(())).await?.is_some())
}

/// Takes up to `limit` jobs that are due, until `until`.
pub async fn lease(tx: &mut Tx, now: Timestamp, until: Timestamp, limit: i64) -> Outcome<Vec<Job>> {
    tx.all(&LEASE, &[now.0.into(), until.0.into(), limit.into()], |row| {
        Ok(Job {
            id: JobId(row.int(0)?),
            kind: row.text(1)?.to_owned(),
            account: PrincipalId(row.int(2)?),
            payload: row.text(3)?.to_owned(),
            attempts: row.int(4)?,
            leased_until: Timestamp(row.int(5)?),
        })
    })
    .await
}

/// Sets the jobs of this kind free that somebody has in hand, as [`add`] does: he may have died.
pub async fn resume(tx: &mut Tx, kind: &str) -> Outcome<()> {
    tx.execute(&RESUME, &[kind.into()]).await.map(drop)
}

/// Ends a job; `false` when the lease was lost meanwhile.
pub async fn done(tx: &mut Tx, job: &Job) -> Outcome<bool> {
    Ok(tx.execute(&DONE, &[job.id.0.into(), job.leased_until.0.into()]).await? == 1)
}

/// Gives a job back to be tried again at `due`; `false` when the lease was lost meanwhile.
pub async fn again(tx: &mut Tx, job: &Job, due: Timestamp, error: &str) -> Outcome<bool> {
    let with = [job.id.0.into(), job.leased_until.0.into(), due.0.into(), error.into()];
    Ok(tx.execute(&AGAIN, &with).await? == 1)
}

/// Gives a job that went well back, to be done once more at `due`; `false` when the lease was lost
/// meanwhile.
pub async fn repeat(tx: &mut Tx, job: &Job, due: Timestamp) -> Outcome<bool> {
    let with = [job.id.0.into(), job.leased_until.0.into(), due.0.into()];
    Ok(tx.execute(&REPEAT, &with).await? == 1)
}

/// The kinds of the jobs that failed when they were last tried, each with its error.
pub async fn errors(tx: &mut Tx) -> Outcome<Vec<(String, String)>> {
    tx.all(&ERRORS, &[], |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).await
}

/// Drops the jobs of an account that is going away.
pub async fn purge_account(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    tx.execute(&PURGE_ACCOUNT, &[account.0.into()]).await.map(drop)
}
