//! Mailboxes: what they are for, those of a new account, those of an account.
//!
//! Invariant: every mailbox is a collection with a row of its own beside it. The UIDVALIDITY is the
//! collection's number: one that is made again under an old name has a greater one (RFC 9051
//! §2.3.1.1).

use crate::domain::collection::tree::{Found, Making, insert, locate, remove_in};
use crate::domain::collection::{Access, Collection, Guard, Home, Kind, Place};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::mailbox::{self, Mailbox};
use crate::store::{Tx, change_log, collection};

/// The mailbox where mail arrives. Its name is the same in any case (RFC 9051 §5.1).
pub const INBOX: &str = "INBOX";

/// Uses of mailboxes by their attributes (RFC 6154, RFC 8457). The bits are stored; never use one
/// for something else.
pub static SPECIAL_USE: [(&str, i64); 8] = [
    ("\\All", 1),
    ("\\Archive", 1 << 1),
    ("\\Drafts", 1 << 2),
    ("\\Flagged", 1 << 3),
    ("\\Junk", 1 << 4),
    ("\\Sent", 1 << 5),
    ("\\Trash", 1 << 6),
    ("\\Important", 1 << 7),
];

/// The mailboxes of a new user: the name, and what it is for.
pub static FIRST: [(&str, i64); 6] = [
    (INBOX, 0),
    ("Drafts", 1 << 2),
    ("Sent", 1 << 5),
    ("Archive", 1 << 1),
    ("Junk", 1 << 4),
    ("Trash", 1 << 6),
];

/// Makes a mailbox of a collection that has just been made.
pub async fn begin(tx: &mut Tx, id: CollectionId, special_use: i64) -> Outcome<()> {
    mailbox::insert(tx, id, special_use).await
}

/// A mailbox as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its name: names from the mail home, joined by `/`.
    pub name: String,
    /// Its collection, with the number and the octets of its messages.
    pub collection: Collection,
    /// What it has beside.
    pub mailbox: Mailbox,
}

/// The place of a mailbox by its name.
///
/// # Errors
/// When the name cannot be one.
pub fn place(account: PrincipalId, account_name: &str, name: &str) -> Outcome<Place> {
    let (first, rest) = name.split_once('/').map_or((name, ""), |(first, rest)| (first, rest));
    let first = if first.eq_ignore_ascii_case(INBOX) { INBOX } else { first };
    Place::new(account, account_name, Home::Mail, &format!("{first}/{rest}/"))
}

/// The name of the mailbox at a place.
pub fn name(place: &Place) -> &str {
    name_of(&place.path)
}

/// The name behind the mail home's own.
fn name_of(path: &str) -> &str {
    path.split_once('/').map_or("", |(_, name)| name)
}

/// Which mailbox is meant: the one at a place, or one that was there once, wherever it is now.
#[derive(Clone, Debug)]
pub struct Address {
    place: Place,
    id: Option<CollectionId>,
}

impl From<&Place> for Address {
    fn from(place: &Place) -> Self {
        Self { place: place.clone(), id: None }
    }
}

impl Address {
    /// The mailbox of this number, last seen at this place.
    pub fn known(place: &Place, id: CollectionId) -> Self {
        Self { place: place.clone(), id: Some(id) }
    }

    /// Where it is, once the asker has shown a right there. What it holds is read after this, in a write
    /// after the account's lock is taken.
    ///
    /// # Errors
    /// `Denied`, `NotFound`.
    pub(super) async fn demand(
        &self,
        tx: &mut Tx,
        access: &Access,
        privilege: Privilege,
    ) -> Outcome<(Place, Privileges)> {
        let place = match self.id {
            None => self.place.clone(),
            Some(id) => {
                let it = collection::by_id(tx, id).await?.ok_or(Fault::NotFound)?;
                self.place.at(&it.path, true)
            }
        };
        let rights = access.demand(tx, &place, privilege).await?;
        Ok((place, rights))
    }
}

/// The mailbox at a place.
///
/// # Errors
/// `NotFound` when there is none.
pub(super) async fn at(tx: &mut Tx, place: &Place) -> Outcome<(Collection, Mailbox)> {
    mailbox::at(tx, place.account, &place.path).await?.ok_or(Fault::NotFound)
}

/// The mailboxes of an account that the asker may read, in the order of their names.
pub async fn all(access: &Access, account: PrincipalId) -> Outcome<Vec<View>> {
    let access = access.clone();
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                let rights = access.rights_in(tx, account).await?;
                let mut views = Vec::new();
                for (it, mailbox) in mailbox::all_below(tx, account, Home::Mail.segment()).await? {
                    if rights.on(&it.path).has(Privilege::Read) {
                        let name = name_of(&it.path).to_owned();
                        views.push(View { name, collection: it, mailbox });
                    }
                }
                Ok(views)
            })
        })
        .await
}

/// Makes a mailbox, and those above it that are not there (RFC 9051 §6.3.4); gives its number, or none if
/// it was there already. `special_use`: what it is for.
///
/// # Errors
/// `Denied` without the right to bind.
pub async fn ensure(
    access: &Access,
    place: &Place,
    special_use: i64,
) -> Outcome<Option<CollectionId>> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let names = place.path.match_indices('/').skip(1);
                for end in names.map(|(end, _)| end).collect::<Vec<_>>() {
                    let above = place.at(place.path.get(..end).unwrap_or_default(), true);
                    make(tx, &access, &above, 0).await?;
                }
                make(tx, &access, &place, special_use).await
            })
        })
        .await
}

async fn make(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    special_use: i64,
) -> Outcome<Option<CollectionId>> {
    access.demand_above(tx, place, Privilege::Bind).await?;
    let (number, _) = change_log::take(tx, place.account).await?;
    let parent = match locate(tx, place).await? {
        Found::Collection(_) => return Ok(None),
        Found::Nothing(parent) => parent,
        Found::NoParent | Found::Object(..) => return Err(Refusal::NoParent.into()),
    };
    let making = Making { kind: Kind::Mailbox, components: 0, properties: Vec::new() };
    let id = insert(tx, access, place, &parent, &making, number).await?;
    begin(tx, id, special_use).await?;
    Ok(Some(id))
}

/// Removes a mailbox; gives whether it is gone, for one with mailboxes in it stays. Its messages stay in
/// the history.
///
/// # Errors
/// `Denied` without the right to unbind, `NotFound`, `CollectionPlacement` for INBOX.
pub async fn remove(access: &Access, place: &Place) -> Outcome<bool> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::Read).await?;
                change_log::hold(tx, place.account).await?;
                let (it, _) = at(tx, &place).await?;
                if name(&place) == INBOX {
                    return Err(Refusal::CollectionPlacement("INBOX stays".to_owned()).into());
                }
                if !collection::children(tx, it.id).await?.is_empty() {
                    return Ok(false);
                }
                remove_in(tx, &access, &place, &Guard::default()).await?;
                Ok(true)
            })
        })
        .await
}

/// Has a mailbox listed for the asker, or not any more.
pub async fn subscribe(access: &Access, name: &str, listed: bool) -> Outcome<()> {
    let (who, name) = (access.who.id, name.to_owned());
    access
        .store
        .write(move |tx| Box::pin(async move { mailbox::subscribe(tx, who, &name, listed).await }))
        .await
}

/// The names of the mailboxes that the asker wants listed.
pub async fn subscriptions(access: &Access) -> Outcome<Vec<String>> {
    let who = access.who.id;
    access.store.read(move |tx| Box::pin(mailbox::subscriptions(tx, who))).await
}
