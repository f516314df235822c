//! `davenport resource`: rooms and things with a calendar, which nobody signs in as.

use super::amount::{Quota, quota};
use super::session::Session;
use super::{Failure, account};
use crate::domain::account::{NewAccount, Ties, create_tied};
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
    Show {
        /// The name or an address
        name: String,
    },
    /// Change a resource
    #[command(after_help = SET)]
    Set(Set),
    /// Delete a resource with everything it has
    #[command(after_help = DELETE)]
    Delete {
        /// The name
        name: String,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

/// The options of `davenport resource add`.
#[derive(Debug, Args)]
pub struct Add {
    /// The address, which is then the name too, or a bare name
    name: String,
    /// The name for people to read
    #[arg(long = "name", value_name = "NAME")]
    display_name: Option<String>,
    /// Octets that the resource's collections may hold, such as 5G
    #[arg(long, value_name = "SIZE", value_parser = quota)]
    quota: Option<Quota>,
    /// A further address (repeatable)
    #[arg(long, value_name = "ADDR")]
    address: Vec<String>,
    /// A group to join (repeatable)
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
}

/// The options of `davenport resource set`.
#[derive(Debug, Args)]
pub struct Set {
    /// The name or an address
    name: String,
    /// The name for people to read
    #[arg(long = "name", value_name = "NAME")]
    display_name: Option<String>,
    /// Octets that the resource's collections may hold, such as 5G, or none
    #[arg(long, value_name = "SIZE", value_parser = quota)]
    quota: Option<Quota>,
}

impl ResourceCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Usage`] and [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        let kind = Kind::Resource;
        match self {
            Self::Add(add) => add.run(session).await,
            Self::List => account::list(session, kind).await,
            Self::Show { name } => account::show(session, kind, &name).await,
            Self::Set(set) => set.run(session).await,
            Self::Delete { name, yes } => account::delete(session, kind, &name, yes).await,
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let new = NewAccount {
            kind: Kind::Resource,
            name: self.name,
            display_name: self.display_name.unwrap_or_default(),
            password: None,
            administrator: false,
            quota: self.quota.and_then(|quota| quota.0),
            addresses: self.address,
        };
        let ties = Ties { groups: self.group, ..Ties::default() };
        let made = create_tied(&session.store, new, ties, session.at).await?;
        let account = account::view(session, Kind::Resource, &made.name).await?;
        session.out.result(&account, format!("added resource {}", account.name))
    }
}

impl Set {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        account::something(self.display_name.is_some() || self.quota.is_some())?;
        let changes = Changes {
            display_name: self.display_name,
            quota: self.quota.map(|quota| quota.0),
            ..Changes::default()
        };
        account::change(session, Kind::Resource, &self.name, changes).await
    }
}
