//! vCards (`format/vcard`).
//!
//! Promises: the lines tile the card; a card that may be stored keeps that right when it is
//! written out again; the parts of a structured value join to it; names to show are bounded; a card
//! converted to the other version is a card with the same UID, and not much longer; what is read of version
//! 2.1 is a card of 3.0.

use davenport::domain::contacts::examine;
use davenport::format::property::split_unescaped;
use davenport::format::vcard::convert::convert;
use davenport::format::vcard::old::upgrade;
use davenport::format::vcard::{Card, Version, check_resource, components, uid_key};

pub const SEEDS: &[&[u8]] = &[
    b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:URN:UUID:a-b\r\nN:Gr\\;n;A;;Dr.;\r\nFN:\r\nitem1.TEL;TYPE=home:1\r\nitem1.X-ABLabel:x\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1\r\nEND:VCARD\r\n",
    b"BEGIN:VCARD\nVERSION:4.0\nUID:1\nFN:x\\n\nEND:VCARD",
    b"BEGIN:VCARD\nVERSION:2.1\nTEL;HOME:1\nNOTE;QUOTED-PRINTABLE:=\n=41\nEND:VCARD\n",
];

pub fn run(data: &[u8]) {
    if let Ok(text) = upgrade(data) {
        assert!(text.len() <= 8 * data.len() + 1_000);
        let card = Card::parse(text.as_bytes()).expect("what is read of 2.1 is a card");
        assert!(card.property("N").is_some() && card.property("FN").is_some());
    }
    let examined = examine(Some("text/vcard"), data);
    let card = match Card::parse(data) {
        Ok(card) => card,
        Err(fault) => {
            super::assert_short(&fault);
            assert!(examined.is_err());
            return;
        }
    };
    let end = card.lines().iter().fold(card.head(), |at, line| {
        assert_eq!(line.start, at);
        line.end
    });
    assert_eq!(end, data.len());
    assert!(card.display_name().len() <= data.len());
    assert!(card.members().count() <= card.properties().count());
    for line in card.lines() {
        let value = line.value();
        let parts: Vec<&str> = split_unescaped(value, b';').collect();
        assert_eq!(parts.join(";"), value);
        assert_eq!(components(value).len(), parts.len());
        if let Some(group) = line.group() {
            assert!(card.in_group(group).any(|other| other.start == line.start));
        }
        assert!(uid_key(value).len() <= value.len());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        for version in Version::ALL {
            let other = convert(text, version).expect("a card converts");
            assert!(other.len() <= 4 * data.len() + 1_000);
            let made = Card::parse(other.as_bytes()).expect("a conversion is a card");
            if let (Ok(one), Ok(two)) = (check_resource(&card), check_resource(&made)) {
                assert_eq!(uid_key(&one.uid), uid_key(&two.uid));
            }
        }
    }
    match check_resource(&card) {
        Ok(contact) => {
            assert!(!uid_key(&contact.uid).is_empty());
            let key = uid_key(&contact.uid).to_owned();
            let long = key.len() > davenport::kernel::limits::UID_MAX;
            assert!(long || examined.is_ok_and(|index| index.uid == Some(key)));
        }
        Err(fault) => super::assert_short(&fault),
    }
}
