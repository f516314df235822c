//! `FETCH`: what messages are.
//!
//! Invariant: octets are sent as they are stored and sizes are those of what is sent; what is beyond the
//! end of something is an empty string, for a literal of no octets makes a program of Apple's wait.
//! Standard: RFC 9051 §6.4.5 and §7.5.2, RFC 3516.

use super::answer;
use super::attribute::{Attribute, Numbers, Of, Section};
use super::selected::Target;
use super::sequence::Written;
use super::session::{End, Session, Told, ok};
use crate::domain::collection::Body;
use crate::domain::mail::Message;
use crate::domain::mail::change::{self, Flags, How};
use crate::domain::mail::flag::{Keywords, SEEN};
use crate::domain::mail::message;
use crate::format::mail::envelope::Envelope;
use crate::format::mail::section::{Piece, pick};
use crate::format::mail::transfer::Transfer;
use crate::format::mail::{Structure, wire};
use crate::kernel::change::ChangeNumber;
use crate::kernel::fault::Outcome;
use crate::kernel::limits::CONTENTS_BATCH;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

/// How an item could not be told.
const UNKNOWN_CTE: &str = "NO [UNKNOWN-CTE] a part is encoded in a way that nobody knows";

impl Session {
    pub(super) async fn fetch(
        &mut self,
        (set, uid): (Written, bool),
        attributes: &[Attribute],
        since: Option<u64>,
        told: &mut Told,
    ) -> io::Result<End> {
        let mut targets = match self.targets((&set, uid)) {
            Ok(targets) => targets,
            Err(end) => return Ok(end),
        };
        let mut attributes = attributes.to_vec();
        if uid && !attributes.contains(&Attribute::Uid) {
            attributes.insert(0, Attribute::Uid);
        }
        if since.is_some() && !attributes.contains(&Attribute::ModSeq) {
            attributes.push(Attribute::ModSeq);
        }
        self.enabled.condstore |= attributes.contains(&Attribute::ModSeq);
        let mut gone = targets.iter().any(|target| !target.there);
        targets.retain(|target| target.there);
        if let (Some(since), Some(selected)) = (since, &self.selected) {
            let changed = |target: &Target| {
                selected.view.get(target.number).is_some_and(|(it, _)| it.change.0 as u64 > since)
            };
            targets.retain(changed);
        }
        let seen = match self.mark_seen(&targets, &attributes).await {
            Ok(seen) => seen,
            Err(fault) => return Ok(self.outcome(Err(fault))),
        };
        told.extend(seen.iter().map(|(uid, (_, change))| (*uid, *change)));
        if !seen.is_empty() && !attributes.contains(&Attribute::Flags) {
            attributes.push(Attribute::Flags);
        }
        let needs_content = attributes.iter().any(needs_content);
        let (mut out, mut unknown) = (Vec::new(), false);
        let keywords = self.selected.as_ref().map(|it| it.seen.keywords()).unwrap_or_default();
        for batch in targets.chunks(CONTENTS_BATCH) {
            let mut bodies = Vec::new();
            if needs_content {
                bodies = match self.contents(batch.iter().map(|target| target.uid)).await {
                    Ok(bodies) => bodies,
                    Err(fault) => return Ok(self.outcome(Err(fault))),
                };
            }
            // Both go up by UID.
            let mut bodies = bodies.into_iter().peekable();
            for target in batch {
                let Some(selected) = &self.selected else { return Ok(End::Over) };
                let Some((message, _)) = selected.view.get(target.number) else { continue };
                let mut message = message.clone();
                if let Some((flags, change)) = seen.get(&target.uid) {
                    (message.flags, message.change) = (*flags, *change);
                }
                let mut octets = Cow::default();
                let body = bodies.next_if(|(it, _)| it.uid == target.uid);
                match &body {
                    Some((_, body)) => match body.octets() {
                        Ok(read) => octets = read,
                        Err(fault) => return Ok(self.outcome(Err(fault))),
                    },
                    None if needs_content => {
                        gone = true;
                        continue;
                    }
                    None => {}
                }
                out.clear();
                out.extend_from_slice(format!("* {} FETCH (", target.number).as_bytes());
                unknown |=
                    !About::new(&message, &keywords, &octets).tell_all(&attributes, &mut out);
                out.extend_from_slice(b")\r\n");
                self.wire.write(&out).await?;
            }
        }
        Ok(match (unknown, gone) {
            (true, _) => End::Tagged(UNKNOWN_CTE.to_owned()),
            (false, true) => ok("[EXPUNGEISSUED] that is all; some are gone"),
            (false, false) => ok("that is all"),
        })
    }

