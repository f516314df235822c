//! What users, groups and resources have in common on the command line: being listed, shown,
//! changed and deleted.

use super::Failure;
use super::ask::consent;
use super::session::Session;
use super::view::{Account, App, Deleted, Shown, kind_word};
use crate::domain::account::{self, inventory};
use crate::domain::directory::Kind;
use crate::domain::directory::admin::{self, Changes};
use crate::domain::directory::name::fold;

/// Rows of one page of a list: bounds memory and how long a read lasts.
pub const PAGE: i64 = 500;

/// Reads an account anew for showing.
///
/// # Errors
/// When it is not there.
pub async fn view(session: &Session, kind: Kind, name: &str) -> Result<Account, Failure> {
    Ok(admin::profile(&session.store, name, Some(kind)).await?.into())
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
pub async fn show(session: &Session, kind: Kind, name: &str) -> Result<(), Failure> {
    let account = view(session, kind, name).await?;
    let found = inventory(&session.store, &account.name, Some(kind)).await?;
    let apps = admin::app_passwords(&session.store, &account.name).await?;
    let shown = Shown {
        collections: found.collections,
        objects: found.objects,
        used: found.octets,
        app_passwords: apps.into_iter().map(|app| App::new(&account.name, app)).collect(),
        account,
    };
    session.out.result(&shown, shown.text())
}

/// Changes one and shows it.
///
/// # Errors
/// When the change is refused.
pub async fn change(
    session: &Session,
    kind: Kind,
    name: &str,
    changes: Changes,
) -> Result<(), Failure> {
    let changed = admin::change(&session.store, name, Some(kind), changes).await?;
    let account = view(session, kind, &changed.name).await?;
    session.out.result(&account, format!("changed {} {}", account.kind, account.name))
}

/// Says what goes along, asks, deletes.
///
/// # Errors
/// Without consent, for an address in place of the name, and when the deletion is refused.
pub async fn delete(session: &Session, kind: Kind, name: &str, yes: bool) -> Result<(), Failure> {
    let account = view(session, kind, name).await?;
    let word = kind_word(kind);
    // An alias names somebody well enough to look at, but not to be the end of them.
    if account.name != fold(name) {
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

/// Refuses a change of nothing.
///
/// # Errors
/// [`Failure::Usage`].
pub fn something(changes: bool) -> Result<(), Failure> {
    match changes {
        true => Ok(()),
        false => Err(Failure::Usage("nothing to change: name at least one option".into())),
    }
}
