//! Every integration test, in one binary: one link, one cluster of PostgreSQL. Each module is one
//! subject; a requirement in `conformance/requirements` names its proofs as `module::function`.

mod cli;
mod config;
mod jobs;
mod kill;
mod ledger;
mod race;
mod retention;
mod server;
mod store;
mod support;
mod tidy;
