//! `davenport alias`: the further addresses of users, groups and resources.

use super::Failure;
use super::account::PAGE;
use super::out::Line;
use super::session::Session;
use super::view::kind_word;
use crate::domain::directory::Kind;
use crate::domain::directory::admin;
use crate::domain::directory::name::fold;
use clap::Subcommand;
use serde::Serialize;

const ADD: &str = "\
Example: davenport alias add info@example.org alice@example.org

JSON fields: those of `alias show`.";
const LIST: &str = "\
Example: davenport alias list --json

All addresses are listed, primary ones too.

JSON: an array. Fields: address, name (whose it is).";
const SHOW: &str = "\
Example: davenport alias show info@example.org

JSON fields: address, name (whose it is), kind (user, group or resource), primary.";
const SET: &str = "\
Example: davenport alias set info@example.org bob@example.org

JSON fields: those of `alias show`.";
const DELETE: &str = "\
Example: davenport alias delete info@example.org

An address that is its owner's name stays.

JSON fields: deleted (the address), name (whose it was).";

/// The parts of `davenport alias`.
#[derive(Debug, Subcommand)]
pub enum AliasCommand {
    /// Give somebody a further address
    #[command(after_help = ADD)]
    Add {
        /// The new address
        address: String,
        /// The user, group or resource
        name: String,
    },
    /// List all addresses
    #[command(after_help = LIST)]
    List,
    /// Show whose an address is
    #[command(after_help = SHOW)]
    Show {
        /// The address
        address: String,
    },
    /// Give an address to somebody else
    #[command(after_help = SET)]
    Set {
        /// The address
        address: String,
        /// The user, group or resource that gets it
        name: String,
    },
    /// Take an address away
    #[command(after_help = DELETE)]
    Delete {
        /// The address
        address: String,
    },
}

#[derive(Clone, Debug, Serialize)]
struct Listed {
    address: String,
    name: String,
}

impl Line for Listed {
    const TITLES: &'static [&'static str] = &["ADDRESS", "NAME"];

    fn cells(&self) -> Vec<String> {
        vec![self.address.clone(), self.name.clone()]
    }
}

#[derive(Clone, Debug, Serialize)]
struct Alias {
    address: String,
    name: String,
    kind: &'static str,
    primary: bool,
}

impl AliasCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        let store = &session.store;
        match self {
            Self::Add { address, name } => {
                admin::add_address(store, &name, &address).await?;
                let it = one(session, &address).await?;
                session.out.result(&it, format!("added {} to {}", it.address, it.name))
            }
            Self::List => list(session).await,
            Self::Show { address } => {
                let it = one(session, &address).await?;
                let rank = if it.primary { "the primary" } else { "an" };
                let text = format!("{} is {rank} address of {} {}", it.address, it.kind, it.name);
                session.out.result(&it, text)
            }
            Self::Set { address, name } => {
                admin::move_address(store, &address, &name).await?;
                let it = one(session, &address).await?;
                session.out.result(&it, format!("{} is now an address of {}", it.address, it.name))
            }
            Self::Delete { address } => {
                let it = one(session, &address).await?;
                admin::remove_address(store, &address).await?;
                let value = serde_json::json!({ "deleted": it.address, "name": it.name });
                session.out.result(&value, format!("took {} from {}", it.address, it.name))
            }
        }
    }
}

async fn list(session: &Session) -> Result<(), Failure> {
    let mut listing = session.out.list();
    let mut after = String::new();
    loop {
        let page = admin::addresses(&session.store, &after, PAGE).await?;
        let Some((last, _)) = page.last() else { return listing.end() };
        after.clone_from(last);
        let listed = page.into_iter().map(|(address, name)| Listed { address, name });
        listing.page(&listed.collect::<Vec<_>>())?;
    }
}

async fn one(session: &Session, address: &str) -> Result<Alias, Failure> {
    let (owner, primary) = admin::address(&session.store, address).await?;
    let kind = kind_word(Kind::of(&owner));
    Ok(Alias { address: fold(address), name: owner.name, kind, primary })
}
