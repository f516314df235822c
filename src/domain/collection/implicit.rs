//! Implicit scheduling (RFC 6638 §3.2): what a change of a scheduling object tells the others, worked
//! out inside the transaction that makes the change.
//!
//! Invariants: the messages are written with the change, so they are sent exactly when it stands; a
//! change that is not allowed is refused before anything is written; objects to which nobody is
//! invited cost nothing.

use super::access::{Access, SERVER, Telling};
use super::group;
use super::kind::Kind;
use super::place::Place;
use super::scheduling::{INBOX, OUTBOX};
use crate::domain::directory::calendar_user::{
    CalendarUser, Recipient, mailbox, recipient, standing,
};
use crate::domain::directory::{Kind as PrincipalKind, Principal};
use crate::format::ical::Calendar;
use crate::format::itip::{self, Change, Message, Method, Role, Violation};
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome, Refusal, SchedulingRule};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::blob::{self, Content};
use crate::store::collection::{self, Collection};
use crate::store::itip::NewLetter;
use crate::store::object::{self, Index, Object};
use crate::store::outgoing::{self, NewOutgoing};
use crate::store::{Tx, ace, itip as letters, job, meta, principal};
use std::borrow::Cow;

/// The job that delivers messages. It is stored; never give it another meaning.
pub const DELIVERY_JOB: &str = "itip";

/// The job that hands letters to the outlet. It is stored; never give it another meaning.
pub const OUTLET_JOB: &str = "outlet";

/// The request statuses of RFC 5546 §3.6 and RFC 6638 §3.2.9 that this server gives.
pub mod status {
    /// It waits to be sent.
    pub const PENDING: &str = "1.0";
    /// It was sent; whether it arrived is not known.
    pub const SENT: &str = "1.1";
    /// Delivered.
    pub const DELIVERED: &str = "1.2";
    /// There is no such calendar user.
    pub const UNKNOWN: &str = "3.7";
    /// The recipient does not take it from this sender.
    pub const NO_AUTHORITY: &str = "3.8";
    /// It could not be delivered.
    pub const FAILED: &str = "5.1";
    /// There is no way to send it there.
    pub const NO_WAY: &str = "5.2";
    /// No calendar of the recipient can be reached from here, or what it has under that UID is of another
    /// organizer.
    pub const NO_SUPPORT: &str = "5.3";
}

/// What becomes of a change.
#[derive(Debug)]
pub struct Plan {
    /// What is stored instead of what was sent.
    pub content: Option<Content>,
    keeps_tag: bool,
    is_scheduled: bool,
    uid: String,
    letters: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    message: Message,
    to: Option<Principal>,
    status: &'static str,
}

