//! What changed in a collection since a token (RFC 6578 §3).
//!
//! Invariant: the token given with an answer covers exactly what the answer holds; what changes
//! while it is put together is covered by the next one.

use super::access::Access;
use super::place::Place;
use super::tree::{Found, look};
use crate::kernel::change::{ChangeNumber, SyncToken};
use crate::kernel::fault::{Outcome, Refusal};
use crate::store::Tx;
use crate::store::collection::{self, Collection};
use crate::store::object::{self, Object};

/// One member of an answer.
#[derive(Clone, Debug)]
pub enum Change {
    /// An object was made or changed.
    Object(Object),
    /// A collection was made, or it or something in it changed.
    Collection(Collection),
    /// The name is gone; a collection's ends in `/`.
    Gone(String),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The collection asked about.
    pub collection: Collection,
    /// In the order of the changes.
    pub members: Vec<Change>,
    /// The state that the members bring a client to.
    pub token: SyncToken,
    /// There is more; ask again with the token.
    pub truncated: bool,
}

/// The changes after a token (none: everything that is there), at most `limit` members. `None` for
/// an object, which has no members to change.
///
/// # Errors
/// `InvalidSyncToken` for a token of another collection, another line of history or the future;
/// `NotFound`, `Denied`.
pub async fn changes(
    access: &Access,
    place: &Place,
    since: Option<SyncToken>,
    limit: usize,
) -> Outcome<Option<Changes>> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let it = match look(tx, &access, &place).await?.0 {
                    Found::Collection(it) => it,
                    _ => return Ok(None),
                };
                let epoch = access.store.epoch();
                let from = match &since {
                    None => None,
                    Some(t)
                        if t.epoch == *epoch
                            && t.collection == it.id
                            && t.number <= it.last_change =>
                    {
                        Some(t.number)
                    }
                    Some(_) => return Err(Refusal::InvalidSyncToken.into()),
                };
                let (members, reached, truncated) = gather(tx, &it, from, limit).await?;
                let token = SyncToken { epoch: epoch.clone(), collection: it.id, number: reached };
                Ok(Some(Changes { collection: it, members, token, truncated }))
            })
        })
        .await
}

async fn gather(
    tx: &mut Tx,
    it: &Collection,
    from: Option<ChangeNumber>,
    limit: usize,
) -> Outcome<(Vec<Change>, ChangeNumber, bool)> {
    if from == Some(it.last_change) {
        return Ok((Vec::new(), it.last_change, false));
    }
    let after = from.unwrap_or_default();
    let ask = limit.saturating_add(1);
    let mut all: Vec<(ChangeNumber, Change)> = Vec::new();
    for object in object::since(tx, it.id, after, ask).await? {
        all.push((object.change, Change::Object(object)));
    }
    for child in collection::changed_children(tx, it.id, after).await? {
        all.push((child.last_change, Change::Collection(child)));
    }
    if from.is_some() {
        for (name, number) in object::gone_since(tx, it.id, after, ask).await? {
            all.push((number, Change::Gone(name)));
        }
    }
    // On PostgreSQL each statement sees what was committed before it began. What changed after the
    // collection's own row was read is left to the next answer: a cut between two such changes
    // could otherwise pass over one that the statement before did not see.
    all.retain(|(number, _)| *number <= it.last_change);
    all.sort_by_key(|(number, _)| *number);
    let truncated = all.len() > limit;
    all.truncate(limit);
    let reached = match all.last() {
        Some((number, _)) if truncated => *number,
        _ => it.last_change,
    };
    Ok((all.into_iter().map(|(_, change)| change).collect(), reached, truncated))
}
