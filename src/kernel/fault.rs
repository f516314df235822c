//! What can go wrong, classed by whose fault it is. Each protocol maps a fault to its own words
//! in one function; no fault carries a status code.

use super::privilege::Privilege;
use std::fmt;

/// The result of every domain and store call.
pub type Outcome<T> = Result<T, Fault>;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request breaks a rule that its sender must know; the text says which and what to do.
    Refused(Refusal),
    /// There is nothing at this address, and the asker may know that.
    NotFound,
    /// The asker lacks a right. Also the answer for things that do not exist where the asker has
    /// no right at all. `path` is the resource that misses the privilege (RFC 3744 §7.1.1).
    Denied {
        /// The resource as a path below the DAV root.
        path: String,
        /// The missing right.
        privilege: Privilege,
    },
    /// The server cannot at the moment, and trying again may help.
    Busy(String),
    /// The server's own fault; the text goes to the log, never to the client.
    Internal(String),
}

/// A rule of the standards that a request broke. Variants are named after the condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The text, path or argument cannot be understood.
    Malformed(String),
    /// The content is not a valid calendar object or vCard; line is 1-based, 0 if unknown.
    InvalidData { line: usize, reason: String },
    /// Valid, but not what may be stored as one resource (RFC 4791 §4.1, RFC 6352 §5.1).
    InvalidResource(String),
    /// The time zone is not known (RFC 7809 §3.1.5).
    UnknownZone(String),
    /// The content's media type is not of this collection's kind.
    UnsupportedType(String),
    /// The content cannot be given in this form (RFC 6352 §5.1.1.1).
    UnsupportedConversion(String),
    /// The calendar does not take this component (`supported-calendar-component`).
    UnsupportedComponent(String),
    /// A calendar object goes beyond a limit; the text says which and where.
    BeyondLimit(CalendarLimit, String),
    /// Another member of the collection has this UID, or what stands at the place has another one;
    /// its path below the DAV root.
    UidConflict { path: String },
    /// The rest of the request did not come in time.
    Stalled,
    /// A body that the method has no use for.
    UnexpectedBody,
    /// The body refers to something outside of itself.
    ExternalEntity,
    /// The content is larger than so many octets.
    TooLarge { limit: u64 },
    /// The owner's quota is used up.
    QuotaExceeded,
    /// A message cannot have this flag: the name is none, or the mailbox has too many.
    Flag(String),
    /// The name is taken and the request said not to overwrite.
    Exists,
    /// The parent collection does not exist.
    NoParent,
    /// A calendar or address book cannot hold this kind of member (RFC 4791 §4.2, RFC 6352 §5.2).
    CollectionPlacement(String),
    /// Source and destination of a copy or move are the same or nested.
    SameResource,
    /// The condition of `If-Match`, `If-None-Match` or `If` does not hold.
    ConditionFailed,
    /// A rule of attachments; the text says which and what to do.
    Attachment(AttachRule, String),
    /// The asker sees that its owner is busy and no more of it, or would after the change; its path
    /// below the DAV root.
    Private { path: String },
    /// The resource is locked, and the request shows no token for it; the lock's path.
    Locked { path: String },
    /// A lock that the new one would conflict with; its path.
    LockConflict { path: String },
    /// The lock token names no lock on this resource.
    NoSuchLock,
    /// The property belongs to the server.
    Protected,
    /// The sync token is not, or no longer, good for this collection.
    InvalidSyncToken,
    /// More matches than the server will work out; the client should ask for less.
    TooManyMatches,
    /// The query uses a part of the language that is not served.
    UnsupportedFilter(String),
    /// The query's filter breaks the rules of its language.
    InvalidFilter(String),
    /// The query compares texts in a way that is not served.
    UnsupportedCollation(String),
    /// An access control entry breaks this rule; the text says which entry and what to do.
    Ace(AceRule, String),
    /// A change of a scheduling object breaks this rule; the text says what.
    Scheduling(SchedulingRule, String),
    /// A scheduling message breaks a rule of iTIP (RFC 6638 §5.2.1); the text says which.
    InvalidMessage(String),
    /// The organizer of a scheduling message is not the owner of the outbox (RFC 6638 §5.2.2); the
    /// address.
    ForeignOrganizer(String),
    /// A resource is booked already at some of these times, or not to be booked then; the text says
    /// when.
    Booked(String),
    /// A registration for push breaks this rule; the text says what to do.
    Push(PushRule, String),
    /// A directory change that cannot be made: name taken, unknown domain and the like.
    Directory(String),
}

/// The limits of calendar objects that are not their size (RFC 4791 §5.2.6 to §5.2.9). Variants are
/// named after the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarLimit {
    /// A date lies before the first one accepted.
    MinDateTime,
    /// A date lies after the last one accepted.
    MaxDateTime,
    /// The recurrence ends, but after more instances than accepted.
    MaxInstances,
    /// One instance has more attendees than accepted.
    MaxAttendees,
}

/// The rules of scheduling objects (RFC 6638 §3.2.4) and of the calendar that they come into (§4.3.1). Variants are named after the condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchedulingRule {
    /// The same meeting is already in the home.
    Unique {
        /// At which path below the DAV root, for whoever may read it.
        path: Option<String>,
    },
    /// Its components name different organizers.
    SameOrganizer,
    /// The organizer may not change that.
    OrganizerChange,
    /// An attendee may not change that.
    AttendeeChange,
    /// Invitations would have no calendar to come into (§4.3.1.1).
    DefaultNeeded,
    /// It is no calendar that invitations can come into (§4.3.1.2).
    ValidDefault,
}

