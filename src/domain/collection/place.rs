//! Where something is, or could be: an account's home and the names below it.

use super::kind::Home;
use crate::domain::directory::Kind;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{NAME_MAX, PATH_DEPTH_MAX};
use std::sync::Arc;

/// Where the DAV tree begins, as it stands in hrefs that are stored.
pub const DAV_ROOT: &str = "/dav/";

/// A place in an account's tree. It may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account: PrincipalId,
    /// The account's name, as it stands in paths.
    pub account_name: String,
    /// Which of its trees.
    pub home: Home,
    /// Names from the account's root, the home's segment first, joined by `/`.
    pub path: String,
    /// Whether whoever named it wrote a `/` at the end: it means a collection.
    pub collection: bool,
    /// The collection in another's home by way of which it was named, if it was: the rest of the
    /// place is the owner's, and only what clients read is written in the mount's terms.
    pub mount: Option<Arc<Mount>>,
}

/// A collection in somebody's home that shows a shared one (`super::mount`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The collection in the home.
    pub id: CollectionId,
    /// The account whose home it is.
    pub account: PrincipalId,
    /// The account's name, as it stands in paths.
    pub account_name: String,
    /// The path there.
    pub path: String,
    /// The path of the shared collection in its owner's account.
    pub target: String,
    /// What its owner is.
    pub owner_kind: Kind,
}

impl Place {
    /// A place below a home. `names` is what follows the account's name in the path, decoded.
    ///
    /// # Errors
    /// When a name is too long, forbidden, or the path too deep.
    pub fn new(account: PrincipalId, account_name: &str, home: Home, names: &str) -> Outcome<Self> {
        let collection = names.is_empty() || names.ends_with('/');
        let names = names.trim_matches('/');
        let mut path = home.segment().to_owned();
        let mut depth = 0;
        for name in names.split('/').filter(|n| !n.is_empty()) {
            check_name(name)?;
            depth += 1;
            path.push('/');
            path.push_str(name);
        }
        if depth > PATH_DEPTH_MAX {
            return Err(Fault::malformed(format!("more than {PATH_DEPTH_MAX} names in the path")));
        }
        let account_name = account_name.to_owned();
        Ok(Self { account, account_name, home, path, collection, mount: None })
    }

    /// The last name; the home's segment for a home.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The path of what holds it; none for a home.
    pub fn parent_path(&self) -> Option<&str> {
        self.path.rsplit_once('/').map(|(parent, _)| parent)
    }

    /// How many names below the home.
    pub fn depth(&self) -> usize {
        self.path.bytes().filter(|b| *b == b'/').count()
    }

    /// A place inside this one.
    pub fn child(&self, name: &str, collection: bool) -> Self {
        Self { path: format!("{}/{name}", self.path), collection, ..self.clone() }
    }

    /// The same account and tree at another stored path.
    pub fn at(&self, path: &str, collection: bool) -> Self {
        Self { path: path.to_owned(), collection, ..self.clone() }
    }

    /// The path below the DAV root, decoded: `calendars/alice/work/` or `calendars/alice/work/x.ics`.
    /// What is above a shared collection shows as the home that it is mounted in.
    pub fn dav_path(&self) -> String {
        let home = self.home.segment();
        let slash = if self.collection { "/" } else { "" };
        let (name, (path, rest)) = match &self.mount {
            None => (&self.account_name, (self.path.as_str(), "")),
            Some(mount) => {
                let inside = self.path.strip_prefix(&mount.target);
                let shown = inside.map_or((home, ""), |rest| (mount.path.as_str(), rest));
                (&mount.account_name, shown)
            }
        };
        let below = path.get(home.len()..).unwrap_or_default();
        format!("{home}/{name}{below}{rest}{slash}")
    }

    /// The name of the account in whose home a client has found it.
    pub fn home_name(&self) -> &str {
        self.mount.as_ref().map_or(&self.account_name, |mount| &mount.account_name)
    }

    /// The mount, if the place is a shared collection itself as it shows in another's home.
    pub fn as_mount(&self) -> Option<&Mount> {
        self.mount.as_deref().filter(|mount| mount.target == self.path)
    }

    /// The place whose name, properties and removal are meant: of a mount its own in the home of
    /// whoever has it, and not the owner's.
    pub fn own(&self) -> Self {
        match self.as_mount() {
            None => self.clone(),
            Some(mount) => Self {
                account: mount.account,
                account_name: mount.account_name.clone(),
                path: mount.path.clone(),
                mount: None,
                ..self.clone()
            },
        }
    }

    /// Whether `other` is this place or below it.
    pub fn covers(&self, other: &Self) -> bool {
        self.account == other.account && path_covers(&self.path, &other.path)
    }
}

/// Whether a stored path is `outer` or below it.
pub fn path_covers(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Checks one name of a path.
pub fn check_name(name: &str) -> Outcome<()> {
    if name.len() > NAME_MAX {
        return Err(Fault::malformed(format!("a name is longer than {NAME_MAX} octets")));
    }
    if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
        return Err(Fault::malformed(format!("{name:?} cannot be a name")));
    }
    if name.chars().any(char::is_control) {
        return Err(Fault::malformed("a name holds a control character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_shows_itself_as_the_client_wrote_it() {
        let place = Place::new(PrincipalId(1), "alice", Home::Files, "a/b/").unwrap();
        assert_eq!(place.path, "files/a/b");
        assert_eq!(place.dav_path(), "files/alice/a/b/");
        assert_eq!(place.parent_path(), Some("files/a"));
        let home = Place::new(PrincipalId(1), "alice", Home::Files, "").unwrap();
        assert_eq!((home.dav_path().as_str(), home.parent_path()), ("files/alice/", None));
        assert!(home.covers(&place) && !place.covers(&home));
        assert!(!path_covers("files/a", "files/ab"));
    }

    #[test]
    fn a_shared_place_shows_itself_as_its_mount() {
        let mount = Mount {
            id: CollectionId(7),
            account: PrincipalId(2),
            account_name: "bob".into(),
            path: "calendars/shared-1".into(),
            target: "calendars/work".into(),
            owner_kind: Kind::User,
        };
        let mut place = Place::new(PrincipalId(1), "alice", Home::Calendars, "work/").unwrap();
        place.mount = Some(Arc::new(mount));
        assert_eq!(place.dav_path(), "calendars/bob/shared-1/");
        assert_eq!(place.child("x.ics", false).dav_path(), "calendars/bob/shared-1/x.ics");
        assert_eq!(place.at("calendars", true).dav_path(), "calendars/bob/");
        let own = place.own();
        assert_eq!((own.account, own.path.as_str()), (PrincipalId(2), "calendars/shared-1"));
        assert_eq!(own.dav_path(), place.dav_path());
        assert!(place.child("x.ics", false).as_mount().is_none());
    }
}
