//! Rows of objects: calendar objects, vCards, files; and the names that are gone.
//!
//! Invariant: an object's `change` is the number that its last change took, so "what changed
//! after *n*" is one range of an index, however often each member changed.

use super::blob::{self, Body, Files};
use super::search;
pub use super::span::SPANS;
use super::span::span;
use super::statement::statements;
use super::tx::Tx;
use super::value::{Row, Value};
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock::Timestamp;
use crate::kernel::etag::ETag;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{BlobId, CollectionId, PrincipalId};
use crate::kernel::limits::SEARCH_SEGMENT;
use crate::kernel::search::value_key;

/// The columns of an object, for [`object`].
macro_rules! columns {
    () => {
        "o.name, o.change, o.blob_id, o.etag, o.size, o.media_type, o.component, o.recurring, \
         o.created_at, o.modified_at, o.language, o.schedule_tag, o.class"
    };
}
pub(super) use columns;
/// How many they are.
pub(super) const COLUMNS: usize = 13;
macro_rules! with_content {
    () => {
        concat!(columns!(), ", b.hash, b.data FROM object o JOIN blob b ON b.id = o.blob_id ")
    };
}

macro_rules! put {
    ($doc:literal) => {
        concat!(
            "INSERT INTO object (collection_id, name, change, blob_id, etag, size, media_type, uid,
            component, span, first_start, last_end, recurring, created_at, modified_at, language,
            times, class, doc)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16, $17, ",
            $doc, ")
        ON CONFLICT (collection_id, name) DO UPDATE SET change = excluded.change,
            blob_id = excluded.blob_id, etag = excluded.etag, size = excluded.size,
            media_type = excluded.media_type, uid = excluded.uid, component = excluded.component,
            span = excluded.span, first_start = excluded.first_start,
            last_end = excluded.last_end, recurring = excluded.recurring,
            modified_at = excluded.modified_at, language = excluded.language,
            times = excluded.times, class = excluded.class, doc = excluded.doc"
        )
    };
}

/// The name after which the objects of collection $1 are still to be entered into the index.
macro_rules! fill {
    () => {
        "SELECT fill FROM search_due WHERE collection_id = $1"
    };
}
/// Of those, the ones of component $2, as if nothing were known of their times.
macro_rules! untimed {
    ($cross:literal) => {
        concat!(
            "UNION ALL SELECT ",
            columns!(),
            ", NULL, NULL, NULL FROM search_due d ",
            $cross,
            "JOIN object o ON o.collection_id = d.collection_id AND o.name > d.fill
            WHERE d.collection_id = $1 AND o.component = $2"
        )
    };
}

