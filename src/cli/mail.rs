//! `davenport mail`: mailboxes, and messages that come from files.

pub mod source;

use super::Failure;
use super::amount::octets;
use super::out::Line;
use super::session::Session;
use crate::domain::collection::item::content;
use crate::domain::collection::{Access, Place};
use crate::domain::directory::admin;
use crate::domain::mail::{mailbox, message};
use crate::kernel::clock;
use crate::kernel::limits::{MAIL_BATCH_MESSAGES, MAIL_BATCH_OCTETS};
use clap::{Args, Subcommand};
use serde::Serialize;
use source::{Item, Source};
use std::path::PathBuf;

const LIST: &str = "\
Example: davenport mail list alice@example.org

JSON fields of each: mailbox, messages, octets, uid_validity, uid_next.";

const IMPORT: &str = "\
Examples:
  davenport mail import alice@example.org ~/Maildir
  davenport mail import alice@example.org old.mbox --mailbox Archive/2019
  davenport mail import alice@example.org letter.eml

A directory is a Maildir: its messages go to the mailbox, those of its folders (.Sent, .Lists.rust)
to mailboxes of the same names below (Sent, Lists/rust), which are made when they are not there. A
file is an mbox if it begins with \"From \", otherwise one message. Flags and dates come along. A
message that the mailbox has already is passed over, so a run that was cut off is run again.

JSON fields: imported, skipped, refused.";

/// The parts of `davenport mail`.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// List the mailboxes of an account
    #[command(after_help = LIST)]
    List {
        /// The account's name or an address
        name: String,
    },
    /// Put messages from files into a mailbox
    #[command(after_help = IMPORT)]
    Import(Import),
}

/// The options of `davenport mail import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The account's name or an address
    name: String,
    /// Maildir directories, mbox files, files of one message
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The mailbox that takes them
    #[arg(long, default_value = mailbox::INBOX)]
    mailbox: String,
}

/// A mailbox in a list.
#[derive(Debug, Serialize)]
struct Row {
    mailbox: String,
    messages: i64,
    octets: i64,
    uid_validity: i64,
    uid_next: u32,
}

impl Line for Row {
    const TITLES: &'static [&'static str] = &["mailbox", "messages", "size"];

    fn cells(&self) -> Vec<String> {
        vec![self.mailbox.clone(), self.messages.to_string(), octets(self.octets)]
    }
}

/// What became of messages.
#[derive(Debug, Default, Serialize)]
struct Tally {
    imported: usize,
    skipped: usize,
    refused: usize,
}

impl MailCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::List { name } => list(session, &name).await,
            Self::Import(it) => it.run(session).await,
        }
    }
}

async fn list(session: &Session, name: &str) -> Result<(), Failure> {
    let of = admin::profile(&session.store, name, None).await?.principal;
    let access = Access::new(session.store.clone(), of.clone(), "davenport", session.at);
    let views = mailbox::all(&access, of.id).await?;
    let rows = views.into_iter().map(|view| Row {
        mailbox: view.name,
        messages: view.collection.member_count,
        octets: view.collection.member_bytes,
        uid_validity: view.collection.id.0,
        uid_next: view.mailbox.uid_next,
    });
    let mut listing = session.out.list();
    listing.page(&rows.collect::<Vec<_>>())?;
    listing.end()
}

impl Import {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let of = admin::profile(&session.store, &self.name, None).await?.principal;
        let access = Access::new(session.store.clone(), of.clone(), "davenport", session.at);
        let mut into = Into {
            session,
            access,
            tally: Tally::default(),
            place: None,
            held: Vec::new(),
            octets: 0,
        };
        for path in &self.paths {
            for source in Source::of(path)? {
                let name = match source.folder.as_str() {
                    "" => self.mailbox.clone(),
                    folder if self.mailbox.eq_ignore_ascii_case(mailbox::INBOX) => {
                        folder.to_owned()
                    }
                    folder => format!("{}/{folder}", self.mailbox),
                };
                let place = mailbox::place(of.id, &of.name, &name)?;
                mailbox::ensure(&into.access, &place, 0).await?;
                into.place = Some(place);
                for item in source.items()? {
                    into.take(item?).await?;
                }
                into.flush().await?;
            }
        }
        let Tally { imported, skipped, refused } = into.tally;
        let text = format!(
            "{imported} messages imported, {skipped} there already, {refused} too long to import"
        );
        session.out.result(&into.tally, text)
    }
}

/// The mailbox that messages go into, and those that have not gone yet.
struct Into<'s> {
    session: &'s Session,
    access: Access,
    tally: Tally,
    place: Option<Place>,
    held: Vec<message::New>,
    octets: u64,
}

impl Into<'_> {
    async fn take(&mut self, item: Item) -> Result<(), Failure> {
        let Some(octets) = item.octets else {
            self.tally.refused += 1;
            return Ok(());
        };
        let content = content(&self.session.store, octets)?;
        self.octets += content.size;
        self.held.push(message::New {
            content,
            flags: item.flags,
            names: Vec::new(),
            received_at: item.received_at,
        });
        match self.held.len() >= MAIL_BATCH_MESSAGES || self.octets >= MAIL_BATCH_OCTETS {
            true => self.flush().await,
            false => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let (held, before) = (std::mem::take(&mut self.held), self.tally.sum());
        self.octets = 0;
        let Some(place) = self.place.as_ref().filter(|_| !held.is_empty()) else { return Ok(()) };
        let access = Access { now: clock::now(), ..self.access.clone() };
        for uid in message::append(&access, place, held, true).await?.1 {
            match uid {
                Some(_) => self.tally.imported += 1,
                None => self.tally.skipped += 1,
            }
        }
        if before / 1_000 < self.tally.sum() / 1_000 {
            eprintln!("davenport: {} messages so far", self.tally.sum());
        }
        Ok(())
    }
}

impl Tally {
    fn sum(&self) -> usize {
        self.imported + self.skipped + self.refused
    }
}
