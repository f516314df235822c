//! The directory as an address book that everyone who signs in may search and read: a card for each
//! user, group and resource.
//!
//! Invariants: the book follows the directory, because whoever changes that asks for the job in the
//! same transaction (`directory::changed`); it belongs to an account that no principal owns, so it is
//! in nobody's home. Locked users are left out: nobody writes to who is not there any more.

use super::collection::derived::{self, Derived, New};
use super::collection::tree::{Found, take_away};
use super::collection::{Access, Home, Place};
use super::contacts;
use super::directory::admin::{self, Profile};
use super::directory::{BOOK, BOOK_ACCOUNT, BOOK_OWNER, Kind, Principal};
use crate::format::vcard::entry::{Entry, Sort, card};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::PAGE_MEMBERS;
use crate::kernel::privilege::Privileges;
use crate::kernel::secret::uuid_of;
use crate::store::ace::{self, Grant};
use crate::store::collection::{self, NewCollection};
use crate::store::{Store, Tx, change_log};
use std::collections::HashMap;

/// Makes the address book what the directory says; where it shall be none, takes it away.
///
/// # Errors
/// The store's own.
pub async fn step(store: &Store, on: bool, now: Timestamp) -> Outcome<()> {
    let Some(of) = book(store, on, now).await? else { return Ok(()) };
    let cards = cards(store).await?;
    let examine = |octets: &[u8]| contacts::examine(None, octets);
    let settled = derived::settle_own(store, of, cards, examine, now).await?;
    if let Some(why) = settled.why {
        tracing::warn!(refused = settled.refused, %why, "entries are not in the address book");
    }
    Ok(())
}

/// The address book, made or removed as it shall be.
async fn book(store: &Store, on: bool, now: Timestamp) -> Outcome<Option<CollectionId>> {
    let found = store.read(|tx| Box::pin(here(tx))).await?;
    if found.is_some() == on {
        return Ok(found);
    }
    let access = Access::of_server(store, now);
    store
        .write(move |tx| {
            Box::pin(async move {
                match (here(tx).await?, on) {
                    (found @ Some(_), true) => Ok(found),
                    (None, true) => make(tx, &access).await.map(Some),
                    (_, false) => remove(tx, &access).await.map(|()| None),
                }
            })
        })
        .await
}

fn place() -> Outcome<Place> {
    Place::new(BOOK_ACCOUNT, BOOK_OWNER, Home::Addressbooks, BOOK)
}

async fn here(tx: &mut Tx) -> Outcome<Option<CollectionId>> {
    Ok(collection::at(tx, BOOK_ACCOUNT, &place()?.path).await?.map(|it| it.id))
}

async fn make(tx: &mut Tx, access: &Access) -> Outcome<CollectionId> {
    if !change_log::exists(tx, BOOK_ACCOUNT).await? {
        change_log::new_account(tx, BOOK_ACCOUNT).await?;
    }
    let home = Home::Addressbooks;
    if collection::at(tx, BOOK_ACCOUNT, home.segment()).await?.is_none() {
        let (number, _) = change_log::take(tx, BOOK_ACCOUNT).await?;
        let new = NewCollection {
            account: BOOK_ACCOUNT,
            parent: None,
            kind: home.kind().number(),
            path: home.segment(),
            components: 0,
            number,
            at: access.now,
        };
        let id = collection::insert(tx, &new).await?;
        collection::derive(tx, id, Derived::Directory.number()).await?;
        let everyone = Grant { to: ace::AUTHENTICATED, privileges: Privileges::READ };
        ace::replace(tx, id, &[everyone]).await?;
    }
    let (at, derived) = ((BOOK_ACCOUNT, home), Derived::Directory);
    let new = New { at, name: BOOK, derived, title: "Directory", components: 0 };
    derived::make(tx, access, &new).await
}

async fn remove(tx: &mut Tx, access: &Access) -> Outcome<()> {
    let place = place()?;
    let Some(it) = collection::at(tx, BOOK_ACCOUNT, &place.path).await? else { return Ok(()) };
    let (number, _) = change_log::take(tx, BOOK_ACCOUNT).await?;
    take_away(tx, access, &place, &Found::Collection(it), number).await
}

/// The UID of a principal's card: the same after a restore and on another engine, and another one
/// for whoever gets the name of someone who is gone.
fn uid(of: &Principal) -> String {
    uuid_of(&format!("davenport directory {} {}", of.name, of.created_at.0))
}

/// The name of a principal's card in the book, if it has one there.
pub fn name_of(it: &Principal) -> Option<String> {
    (!it.locked).then(|| format!("{}.vcf", uid(it)))
}

/// The name and text of every card.
async fn cards(store: &Store) -> Outcome<Vec<(String, String)>> {
    let mut all: Vec<(Kind, Profile)> = Vec::new();
    for kind in Kind::ALL {
        let mut after = String::new();
        loop {
            let page = admin::list(store, kind, &after, PAGE_MEMBERS as i64).await?;
            let full = page.len() == PAGE_MEMBERS;
            after = page.last().map_or(after, |last| last.principal.name.clone());
            let shown = page.into_iter().filter(|it| !it.principal.locked);
            all.extend(shown.map(|it| (kind, it)));
            if !full {
                break;
            }
        }
    }
    let uids: HashMap<PrincipalId, String> =
        all.iter().map(|(_, it)| (it.principal.id, uid(&it.principal))).collect();
    let written = all.iter().filter_map(|(kind, it)| {
        let uid = uids.get(&it.principal.id)?;
        let members: Vec<&str> =
            it.members.iter().filter_map(|m| uids.get(&m.id).map(String::as_str)).collect();
        let sort = match kind {
            Kind::User => Sort::Person,
            Kind::Group => Sort::Group,
            Kind::Resource => Sort::Location,
        };
        let (name, addresses) = (&it.principal.display_name, &it.addresses);
        let entry = Entry { uid, sort, name, addresses, members: &members };
        Some((format!("{uid}.vcf"), card(&entry)))
    });
    Ok(written.collect())
}
