//! `davenport app-password`: generated passwords for one program each, limited in protocols and
//! time. The secret is shown once and stored nowhere.

use super::amount::{End, end};
use super::session::Session;
use super::view::App;
use super::{Failure, out::Line, out::table};
use crate::domain::directory::admin;
use crate::domain::directory::{AppPassword, Kind, PROTOCOLS, Protocols};
use clap::{Args, Subcommand};

const ADD: &str = "\
Examples:
  davenport app-password add alice@example.org --label Phone
  davenport app-password add alice@example.org --label Laptop --protocol dav --expires 90d

JSON fields: those of `app-password list`, and password.";
const LIST: &str = "\
Example: davenport app-password list alice@example.org

JSON: an array. Fields: name (whose it is), label, protocols, created, expires (RFC 3339; null:
never). The password itself is not kept.";
const SHOW: &str = "\
Example: davenport app-password show alice@example.org Phone

JSON fields: those of `app-password list`.";
const DELETE: &str = "\
Example: davenport app-password delete alice@example.org Phone

The program is signed out at its next request.

JSON fields: deleted (the label), name (whose it was).";

/// The parts of `davenport app-password`.
#[derive(Debug, Subcommand)]
pub enum AppPasswordCommand {
    /// Make an app password and show it once
    #[command(after_help = ADD)]
    Add(Add),
    /// List a user's app passwords
    #[command(after_help = LIST)]
    List {
        /// The user's name or an address
        name: String,
    },
    /// Show one app password, without its secret
    #[command(after_help = SHOW)]
    Show {
        /// The user's name or an address
        name: String,
        /// What the app password is called
        label: String,
    },
    /// Take an app password back
    #[command(after_help = DELETE)]
    Delete {
        /// The user's name or an address
        name: String,
        /// What the app password is called
        label: String,
    },
}

/// The options of `davenport app-password add`.
#[derive(Debug, Args)]
pub struct Add {
    /// The user's name or an address
    name: String,
    /// What to call it, such as the program or machine
    #[arg(long, value_name = "TEXT")]
    label: String,
    /// Where it is good: dav, imap, pop3, smtp, sieve or ldap (repeatable; default: everywhere)
    #[arg(long, value_name = "PROTOCOL", value_parser = PROTOCOLS.map(|known| known.0))]
    protocol: Vec<String>,
    /// When it ends: 90d, 12w, or the last day (UTC) such as 2027-01-31 (default: never)
    #[arg(long, value_name = "END", value_parser = end)]
    expires: Option<End>,
}

impl AppPasswordCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(session).await,
            Self::List { name } => {
                let name = owner(session, &name).await?;
                let found = admin::app_passwords(&session.store, &name).await?;
                let apps: Vec<App> = found.into_iter().map(|app| App::new(&name, app)).collect();
                let mut listing = session.out.list();
                listing.page(&apps)?;
                listing.end()
            }
            Self::Show { name, label } => {
                let name = owner(session, &name).await?;
                let app = App::new(&name, one(session, &name, &label).await?);
                let titles = ["label:", "protocols:", "created:", "expires:"].map(str::to_owned);
                let facts = titles.into_iter().zip(app.cells());
                let rows: Vec<_> = facts.map(|(title, fact)| vec![title, fact]).collect();
                session.out.result(&app, table(&rows))
            }
            Self::Delete { name, label } => {
                let name = owner(session, &name).await?;
                admin::delete_app_password(&session.store, &name, &label).await?;
                let value = serde_json::json!({ "deleted": label, "name": name });
                session.out.result(&value, format!("took \"{label}\" back from {name}"))
            }
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let names = self.protocol.iter().map(String::as_str);
        let unknown = |name| Failure::Usage(format!("\"{name}\" is no protocol"));
        let protocols = Protocols::parse(names).map_err(unknown)?;
        let at = session.at;
        let expires = self.expires.map(|end| end.from(at));
        if expires.is_some_and(|end| end <= at) {
            return Err(Failure::Failed("the end is in the past".into()));
        }
        let name = owner(session, &self.name).await?;
        let (store, label) = (&session.store, self.label.trim());
        let secret = admin::add_app_password(store, &name, label, protocols, expires, at).await?;
        let mut app = App::new(&name, one(session, &name, label).await?);
        app.password = Some(secret.expose().to_owned());
        let text =
            format!("added \"{label}\" to {name}\npassword, shown this once: {}", secret.expose());
        session.out.result(&app, text)
    }
}

/// The user's name; groups and resources do not sign in.
async fn owner(session: &Session, name: &str) -> Result<String, Failure> {
    Ok(admin::profile(&session.store, name, Some(Kind::User)).await?.principal.name)
}

async fn one(session: &Session, name: &str, label: &str) -> Result<AppPassword, Failure> {
    let found = admin::app_passwords(&session.store, name).await?;
    let missing = || Failure::Failed(format!("{name} has no app password \"{label}\""));
    found.into_iter().find(|app| app.name == label).ok_or_else(missing)
}