/// The rules of attachments (RFC 8607 §3.11, §3.12.2). Variants are named after the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachRule {
    /// It is larger than accepted.
    Size,
    /// The event has as many as accepted.
    Count,
    /// The action is none that there is.
    Action,
    /// An instance is named that there is not.
    Instance,
    /// An attachment is named that there is not.
    ManagedId,
    /// An object names an attachment that it may not name.
    Parameter,
}

/// The rules that an access control list must keep (RFC 3744 §8.1.1). Variants are named after
/// the condition; those that cannot be broken here (abstract privileges, required principals,
/// denials in the wrong order) have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AceRule {
    /// Entries contradict each other, or the resource takes no entries of its own.
    NoConflict,
    /// An entry contradicts one that the server protects.
    NoProtectedConflict,
    /// An entry claims to be inherited and is not.
    NoInheritedConflict,
    /// There are more entries than are kept.
    LimitedNumber,
    /// An entry denies.
    GrantOnly,
    /// An entry is for everybody but a principal.
    NoInvert,
    /// An entry names a privilege that does not exist here.
    NotSupportedPrivilege,
    /// An entry names a principal that does not exist.
    RecognizedPrincipal,
    /// An entry is for a principal that gets no access here.
    AllowedPrincipal,
}

/// The rules of registrations for push (draft-bitfire-webdav-push-00 §3.1.3). Variants are named after
/// the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushRule {
    /// The request does not say where and how messages go.
    InvalidSubscription,
    /// Nobody is told of changes of this resource, or not the asker.
    NotAvailable,
    /// The request asks to be told of nothing that one can be told of.
    NoSupportedTrigger,
}

impl Fault {
    /// A refusal for text that cannot be understood.
    pub fn malformed(why: impl Into<String>) -> Self {
        Self::Refused(Refusal::Malformed(why.into()))
    }

    /// The server's own fault.
    pub fn internal(why: impl fmt::Display) -> Self {
        Self::Internal(why.to_string())
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::NotFound => f.write_str("there is nothing at this address"),
            Self::Denied { path, privilege } => write!(f, "{path} needs the right {privilege:?}"),
            Self::Busy(why) => write!(f, "not now: {why}"),
            Self::Internal(why) => write!(f, "internal fault: {why}"),
        }
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why)
            | Self::InvalidResource(why)
            | Self::CollectionPlacement(why)
            | Self::Ace(_, why)
            | Self::Scheduling(_, why)
            | Self::Push(_, why)
            | Self::Booked(why)
            | Self::BeyondLimit(_, why)
            | Self::Attachment(_, why)
            | Self::InvalidMessage(why)
            | Self::Directory(why) => f.write_str(why),
            Self::InvalidData { line: 0, reason } => f.write_str(reason),
            Self::InvalidData { line, reason } => write!(f, "line {line}: {reason}"),
            Self::UnknownZone(name) => write!(f, "the time zone {name:?} is not known here"),
            Self::UnsupportedType(what) => write!(f, "{what} cannot be stored here"),
            Self::UnsupportedConversion(what) => write!(f, "this cannot be given as {what}"),
            Self::UnsupportedComponent(what) => write!(f, "this calendar does not take {what}"),
            Self::Stalled => f.write_str("the rest of the request did not come in time"),
            Self::UidConflict { path } => {
                write!(f, "in conflict with {path}: one object has one UID, and keeps it")
            }
            Self::Private { path } => write!(
                f,
                "{path} is private or confidential: only who sees all of it can store, change, copy or move it"
            ),
            Self::UnexpectedBody => f.write_str("this method has no use for such a body"),
            Self::ExternalEntity => f.write_str("the body refers to something outside of itself"),
            Self::TooLarge { limit } => write!(f, "larger than the {limit} octets allowed"),
            Self::QuotaExceeded => f.write_str("the owner's quota is used up"),
            Self::Flag(name) => write!(f, "a message here cannot have the flag {name}"),
            Self::Exists => f.write_str("the name is taken"),
            Self::NoParent => f.write_str("the parent collection does not exist"),
            Self::SameResource => f.write_str("source and destination are the same or nested"),
            Self::ConditionFailed => f.write_str("a condition of the request does not hold"),
            Self::Locked { path } => write!(f, "{path} is locked, and no token was shown for it"),
            Self::LockConflict { path } => write!(f, "a lock on {path} stands in the way"),
            Self::NoSuchLock => f.write_str("the token names no lock on this resource"),
            Self::Protected => f.write_str("the server keeps this property"),
            Self::InvalidSyncToken => f.write_str("this sync token is not valid here: sync anew"),
            Self::TooManyMatches => f.write_str("too many matches: ask for less"),
            Self::UnsupportedFilter(what) => write!(f, "this filter is not served: {what}"),
            Self::InvalidFilter(why) => write!(f, "this filter is not valid: {why}"),
            Self::ForeignOrganizer(address) => {
                write!(f, "the ORGANIZER {address} is not the owner of this outbox")
            }
            Self::UnsupportedCollation(name) => write!(f, "the collation {name} is not served"),
        }
    }
}
