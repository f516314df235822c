//! Commands as they are understood.
//!
//! Invariant: one table names every command, and each reads all of its line or is refused with what was
//! expected. Standard: RFC 9051 §6 and §9, RFC 3501 §6 where it has more, and the extensions that are
//! named beside what is theirs.

use super::attribute::{Attribute, attributes};
use super::criterion::{Criterion, criteria};
use super::input::{Input, Wrong, is_atom};
use super::sequence::Written;
use crate::domain::mail::change::How;
use std::borrow::Cow;

/// The name of a mailbox as it is written: UTF-8, or modified UTF-7 in a session of IMAP4rev1.
pub type Name = Vec<u8>;

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `APPEND`.
    Append {
        /// Where to.
        mailbox: Name,
        /// The messages (several: RFC 3502).
        messages: Vec<Appended>,
    },
    /// `AUTHENTICATE`: the mechanism, and an initial response in base64 (RFC 4959).
    Authenticate(String, Option<String>),
    /// `CAPABILITY`.
    Capability,
    /// `CHECK`.
    Check,
    /// `CLOSE`.
    Close,
    /// `COPY` and `MOVE` (RFC 6851).
    Copy {
        /// Which messages.
        set: Written,
        /// Whether those are UIDs.
        uid: bool,
        /// Where to.
        mailbox: Name,
        /// Whether they go from here.
        moves: bool,
    },
    /// `CREATE`, with what the mailbox shall be for (RFC 6154).
    Create(Name, Vec<String>),
    /// `DELETE`.
    Delete(Name),
    /// `ENABLE`.
    Enable(Vec<String>),
    /// `EXPUNGE`; with a set `UID EXPUNGE`.
    Expunge(Option<Written>),
    /// `FETCH`.
    Fetch {
        /// Which messages.
        set: Written,
        /// Whether those are UIDs.
        uid: bool,
        /// What of them.
        attributes: Vec<Attribute>,
        /// Only those that changed after this number (RFC 7162).
        since: Option<u64>,
    },
    /// `ID`.
    Id(Vec<(String, String)>),
    /// `IDLE`.
    Idle,
    /// `LIST`, and `LSUB`, which asks for subscriptions.
    List(List),
    /// `LOGIN`.
    Login(String, String),
    /// `LOGOUT`.
    Logout,
    /// `NAMESPACE`.
    Namespace,
    /// `NOOP`.
    Noop,
    /// `RENAME`.
    Rename(Name, Name),
    /// `SEARCH`.
    Search {
        /// Whether to answer UIDs.
        uid: bool,
        /// `RETURN (…)`; none: as RFC 3501 has it.
        returning: Option<Vec<Returning>>,
        /// What `CHARSET` says.
        charset: Option<String>,
        /// What to look for.
        criterion: Criterion,
    },
    /// `SELECT` and `EXAMINE`.
    Select {
        /// Which mailbox.
        mailbox: Name,
        /// Whether nothing may be changed.
        examine: bool,
        /// Whether to tell change numbers (RFC 7162).
        condstore: bool,
    },
    /// `STARTTLS`.
    StartTls,
    /// `STATUS`.
    Status(Name, Vec<StatusItem>),
    /// `STORE`.
    Store {
        /// Which messages.
        set: Written,
        /// Whether those are UIDs.
        uid: bool,
        /// What becomes of the flags.
        how: How,
        /// Their names.
        flags: Vec<String>,
        /// Whether the client does not want to be told.
        silent: bool,
        /// Only if nothing changed after this number (RFC 7162).
        unchanged_since: Option<u64>,
    },
    /// `SUBSCRIBE` and `UNSUBSCRIBE`.
    Subscribe(Name, bool),
    /// `UNSELECT`.
    Unselect,
}

/// A message of `APPEND`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Names of flags.
    pub flags: Vec<String>,
    /// The internal date in seconds since 1970.
    pub date: Option<i64>,
    /// Which of the literals that have been put aside.
    pub literal: usize,
}

