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

/// A point in the order in which a client learns of changes: everything up to a number, or of what
/// one number brought (a moved tree) only what had changed last at `within` or before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The number.
    pub number: ChangeNumber,
    /// How far in it; the number itself when all of it is behind.
    pub within: ChangeNumber,
}

impl Point {
    /// The point after everything that a number brought.
    pub fn end_of(number: ChangeNumber) -> Self {
        Self { number, within: number }
    }

    /// The last number of which everything is behind.
    pub fn whole(self) -> ChangeNumber {
        match self.within < self.number {
            true => ChangeNumber(self.number.0 - 1),
            false => self.number,
        }
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
/// On the wire it is the URI `data:,EPOCH-COLLECTION-NUMBER`, after an answer that was cut off
/// inside a number `data:,EPOCH-COLLECTION-NUMBER.WITHIN`; of a home in which others' collections
/// show, `~STATE` or `~STATE.AFTER` follows. Evolution throws away tokens without `:` or `/`, and RFC
/// 6578 asks for a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncToken {
    /// The line of history that the number belongs to.
    pub epoch: Epoch,
    /// The collection whose members it speaks of.
    pub collection: CollectionId,
    /// Everything up to here has been seen.
    pub point: Point,
    /// Of a home in which others' collections show, what has been seen of those.
    pub beside: Option<Beside>,
}

/// What has been seen of the collections of other accounts that show in a home. Their changes have
/// numbers of their owners' and touch nothing in the home, so the token says in which state all of them
/// were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside {
    /// The state of all of them.
    pub state: u64,
    /// Only those whose identity in the home is not above this have been seen; none: all.
    pub after: Option<CollectionId>,
}

impl Beside {
    /// All of them in this state.
    pub fn all(state: u64) -> Self {
        Self { state, after: None }
    }

    fn parse(text: &str) -> Option<Self> {
        let (state, after) = match text.split_once('.') {
            None => (text, None),
            Some((state, after)) => (state, Some(CollectionId(digits(after)?))),
        };
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let whole = state.len() == 16 && state.bytes().all(hex);
        let state = u64::from_str_radix(state, 16).ok().filter(|_| whole)?;
        Some(Self { state, after })
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "~{:016x}", self.state)?;
        self.after.map_or(Ok(()), |after| write!(f, ".{after}"))
    }
}

impl SyncToken {
    /// Reads the wire form; `None` for anything that this server did not write.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut parts = text.strip_prefix("data:,")?.split('-');
        let (epoch, collection, number) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || epoch.is_empty() {
            return None;
        }
        let (number, beside) = match number.split_once('~') {
            None => (number, None),
            Some((number, beside)) => (number, Some(Beside::parse(beside)?)),
        };
        let point = match number.split_once('.') {
            None => Point::end_of(ChangeNumber(digits(number)?)),
            Some((number, within)) => {
                let (number, within) = (digits(number)?, digits(within)?);
                let inside = Point { number: ChangeNumber(number), within: ChangeNumber(within) };
                Some(inside).filter(|_| within < number)?
            }
        };
        let (epoch, collection) = (Epoch::new(epoch), CollectionId(digits(collection)?));
        let token = Self { epoch, collection, point, beside };
        // `007` would be read as 7, which is not how we write it.
        (token.to_string() == text).then_some(token)
    }
}

/// The state of a scheduling object that its Schedule-Tag names (RFC 6638 §3.2.10), on the wire
/// `"EPOCH-NUMBER"`, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleTag {
    /// The line of history that the number belongs to.
    pub epoch: Epoch,
    /// The last change that somebody else's client must know of before it overwrites the object.
    pub number: ChangeNumber,
}

impl fmt::Display for ScheduleTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}-{}\"", self.epoch.as_str(), self.number)
    }
}

fn digits(text: &str) -> Option<i64> {
    let all = text.bytes().all(|b| b.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

impl fmt::Display for SyncToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Point { number, within } = self.point;
        write!(f, "data:,{}-{}-{number}", self.epoch.as_str(), self.collection)?;
        if within < number {
            write!(f, ".{within}")?;
        }
        self.beside.map_or(Ok(()), |beside| beside.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_wire() {
        let whole = SyncToken {
            epoch: Epoch::new("00ff00ff00ff00ff"),
            collection: CollectionId(42),
            point: Point::end_of(ChangeNumber(7)),
            beside: None,
        };
        assert_eq!(whole.to_string(), "data:,00ff00ff00ff00ff-42-7");
        let within = Point { within: ChangeNumber(0), ..whole.point };
        let inside = SyncToken { point: within, ..whole.clone() };
        assert_eq!((whole.point.whole(), within.whole()), (ChangeNumber(7), ChangeNumber(6)));
        assert!(within < whole.point);
        let state = Beside::all(0xab);
        let beside = SyncToken { beside: Some(state), ..inside.clone() };
        assert_eq!(beside.to_string(), "data:,00ff00ff00ff00ff-42-7.0~00000000000000ab");
        let after = Beside { after: Some(CollectionId(5)), ..state };
        let part = SyncToken { beside: Some(after), ..whole.clone() };
        for token in [whole, inside, beside, part] {
            assert_eq!(SyncToken::parse(&token.to_string()), Some(token));
        }
    }

    #[test]
    fn foreign_tokens_are_not_ours() {
        for text in [
            "",
            "data:,",
            "data:,x-1",
            "data:,x-1-2-3",
            "data:,x--1-2",
            "data:,x-1-",
            "data:,x-1-2.",
            "data:,x-1-.2",
            "data:,x-1-2.2",
            "data:,x-1-2.3",
            "data:,x-1-2.1.1",
            "data:,x-1-2.-1",
            "data:,x-1-+2",
            "data:,x-1-07",
            "data:,x-01-7",
            "data:,x-1-2~",
            "data:,x-1-2~ab",
            "data:,x-1-2~00000000000000AB",
            "data:,x-1-2~00000000000000ab.",
            "data:,x-1-2~00000000000000ab.05",
            "data:,x-1-2~+0000000000000ab",
            "http://sabre.io/ns/sync/3",
            "data:,x-1-99999999999999999999",
        ] {
            assert_eq!(SyncToken::parse(text), None, "{text}");
        }
    }
}
