//! The messages of a mailbox as they were at one moment, without their contents.
//!
//! Invariant: UIDs ascend. A snapshot never changes; a newer one shares with it all that is the same, so
//! that a change costs a piece and not the mailbox.

use super::Message;
use crate::kernel::change::ChangeNumber;
use crate::kernel::limits::SNAPSHOT_PIECE;
use std::sync::Arc;

/// The messages of a mailbox.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The number up to which it knows.
    pub known: ChangeNumber,
    /// The UID that the next message gets.
    pub uid_next: u32,
    /// Messages in pieces, none empty.
    pieces: Vec<Arc<Vec<Message>>>,
    /// How many messages stand before each piece.
    before: Vec<usize>,
    len: usize,
}

/// How one snapshot differs from an older one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Those that are gone, as they were.
    pub gone: Vec<Message>,
    /// The UIDs of those whose flags or numbers changed.
    pub changed: Vec<u32>,
}

impl Snapshot {
    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The message at a place, from 0.
    pub fn get(&self, place: usize) -> Option<&Message> {
        let piece = self.before.partition_point(|before| *before <= place).checked_sub(1)?;
        self.pieces.get(piece)?.get(place - self.before.get(piece)?)
    }

    /// How many messages have a lower UID, and whether one has this.
    pub fn rank(&self, uid: u32) -> (usize, bool) {
        let ends = |piece: &Arc<Vec<Message>>| piece.last().is_some_and(|last| last.uid < uid);
        let at = self.pieces.partition_point(ends);
        let Some((piece, before)) = self.pieces.get(at).zip(self.before.get(at)) else {
            return (self.len, false);
        };
        match piece.binary_search_by_key(&uid, |message| message.uid) {
            Ok(place) => (before + place, true),
            Err(place) => (before + place, false),
        }
    }

    /// The message of a UID.
    pub fn find(&self, uid: u32) -> Option<&Message> {
        let (place, there) = self.rank(uid);
        if there { self.get(place) } else { None }
    }

