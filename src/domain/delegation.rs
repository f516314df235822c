//! Delegates (caldav-proxy §3): who acts for whom with all of somebody's calendars.
//!
//! Invariant: nothing is kept beside the access control list of the owner's calendar home. Whoever
//! has there what a level gives is a delegate of that level, however it came to be granted; being
//! made a delegate is being granted it. So lists and delegates never disagree.

use super::collection::access::Access;
use super::collection::acl::{self, Grantee};
use super::collection::{Guard, Home, Place};
use super::directory::{Kind, Principal};
use crate::kernel::fault::{AceRule, Outcome};
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::DELEGATES_MAX;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::ace::{self, Grant, Tied};
use crate::store::{Store, Tx};

/// How far a delegate goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Reads the calendars.
    Read,
    /// Reads and changes them, and schedules with them.
    Write,
}

/// Level, its segment in paths, what it gives on the calendar home (caldav-proxy §5.4).
static LEVELS: [(Level, &str, Privileges); 2] = [
    (Level::Read, "calendar-proxy-read", Privileges::READ),
    (Level::Write, "calendar-proxy-write", WRITE),
];

const WRITE: Privileges = Privileges::READ
    .union(Privileges::WRITE)
    .union(Privileges::SCHEDULE_SEND)
    .union(Privileges(Privilege::Unlock as u32));

impl Level {
    /// Both, the lower one first.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    fn row(self) -> &'static (Self, &'static str, Privileges) {
        LEVELS.iter().find(|row| row.0 == self).unwrap_or(&LEVELS[0])
    }

    /// The segment in paths: `calendar-proxy-read`, `calendar-proxy-write`.
    pub fn segment(self) -> &'static str {
        self.row().1
    }

    /// From the segment in paths.
    pub fn from_segment(segment: &str) -> Option<Self> {
        LEVELS.iter().find(|row| row.1 == segment).map(|row| row.0)
    }

    /// What a delegate has on the owner's calendar home, and so on everything in it.
    pub fn privileges(self) -> Privileges {
        self.row().2
    }

    /// The level that privileges on a calendar home amount to.
    pub fn of(privileges: Privileges) -> Option<Self> {
        LEVELS.iter().rev().find(|row| privileges.contains(row.2)).map(|row| row.0)
    }
}

/// One end of a delegation, seen from the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bond {
    /// Who it is: a delegate, or the owner for whom one acts.
    pub id: PrincipalId,
    /// User, group or resource.
    pub kind: Kind,
    /// The name.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// How far it goes.
    pub level: Level,
    /// Whether it is granted to the delegate itself, and not to a group that the delegate is in.
    pub direct: bool,
}

fn bond(tied: Tied, direct: bool) -> Option<Bond> {
    Some(Bond {
        id: tied.id,
        kind: Kind::from_number(tied.kind),
        name: tied.name,
        display_name: tied.display_name,
        level: Level::of(tied.grant.privileges)?,
        direct,
    })
}

const HOME: Home = Home::Calendars;

/// The owner's calendar home, where delegation is written down.
///
/// # Errors
/// None for the name of a principal.
pub fn home(owner: &Principal) -> Outcome<Place> {
    Place::new(owner.id, &owner.name, HOME, "")
}

/// The direct delegates of an owner, by name.
pub(super) async fn delegates(tx: &mut Tx, owner: PrincipalId) -> Outcome<Vec<Bond>> {
    let rows = ace::tied_to(tx, owner, HOME.segment()).await?;
    Ok(rows.into_iter().filter_map(|row| bond(row, true)).collect())
}

/// For whom a principal acts, itself and as a member of groups (caldav-proxy §5.3); by name. Where
/// it does both for one owner there are two.
pub(super) async fn owners(tx: &mut Tx, who: PrincipalId) -> Outcome<Vec<Bond>> {
    let rows = ace::tied_from(tx, who, HOME.segment()).await?;
    let others = rows.into_iter().filter(|row| row.id != who);
    Ok(others
        .filter_map(|row| {
            let direct = row.grant.to == who;
            bond(row, direct)
        })
        .collect())
}

