//! Grants on collections (RFC 3744): who has which privileges, beside the owner.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::privilege::Privileges;
use std::collections::HashMap;

statements! {
    OF = "SELECT principal_id, privileges FROM ace WHERE collection_id = $1 ORDER BY principal_id";
    SET = "INSERT INTO ace (collection_id, principal_id, privileges) VALUES ($1, $2, $3)
        ON CONFLICT (collection_id, principal_id) DO UPDATE SET privileges = excluded.privileges";
    REMOVE = "DELETE FROM ace WHERE collection_id = $1 AND principal_id = $2";
    PURGE = "DELETE FROM ace WHERE collection_id = $1";
    PURGE_PRINCIPAL = "DELETE FROM ace WHERE principal_id = $1";
    // By the collection, however many have something of it.
    MINE = "SELECT c.path, a.principal_id, a.privileges FROM collection c
            CROSS JOIN ace a ON a.collection_id = c.id
                AND a.principal_id IN (SELECT value FROM json_each($2))
            WHERE c.account_id = $1 AND c.deleted_at IS NULL ORDER BY c.id",
        postgres: "SELECT c.path, a.principal_id, a.privileges FROM collection c
            JOIN ace a ON a.collection_id = c.id AND a.principal_id = ANY($2)
            WHERE c.account_id = $1 AND c.deleted_at IS NULL ORDER BY c.id";
    MINE_AT = "SELECT c.path, a.principal_id, a.privileges FROM json_each($3) k
            CROSS JOIN collection c ON c.account_id = $1 AND c.path = k.value
            CROSS JOIN ace a ON a.collection_id = c.id
                AND a.principal_id IN (SELECT value FROM json_each($2))
            WHERE c.deleted_at IS NULL",
        postgres: "SELECT c.path, a.principal_id, a.privileges FROM collection c
            JOIN ace a ON a.collection_id = c.id AND a.principal_id = ANY($2)
            WHERE c.account_id = $1 AND c.path = ANY($3) AND c.deleted_at IS NULL";
    NAMED = "SELECT c.path, a.principal_id, a.privileges, coalesce(p.kind, 0), coalesce(p.name, '')
        FROM ace a JOIN collection c ON c.id = a.collection_id
        LEFT JOIN principal p ON p.id = a.principal_id
        WHERE c.account_id = $1 AND c.deleted_at IS NULL ORDER BY c.path, a.principal_id";
    BY_PATH = "SELECT a.principal_id, a.privileges, p.id, p.kind, p.name, p.display_name
        FROM ace a JOIN collection c ON c.id = a.collection_id
        JOIN principal p ON p.id = a.principal_id
        WHERE c.account_id = $1 AND c.path = $2 AND c.deleted_at IS NULL
        ORDER BY p.name";
    /// To a principal or a group that it is in, directly or through other groups.
    FOR_PRINCIPAL = "WITH RECURSIVE up (id) AS (
            SELECT CAST($1 AS BIGINT)
            UNION
            SELECT m.group_id FROM member m JOIN up ON m.member_id = up.id
        ) SELECT a.principal_id, a.privileges, p.id, p.kind, p.name, p.display_name
        FROM up JOIN ace a ON a.principal_id = up.id
        JOIN collection c ON c.id = a.collection_id AND c.path = $2 AND c.deleted_at IS NULL
        JOIN principal p ON p.id = c.account_id
        ORDER BY p.name, a.principal_id";
}

/// Everyone who has signed in (`DAV:authenticated`).
pub const AUTHENTICATED: PrincipalId = PrincipalId(0);

/// Everyone, signed in or not (`DAV:all`).
pub const ALL: PrincipalId = PrincipalId(-4);

/// Everyone who has not signed in (`DAV:unauthenticated`).
pub const UNAUTHENTICATED: PrincipalId = PrincipalId(-5);

/// Whoever owns the collection, as a principal (`DAV:property` with `DAV:owner`).
pub const OWNER: PrincipalId = PrincipalId(-2);

/// A grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who has it: a principal, or one of the constants above.
    pub to: PrincipalId,
    /// What it gives.
    pub privileges: Privileges,
}

/// The grants on a collection itself, without those it inherits.
pub async fn of(tx: &mut Tx, collection: CollectionId) -> Outcome<Vec<Grant>> {
    tx.all(&OF, &[collection.0.into()], |row| {
        Ok(Grant { to: PrincipalId(row.int(0)?), privileges: Privileges(row.int(1)? as u32) })
    })
    .await
}

fn mine(row: &Row<'_>) -> Outcome<(String, Privileges)> {
    Ok((row.text(0)?.to_owned(), Privileges(row.int(2)? as u32)))
}

