//! The octets of one command: text with literals in between, and the tokens in them.
//!
//! Invariant: reading goes forward only, and what is wrong is told with what was expected. Standard:
//! RFC 9051 §9 (`atom`, `astring`, `string`, `number`, `date`), RFC 7888 and RFC 3516 (literals).

use crate::kernel::clock::{MONTHS, days_from_civil};
use std::borrow::Cow;

/// A part of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text of a line, without its line end, and without the announcement of the literal behind it.
    Text(Vec<u8>),
    /// A literal.
    Literal(Vec<u8>),
    /// A literal that has been put aside, by its number among those of the command.
    Aside(usize),
}

/// What is wrong with a command: what was expected.
pub type Wrong = &'static str;

/// The parts of a command, and how far they have been read.
#[derive(Clone, Debug)]
pub struct Input<'c> {
    parts: &'c [Part],
    part: usize,
    at: usize,
}

/// Whether an octet may stand in an `atom`. Octets of UTF-8 are let in.
pub fn is_atom(octet: u8) -> bool {
    octet > b' ' && octet != 0x7f && !b"(){%*\"\\]".contains(&octet)
}

/// Whether an octet may stand in an `astring` that is no string.
pub fn is_astring(octet: u8) -> bool {
    is_atom(octet) || octet == b']'
}

impl<'c> Input<'c> {
    /// The beginning of a command.
    pub fn new(parts: &'c [Part]) -> Self {
        Self { parts, part: 0, at: 0 }
    }

