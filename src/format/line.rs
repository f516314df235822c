//! Content lines, the shared syntax of iCalendar and vCard: logical lines with name, parameters
//! and value, found in stored bytes that are never changed.
//!
//! Invariant: the bytes before the first line, then every line's `start..end`, are the input, byte
//! for byte. A line that is not folded borrows the input. Standards: RFC 5545 §3.1 and §3.2,
//! RFC 6350 §3.2 and §3.3, RFC 6868. Read leniently: LF or CRLF, blank lines, a BOM, no last line
//! end, vCard 2.1's parameters without a name.

use crate::kernel::fault::Refusal;
use crate::kernel::limits::{CONTENT_LINES_MAX, SHOWN_MAX};
use memchr::{memchr, memchr2};
use std::borrow::Cow;
use std::fmt;

/// Why a text is not a calendar object or vCard, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The physical line, from 1; 0 if no line is to blame.
    pub line: usize,
    /// What is wrong there, as a clause.
    pub reason: Cow<'static, str>,
}

impl Malformed {
    /// A fault at a line (0 = the whole text).
    pub fn new(line: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { line, reason: reason.into() }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.reason),
            line => write!(f, "line {line}: {}", self.reason),
        }
    }
}

impl std::error::Error for Malformed {}

/// The beginning of a text, for an error that repeats it.
pub fn shown(text: &str) -> &str {
    text.char_indices().nth(SHOWN_MAX).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

impl From<Malformed> for Refusal {
    fn from(fault: Malformed) -> Self {
        Self::InvalidData { line: fault.line, reason: fault.reason.into_owned() }
    }
}

/// One logical line, unfolded.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    text: Cow<'a, str>,
    parts: Parts,
    /// Number of its first physical line, from 1.
    pub number: usize,
    /// Offset of its first byte in the input.
    pub start: usize,
    /// Offset past its line end and past the blank lines that follow it.
    pub end: usize,
}

/// Where the parts of a line's text lie.
#[derive(Clone, Copy, Debug)]
struct Parts {
    name_end: usize,
    params: usize,
    value: usize,
}

impl<'a> Line<'a> {
    /// The name as written, with a vCard group if there is one (`item1.TEL`).
    pub fn full_name(&self) -> &str {
        self.text.get(..self.parts.name_end).unwrap_or("")
    }

    /// The vCard group (`item1`), if the name has one (RFC 6350 §3.3).
    pub fn group(&self) -> Option<&str> {
        self.full_name().split_once('.').map(|(group, _)| group)
    }

    /// The name without a group.
    pub fn name(&self) -> &str {
        let name = self.full_name();
        name.split_once('.').map_or(name, |(_, rest)| rest)
    }

    /// Whether this is the name, whatever its case and group.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// The value, raw: text escapes are not undone.
    pub fn value(&self) -> &str {
        self.text.get(self.parts.value..).unwrap_or("")
    }

    /// The whole line unfolded, without its line end.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameters in their order.
    pub fn params(&self) -> Params<'_> {
        let end = self.parts.value.saturating_sub(1);
        Params { rest: self.text.get(self.parts.params..end).unwrap_or("") }
    }

    /// The first parameter of this name, whatever its case.
    pub fn param(&self, name: &str) -> Option<Param<'_>> {
        self.params().find(|p| p.name.eq_ignore_ascii_case(name))
    }
}

/// The parameters of one line.
#[derive(Clone, Debug)]
pub struct Params<'l> {
    rest: &'l str,
}

impl<'l> Iterator for Params<'l> {
    type Item = Param<'l>;

    fn next(&mut self) -> Option<Param<'l>> {
        let rest = self.rest.strip_prefix(';')?;
        let (raw, tail) = rest.split_at(outside_quotes(rest, b';').unwrap_or(rest.len()));
        self.rest = tail;
        let (name, raw) = raw.split_once('=').unwrap_or(("", raw));
        Some(Param { name: name.trim(), raw })
    }
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param<'l> {
    /// Its name as written; empty for vCard 2.1's bare values (`TEL;HOME:`).
    pub name: &'l str,
    /// What stands after the equals sign, quotes and all.
    pub raw: &'l str,
}

