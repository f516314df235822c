//! Property rows: each live property is one static row that says where it lives and how it is
//! shown and set. A name without a row is a dead property.

use super::space::home_path;
use super::subject::{Node, On, Subject};
use crate::domain::collection::{Home, Kind};
use crate::domain::directory::BOOK_ACCOUNT;
use crate::format::xml::{Element, Name, Writer};
use crate::kernel::fault::Refusal;

/// What showing a property came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The element was written.
    Yes,
    /// This resource has no such property (404).
    No,
    /// The asker may not see it (403).
    Denied,
}

/// What must be loaded before a row can be shown, as a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need(pub u16);

impl Need {
    /// Nothing beside the row itself.
    pub const NONE: Self = Self(0);
    /// Properties that clients set.
    pub const STORED: Self = Self(1);
    /// Locks.
    pub const LOCKS: Self = Self(2);
    /// The account's quota.
    pub const QUOTA: Self = Self(4);
    /// The content.
    pub const CONTENT: Self = Self(8);
    /// The grants on the account's collections.
    pub const GRANTS: Self = Self(16);
    /// The links to the account's calendars.
    pub const LINKS: Self = Self(32);
    /// The feeds that the account's calendars show.
    pub const FEEDS: Self = Self(64);
    /// The time zone of the account's owner.
    pub const ZONE: Self = Self(128);
    /// With whom the account's collections are shared.
    pub const SHAREES: Self = Self(512);
    /// The calendar that invitations come into.
    pub const DEFAULT_CALENDAR: Self = Self(256);
    /// The state of what others share that shows in a home.
    pub const BESIDE: Self = Self(1024);
    /// Who was told what about a scheduling object.
    pub const TOLD: Self = Self(2048);

    /// Whether all of `other` are among these.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Whether and how a client may set a property.
#[derive(Clone, Copy)]
pub enum Setting {
    /// The server keeps it (`DAV:cannot-modify-protected-property`).
    Protected,
    /// It is kept as the client wrote it, once the check finds nothing wrong; the text says what.
    Kept(fn(&Element) -> Result<(), &'static str>),
    /// It is another way to say the property of this name, which alone is kept: the function makes
    /// that one of it, or tells what is wrong.
    Also(&'static Name, fn(&Element) -> Result<Element, Refusal>),
    /// Language tags (`DAV:getcontentlanguage`).
    Language,
    /// Only when the collection is made; the element says which calendar components it takes.
    AtCreation,
}

/// Writes a property's whole element, or nothing; the element asked for may carry parameters.
pub type Show = fn(&Subject<'_>, &Element, &mut Writer) -> Shown;

/// A live property.
pub struct Row {
    /// Its name.
    pub name: Name,
    /// The classes of resources that can have it.
    pub on: On,
    /// Whether `DAV:allprop` shows it (RFC 4918 §9.1: those of RFC 4918 itself).
    pub allprop: bool,
    /// What it needs.
    pub need: Need,
    /// Writes the whole element, or nothing.
    pub show: Show,
    /// How it is set.
    pub setting: Setting,
}

/// Whether `DAV:allprop` shows a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// It does: a property of RFC 4918 itself, cheap to show.
    Always,
    /// Only when it is asked for by name.
    Named,
}

/// A row that the server keeps.
pub const fn row(name: Name, on: On, listing: Listing, need: Need, show: Show) -> Row {
    let allprop = matches!(listing, Listing::Always);
    Row { name, on, allprop, need, show, setting: Setting::Protected }
}

/// A row that clients set.
pub const fn settable(
    name: Name,
    on: On,
    listing: Listing,
    need: Need,
    show: Show,
    setting: Setting,
) -> Row {
    Row { name, on, allprop: matches!(listing, Listing::Always), need, show, setting }
}

/// Shows a property that is kept as the client wrote it.
pub fn show_kept(subject: &Subject<'_>, asked: &Element, writer: &mut Writer) -> Shown {
    match subject.value(asked.name.ns().uri(), asked.name.local()) {
        Some(value) => {
            writer.raw(value.as_bytes());
            Shown::Yes
        }
        None => Shown::No,
    }
}

/// No check: any XML will do.
pub fn anything(_: &Element) -> Result<(), &'static str> {
    Ok(())
}

/// Text only, no elements.
pub fn text_only(element: &Element) -> Result<(), &'static str> {
    match element.elements().next() {
        None => Ok(()),
        Some(_) => Err("the value must be plain text"),
    }
}

/// Shows a home: of the principal; on entrances of the current user; on what an account owns of
/// its owner, for clients that look there first (CLIENTS-SOURCE §1). One href only: more break
/// Apple's programs.
pub fn show_home(subject: &Subject<'_>, name: &Name, home: Home, w: &mut Writer) -> Shown {
    let owner = match (subject.node, subject.place) {
        (Node::Principal(it), _) => it.profile.principal.name.as_str(),
        (Node::Entrance, _) => subject.ask.access.who.name.as_str(),
        // What is in the directory leads to the asker's own.
        (_, Some(place)) if place.account == BOOK_ACCOUNT => subject.ask.access.who.name.as_str(),
        (_, Some(place)) => place.home_name(),
        _ => return Shown::No,
    };
    w.open(name);
    w.href(&home_path(home, owner));
    w.close(name);
    Shown::Yes
}

/// Shows how many octets a member may have.
pub fn show_max_size(name: &Name, kind: Kind, w: &mut Writer) -> Shown {
    let Some(max) = kind.member_max() else { return Shown::No };
    w.element(name, &max.to_string());
    Shown::Yes
}
