//! Many objects at once, each to the member that has its UID (a whole calendar or address book,
//! taken apart).
//!
//! Invariant: every object is stored, left alone or refused by itself; nothing that the text does
//! not hold is touched. One batch is one transaction.

use super::access::{Access, Telling};
use super::derived;
use super::guard::Guard;
use super::item::write;
use super::kind::Kind;
use super::place::{Place, check_name};
use super::privacy;
use super::tree::{Found, locate};
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::BLOB_INLINE_MAX;
use crate::kernel::privilege::Privilege;
use crate::kernel::secret::uuid;
use crate::store::blob::{self, Content};
use crate::store::collection::Collection;
use crate::store::object::{self, Index};
use crate::store::{Tx, change_log};

/// An object ready to be stored.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its octets.
    pub content: Content,
    /// What the index keeps of it.
    pub index: Index,
}

/// What became of an object; the name of its member where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Created(String, ETag),
    /// A member has its UID and got its content.
    Updated(String, ETag),
    /// A member has its UID and says the same.
    Unchanged(String),
    /// A member has its UID, and the request said to leave such alone.
    Kept(String),
    /// It cannot be stored.
    Refused(Fault),
}

/// How objects are stored.
#[derive(Clone)]
pub struct How {
    /// Lock tokens of the request; its conditions have been checked.
    pub guard: Guard,
    /// Members that have the UID already are left alone.
    pub keep: bool,
    /// The ending of a new member's name.
    pub ending: &'static str,
    /// Whether two contents say the same.
    pub same: fn(&[u8], &[u8]) -> bool,
}

/// The calendar or address book at a place, for whoever may add to it or change its members, if the
/// conditions of `If` hold. The others are about the whole, whose validator is the protocol's.
///
/// # Errors
/// `Denied`; `NotFound` when there is none; `ConditionFailed`.
pub async fn target(access: &Access, place: &Place, guard: &Guard) -> Outcome<Collection> {
    let (access, place) = (access.clone(), place.clone());
    let lists = Guard { if_lists: guard.if_lists.clone(), ..Guard::default() };
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let found = admit(tx, &access, &place).await?;
                let at = Found::Collection(found.clone());
                lists.check(tx, &access, &place, &at).await?;
                Ok(found)
            })
        })
        .await
}

async fn admit(tx: &mut Tx, access: &Access, place: &Place) -> Outcome<Collection> {
    let rights = access.rights(tx, place).await?;
    if !rights.has(Privilege::Bind) && !rights.has(Privilege::WriteContent) {
        return Err(Fault::Denied { path: place.dav_path(), privilege: Privilege::Bind });
    }
    match locate(tx, place).await? {
        Found::Collection(it)
            if matches!(Kind::from_number(it.kind), Kind::Calendar | Kind::Addressbook) =>
        {
            derived::demand_bind(place, &it)?;
            Ok(it)
        }
        _ => Err(Fault::NotFound),
    }
}

/// Stores objects in one transaction; what became of each, in their order.
///
/// # Errors
/// Those of [`target`], and the store's own, after which nothing of the batch is stored.
pub async fn put_all(
    access: &Access,
    place: &Place,
    items: Vec<Item>,
    how: How,
) -> Outcome<Vec<Fate>> {
    // What is taken in was scheduled elsewhere: nobody is invited once more.
    let access = Access { telling: Telling::Nothing, ..access.clone() };
    let (place, store) = (place.clone(), access.store.clone());
    store
        .write(move |tx| {
            Box::pin(async move {
                // Locks the account, so what is looked up stays true.
                change_log::take(tx, place.account).await?;
                let parent = admit(tx, &access, &place).await?;
                let mut fates = Vec::with_capacity(items.len());
                for item in &items {
                    let fate = match put(tx, &access, (&place, &parent), item, &how).await {
                        Err(fault @ (Fault::Refused(_) | Fault::Denied { .. })) => {
                            Fate::Refused(fault)
                        }
                        other => other?,
                    };
                    fates.push(fate);
                }
                Ok(fates)
            })
        })
        .await
}

async fn put(
    tx: &mut Tx,
    access: &Access,
    (place, parent): (&Place, &Collection),
    item: &Item,
    how: &How,
) -> Outcome<Fate> {
    let Some(uid) = &item.index.uid else {
        return Err(Refusal::InvalidResource("it has no UID".into()).into());
    };
    let Some(name) = object::with_uid(tx, parent.id, uid).await? else {
        let name = free_name(tx, parent, uid, how.ending).await?;
        let at = place.at(&parent.path, true).child(&name, false);
        let stored = write(tx, access, &at, &item.content, &item.index, &how.guard).await?;
        return Ok(Fate::Created(name, stored.etag));
    };
    if how.keep {
        return Ok(Fate::Kept(name));
    }
    if says_the_same(tx, access, parent, &name, item, how).await? {
        return Ok(Fate::Unchanged(name));
    }
    let at = place.at(&parent.path, true).child(&name, false);
    let stored = write(tx, access, &at, &item.content, &item.index, &how.guard).await?;
    Ok(Fate::Updated(name, stored.etag))
}

async fn says_the_same(
    tx: &mut Tx,
    access: &Access,
    parent: &Collection,
    name: &str,
    item: &Item,
    how: &How,
) -> Outcome<bool> {
    let Some(old) = object::find(tx, parent.id, name).await? else { return Ok(false) };
    // It is refused below; whether it says the same is not told.
    if privacy::hides(tx, access, parent.account, &old).await? {
        return Ok(false);
    }
    if old.etag == ETag::from_hash(&item.content.hash) {
        return Ok(true);
    }
    let Some(new) = &item.content.data else { return Ok(false) };
    // The writer does not wait for a large one to be read; zones make some difference.
    if old.size > 2 * item.content.size + BLOB_INLINE_MAX as u64 {
        return Ok(false);
    }
    let body = blob::read(tx, old.blob, access.store.files()).await?;
    Ok((how.same)(&body.octets()?, new))
}

/// A name for a new member: its UID, where that is a plain name and nobody has it.
pub async fn free_name(
    tx: &mut Tx,
    parent: &Collection,
    uid: &str,
    ending: &str,
) -> Outcome<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
    let name = format!("{uid}{ending}");
    if uid.chars().all(plain)
        && check_name(&name).is_ok()
        && !name.starts_with('.')
        && object::find(tx, parent.id, &name).await?.is_none()
    {
        return Ok(name);
    }
    Ok(format!("{}{ending}", uuid()))
}
