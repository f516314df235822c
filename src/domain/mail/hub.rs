//! The mailboxes that sessions have open, kept warm: one snapshot of each, whoever looks at it.
//!
//! Invariant: what is kept is never trusted for what is there now: each look asks the store what came
//! after the number that the snapshot knows. What is kept is bounded; whatever no session holds goes
//! first.

use super::flag::Keywords;
use super::mailbox::at;
use super::snapshot::Snapshot;
use crate::domain::collection::{Access, Collection, Kind, Place};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::{MESSAGES_PAGE, SNAPSHOT_MESSAGES_KEPT, SNAPSHOT_SECONDS};
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::mailbox::Mailbox;
use crate::store::{Tx, collection, message};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A mailbox as somebody sees it at one moment.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Where it is now.
    pub place: Place,
    /// Its collection. Its number is the UIDVALIDITY.
    pub collection: Collection,
    /// What it has beside.
    pub mailbox: Mailbox,
    /// What he may do there.
    pub rights: Privileges,
    /// Its messages.
    pub snapshot: Arc<Snapshot>,
}

impl Seen {
    /// The UIDVALIDITY (RFC 9051 §2.3.1.1).
    pub fn validity(&self) -> u32 {
        self.collection.id.0 as u32
    }

    /// The names of the mailbox's own flags.
    pub fn keywords(&self) -> Keywords {
        Keywords::of(&self.mailbox.keywords)
    }
}

/// The snapshots that are kept.
#[derive(Debug, Default)]
pub struct Hub {
    kept: Mutex<HashMap<CollectionId, (Arc<Snapshot>, i64)>>,
}

impl Hub {
    fn kept(&self) -> MutexGuard<'_, HashMap<CollectionId, (Arc<Snapshot>, i64)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the mailbox at a place.
    ///
    /// # Errors
    /// `Denied` without the right to read, `NotFound`.
    pub async fn look(self: &Arc<Self>, access: &Access, place: &Place) -> Outcome<Seen> {
        let (hub, access, place) = (self.clone(), access.clone(), place.clone());
        let store = access.store.clone();
        let look = store.read(move |tx| {
            Box::pin(async move {
                let rights = access.demand(tx, &place, Privilege::Read).await?;
                let (collection, mailbox) = at(tx, &place).await?;
                hub.seen(tx, &access, (place, rights), (collection, mailbox)).await
            })
        });
        look.await
    }

    /// Looks once more at a mailbox, wherever it has gone.
    ///
    /// # Errors
    /// `Denied` if the right to read is gone, `NotFound` if the mailbox is.
    pub async fn again(self: &Arc<Self>, access: &Access, seen: &Seen) -> Outcome<Seen> {
        let (hub, access, seen) = (self.clone(), access.clone(), seen.clone());
        let store = access.store.clone();
        let look = store.read(move |tx| {
            Box::pin(async move {
                let found = collection::by_id(tx, seen.collection.id).await?;
                let it = found.filter(|it| Kind::from_number(it.kind) == Kind::Mailbox);
                let it = it.ok_or(Fault::NotFound)?;
                let place = seen.place.at(&it.path, true);
                let rights = access.demand(tx, &place, Privilege::Read).await?;
                let found = at(tx, &place).await?;
                hub.seen(tx, &access, (place, rights), found).await
            })
        });
        look.await
    }

    async fn seen(
        &self,
        tx: &mut Tx,
        access: &Access,
        (place, rights): (Place, Privileges),
        (collection, mailbox): (Collection, Mailbox),
    ) -> Outcome<Seen> {
        let now = access.now.seconds();
        let kept = self.kept().get(&collection.id).cloned();
        // Retention forgets what was expunged, but not as soon as this.
        let kept = kept.filter(|(_, at)| now - at < SNAPSHOT_SECONDS).map(|(it, _)| it);
        let snapshot = match kept {
            Some(kept) if kept.known == collection.last_change => kept,
            Some(kept) => {
                let changed = message::since(tx, collection.id, kept.known).await?;
                let gone = message::gone_since(tx, collection.id, kept.known).await?;
                Arc::new(finished(kept.with(changed, &gone), &collection, &mailbox))
            }
            None => {
                let mut all = Vec::new();
                loop {
                    let after = all.last().map_or(0, |last: &message::Message| last.uid);
                    let page = message::page(tx, collection.id, after, MESSAGES_PAGE).await?;
                    let full = page.len() == MESSAGES_PAGE;
                    all.extend(page);
                    if !full {
                        break;
                    }
                }
                Arc::new(finished(Snapshot::default().with(all, &[]), &collection, &mailbox))
            }
        };
        self.keep(collection.id, &snapshot, now);
        Ok(Seen { place, collection, mailbox, rights, snapshot })
    }

    /// Keeps a snapshot, if none that knows more is kept.
    fn keep(&self, id: CollectionId, snapshot: &Arc<Snapshot>, now: i64) {
        let mut kept = self.kept();
        let newer = kept.get(&id).is_some_and(|(it, _)| it.known > snapshot.known);
        if !newer {
            kept.insert(id, (snapshot.clone(), now));
        }
        let messages: usize = kept.values().map(|(it, _)| it.len() + 1).sum();
        if messages > SNAPSHOT_MESSAGES_KEPT {
            kept.retain(|other, (it, _)| *other == id || Arc::strong_count(it) > 1);
        }
    }
}

fn finished(mut snapshot: Snapshot, collection: &Collection, mailbox: &Mailbox) -> Snapshot {
    let last = snapshot.iter().next_back().map_or(0, |last| last.uid);
    snapshot.uid_next = mailbox.uid_next.max(last.saturating_add(1));
    snapshot.known = collection.last_change;
    snapshot
}
