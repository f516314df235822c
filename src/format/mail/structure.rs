//! The parts of a message and where each stands in its octets.
//!
//! Invariant: one pass over the octets, whatever the nesting; ranges of parts lie within those of the
//! part around them, in their order, and never overlap. Depth and number of parts are bounded: what is
//! deeper is one opaque part, what is more belongs to the last part around it. Standards: RFC 2046
//! §5.1 (delimiters, also those of the parts around, §5.1.2) and §5.2.1, RFC 6532 §3.7
//! (`message/global`).

use super::content::Content;
use super::header::{is_blank, line_end};
use super::transfer::Transfer;
use crate::kernel::limits::{MIME_BOUNDARY_MAX, MIME_DEPTH_MAX, MIME_PARTS_MAX};
use memchr::memmem;
use std::ops::Range;

/// What a part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A body.
    Leaf,
    /// Parts.
    Multipart,
    /// One message, the only child.
    Message,
}

/// One part; the first of a message is the message itself.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// What it holds.
    pub kind: Kind,
    /// The header with the blank line that ends it.
    pub header: Range<usize>,
    /// The body, without the line end that belongs to the delimiter behind it.
    pub body: Range<usize>,
    /// What the header says of the body.
    pub content: Content<'a>,
    /// The places of the parts in it.
    pub children: Vec<usize>,
}

/// The structure of a message.
#[derive(Clone, Debug)]
pub struct Structure<'a> {
    /// The parts in the order in which they begin. There is at least one.
    pub parts: Vec<Part<'a>>,
}

impl<'a> Structure<'a> {
    /// The structure of a message.
    pub fn read(octets: &'a [u8]) -> Self {
        let mut reader = Reader { octets, at: 0, open: Vec::new(), parts: Vec::new() };
        reader.part(false, 0);
        Self { parts: reader.parts }
    }

    /// A part by its place.
    pub fn part(&self, place: usize) -> Option<&Part<'a>> {
        self.parts.get(place)
    }
}

/// What ended a part.
#[derive(Clone, Copy)]
enum Stop {
    /// The end of the octets.
    End,
    /// A delimiter: whose boundary it has, whether it says that no more parts follow, and where its
    /// line begins.
    Delimiter { level: usize, last: bool, line: usize },
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    /// The boundaries of the parts around, the innermost last.
    open: Vec<String>,
    parts: Vec<Part<'a>>,
}

impl<'a> Reader<'a> {
    /// Reads the part that begins here, and what ended it.
    fn part(&mut self, digest: bool, depth: usize) -> (usize, Stop) {
        let start = self.at;
        let stop = self.header();
        let header = match stop {
            Some(Stop::Delimiter { line, .. }) => start..line,
            _ => start..self.at,
        };
        let mut content =
            Content::read(self.octets.get(header.clone()).unwrap_or_default(), digest);
        let boundary = match content.media.eq_ignore_ascii_case("multipart") {
            true => boundary(&mut content),
            false => None,
        };
        let message = content.is("message", "rfc822") || content.is("message", "global");
        // RFC 2046 §5.2.1: a message may not be encoded. One that is cannot be told as one.
        let plain = content.transfer() == Transfer::Identity;
        let deep = depth >= MIME_DEPTH_MAX;
        let kind = match (boundary.is_some(), message) {
            (true, _) if !deep => Kind::Multipart,
            (_, true) if plain && !deep && stop.is_none() && self.parts.len() < MIME_PARTS_MAX => {
                Kind::Message
            }
            _ => Kind::Leaf,
        };
        if kind == Kind::Leaf && (boundary.is_some() || message) {
            content.opaque();
        }
        let digest = content.subtype.eq_ignore_ascii_case("digest");
        let (place, body) = (self.parts.len(), header.end);
        self.parts.push(Part { kind, header, body: body..body, content, children: Vec::new() });
        let (children, stop) = match (stop, kind) {
            (Some(stop), _) => (Vec::new(), stop),
            (None, Kind::Leaf) => (Vec::new(), self.delimiter()),
            (None, Kind::Multipart) => self.children(boundary.unwrap_or_default(), digest, depth),
            (None, Kind::Message) => {
                let (child, stop) = self.part(false, depth + 1);
                (vec![child], stop)
            }
        };
        // A part without a body may end with the line end that belongs to the delimiter.
        let last = children.last().and_then(|last| self.parts.get(*last));
        let end = self.end_of_body(body, stop).max(last.map_or(body, |last| last.body.end));
        if let Some(part) = self.parts.get_mut(place) {
            (part.body, part.children) = (body..end, children);
        }
        (place, stop)
    }

