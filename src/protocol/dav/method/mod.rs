//! The methods, one file each: read headers and body, one domain call, one answer.

pub mod options;
pub mod negotiate;
pub mod get;
pub mod put;
pub mod bulk;
pub mod post;
pub mod import;
pub mod whole;
pub mod delete;
pub mod mkcol;
pub mod propfind;
pub mod delegates;
pub mod proppatch;
pub mod copy_move;
pub mod lock;
pub mod acl;
pub mod attachment;
pub mod report;

use super::extension::Method;
use super::subject::On;

const COLLECTIONS: On = On::STORED_COLLECTION.or(On::ENTRANCE).or(On::PRINCIPAL);

/// What PUT fills: objects, and calendars and address books as a whole.
const FILLED: On = On::OBJECT.or(On::CALENDAR).or(On::ADDRESSBOOK);

/// The engine's methods and where they can be used. Most of what CalDAV and CardDAV need is the
/// same as here; their own (MKCALENDAR) come with them.
pub static METHODS: &[Method] = &[
    Method { name: "OPTIONS", on: On::ALL, run: |ask, body| Box::pin(options::run(ask, body)) },
    Method { name: "GET", on: On::ALL, run: |ask, body| Box::pin(get::run(ask, body)) },
    Method { name: "HEAD", on: On::ALL, run: |ask, body| Box::pin(get::run(ask, body)) },
    Method { name: "PUT", on: FILLED, run: |ask, body| Box::pin(put::run(ask, body)) },
    Method {
        name: "POST",
        on: On(4 + 8 + 16 + 32 + 64 + 128).or(On::NOTIFICATION),
        run: |ask, body| Box::pin(post::run(ask, body)),
    },
    Method { name: "DELETE", on: On::STORED, run: |ask, body| Box::pin(delete::run(ask, body)) },
    Method { name: "MKCOL", on: On::STORED, run: |ask, body| Box::pin(mkcol::run(ask, body)) },
    Method { name: "PROPFIND", on: On::ALL, run: |ask, body| Box::pin(propfind::run(ask, body)) },
    Method { name: "PROPPATCH", on: On::ALL, run: |ask, body| Box::pin(proppatch::run(ask, body)) },
    Method { name: "COPY", on: On::STORED, run: |ask, body| Box::pin(copy_move::run(ask, body)) },
    Method { name: "MOVE", on: On::STORED, run: |ask, body| Box::pin(copy_move::run(ask, body)) },
    Method { name: "LOCK", on: On::STORED, run: |ask, body| Box::pin(lock::run(ask, body)) },
    Method { name: "UNLOCK", on: On::STORED, run: |ask, body| Box::pin(lock::unlock(ask, body)) },
    Method { name: "ACL", on: On::STORED, run: |ask, body| Box::pin(acl::run(ask, body)) },
    Method {
        name: "REPORT",
        on: COLLECTIONS.or(On::OBJECT),
        run: |ask, body| Box::pin(report::run(ask, body)),
    },
];
