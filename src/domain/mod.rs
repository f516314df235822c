//! The rules, below every protocol: who is who, who may do what, what a collection may hold, how
//! it changes. One protocol verb is one call here, and one call is one transaction.
//!
//! Nothing here knows status codes, sockets or SQL.

pub mod retention;
pub mod directory;
pub mod collection;
pub mod delegation;
pub mod principals;
pub mod calendar;
pub mod availability;
pub mod exception;
pub mod attachment;
pub mod contacts;
pub mod directory_book;
pub mod sharing;
pub mod birthdays;
pub mod scheduling;
pub mod link;
pub mod push;
pub mod feed;
pub mod mail;
pub mod account;
pub mod indexing;
