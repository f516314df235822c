//! One session: its commands in their order, and what it is told beside their answers.
//!
//! Invariant: what changed is told after each command, before its end; that messages are gone only
//! after commands that do not name messages by number (RFC 9051 §7.5.1).

use super::answer::{self, refusal};
use super::capability::{Enabled, capabilities};
use super::command::{self, Command};
use super::input::Input;
use super::reader::{self, Came};
use super::sequence::Set;
use super::service::Service;
use crate::domain::collection::{Access, Content};
use crate::domain::directory::Principal;
use crate::domain::directory::login::may_go_on;
use crate::domain::mail::hub::Seen;
use crate::domain::mail::view::View;
use crate::kernel::change::ChangeNumber;
use crate::kernel::clock;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::{IMAP_IDLE_SECONDS, SIGN_IN_SECONDS};
use crate::protocol::net::{Line, Wire};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Serves a connection until it ends.
///
/// # Errors
/// When it breaks.
pub async fn serve(service: Arc<Service>, wire: Wire) -> io::Result<()> {
    let (who, selected, enabled, failures) = (None, None, Enabled::default(), 0);
    let mut session = Session { service, wire, who, selected, enabled, failures };
    let result = session.run().await;
    session.wire.close().await;
    result
}

/// A session.
pub struct Session {
    pub(super) service: Arc<Service>,
    pub(super) wire: Wire,
    /// Who has signed in.
    pub(super) who: Option<Principal>,
    pub(super) selected: Option<Selected>,
    pub(super) enabled: Enabled,
    /// How often it could not sign in.
    pub(super) failures: u32,
}

/// A selected mailbox.
pub struct Selected {
    /// The mailbox as it was seen last.
    pub seen: Seen,
    /// Its messages as the session numbers them.
    pub view: View,
    /// Whether nothing may be changed.
    pub examine: bool,
    /// The UIDs that a search saved (`$`).
    pub saved: Set,
}

/// How a command ends.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// With this behind the tag.
    Tagged(String),
    /// It has said so itself.
    Quiet,
    /// With this behind the tag, and no more commands.
    Last(String),
    /// The connection is over.
    Over,
}

/// The end of a command that went well.
pub fn ok(said: &str) -> End {
    End::Tagged(format!("OK {said}"))
}

/// The numbers of change that a command has told by itself.
pub type Told = HashMap<u32, ChangeNumber>;

impl Session {
    async fn run(&mut self) -> io::Result<()> {
        let names = self.capabilities();
        self.say(&format!("* OK [CAPABILITY {names}] Davenport is ready")).await?;
        loop {
            let (known, patience) = (self.who.is_some(), self.patience());
            let came = reader::read(&mut self.wire, &self.service.store, known, patience).await?;
            let end = match came {
                Came::Command(parts, aside) => {
                    let mut input = Input::new(&parts);
                    let Some(tag) = command::tag(&mut input).map(str::to_owned) else {
                        self.say("* BAD a command begins with a tag").await?;
                        continue;
                    };
                    let end = self.act(&tag, input, aside).await?;
                    self.end(&tag, end).await?
                }
                Came::Refused(tag, why) => {
                    self.say(&format!("{tag} {why}")).await?;
                    true
                }
                Came::End(line) => {
                    let why = match line {
                        Line::Idle => "nothing came for too long",
                        Line::Stopping => "[UNAVAILABLE] the server stops; connect again",
                        Line::TooLong => "what came is too long",
                        Line::Closed | Line::Text(_) => return Ok(()),
                    };
                    return self.say(&format!("* BYE {why}")).await;
                }
            };
            if !end {
                return Ok(());
            }
        }
    }

    /// Writes the end of a command; gives whether the session goes on.
    async fn end(&mut self, tag: &str, end: End) -> io::Result<bool> {
        let (said, goes_on) = match end {
            End::Tagged(said) => (said, true),
            End::Last(said) => (said, false),
            End::Quiet => return Ok(true),
            End::Over => return Ok(false),
        };
        self.say(&format!("{tag} {said}")).await?;
        Ok(goes_on)
    }

