//! What somebody has for himself in the objects of another's calendar: alarms, what programs note of
//! them, and whether an event takes his time (draft-pot-caldav-sharing §4).
//!
//! Invariants: nobody but him is shown it, and he is shown nobody else's; whoever may read a calendar
//! may have it, and setting it changes nothing that others see: no content, no tag, no number of the
//! collection. What he sees has a tag of the content's and of his own part.

use super::access::Access;
use super::guard::{Guard, Reach, unlocked};
use super::kind::{Home, Kind};
use super::place::Place;
use super::privacy::{self, Sight, Viewer, body_of};
use super::tree::{Found, locate};
use crate::format::personal::{self, Share};
use crate::kernel::change::ChangeNumber;
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{PERSONAL_MAX, PERSONAL_TOTAL_MAX};
use crate::kernel::privilege::Privilege;
use crate::kernel::secret::sha256;
use crate::store::blob::{self, Content};
use crate::store::collection::Collection;
use crate::store::object::{Index, Object};
use crate::store::{Tx, change_log, personal as rows};
use std::borrow::Cow;
use std::collections::HashMap;

/// How much of a calendar is a viewer's own; none: he uses it as its owner does.
fn share(viewer: Viewer) -> Option<Share> {
    match viewer {
        // Whoever is not the account itself: a member of the group that owns it.
        Viewer::Owner => Some(Share::Alarms),
        Viewer::Sharee | Viewer::FreeBusy => Some(Share::AlarmsAndTime),
        Viewer::Administrator | Viewer::Delegate | Viewer::Link | Viewer::BusyLink => None,
    }
}

/// Whether somebody who has signed in may have something for himself in an account.
fn is_another(access: &Access, account: PrincipalId) -> bool {
    !access.has_all(account) && access.who.id.0 > 0
}

/// Makes of objects of another's what the asker sees of them. `viewer` is who he is to the owner, where
/// that is known.
pub(super) async fn show(
    tx: &mut Tx,
    access: &Access,
    (account, viewer): (PrincipalId, Option<Viewer>),
    objects: Vec<Sight<'_>>,
) -> Outcome<()> {
    let mut of: HashMap<CollectionId, Vec<String>> = HashMap::new();
    for (collection, object, _) in objects.iter().filter(|(_, it, _)| !it.hidden) {
        of.entry(*collection).or_default().push(object.name.clone());
    }
    let mut own: HashMap<(CollectionId, String), String> = HashMap::new();
    if is_another(access, account) {
        for (collection, names) in of {
            for (name, text) in rows::of(tx, access.who.id, collection, &names).await? {
                own.insert((collection, name), text);
            }
        }
    }
    // Without contents at hand there is nothing to take out.
    if own.is_empty() && objects.iter().all(|(_, _, body)| body.is_none()) {
        return Ok(());
    }
    let viewer = match viewer {
        Some(viewer) => viewer,
        None => privacy::viewer(tx, access, account).await?,
    };
    let Some(share) = share(viewer) else { return Ok(()) };
    for (collection, object, body) in objects.into_iter().filter(|(_, it, _)| !it.hidden) {
        let own = own.get(&(collection, object.name.clone())).map_or("", String::as_str);
        if let Some(body) = body
            && let Cow::Owned(shown) = personal::shown(&body.octets()?, own, share)
        {
            object.size = shown.len() as u64;
            *body = blob::Body::Inline(shown);
        }
        object.etag = etag(&object.etag, own);
    }
    Ok(())
}

/// Changes when a program of a later version shows the same object otherwise.
const FORM: u32 = 1;

/// The validator of what somebody sees of a content. Without anything of his own it is the content's:
/// what he is not shown of that is no part of what it stands for.
pub(super) fn etag(of: &ETag, own: &str) -> ETag {
    match own.is_empty() {
        true => *of,
        false => ETag::from_hash(&sha256(format!("{FORM} own {of} {own}").as_bytes())),
    }
}

/// The state of what is the asker's own in a collection; none: nothing is.
pub(super) async fn state(tx: &mut Tx, access: &Access, of: &Collection) -> Outcome<Option<u64>> {
    match Kind::from_number(of.kind) {
        Kind::Calendar if is_another(access, of.account) => {
            rows::state(tx, access.who.id, of.id).await
        }
        _ => Ok(None),
    }
}

/// The same, asked by itself.
///
/// # Errors
/// The store's own.
pub async fn state_of(access: &Access, of: &Collection) -> Outcome<Option<u64>> {
    let (access, store, of) = (access.clone(), access.store.clone(), of.clone());
    store.read(move |tx| Box::pin(async move { state(tx, &access, &of).await })).await
}

/// The objects in which somebody set something of his own after a number, each with its number.
pub(super) async fn since(
    tx: &mut Tx,
    who: PrincipalId,
    after: (CollectionId, u64),
    limit: usize,
) -> Outcome<Vec<(u64, Object)>> {
    rows::since(tx, who, after, limit).await
}