/// What SEARCH answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returning {
    /// The lowest number.
    Min,
    /// The highest number.
    Max,
    /// All numbers.
    All,
    /// How many.
    Count,
    /// Nothing; it is remembered as `$`.
    Save,
}

/// What STATUS tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusItem {
    /// `DELETED`: how many are marked.
    Deleted,
    /// `HIGHESTMODSEQ` (RFC 7162).
    HighestModSeq,
    /// `MAILBOXID` (RFC 8474).
    MailboxId,
    /// `MESSAGES`.
    Messages,
    /// `RECENT` (RFC 3501).
    Recent,
    /// `SIZE` (RFC 8438).
    Size,
    /// `UIDNEXT`.
    UidNext,
    /// `UIDVALIDITY`.
    UidValidity,
    /// `UNSEEN`.
    Unseen,
}

/// The items by their names.
pub static STATUS_ITEMS: [(&str, StatusItem); 9] = [
    ("DELETED", StatusItem::Deleted),
    ("HIGHESTMODSEQ", StatusItem::HighestModSeq),
    ("MAILBOXID", StatusItem::MailboxId),
    ("MESSAGES", StatusItem::Messages),
    ("RECENT", StatusItem::Recent),
    ("SIZE", StatusItem::Size),
    ("UIDNEXT", StatusItem::UidNext),
    ("UIDVALIDITY", StatusItem::UidValidity),
    ("UNSEEN", StatusItem::Unseen),
];

/// What LIST asks (RFC 5258).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The name below which the patterns are meant.
    pub reference: Name,
    /// Names with `*` and `%`.
    pub patterns: Vec<Name>,
    /// Only mailboxes that are subscribed to.
    pub subscribed: bool,
    /// Only mailboxes with a use (RFC 6154).
    pub special_use: bool,
    /// Also those above what is asked for.
    pub recursive: bool,
    /// Whether `CHILDREN` is returned.
    pub children: bool,
    /// Whether `SUBSCRIBED` is returned.
    pub tell_subscribed: bool,
    /// What STATUS tells of each (RFC 5819).
    pub status: Vec<StatusItem>,
    /// The command is `LSUB`.
    pub lsub: bool,
}

type Reader = fn(&mut Input<'_>) -> Result<Command, Wrong>;

/// Every command. Those behind `UID` are read by [`uid`].
static COMMANDS: [(&str, Reader); 31] = [
    ("APPEND", append),
    ("AUTHENTICATE", authenticate),
    ("CAPABILITY", |_| Ok(Command::Capability)),
    ("CHECK", |_| Ok(Command::Check)),
    ("CLOSE", |_| Ok(Command::Close)),
    ("COPY", |input| copy(input, false, false)),
    ("CREATE", create),
    ("DELETE", |input| mailbox(input).map(Command::Delete)),
    ("ENABLE", enable),
    ("EXAMINE", |input| select(input, true)),
    ("EXPUNGE", |_| Ok(Command::Expunge(None))),
    ("FETCH", |input| fetch(input, false)),
    ("ID", id),
    ("IDLE", |_| Ok(Command::Idle)),
    ("LIST", list),
    ("LOGIN", login),
    ("LOGOUT", |_| Ok(Command::Logout)),
    ("LSUB", lsub),
    ("MOVE", |input| copy(input, false, true)),
    ("NAMESPACE", |_| Ok(Command::Namespace)),
    ("NOOP", |_| Ok(Command::Noop)),
    ("RENAME", |input| Ok(Command::Rename(mailbox(input)?, mailbox(input)?))),
    ("SEARCH", |input| search(input, false)),
    ("SELECT", |input| select(input, false)),
    ("STARTTLS", |_| Ok(Command::StartTls)),
    ("STATUS", status),
    ("STORE", |input| store(input, false)),
    ("SUBSCRIBE", |input| Ok(Command::Subscribe(mailbox(input)?, true))),
    ("UID", uid),
    ("UNSELECT", |_| Ok(Command::Unselect)),
    ("UNSUBSCRIBE", |input| Ok(Command::Subscribe(mailbox(input)?, false))),
];

/// The tag of a command, if it begins with one.
pub fn tag<'c>(input: &mut Input<'c>) -> Option<&'c str> {
    let tag = input.run(|octet| (is_atom(octet) || octet == b']') && octet != b'+');
    std::str::from_utf8(tag).ok().filter(|tag| !tag.is_empty() && tag.is_ascii())
}