/// Works out what a change of a calendar's member means for others: `old` is what is there, `new` what
/// comes; none: there is nothing. None: nobody is invited to it.
///
/// # Errors
/// `Scheduling` for a change that is not allowed, `Denied` for somebody who may not invite or reply
/// for the calendar's owner.
pub async fn plan(
    tx: &mut Tx,
    access: &Access,
    (place, parent): (&Place, &Collection),
    old: Option<&Object>,
    new: Option<(&Content, &Index)>,
) -> Outcome<Option<Plan>> {
    let scheduled = new.is_some_and(|(_, index)| index.scheduled);
    let was_scheduled = old.is_some_and(|it| it.schedule_tag.is_some());
    let plain = Kind::from_number(parent.kind) != Kind::Calendar || parent.derived != 0;
    if access.is_server() || plain || !(scheduled || was_scheduled) {
        return Ok(None);
    }
    let owner = CalendarUser::of(tx, place.account, &place.account_name).await?;
    let is_me = |address: &str| owner.is(address);
    let before = match old {
        Some(it) => Some(blob::read(tx, it.blob, access.store.files()).await?),
        None => None,
    };
    let before = before.as_ref().map(|body| body.octets()).transpose()?;
    let after = new.map(|(content, _)| octets(access, content)).transpose()?;
    let role_in = |text: &[u8]| {
        Calendar::parse(text).map_or(Role::Nobody, |calendar| itip::role(&calendar, &is_me))
    };
    // Whose it was counts: an attendee who makes himself the organizer is still an attendee.
    let mut role = before.as_deref().filter(|_| was_scheduled).map_or(Role::Nobody, role_in);
    if role == Role::Nobody {
        role = after.as_deref().map_or(Role::Nobody, role_in);
    }
    let uid = match new {
        Some((_, index)) => index.uid.clone(),
        None => match old {
            Some(it) => object::uid_of(tx, parent.id, &it.name).await?,
            None => None,
        },
    };
    let uid = uid.unwrap_or_default();
    if role == Role::Nobody {
        let letters = Vec::new();
        return Ok(Some(Plan {
            content: None,
            keeps_tag: false,
            is_scheduled: false,
            uid,
            letters,
        }));
    }
    if !was_scheduled {
        is_only(tx, access, place, &uid).await?;
    }
    let was = before.as_deref();
    let grown = match after.as_deref() {
        Some(new) if role == Role::Organizer && access.telling != Telling::Nothing => {
            group::expanded(tx, &owner, (was, new)).await?
        }
        _ => None,
    };
    let is = grown.as_deref().map(str::as_bytes).or(after.as_deref());
    let change = match role {
        Role::Organizer => itip::organize(was, is, &is_me, access.now),
        _ => itip::attend(was, is, &is_me, access.telling != Telling::NoReply, access.now),
    };
    let mut change = change.map_err(refused)?;
    change.stored = change.stored.or_else(|| grown.clone());
    if access.telling == Telling::Nothing {
        change.messages.clear();
    }
    may_send(tx, access, place, &change).await?;
    if access.telling != Telling::Nothing {
        let by = deputy(tx, access.who.id, owner.id).await?;
        itip::sent_by(&mut change, role, (was, is), &is_me, by.as_deref());
    }
    finish(tx, access, (place, uid), change, after.as_deref(), scheduled).await.map(Some)
}

/// The address of who acts for an account's owner; none: he himself, or the server.
pub async fn deputy(tx: &mut Tx, by: PrincipalId, owner: PrincipalId) -> Outcome<Option<String>> {
    if by == owner {
        return Ok(None);
    }
    let Some(it) = principal::by_id(tx, by).await? else { return Ok(None) };
    let addresses = principal::addresses(tx, by).await?;
    Ok(Some(standing(&it, addresses.first().map(String::as_str))))
}

/// The octets of a content.
pub(super) fn octets<'c>(access: &Access, content: &'c Content) -> Outcome<Cow<'c, [u8]>> {
    match &content.data {
        Some(octets) => Ok(Cow::Borrowed(octets)),
        None => {
            let path = access.store.files().path(&content.hash);
            blob::Body::File { path, size: content.size }
                .octets()
                .map(|it| Cow::Owned(it.into_owned()))
        }
    }
}

/// Where each message goes, and what the object tells of that.
async fn finish(
    tx: &mut Tx,
    access: &Access,
    (place, uid): (&Place, String),
    change: Change,
    sent: Option<&[u8]>,
    is_scheduled: bool,
) -> Outcome<Plan> {
    let Change { stored, messages, keeps_schedule_tag } = change;
    let mut plan = Plan {
        content: None,
        keeps_tag: keeps_schedule_tag,
        is_scheduled,
        uid,
        letters: Vec::with_capacity(messages.len()),
    };
    let mut statuses = Vec::with_capacity(messages.len());
    for message in messages {
        let (to, status) = destination(tx, place.account, &message).await?;
        if unsent(&message, status) {
            continue;
        }
        statuses.push((message.to.clone(), status.to_owned()));
        plan.letters.push(Planned { message, to, status });
    }
    let text = stored.as_deref().map(str::as_bytes).or(sent);
    if let Some(text) = text.filter(|_| stored.is_some() || !statuses.is_empty()) {
        let told = match statuses.is_empty() {
            true => text.to_vec(),
            false => itip::with_status(text, &statuses),
        };
        if sent != Some(&told[..]) {
            plan.content = Some(super::item::content(&access.store, told)?);
        }
    }
    Ok(plan)
}

