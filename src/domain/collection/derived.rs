//! Derived collections: calendars and address books that the server fills from something else, and
//! that clients only read.
//!
//! Invariants: nobody, owner and administrator included, puts, moves or removes a member of one, or
//! patches its properties ([`demand`], which every change by a client passes by way of
//! `guard::unlocked`); in everything else it is a collection like others. Its octets are nobody's
//! quota, because nobody can make room there. A copy of it is an ordinary collection.

use super::access::Access;
use super::guard::Guard;
use super::item::{uid_is_free, write};
use super::kind::{Home, Kind};
use super::place::Place;
use super::property::{of_text, set_all};
use super::tree::{Found, Making, insert, locate, take_away};
use crate::format::vcard::dates::event_names;
use crate::kernel::clock::Timestamp;
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::ids::{BlobId, CollectionId, PrincipalId};
use crate::kernel::limits::{BIRTHDAYS_DELAY_SECONDS, DERIVED_BATCH, PAGE_MEMBERS};
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::blob::{self, Content};
use crate::store::collection::{self, Collection};
use crate::store::job::{self, Source};
use crate::store::object::{self, Index};
use crate::store::{Store, Tx, change_log};
use std::collections::{HashMap, HashSet};

/// What a derived collection is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Derived {
    /// A calendar of another server.
    Feed,
    /// Dates in the account's own vCards.
    Birthdays,
    /// The directory.
    Directory,
    /// What others send to the owner: inbox, outbox, notifications (`kind::SCHEDULING`).
    Scheduling,
}

struct Row {
    derived: Derived,
    /// It is stored; never reuse one.
    number: i64,
    /// What nobody may do to members, to add and to remove them included.
    members: Privileges,
    /// What nobody may do to the collection itself, to name and to remove it included.
    itself: Privileges,
}

/// Adding members, changing them, taking them out.
const CONTENT: Privileges =
    Privileges(Privilege::WriteContent as u32 | Privilege::Bind as u32 | Privilege::Unbind as u32);
/// Adding members and changing them.
const ADDING: Privileges = Privileges::WRITE.without(Privileges(Privilege::Unbind as u32));
/// Making, naming and removing a collection.
const NAMES: Privileges = Privileges(Privilege::Bind as u32 | Privilege::Unbind as u32);
/// Besides, everything that changes the collection itself.
const ALL_CHANGES: Privileges = Privileges::WRITE
    .union(Privileges(Privilege::WriteAcl as u32))
    .union(Privileges(Privilege::Unlock as u32));

static DERIVED: [Row; 4] = [
    Row { derived: Derived::Feed, number: 1, members: Privileges::WRITE, itself: Privileges::NONE },
    Row {
        derived: Derived::Birthdays,
        number: 2,
        members: Privileges::WRITE,
        itself: Privileges::NONE,
    },
    Row { derived: Derived::Directory, number: 3, members: ALL_CHANGES, itself: ALL_CHANGES },
    // Its owner removes what he has read, names the collection's properties and grants.
    Row { derived: Derived::Scheduling, number: 4, members: ADDING, itself: NAMES },
];

/// The row of a number in the store; none: people fill it.
fn row(number: i64) -> Option<&'static Row> {
    DERIVED.iter().find(|row| row.number == number)
}

impl Row {
    /// What nobody has of the rights on the collection: to its members, and to itself.
    fn on_it(&self) -> Privileges {
        let names = Privileges(self.members.0 & CONTENT.0);
        names.union(self.itself.without(NAMES))
    }
}

impl Derived {
    /// What a collection is made from; none: people fill it.
    pub fn of(it: &Collection) -> Option<Self> {
        row(it.derived).map(|row| row.derived)
    }

    /// The number in the store.
    pub fn number(self) -> i64 {
        DERIVED.iter().find(|row| row.derived == self).map_or(0, |row| row.number)
    }
}

/// What is left of rights on a collection.
pub fn left_on(rights: Privileges, it: &Collection) -> Privileges {
    row(it.derived).map_or(rights, |row| rights.without(row.on_it()))
}