/// The name of a command, in capitals.
pub fn name(input: &mut Input<'_>) -> String {
    String::from_utf8_lossy(input.run(is_atom)).to_ascii_uppercase()
}

/// Reads what follows the name of a command.
///
/// # Errors
/// What was expected.
pub fn read(name: &str, input: &mut Input<'_>) -> Result<Command, Wrong> {
    let row = COMMANDS.iter().find(|row| row.0 == name);
    let (_, reader) = row.ok_or("there is no such command")?;
    let command = reader(input)?;
    input.end()?;
    Ok(command)
}

fn mailbox(input: &mut Input<'_>) -> Result<Name, Wrong> {
    input.space()?;
    input.astring().map(Cow::into_owned)
}

fn string(octets: Cow<'_, [u8]>) -> Result<String, Wrong> {
    String::from_utf8(octets.into_owned()).map_err(|_| "a text is not UTF-8")
}

fn words(input: &mut Input<'_>) -> Result<Vec<String>, Wrong> {
    input.list(|input| input.atom().map(str::to_ascii_uppercase))
}

fn uid(input: &mut Input<'_>) -> Result<Command, Wrong> {
    input.space()?;
    match name(input).as_str() {
        "COPY" => copy(input, true, false),
        "EXPUNGE" => {
            input.space()?;
            Ok(Command::Expunge(Some(Written::read(input)?)))
        }
        "FETCH" => fetch(input, true),
        "MOVE" => copy(input, true, true),
        "SEARCH" => search(input, true),
        "STORE" => store(input, true),
        _ => Err("UID is followed by COPY, EXPUNGE, FETCH, MOVE, SEARCH or STORE"),
    }
}

fn append(input: &mut Input<'_>) -> Result<Command, Wrong> {
    let mailbox = mailbox(input)?;
    let mut messages = Vec::new();
    loop {
        input.space()?;
        let flags = match input.peek() {
            Some(b'(') => {
                let flags = input.list(flag)?;
                input.space()?;
                flags
            }
            _ => Vec::new(),
        };
        let date = match input.peek() {
            Some(b'"') => {
                let date = input.date_time()?;
                input.space()?;
                Some(date)
            }
            _ => None,
        };
        // RFC 6855 §4: `UTF8 (~{…}`; what may stand in it may stand in any message.
        let utf8 = input.word("UTF8");
        if utf8 {
            input.space()?;
            input.expect(b'(', "UTF8 is followed by a literal in parentheses")?;
        }
        input.eat(b'~');
        let literal = input.aside()?;
        if utf8 {
            input.expect(b')', "UTF8 is followed by a literal in parentheses")?;
        }
        messages.push(Appended { flags, date, literal });
        if input.peek().is_none() {
            return Ok(Command::Append { mailbox, messages });
        }
    }
}

fn flag(input: &mut Input<'_>) -> Result<String, Wrong> {
    let system = input.eat(b'\\');
    let name = input.atom().map_err(|_| "a flag was expected")?;
    Ok(if system { format!("\\{name}") } else { name.to_owned() })
}

