//! What SEARCH looks for.
//!
//! Invariant: criteria nest only so deep, and there are only so many. Standard: RFC 9051 §6.4.4 and §9
//! (`search-key`), RFC 5032 (`OLDER`, `YOUNGER`), RFC 7162 §3.1.5 (`MODSEQ`), RFC
//! 8474 §5.3, RFC 8514 §4.3.

use super::input::{Input, Wrong, is_atom};
use super::sequence::Written;
use crate::domain::mail::flag::{ANSWERED, DELETED, DRAFT, FLAGGED, SEEN};
use crate::kernel::limits::{SEARCH_CRITERIA_MAX, SEARCH_DEPTH_MAX};

/// A condition on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// Every message.
    All,
    /// All of these.
    And(Vec<Criterion>),
    /// One of these.
    Or(Box<Criterion>, Box<Criterion>),
    /// Not this.
    Not(Box<Criterion>),
    /// Messages of these numbers.
    Numbers(Written),
    /// Messages of these UIDs.
    Uids(Written),
    /// A flag that all mailboxes have.
    Flag(i64),
    /// A flag by name.
    Keyword(String),
    /// New in this session (`RECENT`).
    Recent,
    /// A header field of this name has this text in it.
    Header(String, String),
    /// The body has this text in it.
    Body(String),
    /// Header or body have this text in them.
    Text(String),
    /// Which of its dates, compared by days: from the first, and before the second.
    Day(Which, Option<i64>, Option<i64>),
    /// It came so many seconds ago at the most (`YOUNGER`).
    Younger(u32),
    /// It has more octets.
    Larger(u64),
    /// It has fewer octets.
    Smaller(u64),
    /// Its change number is at least this.
    ModSeq(u64),
    /// Its EMAILID is this.
    EmailId(String),
    /// Its THREADID is this.
    ThreadId(String),
}

/// A date of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The internal date.
    Received,
    /// The header field `Date`.
    Sent,
    /// When it came into the mailbox.
    Saved,
}

const FLAGS: [(&str, i64); 5] = [
    ("ANSWERED", ANSWERED),
    ("DELETED", DELETED),
    ("DRAFT", DRAFT),
    ("FLAGGED", FLAGGED),
    ("SEEN", SEEN),
];

const FIELDS: [(&str, &str); 5] =
    [("BCC", "Bcc"), ("CC", "Cc"), ("FROM", "From"), ("SUBJECT", "Subject"), ("TO", "To")];

const DAYS: [(&str, Which); 3] =
    [("", Which::Received), ("SENT", Which::Sent), ("SAVED", Which::Saved)];

/// Reads criteria up to the end; all of them must hold.
///
/// # Errors
/// What was expected.
pub fn criteria(input: &mut Input<'_>) -> Result<Criterion, Wrong> {
    let mut reader = Reader { left: SEARCH_CRITERIA_MAX };
    let mut all = vec![reader.one(input, 0)?];
    while input.peek() == Some(b' ') {
        input.space()?;
        if input.peek().is_none() {
            break;
        }
        all.push(reader.one(input, 0)?);
    }
    input.end()?;
    Ok(if all.len() == 1 { all.remove(0) } else { Criterion::And(all) })
}

struct Reader {
    /// How many more may come.
    left: usize,
}

impl Reader {
    fn one(&mut self, input: &mut Input<'_>, depth: usize) -> Result<Criterion, Wrong> {
        self.left = self.left.checked_sub(1).ok_or("there are too many criteria")?;
        if depth > SEARCH_DEPTH_MAX {
            return Err("the criteria nest too deep");
        }
        match input.peek() {
            Some(b'(') => {
                let all = input.list(|input| self.one(input, depth + 1))?;
                if all.is_empty() {
                    Err("a criterion was expected")
                } else {
                    Ok(Criterion::And(all))
                }
            }
            Some(b'$' | b'*' | b'0'..=b'9') => Written::read(input).map(Criterion::Numbers),
            _ => {
                let name = input.run(is_atom).to_ascii_uppercase();
                let name = String::from_utf8(name).map_err(|_| UNKNOWN)?;
                self.named(&name, input, depth)
            }
        }
    }

