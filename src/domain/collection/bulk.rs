//! Many changes of a collection's members in one request, each carried out or refused by itself.
//!
//! Invariant: one change is whole or nothing; many of them share a transaction, except those that
//! can fail halfway, which have one of their own.
//!
//! Standard: calendarserver.org's calendarserver-bulk-change §4.

use super::access::Access;
use super::guard::Guard;
use super::import::{Item, free_name};
use super::item::write;
use super::place::Place;
use super::property::{Instruction, patch_in};
use super::tree::{Found, locate, remove_in};
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::IMPORT_BATCH;
use crate::kernel::privilege::Privilege;
use crate::store::{Tx, change_log};

/// One change.
#[derive(Clone, Debug)]
pub enum Change {
    /// A new member of a collection, under a name with this ending.
    Create {
        /// The collection.
        of: Place,
        /// What is stored.
        item: Item,
        /// The ending of its name.
        ending: &'static str,
        /// Properties that it gets.
        properties: Vec<Instruction>,
        /// Lock tokens.
        guard: Guard,
    },
    /// A member that is there.
    Update {
        /// Where.
        place: Place,
        /// Its new content, if that changes.
        item: Option<Item>,
        /// Properties that change.
        properties: Vec<Instruction>,
        /// What must hold, and lock tokens.
        guard: Guard,
    },
    /// A member that goes.
    Delete {
        /// Where.
        place: Place,
        /// What must hold, and lock tokens.
        guard: Guard,
    },
}

/// The member that a change was about, and its validator where it got a content.
pub type Changed = (Place, Option<ETag>);

impl Change {
    /// Whether it is refused, if at all, before anything of it is done.
    fn is_one_step(&self) -> bool {
        match self {
            Self::Create { properties, .. } => properties.is_empty(),
            Self::Update { item, properties, .. } => item.is_some() && properties.is_empty(),
            Self::Delete { .. } => true,
        }
    }

    async fn apply(&self, tx: &mut Tx, access: &Access) -> Outcome<Changed> {
        match self {
            Self::Create { of, item, ending, properties, guard } => {
                access.demand(tx, of, Privilege::Bind).await?;
                // Locks the account, so that the name stays free.
                change_log::take(tx, of.account).await?;
                let place = name(tx, of, item, ending).await?;
                let stored = write(tx, access, &place, &item.content, &item.index, guard).await?;
                set(tx, access, &place, properties, guard).await?;
                Ok((place, Some(stored.etag)))
            }
            Self::Update { place, item, properties, guard } => {
                let content = item.is_some();
                let need =
                    if content { Privilege::WriteContent } else { Privilege::WriteProperties };
                access.demand(tx, place, need).await?;
                change_log::take(tx, place.account).await?;
                if locate(tx, place).await?.object().is_none() {
                    return Err(Fault::NotFound);
                }
                let Some(item) = item else {
                    patch_in(tx, access, place, properties, guard).await?;
                    return Ok((place.clone(), None));
                };
                let stored = write(tx, access, place, &item.content, &item.index, guard).await?;
                set(tx, access, place, properties, &guard.tokens_only()).await?;
                Ok((place.clone(), Some(stored.etag)))
            }
            Self::Delete { place, guard } => {
                remove_in(tx, access, place, guard).await?;
                Ok((place.clone(), None))
            }
        }
    }
}

/// Sets the properties of a member that was just stored.
async fn set(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    properties: &[Instruction],
    guard: &Guard,
) -> Outcome<()> {
    match properties.is_empty() {
        true => Ok(()),
        false => patch_in(tx, access, place, properties, guard).await.map(drop),
    }
}

/// A place for a new member.
async fn name(tx: &mut Tx, of: &Place, item: &Item, ending: &str) -> Outcome<Place> {
    let Found::Collection(parent) = locate(tx, of).await? else {
        return Err(Refusal::NoParent.into());
    };
    let uid = item.index.uid.as_deref().unwrap_or_default();
    let name = free_name(tx, &parent, uid, ending).await?;
    Ok(of.at(&parent.path, true).child(&name, false))
}

/// Carries changes out in their order; what became of each.
///
/// # Errors
/// The store's own: what was not yet done is not done.
pub async fn apply_all(access: &Access, changes: Vec<Change>) -> Outcome<Vec<Outcome<Changed>>> {
    let mut all = Vec::with_capacity(changes.len());
    let mut rest = changes.into_iter().peekable();
    while let Some(first) = rest.next() {
        let alone = !first.is_one_step();
        let mut batch = vec![first];
        while !alone
            && batch.len() < IMPORT_BATCH
            && let Some(next) = rest.next_if(Change::is_one_step)
        {
            batch.push(next);
        }
        let (actor, store) = (access.clone(), access.store.clone());
        let done = store
            .write(move |tx| Box::pin(async move { transact(tx, &actor, batch, alone).await }))
            .await;
        match done {
            Ok(done) => all.extend(done),
            Err(fault) if alone && is_its_own(&fault) => all.push(Err(fault)),
            Err(fault) => return Err(fault),
        }
    }
    Ok(all)
}

/// Whether a fault is about the one change, and not about the store.
fn is_its_own(fault: &Fault) -> bool {
    matches!(fault, Fault::Refused(_) | Fault::Denied { .. } | Fault::NotFound)
}

/// Carries out changes in one transaction, which the refusal of a lone one ends.
async fn transact(
    tx: &mut Tx,
    access: &Access,
    batch: Vec<Change>,
    alone: bool,
) -> Outcome<Vec<Outcome<Changed>>> {
    let mut done = Vec::with_capacity(batch.len());
    for change in &batch {
        done.push(match change.apply(tx, access).await {
            Err(fault) if alone || !is_its_own(&fault) => return Err(fault),
            outcome => outcome,
        });
    }
    Ok(done)
}
