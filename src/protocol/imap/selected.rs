//! Commands on the selected mailbox but FETCH and SEARCH.
//!
//! Invariant: what a mailbox selected by EXAMINE holds is not changed by way of it. Standard: RFC 9051
//! §6.3.2 and §6.4, RFC 4315 (`UIDPLUS`), RFC 6851 (`MOVE`), RFC 7162 (`CONDSTORE`).

use super::answer;
use super::command::Name;
use super::mailboxes::mod_seq;
use super::sequence::{Set, Written};
use super::session::{End, Selected, Session, Told, ok};
use crate::domain::collection::Access;
use crate::domain::mail::change::{self, Flags, How};
use crate::domain::mail::flag::{DELETED, Keywords, SEEN};
use crate::domain::mail::mailbox::{self, Address};
use crate::domain::mail::message;
use crate::domain::mail::view::View;
use crate::kernel::change::ChangeNumber;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::privilege::Privilege;
use std::io;

/// A message that a command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its number.
    pub number: u32,
    /// Its UID.
    pub uid: u32,
    /// Whether it is there still.
    pub there: bool,
}

/// What `STORE` does to flags.
#[derive(Clone, Debug)]
pub struct Change {
    /// What becomes of them.
    pub how: How,
    /// Their names.
    pub flags: Vec<String>,
    /// Whether the client does not want to be told.
    pub silent: bool,
    /// Only of messages that have not changed after this number.
    pub unchanged_since: Option<u64>,
}

/// What a mailbox's messages may have.
pub(super) fn flags_line(keywords: &Keywords, examine: bool) -> String {
    let all = answer::flags(-1, keywords);
    let inside = all.trim_start_matches('(').trim_end_matches(')');
    match examine {
        true => format!("* FLAGS {all}\r\n* OK [PERMANENTFLAGS ()] nothing can be changed\r\n"),
        false => format!("* FLAGS {all}\r\n* OK [PERMANENTFLAGS ({inside} \\*)] these stay\r\n"),
    }
}

impl Selected {
    /// The messages that a command names, in their order.
    ///
    /// # Errors
    /// What is wrong, for a number that no message has.
    pub fn targets(&self, set: &Written, uid: bool) -> Result<Vec<Target>, &'static str> {
        let view = &self.view;
        let uids = match (set, uid) {
            (Written::Saved, _) => self.saved.clone(),
            (Written::Ranges(ranges), true) => Set::resolve(ranges, view.last_uid()),
            (Written::Ranges(ranges), false) => return numbered(view, ranges),
        };
        let mut found = Vec::new();
        for (first, last) in uids.ranges() {
            let (mut number, _) = view.number(*first);
            while let Some((message, there)) = view.get(number).filter(|(it, _)| it.uid <= *last) {
                found.push(Target { number, uid: message.uid, there });
                number += 1;
            }
        }
        Ok(found)
    }
}

fn numbered(
    view: &View,
    ranges: &[(Option<u32>, Option<u32>)],
) -> Result<Vec<Target>, &'static str> {
    let len = view.len();
    let set = Set::resolve(ranges, len);
    if set.ranges().last().is_some_and(|(_, last)| *last > len) {
        return Err("no message has this number");
    }
    let numbers = set.ranges().iter().flat_map(|(first, last)| *first..=*last);
    let target = |number| {
        let (message, there) = view.get(number)?;
        Some(Target { number, uid: message.uid, there })
    };
    Ok(numbers.filter_map(target).collect())
}

impl Session {
    /// The messages that a command names, or how it ends.
    pub(super) fn targets(&self, (set, uid): (&Written, bool)) -> Result<Vec<Target>, End> {
        let selected = self.selected.as_ref().ok_or(End::Over)?;
        let found = selected.targets(set, uid);
        found.map_err(|wrong| End::Tagged(format!("BAD {wrong}")))
    }

    /// Who acts, and the selected mailbox.
    pub(super) fn here(&self) -> Outcome<(Access, Address)> {
        let access = self.access().ok_or_else(|| Fault::internal("nobody has signed in"))?;
        let selected = self.selected.as_ref().ok_or_else(|| Fault::internal("nothing selected"))?;
        Ok((access, Address::from(&selected.seen)))
    }

