//! `davenport domain`: the domains that addresses of this server may be in.

use super::Failure;
use super::out::Line;
use super::session::Session;
use crate::domain::directory::admin;
use crate::domain::directory::name::fold;
use clap::Subcommand;
use serde::Serialize;

const ADD: &str = "\
Example: davenport domain add example.org

JSON fields: those of `domain list`.";
const LIST: &str = "\
Example: davenport domain list --json

JSON: an array. Fields: name, created (RFC 3339), addresses (how many are in it).";
const SHOW: &str = "\
Example: davenport domain show example.org

JSON fields: those of `domain list`.";
const DELETE: &str = "\
Example: davenport domain delete example.org

A domain that addresses are in is not deleted.

JSON fields: deleted (the name).";

/// The parts of `davenport domain`. There is nothing about a domain to set.
#[derive(Debug, Subcommand)]
pub enum DomainCommand {
    /// Add a domain
    #[command(after_help = ADD)]
    Add {
        /// The domain
        name: String,
    },
    /// List all domains
    #[command(after_help = LIST)]
    List,
    /// Show a domain
    #[command(after_help = SHOW)]
    Show {
        /// The domain
        name: String,
    },
    /// Delete a domain that no address is in
    #[command(after_help = DELETE)]
    Delete {
        /// The domain
        name: String,
    },
}

#[derive(Clone, Debug, Serialize)]
struct Domain {
    name: String,
    created: String,
    addresses: i64,
}

impl Line for Domain {
    const TITLES: &'static [&'static str] = &["NAME", "ADDRESSES", "CREATED"];

    fn cells(&self) -> Vec<String> {
        vec![self.name.clone(), self.addresses.to_string(), self.created.clone()]
    }
}

impl DomainCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add { name } => {
                admin::add_domain(&session.store, &name, session.at).await?;
                let domain = one(session, &name).await?;
                session.out.result(&domain, format!("added domain {}", domain.name))
            }
            Self::List => {
                let mut listing = session.out.list();
                listing.page(&all(session).await?)?;
                listing.end()
            }
            Self::Show { name } => {
                let it = one(session, &name).await?;
                let text = format!(
                    "domain:     {}\naddresses:  {}\ncreated:    {}",
                    it.name, it.addresses, it.created
                );
                session.out.result(&it, text)
            }
            Self::Delete { name } => {
                admin::delete_domain(&session.store, &name).await?;
                let name = fold(&name);
                let value = serde_json::json!({ "deleted": name });
                session.out.result(&value, format!("deleted domain {name}"))
            }
        }
    }
}

async fn all(session: &Session) -> Result<Vec<Domain>, Failure> {
    let found = admin::domains(&session.store).await?.into_iter();
    let domain = |(name, at, addresses): (String, crate::kernel::clock::Timestamp, i64)| Domain {
        name,
        created: at.rfc3339(),
        addresses,
    };
    Ok(found.map(domain).collect())
}

async fn one(session: &Session, name: &str) -> Result<Domain, Failure> {
    let name = fold(name);
    let found = all(session).await?.into_iter().find(|domain| domain.name == name);
    found.ok_or_else(|| Failure::Failed(format!("there is no domain {name}")))
}
