//! A second way into a store's tables, past the server's own code: to count what must be gone, to
//! fill in what would take long, to check that what is counted agrees.

use davenport::store::Location;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use std::path::Path;
use std::time::Duration;

/// Every table that holds somebody's data.
pub const TABLES: [&str; 22] = [
    "principal",
    "address",
    "member",
    "app_password",
    "account",
    "collection",
    "blob",
    "object",
    "tombstone",
    "change",
    "property",
    "ace",
    "dav_lock",
    "job",
    "search_text",
    "search_segment",
    "search_posting",
    "search_due",
    "mailbox",
    "message",
    "expunged",
    "mail_subscription",
];

/// What must be 0 in a sound store, with what it means.
const SOUND: [(&str, &str); 8] = [
    (
        "a number without its entry",
        "SELECT count(*) FROM account a WHERE change_number <
            (SELECT coalesce(max(number), 0) FROM change c WHERE c.account_id = a.id)",
    ),
    (
        "a wrong member count",
        "SELECT count(*) FROM collection c WHERE member_count <>
            (SELECT count(*) FROM object o WHERE o.collection_id = c.id) +
            (SELECT count(*) FROM message m WHERE m.collection_id = c.id)",
    ),
    (
        "wrong octets of members",
        "SELECT count(*) FROM collection c WHERE member_bytes <>
            (SELECT coalesce(sum(size), 0) FROM object o WHERE o.collection_id = c.id) +
            (SELECT coalesce(sum(size), 0) FROM message m WHERE m.collection_id = c.id)",
    ),
    (
        "a wrong reference count",
        "SELECT count(*) FROM blob b LEFT JOIN (SELECT blob_id, count(*) AS n FROM
                (SELECT blob_id FROM object UNION ALL SELECT blob_id FROM change
                UNION ALL SELECT blob_id FROM message UNION ALL SELECT blob_id FROM expunged) AS u
                GROUP BY blob_id) AS r ON r.blob_id = b.id
            WHERE b.refs <> coalesce(r.n, 0)",
    ),
    (
        "an object without its content",
        "SELECT count(*) FROM (SELECT blob_id FROM object UNION ALL SELECT blob_id FROM message) AS o
            WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = o.blob_id)",
    ),
    (
        "a wrong use of the quota",
        "SELECT count(*) FROM account a WHERE used_bytes <> (SELECT coalesce(sum(o.size), 0)
            FROM (SELECT collection_id, size FROM object
                UNION ALL SELECT collection_id, size FROM message) AS o
            JOIN collection c ON c.id = o.collection_id
            WHERE c.account_id = a.id AND c.deleted_at IS NULL AND c.derived = 0)",
    ),
    (
        "a UID that is given and may be given again, or is there and gone",
        "SELECT count(*) FROM message m JOIN mailbox b ON b.collection_id = m.collection_id
            WHERE m.uid >= b.uid_next OR EXISTS (SELECT 1 FROM expunged e
                WHERE e.collection_id = m.collection_id AND e.uid = m.uid)",
    ),
    (
        "a name both there and gone",
        "SELECT count(*) FROM object o JOIN tombstone t
            ON t.collection_id = o.collection_id AND t.name = o.name",
    ),
];

/// The same, of the index of texts.
const TEXTS: [(&str, &str); 2] = [
    (
        "a text without its object",
        "SELECT count(*) FROM search_text t WHERE NOT EXISTS (SELECT 1 FROM object o
            WHERE o.collection_id = t.collection_id AND o.name = t.name AND o.doc = t.doc)",
    ),
    (
        "an object without its text",
        "SELECT count(*) FROM object o WHERE doc IS NOT NULL AND NOT EXISTS
            (SELECT 1 FROM search_text t
            WHERE t.collection_id = o.collection_id AND t.doc = o.doc)",
    ),
];

/// Runs one statement.
pub async fn run(location: &Location, sql: &str) {
    match location {
        Location::Sqlite(path) => {
            sqlite(path).execute(sql, []).unwrap();
        }
        Location::Postgres { url, .. } => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            connection.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

/// The one number that a query answers.
pub async fn int(location: &Location, sql: &str) -> i64 {
    match location {
        Location::Sqlite(path) => sqlite(path).query_row(sql, [], |row| row.get(0)).unwrap(),
        Location::Postgres { url, .. } => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            let sql = format!("SELECT ({sql})::bigint");
            let row = connection.fetch_one(sqlx::AssertSqlSafe(sql)).await.unwrap();
            connection.close().await.unwrap();
            row.get(0)
        }
    }
}

/// The contents kept as files: the hash in hexadecimal digits, and how many octets.
pub async fn large_contents(location: &Location) -> Vec<(String, i64)> {
    match location {
        Location::Sqlite(path) => {
            let connection = sqlite(path);
            let sql = "SELECT lower(hex(hash)), size FROM blob WHERE data IS NULL";
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        }
        Location::Postgres { url, .. } => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            let sql = "SELECT encode(hash, 'hex'), size FROM blob WHERE data IS NULL";
            let rows = connection.fetch_all(sql).await.unwrap();
            connection.close().await.unwrap();
            rows.into_iter().map(|row| (row.get(0), row.get(1))).collect()
        }
    }
}

/// How many rows a table has.
pub async fn rows(location: &Location, table: &str) -> i64 {
    int(location, &format!("SELECT count(*) FROM {table}")).await
}

/// Fails unless all counts agree with what they count, and the file of SQLite is whole.
pub async fn assert_sound(location: &Location) {
    if let Location::Sqlite(path) = location {
        let check = "PRAGMA integrity_check";
        let text: String = sqlite(path).query_row(check, [], |row| row.get(0)).unwrap();
        assert_eq!(text, "ok");
    }
    for (what, sql) in SOUND {
        assert_eq!(int(location, sql).await, 0, "{what}");
    }
    assert_texts_sound(location).await;
}

/// Fails unless objects and their texts know of each other.
pub async fn assert_texts_sound(location: &Location) {
    for (what, sql) in TEXTS {
        assert_eq!(int(location, sql).await, 0, "{what}");
    }
}

fn sqlite(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    connection
}
