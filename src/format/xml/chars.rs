//! The character classes of XML 1.0 (5th edition, §2.2 and §2.3), character references (§4.1)
//! and the normalisation of line ends and attribute values (§2.11, §3.3.3).

use super::XmlFault;
use memchr::{memchr2, memmem};
use std::borrow::Cow;

/// Whether the document may contain this character, literally or by reference (§2.2).
pub fn is_char(c: char) -> bool {
    !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

/// Whether this byte is white space (§2.3).
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// A control character that XML does not carry.
fn is_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// The offset of the first character that XML does not carry.
pub fn find_forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // Without branches, so that it runs on many bytes at once.
    if !bytes.iter().fold(false, |seen, &b| seen | is_control(b) | (b == 0xef)) {
        return None;
    }
    let control = bytes.iter().position(|&b| is_control(b));
    let fffe = memmem::find(bytes, "\u{fffe}".as_bytes());
    let ffff = memmem::find(bytes, "\u{ffff}".as_bytes());
    [control, fffe, ffff].into_iter().flatten().min()
}

/// Whether a name may start with this character; the colon is left out (Namespaces §3).
fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// Whether a name may contain this character after its first; the colon is left out.
pub fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// Whether the text is a name without a colon (Namespaces §3).
pub fn is_ncname(text: &str) -> bool {
    // Almost every name is ASCII.
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if text.bytes().all(plain) {
        return text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    }
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

/// Splits `prefix:local` or `local`; None if either part is not an NCName (Namespaces §4).
pub fn split_qname(text: &str) -> Option<(Option<&str>, &str)> {
    let (prefix, local) = match text.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, text),
    };
    (prefix.is_none_or(is_ncname) && is_ncname(local)).then_some((prefix, local))
}

/// The character that the reference between `&` and `;` stands for (§4.1, §4.6).
pub fn resolve(reference: &str, offset: usize) -> Result<char, XmlFault> {
    let Some(number) = reference.strip_prefix('#') else {
        return match reference {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(XmlFault::new("an entity that no XML document has by itself", offset)),
        };
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // from_str_radix takes a sign, XML does not.
    let valid = digits.chars().all(|c| c.is_digit(radix));
    let code = if valid { u32::from_str_radix(digits, radix).ok() } else { None };
    code.and_then(char::from_u32).filter(|&c| is_char(c)).ok_or_else(|| {
        XmlFault::new("a character reference to no character that XML allows", offset)
    })
}

/// Literal text with every CRLF and lone CR as LF (§2.11).
pub fn normalize_lines(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('\r').peekable();
    while let Some(piece) = pieces.next() {
        out.push_str(piece);
        // A CR follows every piece but the last; it counts unless a LF comes next.
        if pieces.peek().is_some_and(|next| !next.starts_with('\n')) {
            out.push('\n');
        }
    }
    Cow::Owned(out)
}

/// An attribute's value: references resolved, literal white space as blanks (§3.3.3).
pub fn attribute_value(raw: &str, offset: usize) -> Result<Cow<'_, str>, XmlFault> {
    if !raw.bytes().any(|b| b == b'&' || b < b' ') {
        return Ok(Cow::Borrowed(raw));
    }
    let text = normalize_lines(raw);
    let mut out = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some((clean, tail)) = rest.split_once('&') {
        push_blanked(clean, &mut out);
        let Some((reference, tail)) = tail.split_once(';') else {
            return Err(XmlFault::new("a `&` that begins no reference", offset));
        };
        out.push(resolve(reference, offset)?);
        rest = tail;
    }
    push_blanked(rest, &mut out);
    Ok(Cow::Owned(out))
}

/// Appends with each tab and line end as a blank.
fn push_blanked(text: &str, out: &mut String) {
    out.extend(text.chars().map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c }));
}

/// Walks the `name="value"` pairs behind a tag's name (§3.1).
pub struct Pairs<'a> {
    rest: &'a str,
    offset: usize,
}

impl<'a> Pairs<'a> {
    /// Over the text between the tag's name and its end, which starts at this offset.
    pub fn new(rest: &'a str, offset: usize) -> Self {
        Self { rest, offset }
    }

    /// The next pair: the name and the value as they are written, and the name's offset.
    pub fn next(&mut self) -> Result<Option<(&'a str, &'a str, usize)>, XmlFault> {
        let spaces = self.skip_space();
        if self.rest.is_empty() {
            return Ok(None);
        }
        if spaces == 0 {
            return Err(self.fault("white space is missing before an attribute"));
        }
        let start = self.offset;
        let end = self.rest.bytes().position(|b| is_space(b) || b == b'=');
        let name = self.take(end.unwrap_or(self.rest.len()));
        self.skip_space();
        if self.take(usize::from(self.rest.starts_with('='))).is_empty() {
            return Err(self.fault("an attribute without a value"));
        }
        self.skip_space();
        let quote = match self.rest.bytes().next() {
            Some(quote @ (b'"' | b'\'')) => quote,
            _ => return Err(self.fault("an attribute's value without quotation marks")),
        };
        self.take(1);
        match memchr2(quote, b'<', self.rest.as_bytes()) {
            Some(at) if self.rest.as_bytes().get(at) == Some(&quote) => {
                let value = self.take(at);
                self.take(1);
                Ok(Some((name, value, start)))
            }
            Some(_) => Err(self.fault("`<` in an attribute's value")),
            None => Err(self.fault("an attribute's value that does not end")),
        }
    }

    /// Cuts so many bytes, which must end at a character's end, off the front.
    fn take(&mut self, len: usize) -> &'a str {
        let (front, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.offset += front.len();
        front
    }

    /// Skips white space; how many bytes it was.
    fn skip_space(&mut self) -> usize {
        let len = self.rest.bytes().take_while(|&b| is_space(b)).count();
        self.take(len).len()
    }

    fn fault(&self, reason: &'static str) -> XmlFault {
        XmlFault::new(reason, self.offset)
    }
}
