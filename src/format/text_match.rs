//! Text matches of queries: a collation, how the value must relate to the text, and its negation.
//!
//! Invariant: what is looked for is folded once, however many values it is held against. Standards:
//! RFC 4790 §9.2 (`i;ascii-casemap`), §9.3 (`i;octet`), RFC 5051 (`i;unicode-casemap`), RFC 4791
//! §7.5 and §9.7.5, RFC 6352 §8.3 and §10.5.4.

use super::line::Line;
use memchr::memmem::Finder;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// How characters are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collation {
    /// Octet by octet.
    Octet,
    /// The letters A to Z without their case.
    AsciiCasemap,
    /// All letters without their case, and compatible characters alike.
    UnicodeCasemap,
}

/// The collations by their names.
pub static COLLATIONS: [(&str, Collation); 3] = [
    ("i;ascii-casemap", Collation::AsciiCasemap),
    ("i;octet", Collation::Octet),
    ("i;unicode-casemap", Collation::UnicodeCasemap),
];

impl Collation {
    /// The collation of this name.
    pub fn named(name: &str) -> Option<Self> {
        COLLATIONS.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// A text in the form in which equal ones have equal octets.
    fn fold(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Octet => Cow::Borrowed(text),
            Self::AsciiCasemap if !text.bytes().any(|b| b.is_ascii_uppercase()) => {
                Cow::Borrowed(text)
            }
            Self::AsciiCasemap => Cow::Owned(text.to_ascii_lowercase()),
            Self::UnicodeCasemap if text.is_ascii() => Cow::Owned(text.to_ascii_uppercase()),
            Self::UnicodeCasemap => Cow::Owned(text.chars().map(simple_upper).nfkd().collect()),
        }
    }
}

/// The capital of a character that has one of its own. RFC 5051 §2 wants the titlecase, which
/// differs for four digraphs only, and makes the same characters equal.
fn simple_upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// How a value must relate to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is the text.
    Equals,
    /// It has the text in it.
    Contains,
    /// It begins with the text.
    StartsWith,
    /// It ends with the text.
    EndsWith,
}

/// The relations by their names (RFC 6352 §10.5.4, `match-type`).
pub static RELATIONS: [(&str, Relation); 4] = [
    ("equals", Relation::Equals),
    ("contains", Relation::Contains),
    ("starts-with", Relation::StartsWith),
    ("ends-with", Relation::EndsWith),
];

impl Relation {
    /// The relation of this name.
    pub fn named(name: &str) -> Option<Self> {
        RELATIONS.iter().find(|row| row.0 == name).map(|row| row.1)
    }
}

/// A condition on a text.
#[derive(Clone, Debug)]
pub struct TextMatch {
    collation: Collation,
    relation: Relation,
    negated: bool,
    wanted: Finder<'static>,
    needed: Option<Needed>,
}

/// What every value has in it that satisfies a condition, both as [`searchable`] makes them: what an
/// index of texts can look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The text, not empty.
    pub text: String,
    /// The value begins with it.
    pub at_start: bool,
    /// The value ends with it.
    pub at_end: bool,
}

