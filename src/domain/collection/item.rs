//! Objects: storing and reading their contents, whatever kind of collection holds them.

use super::access::Access;
use super::attachment;
use super::booking;
use super::derived;
use super::guard::{Guard, Reach, unlocked};
use super::implicit;
use super::kind::{Kind, component_names};
use super::personal;
use super::place::Place;
use super::privacy;
use super::tree::{Found, locate};
use crate::kernel::change::ChangeNumber;
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::BLOB_INLINE_MAX;
use crate::kernel::privilege::Privilege;
use crate::store::blob::{self, Body, Content};
use crate::store::change_log::{self, Action, Entry};
use crate::store::collection::{self, Collection};
use crate::store::object::{self, Index, Object, Put};
use crate::store::{Store, Tx};

/// What a PUT did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Whether the name was free before.
    pub created: bool,
    /// The stored content's validator.
    pub etag: ETag,
    /// Whether it is what was sent, octet for octet: scheduling may have changed it.
    pub as_sent: bool,
    /// The number that its Schedule-Tag stands for; none: it is no scheduling object.
    pub schedule_tag: Option<ChangeNumber>,
}

/// Makes octets ready to be stored: small ones as they are, large ones in a durable file.
pub fn content(store: &Store, bytes: Vec<u8>) -> Outcome<Content> {
    if bytes.len() <= BLOB_INLINE_MAX {
        return Ok(Content::inline(bytes));
    }
    let mut incoming = store.files().receive()?;
    incoming.write(&bytes)?;
    store.files().finish(incoming)
}

/// Stores an object (PUT; RFC 4918 §9.7, RFC 4791 §5.3.2, RFC 6352 §6.3.2). `index` says what its
/// collection's kind needs to know of it; the caller has validated the content.
///
/// # Errors
/// `NoParent`, `Exists` when a collection has the name, `ConditionFailed`, `Locked`,
/// `UidConflict`, `UnsupportedComponent`, `CollectionPlacement` when the collection holds no
/// objects, `TooLarge`, `QuotaExceeded`, `Private`, `Denied` without the right to write.
pub async fn put(
    access: &Access,
    place: &Place,
    content: Content,
    index: Index,
    guard: Guard,
) -> Outcome<Stored> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move { write(tx, &access, &place, &content, &index, &guard).await })
        })
        .await
}

/// Stores an object instead of the one at another place of the same collection than the request
/// names, if that one still has this tag; gives whether it has. The name asked for must be free, and
/// stays so; the conditions are about it.
///
/// # Errors
/// As [`put`], of either place; `UidConflict` when something has the name asked for.
pub async fn put_instead(
    access: &Access,
    asked: &Place,
    (place, etag): (&Place, ETag),
    content: Content,
    index: Index,
    guard: Guard,
) -> Outcome<bool> {
    let (access, asked, place) = (access.clone(), asked.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                demand_some(tx, &access, &asked).await?;
                change_log::take(tx, asked.account).await?;
                if let Found::Object(..) = admit(tx, &access, &asked, &guard).await? {
                    return Err(Refusal::UidConflict { path: place.dav_path() }.into());
                }
                let found = locate(tx, &place).await?;
                if privacy::etag(tx, &access, place.account, &found).await? != Some(etag) {
                    return Ok(false);
                }
                let tokens = Guard { if_lists: guard.if_lists, ..Guard::default() };
                write(tx, &access, &place, &content, &index, &tokens).await?;
                Ok(true)
            })
        })
        .await
}

/// What an object becomes, with the attachment that comes with it.
#[derive(Clone, Debug)]
pub struct Rewritten {
    /// The tag that it has still.
    pub was: ETag,
    /// Its new content.
    pub content: Content,
    /// What is kept of that.
    pub index: Index,
    /// An attachment that it names then.
    pub new: Option<attachment::New>,
}

/// Stores an object anew that the server has changed, if it still is what was changed; none: it is
/// not.
///
/// # Errors
/// As [`put`]; `NotFound` when it is gone.
pub async fn rewrite(
    access: &Access,
    place: &Place,
    it: Rewritten,
    guard: Guard,
) -> Outcome<Option<Stored>> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                demand_some(tx, &access, &place).await?;
                change_log::take(tx, place.account).await?;
                let found = admit(tx, &access, &place, &guard).await?;
                let Found::Object(parent, _) = &found else { return Err(Fault::NotFound) };
                if privacy::etag(tx, &access, place.account, &found).await? != Some(it.was) {
                    return Ok(None);
                }
                if let Some(new) = &it.new {
                    attachment::keep(tx, &access, &place, parent, new).await?;
                }
                let stored = write(tx, &access, &place, &it.content, &it.index, &guard).await?;
                Ok(Some(stored))
            })
        })
        .await
}

