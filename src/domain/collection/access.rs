//! Who acts, and what they may do: the one gate (DESIGN promise 7).

use super::place::{Place, path_covers};
use crate::domain::directory::Principal;
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::privilege::{Privilege, Privileges};
use crate::store::change_log::Author;
use crate::store::{Store, Tx, ace, principal};

/// An authenticated principal with the store in hand, for one request.
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
}

impl Access {
    /// As the log wants it.
    pub fn author(&self) -> Author {
        Author { principal: self.who.id, client: self.client.clone(), at: self.now }
    }

    /// The rights on a place: the owner and administrators have all; others what the grants on
    /// the place and on what is above it give to them, to their groups and to everyone signed in.
    pub async fn rights(&self, tx: &mut Tx, place: &Place) -> Outcome<Privileges> {
        if self.may_everything(place) {
            return Ok(Privileges::ALL);
        }
        let mut grants = ace::of_account(tx, place.account).await?;
        grants.retain(|(path, _)| path_covers(path, &place.path));
        if grants.is_empty() {
            return Ok(Privileges::NONE);
        }
        let mut me = principal::all_groups(tx, self.who.id).await?;
        me.extend([self.who.id, ace::AUTHENTICATED]);
        grants.retain(|(_, grant)| me.contains(&grant.to));
        Ok(grants.iter().fold(Privileges::NONE, |all, (_, g)| all.union(g.privileges)))
    }

    /// Whether the asker has every right on a place, whatever is granted.
    pub fn may_everything(&self, place: &Place) -> bool {
        self.who.id == place.account || self.who.administrator
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
        match rights.has(privilege) {
            true => Ok(rights),
            false => Err(Fault::Denied { path: place.dav_path(), privilege }),
        }
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
