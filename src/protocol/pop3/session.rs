//! One session: its commands, and what is answered.
//!
//! Invariant: each command has one answer, in the order of the commands, however many come at once
//! (RFC 2449 §6.6). Standard: RFC 1939 §3 to §7.

use super::maildrop::Maildrop;
use super::service::{Lock, Service};
use super::stuffing::Stuffing;
use crate::domain::collection::{Access, Body, Place};
use crate::domain::directory::login::{Attempt, SignIn};
use crate::domain::directory::{Principal, Protocols};
use crate::domain::mail::{Message, mailbox, message};
use crate::format::mail::header::header_end;
use crate::format::mail::surrogate::surrogate;
use crate::kernel::clock;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::{
    COMMAND_LINE_MAX, OUTPUT_BUFFER, POP3_IDLE_SECONDS, SIGN_IN_FAILURES_MAX, SIGN_IN_SECONDS,
};
use crate::kernel::secret::Secret;
use crate::protocol::net::{Line, Wire};
use crate::protocol::sasl::{self, Credentials, Ended, MECHANISMS, Mechanism};
use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

/// Serves a connection until it ends.
///
/// # Errors
/// When it breaks.
pub async fn serve(service: Arc<Service>, wire: Wire) -> io::Result<()> {
    let state = State::Authorization { user: None };
    let mut session = Session { service, wire, state, failures: 0, utf8: false };
    let result = session.run().await;
    session.wire.close().await;
    result
}

struct Session {
    service: Arc<Service>,
    wire: Wire,
    state: State,
    /// How often it could not sign in.
    failures: u32,
    /// Whether the client said `UTF8`.
    utf8: bool,
}

enum State {
    /// Nobody has signed in. `user`: what `USER` said.
    Authorization { user: Option<String> },
    /// Somebody has.
    Transaction(Box<Opened>),
}

/// A mailbox in a session.
struct Opened {
    who: Principal,
    place: Place,
    maildrop: Maildrop,
    _lock: Lock,
}

/// When a command may be said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    After,
    Always,
}

/// What a command does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Apop,
    Auth,
    Capa,
    Dele,
    List,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
    Utf8,
}

static VERBS: [(&str, Verb, When); 16] = [
    ("APOP", Verb::Apop, When::Before),
    ("AUTH", Verb::Auth, When::Before),
    ("CAPA", Verb::Capa, When::Always),
    ("DELE", Verb::Dele, When::After),
    ("LIST", Verb::List, When::After),
    ("NOOP", Verb::Noop, When::After),
    ("PASS", Verb::Pass, When::Before),
    ("QUIT", Verb::Quit, When::Always),
    ("RETR", Verb::Retr, When::After),
    ("RSET", Verb::Rset, When::After),
    ("STAT", Verb::Stat, When::After),
    ("STLS", Verb::Stls, When::Before),
    ("TOP", Verb::Top, When::After),
    ("UIDL", Verb::Uidl, When::After),
    ("USER", Verb::User, When::Before),
    ("UTF8", Verb::Utf8, When::Before),
];

/// Whether the session goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    End,
}

