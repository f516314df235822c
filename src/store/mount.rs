//! Shared collections: who was invited to them, and where they show in others' homes.
//!
//! Invariants: a mount belongs to the account in whose home it shows, and has a collection there
//! exactly while its state is [`MOUNTED`]; it says nothing of rights, which the grants alone give. A
//! change in a shared collection writes nothing here.

use super::collection::{self, Collection};
use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::privilege::Privileges;

/// He has not answered.
pub const INVITED: i64 = 0;
/// It shows in his home.
pub const MOUNTED: i64 = 1;
/// He does not want it.
pub const DECLINED: i64 = 2;

macro_rules! mount_row {
    () => {
        "account_id, target_id, state, collection_id, told, uid, reply"
    };
}

// The shared collection's columns first, as `collection::collection` reads them.
macro_rules! target_row {
    () => {
        concat!(
            "SELECT ",
            collection::columns!(),
            ", mount_id, owner_name, owner_kind, own FROM (
            SELECT t.*, m.collection_id AS mount_id, p.name AS owner_name, p.kind AS owner_kind,
                (SELECT max(x.change) FROM personal x
                    WHERE x.principal_id = m.account_id AND x.collection_id = t.id) AS own "
        )
    };
}

macro_rules! sharees {
    ($more:literal) => {
        concat!(
            "SELECT c.path, a.privileges, p.id, p.kind, p.name, p.display_name,
            coalesce((SELECT x.address FROM address x WHERE x.principal_id = p.id
                ORDER BY x.position, x.address LIMIT 1), ''),
            coalesce(m.state, 0), coalesce(i.summary, '')
        FROM ace a JOIN collection c ON c.id = a.collection_id
        JOIN principal p ON p.id = a.principal_id
        LEFT JOIN mount m ON m.account_id = p.id AND m.target_id = c.id
        LEFT JOIN invitation i ON i.collection_id = c.id AND i.principal_id = p.id
        WHERE c.account_id = $1 AND c.deleted_at IS NULL",
            $more,
            " ORDER BY c.path, p.name"
        )
    };
}