/// The grants to any of these on the account's collections, each with the collection's path. It costs
/// the same however many others have some.
pub async fn to_any(
    tx: &mut Tx,
    account: PrincipalId,
    of: &[i64],
) -> Outcome<Vec<(String, Privileges)>> {
    tx.all(&MINE, &[account.0.into(), of.into()], mine).await
}

/// The same on the collections at these paths.
pub async fn to_any_at(
    tx: &mut Tx,
    account: PrincipalId,
    of: &[i64],
    paths: &[String],
) -> Outcome<Vec<(String, Privileges)>> {
    tx.all(&MINE_AT, &[account.0.into(), of.into(), paths.into()], mine).await
}

/// A grant with who has it and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The path of the collection that it stands on.
    pub path: String,
    /// The grant.
    pub grant: Grant,
    /// The principal's kind; 0 for those that are none, or no longer there.
    pub kind: i64,
    /// The principal's name; empty likewise.
    pub name: String,
}

/// All grants on the account's collections with the names of who has them, by path.
pub async fn named(tx: &mut Tx, account: PrincipalId) -> Outcome<Vec<Named>> {
    tx.all(&NAMED, &[account.0.into()], |row| {
        let privileges = Privileges(row.int(2)? as u32);
        Ok(Named {
            path: row.text(0)?.to_owned(),
            grant: Grant { to: PrincipalId(row.int(1)?), privileges },
            kind: row.int(3)?,
            name: row.text(4)?.to_owned(),
        })
    })
    .await
}

/// A grant with the principal at its other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tied {
    /// The grant.
    pub grant: Grant,
    /// The other end: who has the grant, or on whose collection it stands.
    pub id: PrincipalId,
    /// Its kind.
    pub kind: i64,
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
}

fn tied(row: &Row<'_>) -> Outcome<Tied> {
    let privileges = Privileges(row.int(1)? as u32);
    Ok(Tied {
        grant: Grant { to: PrincipalId(row.int(0)?), privileges },
        id: PrincipalId(row.int(2)?),
        kind: row.int(3)?,
        name: row.text(4)?.to_owned(),
        display_name: row.text(5)?.to_owned(),
    })
}

/// The principals that have a grant on the collection at this path of an account, by name.
pub async fn tied_to(tx: &mut Tx, account: PrincipalId, path: &str) -> Outcome<Vec<Tied>> {
    tx.all(&BY_PATH, &[account.0.into(), path.into()], tied).await
}

/// Whose collection at this path grants something to a principal, or to a group that it is in,
/// directly or through other groups; by name.
pub async fn tied_from(tx: &mut Tx, to: PrincipalId, path: &str) -> Outcome<Vec<Tied>> {
    tx.all(&FOR_PRINCIPAL, &[to.0.into(), path.into()], tied).await
}

/// Makes these the only grants on a collection.
pub async fn replace(tx: &mut Tx, collection: CollectionId, grants: &[Grant]) -> Outcome<()> {
    purge(tx, collection).await?;
    for grant in grants {
        set(tx, collection, *grant).await?;
    }
    Ok(())
}

/// Makes of the grants that were on a collection these; the others stay as they are.
pub async fn change(
    tx: &mut Tx,
    collection: CollectionId,
    before: &[Grant],
    after: &[Grant],
) -> Outcome<()> {
    let by = |all: &[Grant]| all.iter().map(|it| (it.to, it.privileges)).collect::<HashMap<_, _>>();
    let (had, have) = (by(before), by(after));
    for grant in before.iter().filter(|it| !have.contains_key(&it.to)) {
        set(tx, collection, Grant { privileges: Privileges::NONE, ..*grant }).await?;
    }
    for grant in after.iter().filter(|it| had.get(&it.to) != Some(&it.privileges)) {
        set(tx, collection, *grant).await?;
    }
    Ok(())
}

/// Sets a grant; an empty one is removed.
pub async fn set(tx: &mut Tx, collection: CollectionId, grant: Grant) -> Outcome<()> {
    let with = [collection.0.into(), grant.to.0.into(), i64::from(grant.privileges.0).into()];
    match grant.privileges.is_empty() {
        true => tx.execute(&REMOVE, &with[..2]).await.map(drop),
        false => tx.execute(&SET, &with).await.map(drop),
    }
}

/// Removes all grants on a collection.
pub async fn purge(tx: &mut Tx, collection: CollectionId) -> Outcome<()> {
    tx.execute(&PURGE, &[collection.0.into()]).await.map(drop)
}

/// Removes all grants to a principal.
pub async fn purge_principal(tx: &mut Tx, principal: PrincipalId) -> Outcome<()> {
    tx.execute(&PURGE_PRINCIPAL, &[principal.0.into()]).await.map(drop)
}
