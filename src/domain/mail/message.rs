//! Messages: put into a mailbox, read, expunged.
//!
//! Invariant: one call is one transaction, and what it changes takes one number, whose entry in the
//! log names the first and the last UID. Standard: RFC 9051 §6.3.12 and §6.4.3.

use super::flag::Keywords;
use super::mailbox::{Address, at};
use crate::domain::collection::item::within_quota;
use crate::domain::collection::{Access, Place};
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::MESSAGE_MAX;
use crate::kernel::privilege::Privilege;
use crate::store::Tx;
use crate::store::blob::{self, Body, Content};
use crate::store::change_log::{self, Action, Entry};
use crate::store::mailbox::{self, Mailbox};
use crate::store::message::{self, Message};

/// A message about to be put into a mailbox.
#[derive(Clone, Debug)]
pub struct New {
    /// Its octets.
    pub content: Content,
    /// Flags that all mailboxes have.
    pub flags: i64,
    /// The names of more flags, of any kind.
    pub names: Vec<String>,
    /// Its internal date.
    pub received_at: Timestamp,
}

/// Puts messages into a mailbox; gives its UIDVALIDITY and their UIDs in their order, and none for those that were left
/// out. `once`: a message whose octets the mailbox has already is left out.
///
/// # Errors
/// `Denied` without the right to bind, `NotFound`, `TooLarge`, `QuotaExceeded`.
pub async fn append(
    access: &Access,
    place: &Place,
    all: Vec<New>,
    once: bool,
) -> Outcome<(u32, Vec<Option<u32>>)> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::Bind).await?;
                let (number, used) = change_log::take(tx, place.account).await?;
                let (of, mailbox) = at(tx, &place).await?;
                let names = all.iter().flat_map(|new| &new.names);
                let keywords = keywords(tx, of.id, &mailbox, names).await?;
                let (mut uids, mut octets) = (Vec::with_capacity(all.len()), 0);
                for new in &all {
                    if new.content.size > MESSAGE_MAX {
                        return Err(Refusal::TooLarge { limit: MESSAGE_MAX }.into());
                    }
                    let blob = blob::keep(tx, &new.content, access.now).await?;
                    if once && message::with_content(tx, of.id, blob).await?.is_some() {
                        blob::release(tx, blob, access.now).await?;
                        uids.push(None);
                        continue;
                    }
                    let uid = mailbox::give(tx, of.id, 1).await?;
                    let uid = uid_of(uid)?;
                    let row = Message {
                        uid,
                        change: number,
                        blob,
                        size: new.content.size,
                        flags: new
                            .names
                            .iter()
                            .fold(new.flags, |bits, name| bits | keywords.bit(name).unwrap_or(0)),
                        received_at: new.received_at,
                        saved_at: access.now,
                    };
                    message::insert(tx, of.id, &row).await?;
                    octets += new.content.size as i64;
                    uids.push(Some(uid));
                }
                within_quota(tx, &access, &place, used, octets).await?;
                let given: Vec<u32> = uids.iter().flatten().copied().collect();
                let change = (number, Action::Created, given.len() as i64, octets);
                record(tx, &access, (place.account, of.id), &given, change).await?;
                Ok((of.id.0 as u32, uids))
            })
        })
        .await
}

/// RFC 9051 §2.3.1.1: UIDs have 32 bits.
pub(super) fn uid_of(given: i64) -> Outcome<u32> {
    u32::try_from(given).map_err(|_| Fault::Internal("the mailbox has no UIDs left".into()))
}

/// The flags that a mailbox has when it has these, too.
///
/// # Errors
/// `Flag` for a name that cannot be one, or one too many.
pub(super) async fn keywords<'n>(
    tx: &mut Tx,
    of: CollectionId,
    mailbox: &Mailbox,
    names: impl IntoIterator<Item = &'n String>,
) -> Outcome<Keywords> {
    let mut keywords = Keywords::of(&mailbox.keywords);
    for name in names {
        if keywords.bit_or_new(name).is_none() {
            return Err(Refusal::Flag(name.clone()).into());
        }
    }
    let stored = keywords.stored();
    if stored != mailbox.keywords {
        mailbox::set_keywords(tx, of, &stored).await?;
    }
    Ok(keywords)
}

/// Writes down that messages came, went or changed.
pub(super) async fn record(
    tx: &mut Tx,
    access: &Access,
    (account, collection): (PrincipalId, CollectionId),
    uids: &[u32],
    (number, action, members, octets): (ChangeNumber, Action, i64, i64),
) -> Outcome<()> {
    let (Some(first), Some(last)) = (uids.first(), uids.last()) else { return Ok(()) };
    let name = if first == last { first.to_string() } else { format!("{first}:{last}") };
    change_log::charge(tx, account, octets).await?;
    let entry = Entry { account, number, collection, name: &name, action, before: None };
    change_log::record_member(tx, &entry, &access.author(), (members, octets)).await
}

/// All messages of a mailbox in the order of their UIDs, as they are at one moment, and its
/// UIDVALIDITY.
///
/// # Errors
/// `Denied`, `NotFound`.
pub async fn all(access: &Access, place: &Place) -> Outcome<(u32, Vec<Message>)> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::Read).await?;
                let (of, _) = at(tx, &place).await?;
                Ok((of.id.0 as u32, message::all(tx, of.id).await?))
            })
        })
        .await
}

/// Those of the messages that are there with their octets, in the order of their UIDs.
///
/// # Errors
/// `Denied`, `NotFound` when there is no such mailbox.
pub async fn contents(
    access: &Access,
    of: impl Into<Address>,
    uids: Vec<u32>,
) -> Outcome<Vec<(Message, Body)>> {
    let (access, address) = (access.clone(), of.into());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let (place, _) = address.demand(tx, &access, Privilege::Read).await?;
                let (of, _) = at(tx, &place).await?;
                let uids: Vec<i64> = uids.into_iter().map(i64::from).collect();
                message::contents(tx, of.id, &uids, access.store.files()).await
            })
        })
        .await
}

/// A message with its octets.
///
/// # Errors
/// `Denied`, `NotFound` when it is not there any more.
pub async fn read(access: &Access, of: impl Into<Address>, uid: u32) -> Outcome<(Message, Body)> {
    contents(access, of, vec![uid]).await?.pop().ok_or(Fault::NotFound)
}

/// Expunges messages; those that are not there any more are none. Gives how many there were.
///
/// # Errors
/// `Denied` without the right to unbind, `NotFound`.
pub async fn expunge(access: &Access, of: impl Into<Address>, uids: Vec<u32>) -> Outcome<usize> {
    let (access, address) = (access.clone(), of.into());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let (place, _) = address.demand(tx, &access, Privilege::Unbind).await?;
                let (number, _) = change_log::take(tx, place.account).await?;
                let (of, _) = at(tx, &place).await?;
                let (mut gone, mut octets) = (Vec::new(), 0);
                for uid in &uids {
                    let was = message::expunge(tx, of.id, *uid, number, access.now).await?;
                    if let Some(size) = was {
                        octets -= size;
                        gone.push(*uid);
                    }
                }
                let change = (number, Action::Deleted, -(gone.len() as i64), octets);
                record(tx, &access, (place.account, of.id), &gone, change).await?;
                Ok(gone.len())
            })
        })
        .await
}