statements! {
    SHOWN_AT = "SELECT m.collection_id, t.account_id, t.path, p.name, p.kind FROM collection c
        JOIN mount m ON m.collection_id = c.id JOIN collection t ON t.id = m.target_id
        JOIN principal p ON p.id = t.account_id
        WHERE c.account_id = $1 AND c.path = $2 AND t.deleted_at IS NULL";
    SHOWN_IN = concat!(target_row!(), "FROM mount m JOIN collection t ON t.id = m.target_id
            JOIN principal p ON p.id = t.account_id WHERE m.account_id = $1 AND m.state = 1
            AND t.deleted_at IS NULL AND m.collection_id IS NOT NULL) shown ORDER BY mount_id");
    STATES = "SELECT m.collection_id, t.id, t.last_change, coalesce((SELECT max(x.change)
            FROM personal x WHERE x.principal_id = m.account_id AND x.collection_id = t.id), 0)
        FROM mount m
        JOIN collection c ON c.id = m.collection_id JOIN collection t ON t.id = m.target_id
        WHERE m.account_id = $1 AND c.parent_id = $2 AND t.deleted_at IS NULL
        ORDER BY m.collection_id";
    OF_ACCOUNT = concat!("SELECT ", mount_row!(), " FROM mount WHERE account_id = $1
        ORDER BY target_id");
    OF_PAIR = concat!("SELECT ", mount_row!(), " FROM mount WHERE account_id = $1
        AND target_id = $2");
    BY_ROW = concat!("SELECT ", mount_row!(), " FROM mount WHERE collection_id = $1");
    SET = "INSERT INTO mount (account_id, target_id, state, collection_id, told, uid, reply)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, target_id) DO UPDATE
        SET state = excluded.state, collection_id = excluded.collection_id,
            told = excluded.told, uid = excluded.uid, reply = excluded.reply";
    REPLIES = concat!("SELECT ", mount_row!(), " FROM mount WHERE reply <> 0 AND target_id IN
        (SELECT id FROM collection WHERE account_id = $1 AND shared <> 0)
        ORDER BY target_id, account_id LIMIT $2");
    REPLIED = "UPDATE mount SET reply = 0 WHERE account_id = $1 AND target_id = $2";
    REMOVE = "DELETE FROM mount WHERE account_id = $1 AND target_id = $2";
    PURGE = "DELETE FROM mount WHERE target_id = $1 OR collection_id = $1";
    PURGE_ACCOUNT = "DELETE FROM mount WHERE account_id = $1";
    WHO_HAS = "SELECT account_id FROM mount WHERE target_id = $1";
    WHO_HAS_OF = "SELECT DISTINCT m.account_id FROM mount m JOIN collection t ON t.id = m.target_id
        WHERE t.account_id = $1";
    GRANTED = concat!("SELECT ", collection::columns!(), ", privileges, principal_id FROM (
            SELECT c.*, a.privileges, a.principal_id FROM ace a
            JOIN collection c ON c.id = a.collection_id
            WHERE a.principal_id = $1 AND c.deleted_at IS NULL) granted ORDER BY id");
    MARK = "UPDATE collection SET shared = CASE WHEN EXISTS (SELECT 1 FROM ace
                WHERE collection_id = $1 AND principal_id > 0)
            OR EXISTS (SELECT 1 FROM invitation WHERE collection_id = $1) THEN 1 ELSE 0 END
        WHERE id = $1";
    SHAREES = sharees!("");
    SHAREE = sharees!(" AND p.id = $2");
    STRANGERS = "SELECT c.path, i.address, i.common_name, i.summary, i.privileges
        FROM invitation i JOIN collection c ON c.id = i.collection_id
        WHERE c.account_id = $1 AND c.deleted_at IS NULL AND i.principal_id IS NULL
        ORDER BY c.path, i.address";
    INVITE = "INSERT INTO invitation
            (collection_id, address, principal_id, common_name, summary, privileges)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (collection_id, address) DO UPDATE
        SET principal_id = excluded.principal_id, common_name = excluded.common_name,
            summary = excluded.summary, privileges = excluded.privileges";
    INVITED_COUNT = "SELECT CAST(count(*) AS BIGINT) FROM invitation WHERE collection_id = $1";
    UNINVITE = "DELETE FROM invitation WHERE collection_id = $1 AND address = $2";
    UNINVITE_PRINCIPAL = "DELETE FROM invitation WHERE collection_id = $1 AND principal_id = $2";
    UNINVITE_EVERYWHERE = "DELETE FROM invitation WHERE principal_id = $1";
    SUMMARY = "SELECT summary FROM invitation WHERE collection_id = $1 AND principal_id = $2
        AND summary <> ''";
    PURGE_INVITATIONS = "DELETE FROM invitation WHERE collection_id = $1";
}

/// What somebody made of a collection that is shared with him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Who.
    pub account: PrincipalId,
    /// The shared collection.
    pub target: CollectionId,
    /// [`INVITED`], [`MOUNTED`] or [`DECLINED`].
    pub state: i64,
    /// The collection in his home.
    pub row: Option<CollectionId>,
    /// The privileges that he was told of last.
    pub told: Privileges,
    /// The invitation's UID.
    pub uid: String,
    /// Whether the owner is still to be told what became of it.
    pub reply: bool,
}

fn mount(row: &Row<'_>) -> Outcome<Mount> {
    Ok(Mount {
        account: PrincipalId(row.int(0)?),
        target: CollectionId(row.int(1)?),
        state: row.int(2)?,
        row: row.opt_int(3)?.map(CollectionId),
        told: Privileges(row.int(4)? as u32),
        uid: row.text(5)?.to_owned(),
        reply: row.flag(6)?,
    })
}

/// What a collection in a home shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The collection in the home.
    pub row: CollectionId,
    /// The account that owns what it shows.
    pub owner: PrincipalId,
    /// The path there.
    pub path: String,
    /// The owner's name.
    pub owner_name: String,
    /// The owner's kind, as a number.
    pub owner_kind: i64,
    /// The number with which whoever has the mount last set something of his own in it, where that
    /// was asked for.
    pub own: Option<i64>,
}

/// What the collection at a path of an account shows, if it is a mount.
pub async fn shown_at(tx: &mut Tx, account: PrincipalId, path: &str) -> Outcome<Option<Shown>> {
    tx.first(&SHOWN_AT, &[account.0.into(), path.into()], |row| {
        Ok(Shown {
            row: CollectionId(row.int(0)?),
            owner: PrincipalId(row.int(1)?),
            path: row.text(2)?.to_owned(),
            owner_name: row.text(3)?.to_owned(),
            owner_kind: row.int(4)?,
            own: None,
        })
    })
    .await
}

