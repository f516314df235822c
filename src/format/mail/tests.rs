//! Every sample message, read beside another reader.

use super::address::addresses;
use super::structure::Kind;
use super::{Fields, Structure, charset, word};
use crate::format::testing::folder;
use mail_parser::{Address, MessageParser, MimeHeaders, PartType};

/// The leaves of a message in their order: the type, and what the body says.
fn ours(octets: &[u8]) -> Vec<(String, Vec<u8>)> {
    let read = Structure::read(octets);
    let leaves = read.parts.iter().filter(|part| part.kind == Kind::Leaf);
    let said = leaves.map(|part| {
        let name = format!("{}/{}", part.content.media, part.content.subtype).to_ascii_lowercase();
        let body = part.content.transfer().decode(octets.get(part.body.clone()).unwrap());
        let body = match part.content.is_text() {
            true => charset::text(part.content.parameter("charset"), &body).into_owned().into(),
            false => body.into_owned(),
        };
        (name, body)
    });
    said.collect()
}

fn theirs(message: &mail_parser::Message<'_>, out: &mut Vec<(String, Vec<u8>)>) {
    for part in &message.parts {
        let name = part.content_type().map_or("text/plain".to_owned(), |it| {
            format!("{}/{}", it.c_type, it.c_subtype.as_deref().unwrap_or("")).to_ascii_lowercase()
        });
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => {
                out.push((name, text.as_bytes().to_vec()))
            }
            PartType::Binary(body) | PartType::InlineBinary(body) => {
                out.push((name, body.to_vec()))
            }
            PartType::Message(inner) => theirs(inner, out),
            PartType::Multipart(_) => {}
        }
    }
}

/// Where the two differ, and why ours may stand.
const PARTS: [(&str, &str); 23] = [
    ("legacy_001", "UTF-7, which the list of character sets leaves out on purpose"),
    ("legacy_005", "UTF-7"),
    ("legacy_026", "its line end before a delimiter is CR CR LF"),
    ("legacy_034", "UTF-7"),
    ("legacy_052", "no character set is told, and we guess windows-1252"),
    ("malformed_000", "headers alone: we tell of their parts"),
    ("malformed_001", "a message without a header"),
    ("malformed_002", "a multipart of which nothing begins has no parts"),
    ("malformed_004", "a multipart of which nothing begins has no parts"),
    ("malformed_007", "a multipart of which nothing begins has no parts"),
    ("malformed_009", "nested boundaries that begin alike"),
    ("malformed_012", "nested boundaries that begin alike"),
    ("malformed_013", "a part behind the last delimiter is empty, but there"),
    ("malformed_014", "a part behind the last delimiter is empty, but there"),
    ("malformed_016", "a delimiter of a part around ends all in it (RFC 2046 §5.1.2)"),
    ("malformed_017", "parameters that no semicolon begins"),
    ("malformed_020", "of two types the first counts"),
    ("malformed_021", "of two types the first counts"),
    ("malformed_022", "a message without a body"),
    ("rfc_000", "base64 that is none"),
    ("rfc_008", "an encoded message is opaque (RFC 2046 §5.2.1)"),
    ("thirdparty_002", "binary text of two octets a character"),
    ("thirdparty_005", "a delimiter begins a line"),
];

#[test]
fn parts_are_those_of_another_reader() {
    let mut different = Vec::new();
    for (name, octets) in folder("eml") {
        let mut expected = Vec::new();
        if let Some(message) = MessageParser::new().parse(&octets) {
            theirs(&message, &mut expected);
        }
        if ours(&octets) != expected {
            different.push(name.trim_start_matches("mail-parser_").replace(".eml", ""));
        }
    }
    assert_eq!(different, PARTS.map(|row| row.0.to_owned()));
}

/// Where the two differ, and why ours may stand.
const ADDRESSES: [(&str, &str); 13] = [
    ("cyrus-imapd_mime_simple", "`<a@b>>`: one closes too much"),
    ("cyrus-imapd_mime_unicodefdfx", "`<a@b>>`"),
    ("cyrus-imapd_mime_utf8-base64-replacement", "`<a@b>>`"),
    ("legacy_001", "UTF-7"),
    ("legacy_005", "UTF-7"),
    ("legacy_010", "no character set is told, and we guess windows-1252"),
    ("legacy_017", "no character set is told"),
    ("legacy_020", "no character set is told"),
    ("legacy_022", "no character set is told"),
    ("legacy_027", "no character set is told"),
    ("legacy_052", "no character set is told"),
    ("rfc_001", "a word alone is an address without a host"),
    ("rfc_004", "a word alone is an address without a host"),
];

/// `name <address>` of each, decoded.
fn listed(value: &[u8]) -> Vec<String> {
    let text = |said: &Option<std::borrow::Cow<'_, [u8]>>| {
        word::decode(said.as_deref().unwrap_or_default()).into_owned()
    };
    let all = addresses(value);
    let mailboxes = all.iter().filter(|one| one.is_mailbox());
    let shown = mailboxes.map(|one| {
        let host = text(&one.host);
        let at = if host.is_empty() { "" } else { "@" };
        format!("{} <{}{at}{host}>", text(&one.name), text(&one.mailbox))
    });
    shown.collect()
}

fn expected(said: &Address<'_>) -> Vec<String> {
    let shown = |one: &mail_parser::Addr<'_>| {
        let text =
            |said: &Option<std::borrow::Cow<'_, str>>| said.as_deref().unwrap_or("").to_owned();
        format!("{} <{}>", text(&one.name), text(&one.address))
    };
    match said {
        Address::List(list) => list.iter().map(shown).collect(),
        Address::Group(groups) => groups.iter().flat_map(|g| &g.addresses).map(shown).collect(),
    }
}

#[test]
fn addresses_are_those_of_another_reader() {
    let mut different = Vec::new();
    for (file, octets) in folder("eml") {
        let Some(message) = MessageParser::new().parse_headers(&octets) else { continue };
        let same = ["From", "To", "Cc"].iter().all(|name| {
            let theirs = message.header(*name).and_then(|value| value.as_address());
            let fields: Vec<_> = Fields::new(&octets).filter(|field| field.is(name)).collect();
            match (theirs, fields.as_slice()) {
                (Some(theirs), [field]) => listed(field.value) == expected(theirs),
                _ => true,
            }
        });
        if !same {
            different.push(file.trim_start_matches("mail-parser_").replace(".eml", ""));
        }
    }
    assert_eq!(different, ADDRESSES.map(|row| row.0.to_owned()));
}