/// Whose a message is to be, and with what status it goes.
async fn destination(
    tx: &mut Tx,
    from: PrincipalId,
    message: &Message,
) -> Outcome<(Option<Principal>, &'static str)> {
    let it = match recipient(tx, &message.to).await? {
        Recipient::Local(it) => *it,
        Recipient::Unknown => return Ok((None, status::UNKNOWN)),
        Recipient::Elsewhere => return Ok((None, way(tx, message).await?)),
    };
    if PrincipalKind::of(&it) == PrincipalKind::Group {
        return of_group(tx, from, it.id, message.method).await;
    }
    let privilege = match message.method {
        Method::Reply | Method::Counter | Method::Refresh => Privilege::DeliverReply,
        _ => Privilege::DeliverInvite,
    };
    // Who is gone is in no group any more; what he leaves behind are ends of meetings.
    match takes(tx, it.id, from, privilege).await? || principal::by_id(tx, from).await?.is_none() {
        true => Ok((Some(it), status::DELIVERED)),
        false => Ok((None, status::NO_AUTHORITY)),
    }
}

/// With what status a message leaves for somebody elsewhere: it waits for the outlet, where there is
/// one and it goes from one mail address to another.
async fn way(tx: &mut Tx, message: &Message) -> Outcome<&'static str> {
    let open = meta::fact(tx, meta::OUTLET).await?.is_some_and(|it| it == "mailto");
    let addressed = open && mailbox(&message.to).is_some() && sender(message).is_some();
    Ok(if addressed { status::PENDING } else { status::NO_WAY })
}

/// The mail address of who sends a message.
fn sender(message: &Message) -> Option<String> {
    let speakers = itip::speakers(message.text.as_bytes(), message.method);
    speakers.first().and_then(|it| mailbox(it))
}

/// What becomes of a message to a group: its members have messages of their own. Nobody answers one.
async fn of_group(
    tx: &mut Tx,
    from: PrincipalId,
    group: PrincipalId,
    method: Method,
) -> Outcome<(Option<Principal>, &'static str)> {
    let status = match method {
        Method::Request | Method::Add | Method::Cancel => {
            match group::opens(tx, from, group).await? {
                true => status::DELIVERED,
                false => status::NO_AUTHORITY,
            }
        }
        _ => status::NO_SUPPORT,
    };
    Ok((None, status))
}

/// Whether an inbox takes messages of an account's owner: everybody's, until its owner has granted
/// scheduling rights to some; then theirs (RFC 6638 §6.1). `from`: [`SERVER`] for somebody
/// elsewhere.
pub async fn takes(
    tx: &mut Tx,
    recipient: PrincipalId,
    from: PrincipalId,
    privilege: Privilege,
) -> Outcome<bool> {
    if recipient == from {
        return Ok(true);
    }
    let Some(inbox) = collection::at(tx, recipient, INBOX).await? else { return Ok(false) };
    let grants = ace::of(tx, inbox.id).await?;
    let deliver = |set: Privileges| {
        !set.without(Privileges::ALL.without(Privileges::SCHEDULE_DELIVER)).is_empty()
    };
    if !grants.iter().any(|grant| deliver(grant.privileges)) {
        return Ok(true);
    }
    let senders = match from == SERVER {
        // Somebody elsewhere, for whom the server takes it in.
        true => vec![ace::ALL],
        false => {
            let mut groups = principal::all_groups(tx, from).await?;
            groups.extend([from, ace::AUTHENTICATED, ace::ALL]);
            groups
        }
    };
    let granted =
        |grant: &ace::Grant| senders.contains(&grant.to) && grant.privileges.has(privilege);
    Ok(grants.iter().any(granted))
}

/// One UID, one scheduling object in a home (RFC 6638 §3.2.4.1). Where the other is, only those are
/// told who may read it.
///
/// # Errors
/// `Scheduling` when there is another.
pub async fn is_only(tx: &mut Tx, access: &Access, place: &Place, uid: &str) -> Outcome<()> {
    let found = object::of_uid(tx, place.account, Kind::Calendar.number(), uid).await?;
    let other = found.into_iter().find(|(path, tag)| *path != place.path && tag.is_some());
    let Some((path, _)) = other else { return Ok(()) };
    let other = place.at(&path, false);
    let path = match access.rights(tx, &other).await?.has(Privilege::Read) {
        true => Some(other.dav_path()),
        false => None,
    };
    let which = path.as_deref().unwrap_or("another object");
    let why = format!("{which} is the same meeting: one home holds it once");
    Err(Refusal::Scheduling(SchedulingRule::Unique { path }, why).into())
}

