//! Who sees how much of what its owner calls private or confidential (RFC 5545 §3.8.1.3): one table
//! and one function, below all protocols.
//!
//! Invariants: every content of a calendar that a client gets or that a query looks into has passed
//! [`seen_by`], with the validator that goes with it; who sees something only in part cannot change,
//! copy or move it, nor store what he could not see any more. Owners are never asked about: for them
//! nothing is looked at. For others only objects are whose row says that something in them is hidden.

use super::access::Access;
use super::kind::Home;
use super::personal;
use super::place::Place;
use super::tree::Found;
use crate::format::ical::Calendar;
use crate::format::ical::redact::{Class, class_of, veiled};
use crate::kernel::etag::ETag;
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::privilege::Privileges;
use crate::kernel::secret::sha256;
use crate::store::blob::{Body, Content};
use crate::store::object::{Index, Object};
use crate::store::{Tx, principal};
use std::borrow::Cow;

/// Who looks at a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// Whose it is; of what a group owns, its members.
    Owner,
    /// Who runs the server: acts for the owner, to help, and can read the store in any case.
    Administrator,
    /// Who may write everywhere in the owner's home: an assistant, who keeps the owner's diary.
    Delegate,
    /// Who may read a calendar, or read and write it.
    Sharee,
    /// Who may know when the owner is busy, and nothing else.
    FreeBusy,
    /// Who knows the address of a link that shows everything.
    Link,
    /// Who knows the address of a link that shows when the owner is busy.
    BusyLink,
}

/// How much of a component is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// All of it.
    Whole,
    /// Its UID, times, recurrence, state and class, and that the owner is busy.
    Veiled,
    /// When the owner is busy, under no name.
    Times,
}

use View::{Times, Veiled, Whole};

/// What each viewer sees of each class, in the order of [`Class::ALL`].
pub const TABLE: [(Viewer, [View; 3]); 7] = [
    //                       PUBLIC  CONFIDENTIAL  PRIVATE
    (Viewer::Owner, [Whole, Whole, Whole]),
    (Viewer::Administrator, [Whole, Whole, Whole]),
    (Viewer::Delegate, [Whole, Whole, Veiled]),
    (Viewer::Sharee, [Whole, Veiled, Veiled]),
    (Viewer::FreeBusy, [Times, Times, Times]),
    (Viewer::Link, [Whole, Times, Times]),
    (Viewer::BusyLink, [Times, Times, Times]),
];

impl Viewer {
    /// What he sees of a class.
    pub fn sees(self, class: Class) -> View {
        let row = TABLE.iter().find(|row| row.0 == self);
        let at = Class::ALL.iter().position(|it| *it == class);
        row.zip(at).and_then(|(row, at)| row.1.get(at)).copied().unwrap_or(Times)
    }

    /// What the validators of what he sees only in part are made with; none: he sees everything.
    pub fn mark(self) -> Option<char> {
        match self {
            Self::Owner | Self::Administrator => None,
            Self::Delegate => Some('d'),
            _ => Some('s'),
        }
    }

    fn may_see(self, class: Class) -> bool {
        self.sees(class) == Whole
    }

    fn may_see_all_of(self, object: &Object) -> bool {
        !object.may_hide() || self.may_see(Class::from_number(object.class))
    }
}

/// As whom the asker looks at what an account owns, if he may read it.
pub async fn viewer(tx: &mut Tx, access: &Access, account: PrincipalId) -> Outcome<Viewer> {
    if access.who.id == account {
        return Ok(Viewer::Owner);
    }
    if access.who.administrator {
        return Ok(Viewer::Administrator);
    }
    if principal::all_groups(tx, access.who.id).await?.contains(&account) {
        return Ok(Viewer::Owner);
    }
    let home = access.rights_in(tx, account).await?.on(Home::Calendars.segment());
    Ok(if home.contains(Privileges::WRITE) { Viewer::Delegate } else { Viewer::Sharee })
}

/// The same, asked by itself.
pub async fn viewer_of(access: &Access, account: PrincipalId) -> Outcome<Viewer> {
    if access.who.id == account {
        return Ok(Viewer::Owner);
    }
    let (access, store) = (access.clone(), access.store.clone());
    store.read(move |tx| Box::pin(async move { viewer(tx, &access, account).await })).await
}

/// An object of a collection, and its content where it is at hand.
pub type Sight<'o> = (CollectionId, &'o mut Object, Option<&'o mut Body>);

