//! One function from a fault to its status and condition element: nothing else in the DAV
//! protocols chooses a status for a refusal.
//!
//! `DAV:error` holds exactly the condition elements of the standards (RFC 4918 §16); what people
//! should read besides goes to `DAV:responsedescription` in multistatus bodies, and to the log.

use super::name::{ERROR, NEED_PRIVILEGES, PRIVILEGE, RESOURCE};
use crate::domain::collection::Home;
use crate::format::xml::{Name, Ns, Writer};
use crate::kernel::fault::{
    AceRule, AttachRule, CalendarLimit, Fault, PushRule, Refusal, SchedulingRule,
};
use crate::kernel::privilege::Privilege;
use http::StatusCode;

/// What the request was about, where that chooses between two conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Calendars.
    Calendars,
    /// Address books.
    Addressbooks,
    /// Files, principals, everything else.
    Other,
}

impl From<Home> for About {
    fn from(home: Home) -> Self {
        match home {
            Home::Calendars => Self::Calendars,
            Home::Addressbooks => Self::Addressbooks,
            Home::Files | Home::Mail => Self::Other,
        }
    }
}

/// The status and, where a standard names one, the condition element with the hrefs inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The status.
    pub status: StatusCode,
    /// The condition element.
    pub condition: Option<Name>,
    /// Paths below the DAV root that stand in the condition as `DAV:href`.
    pub hrefs: Vec<String>,
    /// The missing privilege of `DAV:need-privileges`.
    pub privilege: Option<Privilege>,
}

impl Verdict {
    /// A status for which no standard names a condition.
    pub fn plain(status: StatusCode) -> Self {
        Self { status, condition: None, hrefs: Vec::new(), privilege: None }
    }
}

/// The verdict on a fault.
pub fn verdict(fault: &Fault, about: About) -> Verdict {
    match fault {
        Fault::Refused(Refusal::Private { path }) => denied(path, Privilege::WriteContent),
        Fault::Refused(refusal) => refused(refusal, about),
        Fault::NotFound => Verdict::plain(StatusCode::NOT_FOUND),
        Fault::Denied { path, privilege } => denied(path, *privilege),
        Fault::Busy(_) => Verdict::plain(StatusCode::SERVICE_UNAVAILABLE),
        Fault::Internal(_) => Verdict::plain(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// RFC 3744 §7.1.1.
fn denied(path: &str, privilege: Privilege) -> Verdict {
    Verdict {
        condition: Some(NEED_PRIVILEGES),
        hrefs: vec![path.to_owned()],
        privilege: Some(privilege),
        ..Verdict::plain(StatusCode::FORBIDDEN)
    }
}

const fn dav(local: &'static str) -> Option<Name> {
    Some(Name::known(Ns::Dav, local))
}

/// The CalDAV condition about calendars, the CardDAV one about address books, none elsewhere.
fn of_kind(about: About, caldav: &'static str, carddav: &'static str) -> Option<Name> {
    match about {
        About::Calendars => Some(Name::known(Ns::CalDav, caldav)),
        About::Addressbooks => Some(Name::known(Ns::CardDav, carddav)),
        About::Other => None,
    }
}

/// RFC 3744 §8.1.1.
fn ace_rule(rule: AceRule) -> &'static str {
    match rule {
        AceRule::NoConflict => "no-ace-conflict",
        AceRule::NoProtectedConflict => "no-protected-ace-conflict",
        AceRule::NoInheritedConflict => "no-inherited-ace-conflict",
        AceRule::LimitedNumber => "limited-number-of-aces",
        AceRule::GrantOnly => "grant-only",
        AceRule::NoInvert => "no-invert",
        AceRule::NotSupportedPrivilege => "not-supported-privilege",
        AceRule::RecognizedPrincipal => "recognized-principal",
        AceRule::AllowedPrincipal => "allowed-principal",
    }
}

/// RFC 4791 §5.3.2.1.
fn calendar_limit(limit: CalendarLimit) -> &'static str {
    match limit {
        CalendarLimit::MinDateTime => "min-date-time",
        CalendarLimit::MaxDateTime => "max-date-time",
        CalendarLimit::MaxInstances => "max-instances",
        CalendarLimit::MaxAttendees => "max-attendees-per-instance",
    }
}

/// RFC 6638 §3.2.4, §4.3.1.
fn scheduling_rule(rule: &SchedulingRule) -> (&'static str, Option<&String>) {
    match rule {
        SchedulingRule::Unique { path } => ("unique-scheduling-object-resource", path.as_ref()),
        SchedulingRule::SameOrganizer => ("same-organizer-in-all-components", None),
        SchedulingRule::OrganizerChange => ("allowed-organizer-scheduling-object-change", None),
        SchedulingRule::AttendeeChange => ("allowed-attendee-scheduling-object-change", None),
        SchedulingRule::DefaultNeeded => ("default-calendar-needed", None),
        SchedulingRule::ValidDefault => ("valid-schedule-default-calendar-URL", None),
    }
}

/// RFC 8607 §3.11.
fn attach_rule(rule: AttachRule) -> &'static str {
    match rule {
        AttachRule::Size => "max-attachment-size",
        AttachRule::Count => "max-attachments-per-resource",
        AttachRule::Action => "valid-action",
        AttachRule::Instance => "valid-rid",
        AttachRule::ManagedId => "valid-managed-id",
        AttachRule::Parameter => "valid-managed-id-parameter",
    }
}

