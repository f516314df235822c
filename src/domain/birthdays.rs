//! The calendar of birthdays and anniversaries: derived from the vCards in an account's own address
//! books, for whoever wants one.
//!
//! Invariants: it follows the cards, because whoever changes one that has such a day, or had, asks for
//! the job in the same transaction (`collection::derived::cards_changed`); once its owner removed it,
//! it stays away, because nothing but an order makes one.

use super::calendar;
use super::collection::derived::{self, BIRTHDAYS_JOB, Derived, New};
use super::collection::{Access, Home, Kind, list};
use super::directory::admin::{expect, refuse};
use super::directory::{Kind as PrincipalKind, Principal};
use crate::format::vcard::dates::events_of;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::kernel::secret::uuid;
use crate::store::collection;
use crate::store::{Store, Tx, job};

/// Gives a user a calendar of birthdays, and has it filled.
///
/// # Errors
/// `Directory` when there is no such user, or it has one.
pub async fn add(store: &Store, name: &str, at: Timestamp) -> Outcome<Principal> {
    let (name, access) = (name.to_owned(), Access::of_server(store, at));
    store
        .write(move |tx| {
            Box::pin(async move {
                let it = expect(tx, &name, Some(PrincipalKind::User)).await?;
                if !derived::all_of(tx, it.id, Derived::Birthdays).await?.is_empty() {
                    return refuse(format!("{} has a calendar of birthdays", it.name));
                }
                make(tx, &access, it.id).await?;
                Ok(it)
            })
        })
        .await
}

/// Makes the calendar, within a write.
pub(super) async fn make(tx: &mut Tx, access: &Access, account: PrincipalId) -> Outcome<()> {
    let (at, name, derived) = ((account, Home::Calendars), uuid(), Derived::Birthdays);
    let new = New { at, name: &name, derived, title: "Birthdays", components: 1 };
    derived::make(tx, access, &new).await?;
    job::add(tx, BIRTHDAYS_JOB, &account.to_string(), account, "", access.now).await
}

/// Makes an account's calendars of birthdays what its cards say.
///
/// # Errors
/// The store's own.
pub async fn step(store: &Store, account: PrincipalId, now: Timestamp) -> Outcome<()> {
    let read = store.read(move |tx| {
        Box::pin(async move {
            let books = collection::all_below(tx, account, Home::Addressbooks.segment()).await?;
            Ok((derived::all_of(tx, account, Derived::Birthdays).await?, books))
        })
    });
    let (calendars, mut books) = read.await?;
    if calendars.is_empty() {
        return Ok(());
    }
    books.retain(|it| Kind::from_number(it.kind) == Kind::Addressbook && it.derived == 0);
    let mut events = Vec::new();
    for book in books {
        let mut after = Some(String::new());
        while let Some(from) = after {
            let want = list::Want { content: true, ..list::Want::default() };
            let page = list::page_of(store, book.id, from, want).await?;
            for (_, body) in &page.objects {
                // One that cannot be read holds up no other.
                let octets = body.as_ref().and_then(|body| body.octets().ok());
                events.extend(octets.iter().flat_map(|octets| events_of(octets)));
            }
            after = page.next;
        }
    }
    for it in calendars {
        let examine = |octets: &[u8]| calendar::examine(None, octets);
        derived::settle_own(store, it.id, events.clone(), examine, now).await?;
    }
    Ok(())
}
