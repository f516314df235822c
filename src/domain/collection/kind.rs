//! Kinds of collections and what each may hold: one table.

use crate::kernel::limits::{CALENDAR_OBJECT_MAX, CARD_MAX, FILE_MAX, MESSAGE_MAX};

/// The trees of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Home {
    /// Calendars (`CALDAV:calendar-home-set`).
    Calendars,
    /// Address books (`CARDDAV:addressbook-home-set`).
    Addressbooks,
    /// Files.
    Files,
    /// Mailboxes, which DAV does not show.
    Mail,
}

impl Home {
    /// All homes.
    pub const ALL: [Self; 4] = [Self::Calendars, Self::Addressbooks, Self::Files, Self::Mail];

    /// Those that DAV shows.
    pub const DAV: [Self; 3] = [Self::Calendars, Self::Addressbooks, Self::Files];

    /// The segment in paths, on the wire and in the store.
    pub fn segment(self) -> &'static str {
        match self {
            Self::Calendars => "calendars",
            Self::Addressbooks => "addressbooks",
            Self::Files => "files",
            Self::Mail => "mail",
        }
    }

    /// From the segment.
    pub fn from_segment(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|home| home.segment() == segment)
    }

    /// The kind of the home collection itself.
    pub fn kind(self) -> Kind {
        match self {
            Self::Calendars => Kind::CalendarHome,
            Self::Addressbooks => Kind::AddressbookHome,
            Self::Files => Kind::Folder,
            Self::Mail => Kind::MailHome,
        }
    }

    /// The kind of the collections that are made here when nothing is said of their kind.
    pub fn child(self) -> Kind {
        match self {
            Self::Calendars => Kind::Calendar,
            Self::Addressbooks => Kind::Addressbook,
            Self::Files => Kind::Folder,
            Self::Mail => Kind::Mailbox,
        }
    }
}

/// What a collection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Holds calendars.
    CalendarHome,
    /// Holds address books.
    AddressbookHome,
    /// Holds calendar objects (RFC 4791 §4.2).
    Calendar,
    /// Holds vCards (RFC 6352 §5.2).
    Addressbook,
    /// Names a calendar elsewhere, which Apple's programs fetch by themselves
    /// (`CS:subscribed`): properties only.
    Subscription,
    /// Holds files and folders.
    Folder,
    /// Shows a shared collection of another account (`super::mount`): properties only.
    Mount,
    /// Takes the scheduling messages that came for the account's owner (RFC 6638 §2.2).
    Inbox,
    /// Through it the owner schedules (RFC 6638 §2.1); it holds nothing.
    Outbox,
    /// Tells the owner what others did with their calendars (`CS:notification`).
    Notifications,
    /// Holds mailboxes.
    MailHome,
    /// Holds messages, which are no objects (`crate::domain::mail`), and mailboxes.
    Mailbox,
}

struct Row {
    kind: Kind,
    number: i64,
    /// Which collections may be made in it.
    children: &'static [Kind],
    /// Octets of one member; none: it holds no objects.
    member_max: Option<u64>,
    /// The members' media type, where all have the same.
    media_type: Option<&'static str>,
}

static KINDS: [Row; 12] = [
    Row {
        kind: Kind::CalendarHome,
        number: 1,
        children: &[Kind::Calendar, Kind::Subscription, Kind::Mount],
        member_max: None,
        media_type: None,
    },
    Row {
        kind: Kind::AddressbookHome,
        number: 2,
        children: &[Kind::Addressbook, Kind::Mount],
        member_max: None,
        media_type: None,
    },
    Row {
        kind: Kind::Calendar,
        number: 10,
        children: &[],
        member_max: Some(CALENDAR_OBJECT_MAX as u64),
        media_type: Some("text/calendar; charset=utf-8"),
    },
    Row {
        kind: Kind::Addressbook,
        number: 11,
        children: &[],
        member_max: Some(CARD_MAX as u64),
        media_type: Some("text/vcard; charset=utf-8"),
    },
    Row { kind: Kind::Mount, number: 14, children: &[], member_max: None, media_type: None },
    Row { kind: Kind::Subscription, number: 13, children: &[], member_max: None, media_type: None },
    Row {
        kind: Kind::Folder,
        number: 12,
        children: &[Kind::Folder],
        member_max: Some(FILE_MAX),
        media_type: None,
    },
    Row {
        kind: Kind::Inbox,
        number: 20,
        children: &[],
        member_max: Some(CALENDAR_OBJECT_MAX as u64),
        media_type: Some("text/calendar; charset=utf-8"),
    },
    Row { kind: Kind::Outbox, number: 21, children: &[], member_max: None, media_type: None },
    Row {
        kind: Kind::Notifications,
        number: 22,
        children: &[],
        member_max: Some(CARD_MAX as u64),
        media_type: Some("application/xml; charset=utf-8"),
    },
    Row {
        kind: Kind::MailHome,
        number: 3,
        children: &[Kind::Mailbox],
        member_max: None,
        media_type: None,
    },
    Row {
        kind: Kind::Mailbox,
        number: 15,
        children: &[Kind::Mailbox],
        member_max: Some(MESSAGE_MAX),
        media_type: Some("message/rfc822"),
    },
];

/// The collections in a calendar home by which the server speaks with its owner, their names and components:
/// every user and resource has them, and only the server makes or removes them.
pub static SCHEDULING: [(Kind, &str, i64); 3] = [
    (Kind::Inbox, "inbox", 1 + 2 + 8),
    (Kind::Outbox, "outbox", 0),
    (Kind::Notifications, "notifications", 0),
];

impl Kind {
    fn row(self) -> &'static Row {
        KINDS.iter().find(|row| row.kind == self).unwrap_or(&KINDS[6])
    }

    /// The number in the store.
    pub fn number(self) -> i64 {
        self.row().number
    }

    /// From the number in the store; an unknown one (a newer schema's) is a folder, which no
    /// query of calendars or cards ever looks into.
    pub fn from_number(number: i64) -> Self {
        KINDS.iter().find(|row| row.number == number).map_or(Self::Folder, |row| row.kind)
    }

    /// Whether a collection of this kind may hold one of that kind.
    pub fn may_hold(self, child: Self) -> bool {
        self.row().children.contains(&child)
    }

    /// Whether collections can be made in it at all.
    pub fn has_children(self) -> bool {
        !self.row().children.is_empty()
    }

    /// Octets that one member may have; none: it holds no objects.
    pub fn member_max(self) -> Option<u64> {
        self.row().member_max
    }

    /// The members' media type, where all have the same.
    pub fn media_type(self) -> Option<&'static str> {
        self.row().media_type
    }
}

/// The calendar components, as a set of bits. The numbers are stored; never reuse one.
pub static COMPONENTS: [(&str, i64); 5] =
    [("VEVENT", 1), ("VTODO", 2), ("VJOURNAL", 4), ("VFREEBUSY", 8), ("VAVAILABILITY", 16)];

/// What a calendar takes when its maker named nothing: events, tasks and journals.
pub const COMPONENTS_DEFAULT: i64 = 7;

/// The bit of a component, by its name in any case; none when it cannot be stored.
pub fn component_bit(name: &str) -> Option<i64> {
    COMPONENTS.iter().find(|c| c.0.eq_ignore_ascii_case(name)).map(|c| c.1)
}

/// The names in a set of bits.
pub fn component_names(bits: i64) -> impl Iterator<Item = &'static str> {
    COMPONENTS.iter().filter(move |c| bits & c.1 != 0).map(|c| c.0)
}