impl<'l> Param<'l> {
    /// Its values, without quotes and with RFC 6868 escapes undone.
    pub fn values(&self) -> impl Iterator<Item = Cow<'l, str>> + use<'l> {
        let mut rest = Some(self.raw);
        std::iter::from_fn(move || {
            let text = rest?;
            let (value, tail) = match outside_quotes(text, b',') {
                Some(at) => (text.get(..at)?, text.get(at + 1..)),
                None => (text, None),
            };
            rest = tail;
            Some(decode(unquote(value)))
        })
    }

    /// All of it as one value, for parameters that have only one; a comma belongs to it.
    pub fn value(&self) -> Cow<'l, str> {
        decode(unquote(self.raw))
    }

    /// As [`Param::value`], with RFC 6868 escapes left as they are.
    pub fn bare(&self) -> &'l str {
        unquote(self.raw)
    }
}

/// Takes blanks and one pair of quotes away.
fn unquote(value: &str) -> &str {
    let value = value.trim();
    value.strip_prefix('"').map_or(value, |v| v.strip_suffix('"').unwrap_or(v))
}

/// Where the byte first stands outside quotes. A quote that nothing closes counts as a letter.
fn outside_quotes(text: &str, wanted: u8) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let found = at + memchr2(b'"', wanted, bytes.get(at..)?)?;
        if bytes.get(found) == Some(&wanted) {
            return Some(found);
        }
        match memchr(b'"', bytes.get(found + 1..)?) {
            Some(close) => at = found + 1 + close + 1,
            None => return Some(found + 1 + memchr(wanted, bytes.get(found + 1..)?)?),
        }
    }
}

/// Undoes `^n`, `^^` and `^'`; other carets stay (RFC 6868 §3.1).
pub fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains('^') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('^') {
        out.push_str(before);
        let (plain, skip) = match after.as_bytes().first() {
            Some(b'n' | b'N') => ('\n', 1),
            Some(b'^') => ('^', 1),
            Some(b'\'') => ('"', 1),
            _ => ('^', 0),
        };
        out.push(plain);
        rest = after.get(skip..).unwrap_or("");
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Adds lines, and the line end that the last of them may lack.
pub fn append(octets: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(octets);
    if !octets.is_empty() && !octets.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
}

/// Octets of a written line without its line end (RFC 5545 §3.1, RFC 6350 §3.2).
const LINE_MAX: usize = 75;

/// Writes a logical line in pieces that are not too long, none of which ends inside a character.
pub fn fold(line: &str, out: &mut String) {
    let (mut rest, mut room) = (line, LINE_MAX);
    while rest.len() > room {
        let cut = (1..=room).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(cut);
        out.push_str(piece);
        out.push_str("\r\n ");
        (rest, room) = (tail, LINE_MAX - 1);
    }
    out.push_str(rest);
    out.push_str("\r\n");
}

/// Adds a logical line, folded.
pub fn append_folded(line: &str, out: &mut Vec<u8>) {
    let mut folded = String::with_capacity(line.len() + 16);
    fold(line, &mut folded);
    out.extend_from_slice(folded.as_bytes());
}

/// A text whose folds split characters, which old programs write, folded anew so that it is UTF-8;
/// none if it is not that even then.
pub fn refolded(input: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(input.len() + input.len() / 32);
    for line in Lines::new(input) {
        fold(line.ok()?.text(), &mut out);
    }
    Some(out)
}

/// The logical lines of a text, in order. Stops at the first fault.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    input: &'a [u8],
    /// The input as text, unless a fold splits a character or it is not UTF-8 at all.
    whole: Option<&'a str>,
    /// Where the first NUL stands, or past the end.
    nul: usize,
    head: usize,
    at: usize,
    number: usize,
    count: usize,
}

impl<'a> Lines<'a> {
    /// Starts at the first line that is not blank, past a BOM.
    pub fn new(input: &'a [u8]) -> Self {
        let at = if input.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let whole = std::str::from_utf8(input).ok();
        let nul = memchr(0, input).unwrap_or(usize::MAX);
        let mut lines = Self { input, whole, nul, head: 0, at, number: 1, count: 0 };
        lines.skip_blank();
        lines.head = lines.at;
        lines
    }

