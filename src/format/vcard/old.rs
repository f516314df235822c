//! vCard 2.1, read into 3.0: quoted-printable, base64 without folds, charsets, parameters without a
//! name, commas that are only commas.
//!
//! Invariant: what is read is a card of 3.0 that conversion takes further. An address book stores no
//! 2.1 (RFC 6352 §6.2.2: what is stored is advertised, and few clients read it); imports do read it.
//! Standard: "vCard, The Electronic Business Card", version 2.1 (1996), as phones still write it.

use super::Card;
use super::convert::{names_demanded, plain, written};
use super::forms::has_scheme;
use crate::format::line::{Lines, Malformed};
use crate::format::property::{Property, escaped};
use crate::format::vcard::Version;
use crate::kernel::limits::CONTENT_LINES_MAX;
use memchr::{memchr, memmem};

/// Whether the first VERSION of the text is 2.1.
pub fn is_old(input: &[u8]) -> bool {
    let begins_line = |at: &usize| at.checked_sub(1).is_none_or(|at| input.get(at) == Some(&b'\n'));
    let at = memmem::find_iter(input, b"VERSION:").find(begins_line);
    let rest = at.and_then(|at| input.get(at + 8..)).unwrap_or_default();
    rest.trim_ascii_start().starts_with(b"2.1")
}

/// A quoted-printable value of one line, which some write into 3.0 too, as a text value.
pub fn unquoted(value: &str, charset: &str) -> String {
    let mut octets = Vec::with_capacity(value.len());
    unquote(value.as_bytes(), &mut octets);
    decoded(octets, charset).replace("\r\n", "\n").replace(['\r', '\n'], "\\n")
}

/// Reads one card of version 2.1; its text in version 3.0.
///
/// # Errors
/// The first line that is no property; no card, or more than one; too many lines.
pub fn upgrade(input: &[u8]) -> Result<String, Malformed> {
    let mut reader = Reader { rest: input, number: 0 };
    let mut all = Vec::new();
    let (mut begun, mut ended) = (false, false);
    while let Some(first) = reader.next()? {
        if first.trim_ascii().is_empty() {
            continue;
        }
        let number = reader.number;
        let fault = |reason| Malformed::new(number, reason);
        if ended {
            return Err(fault("a line after END:VCARD; only one card may stand here"));
        }
        let it = reader.property(first)?;
        match (it.is("BEGIN"), it.is("END")) {
            (true, _) if !begun => begun = true,
            _ if !begun => return Err(fault("not a vCard: it does not begin with BEGIN:VCARD")),
            (true, _) => return Err(fault("BEGIN inside a card")),
            (_, true) => ended = true,
            _ => all.push(it),
        }
    }
    if !ended {
        return Err(Malformed::new(reader.number, "the text ends inside a card"));
    }
    let text = written(&all, Version::V3);
    names_demanded(&mut all, &Card::parse(text.as_bytes())?.display_name());
    Ok(written(&all, Version::V3))
}