// OVERLAPPING on PostgreSQL is a subquery for each span, which OFFSET 0 keeps: as a join it may be
// planned as one look at the whole collection.
statements! {
    FIND = concat!("SELECT ", columns!(), " FROM object o WHERE o.collection_id = $1 AND o.name = $2");
    BY_KEYS = concat!("SELECT ", columns!(), ", b.hash, b.data, o.collection_id
            FROM json_each($1) k CROSS JOIN object o JOIN blob b ON b.id = o.blob_id
            WHERE o.collection_id = CAST(substr(k.value, 1, instr(k.value, '/') - 1) AS INTEGER)
            AND o.name = substr(k.value, instr(k.value, '/') + 1)"),
        postgres: concat!("SELECT ", columns!(), ", b.hash, b.data, o.collection_id
            FROM unnest($1::text[]) k (value)
            JOIN object o ON o.collection_id = CAST(split_part(k.value, '/', 1) AS BIGINT)
                AND o.name = split_part(k.value, '/', 2)
            JOIN blob b ON b.id = o.blob_id");
    CONTENT_AT = concat!("SELECT ", columns!(), ", b.hash, b.data, c.kind, c.id FROM collection c
        JOIN object o ON o.collection_id = c.id AND o.name = $3 JOIN blob b ON b.id = o.blob_id
        WHERE c.account_id = $1 AND c.path = $2");
    BY_NAMES = concat!("SELECT ", with_content!(), "WHERE o.collection_id = $1
            AND o.name IN (SELECT value FROM json_each($2))"),
        postgres: concat!("SELECT ", with_content!(), "WHERE o.collection_id = $1
            AND o.name = ANY($2)");
    PAGE = concat!("SELECT ", columns!(), " FROM object o
        WHERE o.collection_id = $1 AND o.name > $2 ORDER BY o.name LIMIT $3");
    PAGE_CONTENT = concat!("SELECT ", with_content!(), "
        WHERE o.collection_id = $1 AND o.name > $2 ORDER BY o.name LIMIT $3");
    SINCE = concat!("SELECT ", columns!(), " FROM object o
        WHERE o.collection_id = $1 AND o.change > $2 ORDER BY o.change LIMIT $3");
    UID = "SELECT name FROM object WHERE collection_id = $1 AND uid = $2";
    UID_OF = "SELECT uid FROM object WHERE collection_id = $1 AND name = $2";
    PUT = put!("$18"),
        postgres: concat!(
            "WITH raised AS (DELETE FROM tombstone WHERE collection_id = $1 AND name = $2),
            kept AS (INSERT INTO search_text (collection_id, doc, name, text, key)
                SELECT $1, ", search::next_doc!(postgres), ", $2, CAST($18 AS TEXT),
                    CAST($20 AS BIGINT)
                WHERE $18 IS NOT NULL RETURNING doc),
            noted AS (INSERT INTO search_due (collection_id, fill)
                SELECT $1, NULL FROM kept WHERE doc % $19 = 0
                ON CONFLICT (collection_id) DO NOTHING) ",
            put!("(SELECT doc FROM kept)"));
    REPLACE = "UPDATE object SET change = $3, blob_id = $4, etag = $5, size = $6,
            media_type = $7, recurring = $13, modified_at = $14, language = $15, times = $16,
            class = $17
        WHERE collection_id = $1 AND name = $2 AND uid IS $8 AND component = $9 AND span IS $10
            AND first_start IS $11 AND last_end IS $12",
        postgres: "UPDATE object SET change = $3, blob_id = $4, etag = $5, size = $6,
            media_type = $7, component = $9, span = $10, first_start = $11, last_end = $12,
            recurring = $13, modified_at = $14, language = $15, times = $16, class = $17
        WHERE collection_id = $1 AND name = $2 AND uid IS NOT DISTINCT FROM $8";
    COPY = "INSERT INTO object (collection_id, name, change, blob_id, etag, size, media_type, uid,
            component, span, first_start, last_end, recurring, created_at, modified_at, language,
            times, doc, class)
        SELECT $3, $4, $5, blob_id, etag, size, media_type, uid, component, span, first_start,
            last_end, recurring, $6, CASE WHEN $7 = 1 THEN $6 ELSE modified_at END, language,
            times, CAST($8 AS BIGINT), class
        FROM object WHERE collection_id = $1 AND name = $2";
    MOVE = "UPDATE object SET collection_id = $3, name = $4, change = $5, doc = $8,
            modified_at = CASE WHEN $7 = 1 THEN $6 ELSE modified_at END
        WHERE collection_id = $1 AND name = $2";
    USED_BEFORE = "WITH RECURSIVE up (id, name) AS (
            SELECT id, $2 FROM collection WHERE id = $1
            UNION ALL
            SELECT c.parent_id, c.name || '/' FROM up u JOIN collection c ON c.id = u.id
            WHERE c.parent_id IS NOT NULL
        ) SELECT t.change FROM up u JOIN tombstone t ON t.collection_id = u.id AND t.name = u.name
        LIMIT 1",
        postgres: "WITH RECURSIVE up (id, name) AS (
            SELECT id, CAST($2 AS TEXT) COLLATE \"C\" FROM collection WHERE id = $1
            UNION ALL
            SELECT c.parent_id, c.name || '/' FROM up u JOIN collection c ON c.id = u.id
            WHERE c.parent_id IS NOT NULL
        ) SELECT t.change FROM up u JOIN tombstone t ON t.collection_id = u.id AND t.name = u.name
        LIMIT 1";
    REFRESH_BELOW = "UPDATE object SET modified_at = $4 WHERE collection_id IN
        (SELECT id FROM collection WHERE account_id = $1
            AND (path = $2 OR (path >= $2 || '/' AND path < $3)))";
    SET_LANGUAGE = "UPDATE object SET language = $3 WHERE collection_id = $1 AND name = $2";
    OF_UID = "SELECT c.path, o.name, o.schedule_tag FROM collection c
        JOIN object o ON o.collection_id = c.id AND o.uid = $2
        WHERE c.account_id = $1 AND c.kind = $3 AND c.deleted_at IS NULL AND c.derived = 0
        ORDER BY o.schedule_tag IS NULL, o.created_at, c.path";
    SET_SCHEDULE_TAG = "UPDATE object SET schedule_tag = $3 WHERE collection_id = $1 AND name = $2";
    CHANGE = "UPDATE object SET change = $3 WHERE collection_id = $1 AND name = $2";
    DELETE = "DELETE FROM object WHERE collection_id = $1 AND name = $2",
        postgres: concat!("WITH bare AS (DELETE FROM property WHERE collection_id = $1 AND object = $2),
        own AS (DELETE FROM personal WHERE collection_id = $1 AND name = $2),
        silent AS (DELETE FROM search_text WHERE collection_id = $1 AND doc = ", search::doc_of!(), "),
        buried AS (INSERT INTO tombstone (collection_id, name, change) VALUES ($1, $2, $3)
            ON CONFLICT (collection_id, name) DO UPDATE SET change = excluded.change)
        DELETE FROM object WHERE collection_id = $1 AND name = $2");
    OVERLAPPING = concat!("SELECT ", columns!(), ", o.first_start, o.last_end, o.times
        FROM json_each($3) s CROSS JOIN object o WHERE o.collection_id = $1 AND o.component = $2
        AND o.span = s.key AND o.first_start >= s.value AND o.first_start <= $4
        AND o.last_end >= $5 AND (o.name > (", fill!(), ")) IS NOT TRUE ", untimed!("CROSS ")),
        postgres: concat!("SELECT ", columns!(), ", o.first_start, o.last_end, o.times
        FROM unnest($3::bigint[]) WITH ORDINALITY s (earliest, place) CROSS JOIN LATERAL
            (SELECT * FROM object x WHERE x.collection_id = $1 AND x.component = $2
                AND x.span = s.place - 1 AND x.first_start >= s.earliest AND x.first_start <= $4
                AND x.last_end >= $5 AND (x.name > (", fill!(), ")) IS NOT TRUE OFFSET 0) o ",
            untimed!(""));
    BURY_NAME = "INSERT INTO tombstone (collection_id, name, change) VALUES ($1, $2, $3)
        ON CONFLICT (collection_id, name) DO UPDATE SET change = excluded.change";
    RAISE_NAME = "DELETE FROM tombstone WHERE collection_id = $1 AND name = $2";
    GONE_SINCE = "SELECT t.name, t.change FROM tombstone t
        LEFT JOIN collection k ON k.parent_id = t.collection_id AND t.name LIKE '%/'
            AND k.name = substr(t.name, 1, length(t.name) - 1)
        WHERE t.collection_id = $1 AND t.change > $2 AND k.id IS NULL
        ORDER BY t.change LIMIT $3";
    PURGE_TOMBSTONES = "DELETE FROM tombstone WHERE collection_id = $1 AND name IN
        (SELECT name FROM tombstone WHERE collection_id = $1 ORDER BY name LIMIT $2)";
    PURGE = "DELETE FROM object WHERE collection_id = $1 AND name IN
            (SELECT name FROM object WHERE collection_id = $1 ORDER BY name LIMIT $2)
        RETURNING name, blob_id";
    PURGE_PROPERTIES = "DELETE FROM property WHERE collection_id = $1
            AND object IN (SELECT value FROM json_each($2))",
        postgres: "DELETE FROM property WHERE collection_id = $1 AND object = ANY($2)";
}

/// An object as stored, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its name in the collection.
    pub name: String,
    /// The number that its last change took.
    pub change: ChangeNumber,
    /// Its content.
    pub blob: BlobId,
    /// The content's validator.
    pub etag: ETag,
    /// Octets of the content.
    pub size: u64,
    /// The media type, where the collection's kind does not say it.
    pub media_type: Option<String>,
    /// The calendar component, as one bit; 0 elsewhere.
    pub component: i64,
    /// Whether it recurs.
    pub recurring: bool,
    /// When the name was made.
    pub created_at: Timestamp,
    /// When the content changed last.
    pub modified_at: Timestamp,
    /// The language tags of the content, as its client named them.
    pub language: Option<String>,
    /// The number of the change that its Schedule-Tag stands for (RFC 6638 §3.2.10); none: it is no
    /// scheduling object.
    pub schedule_tag: Option<ChangeNumber>,
    /// How much of it its owner hides, as a number; none: nobody has looked yet.
    pub class: Option<i64>,
    /// Whether this is what somebody sees who may not see everything: validator and size are then
    /// those of what is shown, as far as it is at hand. No row is so by itself.
    pub hidden: bool,
}

impl Object {
    /// Whether there may be something in it that not everybody may see who may read it.
    pub fn may_hide(&self) -> bool {
        self.component != 0 && self.class != Some(0)
    }
}

/// Reads the columns of an object.
pub(super) fn object(row: &Row<'_>) -> Outcome<Object> {
    Ok(Object {
        name: row.text(0)?.to_owned(),
        change: ChangeNumber(row.int(1)?),
        blob: BlobId(row.int(2)?),
        etag: ETag::from_stored(row.bytes(3)?),
        size: row.int(4)?.max(0) as u64,
        media_type: row.opt_text(5)?.map(str::to_owned),
        component: row.int(6)?,
        recurring: row.flag(7)?,
        created_at: Timestamp(row.int(8)?),
        modified_at: Timestamp(row.int(9)?),
        language: row.opt_text(10)?.map(str::to_owned),
        schedule_tag: row.opt_int(11)?.map(ChangeNumber),
        class: row.opt_int(12)?,
        hidden: false,
    })
}

fn with_content(row: &Row<'_>, files: &Files) -> Outcome<(Object, Body)> {
    let object = object(row)?;
    let body =
        blob::body(files, row.bytes(COLUMNS)?, object.size as i64, row.opt_bytes(COLUMNS + 1)?)?;
    Ok((object, body))
}

/// One object by name.
pub async fn find(tx: &mut Tx, of: CollectionId, name: &str) -> Outcome<Option<Object>> {
    tx.first(&FIND, &[of.0.into(), name.into()], object).await
}

/// One object with its content, by the path of its collection and its name; and that collection with
/// its kind. One statement, because this is what a GET costs.
pub async fn content_at(
    tx: &mut Tx,
    account: PrincipalId,
    (path, name): (&str, &str),
    files: &Files,
) -> Outcome<Option<((CollectionId, i64), Object, Body)>> {
    let map = |row: &Row<'_>| {
        let (object, body) = with_content(row, files)?;
        let of = (CollectionId(row.int(COLUMNS + 3)?), row.int(COLUMNS + 2)?);
        Ok((of, object, body))
    };
    tx.first(&CONTENT_AT, &[account.0.into(), path.into(), name.into()], map).await
}

/// Those of the names that are there, with their contents, in no order.
pub async fn by_names(
    tx: &mut Tx,
    of: CollectionId,
    names: &[String],
    files: &Files,
) -> Outcome<Vec<(Object, Body)>> {
    tx.all(&BY_NAMES, &[of.0.into(), names.into()], |row| with_content(row, files)).await
}

/// A key for [`by_keys`]: a name has no `/`.
pub fn key(of: CollectionId, name: &str) -> String {
    format!("{of}/{name}")
}

/// The contents of those of the objects that are there, whichever collections they are in; in no
/// order.
pub async fn by_keys(
    tx: &mut Tx,
    keys: &[String],
    files: &Files,
) -> Outcome<Vec<(CollectionId, Object, Body)>> {
    tx.all(&BY_KEYS, &[keys.into()], |row| {
        let (object, body) = with_content(row, files)?;
        Ok((CollectionId(row.int(COLUMNS + 2)?), object, body))
    })
    .await
}

/// The next objects by name after `after` (empty: from the first), at most `limit`.
pub async fn page(
    tx: &mut Tx,
    of: CollectionId,
    after: &str,
    limit: usize,
) -> Outcome<Vec<Object>> {
    tx.all(&PAGE, &[of.0.into(), after.into(), (limit as i64).into()], object).await
}

/// The same with contents.
pub async fn page_content(
    tx: &mut Tx,
    of: CollectionId,
    after: &str,
    limit: usize,
    files: &Files,
) -> Outcome<Vec<(Object, Body)>> {
    let with = [of.0.into(), after.into(), (limit as i64).into()];
    tx.all(&PAGE_CONTENT, &with, |row| with_content(row, files)).await
}

/// Objects changed after a number, in the order of their changes, at most `limit`.
pub async fn since(
    tx: &mut Tx,
    of: CollectionId,
    after: ChangeNumber,
    limit: usize,
) -> Outcome<Vec<Object>> {
    tx.all(&SINCE, &[of.0.into(), after.0.into(), (limit as i64).into()], object).await
}

/// The name of the object with this UID.
pub async fn with_uid(tx: &mut Tx, of: CollectionId, uid: &str) -> Outcome<Option<String>> {
    tx.first(&UID, &[of.0.into(), uid.into()], |row| Ok(row.text(0)?.to_owned())).await
}

/// The UID of the object with this name.
pub async fn uid_of(tx: &mut Tx, of: CollectionId, name: &str) -> Outcome<Option<String>> {
    let map = |row: &Row<'_>| Ok(row.opt_text(0)?.map(str::to_owned));
    Ok(tx.first(&UID_OF, &[of.0.into(), name.into()], map).await?.flatten())
}

/// What the index keeps of an object beside its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The media type, where the collection's kind does not say it.
    pub media_type: Option<String>,
    /// The UID, unique within the collection.
    pub uid: Option<String>,
    /// The calendar component, as one bit; 0 elsewhere.
    pub component: i64,
    /// First start and last end of all its instances, seconds since 1970 UTC, already widened
    /// where a zone is not known. `i64::MAX` as the end: never ends.
    pub range: Option<(i64, i64)>,
    /// Whether it recurs.
    pub recurring: bool,
    /// The language tags of the content, as its client named them.
    pub language: Option<String>,
    /// What queries look into (`kernel::search`).
    pub text: Option<String>,
    /// The instances of an event that has few (`format::ical::times`).
    pub times: Option<Vec<u8>>,
    /// How much of it its owner hides (`format::ical::redact::Class`); 0 elsewhere.
    pub class: i64,
    /// The attachments of the server that it names (RFC 8607). Not stored with it.
    pub managed: Vec<String>,
    /// Whether a card tells a day that a calendar of birthdays shows. Not stored.
    pub dated: bool,
    /// Whether a calendar object names an organizer. Not stored.
    pub scheduled: bool,
}

/// An object about to be stored.
#[derive(Clone, Copy, Debug)]
pub struct Put<'a> {
    /// The collection.
    pub of: CollectionId,
    /// The name in it.
    pub name: &'a str,
    /// The number that the change takes.
    pub number: ChangeNumber,
    /// The content, which the store keeps already.
    pub content: (BlobId, &'a blob::Content),
    /// What the index keeps.
    pub index: &'a Index,
    /// Whether there is an object of the name.
    pub again: bool,
    /// Now.
    pub at: Timestamp,
}

impl Put<'_> {
    fn values(&self) -> [Value<'_>; 17] {
        let (index, (blob, content)) = (self.index, self.content);
        [
            self.of.0.into(),
            self.name.into(),
            self.number.0.into(),
            blob.0.into(),
            content.hash[..16].into(),
            (content.size as i64).into(),
            index.media_type.as_deref().into(),
            index.uid.as_deref().into(),
            index.component.into(),
            index.range.map(span).into(),
            index.range.map(|r| r.0).into(),
            index.range.map(|r| r.1).into(),
            index.recurring.into(),
            self.at.0.into(),
            index.language.as_deref().into(),
            index.times.as_deref().into(),
            index.class.into(),
        ]
    }
}

/// Makes or replaces an object; its name is gone no longer.
pub async fn put(tx: &mut Tx, it: &Put<'_>) -> Outcome<()> {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = it.values();
    let (text, uid) = (it.index.text.as_deref(), it.index.uid.as_deref());
    if !tx.is_embedded() {
        if it.again {
            search::drop_text(tx, it.of, it.name).await?;
        }
        let key = text.and_then(|text| value_key(text, uid));
        let (every, key) = (SEARCH_SEGMENT.into(), key.into());
        let with = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, text.into(), every, key];
        return tx.execute(&PUT, &with).await.map(drop);
    }
    let doc = search::place(tx, (it.of, it.name), it.again, (text, uid)).await?;
    let with = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, doc.into()];
    tx.execute(&PUT, &with).await?;
    tx.execute(&RAISE_NAME, &[it.of.0.into(), it.name.into()]).await.map(drop)
}

/// Replaces an object that is there where that leaves most of the indexes alone: its UID, and on
/// SQLite its time range, stay what they are. Else it does nothing and gives `false`.
pub async fn replace(tx: &mut Tx, it: &Put<'_>) -> Outcome<bool> {
    let replaced = tx.execute(&REPLACE, &it.values()).await? == 1;
    // The text of a calendar object is its UID, which stays.
    if replaced && it.index.component == 0 {
        let texts = (it.index.text.as_deref(), it.index.uid.as_deref());
        search::keep(tx, it.of, it.name, texts).await?;
    }
    Ok(replaced)
}

/// What a copied or moved object is made to be.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The number of the change.
    pub number: ChangeNumber,
    /// Now.
    pub at: Timestamp,
    /// Whether the content is as new as the change: something else may have stood there before, and
    /// the time of a URL never goes back (RFC 4918 §8.8). Otherwise it keeps its time.
    pub renewed: bool,
}