    /// How many bytes stand before the first line: a BOM and blank lines.
    pub fn head(&self) -> usize {
        self.head
    }

    fn skip_blank(&mut self) {
        while let Some(b'\r' | b'\n') = self.input.get(self.at) {
            let rest = self.input.get(self.at..).unwrap_or_default();
            let blank = rest.iter().take_while(|b| **b == b'\r').count();
            match rest.get(blank) {
                Some(b'\n') => self.at += blank + 1,
                None if blank > 0 => self.at += blank,
                _ => return,
            }
            self.number += 1;
        }
    }

    /// The next physical line without its line end; moves past it.
    fn physical(&mut self) -> std::ops::Range<usize> {
        let start = self.at;
        let rest = self.input.get(start..).unwrap_or_default();
        let (mut end, next) = match memchr(b'\n', rest) {
            Some(lf) => (start + lf, start + lf + 1),
            None => (self.input.len(), self.input.len()),
        };
        while end > start && self.input.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        self.at = next;
        self.number += 1;
        start..end
    }

    fn continues(&self) -> bool {
        matches!(self.input.get(self.at), Some(b' ' | b'\t'))
    }

    /// The unfolded text of the logical line that begins here; `None` if it is not UTF-8.
    fn unfold(&mut self) -> Option<Cow<'a, str>> {
        let first = self.physical();
        if !self.continues() {
            return match self.whole {
                Some(whole) => whole.get(first).map(Cow::Borrowed),
                None => std::str::from_utf8(self.input.get(first)?).ok().map(Cow::Borrowed),
            };
        }
        let mut bytes = Vec::with_capacity(2 * first.len());
        bytes.extend_from_slice(self.input.get(first)?);
        while self.continues() {
            let next = self.physical();
            bytes.extend_from_slice(self.input.get(next.start + 1..next.end).unwrap_or_default());
        }
        String::from_utf8(bytes).ok().map(Cow::Owned)
    }

    fn read(&mut self) -> Result<Line<'a>, Malformed> {
        let (start, number) = (self.at, self.number);
        let fault = |reason: &'static str| Malformed::new(number, reason);
        self.count += 1;
        if self.count > CONTENT_LINES_MAX {
            return Err(fault("more lines than allowed"));
        }
        let text = self.unfold().ok_or_else(|| fault("not UTF-8"))?;
        if self.nul < self.at {
            return Err(fault("a NUL character"));
        }
        let parts = split(&text).map_err(fault)?;
        self.skip_blank();
        Ok(Line { text, parts, number, start, end: self.at })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.input.len() {
            return None;
        }
        let line = self.read();
        if line.is_err() {
            self.at = self.input.len();
        }
        Some(line)
    }
}

/// Finds the parts of a line's text.
fn split(text: &str) -> Result<Parts, &'static str> {
    const NO_COLON: &str = "not a property: there is no colon";
    let bytes = text.as_bytes();
    let in_name = |b: &&u8| NAME_BYTES.get(usize::from(**b)) == Some(&true);
    let name_end = bytes.iter().take_while(in_name).count();
    let rest = bytes.get(name_end..).unwrap_or_default();
    let params = name_end + rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    match bytes.get(params) {
        Some(b':') if name_end > 0 => Ok(Parts { name_end, params, value: params + 1 }),
        Some(b';') if name_end > 0 => {
            let colon = outside_quotes(text.get(params..).unwrap_or(""), b':').ok_or(NO_COLON)?;
            Ok(Parts { name_end, params, value: params + colon + 1 })
        }
        None => Err(NO_COLON),
        _ => match memchr(b':', bytes) {
            Some(_) => Err("not a property: it does not begin with a name"),
            None => Err(NO_COLON),
        },
    }
}

/// The bytes a name may have: letters, digits, hyphen (RFC 5545 §3.1), the dot of a group, and
/// what clients put into their own names.
const NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 128 {
        table[b] =
            (b as u8).is_ascii_alphanumeric() || matches!(b as u8, b'-' | b'_' | b'.' | b'/');
        b += 1;
    }
    table
};

/// Whether a text can be the name of a property or a parameter.
pub fn is_name(text: &str) -> bool {
    let allowed = |b: u8| NAME_BYTES.get(usize::from(b)) == Some(&true);
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests;
