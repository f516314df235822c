//! Every integration test, in one binary: one link, one cluster of PostgreSQL. Each module is one
//! subject; a requirement in `conformance/requirements` names its proofs as `module::function`.

mod acl;
mod attachment;
mod caldav;
mod carddav;
mod cli;
mod config;
mod dav;
mod derived;
mod feeds;
mod freebusy;
mod fuzz;
mod imap;
mod indexing;
mod jobs;
mod kill;
mod ledger;
mod mail;
mod mkcol;
mod pop3;
mod prefer;
mod privacy;
mod push;
mod race;
mod resources;
mod restart;
mod retention;
mod scheduling;
mod server;
mod sharing;
mod store;
mod support;
mod sync;
mod tidy;
mod tzdist;
