//! vCards: the lines of one card over the stored bytes, and what may be stored as one resource.
//!
//! Invariant: parsing changes nothing and loses nothing. Standards: RFC 6350 (4.0), RFC 2426
//! (3.0), RFC 6352 §5.1.

pub mod convert;
pub mod dates;
pub mod entry;
pub mod filter;
pub mod index;
pub mod forms;
pub mod json;
pub mod old;

use super::ical::value;
use super::line::{Line, Lines, Malformed};
use super::property::split_unescaped;
use crate::kernel::fault::Refusal;
use std::borrow::Cow;
use std::fmt;

/// One parsed card.
#[derive(Clone, Debug)]
pub struct Card<'a> {
    lines: Vec<Line<'a>>,
    head: usize,
}

/// The versions that a collection stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// RFC 2426.
    V3,
    /// RFC 6350.
    V4,
}

impl Version {
    /// Both, the older first.
    pub const ALL: [Self; 2] = [Self::V3, Self::V4];

    /// As VERSION writes it.
    pub fn number(self) -> &'static str {
        match self {
            Self::V3 => "3.0",
            Self::V4 => "4.0",
        }
    }

    /// The version that a VERSION or a media type names.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.number() == text.trim())
    }
}

/// Why a card may not be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardFault {
    /// Not a valid card (`CARDDAV:valid-address-data`).
    Data(Malformed),
    /// A version that is not stored (`CARDDAV:supported-address-data`); the version as written.
    Unsupported(String),
}

impl From<Malformed> for CardFault {
    fn from(fault: Malformed) -> Self {
        Self::Data(fault)
    }
}

impl From<CardFault> for Refusal {
    fn from(fault: CardFault) -> Self {
        match fault {
            CardFault::Data(fault) => fault.into(),
            CardFault::Unsupported(version) => {
                Self::UnsupportedType(format!("vCard version {version}"))
            }
        }
    }
}

impl fmt::Display for CardFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(fault) => fault.fmt(f),
            Self::Unsupported(version) => write!(f, "vCard version {version} is not stored"),
        }
    }
}

impl std::error::Error for CardFault {}

/// A card that may be stored.
#[derive(Clone, Debug)]
pub struct Contact<'c> {
    /// The card.
    pub card: &'c Card<'c>,
    /// Its version.
    pub version: Version,
    /// Its UID, as text; compare by [`uid_key`].
    pub uid: Cow<'c, str>,
}

impl<'a> Card<'a> {
    /// Reads a text that is exactly one VCARD.
    ///
    /// # Errors
    /// The first line that breaks the syntax; a second card; a card inside the card (vCard 2.1's
    /// AGENT); too many lines.
    pub fn parse(input: &'a [u8]) -> Result<Self, Malformed> {
        let scanner = Lines::new(input);
        let mut card = Self { lines: Vec::with_capacity(32), head: scanner.head() };
        let mut ended = false;
        for line in scanner {
            let line = line?;
            card.admit(&line, ended)?;
            ended = line.is("END");
            card.lines.push(line);
        }
        match (ended, card.lines.last()) {
            (true, _) => Ok(card),
            (false, None) => Err(Malformed::new(0, "not a vCard: it is empty")),
            (false, Some(last)) => Err(Malformed::new(last.number, "the text ends inside a card")),
        }
    }

    fn admit(&self, line: &Line<'_>, ended: bool) -> Result<(), Malformed> {
        let value = line.value().trim();
        let card = value.eq_ignore_ascii_case("VCARD");
        let reason = match (line.is("BEGIN"), line.is("END")) {
            (true, _) if card && self.lines.is_empty() => return Ok(()),
            _ if self.lines.is_empty() => "not a vCard: it does not begin with BEGIN:VCARD",
            _ if ended => "a line after END:VCARD; only one card may stand here",
            (true, _) => "BEGIN inside a card",
            (_, true) if !card => "END ends nothing that is open",
            _ => return Ok(()),
        };
        Err(Malformed::new(line.number, reason))
    }

    /// Every line in its order, BEGIN and END included.
    pub fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    /// How many bytes stand before the first line.
    pub fn head(&self) -> usize {
        self.head
    }

