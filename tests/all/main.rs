//! The one integration test binary. Each module is one subject; a requirement in
//! `conformance/requirements` names its proofs as `module::function`.

mod cli;
mod config;
mod ledger;
mod server;
mod tidy;
