//! What a part says of its body: its type, its encoding, its disposition.
//!
//! Invariant: there is always a type. What cannot be read is `text/plain` (RFC 2045 §5.2), or what the
//! part around it makes of it (RFC 2046 §5.1.5). Standards: RFC 2045 §5 and §6, RFC 2183, RFC 2231
//! (values in pieces and in other character sets are told whole, in UTF-8), RFC 2557 §4.2, RFC 3282.

use super::charset;
use super::header::{Fields, unfold};
use super::lexer::{Lexer, is_token};
use super::transfer::{Transfer, hex};
use crate::kernel::limits::MIME_PARAMETERS_MAX;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A parameter of a type or a disposition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name as it is written, without what RFC 2231 adds.
    pub name: String,
    /// What it says.
    pub value: String,
}

/// A disposition (RFC 2183).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// `inline`, `attachment`, or another, as it is written.
    pub kind: String,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
}

/// What the fields of a part's header say of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content<'a> {
    /// `text` of `text/plain`, as it is written.
    pub media: Cow<'static, str>,
    /// `plain` of `text/plain`, as it is written.
    pub subtype: Cow<'static, str>,
    /// The parameters of the type.
    pub parameters: Vec<Parameter>,
    /// `Content-Transfer-Encoding`, as it is written; empty if there is none.
    pub transfer: String,
    /// `Content-ID`, unfolded.
    pub id: Option<Cow<'a, [u8]>>,
    /// `Content-Description`, unfolded.
    pub description: Option<Cow<'a, [u8]>>,
    /// `Content-MD5`, unfolded.
    pub md5: Option<Cow<'a, [u8]>>,
    /// `Content-Disposition`.
    pub disposition: Option<Disposition>,
    /// The tags of `Content-Language`.
    pub languages: Vec<String>,
    /// `Content-Location` without blanks.
    pub location: Option<Vec<u8>>,
}

impl<'a> Content<'a> {
    /// What a header says. `digest`: the part around it is a `multipart/digest`.
    pub fn read(header: &'a [u8], digest: bool) -> Self {
        let (media, subtype) = if digest { ("message", "rfc822") } else { ("text", "plain") };
        let mut content = Self {
            media: media.into(),
            subtype: subtype.into(),
            parameters: Vec::new(),
            transfer: String::new(),
            id: None,
            description: None,
            md5: None,
            disposition: None,
            languages: Vec::new(),
            location: None,
        };
        let mut typed = false;
        for field in Fields::new(header) {
            let Some((prefix, rest)) = field.name.split_at_checked(8) else { continue };
            if !prefix.eq_ignore_ascii_case(b"content-") {
                continue;
            }
            let first = |slot: &mut Option<Cow<'a, [u8]>>| {
                slot.get_or_insert_with(|| field.unfolded());
            };
            match rest.to_ascii_lowercase().as_slice() {
                b"type" if !typed => {
                    typed = true;
                    content.set_type(field.value);
                }
                b"transfer-encoding" if content.transfer.is_empty() => {
                    let mut lexer = Lexer::new(field.value);
                    lexer.blanks();
                    content.transfer = string(lexer.run(is_token));
                }
                b"id" => first(&mut content.id),
                b"description" => first(&mut content.description),
                b"md5" => first(&mut content.md5),
                b"disposition" if content.disposition.is_none() => {
                    content.disposition = disposition(field.value);
                }
                b"language" if content.languages.is_empty() => {
                    content.languages = languages(field.value);
                }
                b"location" if content.location.is_none() => {
                    let blank = |b: &u8| !b.is_ascii_whitespace();
                    content.location = Some(field.value.iter().copied().filter(blank).collect());
                }
                _ => {}
            }
        }
        content
    }

    /// Takes the type that a field's value says, if it says one.
    fn set_type(&mut self, value: &[u8]) {
        let mut lexer = Lexer::new(value);
        lexer.blanks();
        let media = lexer.run(is_token);
        lexer.blanks();
        if media.is_empty() || !lexer.eat(b'/') {
            return self.plain();
        }
        lexer.blanks();
        let subtype = lexer.run(is_token);
        if subtype.is_empty() {
            return self.plain();
        }
        (self.media, self.subtype) = (string(media).into(), string(subtype).into());
        self.parameters = parameters(lexer);
    }

    /// Takes the part for plain text, of which nothing is known.
    pub(super) fn plain(&mut self) {
        (self.media, self.subtype) = ("text".into(), "plain".into());
        self.parameters.clear();
    }

    /// Takes the part for octets, of which nothing is known.
    pub(super) fn opaque(&mut self) {
        (self.media, self.subtype) = ("application".into(), "octet-stream".into());
        self.parameters.clear();
    }

    /// Whether this is the type.
    pub fn is(&self, media: &str, subtype: &str) -> bool {
        self.media.eq_ignore_ascii_case(media) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    /// Whether the type is a text.
    pub fn is_text(&self) -> bool {
        self.media.eq_ignore_ascii_case("text")
    }

    /// A parameter of the type.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.parameters, name)
    }

    /// How the body is written.
    pub fn transfer(&self) -> Transfer {
        Transfer::named(&self.transfer)
    }

    /// The name of the file that the body is, if it says one.
    pub fn file_name(&self) -> Option<Cow<'_, str>> {
        let disposition = self.disposition.as_ref();
        let told = disposition.and_then(|said| find(&said.parameters, "filename"));
        told.or_else(|| self.parameter("name")).map(|name| super::word::decode(name.as_bytes()))
    }
}

