//! One request, authenticated and sorted: what methods, reports and property rows work with.

use super::extension::Registry;
use super::fault::About;
use super::service::Service;
use super::space::{self, Target};
use crate::domain::collection::{Access, Home, Place};
use crate::domain::directory::{self, Kind, Principal};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::privilege::Privilege;
use crate::protocol::http::peer::Peer;
use http::HeaderMap;
use std::sync::Arc;

/// An authenticated request.
pub struct Ask {
    /// What serves it.
    pub service: Arc<Service>,
    /// Who asks, with the store in hand.
    pub access: Access,
    /// The client's address.
    pub peer: Peer,
    /// The method.
    pub method: http::Method,
    /// The host and port that the request was sent to.
    pub authority: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The path, decoded.
    pub path: String,
    /// The query, as it is written; empty when there is none.
    pub query: String,
    /// What the path names.
    pub target: Target,
    /// The place, when the target is in an account.
    pub place: Option<Place>,
    /// Who owns the account of the place, when it exists.
    pub owner: Option<Principal>,
}

impl Ask {
    /// Every extension's rows.
    pub fn registry(&self) -> &Registry {
        &self.service.registry
    }

    /// The place that the request is about.
    ///
    /// # Errors
    /// `NotFound` for entrances and principals, which hold nothing and cannot be changed.
    pub fn need_place(&self) -> Outcome<&Place> {
        match (&self.place, &self.target) {
            (Some(place), _) => Ok(place),
            (None, Target::Entrance | Target::Principal(..) | Target::Proxy(..)) => {
                let path = self.path.strip_prefix(space::DAV_ROOT).unwrap_or("").to_owned();
                Err(Fault::Denied { path, privilege: Privilege::WriteContent })
            }
            (None, _) => Err(Fault::NotFound),
        }
    }

    /// Which standard's conditions apply.
    pub fn about(&self) -> About {
        self.place.as_ref().map_or(About::Other, |place| place.home.into())
    }

    /// Whether whoever signs in sees every principal.
    pub fn open(&self) -> bool {
        self.service.policy.open_directory
    }

    /// The path of the current user's principal.
    pub fn principal_path(&self) -> String {
        space::principal_path(Kind::of(&self.access.who), &self.access.who.name)
    }

    /// What the principal who owns a place is.
    pub fn owner_kind(&self, place: &Place) -> Kind {
        match &self.owner {
            Some(owner) if owner.id == place.account => Kind::of(owner),
            _ => Kind::User,
        }
    }

    /// The path of the principal who owns a place.
    pub fn owner_path(&self, place: &Place) -> String {
        space::principal_path(self.owner_kind(place), &place.account_name)
    }

    /// A header's text, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A path as others can use it: with the scheme and authority that the client used.
    pub fn absolute(&self, path: &str) -> String {
        let scheme = if self.peer.secure { "https" } else { "http" };
        match &self.authority {
            Some(authority) => format!("{scheme}://{authority}{path}"),
            None => path.to_owned(),
        }
    }

    /// Finds the place that another path of this server names (`Destination`, hrefs of reports).
    ///
    /// # Errors
    /// `NotFound` when it names no place in an account.
    pub async fn place_of(&self, path: &str) -> Outcome<Place> {
        match space::target(path) {
            Target::Account(home, name, rest) => {
                Ok(locate(&self.access, home, &name, &rest).await?.0)
            }
            _ => Err(Fault::NotFound),
        }
    }
}

/// The place of an account target, and the account's owner if there is one.
pub async fn locate(
    access: &Access,
    home: Home,
    name: &str,
    rest: &str,
) -> Outcome<(Place, Option<Principal>)> {
    let owner = match name == access.who.name {
        true => Some(access.who.clone()),
        false => directory::lookup::by_name(&access.store, name).await?,
    };
    Ok((space::place(home, owner.as_ref(), name, rest)?, owner))
}
