//! Change numbers, the store's epoch and the sync tokens made of both (RFC 6578 §3.2).
//!
//! Invariant: within one account numbers only grow, become visible in order, and never name two
//! changes. An epoch names one line of history: a restored store starts a new one, so that tokens
//! of the lost future are refused instead of being read as deletions.

use super::ids::CollectionId;
use std::fmt;

/// The number that a change took in its account's counter; 0 is "before the first change".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChangeNumber(pub i64);

impl fmt::Display for ChangeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The store's line of history: 16 lower-case hexadecimal digits, made anew at every restore.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(String);

impl Epoch {
    /// Takes the text as stored; the store makes it, so nothing is checked.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A collection's state at a change number: `DAV:sync-token` (RFC 6578 §4) and `CS:getctag`.
///
/// On the wire it is the URI `data:,EPOCH-COLLECTION-NUMBER`: Evolution throws away tokens
/// without `:` or `/`, and RFC 6578 asks for a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncToken {
    /// The line of history that the number belongs to.
    pub epoch: Epoch,
    /// The collection whose members it speaks of.
    pub collection: CollectionId,
    /// Everything up to and including this number has been seen.
    pub number: ChangeNumber,
}

impl SyncToken {
    /// Reads the wire form; `None` for anything that this server did not write.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut parts = text.strip_prefix("data:,")?.split('-');
        let (epoch, collection, number) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if parts.next().is_some() || epoch.is_empty() || !digits(collection) || !digits(number) {
            return None;
        }
        let token = Self {
            epoch: Epoch::new(epoch),
            collection: CollectionId(collection.parse().ok()?),
            number: ChangeNumber(number.parse().ok()?),
        };
        // `007` would be read as 7, which is not how we write it.
        (token.to_string() == text).then_some(token)
    }
}

impl fmt::Display for SyncToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data:,{}-{}-{}", self.epoch.as_str(), self.collection, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_wire() {
        let token = SyncToken {
            epoch: Epoch::new("00ff00ff00ff00ff"),
            collection: CollectionId(42),
            number: ChangeNumber(7),
        };
        assert_eq!(SyncToken::parse(&token.to_string()), Some(token));
    }

    #[test]
    fn foreign_tokens_are_not_ours() {
        for text in [
            "",
            "data:,",
            "data:,x-1",
            "data:,x-1-2-3",
            "data:,x--1-2",
            "data:,x-1-07",
            "data:,x-01-7",
            "http://sabre.io/ns/sync/3",
            "data:,x-1-99999999999999999999",
        ] {
            assert_eq!(SyncToken::parse(text), None, "{text}");
        }
    }
}