    /// How a command ends that changes a mailbox that is only looked at; none: it may.
    fn read_only(&self) -> Option<End> {
        let examine = self.selected.as_ref().is_some_and(|selected| selected.examine);
        examine.then(|| End::Tagged("NO [READ-ONLY] the mailbox is only looked at".to_owned()))
    }

    pub(super) async fn select(&mut self, written: &Name, examine: bool) -> io::Result<End> {
        if self.selected.take().is_some() && self.enabled.rev2 {
            self.say("* OK [CLOSED] the mailbox before").await?;
        }
        let look = async {
            let (access, place) = self.at(written)?;
            self.service.hub.look(&access, &place).await
        };
        let seen = match look.await {
            Ok(seen) => seen,
            Err(fault) => return Ok(self.outcome(Err(fault))),
        };
        let examine = examine || !seen.rights.has(Privilege::WriteContent);
        let (validity, highest) = (seen.validity(), mod_seq(&seen));
        let mut lines = flags_line(&seen.keywords(), examine);
        lines.push_str(&format!("* {} EXISTS\r\n", seen.snapshot.len()));
        if !self.enabled.rev2 {
            lines.push_str("* 0 RECENT\r\n");
            let unseen = seen.snapshot.iter().position(|it| it.flags & SEEN == 0);
            if let Some(place) = unseen {
                lines.push_str(&format!("* OK [UNSEEN {}] the first\r\n", place + 1));
            }
        }
        lines.push_str(&format!(
            "* OK [UIDVALIDITY {validity}] they stay\r\n* OK [UIDNEXT {}] the next\r\n\
             * OK [HIGHESTMODSEQ {highest}] the last change\r\n* OK [MAILBOXID (M{validity})] its name\r\n",
            seen.snapshot.uid_next
        ));
        let mut lines = lines.into_bytes();
        if self.enabled.rev2 {
            lines.extend_from_slice(b"* LIST () \"/\" ");
            answer::mailbox(mailbox::name(&seen.place), self.enabled, &mut lines);
            lines.extend_from_slice(b"\r\n");
        }
        self.wire.write(&lines).await?;
        let view = View::new(seen.snapshot.clone());
        self.selected = Some(Selected { seen, view, examine, saved: Set::default() });
        let mode = if examine { "READ-ONLY" } else { "READ-WRITE" };
        Ok(ok(&format!("[{mode}] selected")))
    }

    /// `CLOSE` and `UNSELECT`.
    pub(super) async fn close(&mut self, expunges: bool) -> io::Result<End> {
        let mut done = Ok(ok("closed"));
        if expunges && self.read_only().is_none() {
            done = self.expunge_marked(None).await.map(|()| ok("closed"));
        }
        self.selected = None;
        Ok(self.outcome(done))
    }

    pub(super) async fn expunge(&mut self, set: Option<Written>) -> io::Result<End> {
        if let Some(end) = self.read_only() {
            return Ok(end);
        }
        let among = match set {
            None => None,
            Some(set) => match self.targets((&set, true)) {
                Ok(targets) => Some(targets),
                Err(end) => return Ok(end),
            },
        };
        let done = self.expunge_marked(among).await.map(|()| ok("done"));
        Ok(self.outcome(done))
    }

    /// Expunges what is marked as deleted, also since the session was told last.
    async fn expunge_marked(&self, among: Option<Vec<Target>>) -> Outcome<()> {
        let (access, address) = self.here()?;
        let selected = self.selected.as_ref().ok_or_else(|| Fault::internal("nothing selected"))?;
        let now = self.service.hub.look(&access, &selected.seen).await?;
        let marked = now.snapshot.iter().filter(|it| it.flags & DELETED != 0).map(|it| it.uid);
        let marked: Vec<u32> = match among {
            None => marked.collect(),
            Some(among) => {
                let among = Set::of(among.iter().map(|target| target.uid));
                marked.filter(|uid| among.contains(*uid)).collect()
            }
        };
        if marked.is_empty() {
            return Ok(());
        }
        message::expunge(&access, address, marked).await.map(drop)
    }

