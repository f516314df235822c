//! How IMAP tells of envelopes and structures.
//!
//! Invariant: what is written reads in every session: text beyond ASCII, control characters and long
//! values are literals, all else is quoted; NUL is left out. Standard: RFC 9051 §7.5.2 and §9
//! (`envelope`, `body`), the same as RFC 3501's but that parameters are told whole (RFC 2231).

use super::address::Address;
use super::content::{Content, Disposition, Parameter};
use super::envelope::Envelope;
use super::structure::{Kind, Part, Structure};
use std::io::Write;

/// Longer values are written as literals.
const QUOTED_MAX: usize = 1_000;

/// Writes a string.
pub fn string(octets: &[u8], out: &mut Vec<u8>) {
    let plain = |b: &u8| matches!(b, b' '..=b'~');
    if octets.len() <= QUOTED_MAX && octets.iter().all(plain) {
        out.push(b'"');
        for octet in octets {
            if matches!(octet, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(*octet);
        }
        return out.push(b'"');
    }
    let said = octets.iter().filter(|b| **b != 0);
    // Writing to memory does not fail.
    let _ = write!(out, "{{{}}}\r\n", said.clone().count());
    out.extend(said);
}

/// Writes a string, or `NIL` for none.
pub fn nstring(octets: Option<&[u8]>, out: &mut Vec<u8>) {
    match octets {
        Some(octets) => string(octets, out),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Writes an envelope.
pub fn envelope(said: &Envelope<'_>, out: &mut Vec<u8>) {
    out.push(b'(');
    nstring(said.date.as_deref(), out);
    out.push(b' ');
    nstring(said.subject.as_deref(), out);
    for list in [&said.from, &said.sender, &said.reply_to, &said.to, &said.cc, &said.bcc] {
        out.push(b' ');
        addresses(list, out);
    }
    for text in [&said.in_reply_to, &said.message_id] {
        out.push(b' ');
        nstring(text.as_deref(), out);
    }
    out.push(b')');
}

fn addresses(list: &[Address<'_>], out: &mut Vec<u8>) {
    if list.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    out.push(b'(');
    for one in list {
        let parts = [&one.name, &one.route, &one.mailbox, &one.host];
        for (part, before) in parts.into_iter().zip([b'(', b' ', b' ', b' ']) {
            out.push(before);
            nstring(part.as_deref(), out);
        }
        out.push(b')');
    }
    out.push(b')');
}

/// Writes the structure of a message: `BODYSTRUCTURE` if it is `extended`, else `BODY`.
pub fn structure(octets: &[u8], structure: &Structure<'_>, extended: bool, out: &mut Vec<u8>) {
    if let Some(part) = structure.part(0) {
        Writer { octets, structure, extended, out }.part(part);
    }
}

struct Writer<'w, 'a> {
    octets: &'a [u8],
    structure: &'w Structure<'a>,
    extended: bool,
    out: &'w mut Vec<u8>,
}

impl Writer<'_, '_> {
    fn part(&mut self, part: &Part<'_>) {
        self.out.push(b'(');
        match part.kind {
            Kind::Multipart => self.multipart(part),
            Kind::Message => self.message(part),
            Kind::Leaf => self.leaf(part),
        }
        self.out.push(b')');
    }

    fn multipart(&mut self, part: &Part<'_>) {
        for child in &part.children {
            if let Some(child) = self.structure.part(*child) {
                self.part(child);
            }
        }
        if part.children.is_empty() {
            let nothing = b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)";
            self.out.extend_from_slice(nothing);
        }
        self.space_string(part.content.subtype.as_bytes());
        if self.extended {
            self.out.push(b' ');
            parameters(&part.content.parameters, self.out);
            self.where_it_belongs(&part.content);
        }
    }

    fn message(&mut self, part: &Part<'_>) {
        self.fields(part);
        let Some(child) = part.children.first().and_then(|place| self.structure.part(*place))
        else {
            return;
        };
        self.out.push(b' ');
        let header = self.octets.get(child.header.clone()).unwrap_or_default();
        envelope(&Envelope::read(header), self.out);
        self.out.push(b' ');
        self.part(child);
        self.lines(part);
        self.extension(&part.content);
    }

    fn leaf(&mut self, part: &Part<'_>) {
        self.fields(part);
        if part.content.is_text() {
            self.lines(part);
        }
        self.extension(&part.content);
    }

    /// Type, parameters, id, description, encoding and size.
    fn fields(&mut self, part: &Part<'_>) {
        let content = &part.content;
        string(content.media.as_bytes(), self.out);
        self.space_string(content.subtype.as_bytes());
        self.out.push(b' ');
        match content.parameters.is_empty() && content.is("text", "plain") {
            true => self.out.extend_from_slice(b"(\"charset\" \"us-ascii\")"),
            false => parameters(&content.parameters, self.out),
        }
        for text in [&content.id, &content.description] {
            self.out.push(b' ');
            nstring(text.as_deref(), self.out);
        }
        let transfer = if content.transfer.is_empty() { "7bit" } else { &content.transfer };
        self.space_string(transfer.as_bytes());
        let _ = write!(self.out, " {}", part.body.len());
    }

    fn lines(&mut self, part: &Part<'_>) {
        let body = self.octets.get(part.body.clone()).unwrap_or_default();
        let ended = memchr::memchr_iter(b'\n', body).count();
        let open = body.last().is_some_and(|last| *last != b'\n');
        let _ = write!(self.out, " {}", ended + usize::from(open));
    }

    fn extension(&mut self, content: &Content<'_>) {
        if self.extended {
            self.out.push(b' ');
            nstring(content.md5.as_deref(), self.out);
            self.where_it_belongs(content);
        }
    }

    /// Disposition, languages and location.
    fn where_it_belongs(&mut self, content: &Content<'_>) {
        self.out.push(b' ');
        disposition(content.disposition.as_ref(), self.out);
        self.out.push(b' ');
        match content.languages.as_slice() {
            [] => self.out.extend_from_slice(b"NIL"),
            [one] => string(one.as_bytes(), self.out),
            all => {
                for (tag, before) in
                    all.iter().zip(std::iter::once(b'(').chain(std::iter::repeat(b' ')))
                {
                    self.out.push(before);
                    string(tag.as_bytes(), self.out);
                }
                self.out.push(b')');
            }
        }
        self.out.push(b' ');
        nstring(content.location.as_deref(), self.out);
    }

    fn space_string(&mut self, octets: &[u8]) {
        self.out.push(b' ');
        string(octets, self.out);
    }
}

fn parameters(list: &[Parameter], out: &mut Vec<u8>) {
    if list.is_empty() {
        return out.extend_from_slice(b"NIL");
    }
    for (n, row) in list.iter().enumerate() {
        out.push(if n == 0 { b'(' } else { b' ' });
        string(row.name.as_bytes(), out);
        out.push(b' ');
        string(row.value.as_bytes(), out);
    }
    out.push(b')');
}

fn disposition(said: Option<&Disposition>, out: &mut Vec<u8>) {
    let Some(said) = said else { return out.extend_from_slice(b"NIL") };
    out.push(b'(');
    string(said.kind.as_bytes(), out);
    out.push(b' ');
    parameters(&said.parameters, out);
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(message: &str, extended: bool) -> String {
        let mut out = Vec::new();
        let read = Structure::read(message.as_bytes());
        structure(message.as_bytes(), &read, extended, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_read_in_every_session() {
        let written = |octets: &[u8]| {
            let mut out = Vec::new();
            string(octets, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(written(b"a\\ \"b\""), "\"a\\\\ \\\"b\\\"\"");
        assert_eq!(written(b""), "\"\"");
        assert_eq!(written("\u{fc}\0".as_bytes()), "{2}\r\n\u{fc}");
        assert_eq!(written(b"\x01"), "{1}\r\n\x01");
        assert!(written(&[b'a'; 1_001]).starts_with("{1001}\r\n"));
    }

    #[test]
    fn an_envelope() {
        let header = b"Date: d\r\nSubject: s\r\nFrom: T G <gray@cac.example>\r\n\
                       To: g:a@b;\r\nMessage-ID: <x@y>\r\n\r\n";
        let mut out = Vec::new();
        envelope(&Envelope::read(header), &mut out);
        let from = "((\"T G\" NIL \"gray\" \"cac.example\"))";
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!(
                "(\"d\" \"s\" {from} {from} {from} ((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")\
                 (NIL NIL NIL NIL)) NIL NIL NIL \"<x@y>\")"
            )
        );
    }

    #[test]
    fn structures() {
        assert_eq!(
            shown("Subject: x\r\n\r\na\r\nb\r\n", false),
            "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 6 2)"
        );
        let message = "Content-Type: multipart/mixed; boundary=a\r\nContent-Language: de, en\r\n\r\n\
            --a\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: BASE64\r\n\
            Content-Disposition: inline\r\n\r\nQQ==\r\n--a\r\nContent-Type: message/rfc822\r\n\
            Content-ID: <i>\r\n\r\nSubject: in\r\n\r\nx\r\n--a\r\nContent-Type: image/png; name=n\r\n\
            Content-MD5: m\r\nContent-Disposition: attachment; filename=\"f g\"\r\n\
            Content-Location: l\r\n\r\n--a--\r\n";
        let nothing = "NIL NIL NIL NIL";
        assert_eq!(
            shown(message, true),
            format!(
                "((\"text\" \"html\" (\"charset\" \"utf-8\") NIL NIL \"BASE64\" 4 1 NIL (\"inline\" NIL) NIL NIL)\
                 (\"message\" \"rfc822\" NIL \"<i>\" NIL \"7bit\" 16 (NIL \"in\" {nothing} {nothing}) \
                 (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)\
                 (\"image\" \"png\" (\"name\" \"n\") NIL NIL \"7bit\" 0 \"m\" \
                 (\"attachment\" (\"filename\" \"f g\")) NIL \"l\") \
                 \"mixed\" (\"boundary\" \"a\") NIL (\"de\" \"en\") NIL)"
            )
        );
        assert!(shown(message, false).ends_with("\"7bit\" 0) \"mixed\")"));
    }

    #[test]
    fn a_multipart_without_parts_has_one() {
        let message = "Content-Type: multipart/mixed; boundary=a\r\n\r\n";
        assert_eq!(
            shown(message, false),
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \"mixed\")"
        );
    }
}
