//! Mounts: collections in somebody's home that show what others share with him.
//!
//! A mount has a name, properties and a place in the order of the home of its own. Everything else,
//! contents, rights, tokens, quota, is that of the shared collection: a path below a mount is brought
//! to the owner's place before anything else is done, and answers write it in the mount's terms
//! ([`Place::dav_path`]).
//!
//! Invariants: only names that begin with [`PREFIX`] can be mounts, so that other paths cost no look;
//! a mount gives no right: who may do what is asked of the owner's place; a change in a shared
//! collection writes nothing to anybody who has it.

use super::access::Access;
use super::kind::Kind;
use super::place::{Mount, Place};
use crate::domain::directory::{self, Kind as PrincipalKind};
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::secret::{sha256, uuid};
use crate::store::ace::{self, Grant};
use crate::store::collection::Collection;
use crate::store::mount::{self, Shown};
use crate::store::{Tx, principal};
use std::collections::BTreeSet;
use std::sync::Arc;

pub use crate::store::mount::{DECLINED, INVITED, Invitation, MOUNTED, Sharee};

/// How the names of mounts begin.
pub const PREFIX: &str = "shared-";

/// A new name.
pub fn new_name() -> String {
    format!("{PREFIX}{}", uuid())
}

/// The path of the collection in a home by way of which a place is named, if its name is like that
/// of a mount.
fn mount_path(place: &Place) -> Option<&str> {
    let below = place.path.get(place.home.segment().len() + 1..)?;
    let name = below.split('/').next().filter(|name| name.starts_with(PREFIX))?;
    place.path.get(..place.home.segment().len() + 1 + name.len())
}

/// Brings a place that is named by way of a mount to the owner's; others are given back.
///
/// # Errors
/// The store's own.
pub async fn resolve(access: &Access, place: Place) -> Outcome<Place> {
    let Some(path) = mount_path(&place).map(str::to_owned) else { return Ok(place) };
    let (account, at) = (place.account, path.clone());
    let read = access
        .store
        .read(move |tx| Box::pin(async move { mount::shown_at(tx, account, &at).await }));
    Ok(match read.await? {
        Some(shown) => through(&place, &path, &shown),
        None => place,
    })
}

/// A place in a home, at or below a mount there, as the owner's.
pub(super) fn through(place: &Place, path: &str, shown: &Shown) -> Place {
    let rest = place.path.strip_prefix(path).unwrap_or_default();
    let kind = PrincipalKind::ALL.into_iter().find(|kind| kind.number() == shown.owner_kind);
    let mount = Mount {
        id: shown.row,
        account: place.account,
        account_name: place.account_name.clone(),
        path: path.to_owned(),
        target: shown.path.clone(),
        owner_kind: kind.unwrap_or(PrincipalKind::User),
    };
    Place {
        account: shown.owner,
        account_name: shown.owner_name.clone(),
        home: place.home,
        path: format!("{}{rest}", shown.path),
        collection: place.collection,
        mount: Some(Arc::new(mount)),
    }
}

/// The state of what others share that shows in a home: a digest of what each of it changed last. None
/// where nothing shows, and for what is no home.
///
/// Whoever puts an answer together asks for it before the rest, so that what changes meanwhile is told
/// by the next answer.
pub async fn beside(tx: &mut Tx, home: &Collection) -> Outcome<Option<u64>> {
    if !matches!(Kind::from_number(home.kind), Kind::CalendarHome | Kind::AddressbookHome) {
        return Ok(None);
    }
    let all = mount::states(tx, home.account, home.id).await?;
    if all.is_empty() {
        return Ok(None);
    }
    let digest = sha256(format!("{all:?}").as_bytes());
    Ok(Some(digest.iter().take(8).fold(0, |state, byte| state << 8 | u64::from(*byte))))
}

/// Whether a collection can be shared so that it shows in others' homes.
pub fn can_be_shared(it: &Collection) -> bool {
    matches!(Kind::from_number(it.kind), Kind::Calendar | Kind::Addressbook)
}

/// Notes, within the write that changes a collection's grants, whose homes are to follow.
pub(in crate::domain) async fn grants_changed(
    tx: &mut Tx,
    (of, account): (CollectionId, PrincipalId),
    before: &[Grant],
    after: &[Grant],
) -> Outcome<()> {
    mount::mark(tx, of).await?;
    let by = |all: &[Grant]| all.iter().map(|g| (g.to, g.privileges.0)).collect::<BTreeSet<_>>();
    let changed: BTreeSet<_> =
        by(before).symmetric_difference(&by(after)).map(|(to, _)| *to).collect();
    for id in changed {
        match id {
            // The members of the group, if it is one.
            ace::OWNER => directory::sharing_changed(tx, account).await?,
            id if id.0 > 0 => directory::sharing_changed(tx, id).await?,
            // Everybody, or everybody signed in: nobody by name.
            _ => {}
        }
    }
    Ok(())
}

/// Notes, within the write that makes a collection, that the members of a group that owns it may be
/// to see it.
pub(super) async fn made(tx: &mut Tx, it: (Kind, &Place)) -> Outcome<()> {
    let (kind, place) = it;
    if !matches!(kind, Kind::Calendar | Kind::Addressbook) {
        return Ok(());
    }
    let owner = principal::by_id(tx, place.account).await?;
    match owner.is_some_and(|owner| PrincipalKind::of(&owner) == PrincipalKind::Group) {
        true => directory::sharing_changed(tx, place.account).await,
        false => Ok(()),
    }
}

/// Notes, within the write that removes a collection: of a shared one, that it is to go from the
/// homes where it shows; of a mount, that whoever has it does not want it, and its owner is to know.
pub(super) async fn removed(tx: &mut Tx, it: &Collection) -> Outcome<()> {
    if Kind::from_number(it.kind) == Kind::Mount {
        let Some(mut found) = mount::by_row(tx, it.id).await? else { return Ok(()) };
        (found.state, found.row, found.reply) = (DECLINED, None, true);
        mount::set(tx, &found).await?;
        return told(tx, &found).await;
    }
    for id in mount::who_has(tx, it.id).await? {
        directory::sharing_changed(tx, id).await?;
    }
    Ok(())
}

/// Has the owner of a shared collection told of a reply.
pub(in crate::domain) async fn told(tx: &mut Tx, it: &mount::Mount) -> Outcome<()> {
    let Some(target) = crate::store::collection::by_id(tx, it.target).await? else { return Ok(()) };
    // A group takes no notifications, and its job is for all of its members.
    match principal::by_id(tx, target.account).await?.map(|owner| PrincipalKind::of(&owner)) {
        Some(PrincipalKind::Group) | None => Ok(()),
        Some(_) => directory::sharing_changed(tx, target.account).await,
    }
}