/// Asks what can be asked before the content has come: rights, conditions, locks, the parent. The
/// transaction that stores it asks again.
pub async fn precheck(access: &Access, place: &Place, guard: &Guard) -> Outcome<()> {
    let (access, place, guard) = (access.clone(), place.clone(), guard.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                match admit(tx, &access, &place, &guard).await {
                    // It may be about what everybody has for himself.
                    Err(Fault::Denied { .. }) if personal::may(tx, &access, &place).await? => {
                        Ok(())
                    }
                    admitted => admitted.map(drop),
                }
            })
        })
        .await
}

/// Demands a right to write of any kind, before anything is looked up or locked.
async fn demand_some(tx: &mut Tx, access: &Access, place: &Place) -> Outcome<()> {
    let rights = access.rights(tx, place).await?;
    match rights.has(Privilege::WriteContent) || rights.has(Privilege::Bind) {
        true => Ok(()),
        false => Err(Fault::Denied { path: place.dav_path(), privilege: Privilege::WriteContent }),
    }
}

/// What is at the place, if an object may be stored there under the conditions given.
async fn admit(tx: &mut Tx, access: &Access, place: &Place, guard: &Guard) -> Outcome<Found> {
    demand_some(tx, access, place).await?;
    let found = locate(tx, place).await?;
    let reach = match &found {
        Found::Object(..) => {
            access.demand(tx, place, Privilege::WriteContent).await?;
            Reach::One(Privilege::WriteContent)
        }
        Found::Nothing(_) => {
            access.demand_above(tx, place, Privilege::Bind).await?;
            Reach::Name
        }
        Found::Collection(_) => return Err(Refusal::Exists.into()),
        Found::NoParent => return Err(Refusal::NoParent.into()),
    };
    guard.check(tx, access, place, &found).await?;
    unlocked(tx, access, (place, &found), guard, reach).await?;
    Ok(found)
}

/// Stores an object inside a transaction. Of what is sent to another's calendar the sender keeps for
/// himself what is his own.
pub async fn write(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    content: &Content,
    index: &Index,
    guard: &Guard,
) -> Outcome<Stored> {
    let Some(it) = personal::split(tx, access, place, (content, index), guard).await? else {
        return write_common(tx, access, place, content, index, guard).await;
    };
    let (content, index) = (it.content.as_ref().unwrap_or(content), &it.index);
    let stored = match &it.kept {
        Some(kept) => Stored {
            created: false,
            etag: kept.etag,
            as_sent: true,
            schedule_tag: kept.schedule_tag,
        },
        None => write_common(tx, access, place, content, index, guard).await?,
    };
    personal::keep(tx, access, place, &it).await?;
    let etag = personal::etag(&stored.etag, &it.own);
    Ok(Stored { etag, as_sent: stored.as_sent && it.as_sent, ..stored })
}

/// Stores an object for everybody.
async fn write_common(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    content: &Content,
    index: &Index,
    guard: &Guard,
) -> Outcome<Stored> {
    demand_some(tx, access, place).await?;
    let (number, used) = change_log::take(tx, place.account).await?;
    let found = admit(tx, access, place, guard).await?;
    let (parent, old) = match &found {
        Found::Object(parent, old) => (parent, Some(old)),
        Found::Nothing(parent) => (parent, None),
        Found::Collection(_) | Found::NoParent => return Err(Refusal::NoParent.into()),
    };
    fits(parent, content, index)?;
    privacy::demand_of_new(tx, access, place, index).await?;
    if old.is_none() {
        uid_is_free(tx, place, parent, index.uid.as_deref()).await?;
    }
    let plan = implicit::plan(tx, access, (place, parent), old, Some((content, index))).await?;
    let named = attachment::admitted(tx, access, place, old, index).await?;
    let replaced = plan.as_ref().and_then(|plan| plan.content.clone());
    let replaced = attachment::sized(replaced.as_ref().unwrap_or(content), &named).or(replaced);
    let as_sent = replaced.is_none();
    let made = replaced.as_ref().map(|made| privacy::of_made(access, index, made));
    let index = made.as_ref().unwrap_or(index);
    let content = replaced.as_ref().unwrap_or(content);
    let booked = booking::plan(tx, access, (place, parent), (content, index)).await?;
    let growth = content.size as i64 - old.map_or(0, |o| o.size as i64);
    let charged = derived::charged(parent, growth);
    within_quota(tx, access, place, used, charged).await?;
    let blob = blob::keep(tx, content, access.now).await?;
    attachment::note(tx, blob, &named, (old, replaced.as_ref())).await?;
    let name = place.name();
    let (of, content, at) = (parent.id, (blob, content), access.now);
    let again = old.is_some();
    let put = Put { of, name, number, content, index, again, at };
    if old.is_none() {
        object::put(tx, &put).await?;
    } else if !object::replace(tx, &put).await? {
        if let Err(fault) = uid_stays(tx, place, parent, index.uid.as_deref()).await {
            // Other changes of this transaction may go on.
            blob::release(tx, blob, access.now).await?;
            return Err(fault);
        }
        object::put(tx, &put).await?;
    }
    booking::carry_out(tx, place.account, (parent.id, name), booked).await?;
    change_log::charge(tx, place.account, charged).await?;
    let action = if old.is_some() { Action::Updated } else { Action::Created };
    let before = match old {
        Some(old) => derived::history(tx, parent, old.blob, access.now).await?,
        None => None,
    };
    let account = place.account;
    let entry = Entry { account, number, collection: parent.id, name, action, before };
    let members = i64::from(old.is_none());
    change_log::record_member(tx, &entry, &access.author(), (members, growth)).await?;
    derived::cards_changed(tx, access, parent, Some(index)).await?;
    let schedule_tag = match plan {
        Some(plan) => {
            let at = Some((parent, name));
            implicit::carry_out(tx, access, account, at, (old, number), plan).await?
        }
        None => old.and_then(|it| it.schedule_tag),
    };
    let etag = ETag::from_hash(&content.1.hash);
    Ok(Stored { created: old.is_none(), etag, as_sent, schedule_tag })
}