    /// Goes past a header and the blank line behind it. A delimiter ends it, too.
    fn header(&mut self) -> Option<Stop> {
        while self.at < self.octets.len() {
            let end = line_end(self.octets, self.at);
            let line = self.octets.get(self.at..end).unwrap_or_default();
            if let Some(stop) = self.delimiter_here(self.at) {
                self.at = end;
                return Some(stop);
            }
            self.at = end;
            if is_blank(line) {
                return None;
            }
        }
        Some(Stop::End)
    }

    /// Reads the parts of a multipart.
    fn children(&mut self, boundary: String, digest: bool, depth: usize) -> (Vec<usize>, Stop) {
        let (mine, mut children) = (self.open.len(), Vec::new());
        self.open.push(boundary);
        let mut stop = self.delimiter();
        loop {
            match stop {
                Stop::Delimiter { level, last, .. } if level == mine => {
                    if last {
                        self.open.truncate(mine);
                        return (children, self.delimiter());
                    }
                    if self.parts.len() >= MIME_PARTS_MAX {
                        self.open.clear();
                        self.at = self.octets.len();
                        return (children, Stop::End);
                    }
                    let (child, next) = self.part(digest, depth + 1);
                    children.push(child);
                    stop = next;
                }
                stop => {
                    self.open.truncate(mine);
                    return (children, stop);
                }
            }
        }
    }

    /// Goes past the next delimiter of any part around.
    fn delimiter(&mut self) -> Stop {
        if !self.open.is_empty() {
            if let Some(stop) = self.delimiter_here(self.at) {
                self.at = line_end(self.octets, self.at);
                return stop;
            }
            let from = self.at;
            let rest = self.octets.get(from..).unwrap_or_default();
            for found in memmem::find_iter(rest, b"\n--") {
                let line = from + found + 1;
                if let Some(stop) = self.delimiter_here(line) {
                    self.at = line_end(self.octets, line);
                    return stop;
                }
            }
        }
        self.at = self.octets.len();
        Stop::End
    }

    /// The delimiter that the line beginning here is.
    fn delimiter_here(&self, line: usize) -> Option<Stop> {
        let rest = self.octets.get(line..)?.strip_prefix(b"--")?;
        self.open.iter().enumerate().rev().find_map(|(level, boundary)| {
            let rest = rest.strip_prefix(boundary.as_bytes())?;
            let (last, rest) = match rest.strip_prefix(b"--") {
                Some(rest) => (true, rest),
                None => (false, rest),
            };
            let padding = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
            let ends = matches!(rest.get(padding), None | Some(b'\n'));
            ends.then_some(Stop::Delimiter { level, last, line })
        })
    }

    fn end_of_body(&self, start: usize, stop: Stop) -> usize {
        let Stop::Delimiter { line, .. } = stop else { return self.octets.len() };
        let body = self.octets.get(start..line).unwrap_or_default();
        let body = body.strip_suffix(b"\n").unwrap_or(body);
        start + body.strip_suffix(b"\r").unwrap_or(body).len()
    }
}

/// The boundary of a multipart. One without is taken for plain text.
fn boundary(content: &mut Content<'_>) -> Option<String> {
    let boundary = content.parameter("boundary").map(str::trim_end).unwrap_or_default();
    if (1..=MIME_BOUNDARY_MAX).contains(&boundary.len()) {
        return Some(boundary.to_owned());
    }
    content.plain();
    None
}

#[cfg(test)]
mod tests;
