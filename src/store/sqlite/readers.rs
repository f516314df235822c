//! The readers: connections that keep their snapshot from one read to the next.
//!
//! To open and to end a snapshot takes two system calls and a lock that all readers of the process
//! share, which is more than a point read itself. So an idle reader keeps the one it has, and
//! takes it again as long as nobody has committed since.
//!
//! Invariants: every read sees all that was acknowledged before it began; no reader that is idle
//! keeps a snapshot while the writer works ([`Readers::make_way`]), so the log can be folded.

use super::stamp::{Header, Stamp};
use super::{Connection, poll_once};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::READERS_IDLE_MAX;
use crate::store::tx::{self, Future, Tx};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The pool.
#[derive(Default)]
pub struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Reader>>,
    /// The writer works: snapshots end with their reads.
    giving_way: AtomicBool,
}

struct Reader {
    // Before the connection: fields are dropped in this order.
    header: Option<Header>,
    /// The reading under which the snapshot was opened that this one still has.
    since: Option<Stamp>,
    /// Whether a transaction is open.
    open: bool,
    connection: Connection,
}

impl Reader {
    fn new(connection: Connection) -> Self {
        let header = Header::of(&connection.0);
        Self { header, since: None, open: false, connection }
    }

    /// Makes the snapshot one of now.
    fn begin(&mut self) -> Outcome<()> {
        let now = self.header.as_ref().map(Header::read);
        if self.open && now.is_some() && now == self.since {
            return Ok(());
        }
        self.end()?;
        self.connection.control("BEGIN")?;
        (self.open, self.since) = (true, now);
        Ok(())
    }

    fn end(&mut self) -> Outcome<()> {
        if std::mem::take(&mut self.open) {
            self.connection.control("COMMIT")?;
        }
        Ok(())
    }
}

impl Readers {
    /// Readers of this file; each is opened when it is needed.
    pub fn of(path: PathBuf) -> Self {
        Self { path, ..Self::default() }
    }

    /// One snapshot of reads, run to its end without waiting.
    pub fn read<T, F>(&self, work: F) -> Outcome<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T>,
    {
        let idle = self.idle().pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader::new(Connection::open(&self.path, true)?),
        };
        reader.begin()?;
        let Reader { header, since, open, connection } = reader;
        let mut tx = Tx::new(tx::Connection::Sqlite(connection));
        let result = poll_once(work(&mut tx));
        // After the engine's own faults nobody knows what state the snapshot is in.
        let sound = !matches!(result, Err(Fault::Internal(_) | Fault::Busy(_)));
        if let tx::Connection::Sqlite(connection) = tx.on
            && sound
        {
            self.give_back(Reader { header, since, open, connection });
        }
        result
    }

    /// A reader that cannot end its snapshot is dropped, which ends it.
    fn give_back(&self, mut reader: Reader) {
        let keeps = reader.header.is_some() && !self.giving_way.load(Ordering::Acquire);
        if !keeps && reader.end().is_err() {
            return;
        }
        let mut idle = self.idle();
        if idle.len() < READERS_IDLE_MAX {
            idle.push(reader);
        }
        // Whoever made way between the two looks above has not seen this one.
        if keeps && self.giving_way.load(Ordering::Acquire) {
            idle.retain_mut(|reader| reader.end().is_ok());
        }
    }

    /// While `work` writes, no idle reader keeps a snapshot.
    pub fn make_way<T>(&self, work: impl FnOnce() -> T) -> T {
        self.giving_way.store(true, Ordering::Release);
        self.idle().retain_mut(|reader| reader.end().is_ok());
        let done = work();
        self.giving_way.store(false, Ordering::Release);
        done
    }

    /// Closes the idle ones.
    pub fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::statement::Statement;

    static ALL: Statement = Statement::new("SELECT coalesce(sum(n), 0) FROM t", "");

    fn pool(folder: &std::path::Path) -> (Readers, rusqlite::Connection) {
        let path = folder.join("t.db");
        let writer = Connection::open(&path, false).unwrap();
        writer.0.execute_batch("CREATE TABLE t (n INTEGER)").unwrap();
        (Readers::of(path), writer.0)
    }

    fn sum(readers: &Readers) -> i64 {
        readers.read(|tx| Box::pin(tx.one(&ALL, &[], |row| row.int(0)))).unwrap()
    }

    #[test]
    fn a_read_sees_every_commit_before_it_and_keeps_its_snapshot_until_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let (readers, writer) = pool(folder.path());
        for n in 1..4 {
            writer.execute("INSERT INTO t VALUES (1)", []).unwrap();
            assert_eq!((sum(&readers), sum(&readers)), (n, n));
            let idle = readers.idle();
            assert_eq!((idle.len(), idle.iter().all(|reader| reader.open)), (1, true));
        }
    }

    #[test]
    fn the_log_can_be_emptied_while_readers_make_way_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let (readers, writer) = pool(folder.path());
        let empty = || {
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            writer.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() == 0
        };
        writer.execute_batch("PRAGMA busy_timeout=0; INSERT INTO t VALUES (7)").unwrap();
        assert_eq!(sum(&readers), 7);
        assert!(!empty(), "the idle reader's snapshot is in the log");
        let emptied = readers.make_way(|| {
            // One that reads meanwhile does not keep its snapshot.
            assert_eq!(sum(&readers), 7);
            empty()
        });
        assert!(emptied);
        assert_eq!(sum(&readers), 7);
    }
}