impl Arrival {
    fn values<'a>(
        &self,
        from: (CollectionId, &'a str),
        to: (CollectionId, &'a str),
        doc: Option<i64>,
    ) -> [Value<'a>; 8] {
        let (number, at) = (self.number.0.into(), self.at.0.into());
        let (of, into) = (from.0.0.into(), to.0.0.into());
        [of, from.1.into(), into, to.1.into(), number, at, self.renewed.into(), doc.into()]
    }
}

/// Whether something that is gone may have stood at this name of a collection: it is noted as gone,
/// or another collection had the name of one above. A collection's name is given with a `/` at its
/// end.
pub async fn used_before(tx: &mut Tx, of: CollectionId, name: &str) -> Outcome<bool> {
    let with = [of.0.into(), name.into()];
    Ok(tx.first(&USED_BEFORE, &with, |row| row.int(0)).await?.is_some())
}

/// Makes the contents of a collection and of everything below it as new as this.
pub async fn refresh_below(
    tx: &mut Tx,
    account: PrincipalId,
    path: &str,
    at: Timestamp,
) -> Outcome<()> {
    let end = format!("{path}0"); // '0' is the octet after '/'.
    let with = [account.0.into(), path.into(), (&end).into(), at.0.into()];
    tx.execute(&REFRESH_BELOW, &with).await.map(drop)
}

/// Copies a row to a name that is free; the caller takes the content's reference.
pub async fn copy(
    tx: &mut Tx,
    from: (CollectionId, &str),
    to: (CollectionId, &str),
    arrival: Arrival,
) -> Outcome<()> {
    let doc = search::carry(tx, from, to).await?;
    tx.execute(&COPY, &arrival.values(from, to, doc)).await?;
    tx.execute(&RAISE_NAME, &[to.0.0.into(), to.1.into()]).await.map(drop)
}

/// Moves a row to a name that is free.
pub async fn rename(
    tx: &mut Tx,
    from: (CollectionId, &str),
    to: (CollectionId, &str),
    arrival: Arrival,
) -> Outcome<()> {
    let doc = search::carry(tx, from, to).await?;
    if doc.is_some() {
        search::drop_text(tx, from.0, from.1).await?;
    }
    tx.execute(&MOVE, &arrival.values(from, to, doc)).await?;
    super::personal::carry(tx, from, to).await?;
    tx.execute(&RAISE_NAME, &[to.0.0.into(), to.1.into()]).await.map(drop)
}

/// Gives an object a newer change number: its properties changed.
pub async fn change(
    tx: &mut Tx,
    of: CollectionId,
    name: &str,
    number: ChangeNumber,
) -> Outcome<()> {
    tx.execute(&CHANGE, &[of.0.into(), name.into(), number.0.into()]).await.map(drop)
}

/// Sets the language tags of an object's content.
pub async fn set_language(
    tx: &mut Tx,
    of: CollectionId,
    name: &str,
    language: Option<&str>,
) -> Outcome<()> {
    tx.execute(&SET_LANGUAGE, &[of.0.into(), name.into(), language.into()]).await.map(drop)
}

/// The path from the account's root, and the number of the Schedule-Tag.
pub type Placed = (String, Option<ChangeNumber>);

/// Where an account has objects of this UID in collections of a kind that people fill; scheduling
/// objects first, the oldest first.
pub async fn of_uid(
    tx: &mut Tx,
    account: PrincipalId,
    kind: i64,
    uid: &str,
) -> Outcome<Vec<Placed>> {
    tx.all(&OF_UID, &[account.0.into(), uid.into(), kind.into()], |row| {
        let tag = row.opt_int(2)?.map(ChangeNumber);
        Ok((format!("{}/{}", row.text(0)?, row.text(1)?), tag))
    })
    .await
}

/// Sets the number that an object's Schedule-Tag stands for.
pub async fn set_schedule_tag(
    tx: &mut Tx,
    of: CollectionId,
    name: &str,
    tag: Option<ChangeNumber>,
) -> Outcome<()> {
    let tag = tag.map(|number| number.0);
    tx.execute(&SET_SCHEDULE_TAG, &[of.0.into(), name.into(), tag.into()]).await.map(drop)
}

/// Removes a row with its properties and leaves a tombstone; the log's entry is the caller's.
pub async fn delete(
    tx: &mut Tx,
    of: CollectionId,
    name: &str,
    number: ChangeNumber,
) -> Outcome<()> {
    let with = [of.0.into(), name.into(), number.0.into()];
    if !tx.is_embedded() {
        return tx.execute(&DELETE, &with).await.map(drop);
    }
    search::drop_text(tx, of, name).await?;
    tx.execute(&DELETE, &with[..2]).await?;
    super::property::clear(tx, of, name).await?;
    super::personal::clear(tx, of, name).await?;
    bury_name(tx, of, name, number).await
}

/// An object with what is known of its instances.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The object.
    pub object: Object,
    /// First start and last end, of all time where none is stored.
    pub range: (i64, i64),
    /// The instances of an event that has few.
    pub times: Option<Vec<u8>>,
}