    /// Those of the messages of the selected mailbox that are there with their octets, by their UIDs.
    pub(super) async fn contents(
        &self,
        uids: impl Iterator<Item = u32>,
    ) -> Outcome<Vec<(Message, Body)>> {
        let (access, address) = self.here()?;
        message::contents(&access, address, uids.collect()).await
    }

    /// Marks messages as seen whose octets are asked for; gives the flags and numbers of those that were
    /// not.
    async fn mark_seen(
        &self,
        targets: &[Target],
        attributes: &[Attribute],
    ) -> Outcome<HashMap<u32, (i64, ChangeNumber)>> {
        let Some(selected) = self.selected.as_ref().filter(|it| !it.examine) else {
            return Ok(HashMap::new());
        };
        if !attributes.iter().any(marks_seen) {
            return Ok(HashMap::new());
        }
        let unseen = |target: &&Target| {
            selected.view.get(target.number).is_some_and(|(it, _)| it.flags & SEEN == 0)
        };
        let uids: Vec<u32> = targets.iter().filter(unseen).map(|target| target.uid).collect();
        if uids.is_empty() {
            return Ok(HashMap::new());
        }
        let (access, address) = self.here()?;
        let names = vec!["\\Seen".to_owned()];
        let flags = Flags { uids, how: How::Add, names, unchanged_since: None };
        let done = change::flags(&access, address, flags).await?;
        Ok(done.messages.into_iter().map(|it| (it.uid, (it.flags, it.change))).collect())
    }
}

fn needs_content(attribute: &Attribute) -> bool {
    matches!(
        attribute,
        Attribute::Body
            | Attribute::BodyStructure
            | Attribute::Envelope
            | Attribute::Old(..)
            | Attribute::Section { .. }
            | Attribute::Binary { .. }
            | Attribute::BinarySize(_)
    )
}

fn marks_seen(attribute: &Attribute) -> bool {
    match attribute {
        Attribute::Old(_, piece) => *piece != Piece::Header,
        Attribute::Section { peek, .. } | Attribute::Binary { peek, .. } => !peek,
        _ => false,
    }
}

/// A message about to be told.
struct About<'m> {
    message: &'m Message,
    keywords: &'m Keywords,
    octets: &'m [u8],
    structure: Structure<'m>,
}

impl<'m> About<'m> {
    fn new(message: &'m Message, keywords: &'m Keywords, octets: &'m [u8]) -> Self {
        Self { message, keywords, octets, structure: Structure::read(octets) }
    }