/// What is left of rights on the members of a collection that is filled so.
pub fn left_on_members(rights: Privileges, derived: i64) -> Privileges {
    row(derived).map_or(rights, |row| rights.without(row.members))
}

/// What is left of rights on what was found.
pub fn left(rights: Privileges, found: &Found) -> Privileges {
    match found {
        Found::Collection(it) => left_on(rights, it),
        Found::Object(parent, _) => left_on_members(rights, parent.derived),
        Found::Nothing(_) | Found::NoParent => rights,
    }
}

/// Demands that what was found at a place may be changed by people at all, in the way that this
/// privilege allows.
///
/// # Errors
/// `Denied`, as for whoever lacks the right.
pub fn demand(place: &Place, found: &Found, privilege: Privilege) -> Outcome<()> {
    let kept = match found {
        Found::Object(parent, _) | Found::Nothing(parent) => {
            row(parent.derived).is_some_and(|row| row.members.has(privilege))
        }
        // To name or to remove a collection is a matter of the one that holds it.
        Found::Collection(it) => row(it.derived).is_some_and(|row| row.itself.has(privilege)),
        Found::NoParent => false,
    };
    let names = matches!(privilege, Privilege::Bind | Privilege::Unbind);
    match (kept, place.parent_path().filter(|_| names)) {
        (false, _) => Ok(()),
        (true, Some(above)) => Err(denied(&place.at(above, true), privilege)),
        (true, None) => Err(denied(place, privilege)),
    }
}

/// Demands that people may add members to a collection.
///
/// # Errors
/// `Denied`.
pub fn demand_bind(place: &Place, it: &Collection) -> Outcome<()> {
    match Derived::of(it) {
        Some(_) => Err(denied(&place.at(&it.path, true), Privilege::Bind)),
        None => Ok(()),
    }
}

fn denied(place: &Place, privilege: Privilege) -> Fault {
    Fault::Denied { path: place.dav_path(), privilege }
}

/// What octets of a collection's members count for the quota of its account.
pub fn charged(of: &Collection, octets: i64) -> i64 {
    match Derived::of(of) {
        Some(_) => 0,
        None => octets,
    }
}

/// The content that was there before, as the log keeps it: of what the server fills, none. Nobody brings
/// that back, and a feed that changes all the time would fill the disk outside of every quota.
pub async fn history(
    tx: &mut Tx,
    of: &Collection,
    before: BlobId,
    now: Timestamp,
) -> Outcome<Option<BlobId>> {
    match Derived::of(of) {
        Some(_) => blob::release(tx, before, now).await.map(|()| None),
        None => Ok(Some(before)),
    }
}

/// The job that keeps an account's calendars of birthdays true. It is stored; never give it another
/// meaning.
pub const BIRTHDAYS_JOB: &str = "birthdays";

/// Notes, within the write that changes a member of an address book, that a calendar of birthdays is
/// to follow. `card` is what is stored now; none: the change may be anything.
pub(super) async fn cards_changed(
    tx: &mut Tx,
    access: &Access,
    book: &Collection,
    card: Option<&Index>,
) -> Outcome<()> {
    if Kind::from_number(book.kind) != Kind::Addressbook || book.derived != 0 {
        return Ok(());
    }
    let uid = card.and_then(|it| it.uid.as_deref()).unwrap_or_default();
    let [birthday, anniversary] = event_names(uid);
    let of = Source {
        account: book.account,
        derived: Derived::Birthdays.number(),
        matters: card.is_none_or(|it| it.dated),
        members: [&birthday, &anniversary],
    };
    job::follow(tx, BIRTHDAYS_JOB, of, access.now.plus_seconds(BIRTHDAYS_DELAY_SECONDS)).await?;
    Ok(())
}

/// A derived collection about to be made.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// The account that gets it, and which of its trees.
    pub at: (PrincipalId, Home),
    /// Its name in the home.
    pub name: &'a str,
    /// What it is made from.
    pub derived: Derived,
    /// What people read.
    pub title: &'a str,
    /// The calendar components that it holds; 0 elsewhere.
    pub components: i64,
}

