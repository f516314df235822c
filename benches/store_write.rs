//! Writes a second on SQLite: a realistic PUT through the store against bare inserts of the same
//! content on the same disk. `cargo bench --bench store_write [-- FOLDER]`.

use davenport::kernel::clock::Timestamp;
use davenport::kernel::fault::Outcome;
use davenport::kernel::ids::{CollectionId, PrincipalId};
use davenport::store::blob::Content;
use davenport::store::change_log::{Action, Author, Entry};
use davenport::store::collection::{NewCollection, Touch};
use davenport::store::object::{Index, Put};
use davenport::store::{Location, Store, Tx, blob, change_log, collection, object};
use std::path::Path;
use std::time::{Duration, Instant};

const RUN: Duration = Duration::from_secs(3);
const OCTETS: usize = 1_500;

fn main() {
    let folder = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let folder = folder.map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap();
    println!("{:>28} {:>9} {:>9} {:>9} {:>9}", "", "writes/s", "us CPU", "ms p50", "ms p99");
    for rows in [1, 8, 32] {
        bare(&folder.path().join(format!("bare{rows}")), rows);
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    for writers in [1, 8, 32] {
        runtime.block_on(through_the_store(&folder.path().join(format!("{writers}")), writers));
    }
}

/// Prints a line: how many writes in how long, with which CPU time, and each one's wait.
fn report(name: &str, since: Instant, cpu: Duration, mut waits: Vec<Duration>) {
    let (elapsed, cpu) = (since.elapsed(), cpu_time() - cpu);
    waits.sort_unstable();
    let at = |part: f64| waits[(waits.len() as f64 * part) as usize].as_secs_f64() * 1e3;
    let rate = waits.len() as f64 / elapsed.as_secs_f64();
    let each = cpu.as_secs_f64() * 1e6 / waits.len() as f64;
    println!("{name:>28} {rate:>9.0} {each:>9.1} {:>9.2} {:>9.2}", at(0.5), at(0.99));
}

fn content(i: u64) -> Vec<u8> {
    let mut data = i.to_string().into_bytes();
    data.resize(OCTETS, b'x');
    data
}

fn bare(path: &Path, rows: u64) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let settings = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
        CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB NOT NULL);";
    connection.execute_batch(settings).unwrap();
    let mut insert = connection.prepare("INSERT INTO t (data) VALUES (?1)").unwrap();
    let (start, cpu, mut waits, mut i) = (Instant::now(), cpu_time(), Vec::new(), 0);
    while start.elapsed() < RUN {
        let from = Instant::now();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..rows {
            i += 1;
            insert.execute([content(i)]).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        waits.extend((0..rows).map(|_| from.elapsed()));
    }
    report(&format!("bare, {rows} rows a commit"), start, cpu, waits);
}

async fn through_the_store(folder: &Path, writers: i64) {
    std::fs::create_dir_all(folder).unwrap();
    let location = Location::Sqlite(folder.join("davenport.db"));
    let store = Store::open(&location, folder).await.unwrap();
    for account in 1..=writers {
        let made = store.write(move |tx| Box::pin(calendar(tx, PrincipalId(account))));
        assert_eq!(made.await.unwrap().0, account * 2);
    }
    let (start, cpu) = (Instant::now(), cpu_time());
    let tasks = (1..=writers).map(|account| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut waits = Vec::new();
            let mut i = account as u64 * 1_000_000;
            while start.elapsed() < RUN {
                i += 1;
                let from = Instant::now();
                let put = store.write(move |tx| Box::pin(put(tx, account, i)));
                put.await.unwrap();
                waits.push(from.elapsed());
            }
            waits
        })
    });
    let mut waits = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        waits.extend(task.await.unwrap());
    }
    report(&format!("store, {writers} writers"), start, cpu, waits);
    let wal = std::fs::metadata(folder.join("davenport.db-wal")).map_or(0, |m| m.len());
    println!("{:>28} {} MB of log", "", wal >> 20);
    store.close().await;
}

/// A home with a calendar.
async fn calendar(tx: &mut Tx, account: PrincipalId) -> Outcome<CollectionId> {
    change_log::new_account(tx, account).await?;
    let mut parent = None;
    for path in ["calendars", "calendars/work"] {
        let (number, _) = change_log::take(tx, account).await?;
        let at = Timestamp(0);
        let new = NewCollection { account, parent, kind: 1, path, components: 0, number, at };
        parent = Some(collection::insert(tx, &new).await?);
    }
    Ok(parent.unwrap())
}

async fn put(tx: &mut Tx, account: i64, i: u64) -> Outcome<()> {
    let (account, of) = (PrincipalId(account), CollectionId(account * 2));
    let (name, at) = (format!("{i}.ics"), Timestamp(i as i64));
    let content = Content::inline(content(i));
    let index = Index {
        uid: Some(format!("{i}@example.org")),
        component: 1,
        range: Some((i as i64, i as i64 + 3_600)),
        ..Index::default()
    };
    let (number, _) = change_log::take(tx, account).await?;
    let before = object::find(tx, of, &name).await?.map(|o| o.blob);
    let blob = blob::keep(tx, &content, at).await?;
    let content = (blob, &content);
    object::put(tx, &Put { of, name: &name, number, content, index: &index, again: false, at })
        .await?;
    let octets = content.1.size as i64;
    collection::touch(tx, of, Touch { number, members: 1, octets, at }).await?;
    change_log::charge(tx, account, octets).await?;
    let entry =
        Entry { account, number, collection: of, name: &name, action: Action::Created, before };
    let author = Author { principal: account, client: "bench".into(), at, quiet: None };
    change_log::record(tx, &entry, &author).await
}

/// CPU time of this process: the first 14th and 15th fields after its name, in 1/100 s.
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
