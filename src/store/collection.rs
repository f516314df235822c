//! Rows of collections: homes, calendars, address books, folders.
//!
//! Invariant: `path` is unique within the account and equals the names from the root; a deleted
//! collection keeps its rows under the path `#ID`, outside the live names, until it is purged.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};

/// The columns of a collection, for [`collection`].
macro_rules! columns {
    () => {
        "id, account_id, parent_id, kind, path, name, components, change, last_change, \
         member_count, member_bytes, created_at, modified_at, derived, shared"
    };
}

pub(super) use columns;
/// How many they are.
pub(super) const COLUMNS: usize = 15;

statements! {
    BY_PATH = concat!("SELECT ", columns!(), " FROM collection WHERE account_id = $1 AND path = $2");
    BY_ID = concat!("SELECT ", columns!(), " FROM collection WHERE id = $1 AND deleted_at IS NULL");
    BURIED = "SELECT name FROM collection WHERE id = $1 AND deleted_at IS NOT NULL";
    CHILDREN = concat!("SELECT ", columns!(), " FROM collection WHERE parent_id = $1 ORDER BY name");
    CHANGED_CHILDREN = concat!("SELECT ", columns!(), " FROM collection
        WHERE parent_id = $1 AND last_change > $2 ORDER BY name");
    BELOW = concat!("SELECT ", columns!(), " FROM collection
        WHERE account_id = $1 AND path >= $2 AND path < $3 ORDER BY path");
    ROOTS = concat!("SELECT ", columns!(), " FROM collection
        WHERE account_id = $1 AND parent_id IS NULL AND deleted_at IS NULL ORDER BY path");
    INSERT = "INSERT INTO collection (account_id, parent_id, kind, path, name, components, change,
        last_change, mapped, member_count, member_bytes, created_at, modified_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7, 0, 0, $8, $8) RETURNING id";
    TOUCH = "UPDATE collection SET last_change = $2, member_count = member_count + $3,
            member_bytes = member_bytes + $4, modified_at = $5 WHERE id = $1 RETURNING parent_id",
        postgres: "WITH RECURSIVE line (id, parent_id) AS (
            SELECT id, parent_id FROM collection WHERE id = $1
            UNION ALL
            SELECT c.id, c.parent_id FROM collection c JOIN line l ON c.id = l.parent_id
        ) UPDATE collection SET last_change = $2,
            member_count = member_count + CASE WHEN id = $1 THEN $3 ELSE 0 END,
            member_bytes = member_bytes + CASE WHEN id = $1 THEN $4 ELSE 0 END,
            modified_at = CASE WHEN id = $1 THEN $5 ELSE modified_at END
        WHERE id IN (SELECT id FROM line)";
    PARENT = "SELECT parent_id FROM collection WHERE id = $1";
    LIFT = "UPDATE collection SET last_change = $2 WHERE id = $1 RETURNING parent_id";
    TOUCH_ABOVE = "WITH RECURSIVE above (id) AS (
            SELECT parent_id FROM collection WHERE id = $1
            UNION ALL
            SELECT c.parent_id FROM collection c JOIN above a ON c.id = a.id
        ) UPDATE collection SET last_change = $2 WHERE id IN (SELECT id FROM above)";
    CHANGE_SELF = "UPDATE collection SET change = $2, last_change = $2, modified_at = $3 WHERE id = $1";
    REHOME = "UPDATE collection SET parent_id = $2, path = $3, name = $4, change = $5,
        last_change = $5, mapped = $5 WHERE id = $1";
    REPATH_BELOW = "UPDATE collection SET path = $4 || substr(path, CAST($5 AS INTEGER))
        WHERE account_id = $1 AND path >= $2 AND path < $3";
    DERIVE = "UPDATE collection SET derived = $2 WHERE id = $1";
    BURY = "UPDATE collection SET parent_id = NULL, path = '#' || id || '/' || path, deleted_at = $4
        WHERE account_id = $1 AND (path = $2 OR (path >= $2 || '/' AND path < $3))";
    EXPIRED = "SELECT id, account_id FROM collection
            WHERE deleted_at < $1
            AND NOT EXISTS (SELECT 1 FROM itip n WHERE n.recipient_id = collection.account_id
                AND n.done_at IS NULL AND n.method IN ('GONE', 'GONE-SILENTLY')
                AND n.recipient = CAST(collection.id AS TEXT))
            ORDER BY deleted_at, id LIMIT $2",
        postgres: "SELECT id, account_id FROM collection
            WHERE deleted_at < $1
            AND NOT EXISTS (SELECT 1 FROM itip n WHERE n.recipient_id = collection.account_id
                AND n.done_at IS NULL AND n.method IN ('GONE', 'GONE-SILENTLY')
                AND n.recipient = CAST(collection.id AS TEXT))
            ORDER BY deleted_at, id LIMIT $2 FOR UPDATE SKIP LOCKED";
    REMOVE = "DELETE FROM collection WHERE id = $1";
    SUM_BELOW = "SELECT CAST(coalesce(sum(member_bytes), 0) AS BIGINT) FROM collection
        WHERE account_id = $1 AND (path = $2 OR (path >= $2 || '/' AND path < $3))";
}

