//! Encoded words: text of any character set in header fields.
//!
//! Invariant: decoding never fails; what is no encoded word stays as it is. Words that stand side by
//! side in one character set are put together before they are decoded, as many programs split
//! characters. Standards: RFC 2047 §2, §4 and §6.2, RFC 2231 §5 (a language behind the character set).

use super::charset;
use super::transfer::{base64, quoted_printable};
use memchr::{memchr, memmem};
use std::borrow::Cow;

struct Word<'a> {
    charset: &'a [u8],
    octets: Vec<u8>,
}

/// What a header field's unfolded value says.
pub fn decode(value: &[u8]) -> Cow<'_, str> {
    if memmem::find(value, b"=?").is_none() {
        return charset::text(None, value);
    }
    let mut text = String::new();
    let mut held: Option<Word<'_>> = None;
    let mut rest = value;
    while let Some((before, word, after)) = next(rest) {
        rest = after;
        let beside = before.iter().all(u8::is_ascii_whitespace);
        match &mut held {
            Some(held) if beside && held.charset.eq_ignore_ascii_case(word.charset) => {
                held.octets.extend_from_slice(&word.octets);
                continue;
            }
            _ => say(held.take(), &mut text),
        }
        if !beside || text.is_empty() {
            text.push_str(&charset::text(None, before));
        }
        held = Some(word);
    }
    say(held, &mut text);
    text.push_str(&charset::text(None, rest));
    Cow::Owned(text)
}

fn say(word: Option<Word<'_>>, text: &mut String) {
    if let Some(word) = word {
        let label = std::str::from_utf8(word.charset).ok();
        text.push_str(&charset::text(label, &word.octets));
    }
}

/// What stands before the first encoded word, the word, and what stands behind it.
fn next(value: &[u8]) -> Option<(&[u8], Word<'_>, &[u8])> {
    let starts = memmem::find_iter(value, b"=?");
    starts.filter_map(|at| Some((value.get(..at)?, value.get(at + 2..)?))).find_map(
        |(before, inside)| {
            let (word, after) = read(inside)?;
            Some((before, word, after))
        },
    )
}

fn read(inside: &[u8]) -> Option<(Word<'_>, &[u8])> {
    let upto = |text: &[u8]| memchr(b'?', text);
    let (charset, rest) = inside.split_at_checked(upto(inside)?)?;
    let charset = charset.split(|b| *b == b'*').next().filter(|label| !label.is_empty())?;
    if charset.iter().any(|b| !b.is_ascii_graphic()) {
        return None;
    }
    let (encoding, rest) = (*rest.get(1)?, rest.get(2..)?.strip_prefix(b"?")?);
    let (said, rest) = rest.split_at_checked(upto(rest)?)?;
    let after = rest.strip_prefix(b"?=")?;
    let octets = match encoding {
        b'B' | b'b' => base64(said),
        b'Q' | b'q' => {
            let blank = |b: &u8| if *b == b'_' { b' ' } else { *b };
            // Its blanks at the end are part of it: a mark keeps them from what ends lines.
            let mut marked: Vec<u8> = said.iter().map(blank).collect();
            marked.push(b'.');
            let mut octets = quoted_printable(&marked);
            octets.pop();
            octets
        }
        _ => return None,
    };
    Some((Word { charset, octets }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(value: &str) -> String {
        decode(value.as_bytes()).into_owned()
    }

    /// RFC 2047 §8.
    #[test]
    fn section_8_examples() {
        for (value, text) in [
            ("=?ISO-8859-1?Q?a?=", "a"),
            ("=?ISO-8859-1?Q?a?= b", "a b"),
            ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a?=    =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a_b?=", "a b"),
            ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
            ("=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?=", "Patrik F\u{e4}ltstr\u{f6}m"),
            (
                "=?iso-8859-8*he?b?7eXs+SDv4SDp7Oj08A==?=",
                "\u{5dd}\u{5d5}\u{5dc}\u{5e9} \u{5df}\u{5d1} \u{5d9}\u{5dc}\u{5d8}\u{5e4}\u{5e0}",
            ),
        ] {
            assert_eq!(says(value), text, "{value}");
        }
    }

    #[test]
    fn a_character_may_be_split_between_words() {
        assert_eq!(says("=?utf-8?Q?=C3?= =?UTF-8?B?vA==?="), "\u{fc}");
        assert_eq!(says("=?utf-8?Q?a_?= =?utf-8?Q?_b?= c"), "a  b c");
    }

    #[test]
    fn what_is_no_word_stays() {
        for value in
            ["=?", "=?x", "=?utf-8?X?a?=", "=?utf-8?Q?open", "a =?= b", "=??Q?a?=", "50 =?"]
        {
            assert_eq!(says(value), value);
        }
        assert_eq!(says("a =?utf-8?Q?b?= c =?d"), "a b c =?d");
        assert_eq!(says("=?nonsense?Q?a=FC?="), "a\u{fc}");
    }
}
