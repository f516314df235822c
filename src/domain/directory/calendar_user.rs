//! Calendar user addresses: whose they are (RFC 5545 §3.3.3, RFC 6638 §2.4.1).
//!
//! Invariant: what one program writes as `mailto:`, another as the path or URL of a principal and a
//! third as a bare login is one person.

use super::name::{check_address, domain_of, fold};
use super::{Kind, Principal};
use crate::format::uri;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;
use crate::store::{Tx, busy, principal};
use std::collections::HashMap;

/// A principal by all its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarUser {
    /// Its identity.
    pub id: PrincipalId,
    /// Its name, which is a login too.
    pub name: String,
    /// Its mail addresses in lower case, the primary one first.
    pub addresses: Vec<String>,
}

/// What an address says, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Written {
    /// A mail address or a bare login.
    Name(String),
    /// The last segment of a principal's path.
    Path(String),
}

/// Reads an address; none for other schemes.
fn written(address: &str) -> Option<Written> {
    let address = address.trim();
    let after = |scheme: &str| {
        let head = address.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| address.get(scheme.len()..)).flatten()
    };
    if let Some(mailbox) = after("mailto:") {
        let bare = mailbox.split('?').next().unwrap_or_default();
        let decoded = uri::decode_path(bare).unwrap_or_else(|| bare.to_owned());
        return Some(Written::Name(fold(&decoded)));
    }
    let Some((_, segment)) = address.split_once("/principals/") else {
        return (!address.contains(':')).then(|| Written::Name(fold(address)));
    };
    let segment = segment.trim_end_matches('/').rsplit('/').next()?;
    Some(Written::Path(fold(&uri::decode_path(segment)?)))
}

/// The login or mail address that an address says, in lower case: two forms of one say the same. None
/// for other schemes.
pub fn known(address: &str) -> Option<String> {
    written(address).map(|(Written::Name(name) | Written::Path(name))| name)
}

/// The mail address that an address says, in lower case; none: it is none, or none that a mail's header
/// can hold.
pub fn mailbox(address: &str) -> Option<String> {
    let is_mail = address.trim().get(..7)?.eq_ignore_ascii_case("mailto:");
    known(address).filter(|_| is_mail).and_then(|it| check_address(&it).ok())
}

/// Those of some addresses that are of somebody here, with whose they are.
pub async fn locals(tx: &mut Tx, addresses: &[String]) -> Outcome<Vec<(String, Principal)>> {
    let names: Vec<String> = addresses.iter().filter_map(|it| known(it)).collect();
    let found: HashMap<String, Principal> = busy::known(tx, &names).await?.into_iter().collect();
    let of = |it: &String| Some((it.clone(), found.get(&known(it)?)?.clone()));
    Ok(addresses.iter().filter_map(of).collect())
}

/// The address that stands for a principal in objects that the server writes: its primary mail
/// address, or its path.
pub fn standing(it: &Principal, primary: Option<&str>) -> String {
    match primary {
        Some(address) => format!("mailto:{address}"),
        None => format!("/dav/principals/{}/{}/", Kind::of(it).segment(), it.name),
    }
}

impl CalendarUser {
    /// The owner of an account.
    pub async fn of(tx: &mut Tx, id: PrincipalId, name: &str) -> Outcome<Self> {
        let addresses = principal::addresses(tx, id).await?;
        Ok(Self { id, name: name.to_owned(), addresses })
    }

    /// His name and addresses, a line each, for when he is gone.
    pub fn to_lines(&self) -> String {
        let all = std::iter::once(&self.name).chain(&self.addresses);
        all.map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Somebody who is gone, from [`CalendarUser::to_lines`].
    pub fn from_lines(id: PrincipalId, lines: &str) -> Self {
        let mut lines = lines.lines().map(str::to_owned);
        Self { id, name: lines.next().unwrap_or_default(), addresses: lines.collect() }
    }

    /// Whether an address is his.
    pub fn is(&self, address: &str) -> bool {
        match written(address) {
            Some(Written::Name(name)) => name == self.name || self.addresses.contains(&name),
            Some(Written::Path(name)) => name == self.name,
            None => false,
        }
    }

    /// The address that stands for him in objects that the server writes.
    pub fn address(&self) -> String {
        match self.addresses.first() {
            Some(address) => format!("mailto:{address}"),
            None => format!("/dav/principals/{}/{}/", Kind::User.segment(), self.name),
        }
    }
}

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Somebody of this server.
    Local(Box<Principal>),
    /// Nobody, at a domain that is this server's.
    Unknown,
    /// Somewhere else.
    Elsewhere,
}

/// Finds whose an address is.
pub async fn recipient(tx: &mut Tx, address: &str) -> Outcome<Recipient> {
    let found = match written(address) {
        None => return Ok(Recipient::Elsewhere),
        Some(Written::Path(name)) => {
            let found = principal::by_name(tx, &name).await?;
            return Ok(found.map_or(Recipient::Unknown, |it| Recipient::Local(Box::new(it))));
        }
        Some(Written::Name(name)) => match principal::by_address(tx, &name).await? {
            Some(it) => Ok(it),
            None => principal::by_name(tx, &name).await?.ok_or(name),
        },
    };
    let name = match found {
        Ok(it) => return Ok(Recipient::Local(Box::new(it))),
        Err(name) => name,
    };
    let domain = domain_of(&name);
    let own = principal::domains(tx).await?.iter().any(|(own, _)| own == domain);
    Ok(if own || domain.is_empty() { Recipient::Unknown } else { Recipient::Elsewhere })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_an_address_and_nothing_else() {
        assert_eq!(mailbox("MAILTO:X@Example.com").as_deref(), Some("x@example.com"));
        for bad in ["x@example.com", "urn:x", "mailto:x", "mailto:x%0D%0ABcc:y@example.com"] {
            assert_eq!(mailbox(bad), None, "{bad}");
        }
    }

    #[test]
    fn one_person_has_many_addresses() {
        let ann = CalendarUser {
            id: PrincipalId(1),
            name: "ann@example.org".into(),
            addresses: vec!["ann@example.org".into(), "a@example.org".into()],
        };
        for address in [
            "mailto:ann@example.org",
            "MAILTO:A@Example.org",
            "mailto:ann%40example.org",
            "ann@example.org",
            "/dav/principals/users/ann%40example.org/",
            "https://dav.example.org/dav/principals/users/ann@example.org",
        ] {
            assert!(ann.is(address), "{address}");
        }
        assert_eq!(CalendarUser::from_lines(ann.id, &ann.to_lines()), ann);
        for address in ["mailto:ben@example.org", "urn:uuid:1", "http://example.org/", ""] {
            assert!(!ann.is(address), "{address}");
        }
    }
}