fn push_rule(rule: PushRule) -> &'static str {
    match rule {
        PushRule::InvalidSubscription => "invalid-subscription",
        PushRule::NotAvailable => "push-not-available",
        PushRule::NoSupportedTrigger => "no-supported-trigger",
    }
}

fn refused(refusal: &Refusal, about: About) -> Verdict {
    use StatusCode as S;
    let (status, condition, href) = match refusal {
        Refusal::Malformed(_) | Refusal::Directory(_) => (S::BAD_REQUEST, None, None),
        Refusal::Stalled => (S::REQUEST_TIMEOUT, None, None),
        Refusal::InvalidData { .. } => {
            (S::FORBIDDEN, of_kind(about, "valid-calendar-data", "valid-address-data"), None)
        }
        Refusal::InvalidResource(_) => {
            let name = of_kind(about, "valid-calendar-object-resource", "valid-address-data");
            (S::FORBIDDEN, name, None)
        }
        Refusal::UnknownZone(_) => (S::FORBIDDEN, of_kind(about, "valid-timezone", "x"), None),
        Refusal::UnsupportedType(_) => match about {
            About::Other => (S::UNSUPPORTED_MEDIA_TYPE, None, None),
            _ => (
                S::FORBIDDEN,
                of_kind(about, "supported-calendar-data", "supported-address-data"),
                None,
            ),
        },
        Refusal::UnsupportedConversion(_) => {
            let name =
                of_kind(about, "supported-calendar-data", "supported-address-data-conversion");
            (S::NOT_ACCEPTABLE, name, None)
        }
        Refusal::UnsupportedComponent(_) => {
            (S::FORBIDDEN, of_kind(about, "supported-calendar-component", "x"), None)
        }
        Refusal::BeyondLimit(limit, _) => {
            (S::FORBIDDEN, Some(Name::known(Ns::CalDav, calendar_limit(*limit))), None)
        }
        Refusal::Scheduling(rule, _) => {
            let (name, href) = scheduling_rule(rule);
            (S::FORBIDDEN, Some(Name::known(Ns::CalDav, name)), href)
        }
        Refusal::Attachment(rule, _) => {
            (S::FORBIDDEN, Some(Name::known(Ns::CalDav, attach_rule(*rule))), None)
        }
        Refusal::UnexpectedBody => (S::UNSUPPORTED_MEDIA_TYPE, None, None),
        Refusal::ExternalEntity => (S::FORBIDDEN, dav("no-external-entities"), None),
        // 409 and not 403: with 403 DAVx5 gives up on the whole collection, with 409 on the
        // one object; RFC 4791 §1.3 allows both.
        Refusal::UidConflict { path } => {
            (S::CONFLICT, of_kind(about, "no-uid-conflict", "no-uid-conflict"), Some(path))
        }
        // As for UIDs: it is about the one object.
        Refusal::Booked(_) => {
            (S::CONFLICT, Some(Name::known(Ns::Davenport, "no-booking-conflict")), None)
        }
        Refusal::TooLarge { .. } => match about {
            About::Other => (S::PAYLOAD_TOO_LARGE, None, None),
            _ => (S::FORBIDDEN, of_kind(about, "max-resource-size", "max-resource-size"), None),
        },
        Refusal::Flag(_) => (S::BAD_REQUEST, None, None),
        Refusal::QuotaExceeded => (S::INSUFFICIENT_STORAGE, dav("quota-not-exceeded"), None),
        Refusal::Exists => (S::METHOD_NOT_ALLOWED, dav("resource-must-be-null"), None),
        Refusal::NoParent => (S::CONFLICT, None, None),
        Refusal::CollectionPlacement(_) => {
            let (c, a) = ("calendar-collection-location-ok", "addressbook-collection-location-ok");
            (S::FORBIDDEN, of_kind(about, c, a), None)
        }
        Refusal::SameResource | Refusal::Private { .. } => (S::FORBIDDEN, None, None),
        Refusal::ConditionFailed => (S::PRECONDITION_FAILED, None, None),
        Refusal::Locked { path } => (S::LOCKED, dav("lock-token-submitted"), Some(path)),
        Refusal::LockConflict { path } => (S::LOCKED, dav("no-conflicting-lock"), Some(path)),
        Refusal::NoSuchLock => (S::CONFLICT, dav("lock-token-matches-request-uri"), None),
        Refusal::Protected => (S::FORBIDDEN, dav("cannot-modify-protected-property"), None),
        Refusal::InvalidSyncToken => (S::FORBIDDEN, dav("valid-sync-token"), None),
        Refusal::TooManyMatches => (S::FORBIDDEN, dav("number-of-matches-within-limits"), None),
        Refusal::InvalidFilter(_) => {
            (S::FORBIDDEN, of_kind(about, "valid-filter", "valid-filter"), None)
        }
        Refusal::InvalidMessage(_) => {
            (S::BAD_REQUEST, of_kind(about, "valid-scheduling-message", "x"), None)
        }
        Refusal::ForeignOrganizer(_) => {
            (S::FORBIDDEN, of_kind(about, "valid-organizer", "x"), None)
        }
        Refusal::Push(rule, _) => {
            (S::FORBIDDEN, Some(Name::known(Ns::Push, push_rule(*rule))), None)
        }
        Refusal::Ace(rule, _) => (S::FORBIDDEN, dav(ace_rule(*rule)), None),
        Refusal::UnsupportedCollation(_) => {
            let name = of_kind(about, "supported-collation", "supported-collation");
            (S::FORBIDDEN, name, None)
        }
        Refusal::UnsupportedFilter(_) => {
            (S::FORBIDDEN, of_kind(about, "supported-filter", "supported-filter"), None)
        }
    };
    let condition = condition.filter(|name| name.local() != "x");
    Verdict { status, condition, hrefs: href.cloned().into_iter().collect(), privilege: None }
}