/// Makes an empty derived collection.
///
/// # Errors
/// `Exists` when the name is taken; `NoParent` when the account has no such home.
pub async fn make(tx: &mut Tx, access: &Access, new: &New<'_>) -> Outcome<CollectionId> {
    let (account, home) = new.at;
    let (number, _) = change_log::take(tx, account).await?;
    let place = Place::new(account, "", home, new.name)?;
    let Found::Nothing(parent) = locate(tx, &place).await? else {
        return Err(Refusal::Exists.into());
    };
    let properties = vec![of_text("displayname", new.title)];
    let making = Making { kind: home.child(), components: new.components, properties };
    let id = insert(tx, access, &place, &parent, &making, number).await?;
    set_all(tx, id, "", &making.properties).await?;
    collection::derive(tx, id, new.derived.number()).await?;
    Ok(id)
}

/// The account's collections that are made from this, by name.
pub async fn all_of(tx: &mut Tx, account: PrincipalId, what: Derived) -> Outcome<Vec<Collection>> {
    let mut found = Vec::new();
    for home in [Home::Calendars, Home::Addressbooks] {
        found.extend(collection::all_below(tx, account, home.segment()).await?);
    }
    found.retain(|it| Derived::of(it) == Some(what));
    Ok(found)
}

/// A member that a derived collection shall hold.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name: always the same for the same UID, or a UID may be met where it was before.
    pub name: String,
    /// Its octets.
    pub content: Content,
    /// What the index keeps of it.
    pub index: Index,
}

/// What became of a derived collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Members that are new or got another content.
    pub stored: usize,
    /// Members that are gone.
    pub removed: usize,
    /// Members that cannot be stored, with the first reason.
    pub refused: usize,
    /// It.
    pub why: Option<Fault>,
}

/// Makes a derived collection hold exactly these members, a batch a transaction; what says the same
/// already is not touched. It bears being done twice, also by two nodes at the same time.
///
/// # Errors
/// `NotFound` when there is no such collection, or not any more. One member that cannot be stored
/// holds up no other.
pub async fn settle(
    store: &Store,
    of: CollectionId,
    mut wanted: Vec<Wanted>,
    now: Timestamp,
) -> Outcome<Settled> {
    let (it, present) = present(store, of).await?;
    let mut settled = Settled::default();
    // One name and one UID, one member: the first has it.
    let (mut names, mut uids) = (HashSet::new(), HashSet::new());
    wanted.retain(|w| {
        let uid_free = w.index.uid.as_ref().is_none_or(|uid| uids.insert(uid.clone()));
        let kept = uid_free && names.insert(w.name.clone());
        settled.refused += usize::from(!kept);
        kept
    });
    wanted.retain(|w| present.get(&w.name) != Some(&ETag::from_hash(&w.content.hash)));
    bring(store, &it, (present, names), wanted, (settled, now)).await
}

/// As [`settle`], for members that the server writes itself: of those that are there already nothing
/// but the octets is worked out. What does not pass `examine` is left out.
///
/// # Errors
/// As [`settle`].
pub async fn settle_own(
    store: &Store,
    of: CollectionId,
    wanted: Vec<(String, String)>,
    examine: fn(&[u8]) -> Outcome<Index>,
    now: Timestamp,
) -> Outcome<Settled> {
    let (it, present) = present(store, of).await?;
    let mut settled = Settled::default();
    let (mut names, mut news) = (HashSet::new(), Vec::new());
    for (name, text) in wanted {
        let content = Content::inline(text.into_bytes());
        let known = present.get(&name) == Some(&ETag::from_hash(&content.hash));
        if !names.insert(name.clone()) || known {
            continue;
        }
        match examine(content.data.as_deref().unwrap_or_default()) {
            Ok(index) => news.push(Wanted { name, content, index }),
            Err(why) => {
                settled.refused += 1;
                settled.why.get_or_insert(why);
            }
        }
    }
    bring(store, &it, (present, names), news, (settled, now)).await
}

