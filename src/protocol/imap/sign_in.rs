//! Signing in, and what comes before it.

use super::session::{End, Session, ok};
use crate::domain::directory::Protocols;
use crate::domain::directory::login::{Attempt, SignIn};
use crate::kernel::clock;
use crate::kernel::limits::SIGN_IN_FAILURES_MAX;
use crate::kernel::secret::Secret;
use crate::protocol::sasl::{self, Credentials, Ended, Mechanism};
use std::io;

const IN_THE_CLEAR: &str =
    "NO [PRIVACYREQUIRED] a password may not cross this connection in the clear; use TLS";

impl Session {
    pub(super) async fn login(&mut self, login: String, password: &str) -> io::Result<End> {
        if !self.wire.caller.private {
            return Ok(End::Tagged(IN_THE_CLEAR.to_owned()));
        }
        self.sign_in(Credentials { login, password: Secret::new(password) }).await
    }

    /// RFC 9051 §6.2.2.
    pub(super) async fn authenticate(
        &mut self,
        mechanism: &str,
        initial: Option<String>,
    ) -> io::Result<End> {
        let Some(mechanism) = Mechanism::named(mechanism) else {
            let why = "NO [CANNOT] there is no such mechanism; CAPABILITY names those that are";
            return Ok(End::Tagged(why.to_owned()));
        };
        if !self.wire.caller.private {
            return Ok(End::Tagged(IN_THE_CLEAR.to_owned()));
        }
        let patience = self.patience();
        match sasl::converse(&mut self.wire, mechanism, initial.as_deref(), patience).await? {
            Ended::Check(credentials) => self.sign_in(credentials).await,
            Ended::Wrong(why) => Ok(End::Tagged(format!("BAD {why}"))),
            Ended::Over => Ok(End::Over),
        }
    }

    async fn sign_in(&mut self, it: Credentials) -> io::Result<End> {
        let attempt = Attempt {
            login: &it.login,
            password: &it.password,
            from: self.wire.caller.address,
            protocol: Protocols::IMAP,
            at: clock::now(),
        };
        let service = self.service.clone();
        match service.logins.sign_in(&service.store, attempt).await {
            Ok(SignIn::Known(who)) => {
                self.who = Some(*who);
                let names = self.capabilities();
                Ok(ok(&format!("[CAPABILITY {names}] welcome")))
            }
            Ok(SignIn::Refused) => {
                self.failures += 1;
                let why = "NO [AUTHENTICATIONFAILED] the name or the password is wrong".to_owned();
                match self.failures < SIGN_IN_FAILURES_MAX {
                    true => Ok(End::Tagged(why)),
                    false => {
                        self.say("* BYE too many failures").await?;
                        Ok(End::Last(why))
                    }
                }
            }
            Ok(SignIn::TooMany(seconds)) => {
                let why = format!("NO [UNAVAILABLE] too many failures; try again in {seconds} s");
                Ok(End::Tagged(why))
            }
            Err(fault) => Ok(self.outcome(Err(fault))),
        }
    }

    /// RFC 9051 §6.2.1.
    pub(super) async fn start_tls(&mut self, tag: &str) -> io::Result<End> {
        if !self.wire.can_be_secured() {
            return Ok(End::Tagged("BAD TLS cannot begin here".to_owned()));
        }
        self.say(&format!("{tag} OK begin TLS")).await?;
        self.wire.secure().await?;
        // The tagged answer went out before; nothing more belongs to the command.
        Ok(End::Quiet)
    }

    /// RFC 5161.
    pub(super) async fn enable(&mut self, names: &[String]) -> io::Result<End> {
        let known = names.iter().filter(|name| self.enabled.switch(name));
        let said: String = known.map(|name| format!(" {name}")).collect();
        self.say(&format!("* ENABLED{said}")).await?;
        Ok(ok("done"))
    }

    /// RFC 2971.
    pub(super) async fn id(&mut self) -> io::Result<End> {
        let version = env!("CARGO_PKG_VERSION");
        self.say(&format!("* ID (\"name\" \"Davenport\" \"version\" \"{version}\")")).await?;
        Ok(ok("nice to meet you"))
    }
}
