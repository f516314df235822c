//! Davenport: a standards-first groupware server in one binary.
//!
//! # Layout
//!
//! The module list below is the architecture, in dependency order: a module imports only
//! modules listed above it (`tests/tidy.rs` keeps it so). `ARCHITECTURE.md` is the longer map.
//!
//! | module | what it is |
//! |---|---|
//! | [`kernel`] | shared words: ids, change numbers, ETags, limits, clock, privileges, secrets, faults |
//! | [`format`] | pure text <-> value: iCalendar, recurrence, time zones, vCard, XML |
//! | [`store`] | transactions, change log, blobs, migrations; SQLite and PostgreSQL |
//! | [`domain`] | the rules: directory, collections, calendars, contacts, files |
//! | [`protocol`] | adapters: HTTP, WebDAV, CalDAV, CardDAV |
//! | [`server`] | configuration, listeners, TLS, background jobs, reload, shutdown |
//! | [`cli`] | one file per subcommand |

pub mod kernel;
pub mod format;
pub mod store;
pub mod domain;
pub mod protocol;
pub mod server;
pub mod cli;
