//! Headers in ASCII for clients that take no other.
//!
//! Invariant: fields in ASCII stay octet for octet; of others the text stays readable. An address that
//! cannot be said in ASCII becomes an empty group that names it. Standards: RFC 6858 §3 (the same as
//! what RFC 6855 §7 calls a surrogate), RFC 2047.

use super::charset;
use super::header::{Fields, unfold};
use super::lexer::Lexer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Octets of text in one encoded word, which then has at most 75 (RFC 2047 §2).
const WORD: usize = 42;

/// A header, with the blank line that ends it, in ASCII; none if it is that already.
pub fn surrogate(header: &[u8]) -> Option<Vec<u8>> {
    if header.is_ascii() {
        return None;
    }
    let mut out = Vec::with_capacity(header.len() + header.len() / 2);
    for field in Fields::new(header) {
        if field.whole.is_ascii() {
            out.extend_from_slice(field.whole);
            continue;
        }
        out.extend_from_slice(field.name);
        out.push(b':');
        let value = unfold(field.value);
        let (mut lexer, mut held) = (Lexer::new(&value), String::new());
        while lexer.peek().is_some() {
            let blank = lexer.run(|b| b == b' ' || b == b'\t');
            match token(&mut lexer) {
                token if token.is_ascii() => {
                    say(&mut held, &mut out);
                    out.extend_from_slice(if blank.is_empty() { b"" } else { b" " });
                    out.extend_from_slice(&token);
                }
                token if is_address(&token) => {
                    say(&mut held, &mut out);
                    out.extend_from_slice(b" Internationalized address");
                    encode(&charset::text(None, &token), &mut out);
                    out.extend_from_slice(b" removed:;");
                }
                token => {
                    held.extend((!held.is_empty()).then_some(' '));
                    held.push_str(&charset::text(None, &token));
                }
            }
        }
        say(&mut held, &mut out);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Some(out)
}

/// A word, or a quoted string without its quotes if it is not ASCII.
fn token(lexer: &mut Lexer<'_>) -> Vec<u8> {
    let start = lexer.at();
    if let Some(quoted) = lexer.quoted() {
        return if quoted.is_ascii() { lexer.since(start).to_vec() } else { quoted.into_owned() };
    }
    let word = lexer.run(|b| !matches!(b, b' ' | b'\t' | b'"' | b','));
    if word.is_empty() {
        lexer.bump();
        return lexer.since(start).to_vec();
    }
    word.to_vec()
}

fn is_address(token: &[u8]) -> bool {
    token.contains(&b'@')
}

fn say(held: &mut String, out: &mut Vec<u8>) {
    if !held.is_empty() {
        encode(held, out);
        held.clear();
    }
}

/// Writes encoded words, each after a blank; from the second on each on a line of its own.
fn encode(text: &str, out: &mut Vec<u8>) {
    let (mut rest, mut first) = (text, true);
    while !rest.is_empty() {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
        let end = ends.take_while(|end| *end <= WORD).last().unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.extend_from_slice(if first { b" =?utf-8?B?" } else { b"\r\n =?utf-8?B?" });
        out.extend_from_slice(STANDARD.encode(word).as_bytes());
        out.extend_from_slice(b"?=");
        (rest, first) = (after, false);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fields, word};
    use super::*;

    fn said(header: &str) -> Vec<String> {
        let out = surrogate(header.as_bytes()).unwrap();
        assert!(out.is_ascii());
        assert!(out.split(|b| *b == b'\n').all(|line| line.len() <= 998));
        let text = |field: super::super::Field<'_>| word::decode(&field.unfolded()).into_owned();
        Fields::new(&out).map(text).collect()
    }

    #[test]
    fn what_is_ascii_stays() {
        assert_eq!(surrogate(b"Subject: a\r\n b\r\n\r\n"), None);
        let out = surrogate("A: b\r\n c\r\nB: \u{fc}\r\n\r\n".as_bytes()).unwrap();
        assert!(out.starts_with(b"A: b\r\n c\r\nB: =?utf-8?B?") && out.ends_with(b"?=\r\n\r\n"));
    }

    #[test]
    fn texts_stay_readable() {
        let long = "gr\u{fc}\u{df}e ".repeat(40);
        let header =
            format!("Subject: an {long}end\r\nFrom: \"J\u{fc}rgen, S.\" <j@x>, b@c\r\n\r\n");
        let said = said(&header);
        assert_eq!(said[0], format!("an {}end", long));
        assert_eq!(said[1], "J\u{fc}rgen, S. <j@x>, b@c");
    }

    #[test]
    fn an_address_becomes_an_empty_group() {
        let said = said("To: a@b, <j\u{fc}@x>\r\n\r\n");
        assert_eq!(said[0], "a@b, Internationalized address <j\u{fc}@x> removed:;");
    }
}