fn authenticate(input: &mut Input<'_>) -> Result<Command, Wrong> {
    input.space()?;
    let mechanism = input.atom()?.to_owned();
    let initial = match input.peek() {
        None => None,
        Some(_) => {
            input.space()?;
            let response = input.run(|octet| octet.is_ascii_graphic());
            Some(String::from_utf8_lossy(response).into_owned())
        }
    };
    Ok(Command::Authenticate(mechanism, initial))
}

fn copy(input: &mut Input<'_>, uid: bool, moves: bool) -> Result<Command, Wrong> {
    input.space()?;
    let set = Written::read(input)?;
    Ok(Command::Copy { set, uid, mailbox: mailbox(input)?, moves })
}

fn create(input: &mut Input<'_>) -> Result<Command, Wrong> {
    let mailbox = mailbox(input)?;
    let mut uses = Vec::new();
    if input.peek().is_some() {
        input.space()?;
        input.expect(b'(', "USE in parentheses was expected")?;
        if !input.word("USE") {
            return Err("USE in parentheses was expected");
        }
        input.space()?;
        uses = input.list(flag)?;
        input.expect(b')', "USE in parentheses was expected")?;
    }
    Ok(Command::Create(mailbox, uses))
}

fn enable(input: &mut Input<'_>) -> Result<Command, Wrong> {
    let mut names = Vec::new();
    while input.peek().is_some() {
        input.space()?;
        names.push(input.atom()?.to_ascii_uppercase());
    }
    if names.is_empty() {
        Err("names of capabilities were expected")
    } else {
        Ok(Command::Enable(names))
    }
}

fn fetch(input: &mut Input<'_>, uid: bool) -> Result<Command, Wrong> {
    input.space()?;
    let set = Written::read(input)?;
    input.space()?;
    let attributes = attributes(input)?;
    let mut since = None;
    if input.peek().is_some() {
        input.space()?;
        input.list(|input| {
            if !input.word("CHANGEDSINCE") {
                return Err("CHANGEDSINCE was expected");
            }
            input.space()?;
            since = Some(input.number64()?);
            Ok(())
        })?;
    }
    Ok(Command::Fetch { set, uid, attributes, since })
}

fn id(input: &mut Input<'_>) -> Result<Command, Wrong> {
    input.space()?;
    if input.word("NIL") {
        return Ok(Command::Id(Vec::new()));
    }
    let pairs = input.list(|input| {
        let name = string(input.string()?)?;
        input.space()?;
        let value = input.nstring()?.map(string).transpose()?;
        Ok((name, value.unwrap_or_default()))
    })?;
    Ok(Command::Id(pairs))
}

fn list(input: &mut Input<'_>) -> Result<Command, Wrong> {
    let mut asked = List::default();
    input.space()?;
    if input.peek() == Some(b'(') {
        for word in words(input)? {
            match word.as_str() {
                "SUBSCRIBED" => asked.subscribed = true,
                "REMOTE" => {}
                "RECURSIVEMATCH" => asked.recursive = true,
                "SPECIAL-USE" => asked.special_use = true,
                _ => return Err("there is no such selection"),
            }
        }
        if asked.recursive && !asked.subscribed && !asked.special_use {
            return Err("RECURSIVEMATCH goes with another selection");
        }
        input.space()?;
    }
    asked.reference = input.astring()?.into_owned();
    input.space()?;
    asked.patterns = match input.peek() {
        Some(b'(') => input.list(|input| input.pattern().map(Cow::into_owned))?,
        _ => vec![input.pattern()?.into_owned()],
    };
    if input.peek().is_some() {
        input.space()?;
        if !input.word("RETURN") {
            return Err("RETURN was expected");
        }
        input.space()?;
        input.list(|input| {
            match input.atom()?.to_ascii_uppercase().as_str() {
                "CHILDREN" => asked.children = true,
                "SUBSCRIBED" => asked.tell_subscribed = true,
                // Uses are told always.
                "SPECIAL-USE" => {}
                "STATUS" => {
                    input.space()?;
                    asked.status = status_items(input)?;
                }
                _ => return Err("there is no such thing to return"),
            }
            Ok(())
        })?;
    }
    Ok(Command::List(asked))
}