    pub(super) fn patience(&self) -> Duration {
        let known = self.who.is_some();
        Duration::from_secs(if known { IMAP_IDLE_SECONDS } else { SIGN_IN_SECONDS })
    }

    pub(super) fn capabilities(&self) -> String {
        let caller = self.wire.caller;
        capabilities(self.who.is_some(), caller.private, self.wire.can_be_secured())
    }

    /// Writes a line.
    pub(super) async fn say(&mut self, line: &str) -> io::Result<()> {
        self.wire.write(line.as_bytes()).await?;
        self.wire.write(b"\r\n").await
    }

    /// Who acts, now.
    pub(super) fn access(&self) -> Option<Access> {
        let who = self.who.clone()?;
        Some(Access::new(self.service.store.clone(), who, "imap", clock::now()))
    }

    async fn act(
        &mut self,
        tag: &str,
        mut input: Input<'_>,
        aside: Vec<Content>,
    ) -> io::Result<End> {
        if input.space().is_err() {
            return Ok(End::Tagged("BAD a command has a name behind its tag".to_owned()));
        }
        let name = command::name(&mut input);
        let command = match command::read(&name, &mut input) {
            Ok(command) => command,
            Err(wrong) => return Ok(End::Tagged(format!("BAD {name}: {wrong}"))),
        };
        let needs = need(&command);
        match (needs, &self.who, &self.selected) {
            (Need::Stranger, Some(_), _) => {
                Ok(End::Tagged("BAD you have signed in already".into()))
            }
            (Need::Known | Need::Selected, None, _) => Ok(End::Tagged("BAD sign in first".into())),
            (Need::Selected, _, None) => Ok(End::Tagged("BAD select a mailbox first".into())),
            _ => {
                let told_gone = !names_by_number(&command);
                let mut told = Told::new();
                let end = self.carry_out(tag, command, aside, &mut told).await?;
                if matches!(end, End::Over | End::Last(_)) {
                    return Ok(end);
                }
                match self.news(told_gone, &told).await? {
                    true => Ok(end),
                    false => Ok(End::Over),
                }
            }
        }
    }

    async fn carry_out(
        &mut self,
        tag: &str,
        command: Command,
        aside: Vec<Content>,
        told: &mut Told,
    ) -> io::Result<End> {
        match command {
            Command::Append { mailbox, messages } => self.append(&mailbox, messages, aside).await,
            Command::Authenticate(mechanism, initial) => {
                self.authenticate(&mechanism, initial).await
            }
            Command::Capability => {
                let names = self.capabilities();
                self.say(&format!("* CAPABILITY {names}")).await?;
                Ok(ok("that is all"))
            }
            Command::Check | Command::Noop => Ok(ok("done")),
            Command::Close => self.close(true).await,
            Command::Copy { set, uid, mailbox, moves } => {
                self.copy((set, uid), &mailbox, moves).await
            }
            Command::Create(mailbox, uses) => self.create(&mailbox, &uses).await,
            Command::Delete(mailbox) => self.delete(&mailbox).await,
            Command::Enable(names) => self.enable(&names).await,
            Command::Expunge(set) => self.expunge(set).await,
            Command::Fetch { set, uid, attributes, since } => {
                self.fetch((set, uid), &attributes, since, told).await
            }
            Command::Id(_) => self.id().await,
            Command::Idle => self.idle().await,
            Command::List(asked) => self.list(asked).await,
            Command::Login(login, password) => self.login(login, &password).await,
            Command::Logout => {
                self.say("* BYE until then").await?;
                Ok(End::Last("OK good bye".to_owned()))
            }
            Command::Namespace => {
                self.say("* NAMESPACE ((\"\" \"/\")) NIL NIL").await?;
                Ok(ok("that is all"))
            }
            Command::Rename(from, to) => self.rename(&from, &to).await,
            Command::Search { uid, returning, charset, criterion } => {
                self.search(tag, uid, returning, (charset, criterion)).await
            }
            Command::Select { mailbox, examine, condstore } => {
                self.enabled.condstore |= condstore;
                self.select(&mailbox, examine).await
            }
            Command::StartTls => self.start_tls(tag).await,
            Command::Status(mailbox, items) => self.status(&mailbox, &items).await,
            Command::Store { set, uid, how, flags, silent, unchanged_since } => {
                let change = super::selected::Change { how, flags, silent, unchanged_since };
                self.store((set, uid), change, told).await
            }
            Command::Subscribe(mailbox, listed) => self.subscribe(&mailbox, listed).await,
            Command::Unselect => self.close(false).await,
        }
    }

