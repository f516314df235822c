//! Content transfer encodings: base64 and quoted-printable to octets.
//!
//! Invariant: decoding never fails; what does not belong to an encoding is passed over (base64) or
//! stays as it is (quoted-printable). The answer is never longer than the input. Standard: RFC 2045 §6.

use std::borrow::Cow;

/// How a body is written (RFC 2045 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// As it is: `7bit`, `8bit`, `binary`, or nothing said.
    Identity,
    /// `quoted-printable`.
    QuotedPrintable,
    /// `base64`.
    Base64,
    /// One that nobody knows: the octets mean nothing to us (RFC 2045 §6.4).
    Unknown,
}

impl Transfer {
    /// The encoding of this name.
    pub fn named(name: &str) -> Self {
        const NAMES: [(&str, Transfer); 6] = [
            ("7bit", Transfer::Identity),
            ("8bit", Transfer::Identity),
            ("binary", Transfer::Identity),
            ("quoted-printable", Transfer::QuotedPrintable),
            ("base64", Transfer::Base64),
            ("", Transfer::Identity),
        ];
        let row = NAMES.iter().find(|row| row.0.eq_ignore_ascii_case(name));
        row.map_or(Self::Unknown, |row| row.1)
    }

    /// What the body says, decoded. What is in an unknown encoding is given as it is.
    pub fn decode(self, body: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Identity | Self::Unknown => Cow::Borrowed(body),
            Self::QuotedPrintable => Cow::Owned(quoted_printable(body)),
            Self::Base64 => Cow::Owned(base64(body)),
        }
    }
}

const NO: u8 = 0xff;

static VALUES: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [NO; 256];
    let mut n = 0;
    while n < 64 {
        values[alphabet[n] as usize] = n as u8;
        n += 1;
    }
    values
};

/// What base64 says. Padding ends a group; what follows begins another one, as where two encoded
/// texts were put together.
pub fn base64(body: &[u8]) -> Vec<u8> {
    let mut said = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for octet in body {
        match VALUES[usize::from(*octet)] {
            NO if *octet == b'=' => (bits, held) = (0, 0),
            NO => {}
            value => {
                bits = bits << 6 | u32::from(value);
                held += 6;
                if held >= 8 {
                    held -= 8;
                    said.push((bits >> held) as u8);
                }
            }
        }
    }
    said
}

/// The octet that two hexadecimal digits at the beginning say.
pub(super) fn hex(octets: &[u8]) -> Option<u8> {
    let digit = |place: usize| (*octets.get(place)? as char).to_digit(16);
    Some((digit(0)? << 4 | digit(1)?) as u8)
}

/// What quoted-printable says (RFC 2045 §6.7).
pub fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut said = Vec::with_capacity(body.len());
    let mut rest = body;
    while !rest.is_empty() {
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |n| n + 1);
        let (line, after) = rest.split_at(length);
        rest = after;
        let text = line.trim_ascii_end();
        let end: &[u8] = match line {
            [.., b'\r', b'\n'] => b"\r\n",
            [.., b'\n'] => b"\n",
            _ => b"",
        };
        match text.strip_suffix(b"=") {
            Some(text) => unescape(text, &mut said),
            None => {
                unescape(text, &mut said);
                said.extend_from_slice(end);
            }
        }
    }
    said
}

fn unescape(text: &[u8], said: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'=', rest) {
        let (before, from) = rest.split_at(at);
        said.extend_from_slice(before);
        match hex(from.get(1..).unwrap_or_default()) {
            Some(octet) => {
                said.push(octet);
                rest = from.get(3..).unwrap_or_default();
            }
            None => {
                said.push(b'=');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    said.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_passes_over_what_is_foreign() {
        assert_eq!(base64(b"aGVs\r\nbG8=\r\n"), b"hello");
        assert_eq!(base64(b"aGVsbG8"), b"hello");
        assert_eq!(base64(b"aGk=aGk="), b"hihi");
        assert_eq!(base64(b"a-G_k!="), b"hi");
        assert_eq!(base64(b"===="), b"");
    }

    #[test]
    fn quoted_printable_lines() {
        let says = |text: &str| String::from_utf8(quoted_printable(text.as_bytes())).unwrap();
        assert_eq!(says("a=3Db=c3=BC \t\r\nc=\r\nd= \n"), "a=b\u{fc}\r\ncd");
        assert_eq!(says("=ZZ=4"), "=ZZ=4");
        assert_eq!(says("a\n\nb"), "a\n\nb");
    }
}
