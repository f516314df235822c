//! What tests share: fresh stores on both engines, and repeatable random numbers.
//!
//! Invariant: a test that passes on one engine only is a failed test.

pub mod cluster;
pub mod dav;
pub mod feed;
pub mod lines;
pub mod postgres;
pub mod process;
pub mod push;
pub mod raw;

use davenport::store::{Location, Store};
use std::ops::Deref;
use std::path::Path;

/// A new, empty store in a directory of its own; it goes when the test ends.
pub struct Fresh {
    /// The open store.
    pub store: Store,
    /// Where it is, to open it once more.
    pub location: Location,
    database: Option<postgres::Database>,
    folder: tempfile::TempDir,
}

impl Fresh {
    /// On the embedded engine.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("davenport.db"));
        Self::open(location, None, folder).await
    }

    /// On PostgreSQL; `None`, said loudly, where its programs are missing.
    pub async fn postgres() -> Option<Self> {
        let database = postgres::Database::create().await?;
        let location = Location::Postgres { url: database.url(), connections: 8 };
        Some(Self::open(location, Some(database), tempfile::tempdir().unwrap()).await)
    }

    async fn open(
        location: Location,
        database: Option<postgres::Database>,
        folder: tempfile::TempDir,
    ) -> Self {
        let store = Store::open(&location, folder.path()).await.unwrap();
        Self { store, location, database, folder }
    }

    /// The data directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens the same store once more, as another process would.
    pub async fn again(&self) -> Store {
        Store::open(&self.location, self.folder()).await.unwrap()
    }

    /// Closes the store and drops its database.
    pub async fn end(self) {
        self.store.close().await;
        if let Some(database) = self.database {
            database.drop().await;
        }
    }
}

impl Deref for Fresh {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// Makes of `async fn name(fresh: Fresh)` the tests `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($fresh:ident: Fresh) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($fresh: &$crate::support::Fresh) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                let fresh = $crate::support::Fresh::sqlite().await;
                run(&fresh).await;
                fresh.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                if let Some(fresh) = $crate::support::Fresh::postgres().await {
                    run(&fresh).await;
                    fresh.end().await;
                }
            }
        }
    )*};
}
pub(crate) use on_both;

/// Random numbers that a failing test can be run with again (SplitMix64).
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
