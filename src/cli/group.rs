//! `davenport group`: sets of users, resources and other groups, which can own collections too.

use super::amount::{Quota, quota};
use super::session::Session;
use super::{Failure, account};
use crate::domain::account::{NewAccount, Ties, create_tied};
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

JSON fields: those of `group list`, and collections, objects, used (octets), app_passwords.";
const SET: &str = "\
Example: davenport group set staff@example.org --add-member bob@example.org

A group may be a member of another one, but not, however far around, of itself.

JSON fields: those of `group list`.";
const DELETE: &str = "\
Example: davenport group delete staff@example.org --yes

The members stay; the group's own collections go.

JSON fields: deleted (the name), kind, collections, objects, octets, addresses, groups.";

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
    Show {
        /// The name or an address
        name: String,
    },
    /// Change a group or its members
    #[command(after_help = SET)]
    Set(Set),
    /// Delete a group with everything it has
    #[command(after_help = DELETE)]
    Delete {
        /// The name
        name: String,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

/// The options of `davenport group add`.
#[derive(Debug, Args)]
pub struct Add {
    /// The address, which is then the name too, or a bare name
    name: String,
    /// The name for people to read
    #[arg(long = "name", value_name = "NAME")]
    display_name: Option<String>,
    /// Octets that the group's collections may hold, such as 5G
    #[arg(long, value_name = "SIZE", value_parser = quota)]
    quota: Option<Quota>,
    /// A further address (repeatable)
    #[arg(long, value_name = "ADDR")]
    address: Vec<String>,
    /// A member: user, resource or group (repeatable)
    #[arg(long, value_name = "NAME")]
    member: Vec<String>,
}

/// The options of `davenport group set`.
#[derive(Debug, Args)]
pub struct Set {
    /// The name or an address
    name: String,
    /// The name for people to read
    #[arg(long = "name", value_name = "NAME")]
    display_name: Option<String>,
    /// Octets that the group's collections may hold, such as 5G, or none
    #[arg(long, value_name = "SIZE", value_parser = quota)]
    quota: Option<Quota>,
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
            Self::Show { name } => account::show(session, Kind::Group, &name).await,
            Self::Set(set) => set.run(session).await,
            Self::Delete { name, yes } => account::delete(session, Kind::Group, &name, yes).await,
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let new = NewAccount {
            kind: Kind::Group,
            name: self.name,
            display_name: self.display_name.unwrap_or_default(),
            password: None,
            administrator: false,
            quota: self.quota.and_then(|quota| quota.0),
            addresses: self.address,
        };
        let ties = Ties { members: self.member, ..Ties::default() };
        let made = create_tied(&session.store, new, ties, session.at).await?;
        let account = account::view(session, Kind::Group, &made.name).await?;
        session.out.result(&account, format!("added group {}", account.name))
    }
}

impl Set {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let members = !self.add_member.is_empty() || !self.remove_member.is_empty();
        account::something(members || self.display_name.is_some() || self.quota.is_some())?;
        let changes = Changes {
            display_name: self.display_name,
            quota: self.quota.map(|quota| quota.0),
            add_members: self.add_member,
            remove_members: self.remove_member,
            ..Changes::default()
        };
        account::change(session, Kind::Group, &self.name, changes).await
    }
}