    fn rest(&self) -> &'c [u8] {
        match self.parts.get(self.part) {
            Some(Part::Text(text)) => text.get(self.at..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// What comes next in the text; none at its end, where a literal may come.
    pub fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Goes past this octet, if it comes next.
    pub fn eat(&mut self, octet: u8) -> bool {
        let there = self.peek() == Some(octet);
        self.at += usize::from(there);
        there
    }

    /// Goes past these words, in any case, if they come next and nothing that belongs to them.
    pub fn word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let there =
            rest.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word.as_bytes()))
                && !rest.get(word.len()).is_some_and(|after| is_atom(*after) && is_atom_end(word));
        self.at += if there { word.len() } else { 0 };
        there
    }

    /// Goes past the octets that are so, and gives them.
    pub fn run(&mut self, is: impl Fn(u8) -> bool) -> &'c [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|octet| !is(*octet)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Demands this octet.
    pub fn expect(&mut self, octet: u8, wrong: Wrong) -> Result<(), Wrong> {
        if self.eat(octet) { Ok(()) } else { Err(wrong) }
    }

    /// Demands a blank. More than one is taken for one, as some programs write.
    pub fn space(&mut self) -> Result<(), Wrong> {
        match self.run(|octet| octet == b' ').is_empty() {
            false => Ok(()),
            true => Err("a blank was expected"),
        }
    }

    /// Demands the end.
    pub fn end(&mut self) -> Result<(), Wrong> {
        self.run(|octet| octet == b' ');
        match self.rest().is_empty() && self.part + 1 >= self.parts.len() {
            true => Ok(()),
            false => Err("there is more than the command takes"),
        }
    }

    /// An atom.
    pub fn atom(&mut self) -> Result<&'c str, Wrong> {
        let atom = self.run(is_atom);
        let text = std::str::from_utf8(atom).map_err(|_| "an atom is ASCII or UTF-8")?;
        if text.is_empty() { Err("an atom was expected") } else { Ok(text) }
    }

    /// A number of 32 bits.
    pub fn number(&mut self) -> Result<u32, Wrong> {
        u32::try_from(self.number64()?).map_err(|_| "a number is larger than 32 bits")
    }

    /// A number of 63 bits.
    pub fn number64(&mut self) -> Result<u64, Wrong> {
        let digits = self.run(|octet| octet.is_ascii_digit());
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        let number: Option<u64> = digits.parse().ok().filter(|number| *number <= i64::MAX as u64);
        number.ok_or(if digits.is_empty() {
            "a number was expected"
        } else {
            "a number is too large"
        })
    }

    /// A quoted string, if one comes next.
    fn quoted(&mut self) -> Result<Option<Cow<'c, [u8]>>, Wrong> {
        if !self.eat(b'"') {
            return Ok(None);
        }
        let plain = self.run(|octet| octet != b'"' && octet != b'\\');
        if self.eat(b'"') {
            return Ok(Some(Cow::Borrowed(plain)));
        }
        let mut said = plain.to_vec();
        loop {
            match self.peek() {
                None => return Err("a quoted string does not end"),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Some(Cow::Owned(said)));
                }
                Some(b'\\') => {
                    self.at += 1;
                    said.push(self.peek().ok_or("a quoted string does not end")?);
                    self.at += 1;
                }
                Some(octet) => {
                    said.push(octet);
                    self.at += 1;
                }
            }
        }
    }

    /// A literal, if one comes next.
    fn literal(&mut self) -> Option<&'c [u8]> {
        match self.parts.get(self.part + 1) {
            Some(Part::Literal(octets)) if self.rest().is_empty() => {
                (self.part, self.at) = (self.part + 2, 0);
                Some(octets)
            }
            _ => None,
        }
    }

    /// A literal that has been put aside, by its number.
    pub fn aside(&mut self) -> Result<usize, Wrong> {
        match self.parts.get(self.part + 1) {
            Some(Part::Aside(number)) if self.rest().is_empty() => {
                (self.part, self.at) = (self.part + 2, 0);
                Ok(*number)
            }
            _ => Err("a literal was expected"),
        }
    }

    /// A string, if one comes next.
    pub fn opt_string(&mut self) -> Result<Option<Cow<'c, [u8]>>, Wrong> {
        match self.literal() {
            Some(octets) => Ok(Some(Cow::Borrowed(octets))),
            None => self.quoted(),
        }
    }

    /// A string.
    pub fn string(&mut self) -> Result<Cow<'c, [u8]>, Wrong> {
        self.opt_string()?.ok_or("a string was expected")
    }

    /// A string or an atom.
    pub fn astring(&mut self) -> Result<Cow<'c, [u8]>, Wrong> {
        self.stringlike(is_astring)
    }

    /// A pattern of LIST: a string, or an atom with wildcards.
    pub fn pattern(&mut self) -> Result<Cow<'c, [u8]>, Wrong> {
        self.stringlike(|octet| is_astring(octet) || octet == b'%' || octet == b'*')
    }

    fn stringlike(&mut self, is: impl Fn(u8) -> bool) -> Result<Cow<'c, [u8]>, Wrong> {
        if let Some(string) = self.opt_string()? {
            return Ok(string);
        }
        match self.run(is) {
            b"" => Err("a string or an atom was expected"),
            atom => Ok(Cow::Borrowed(atom)),
        }
    }

    /// A string or `NIL`, which is none.
    pub fn nstring(&mut self) -> Result<Option<Cow<'c, [u8]>>, Wrong> {
        match self.opt_string()? {
            None if self.word("NIL") => Ok(None),
            None => Err("a string or NIL was expected"),
            some => Ok(some),
        }
    }

    /// A string or an atom in UTF-8.
    pub fn text(&mut self) -> Result<String, Wrong> {
        String::from_utf8(self.astring()?.into_owned()).map_err(|_| "a text is not UTF-8")
    }

    /// One or more things in parentheses, with blanks between them.
    pub fn list<T>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Result<T, Wrong>,
    ) -> Result<Vec<T>, Wrong> {
        self.expect(b'(', "a list in parentheses was expected")?;
        let mut all = Vec::new();
        loop {
            if self.eat(b')') {
                return Ok(all);
            }
            if !all.is_empty() {
                self.space()?;
            }
            all.push(one(self)?);
        }
    }

    /// A date as the number of its day since 1970 (`date`).
    pub fn date(&mut self) -> Result<i64, Wrong> {
        let quoted = self.eat(b'"');
        let day = self.day()?;
        if quoted {
            self.expect(b'"', DATE)?;
        }
        Ok(day)
    }

    fn day(&mut self) -> Result<i64, Wrong> {
        let day = i64::from(self.number().map_err(|_| DATE)?);
        self.expect(b'-', DATE)?;
        let name = self.run(|octet| octet.is_ascii_alphabetic());
        let month = MONTHS.iter().position(|it| it.as_bytes().eq_ignore_ascii_case(name));
        let month = month.ok_or(DATE)? as i64 + 1;
        self.expect(b'-', DATE)?;
        let year = i64::from(self.number().map_err(|_| DATE)?);
        let good = (1..=31).contains(&day) && (1..=9_999).contains(&year);
        if good { Ok(days_from_civil(year, month, day)) } else { Err(DATE) }
    }

    /// A date with a time, in quotes, as seconds since 1970 (`date-time`).
    pub fn date_time(&mut self) -> Result<i64, Wrong> {
        self.expect(b'"', DATE_TIME)?;
        self.eat(b' ');
        let day = self.day().map_err(|_| DATE_TIME)?;
        let mut clock = [0; 3];
        for (n, slot) in clock.iter_mut().enumerate() {
            self.expect(if n == 0 { b' ' } else { b':' }, DATE_TIME)?;
            *slot = i64::from(self.number().map_err(|_| DATE_TIME)?);
        }
        let [hour, minute, second] = clock;
        self.expect(b' ', DATE_TIME)?;
        let west = match self.peek() {
            Some(b'-') => true,
            Some(b'+') => false,
            _ => return Err(DATE_TIME),
        };
        self.at += 1;
        let zone = i64::from(self.number().map_err(|_| DATE_TIME)?);
        self.expect(b'"', DATE_TIME)?;
        if hour > 23 || minute > 59 || second > 60 || zone > 9_959 || zone % 100 > 59 {
            return Err(DATE_TIME);
        }
        let zone = zone / 100 * 3_600 + zone % 100 * 60;
        let local = day * 86_400 + hour * 3_600 + minute * 60 + second.min(59);
        Ok(if west { local + zone } else { local - zone })
    }
}

