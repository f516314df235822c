//! The writer: bytes pushed one after the other, with no formatting machinery.
//!
//! Invariant: whatever text it is given, the bytes are well-formed as long as `open` and `close`
//! are paired and `raw` is. Characters that XML cannot carry become U+FFFD; a CR is written as a
//! reference, because a reader turns a literal one into LF (XML 1.0 §2.11) and iCalendar lines
//! end in CRLF.

use super::name::{Name, Ns};
use crate::format::uri;
use memchr::memchr;

/// What a document begins with.
const DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// The declarations of every known namespace with its fixed prefix.
const DECLARED: &[u8] = b" xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" \
xmlns:A=\"urn:ietf:params:xml:ns:carddav\" xmlns:S=\"http://calendarserver.org/ns/\" \
xmlns:I=\"http://apple.com/ns/ical/\" xmlns:M=\"http://me.com/_namespace/\" \
xmlns:V=\"https://davenport.example/ns/\" xmlns:P=\"https://bitfire.at/webdav-push\" xmlns:N=\"http://nextcloud.com/ns\"";

/// Writes one document, or a piece of one that [`Writer::document_start`] began.
#[derive(Debug, Default)]
pub struct Writer {
    /// What has been written; a streaming caller takes it from time to time.
    pub out: Vec<u8>,
}

impl Writer {
    /// A writer with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    /// The XML declaration and the root's start tag, which declares the known namespaces; no
    /// default namespace is ever declared.
    pub fn document_start(&mut self, root: &Name) {
        self.raw(DECLARATION);
        self.tag(b"<", root);
        self.raw(DECLARED);
        self.inline_declaration(root);
        self.out.push(b'>');
    }

    /// A start tag. A name outside the known namespaces carries its own declaration.
    pub fn open(&mut self, name: &Name) {
        self.open_with(name, &[]);
    }

    /// A start tag with attributes of no namespace, whose names must be NCNames.
    pub fn open_with(&mut self, name: &Name, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.out.push(b'>');
    }

    /// An end tag.
    pub fn close(&mut self, name: &Name) {
        self.tag(b"</", name);
        self.out.push(b'>');
    }

    /// An element without content.
    pub fn empty(&mut self, name: &Name) {
        self.empty_with(name, &[]);
    }

    /// An element without content, with attributes of no namespace.
    pub fn empty_with(&mut self, name: &Name, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.raw(b"/>");
    }

    /// An element that holds a text.
    pub fn element(&mut self, name: &Name, text: &str) {
        self.open(name);
        self.text(text);
        self.close(name);
    }

    /// `DAV:href` with a decoded path, which is percent-encoded here (RFC 4918 §14.7).
    pub fn href(&mut self, path: &str) {
        self.raw(b"<D:href>");
        // The encoder's alphabet has nothing that XML would need escaped.
        uri::encode_path(path, &mut self.out);
        self.raw(b"</D:href>");
    }

    /// Text, escaped.
    pub fn text(&mut self, text: &str) {
        escape_text(text, &mut self.out);
    }

    /// Bytes that are already well-formed content, such as a stored dead property.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// A start tag without its `>`.
    fn start(&mut self, name: &Name, attributes: &[(&str, &str)]) {
        self.tag(b"<", name);
        self.inline_declaration(name);
        for (name, value) in attributes {
            self.out.push(b' ');
            self.raw(name.as_bytes());
            self.raw(b"=\"");
            escape_attribute(value, &mut self.out);
            self.out.push(b'"');
        }
    }

    /// A tag's beginning and its name.
    fn tag(&mut self, bracket: &[u8], name: &Name) {
        self.raw(bracket);
        if *name.ns() != Ns::None {
            self.raw(name.ns().prefix().unwrap_or("X").as_bytes());
            self.out.push(b':');
        }
        self.raw(name.local().as_bytes());
    }

    /// The declaration that a name outside the known namespaces needs.
    fn inline_declaration(&mut self, name: &Name) {
        if let Ns::Other(uri) = name.ns() {
            self.raw(b" xmlns:X=\"");
            escape_attribute(uri, &mut self.out);
            self.out.push(b'"');
        }
    }
}

/// Bytes that need a closer look in text, besides CR.
const fn is_special(byte: u8) -> bool {
    matches!(byte, 0..=8 | 11 | 12 | 14..=31 | b'&' | b'<' | b'>' | 0xef)
}

/// [`is_special`] and CR.
static TEXT: [bool; 256] = table(b"\r");
/// The same for attribute values in double quotation marks (XML 1.0 §3.3.3).
static ATTRIBUTE: [bool; 256] = table(b"\r\n\t\"");

const fn table(more: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_special(byte as u8);
        byte += 1;
    }
    let mut at = 0;
    while at < more.len() {
        table[more[at] as usize] = true;
        at += 1;
    }
    table
}

/// Appends text between tags. `>` is escaped too, so `]]>` never appears.
pub fn escape_text(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    // Without branches, so that it runs on many bytes at once. Mostly nothing but line ends
    // needs a reference.
    let unclean = |bytes: &[u8]| bytes.iter().fold(false, |seen, &b| seen | is_special(b));
    let somewhere = unclean(rest);
    // A line that is not clean costs a look at each of its bytes; the others need not pay for it.
    let copy = |line: &[u8], out: &mut Vec<u8>| match somewhere && unclean(line) {
        true => escape(line, &TEXT, out),
        false => out.extend_from_slice(line),
    };
    out.reserve(rest.len() + rest.len() / 8);
    while let Some((line, tail)) = memchr(b'\r', rest).and_then(|at| rest.split_at_checked(at)) {
        copy(line, out);
        out.extend_from_slice(b"&#13;");
        rest = tail.get(1..).unwrap_or_default();
    }
    copy(rest, out);
}

/// Appends an attribute's value, to stand between double quotation marks.
pub fn escape_attribute(text: &str, out: &mut Vec<u8>) {
    escape(text.as_bytes(), &ATTRIBUTE, out);
}

/// Copies clean runs and replaces the bytes that the table names.
fn escape(mut rest: &[u8], special: &[bool; 256], out: &mut Vec<u8>) {
    out.reserve(rest.len() + rest.len() / 8);
    while let Some(at) = rest.iter().position(|&b| special[usize::from(b)]) {
        let (clean, tail) = rest.split_at(at);
        out.extend_from_slice(clean);
        let (len, replacement): (usize, &[u8]) = match tail {
            [b'&', ..] => (1, b"&amp;"),
            [b'<', ..] => (1, b"&lt;"),
            [b'>', ..] => (1, b"&gt;"),
            [b'"', ..] => (1, b"&quot;"),
            [b'\r', ..] => (1, b"&#13;"),
            [b'\n', ..] => (1, b"&#10;"),
            [b'\t', ..] => (1, b"&#9;"),
            // U+FFFE and U+FFFF.
            [0xef, 0xbf, 0xbe | 0xbf, ..] => (3, "\u{fffd}".as_bytes()),
            [0xef, ..] => (1, b"\xef"),
            _ => (1, "\u{fffd}".as_bytes()),
        };
        out.extend_from_slice(replacement);
        rest = tail.get(len..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
