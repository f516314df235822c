//! A mailbox as one session numbers it.
//!
//! Invariant: a message keeps its number until the session has been told that one before it is gone, so
//! a message that is gone keeps a place until then (RFC 9051 §7.5.1, §5.5).

use super::Message;
use super::snapshot::Snapshot;
use std::sync::Arc;

/// What a session sees.
#[derive(Clone, Debug, Default)]
pub struct View {
    snapshot: Arc<Snapshot>,
    /// Those that are gone and still have a number, by UID, each with its number.
    ghosts: Vec<(u32, Message)>,
}

/// What a session is to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The numbers and UIDs of those that are gone, each as it is when it is told: the highest first.
    pub expunged: Vec<(u32, u32)>,
    /// How many there are now, if more came.
    pub exists: Option<u32>,
    /// Numbers and UIDs of those whose flags or numbers of change are others.
    pub changed: Vec<(u32, u32)>,
}

impl View {
    /// What a session sees that begins now.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self { snapshot, ghosts: Vec::new() }
    }

    /// The messages that are there.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// How many numbers there are.
    pub fn len(&self) -> u32 {
        (self.snapshot.len() + self.ghosts.len()) as u32
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message of a number, and whether it is there still.
    pub fn get(&self, number: u32) -> Option<(&Message, bool)> {
        let before = self.ghosts.partition_point(|(it, _)| *it < number);
        match self.ghosts.get(before) {
            Some((it, ghost)) if *it == number => Some((ghost, false)),
            _ => {
                let place = (number as usize).checked_sub(1 + before)?;
                self.snapshot.get(place).map(|message| (message, true))
            }
        }
    }

    /// The number of a UID; of one that is not there the number of the next, and `false`.
    pub fn number(&self, uid: u32) -> (u32, bool) {
        let ghosts = self.ghosts.partition_point(|(_, ghost)| ghost.uid < uid);
        let (rank, there) = self.snapshot.rank(uid);
        let ghost = self.ghosts.get(ghosts).is_some_and(|(_, ghost)| ghost.uid == uid);
        ((rank + ghosts + 1) as u32, there || ghost)
    }

    /// The highest UID.
    pub fn last_uid(&self) -> u32 {
        self.get(self.len()).map_or(0, |(message, _)| message.uid)
    }

    /// Goes on to a newer snapshot; gives what the session is to be told. Without `expunges` those that
    /// are gone keep their numbers until the next time.
    pub fn advance(&mut self, to: Arc<Snapshot>, expunges: bool) -> News {
        let difference = to.since(&self.snapshot);
        let came = to.len() > to.rank(self.snapshot.uid_next).0;
        // Their numbers are those of before, when they had places in the snapshot.
        let gone = difference.gone.into_iter();
        let numbered: Vec<_> = gone.map(|it| (self.number(it.uid).0, it)).collect();
        self.ghosts.extend(numbered);
        self.ghosts.sort_unstable_by_key(|(number, _)| *number);
        self.snapshot = to;
        let mut news = News::default();
        if expunges {
            let ghosts = std::mem::take(&mut self.ghosts);
            news.expunged = ghosts.iter().rev().map(|(number, it)| (*number, it.uid)).collect();
        }
        news.exists = came.then(|| self.len());
        let numbered = difference.changed.into_iter().map(|uid| (self.number(uid).0, uid));
        news.changed = numbered.collect();
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::change::ChangeNumber;
    use crate::kernel::clock::Timestamp;
    use crate::kernel::ids::BlobId;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn snapshot(uids: &BTreeSet<u32>, uid_next: u32) -> Arc<Snapshot> {
        let message = |uid: &u32| Message {
            uid: *uid,
            change: ChangeNumber(1),
            blob: BlobId(1),
            size: 1,
            flags: 0,
            received_at: Timestamp(0),
            saved_at: Timestamp(0),
        };
        let all = uids.iter().map(message).collect();
        let mut snapshot = Snapshot::default().with(all, &[]);
        snapshot.uid_next = uid_next;
        Arc::new(snapshot)
    }

    proptest! {
        /// Whoever does what he is told has the numbers that the server means.
        #[test]
        fn a_client_that_follows_has_the_same_numbers(
            start in 0_u32..40,
            steps in prop::collection::vec((prop::collection::vec(0_usize..60, 0..8), 0_u32..5, any::<bool>()), 1..12),
        ) {
            let mut uids: BTreeSet<u32> = (1..=start).collect();
            let mut next = start + 1;
            let mut view = View::new(snapshot(&uids, next));
            let mut client: Vec<u32> = uids.iter().copied().collect();
            for (gone, came, expunges) in steps {
                for place in gone {
                    let uid = uids.iter().nth(place).copied();
                    uid.map(|uid| uids.remove(&uid));
                }
                uids.extend(next..next + came);
                next += came;
                let news = view.advance(snapshot(&uids, next), expunges);
                prop_assert!(expunges || news.expunged.is_empty());
                for (number, uid) in news.expunged {
                    prop_assert_eq!(client.remove(number as usize - 1), uid);
                }
                if let Some(exists) = news.exists {
                    prop_assert!(exists as usize >= client.len());
                    for number in client.len() as u32 + 1..=exists {
                        client.push(view.get(number).unwrap().0.uid);
                    }
                }
                prop_assert_eq!(client.len() as u32, view.len());
                for (number, uid) in (1..).zip(&client) {
                    let (message, there) = view.get(number).unwrap();
                    prop_assert_eq!(message.uid, *uid);
                    prop_assert_eq!(there, uids.contains(uid));
                    prop_assert_eq!(view.number(*uid), (number, true));
                }
                if expunges {
                    prop_assert_eq!(client.clone(), uids.iter().copied().collect::<Vec<_>>());
                }
            }
        }
    }
}
