//! The WebDAV engine (RFC 4918, 3744, 5397, 5689, 5995, 6578): everything that calendars, address
//! books and files have in common on the wire. CalDAV and CardDAV are [`Extension`]s over it.
//!
//! Life of a request: [`service`] authenticates and finds the [`space::Target`]; the method's file
//! in `method/` reads headers and body, makes one domain call and writes the answer. Properties
//! are rows of tables ([`property`]), reports are rows of tables ([`report`]): a new RFC is a new
//! file whose rows advertise themselves.

pub mod name;
pub mod source;
pub mod fault;
pub mod space;
pub mod subject;
pub mod property;
pub mod extension;
pub mod context;
pub mod answer;
pub mod multistatus;
pub mod body;
pub mod filter;
pub mod guard;
pub mod notification;
pub mod sharing;
pub mod core;
pub mod acl;
pub mod method;
pub mod report;
pub mod service;

pub use context::Ask;
pub use extension::Extension;
pub use service::Service;
