//! Scheduling as pure rules: what a change of an object means for others, and how a message from
//! them is taken in. Text in, text out.
//!
//! Invariant: what a rule does not speak of stays byte for byte, in stored copies and in messages
//! alike; no message carries what is its sender's own affair (alarms, private comments,
//! `SCHEDULE-*`). Standards: RFC 5546 (iTIP), RFC 6638 (implicit scheduling).

pub(super) mod edit;
mod person;
pub(super) mod sheet;
mod derive;
mod differ;
mod styled;
mod message;
mod settle;
mod expand;
mod organize;
mod keep;
mod attend;
mod status;
mod intake;
mod request;
mod cancel;
mod reply;
mod receive;
mod sent_by;
mod stance;
mod speaker;
mod meeting;

use crate::format::ical::Calendar;
use crate::kernel::clock::Timestamp;
use std::fmt;
use std::sync::Arc;

pub use attend::attend;
pub use expand::{Member, expand, newcomers};
pub use meeting::{Instance, Meeting, Said, Verdict, answered, commented, meeting};
pub use organize::organize;
pub use person::same;
pub use receive::receive;
pub use sent_by::sent_by;
pub use speaker::{method_of, speakers};
pub use stance::Stances;
pub use status::{with_late_status, with_status};
pub use styled::harmless;

/// Whether a calendar user address is the owner's of the copy at hand. It is asked with the value
/// as written: `mailto:` or `urn:uuid:`, the path or URL of a principal, or a bare address.
pub type IsMe<'a> = &'a dyn Fn(&str) -> bool;

/// What the owner of a copy is in it (RFC 6638 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// ORGANIZER is the owner.
    Organizer,
    /// ORGANIZER is somebody else, and one of the ATTENDEEs is the owner.
    Attendee,
    /// There is no ORGANIZER or no ATTENDEE, or the owner is neither: nothing is scheduled.
    Nobody,
}

/// What the owner is in an object (RFC 6638 §3.1). An object is an organizer's by its first
/// ORGANIZER; [`organize`] and [`attend`] refuse those that name two.
pub fn role(calendar: &Calendar<'_>, is_me: IsMe<'_>) -> Role {
    let components = || calendar.root().children().filter(|c| !c.is("VTIMEZONE"));
    let Some(organizer) = components().find_map(|c| c.property("ORGANIZER")) else {
        return Role::Nobody;
    };
    let mut attendees = components().flat_map(|c| c.all("ATTENDEE")).peekable();
    if attendees.peek().is_none() {
        Role::Nobody
    } else if is_me(organizer.value().trim()) {
        Role::Organizer
    } else if attendees.any(|line| is_me(line.value().trim())) {
        Role::Attendee
    } else {
        Role::Nobody
    }
}

/// An iTIP method (RFC 5546 §1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Published, without attendees.
    Publish,
    /// An invitation or its update.
    Request,
    /// An attendee's answer.
    Reply,
    /// More instances of a series.
    Add,
    /// It does not take place, or the recipient is no longer invited.
    Cancel,
    /// An attendee asks for the newest state.
    Refresh,
    /// An attendee proposes another time.
    Counter,
    /// The organizer does not take a proposal.
    DeclineCounter,
}

const METHODS: [(&str, Method); 8] = [
    ("PUBLISH", Method::Publish),
    ("REQUEST", Method::Request),
    ("REPLY", Method::Reply),
    ("ADD", Method::Add),
    ("CANCEL", Method::Cancel),
    ("REFRESH", Method::Refresh),
    ("COUNTER", Method::Counter),
    ("DECLINECOUNTER", Method::DeclineCounter),
];

impl Method {
    /// The method of a name, whatever its case.
    pub fn of(name: &str) -> Option<Self> {
        METHODS.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, method)| *method)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        METHODS.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }
}

