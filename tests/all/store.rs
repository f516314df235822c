//! The store, proved on both engines: a folder of topics.

mod given;

mod blob;
mod crash;
mod directory;
mod durable;
mod job;
mod log;
mod object;
mod open;
mod order;
mod property;
mod search;
mod transaction;
mod tree;
mod watch;
