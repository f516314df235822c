//! Cards that the server writes of what a directory knows: version 3.0, which every program reads
//! (RFC 2426), with what Apple's programs know groups by and RFC 2739's calendar address. On request
//! they become 4.0 like any other card.
//!
//! Invariant: the same entry makes the same octets, so nothing changes that did not change.

use crate::format::line::fold;
use crate::format::property::escaped;

/// What an entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A person.
    Person,
    /// A set of others.
    Group,
    /// A room, or a thing that is booked like one.
    Location,
}

/// An entry of a directory.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// A UUID.
    pub uid: &'a str,
    /// What it stands for.
    pub sort: Sort,
    /// What people call it.
    pub name: &'a str,
    /// Its addresses, the primary one first.
    pub addresses: &'a [String],
    /// The UUIDs of a group's members.
    pub members: &'a [&'a str],
}

/// The family name and the given names of a person of whom the whole name is known: the last word, and
/// what stands before it.
pub fn parts(name: &str) -> (&str, &str) {
    match name.trim().rsplit_once(char::is_whitespace) {
        Some((given, family)) => (family, given.trim()),
        None => (name.trim(), ""),
    }
}

/// The card.
pub fn card(of: &Entry<'_>) -> String {
    let mut out = String::with_capacity(512);
    let mut line = |text: String| fold(&text, &mut out);
    line("BEGIN:VCARD".into());
    line("VERSION:3.0".into());
    line("PRODID:-//Davenport//EN".into());
    line(format!("UID:urn:uuid:{}", of.uid));
    match of.sort {
        Sort::Person => {}
        Sort::Group => line("X-ADDRESSBOOKSERVER-KIND:group".into()),
        Sort::Location => line("X-ADDRESSBOOKSERVER-KIND:location".into()),
    }
    line(format!("FN:{}", escaped(of.name)));
    line(match of.sort {
        Sort::Person => {
            let (family, given) = parts(of.name);
            format!("N:{};{};;;", escaped(family), escaped(given))
        }
        _ => format!("N:{};;;;", escaped(of.name)),
    });
    for (at, address) in of.addresses.iter().enumerate() {
        let preferred = if at == 0 { ",PREF" } else { "" };
        line(format!("EMAIL;TYPE=INTERNET{preferred}:{}", escaped(address)));
    }
    if let Some(address) = of.addresses.first().filter(|_| of.sort != Sort::Group) {
        line(format!("CALADRURI:mailto:{address}"));
    }
    for member in of.members {
        line(format!("X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:{member}"));
    }
    line("END:VCARD".into());
    out
}

#[cfg(test)]
mod tests {
    use super::super::convert::convert;
    use super::super::{Card, Version, check_resource};
    use super::*;

    #[test]
    fn an_entry_is_a_card_in_both_versions() {
        let addresses = ["ann@example.org".to_owned(), "a.b@example.org".to_owned()];
        let entry = Entry {
            uid: "1-2",
            sort: Sort::Person,
            name: "Ann Lee, Smith; the \"first\" of a name so long that its line is folded somewhere",
            addresses: &addresses,
            members: &[],
        };
        let text = card(&entry);
        let parsed = Card::parse(text.as_bytes()).unwrap();
        assert_eq!(check_resource(&parsed).unwrap().uid, "urn:uuid:1-2");
        assert_eq!(parsed.display_name(), entry.name);
        assert_eq!(parsed.all("EMAIL").count(), 2);
        assert!(text.contains("EMAIL;TYPE=INTERNET,PREF:ann@"), "{text}");
        assert_eq!(card(&entry), text);
        let group = Entry { sort: Sort::Group, members: &["3", "4"], name: "All", ..entry };
        let text = card(&group);
        let parsed = Card::parse(text.as_bytes()).unwrap();
        assert!(parsed.is_group() && !text.contains("CALADRURI"), "{text}");
        assert_eq!(parsed.members().collect::<Vec<_>>(), ["urn:uuid:3", "urn:uuid:4"]);
        let newer = convert(&text, Version::V4).unwrap();
        assert!(newer.contains("KIND:group") && newer.contains("\nMEMBER:urn:uuid:4"), "{newer}");
    }

    #[test]
    fn a_person_has_a_family_name_where_there_are_two_words() {
        let of = |sort, name| {
            let text = card(&Entry { uid: "1", sort, name, addresses: &[], members: &[] });
            text.lines().find(|l| l.starts_with("N:")).unwrap().to_owned()
        };
        assert_eq!(of(Sort::Person, "Ann Lee Smith"), "N:Smith;Ann Lee;;;");
        assert_eq!(of(Sort::Person, "ann"), "N:ann;;;;");
        assert_eq!(of(Sort::Location, "Big Room"), "N:Big Room;;;;");
    }
}
