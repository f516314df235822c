//! WebDAV-Push (draft-bitfire-webdav-push-00) over the WebDAV engine: who registers for a collection is
//! told of its changes by a push service (RFC 8030). What is told whom is the domain's
//! (`domain::push`); `server/push.rs` sends it.

pub mod property;
pub mod register;
pub mod registration;
pub mod message;

use crate::protocol::dav::extension::{Action, Extension};
use crate::protocol::dav::name::names;
use crate::protocol::dav::subject::On;

names! {
    TRANSPORTS = Push "transports",
    WEB_PUSH = Push "web-push",
    VAPID_PUBLIC_KEY = Push "vapid-public-key",
    TOPIC = Push "topic",
    SUPPORTED_TRIGGERS = Push "supported-triggers",
    CONTENT_UPDATE = Push "content-update",
    PROPERTY_UPDATE = Push "property-update",
    PUSH_REGISTER = Push "push-register",
    PUSH_MESSAGE = Push "push-message",
}

/// The classes of resources that one can register for.
const CAPABLE: On = On::CALENDAR_HOME
    .or(On::ADDRESSBOOK_HOME)
    .or(On::CALENDAR)
    .or(On::ADDRESSBOOK)
    .or(On::INBOX)
    .or(On::OUTBOX);

/// What WebDAV-Push brings.
pub static PUSH: Extension = Extension {
    features: &["webdav-push"],
    properties: property::ROWS,
    methods: &[],
    reports: &[],
    actions: &[Action {
        name: PUSH_REGISTER,
        on: CAPABLE,
        run: |ask, root| Box::pin(register::run(ask, root)),
    }],
};