/// A meeting stays with whoever organizes it or is invited to it: elsewhere the answers would not
/// find it.
///
/// # Errors
/// `Scheduling`, always.
pub async fn stays(tx: &mut Tx, access: &Access, from: &Place, it: &Object) -> Outcome<()> {
    let owner = CalendarUser::of(tx, from.account, &from.account_name).await?;
    let body = blob::read(tx, it.blob, access.store.files()).await?;
    let octets = body.octets()?;
    let is_me = |address: &str| owner.is(address);
    let role = Calendar::parse(&octets).map(|calendar| itip::role(&calendar, &is_me));
    let rule = match role {
        Ok(Role::Attendee) => SchedulingRule::AttendeeChange,
        _ => SchedulingRule::OrganizerChange,
    };
    let why = "a meeting stays in its account: cancel or decline it, or copy it".to_owned();
    Err(Refusal::Scheduling(rule, why).into())
}

/// The method of what is no message: a calendar was removed, and those are to be told who are invited
/// to what was in it (RFC 6638 §3.2.3.2). Stored; never give it another meaning.
pub const GONE: &str = "GONE";

/// The same, without replies (`Schedule-Reply: F`, RFC 6638 §8.1).
pub const GONE_SILENTLY: &str = "GONE-SILENTLY";

/// Notes that a calendar is being removed. However many meetings are in it, it costs one row; the
/// deliveries work it off (`scheduling::gone`).
///
/// # Errors
/// `Denied` for somebody who may not cancel and decline for the calendar's owner.
pub async fn goes(tx: &mut Tx, access: &Access, place: &Place, it: &Collection) -> Outcome<()> {
    let plain = Kind::from_number(it.kind) != Kind::Calendar || it.derived != 0;
    if access.is_server() || access.telling == Telling::Nothing || plain {
        return Ok(());
    }
    if letters::scheduled(tx, it.id, "", 1).await?.is_empty() {
        return Ok(());
    }
    if !access.has_all(place.account) {
        let outbox = place.at(OUTBOX, true);
        access.demand(tx, &outbox, Privilege::SendInvite).await?;
        access.demand(tx, &outbox, Privilege::SendReply).await?;
    }
    let method = if access.telling == Telling::NoReply { GONE_SILENTLY } else { GONE };
    let owner = CalendarUser::of(tx, place.account, &place.account_name).await?;
    let gone = Gone { of: it.id, after: "", method, by: access.who.id };
    note_gone(tx, &owner, gone, access.now).await
}

/// An account is going away: notes each of its calendars with meetings, as [`goes`] does. Nobody is
/// asked for rights: who removes accounts may do that.
pub async fn departs(
    tx: &mut Tx,
    owner: &CalendarUser,
    calendars: &[Collection],
    at: Timestamp,
) -> Outcome<()> {
    for it in calendars {
        let plain = Kind::from_number(it.kind) != Kind::Calendar || it.derived != 0;
        if plain || letters::scheduled(tx, it.id, "", 1).await?.is_empty() {
            continue;
        }
        let gone = Gone { of: it.id, after: "", method: GONE, by: owner.id };
        note_gone(tx, owner, gone, at).await?;
    }
    Ok(())
}

/// What is to be told of a calendar that is gone.
#[derive(Clone, Copy, Debug)]
pub struct Gone<'a> {
    /// The calendar.
    pub of: CollectionId,
    /// The name of the last member that was told of.
    pub after: &'a str,
    /// [`GONE`] or [`GONE_SILENTLY`].
    pub method: &'a str,
    /// Who removed it.
    pub by: PrincipalId,
}

/// Notes what is to be told, and whose it was: he may be gone too when it is told.
pub async fn note_gone(
    tx: &mut Tx,
    owner: &CalendarUser,
    gone: Gone<'_>,
    at: Timestamp,
) -> Outcome<()> {
    let whose = Content::inline(owner.to_lines().into_bytes());
    let note = NewLetter {
        account: owner.id,
        uid: "",
        by: gone.by,
        method: gone.method,
        recipient: &gone.of.0.to_string(),
        to: Some(owner.id),
        about: gone.after,
        content: Some(blob::keep(tx, &whose, at).await?),
        status: "",
        at,
    };
    letters::add(tx, &note).await?;
    job::hasten(tx, DELIVERY_JOB, at).await
}

