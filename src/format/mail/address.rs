//! Lists of addresses in header fields.
//!
//! Invariant: whatever stands between commas becomes an address or nothing; nothing is read twice.
//! Addresses keep encoded words as they are. Standards: RFC 5322 §3.4 and §4.4 (routes, blanks and
//! comments anywhere), read leniently; RFC 9051 §7.5.2 (how a group is told among addresses).

use super::lexer::Lexer;
use std::borrow::Cow;

/// One address, or where a group begins or ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// The name before the address, or in a comment behind it; without quotes.
    pub name: Option<Cow<'a, [u8]>>,
    /// The route (RFC 5322 §4.4), as in `@a,@b`.
    pub route: Option<Cow<'a, [u8]>>,
    /// What stands before the `@`, without quotes; the name of a group that begins here; `None`
    /// where a group ends.
    pub mailbox: Option<Cow<'a, [u8]>>,
    /// What stands behind the `@`, empty if there is none; `None` where a group begins or ends.
    pub host: Option<Cow<'a, [u8]>>,
}

impl Address<'_> {
    /// Whether this is an address and not the mark of a group.
    pub fn is_mailbox(&self) -> bool {
        self.host.is_some()
    }
}

/// The words of a phrase or a local part.
#[derive(Default)]
struct Words<'a> {
    said: Cow<'a, [u8]>,
    any: bool,
}

impl<'a> Words<'a> {
    fn push(&mut self, word: Cow<'a, [u8]>, blank: bool) {
        match self.any {
            false => self.said = word,
            true => {
                let said = self.said.to_mut();
                said.extend_from_slice(if blank { b" " } else { b"" });
                said.extend_from_slice(&word);
            }
        }
        self.any = true;
    }

    fn name(self) -> Option<Cow<'a, [u8]>> {
        Some(self.said).filter(|said| !said.is_empty())
    }
}

fn is_word(octet: u8) -> bool {
    !matches!(
        octet,
        b' ' | b'\t' | b'\r' | b'\n' | b'(' | b'"' | b'<' | b'>' | b'@' | b':' | b',' | b';'
    )
}

/// The addresses of a field's value.
pub fn addresses(value: &[u8]) -> Vec<Address<'_>> {
    let mut lexer = Lexer::new(value);
    let (mut found, mut grouped) = (Vec::new(), false);
    loop {
        lexer.blanks();
        let Some(octet) = lexer.peek() else { break };
        match octet {
            b',' => lexer.bump(),
            b';' => {
                lexer.bump();
                if std::mem::take(&mut grouped) {
                    found.push(Address::default());
                }
            }
            _ => {
                let (address, begins) = address(&mut lexer, !grouped);
                grouped |= begins;
                found.extend(address);
            }
        }
    }
    if grouped {
        found.push(Address::default());
    }
    found
}

/// What begins here, and whether it is a group.
fn address<'a>(lexer: &mut Lexer<'a>, group: bool) -> (Option<Address<'a>>, bool) {
    let start = lexer.at();
    let (words, mut comment) = words(lexer, b"<@,;:");
    match lexer.peek() {
        Some(b'<') => (Some(angle(lexer, words.name())), false),
        Some(b':') if group => {
            lexer.bump();
            let mailbox = Some(words.said);
            (Some(Address { mailbox, ..Address::default() }), true)
        }
        Some(b':') => {
            lexer.bump();
            (None, false)
        }
        Some(b'@') => {
            lexer.bump();
            let (host, said) = host(lexer);
            comment = said.or(comment);
            if lexer.peek() == Some(b'<') {
                let name = lexer.since(start).trim_ascii();
                return (Some(angle(lexer, Some(super::header::unfold(name)))), false);
            }
            let (mailbox, host) = (Some(words.said), Some(host));
            (Some(Address { name: named(comment), route: None, mailbox, host }), false)
        }
        _ if words.any => {
            let (mailbox, host) = (Some(words.said), Some(Cow::Borrowed(&b""[..])));
            (Some(Address { name: named(comment), route: None, mailbox, host }), false)
        }
        _ => (None, false),
    }
}

fn named(comment: Option<&[u8]>) -> Option<Cow<'_, [u8]>> {
    let said = comment.map(|said| super::header::unfold(said.trim_ascii()));
    said.filter(|said| !said.is_empty())
}

/// The words up to one of these octets, and what the last comment among them says.
fn words<'a>(lexer: &mut Lexer<'a>, until: &[u8]) -> (Words<'a>, Option<&'a [u8]>) {
    let (mut words, mut comment) = (Words::default(), None);
    loop {
        let before = lexer.at();
        comment = lexer.blanks().or(comment);
        let blank = lexer.at() > before;
        match lexer.peek() {
            None => return (words, comment),
            Some(octet) if until.contains(&octet) => return (words, comment),
            Some(b'"') => {
                if let Some(said) = lexer.quoted() {
                    words.push(said, blank);
                }
            }
            Some(octet) if is_word(octet) => {
                let said = lexer.run(is_word);
                words.push(Cow::Borrowed(said), blank);
            }
            Some(_) => lexer.bump(),
        }
    }
}