/// Everything of others that shows in an account's homes, with the shared collections.
pub async fn shown_in(tx: &mut Tx, account: PrincipalId) -> Outcome<Vec<(Shown, Collection)>> {
    tx.all(&SHOWN_IN, &[account.0.into()], |row| {
        let target = collection::collection(row)?;
        let shown = Shown {
            row: CollectionId(row.int(15)?),
            owner: target.account,
            path: target.path.clone(),
            owner_name: row.text(16)?.to_owned(),
            owner_kind: row.int(17)?,
            own: row.opt_int(18)?,
        };
        Ok((shown, target))
    })
    .await
}

/// Of everything of others that shows in a home: the collection there, the shared one, and the numbers
/// that its owner's account gave to the last change in it, and to the last of what is the account's own
/// in it.
pub async fn states(
    tx: &mut Tx,
    account: PrincipalId,
    home: CollectionId,
) -> Outcome<Vec<(i64, i64, i64, i64)>> {
    tx.all(&STATES, &[account.0.into(), home.0.into()], |row| {
        Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?))
    })
    .await
}

/// All mounts of an account.
pub async fn of_account(tx: &mut Tx, account: PrincipalId) -> Outcome<Vec<Mount>> {
    tx.all(&OF_ACCOUNT, &[account.0.into()], mount).await
}

/// What somebody made of a collection, if he was told of it.
pub async fn of_pair(
    tx: &mut Tx,
    account: PrincipalId,
    target: CollectionId,
) -> Outcome<Option<Mount>> {
    tx.first(&OF_PAIR, &[account.0.into(), target.0.into()], mount).await
}

/// The mount that a collection in a home is.
pub async fn by_row(tx: &mut Tx, row: CollectionId) -> Outcome<Option<Mount>> {
    tx.first(&BY_ROW, &[row.0.into()], mount).await
}

/// Stores a mount.
pub async fn set(tx: &mut Tx, it: &Mount) -> Outcome<()> {
    let with = [
        it.account.0.into(),
        it.target.0.into(),
        it.state.into(),
        it.row.map(|row| row.0).into(),
        i64::from(it.told.0).into(),
        (&it.uid).into(),
        it.reply.into(),
    ];
    tx.execute(&SET, &with).await.map(drop)
}

/// The next mounts of an account's collections whose owner is to be told what became of them.
pub async fn replies(tx: &mut Tx, owner: PrincipalId, limit: i64) -> Outcome<Vec<Mount>> {
    tx.all(&REPLIES, &[owner.0.into(), limit.into()], mount).await
}

/// Notes that the owner has been told.
pub async fn replied(tx: &mut Tx, it: &Mount) -> Outcome<()> {
    tx.execute(&REPLIED, &[it.account.0.into(), it.target.0.into()]).await.map(drop)
}

/// Forgets a mount.
pub async fn remove(tx: &mut Tx, account: PrincipalId, target: CollectionId) -> Outcome<()> {
    tx.execute(&REMOVE, &[account.0.into(), target.0.into()]).await.map(drop)
}

/// Forgets what hangs on a collection that is purged.
pub async fn purge(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&PURGE, &[of.0.into()]).await?;
    tx.execute(&PURGE_INVITATIONS, &[of.0.into()]).await.map(drop)
}

/// Forgets the mounts of an account that is going away.
pub async fn purge_account(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    tx.execute(&PURGE_ACCOUNT, &[account.0.into()]).await.map(drop)
}

/// The accounts that were told of a shared collection.
pub async fn who_has(tx: &mut Tx, target: CollectionId) -> Outcome<Vec<PrincipalId>> {
    tx.all(&WHO_HAS, &[target.0.into()], |row| Ok(PrincipalId(row.int(0)?))).await
}

/// The accounts that were told of a shared collection of this one.
pub async fn who_has_of(tx: &mut Tx, owner: PrincipalId) -> Outcome<Vec<PrincipalId>> {
    tx.all(&WHO_HAS_OF, &[owner.0.into()], |row| Ok(PrincipalId(row.int(0)?))).await
}

/// What is granted to a principal itself, each with the collection that the grant stands on.
pub async fn granted(tx: &mut Tx, to: PrincipalId) -> Outcome<Vec<(Collection, Privileges)>> {
    tx.all(&GRANTED, &[to.0.into()], |row| {
        Ok((collection::collection(row)?, Privileges(row.int(15)? as u32)))
    })
    .await
}

/// Forgets the words of all invitations of a principal that is going away.
pub async fn uninvite_everywhere(tx: &mut Tx, of: PrincipalId) -> Outcome<()> {
    tx.execute(&UNINVITE_EVERYWHERE, &[of.0.into()]).await.map(drop)
}

