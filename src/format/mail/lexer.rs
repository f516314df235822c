//! The tokens of structured header fields: blanks and comments, tokens, quoted strings.
//!
//! Invariant: each call goes forward and none goes back, so that reading a field takes time with its
//! size only. Standards: RFC 5322 §3.2 (read leniently: what is not closed ends with the field),
//! RFC 2045 §5.1.

use std::borrow::Cow;

/// A place in a field's value.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    octets: &'a [u8],
    at: usize,
}

/// Whether an octet may stand in a `token` (RFC 2045 §5.1). Octets of UTF-8 are let in.
pub fn is_token(octet: u8) -> bool {
    octet > b' ' && octet != 0x7f && !b"()<>@,;:\\\"/[]?=".contains(&octet)
}

impl<'a> Lexer<'a> {
    /// The beginning of a value.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// What comes next.
    pub fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    /// How far it has come.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What stands between a place that it passed and this one.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.octets.get(start..self.at).unwrap_or_default()
    }

    /// Goes one octet on.
    pub fn bump(&mut self) {
        self.at = self.octets.len().min(self.at + 1);
    }

    /// Goes past this octet, if it comes next.
    pub fn eat(&mut self, octet: u8) -> bool {
        let there = self.peek() == Some(octet);
        self.at += usize::from(there);
        there
    }

    /// Goes past the octets that are so, and gives them.
    pub fn run(&mut self, is: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.octets.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|b| !is(*b)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Goes past blanks, line ends and comments (`CFWS`), and gives what the last comment says, as
    /// it is written between its parentheses.
    pub fn blanks(&mut self) -> Option<&'a [u8]> {
        let mut comment = None;
        loop {
            self.run(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
            if self.peek() != Some(b'(') {
                return comment;
            }
            comment = Some(self.comment());
        }
    }

    fn comment(&mut self) -> &'a [u8] {
        let (start, mut depth) = (self.at + 1, 0_usize);
        while let Some(octet) = self.peek() {
            match octet {
                b'\\' => self.bump(),
                b'(' => depth += 1,
                b')' if depth == 1 => {
                    let said = self.since(start);
                    self.bump();
                    return said;
                }
                b')' => depth -= 1,
                _ => {}
            }
            self.bump();
        }
        self.since(start)
    }

    /// A quoted string without its quotes, its backslashes and its line ends; `None` if there is
    /// none here.
    pub fn quoted(&mut self) -> Option<Cow<'a, [u8]>> {
        if !self.eat(b'"') {
            return None;
        }
        let start = self.at;
        let plain = self.run(|b| !matches!(b, b'"' | b'\\' | b'\r' | b'\n'));
        if matches!(self.peek(), None | Some(b'"')) {
            self.bump();
            return Some(Cow::Borrowed(plain));
        }
        let mut said = self.since(start).to_vec();
        while let Some(octet) = self.peek() {
            self.bump();
            match octet {
                b'"' => break,
                b'\r' | b'\n' => {}
                b'\\' => {
                    said.extend(self.peek());
                    self.bump();
                }
                octet => said.push(octet),
            }
        }
        Some(Cow::Owned(said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_nest_and_end_with_the_field() {
        let mut lexer = Lexer::new(b" (a (b) \\) c)\r\n (d) x(");
        assert_eq!(lexer.blanks(), Some(&b"d"[..]));
        assert_eq!(lexer.run(is_token), b"x");
        assert_eq!(lexer.blanks(), Some(&b""[..]));
        assert_eq!(lexer.peek(), None);
    }

    #[test]
    fn quoted_strings() {
        let read = |text: &'static str| {
            let mut lexer = Lexer::new(text.as_bytes());
            lexer.quoted().map(|said| (String::from_utf8_lossy(&said).into_owned(), lexer.at()))
        };
        assert_eq!(read("\"a b\"c"), Some(("a b".into(), 5)));
        assert_eq!(read("\"a\\\"\r\n b\" "), Some(("a\" b".into(), 9)));
        assert_eq!(read("\"open"), Some(("open".into(), 5)));
        assert_eq!(read("\"open\\"), Some(("open".into(), 6)));
        assert_eq!(read("a"), None);
    }
}