/// A message to one calendar user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The recipient's calendar user address, as the object writes it.
    pub to: String,
    /// Its method, which stands in the text too.
    pub method: Method,
    /// The iCalendar text; recipients who are told the same share it.
    pub text: Arc<str>,
    /// The client demanded it (`SCHEDULE-FORCE-SEND`, RFC 6638 §7.2).
    pub forced: bool,
    /// It only brings copies up to date: nobody is asked anything, and people need not hear of it.
    /// What is sent by mail only, is not sent then.
    pub silent: bool,
    /// What it says in short, for the history: `time of 2 instances changed`.
    pub about: String,
}

/// What becomes of an owner's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is stored; none: the text as it was sent.
    pub stored: Option<String>,
    /// Who is told.
    pub messages: Vec<Message>,
    /// The Schedule-Tag stays (RFC 6638 §3.2.10).
    pub keeps_schedule_tag: bool,
}

/// A change that is not allowed (RFC 6638 §3.2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The components name different organizers (`CALDAV:same-organizer-in-all-components`).
    SameOrganizer,
    /// ORGANIZER became another, or came to or went from what others were invited to, in the object of
    /// somebody who was this (`CALDAV:allowed-organizer-scheduling-object-change` of an organizer's
    /// object, else `CALDAV:allowed-attendee-scheduling-object-change`).
    OrganizerChanged(Role),
    /// The organizer may not change this (`CALDAV:allowed-organizer-scheduling-object-change`).
    OrganizerChange(String),
    /// An attendee may not change this (`CALDAV:allowed-attendee-scheduling-object-change`).
    AttendeeChange(String),
    /// The text cannot be read as one calendar object (`CALDAV:valid-calendar-object-resource`).
    Unreadable(String),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameOrganizer => f.write_str("all components must name the same ORGANIZER"),
            Self::OrganizerChanged(_) => f.write_str("ORGANIZER cannot be changed"),
            Self::OrganizerChange(what) => write!(f, "the organizer cannot change {what}"),
            Self::AttendeeChange(what) => write!(f, "an attendee cannot change {what}"),
            Self::Unreadable(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Violation {}

/// What becomes of a message in its recipient's calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// The object becomes this.
    Store {
        /// The whole text.
        text: String,
        /// It is worth telling the owner (an item in the inbox).
        news: bool,
        /// The organizer took in an answer of this attendee: the others' copies need it, see
        /// [`refresh`].
        others: Option<String>,
        /// The Schedule-Tag stays (RFC 6638 §3.2.10).
        keeps_schedule_tag: bool,
        /// What changed, for the history.
        about: String,
    },
    /// The object goes.
    Remove {
        /// Why, for the history.
        about: String,
    },
    /// Nothing changes by itself.
    Nothing {
        /// The owner has to look at the message itself, which goes to the inbox as it is: a
        /// proposal of another time, say.
        news: bool,
        /// Why, for the history.
        about: String,
    },
    /// An attendee asks for the newest state, see [`state`].
    Asked {
        /// Who.
        by: String,
    },
}

/// A message that cannot be taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is no iTIP message: what is wrong with it.
    Malformed(String),
    /// It is not from who may send it: a REQUEST or CANCEL of another organizer than the copy's, a
    /// REPLY to what the owner does not organize. RFC 5546 §6.1.
    Foreign(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) | Self::Foreign(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unusable {}

/// The messages that bring the other attendees' copies up to date after the organizer took in an
/// answer of `except` (RFC 6638 §4.2). All are silent, but for whom nobody told of it yet: a delegate.
pub fn refresh(stored: &[u8], except: &str, is_me: IsMe<'_>, now: Timestamp) -> Vec<Message> {
    organize::refresh(stored, except, is_me, now)
}

/// The message that tells one attendee the newest state, which he asked for (RFC 5546 §3.2.6); none
/// for who is not invited.
pub fn state(stored: &[u8], to: &str, is_me: IsMe<'_>, now: Timestamp) -> Vec<Message> {
    organize::state(stored, to, is_me, now)
}

#[cfg(test)]
mod tests;
