//! `davenport calendar`: calendars that the server fills for a user.

use super::Failure;
use super::session::Session;
use crate::domain::birthdays;
use clap::Subcommand;

const ADD: &str = "\
Example: davenport calendar birthdays add alice@example.org

The calendar shows the birthdays and anniversaries of the user's contacts, and follows them. Clients
only read it; its owner may rename and delete it like any other, and it stays away then.

JSON fields: name.";

/// The parts of `davenport calendar`.
#[derive(Debug, Subcommand)]
pub enum CalendarCommand {
    /// Calendars of birthdays
    #[command(subcommand, after_help = super::EXIT_CODES)]
    Birthdays(BirthdaysCommand),
}

/// The parts of `davenport calendar birthdays`.
#[derive(Debug, Subcommand)]
pub enum BirthdaysCommand {
    /// Give a user a calendar of the birthdays in its contacts
    #[command(after_help = ADD)]
    Add {
        /// The user's name or an address
        name: String,
    },
}

impl CalendarCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        let Self::Birthdays(BirthdaysCommand::Add { name }) = self;
        let it = birthdays::add(&session.store, &name, session.at).await?;
        let value = serde_json::json!({ "name": it.name });
        session.out.result(&value, format!("{} has a calendar of birthdays now", it.name))
    }
}
