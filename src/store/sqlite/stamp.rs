//! A look at SQLite's wal-index: whether anybody has committed since, without a system call.
//!
//! The first 48 octets of the wal-index, which SQLite maps into every process that has the file
//! open, are a header that each commit of any process changes (`sqlite.org/walformat.html`, §2):
//! it holds a counter of transactions, the last valid frame, salts and checksums. Two equal
//! readings of it mean that nothing was committed in between.
//!
//! Invariant: a reading may be torn by a commit under way; then it equals no whole one, and whoever
//! compares takes it for a change, which is the safe side.

use rusqlite::ffi;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};

/// The words of the header.
const WORDS: usize = 12;
/// The word that says how many frames of the log count (`mxFrame`).
const FRAMES: usize = 4;
/// How many octets SQLite maps at once (`WALINDEX_PGSZ`).
const REGION: i32 = 32 << 10;

/// A reading of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp([u32; WORDS]);

/// Where one connection sees the header.
#[derive(Debug)]
pub struct Header(NonNull<[AtomicU32; WORDS]>);

// SAFETY: it points to memory shared by all threads, which is only read, atomically.
unsafe impl Send for Header {}

impl Header {
    /// Where this connection sees it; `None` when the file has no wal-index. It must not be read
    /// once the connection is closed.
    pub fn of(connection: &rusqlite::Connection) -> Option<Self> {
        let mut file: *mut ffi::sqlite3_file = null_mut();
        let mut region: *mut std::ffi::c_void = null_mut();
        // SAFETY: the handle is that of a living connection; SQLite stores the pointer to its open
        // file, whose methods are valid as long as that. `xShmMap` is there from version 2 of them
        // on, and with a false fourth argument changes nothing.
        unsafe {
            let code = ffi::sqlite3_file_control(
                connection.handle(),
                c"main".as_ptr(),
                ffi::SQLITE_FCNTL_FILE_POINTER,
                (&raw mut file).cast(),
            );
            let methods = file.as_ref().and_then(|file| file.pMethods.as_ref());
            let map = methods.filter(|m| code == ffi::SQLITE_OK && m.iVersion >= 2)?.xShmMap?;
            map(file, 0, REGION, 0, &raw mut region);
        }
        Some(Self(NonNull::new(region.cast())?))
    }

    /// How many frames of the log count; what lies behind them in its file is to be written over.
    pub fn frames(&self) -> u64 {
        u64::from(self.read().0[FRAMES])
    }

    /// A reading; every commit that was acknowledged before is in it.
    pub fn read(&self) -> Stamp {
        // SAFETY: the connection that this was made of is open, so the region is mapped; it is
        // page-aligned, and longer than the header.
        let words = unsafe { self.0.as_ref() };
        Stamp(std::array::from_fn(|i| words[i].load(Ordering::Acquire)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_of_any_connection_changes_it_and_a_read_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let open = || {
            let it = rusqlite::Connection::open(folder.path().join("t.db")).unwrap();
            it.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS t (n)").unwrap();
            it
        };
        let (one, other) = (open(), open());
        let header = Header::of(&one).unwrap();
        let first = header.read();
        let count = "SELECT count(*) FROM t";
        assert_eq!(other.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
        assert_eq!(header.read(), first);
        other.execute("INSERT INTO t VALUES (1)", []).unwrap();
        let second = header.read();
        assert_ne!(second, first);
        other.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)").unwrap();
        assert_eq!(header.read(), second, "nothing is visible before the commit");
        other.execute_batch("COMMIT").unwrap();
        assert_ne!(header.read(), second);
    }

    #[test]
    fn a_file_without_a_log_has_none() {
        let memory = rusqlite::Connection::open_in_memory().unwrap();
        assert!(Header::of(&memory).is_none());
    }
}