    pub(super) async fn store(
        &mut self,
        (set, uid): (Written, bool),
        change: Change,
        told: &mut Told,
    ) -> io::Result<End> {
        if let Some(end) = self.read_only() {
            return Ok(end);
        }
        let targets = match self.targets((&set, uid)) {
            Ok(targets) => targets,
            Err(end) => return Ok(end),
        };
        self.enabled.condstore |= change.unchanged_since.is_some();
        let unchanged_since = change.unchanged_since.map(|number| ChangeNumber(number as i64));
        let names = change.flags.into_iter().filter(|name| !name.eq_ignore_ascii_case("\\Recent"));
        let names = names.collect();
        let uids = targets.iter().filter(|it| it.there).map(|it| it.uid).collect();
        let flags = Flags { uids, how: change.how, names, unchanged_since };
        let done = async {
            let (access, address) = self.here()?;
            change::flags(&access, address, flags).await
        };
        let done = match done.await {
            Ok(done) => done,
            Err(fault) => return Ok(self.outcome(Err(fault))),
        };
        let mut lines = String::new();
        if let Some(selected) = &mut self.selected
            && selected.seen.mailbox.keywords != done.keywords.stored()
        {
            selected.seen.mailbox.keywords = done.keywords.stored();
            lines.push_str(&flags_line(&done.keywords, selected.examine));
        }
        let condstore = self.enabled.condstore;
        // Both go up by UID.
        let (left_alone, mut messages) =
            (Set::of(done.refused.iter().copied()), done.messages.iter().peekable());
        for target in targets.iter().filter(|it| !left_alone.contains(it.uid)) {
            let Some(it) = messages.next_if(|it| it.uid == target.uid) else { continue };
            told.insert(it.uid, it.change);
            if change.silent && !condstore {
                continue;
            }
            lines.push_str(&format!("* {} FETCH (UID {}", target.number, it.uid));
            if !change.silent {
                lines.push_str(&format!(" FLAGS {}", answer::flags(it.flags, &done.keywords)));
            }
            if condstore {
                lines.push_str(&format!(" MODSEQ ({})", it.change.0));
            }
            lines.push_str(")\r\n");
        }
        self.wire.write(lines.as_bytes()).await?;
        let refused = targets.iter().filter(|it| left_alone.contains(it.uid));
        let refused = Set::of(refused.map(|it| if uid { it.uid } else { it.number }));
        Ok(match (refused.is_empty(), targets.iter().all(|it| it.there)) {
            (false, _) => ok(&format!("[MODIFIED {refused}] others changed meanwhile")),
            (true, true) => ok("done"),
            (true, false) => ok("[EXPUNGEISSUED] done, but some are gone"),
        })
    }

    pub(super) async fn copy(
        &mut self,
        (set, uid): (Written, bool),
        to: &Name,
        moves: bool,
    ) -> io::Result<End> {
        if let Some(end) = self.read_only().filter(|_| moves) {
            return Ok(end);
        }
        let targets = match self.targets((&set, uid)) {
            Ok(targets) => targets,
            Err(end) => return Ok(end),
        };
        let uids: Vec<u32> = targets.iter().filter(|it| it.there).map(|it| it.uid).collect();
        let done = async {
            let (access, from) = self.here()?;
            let (_, to) = self.at(to)?;
            change::copy(&access, (from, &to), uids, moves).await
        };
        let copied = match done.await {
            Ok(copied) => copied,
            Err(fault) => return Ok(self.outcome(Err(fault))),
        };
        if copied.uids.is_empty() {
            return Ok(ok("there was nothing to do"));
        }
        let from = Set::of(copied.uids.iter().map(|(uid, _)| *uid));
        let to = Set::of(copied.uids.iter().map(|(_, uid)| *uid));
        let code = format!("[COPYUID {} {from} {to}]", copied.validity);
        if moves {
            self.say(&format!("* OK {code} moved")).await?;
            return Ok(ok("done"));
        }
        Ok(ok(&format!("{code} copied")))
    }
}
