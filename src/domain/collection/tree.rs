//! The tree: finding what is at a place, making and removing.

use super::access::Access;
use super::booking;
use super::derived;
use super::guard::{Guard, Reach, unlocked};
use super::implicit;
use super::kind::Kind;
use super::mount;
use super::place::Place;
use super::property;
use super::scheduling;
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::CollectionId;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::change_log::{self, Action, Entry};
use crate::store::collection::{Collection, NewCollection, Touch};
use crate::store::object::Object;
use crate::store::property::Property;
use crate::store::{Tx, collection, lock, object};

/// What is at a place.
#[derive(Clone, Debug)]
pub enum Found {
    /// A collection.
    Collection(Collection),
    /// An object, and the collection that it is in.
    Object(Collection, Object),
    /// Nothing, but the collection that could hold it is there.
    Nothing(Collection),
    /// Not even that.
    NoParent,
}

impl Found {
    /// Whether something is there.
    pub fn exists(&self) -> bool {
        matches!(self, Self::Collection(_) | Self::Object(..))
    }

    /// The object, if it is one.
    pub fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(_, object) => Some(object),
            _ => None,
        }
    }

    /// When it was last changed, if something is there.
    pub fn modified(&self) -> Option<Timestamp> {
        match self {
            Self::Collection(it) => Some(it.modified_at),
            Self::Object(_, it) => Some(it.modified_at),
            Self::Nothing(_) | Self::NoParent => None,
        }
    }

    /// The collection, if it is one.
    pub fn collection(&self) -> Option<&Collection> {
        match self {
            Self::Collection(collection) => Some(collection),
            _ => None,
        }
    }
}

/// Finds what is at a place, whether or not its name was written with a `/` at the end.
pub async fn locate(tx: &mut Tx, place: &Place) -> Outcome<Found> {
    // Members of calendars and address books are never collections, so one look is enough.
    let object_for_sure = place.depth() >= 2 && !place.home.child().has_children();
    if !object_for_sure && let Some(found) = collection::at(tx, place.account, &place.path).await? {
        return Ok(Found::Collection(found));
    }
    let Some(parent) = place.parent_path() else { return Ok(Found::NoParent) };
    let Some(parent) = collection::at(tx, place.account, parent).await? else {
        return Ok(Found::NoParent);
    };
    Ok(match object::find(tx, parent.id, place.name()).await? {
        Some(found) => Found::Object(parent, found),
        None => Found::Nothing(parent),
    })
}

/// A collection about to be made by a client.
#[derive(Clone, Debug)]
pub struct Making {
    /// What it shall be.
    pub kind: Kind,
    /// Which calendar components it takes; 0 elsewhere.
    pub components: i64,
    /// Properties set with it (MKCALENDAR, extended MKCOL), all or nothing.
    pub properties: Vec<Property>,
}

/// Makes a collection (MKCOL, MKCALENDAR; RFC 4918 §9.3, RFC 4791 §5.3.1, RFC 5689).
///
/// # Errors
/// `Exists` when the name is taken, `NoParent`, `CollectionPlacement` when the parent cannot hold
/// such a collection, `Locked`, `Denied` without the right to bind.
pub async fn make(access: &Access, place: &Place, making: Making, guard: Guard) -> Outcome<()> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move { make_in(tx, &access, &place, &making, &guard).await.map(drop) })
        })
        .await
}

/// The same within a transaction; gives the collection.
///
/// # Errors
/// As [`make`].
pub async fn make_in(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    making: &Making,
    guard: &Guard,
) -> Outcome<CollectionId> {
    access.demand_above(tx, place, Privilege::Bind).await?;
    let (number, _) = change_log::take(tx, place.account).await?;
    let parent = match locate(tx, place).await? {
        Found::Nothing(parent) => parent,
        Found::NoParent => return Err(Refusal::NoParent.into()),
        _ => return Err(Refusal::Exists.into()),
    };
    let free = Found::Nothing(parent.clone());
    guard.check(tx, access, place, &free).await?;
    unlocked(tx, access, (place, &free), guard, Reach::Name).await?;
    let id = insert(tx, access, place, &parent, making, number).await?;
    property::set_all(tx, id, "", &making.properties).await?;
    Ok(id)
}

