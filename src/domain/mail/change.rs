//! Flags of messages changed, messages copied and moved to other mailboxes.
//!
//! Invariant: one call is one transaction, all or nothing. Standard: RFC 9051 §6.4.6 to §6.4.8, RFC 7162
//! §3.1.3 (`UNCHANGEDSINCE`).

use super::flag::{DELETED, Keywords, OWN};
use super::mailbox::{Address, at};
use super::message::{keywords, record, uid_of};
use crate::domain::collection::item::within_quota;
use crate::domain::collection::{Access, Place};
use crate::kernel::change::ChangeNumber;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::MESSAGES_PAGE;
use crate::kernel::privilege::Privilege;
use crate::store::change_log::{self, Action};
use crate::store::message::{self, Message};
use crate::store::{Tx, blob, mailbox};

/// What becomes of flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// They are these.
    Set,
    /// These come to them.
    Add,
    /// These go from them.
    Remove,
}

/// A change of flags.
#[derive(Clone, Debug)]
pub struct Flags {
    /// The messages.
    pub uids: Vec<u32>,
    /// What becomes of their flags.
    pub how: How,
    /// The names of flags.
    pub names: Vec<String>,
    /// Only of messages that have not changed after this number.
    pub unchanged_since: Option<ChangeNumber>,
}

/// What came of a change of flags.
#[derive(Clone, Debug, Default)]
pub struct Flagged {
    /// The messages as they are now, those included that had these flags before.
    pub messages: Vec<Message>,
    /// The UIDs of those that changed meanwhile and were left alone.
    pub refused: Vec<u32>,
    /// The names of the mailbox's own flags now.
    pub keywords: Keywords,
}

/// Changes the flags of messages. Those that are not there any more are passed over.
///
/// # Errors
/// `Denied` without the right to write, to mark as deleted without that to unbind; `Flag`; `NotFound`.
pub async fn flags(access: &Access, of: impl Into<Address>, change: Flags) -> Outcome<Flagged> {
    let (access, address) = (access.clone(), of.into());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let (place, rights) = address.demand(tx, &access, Privilege::WriteContent).await?;
                let (number, _) = change_log::take(tx, place.account).await?;
                let (of, row) = at(tx, &place).await?;
                let mut known = Keywords::of(&row.keywords);
                if change.how != How::Remove {
                    known = keywords(tx, of.id, &row, &change.names).await?;
                }
                let bits = change.names.iter().filter_map(|name| known.bit(name));
                let bits = bits.fold(0, |all, bit| all | bit);
                let mut done = Flagged { keywords: known, ..Flagged::default() };
                let mut changed = Vec::new();
                for mut it in those(tx, of.id, &change.uids).await? {
                    if change.unchanged_since.is_some_and(|since| it.change > since) {
                        done.refused.push(it.uid);
                        continue;
                    }
                    let flags = match change.how {
                        How::Set => bits,
                        How::Add => it.flags | bits,
                        How::Remove => it.flags & !bits,
                    };
                    if (flags ^ it.flags) & DELETED != 0 && !rights.has(Privilege::Unbind) {
                        let privilege = Privilege::Unbind;
                        return Err(Fault::Denied { path: place.dav_path(), privilege });
                    }
                    if flags != it.flags {
                        message::set_flags(tx, of.id, it.uid, (flags, number)).await?;
                        (it.flags, it.change) = (flags, number);
                        changed.push(it.uid);
                    }
                    done.messages.push(it);
                }
                let what = (number, Action::Updated, 0, 0);
                record(tx, &access, (place.account, of.id), &changed, what).await?;
                Ok(done)
            })
        })
        .await
}

/// Those of the messages that are there, in the order of their UIDs.
async fn those(tx: &mut Tx, of: CollectionId, uids: &[u32]) -> Outcome<Vec<Message>> {
    let mut all = Vec::with_capacity(uids.len());
    for page in uids.chunks(MESSAGES_PAGE) {
        let page: Vec<i64> = page.iter().map(|uid| i64::from(*uid)).collect();
        all.extend(message::by_uids(tx, of, &page).await?);
    }
    Ok(all)
}

/// What came of copying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The UIDVALIDITY of the mailbox that has the copies.
    pub validity: u32,
    /// The UIDs there of those that were copied, with what they were.
    pub uids: Vec<(u32, u32)>,
}

/// Copies messages to another mailbox, or moves them. Those that are not there any more are passed over.
///
/// # Errors
/// `Denied` without the right to read here and to bind there, and for moving to unbind here;
/// `NotFound` when there is no such mailbox here; `NoParent` when there is none there; `QuotaExceeded`.
pub async fn copy(
    access: &Access,
    (from, to): (impl Into<Address>, &Place),
    uids: Vec<u32>,
    moves: bool,
) -> Outcome<Copied> {
    let (access, address, to) = (access.clone(), from.into(), to.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let (from, rights) = address.demand(tx, &access, Privilege::Read).await?;
                access.demand(tx, &to, Privilege::Bind).await?;
                if moves && !rights.has(Privilege::Unbind) {
                    let (path, privilege) = (from.dav_path(), Privilege::Unbind);
                    return Err(Fault::Denied { path, privilege });
                }
                // In the order of the accounts, so that nobody waits for whoever waits for him.
                if from.account < to.account {
                    change_log::hold(tx, from.account).await?;
                }
                let (number, used) = change_log::take(tx, to.account).await?;
                let (source, row) = at(tx, &from).await?;
                let (target, there) = match at(tx, &to).await {
                    Err(Fault::NotFound) => {
                        return Err(Refusal::NoParent.into());
                    }
                    found => found?,
                };
                let all = those(tx, source.id, &uids).await?;
                let mine = Keywords::of(&row.keywords);
                let used_names = all.iter().fold(0, |bits, it| bits | it.flags) & !(OWN - 1);
                let names: Vec<String> = mine.names_of(used_names).map(str::to_owned).collect();
                let theirs = keywords(tx, target.id, &there, &names).await?;
                let first = mailbox::give(tx, target.id, all.len() as u32).await?;
                let (mut pairs, mut octets) = (Vec::with_capacity(all.len()), 0);
                for (uid, it) in (first..).zip(&all) {
                    let uid = uid_of(uid)?;
                    let own = mine.names_of(it.flags & !(OWN - 1));
                    let own = own.filter_map(|name| theirs.bit(name)).fold(0, |all, bit| all | bit);
                    let flags = it.flags & (OWN - 1) | own;
                    blob::retain(tx, it.blob).await?;
                    let saved_at = access.now;
                    let copy = Message { uid, change: number, flags, saved_at, ..it.clone() };
                    message::insert(tx, target.id, &copy).await?;
                    pairs.push((it.uid, uid));
                    octets += it.size as i64;
                }
                let inside = moves && from.account == to.account;
                within_quota(tx, &access, &to, used, if inside { 0 } else { octets }).await?;
                let given: Vec<u32> = pairs.iter().map(|(_, uid)| *uid).collect();
                let came = (number, Action::Created, given.len() as i64, octets);
                record(tx, &access, (to.account, target.id), &given, came).await?;
                if moves {
                    let (number, _) = change_log::take(tx, from.account).await?;
                    for it in &all {
                        message::expunge(tx, source.id, it.uid, number, access.now).await?;
                    }
                    let gone: Vec<u32> = all.iter().map(|it| it.uid).collect();
                    let went = (number, Action::Deleted, -(gone.len() as i64), -octets);
                    record(tx, &access, (from.account, source.id), &gone, went).await?;
                }
                Ok(Copied { validity: target.id.0 as u32, uids: pairs })
            })
        })
        .await
}
