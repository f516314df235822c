//! The open store and the output of one subcommand.
//!
//! Invariant: the store is opened as the configuration says, whether or not the server runs, and
//! closed before the process ends, whatever came of the work.

use super::out::Out;
use super::{Failure, load, runtime};
use crate::kernel::clock::{Timestamp, now};
use crate::server::config::{Config, Source};
use crate::store::Store;

/// What a subcommand works with.
pub struct Session {
    /// The open store.
    pub store: Store,
    /// Where results go.
    pub out: Out,
    /// The configuration.
    pub config: Config,
    /// When the subcommand began.
    pub at: Timestamp,
}

/// Opens the store, does the work, closes the store.
///
/// # Errors
/// Those of the work; [`Failure::Config`]; [`Failure::Failed`] when the store cannot be opened.
pub fn run(
    source: &Source,
    out: Out,
    work: impl AsyncFnOnce(&Session) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let config = load(source, out)?;
    runtime()?.block_on(async {
        let opened = crate::server::app::open_store(&config).await;
        let store = opened.map_err(|why| format!("cannot open the store: {why}"))?;
        let session = Session { store, out, config, at: now() };
        let result = work(&session).await;
        session.store.close().await;
        result
    })
}
