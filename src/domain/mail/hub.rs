//! The mailboxes that sessions have open, kept warm: one snapshot of each, whoever looks at it.
//!
//! Invariant: what is kept is never trusted for what is there now: each look asks the store what came
//! after the number that the snapshot knows. What is kept is bounded; whatever no session holds goes
//! first.

use super::flag::Keywords;
use super::mailbox::{Address, at};
use super::snapshot::Snapshot;
use crate::domain::collection::{Access, Collection, Place};
use crate::kernel::fault::Outcome;
use crate::kernel::ids::CollectionId;
use crate::kernel::limits::SNAPSHOT_MESSAGES_KEPT;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::mailbox::Mailbox;
use crate::store::{Tx, message};
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

impl From<&Seen> for Address {
    fn from(seen: &Seen) -> Self {
        Self::known(&seen.place, seen.collection.id)
    }
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
    kept: Mutex<HashMap<CollectionId, Arc<Snapshot>>>,
}

impl Hub {
    fn kept(&self) -> MutexGuard<'_, HashMap<CollectionId, Arc<Snapshot>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at a mailbox.
    ///
    /// # Errors
    /// `Denied` without the right to read, `NotFound`.
    pub async fn look(self: &Arc<Self>, access: &Access, of: impl Into<Address>) -> Outcome<Seen> {
        let (hub, access, address) = (self.clone(), access.clone(), of.into());
        let store = access.store.clone();
        let look = store.read(move |tx| {
            Box::pin(async move {
                let (place, rights) = address.demand(tx, &access, Privilege::Read).await?;
                let (collection, mailbox) = at(tx, &place).await?;
                let snapshot = hub.snapshot(tx, &collection, &mailbox).await?;
                Ok(Seen { place, collection, mailbox, rights, snapshot })
            })
        });
        look.await
    }

    async fn snapshot(
        &self,
        tx: &mut Tx,
        of: &Collection,
        mailbox: &Mailbox,
    ) -> Outcome<Arc<Snapshot>> {
        let kept = self.kept().get(&of.id).cloned();
        let brought = match kept {
            Some(kept) if kept.known == of.last_change => return Ok(kept),
            Some(kept) => {
                let changed = message::since(tx, of.id, kept.known).await?;
                let gone = message::gone_since(tx, of.id, kept.known).await?;
                Some(kept.with(changed, &gone))
            }
            None => None,
        };
        // Retention may have forgotten already what was expunged since.
        let brought = brought.filter(|it| it.len() as i64 == of.member_count);
        let mut snapshot = match brought {
            Some(brought) => brought,
            None => Snapshot::default().with(message::all(tx, of.id).await?, &[]),
        };
        let last = snapshot.iter().next_back().map_or(0, |last| last.uid);
        snapshot.uid_next = mailbox.uid_next.max(last.saturating_add(1));
        snapshot.known = of.last_change;
        let snapshot = Arc::new(snapshot);
        self.keep(of.id, &snapshot);
        Ok(snapshot)
    }

    /// Keeps a snapshot, if none that knows more is kept.
    fn keep(&self, id: CollectionId, snapshot: &Arc<Snapshot>) {
        let mut kept = self.kept();
        if kept.get(&id).is_some_and(|it| it.known > snapshot.known) {
            return;
        }
        let more = kept.insert(id, snapshot.clone()).is_none();
        let messages = || kept.values().map(|it| it.len() + 1).sum::<usize>();
        if more && messages() > SNAPSHOT_MESSAGES_KEPT {
            kept.retain(|other, it| *other == id || Arc::strong_count(it) > 1);
        }
    }
}
