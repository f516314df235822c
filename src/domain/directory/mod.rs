//! The directory: principals, their addresses, groups, domains and credentials.
//!
//! Invariant: names and addresses are compared in lower case and stored so; a change that must end
//! remembered logins (password, lock, app password) raises the principal's generation in the same
//! transaction, so every node notices at its next request.

pub mod name;
pub mod mode;
pub mod resource;
pub mod login;
pub mod admin;
pub mod lookup;
pub mod calendar_user;

use crate::kernel::clock::now;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::DIRECTORY_DELAY_SECONDS;
pub use crate::store::principal::{AppPassword, Principal};
use crate::store::{Tx, booking, change_log, job};

/// The account that holds the directory as an address book, which no principal owns.
pub const BOOK_ACCOUNT: PrincipalId = PrincipalId(-3);
/// Its name in paths: no principal's name begins so ([`name::check_name`]).
pub const BOOK_OWNER: &str = "-directory";
/// The name of the address book in its home.
pub const BOOK: &str = "people";
/// Its path in that account.
pub const BOOK_PATH: &str = "addressbooks/people";
/// The job that keeps that address book true. It is stored; never give it another meaning.
pub const DIRECTORY_JOB: &str = "directory";

/// Notes, within the write that changes the directory, that its address book is to follow.
pub async fn changed(tx: &mut Tx) -> Outcome<()> {
    job::hasten(tx, DIRECTORY_JOB, now().plus_seconds(DIRECTORY_DELAY_SECONDS)).await
}

/// The job that brings an account up to date with what is shared with it (`domain::sharing`). It is
/// stored; never give it another meaning.
pub const SHARING_JOB: &str = "sharing";

/// Notes, within the write that changes it, that what is shared with an account, or with the members
/// of a group, is to be looked at anew; or what others replied to its owner.
pub async fn sharing_changed(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    job::add(tx, SHARING_JOB, &account.to_string(), account, "", now()).await
}

/// The job that works out when a resource is taken from what is in its calendars
/// (`domain::collection::booking`). It is stored; never give it another meaning.
pub const BOOKINGS_JOB: &str = "bookings";

/// Notes, within the write that changes it, that a resource's bookings are not what its calendars say.
pub async fn bookings_changed(tx: &mut Tx, account: PrincipalId) -> Outcome<()> {
    // Whoever works them out holds the account meanwhile, and would overwrite the note.
    change_log::hold(tx, account).await?;
    booking::mark_due(tx, account).await?;
    job::add(tx, BOOKINGS_JOB, &account.to_string(), account, "", now()).await
}

/// What a principal is (`CALDAV:calendar-user-type`, RFC 6638 §2.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person.
    User,
    /// A set of principals, which can own collections too.
    Group,
    /// A room or a thing.
    Resource,
}

/// Kind, its number in the store, its segment in paths, its calendar user type.
static KINDS: [(Kind, i64, &str, &str); 3] = [
    (Kind::User, 1, "users", "INDIVIDUAL"),
    (Kind::Group, 2, "groups", "GROUP"),
    (Kind::Resource, 3, "resources", "RESOURCE"),
];

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::User, Self::Group, Self::Resource];

    /// Of a stored principal.
    pub fn of(principal: &Principal) -> Self {
        Self::from_number(principal.kind)
    }

    /// From the number in the store; an unknown one (a newer schema's) is treated as a resource.
    pub fn from_number(number: i64) -> Self {
        KINDS.iter().find(|k| k.1 == number).map_or(Self::Resource, |k| k.0)
    }

    fn row(self) -> &'static (Kind, i64, &'static str, &'static str) {
        KINDS.iter().find(|k| k.0 == self).unwrap_or(&KINDS[0])
    }

    /// The number in the store.
    pub fn number(self) -> i64 {
        self.row().1
    }

    /// The segment in paths: `users`, `groups`, `resources`.
    pub fn segment(self) -> &'static str {
        self.row().2
    }

    /// From the segment in paths.
    pub fn from_segment(segment: &str) -> Option<Self> {
        KINDS.iter().find(|k| k.2 == segment).map(|k| k.0)
    }

    /// `INDIVIDUAL`, `GROUP`, `RESOURCE` (RFC 5545 §3.2.3); of a resource, its form says more.
    pub fn calendar_user_type(self) -> &'static str {
        self.row().3
    }
}

/// The protocols that an app password can be limited to, as a set of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocols(pub i64);

/// The protocols by name. The numbers are stored; never reuse one.
pub static PROTOCOLS: [(&str, i64); 6] =
    [("dav", 1), ("imap", 2), ("pop3", 4), ("smtp", 8), ("sieve", 16), ("ldap", 32)];

impl Protocols {
    /// CalDAV, CardDAV, WebDAV.
    pub const DAV: Self = Self(1);
    /// IMAP.
    pub const IMAP: Self = Self(2);
    /// POP3.
    pub const POP3: Self = Self(4);
    /// Every protocol.
    pub const ALL: Self = Self(63);

    /// From a list of names; `Err` is the name that is none.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut bits = 0;
        for name in names {
            let known = PROTOCOLS.iter().find(|p| p.0.eq_ignore_ascii_case(name.trim()));
            bits |= known.ok_or_else(|| name.to_owned())?.1;
        }
        Ok(if bits == 0 { Self::ALL } else { Self(bits) })
    }

    /// The names.
    pub fn names(self) -> Vec<&'static str> {
        PROTOCOLS.iter().filter(|p| self.0 & p.1 != 0).map(|p| p.0).collect()
    }

    /// Whether all of `other` are among these.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
