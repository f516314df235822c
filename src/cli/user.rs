//! `davenport user`: people who sign in.

use super::amount::{Quota, quota};
use super::ask::{Given, PasswordFrom};
use super::session::Session;
use super::view::Added;
use super::{Failure, account, user_list};
use crate::domain::account::{NewAccount, Ties, create_tied};
use crate::domain::directory::Kind;
use crate::domain::directory::admin::Changes;
use clap::{Args, Subcommand};
use std::path::PathBuf;

const ADD: &str = "\
Examples:
  davenport user add alice@example.org --name \"Alice Doe\" --generate
  davenport user add bob@example.org --quota 5G --address robert@example.org
  davenport user add --from people.csv --update --json

Lists: a CSV file (RFC 4180) with a header line, or a TOML file with one [[user]] table for each.
Columns or keys: name (or address), display_name, password, admin (yes or no), quota, addresses,
groups, time_zone. Several addresses or groups are separated by blanks in CSV, and are an array in TOML. A new
user without a password gets one that is shown once, or none with --no-password. Users who are there
already stay as they are; with --update, the given fields that differ are changed. Each row is
reported; the exit code is 1 when any was refused.

JSON fields: those of `user list`, and password if one was made. Of a list: rows (each with row,
name, result: added, present, changed or refused, password if one was made, error), added, present,
changed, refused (how many).";
const LIST: &str = "\
Example: davenport user list --json

JSON: an array. Fields: name, kind, display_name, administrator, locked, has_password, quota (octets
or null), time_zone (or null), created (RFC 3339), addresses (the primary one first), groups,
members.";
const SHOW: &str = "\
Example: davenport user show alice@example.org

JSON fields: those of `user list`, and collections, objects, messages, used (octets), app_passwords (each as in
`app-password list`).";
const SET: &str = "\
Example: davenport user set alice@example.org --quota none --time-zone Europe/Paris

JSON fields: those of `user list`.";
const DELETE: &str = "\
Example: davenport user delete alice@example.org --yes

JSON fields: deleted (the name), kind, collections, objects, messages, octets, addresses, groups.";

/// The parts of `davenport user`.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user, or a whole list of them
    #[command(after_help = ADD)]
    Add(Add),
    /// List all users
    #[command(after_help = LIST)]
    List,
    /// Show a user with what it holds
    #[command(after_help = SHOW)]
    Show(account::Show),
    /// Change a user
    #[command(after_help = SET)]
    Set(Set),
    /// Delete a user with everything it has
    #[command(after_help = DELETE)]
    Delete(account::Delete),
}

/// The options of `davenport user add`.
#[derive(Debug, Args)]
pub struct Add {
    /// The address, which is then the name too, or a bare name
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    name: Option<String>,
    /// The name for people to read
    #[arg(long = "name", value_name = "NAME", conflicts_with = "from")]
    display_name: Option<String>,
    #[command(flatten)]
    password: PasswordFrom,
    /// Give no password: the user can sign in with app passwords only
    #[arg(long, conflicts_with_all = ["password_stdin", "generate"])]
    no_password: bool,
    /// Let the user administer the server
    #[arg(long, conflicts_with = "from")]
    admin: bool,
    /// Octets that the user's collections may hold, such as 5G
    #[arg(long, value_name = "SIZE", value_parser = quota, conflicts_with = "from")]
    quota: Option<Quota>,
    /// A further address (repeatable)
    #[arg(long, value_name = "ADDR", conflicts_with = "from")]
    address: Vec<String>,
    /// The time zone of times that name none, such as Europe/Paris
    #[arg(long, value_name = "ZONE", conflicts_with = "from")]
    time_zone: Option<String>,
    /// A group to join (repeatable)
    #[arg(long, value_name = "GROUP", conflicts_with = "from")]
    group: Vec<String>,
    /// Add the users of this list; its name ends in .csv or .toml
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    from: Option<PathBuf>,
    /// Change the users of the list that are there already
    #[arg(long, requires = "from")]
    update: bool,
}

/// The options of `davenport user set`.
#[derive(Debug, Args)]
pub struct Set {
    #[command(flatten)]
    account: account::Change,
    /// Let the user administer the server
    #[arg(long, conflicts_with = "no_admin")]
    admin: bool,
    /// Let the user no longer administer the server
    #[arg(long)]
    no_admin: bool,
}

impl UserCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Usage`] and [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add(Add { from: Some(file), no_password, update, .. }) => {
                user_list::add(session, &file, user_list::How { no_password, update }).await
            }
            Self::Add(add) => add.run(session).await,
            Self::List => account::list(session, Kind::User).await,
            Self::Show(which) => account::show(session, Kind::User, which).await,
            Self::Set(set) => set.run(session).await,
            Self::Delete(which) => account::delete(session, Kind::User, which).await,
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let name = self.name.unwrap_or_default();
        let given = match self.no_password {
            true => None,
            false => Some(self.password.get(&name)?),
        };
        let new = NewAccount {
            display_name: self.display_name.unwrap_or_default(),
            password: given.as_ref().map(|given| given.secret.clone()),
            administrator: self.admin,
            quota: self.quota.and_then(|quota| quota.0),
            addresses: self.address,
            birthdays: session.config.birthdays,
            zone: self.time_zone,
            ..NewAccount::of(Kind::User, name)
        };
        let ties = Ties { groups: self.group, ..Ties::default() };
        let made = create_tied(&session.store, new, ties, session.at).await?;
        let account = account::view(session, Kind::User, &made.name).await?;
        let mut text = format!("added user {}", account.name);
        let password = given.as_ref().and_then(Given::shown);
        if let Some(password) = &password {
            text.push_str(&format!("\npassword, shown this once: {password}"));
        }
        session.out.result(&Added { account, password }, text)
    }
}

impl Set {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let administrator = (self.admin || self.no_admin).then_some(self.admin);
        let more = Changes { administrator, ..Changes::default() };
        self.account.run(session, Kind::User, more).await
    }
}