/// The physical lines that are left.
struct Reader<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let end = memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let (line, tail) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.rest = tail.get(1..).unwrap_or_default();
        self.number += 1;
        match () {
            () if self.number > CONTENT_LINES_MAX => {
                Err(Malformed::new(self.number, "more lines than allowed"))
            }
            () if memchr(0, line).is_some() => Err(Malformed::new(self.number, "a NUL character")),
            () => Ok(Some(line.strip_suffix(b"\r").unwrap_or(line))),
        }
    }

    /// The next line if it goes on with a value.
    fn next_if(&mut self, goes_on: impl Fn(&[u8]) -> bool) -> Result<Option<&'a [u8]>, Malformed> {
        let mut ahead = Reader { rest: self.rest, number: self.number };
        let line = ahead.next()?.filter(|line| goes_on(line));
        if line.is_some() {
            *self = ahead;
        }
        Ok(line)
    }

    /// The property that begins with this line, as 3.0 has it.
    fn property(&mut self, first: &[u8]) -> Result<Property, Malformed> {
        let number = self.number;
        let colon = memchr(b':', first)
            .ok_or_else(|| Malformed::new(number, "not a property: there is no colon"))?;
        let (head, value) = first.split_at_checked(colon + 1).unwrap_or((first, &[]));
        let head = String::from_utf8_lossy(head.trim_ascii_start());
        let line = match Lines::new(head.as_bytes()).next() {
            Some(Ok(line)) => line,
            Some(Err(fault)) => return Err(Malformed::new(number, fault.reason)),
            None => return Err(Malformed::new(number, "not a property")),
        };
        let mut it = Property::from(&line);
        let charset = it.param("CHARSET").unwrap_or("").to_owned();
        plain(&mut it);
        let coding = it.take("ENCODING").pop().unwrap_or_default().to_ascii_uppercase();
        let octets = match coding.as_str() {
            "QUOTED-PRINTABLE" => self.quoted(value)?,
            "BASE64" | "B" => self.inline(value)?,
            _ if it.is("AGENT") && value.trim_ascii().is_empty() => self.agent()?,
            _ => self.folded(value)?,
        };
        it.value = decoded(octets, &charset);
        match coding.as_str() {
            "BASE64" | "B" => it.set_one("ENCODING", "b"),
            _ => modernize(&mut it),
        }
        Ok(it)
    }

    /// A value on lines of which each but the last ends with `=`; some fold it besides.
    fn quoted(&mut self, value: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut out = Vec::with_capacity(value.len());
        let mut piece = Some(value);
        while let Some(line) = piece {
            let soft = line.strip_suffix(b"=");
            unquote(soft.unwrap_or(line), &mut out);
            piece = if soft.is_some() { self.next()? } else { self.next_if(is_fold)? };
        }
        Ok(out)
    }

    /// Base64 up to a blank line, or to the next property where none stands.
    fn inline(&mut self, value: &[u8]) -> Result<Vec<u8>, Malformed> {
        let is_data = |line: &[u8]| {
            let data = |b: &u8| b.is_ascii_alphanumeric() || b"+/= \t".contains(b);
            is_fold(line) || (!line.is_empty() && line.iter().all(data))
        };
        let mut out = value.to_vec();
        while let Some(line) = self.next_if(is_data)? {
            out.extend_from_slice(line);
        }
        out.retain(|b| !b.is_ascii_whitespace());
        Ok(out)
    }

    /// A folded value; the white space of a fold belongs to it.
    fn folded(&mut self, value: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut out = value.to_vec();
        while let Some(line) = self.next_if(is_fold)? {
            out.extend_from_slice(line);
        }
        Ok(out)
    }

    /// The card inside an AGENT, as text.
    fn agent(&mut self) -> Result<Vec<u8>, Malformed> {
        let (mut out, mut depth) = (Vec::new(), 0_usize);
        while let Some(line) = self.next()? {
            let word = line.trim_ascii().to_ascii_uppercase();
            match word.as_slice() {
                b"BEGIN:VCARD" => depth += 1,
                b"END:VCARD" => depth = depth.saturating_sub(1),
                b"" if depth == 0 => continue,
                _ if depth == 0 => return Err(Malformed::new(self.number, "AGENT holds no card")),
                _ => {}
            }
            out.extend_from_slice(line);
            out.push(b'\n');
            if depth == 0 {
                return Ok(out);
            }
        }
        Err(Malformed::new(self.number, "the text ends inside a card"))
    }
}

/// Whether a line goes on with the one before.
fn is_fold(line: &[u8]) -> bool {
    line.starts_with(b" ") || line.starts_with(b"\t")
}

/// Undoes `=41`; an equals sign that no two digits follow is one.
fn unquote(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let octet = tail.get(..2).filter(|_| *first == b'=').and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok()?;
            let digits = hex.bytes().all(|b| b.is_ascii_hexdigit());
            u8::from_str_radix(hex, 16).ok().filter(|_| digits)
        });
        out.push(octet.unwrap_or(*first));
        rest = if octet.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
}