impl Session {
    async fn run(&mut self) -> io::Result<()> {
        self.say("+OK Davenport is ready").await?;
        loop {
            let line = match self.line().await? {
                Line::Text(line) => line,
                Line::TooLong => {
                    self.say("-ERR the command is too long").await?;
                    continue;
                }
                Line::Closed => return Ok(()),
                Line::Idle => return self.say("-ERR nothing came for too long").await,
                Line::Stopping => {
                    return self.say("-ERR [SYS/TEMP] the server stops; try again").await;
                }
            };
            if self.command(&line).await? == Then::End {
                return Ok(());
            }
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(match self.state {
            State::Authorization { .. } => SIGN_IN_SECONDS,
            State::Transaction(_) => POP3_IDLE_SECONDS,
        })
    }

    async fn line(&mut self) -> io::Result<Line> {
        let patience = self.patience();
        self.wire.line(COMMAND_LINE_MAX, patience).await
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.wire.write(line.as_bytes()).await?;
        self.wire.write(b"\r\n").await
    }

    async fn command(&mut self, line: &[u8]) -> io::Result<Then> {
        let Ok(line) = std::str::from_utf8(line) else {
            self.say("-ERR commands are ASCII, names and passwords UTF-8").await?;
            return Ok(Then::GoOn);
        };
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let row = VERBS.iter().find(|row| row.0.eq_ignore_ascii_case(verb.trim_end()));
        let Some((_, verb, when)) = row else {
            self.say("-ERR there is no such command").await?;
            return Ok(Then::GoOn);
        };
        let before = matches!(self.state, State::Authorization { .. });
        let why = match when {
            When::Before if !before => "-ERR you have signed in already",
            When::After if before => "-ERR sign in first",
            _ => return self.act(*verb, rest).await,
        };
        self.say(why).await?;
        Ok(Then::GoOn)
    }

    async fn act(&mut self, verb: Verb, rest: &str) -> io::Result<Then> {
        match verb {
            Verb::Apop => {
                // It needs the password itself, which is kept nowhere.
                self.say("-ERR APOP is not offered; CAPA says how to sign in").await?;
            }
            Verb::Auth => return self.auth(rest).await,
            Verb::Capa => self.capabilities().await?,
            Verb::Dele => self.mark(rest).await?,
            Verb::List => self.list(rest, false).await?,
            Verb::Noop => self.say("+OK").await?,
            Verb::Pass => return self.pass(rest).await,
            Verb::Quit => {
                self.quit().await?;
                return Ok(Then::End);
            }
            Verb::Retr => self.retrieve(rest, None).await?,
            Verb::Rset => {
                if let State::Transaction(opened) = &mut self.state {
                    opened.maildrop.reset();
                }
                self.say("+OK").await?;
            }
            Verb::Stat => {
                let (count, octets) = self.opened().map_or((0, 0), |it| it.maildrop.size());
                self.say(&format!("+OK {count} {octets}")).await?;
            }
            Verb::Stls => return self.secure().await,
            Verb::Top => self.top(rest).await?,
            Verb::Uidl => self.list(rest, true).await?,
            Verb::User => self.user(rest).await?,
            Verb::Utf8 => {
                self.utf8 = true;
                self.say("+OK").await?;
            }
        }
        Ok(Then::GoOn)
    }

    fn opened(&self) -> Option<&Opened> {
        match &self.state {
            State::Transaction(opened) => Some(opened),
            State::Authorization { .. } => None,
        }
    }

    /// RFC 2449 §5 and §6.
    async fn capabilities(&mut self) -> io::Result<()> {
        let mut all = "+OK\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n\
                       EXPIRE NEVER\r\nUTF8 USER\r\nIMPLEMENTATION Davenport\r\n"
            .to_owned();
        if self.wire.caller.private {
            all.push_str("USER\r\nSASL");
            all.extend(MECHANISMS.iter().flat_map(|row| [" ", row.0]));
            all.push_str("\r\n");
        }
        if self.wire.can_be_secured() {
            all.push_str("STLS\r\n");
        }
        self.say(&format!("{all}.")).await
    }

    /// RFC 2595 §4.
    async fn secure(&mut self) -> io::Result<Then> {
        if self.utf8 || !self.wire.can_be_secured() {
            let why = if self.wire.caller.secure { "it is" } else { "it cannot be" };
            self.say(&format!("-ERR {why} secured")).await?;
            return Ok(Then::GoOn);
        }
        self.say("+OK begin TLS").await?;
        self.wire.secure().await?;
        self.state = State::Authorization { user: None };
        Ok(Then::GoOn)
    }

    /// Says that no password may be said here; gives whether that is so.
    async fn in_the_clear(&mut self) -> io::Result<bool> {
        if self.wire.caller.private {
            return Ok(false);
        }
        let why = match self.wire.can_be_secured() {
            true => "-ERR say STLS first: a password may not cross this connection in the clear",
            false => {
                "-ERR a password may not cross this connection in the clear; use POP3 over TLS"
            }
        };
        self.say(why).await?;
        Ok(true)
    }

    async fn user(&mut self, name: &str) -> io::Result<()> {
        if self.in_the_clear().await? {
            return Ok(());
        }
        if name.is_empty() {
            return self.say("-ERR USER is followed by a name").await;
        }
        self.state = State::Authorization { user: Some(name.to_owned()) };
        // Whether there is such an account is nobody's business (RFC 1939 §13).
        self.say("+OK").await
    }

    async fn pass(&mut self, password: &str) -> io::Result<Then> {
        let State::Authorization { user } = &mut self.state else { return Ok(Then::GoOn) };
        let Some(login) = user.take() else {
            self.say("-ERR say USER first").await?;
            return Ok(Then::GoOn);
        };
        self.sign_in(Credentials { login, password: Secret::new(password) }).await
    }

    /// RFC 5034 §4.
    async fn auth(&mut self, rest: &str) -> io::Result<Then> {
        if rest.trim().is_empty() {
            let names = MECHANISMS.map(|row| row.0).join("\r\n");
            self.say(&format!("+OK\r\n{names}\r\n.")).await?;
            return Ok(Then::GoOn);
        }
        if self.in_the_clear().await? {
            return Ok(Then::GoOn);
        }
        let (name, initial) = rest.split_once(' ').map_or((rest, None), |(n, i)| (n, Some(i)));
        let Some(mechanism) = Mechanism::named(name) else {
            self.say("-ERR there is no such mechanism; CAPA names those that are").await?;
            return Ok(Then::GoOn);
        };
        let patience = self.patience();
        match sasl::converse(&mut self.wire, mechanism, initial, patience).await? {
            Ended::Check(credentials) => self.sign_in(credentials).await,
            Ended::Wrong(why) => {
                self.say(&format!("-ERR {why}")).await?;
                Ok(Then::GoOn)
            }
            Ended::Over => Ok(Then::End),
        }
    }

    async fn sign_in(&mut self, it: Credentials) -> io::Result<Then> {
        let attempt = Attempt {
            login: &it.login,
            password: &it.password,
            from: self.wire.caller.address,
            protocol: Protocols::POP3,
            at: clock::now(),
        };
        let service = self.service.clone();
        let signed = service.logins.sign_in(&service.store, attempt).await;
        match signed {
            Ok(SignIn::Known(who)) => {
                let opened = open(&service, *who).await;
                let answer = match opened {
                    Ok(Ok(opened)) => {
                        let (count, octets) = opened.maildrop.size();
                        self.state = State::Transaction(Box::new(opened));
                        format!("+OK {count} messages ({octets} octets)")
                    }
                    Ok(Err(why)) => format!("-ERR {why}"),
                    Err(fault) => failed(&fault),
                };
                self.say(&answer).await?;
                Ok(Then::GoOn)
            }
            Ok(SignIn::Refused) => {
                self.failures += 1;
                self.say("-ERR [AUTH] the name or the password is wrong").await?;
                match self.failures < SIGN_IN_FAILURES_MAX {
                    true => Ok(Then::GoOn),
                    false => Ok(Then::End),
                }
            }
            Ok(SignIn::TooMany(seconds)) => {
                let why = format!("-ERR [SYS/TEMP] too many failures; try again in {seconds} s");
                self.say(&why).await?;
                Ok(Then::End)
            }
            Err(fault) => {
                self.say(&failed(&fault)).await?;
                Ok(Then::End)
            }
        }
    }

    /// `LIST` and `UIDL`.
    async fn list(&mut self, rest: &str, unique: bool) -> io::Result<()> {
        let Some(opened) = self.opened() else { return Ok(()) };
        let shown = |number: usize, it: &Message| match unique {
            true => format!("{number} {}", opened.maildrop.unique_id(it)),
            false => format!("{number} {}", it.size),
        };
        let answer = match (rest.trim(), number(rest)) {
            ("", _) => {
                let (count, octets) = opened.maildrop.size();
                let mut all = format!("+OK {count} messages ({octets} octets)\r\n");
                for (number, it) in opened.maildrop.listed() {
                    all.push_str(&shown(number, it));
                    all.push_str("\r\n");
                }
                all.push('.');
                all
            }
            (_, Some(number)) => match opened.maildrop.message(number) {
                Some(it) => format!("+OK {}", shown(number, it)),
                None => NO_MESSAGE.to_owned(),
            },
            _ => NO_NUMBER.to_owned(),
        };
        self.say(&answer).await
    }

    async fn mark(&mut self, rest: &str) -> io::Result<()> {
        let State::Transaction(opened) = &mut self.state else { return Ok(()) };
        let answer = match number(rest).map(|number| opened.maildrop.mark(number)) {
            Some(true) => "+OK",
            Some(false) => NO_MESSAGE,
            None => NO_NUMBER,
        };
        self.say(answer).await
    }

    async fn top(&mut self, rest: &str) -> io::Result<()> {
        let mut words = rest.split_ascii_whitespace();
        let (number, lines) = (words.next(), words.next().and_then(|word| word.parse().ok()));
        match (number, lines, words.next()) {
            (Some(number), Some(lines), None) => self.retrieve(number, Some(lines)).await,
            _ => self.say("-ERR TOP is followed by the number of a message and one of lines").await,
        }
    }

    /// `RETR` and `TOP`.
    async fn retrieve(&mut self, rest: &str, lines: Option<u64>) -> io::Result<()> {
        let Some(opened) = self.opened() else { return Ok(()) };
        let Some(number) = number(rest) else { return self.say(NO_NUMBER).await };
        let Some(it) = opened.maildrop.message(number) else { return self.say(NO_MESSAGE).await };
        let access = access(&self.service, &opened.who);
        match message::read(&access, &opened.place, it.uid).await {
            Ok((it, body)) => {
                let mut stuffing = Stuffing::new(lines);
                self.say(&format!("+OK {} octets", it.size)).await?;
                self.send(body, &mut stuffing).await?;
                let mut end = Vec::new();
                stuffing.finish(&mut end);
                self.wire.write(&end).await
            }
            Err(Fault::NotFound) => self.say("-ERR another program has removed it").await,
            Err(fault) => self.say(&failed(&fault)).await,
        }
    }

    async fn send(&mut self, body: Body, stuffing: &mut Stuffing) -> io::Result<()> {
        let mut out = Vec::new();
        match body {
            Body::Inline(octets) => {
                let (header, body) = self.shown(&octets);
                stuffing.take(&header, &mut out);
                stuffing.take(body, &mut out);
                self.wire.write(&out).await
            }
            Body::File { path, .. } => {
                let mut file = tokio::fs::File::open(path).await?;
                let mut piece = vec![0; OUTPUT_BUFFER];
                // A header that is longer goes out as it is.
                let read = file.read(&mut piece).await?;
                let (header, body) = self.shown(piece.get(..read).unwrap_or_default());
                stuffing.take(&header, &mut out);
                stuffing.take(body, &mut out);
                self.wire.write(&out).await?;
                while !stuffing.is_over() {
                    let read = file.read(&mut piece).await?;
                    if read == 0 {
                        break;
                    }
                    out.clear();
                    stuffing.take(piece.get(..read).unwrap_or_default(), &mut out);
                    self.wire.write(&out).await?;
                }
                Ok(())
            }
        }
    }

    /// The header of what begins a message, in ASCII unless the client takes UTF-8 (RFC 6856 §2.1), and
    /// what stands behind it.
    fn shown<'o>(&self, octets: &'o [u8]) -> (Cow<'o, [u8]>, &'o [u8]) {
        let end = header_end(octets).unwrap_or(0);
        let (header, body) = octets.split_at(end);
        match surrogate(header).filter(|_| !self.utf8) {
            Some(header) => (Cow::Owned(header), body),
            None => (Cow::Borrowed(header), body),
        }
    }

