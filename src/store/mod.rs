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
pub mod watch;
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
pub mod mailbox;
pub mod message;
pub mod property;
pub mod personal;
pub mod attachment;
pub mod walk;
pub mod ace;
pub mod booking;
pub mod resource;
pub mod busy;
pub mod link;
pub mod mount;
pub mod feed;
pub mod lock;
pub mod job;
pub mod itip;
pub mod outgoing;
pub mod push;

use crate::kernel::change::Epoch;
use crate::kernel::fault::{Fault, Outcome};
use std::path::{Path, PathBuf};
use std::sync::Arc;
pub use tx::{Future, Tx};
use watch::Left;
pub use watch::{Change, News, Watcher};

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
    secret: String,
    /// What is told of commits.
    bus: Arc<watch::Bus>,
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
        let bus = Arc::new(watch::Bus::new());
        let engine = match location {
            Location::Sqlite(path) => {
                let path = path.clone();
                let open = move || sqlite::Sqlite::open(&path);
                let opened = tokio::task::spawn_blocking(open).await;
                Engine::Sqlite(opened.map_err(Fault::internal)??)
            }
            Location::Postgres { url, connections } => {
                Engine::Postgres(postgres::Postgres::open(url, *connections, &bus).await?)
            }
        };
        let (epoch, secret) = (Epoch::new(""), String::new());
        let mut inner = Inner { engine, files, epoch, secret, bus };
        let seed = || crate::kernel::secret::hex(&crate::kernel::secret::random::<8>());
        let (epoch, mark, secret) = (seed(), seed(), seed() + &seed());
        let known = inner.write(move |tx| {
            Box::pin(async move {
                let (epoch, mark) = (meta::epoch(tx, epoch).await?, meta::folder(tx, &mark).await?);
                Ok((epoch, mark, meta::secret(tx, &secret).await?))
            })
        });
        let (epoch, mark, secret) = known.await?;
        (inner.epoch, inner.secret) = (epoch, secret);
        inner.files.claim(&mark)?;
        Ok(Self(Arc::new(inner)))
    }

    /// The line of history that this store is on (DESIGN: a restore cannot hurt).
    pub fn epoch(&self) -> &Epoch {
        &self.0.epoch
    }

    /// What nobody knows who cannot read the store; the same on every node, and after a restore.
    pub fn secret(&self) -> &str {
        &self.0.secret
    }

    /// Contents kept as files.
    pub fn files(&self) -> &blob::Files {
        &self.0.files
    }

    /// Waits until a write of this process has added a job. Another process's is found by looking.
    pub async fn job_added(&self) {
        self.0.bus.jobs.notified().await;
    }

    /// Waits for changes from now on, whichever process over the store makes them on PostgreSQL. One
    /// that was told nothing must look from time to time all the same ([`watch`]).
    pub fn watch(&self) -> Watcher {
        let watcher = self.0.bus.watch();
        if let Engine::Postgres(engine) = &self.0.engine {
            engine.listen(&self.0.bus);
        }
        watcher
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
            Engine::Postgres(engine) => engine.close(&self.0.bus).await,
        }
    }
}

impl Inner {
    async fn write<T, F>(&self, work: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send + 'static,
    {
        // Told by whoever commits, so that it is told even when the caller has gone away.
        let bus = self.bus.clone();
        let after = move |(_, left): &(T, Left)| bus.committed(left);
        let written = match &self.engine {
            Engine::Sqlite(engine) => {
                engine.write(|tx| Box::pin(to_the_end(tx, work)), after).await
            }
            Engine::Postgres(engine) => {
                engine.write(|tx| Box::pin(to_the_end(tx, work)), after).await
            }
        };
        written.map(|(value, _)| value)
    }
}

/// A write with what belongs to each: it starts clean, writes its sums down last, and does not
/// succeed when a statement failed. Gives also what others are to know of.
async fn to_the_end<T, F>(tx: &mut Tx, work: F) -> Outcome<(T, Left)>
where
    F: for<'t> FnOnce(&'t mut Tx) -> Future<'t, T> + Send,
{
    tx.restart();
    let value = work(tx).await?;
    tx.sound()?;
    blob::settle(tx).await?;
    change_log::settle(tx).await?;
    let changes = std::mem::take(&mut tx.changes);
    Ok((value, Left { has_job: tx.has_job, changes }))
}