/// What Windows has where ISO 8859-1 has control characters.
static WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Octets as text: by UTF-8 where they are that and do not say otherwise, else as Western phones
/// and Windows write.
fn decoded(octets: Vec<u8>, charset: &str) -> String {
    let latin = ["ISO-8859-1", "WINDOWS-1252", "CP1252", "LATIN1"];
    let says_latin = latin.iter().any(|known| known.eq_ignore_ascii_case(charset.trim()));
    let octets = match String::from_utf8(octets) {
        Ok(text) if !says_latin || text.is_ascii() => return text.replace('\0', ""),
        Ok(text) => text.into_bytes(),
        Err(fault) => fault.into_bytes(),
    };
    let upper = |b: u8| usize::from(b).checked_sub(0x80).and_then(|at| WINDOWS_1252.get(at));
    octets.into_iter().filter(|b| *b != 0).map(|b| *upper(b).unwrap_or(&char::from(b))).collect()
}

/// Properties whose value is one text.
static TEXTS: [&str; 6] = ["FN", "LABEL", "TITLE", "ROLE", "NOTE", "MAILER"];
/// Properties whose value is texts between semicolons.
static STRUCTURED: [&str; 3] = ["N", "ADR", "ORG"];

/// A value as 3.0 writes it.
fn modernize(it: &mut Property) {
    let any = |names: &[&str]| names.iter().any(|name| it.is(name));
    let (text, structured) = (any(&TEXTS), any(&STRUCTURED));
    if it.is("AGENT") {
        it.value = escaped(&it.value);
        return;
    }
    if any(&["PHOTO", "LOGO", "SOUND", "KEY"]) && has_scheme(&it.value) {
        let kinds = it.take("TYPE").into_iter().filter(|word| !word.eq_ignore_ascii_case("URL"));
        let kinds = kinds.collect();
        it.set("TYPE", kinds);
        it.set_one("VALUE", "uri");
    }
    let mut out = String::with_capacity(it.value.len());
    let mut chars = it.value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' => out.push_str("\\n"),
            // Escapes of later versions, which many write; a backslash before them means nothing.
            '\\' if text || structured => match chars.next_if(|next| ";,nN\\".contains(*next)) {
                Some(next) => out.extend(['\\', next]),
                None => out.push_str("\\\\"),
            },
            ',' if text || structured => out.push_str("\\,"),
            ';' if text => out.push_str("\\;"),
            c => out.push(c),
        }
    }
    it.value = out;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::vcard::convert::convert;
    use proptest::prelude::*;

    fn upgraded(lines: &str) -> Vec<String> {
        let text = format!("BEGIN:VCARD\r\nVERSION:2.1\r\nN:a\r\nFN:a\r\n{lines}\r\nEND:VCARD\r\n");
        assert!(is_old(text.as_bytes()));
        let text = upgrade(text.as_bytes()).unwrap();
        assert!(text.starts_with("BEGIN:VCARD\r\nVERSION:3.0\r\n"));
        let lines = Lines::new(text.as_bytes()).map(|line| line.unwrap().text().to_owned());
        let frame = ["BEGIN:VCARD", "VERSION:3.0", "N:a", "FN:a", "END:VCARD"];
        lines.filter(|line| !frame.contains(&line.as_str())).collect()
    }

    #[test]
    fn what_only_2_1_writes() {
        let table = [
            ("TEL;WORK;VOICE;PREF:1", "TEL;TYPE=WORK,VOICE,PREF:1"),
            (
                "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=A4, b=0D=0A=\r\nc;=3D",
                "NOTE:ä\\, b\\nc\\;=",
            ),
            ("NOTE;QUOTED-PRINTABLE:a=\r\n b", "NOTE:a b"),
            ("NOTE;QUOTED-PRINTABLE:a=3D\r\n b", "NOTE:a= b"),
            ("NOTE;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:=E4=80", "NOTE:ä€"),
            ("NOTE:one\r\n two", "NOTE:one two"),
            ("ADR;HOME:;;1, Main\\; St.;X;;;", "ADR;TYPE=HOME:;;1\\, Main\\; St.;X;;;"),
            (
                "PHOTO;JPEG;ENCODING=BASE64:\r\n /9j/\r\n 4AA=\r\n\r\nTITLE:t",
                "PHOTO;TYPE=JPEG;ENCODING=b:/9j/4AA=\nTITLE:t",
            ),
            (
                "PHOTO;ENCODING=BASE64;TYPE=GIF:R0lG\r\nODdh\r\nTITLE:t",
                "PHOTO;TYPE=GIF;ENCODING=b:R0lGODdh\nTITLE:t",
            ),
            ("PHOTO;GIF:http://a/b", "PHOTO;TYPE=GIF;VALUE=uri:http://a/b"),
            (
                "AGENT:\r\nBEGIN:VCARD\r\nFN:b\r\nEND:VCARD",
                "AGENT:BEGIN:VCARD\\nFN:b\\nEND:VCARD\\n",
            ),
            ("item1.TEL:1\r\nitem1.X-ABLabel:x", "item1.TEL:1\nitem1.X-ABLabel:x"),
            ("TITLE:C:\\dir", "TITLE:C:\\\\dir"),
            ("CATEGORIES:a,b", "CATEGORIES:a,b"),
        ];
        for (old, new) in table {
            assert_eq!(upgraded(old).join("\n"), new, "{old}");
        }
        let bytes = b"BEGIN:VCARD\nVERSION:2.1\nN:M\xfcller\nEND:VCARD";
        assert!(upgrade(bytes).unwrap().contains("N:M\u{fc}ller\r\nFN:M\u{fc}ller\r\n"));
    }

    #[test]
    fn what_is_no_card_is_refused() {
        for (text, line) in [
            ("", 0),
            ("FN:a", 1),
            ("BEGIN:VCARD\nFN", 2),
            ("BEGIN:VCARD\nFN:a", 2),
            ("BEGIN:VCARD\nBEGIN:VCARD\n", 2),
            ("BEGIN:VCARD\nEND:VCARD\n\nBEGIN:VCARD", 4),
            ("BEGIN:VCARD\nAGENT:\nFN:a\n", 3),
            ("BEGIN:VCARD\nFN:\0", 2),
        ] {
            assert_eq!(upgrade(text.as_bytes()).unwrap_err().line, line, "{text}");
        }
    }

    /// Every sample of version 2.1 becomes a card of 3.0 and of 4.0.
    #[test]
    fn samples() {
        let mut seen = 0;
        for (name, bytes) in crate::format::vcard::tests::samples() {
            let text = String::from_utf8_lossy(&bytes);
            let cards = text.split_inclusive("END:VCARD").filter(|card| is_old(card.as_bytes()));
            for card in cards.filter(|card| !card.contains("AGENT")) {
                let three = upgrade(card.as_bytes()).unwrap_or_else(|why| panic!("{name}: {why}"));
                let four = convert(&three, Version::V4).unwrap();
                assert!(
                    !four.contains("QUOTED-PRINTABLE") && !four.contains("ENCODING="),
                    "{name}"
                );
                seen += 1;
            }
        }
        assert!(seen >= 20, "{seen}");
    }

    proptest! {
        #[test]
        fn never_panics(
            bytes in any::<Vec<u8>>(),
            lines in "([A-Z]{1,5}(;QUOTED-PRINTABLE|;BASE64|;CHARSET=x)?:[a-z=0-9A-F\n ]{0,20}\n|AGENT:\n){0,5}",
        ) {
            let _ = upgrade(&bytes);
            let text = format!("BEGIN:VCARD\nVERSION:2.1\n{lines}\nEND:VCARD\n");
            if let Ok(three) = upgrade(text.as_bytes()) {
                convert(&three, Version::V4).unwrap();
            }
        }
    }
}
