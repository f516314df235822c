//! `davenport resource`: rooms and things with a calendar, which nobody signs in as.

use super::session::Session;
use super::{Failure, account};
use crate::domain::account::Ties;
use crate::domain::directory::Kind;
use crate::domain::directory::admin::Changes;
use clap::{Args, Subcommand};

const ADD: &str = "\
Example: davenport resource add room-1@example.org --name \"Room 1\"

JSON fields: those of `resource list`.";
const LIST: &str = "\
Example: davenport resource list --json

JSON: an array. Fields: name, kind, display_name, administrator, locked, has_password, quota (octets
or null), created (RFC 3339), addresses (the primary one first), groups, members.";
const SHOW: &str = "\
Example: davenport resource show room-1@example.org

JSON fields: those of `resource list`, and collections, objects, used (octets), app_passwords.";
const SET: &str = "\
Example: davenport resource set room-1@example.org --name \"Room 1, ground floor\"

JSON fields: those of `resource list`.";
const DELETE: &str = "\
Example: davenport resource delete room-1@example.org --yes

JSON fields: deleted (the name), kind, collections, objects, octets, addresses, groups.";

/// The parts of `davenport resource`.
#[derive(Debug, Subcommand)]
pub enum ResourceCommand {
    /// Add a resource
    #[command(after_help = ADD)]
    Add(Add),
    /// List all resources
    #[command(after_help = LIST)]
    List,
    /// Show a resource with what it holds
    #[command(after_help = SHOW)]
    Show(account::Show),
    /// Change a resource
    #[command(after_help = SET)]
    Set(account::Change),
    /// Delete a resource with everything it has
    #[command(after_help = DELETE)]
    Delete(account::Delete),
}

/// The options of `davenport resource add`.
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    account: account::New,
    /// A group to join (repeatable)
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
}

impl ResourceCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Usage`] and [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(session).await,
            Self::List => account::list(session, Kind::Resource).await,
            Self::Show(which) => account::show(session, Kind::Resource, which).await,
            Self::Set(set) => set.run(session, Kind::Resource, Changes::default()).await,
            Self::Delete(which) => account::delete(session, Kind::Resource, which).await,
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let ties = Ties { groups: self.group, ..Ties::default() };
        self.account.run(session, Kind::Resource, ties).await
    }
}
