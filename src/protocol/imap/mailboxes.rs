//! Commands about mailboxes as a whole: what there is, made, removed, renamed, subscribed to.
//!
//! Invariant: INBOX is the same in any case and always there. Standard: RFC 9051 §6.3, RFC 3501 §6.3.9
//! (`LSUB`), RFC 5258, RFC 5819, RFC 6154, RFC 8438, RFC 8474.

use super::answer;
use super::command::{List, Name, STATUS_ITEMS, StatusItem};
use super::name;
use super::session::{End, Session, ok};
use crate::domain::collection::copy_move::{Verb, copy_or_move};
use crate::domain::collection::{Access, Guard, Place};
use crate::domain::mail::flag::{DELETED, SEEN};
use crate::domain::mail::hub::Seen;
use crate::domain::mail::mailbox::{self, INBOX, SPECIAL_USE, View};
use crate::domain::mail::{change, message};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::LIST_PATTERN_MAX;
use std::collections::BTreeSet;
use std::io;

/// The names of a selection, and what is known of them.
struct Names {
    views: Vec<View>,
    subscribed: BTreeSet<String>,
}

impl Names {
    fn has_children(&self, name: &str) -> bool {
        self.views.iter().any(|view| is_below(&view.name, name))
    }
}

fn is_below(name: &str, above: &str) -> bool {
    name.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

impl Session {
    /// What a name says that a client wrote; none if it can be none.
    pub(super) fn name_of(&self, written: &Name) -> Option<String> {
        let name = match self.enabled.has_utf8_names() || !written.is_ascii() {
            true => String::from_utf8(written.clone()).ok()?,
            false => name::decode(written)?,
        };
        let (first, rest) =
            name.split_once('/').map_or((name.as_str(), None), |(f, r)| (f, Some(r)));
        match (first.eq_ignore_ascii_case(INBOX), rest) {
            (false, _) => Some(name),
            (true, None) => Some(INBOX.to_owned()),
            (true, Some(rest)) => Some(format!("{INBOX}/{rest}")),
        }
    }

    /// Who acts, and the place of a mailbox.
    pub(super) fn at(&self, written: &Name) -> Outcome<(Access, Place)> {
        let access = self.access().ok_or_else(|| Fault::internal("nobody has signed in"))?;
        let name = self.name_of(written).filter(|name| !name.trim_matches('/').is_empty());
        let name = name.ok_or_else(|| Fault::malformed("this cannot be the name of a mailbox"))?;
        let place = mailbox::place(access.who.id, &access.who.name, name.trim_end_matches('/'))?;
        Ok((access, place))
    }

    pub(super) async fn create(&mut self, written: &Name, uses: &[String]) -> io::Result<End> {
        let done = async {
            let (access, place) = self.at(written)?;
            let mut special_use = 0;
            for name in uses {
                let row = SPECIAL_USE.iter().find(|row| row.0.eq_ignore_ascii_case(name));
                let Some((_, bit)) = row else {
                    let why = "NO [USEATTR] there is no such use of a mailbox".to_owned();
                    return Ok(End::Tagged(why));
                };
                special_use |= bit;
            }
            match mailbox::ensure(&access, &place, special_use).await? {
                Some(id) => Ok(ok(&format!("[MAILBOXID (M{id})] made"))),
                None => Err(Refusal::Exists.into()),
            }
        };
        let done = done.await;
        Ok(self.outcome(done))
    }

    pub(super) async fn delete(&mut self, written: &Name) -> io::Result<End> {
        let done = async {
            let (access, place) = self.at(written)?;
            Ok(match mailbox::remove(&access, &place).await? {
                true => ok("removed"),
                false => End::Tagged("NO [HASCHILDREN] there are mailboxes in it".to_owned()),
            })
        };
        let done = done.await;
        let mine = self.selected.as_ref().map(|it| it.seen.place.path.clone());
        if done == Ok(ok("removed")) && mine == self.at(written).ok().map(|(_, place)| place.path) {
            self.selected = None;
        }
        Ok(self.outcome(done))
    }

    pub(super) async fn rename(&mut self, from: &Name, to: &Name) -> io::Result<End> {
        let done = async {
            let (access, from) = self.at(from)?;
            let (_, to) = self.at(to)?;
            if let Some((above, _)) =
                to.path.rsplit_once('/').filter(|(above, _)| above.contains('/'))
            {
                if from.path == above || above.starts_with(&format!("{}/", from.path)) {
                    return Err(Refusal::SameResource.into());
                }
                mailbox::ensure(&access, &to.at(above, true), 0).await?;
            }
            if mailbox::name(&from) == INBOX {
                // RFC 9051 §6.3.6: its messages move, and it stays.
                if mailbox::ensure(&access, &to, 0).await?.is_none() {
                    return Err(Refusal::Exists.into());
                }
                let (_, all) = message::all(&access, &from).await?;
                let uids = all.iter().map(|it| it.uid).collect();
                change::copy(&access, (&from, &to), uids, true).await?;
                return Ok(ok("its messages have moved"));
            }
            // A name that nobody has is told before one that somebody has.
            self.service.hub.look(&access, &from).await?;
            match copy_or_move(&access, &from, &to, Verb::Move, false, Guard::default()).await {
                Err(Fault::Refused(Refusal::ConditionFailed)) => Err(Refusal::Exists.into()),
                moved => moved.map(|_| ok("renamed")),
            }
        };
        let done = done.await;
        Ok(self.outcome(done))
    }

    pub(super) async fn subscribe(&mut self, written: &Name, listed: bool) -> io::Result<End> {
        let done = async {
            let (access, place) = self.at(written)?;
            if listed {
                self.service.hub.look(&access, &place).await?;
            }
            mailbox::subscribe(&access, mailbox::name(&place), listed).await?;
            Ok(ok("done"))
        };
        let done = done.await;
        Ok(self.outcome(done))
    }

    async fn names(&self, access: &Access) -> Outcome<Names> {
        let views = mailbox::all(access, access.who.id).await?;
        let subscribed = mailbox::subscriptions(access).await?.into_iter().collect();
        Ok(Names { views, subscribed })
    }

    pub(super) async fn list(&mut self, asked: List) -> io::Result<End> {
        let Some(access) = self.access() else { return Ok(End::Over) };
        if let [pattern] = asked.patterns.as_slice()
            && pattern.is_empty()
        {
            let verb = if asked.lsub { "LSUB" } else { "LIST" };
            self.say(&format!("* {verb} (\\Noselect) \"/\" \"\"")).await?;
            return Ok(ok("that is all"));
        }
        let mut patterns = Vec::new();
        for pattern in &asked.patterns {
            let whole = [asked.reference.as_slice(), pattern].concat();
            let Some(name) = self.name_of(&whole).filter(|name| name.len() <= LIST_PATTERN_MAX)
            else {
                return Ok(End::Tagged("BAD this cannot be a pattern of names".to_owned()));
            };
            patterns.push(name);
        }
        let names = match self.names(&access).await {
            Ok(names) => names,
            Err(fault) => return Ok(self.outcome(Err(fault))),
        };
        for entry in entries(&names, &asked, &patterns) {
            let verb = if asked.lsub { "LSUB" } else { "LIST" };
            let attributes = entry.attributes.join(" ");
            let mut line = format!("* {verb} ({attributes}) \"/\" ").into_bytes();
            answer::mailbox(&entry.name, self.enabled, &mut line);
            if entry.child_info {
                line.extend_from_slice(b" (\"CHILDINFO\" (\"SUBSCRIBED\"))");
            }
            line.extend_from_slice(b"\r\n");
            self.wire.write(&line).await?;
            if !asked.status.is_empty() && entry.there {
                let place = mailbox::place(access.who.id, &access.who.name, &entry.name);
                if let Ok(place) = place
                    && let Ok(seen) = self.service.hub.look(&access, &place).await
                {
                    let line = self.status_line(&entry.name, &seen, &asked.status);
                    self.wire.write(&line).await?;
                }
            }
        }
        Ok(ok("that is all"))
    }

    pub(super) async fn status(&mut self, written: &Name, items: &[StatusItem]) -> io::Result<End> {
        let done = async {
            let (access, place) = self.at(written)?;
            let seen = self.service.hub.look(&access, &place).await?;
            Ok(self.status_line(mailbox::name(&place), &seen, items))
        };
        match done.await {
            Ok(line) => {
                self.enabled.condstore |= items.contains(&StatusItem::HighestModSeq);
                self.wire.write(&line).await?;
                Ok(ok("that is all"))
            }
            Err(fault) => Ok(self.outcome(Err(fault))),
        }
    }

    fn status_line(&self, name: &str, seen: &Seen, items: &[StatusItem]) -> Vec<u8> {
        let mut line = b"* STATUS ".to_vec();
        answer::mailbox(name, self.enabled, &mut line);
        line.extend_from_slice(b" (");
        let all = || seen.snapshot.iter();
        for (n, item) in items.iter().enumerate() {
            let number = match item {
                StatusItem::Deleted => all().filter(|it| it.flags & DELETED != 0).count() as u64,
                StatusItem::HighestModSeq => mod_seq(seen),
                StatusItem::MailboxId => seen.collection.id.0 as u64,
                StatusItem::Messages => seen.snapshot.len() as u64,
                StatusItem::Recent => 0,
                StatusItem::Size => all().map(|it| it.size).sum(),
                StatusItem::UidNext => u64::from(seen.snapshot.uid_next),
                StatusItem::UidValidity => u64::from(seen.validity()),
                StatusItem::Unseen => all().filter(|it| it.flags & SEEN == 0).count() as u64,
            };
            let word = STATUS_ITEMS.iter().find(|row| row.1 == *item).map_or("", |row| row.0);
            let blank = if n == 0 { "" } else { " " };
            let text = match item {
                StatusItem::MailboxId => format!("{blank}{word} (M{number})"),
                _ => format!("{blank}{word} {number}"),
            };
            line.extend_from_slice(text.as_bytes());
        }
        line.extend_from_slice(b")\r\n");
        line
    }
}

/// The highest number of change in a mailbox; 1 if nothing ever was (RFC 7162 §3.1.2.1).
pub(super) fn mod_seq(seen: &Seen) -> u64 {
    seen.snapshot.known.0.max(1) as u64
}

/// A line of LIST.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    attributes: Vec<&'static str>,
    /// Whether there is a mailbox.
    there: bool,
    /// Whether something below is subscribed to, which is why this is told.
    child_info: bool,
}

