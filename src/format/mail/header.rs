//! Header fields as they stand in a message.
//!
//! Invariant: fields are found in one pass, line by line; what is no field is passed over and ends
//! nothing but itself. Standard: RFC 5322 §2.2 and §4.5 (blanks before the colon). Line ends are CRLF
//! or a bare LF.

use memchr::memchr;
use std::borrow::Cow;

/// One header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name as it is written, without the colon.
    pub name: &'a [u8],
    /// What stands behind the colon, folded as it is, without the last line end.
    pub value: &'a [u8],
    /// The whole field with its last line end.
    pub whole: &'a [u8],
}

impl<'a> Field<'a> {
    /// Whether the field has this name.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value on one line, without the blanks around it.
    pub fn unfolded(&self) -> Cow<'a, [u8]> {
        unfold(self.value.trim_ascii())
    }
}

/// A text without its line ends (RFC 5322 §2.2.3).
pub fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr2(b'\r', b'\n', value) {
        None => Cow::Borrowed(value),
        Some(_) => value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect(),
    }
}

/// Where the line that begins at `at` ends, its line end included.
pub(super) fn line_end(octets: &[u8], at: usize) -> usize {
    let rest = octets.get(at..).unwrap_or_default();
    memchr(b'\n', rest).map_or(octets.len(), |n| at + n + 1)
}

/// Whether a line with its line end has nothing in it.
pub(super) fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"" | b"\n" | b"\r\n")
}

/// Where the body begins: behind the first blank line. None: there is none.
pub fn header_end(octets: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < octets.len() {
        let end = line_end(octets, at);
        if is_blank(octets.get(at..end)?) {
            return Some(end);
        }
        at = end;
    }
    None
}

/// The fields of a header: up to a blank line, or to the end.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// The fields of what begins with a header.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let start = self.at;
            let mut end = line_end(self.octets, start);
            if is_blank(self.octets.get(start..end)?) {
                return None;
            }
            while matches!(self.octets.get(end), Some(b' ' | b'\t')) {
                end = line_end(self.octets, end);
            }
            self.at = end;
            if let Some(field) = field(self.octets.get(start..end)?) {
                return Some(field);
            }
        }
    }
}

fn field(whole: &[u8]) -> Option<Field<'_>> {
    let colon = memchr(b':', whole)?;
    let (name, value) = (whole.get(..colon)?.trim_ascii_end(), whole.get(colon + 1..)?);
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    Some(Field { name, value: value.strip_suffix(b"\r").unwrap_or(value), whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let text_of = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Fields::new(text.as_bytes()).map(|f| (text_of(f.name), text_of(&f.unfolded()))).collect()
    }

    #[test]
    fn fields_are_unfolded() {
        let read = read("Subject: one\r\n two\r\n\tthree \r\nTo :x\nFrom:\r\n\r\nBody: no\r\n");
        let expected = [("Subject", "one two\tthree"), ("To", "x"), ("From", "")];
        assert_eq!(read, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn what_is_no_field_is_passed_over() {
        let read = read(">From a@b.c\r\nA: 1\r\nno colon\r\n x: y\r\n: z\r\nB C: 2\r\nD: 3");
        let expected = [("A", "1"), ("D", "3")];
        assert_eq!(read, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn a_field_is_told_whole() {
        let field = Fields::new(b"A: 1\r\n 2\r\n\r\n").next().unwrap();
        assert_eq!((field.whole, field.value), (&b"A: 1\r\n 2\r\n"[..], &b" 1\r\n 2"[..]));
        assert_eq!(Fields::new(b"\r\nA: 1\r\n").next(), None);
        assert_eq!(Fields::new(b"").next(), None);
    }
}
