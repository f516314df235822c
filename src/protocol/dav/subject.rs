//! One resource as property rows see it: what it is, and what was loaded of it.

use super::context::Ask;
use super::space::principal_path;
use crate::domain::collection::list::Around;
use crate::domain::collection::place::path_covers;
use crate::domain::collection::scheduling::NOTIFICATIONS;
use crate::domain::collection::{Body, Collection, Home, Kind, Object, Place, Property};
use crate::domain::delegation::{Bond, Level};
use crate::domain::directory::admin::Profile;
use crate::domain::directory::{BOOK_ACCOUNT, Kind as PrincipalKind};
use crate::domain::principals::View;
use crate::format::line::refolded;
use crate::kernel::privilege::Privileges;
use std::borrow::Cow;

/// The classes of resources, as a set of bits: where a property row lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct On(pub u32);

impl On {
    /// Entrances and other collections that no account owns.
    pub const ENTRANCE: Self = Self(1);
    /// Principals.
    pub const PRINCIPAL: Self = Self(2);
    /// Calendar homes.
    pub const CALENDAR_HOME: Self = Self(4);
    /// Address book homes.
    pub const ADDRESSBOOK_HOME: Self = Self(8);
    /// Calendars.
    pub const CALENDAR: Self = Self(16);
    /// Address books.
    pub const ADDRESSBOOK: Self = Self(32);
    /// Folders, the file home among them.
    pub const FOLDER: Self = Self(64);
    /// Members of calendars.
    pub const CALENDAR_OBJECT: Self = Self(128);
    /// Members of address books.
    pub const CARD: Self = Self(256);
    /// Files.
    pub const FILE: Self = Self(512);
    /// Subscriptions (`CS:subscribed`).
    pub const SUBSCRIPTION: Self = Self(1024);
    /// Scheduling inboxes (RFC 6638 §2.2).
    pub const INBOX: Self = Self(2048);
    /// Scheduling outboxes (RFC 6638 §2.1).
    pub const OUTBOX: Self = Self(4096);
    /// Collections of notifications (`CS:notification`).
    pub const NOTIFICATIONS: Self = Self(8192);
    /// Notifications (`CS:notification`).
    pub const NOTIFICATION: Self = Self(1 << 14);
    /// Everything.
    pub const ALL: Self = Self((1 << 15) - 1);
    /// Every collection that an account owns.
    pub const STORED_COLLECTION: Self = Self(4 + 8 + 16 + 32 + 64 + 1024 + 2048 + 4096 + 8192);
    /// Every object.
    pub const OBJECT: Self = Self(128 + 256 + 512 + (1 << 14));
    /// Everything that an account owns.
    pub const STORED: Self = Self(Self::STORED_COLLECTION.0 | Self::OBJECT.0);

    /// Both together.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a class is among these.
    pub fn has(self, class: Self) -> bool {
        self.0 & class.0 != 0
    }

    fn of_collection(kind: Kind) -> Self {
        match kind {
            Kind::CalendarHome => Self::CALENDAR_HOME,
            Kind::AddressbookHome => Self::ADDRESSBOOK_HOME,
            Kind::Calendar => Self::CALENDAR,
            Kind::Addressbook => Self::ADDRESSBOOK,
            Kind::Subscription => Self::SUBSCRIPTION,
            Kind::Folder | Kind::Mount | Kind::MailHome | Kind::Mailbox => Self::FOLDER,
            Kind::Inbox => Self::INBOX,
            Kind::Outbox => Self::OUTBOX,
            Kind::Notifications => Self::NOTIFICATIONS,
        }
    }

    /// Of the objects at or below a place.
    pub fn of_object(place: &Place) -> Self {
        match place.home {
            Home::Calendars if path_covers(NOTIFICATIONS, &place.path) => Self::NOTIFICATION,
            Home::Calendars => Self::CALENDAR_OBJECT,
            Home::Addressbooks => Self::CARD,
            Home::Files | Home::Mail => Self::FILE,
        }
    }
}

/// The delegates of a principal of one level, as somebody sees them.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Whose delegates they are.
    pub of: View,
    /// Their level.
    pub level: Level,
    /// Who they are; empty for whoever may not see that.
    pub members: Vec<Bond>,
    /// The asker's rights: with `DAV:read-acl` the members are seen, with `DAV:write-properties`
    /// they can be set.
    pub rights: Privileges,
}

