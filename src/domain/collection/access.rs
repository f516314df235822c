//! Who acts, and what they may do: the one gate (DESIGN promise 7).

use super::place::{Place, path_covers};
use crate::domain::directory::Principal;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::PrincipalId;
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::change_log::Author;
use crate::store::{Store, Tx, ace, principal};

/// The log's author of what the server does by itself.
pub const SERVER: PrincipalId = PrincipalId(0);

/// A number that no principal has: nobody's.
pub const NOBODY: PrincipalId = PrincipalId(-1);

/// Whoever has not signed in.
pub const ANYONE: PrincipalId = PrincipalId(-6);

/// A principal with the store in hand, for one request.
#[derive(Clone)]
pub struct Access {
    /// The store.
    pub store: Store,
    /// Who acts.
    pub who: Principal,
    /// The client program, for the log.
    pub client: String,
    /// When the request came; one request sees one time.
    pub now: Timestamp,
    /// What is told to those who are invited to what this request changes.
    pub telling: Telling,
    /// Which registrations for push need not be told of what it changes ([`Author::quiet`]).
    pub quiet: Option<String>,
}

/// What a request's changes of scheduling objects tell others (RFC 6638 §3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// What they have to know.
    #[default]
    All,
    /// The same, but nobody is told that an invitation was thrown away (`Schedule-Reply: F`, §8.1).
    NoReply,
    /// Nothing: what is taken in was scheduled elsewhere.
    Nothing,
}

/// Somebody's rights in a whole account: none stands for all of them, otherwise what is granted
/// at which path.
#[derive(Clone, Debug)]
pub struct Rights(Option<Vec<(String, Privileges)>>);

impl Rights {
    /// Every right everywhere.
    pub fn everywhere() -> Self {
        Self(None)
    }

    /// No right anywhere.
    pub fn nowhere() -> Self {
        Self(Some(Vec::new()))
    }

    /// The rights at a path: what is granted there and above.
    pub fn on(&self, path: &str) -> Privileges {
        let Some(grants) = &self.0 else { return Privileges::ALL };
        let here = grants.iter().filter(|(granted, _)| path_covers(granted, path));
        here.fold(Privileges::NONE, |all, (_, privileges)| all.union(*privileges))
    }

    /// Whether this right is there anywhere in the account.
    pub fn any_has(&self, privilege: Privilege) -> bool {
        self.0.as_ref().is_none_or(|grants| grants.iter().any(|(_, it)| it.has(privilege)))
    }

    /// Whether there is a right anywhere in the account.
    pub fn any(&self) -> bool {
        self.0.as_ref().is_none_or(|grants| !grants.is_empty())
    }
}

impl Access {
    /// For somebody who acts now with this program.
    pub fn new(store: Store, who: Principal, client: &str, now: Timestamp) -> Self {
        let telling = Telling::All;
        Self { store, who, client: client.to_owned(), now, telling, quiet: None }
    }

    /// The server itself, which fills what nobody else may (`derived`).
    pub fn of_server(store: &Store, now: Timestamp) -> Self {
        let who = Principal {
            id: SERVER,
            kind: 0,
            name: String::new(),
            display_name: String::new(),
            password: None,
            administrator: true,
            locked: true,
            generation: 0,
            quota: None,
            created_at: now,
            zone: None,
        };
        Self::new(store.clone(), who, "davenport", now)
    }

    /// Somebody who has not signed in.
    pub fn of_nobody(store: &Store, now: Timestamp) -> Self {
        let server = Self::of_server(store, now);
        let who = Principal { id: NOBODY, administrator: false, ..server.who };
        Self { who, client: String::new(), ..server }
    }

    /// Whether somebody has signed in.
    pub fn is_somebody(&self) -> bool {
        self.who.id != NOBODY
    }

    /// Whether it is the server itself.
    pub fn is_server(&self) -> bool {
        self.who.id == SERVER
    }

    /// Somebody who has not signed in.
    pub fn of_anyone(store: &Store, client: String, now: Timestamp) -> Self {
        let mut access = Self::of_server(store, now);
        access.who = Principal { id: ANYONE, administrator: false, ..access.who };
        Self { client, ..access }
    }

    /// Whether it is somebody who has not signed in.
    pub fn is_anonymous(&self) -> bool {
        self.who.id == ANYONE
    }

