//! The embedded engine: SQLite through `rusqlite`, called in place.
//!
//! Why not sqlx here: a point read costs 4 microseconds of CPU this way and 13 to 19 through
//! sqlx's thread and channels; a listing five times as much.
//!
//! Readers are a pool of connections, each read one snapshot. The one writer is a thread that
//! carries many waiting writes in one commit (group commit): each write is a savepoint, so that a
//! refused one leaves no trace, and each is answered only after the commit's sync
//! (`synchronous=FULL`). Invariant: no write is answered `Ok` before its commit returned.

mod readers;
mod stamp;

use super::migrate;
use super::statement::Statement;
use super::tx::{self, Future, Tx};
use super::value::{Row, Value};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::{GROUP_COMMIT_MAX, LOG_FOLD_OCTETS};
use readers::Readers;
use rusqlite::types::{ToSqlOutput, ValueRef};
use stamp::Header;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::oneshot;

/// Octets of a frame of the log: a page, and what says which.
const FRAME: u64 = 4_096 + 24;

/// How long nothing must have been written before the log is folded into the file.
const LOG_IDLE: Duration = Duration::from_secs(2);

/// What only the writer needs: the pages that writes come back to stay at hand (8 MB), and the log
/// is folded into the file so seldom (each 4 000 pages) that a page written many times is folded
/// once.
const WRITER: &str = "PRAGMA cache_size=-8000; PRAGMA wal_autocheckpoint=4000";

/// The engine.
pub struct Sqlite {
    readers: Arc<Readers>,
    writer: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// Runs inside the writer's transaction, or is told why there is none; and is told afterwards
/// whether the commit held.
type Job = Box<dyn FnOnce(Outcome<&mut Tx>) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Outcome<()>) + Send>;

