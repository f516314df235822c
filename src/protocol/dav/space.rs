//! The URL space: what a path names before anything is looked up, and the paths that answers name.
//!
//! `/dav/principals/{users,groups,resources}/NAME/`, with `calendar-proxy-read/` and `-write/` below
//! for the delegates, and `/dav/{calendars,addressbooks,files}/NAME/…`.
//! Every entrance that clients try (RFC 6764's well-known paths and Apple's guesses) is a
//! collection that says who the current user is, so that discovery ends at the first request.

use crate::domain::collection::{Home, Place};
use crate::domain::delegation::Level;
use crate::domain::directory::{BOOK_ACCOUNT, BOOK_OWNER, Kind, Principal};
use crate::format::uri;
use crate::kernel::fault::{Fault, Outcome};

pub use crate::domain::collection::place::DAV_ROOT;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An entrance: `/`, a well-known path, a client's guess; or a collection of the URL space
    /// that no account owns (`/dav/`, `/dav/calendars/`, `/dav/principals/users/`).
    Entrance,
    /// A principal by kind and name.
    Principal(Kind, String),
    /// The delegates of a principal, by their level: a principal below the principal.
    Proxy(Kind, String, Level),
    /// A place in an account named by its owner's name; the rest of the path follows.
    Account(Home, String, String),
    /// Nothing that this server has ever given a name.
    Nowhere,
}

/// Where links to calendars are.
pub const LINK_ROOT: &str = "/links/";

/// Where attachments of events are.
pub const ATTACHMENT_ROOT: &str = "/attachments/";
/// Where registrations for push are.
pub const REGISTRATION_ROOT: &str = "/dav/push/";

/// The path of a registration.
pub fn registration_path(token: &str) -> String {
    format!("{REGISTRATION_ROOT}{token}")
}

/// The path of a link.
pub fn link_path(token: &str) -> String {
    format!("{LINK_ROOT}{token}.ics")
}

/// Paths that clients try before they know better, without the slash at the end.
static ENTRANCES: [&str; 7] = [
    "",
    "/.well-known/caldav",
    "/.well-known/carddav",
    "/principals",
    "/principals/users",
    "/caldav/v2",
    "/dav",
];

/// Sorts a decoded path.
pub fn target(path: &str) -> Target {
    let bare = path.strip_suffix('/').unwrap_or(path);
    if ENTRANCES.contains(&bare) || is_guess(bare) {
        return Target::Entrance;
    }
    let Some(below) = path.strip_prefix(DAV_ROOT) else { return Target::Nowhere };
    let mut parts = below.splitn(3, '/');
    let (first, second) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let rest = parts.next().unwrap_or("");
    if first == "principals" {
        return principal(second, rest);
    }
    match (Home::from_segment(first).filter(|home| Home::DAV.contains(home)), second) {
        (Some(_), "") => Target::Entrance,
        (Some(home), name) => {
            let rest = if below.ends_with('/') && rest.is_empty() { "/" } else { rest };
            Target::Account(home, name.to_lowercase(), rest.to_owned())
        }
        (None, _) => Target::Nowhere,
    }
}

fn principal(kind: &str, name: &str) -> Target {
    let name = name.strip_suffix('/').unwrap_or(name);
    match (Kind::from_segment(kind), name) {
        (None, "") if kind.is_empty() => Target::Entrance,
        (Some(_), "") => Target::Entrance,
        (Some(kind), path) => match path.split_once('/') {
            None => Target::Principal(kind, path.to_lowercase()),
            Some((name, level)) => match Level::from_segment(level) {
                Some(level) => Target::Proxy(kind, name.to_lowercase(), level),
                None => Target::Nowhere,
            },
        },
        (None, _) => Target::Nowhere,
    }
}

/// `/principals/users/NAME` and `/calendar/dav/NAME/user`, which Apple's programs try.
fn is_guess(bare: &str) -> bool {
    let one_name = |s: &str| !s.is_empty() && !s.contains('/');
    bare.strip_prefix("/principals/users/").is_some_and(one_name)
        || bare
            .strip_prefix("/calendar/dav/")
            .and_then(|rest| rest.strip_suffix("/user"))
            .is_some_and(one_name)
}

/// Decodes a request's path.
pub fn decode(path: &str) -> Outcome<String> {
    let why = "the path is not a percent-encoded UTF-8 path without empty or dot segments";
    uri::decode_path(path).ok_or_else(|| Fault::malformed(why))
}

/// Nobody's account: a name that no principal has. Rights on it are those of a stranger, so the
/// answer is the same as for an account that one may not see.
pub use crate::domain::collection::access::NOBODY;

/// The place that an account target names, given who owns the account.
pub fn place(home: Home, owner: Option<&Principal>, name: &str, rest: &str) -> Outcome<Place> {
    match owner {
        Some(owner) => Place::new(owner.id, &owner.name, home, rest),
        None if name == BOOK_OWNER => Place::new(BOOK_ACCOUNT, name, home, rest),
        None => Place::new(NOBODY, name, home, rest),
    }
}

/// The path of a principal.
pub fn principal_path(kind: Kind, name: &str) -> String {
    format!("{DAV_ROOT}principals/{}/{name}/", kind.segment())
}

/// The path of a principal's delegates.
pub fn proxy_path(kind: Kind, name: &str, level: Level) -> String {
    format!("{}{}/", principal_path(kind, name), level.segment())
}

/// The path of an account's home.
pub fn home_path(home: Home, name: &str) -> String {
    format!("{DAV_ROOT}{}/{name}/", home.segment())
}

/// The path of a place.
pub fn place_path(place: &Place) -> String {
    format!("{DAV_ROOT}{}", place.dav_path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_that_clients_try_first_is_an_entrance() {
        for path in [
            "/",
            "/.well-known/caldav",
            "/.well-known/carddav/",
            "/principals/",
            "/principals/users/alice/",
            "/caldav/v2",
            "/calendar/dav/alice/user/",
            "/dav/",
            "/dav/calendars/",
            "/dav/principals/",
            "/dav/principals/users/",
        ] {
            assert_eq!(target(path), Target::Entrance, "{path}");
        }
    }

    #[test]
    fn places_and_principals_are_told_apart() {
        let alice = || "alice@example.org".to_owned();
        assert_eq!(
            target("/dav/principals/users/Alice@example.org/"),
            Target::Principal(Kind::User, alice())
        );
        assert_eq!(
            target("/dav/principals/resources/room/calendar-proxy-write"),
            Target::Proxy(Kind::Resource, "room".into(), Level::Write)
        );
        let home = |rest: &str| Target::Account(Home::Calendars, alice(), rest.to_owned());
        assert_eq!(target("/dav/calendars/alice@example.org"), home(""));
        assert_eq!(target("/dav/calendars/alice@example.org/"), home("/"));
        assert_eq!(target("/dav/calendars/alice@example.org/a/b.ics"), home("a/b.ics"));
        for path in ["/x", "/dav/x/y", "/davenport", "/dav/principals/users/a/b"] {
            assert_eq!(target(path), Target::Nowhere, "{path}");
        }
    }
}