    /// Tells what changed in the selected mailbox; gives whether it is still there.
    pub(super) async fn news(&mut self, expunges: bool, told: &Told) -> io::Result<bool> {
        let Some(access) = self.access() else { return Ok(true) };
        // A fault here is one in what follows, too, which tells it.
        if matches!(may_go_on(&self.service.store, &access.who).await, Ok(false)) {
            self.say("* BYE [UNAVAILABLE] sign in again").await?;
            return Ok(false);
        }
        let Some(selected) = &self.selected else { return Ok(true) };
        let seen = match self.service.hub.look(&access, &selected.seen).await {
            Ok(seen) => seen,
            Err(Fault::NotFound | Fault::Denied { .. }) => {
                self.say("* BYE the selected mailbox is gone").await?;
                return Ok(false);
            }
            Err(fault) => {
                self.say(&format!("* {}", refusal(&fault))).await?;
                return Ok(true);
            }
        };
        let lines = self.advance(seen, expunges, told);
        self.wire.write(&lines).await?;
        Ok(true)
    }

    /// Goes on to what the selected mailbox is now; gives the lines that say so.
    fn advance(&mut self, seen: Seen, expunges: bool, told: &Told) -> Vec<u8> {
        let mut lines = String::new();
        let condstore = self.enabled.condstore;
        let Some(selected) = &mut self.selected else { return Vec::new() };
        let keywords = seen.keywords();
        if seen.mailbox.keywords != selected.seen.mailbox.keywords {
            lines.push_str(&super::selected::flags_line(&keywords, selected.examine));
        }
        let news = selected.view.advance(seen.snapshot.clone(), expunges);
        selected.seen = seen;
        for (number, _) in news.expunged {
            lines.push_str(&format!("* {number} EXPUNGE\r\n"));
        }
        if let Some(exists) = news.exists {
            lines.push_str(&format!("* {exists} EXISTS\r\n"));
        }
        for (number, uid) in news.changed {
            let Some((message, _)) = selected.view.get(number) else { continue };
            if told.get(&uid) == Some(&message.change) {
                continue;
            }
            let flags = answer::flags(message.flags, &keywords);
            lines.push_str(&format!("* {number} FETCH (UID {uid} FLAGS {flags}"));
            if condstore {
                lines.push_str(&format!(" MODSEQ ({})", message.change.0));
            }
            lines.push_str(")\r\n");
        }
        lines.into_bytes()
    }

    /// The end of a command that the domain may have refused.
    pub(super) fn outcome(&self, done: Outcome<End>) -> End {
        done.unwrap_or_else(|fault| End::Tagged(refusal(&fault)))
    }
}

/// When a command may be said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    Stranger,
    Known,
    Selected,
}

fn need(command: &Command) -> Need {
    match command {
        Command::Capability | Command::Id(_) | Command::Logout | Command::Noop => Need::Nothing,
        Command::Authenticate(..) | Command::Login(..) | Command::StartTls => Need::Stranger,
        Command::Check
        | Command::Close
        | Command::Copy { .. }
        | Command::Expunge(_)
        | Command::Fetch { .. }
        | Command::Search { .. }
        | Command::Store { .. }
        | Command::Unselect => Need::Selected,
        _ => Need::Known,
    }
}

/// Whether a command names messages by their numbers, so that those must not change under it.
fn names_by_number(command: &Command) -> bool {
    match command {
        Command::Fetch { uid, .. } | Command::Store { uid, .. } | Command::Search { uid, .. } => {
            !uid
        }
        _ => false,
    }
}
