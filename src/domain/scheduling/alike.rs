//! What one message means for many, worked out once: a thousand people who are invited together get one
//! and the same copy, which is read, checked and hashed for the first of them.
//!
//! Invariant: a meaning is used again only for who has the same copy and stands in both texts as he for
//! whom it was worked out (`itip::Stances`). It lasts for one step of the delivery.

use crate::domain::collection::{Content, Index};
use crate::format::itip::{IsMe, Received, Stances, Unusable, receive};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::BlobId;
use crate::kernel::limits::ALIKE_OCTETS_MAX;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// An object's or a message's octets, by the instance that the store keeps of them.
pub type Text = (BlobId, Vec<u8>);

/// What comes of a message; an object that is stored is at hand, ready.
#[derive(Debug)]
pub struct Meaning {
    /// What is done.
    pub received: Received,
    /// What is stored by that.
    pub made: Option<Made>,
}

/// Something ready to be stored.
#[derive(Debug)]
pub struct Made {
    /// Its octets.
    pub content: Content,
    /// What is known of them.
    pub index: Index,
}

/// The instances of the message and the copy, and how the recipient stands in each.
type Key = (BlobId, Option<BlobId>, Vec<(usize, Vec<String>)>, Vec<(usize, Vec<String>)>);

/// What was worked out, as far as it fits ([`ALIKE_OCTETS_MAX`]).
#[derive(Default)]
pub struct Alike {
    /// Octets of texts that were read or made for what is kept.
    held: AtomicUsize,
    people: Mutex<HashMap<BlobId, Option<Arc<Stances>>>>,
    meanings: Mutex<HashMap<Key, Arc<Meaning>>>,
    messages: Mutex<HashMap<BlobId, Arc<Made>>>,
}

impl Alike {
    /// What a message means for somebody; `make` makes a text ready to be stored.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn meaning(
        &self,
        message: &Text,
        stored: Option<&Text>,
        is_me: IsMe<'_>,
        now: Timestamp,
        make: impl Fn(&str) -> Outcome<Made>,
    ) -> Outcome<Result<Arc<Meaning>, Unusable>> {
        let key = self.key(message, stored, is_me);
        if let Some(known) = key.as_ref().and_then(|key| get(&self.meanings, key)) {
            return Ok(Ok(known));
        }
        let received = match receive(&message.1, stored.map(|it| &*it.1), is_me, now) {
            Ok(received) => received,
            Err(why) => return Ok(Err(why)),
        };
        let made = match (&key, &received) {
            (Some(_), Received::Store { text, others: None, .. }) => make(text).ok(),
            _ => None,
        };
        let meaning = Arc::new(Meaning { received, made });
        if let Some(key) = key {
            let octets = match &meaning.received {
                // As it is told, and as it is stored.
                Received::Store { text, .. } => 2 * text.len(),
                _ => 0,
            };
            self.keep(&self.meanings, key, meaning.clone(), octets);
        }
        Ok(Ok(meaning))
    }

    /// A message ready for an inbox.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn message(&self, of: BlobId, make: impl Fn() -> Outcome<Made>) -> Outcome<Arc<Made>> {
        if let Some(known) = get(&self.messages, &of) {
            return Ok(known);
        }
        let made = Arc::new(make()?);
        let octets = made.content.data.as_ref().map_or(0, Vec::len);
        self.keep(&self.messages, of, made.clone(), octets);
        Ok(made)
    }

    fn key(&self, message: &Text, stored: Option<&Text>, is_me: IsMe<'_>) -> Option<Key> {
        let stance = |text: &Text| self.people(text)?.stance(is_me);
        let here = match stored {
            Some(text) => stance(text)?,
            None => Vec::new(),
        };
        Some((message.0, stored.map(|it| it.0), stance(message)?, here))
    }

    fn people(&self, (id, text): &Text) -> Option<Arc<Stances>> {
        if let Some(known) = get(&self.people, id) {
            return known;
        }
        let people = Stances::of(text).map(Arc::new);
        self.keep(&self.people, *id, people.clone(), text.len());
        people
    }

    fn keep<K: Eq + Hash, V>(&self, into: &Mutex<HashMap<K, V>>, key: K, value: V, octets: usize) {
        if self.held.fetch_add(octets, Ordering::Relaxed) <= ALIKE_OCTETS_MAX {
            into.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
        }
    }
}

fn get<K: Eq + Hash, V: Clone>(from: &Mutex<HashMap<K, V>>, key: &K) -> Option<V> {
    from.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}