fn timed(row: &Row<'_>) -> Outcome<Timed> {
    let (start, end) = (row.opt_int(COLUMNS)?, row.opt_int(COLUMNS + 1)?);
    Ok(Timed {
        object: object(row)?,
        range: (start.unwrap_or(i64::MIN), end.unwrap_or(i64::MAX)),
        times: row.opt_bytes(COLUMNS + 2)?.map(<[u8]>::to_vec),
    })
}

/// Objects of one component whose stored range meets `[from, to]`, both ends included, because some
/// tests of RFC 4791 §9.9 hold at a mere touch; in no order. The exact test is the caller's. Those that
/// are still to be entered into the index are all among them, with nothing known of their times.
pub async fn overlapping(
    tx: &mut Tx,
    of: CollectionId,
    component: i64,
    (from, to): (i64, i64),
) -> Outcome<Vec<Timed>> {
    // Where a range of each span starts at the earliest, if it reaches the window.
    let mut earliest = [i64::MIN; SPANS.len() + 1];
    for (start, length) in earliest.iter_mut().zip(SPANS) {
        *start = from.saturating_sub(length);
    }
    let with = [of.0.into(), component.into(), earliest[..].into(), to.into(), from.into()];
    tx.all(&OVERLAPPING, &with, timed).await
}