    /// As the log wants it.
    pub fn author(&self) -> Author {
        let (client, quiet) = (self.client.clone(), self.quiet.clone());
        Author { principal: self.who.id, client, at: self.now, quiet }
    }

    /// The rights on a place: the owner and administrators have all; others what the grants on
    /// the place and on what is above it give to them, to their groups and to everyone.
    pub async fn rights(&self, tx: &mut Tx, place: &Place) -> Outcome<Privileges> {
        if self.has_all(place.account) {
            return Ok(Privileges::ALL);
        }
        let me = self.identities(tx, place.account).await?;
        let above: Vec<String> = std::iter::successors(Some(place.path.as_str()), |path| {
            path.rsplit_once('/').map(|(above, _)| above)
        })
        .map(str::to_owned)
        .collect();
        let grants = ace::to_any_at(tx, place.account, &me, &above).await?;
        Ok(self.limited(grants).on(&place.path))
    }

    /// The rights on every place of an account. For its owner it costs nothing.
    pub async fn rights_in(&self, tx: &mut Tx, account: PrincipalId) -> Outcome<Rights> {
        if self.has_all(account) {
            return Ok(Rights::everywhere());
        }
        let me = self.identities(tx, account).await?;
        let grants = ace::to_any(tx, account, &me).await?;
        Ok(self.limited(grants))
    }

    /// Whether every right in an account is the asker's, whatever is granted.
    pub fn has_all(&self, account: PrincipalId) -> bool {
        self.who.id == account || self.who.administrator
    }

    /// All that the asker is, as grants of an account's name him.
    async fn identities(&self, tx: &mut Tx, account: PrincipalId) -> Outcome<Vec<i64>> {
        let mut me = match self.who.id.0 > 0 {
            true => principal::all_groups(tx, self.who.id).await?,
            false => Vec::new(),
        };
        // A member of the group that owns something matches its owner (RFC 3744 §5.5.1).
        if me.contains(&account) {
            me.push(ace::OWNER);
        }
        // RFC 3744 §5.5.1: everybody is one of all, and either signed in or not.
        me.extend(match self.is_anonymous() {
            true => [ace::ALL, ace::UNAUTHENTICATED],
            false => [ace::ALL, ace::AUTHENTICATED],
        });
        me.push(self.who.id);
        Ok(me.into_iter().map(|id| id.0).collect())
    }

    /// What the asker may do with these grants: who cannot be named changes nothing, whatever is
    /// granted to everyone.
    fn limited(&self, grants: Vec<(String, Privileges)>) -> Rights {
        let most = if self.is_anonymous() { Privileges::READ } else { Privileges::ALL };
        let of = |(path, it): (String, Privileges)| (path, Privileges(it.0 & most.0));
        Rights(Some(grants.into_iter().map(of).collect()))
    }

    /// Demands a right on a place. Whoever has none at all, and whoever lacks this one, gets the
    /// same answer whether or not something is there.
    pub async fn demand(
        &self,
        tx: &mut Tx,
        place: &Place,
        privilege: Privilege,
    ) -> Outcome<Privileges> {
        let rights = self.rights(tx, place).await?;
        if rights.has(privilege) {
            return Ok(rights);
        }
        if let Some(mount) = place.mount.as_ref().filter(|_| !rights.has(Privilege::Read)) {
            // What is shared with its owner no more is gone, also until its name is (a job takes that
            // away); others learn nothing of it.
            let home = Place { account: mount.account, path: mount.path.clone(), ..place.clone() };
            if self.rights(tx, &home).await?.has(Privilege::Read) {
                return Err(Fault::NotFound);
            }
        }
        Err(Fault::Denied { path: place.dav_path(), privilege })
    }

    /// Demands a right on a place, in a read of its own.
    pub async fn demand_now(&self, place: &Place, privilege: Privilege) -> Outcome<()> {
        let (access, place) = (self.clone(), place.clone());
        let read = self.store.read(move |tx| {
            Box::pin(async move { access.demand(tx, &place, privilege).await.map(drop) })
        });
        read.await
    }

    /// Demands a right on what holds the place.
    pub async fn demand_above(
        &self,
        tx: &mut Tx,
        place: &Place,
        privilege: Privilege,
    ) -> Outcome<()> {
        let above = place.parent_path().unwrap_or(&place.path);
        self.demand(tx, &place.at(above, true), privilege).await.map(drop)
    }
}
