//! What the embedded engine acknowledges is on the disk.
//!
//! Proved, where `strace` can watch a process: before each acknowledgement the write-ahead log is
//! synced, and before that the content's file and its folder, and each of these calls has come
//! back. Not proved: that the operating system and the disk keep what they say, and how SQLite
//! reads a log that a power cut tore; both are their makers' business. A process that is killed is
//! the business of `crash` and `kill`.

use super::given::{home, put, put_in, user};
use davenport::store::{Location, Store, object};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Set in the environment of the process to be watched: the data directory.
const WATCHED: &str = "DAVENPORT_TEST_WATCHED";
const WRITES: usize = 20;
/// Every so many writes are of a content that is a file.
const LARGE: usize = 5;

/// No test: run by the one below, it writes and says so after each write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watched() {
    let Some(folder) = std::env::var_os(WATCHED) else { return };
    let folder = Path::new(&folder);
    let store = Store::open(&Location::Sqlite(folder.join("davenport.db")), folder).await.unwrap();
    let ada = user(&store, "ada").await;
    let of = home(&store, ada).await;
    say("begun");
    for i in 0..WRITES {
        let name = format!("{i}");
        if i % LARGE == 0 {
            let mut incoming = store.files().receive().unwrap();
            incoming.write(name.repeat(100_000).as_bytes()).unwrap();
            let content = store.files().finish(incoming).unwrap();
            let write = store.write(move |tx| {
                Box::pin(async move {
                    put_in(tx, ada, of, &name, &content, &object::Index::default()).await
                })
            });
            write.await.unwrap();
        } else {
            put(&store, ada, of, &name, name.as_bytes()).await.unwrap();
        }
        say(&format!("acknowledged {i}"));
    }
}

fn say(text: &str) {
    std::io::stdout().write_all(format!("{text}\n").as_bytes()).unwrap();
}

/// Runs the process above under `strace`; gives what it wrote down, if it could.
fn trace(folder: &Path) -> Option<String> {
    let out = folder.join("trace");
    let watched = Command::new("strace")
        .args(["-f", "-y", "-s", "64", "-e", "trace=fsync,fdatasync,write", "-o"])
        .arg(&out)
        .arg(std::env::current_exe().unwrap())
        .args(["store::durable::watched", "--exact", "--nocapture"])
        .env(WATCHED, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let text = std::fs::read_to_string(out).unwrap_or_default();
    match watched {
        Ok(status) if text.contains("acknowledged 0") => {
            assert!(status.success());
            Some(text)
        }
        _ => None,
    }
}

/// The files whose sync had come back before each acknowledgement and after the one before it.
fn synced(trace: &str) -> Vec<Vec<String>> {
    let (mut all, mut since) = (Vec::new(), Vec::new());
    let mut running = BTreeMap::new();
    for line in trace.lines() {
        let (process, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        let ends_well = call.trim_end().ends_with("= 0");
        if call.contains("\"begun") {
            since.clear();
        } else if call.starts_with("write(") && call.contains("\"acknowledged") {
            all.push(std::mem::take(&mut since));
        } else if call.starts_with("fsync(") || call.starts_with("fdatasync(") {
            let path = call.split_once('<').and_then(|(_, rest)| rest.split('>').next());
            let path = path.unwrap_or_default().to_owned();
            match ends_well {
                true => since.push(path),
                false => drop(running.insert(process, path)),
            }
        } else if call.starts_with("<... f") && ends_well {
            since.extend(running.remove(process));
        }
    }
    all
}

#[test]
fn nothing_is_acknowledged_before_its_sync() {
    let folder = tempfile::tempdir().unwrap();
    let Some(trace) = trace(folder.path()) else {
        let why = "SKIPPED: strace cannot watch a process here: THAT WRITES ARE SYNCED IS NOT TESTED \
                   beyond the setting of SQLite\n";
        // Not `eprintln!`: that is swallowed when the test passes.
        return std::io::stderr().write_all(why.as_bytes()).unwrap();
    };
    let synced = synced(&trace);
    assert_eq!(synced.len(), WRITES);
    for (i, files) in synced.iter().enumerate() {
        let at = |part: &str| files.iter().position(|path| path.contains(part));
        let log = files.iter().rposition(|path| path.ends_with("davenport.db-wal"));
        assert!(log.is_some(), "write {i} was acknowledged without a sync: {files:?}");
        if i % LARGE == 0 {
            let content = at("/blobs/incoming/");
            assert!(content.is_some() && content < log, "write {i}: {files:?}");
            let folder = files.iter().position(|path| {
                let parent = Path::new(path).parent().and_then(Path::file_name);
                parent.is_some_and(|name| name == "blobs") && !path.ends_with("incoming")
            });
            assert!(folder > content && folder < log, "write {i}: {files:?}");
        }
    }
}

#[test]
fn a_missing_sync_is_seen() {
    let trace = "1 write(1</dev/null>, \"begun\\n\", 6) = 6\n\
        2 fdatasync(5</a/davenport.db-wal> <unfinished ...>\n\
        1 write(1</dev/null>, \"acknowledged 0\\n\", 15) = 15\n\
        2 <... fdatasync resumed>) = 0\n\
        2 fsync(6</a/b>) = -1 EIO\n\
        1 write(1</dev/null>, \"acknowledged 1\\n\", 15) = 15\n";
    assert_eq!(synced(trace), [vec![], vec!["/a/davenport.db-wal".to_owned()]]);
}
