//! Which octets of a message a section names.
//!
//! Invariant: what is named are octets as they stand in the message, but for header fields that are
//! picked. A section that is not there is `None`. Standard: RFC 9051 §6.4.5 and §6.4.5.1 (numbers of
//! parts), RFC 3516 §4.2.

use super::header::Fields;
use super::structure::{Kind, Structure};
use std::ops::Range;

/// What of a part is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Its body: of a message that is a part the message, of the whole message all of it.
    Body,
    /// The header of the message that it is.
    Header,
    /// The body of the message that it is.
    Text,
    /// The header of the part (`MIME`).
    Mime,
}

impl Structure<'_> {
    /// The place of the part with these numbers; none at all name the message.
    pub fn find(&self, numbers: &[u32]) -> Option<usize> {
        let mut place = 0;
        // Whether `place` is a message whose parts are numbered, and not the only part of one.
        let mut inside = true;
        for number in numbers {
            let part = self.part(place)?;
            let nth = usize::try_from(*number).ok()?.checked_sub(1)?;
            match (inside, part.kind) {
                (_, Kind::Multipart) => {
                    place = *part.children.get(nth)?;
                    inside = false;
                }
                (true, _) if nth == 0 => inside = false,
                (false, Kind::Message) => {
                    let child = *part.children.first()?;
                    match self.part(child)?.kind {
                        Kind::Multipart => place = *self.part(child)?.children.get(nth)?,
                        _ if nth == 0 => place = child,
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
        Some(place)
    }

    /// The octets that a section names.
    pub fn section(&self, numbers: &[u32], piece: Piece) -> Option<Range<usize>> {
        let part = self.part(self.find(numbers)?)?;
        let whole = numbers.is_empty();
        match piece {
            Piece::Body if whole => Some(part.header.start..part.body.end),
            Piece::Body => Some(part.body.clone()),
            Piece::Mime => (!whole).then(|| part.header.clone()),
            Piece::Header | Piece::Text => {
                let message = match (whole, part.kind) {
                    (true, _) => part,
                    (false, Kind::Message) => self.part(*part.children.first()?)?,
                    _ => return None,
                };
                Some(match piece {
                    Piece::Header => message.header.clone(),
                    _ => message.body.clone(),
                })
            }
        }
    }
}

/// The fields of a header that have one of the names, or have none of them (`HEADER.FIELDS`,
/// `HEADER.FIELDS.NOT`), and the blank line behind them.
pub fn pick(header: &[u8], names: &[&str], not: bool, picked: &mut Vec<u8>) {
    for field in Fields::new(header) {
        if names.iter().any(|name| field.is(name)) != not {
            picked.extend_from_slice(field.whole);
        }
    }
    if picked.last().is_some_and(|last| *last != b'\n') {
        picked.extend_from_slice(b"\r\n");
    }
    picked.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape of RFC 9051 §6.4.5.1's example.
    const SHAPE: &str = "Subject: top\n\
        Content-Type: multipart/mixed; boundary=a\n\npre\n\
        --a\nX: 1\n\none\n--a\nX: 2\nContent-Type: application/octet-stream\n\ntwo\n\
        --a\nX: 3\nContent-Type: message/rfc822\n\n\
        Subject: three\nContent-Type: multipart/mixed; boundary=b\n\n\
        --b\n\n3.1\n--b\n\n3.2\n--b--\n\
        --a\nX: 4\nContent-Type: multipart/mixed; boundary=c\n\n\
        --c\nContent-Type: image/gif\n\n4.1\n--c\nContent-Type: message/rfc822\n\n\
        Subject: 4.2\nContent-Type: multipart/alternative; boundary=d\n\n\
        --d\n\n4.2.1\n--d\n\n4.2.2\n--d--\n--c--\n--a--\n";

    fn text<'t>(message: &'t str, numbers: &[u32], piece: Piece) -> Option<&'t str> {
        let structure = Structure::read(message.as_bytes());
        structure.section(numbers, piece).map(|range| message.get(range).unwrap())
    }

    #[test]
    fn section_6_4_5_1_numbers() {
        let body = |numbers: &[u32]| text(SHAPE, numbers, Piece::Body);
        for (numbers, said) in [
            (&[1][..], "one"),
            (&[2], "two"),
            (&[3, 1], "3.1"),
            (&[3, 2], "3.2"),
            (&[4, 1], "4.1"),
            (&[4, 2, 1], "4.2.1"),
            (&[4, 2, 2], "4.2.2"),
        ] {
            assert_eq!(body(numbers), Some(said), "{numbers:?}");
        }
        assert_eq!(body(&[]), Some(SHAPE));
        for numbers in [&[0][..], &[5], &[1, 1], &[3, 3], &[3, 1, 1], &[4, 2, 3]] {
            assert_eq!(body(numbers), None, "{numbers:?}");
        }
        assert!(body(&[3]).is_some_and(|said| said.starts_with("Subject: three")));
        let header = text(SHAPE, &[3], Piece::Header);
        assert!(header.is_some_and(|h| h.starts_with("Subject: three") && h.ends_with("\n\n")));
        assert_eq!(text(SHAPE, &[3], Piece::Text), Some("--b\n\n3.1\n--b\n\n3.2\n--b--"));
        assert_eq!(text(SHAPE, &[4, 2], Piece::Mime), Some("Content-Type: message/rfc822\n\n"));
        assert_eq!(text(SHAPE, &[1], Piece::Mime), Some("X: 1\n\n"));
        assert_eq!(text(SHAPE, &[1], Piece::Header), None);
        assert_eq!(text(SHAPE, &[], Piece::Mime), None);
        assert!(text(SHAPE, &[], Piece::Text).is_some_and(|said| said.starts_with("pre\n")));
    }

    #[test]
    fn the_only_part_has_the_number_1() {
        let plain = "Subject: a\n\nb\n";
        assert_eq!(text(plain, &[1], Piece::Body), Some("b\n"));
        assert_eq!(text(plain, &[1], Piece::Mime), Some("Subject: a\n\n"));
        assert_eq!(text(plain, &[2], Piece::Body), None);
        assert_eq!(text(plain, &[1, 1], Piece::Body), None);
        let forwarded = "Content-Type: message/rfc822\n\nSubject: a\n\nb\n";
        assert_eq!(text(forwarded, &[1], Piece::Body), Some("Subject: a\n\nb\n"));
        assert_eq!(text(forwarded, &[1], Piece::Header), Some("Subject: a\n\n"));
        assert_eq!(text(forwarded, &[1, 1], Piece::Body), Some("b\n"));
        assert_eq!(text(forwarded, &[1, 1, 1], Piece::Body), None);
    }

    #[test]
    fn fields_are_picked_whole() {
        let header = b"A: 1\r\n 2\r\nb: 3\r\nC: 4\r\nB: 5\r\n\r\n";
        let picked = |names: &[&str], not| {
            let mut picked = Vec::new();
            pick(header, names, not, &mut picked);
            String::from_utf8(picked).unwrap()
        };
        assert_eq!(picked(&["B"], false), "b: 3\r\nB: 5\r\n\r\n");
        assert_eq!(picked(&["b"], true), "A: 1\r\n 2\r\nC: 4\r\n\r\n");
        assert_eq!(picked(&["x"], false), "\r\n");
    }
}
