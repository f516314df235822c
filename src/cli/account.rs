//! What users, groups and resources have in common on the command line: being listed, shown,
//! changed and deleted.

use super::Failure;
use super::amount::{Quota, quota};
use super::ask::consent;
use super::resource::managers;
use super::session::Session;
use super::view::{Account, App, Deleted, Managed, Shown, kind_word};
use crate::domain::account::{self, NewAccount, Ties, inventory};
use crate::domain::directory::admin::{self, Changes};
use crate::domain::directory::name::fold;
use crate::domain::directory::{Kind, Principal, resource};
use clap::Args;

/// Rows of one page of a list: bounds memory and how long a read lasts.
pub const PAGE: i64 = 500;

/// The options of `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The name or an address
    name: String,
}

/// The options of `delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// The name
    name: String,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

/// The options that `group add` and `resource add` share.
#[derive(Debug, Args)]
pub struct New {
    /// The address, which is then the name too, or a bare name
    name: String,
    /// The name for people to read
    #[arg(long = "name", value_name = "NAME")]
    display_name: Option<String>,
    /// Octets that its collections may hold, such as 5G
    #[arg(long, value_name = "SIZE", value_parser = quota)]
    quota: Option<Quota>,
    /// A further address (repeatable)
    #[arg(long, value_name = "ADDR")]
    address: Vec<String>,
    /// The time zone of times that name none, such as Europe/Paris
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
}

/// The options that all forms of `set` share.
#[derive(Debug, Args)]
pub struct Change {
    /// The name or an address
    name: String,
    /// The name for people to read
    #[arg(long = "name", value_name = "NAME")]
    display_name: Option<String>,
    /// Octets that its collections may hold, such as 5G, or none
    #[arg(long, value_name = "SIZE", value_parser = quota)]
    quota: Option<Quota>,
    /// The time zone of times that name none, such as Europe/Paris, or none
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
}

impl New {
    /// Adds somebody who does not sign in.
    ///
    /// # Errors
    /// When the account is refused.
    pub async fn run(self, session: &Session, kind: Kind, ties: Ties) -> Result<(), Failure> {
        let made = self.make(session, kind, ties, resource::Changes::default()).await?;
        told(session, kind, &made.name, "added").await
    }

    /// Adds somebody who does not sign in, and says nothing of it; `what` is for a resource.
    ///
    /// # Errors
    /// When the account is refused.
    pub async fn make(
        self,
        session: &Session,
        kind: Kind,
        ties: Ties,
        what: resource::Changes,
    ) -> Result<Principal, Failure> {
        let new = NewAccount {
            display_name: self.display_name.unwrap_or_default(),
            quota: self.quota.and_then(|quota| quota.0),
            addresses: self.address,
            zone: self.time_zone,
            resource: what,
            ..NewAccount::of(kind, self.name)
        };
        Ok(account::create_tied(&session.store, new, ties, session.at).await?)
    }
}

impl Change {
    /// Makes the shared changes and these further ones, and shows the account.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a change of nothing; when the change is refused.
    pub async fn run(self, session: &Session, kind: Kind, more: Changes) -> Result<(), Failure> {
        let changed = self.make(session, kind, (more, false)).await?;
        told(session, kind, &changed.name, "changed").await
    }

    /// Makes the shared changes and these further ones, and says nothing of it; `also`: something else
    /// changes besides.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn make(
        self,
        session: &Session,
        kind: Kind,
        (more, also): (Changes, bool),
    ) -> Result<Principal, Failure> {
        let changes = Changes {
            display_name: self.display_name,
            quota: self.quota.map(|quota| quota.0),
            zone: self.time_zone.map(|zone| Some(zone).filter(|zone| fold(zone) != "none")),
            ..more
        };
        if changes.is_empty() && !also {
            let why = "nothing to change: name at least one option";
            return Err(Failure::Usage(why.into()));
        }
        Ok(admin::change(&session.store, &self.name, Some(kind), changes).await?)
    }
}

/// Says what was done to an account, and shows it.
///
/// # Errors
/// When it is not there.
pub async fn told(session: &Session, kind: Kind, name: &str, done: &str) -> Result<(), Failure> {
    let account = view(session, kind, name).await?;
    session.out.result(&account, format!("{done} {} {}", account.kind, account.name))
}

/// Reads an account anew for showing.
///
/// # Errors
/// When it is not there.
pub async fn view(session: &Session, kind: Kind, name: &str) -> Result<Account, Failure> {
    let it = admin::profile(&session.store, name, Some(kind)).await?;
    let resource = match it.resource.clone() {
        Some(what) => Some(Managed::new(what, managers(session, &it.principal).await?)),
        None => None,
    };
    Ok(Account { resource, ..it.into() })
}

/// Lists all of a kind.
///
/// # Errors
/// When the store or the output fails.
pub async fn list(session: &Session, kind: Kind) -> Result<(), Failure> {
    let mut listing = session.out.list();
    let mut after = String::new();
    loop {
        let page = admin::list(&session.store, kind, &after, PAGE).await?;
        let Some(last) = page.last() else { return listing.end() };
        after.clone_from(&last.principal.name);
        let lines: Vec<Account> = page.into_iter().map(Account::from).collect();
        listing.page(&lines)?;
    }
}

/// Shows one with what it holds.
///
/// # Errors
/// When it is not there.
pub async fn show(session: &Session, kind: Kind, which: Show) -> Result<(), Failure> {
    let account = view(session, kind, &which.name).await?;
    let found = inventory(&session.store, &account.name, Some(kind)).await?;
    let apps = admin::app_passwords(&session.store, &account.name).await?;
    let shown = Shown {
        collections: found.collections,
        objects: found.objects,
        messages: found.messages,
        used: found.octets,
        app_passwords: apps.into_iter().map(|app| App::new(&account.name, app)).collect(),
        account,
    };
    session.out.result(&shown, shown.text())
}

/// Says what goes along, asks, deletes.
///
/// # Errors
/// Without consent, for an address in place of the name, and when the deletion is refused.
pub async fn delete(session: &Session, kind: Kind, which: Delete) -> Result<(), Failure> {
    let Delete { name, yes } = which;
    let account = view(session, kind, &name).await?;
    let word = kind_word(kind);
    // An alias names somebody well enough to look at, but not to be the end of them.
    if account.name != fold(&name) {
        let owner = &account.name;
        return Err(Failure::Failed(format!(
            "{name} is an address of the {word} {owner}: name {owner} itself to delete it"
        )));
    }
    let found = inventory(&session.store, &account.name, Some(kind)).await?;
    let deleted = Deleted::new(account.name, kind, found);
    if !yes {
        consent(&deleted.question())?;
    }
    account::delete(&session.store, &deleted.deleted, Some(kind), session.at).await?;
    session.out.result(&deleted, format!("deleted {word} {}", deleted.deleted))
}
