//! Free/busy of people: when somebody is busy by all his calendars together, who may know it, and the
//! times that suit several (RFC 6638 §5, RFC 7953 §5, RFC 4791 §7.10).
//!
//! Invariants: nothing is told but periods and their types; the cost follows the window and what lies
//! in it, and every kind of row is read in one statement however many people are asked about; one
//! whose calendars take too much work spoils nobody else's answer.
//!
//! | file | what it is |
//! |---|---|
//! | [`people`] | who is meant by an address; members of groups |
//! | [`source`] | which calendars of somebody count, and for whom |
//! | [`told`] | what they say |
//! | [`find`] | times that suit several people and one of some rooms |

pub mod people;
pub mod source;
pub mod told;
pub mod find;

use crate::domain::collection::scheduling::OUTBOX;
use crate::domain::collection::{Access, Place, list};
use crate::format::ical::attendance::Whose;
use crate::format::ical::busy::BusyTimes;
use crate::format::tz::Zone;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{FREEBUSY_PEOPLE_MAX, FREEBUSY_SECONDS_MAX};
use crate::kernel::privilege::Privilege;
use crate::store::{collection, principal};
use people::{Person, Who};
use source::Source;
use std::ops::Range;
use told::Told;

/// Whether everybody who has signed in may know when everybody is busy, until somebody says otherwise
/// of himself (the setting `scheduling.open_free_busy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open(pub bool);

/// A meeting that is about to be moved and does not count (`X-CALENDARSERVER-MASK-UID`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Its UID.
    pub uid: String,
    /// The address of its organizer.
    pub organizer: String,
}

/// What is asked of somebody.
#[derive(Clone, Debug)]
pub struct Question {
    /// Seconds since 1970 UTC.
    pub window: Range<i64>,
    /// What does not count.
    pub mask: Option<Mask>,
}

impl Question {
    /// About a window.
    ///
    /// # Errors
    /// `Malformed` for one that is empty or too long.
    pub fn about(window: Range<i64>) -> Outcome<Self> {
        let length = window.end.saturating_sub(window.start);
        if length <= 0 {
            return Err(Fault::malformed("the end must be after the start"));
        }
        if length > FREEBUSY_SECONDS_MAX {
            let days = FREEBUSY_SECONDS_MAX / 86_400;
            return Err(Fault::malformed(format!("ask about no more than {days} days")));
        }
        Ok(Self { window, mask: None })
    }
}

/// What somebody is told who asks about another.
#[derive(Clone, Debug)]
pub enum Answer {
    /// When he is busy.
    Times(BusyTimes),
    /// Nothing: the asker may not know.
    NoAuthority,
    /// Nothing: nobody here has the address, though its domain is one of this server's, or it is no
    /// address at all.
    Nobody,
    /// Nothing: another server's.
    Elsewhere,
    /// Nothing: it takes too much work.
    TooMuch,
}

/// The one for whom somebody asks through an outbox, and by which addresses he is known: its owner, if
/// the asker may ask for him (RFC 6638 §6.2.4, §11.3).
///
/// # Errors
/// `Denied`, `NotFound` where there is no outbox.
pub async fn asker(access: &Access, outbox: &Place) -> Outcome<(Access, Vec<String>)> {
    let (access, place) = (access.clone(), outbox.at(OUTBOX, true));
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::SendFreeBusy).await?;
                let who = principal::by_id(tx, place.account).await?.ok_or(Fault::NotFound)?;
                if collection::at(tx, place.account, OUTBOX).await?.is_none() {
                    return Err(Fault::NotFound);
                }
                let mut known = people::addresses(tx, std::slice::from_ref(&who)).await?;
                let addresses = known.remove(&who.id).unwrap_or_default();
                Ok((Access { who, ..access }, addresses))
            })
        })
        .await
}

/// Asks about each of some addresses, in their order. `access` is the one for whom is asked, whoever
/// acts for him.
///
/// # Errors
/// `Malformed` for too many addresses.
pub async fn ask(
    access: &Access,
    open: Open,
    addresses: &[String],
    question: &Question,
) -> Outcome<Vec<Answer>> {
    if addresses.len() > FREEBUSY_PEOPLE_MAX {
        let why = format!("ask about no more than {FREEBUSY_PEOPLE_MAX} people at once");
        return Err(Fault::malformed(why));
    }
    let (asker, addresses, question) = (access.clone(), addresses.to_vec(), question.clone());
    access
        .store
        .read(move |tx| {
            Box::pin(async move {
                let found = people::find(tx, &addresses).await?;
                let all: Vec<Person> = found.iter().filter_map(Who::person).cloned().collect();
                let sources = source::of(tx, &asker, open, &all).await?;
                let mut told = told::all(tx, &asker, sources, &question).await?.into_iter();
                let answer = |who: Who| match who {
                    Who::Known(_) => told.next().map_or(Answer::Nobody, Answer::from),
                    Who::Nobody => Answer::Nobody,
                    Who::Elsewhere => Answer::Elsewhere,
                };
                Ok(found.into_iter().map(answer).collect())
            })
        })
        .await
}

impl From<Told> for Answer {
    fn from(told: Told) -> Self {
        match told {
            Told::Times(times) => Self::Times(times),
            Told::Denied => Self::NoAuthority,
            Told::TooMuch => Self::TooMuch,
        }
    }
}

/// When the owner of an account is busy by some of its calendars, each with its properties; the caller
/// has asked for the right to know it (RFC 4791 §7.10). `floating`: the zone of floating times, whatever
/// the calendars say.
///
/// # Errors
/// `TooManyMatches` when working it out would take more than the request's share of work.
pub async fn of_calendars(
    access: &Access,
    account: PrincipalId,
    (calendars, owners): list::Owned,
    window: Range<i64>,
    floating: Option<Zone>,
) -> Outcome<BusyTimes> {
    let asker = access.clone();
    let told = access.store.read(move |tx| {
        Box::pin(async move {
            let owner = principal::by_id(tx, account).await?;
            let addresses = people::addresses(tx, owner.as_slice()).await?;
            let whose = Whose::of(addresses.values().flatten().map(String::as_str));
            let row = |(it, properties)| (it, properties, owners.clone());
            let source = Source {
                accounts: vec![(account, whose)],
                calendars: calendars.into_iter().map(row).collect(),
                availabilities: Vec::new(),
            };
            let question = Question { window, mask: None };
            told::all_in(tx, &asker, vec![Some(source)], (&question, floating)).await
        })
    });
    match told.await?.pop() {
        Some(Told::Times(times)) => Ok(times),
        _ => Err(Refusal::TooManyMatches.into()),
    }
}
