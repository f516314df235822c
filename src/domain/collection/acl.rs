//! Access control lists (ACL; RFC 3744 §8.1): who has been granted what on a collection.
//!
//! Invariants: a list holds grants only, at most one for a principal, so their order means nothing;
//! it stands on a collection and reaches everything below; the owner has every right by nature, so
//! no list can take one away.

use super::access::Access;
use super::guard::{Guard, Reach, unlocked};
use super::mount;
use super::place::{Place, path_covers};
use super::tree::{Found, locate};
use crate::domain::directory::Kind;
use crate::kernel::change::ChangeNumber;
use crate::kernel::fault::{AceRule, Fault, Outcome, Refusal};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::ACES_MAX;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::ace::{self, Grant};
use crate::store::change_log::{self, Action, Entry};
use crate::store::{Tx, collection, principal};
use std::collections::HashSet;

/// Who an entry is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Grantee {
    /// Whoever owns the resource (`DAV:property` with `DAV:owner`).
    Owner,
    /// Everyone, signed in or not (`DAV:all`).
    All,
    /// Everyone who has signed in (`DAV:authenticated`).
    Authenticated,
    /// Everyone who has not signed in (`DAV:unauthenticated`).
    Unauthenticated,
    /// A principal; a group means its members.
    Principal(Kind, String),
}

/// An entry as it stands in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The path, from the account's root, of the collection that it stands on.
    pub path: String,
    /// Who has it.
    pub to: Grantee,
    /// What it gives.
    pub privileges: Privileges,
}

/// Where an entry of a new list says it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The list itself: it shall stand there.
    Own,
    /// The server protects it; a client repeats what it has read.
    Protected,
    /// The collection at this path; a client repeats what it has read.
    Inherited(String),
}

/// An entry of a new list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ace {
    /// Who shall have it.
    pub to: Grantee,
    /// What it gives.
    pub privileges: Privileges,
    /// Where it comes from.
    pub origin: Origin,
}

/// All entries on the account's collections. Principals that are gone have left none.
pub(super) async fn granted(tx: &mut Tx, account: PrincipalId) -> Outcome<Vec<Granted>> {
    let rows = ace::named(tx, account).await?;
    let all = rows.into_iter().filter_map(|row| {
        let to = match row.grant.to {
            ace::OWNER => Grantee::Owner,
            ace::ALL => Grantee::All,
            ace::AUTHENTICATED => Grantee::Authenticated,
            ace::UNAUTHENTICATED => Grantee::Unauthenticated,
            _ => {
                let kind = Kind::ALL.into_iter().find(|kind| kind.number() == row.kind)?;
                Grantee::Principal(kind, row.name)
            }
        };
        Some(Granted { path: row.path, to, privileges: row.grant.privileges })
    });
    Ok(all.collect())
}

/// Makes these entries a collection's list, all or nothing.
///
/// # Errors
/// `Denied` without the right to write the list, `NotFound`, `ConditionFailed`, `Locked`, `Ace`
/// with the rule that the list breaks; a member of a collection has no list of its own.
pub async fn set(access: &Access, place: &Place, aces: Vec<Ace>, guard: Guard) -> Outcome<()> {
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let (id, number) = begin(tx, &access, &place, &guard).await?;
                let before = ace::of(tx, id).await?;
                let grants = grants(tx, &place, &aces, ACES_MAX.max(before.len())).await?;
                ace::change(tx, id, &before, &grants).await?;
                mount::grants_changed(tx, (id, place.account), &before, &grants).await?;
                end(tx, &access, &place, (id, number)).await
            })
        })
        .await
}

/// What comes before every change of a list: rights, the account's next number, conditions, locks.
pub(in crate::domain) async fn begin(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    guard: &Guard,
) -> Outcome<(CollectionId, ChangeNumber)> {
    access.demand(tx, place, Privilege::WriteAcl).await?;
    let (number, _) = change_log::take(tx, place.account).await?;
    let found = locate(tx, place).await?;
    guard.check(tx, access, place, &found).await?;
    let id = match &found {
        Found::Collection(it) => it.id,
        Found::Object(..) => {
            let why = "access to a member is that to its collection: set it there";
            return refuse(AceRule::NoConflict, why);
        }
        _ => return Err(Fault::NotFound),
    };
    let reach = Reach::One(Privilege::WriteAcl);
    unlocked(tx, access, (place, &found), guard, reach).await?;
    Ok((id, number))
}

/// What comes after: the collection and the log say that it changed.
pub(in crate::domain) async fn end(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    (id, number): (CollectionId, ChangeNumber),
) -> Outcome<()> {
    collection::change_self(tx, id, number, access.now).await?;
    let (account, action) = (place.account, Action::Properties);
    let entry = Entry { account, number, collection: id, name: "", action, before: None };
    change_log::record(tx, &entry, &access.author()).await
}

pub(in crate::domain) fn refuse<T>(rule: AceRule, why: impl Into<String>) -> Outcome<T> {
    Err(Refusal::Ace(rule, why.into()).into())
}

/// The list's own grants; entries that only repeat what stands elsewhere are checked to do so.
async fn grants(tx: &mut Tx, place: &Place, aces: &[Ace], most: usize) -> Outcome<Vec<Grant>> {
    let (mut own, mut named): (Vec<Grant>, HashSet<PrincipalId>) = Default::default();
    for it in aces {
        match &it.origin {
            Origin::Own => {}
            Origin::Protected if it.to == Grantee::Owner && it.privileges == Privileges::ALL => {
                continue;
            }
            Origin::Protected => {
                let why = "the owner's right to everything is the only protected entry";
                return refuse(AceRule::NoProtectedConflict, why);
            }
            Origin::Inherited(from) => {
                inherited(tx, place, it, from).await?;
                continue;
            }
        }
        let to = identity(tx, &it.to).await?;
        if !named.insert(to) {
            let why = "two entries are for the same principal: make them one";
            return refuse(AceRule::NoConflict, why);
        }
        if own.len() >= most {
            let why = format!("more than {most} entries: grant to a group");
            return refuse(AceRule::LimitedNumber, why);
        }
        own.push(Grant { to, privileges: it.privileges });
    }
    Ok(own)
}

async fn inherited(tx: &mut Tx, place: &Place, it: &Ace, from: &str) -> Outcome<()> {
    let above = from != place.path && path_covers(from, &place.path);
    let stands = |g: &Granted| g.path == from && g.to == it.to && g.privileges == it.privileges;
    match above && granted(tx, place.account).await?.iter().any(stands) {
        true => Ok(()),
        false => refuse(AceRule::NoInheritedConflict, "no such entry is inherited"),
    }
}

pub(in crate::domain) async fn identity(tx: &mut Tx, to: &Grantee) -> Outcome<PrincipalId> {
    let (kind, name) = match to {
        Grantee::Owner => return Ok(ace::OWNER),
        Grantee::All => return Ok(ace::ALL),
        Grantee::Authenticated => return Ok(ace::AUTHENTICATED),
        Grantee::Unauthenticated => return Ok(ace::UNAUTHENTICATED),
        Grantee::Principal(kind, name) => (*kind, name),
    };
    match principal::by_name(tx, name).await?.filter(|found| Kind::of(found) == kind) {
        Some(found) => Ok(found.id),
        None => refuse(AceRule::RecognizedPrincipal, "an entry names no principal"),
    }
}