/// Whether the collection takes such an object.
fn fits(parent: &Collection, content: &Content, index: &Index) -> Outcome<()> {
    let kind = Kind::from_number(parent.kind);
    let Some(limit) = kind.member_max() else {
        let why = "only collections can be made here, not objects".to_owned();
        return Err(Refusal::CollectionPlacement(why).into());
    };
    if content.size > limit {
        return Err(Refusal::TooLarge { limit }.into());
    }
    if kind == Kind::Calendar && index.component & parent.components == 0 {
        let what = component_names(index.component).next().unwrap_or("this component");
        return Err(Refusal::UnsupportedComponent(what.to_owned()).into());
    }
    Ok(())
}

/// One UID, one member (RFC 4791 §4.1, RFC 6352 §5.1).
pub(super) async fn uid_is_free(
    tx: &mut Tx,
    place: &Place,
    parent: &Collection,
    uid: Option<&str>,
) -> Outcome<()> {
    let Some(uid) = uid else { return Ok(()) };
    match object::with_uid(tx, parent.id, uid).await? {
        Some(other) if other != place.name() => {
            let path = place.at(&parent.path, true).child(&other, false).dav_path();
            Err(Refusal::UidConflict { path }.into())
        }
        _ => Ok(()),
    }
}

/// The object at the place keeps its UID, if it has one (RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1): the
/// conflict names whoever has the new one, else the object itself.
pub(super) async fn uid_stays(
    tx: &mut Tx,
    place: &Place,
    parent: &Collection,
    uid: Option<&str>,
) -> Outcome<()> {
    let now = object::uid_of(tx, parent.id, place.name()).await?;
    if now.as_deref() == uid {
        return Ok(());
    }
    uid_is_free(tx, place, parent, uid).await?;
    match now {
        Some(_) => Err(Refusal::UidConflict { path: place.dav_path() }.into()),
        None => Ok(()),
    }
}

/// Refuses growth beyond the owner's quota; shrinking is always allowed.
pub async fn within_quota(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    used: i64,
    growth: i64,
) -> Outcome<()> {
    if growth <= 0 {
        return Ok(());
    }
    let quota = match access.who.id == place.account {
        true => access.who.quota,
        false => crate::store::principal::by_id(tx, place.account).await?.and_then(|p| p.quota),
    };
    match quota {
        Some(quota) if used.saturating_add(growth) > quota => Err(Refusal::QuotaExceeded.into()),
        _ => Ok(()),
    }
}

/// Reads an object with its content (GET).
///
/// # Errors
/// `NotFound`, `Denied`. A collection is `Ok(Err(collection))`: it has no content of its own.
pub async fn read(
    access: &Access,
    place: &Place,
) -> Outcome<Result<(Kind, Object, Body), Collection>> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::Read).await?;
                if let Some(above) = place.parent_path().filter(|_| !place.collection) {
                    let (at, files) = ((above, place.name()), access.store.files());
                    let found = object::content_at(tx, place.account, at, files).await?;
                    if let Some(((of, kind), mut object, mut body)) = found {
                        let seen = [(of, &mut object, Some(&mut body))];
                        privacy::veil(tx, &access, place.account, seen).await?;
                        return Ok(Ok((Kind::from_number(kind), object, body)));
                    }
                }
                let at = collection::at(tx, place.account, &place.path).await?;
                at.map(Err).ok_or(Fault::NotFound)
            })
        })
        .await
}