    /// The properties in their order, without BEGIN and END.
    pub fn properties(&self) -> impl Iterator<Item = &Line<'a>> {
        let frame = |line: &&Line<'a>| !line.is("BEGIN") && !line.is("END");
        self.lines.iter().filter(frame)
    }

    /// The first property of this name, in any group, whatever the case.
    pub fn property(&self, name: &str) -> Option<&Line<'a>> {
        self.lines.iter().find(|line| line.is(name))
    }

    /// All properties of this name.
    pub fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Line<'a>> {
        self.lines.iter().filter(move |line| line.is(name))
    }

    /// The properties of one group, such as the X-ABLabel that goes with `item1.TEL`.
    pub fn in_group<'n>(&'n self, group: &'n str) -> impl Iterator<Item = &'n Line<'a>> {
        let same = move |g: &str| g.eq_ignore_ascii_case(group);
        self.lines.iter().filter(move |line| line.group().is_some_and(same))
    }

    /// Whether the card is a group of others: KIND (RFC 6350 §6.1.4), or what Apple writes into
    /// version 3.0.
    pub fn is_group(&self) -> bool {
        let mut lines = self.lines.iter();
        lines.any(|line| {
            (line.is("KIND") || line.is("X-ADDRESSBOOKSERVER-KIND"))
                && line.value().trim().eq_ignore_ascii_case("group")
        })
    }

    /// The members of a group as written: URIs, mostly `urn:uuid:` and a UID.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        let member = |l: &&Line<'a>| l.is("MEMBER") || l.is("X-ADDRESSBOOKSERVER-MEMBER");
        self.lines.iter().filter(member).map(|l| l.value().trim())
    }

    /// A name to show and sort by: FN; else put together from N, else ORG, NICKNAME, EMAIL or
    /// TEL. Empty if there is none of them.
    pub fn display_name(&self) -> String {
        let text = |name| {
            let line = self.property(name)?;
            Some(value::text(line.value()).trim().to_owned()).filter(|t| !t.is_empty())
        };
        let structured = |name: &str, order: &[usize]| {
            let parts = components(self.property(name)?.value());
            let parts = order.iter().filter_map(|i| parts.get(*i)).map(|p| p.trim());
            let parts: Vec<&str> = parts.filter(|p| !p.is_empty()).collect();
            Some(parts.join(" ")).filter(|t| !t.is_empty())
        };
        text("FN")
            .or_else(|| structured("N", &[3, 1, 2, 0, 4]))
            .or_else(|| structured("ORG", &[0]))
            .or_else(|| ["NICKNAME", "EMAIL", "TEL"].into_iter().find_map(text))
            .unwrap_or_default()
    }
}

/// The components of a structured value such as N or ADR, text escapes undone.
pub fn components(value: &str) -> Vec<Cow<'_, str>> {
    split_unescaped(value, b';').map(value::text).collect()
}

/// What two UIDs are compared by: clients add or drop `urn:uuid:` at will.
pub fn uid_key(uid: &str) -> &str {
    const PREFIX: &str = "urn:uuid:";
    let uid = uid.trim();
    match uid.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => uid,
    }
}

/// Reads a text that shall be stored. One of version 2.1 is refused as that and not for the first
/// line whose syntax is its own.
///
/// # Errors
/// [`CardFault::Unsupported`] for version 2.1, [`CardFault::Data`] as for [`Card::parse`].
pub fn parse_resource(input: &[u8]) -> Result<Card<'_>, CardFault> {
    Card::parse(input).map_err(|fault| match old::is_old(input) {
        true => CardFault::Unsupported("2.1".to_owned()),
        false => fault.into(),
    })
}

/// Checks that a card may be stored as one resource. FN, and in version 3.0 N, are not demanded
/// although RFC 6350 §6.2.1 does: nothing here is found by them, a name to show comes from other
/// properties, and a refusal makes some clients give up the whole address book.
///
/// # Errors
/// [`CardFault::Unsupported`] for a version other than 3.0 and 4.0; [`CardFault::Data`] if there
/// is no VERSION, no UID (RFC 6352 §5.1), or more than one of either.
pub fn check_resource<'c>(card: &'c Card<'c>) -> Result<Contact<'c>, CardFault> {
    let Some(line) = single(card, "VERSION")? else {
        return Err(Malformed::new(1, "VERSION is missing").into());
    };
    let Some(version) = Version::named(line.value()) else {
        let version = line.value().trim().chars().take(20).collect();
        return Err(CardFault::Unsupported(version));
    };
    let uid = single(card, "UID")?.map(|line| value::text(line.value().trim()));
    match uid.filter(|uid| !uid_key(uid).is_empty()) {
        Some(uid) => Ok(Contact { card, version, uid }),
        None => Err(Malformed::new(1, "UID is missing").into()),
    }
}

/// The one property of this name; a repetition with the same value is passed over.
fn single<'c>(card: &'c Card<'c>, name: &'c str) -> Result<Option<&'c Line<'c>>, Malformed> {
    let mut lines = card.all(name);
    let first = lines.next();
    match lines.find(|other| first.is_some_and(|f| f.value().trim() != other.value().trim())) {
        Some(other) => Err(Malformed::new(other.number, format!("a second {name}"))),
        None => Ok(first),
    }
}

#[cfg(test)]
mod tests;
