//! CardDAV (RFC 6352) over the WebDAV engine: its properties and its reports.

pub mod data;
pub mod property;
pub mod query;

use crate::domain::collection::Kind;
use crate::format::xml::{Name, Ns};
use crate::protocol::dav::extension::{Extension, Report};
use crate::protocol::dav::report::multiget;

/// The way to the directory as an address book, where it is one
/// (draft-daboo-carddav-directory-gateway).
pub static DIRECTORY: Extension = Extension {
    features: &[],
    properties: property::DIRECTORY_ROWS,
    methods: &[],
    reports: &[],
    actions: &[],
};

/// What CardDAV brings.
pub static CARDDAV: Extension = Extension {
    features: &["addressbook"],
    properties: property::ROWS,
    methods: &[],
    reports: &[
        Report {
            name: Name::known(Ns::CardDav, "addressbook-multiget"),
            on: property::ASKED,
            run: |ask, root| Box::pin(multiget::run(ask, root, Kind::Addressbook, query::shaper)),
        },
        Report {
            name: Name::known(Ns::CardDav, "addressbook-query"),
            on: property::ASKED,
            run: |ask, root| Box::pin(query::run(ask, root)),
        },
    ],
    actions: &[],
};
