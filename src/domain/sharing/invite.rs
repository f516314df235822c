//! What people ask for: to share, to share no more, to accept and to decline.

use super::Level;
use super::home::{hide, place_in, show};
use super::notice;
use super::offer::{Offer, offers};
use crate::domain::collection::acl::{begin, end};
use crate::domain::collection::mount::{
    DECLINED, INVITED, Invitation, MOUNTED, can_be_shared, grants_changed, told,
};
use crate::domain::collection::{Access, Collection, Guard, Kind, Place};
use crate::domain::directory::login::find;
use crate::domain::directory::name::fold;
use crate::domain::directory::{Kind as PrincipalKind, Principal};
use crate::kernel::fault::{AceRule, Fault, Outcome, Refusal};
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{
    INVITATION_TEXT_MAX, INVITATIONS_MAX, PRINCIPAL_NAME_MAX, SHAREES_CHANGED_MAX, SHAREES_MAX,
};
use crate::kernel::privilege::{Privilege, Privileges};
use crate::kernel::secret::uuid;
use crate::store::ace::{self, Grant};
use crate::store::mount::Mount;
use crate::store::{Tx, change_log, collection, mount, principal};

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Whoever has this address or name.
    Address(String),
    /// A principal.
    Principal(PrincipalKind, String),
    /// Everyone who signs in. It shows in nobody's home: who wants it goes to its address.
    Everyone,
    /// Everyone, signed in or not.
    Public,
}

impl Whom {
    /// Those who are no principal, as grants name them.
    fn without_name(&self) -> Option<PrincipalId> {
        match self {
            Self::Everyone => Some(ace::AUTHENTICATED),
            Self::Public => Some(ace::ALL),
            Self::Address(_) | Self::Principal(..) => None,
        }
    }
}

/// A wish of who shares.
#[derive(Clone, Debug)]
pub struct Change {
    /// Who is meant.
    pub whom: Whom,
    /// What he shall have; none: nothing any more.
    pub level: Option<Level>,
    /// What his name is, for who is nobody here.
    pub common_name: String,
    /// What it is called that is shared.
    pub summary: String,
}

/// Shares a collection, or shares it no more; gives for each change whether it is about somebody here.
/// Who is nobody here is written down, so that the owner sees it.
///
/// # Errors
/// `Denied` without the right to write the access control list, `NotFound`, `Malformed` for what cannot
/// be shared or said, `Locked`, `ConditionFailed`, `Ace` for too many entries.
pub async fn share(
    access: &Access,
    place: &Place,
    changes: Vec<Change>,
    guard: Guard,
) -> Outcome<Vec<bool>> {
    check(&changes)?;
    let (access, place) = (access.clone(), place.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let (id, number) = begin(tx, &access, &place, &guard).await?;
                let folder = |it: &Collection| Kind::from_number(it.kind) == Kind::Folder;
                let it = collection::by_id(tx, id).await?;
                let Some(it) = it.filter(|it| can_be_shared(it) || folder(it)) else {
                    let why = "calendars, address books and folders are shared, nothing else";
                    return Err(Fault::malformed(why));
                };
                let known = carry_out(tx, &it, &changes).await?;
                end(tx, &access, &place, (id, number)).await?;
                Ok(known)
            })
        })
        .await
}

fn check(changes: &[Change]) -> Outcome<()> {
    if changes.len() > SHAREES_CHANGED_MAX {
        return Err(Fault::malformed(format!("more than {SHAREES_CHANGED_MAX} addresses")));
    }
    for it in changes {
        if it.common_name.len().max(it.summary.len()) > INVITATION_TEXT_MAX {
            let why = format!("a name or summary is longer than {INVITATION_TEXT_MAX} octets");
            return Err(Fault::malformed(why));
        }
        let (Whom::Address(name) | Whom::Principal(_, name)) = &it.whom else { continue };
        if name.is_empty() || name.len() > PRINCIPAL_NAME_MAX {
            return Err(Fault::malformed("an address is empty or too long"));
        }
    }
    Ok(())
}