impl Proxy {
    /// What the principal is whose delegates they are.
    pub fn kind(&self) -> PrincipalKind {
        PrincipalKind::of(&self.of.profile.principal)
    }
}

/// What it is.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// An entrance.
    Entrance,
    /// A principal.
    Principal(&'a View),
    /// The delegates of a principal.
    Proxy(&'a Proxy),
    /// A collection.
    Collection(&'a Collection),
    /// An object, with its text where that was asked for.
    Object(&'a Object, Option<&'a str>),
}

/// A resource in hand.
pub struct Subject<'a> {
    /// The request that asks.
    pub ask: &'a Ask,
    /// What it is.
    pub node: Node<'a>,
    /// Its path as it stands in `DAV:href`, decoded.
    pub path: &'a str,
    /// The place of it, or of the collection that holds it in a listing; none for entrances and
    /// principals.
    pub place: Option<&'a Place>,
    /// The asker's rights.
    pub rights: Privileges,
    /// Properties that clients set, if any row asked for them.
    pub stored: &'a [Property],
    /// Locks, quota and grants of the account, as far as any row asked for them.
    pub around: &'a Around,
}

impl Subject<'_> {
    /// Its class.
    pub fn class(&self) -> On {
        match self.node {
            Node::Entrance => On::ENTRANCE,
            Node::Principal(_) | Node::Proxy(_) => On::PRINCIPAL,
            Node::Collection(it) => On::of_collection(Kind::from_number(it.kind)),
            Node::Object(..) => self.place.map_or(On::FILE, On::of_object),
        }
    }

    /// The collection, if it is one that an account owns.
    pub fn collection(&self) -> Option<&Collection> {
        match self.node {
            Node::Collection(it) => Some(it),
            _ => None,
        }
    }

    /// The object, if it is one.
    pub fn object(&self) -> Option<&Object> {
        match self.node {
            Node::Object(it, _) => Some(it),
            _ => None,
        }
    }

    /// The principal, if it is one.
    pub fn principal(&self) -> Option<&Profile> {
        match self.node {
            Node::Principal(it) => Some(&it.profile),
            _ => None,
        }
    }

    /// The principal with what of it the asker sees, if it is one.
    pub fn view(&self) -> Option<&View> {
        match self.node {
            Node::Principal(it) => Some(it),
            _ => None,
        }
    }

    /// The delegates of a principal, if that is what it is.
    pub fn proxy(&self) -> Option<&Proxy> {
        match self.node {
            Node::Proxy(it) => Some(it),
            _ => None,
        }
    }

    /// The stored value of a property: a standalone element.
    pub fn value(&self, namespace: &str, name: &str) -> Option<&str> {
        let found = self.stored.iter().find(|p| p.name == name && p.namespace == namespace);
        found.map(|p| p.value.as_str())
    }

    /// The path, from the account's root, that locks and grants speak of.
    pub fn store_path(&self) -> Option<String> {
        let place = self.place?;
        match self.node {
            Node::Object(it, _) if !place.path.ends_with(&format!("/{}", it.name)) => {
                Some(format!("{}/{}", place.path, it.name))
            }
            Node::Collection(it) => Some(it.path.clone()),
            _ => Some(place.path.clone()),
        }
    }

    /// The path of the principal who owns it.
    pub fn owner_path(&self) -> Option<String> {
        match self.node {
            Node::Principal(_) => Some(self.path.to_owned()),
            Node::Proxy(it) => Some(principal_path(it.kind(), &it.of.profile.principal.name)),
            Node::Entrance => None,
            // The directory is nobody's own.
            _ => self.place.filter(|p| p.account != BOOK_ACCOUNT).map(|p| self.ask.owner_path(p)),
        }
    }
}

/// The text of a content, from the database or from its file. One that is UTF-8 only when its folds
/// are undone, as XML and conversion cannot take it, comes folded anew.
pub fn text_of(body: &Body) -> Option<Cow<'_, str>> {
    let owned = match body {
        Body::Inline(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => return Some(Cow::Borrowed(text)),
            Err(_) => return refolded(bytes).map(Cow::Owned),
        },
        Body::File { path, .. } => std::fs::read(path).ok()?,
    };
    let text = String::from_utf8(owned).or_else(|fault| refolded(fault.as_bytes()).ok_or(fault));
    text.ok().map(Cow::Owned)
}
