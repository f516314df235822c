//! The store: transactions, the change log, blobs, jobs and migrations, on SQLite and PostgreSQL.
//!
//! Invariants:
//! - a write that [`Store::write`] answers with `Ok` is on stable storage;
//! - numbers of one account become visible in order (see [`change_log`]);
//! - SQL is written here and nowhere else; the two engines answer alike.
//!
//! The store knows rows and octets. It does not know iCalendar, rights or protocols.

pub mod value;
pub mod statement;
pub mod tx;
pub mod sqlite;
pub mod postgres;
pub mod migrate;
pub mod meta;
pub mod blob;
pub mod spool;
pub mod change_log;
pub mod principal;
pub mod collection;
pub mod due;
pub mod span;
pub mod search;
pub mod object;
pub mod property;
pub mod walk;
pub mod ace;
pub mod busy;
pub mod link;
pub mod feed;
pub mod lock;
pub mod job;

use crate::kernel::change::Epoch;
use crate::kernel::fault::{Fault, Outcome};
use std::path::{Path, PathBuf};
use std::sync::Arc;
pub use tx::{Future, Tx};

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL connection URL, and how many connections to hold at most.
    Postgres { url: String, connections: u32 },
}

/// An open store. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    engine: Engine,
    files: blob::Files,
    epoch: Epoch,
    /// Told of each write of this process that adds a job.
    jobs: tokio::sync::Notify,
}

enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the store, makes it when it is not there, and brings its schema up to date under a
    /// lock. Large contents are files below `data_dir/blobs`.
    ///
    /// # Errors
    /// When the engine cannot be reached, or its schema is newer than this program.
    pub async fn open(location: &Location, data_dir: &Path) -> Outcome<Self> {
        let files = blob::Files::open(&data_dir.join("blobs"))?;
        let engine = match location {
            Location::Sqlite(path) => {
                let path = path.clone();
                let open = move || sqlite::Sqlite::open(&path);
                let opened = tokio::task::spawn_blocking(open).await;
                Engine::Sqlite(opened.map_err(Fault::internal)??)
            }
            Location::Postgres { url, connections } => {
                Engine::Postgres(postgres::Postgres::open(url, *connections).await?)
            }
        };
        let jobs = tokio::sync::Notify::new();
        let mut inner = Inner { engine, files, epoch: Epoch::new(""), jobs };
        let seed = || crate::kernel::secret::hex(&crate::kernel::secret::random::<8>());
        let (epoch, mark) = (seed(), seed());
        let known = inner.write(move |tx| {
            Box::pin(
                async move { Ok((meta::epoch(tx, epoch).await?, meta::folder(tx, &mark).await?)) },
            )
        });
        let (epoch, mark) = known.await?;
        inner.epoch = epoch;
        inner.files.claim(&mark)?;
        Ok(Self(Arc::new(inner)))
    }

    /// The line of history that this store is on (DESIGN: a restore cannot hurt).
    pub fn epoch(&self) -> &Epoch {
        &self.0.epoch
    }

    /// Contents kept as files.
    pub fn files(&self) -> &blob::Files {
        &self.0.files
    }

    /// Waits until a write of this process has added a job. Another process's is found by looking.
    pub async fn job_added(&self) {
        self.0.jobs.notified().await;
    }

    /// Whether this is the embedded engine.
    pub fn is_embedded(&self) -> bool {
        matches!(self.0.engine, Engine::Sqlite(_))
    }

    /// Reads. On SQLite everything that `work` reads is one snapshot. On PostgreSQL each
    /// statement has its own, later ones never older: read tokens before what they cover.
    pub async fn read<T, F>(&self, work: F) -> Outcome<T>
    where
        T: Send,
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send,
    {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.read(work),
            Engine::Postgres(engine) => engine.read(work).await,
        }
    }

    /// Writes: everything that `work` does is one transaction, durable when this answers `Ok`
    /// and undone when `work` or the commit fails. The work is carried through even when the
    /// caller goes away, so that no client can leave half a change by hanging up.
    pub async fn write<T, F>(&self, work: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send + 'static,
    {
        self.0.write(work).await
    }

    /// Has the engine prepare every statement of this program: a self-check of program against
    /// schema, which the tests run on both engines.
    pub async fn check_statements(&self) -> Outcome<()> {
        self.read(|tx| {
            Box::pin(async move {
                for statement in statement::all() {
                    tx.prepare(statement).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Waits until what is under way is done and closes the engine.
    pub async fn close(&self) {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.close(),
            Engine::Postgres(engine) => engine.close().await,
        }
    }
}

impl Inner {
    async fn write<T, F>(&self, work: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send + 'static,
    {
        let (value, has_job) = match &self.engine {
            Engine::Sqlite(engine) => engine.write(|tx| Box::pin(to_the_end(tx, work))).await,
            Engine::Postgres(engine) => engine.write(|tx| Box::pin(to_the_end(tx, work))).await,
        }?;
        if has_job {
            self.jobs.notify_one();
        }
        Ok(value)
    }
}

/// A write with what belongs to each: it starts clean, writes its sums down last, and does not
/// succeed when a statement failed. Gives also whether it added a job.
async fn to_the_end<T, F>(tx: &mut Tx, work: F) -> Outcome<(T, bool)>
where
    F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send,
{
    tx.restart();
    let value = work(tx).await?;
    tx.sound()?;
    blob::settle(tx).await?;
    change_log::settle(tx).await?;
    Ok((value, tx.has_job))
}