async fn carry_out(tx: &mut Tx, it: &Collection, changes: &[Change]) -> Outcome<Vec<bool>> {
    let before = ace::of(tx, it.id).await?;
    let (mut grants, mut known) = (before.clone(), Vec::with_capacity(changes.len()));
    for change in changes {
        if let Some(to) = change.whom.without_name() {
            unnamed(to, change, &mut grants);
            known.push(true);
            continue;
        }
        let found = identity(tx, &change.whom).await?;
        match &found {
            // He has everything already; of what a group owns its members have what is granted.
            Some(who) if who.id == it.account && PrincipalKind::of(who) != PrincipalKind::Group => {
            }
            Some(who) => known_one(tx, it, who, change, &mut grants).await?,
            None => unknown_one(tx, it, change).await?,
        }
        known.push(found.is_some());
    }
    if grants.len() > SHAREES_MAX.max(before.len()) {
        let why = format!("more than {SHAREES_MAX} entries: share with a group");
        return Err(Refusal::Ace(AceRule::LimitedNumber, why).into());
    }
    ace::change(tx, it.id, &before, &grants).await?;
    grants_changed(tx, (it.id, it.account), &before, &grants).await?;
    Ok(known)
}

/// Those who have no name have what is granted, and are told nothing.
fn unnamed(to: PrincipalId, change: &Change, grants: &mut Vec<Grant>) {
    let had = grants.iter().find(|grant| grant.to == to).map(|grant| grant.privileges);
    grants.retain(|grant| grant.to != to);
    if let Some(level) = change.level {
        let privileges = level.privileges(had.unwrap_or(Privileges::NONE));
        grants.push(Grant { to, privileges });
    }
}

async fn identity(tx: &mut Tx, whom: &Whom) -> Outcome<Option<Principal>> {
    match whom {
        Whom::Address(address) => find(tx, &fold(address)).await,
        Whom::Principal(kind, name) => {
            let found = principal::by_name(tx, name).await?;
            Ok(found.filter(|it| PrincipalKind::of(it) == *kind))
        }
        Whom::Everyone | Whom::Public => Ok(None),
    }
}

fn address(whom: &Whom) -> String {
    match whom {
        Whom::Address(address) => fold(address),
        Whom::Principal(_, name) => name.clone(),
        Whom::Everyone | Whom::Public => String::new(),
    }
}

async fn known_one(
    tx: &mut Tx,
    it: &Collection,
    who: &Principal,
    change: &Change,
    grants: &mut Vec<Grant>,
) -> Outcome<()> {
    let had = grants.iter().find(|grant| grant.to == who.id).map(|grant| grant.privileges);
    grants.retain(|grant| grant.to != who.id);
    mount::uninvite(tx, it.id, &address(&change.whom)).await?;
    let Some(level) = change.level else {
        return mount::uninvite_principal(tx, it.id, who.id).await;
    };
    let privileges = level.privileges(had.unwrap_or(Privileges::NONE));
    grants.push(Grant { to: who.id, privileges });
    let invitation = Invitation {
        address: address(&change.whom),
        principal: Some(who.id),
        common_name: change.common_name.clone(),
        summary: change.summary.clone(),
        privileges,
    };
    mount::invite(tx, it.id, &invitation).await?;
    // Who declined is asked anew.
    let mount = mount::of_pair(tx, who.id, it.id).await?;
    if mount.is_some_and(|mount| mount.state == DECLINED) {
        mount::remove(tx, who.id, it.id).await?;
        crate::domain::directory::sharing_changed(tx, who.id).await?;
    }
    Ok(())
}

async fn unknown_one(tx: &mut Tx, it: &Collection, change: &Change) -> Outcome<()> {
    let address = address(&change.whom);
    let Some(level) = change.level else {
        return mount::uninvite(tx, it.id, &address).await.map(drop);
    };
    if mount::invited(tx, it.id).await? >= (INVITATIONS_MAX + SHAREES_MAX) as i64 {
        return Err(Fault::malformed(format!("more than {INVITATIONS_MAX} unknown addresses")));
    }
    let invitation = Invitation {
        address,
        principal: None,
        common_name: change.common_name.clone(),
        summary: change.summary.clone(),
        privileges: level.privileges(Privileges::NONE),
    };
    mount::invite(tx, it.id, &invitation).await
}

/// Accepts or declines, for whoever has a home, what is shared with him at another's place; gives the
/// place in the home where it shows, if it does. Its name there is `title`, if one is given and it does
/// not show yet.
///
/// # Errors
/// `Denied` without the right to add to the home, and for what is not shared with him, whether or not
/// it is there.
pub async fn reply(
    access: &Access,
    home: &Place,
    target: &Place,
    accepts: bool,
    title: Option<String>,
) -> Outcome<Option<Place>> {
    let (access, home, target) = (access.clone(), home.clone(), target.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                access.demand(tx, &home, Privilege::Bind).await?;
                let same = |it: &Collection| it.account == target.account && it.path == target.path;
                let answering = Answering::new(&access, &home, accepts);
                let Some(offer) = answering.offer(tx, same).await? else {
                    let (path, privilege) = (target.dav_path(), Privilege::Read);
                    return Err(Fault::Denied { path, privilege });
                };
                let mount = answering.settle(tx, &offer, title).await?;
                shown(tx, &home, &mount).await
            })
        })
        .await
}