fn entries(names: &Names, asked: &List, patterns: &[String]) -> Vec<Entry> {
    let hit = |name: &str| patterns.iter().any(|pattern| matches(pattern, name));
    let mut all: BTreeSet<&str> = names.views.iter().map(|view| view.name.as_str()).collect();
    if asked.subscribed {
        all.extend(names.subscribed.iter().map(String::as_str));
    }
    // LSUB tells of names above what it may not tell (RFC 3501 §6.3.9).
    let above = |name: &&'_ str| asked.lsub && names.subscribed.iter().any(|it| is_below(it, name));
    let parents: BTreeSet<&str> = match asked.lsub {
        true => names
            .subscribed
            .iter()
            .flat_map(|name| name.match_indices('/').filter_map(|(at, _)| name.get(..at)))
            .collect(),
        false => BTreeSet::new(),
    };
    all.extend(parents);
    let mut entries = Vec::new();
    for name in all.into_iter().filter(|name| hit(name)) {
        let view = names.views.iter().find(|view| view.name == name);
        let subscribed = names.subscribed.contains(name);
        let special = view.map_or(0, |view| view.mailbox.special_use);
        let selected = (!asked.subscribed || subscribed) && (!asked.special_use || special != 0);
        let below = |it: &String| is_below(it, name) && !hit(it);
        let child_info = asked.recursive && asked.subscribed && names.subscribed.iter().any(below);
        if !selected && !child_info && !above(&name) {
            continue;
        }
        let mut attributes = Vec::new();
        if asked.lsub && !subscribed {
            attributes.push("\\Noselect");
        }
        match view {
            Some(_) if names.has_children(name) => attributes.push("\\HasChildren"),
            Some(_) => attributes.push("\\HasNoChildren"),
            None if !asked.lsub => attributes.push("\\NonExistent"),
            None => {}
        }
        if subscribed && (asked.subscribed || asked.tell_subscribed) && !asked.lsub {
            attributes.push("\\Subscribed");
        }
        attributes.extend(SPECIAL_USE.iter().filter(|row| special & row.1 != 0).map(|row| row.0));
        let there = view.is_some();
        entries.push(Entry { name: name.to_owned(), attributes, there, child_info });
    }
    entries
}

/// Whether a name is what a pattern means: `*` is anything, `%` anything without `/`.
fn matches(pattern: &str, name: &str) -> bool {
    let name = name.as_bytes();
    // Which beginnings of the name the beginning of the pattern means.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for octet in pattern.bytes() {
        match octet {
            b'*' | b'%' => {
                for at in 0..name.len() {
                    if reached[at] && (octet == b'*' || name[at] != b'/') {
                        reached[at + 1] = true;
                    }
                }
            }
            octet => {
                for at in (0..name.len()).rev() {
                    reached[at + 1] = reached[at] && name[at] == octet;
                }
                reached[0] = false;
            }
        }
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_names() {
        for (pattern, name, is) in [
            ("*", "a/b", true),
            ("%", "a", true),
            ("%", "a/b", false),
            ("a/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("a*c", "a/b/c", true),
            ("%/%", "a/b", true),
            ("INBOX", "INBOX", true),
            ("", "a", false),
            ("a", "ab", false),
            ("a%b*", "axb/c", true),
            ("**%%*", "x/y", true),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
    }
}
