//! `davenport group`: sets of users, resources and other groups, which can own collections too.

use super::session::Session;
use super::{Failure, account};
use crate::domain::account::Ties;
use crate::domain::directory::Kind;
use crate::domain::directory::admin::Changes;
use clap::{Args, Subcommand};

const ADD: &str = "\
Example: davenport group add staff@example.org --name Staff --member alice@example.org

JSON fields: those of `group list`.";
const LIST: &str = "\
Example: davenport group list --json

JSON: an array. Fields: name, kind, display_name, administrator, locked, has_password, quota (octets
or null), created (RFC 3339), addresses (the primary one first), groups, members.";
const SHOW: &str = "\
Example: davenport group show staff@example.org

JSON fields: those of `group list`, and collections, objects, messages, used (octets), app_passwords.";
const SET: &str = "\
Example: davenport group set staff@example.org --add-member bob@example.org

A group may be a member of another one, but not, however far around, of itself.

JSON fields: those of `group list`.";
const DELETE: &str = "\
Example: davenport group delete staff@example.org --yes

The members stay; the group's own collections go.

JSON fields: deleted (the name), kind, collections, objects, messages, octets, addresses, groups.";

/// The parts of `davenport group`.
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Add a group
    #[command(after_help = ADD)]
    Add(Add),
    /// List all groups
    #[command(after_help = LIST)]
    List,
    /// Show a group with its members and what it holds
    #[command(after_help = SHOW)]
    Show(account::Show),
    /// Change a group or its members
    #[command(after_help = SET)]
    Set(Set),
    /// Delete a group with everything it has
    #[command(after_help = DELETE)]
    Delete(account::Delete),
}

/// The options of `davenport group add`.
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    account: account::New,
    /// A member: user, resource or group (repeatable)
    #[arg(long, value_name = "NAME")]
    member: Vec<String>,
}

/// The options of `davenport group set`.
#[derive(Debug, Args)]
pub struct Set {
    #[command(flatten)]
    account: account::Change,
    /// Take in this member (repeatable)
    #[arg(long, value_name = "NAME")]
    add_member: Vec<String>,
    /// Take out this member (repeatable)
    #[arg(long, value_name = "NAME")]
    remove_member: Vec<String>,
}

impl GroupCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Usage`] and [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(session).await,
            Self::List => account::list(session, Kind::Group).await,
            Self::Show(which) => account::show(session, Kind::Group, which).await,
            Self::Set(set) => set.run(session).await,
            Self::Delete(which) => account::delete(session, Kind::Group, which).await,
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let ties = Ties { members: self.member, ..Ties::default() };
        self.account.run(session, Kind::Group, ties).await
    }
}

impl Set {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let members = Changes {
            add_members: self.add_member,
            remove_members: self.remove_member,
            ..Changes::default()
        };
        self.account.run(session, Kind::Group, members).await
    }
}