/// Answers a notification of an invitation: accepts it into a home, or declines it; gives the place
/// where it shows. The notification goes (draft-pot-webdav-resource-sharing §4.7.1).
///
/// # Errors
/// `Denied` without the right to add to the home, `NotFound` for what is no invitation, or no more;
/// `CollectionPlacement` for a home where such a collection cannot be.
pub async fn answer(
    access: &Access,
    notification: &Place,
    within: Option<Place>,
    title: Option<String>,
) -> Outcome<Option<Place>> {
    let (access, notification) = (access.clone(), notification.clone());
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let home = notification.at(notification.home.segment(), true);
                for place in within.iter().chain([&home]) {
                    access.demand(tx, place, Privilege::Bind).await?;
                }
                let all = mount::of_account(tx, home.account).await?;
                let uid = notification.name().strip_suffix(".xml").unwrap_or_default();
                let asked = all.iter().find(|it| it.uid == uid).ok_or(Fault::NotFound)?;
                let answering = Answering::new(&access, &home, within.is_some());
                let offer = answering.offer(tx, |it| it.id == asked.target).await?;
                let offer = offer.ok_or(Fault::NotFound)?;
                if let Some(within) = &within {
                    let segment = offer.target.path.split('/').next().unwrap_or_default();
                    if within.account != home.account || within.path != segment {
                        let why = format!("it is accepted into the home of {segment}");
                        return Err(Refusal::CollectionPlacement(why).into());
                    }
                }
                let mount = answering.settle(tx, &offer, title).await?;
                notice::take_back(tx, &answering.server, &mount).await?;
                shown(tx, &home, &mount).await
            })
        })
        .await
}

/// An answer to what is shared.
struct Answering<'a> {
    /// The server, which carries it out.
    server: Access,
    home: &'a Place,
    accepts: bool,
}

impl<'a> Answering<'a> {
    fn new(access: &Access, home: &'a Place, accepts: bool) -> Self {
        Self { server: Access::of_server(&access.store, access.now), home, accepts }
    }

    /// What is shared with whoever has the home and is what is meant. Locks his account.
    async fn offer(
        &self,
        tx: &mut Tx,
        meant: impl Fn(&Collection) -> bool,
    ) -> Outcome<Option<Offer>> {
        change_log::hold(tx, self.home.account).await?;
        let who = principal::by_id(tx, self.home.account).await?.ok_or(Fault::NotFound)?;
        let offered = offers(tx, &self.server, &who).await?;
        Ok(offered.into_iter().find(|offer| meant(&offer.target)))
    }

    async fn settle(&self, tx: &mut Tx, offer: &Offer, title: Option<String>) -> Outcome<Mount> {
        let (who, it) = (self.home.account, &offer.target);
        let known = mount::of_pair(tx, who, it.id).await?;
        let mut mount = known.unwrap_or_else(|| Mount {
            account: who,
            target: it.id,
            state: INVITED,
            row: None,
            told: offer.rights,
            uid: uuid(),
            reply: false,
        });
        let before = mount.clone();
        if self.accepts {
            if mount.row.is_none() {
                mount.row = Some(show(tx, &self.server, who, it, title).await?);
            }
            mount.state = MOUNTED;
        } else {
            (mount.state, mount.row) = (DECLINED, None);
        }
        mount.reply = before.state != mount.state || before.reply;
        mount::set(tx, &mount).await?;
        if !self.accepts {
            hide(tx, &self.server, &before).await?;
        }
        if mount.reply {
            told(tx, &mount).await?;
        }
        Ok(mount)
    }
}

/// The place in a home where a mount shows.
async fn shown(tx: &mut Tx, home: &Place, it: &Mount) -> Outcome<Option<Place>> {
    let Some(row) = it.row else { return Ok(None) };
    let Some(found) = collection::by_id(tx, row).await? else { return Ok(None) };
    let account_name = home.account_name.clone();
    Ok(Some(Place { account_name, ..place_in(it.account, &found.path)? }))
}
