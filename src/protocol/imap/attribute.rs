//! What FETCH asks of messages.
//!
//! Invariant: parts are named by numbers of bounded depth; macros are written out. Standard: RFC 9051
//! §6.4.5 and §9 (`fetch-att`), RFC 3516 (`BINARY`), RFC 7162 (`MODSEQ`), RFC 8474, RFC 8514.

use super::input::{Input, Wrong};
use crate::format::mail::section::Piece;
use crate::kernel::limits::MIME_DEPTH_MAX;
use std::fmt;

/// One data item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// `BODY`: the structure without extensions.
    Body,
    /// `BODYSTRUCTURE`.
    BodyStructure,
    /// `EMAILID`.
    EmailId,
    /// `ENVELOPE`.
    Envelope,
    /// `FLAGS`.
    Flags,
    /// `INTERNALDATE`.
    InternalDate,
    /// `MODSEQ`.
    ModSeq,
    /// `RFC822`, `RFC822.HEADER`, `RFC822.TEXT`: octets by their old names.
    Old(&'static str, Piece),
    /// `RFC822.SIZE`.
    Size,
    /// `SAVEDATE`.
    SaveDate,
    /// `THREADID`.
    ThreadId,
    /// `UID`.
    Uid,
    /// `BODY[…]`, and `BODY.PEEK[…]`, which does not mark as seen.
    Section {
        /// Which octets.
        section: Section,
        /// From where, and how many.
        partial: Option<(u64, u64)>,
        /// Whether this marks the message as seen.
        peek: bool,
    },
    /// `BINARY[…]`: a part, decoded.
    Binary {
        /// Which part.
        part: Vec<u32>,
        /// From where, and how many.
        partial: Option<(u64, u64)>,
        /// Whether this marks the message as seen.
        peek: bool,
    },
    /// `BINARY.SIZE[…]`.
    BinarySize(Vec<u32>),
}

/// What stands in the brackets of `BODY[…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The numbers of the part; none: the message.
    pub part: Vec<u32>,
    /// What of it.
    pub of: Of,
}

/// What of a part a section names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    /// A range of its octets.
    Piece(Piece),
    /// Fields of its header: the names, as they were written, and whether all others are meant.
    Fields(Vec<String>, bool),
}

/// The items without arguments.
const PLAIN: [(&str, Attribute); 13] = [
    ("BODYSTRUCTURE", Attribute::BodyStructure),
    ("EMAILID", Attribute::EmailId),
    ("ENVELOPE", Attribute::Envelope),
    ("FLAGS", Attribute::Flags),
    ("INTERNALDATE", Attribute::InternalDate),
    ("MODSEQ", Attribute::ModSeq),
    ("RFC822.HEADER", Attribute::Old("RFC822.HEADER", Piece::Header)),
    ("RFC822.SIZE", Attribute::Size),
    ("RFC822.TEXT", Attribute::Old("RFC822.TEXT", Piece::Text)),
    ("RFC822", Attribute::Old("RFC822", Piece::Body)),
    ("SAVEDATE", Attribute::SaveDate),
    ("THREADID", Attribute::ThreadId),
    ("UID", Attribute::Uid),
];

/// Reads what FETCH asks: one item, a list of them, or a macro.
///
/// # Errors
/// What was expected.
pub fn attributes(input: &mut Input<'_>) -> Result<Vec<Attribute>, Wrong> {
    use Attribute::{Body, Envelope, Flags, InternalDate, Size};
    let fast = vec![Flags, InternalDate, Size];
    if input.word("ALL") {
        return Ok([fast, vec![Envelope]].concat());
    }
    if input.word("FAST") {
        return Ok(fast);
    }
    if input.word("FULL") {
        return Ok([fast, vec![Envelope, Body]].concat());
    }
    match input.peek() {
        Some(b'(') => input.list(attribute),
        _ => attribute(input).map(|one| vec![one]),
    }
}

fn attribute(input: &mut Input<'_>) -> Result<Attribute, Wrong> {
    for (name, plain) in PLAIN {
        if input.word(name) {
            return Ok(plain);
        }
    }
    if input.word("BINARY.SIZE[") {
        return Ok(Attribute::BinarySize(bracketed(input, part)?));
    }
    for (name, peek) in [("BINARY.PEEK[", true), ("BINARY[", false)] {
        if input.word(name) {
            let part = bracketed(input, part)?;
            return Ok(Attribute::Binary { part, partial: partial(input)?, peek });
        }
    }
    for (name, peek) in [("BODY.PEEK[", true), ("BODY[", false)] {
        if input.word(name) {
            let section = bracketed(input, section)?;
            return Ok(Attribute::Section { section, partial: partial(input)?, peek });
        }
    }
    match input.word("BODY") {
        true => Ok(Attribute::Body),
        false => Err("there is no such data item"),
    }
}

fn bracketed<T>(
    input: &mut Input<'_>,
    inside: impl FnOnce(&mut Input<'_>) -> Result<T, Wrong>,
) -> Result<T, Wrong> {
    let read = inside(input)?;
    input.expect(b']', "a section ends in ]").map(|()| read)
}

/// The numbers of a part; none if no digit comes next.
fn part(input: &mut Input<'_>) -> Result<Vec<u32>, Wrong> {
    let mut numbers = Vec::new();
    while input.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        match input.number()? {
            0 => return Err("numbers of parts begin with 1"),
            number => numbers.push(number),
        }
        if numbers.len() > MIME_DEPTH_MAX {
            return Err("a part is too deep");
        }
        if !input.eat(b'.') {
            break;
        }
    }
    Ok(numbers)
}