    fn header(&self) -> &'m [u8] {
        let range = self.structure.section(&[], Piece::Header).unwrap_or_default();
        self.octets.get(range).unwrap_or_default()
    }

    /// Writes items; gives whether all of them could be told.
    fn tell_all(&self, attributes: &[Attribute], out: &mut Vec<u8>) -> bool {
        let mut good = true;
        for (n, attribute) in attributes.iter().enumerate() {
            out.extend((n > 0).then_some(b' '));
            good &= self.tell(attribute, out);
        }
        good
    }

    /// Writes an item; gives whether that could be done.
    fn tell(&self, attribute: &Attribute, out: &mut Vec<u8>) -> bool {
        let it = self.message;
        let text = match attribute {
            Attribute::Flags => format!("FLAGS {}", answer::flags(it.flags, self.keywords)),
            Attribute::InternalDate => {
                format!("INTERNALDATE \"{}\"", it.received_at.imap_date())
            }
            Attribute::Size => format!("RFC822.SIZE {}", it.size),
            Attribute::Uid => format!("UID {}", it.uid),
            Attribute::ModSeq => format!("MODSEQ ({})", it.change.0),
            Attribute::EmailId => format!("EMAILID (E{})", it.blob.0),
            Attribute::ThreadId => "THREADID NIL".to_owned(),
            Attribute::SaveDate => format!("SAVEDATE \"{}\"", it.saved_at.imap_date()),
            Attribute::Envelope => {
                out.extend_from_slice(b"ENVELOPE ");
                wire::envelope(&Envelope::read(self.header()), out);
                return true;
            }
            Attribute::Body | Attribute::BodyStructure => {
                let extended = *attribute == Attribute::BodyStructure;
                out.extend_from_slice(if extended { b"BODYSTRUCTURE " } else { b"BODY " });
                wire::structure(self.octets, &self.structure, extended, out);
                return true;
            }
            Attribute::Old(name, piece) => {
                out.extend_from_slice(name.as_bytes());
                let range = self.structure.section(&[], *piece).unwrap_or_default();
                octets(self.octets.get(range), out);
                return true;
            }
            Attribute::Section { section, partial, .. } => {
                self.section(section, *partial, out);
                return true;
            }
            Attribute::Binary { part, partial, .. } => return self.binary(part, *partial, out),
            Attribute::BinarySize(part) => {
                let decoded = self.decoded(part);
                let size =
                    decoded.as_ref().map_or(0, |decoded| decoded.as_ref().map_or(0, Vec::len));
                let text = format!("BINARY.SIZE[{}] {size}", Numbers(part));
                out.extend_from_slice(text.as_bytes());
                return decoded.is_some();
            }
        };
        out.extend_from_slice(text.as_bytes());
        true
    }

    fn section(&self, section: &Section, partial: Option<(u64, u64)>, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("BODY[{section}]").as_bytes());
        if let Some((from, _)) = partial {
            out.extend_from_slice(format!("<{from}>").as_bytes());
        }
        let mut picked = Vec::new();
        let found = match &section.of {
            Of::Piece(piece) => {
                let range = self.structure.section(&section.part, *piece);
                range.and_then(|range| self.octets.get(range))
            }
            Of::Fields(names, not) => {
                let range = self.structure.section(&section.part, Piece::Header);
                range.and_then(|range| self.octets.get(range)).map(|header| {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    pick(header, &names, *not, &mut picked);
                    picked.as_slice()
                })
            }
        };
        octets(found.map(|found| part_of(found, partial)), out);
    }

    /// A part decoded; none if it cannot be, and none inside if it is not there.
    fn decoded(&self, part: &[u32]) -> Option<Option<Vec<u8>>> {
        let Some(place) = self.structure.find(part) else { return Some(None) };
        let Some(found) = self.structure.part(place) else { return Some(None) };
        let range = self.structure.section(part, Piece::Body).unwrap_or_default();
        let body = self.octets.get(range).unwrap_or_default();
        match found.content.transfer() {
            _ if part.is_empty() => Some(Some(body.to_vec())),
            Transfer::Unknown => None,
            transfer => Some(Some(transfer.decode(body).into_owned())),
        }
    }

    fn binary(&self, part: &[u32], partial: Option<(u64, u64)>, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(format!("BINARY[{}]", Numbers(part)).as_bytes());
        if let Some((from, _)) = partial {
            out.extend_from_slice(format!("<{from}>").as_bytes());
        }
        let Some(decoded) = self.decoded(part) else {
            out.extend_from_slice(b" NIL");
            return false;
        };
        match decoded.as_deref().map(|decoded| part_of(decoded, partial)) {
            Some(said) if said.contains(&0) => {
                out.extend_from_slice(format!(" ~{{{}}}\r\n", said.len()).as_bytes());
                out.extend_from_slice(said);
            }
            said => octets(said, out),
        }
        true
    }
}

/// So many octets from somewhere on, as far as there are any.
fn part_of(octets: &[u8], partial: Option<(u64, u64)>) -> &[u8] {
    let Some((from, count)) = partial else { return octets };
    let place = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(octets.len());
    octets.get(place(from)..place(from.saturating_add(count))).unwrap_or_default()
}

/// Writes octets as a literal, none as `NIL`.
fn octets(said: Option<&[u8]>, out: &mut Vec<u8>) {
    match said {
        None => out.extend_from_slice(b" NIL"),
        Some(b"") => out.extend_from_slice(b" \"\""),
        Some(said) => {
            out.extend_from_slice(format!(" {{{}}}\r\n", said.len()).as_bytes());
            out.extend_from_slice(said);
        }
    }
}
