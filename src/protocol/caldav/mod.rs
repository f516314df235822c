//! CalDAV (RFC 4791) over the WebDAV engine: its properties, MKCALENDAR and its reports.

pub mod publish;
pub mod source;
pub mod zone;
pub mod availability;
pub mod proxy;
pub mod property;
pub mod resource;
pub mod scheduling;
pub mod mkcalendar;
pub mod data;
pub mod filter;
pub mod query;
pub mod free_busy;
pub mod find_time;
pub mod outbox;

use crate::domain::collection::Kind;
use crate::format::xml::{Name, Ns};
use crate::protocol::dav::extension::{Action, Extension, Method, Report};
use crate::protocol::dav::report::multiget;
use crate::protocol::dav::subject::On;

/// What CalDAV brings.
pub static CALDAV: Extension = Extension {
    features: &["calendar-access", "calendar-no-timezone", "calendar-managed-attachments"],
    properties: property::ROWS,
    methods: &[Method {
        name: "MKCALENDAR",
        // Also where it can only fail, so that the answer says why (RFC 4791 §5.3.1.1).
        on: On(4 + 16 + 128),
        run: |ask, body| Box::pin(mkcalendar::run(ask, body)),
    }],
    reports: &[
        Report {
            name: Name::known(Ns::CalDav, "calendar-multiget"),
            // The messages in an inbox, too (RFC 6638 §2.2).
            on: On(4 + 16 + 128 + 2048),
            run: |ask, root| Box::pin(multiget::run(ask, root, Kind::Calendar, data::shaper)),
        },
        Report {
            name: Name::known(Ns::CalDav, "calendar-query"),
            on: On(4 + 16 + 128 + 2048),
            run: |ask, root| Box::pin(query::run(ask, root)),
        },
        Report {
            name: Name::known(Ns::CalDav, "free-busy-query"),
            on: On(4 + 16),
            run: |ask, root| Box::pin(free_busy::run(ask, root)),
        },
    ],
    actions: &[
        Action {
            name: publish::PUBLISH,
            on: On::CALENDAR,
            run: |ask, root| Box::pin(publish::publish(ask, root)),
        },
        Action {
            name: publish::UNPUBLISH,
            on: On::CALENDAR,
            run: |ask, root| Box::pin(publish::unpublish(ask, root)),
        },
    ],
};
