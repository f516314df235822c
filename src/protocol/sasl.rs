//! What SASL mechanisms say, whichever protocol carries them.
//!
//! Invariant: nobody signs in as somebody else than whose password he says. Standards: RFC 4422,
//! RFC 4616 (`PLAIN`), the draft of `LOGIN`, which programs still use.

use super::net::{Line, Wire};
use crate::kernel::limits::COMMAND_LINE_MAX;
use crate::kernel::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io;
use std::time::Duration;

/// The mechanisms, best first.
pub static MECHANISMS: [(&str, Mechanism); 2] =
    [("PLAIN", Mechanism::Plain), ("LOGIN", Mechanism::Login)];

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Login and password in one response.
    Plain,
    /// Login and password in two.
    Login,
}

impl Mechanism {
    /// The mechanism of this name.
    pub fn named(name: &str) -> Option<Self> {
        let row = MECHANISMS.iter().find(|row| row.0.eq_ignore_ascii_case(name));
        row.map(|row| row.1)
    }
}

/// Who says to be whom.
#[derive(Debug)]
pub struct Credentials {
    /// The name or an address of the account.
    pub login: String,
    /// The password.
    pub password: Secret,
}

/// What the server does next.
#[derive(Debug)]
enum Step {
    /// It says this and waits for a response.
    Ask(&'static str),
    /// It looks whether these are right.
    Check(Credentials),
}

/// An exchange under way.
#[derive(Debug)]
struct Exchange {
    mechanism: Mechanism,
    login: Option<String>,
}

impl Exchange {
    /// The beginning of an exchange.
    fn new(mechanism: Mechanism) -> Self {
        Self { mechanism, login: None }
    }

    /// Takes a response, or that there is none yet.
    ///
    /// # Errors
    /// What is wrong with it.
    fn take(&mut self, response: Option<&[u8]>) -> Result<Step, &'static str> {
        match (self.mechanism, response, self.login.take()) {
            (Mechanism::Plain, None, _) => Ok(Step::Ask("")),
            (Mechanism::Plain, Some(response), _) => plain(response).map(Step::Check),
            (Mechanism::Login, None, _) => Ok(Step::Ask("Username:")),
            (Mechanism::Login, Some(response), None) => {
                self.login = Some(text(response)?);
                Ok(Step::Ask("Password:"))
            }
            (Mechanism::Login, Some(response), Some(login)) => {
                let password = Secret::new(text(response)?);
                Ok(Step::Check(Credentials { login, password }))
            }
        }
    }
}

fn text(octets: &[u8]) -> Result<String, &'static str> {
    String::from_utf8(octets.to_vec()).map_err(|_| "names and passwords are UTF-8")
}

/// `[authzid] NUL authcid NUL passwd` (RFC 4616 §2).
fn plain(response: &[u8]) -> Result<Credentials, &'static str> {
    let mut parts = response.split(|octet| *octet == 0);
    let (Some(whose), Some(login), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("PLAIN is a name, a name and a password with NUL between them");
    };
    if !whose.is_empty() && whose != login {
        return Err("nobody can sign in as somebody else");
    }
    Ok(Credentials { login: text(login)?, password: Secret::new(text(password)?) })
}

/// How an exchange ended.
#[derive(Debug)]
pub enum Ended {
    /// With these, which are still to be looked at.
    Check(Credentials),
    /// With this wrong.
    Wrong(&'static str),
    /// With the connection.
    Over,
}

/// Leads an exchange over a connection of lines on which the server's part begins with `+`, as IMAP and
/// POP3 have it (RFC 9051 §6.2.2, RFC 5034 §4).
///
/// # Errors
/// When the connection breaks.
pub async fn converse(
    wire: &mut Wire,
    mechanism: Mechanism,
    initial: Option<&str>,
    patience: Duration,
) -> io::Result<Ended> {
    let mut exchange = Exchange::new(mechanism);
    let mut response = initial.map(|line| decode(line.as_bytes()));
    loop {
        let step = match response {
            None => exchange.take(None),
            Some(Ok(octets)) => exchange.take(Some(&octets)),
            Some(Err(why)) => Err(why),
        };
        match step {
            Err(why) => return Ok(Ended::Wrong(why)),
            Ok(Step::Check(credentials)) => return Ok(Ended::Check(credentials)),
            Ok(Step::Ask(said)) => wire.write(format!("+ {}\r\n", encode(said)).as_bytes()).await?,
        }
        response = match wire.line(COMMAND_LINE_MAX, patience).await? {
            Line::Text(line) if line == b"*" => Some(Err("cancelled")),
            Line::Text(line) => Some(decode(&line)),
            Line::TooLong => Some(Err("the response is too long")),
            Line::Closed | Line::Idle | Line::Stopping => return Ok(Ended::Over),
        };
    }
}

/// A response in base64; `=` is an empty one (RFC 5034 §4).
///
/// # Errors
/// What is wrong with it.
fn decode(line: &[u8]) -> Result<Vec<u8>, &'static str> {
    match line {
        b"=" => Ok(Vec::new()),
        line => STANDARD.decode(line).map_err(|_| "the response is not base64"),
    }
}

/// What the server says, in base64.
fn encode(said: &str) -> String {
    STANDARD.encode(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain_says(response: &[u8]) -> Result<(String, String), &'static str> {
        plain(response).map(|it| (it.login, it.password.expose().to_owned()))
    }

    /// RFC 4616 §4.
    #[test]
    fn plain_responses() {
        assert_eq!(
            plain_says(b"\0tim\0tanstaaftanstaaf"),
            Ok(("tim".into(), "tanstaaftanstaaf".into()))
        );
        assert!(plain_says(b"Ursel\0Kurt\0xipj3plmq").is_err());
        assert!(plain_says(b"Kurt\0Kurt\0xipj3plmq").is_ok());
        assert!(plain_says(b"Kurt\0x").is_err());
        assert!(plain_says(b"\0a\0b\0c").is_err());
        assert!(plain_says(b"\0a\0\xff").is_err());
    }

    #[test]
    fn login_asks_twice() {
        let mut exchange = Exchange::new(Mechanism::Login);
        assert!(matches!(exchange.take(None), Ok(Step::Ask("Username:"))));
        assert!(matches!(exchange.take(Some(b"a")), Ok(Step::Ask("Password:"))));
        let Ok(Step::Check(it)) = exchange.take(Some(b"b")) else { panic!() };
        assert_eq!((it.login.as_str(), it.password.expose()), ("a", "b"));
    }
}
