//! A process killed while it writes loses nothing that it acknowledged (SQLite: there the process
//! is the database). What a power cut takes is the business of `synchronous=FULL`.

use super::given::{home, put, user};
use crate::support::Random;
use davenport::kernel::ids::{CollectionId, PrincipalId};
use davenport::store::{Location, Store, object};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Set in the environment of the process to be killed: the data directory.
const VICTIM: &str = "DAVENPORT_TEST_VICTIM";
const ROUNDS: u64 = 10;

async fn open(folder: &Path) -> Store {
    Store::open(&Location::Sqlite(folder.join("davenport.db")), folder).await.unwrap()
}

/// No test: run by the one below, it writes until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Some(folder) = std::env::var_os(VICTIM) else { return };
    let store = open(Path::new(&folder)).await;
    let writers = (0..8).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            // Half of the writers share an account.
            let (account, of) = (PrincipalId(1 + writer % 4), CollectionId(1 + writer % 4));
            for i in 0.. {
                let name = format!("{}-{writer}-{i}", std::process::id());
                put(&store, account, of, &name, name.as_bytes()).await.unwrap();
                let line = format!("acknowledged {} {name}\n", of.0);
                std::io::stdout().write_all(line.as_bytes()).unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    for name in ["a", "b", "c", "d"] {
        let account = user(&store, name).await;
        assert_eq!(home(&store, account).await.0, account.0);
    }
    store.close().await;
    let mut random = Random(std::process::id().into());
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let path = folder.path().to_owned();
        let wait = Duration::from_micros(random.below(120_000));
        let killed = tokio::task::spawn_blocking(move || kill_after(&path, wait)).await.unwrap();
        assert!(!killed.is_empty(), "round {round}: nothing was written");
        acknowledged.extend(killed);
        assert_sound(&folder.path().join("davenport.db"));
        let there = everything(folder.path()).await;
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "round {round}: {} lost, the first: {:?}", lost.len(), lost[0]);
    }
    println!("{} acknowledged writes in {ROUNDS} rounds", acknowledged.len());
}

/// Runs the victim, kills it so long after its first acknowledged write, gives all of them.
fn kill_after(folder: &Path, wait: Duration) -> Vec<(i64, String)> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["store::crash::victim", "--exact", "--nocapture"])
        .env(VICTIM, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let first = lines.find(|line| line.contains("acknowledged ")).unwrap_or_default();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(wait);
        victim.kill().unwrap();
        victim.wait().unwrap()
    });
    let all = std::iter::once(first).chain(lines);
    let written = all.filter_map(|line| {
        let (_, rest) = line.split_once("acknowledged ")?;
        let (of, name) = rest.split_once(' ')?;
        Some((of.parse().unwrap(), name.to_owned()))
    });
    let written = written.collect();
    assert!(!killer.join().unwrap().success());
    written
}

/// The file is whole, numbers have no gap, and every count agrees with what it counts.
fn assert_sound(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let text = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let int = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    let off = "SELECT count(*) FROM account a WHERE change_number <>
        (SELECT 1 + count(*) FROM change c WHERE c.account_id = a.id AND number <= change_number)";
    assert_eq!(int(off), 0, "a number without its entry");
    let off = "SELECT count(*) FROM collection c WHERE member_count <>
        (SELECT count(*) FROM object o WHERE o.collection_id = c.id)";
    assert_eq!(int(off), 0, "a wrong member count");
    let off = "SELECT count(*) FROM blob b WHERE refs <>
        (SELECT count(*) FROM object o WHERE o.blob_id = b.id)";
    assert_eq!(int(off), 0, "a wrong reference count");
}

async fn everything(folder: &Path) -> BTreeSet<(i64, String)> {
    let store = open(folder).await;
    let mut all = BTreeSet::new();
    for of in 1..=4 {
        let read =
            store.read(|tx| Box::pin(object::page(tx, CollectionId(of), "", usize::MAX >> 1)));
        all.extend(read.await.unwrap().into_iter().map(|it| (of, it.name)));
    }
    store.close().await;
    all
}
