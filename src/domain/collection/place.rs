//! Where something is, or could be: an account's home and the names below it.

use super::kind::Home;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{NAME_MAX, PATH_DEPTH_MAX};

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
        Ok(Self { account, account_name, home, path, collection })
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
    pub fn dav_path(&self) -> String {
        let home = self.home.segment();
        let below = self.path.get(home.len()..).unwrap_or_default();
        let slash = if self.collection { "/" } else { "" };
        format!("{home}/{}{below}{slash}", self.account_name)
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
}
