//! Opening: migrations, re-opening, refusing, starting at the same moment, several processes.

use super::given::{home, put, user};
use crate::support::{Fresh, on_both};
use davenport::kernel::change::ChangeNumber;
use davenport::kernel::fault::Outcome;
use davenport::kernel::ids::PrincipalId;
use davenport::store::{Location, Store, change_log, collection, object, property};
use sqlx::{Connection as _, Executor as _, Row as _};
use std::collections::BTreeMap;

on_both! {
    async fn every_statement_prepares(fresh: Fresh) {
        fresh.check_statements().await.unwrap();
    }

    async fn a_second_opening_finds_everything(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        put(fresh, ada, of, "a.ics", b"content").await.unwrap();
        let again = fresh.again().await;
        assert_eq!(again.epoch(), fresh.epoch());
        let (number, _) = again.read(|tx| Box::pin(change_log::current(tx, ada))).await.unwrap();
        assert_eq!(number, ChangeNumber(2));
        again.close().await;
    }

    async fn a_newer_schema_is_refused_and_left_alone(fresh: Fresh) {
        raw(&fresh.location, "PRAGMA user_version = 9999", "UPDATE schema_version SET version = 9999").await;
        let refused = Store::open(&fresh.location, fresh.folder()).await.err().unwrap().to_string();
        assert!(refused.contains("schema 9999"), "{refused}");
        assert!(refused.contains("newer davenport"), "{refused}");
    }

    async fn starts_at_the_same_moment_all_work(fresh: Fresh) {
        fresh.close().await;
        empty(&fresh.location).await;
        let (location, folder) = (&fresh.location, fresh.folder().to_owned());
        let starts = (0..6).map(|_| {
            let (location, folder) = (location.clone(), folder.clone());
            tokio::spawn(async move { Store::open(&location, &folder).await })
        });
        let starts: Vec<_> = starts.collect();
        let mut epochs = Vec::new();
        for start in starts {
            let store = start.await.unwrap().unwrap();
            epochs.push(store.epoch().clone());
            store.close().await;
        }
        assert!(epochs.iter().all(|epoch| *epoch == epochs[0]), "{epochs:?}");
    }

    /// A store of schema 1: what its rows mean stays, in the columns that came later.
    async fn an_older_store_is_brought_up_to_date(fresh: Fresh) {
        fresh.close().await;
        empty(&fresh.location).await;
        raw(&fresh.location, OLD_SQLITE, OLD_POSTGRES).await;
        let store = Store::open(&fresh.location, fresh.folder()).await.unwrap();
        let found = store.read(|tx| Box::pin(async move {
            let it = collection::at(tx, PrincipalId(1), "files").await?.unwrap();
            let objects = object::page(tx, it.id, "", 9).await?;
            let left = property::of_objects(tx, it.id, "", "~").await?;
            Ok((it, objects, left))
        }));
        let (it, objects, left) = found.await.unwrap();
        assert_eq!((it.change, it.last_change), (ChangeNumber(3), ChangeNumber(7)));
        let languages = objects.iter().map(|o| (o.name.as_str(), o.language.as_deref()));
        let expected = [("a", Some("de-CH, en")), ("b", None), ("c", None)];
        assert_eq!(languages.collect::<Vec<_>>(), expected);
        let left: Vec<_> = left.iter().map(|(name, p)| (name.as_str(), p.name.as_str())).collect();
        assert_eq!(left, [("c", "displayname")]);
        store.close().await;
    }

    /// The server and a command, each with a writer of its own.
    async fn two_processes_write_at_once(fresh: Fresh) {
        let ada = user(fresh, "ada").await;
        let of = home(fresh, ada).await;
        let other = fresh.again().await;
        let mut writers = Vec::new();
        for i in 0..200 {
            let store = if i % 2 == 0 { fresh.store.clone() } else { other.clone() };
            let name = format!("{i}.ics");
            writers.push(tokio::spawn(async move { put(&store, ada, of, &name, b"x").await }));
        }
        for writer in writers {
            writer.await.unwrap().unwrap();
        }
        let (number, _) = fresh.read(|tx| Box::pin(change_log::current(tx, ada))).await.unwrap();
        assert_eq!(number, ChangeNumber(201));
        other.close().await;
    }
}

