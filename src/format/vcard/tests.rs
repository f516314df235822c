//! Tests of the vCard reader.

use super::*;
use crate::format::testing::shared;
use proptest::prelude::*;
use std::collections::BTreeSet;
use vcard_parser::traits::HasName;

pub(super) fn samples() -> Vec<(String, Vec<u8>)> {
    let dir = shared().join("data/vcf");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let name = |p: &std::path::Path| p.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|p| (name(p), std::fs::read(p).unwrap())).collect()
}

fn try_all(input: &[u8]) -> Result<String, String> {
    let card = parse_resource(input).map_err(|e| e.to_string())?;
    let slices = card.lines().iter().map(|l| &input[l.start..l.end]);
    let joined: Vec<u8> =
        std::iter::once(&input[..card.head()]).chain(slices).flatten().copied().collect();
    assert!(joined == input, "the slices are not the input");
    card.properties().for_each(|l| components(l.value()).into_iter().for_each(drop));
    let _ = (card.display_name(), card.is_group(), card.members().count());
    check_resource(&card).map(|c| c.uid.into_owned()).map_err(|e| e.to_string())
}

#[test]
fn the_samples_are_read_or_refused_with_a_reason() {
    let mut counts = [0; 5];
    let mut shown = Vec::new();
    for (name, input) in samples() {
        let result = try_all(&input);
        let kind = match &result {
            Ok(_) => 0,
            Err(why) if why.contains("UID is missing") => 1,
            Err(why) if why.contains("2.1 is not stored") => 2,
            Err(why) if why.contains("only one card") => 3,
            Err(_) => 4,
        };
        counts[kind] += 1;
        shown.push(format!("{name}: {result:?}"));
    }
    if std::env::var_os("SHOW_REFUSED").is_some() {
        shown.iter().for_each(|line| println!("{line}"));
    }
    assert_eq!(counts, [22, 25, 13, 7, 18], "stored, no UID, 2.1, more than one card, others");
}

#[test]
fn the_properties_are_what_another_parser_sees() {
    let mut same = 0;
    for (name, input) in samples() {
        let (Ok(card), Ok(text)) = (Card::parse(&input), std::str::from_utf8(&input)) else {
            continue;
        };
        let crlf = text.replace("\r\n", "\n").replace('\n', "\r\n");
        let Ok(other) = vcard_parser::parse_vcards(&crlf) else { continue };
        let [other] = other.as_slice() else { panic!("{name}") };
        // It drops VERSION, and writes REV anew.
        let other = other.get_properties();
        let theirs = other.iter().map(|p| p.name().to_uppercase()).filter(|n| n != "REV");
        let ours = card.properties().map(|l| l.name().to_uppercase());
        let ours = ours.filter(|n| n != "REV" && n != "VERSION");
        assert_eq!(ours.collect::<BTreeSet<_>>(), theirs.collect::<BTreeSet<_>>(), "{name}");
        same += 1;
    }
    assert_eq!(same, 18);
}

fn card(body: &str) -> String {
    format!("BEGIN:VCARD\r\n{body}END:VCARD\r\n")
}

#[test]
fn what_may_be_stored() {
    let cases = [
        ("VERSION:3.0\r\nUID:a\r\n", Ok("a")),
        ("version:4.0\r\nuid:urn:uuid:A\r\n", Ok("urn:uuid:A")),
        ("VERSION:4.0\r\nUID:a\r\nUID:a\r\n", Ok("a")),
        ("VERSION:2.1\r\nUID:a\r\n", Err("vCard version 2.1 is not stored")),
        (
            "VERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nb\r\n",
            Err("vCard version 2.1 is not stored"),
        ),
        ("UID:a\r\n", Err("line 1: VERSION is missing")),
        ("VERSION:3.0\r\n", Err("line 1: UID is missing")),
        ("VERSION:3.0\r\nUID:urn:uuid:\r\n", Err("line 1: UID is missing")),
        ("VERSION:3.0\r\nUID:a\r\nUID:b\r\n", Err("line 4: a second UID")),
        ("VERSION:3.0\r\nBEGIN:VCARD\r\n", Err("line 3: BEGIN inside a card")),
        ("END:VCARD\r\n", Err("line 3: a line after END:VCARD; only one card may stand here")),
    ];
    for (body, wanted) in cases {
        let wanted = wanted.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(try_all(card(body).as_bytes()), wanted, "{body}");
    }
    for (text, why) in [("", "empty"), ("X:1", "does not begin"), ("BEGIN:VCARD\n", "ends inside")]
    {
        assert!(try_all(text.as_bytes()).unwrap_err().contains(why));
    }
}

#[test]
fn names_groups_and_members() {
    let name = |body: &str| {
        let text = card(body);
        Card::parse(text.as_bytes()).unwrap().display_name()
    };
    assert_eq!(name("N:Doe;Jo\\;e\\,;;Dr.;\r\nFN: Joe \\n Doe \r\n"), "Joe \n Doe");
    assert_eq!(name("FN:\r\nN:Doe;Joe;M.;Dr.;Jr.\r\n"), "Dr. Joe M. Doe Jr.");
    assert_eq!(name("N:;;;;\r\nORG:Ex\\;ample;Unit\r\n"), "Ex;ample");
    assert_eq!(name("item1.EMAIL:a@example.org\r\n"), "a@example.org");
    assert_eq!(name(""), "");
    let text = card(
        "X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:A\r\n\
         item1.TEL:+1\r\nITEM1.X-ABLabel:boat\r\n",
    );
    let card = Card::parse(text.as_bytes()).unwrap();
    assert!(card.is_group());
    assert_eq!(card.members().map(uid_key).collect::<Vec<_>>(), ["A"]);
    assert_eq!(card.in_group("item1").count(), 2);
    assert_eq!(card.all("tel").count(), 1);
    assert_eq!((uid_key("URN:UUID:x"), uid_key(" x "), uid_key("urn:uu")), ("x", "x", "urn:uu"));
}

#[test]
fn faults_become_the_servers_refusals() {
    let refusal = Refusal::from(CardFault::Unsupported("2.1".into()));
    assert_eq!(refusal, Refusal::UnsupportedType("vCard version 2.1".into()));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = try_all(&input);
    }

    #[test]
    fn no_card_makes_it_panic(body in "[A-CNFUID.:;=,\\\\\r\n ^\"ä]{0,60}") {
        let _ = try_all(card(&format!("VERSION:4.0\r\nUID:a\r\nN:{body}\r\n")).as_bytes());
    }
}