    /// Removes what is marked (RFC 1939 §6).
    async fn quit(&mut self) -> io::Result<()> {
        let mut answer = "+OK".to_owned();
        let state = std::mem::replace(&mut self.state, State::Authorization { user: None });
        if let State::Transaction(opened) = state {
            let marked = opened.maildrop.marked();
            let access = access(&self.service, &opened.who);
            if !marked.is_empty()
                && let Err(fault) = message::expunge(&access, &opened.place, marked).await
            {
                answer = failed(&fault);
            }
        }
        // The mailbox is free before the client knows, who may come again at once.
        self.say(&answer).await
    }
}

const NO_MESSAGE: &str = "-ERR there is no such message";
const NO_NUMBER: &str = "-ERR the command is followed by the number of a message";

fn number(rest: &str) -> Option<usize> {
    let digits = rest.trim();
    digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn access(service: &Service, who: &Principal) -> Access {
    Access::new(service.store.clone(), who.clone(), "pop3", clock::now())
}

/// Takes the mailbox of whoever has signed in, or says why not.
async fn open(service: &Arc<Service>, who: Principal) -> Outcome<Result<Opened, &'static str>> {
    let Some(lock) = service.lock(&who) else {
        return Ok(Err("[IN-USE] another session has the mailbox; try again when it has ended"));
    };
    let place = mailbox::place(who.id, &who.name, mailbox::INBOX)?;
    let (validity, messages) = match message::all(&access(service, &who), &place).await {
        Ok(found) => found,
        Err(Fault::NotFound | Fault::Denied { .. }) => {
            return Ok(Err("[SYS/PERM] this account has no mailbox"));
        }
        Err(fault) => return Err(fault),
    };
    Ok(Ok(Opened { who, place, maildrop: Maildrop::new(validity, messages), _lock: lock }))
}

/// What a client is told of a fault; the log has the whole of it.
fn failed(fault: &Fault) -> String {
    match fault {
        Fault::Internal(why) => {
            tracing::error!("POP3: {why}");
            "-ERR [SYS/TEMP] the server failed; its log says why".to_owned()
        }
        fault => format!("-ERR [SYS/TEMP] {fault}"),
    }
}
