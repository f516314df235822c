//! The way in: a message from somebody elsewhere (iMIP, RFC 6047) for somebody here.
//!
//! Invariants: whoever sends it speaks in his own name: the organizer of an invitation, the attendee of
//! an answer (RFC 6047 §2.2.2, §3); nobody from outside speaks in the name of somebody of this server.
//! What is let in goes the way of every other message (`deliver`), and counts once.

use crate::domain::collection::access::SERVER;
use crate::domain::collection::implicit::{self, status, takes};
use crate::domain::directory::Kind;
use crate::domain::directory::calendar_user::{Recipient, mailbox, recipient};
use crate::format::ical::Calendar;
use crate::format::itip::{Method, harmless, method_of, speakers};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::limits::CALENDAR_OBJECT_MAX;
use crate::kernel::privilege::Privilege;
use crate::store::blob::{self, Content};
use crate::store::itip::{self as letters, NewLetter};
use crate::store::{Store, Tx, job};

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The iCalendar text, with its METHOD.
    pub message: Vec<u8>,
    /// The mail address of who sent it; whoever calls has made sure of it.
    pub from: String,
    /// The mail address that it came to.
    pub to: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It waits for the recipient's calendar.
    In,
    /// It was not taken: the request status (RFC 5546 §3.6), and why.
    Refused(&'static str, &'static str),
}

/// Takes a message in.
///
/// # Errors
/// Those of the store; what is wrong with the message is told by [`Taken::Refused`].
pub async fn receive(store: &Store, mail: Mail, now: Timestamp) -> Outcome<Taken> {
    let (method, uid) = match read(&mail) {
        Ok(read) => read,
        Err((status, why)) => return Ok(Taken::Refused(status, why)),
    };
    store
        .write(move |tx| Box::pin(async move { enter(tx, &mail, (method, &uid), now).await }))
        .await
}

/// Its method and UID, where it speaks in its sender's name.
fn read(mail: &Mail) -> Result<(Method, String), (&'static str, &'static str)> {
    let bad = |why| (status::FAILED, why);
    if mail.message.len() > CALENDAR_OBJECT_MAX {
        return Err(bad("it is too long"));
    }
    let method = method_of(&mail.message).ok_or_else(|| bad("it is no scheduling message"))?;
    let calendar = Calendar::parse(&mail.message).map_err(|_| bad("it cannot be read"))?;
    let uid = calendar.root().children().find_map(|it| it.property("UID"));
    let uid = uid.map(|it| it.value().trim().to_owned()).filter(|it| !it.is_empty());
    let uid = uid.ok_or_else(|| bad("it has no UID"))?;
    let from = mailbox(&format!("mailto:{}", mail.from.trim()));
    let speaks = |it: &String| from.is_some() && mailbox(it) == from;
    let speakers = speakers(&mail.message, method);
    let own = match method {
        // A proposal may name the others, too.
        Method::Counter => speakers.iter().any(speaks),
        _ => !speakers.is_empty() && speakers.iter().all(speaks),
    };
    match own {
        true => Ok((method, uid)),
        false => Err((status::NO_AUTHORITY, "it speaks in the name of somebody else")),
    }
}

async fn enter(
    tx: &mut Tx,
    mail: &Mail,
    (method, uid): (Method, &str),
    now: Timestamp,
) -> Outcome<Taken> {
    let address = |it: &str| format!("mailto:{}", it.trim());
    if recipient(tx, &address(&mail.from)).await? != Recipient::Elsewhere {
        let why = "people of this server do not write from elsewhere";
        return Ok(Taken::Refused(status::NO_AUTHORITY, why));
    }
    let to = match recipient(tx, &address(&mail.to)).await? {
        Recipient::Local(it) if Kind::of(&it) != Kind::Group => it,
        _ => return Ok(Taken::Refused(status::UNKNOWN, "there is no such calendar user")),
    };
    let privilege = match method {
        Method::Reply | Method::Counter | Method::Refresh => Privilege::DeliverReply,
        _ => Privilege::DeliverInvite,
    };
    if !takes(tx, to.id, SERVER, privilege).await? {
        let why = "the recipient does not take it from elsewhere";
        return Ok(Taken::Refused(status::NO_AUTHORITY, why));
    }
    let content = blob::keep(tx, &Content::inline(harmless(mail.message.clone())), now).await?;
    let letter = NewLetter {
        account: SERVER,
        uid,
        by: SERVER,
        method: method.name(),
        recipient: &address(&mail.to),
        to: Some(to.id),
        about: "came from elsewhere",
        content: Some(content),
        status: status::DELIVERED,
        at: now,
    };
    letters::add(tx, &letter).await?;
    job::hasten(tx, implicit::DELIVERY_JOB, now).await?;
    Ok(Taken::In)
}
