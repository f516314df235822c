//! What calendars, address books and folders share, written once: the tree, items, rights,
//! conditions, locks, properties, quota, sync, copy and move.
//!
//! Invariants:
//! - rights are checked, by path, before anything is looked up, so who has no right at all cannot
//!   tell what exists;
//! - conditions and locks are checked inside the transaction that changes things;
//! - a change takes the account's next number first, which locks the account until the commit.

pub mod kind;
pub mod place;
pub mod access;
pub mod mount;
pub mod privacy;
pub mod personal;
pub mod guard;
pub mod tree;
pub mod scheduling;
pub mod group;
pub mod implicit;
pub mod booking;
pub mod attachment;
pub mod item;
pub mod import;
pub mod derived;
pub mod property;
pub mod bulk;
pub mod subscription;
pub mod acl;
pub mod lock;
pub mod copy_move;
pub mod sync;
pub mod list;

pub use crate::store::blob::{Body, Content};
pub use crate::store::collection::Collection;
pub use crate::store::lock::Lock;
pub use crate::store::object::{Index, Object};
pub use crate::store::property::Property;
pub use crate::store::spool::Spool;
pub use crate::store::{News, Store};
pub use access::Access;
pub use acl::{Granted, Grantee};
pub use derived::Derived;
pub use guard::Guard;
pub use kind::{Home, Kind};
pub use place::Place;