/// What stands behind an `@`, without blanks, and what a comment behind it says.
fn host<'a>(lexer: &mut Lexer<'a>) -> (Cow<'a, [u8]>, Option<&'a [u8]>) {
    let (mut host, mut comment, mut over) = (Words::default(), None, false);
    loop {
        let before = lexer.at();
        comment = lexer.blanks().or(comment);
        let blank = lexer.at() > before;
        let dotted = host.said.last() == Some(&b'.') || lexer.peek() == Some(b'.');
        match lexer.peek() {
            Some(b'[') if !host.any => {
                let start = lexer.at();
                lexer.run(|b| b != b']');
                lexer.bump();
                host.push(super::header::unfold(lexer.since(start)), false);
            }
            Some(octet) if is_word(octet) && !over && (!host.any || !blank || dotted) => {
                host.push(Cow::Borrowed(lexer.run(is_word)), false);
            }
            // Whatever else stands before the next comma means nothing.
            Some(octet) if !b"<,;>".contains(&octet) => {
                over = true;
                lexer.bump();
            }
            _ => return (host.said, comment),
        }
    }
}

/// `<[route] addr-spec>`.
fn angle<'a>(lexer: &mut Lexer<'a>, name: Option<Cow<'a, [u8]>>) -> Address<'a> {
    lexer.bump();
    lexer.blanks();
    let mut route = None;
    if lexer.peek() == Some(b'@') {
        let start = lexer.at();
        lexer.run(|b| !matches!(b, b':' | b'>'));
        route = Some(super::header::unfold(lexer.since(start).trim_ascii()));
        lexer.eat(b':');
    }
    let (local, _) = words(lexer, b"@>,");
    let host = match lexer.eat(b'@') {
        true => host(lexer).0,
        false => Cow::Borrowed(&b""[..]),
    };
    lexer.run(|b| !matches!(b, b'>' | b','));
    lexer.eat(b'>');
    Address { name, route, mailbox: Some(local.said), host: Some(host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let text = |said: &Option<Cow<'_, [u8]>>| {
            said.as_ref().map_or("-".to_owned(), |s| String::from_utf8_lossy(s).into_owned())
        };
        let one = |a: &Address<'_>| {
            let parts = [&a.name, &a.route, &a.mailbox, &a.host].map(text);
            parts.join("|")
        };
        addresses(value.as_bytes()).iter().map(one).collect::<Vec<_>>().join(" / ")
    }

    /// RFC 5322 appendix A.1 and A.5, A.6.
    #[test]
    fn appendix_a_examples() {
        for (value, expected) in [
            ("John Doe <jdoe@machine.example>", "John Doe|-|jdoe|machine.example"),
            (
                "\"Joe Q. Public\" <john.q.public@example.com>",
                "Joe Q. Public|-|john.q.public|example.com",
            ),
            (
                "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
                "Mary Smith|-|mary|x.test / -|-|jdoe|example.org / Who?|-|one|y.test",
            ),
            (
                "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
                "-|-|boss|nil.test / Giant; \"Big\" Box|-|sysservices|example.net",
            ),
            (
                "A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;",
                "-|-|A Group|- / Ed Jones|-|joe|where.test / -|-|joe|where.test / John|-|jdoe|one.test / -|-|-|-",
            ),
            ("Undisclosed recipients:;", "-|-|Undisclosed recipients|- / -|-|-|-"),
            (
                "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
                "Pete|-|pete|silly.test",
            ),
            (
                "A Group(Some people)\r\n :Chris Jones <c@(Chris's host.)public.example>,\r\n joe@example.org,\r\n John <jdoe@one.test> (my dear friend); (the end of the group)",
                "-|-|A Group|- / Chris Jones|-|c|public.example / -|-|joe|example.org / John|-|jdoe|one.test / -|-|-|-",
            ),
            (
                "(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;",
                "-|-|Hidden recipients|- / -|-|-|-",
            ),
            (
                "Mary Smith <@node.test,@a.test:mary@example.net>, , jdoe@test  . example",
                "Mary Smith|@node.test,@a.test|mary|example.net / -|-|jdoe|test.example",
            ),
            (
                "Joe Q. Public <john.q.public@example.com>",
                "Joe Q. Public|-|john.q.public|example.com",
            ),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn what_programs_write() {
        for (value, expected) in [
            ("a@b.c (Real Name)", "Real Name|-|a|b.c"),
            ("a@b.c <d@e.f>", "a@b.c|-|d|e.f"),
            ("\"a b\"@c.d", "-|-|a b|c.d"),
            ("a@[127.0.0.1]", "-|-|a|[127.0.0.1]"),
            ("root", "-|-|root|"),
            ("<>", "-|-||"),
            ("Name <a@b", "Name|-|a|b"),
            ("a@b@c, d@e", "-|-|a|b / -|-|d|e"),
            ("=?utf-8?Q?a,_b?= <c@d.e>", "-|-|=?utf-8?Q?a| / _b?=|-|c|d.e"),
            ("M\u{fc}ller <m\u{fc}@b.\u{f6}>", "M\u{fc}ller|-|m\u{fc}|b.\u{f6}"),
            (", ,;>", ""),
            ("a: b: c@d;", "-|-|a|- / -|-|c|d / -|-|-|-"),
            ("", ""),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }
}