/// Makes the row of a collection in its parent, with the log's entry. The caller has checked
/// rights and locks and that the name is free.
pub async fn insert(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    parent: &Collection,
    making: &Making,
    number: ChangeNumber,
) -> Outcome<CollectionId> {
    if !Kind::from_number(parent.kind).may_hold(making.kind) {
        let why = format!("a collection of kind {:?} cannot be made here", making.kind);
        return Err(Refusal::CollectionPlacement(why).into());
    }
    let new = NewCollection {
        account: place.account,
        parent: Some(parent.id),
        kind: making.kind.number(),
        path: &place.path,
        components: making.components,
        number,
        at: access.now,
    };
    let id = collection::insert(tx, &new).await?;
    let name = format!("{}/", place.name());
    collection::touch(tx, parent.id, Touch { number, members: 0, octets: 0, at: access.now })
        .await?;
    let entry = Entry {
        account: place.account,
        number,
        collection: parent.id,
        name: &name,
        action: Action::Created,
        before: None,
    };
    change_log::record(tx, &entry, &access.author()).await?;
    mount::made(tx, (making.kind, place)).await?;
    Ok(id)
}

/// Removes what is at a place (DELETE; RFC 4918 §9.6). Contents stay in the history. Of a mount only
/// itself goes, and nothing of what it shows.
///
/// # Errors
/// `NotFound`, `ConditionFailed`, `Locked`, `Denied` without the right to unbind; a home cannot be
/// removed.
pub async fn remove(access: &Access, place: &Place, guard: Guard) -> Outcome<()> {
    let (access, place) = (access.clone(), place.own());
    let store = access.store.clone();
    store
        .write(move |tx| Box::pin(async move { remove_in(tx, &access, &place, &guard).await }))
        .await
}

/// The same within a transaction.
///
/// # Errors
/// As [`remove`].
pub async fn remove_in(tx: &mut Tx, access: &Access, place: &Place, guard: &Guard) -> Outcome<()> {
    access.demand_above(tx, place, Privilege::Unbind).await?;
    let (number, _) = change_log::take(tx, place.account).await?;
    let found = locate(tx, place).await?;
    guard.check(tx, access, place, &found).await?;
    let reach = if found.object().is_some() { Reach::Name } else { Reach::Tree };
    unlocked(tx, access, (place, &found), guard, reach).await?;
    if let Found::Collection(it) = &found {
        scheduling::may_go(tx, access, it).await?;
    }
    take_away(tx, access, place, &found, number).await
}

/// Removes what was found at a place; rights, conditions and locks are the caller's.
pub async fn take_away(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    found: &Found,
    number: ChangeNumber,
) -> Outcome<()> {
    let account = place.account;
    let (collection, name, before, members, octets, charged) = match found {
        Found::Object(parent, it) => {
            let plan = implicit::plan(tx, access, (place, parent), Some(it), None).await?;
            object::delete(tx, parent.id, &it.name, number).await?;
            booking::left(tx, parent, &it.name).await?;
            if let Some(plan) = plan {
                implicit::carry_out(tx, access, account, None, (Some(it), number), plan).await?;
            }
            lock::remove_on(tx, account, &place.path).await?;
            derived::cards_changed(tx, access, parent, None).await?;
            let octets = -(it.size as i64);
            let charged = derived::charged(parent, octets);
            let before = derived::history(tx, parent, it.blob, access.now).await?;
            (parent.id, it.name.clone(), before, -1, octets, charged)
        }
        Found::Collection(it) => {
            let Some(parent) = it.parent else {
                let why = "a home cannot be removed".to_owned();
                return Err(Refusal::CollectionPlacement(why).into());
            };
            implicit::goes(tx, access, place, it).await?;
            let octets = derived::charged(it, collection::octets(tx, it).await?);
            collection::bury(tx, it, access.now).await?;
            let name = format!("{}/", it.name);
            object::bury_name(tx, parent, &name, number).await?;
            mount::removed(tx, it).await?;
            booking::left_all(tx, it).await?;
            derived::cards_changed(tx, access, it, None).await?;
            lock::remove_at(tx, account, &place.path).await?;
            (parent, name, None, 0, 0, -octets)
        }
        Found::Nothing(_) | Found::NoParent => return Err(Fault::NotFound),
    };
    change_log::charge(tx, account, charged).await?;
    let action = Action::Deleted;
    let entry = Entry { account, number, collection, name: &name, action, before };
    change_log::record_member(tx, &entry, &access.author(), (members, octets)).await
}

/// What is at a place with the asker's rights on it, for reading.
pub async fn look(tx: &mut Tx, access: &Access, place: &Place) -> Outcome<(Found, Privileges)> {
    let rights = access.demand(tx, place, Privilege::Read).await?;
    match locate(tx, place).await? {
        found if found.exists() => {
            let rights = derived::left(rights, &found);
            Ok((found, rights))
        }
        _ => Err(Fault::NotFound),
    }
}