/// A text in a form that serves all collations: if one of them finds a text in another, it is also
/// found in this form. Each character is mapped for itself, whatever stands beside it: marks that
/// combine with others, which normalization would put in order, are left out, and control characters
/// are blanks.
pub fn searchable(text: &str) -> String {
    if text.is_ascii() {
        let plain = |b: u8| if b.is_ascii_control() { b' ' } else { b.to_ascii_uppercase() };
        return text.bytes().map(plain).map(char::from).collect();
    }
    let whole = text.chars().map(simple_upper).nfkd();
    let whole = whole.filter(|c| canonical_combining_class(*c) == 0);
    whole.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl TextMatch {
    /// The condition that a value relates so to `text`, or, negated, does not.
    pub fn new(text: &str, collation: Collation, relation: Relation, negated: bool) -> Self {
        let folded = collation.fold(text);
        let wanted = Finder::new(folded.as_bytes()).into_owned();
        let at_start = matches!(relation, Relation::Equals | Relation::StartsWith);
        let at_end = matches!(relation, Relation::Equals | Relation::EndsWith);
        let needed = Needed { text: searchable(text), at_start, at_end };
        let needed = Some(needed).filter(|it| !negated && !it.text.is_empty());
        Self { collation, relation, negated, wanted, needed }
    }

    /// What an index can look for. None where nothing can be said.
    pub fn needed(&self) -> Option<&Needed> {
        self.needed.as_ref()
    }

    /// Whether a value satisfies it.
    pub fn holds(&self, value: &str) -> bool {
        let value = self.collation.fold(value);
        let (value, wanted) = (value.as_bytes(), self.wanted.needle());
        let found = match self.relation {
            Relation::Equals => value == wanted,
            Relation::Contains => self.wanted.find(value).is_some(),
            Relation::StartsWith => value.starts_with(wanted),
            Relation::EndsWith => value.ends_with(wanted),
        };
        found != self.negated
    }
}

/// A condition on a parameter of a property (`param-filter`; RFC 4791 §9.7.3, RFC 6352 §10.5.2).
#[derive(Clone, Debug, Default)]
pub struct ParamFilter {
    /// Its name.
    pub name: String,
    /// There must be none.
    pub absent: bool,
    /// On one of its values, or on all of them as they stand.
    pub text: Option<TextMatch>,
}

impl ParamFilter {
    /// Whether a property satisfies it.
    pub fn holds(&self, line: &Line<'_>) -> bool {
        let mut found =
            line.params().filter(|p| p.name.eq_ignore_ascii_case(&self.name)).peekable();
        match (&self.text, self.absent) {
            (_, true) => found.peek().is_none(),
            (None, false) => found.peek().is_some(),
            (Some(text), false) => found.any(|param| {
                text.holds(&param.value()) || param.values().any(|value| text.holds(&value))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(value: &str, text: &str, collation: Collation) -> bool {
        TextMatch::new(text, collation, Relation::Contains, false).holds(value)
    }

    #[test]
    fn each_collation_compares_as_it_says() {
        use Collation::{AsciiCasemap, Octet, UnicodeCasemap};
        let rows = [
            ("Lunch in Köln", "lunch", [false, true, true]),
            ("Lunch in Köln", "KÖLN", [false, false, true]),
            ("Lunch in Köln", "Köln", [true, true, true]),
            ("Ko\u{308}ln", "köln", [false, false, true]),
            ("Straße", "STRASSE", [false, false, false]),
            ("\u{1c4}", "\u{1c6}", [false, false, true]),
            ("\u{fb01}n", "FIN", [false, false, false]),
            ("１２", "12", [false, false, true]),
            ("anything", "", [true, true, true]),
        ];
        for (value, text, wanted) in rows {
            let got = [Octet, AsciiCasemap, UnicodeCasemap].map(|c| holds(value, text, c));
            assert_eq!(got, wanted, "{value:?} has {text:?}");
        }
    }

    #[test]
    fn each_relation_and_its_negation() {
        for (name, relation) in RELATIONS {
            for (value, wanted) in [
                ("ab", [true; 4]),
                ("xab", [false, true, false, true]),
                ("abx", [false, true, true, false]),
                ("x", [false; 4]),
            ] {
                let at = RELATIONS.iter().position(|row| row.0 == name).unwrap();
                let plain = TextMatch::new("AB", Collation::AsciiCasemap, relation, false);
                let not = TextMatch::new("AB", Collation::AsciiCasemap, relation, true);
                assert_eq!(
                    (plain.holds(value), not.holds(value)),
                    (wanted[at], !wanted[at]),
                    "{name} {value}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn every_text_matches_itself(text in "\\PC{0,12}") {
            for (_, collation) in COLLATIONS {
                for (_, relation) in RELATIONS {
                    prop_assert!(TextMatch::new(&text, collation, relation, false).holds(&text));
                    prop_assert!(!TextMatch::new(&text, collation, relation, true).holds(&text));
                }
            }
        }

        #[test]
        fn what_is_found_is_found_in_searchable_form(
            value in "[a-cA-C \u{1}\n\u{300}\u{323}\u{301}\u{e9}\u{fb01}\u{130}\u{131}\u{df}\u{1e69}\u{ac00}\u{1100}\u{1161}k\u{212a}\u{3a3}\u{3c2}]{0,8}",
            (from, to) in (0_usize..8, 0_usize..8),
        ) {
            let part: String = value.chars().skip(from).take(to).collect();
            for text in [part.clone(), part.to_lowercase(), part.to_uppercase(), part.nfd().collect()] {
                for (_, collation) in COLLATIONS {
                    for (_, relation) in RELATIONS {
                        let it = TextMatch::new(&text, collation, relation, false);
                        let (Some(needed), true) = (it.needed(), it.holds(&value)) else { continue };
                        let value = searchable(&value);
                        prop_assert!(value.contains(&needed.text));
                        prop_assert!(!needed.at_start || value.starts_with(&needed.text));
                        prop_assert!(!needed.at_end || value.ends_with(&needed.text));
                    }
                }
            }
        }

        #[test]
        fn a_part_is_found(a in "\\PC{0,5}", b in "[a-zA-Zéß]{0,5}", c in "[ a-z]{0,5}") {
            let whole = format!("{a} {b}{c}");
            prop_assert!(holds(&whole, &b, Collation::Octet));
            prop_assert!(holds(&whole, &b, Collation::AsciiCasemap));
            prop_assert!(holds(&whole, &b.to_lowercase(), Collation::UnicodeCasemap));
        }
    }
}