macro_rules! old_rows {
    ($octets:literal) => {
        concat!(
            "INSERT INTO collection (account_id, parent_id, kind, path, name, components, change,
                last_change, member_count, member_bytes, created_at, modified_at)
                VALUES (1, NULL, 3, 'files', 'files', 0, 3, 7, 3, 0, 0, 0);
            INSERT INTO blob (hash, size, refs, touched_at, data)
                VALUES (", $octets, ", 0, 3, 0, ", $octets, ");
            INSERT INTO object (collection_id, name, change, blob_id, etag, size, component,
                recurring, created_at, modified_at)
                VALUES (1, 'a', 5, 1, ", $octets, ", 0, 0, 0, 0, 0),
                    (1, 'b', 6, 1, ", $octets, ", 0, 0, 0, 0, 0),
                    (1, 'c', 7, 1, ", $octets, ", 0, 0, 0, 0, 0);
            INSERT INTO property (collection_id, object, namespace, name, value) VALUES
                (1, 'a', 'DAV:', 'getcontentlanguage',
                    '<getcontentlanguage xmlns=\"DAV:\">de-CH, en</getcontentlanguage>'),
                (1, 'b', 'DAV:', 'getcontentlanguage', '<getcontentlanguage xmlns=\"DAV:\"/>'),
                (1, 'c', 'DAV:', 'displayname', '<displayname xmlns=\"DAV:\">c</displayname>');"
        )
    };
}
const OLD_SQLITE: &str = concat!(
    include_str!("../../../schemas/sqlite/0001_spine.sql"),
    "PRAGMA user_version = 1;",
    old_rows!("x'00'")
);
const OLD_POSTGRES: &str = concat!(
    include_str!("../../../schemas/postgres/0001_spine.sql"),
    "CREATE TABLE schema_version (version BIGINT NOT NULL);
    INSERT INTO schema_version VALUES (1);",
    old_rows!("'\\x00'")
);

/// Tables and columns, with "may be null", in order.
type Shape = BTreeMap<String, Vec<(String, bool)>>;

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_have_the_same_tables() {
    let sqlite = Fresh::sqlite().await;
    let Some(postgres) = Fresh::postgres().await else { return };
    let mut ours = sqlite_shape(&sqlite.location);
    let mut theirs = postgres_shape(&postgres.location).await;
    ours.remove("sqlite_sequence");
    theirs.remove("schema_version");
    assert!(ours.len() >= 15, "{ours:?}");
    assert_eq!(ours, theirs);
    postgres.end().await;
}

fn sqlite_shape(location: &Location) -> Shape {
    let Location::Sqlite(path) = location else { panic!("not SQLite") };
    let connection = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT t.name, c.name, c.\"notnull\" = 0 AND c.pk = 0 FROM sqlite_schema t
        JOIN pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid";
    let mut shape = Shape::new();
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let table = shape.entry(row.get(0).unwrap()).or_default();
        table.push((row.get(1).unwrap(), row.get(2).unwrap()));
    }
    shape
}

async fn postgres_shape(location: &Location) -> Shape {
    let Location::Postgres { url, .. } = location else { panic!("not PostgreSQL") };
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let sql = "SELECT table_name::text, column_name::text, is_nullable = 'YES'
        FROM information_schema.columns WHERE table_schema = 'public'
        ORDER BY table_name, ordinal_position";
    let mut shape = Shape::new();
    for row in connection.fetch_all(sql).await.unwrap() {
        let table = shape.entry(row.get(0)).or_default();
        table.push((row.get(1), row.get(2)));
    }
    shape
}

/// Runs a statement behind the store's back.
async fn raw(location: &Location, sqlite: &str, postgres: &'static str) {
    match location {
        Location::Sqlite(path) => {
            rusqlite::Connection::open(path).unwrap().execute_batch(sqlite).unwrap();
        }
        Location::Postgres { url, .. } => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            connection.execute(postgres).await.unwrap();
        }
    }
}

/// A database that comes back is answered from at once: of the connections that it ended, only the
/// first one that is used costs a failure, however many were at hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_the_database_ended_fail_one_read_at_most() {
    let Some(fresh) = Fresh::postgres().await else { return };
    let pause = || {
        fresh.read(|tx| {
            Box::pin(async move {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                davenport::store::principal::by_name(tx, "nobody").await.map(drop)
            })
        })
    };
    let (a, b, c) = tokio::join!(pause(), pause(), pause());
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    raw(&fresh.location, "", end).await;
    let mut failed = Vec::new();
    for _ in 0..6 {
        failed.extend(pause().await.err());
    }
    assert!(failed.len() <= 1, "{failed:?}");
    fresh.end().await;
}

/// Makes the store as if it had never been opened.
async fn empty(location: &Location) {
    if let Location::Sqlite(path) = location {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    } else {
        raw(location, "", "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    }
}

/// A command must get its turn while the server writes without a pause.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_busy_server_does_not_starve_a_command() -> Outcome<()> {
    let fresh = Fresh::sqlite().await;
    let ada = user(&fresh, "ada").await;
    let of = home(&fresh, ada).await;
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut server = Vec::new();
    for i in 0..16 {
        let (store, done) = (fresh.store.clone(), done.clone());
        server.push(tokio::spawn(async move {
            let name = format!("server-{i}.ics");
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                put(&store, ada, of, &name, b"x").await.unwrap();
            }
        }));
    }
    let command = fresh.again().await;
    let mut longest = std::time::Duration::ZERO;
    for i in 0..20 {
        let start = std::time::Instant::now();
        put(&command, ada, of, &format!("command-{i}.ics"), b"x").await?;
        longest = longest.max(start.elapsed());
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    for task in server {
        task.await.unwrap();
    }
    println!("longest wait of the command: {longest:?}");
    assert!(longest.as_secs() < 5, "{longest:?}");
    Ok(())
}
