//! Reports of the engine, one file each.

pub mod resource;
pub mod sync;
pub mod multiget;
pub mod query;
pub mod expand_property;
pub mod acl_principal_prop_set;
pub mod principal_match;
pub mod principal_property_search;
pub mod principal_search_property_set;
pub mod calendarserver_principal_search;

use super::extension::Report;
use super::subject::On;
use crate::format::xml::{Name, Ns};

const fn dav(local: &'static str) -> Name {
    Name::known(Ns::Dav, local)
}

/// The engine's reports.
pub static REPORTS: &[Report] = &[
    Report {
        name: dav("sync-collection"),
        on: On::STORED_COLLECTION,
        run: |ask, root| Box::pin(sync::run(ask, root)),
    },
    Report {
        name: dav("expand-property"),
        on: On::ALL,
        run: |ask, root| Box::pin(expand_property::run(ask, root)),
    },
    Report {
        name: dav("acl-principal-prop-set"),
        on: On::ALL,
        run: |ask, root| Box::pin(acl_principal_prop_set::run(ask, root)),
    },
    Report {
        name: dav("principal-match"),
        on: On::ALL,
        run: |ask, root| Box::pin(principal_match::run(ask, root)),
    },
    Report {
        name: dav("principal-property-search"),
        on: On::ALL,
        run: |ask, root| Box::pin(principal_property_search::run(ask, root)),
    },
    Report {
        name: dav("principal-search-property-set"),
        on: On::ALL,
        run: |ask, root| Box::pin(principal_search_property_set::run(ask, root)),
    },
    Report {
        name: Name::known(Ns::CalendarServer, "calendarserver-principal-search"),
        on: On::ENTRANCE.or(On::PRINCIPAL),
        run: |ask, root| Box::pin(calendarserver_principal_search::run(ask, root)),
    },
];
