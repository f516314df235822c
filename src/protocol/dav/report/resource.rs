//! Any resource by its path, for reports that speak of others than the one requested.

use crate::domain::collection::list::{self, Sight, Want};
use crate::domain::collection::{Home, Place};
use crate::domain::principals::View;
use crate::format::xml::Writer;
use crate::kernel::fault::{Fault, Outcome};
use crate::protocol::dav::Ask;
use crate::protocol::dav::fault::Verdict;
use crate::protocol::dav::method::propfind::{bare, proxy, visible, with_sight};
use crate::protocol::dav::multistatus::write_status;
use crate::protocol::dav::name::NUMBER_OF_MATCHES;
use crate::protocol::dav::space::{Target, principal_path, proxy_path, target};
use crate::protocol::dav::subject::{Node, Proxy, Subject};
use crate::protocol::http::header::depth::{self, Depth};
use http::StatusCode;

/// A resource that the asker may read.
pub enum Resource {
    /// An entrance, by its path.
    Entrance(String),
    /// A principal, by its path.
    Principal(String, Box<View>),
    /// The delegates of a principal, by their path.
    Proxy(String, Box<Proxy>),
    /// What an account owns.
    Stored(Place, Box<Sight>),
}

/// Looks at what a decoded path names.
///
/// # Errors
/// `NotFound`, `Denied`.
pub async fn fetch(ask: &Ask, path: &str, want: Want) -> Outcome<Resource> {
    match target(path) {
        Target::Entrance => Ok(Resource::Entrance(path.to_owned())),
        Target::Principal(kind, name) => {
            let view = visible(ask, kind, &name).await?;
            Ok(Resource::Principal(principal_path(kind, &name), Box::new(view)))
        }
        Target::Proxy(kind, name, level) => {
            let it = proxy(ask, kind, &name, level).await?;
            Ok(Resource::Proxy(proxy_path(kind, &name, level), Box::new(it)))
        }
        Target::Account(..) => {
            let place = ask.place_of(path).await?;
            let sight = list::see(&ask.access, &place, want).await?;
            Ok(Resource::Stored(place, Box::new(sight)))
        }
        Target::Nowhere => Err(Fault::NotFound),
    }
}

impl Resource {
    /// Hands it to `then` as property rows see it.
    pub fn with<T>(&self, ask: &Ask, then: impl FnOnce(&Subject<'_>) -> T) -> Option<T> {
        match self {
            Self::Entrance(path) => Some(then(&bare(ask, Node::Entrance, path))),
            Self::Principal(path, it) => Some(then(&bare(ask, Node::Principal(it), path))),
            Self::Proxy(path, it) => Some(then(&bare(ask, Node::Proxy(it), path))),
            Self::Stored(place, sight) => with_sight(ask, place, sight, then),
        }
    }
}

/// The path of the request with a slash at its end: what everything inside it begins with.
pub fn inside(ask: &Ask) -> String {
    let slash = if ask.path.ends_with('/') { "" } else { "/" };
    format!("{}{slash}", ask.path)
}

/// The homes of the asker that are inside a path.
pub fn own_homes(ask: &Ask, inside: &str) -> Vec<String> {
    let homes =
        Home::DAV.map(|home| crate::protocol::dav::space::home_path(home, &ask.access.who.name));
    homes.into_iter().filter(|home| home.len() > inside.len() && home.starts_with(inside)).collect()
}

/// Demands Depth 0, which is also what no header means (RFC 3253 §3.6, RFC 3744 §9).
pub fn demand_depth_zero(ask: &Ask) -> Outcome<()> {
    match depth::parse(&ask.headers)? {
        None | Some(Depth::Zero) => Ok(()),
        Some(_) => Err(Fault::malformed("this report takes Depth: 0 only")),
    }
}

/// Writes that the answer is not complete, as the status of the resource requested.
pub fn write_truncated(ask: &Ask, writer: &mut Writer) {
    let verdict = Verdict {
        status: StatusCode::INSUFFICIENT_STORAGE,
        condition: Some(NUMBER_OF_MATCHES),
        hrefs: Vec::new(),
        privilege: None,
    };
    write_status(&ask.path, verdict.status, Some(&verdict), writer);
}