fn find<'p>(parameters: &'p [Parameter], name: &str) -> Option<&'p str> {
    let row = parameters.iter().find(|row| row.name.eq_ignore_ascii_case(name));
    row.map(|row| row.value.as_str())
}

fn string(octets: &[u8]) -> String {
    charset::text(None, octets).into_owned()
}

fn disposition(value: &[u8]) -> Option<Disposition> {
    let mut lexer = Lexer::new(value);
    lexer.blanks();
    let kind = lexer.run(is_token);
    (!kind.is_empty()).then(|| Disposition { kind: string(kind), parameters: parameters(lexer) })
}

fn languages(value: &[u8]) -> Vec<String> {
    let mut lexer = Lexer::new(value);
    let mut tags = Vec::new();
    while lexer.peek().is_some() && tags.len() < MIME_PARAMETERS_MAX {
        lexer.blanks();
        let tag = lexer.run(is_token);
        match tag.is_empty() {
            true => lexer.bump(),
            false => tags.push(string(tag)),
        }
    }
    tags
}

/// One piece of a value that RFC 2231 §3 lets stand in several.
struct Piece<'a> {
    value: Cow<'a, [u8]>,
    encoded: bool,
}

/// The parameters from here on: `*(";" attribute "=" value)`.
fn parameters(mut lexer: Lexer<'_>) -> Vec<Parameter> {
    let mut found = Vec::new();
    let mut pieces: BTreeMap<String, (String, BTreeMap<u32, Piece<'_>>)> = BTreeMap::new();
    for _ in 0..MIME_PARAMETERS_MAX {
        lexer.run(|b| b != b';');
        if !lexer.eat(b';') {
            break;
        }
        lexer.blanks();
        let name = lexer.run(is_token);
        lexer.blanks();
        if name.is_empty() || !lexer.eat(b'=') {
            continue;
        }
        lexer.blanks();
        let value = value(&mut lexer);
        match numbered(name) {
            None => found.push(Parameter { name: string(name), value: string(&value) }),
            Some((name, number, encoded)) => {
                let entry = pieces.entry(string(name).to_ascii_lowercase());
                let (_, all) = entry.or_insert_with(|| (string(name), BTreeMap::new()));
                all.entry(number).or_insert(Piece { value, encoded });
            }
        }
    }
    for (_, (name, pieces)) in pieces {
        found.retain(|row| !row.name.eq_ignore_ascii_case(&name));
        found.push(Parameter { name, value: joined(&pieces) });
    }
    found
}

/// A value: quoted, or up to a semicolon.
fn value<'a>(lexer: &mut Lexer<'a>) -> Cow<'a, [u8]> {
    if let Some(quoted) = lexer.quoted() {
        return quoted;
    }
    let start = lexer.at();
    let token = lexer.run(is_token);
    lexer.blanks();
    match lexer.peek() {
        None | Some(b';') => Cow::Borrowed(token),
        Some(_) => {
            lexer.run(|b| b != b';');
            unfold(lexer.since(start).trim_ascii())
        }
    }
}

/// `name`, number and whether it is encoded, of `name*`, `name*0` and `name*0*` (RFC 2231 §7).
fn numbered(name: &[u8]) -> Option<(&[u8], u32, bool)> {
    let star = memchr::memchr(b'*', name).filter(|at| *at > 0)?;
    let (base, section) = (name.get(..star)?, name.get(star + 1..)?);
    if section.is_empty() {
        return Some((base, 0, true));
    }
    let (digits, encoded) = match section.strip_suffix(b"*") {
        Some(digits) => (digits, true),
        None => (section, false),
    };
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((base, number, encoded))
}

