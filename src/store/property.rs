//! Properties that clients set, on collections and on objects, as standalone XML elements.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::CollectionId;

statements! {
    OF = "SELECT object, namespace, name, value FROM property
        WHERE collection_id = $1 AND object = $2 ORDER BY namespace, name";
    OF_MANY = "SELECT collection_id, namespace, name, value FROM property
            WHERE collection_id IN (SELECT value FROM json_each($1)) AND object = ''
            ORDER BY collection_id, namespace, name",
        postgres: "SELECT collection_id, namespace, name, value FROM property
            WHERE collection_id = ANY($1) AND object = ''
            ORDER BY collection_id, namespace, name";
    OF_OBJECTS = "SELECT object, namespace, name, value FROM property
        WHERE collection_id = $1 AND object >= $2 AND object <= $3 AND object <> ''
        ORDER BY object, namespace, name";
    OF_KEYS = "SELECT p.object, p.namespace, p.name, p.value, p.collection_id
            FROM json_each($1) k CROSS JOIN property p
            WHERE p.collection_id = CAST(substr(k.value, 1, instr(k.value, '/') - 1) AS INTEGER)
            AND p.object = substr(k.value, instr(k.value, '/') + 1)
            ORDER BY p.collection_id, p.object, p.namespace, p.name",
        postgres: "SELECT p.object, p.namespace, p.name, p.value, p.collection_id
            FROM unnest($1::text[]) k (value)
            JOIN property p ON p.collection_id = CAST(split_part(k.value, '/', 1) AS BIGINT)
                AND p.object = split_part(k.value, '/', 2)
            ORDER BY p.collection_id, p.object, p.namespace, p.name";
    SET = "INSERT INTO property (collection_id, object, namespace, name, value)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (collection_id, object, namespace, name) DO UPDATE SET value = excluded.value";
    REMOVE = "DELETE FROM property
        WHERE collection_id = $1 AND object = $2 AND namespace = $3 AND name = $4";
    CLEAR = "DELETE FROM property WHERE collection_id = $1 AND object = $2";
    PURGE = "DELETE FROM property WHERE collection_id = $1";
    COPY = "INSERT INTO property (collection_id, object, namespace, name, value)
        SELECT $3, $4, namespace, name, value FROM property
        WHERE collection_id = $1 AND object = $2";
    MOVE = "UPDATE property SET collection_id = $3, object = $4
        WHERE collection_id = $1 AND object = $2";
}

/// A property as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The namespace; empty for none.
    pub namespace: String,
    /// The local name.
    pub name: String,
    /// The whole element as standalone XML.
    pub value: String,
}

fn property(row: &Row<'_>) -> Outcome<Property> {
    Ok(Property {
        namespace: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        value: row.text(3)?.to_owned(),
    })
}

/// The properties of an object, or with an empty name of the collection itself.
pub async fn of(tx: &mut Tx, collection: CollectionId, object: &str) -> Outcome<Vec<Property>> {
    tx.all(&OF, &[collection.0.into(), object.into()], property).await
}

/// The own properties of many collections, each with its collection, in the order of their ids.
pub async fn of_many(tx: &mut Tx, collections: &[i64]) -> Outcome<Vec<(CollectionId, Property)>> {
    let map = |row: &Row<'_>| Ok((CollectionId(row.int(0)?), property(row)?));
    tx.all(&OF_MANY, &[collections.into()], map).await
}

/// The properties of the objects whose names lie between two names, both included.
pub async fn of_objects(
    tx: &mut Tx,
    collection: CollectionId,
    from: &str,
    to: &str,
) -> Outcome<Vec<(String, Property)>> {
    let map = |row: &Row<'_>| Ok((row.text(0)?.to_owned(), property(row)?));
    tx.all(&OF_OBJECTS, &[collection.0.into(), from.into(), to.into()], map).await
}

/// The properties of the objects with these keys (`object::key`), whichever collections they are in.
pub async fn of_keys(
    tx: &mut Tx,
    keys: &[String],
) -> Outcome<Vec<(CollectionId, String, Property)>> {
    tx.all(&OF_KEYS, &[keys.into()], |row| {
        Ok((CollectionId(row.int(4)?), row.text(0)?.to_owned(), property(row)?))
    })
    .await
}

/// Sets one.
pub async fn set(
    tx: &mut Tx,
    collection: CollectionId,
    object: &str,
    property: &Property,
) -> Outcome<()> {
    let with = [
        collection.0.into(),
        object.into(),
        (&property.namespace).into(),
        (&property.name).into(),
        (&property.value).into(),
    ];
    tx.execute(&SET, &with).await.map(drop)
}

/// Removes one; removing what is not there is no fault (RFC 4918 §9.2).
pub async fn remove(
    tx: &mut Tx,
    collection: CollectionId,
    object: &str,
    (namespace, name): (&str, &str),
) -> Outcome<()> {
    let with = [collection.0.into(), object.into(), namespace.into(), name.into()];
    tx.execute(&REMOVE, &with).await.map(drop)
}

/// Removes all of an object, or with an empty name of the collection itself.
pub async fn clear(tx: &mut Tx, collection: CollectionId, object: &str) -> Outcome<()> {
    tx.execute(&CLEAR, &[collection.0.into(), object.into()]).await.map(drop)
}

/// Removes all of a collection and of its members.
pub async fn purge(tx: &mut Tx, collection: CollectionId) -> Outcome<()> {
    tx.execute(&PURGE, &[collection.0.into()]).await.map(drop)
}

/// Copies all of one to another that has none.
pub async fn copy(
    tx: &mut Tx,
    from: (CollectionId, &str),
    to: (CollectionId, &str),
) -> Outcome<()> {
    let with = [from.0.0.into(), from.1.into(), to.0.0.into(), to.1.into()];
    tx.execute(&COPY, &with).await.map(drop)
}

/// Moves all of one to another that has none.
pub async fn rename(
    tx: &mut Tx,
    from: (CollectionId, &str),
    to: (CollectionId, &str),
) -> Outcome<()> {
    let with = [from.0.0.into(), from.1.into(), to.0.0.into(), to.1.into()];
    tx.execute(&MOVE, &with).await.map(drop)
}