/// Whether a word ends in what could go on.
fn is_atom_end(word: &str) -> bool {
    word.bytes().last().is_some_and(|octet| octet.is_ascii_alphanumeric())
}

const DATE: Wrong = "a date such as 1-Feb-2026 was expected";
const DATE_TIME: Wrong = "a time such as \" 1-Feb-2026 12:00:00 +0100\" was expected";

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<Part> {
        vec![Part::Text(text.as_bytes().to_vec())]
    }

    #[test]
    fn strings_in_all_forms() {
        let parts = [
            Part::Text(b"a]b \"q \\\"\\\\\" ".to_vec()),
            Part::Literal(b"li\r\nt".to_vec()),
            Part::Text(b" NIL \"open".to_vec()),
        ];
        let mut input = Input::new(&parts);
        assert_eq!(&*input.astring().unwrap(), b"a]b");
        input.space().unwrap();
        assert_eq!(&*input.string().unwrap(), b"q \"\\");
        input.space().unwrap();
        assert_eq!(&*input.astring().unwrap(), b"li\r\nt");
        input.space().unwrap();
        assert_eq!(input.nstring().unwrap(), None);
        input.space().unwrap();
        assert!(input.string().is_err());
    }

    #[test]
    fn words_end_where_atoms_end() {
        let parts = parts("BODY[] NILS");
        let mut input = Input::new(&parts);
        assert!(!input.word("BOD") && input.word("body[") && input.eat(b']'));
        input.space().unwrap();
        assert!(!input.word("NIL") && input.word("NILS") && input.end().is_ok());
    }

    #[test]
    fn dates_and_times() {
        let read = |text: &str| Input::new(&parts(text)).date();
        assert_eq!(read("1-Jan-1970"), Ok(0));
        assert_eq!(read("\"02-jan-1970\""), Ok(1));
        for wrong in ["1-Foo-1970", "0-Jan-1970", "1-Jan-99999", "1 Jan 1970", "\"1-Jan-1970"] {
            assert_eq!(read(wrong), Err(DATE), "{wrong}");
        }
        let read = |text: &str| Input::new(&parts(text)).date_time();
        assert_eq!(read("\" 1-Jan-1970 01:00:00 +0100\""), Ok(0));
        assert_eq!(read("\"01-Jan-1970 00:00:01 -0030\""), Ok(1_801));
        for wrong in
            ["\"1-Jan-1970 24:00:00 +0000\"", "\"1-Jan-1970 00:00:00 +0060\"", "1-Jan-1970"]
        {
            assert_eq!(read(wrong), Err(DATE_TIME), "{wrong}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(Input::new(&parts("4294967295")).number(), Ok(u32::MAX));
        assert!(Input::new(&parts("4294967296")).number().is_err());
        assert!(Input::new(&parts("9223372036854775808")).number64().is_err());
        assert!(Input::new(&parts("x")).number().is_err());
    }
}
