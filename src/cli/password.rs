//! `davenport password`: a new password for a user. Whoever is signed in with the old one, on any
//! node, must sign in anew.

use super::Failure;
use super::ask::{Given, PasswordFrom};
use super::session::Session;
use crate::domain::directory::Kind;
use crate::domain::directory::admin::{self, Changes};
use clap::Args;
use serde::Serialize;

/// Help of the subcommand.
pub const HELP: &str = "\
Examples:
  davenport password alice@example.org
  davenport password alice@example.org --generate

JSON fields: name, and password if one was made.";

/// The options of `davenport password`.
#[derive(Debug, Args)]
pub struct Password {
    /// The user's name or an address
    name: String,
    #[command(flatten)]
    password: PasswordFrom,
}

#[derive(Debug, Serialize)]
struct Changed {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl Password {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Usage`] and [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        let found = admin::profile(&session.store, &self.name, Some(Kind::User)).await?;
        let name = found.principal.name;
        let given = self.password.get(&name)?;
        let changes = Changes { password: Some(given.secret.clone()), ..Changes::default() };
        admin::change(&session.store, &name, Some(Kind::User), changes).await?;
        let password = Given::shown(&given);
        let mut text = format!("changed the password of {name}");
        if let Some(password) = &password {
            text.push_str(&format!("\npassword, shown this once: {password}"));
        }
        session.out.result(&Changed { name, password }, text)
    }
}