/// Makes of objects of an account what the asker sees of them: what he may see, with what is his own
/// ([`personal`]).
pub async fn veil<'o>(
    tx: &mut Tx,
    access: &Access,
    account: PrincipalId,
    objects: impl IntoIterator<Item = Sight<'o>>,
) -> Outcome<()> {
    if access.has_all(account) {
        return Ok(());
    }
    let mut some: Vec<Sight<'o>> =
        objects.into_iter().filter(|(_, it, _)| it.component != 0).collect();
    let mut known = None;
    if some.iter().any(|(_, it, _)| it.may_hide()) {
        let viewer = viewer(tx, access, account).await?;
        for (_, object, body) in some.iter_mut().filter(|(_, it, _)| it.may_hide()) {
            seen_by(viewer, access.store.secret(), object, body.as_deref_mut())?;
        }
        known = Some(viewer);
    }
    personal::show(tx, access, (account, known), some).await
}

/// Makes of an object what a viewer may see of it: the one decision. The validator of what is seen in
/// part says nothing of the stored content, so that nobody can try what he guesses.
fn seen_by(
    viewer: Viewer,
    secret: &str,
    object: &mut Object,
    body: Option<&mut Body>,
) -> Outcome<()> {
    if object.hidden || viewer.may_see_all_of(object) {
        return Ok(());
    }
    if let Some(body) = body
        && let Cow::Owned(shown) = veiled(&body.octets()?, |class| viewer.may_see(class))
    {
        object.size = shown.len() as u64;
        *body = Body::Inline(shown);
    }
    let state = format!("{FORM} {secret} {:?} {}", viewer.mark(), object.etag);
    object.etag = ETag::from_hash(&sha256(state.as_bytes()));
    object.hidden = true;
    Ok(())
}

/// Changes when a program of a later version shows the same object otherwise.
const FORM: u32 = 1;

/// The validator of what was found in an account, as the asker knows it; none: it is no object.
pub async fn etag(
    tx: &mut Tx,
    access: &Access,
    account: PrincipalId,
    found: &Found,
) -> Outcome<Option<ETag>> {
    let Found::Object(parent, object) = found else { return Ok(None) };
    if access.has_all(account) {
        return Ok(Some(object.etag));
    }
    let mut shown = object.clone();
    veil(tx, access, account, [(parent.id, &mut shown, None)]).await?;
    Ok(Some(shown.etag))
}

/// Whether the asker sees an object of an account only in part.
pub async fn hides(
    tx: &mut Tx,
    access: &Access,
    account: PrincipalId,
    object: &Object,
) -> Outcome<bool> {
    if access.has_all(account) || !object.may_hide() {
        return Ok(false);
    }
    Ok(!viewer(tx, access, account).await?.may_see_all_of(object))
}

/// Demands that the asker sees all of what he is about to change, copy or move, if it is an object.
///
/// # Errors
/// `Private`.
pub async fn demand(tx: &mut Tx, access: &Access, place: &Place, found: &Found) -> Outcome<()> {
    match found.object() {
        Some(it) if hides(tx, access, place.account, it).await? => refused(place),
        _ => Ok(()),
    }
}

/// Demands that who stores something can see it afterwards: else he could never change it again.
///
/// # Errors
/// `Private`.
pub async fn demand_of_new(
    tx: &mut Tx,
    access: &Access,
    place: &Place,
    index: &Index,
) -> Outcome<()> {
    if access.has_all(place.account) || index.component == 0 || index.class == 0 {
        return Ok(());
    }
    let class = Class::from_number(Some(index.class));
    match viewer(tx, access, place.account).await?.may_see(class) {
        true => Ok(()),
        false => refused(place),
    }
}

/// What is kept of a content that the server has made of what was sent: its class is its own. What
/// cannot be read counts as private.
pub fn of_made(access: &Access, index: &Index, made: &Content) -> Index {
    let class = body_of(access, made)
        .octets()
        .ok()
        .and_then(|octets| Some(class_of(&Calendar::parse(&octets).ok()?)));
    let class = match index.component {
        0 => index.class,
        _ => class.unwrap_or(Class::Private).number(),
    };
    Index { class, ..index.clone() }
}

/// A content that is about to be stored, where it lies.
pub(super) fn body_of(access: &Access, made: &Content) -> Body {
    match &made.data {
        Some(data) => Body::Inline(data.clone()),
        None => Body::File { path: access.store.files().path(&made.hash), size: made.size },
    }
}

/// The refusal of what somebody sees only in part.
pub fn refused<T>(place: &Place) -> Outcome<T> {
    Err(Refusal::Private { path: place.dav_path() }.into())
}
