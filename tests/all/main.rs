//! Every integration test, in one binary: one link, one cluster of PostgreSQL.

mod store;
mod support;
