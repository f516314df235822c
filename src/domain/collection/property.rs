//! Properties that clients set: dead ones of any XML, and live ones that the server keeps for
//! them (PROPPATCH; RFC 4918 §9.2). Which names are protected is the protocol's to say.

use super::access::Access;
use super::guard::{Guard, Reach, unlocked};
use super::place::Place;
use super::scheduling;
use super::subscription;
use super::tree::{Found, locate};
use crate::format::xml::{self, Element, Name, Node, Ns};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::{PROPERTIES_MAX, PROPERTY_MAX};
use crate::kernel::privilege::Privilege;
use crate::store::change_log::{self, Action, Entry};
use crate::store::property::{self, Property};
use crate::store::{Tx, collection, object};

/// The text of a property's stored value, without blanks around it.
pub fn text_of(it: &Property) -> Option<String> {
    Some(xml::parse(it.value.as_bytes()).ok()?.text().trim().to_owned())
}

/// One instruction, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Set this property.
    Set(Property),
    /// Remove the property of this namespace and name; absent is as good as removed.
    Remove(String, String),
    /// Set the language tags, or remove them.
    Language(Option<String>),
}

/// Asks what can be asked before any instruction is looked at; gives whether the resource is a
/// collection.
///
/// # Errors
/// As [`patch`].
pub async fn precheck(access: &Access, place: &Place, guard: Guard) -> Outcome<bool> {
    let (access, place) = (access.clone(), place.own());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::WriteProperties).await?;
                Ok(admit(tx, &access, &place, &guard).await?.collection().is_some())
            })
        })
        .await
}

/// What is at the place, if its properties may change under the conditions given.
async fn admit(tx: &mut Tx, access: &Access, place: &Place, guard: &Guard) -> Outcome<Found> {
    let found = locate(tx, place).await?;
    guard.check(tx, access, place, &found).await?;
    let reach = Reach::One(Privilege::WriteProperties);
    unlocked(tx, access, (place, &found), guard, reach).await?;
    match found.exists() {
        true => Ok(found),
        false => Err(Fault::NotFound),
    }
}

/// Carries out all instructions or none; gives whether the resource is a collection.
///
/// # Errors
/// `NotFound`, `ConditionFailed`, `Locked`, `Denied` without the right to write properties.
pub async fn patch(
    access: &Access,
    place: &Place,
    instructions: Vec<Instruction>,
    guard: Guard,
) -> Outcome<bool> {
    let (access, place) = (access.clone(), place.own());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move { patch_in(tx, &access, &place, &instructions, &guard).await })
        })
        .await
}

/// Carries out all instructions, inside a transaction that an error ends.
pub(super) async fn patch_in(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    instructions: &[Instruction],
    guard: &Guard,
) -> Outcome<bool> {
    access.demand(tx, place, Privilege::WriteProperties).await?;
    let (number, _) = change_log::take(tx, place.account).await?;
    let found = admit(tx, access, place, guard).await?;
    let (id, name) = match &found {
        Found::Collection(it) => (it.id, ""),
        Found::Object(parent, it) => (parent.id, it.name.as_str()),
        _ => return Err(Fault::NotFound),
    };
    subscription::keeps_source(&found, instructions)?;
    scheduling::may_be_named(tx, place, &found, instructions).await?;
    for instruction in instructions {
        apply(tx, id, name, instruction).await?;
    }
    within_bounds(tx, id, name).await?;
    match &found {
        Found::Object(parent, it) => {
            let touch = collection::Touch { number, members: 0, octets: 0, at: access.now };
            object::change(tx, parent.id, &it.name, number).await?;
            collection::touch(tx, parent.id, touch).await?;
        }
        _ => collection::change_self(tx, id, number, access.now).await?,
    }
    let (account, action) = (place.account, Action::Properties);
    let entry = Entry { account, number, collection: id, name, action, before: None };
    change_log::record(tx, &entry, &access.author()).await?;
    Ok(found.collection().is_some())
}

async fn apply(tx: &mut Tx, id: CollectionId, name: &str, todo: &Instruction) -> Outcome<()> {
    match todo {
        Instruction::Set(it) => {
            check(it)?;
            property::set(tx, id, name, it).await
        }
        Instruction::Remove(namespace, local) => {
            property::remove(tx, id, name, (namespace, local)).await
        }
        // GET tells an object's, so its row has them. A collection's are a property like others.
        Instruction::Language(tags) if !name.is_empty() => {
            object::set_language(tx, id, name, tags.as_deref()).await
        }
        Instruction::Language(Some(tags)) => {
            property::set(tx, id, name, &of_text("getcontentlanguage", tags)).await
        }
        Instruction::Language(None) => {
            property::remove(tx, id, name, (Ns::Dav.uri(), "getcontentlanguage")).await
        }
    }
}

/// A property of the namespace `DAV:` with this text, as it is stored.
pub fn of_text(name: &'static str, text: &str) -> Property {
    of_text_in(Ns::Dav, name, text)
}

/// A property of any namespace with this text, as it is stored.
pub fn of_text_in(ns: Ns, name: &'static str, text: &str) -> Property {
    let namespace = ns.uri().to_owned();
    let mut element = Element::new(Name::known(ns, name));
    element.children.push(Node::Text(text.to_owned()));
    Property { namespace, name: name.to_owned(), value: element.to_standalone() }
}

/// Sets the properties that a new resource is made with.
pub(in crate::domain) async fn set_all(
    tx: &mut Tx,
    id: CollectionId,
    name: &str,
    properties: &[Property],
) -> Outcome<()> {
    for it in properties {
        check(it)?;
        property::set(tx, id, name, it).await?;
    }
    within_bounds(tx, id, name).await
}

fn check(it: &Property) -> Outcome<()> {
    match it.value.len() <= PROPERTY_MAX {
        true => Ok(()),
        false => Err(Fault::malformed(format!("a property is longer than {PROPERTY_MAX} octets"))),
    }
}

async fn within_bounds(tx: &mut Tx, id: CollectionId, name: &str) -> Outcome<()> {
    match property::of(tx, id, name).await?.len() <= PROPERTIES_MAX {
        true => Ok(()),
        false => Err(Fault::malformed(format!("more than {PROPERTIES_MAX} properties"))),
    }
}
