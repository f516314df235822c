//! WebDAV locks (RFC 4918 §6), by path, so that a name can be locked before it exists and so that
//! any node can die without freeing or losing one.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;

statements! {
    OF_ACCOUNT = "SELECT token, path, infinite, exclusive, owner, principal_id, expires_at
        FROM dav_lock WHERE account_id = $1 AND expires_at > $2 ORDER BY path, token";
    INSERT = "INSERT INTO dav_lock
        (token, account_id, path, infinite, exclusive, owner, principal_id, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    REFRESH = "UPDATE dav_lock SET expires_at = $2 WHERE token = $1";
    REMOVE = "DELETE FROM dav_lock WHERE token = $1";
    REMOVE_AT = "DELETE FROM dav_lock
        WHERE account_id = $1 AND (path = $2 OR (path >= $2 || '/' AND path < $3))";
    REMOVE_ON = "DELETE FROM dav_lock WHERE account_id = $1 AND path = $2";
    PURGE_PRINCIPAL = "DELETE FROM dav_lock WHERE principal_id = $1 OR account_id = $1";
    EXPIRE = "DELETE FROM dav_lock WHERE expires_at <= $1";
}

/// A lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// `urn:uuid:…` (RFC 4918 §6.5).
    pub token: String,
    /// The locked path, from the account's root.
    pub path: String,
    /// Whether it covers everything below the path as well.
    pub infinite: bool,
    /// Exclusive, or shared.
    pub exclusive: bool,
    /// What the client said of itself: the content of `DAV:owner` as XML; empty if nothing.
    pub owner: String,
    /// Who holds it.
    pub principal: PrincipalId,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

fn lock(row: &Row<'_>) -> Outcome<Lock> {
    Ok(Lock {
        token: row.text(0)?.to_owned(),
        path: row.text(1)?.to_owned(),
        infinite: row.flag(2)?,
        exclusive: row.flag(3)?,
        owner: row.text(4)?.to_owned(),
        principal: PrincipalId(row.int(5)?),
        expires_at: Timestamp(row.int(6)?),
    })
}

/// The account's locks that have not ended; nearly always none or a few.
pub async fn of_account(tx: &mut Tx, account: PrincipalId, now: Timestamp) -> Outcome<Vec<Lock>> {
    tx.all(&OF_ACCOUNT, &[account.0.into(), now.0.into()], lock).await
}

/// Adds a lock; the caller has checked that nothing stands in its way.
pub async fn insert(tx: &mut Tx, account: PrincipalId, lock: &Lock) -> Outcome<()> {
    let with = [
        (&lock.token).into(),
        account.0.into(),
        (&lock.path).into(),
        lock.infinite.into(),
        lock.exclusive.into(),
        (&lock.owner).into(),
        lock.principal.0.into(),
        lock.expires_at.0.into(),
    ];
    tx.execute(&INSERT, &with).await.map(drop)
}

/// Gives a lock a later end.
pub async fn refresh(tx: &mut Tx, token: &str, expires_at: Timestamp) -> Outcome<()> {
    tx.execute(&REFRESH, &[token.into(), expires_at.0.into()]).await.map(drop)
}

/// Ends a lock.
pub async fn remove(tx: &mut Tx, token: &str) -> Outcome<()> {
    tx.execute(&REMOVE, &[token.into()]).await.map(drop)
}

/// Ends the locks on a path and below it: what they locked is gone (RFC 4918 §9.6, §7.5).
pub async fn remove_at(tx: &mut Tx, account: PrincipalId, path: &str) -> Outcome<()> {
    let end = format!("{path}0");
    tx.execute(&REMOVE_AT, &[account.0.into(), path.into(), (&end).into()]).await.map(drop)
}

/// Ends the locks on a path that has nothing below it.
pub async fn remove_on(tx: &mut Tx, account: PrincipalId, path: &str) -> Outcome<()> {
    tx.execute(&REMOVE_ON, &[account.0.into(), path.into()]).await.map(drop)
}

/// Ends the locks of a principal that is going away, and those on what is his.
pub async fn purge_principal(tx: &mut Tx, of: PrincipalId) -> Outcome<()> {
    tx.execute(&PURGE_PRINCIPAL, &[of.0.into()]).await.map(drop)
}

/// Forgets locks that have ended by themselves.
pub async fn expire(tx: &mut Tx, now: Timestamp) -> Outcome<u64> {
    tx.execute(&EXPIRE, &[now.0.into()]).await
}