/// Writes down whether a collection is shared with somebody by name.
pub async fn mark(tx: &mut Tx, of: CollectionId) -> Outcome<()> {
    tx.execute(&MARK, &[of.0.into()]).await.map(drop)
}

/// Somebody with whom a collection is shared by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharee {
    /// The collection's path.
    pub path: String,
    /// What is granted.
    pub privileges: Privileges,
    /// Who it is.
    pub id: PrincipalId,
    /// His kind, as a number.
    pub kind: i64,
    /// His name, as it stands in paths.
    pub name: String,
    /// His name for people.
    pub display_name: String,
    /// His first address; empty: he has none.
    pub address: String,
    /// What he made of it: the state of his mount.
    pub state: i64,
    /// The words of the invitation.
    pub summary: String,
}

fn sharee(row: &Row<'_>) -> Outcome<Sharee> {
    Ok(Sharee {
        path: row.text(0)?.to_owned(),
        privileges: Privileges(row.int(1)? as u32),
        id: PrincipalId(row.int(2)?),
        kind: row.int(3)?,
        name: row.text(4)?.to_owned(),
        display_name: row.text(5)?.to_owned(),
        address: row.text(6)?.to_owned(),
        state: row.int(7)?,
        summary: row.text(8)?.to_owned(),
    })
}

/// Everybody with whom an account's collections are shared by name.
pub async fn sharees(tx: &mut Tx, owner: PrincipalId) -> Outcome<Vec<Sharee>> {
    tx.all(&SHAREES, &[owner.0.into()], sharee).await
}

/// What of an account's collections is shared with one by name.
pub async fn sharee_of(tx: &mut Tx, owner: PrincipalId, who: PrincipalId) -> Outcome<Vec<Sharee>> {
    tx.all(&SHAREE, &[owner.0.into(), who.0.into()], sharee).await
}

/// An invitation in its owner's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The address, folded.
    pub address: String,
    /// Whom it means; none: nobody here.
    pub principal: Option<PrincipalId>,
    /// What the owner calls him.
    pub common_name: String,
    /// What the owner says of the collection.
    pub summary: String,
    /// What it gives to him who is nobody here, once he is.
    pub privileges: Privileges,
}

/// The invitations of an account that mean nobody here, each with its collection's path.
pub async fn strangers(tx: &mut Tx, owner: PrincipalId) -> Outcome<Vec<(String, Invitation)>> {
    tx.all(&STRANGERS, &[owner.0.into()], |row| {
        let it = Invitation {
            address: row.text(1)?.to_owned(),
            principal: None,
            common_name: row.text(2)?.to_owned(),
            summary: row.text(3)?.to_owned(),
            privileges: Privileges(row.int(4)? as u32),
        };
        Ok((row.text(0)?.to_owned(), it))
    })
    .await
}

/// Keeps an invitation; a principal has one to a collection.
pub async fn invite(tx: &mut Tx, to: CollectionId, it: &Invitation) -> Outcome<()> {
    if let Some(principal) = it.principal {
        uninvite_principal(tx, to, principal).await?;
    }
    let with = [
        to.0.into(),
        (&it.address).into(),
        it.principal.map(|id| id.0).into(),
        (&it.common_name).into(),
        (&it.summary).into(),
        i64::from(it.privileges.0).into(),
    ];
    tx.execute(&INVITE, &with).await.map(drop)
}

/// How many invitations to a collection are kept.
pub async fn invited(tx: &mut Tx, to: CollectionId) -> Outcome<i64> {
    tx.one(&INVITED_COUNT, &[to.0.into()], |row| row.int(0)).await
}

/// Forgets an invitation; gives whether there was one.
pub async fn uninvite(tx: &mut Tx, to: CollectionId, address: &str) -> Outcome<bool> {
    Ok(tx.execute(&UNINVITE, &[to.0.into(), address.into()]).await? > 0)
}

/// Forgets the invitation of a principal.
pub async fn uninvite_principal(tx: &mut Tx, to: CollectionId, who: PrincipalId) -> Outcome<()> {
    tx.execute(&UNINVITE_PRINCIPAL, &[to.0.into(), who.0.into()]).await.map(drop)
}

/// What the owner says of a collection to a principal; none: nothing.
pub async fn summary(tx: &mut Tx, of: CollectionId, to: PrincipalId) -> Outcome<Option<String>> {
    tx.first(&SUMMARY, &[of.0.into(), to.0.into()], |row| Ok(row.text(0)?.to_owned())).await
}