    /// All messages.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.pieces.iter().flat_map(|piece| piece.iter())
    }

    /// The same with these messages instead of what they were, or added, and without those of these
    /// UIDs; both ascend.
    pub fn with(&self, changed: Vec<Message>, gone: &[u32]) -> Self {
        let mut new = Self { pieces: Vec::with_capacity(self.pieces.len() + 1), ..self.clone() };
        let (mut changed, mut gone) = (changed.into_iter().peekable(), gone);
        let mut open: Vec<Message> = Vec::new();
        for piece in &self.pieces {
            let end = piece.last().map_or(0, |last| last.uid);
            let touched = changed.peek().is_some_and(|it| it.uid <= end)
                || gone.first().is_some_and(|uid| *uid <= end);
            let is_last = Arc::ptr_eq(piece, self.pieces.last().unwrap_or(piece));
            if !(touched || is_last && changed.peek().is_some()) {
                new.push(std::mem::take(&mut open));
                new.pieces.push(piece.clone());
                continue;
            }
            for old in piece.iter() {
                while let Some(it) = changed.next_if(|it| it.uid < old.uid) {
                    open.extend(gone.binary_search(&it.uid).is_err().then_some(it));
                }
                let (past, rest) = gone.split_at(gone.partition_point(|uid| *uid < old.uid));
                gone = if past.is_empty() { gone } else { rest };
                let replaced = changed.next_if(|it| it.uid == old.uid);
                if gone.first() != Some(&old.uid) {
                    open.push(replaced.unwrap_or_else(|| old.clone()));
                }
            }
            if !is_last {
                new.push(std::mem::take(&mut open));
            }
        }
        let still = |it: &Message| gone.binary_search(&it.uid).is_err();
        open.extend(changed.filter(still));
        new.push(open);
        new.count();
        new
    }

    fn push(&mut self, messages: Vec<Message>) {
        let mut rest = messages;
        while rest.len() > SNAPSHOT_PIECE {
            let after = rest.split_off(SNAPSHOT_PIECE);
            self.pieces.push(Arc::new(rest));
            rest = after;
        }
        if !rest.is_empty() {
            self.pieces.push(Arc::new(rest));
        }
    }

    fn count(&mut self) {
        self.before.clear();
        self.len = 0;
        for piece in &self.pieces {
            self.before.push(self.len);
            self.len += piece.len();
        }
    }

    /// What is otherwise than in an older snapshot. Messages that came are those with UIDs from the
    /// older one's `uid_next` on.
    pub fn since(&self, old: &Self) -> Difference {
        let mut difference = Difference::default();
        let (mut mine, mut theirs) = (0, 0);
        // Places in the pieces at these indices.
        let (mut at, mut was) = (0, 0);
        loop {
            let (new, old) = (self.pieces.get(mine), old.pieces.get(theirs));
            match (new, old) {
                (Some(new), Some(old)) if at == 0 && was == 0 && Arc::ptr_eq(new, old) => {
                    (mine, theirs) = (mine + 1, theirs + 1);
                }
                (_, None) => return difference,
                (None, Some(old)) => {
                    difference.gone.extend(old.iter().skip(was).cloned());
                    (theirs, was) = (theirs + 1, 0);
                }
                (Some(new), Some(old)) => match (new.get(at), old.get(was)) {
                    (None, _) => (mine, at) = (mine + 1, 0),
                    (_, None) => (theirs, was) = (theirs + 1, 0),
                    (Some(it), Some(before)) if it.uid < before.uid => at += 1,
                    (Some(it), Some(before)) if it.uid > before.uid => {
                        difference.gone.push(before.clone());
                        was += 1;
                    }
                    (Some(it), Some(before)) => {
                        if (it.flags, it.change) != (before.flags, before.change) {
                            difference.changed.push(it.uid);
                        }
                        (at, was) = (at + 1, was + 1);
                    }
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Timestamp;
    use crate::kernel::ids::BlobId;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn message(uid: u32, flags: i64) -> Message {
        let (change, blob, at) = (ChangeNumber(flags), BlobId(1), Timestamp(0));
        Message { uid, change, blob, size: 1, flags, received_at: at, saved_at: at }
    }

    proptest! {
        /// A snapshot is what a map would be, after any changes; and it tells what changed.
        #[test]
        fn it_is_what_a_map_would_be(
            steps in prop::collection::vec(
                (prop::collection::btree_map(1_u32..4_000, 0_i64..3, 0..60),
                 prop::collection::btree_set(1_u32..4_000, 0..60)),
                1..6,
            ),
            many in any::<bool>(),
        ) {
            let (mut map, mut snapshot) = (BTreeMap::new(), Snapshot::default());
            if many {
                map.extend((1..=3_000_u32).map(|uid| (uid, 7)));
                snapshot = snapshot.with(map.iter().map(|(u, f)| message(*u, *f)).collect(), &[]);
            }
            for (changed, gone) in steps {
                let (old, before) = (snapshot.clone(), map.clone());
                map.extend(changed.clone());
                map.retain(|uid, _| !gone.contains(uid));
                let gone: Vec<u32> = gone.into_iter().collect();
                snapshot = snapshot.with(changed.iter().map(|(u, f)| message(*u, *f)).collect(), &gone);
                let all: Vec<(u32, i64)> = snapshot.iter().map(|it| (it.uid, it.flags)).collect();
                let expected: Vec<(u32, i64)> = map.iter().map(|(u, f)| (*u, *f)).collect();
                prop_assert_eq!(all.len(), snapshot.len());
                prop_assert_eq!(&all, &expected);
                for (place, (uid, _)) in expected.iter().enumerate() {
                    prop_assert_eq!(snapshot.get(place).map(|it| it.uid), Some(*uid));
                    prop_assert_eq!(snapshot.rank(*uid), (place, true));
                }
                prop_assert_eq!(snapshot.get(all.len()), None);
                prop_assert_eq!(snapshot.rank(5_000), (all.len(), false));
                let difference = snapshot.since(&old);
                let lost: Vec<u32> = difference.gone.iter().map(|it| it.uid).collect();
                let expected: Vec<u32> = before.keys().filter(|uid| !map.contains_key(uid)).copied().collect();
                prop_assert_eq!(lost, expected);
                let expected: Vec<u32> = before
                    .iter()
                    .filter(|(uid, flags)| map.get(uid).is_some_and(|now| now != *flags))
                    .map(|(uid, _)| *uid)
                    .collect();
                prop_assert_eq!(difference.changed, expected);
            }
        }
    }

    #[test]
    fn a_change_costs_a_piece() {
        let all = (1..=10_000).map(|uid| message(uid, 0)).collect();
        let old = Snapshot::default().with(all, &[]);
        let new = old.with(vec![message(5_000, 1)], &[]);
        let shared =
            new.pieces.iter().filter(|piece| old.pieces.iter().any(|it| Arc::ptr_eq(it, piece)));
        assert_eq!(shared.count(), new.pieces.len() - 1);
        let grown = new.with(vec![message(10_001, 0)], &[]);
        assert_eq!((grown.len(), grown.pieces.len()), (10_001, new.pieces.len()));
    }
}