/// Notes that a name is gone. A removed collection's name is given with a `/` at its end; its note
/// stays when the name is used again, because what was in the collection is gone all the same.
pub async fn bury_name(
    tx: &mut Tx,
    of: CollectionId,
    name: &str,
    number: ChangeNumber,
) -> Outcome<()> {
    tx.execute(&BURY_NAME, &[of.0.into(), name.into(), number.0.into()]).await.map(drop)
}

/// Names gone after a number, in the order of the changes, at most `limit`.
pub async fn gone_since(
    tx: &mut Tx,
    of: CollectionId,
    after: ChangeNumber,
    limit: usize,
) -> Outcome<Vec<(String, ChangeNumber)>> {
    tx.all(&GONE_SINCE, &[of.0.into(), after.0.into(), (limit as i64).into()], |row| {
        Ok((row.text(0)?.to_owned(), ChangeNumber(row.int(1)?)))
    })
    .await
}

/// Removes the first objects of a buried collection, at most `limit`, with their properties; gives
/// how many.
pub async fn purge(tx: &mut Tx, of: CollectionId, now: Timestamp, limit: i64) -> Outcome<usize> {
    let map = |row: &Row<'_>| Ok((row.text(0)?.to_owned(), BlobId(row.int(1)?)));
    let gone = tx.all(&PURGE, &[of.0.into(), limit.into()], map).await?;
    let (names, contents): (Vec<String>, Vec<BlobId>) = gone.into_iter().unzip();
    for content in contents {
        blob::release(tx, content, now).await?;
    }
    if !names.is_empty() {
        tx.execute(&PURGE_PROPERTIES, &[of.0.into(), (&names[..]).into()]).await?;
    }
    Ok(names.len())
}

/// Forgets tombstones of a collection that is being purged, at most `limit`; gives how many.
pub async fn purge_tombstones(tx: &mut Tx, of: CollectionId, limit: i64) -> Outcome<u64> {
    tx.execute(&PURGE_TOMBSTONES, &[of.0.into(), limit.into()]).await
}