/// What the pieces say together, up to the first that is missing.
fn joined(pieces: &BTreeMap<u32, Piece<'_>>) -> String {
    let (mut octets, mut label) = (Vec::new(), None);
    for ((number, piece), expected) in pieces.iter().zip(0..) {
        if *number != expected {
            break;
        }
        let mut value: &[u8] = &piece.value;
        if piece.encoded && expected == 0 {
            let mut marks = memchr::memchr_iter(b'\'', value);
            if let (Some(first), Some(second)) = (marks.next(), marks.next()) {
                label = value.get(..first).map(string).filter(|label| !label.is_empty());
                value = value.get(second + 1..).unwrap_or_default();
            }
        }
        match piece.encoded {
            true => percent(value, &mut octets),
            false => octets.extend_from_slice(value),
        }
    }
    charset::text(label.as_deref(), &octets).into_owned()
}

fn percent(value: &[u8], octets: &mut Vec<u8>) {
    let mut rest = value;
    while let Some((octet, after)) = rest.split_first() {
        rest = after;
        match (octet, hex(rest)) {
            (b'%', Some(octet)) => {
                octets.push(octet);
                rest = rest.get(2..).unwrap_or_default();
            }
            _ => octets.push(*octet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Content<'_> {
        Content::read(header.as_bytes(), false)
    }

    fn shown(header: &str) -> String {
        let content = read(header);
        let mut text = format!("{}/{}", content.media, content.subtype);
        for row in &content.parameters {
            text.push_str(&format!(";{}={}", row.name, row.value));
        }
        text
    }

    #[test]
    fn types_and_their_parameters() {
        for (value, expected) in [
            ("text/HTML; charset=utf-8", "text/HTML;charset=utf-8"),
            ("text/plain; charset=us-ascii (Plain text)", "text/plain;charset=us-ascii"),
            ("(a) text (b) / (c) plain ; (d) x (e) = (f) y", "text/plain;x=y"),
            ("multipart/mixed; boundary=\"a \\\"b\"", "multipart/mixed;boundary=a \"b"),
            ("multipart/mixed; boundary=a/b=c; x=1", "multipart/mixed;boundary=a/b=c;x=1"),
            ("image/png; name=my file.png;", "image/png;name=my file.png"),
            ("text/plain;;; x; =y; z=1", "text/plain;z=1"),
            ("text/plain;\r\n\tformat=flowed", "text/plain;format=flowed"),
            ("text", "text/plain"),
            ("/plain", "text/plain"),
            ("image/", "text/plain"),
            ("", "text/plain"),
        ] {
            assert_eq!(shown(&format!("Content-Type: {value}\r\n")), expected, "{value}");
        }
        assert!(Content::read(b"", true).is("message", "rfc822"));
        assert_eq!(shown("Content-Type: a/b\r\ncontent-type: c/d\r\n"), "a/b");
    }

    /// RFC 2231 §3, §4 and §4.1.
    #[test]
    fn values_in_pieces_are_told_whole() {
        for (value, expected) in [
            (
                "message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n URL*1=\"cs.utk.edu/x.doc\"",
                "message/external-body;access-type=URL;URL=ftp://cs.utk.edu/x.doc",
            ),
            (
                "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
                "application/x-stuff;title=This is ***fun***",
            ),
            (
                "application/x-stuff; title*2=\"isn't it!\";\r\n title*0*=us-ascii'en'This%20is%20even%20more%20;\r\n title*1*=%2A%2A%2Afun%2A%2A%2A%20",
                "application/x-stuff;title=This is even more ***fun*** isn't it!",
            ),
            ("a/b; name=x; NAME*=iso-8859-1''%FC", "a/b;NAME=\u{fc}"),
            ("a/b; x*0=a; x*2=c", "a/b;x=a"),
            ("a/b; x*1=a; y*=%zz'", "a/b;x=;y=%zz'"),
        ] {
            assert_eq!(shown(&format!("Content-Type: {value}\r\n")), expected, "{value}");
        }
    }

    #[test]
    fn what_else_is_said() {
        let content = read(
            "Content-Transfer-Encoding: Base64 (x)\r\nContent-ID: <a@b>\r\n\
             Content-Disposition: attachment; filename*=utf-8''%C3%BC.pdf; size=3\r\n\
             Content-Language: de, en-GB\r\nContent-Location: http://a/\r\n b\r\n",
        );
        assert_eq!((content.transfer.as_str(), content.transfer()), ("Base64", Transfer::Base64));
        assert_eq!(content.id.as_deref(), Some(&b"<a@b>"[..]));
        assert_eq!(content.file_name().as_deref(), Some("\u{fc}.pdf"));
        assert_eq!(content.languages, ["de", "en-GB"]);
        assert_eq!(content.location.as_deref(), Some(&b"http://a/b"[..]));
        let named = read("Content-Type: a/b; name=\"=?utf-8?Q?=C3=BC?=\"\r\n");
        assert_eq!(named.file_name().as_deref(), Some("\u{fc}"));
        assert_eq!(read("Content-Transfer-Encoding: x-uu\r\n").transfer(), Transfer::Unknown);
    }
}