    fn named(
        &mut self,
        name: &str,
        input: &mut Input<'_>,
        depth: usize,
    ) -> Result<Criterion, Wrong> {
        let not = |it| Criterion::Not(Box::new(it));
        if let Some((_, bit)) = FLAGS.iter().find(|row| row.0 == name) {
            return Ok(Criterion::Flag(*bit));
        }
        let un = name.strip_prefix("UN").unwrap_or_default();
        if let Some((_, bit)) = FLAGS.iter().find(|row| row.0 == un) {
            return Ok(not(Criterion::Flag(*bit)));
        }
        if let Some((_, field)) = FIELDS.iter().find(|row| row.0 == name) {
            return Ok(Criterion::Header((*field).to_owned(), argument(input)?));
        }
        if let Some(day) = day(name, input)? {
            return Ok(day);
        }
        match name {
            "ALL" => Ok(Criterion::All),
            "BODY" => argument(input).map(Criterion::Body),
            "EMAILID" => argument(input).map(Criterion::EmailId),
            "HEADER" => Ok(Criterion::Header(argument(input)?, argument(input)?)),
            "KEYWORD" => argument(input).map(Criterion::Keyword),
            "LARGER" => number(input).map(Criterion::Larger),
            "MODSEQ" => mod_seq(input),
            "NEW" => Ok(Criterion::And(vec![Criterion::Recent, not(Criterion::Flag(SEEN))])),
            "NOT" => {
                input.space()?;
                self.one(input, depth + 1).map(not)
            }
            "OLD" => Ok(not(Criterion::Recent)),
            "OLDER" => seconds(input).map(|it| not(Criterion::Younger(it))),
            "OR" => {
                input.space()?;
                let one = self.one(input, depth + 1)?;
                input.space()?;
                let other = self.one(input, depth + 1)?;
                Ok(Criterion::Or(Box::new(one), Box::new(other)))
            }
            "RECENT" => Ok(Criterion::Recent),
            "SAVEDATESUPPORTED" => Ok(Criterion::All),
            "SMALLER" => number(input).map(Criterion::Smaller),
            "TEXT" => argument(input).map(Criterion::Text),
            "THREADID" => argument(input).map(Criterion::ThreadId),
            "UID" => {
                input.space()?;
                Written::read(input).map(Criterion::Uids)
            }
            "UNKEYWORD" => argument(input).map(|it| not(Criterion::Keyword(it))),
            "YOUNGER" => seconds(input).map(Criterion::Younger),
            _ => Err(UNKNOWN),
        }
    }
}

const UNKNOWN: Wrong = "there is no such criterion";

fn argument(input: &mut Input<'_>) -> Result<String, Wrong> {
    input.space()?;
    input.text()
}

fn number(input: &mut Input<'_>) -> Result<u64, Wrong> {
    input.space()?;
    input.number64()
}

fn seconds(input: &mut Input<'_>) -> Result<u32, Wrong> {
    input.space()?;
    match input.number()? {
        0 => Err("a number of seconds is at least 1"),
        seconds => Ok(seconds),
    }
}

/// `BEFORE`, `ON` and `SINCE` of each date.
fn day(name: &str, input: &mut Input<'_>) -> Result<Option<Criterion>, Wrong> {
    for (prefix, which) in DAYS {
        let Some(relation) = name.strip_prefix(prefix) else { continue };
        let range = |day: i64| match relation {
            "BEFORE" => (None, Some(day)),
            "ON" => (Some(day), Some(day + 1)),
            _ => (Some(day), None),
        };
        if matches!(relation, "BEFORE" | "ON" | "SINCE") {
            input.space()?;
            let (from, before) = range(input.date()?);
            return Ok(Some(Criterion::Day(which, from, before)));
        }
    }
    Ok(None)
}

/// `MODSEQ [entry-name SP entry-type SP] n`: there is one number for all that changes.
fn mod_seq(input: &mut Input<'_>) -> Result<Criterion, Wrong> {
    input.space()?;
    if input.peek() == Some(b'"') {
        input.string()?;
        input.space()?;
        input.atom()?;
        input.space()?;
    }
    input.number64().map(Criterion::ModSeq)
}

#[cfg(test)]
mod tests {
    use super::super::input::Part;
    use super::*;

    fn read(text: &str) -> Result<Criterion, Wrong> {
        let parts = [Part::Text(text.as_bytes().to_vec())];
        criteria(&mut Input::new(&parts))
    }

    #[test]
    fn criteria_of_all_kinds() {
        let header = |name: &str, text: &str| Criterion::Header(name.into(), text.into());
        let not = |it| Criterion::Not(Box::new(it));
        for (text, expected) in [
            ("all", Criterion::All),
            ("UNSEEN", not(Criterion::Flag(SEEN))),
            ("FROM \"a b\"", header("From", "a b")),
            ("HEADER Message-ID <x>", header("Message-ID", "<x>")),
            ("SINCE 2-Jan-1970", Criterion::Day(Which::Received, Some(1), None)),
            ("SENTON 2-Jan-1970", Criterion::Day(Which::Sent, Some(1), Some(2))),
            ("SAVEDBEFORE 2-Jan-1970", Criterion::Day(Which::Saved, None, Some(1))),
            ("OLDER 60", not(Criterion::Younger(60))),
            ("MODSEQ \"/flags/\\\\draft\" all 620162338", Criterion::ModSeq(620_162_338)),
            ("UNKEYWORD $Junk", not(Criterion::Keyword("$Junk".into()))),
            ("$", Criterion::Numbers(Written::Saved)),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        let or = read("OR (SEEN DELETED) NOT 1:3 LARGER 5").unwrap();
        let Criterion::And(all) = or else { panic!() };
        assert!(matches!(all.as_slice(), [Criterion::Or(..), Criterion::Larger(5)]));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for wrong in
            ["", "FOO", "FROM", "OR SEEN", "NOT", "()", "(SEEN", "UID", "YOUNGER 0", "UN", "ALL)"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(&"NOT ".repeat(SEARCH_DEPTH_MAX + 2)).is_err());
        assert!(read(&format!("{}ALL", "ALL ".repeat(SEARCH_CRITERIA_MAX))).is_err());
        assert!(read(&format!("{}ALL", "NOT ".repeat(SEARCH_DEPTH_MAX))).is_ok());
    }
}
