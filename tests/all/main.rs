//! Every integration test, in one binary: one link, one cluster of PostgreSQL. Each module is one
//! subject; a requirement in `conformance/requirements` names its proofs as `module::function`.

mod cli;
mod config;
mod dav;
mod ledger;
mod server;
mod store;
mod support;
mod tidy;