/// What somebody sends to another's calendar.
pub(super) struct Split {
    /// The collection.
    of: CollectionId,
    /// What is everybody's, where it is not what was sent.
    pub content: Option<Content>,
    /// What is kept of that.
    pub index: Index,
    /// What is the sender's own.
    pub own: String,
    /// Whether that is otherwise than before.
    changed: bool,
    /// The object, where nothing else changes.
    pub kept: Option<Object>,
    /// Whether he gets back what he sent, octet for octet.
    pub as_sent: bool,
}

/// Whether the asker may change at least what is his own at a place.
pub(super) async fn may(tx: &mut Tx, access: &Access, place: &Place) -> Outcome<bool> {
    if place.home != Home::Calendars || !is_another(access, place.account) {
        return Ok(false);
    }
    if !access.rights(tx, place).await?.has(Privilege::Read) {
        return Ok(false);
    }
    let found = locate(tx, place).await?;
    Ok(matches!(&found, Found::Object(parent, it) if it.component != 0 && is_common(parent)))
}

/// Whether people other than its owner have something for themselves in a collection.
fn is_common(parent: &Collection) -> bool {
    Kind::from_number(parent.kind) == Kind::Calendar && parent.derived == 0
}

/// Splits what somebody sends; none: nothing in it is his own, or the place does not take it. What
/// changes nothing else needs no right but to read.
///
/// # Errors
/// Of what changes nothing else, as `item::put`; `TooLarge` and `QuotaExceeded` for what is his own.
pub(super) async fn split(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    (sent, index): (&Content, &Index),
    guard: &Guard,
) -> Outcome<Option<Split>> {
    let may_have = place.home == Home::Calendars && index.component != 0;
    if !may_have || !is_another(access, place.account) {
        return Ok(None);
    }
    let rights = access.rights(tx, place).await?;
    if !rights.has(Privilege::Read) {
        return Ok(None);
    }
    let Some(share) = share(privacy::viewer(tx, access, place.account).await?) else {
        return Ok(None);
    };
    change_log::take(tx, place.account).await?;
    let found = locate(tx, place).await?;
    let (parent, old) = match &found {
        Found::Object(parent, old) => (parent, Some(old)),
        Found::Nothing(parent) => (parent, None),
        _ => return Ok(None),
    };
    if !is_common(parent) {
        return Ok(None);
    }
    let (mut before, mut stored) = (String::new(), None);
    if let Some(old) = old {
        if privacy::hides(tx, access, place.account, old).await? {
            return Ok(None);
        }
        let names = [old.name.clone()];
        let row = rows::of(tx, access.who.id, parent.id, &names).await?;
        before = row.into_iter().next().map(|(_, own)| own).unwrap_or_default();
        stored = Some(blob::read(tx, old.blob, access.store.files()).await?);
    }
    let stored = stored.as_ref().map(blob::Body::octets).transpose()?;
    let body = body_of(access, sent);
    let octets = body.octets()?;
    let Some(it) = personal::split(&octets, stored.as_deref(), share) else { return Ok(None) };
    let writes = rights.has(Privilege::WriteContent);
    let changed = it.own != before;
    let says_the_same = || {
        stored
            .as_deref()
            .is_some_and(|old| personal::says_the_same(old, it.common.as_bytes(), !writes))
    };
    let only = (changed || (!writes && !before.is_empty())) && says_the_same();
    let kept = old.filter(|_| only).cloned();
    if kept.is_some() {
        guard.check(tx, access, place, &found).await?;
        let reach = Reach::One(Privilege::WriteContent);
        unlocked(tx, access, (place, &found), guard, reach).await?;
    }
    if it.own.len() > PERSONAL_MAX {
        return Err(Refusal::TooLarge { limit: PERSONAL_MAX as u64 }.into());
    }
    let more = it.own.len() as i64 - before.len() as i64;
    if more > 0 && rows::total(tx, access.who.id, parent.id).await? + more > PERSONAL_TOTAL_MAX {
        return Err(Refusal::QuotaExceeded.into());
    }
    let common = match &kept {
        Some(_) => stored.as_deref().unwrap_or_default(),
        None => it.common.as_bytes(),
    };
    let as_sent = *personal::shown(common, &it.own, share) == *octets;
    let otherwise = kept.is_none() && it.common.as_bytes() != &*octets;
    let content = match otherwise {
        true => Some(super::item::content(&access.store, it.common.into_bytes())?),
        false => None,
    };
    // Instances are kept with the time that they take, which may be the owner's word now.
    let times = index.times.clone().filter(|_| content.is_none());
    let index = Index { times, ..index.clone() };
    Ok(Some(Split { of: parent.id, content, index, own: it.own, changed, kept, as_sent }))
}

/// Keeps what is the asker's own of what he sent, if it is otherwise than before.
pub(super) async fn keep(tx: &mut Tx, access: &Access, place: &Place, it: &Split) -> Outcome<()> {
    if !it.changed {
        return Ok(());
    }
    let (number, _): (ChangeNumber, i64) = change_log::take(tx, place.account).await?;
    rows::set(tx, access.who.id, (it.of, place.name()), number, &it.own).await
}