fn section(input: &mut Input<'_>) -> Result<Section, Wrong> {
    let part = part(input)?;
    let fields = |input: &mut Input<'_>, not| {
        input.space()?;
        let names = input.list(|it| it.text())?;
        if names.is_empty() {
            Err("names of fields were expected")
        } else {
            Ok(Of::Fields(names, not))
        }
    };
    let of = if input.word("HEADER.FIELDS.NOT") {
        fields(input, true)?
    } else if input.word("HEADER.FIELDS") {
        fields(input, false)?
    } else if input.word("HEADER") {
        Of::Piece(Piece::Header)
    } else if input.word("TEXT") {
        Of::Piece(Piece::Text)
    } else if !part.is_empty() && input.word("MIME") {
        Of::Piece(Piece::Mime)
    } else {
        Of::Piece(Piece::Body)
    };
    Ok(Section { part, of })
}

/// `<from.count>`, if it comes next.
fn partial(input: &mut Input<'_>) -> Result<Option<(u64, u64)>, Wrong> {
    const WRONG: Wrong = "a range such as <0.1024> was expected";
    if !input.eat(b'<') {
        return Ok(None);
    }
    let from = input.number64().map_err(|_| WRONG)?;
    input.expect(b'.', WRONG)?;
    let count = input.number64().map_err(|_| WRONG)?;
    input.expect(b'>', WRONG)?;
    if count == 0 { Err("a range has at least one octet") } else { Ok(Some((from, count))) }
}

/// What stands in the brackets, as an answer repeats it.
impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.part.is_empty() { "" } else { "." };
        write!(f, "{}", Numbers(&self.part))?;
        match &self.of {
            Of::Piece(Piece::Body) => Ok(()),
            Of::Piece(Piece::Header) => write!(f, "{dot}HEADER"),
            Of::Piece(Piece::Text) => write!(f, "{dot}TEXT"),
            Of::Piece(Piece::Mime) => write!(f, "{dot}MIME"),
            Of::Fields(names, not) => {
                let not = if *not { ".NOT" } else { "" };
                write!(f, "{dot}HEADER.FIELDS{not} (")?;
                for (n, name) in names.iter().enumerate() {
                    let blank = if n == 0 { "" } else { " " };
                    match name.bytes().all(super::input::is_astring) && !name.is_empty() {
                        true => write!(f, "{blank}{name}")?,
                        false => {
                            write!(f, "{blank}\"{}\"", name.replace(['"', '\\', '\r', '\n'], "_"))?
                        }
                    }
                }
                f.write_str(")")
            }
        }
    }
}

/// The numbers of a part with dots between them.
pub struct Numbers<'n>(pub &'n [u32]);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, number) in self.0.iter().enumerate() {
            write!(f, "{}{number}", if n == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::Part;
    use super::*;

    fn read(text: &str) -> Result<Vec<Attribute>, Wrong> {
        let parts = [Part::Text(text.as_bytes().to_vec())];
        let mut input = Input::new(&parts);
        let read = attributes(&mut input)?;
        input.end().map(|()| read)
    }

    #[test]
    fn macros_are_written_out() {
        use Attribute::{Body, Envelope, Flags, InternalDate, Size};
        assert_eq!(read("FAST").unwrap(), [Flags, InternalDate, Size]);
        assert_eq!(read("full").unwrap(), [Flags, InternalDate, Size, Envelope, Body]);
        assert!(read("(FAST UID)").is_err());
    }

    #[test]
    fn sections() {
        for text in [
            "",
            "1",
            "1.2.3",
            "HEADER",
            "1.HEADER",
            "2.TEXT",
            "1.2.MIME",
            "TEXT",
            "HEADER.FIELDS (From To)",
            "1.HEADER.FIELDS.NOT (X-A \"b c\")",
        ] {
            for (name, peeks) in [("BODY", false), ("BODY.PEEK", true)] {
                let all = read(&format!("({name}[{text}]<5.10> UID)")).unwrap();
                let [Attribute::Section { section, partial, peek }, Attribute::Uid] =
                    all.as_slice()
                else {
                    panic!("{all:?}")
                };
                assert_eq!(
                    (section.to_string().as_str(), *partial, *peek),
                    (text, Some((5, 10)), peeks)
                );
            }
        }
        for wrong in [
            "BODY[",
            "BODY[0]",
            "BODY[MIME]",
            "BODY[1.]<0>",
            "BODY[]<0.0>",
            "BODY[HEADER.FIELDS ()]",
            "BODY[FOO]",
            "(",
            "()x",
            "FOO",
            "UIDX",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn extensions() {
        assert_eq!(
            read("(BINARY.PEEK[1.2]<0.9> BINARY.SIZE[3] MODSEQ)").unwrap(),
            [
                Attribute::Binary { part: vec![1, 2], partial: Some((0, 9)), peek: true },
                Attribute::BinarySize(vec![3]),
                Attribute::ModSeq,
            ]
        );
    }
}