/// A collection as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its identity.
    pub id: CollectionId,
    /// The account that owns it.
    pub account: PrincipalId,
    /// The collection that holds it; none for a home.
    pub parent: Option<CollectionId>,
    /// What may be in it (`domain::collection::Kind` as a number).
    pub kind: i64,
    /// Names from the account's root, joined by `/`.
    pub path: String,
    /// The last of them.
    pub name: String,
    /// The calendar components that it takes, as a set of bits; 0 elsewhere.
    pub components: i64,
    /// The last change of the collection itself.
    pub change: ChangeNumber,
    /// The last change of it or of anything below it.
    pub last_change: ChangeNumber,
    /// How many objects are directly in it.
    pub member_count: i64,
    /// Their octets.
    pub member_bytes: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it or a member changed last.
    pub modified_at: Timestamp,
    /// Who fills it: 0 people, otherwise the server (`domain::collection::Derived` as a number).
    pub derived: i64,
    /// Whether it is shared with somebody by name.
    pub shared: bool,
}

/// Reads the columns of a collection.
pub(super) fn collection(row: &Row<'_>) -> Outcome<Collection> {
    Ok(Collection {
        id: CollectionId(row.int(0)?),
        account: PrincipalId(row.int(1)?),
        parent: row.opt_int(2)?.map(CollectionId),
        kind: row.int(3)?,
        path: row.text(4)?.to_owned(),
        name: row.text(5)?.to_owned(),
        components: row.int(6)?,
        change: ChangeNumber(row.int(7)?),
        last_change: ChangeNumber(row.int(8)?),
        member_count: row.int(9)?,
        member_bytes: row.int(10)?,
        created_at: Timestamp(row.int(11)?),
        modified_at: Timestamp(row.int(12)?),
        derived: row.int(13)?,
        shared: row.flag(14)?,
    })
}

/// The ends of the range of paths strictly below `path`: every one begins with `path/`, and `0`
/// is the octet after `/`.
pub(super) fn below(path: &str) -> (String, String) {
    (format!("{path}/"), format!("{path}0"))
}

/// The collection at a path.
pub async fn at(tx: &mut Tx, account: PrincipalId, path: &str) -> Outcome<Option<Collection>> {
    tx.first(&BY_PATH, &[account.0.into(), path.into()], collection).await
}

/// A live collection by its identity.
pub async fn by_id(tx: &mut Tx, id: CollectionId) -> Outcome<Option<Collection>> {
    tx.first(&BY_ID, &[id.0.into()], collection).await
}

/// The name that a removed collection had.
pub async fn buried(tx: &mut Tx, id: CollectionId) -> Outcome<Option<String>> {
    tx.first(&BURIED, &[id.0.into()], |row| Ok(row.text(0)?.to_owned())).await
}

/// The collections directly in one, by name.
pub async fn children(tx: &mut Tx, parent: CollectionId) -> Outcome<Vec<Collection>> {
    tx.all(&CHILDREN, &[parent.0.into()], collection).await
}

/// Those of them that changed, or hold something that changed, after a number.
pub async fn changed_children(
    tx: &mut Tx,
    parent: CollectionId,
    after: ChangeNumber,
) -> Outcome<Vec<Collection>> {
    tx.all(&CHANGED_CHILDREN, &[parent.0.into(), after.0.into()], collection).await
}

/// Every collection strictly below a path, parents before children.
pub async fn all_below(tx: &mut Tx, account: PrincipalId, path: &str) -> Outcome<Vec<Collection>> {
    let (from, to) = below(path);
    tx.all(&BELOW, &[account.0.into(), (&from).into(), (&to).into()], collection).await
}

/// The account's homes.
pub async fn roots(tx: &mut Tx, account: PrincipalId) -> Outcome<Vec<Collection>> {
    tx.all(&ROOTS, &[account.0.into()], collection).await
}

/// A collection about to be made.
#[derive(Clone, Debug)]
pub struct NewCollection<'a> {
    /// The account that owns it.
    pub account: PrincipalId,
    /// The collection that holds it; none for a home.
    pub parent: Option<CollectionId>,
    /// See [`Collection::kind`].
    pub kind: i64,
    /// See [`Collection::path`].
    pub path: &'a str,
    /// See [`Collection::components`].
    pub components: i64,
    /// The number that its making takes.
    pub number: ChangeNumber,
    /// Now.
    pub at: Timestamp,
}

/// Makes a collection.
pub async fn insert(tx: &mut Tx, new: &NewCollection<'_>) -> Outcome<CollectionId> {
    let name = new.path.rsplit('/').next().unwrap_or_default();
    let with = [
        new.account.0.into(),
        new.parent.map(|id| id.0).into(),
        new.kind.into(),
        new.path.into(),
        name.into(),
        new.components.into(),
        new.number.0.into(),
        new.at.0.into(),
    ];
    tx.one(&INSERT, &with, |row| Ok(CollectionId(row.int(0)?))).await
}