fn refused(violation: Violation) -> Fault {
    let why = violation.to_string();
    let rule = match violation {
        Violation::SameOrganizer => SchedulingRule::SameOrganizer,
        Violation::OrganizerChange(_) | Violation::OrganizerChanged(Role::Organizer) => {
            SchedulingRule::OrganizerChange
        }
        Violation::OrganizerChanged(_) | Violation::AttendeeChange(_) => {
            SchedulingRule::AttendeeChange
        }
        Violation::Unreadable(why) => return Refusal::InvalidResource(why).into(),
    };
    Refusal::Scheduling(rule, why).into()
}

/// Whoever changes another's object needs the right to schedule for him (RFC 6638 §6.2), where the
/// change tells others anything.
async fn may_send(tx: &mut Tx, access: &Access, place: &Place, change: &Change) -> Outcome<()> {
    if access.has_all(place.account) {
        return Ok(());
    }
    let mut methods = change.messages.iter().map(|message| message.method);
    let Some(first) = methods.next() else { return Ok(()) };
    let privilege = match first {
        Method::Reply | Method::Counter | Method::Refresh => Privilege::SendReply,
        _ => Privilege::SendInvite,
    };
    access.demand(tx, &place.at(OUTBOX, true), privilege).await.map(drop)
}

/// Notes what was planned, once the change is made: the object's Schedule-Tag (`at`: its collection
/// and name, none when it is gone) and the messages.
pub async fn carry_out(
    tx: &mut Tx,
    access: &Access,
    account: PrincipalId,
    at: Option<(&Collection, &str)>,
    (old, number): (Option<&Object>, ChangeNumber),
    plan: Plan,
) -> Outcome<Option<ChangeNumber>> {
    let had = old.and_then(|it| it.schedule_tag);
    let tag = match (plan.is_scheduled, had) {
        (false, _) => None,
        (true, Some(had)) if plan.keeps_tag => Some(had),
        (true, _) => Some(number),
    };
    if let Some((parent, name)) = at.filter(|_| tag != had) {
        object::set_schedule_tag(tx, parent.id, name, tag).await?;
    }
    for it in &plan.letters {
        let (message, by) = (&it.message, access.who.id);
        send(tx, (account, by, &plan.uid), message, it.to.as_ref(), it.status, access.now).await?;
    }
    if plan.letters.iter().any(|it| it.to.is_some()) {
        job::hasten(tx, DELIVERY_JOB, access.now).await?;
    }
    Ok(tag)
}

/// Sends messages about an account's object that no client's change is behind.
pub async fn send_all(
    tx: &mut Tx,
    of: (PrincipalId, PrincipalId, &str),
    messages: &[Message],
    at: Timestamp,
) -> Outcome<()> {
    for message in messages {
        let (to, status) = destination(tx, of.0, message).await?;
        if unsent(message, status) {
            continue;
        }
        send(tx, of, message, to.as_ref(), status, at).await?;
    }
    if messages.is_empty() { Ok(()) } else { job::hasten(tx, DELIVERY_JOB, at).await }
}

/// What only brings copies up to date is not sent by mail.
fn unsent(message: &Message, status: &str) -> bool {
    message.silent && [status::PENDING, status::NO_WAY].contains(&status)
}

/// Puts a message on its way.
async fn send(
    tx: &mut Tx,
    (account, by, uid): (PrincipalId, PrincipalId, &str),
    message: &Message,
    to: Option<&Principal>,
    status: &str,
    at: Timestamp,
) -> Outcome<()> {
    let content = match to.is_some() || status == status::PENDING {
        true => {
            let content = Content::inline(message.text.as_bytes().to_vec());
            Some(blob::keep(tx, &content, at).await?)
        }
        false => None,
    };
    if let (None, Some(content)) = (to, content)
        && let (Some(recipient), Some(sender)) = (mailbox(&message.to), sender(message))
    {
        let letter = NewOutgoing {
            account,
            uid,
            by,
            method: message.method.name(),
            sender: &sender,
            recipient: &recipient,
            address: &message.to,
            about: &message.about,
            content,
            at,
        };
        outgoing::add(tx, &letter).await?;
        job::hasten(tx, OUTLET_JOB, at).await?;
    }
    let letter = NewLetter {
        account,
        uid,
        by,
        method: message.method.name(),
        recipient: &message.to,
        to: to.map(|it| it.id),
        about: &message.about,
        content: content.filter(|_| to.is_some()),
        status,
        at,
    };
    letters::add(tx, &letter).await
}
