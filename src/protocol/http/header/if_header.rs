//! The `If` header (RFC 4918 §10.4): which state a resource must be in, and which lock tokens the
//! client knows.
//!
//! Invariant: what comes out follows the grammar of §10.4.2: every entry has a list, every list a
//! condition, tagged and untagged lists are never mixed. Only its white space is read leniently.

use super::syntax::{OWS, entity_tag_length, single};
use crate::domain::collection::guard::{Condition, State};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::LOCKS_MAX;
use http::HeaderMap;

/// The lists for one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawIfList {
    /// The URI of the resource as written; none: the request's own.
    pub tag: Option<String>,
    /// Alternatives, each a conjunction.
    pub lists: Vec<Vec<Condition>>,
}

/// Reads the header; empty when it is absent. A fault for a syntax error, or more than
/// [`LOCKS_MAX`] conditions: the request cannot be judged then.
pub fn parse(headers: &HeaderMap) -> Outcome<Vec<RawIfList>> {
    match single(headers, "if")? {
        Some(text) => Reader { text, rest: text, conditions: 0 }.header(),
        None => Ok(Vec::new()),
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    conditions: usize,
}

impl Reader<'_> {
    fn header(mut self) -> Outcome<Vec<RawIfList>> {
        let mut all: Vec<RawIfList> = Vec::new();
        loop {
            self.skip_space();
            let last = all.last_mut();
            if self.rest.starts_with('(') {
                let list = self.list()?;
                match last {
                    Some(last) => last.lists.push(list),
                    None => all.push(RawIfList { tag: None, lists: vec![list] }),
                }
            } else if last.is_some_and(|last| last.lists.is_empty()) {
                return Err(self.expected("a list in parentheses after the resource tag"));
            } else if self.rest.starts_with('<') {
                if all.first().is_some_and(|first| first.tag.is_none()) {
                    return Err(self.expected("only untagged lists after an untagged one"));
                }
                all.push(RawIfList { tag: Some(self.in_brackets()?), lists: Vec::new() });
            } else if self.rest.is_empty() && !all.is_empty() {
                return Ok(all);
            } else {
                return Err(self.expected("a list in parentheses or a resource tag"));
            }
        }
    }

    /// `"(" 1*Condition ")"`.
    fn list(&mut self) -> Outcome<Vec<Condition>> {
        self.take("(");
        let mut list = Vec::new();
        loop {
            self.skip_space();
            if !list.is_empty() && self.take(")") {
                return Ok(list);
            }
            list.push(self.condition()?);
        }
    }

    /// `["Not"] (State-token | "[" entity-tag "]")`.
    fn condition(&mut self) -> Outcome<Condition> {
        if self.conditions == LOCKS_MAX {
            return Err(Fault::malformed(format!("If: expected at most {LOCKS_MAX} conditions")));
        }
        self.conditions += 1;
        let negated = match self.rest.split_at_checked(3) {
            Some((word, rest)) if word.eq_ignore_ascii_case("Not") => {
                self.rest = rest;
                self.skip_space();
                true
            }
            _ => false,
        };
        let state = if self.rest.starts_with('<') {
            State::Token(self.in_brackets()?)
        } else if self.take("[") {
            State::ETag(self.entity_tag()?)
        } else {
            return Err(self.expected("a state token <…> or an entity tag [\"…\"]"));
        };
        Ok(Condition { negated, state })
    }

    /// `"<" URI ">"`: a state token or a resource tag.
    fn in_brackets(&mut self) -> Outcome<String> {
        let inner = self.rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        match inner.map(|(uri, rest)| (uri.trim_matches(OWS), rest)) {
            Some((uri, rest)) if !uri.is_empty() && !uri.contains([' ', '\t', '<', '(', ')']) => {
                self.rest = rest;
                Ok(uri.to_owned())
            }
            _ => Err(self.expected("a URI between < and >")),
        }
    }

    /// The rest of `"[" entity-tag "]"`.
    fn entity_tag(&mut self) -> Outcome<String> {
        self.skip_space();
        let length = entity_tag_length(self.rest, ']');
        let (tag, rest) = self.rest.split_at_checked(length).unwrap_or(("", self.rest));
        if tag.is_empty() {
            return Err(self.expected("an entity tag"));
        }
        self.rest = rest;
        self.skip_space();
        match self.take("]") {
            true => Ok(tag.to_owned()),
            false => Err(self.expected("] after the entity tag")),
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(OWS);
    }

    fn take(&mut self, what: &str) -> bool {
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expected(&self, what: &str) -> Fault {
        let at = self.text.len().saturating_sub(self.rest.len()) + 1;
        Fault::malformed(format!("If: expected {what} at octet {at}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Outcome<Vec<RawIfList>> {
        parse(&headers(&[("if", text.as_bytes())]))
    }

    fn token(text: &str) -> Condition {
        Condition { negated: false, state: State::Token(text.to_owned()) }
    }

    fn etag(text: &str) -> Condition {
        Condition { negated: false, state: State::ETag(text.to_owned()) }
    }

    fn not(condition: Condition) -> Condition {
        Condition { negated: true, ..condition }
    }

    fn on(tag: &str, lists: Vec<Vec<Condition>>) -> RawIfList {
        RawIfList { tag: Some(tag.to_owned()), lists }
    }

    fn untagged(lists: Vec<Vec<Condition>>) -> Vec<RawIfList> {
        vec![RawIfList { tag: None, lists }]
    }

    #[test]
    fn examples_of_the_standard() {
        assert_eq!(parse(&HeaderMap::new()), Ok(vec![]));
        let lists = untagged(vec![
            vec![token("urn:uuid:181d"), etag("\"I am an ETag\"")],
            vec![etag("\"I am another ETag\"")],
        ]);
        let text = "(<urn:uuid:181d> [\"I am an ETag\"]) ([\"I am another ETag\"])";
        assert_eq!(read(text), Ok(lists), "RFC 4918 §10.4.6");
        let lists = untagged(vec![vec![not(token("urn:uuid:18")), token("urn:uuid:58")]]);
        assert_eq!(read("(Not <urn:uuid:18> <urn:uuid:58>)"), Ok(lists), "§10.4.7");
        let lists = untagged(vec![vec![token("urn:uuid:18")], vec![not(token("DAV:no-lock"))]]);
        assert_eq!(read("(<urn:uuid:18>) (Not <DAV:no-lock>)"), Ok(lists), "§10.4.8");
        let lists = on(
            "/resource1",
            vec![
                vec![token("urn:uuid:18"), etag("W/\"A weak ETag\"")],
                vec![etag("\"strong ETag\"")],
            ],
        );
        let text = "</resource1> (<urn:uuid:18> [W/\"A weak ETag\"]) ([\"strong ETag\"])";
        assert_eq!(read(text), Ok(vec![lists]), "§10.4.9");
        let lists = on("/specs/rfc2518.doc", vec![vec![not(etag("\"4217\""))]]);
        assert_eq!(read("</specs/rfc2518.doc> (Not [\"4217\"])"), Ok(vec![lists]), "§10.4.11");
    }

    #[test]
    fn lenient_where_it_is_harmless() {
        let lists = untagged(vec![vec![not(token("a:b")), etag("\"x]y\"")], vec![etag("z")]]);
        assert_eq!(read("\t( NOT< a:b >[ \"x]y\" ])([z])"), Ok(lists));
        let two = vec![on("/a", vec![vec![token("t:1")]]), on("/b", vec![vec![etag("\\\"q\\\"")]])];
        assert_eq!(read("</a>(<t:1>)</b>([\\\"q\\\"])"), Ok(two));
    }

    #[test]
    fn syntax_errors_say_where() {
        let table = [
            ("", "a list in parentheses or a resource tag at octet 1"),
            ("<t:1>", "a list in parentheses after the resource tag at octet 6"),
            ("</a></b>(<t:1>)", "a list in parentheses after the resource tag at octet 5"),
            ("(<t:1>)</b>(<t:1>)", "only untagged lists after an untagged one at octet 8"),
            ("()", "a state token <…> or an entity tag [\"…\"] at octet 2"),
            ("(<t:1>", "a state token <…> or an entity tag [\"…\"] at octet 7"),
            ("(t:1)", "a state token <…> or an entity tag [\"…\"] at octet 2"),
            ("(Not)", "a state token <…> or an entity tag [\"…\"] at octet 5"),
            ("(Not Not <t:1>)", "a state token <…> or an entity tag [\"…\"] at octet 6"),
            ("(<t:1)", "a URI between < and > at octet 2"),
            ("(<>)", "a URI between < and > at octet 2"),
            ("(<t 1>)", "a URI between < and > at octet 2"),
            ("([])", "an entity tag at octet 3"),
            ("([\"a\")", "] after the entity tag at octet 7"),
            ("([\"a\" \"b\"])", "] after the entity tag at octet 7"),
            ("(<t:1>), (<t:2>)", "a list in parentheses or a resource tag at octet 8"),
        ];
        for (text, expected) in table {
            let fault = Fault::malformed(format!("If: expected {expected}"));
            assert_eq!(read(text), Err(fault), "{text}");
        }
        assert!(parse(&headers(&[("if", b"(<t:1>)"), ("if", b"(<t:2>)")])).is_err());
    }

    #[test]
    fn conditions_are_bounded() {
        let most = "(<t:1>)".repeat(LOCKS_MAX);
        assert_eq!(read(&most).map(|l| l[0].lists.len()), Ok(LOCKS_MAX));
        assert!(read(&format!("{most}(<t:1>)")).is_err());
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let state = prop_oneof![
            "[a-z]{1,4}:[!#-';=?-~]{1,8}".prop_map(State::Token),
            "(W/)?\"[!#-\\[\\]-~]{0,8}\"".prop_map(State::ETag),
        ];
        (any::<bool>(), state).prop_map(|(negated, state)| Condition { negated, state })
    }

    fn lists() -> impl Strategy<Value = Vec<Vec<Condition>>> {
        prop::collection::vec(prop::collection::vec(condition(), 1..3), 1..3)
    }

    fn header() -> impl Strategy<Value = Vec<RawIfList>> {
        let tagged = ("/[a-z0-9%]{0,8}", lists()).prop_map(|(tag, lists)| on(&tag, lists));
        prop_oneof![lists().prop_map(untagged), prop::collection::vec(tagged, 1..4)]
    }

    fn written(all: &[RawIfList]) -> String {
        let mut out = String::new();
        for entry in all {
            out.extend(entry.tag.iter().map(|tag| format!("<{tag}> ")));
            for list in &entry.lists {
                let list = list.iter().map(|c| {
                    let not = if c.negated { "Not " } else { "" };
                    match &c.state {
                        State::Token(token) => format!("{not}<{token}>"),
                        State::ETag(tag) => format!("{not}[{tag}]"),
                    }
                });
                out.push_str(&format!("({}) ", list.collect::<Vec<_>>().join(" ")));
            }
        }
        out
    }

    proptest! {
        #[test]
        fn never_panics(bytes in any::<Vec<u8>>(), like in r#"[(<a:>)\["W/\\\]Not é]{0,24}"#) {
            let _ = parse(&headers(&[("if", &bytes)]));
            if let Ok(all) = read(&like) {
                prop_assert!(like.is_empty() || !all.is_empty());
                prop_assert!(all.iter().all(|e| !e.lists.is_empty()));
                prop_assert!(all.iter().flat_map(|e| &e.lists).all(|l| !l.is_empty()));
            }
        }

        #[test]
        fn round_trip(all in header()) {
            prop_assert_eq!(read(&written(&all)), Ok(all));
        }
    }
}
