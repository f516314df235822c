//! Names of principals, addresses and domains: folding to lower case, and what they may hold.

use crate::format::line::shown;
use crate::format::tz::Zone;
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::limits::PRINCIPAL_NAME_MAX;

/// The name or address as it is stored and compared.
pub fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Checks a principal's name: it is a segment of paths and a login, so it holds no `/`, no `:`
/// (Basic credentials end the login there, RFC 7617 §2), no control characters or blanks.
pub fn check_name(text: &str) -> Outcome<String> {
    let name = fold(text);
    let wrong = |why: &str| Err(Refusal::Directory(format!("\"{text}\" is no name: {why}")).into());
    if name.is_empty() || name.len() > PRINCIPAL_NAME_MAX {
        return wrong("give 1 to 254 octets");
    }
    if name.starts_with(['.', '#', '-']) {
        return wrong("it may not begin with '.', '#' or '-'");
    }
    let bad = |c: char| c.is_control() || c.is_whitespace() || "/\\:%?#,\"<>".contains(c);
    if name.contains(bad) {
        return wrong("blanks, control characters and / \\ : % ? # , \" < > are not allowed");
    }
    Ok(name)
}

/// Checks an address `local@domain` and folds it. The domain is checked against the directory by
/// the caller.
pub fn check_address(text: &str) -> Outcome<String> {
    let address = check_name(text)?;
    match address.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !local.contains('@') => {
            check_domain(domain)?;
            Ok(address)
        }
        _ => Err(Refusal::Directory(format!("\"{text}\" is no address: give local@domain")).into()),
    }
}

/// The domain of a checked address.
pub fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Checks a domain's name and folds it.
pub fn check_domain(text: &str) -> Outcome<String> {
    let domain = fold(text);
    let label = |l: &str| {
        let inner = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&l.len())
            && l.chars().all(inner)
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    if domain.len() > 253 || !domain.split('.').all(label) {
        return Err(Refusal::Directory(format!("\"{text}\" is no domain name")).into());
    }
    Ok(domain)
}

/// Checks the name of a time zone: one of the tz database, or one that means such a one; what is
/// kept is the former.
pub fn check_zone(text: &str) -> Outcome<String> {
    let known = Zone::named(text).and_then(|zone| zone.of_database());
    match known.as_ref().and_then(|zone| zone.iana_name()) {
        Some(name) => Ok(name.to_owned()),
        None => {
            let why = format!("\"{}\" is no time zone: name one such as Europe/Paris", shown(text));
            Err(Refusal::Directory(why).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_those_of_the_database() {
        for (given, kept) in [
            ("Europe/Paris", "Europe/Paris"),
            (" europe/paris ", "Europe/Paris"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("UTC", "UTC"),
        ] {
            assert_eq!(check_zone(given).unwrap(), kept);
        }
        for bad in ["", "none", "Paris", "UTC+02:00", &"x".repeat(10_000)] {
            assert!(check_zone(bad).is_err(), "{bad:.20}");
        }
    }

    #[test]
    fn names_are_folded_and_checked() {
        assert_eq!(check_name(" Alice ").unwrap(), "alice");
        assert_eq!(check_address("Bob@Example.ORG").unwrap(), "bob@example.org");
        for bad in ["", "a b", "a/b", "a:b", ".a", "#1", "-x", "a\u{0}"] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        for bad in ["a", "@b", "a@", "a@b@c", "a@-b.org", "a@b..c"] {
            assert!(check_address(bad).is_err(), "{bad:?}");
        }
    }
}