/// The direct delegates of an owner, by name, for whoever may read the home's list.
///
/// # Errors
/// `Denied`.
pub async fn of(access: &Access, owner: &Principal) -> Outcome<Vec<Bond>> {
    let (access, place) = (access.clone(), home(owner)?);
    let store = access.store.clone();
    store
        .read(move |tx| {
            Box::pin(async move {
                access.demand(tx, &place, Privilege::ReadAcl).await?;
                delegates(tx, place.account).await
            })
        })
        .await
}

/// For whom a principal acts; see [`owners`].
pub async fn owners_of(store: &Store, who: PrincipalId) -> Outcome<Vec<Bond>> {
    store.read(move |tx| Box::pin(owners(tx, who))).await
}

/// What is to become of an owner's delegates of a level.
#[derive(Clone, Debug)]
pub enum Change {
    /// These and no others.
    Exactly(Vec<(Kind, String)>),
    /// These as well.
    Add(Vec<(Kind, String)>),
    /// No longer these, of whichever level they are.
    Remove(Vec<(Kind, String)>),
}

/// Changes an owner's delegates. Who becomes one of the other level ceases to be one of the former;
/// who ceases to be one loses all that was granted to him on the home.
///
/// # Errors
/// `Denied` without the right to write the home's list, `Locked`; `Ace` for a name that no principal
/// has, for the owner himself, and for more than are kept.
pub async fn change(
    access: &Access,
    owner: &Principal,
    level: Level,
    change: Change,
    guard: Guard,
) -> Outcome<()> {
    let (access, place) = (access.clone(), home(owner)?);
    let store = access.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let begun = acl::begin(tx, &access, &place, &guard).await?;
                let had = ace::of(tx, begun.0).await?;
                let (names, removes) = match &change {
                    Change::Exactly(names) | Change::Add(names) => (names, false),
                    Change::Remove(names) => (names, true),
                };
                let wanted = identities(tx, &place, names).await?;
                let goes = |it: &&Grant| match &change {
                    Change::Exactly(_) => {
                        let is_one = Level::of(it.privileges) == Some(level) && is_somebody(it.to);
                        is_one && !wanted.contains(&it.to)
                    }
                    Change::Add(_) => false,
                    Change::Remove(_) => {
                        Level::of(it.privileges).is_some() && wanted.contains(&it.to)
                    }
                };
                for it in had.iter().filter(goes) {
                    let nothing = Grant { to: it.to, privileges: Privileges::NONE };
                    ace::set(tx, begun.0, nothing).await?;
                }
                for to in wanted.into_iter().filter(|_| !removes) {
                    let has = had.iter().find(|it| it.to == to).map(|it| it.privileges);
                    let privileges = raised(has.unwrap_or(Privileges::NONE), level);
                    ace::set(tx, begun.0, Grant { to, privileges }).await?;
                }
                if ace::of(tx, begun.0).await?.len() > DELEGATES_MAX {
                    let why = format!("more than {DELEGATES_MAX} entries: make a group a delegate");
                    return acl::refuse(AceRule::LimitedNumber, why);
                }
                acl::end(tx, &access, &place, begun).await
            })
        })
        .await
}

/// What somebody has who had this and becomes a delegate: one who could write and shall read only
/// keeps nothing more.
fn raised(had: Privileges, level: Level) -> Privileges {
    match (Level::of(had), level) {
        (Some(Level::Write), Level::Read) => level.privileges(),
        _ => had.union(level.privileges()),
    }
}

/// Whether it is a principal, and not the owner or everyone who signs in.
fn is_somebody(to: PrincipalId) -> bool {
    to.0 > 0
}

async fn identities(
    tx: &mut Tx,
    place: &Place,
    names: &[(Kind, String)],
) -> Outcome<Vec<PrincipalId>> {
    let mut all = Vec::new();
    for (kind, name) in names {
        let id = acl::identity(tx, &Grantee::Principal(*kind, name.clone())).await?;
        if id == place.account {
            return acl::refuse(AceRule::AllowedPrincipal, "nobody is a delegate of himself");
        }
        if !all.contains(&id) {
            all.push(id);
        }
    }
    Ok(all)
}
