//! Reports of the engine, one file each.

pub mod sync;
pub mod multiget;

use super::extension::Report;
use super::subject::On;
use crate::format::xml::{Name, Ns};

/// The engine's reports.
pub static REPORTS: &[Report] = &[Report {
    name: Name::known(Ns::Dav, "sync-collection"),
    on: On::STORED_COLLECTION,
    run: |ask, root| Box::pin(sync::run(ask, root)),
}];