impl Sqlite {
    /// Opens or makes the file, brings its schema up to date, starts the writer.
    pub fn open(path: &Path) -> Outcome<Self> {
        let mut writer = Connection::open(path, false)?;
        writer.0.execute_batch(WRITER).map_err(Fault::internal)?;
        migrate::sqlite(&mut writer.0)?;
        let readers = Arc::new(Readers::of(path.to_path_buf()));
        let (sender, jobs) = channel();
        let thread = std::thread::Builder::new()
            .name("davenport-writer".into())
            .spawn({
                let readers = readers.clone();
                move || write_loop(writer, &jobs, &readers)
            })
            .map_err(Fault::internal)?;
        Ok(Self { readers, writer: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// One snapshot of reads, run to its end without waiting.
    pub fn read<T, F>(&self, work: F) -> Outcome<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T>,
    {
        self.readers.read(work)
    }

    /// Hands the work to the writer and waits for its commit, of which the writer tells `after`.
    pub async fn write<T, F>(&self, work: F, after: impl FnOnce(&T) + Send + 'static) -> Outcome<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            let result = tx.and_then(|tx| in_savepoint(tx, work));
            Box::new(move |commit| {
                let result = result.and_then(|value| commit.map(|()| value));
                let _ = result.as_ref().map(after);
                // The caller may have gone away; the write stands all the same.
                let _ = answer.send(result);
            })
        });
        let closed = || Fault::Busy("the server is stopping".into());
        let sender = self.writer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sender.ok_or_else(closed)?.send(job).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Takes no more writes, ends those under way, and folds the log into the file.
    pub fn close(&self) {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        self.readers.close();
    }
}

fn write_loop(connection: Connection, jobs: &Receiver<Job>, readers: &Readers) {
    let log = Header::of(&connection.0);
    let log_size = || log.as_ref().map_or(0, Header::frames).saturating_mul(FRAME);
    let mut tx = Tx::new(tx::Connection::Sqlite(connection));
    let mut fold_at = LOG_FOLD_OCTETS;
    let mut written = false;
    loop {
        let next = match written {
            true => jobs.recv_timeout(LOG_IDLE),
            false => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let first = match next {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => {
                readers.make_way(|| fold_what_can_be(&tx));
                written = false;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        readers.make_way(|| write_group(&mut tx, first, jobs));
        written = true;
        if log_size() > fold_at {
            let folded = readers.make_way(|| fold(&tx));
            let later = if folded { 0 } else { log_size() + LOG_FOLD_OCTETS / 8 };
            fold_at = LOG_FOLD_OCTETS.max(later);
        }
    }
}

/// How often [`fold`] asks, and for how many milliseconds each time it waits for readers.
const FOLD_TRIES: usize = 8;
const FOLD_WAIT: &str = "PRAGMA busy_timeout=125";

/// Folds the log into the file, so that it is written from its beginning again; gives whether all of
/// it was folded. Its file keeps its length: what is written over needs no new blocks, and a sync
/// then need not write the file's length either. SQLite does so by itself only at a moment without
/// readers; where they overlap there is none, and the log would grow without end. Here new readers
/// take to the file and those under way are waited for; a reader that takes longer than a
/// second is left alone, until the log has grown by an eighth as much again.
///
/// It asks many times shortly instead of once for long: SQLite waits for the slot in which it saw
/// an old reader, and when the next reader takes that slot over, and others join it there, it waits
/// for readers that are in nobody's way. Asked anew, it looks at the slots anew.
fn fold(tx: &Tx) -> bool {
    let tx::Connection::Sqlite(connection) = &tx.on else { return false };
    let fold = || connection.0.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get(0));
    let mut busy = connection.0.execute_batch(FOLD_WAIT).map(|()| 1_i64);
    for _ in 0..FOLD_TRIES {
        if !matches!(busy, Ok(1)) {
            break;
        }
        busy = fold();
    }
    if let Err(error) = &busy {
        tracing::warn!(%error, "cannot fold the log into the store's file");
    }
    let _ = connection.0.execute_batch("PRAGMA busy_timeout=10000");
    busy.is_ok_and(|busy| busy == 0)
}

/// Folds what no reader needs any more into the file, waiting for nobody: done when nothing was
/// written for a while, so that a restart, and a copy of the file, find a short log.
fn fold_what_can_be(tx: &Tx) {
    let tx::Connection::Sqlite(connection) = &tx.on else { return };
    if let Err(error) = connection.0.execute_batch("PRAGMA wal_checkpoint(PASSIVE)") {
        tracing::warn!(%error, "cannot fold the log into the store's file");
    }
}

/// One commit for the first job and those that wait behind it.
fn write_group(tx: &mut Tx, first: Job, jobs: &Receiver<Job>) {
    let mut finishes = Vec::new();
    let mut commit = control(tx, "BEGIN IMMEDIATE");
    let mut next = Some(first);
    while let Some(job) = next {
        finishes.push(job(commit.as_ref().map_err(Fault::clone).map(|()| &mut *tx)));
        if commit.is_ok() {
            commit = still_open(tx);
        }
        next = if finishes.len() < GROUP_COMMIT_MAX { jobs.try_recv().ok() } else { None };
    }
    if commit.is_ok() {
        commit = control(tx, "COMMIT");
    }
    if let Err(fault) = &commit {
        tracing::error!(%fault, "a commit failed; its writes are undone");
        // Without a transaction there is nothing to undo.
        if still_open(tx).is_ok() {
            let _ = control(tx, "ROLLBACK");
        }
    }
    for finish in finishes {
        finish(commit.clone());
    }
}

/// SQLite ends a transaction by itself after some faults of the disk. Every write before and
/// after that in the same group must fail then: the ones are undone, the others would each be
/// committed alone.
fn still_open(tx: &Tx) -> Outcome<()> {
    match &tx.on {
        tx::Connection::Sqlite(connection) if connection.0.is_autocommit() => {
            Err(Fault::Busy("the disk failed in the middle of a commit".into()))
        }
        _ => Ok(()),
    }
}

fn control(tx: &Tx, sql: &str) -> Outcome<()> {
    match &tx.on {
        tx::Connection::Sqlite(connection) => connection.control(sql),
        tx::Connection::Postgres(_) => Err(Fault::internal("not an embedded connection")),
    }
}

fn in_savepoint<T, F>(tx: &mut Tx, work: F) -> Outcome<T>
where
    F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T>,
{
    control(tx, "SAVEPOINT one_write")?;
    // A panic in one write must not take the writer, and with it all others, away.
    let result = catch_unwind(AssertUnwindSafe(|| poll_once(work(tx))))
        .unwrap_or_else(|_| Err(Fault::internal("a write panicked")));
    if result.is_err() {
        control(tx, "ROLLBACK TO one_write")?;
    }
    control(tx, "RELEASE one_write")?;
    result
}

/// Work on an embedded connection never waits, so one poll brings it to its end.
fn poll_once<T>(mut work: Future<'_, T>) -> Outcome<T> {
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Fault::internal("work on the embedded store waited for something")),
    }
}

/// One SQLite connection.
pub struct Connection(rusqlite::Connection);

impl Connection {
    fn open(path: &Path, read_only: bool) -> Outcome<Self> {
        let connection = rusqlite::Connection::open(path)
            .map_err(|e| Fault::internal(format!("cannot open {}: {e}", path.display())))?;
        let settings = "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL;
            PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=268435456;
            PRAGMA cache_size=-4000; PRAGMA journal_size_limit=67108864;";
        connection.execute_batch(settings).map_err(Fault::internal)?;
        if read_only {
            connection.execute_batch("PRAGMA query_only=ON").map_err(Fault::internal)?;
        }
        // Without this SQLite compiles a statement anew whenever a parameter that its planner
        // looked at was 0 or 1, as numbers of the first account and of flags are.
        let stable = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        connection.set_db_config(stable, true).map_err(Fault::internal)?;
        connection.set_prepared_statement_cache_capacity(256);
        Ok(Self(connection))
    }

    fn control(&self, sql: &str) -> Outcome<()> {
        let mut statement = self.0.prepare_cached(sql).map_err(fault)?;
        statement.execute([]).map(drop).map_err(fault)
    }

    /// See [`Tx::execute`].
    pub fn execute(&mut self, statement: &Statement, with: &[Value<'_>]) -> Outcome<u64> {
        let mut prepared = self.0.prepare_cached(statement.sqlite()).map_err(fault)?;
        bind(&mut prepared, with)?;
        prepared.raw_execute().map(|n| n as u64).map_err(fault)
    }

    /// The number of the row inserted last.
    pub fn last_row(&self) -> i64 {
        self.0.last_insert_rowid()
    }

    /// See [`Tx::each`].
    pub fn each(
        &mut self,
        statement: &Statement,
        with: &[Value<'_>],
        visit: &mut (dyn FnMut(&Row<'_>) -> Outcome<()> + Send),
    ) -> Outcome<()> {
        let mut prepared = self.0.prepare_cached(statement.sqlite()).map_err(fault)?;
        bind(&mut prepared, with)?;
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next().map_err(fault)? {
            visit(&Row::Sqlite(row))?;
        }
        Ok(())
    }

    /// See [`Tx::prepare`].
    pub fn prepare(&mut self, statement: &Statement) -> Outcome<()> {
        let prepared = self.0.prepare(statement.sqlite()).map(drop);
        prepared.map_err(|e| Fault::internal(format!("{e}: {}", statement.sqlite())))
    }
}

fn bind(statement: &mut rusqlite::Statement<'_>, with: &[Value<'_>]) -> Outcome<()> {
    for (i, value) in with.iter().enumerate() {
        let value = match value {
            Value::Int(None) | Value::Text(None) | Value::Bytes(None) => {
                ToSqlOutput::Borrowed(ValueRef::Null)
            }
            Value::Int(Some(n)) => ToSqlOutput::Borrowed(ValueRef::Integer(*n)),
            Value::Text(Some(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Bytes(Some(bytes)) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Value::Texts(list) => json(serde_json::to_string(list))?,
            Value::Ints(list) => json(serde_json::to_string(list))?,
        };
        statement.raw_bind_parameter(i + 1, value).map_err(fault)?;
    }
    Ok(())
}

fn json(text: serde_json::Result<String>) -> Outcome<ToSqlOutput<'static>> {
    Ok(ToSqlOutput::Owned(rusqlite::types::Value::Text(text.map_err(Fault::internal)?)))
}

fn fault(error: rusqlite::Error) -> Fault {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull};
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => Fault::Busy("the store is busy".into()),
        Some(DiskFull) => Fault::Busy("the disk is full".into()),
        _ => Fault::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::statement::Statement;
    use tokio::sync::oneshot::Receiver as Answer;

    static ADD: Statement = Statement::new("INSERT INTO t VALUES ($1)", "");

    /// A write of one number; `lose` ends the transaction as SQLite does when the disk fails.
    fn job(number: i64, lose: bool) -> (Job, Answer<Outcome<()>>) {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |tx| {
            let result = tx.and_then(|tx| {
                in_savepoint(tx, move |tx| {
                    Box::pin(async move {
                        tx.execute(&ADD, &[number.into()]).await?;
                        if lose { control(tx, "ROLLBACK") } else { Ok(()) }
                    })
                })
            });
            Box::new(move |commit| drop(answer.send(result.and(commit))))
        });
        (job, answered)
    }

    /// The numbers 0 and 1 are those that SQLite's planner would look at.
    #[test]
    fn statements_are_compiled_once_whatever_is_bound() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = Connection::open(&folder.path().join("t.db"), false).unwrap();
        migrate::sqlite(&mut connection.0).unwrap();
        let sql = "SELECT id FROM collection WHERE account_id = ?1 AND path = ?2";
        let mut statement = connection.0.prepare(sql).unwrap();
        for account in [1, 1, 0, 2, 1] {
            assert!(!statement.exists((account, "calendars")).unwrap());
        }
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }

    #[test]
    fn every_commit_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(&folder.path().join("t.db"), false).unwrap();
        let setting = |name: &str| -> String {
            let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            connection.0.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        // 2 is FULL: in WAL mode NORMAL would sync at checkpoints only.
        assert_eq!((setting("synchronous"), setting("journal_mode")), ("2".into(), "wal".into()));
    }

    #[test]
    fn a_group_that_loses_its_transaction_acknowledges_nothing_and_keeps_nothing_back() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(&folder.path().join("t.db"), false).unwrap();
        connection.0.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        let mut tx = Tx::new(tx::Connection::Sqlite(connection));
        let mut group = |writes: &[(i64, bool)]| -> Vec<bool> {
            let (sender, waiting) = channel();
            let mut answers = Vec::new();
            for (number, lose) in writes {
                let (job, answer) = job(*number, *lose);
                sender.send(job).unwrap();
                answers.push(answer);
            }
            write_group(&mut tx, waiting.recv().unwrap(), &waiting);
            answers.into_iter().map(|mut answer| answer.try_recv().unwrap().is_ok()).collect()
        };
        assert_eq!(group(&[(1, false), (2, false)]), [true, true]);
        assert_eq!(group(&[(3, false), (4, true), (5, false)]), [false, false, false]);
        assert_eq!(group(&[(6, false)]), [true]);
        let tx::Connection::Sqlite(connection) = &tx.on else { panic!("not SQLite") };
        let all = "SELECT group_concat(n) FROM (SELECT n FROM t ORDER BY n)";
        let all: String = connection.0.query_row(all, [], |row| row.get(0)).unwrap();
        assert_eq!(all, "1,2,6");
    }
}
