//! Adapters from the wire to the domain. `http` and `dav` are bases, and so are `net` and `sasl`; the
//! leaves over them do not know each other. No protocol knows the store or SQL.

pub mod http;
pub mod dav;
pub mod caldav;
pub mod carddav;
pub mod link;
pub mod attachment;
pub mod freebusy;
pub mod push;
pub mod tzdist;
pub mod net;
pub mod sasl;
pub mod pop3;
pub mod imap;
