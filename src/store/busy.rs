//! What many people's free/busy is made of, each kind of row in one statement however many they are.

use super::collection::{self, Collection};
use super::principal::{self, Principal};
use super::property::Property;
use super::span::SPANS;
use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::privilege::Privileges;

// A number of the first list of HITS is a collection and a component's bit, which is less than 32.
// HITS on PostgreSQL is a subquery for each span, as `object::OVERLAPPING` is.
statements! {
    CALENDARS = concat!("SELECT ", collection::columns!(), " FROM collection
            WHERE account_id IN (SELECT value FROM json_each($1)) AND path >= $2 AND path < $3
            ORDER BY account_id, path"),
        postgres: concat!("SELECT ", collection::columns!(), " FROM collection
            WHERE account_id = ANY($1) AND path >= $2 AND path < $3 ORDER BY account_id, path");
    SETTINGS = "SELECT collection_id, namespace, name, value FROM property
            WHERE collection_id IN (SELECT value FROM json_each($1)) AND object = ''
            AND name IN (SELECT value FROM json_each($2)) ORDER BY collection_id",
        postgres: "SELECT collection_id, namespace, name, value FROM property
            WHERE collection_id = ANY($1) AND object = '' AND name = ANY($2)
            ORDER BY collection_id";
    GRANTS_AT = "SELECT c.account_id, a.privileges FROM collection c
            JOIN ace a ON a.collection_id = c.id
            WHERE c.account_id IN (SELECT value FROM json_each($1)) AND c.path = $2",
        postgres: "SELECT c.account_id, a.privileges FROM collection c
            JOIN ace a ON a.collection_id = c.id WHERE c.account_id = ANY($1) AND c.path = $2";
    UNTRUSTED = "SELECT collection_id FROM search_due WHERE fill IS NOT NULL
            AND collection_id IN (SELECT value FROM json_each($1))",
        postgres: "SELECT collection_id FROM search_due WHERE fill IS NOT NULL
            AND collection_id = ANY($1)";
    WITH_UID = "SELECT collection_id, name FROM object
            WHERE collection_id IN (SELECT value FROM json_each($1)) AND uid = $2",
        postgres: "SELECT collection_id, name FROM object
            WHERE collection_id = ANY($1) AND uid = $2";
    HITS = "SELECT o.collection_id, o.name, o.times FROM json_each($1) c CROSS JOIN json_each($2) s
            CROSS JOIN object o WHERE o.collection_id = c.value >> 5
            AND o.component = (c.value & 31) AND o.span = s.key AND o.first_start >= s.value
            AND o.first_start < $3 AND o.last_end > $4",
        postgres: "SELECT o.collection_id, o.name, o.times FROM unnest($1::bigint[]) c (value)
            CROSS JOIN unnest($2::bigint[]) WITH ORDINALITY s (earliest, place)
            CROSS JOIN LATERAL (SELECT x.collection_id, x.name, x.times FROM object x
                WHERE x.collection_id = c.value >> 5 AND x.component = (c.value & 31)
                AND x.span = s.place - 1 AND x.first_start >= s.earliest AND x.first_start < $3
                AND x.last_end > $4 OFFSET 0) o";
    ADDRESSES = "SELECT principal_id, address FROM address
            WHERE principal_id IN (SELECT value FROM json_each($1)) ORDER BY principal_id, position",
        postgres: "SELECT principal_id, address FROM address WHERE principal_id = ANY($1)
            ORDER BY principal_id, position";
    BY_ADDRESSES = concat!("SELECT ", principal::columns!(), ", a.address FROM address a
            JOIN principal p ON p.id = a.principal_id
            WHERE a.address IN (SELECT value FROM json_each($1))"),
        postgres: concat!("SELECT ", principal::columns!(), ", a.address FROM address a
            JOIN principal p ON p.id = a.principal_id WHERE a.address = ANY($1)");
    BY_NAMES = concat!("SELECT ", principal::columns!(), ", p.name FROM principal p
            WHERE p.name IN (SELECT value FROM json_each($1))"),
        postgres: concat!("SELECT ", principal::columns!(), ", p.name FROM principal p
            WHERE p.name = ANY($1)");
    /// Loops end by themselves.
    MEMBERS = concat!("WITH RECURSIVE down (id) AS (
            SELECT member_id FROM member WHERE group_id = $1
            UNION
            SELECT m.member_id FROM member m JOIN down ON m.group_id = down.id
        ) SELECT ", principal::columns!(), " FROM down JOIN principal p ON p.id = down.id
        ORDER BY p.name LIMIT $2");
}

/// The live collections at a home's path, or below it, of these accounts.
pub async fn collections(tx: &mut Tx, accounts: &[i64], path: &str) -> Outcome<Vec<Collection>> {
    let end = format!("{path}0"); // '0' is the octet after '/'.
    let with = [accounts.into(), path.into(), (&end).into()];
    tx.all(&CALENDARS, &with, collection::collection).await
}

/// Those of the collections' own properties that have these names, each with its collection.
pub async fn settings(
    tx: &mut Tx,
    collections: &[i64],
    names: &[String],
) -> Outcome<Vec<(CollectionId, Property)>> {
    tx.all(&SETTINGS, &[collections.into(), names.into()], |row| {
        let text = |at| Outcome::Ok(row.text(at)?.to_owned());
        let it = Property { namespace: text(1)?, name: text(2)?, value: text(3)? };
        Ok((CollectionId(row.int(0)?), it))
    })
    .await
}

/// What is granted, to whomever, on the collections at one path of these accounts, each with its
/// account.
pub async fn grants_at(
    tx: &mut Tx,
    accounts: &[i64],
    path: &str,
) -> Outcome<Vec<(PrincipalId, Privileges)>> {
    tx.all(&GRANTS_AT, &[accounts.into(), path.into()], |row| {
        Ok((PrincipalId(row.int(0)?), Privileges(row.int(1)? as u32)))
    })
    .await
}

/// Those of the collections whose index is still to be trusted again.
pub async fn untrusted(tx: &mut Tx, collections: &[i64]) -> Outcome<Vec<CollectionId>> {
    tx.all(&UNTRUSTED, &[collections.into()], |row| Ok(CollectionId(row.int(0)?))).await
}

/// The objects with this UID, each with its collection.
pub async fn with_uid(
    tx: &mut Tx,
    collections: &[i64],
    uid: &str,
) -> Outcome<Vec<(CollectionId, String)>> {
    tx.all(&WITH_UID, &[collections.into(), uid.into()], |row| {
        Ok((CollectionId(row.int(0)?), row.text(1)?.to_owned()))
    })
    .await
}

/// An object whose time meets the window.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'r> {
    /// Its collection.
    pub of: CollectionId,
    /// Its name.
    pub name: &'r str,
    /// What the index keeps of its instances.
    pub times: Option<&'r [u8]>,
}

/// Visits the objects of collections that may take time between two seconds, in no order; of each
/// collection those of one component, which is named by its bit.
pub async fn hits(
    tx: &mut Tx,
    collections: &[(CollectionId, i64)],
    (from, to): (i64, i64),
    visit: &mut (dyn FnMut(Hit<'_>) -> Outcome<()> + Send),
) -> Outcome<()> {
    let pairs: Vec<i64> = collections.iter().map(|(id, bit)| id.0 << 5 | bit).collect();
    let mut earliest = [i64::MIN; SPANS.len() + 1];
    for (start, length) in earliest.iter_mut().zip(SPANS) {
        *start = from.saturating_sub(length);
    }
    let with = [pairs[..].into(), earliest[..].into(), to.into(), from.into()];
    tx.each(&HITS, &with, &mut |row: &Row<'_>| {
        visit(Hit { of: CollectionId(row.int(0)?), name: row.text(1)?, times: row.opt_bytes(2)? })
    })
    .await
}

/// The addresses of principals, each principal's primary one first.
pub async fn addresses(tx: &mut Tx, of: &[i64]) -> Outcome<Vec<(PrincipalId, String)>> {
    let map = |row: &Row<'_>| Ok((PrincipalId(row.int(0)?), row.text(1)?.to_owned()));
    tx.all(&ADDRESSES, &[of.into()], map).await
}

/// The principals that have these addresses or, where nobody has one, names, each with the one that
/// it was found by.
pub async fn known(tx: &mut Tx, names: &[String]) -> Outcome<Vec<(String, Principal)>> {
    let map =
        |row: &Row<'_>| Ok((row.text(principal::COLUMNS)?.to_owned(), principal::principal(row)?));
    let mut all = tx.all(&BY_ADDRESSES, &[names.into()], map).await?;
    let rest: Vec<_> =
        names.iter().filter(|n| !all.iter().any(|it| it.0 == **n)).cloned().collect();
    if !rest.is_empty() {
        all.extend(tx.all(&BY_NAMES, &[rest[..].into()], map).await?);
    }
    Ok(all)
}

/// The members of a group, directly or through other groups, these groups among them; at most `limit`.
pub async fn members(tx: &mut Tx, group: PrincipalId, limit: i64) -> Outcome<Vec<Principal>> {
    tx.all(&MEMBERS, &[group.0.into(), limit.into()], principal::principal).await
}