/// How a change of members changes their collection.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    /// The number that the change took.
    pub number: ChangeNumber,
    /// Members more (or, negative, fewer).
    pub members: i64,
    /// Octets more.
    pub octets: i64,
    /// Now.
    pub at: Timestamp,
}

/// Notes a change of members on the collection and on everything above it.
pub async fn touch(tx: &mut Tx, id: CollectionId, touch: Touch) -> Outcome<()> {
    let with = [
        id.0.into(),
        touch.number.0.into(),
        touch.members.into(),
        touch.octets.into(),
        touch.at.0.into(),
    ];
    if !tx.is_embedded() {
        return tx.execute(&TOUCH, &with).await.map(drop);
    }
    let above = tx.first(&TOUCH, &with, |row| row.opt_int(0)).await?;
    lift(tx, above.flatten(), touch.number).await
}

/// Notes a change on a collection and on everything above it: a small statement a level costs less
/// than one that walks up by itself.
async fn lift(tx: &mut Tx, mut next: Option<i64>, number: ChangeNumber) -> Outcome<()> {
    while let Some(id) = next {
        let with = [id.into(), number.0.into()];
        next = tx.first(&LIFT, &with, |row| row.opt_int(0)).await?.flatten();
    }
    Ok(())
}

/// Notes a change on everything above the collection.
pub async fn touch_above(tx: &mut Tx, id: CollectionId, number: ChangeNumber) -> Outcome<()> {
    if !tx.is_embedded() {
        return tx.execute(&TOUCH_ABOVE, &[id.0.into(), number.0.into()]).await.map(drop);
    }
    let above = tx.first(&PARENT, &[id.0.into()], |row| row.opt_int(0)).await?;
    lift(tx, above.flatten(), number).await
}

/// Notes a change of the collection itself (its properties), and on everything above it.
pub async fn change_self(
    tx: &mut Tx,
    id: CollectionId,
    number: ChangeNumber,
    at: Timestamp,
) -> Outcome<()> {
    tx.execute(&CHANGE_SELF, &[id.0.into(), number.0.into(), at.0.into()]).await?;
    touch_above(tx, id, number).await
}

/// Moves a collection with everything below it to another parent or name of the same account.
pub async fn rehome(
    tx: &mut Tx,
    it: &Collection,
    parent: CollectionId,
    path: &str,
    number: ChangeNumber,
) -> Outcome<()> {
    let (from, to) = below(&it.path);
    let keep_from = it.path.chars().count() as i64 + 1;
    let account = it.account.0;
    let with = [account.into(), (&from).into(), (&to).into(), path.into(), keep_from.into()];
    tx.execute(&REPATH_BELOW, &with).await?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let with = [it.id.0.into(), parent.0.into(), path.into(), name.into(), number.0.into()];
    tx.execute(&REHOME, &with).await.map(drop)
}

/// Notes who fills a collection.
pub async fn derive(tx: &mut Tx, id: CollectionId, derived: i64) -> Outcome<()> {
    tx.execute(&DERIVE, &[id.0.into(), derived.into()]).await.map(drop)
}

/// Takes a collection and everything below it out of the live names. Their members stay where
/// they are, so the cost is that of the collections alone, and it can be undone.
pub async fn bury(tx: &mut Tx, it: &Collection, at: Timestamp) -> Outcome<()> {
    let (_, to) = below(&it.path);
    let with = [it.account.0.into(), (&it.path).into(), (&to).into(), at.0.into()];
    tx.execute(&BURY, &with).await.map(drop)
}

/// Octets of the members of a collection and of everything below it.
pub async fn octets(tx: &mut Tx, it: &Collection) -> Outcome<i64> {
    let (_, to) = below(&it.path);
    let with = [it.account.0.into(), (&it.path).into(), (&to).into()];
    tx.one(&SUM_BELOW, &with, |row| row.int(0)).await
}

/// Collections buried before `cutoff`, each with its account, but for those whose meetings others
/// are still to be told of (`scheduling::gone`); a write holds them until its end, and
/// leaves out those that another one holds.
pub async fn expired(
    tx: &mut Tx,
    cutoff: Timestamp,
    limit: i64,
) -> Outcome<Vec<(CollectionId, PrincipalId)>> {
    tx.all(&EXPIRED, &[cutoff.0.into(), limit.into()], |row| {
        Ok((CollectionId(row.int(0)?), PrincipalId(row.int(1)?)))
    })
    .await
}

/// Removes a buried collection's row; its members are gone already.
pub async fn remove(tx: &mut Tx, id: CollectionId) -> Outcome<()> {
    tx.execute(&REMOVE, &[id.0.into()]).await.map(drop)
}