/// Writes `DAV:error` with the verdict's condition (RFC 4918 §14.5, RFC 3744 §7.1.1).
pub fn write_error(verdict: &Verdict, writer: &mut Writer) {
    write_error_and(verdict, None, writer);
}

/// As [`write_error`], with one more element beside the condition.
pub fn write_error_and(verdict: &Verdict, more: Option<(Name, &str)>, writer: &mut Writer) {
    if verdict.condition.is_none() && more.is_none() {
        return;
    }
    writer.open(&ERROR);
    if let Some(condition) = &verdict.condition {
        write_condition(condition, verdict, writer);
    }
    if let Some((name, text)) = more {
        writer.element(&name, text);
    }
    writer.close(&ERROR);
}

fn write_condition(condition: &Name, verdict: &Verdict, writer: &mut Writer) {
    if verdict.hrefs.is_empty() {
        return writer.empty(condition);
    }
    writer.open(condition);
    for path in &verdict.hrefs {
        let Some(privilege) = verdict.privilege else {
            href(writer, path);
            continue;
        };
        writer.open(&RESOURCE);
        href(writer, path);
        writer.open(&PRIVILEGE);
        writer.empty(&super::acl::privilege_name(privilege));
        writer.close(&PRIVILEGE);
        writer.close(&RESOURCE);
    }
    writer.close(condition);
}

/// A `DAV:href` of a path below the DAV root.
fn href(writer: &mut Writer, path: &str) {
    writer.href(&format!("{}{path}", super::space::DAV_ROOT));
}