/// Stores what is new, after everything is removed whose name is not wanted.
async fn bring(
    store: &Store,
    it: &Collection,
    (mut present, names): (HashMap<String, ETag>, HashSet<String>),
    wanted: Vec<Wanted>,
    (mut settled, now): (Settled, Timestamp),
) -> Outcome<Settled> {
    present.retain(|name, _| !names.contains(name));
    // What goes makes room for UIDs that come.
    let mut gone: Vec<String> = present.into_keys().collect();
    gone.sort();
    let gone = gone.into_iter().map(Step::Remove);
    let mut steps = gone.chain(wanted.into_iter().map(|it| Step::Store(Box::new(it)))).peekable();
    while steps.peek().is_some() {
        let batch = steps.by_ref().take(DERIVED_BATCH).collect();
        settled = carry_out(store, it, batch, settled, now).await?;
    }
    Ok(settled)
}

enum Step {
    Remove(String),
    Store(Box<Wanted>),
}

/// The collection, and the tags of its members.
async fn present(store: &Store, of: CollectionId) -> Outcome<(Collection, HashMap<String, ETag>)> {
    let (mut all, mut after) = (HashMap::new(), String::new());
    loop {
        let from = after.clone();
        let read = store.read(move |tx| {
            Box::pin(async move {
                Ok((found(tx, of).await?, object::page(tx, of, &from, PAGE_MEMBERS).await?))
            })
        });
        let (it, page) = read.await?;
        let full = page.len() == PAGE_MEMBERS;
        after = page.last().map_or(after, |last| last.name.clone());
        all.extend(page.into_iter().map(|o| (o.name, o.etag)));
        if !full {
            return Ok((it, all));
        }
    }
}

async fn found(tx: &mut Tx, of: CollectionId) -> Outcome<Collection> {
    let it = collection::by_id(tx, of).await?;
    it.filter(|it| Derived::of(it).is_some()).ok_or(Fault::NotFound)
}

async fn carry_out(
    store: &Store,
    it: &Collection,
    batch: Vec<Step>,
    mut settled: Settled,
    now: Timestamp,
) -> Outcome<Settled> {
    let access = Access::of_server(store, now);
    let (account, of) = (it.account, it.id);
    store
        .write(move |tx| {
            Box::pin(async move {
                // Locks the account, so what is looked up stays true.
                change_log::hold(tx, account).await?;
                let at = place_of(&found(tx, of).await?)?;
                for step in &batch {
                    match carry_out_one(tx, &access, (of, &at), step).await {
                        Ok(()) if matches!(step, Step::Remove(_)) => settled.removed += 1,
                        Ok(()) => settled.stored += 1,
                        Err(fault @ Fault::Refused(_)) => {
                            settled.refused += 1;
                            settled.why.get_or_insert(fault);
                        }
                        Err(fault) => return Err(fault),
                    }
                }
                Ok(settled)
            })
        })
        .await
}

async fn carry_out_one(
    tx: &mut Tx,
    access: &Access,
    (of, at): (CollectionId, &Place),
    step: &Step,
) -> Outcome<()> {
    match step {
        Step::Remove(name) => {
            let place = at.child(name, false);
            let found = locate(tx, &place).await?;
            if found.object().is_none() {
                return Ok(());
            }
            let (number, _) = change_log::take(tx, at.account).await?;
            take_away(tx, access, &place, &found, number).await
        }
        Step::Store(it) => {
            super::place::check_name(&it.name)?;
            let place = at.child(&it.name, false);
            let parent = found(tx, of).await?;
            uid_is_free(tx, &place, &parent, it.index.uid.as_deref()).await?;
            write(tx, access, &place, &it.content, &it.index, &Guard::default()).await.map(drop)
        }
    }
}

/// Where a collection is. The account's name is not needed: only clients' paths show it.
fn place_of(it: &Collection) -> Outcome<Place> {
    let home = it.path.split('/').next().and_then(Home::from_segment).ok_or(Fault::NotFound)?;
    let (account, path) = (it.account, it.path.clone());
    Ok(Place { account, account_name: String::new(), home, path, collection: true })
}
