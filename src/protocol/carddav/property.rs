//! CardDAV's live properties: a table (RFC 6352 §6.2, §7.1, §10.4).

use super::data::AddressData;
use crate::domain::collection::{Home, Kind};
use crate::domain::directory::{BOOK, BOOK_OWNER};
use crate::domain::directory_book::name_of;
use crate::format::vcard::{Version, json};
use crate::format::xml::{Element, Writer};
use crate::protocol::dav::name::names;
use crate::protocol::dav::property::Listing::Named;
use crate::protocol::dav::property::{
    Need, Row, Setting, Shown, row, settable, show_home, show_kept, show_max_size, text_only,
};
use crate::protocol::dav::space::home_path;
use crate::protocol::dav::subject::{Node, On, Subject};

names! {
    ADDRESSBOOK_HOME_SET = CardDav "addressbook-home-set",
    ADDRESSBOOK_DESCRIPTION = CardDav "addressbook-description",
    SUPPORTED_ADDRESS_DATA = CardDav "supported-address-data",
    SUPPORTED_COLLATION_SET = CardDav "supported-collation-set",
    ADDRESS_DATA_TYPE = CardDav "address-data-type",
    MAX_RESOURCE_SIZE = CardDav "max-resource-size",
    ADDRESS_DATA = CardDav "address-data",
    DIRECTORY_GATEWAY = CardDav "directory-gateway",
    PRINCIPAL_ADDRESS = CardDav "principal-address",
}

/// The table.
pub static ROWS: &[Row] = &[
    row(ADDRESSBOOK_HOME_SET, HOLDERS, Named, Need::NONE, home_set),
    row(SUPPORTED_ADDRESS_DATA, On::ADDRESSBOOK, Named, Need::NONE, supported_data),
    row(SUPPORTED_COLLATION_SET, ASKED, Named, Need::NONE, collations),
    row(MAX_RESOURCE_SIZE, On::ADDRESSBOOK, Named, Need::NONE, max_size),
    settable(
        ADDRESSBOOK_DESCRIPTION,
        On::ADDRESSBOOK,
        Named,
        Need::STORED,
        show_kept,
        Setting::Kept(text_only),
    ),
    row(ADDRESS_DATA, On::CARD, Named, Need::CONTENT, address_data),
];

/// The rows of the directory.
pub static DIRECTORY_ROWS: &[Row] = &[
    row(
        DIRECTORY_GATEWAY,
        On::PRINCIPAL.or(On::ADDRESSBOOK_HOME),
        Named,
        Need::NONE,
        directory_gateway,
    ),
    row(PRINCIPAL_ADDRESS, On::PRINCIPAL, Named, Need::NONE, principal_address),
];

/// The principal's card in the directory (RFC 6352 §7.1.2). A new one's is there within a moment.
fn principal_address(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(name) = subject.principal().and_then(|it| name_of(&it.principal)) else {
        return Shown::No;
    };
    w.open(&PRINCIPAL_ADDRESS);
    w.href(&format!("{}{BOOK}/{name}", home_path(Home::Addressbooks, BOOK_OWNER)));
    w.close(&PRINCIPAL_ADDRESS);
    Shown::Yes
}

/// The address book that programs search and never list (draft §3): on the principal, where Apple's
/// programs ask for it, and on the home.
fn directory_gateway(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.open(&DIRECTORY_GATEWAY);
    w.href(&format!("{}{BOOK}/", home_path(Home::Addressbooks, BOOK_OWNER)));
    w.close(&DIRECTORY_GATEWAY);
    Shown::Yes
}

/// What an addressbook-query can be asked of (RFC 6352 §8.3).
pub const ASKED: On = On::ADDRESSBOOK_HOME.or(On::ADDRESSBOOK).or(On::CARD);

/// Where clients look for a home.
const HOLDERS: On = On::PRINCIPAL.or(On::ENTRANCE).or(On::STORED);

fn home_set(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    show_home(subject, &ADDRESSBOOK_HOME_SET, Home::Addressbooks, w)
}

fn supported_data(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.open(&SUPPORTED_ADDRESS_DATA);
    for version in Version::ALL {
        let attributes = [("content-type", "text/vcard"), ("version", version.number())];
        w.empty_with(&ADDRESS_DATA_TYPE, &attributes);
    }
    // It is of version 4.0 (RFC 7095 §3.3.1.1).
    let json = [("content-type", json::MEDIA_TYPE), ("version", Version::V4.number())];
    w.empty_with(&ADDRESS_DATA_TYPE, &json);
    w.close(&SUPPORTED_ADDRESS_DATA);
    Shown::Yes
}

fn collations(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.raw(
        b"<A:supported-collation-set><A:supported-collation>i;ascii-casemap\
</A:supported-collation><A:supported-collation>i;octet</A:supported-collation>\
<A:supported-collation>i;unicode-casemap</A:supported-collation>\
</A:supported-collation-set>",
    );
    Shown::Yes
}

fn max_size(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    show_max_size(&MAX_RESOURCE_SIZE, Kind::Addressbook, w)
}

/// The stored octets, or what is asked of them; every report gives cards by this row.
fn address_data(subject: &Subject<'_>, asked: &Element, w: &mut Writer) -> Shown {
    let Node::Object(_, Some(text)) = subject.node else { return Shown::No };
    let Ok(wanted) = AddressData::read(asked) else { return Shown::No };
    w.raw(b"<A:address-data>");
    w.text(&wanted.of(text));
    w.raw(b"</A:address-data>");
    Shown::Yes
}