fn lsub(input: &mut Input<'_>) -> Result<Command, Wrong> {
    let reference = mailbox(input)?;
    input.space()?;
    let patterns = vec![input.pattern()?.into_owned()];
    let (subscribed, lsub) = (true, true);
    Ok(Command::List(List { reference, patterns, subscribed, lsub, ..List::default() }))
}

fn login(input: &mut Input<'_>) -> Result<Command, Wrong> {
    input.space()?;
    let name = input.text()?;
    input.space()?;
    Ok(Command::Login(name, input.text()?))
}

fn search(input: &mut Input<'_>, uid: bool) -> Result<Command, Wrong> {
    input.space()?;
    let mut returning = None;
    if input.word("RETURN") {
        input.space()?;
        let mut options = Vec::new();
        for word in words(input)? {
            options.push(match word.as_str() {
                "MIN" => Returning::Min,
                "MAX" => Returning::Max,
                "ALL" => Returning::All,
                "COUNT" => Returning::Count,
                "SAVE" => Returning::Save,
                _ => return Err("there is no such thing to return"),
            });
        }
        if options.is_empty() {
            options.push(Returning::All);
        }
        returning = Some(options);
        input.space()?;
    }
    let mut charset = None;
    if input.word("CHARSET") {
        input.space()?;
        charset = Some(input.text()?);
        input.space()?;
    }
    Ok(Command::Search { uid, returning, charset, criterion: criteria(input)? })
}

fn select(input: &mut Input<'_>, examine: bool) -> Result<Command, Wrong> {
    let mailbox = mailbox(input)?;
    let mut condstore = false;
    if input.peek().is_some() {
        input.space()?;
        input.list(|input| {
            condstore |= input.word("CONDSTORE");
            if condstore { Ok(()) } else { Err("CONDSTORE was expected") }
        })?;
    }
    Ok(Command::Select { mailbox, examine, condstore })
}

fn status(input: &mut Input<'_>) -> Result<Command, Wrong> {
    let mailbox = mailbox(input)?;
    input.space()?;
    Ok(Command::Status(mailbox, status_items(input)?))
}

fn status_items(input: &mut Input<'_>) -> Result<Vec<StatusItem>, Wrong> {
    input.list(|input| {
        let name = input.atom()?.to_ascii_uppercase();
        let row = STATUS_ITEMS.iter().find(|row| row.0 == name);
        row.map(|row| row.1).ok_or("there is no such status")
    })
}

fn store(input: &mut Input<'_>, uid: bool) -> Result<Command, Wrong> {
    input.space()?;
    let set = Written::read(input)?;
    input.space()?;
    let mut unchanged_since = None;
    if input.eat(b'(') {
        if !input.word("UNCHANGEDSINCE") {
            return Err("UNCHANGEDSINCE was expected");
        }
        input.space()?;
        unchanged_since = Some(input.number64()?);
        input.expect(b')', "UNCHANGEDSINCE ends in )")?;
        input.space()?;
    }
    let how = match input.peek() {
        Some(b'+') => How::Add,
        Some(b'-') => How::Remove,
        _ => How::Set,
    };
    if how != How::Set {
        input.run(|octet| octet == b'+' || octet == b'-');
    }
    let silent = input.word("FLAGS.SILENT");
    if !silent && !input.word("FLAGS") {
        return Err("FLAGS was expected");
    }
    input.space()?;
    let flags = match input.peek() {
        Some(b'(') => input.list(flag)?,
        _ => {
            let mut flags = vec![flag(input)?];
            while input.peek().is_some() {
                input.space()?;
                flags.push(flag(input)?);
            }
            flags
        }
    };
    Ok(Command::Store { set, uid, how, flags, silent, unchanged_since })
}
