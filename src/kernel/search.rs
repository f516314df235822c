//! Texts that queries look for: how the text of an object is laid out, what a query wants of it,
//! and the runs of three octets (grams) by which an index narrows.
//!
//! Invariant: an index says of an object at most *perhaps*. Whatever satisfies a term has all its
//! grams, or was cut short and says so, so a look into the object itself decides.
//!
//! A text is a row of values: a tag that names the property, the folded value, [`CUT`] where it was
//! shortened, and [`END`]. Folded values have no control characters, so these cannot be mistaken.

use super::limits::{SEARCH_TEXT_MAX, SEARCH_VALUE_MAX};
use super::varint;

/// Stands before a value in grams, so that what it begins with can be looked for.
const START: u8 = 0x01;
/// Stands after a value that is not whole.
const CUT: u8 = 0x1e;
/// Stands after each value.
const END: u8 = 0x1f;

/// Which property a value is of: the number is stored, never give it another meaning. Below 0x1e.
pub type Tag = u8;

/// The text of one object, while it is put together.
#[derive(Debug, Default)]
pub struct Text(String);

impl Text {
    /// Adds a folded value; a long one is cut.
    pub fn add(&mut self, tag: Tag, value: &str) {
        let room = SEARCH_VALUE_MAX.min(SEARCH_TEXT_MAX.saturating_sub(self.0.len()));
        let kept = value.get(..value.floor_char_boundary(room)).unwrap_or_default();
        let is_known = kept.is_empty() && self.0.contains(&mark(tag));
        if value.is_empty() || is_known {
            return;
        }
        self.0.push(char::from(tag));
        self.0.push_str(kept);
        if kept.len() < value.len() {
            self.0.push(char::from(CUT));
        }
        self.0.push(char::from(END));
    }

    /// Adds a value that is not known.
    pub fn add_unknown(&mut self, tag: Tag) {
        self.0.push_str(&mark(tag));
    }

    /// The text; none where there is no value.
    pub fn finish(self) -> Option<String> {
        Some(self.0).filter(|text| !text.is_empty())
    }
}

/// A value of which nothing was kept.
fn mark(tag: Tag) -> String {
    [tag, CUT, END].map(char::from).iter().collect()
}

/// The values of a text: tag, octets, and whether they are all.
fn values(text: &str) -> impl Iterator<Item = (Tag, &[u8], bool)> {
    text.as_bytes().split(|b| *b == END).filter_map(|value| {
        let (tag, rest) = value.split_first()?;
        Some(match rest.split_last() {
            Some((&CUT, kept)) => (*tag, kept, false),
            _ => (*tag, rest, true),
        })
    })
}

/// What a value must have in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The property.
    pub tag: Tag,
    /// The folded text, not empty.
    pub text: String,
    /// The value begins with it.
    pub at_start: bool,
    /// The value ends with it.
    pub at_end: bool,
}

impl Term {
    /// Whether a value of this text may satisfy it.
    pub fn may_be_in(&self, text: &str) -> bool {
        let wanted = self.text.as_bytes();
        values(text).filter(|value| value.0 == self.tag).any(|(_, value, whole)| {
            !whole
                || match (self.at_start, self.at_end) {
                    (true, true) => value == wanted,
                    (true, false) => value.starts_with(wanted),
                    (false, true) => value.ends_with(wanted),
                    (false, false) => memchr::memmem::find(value, wanted).is_some(),
                }
        })
    }

    /// Grams that every whole value has which satisfies it, in an order in which the first few say
    /// most: far from each other. None for a text that is too short.
    pub fn grams(&self) -> Vec<i64> {
        // No whole value is longer, so only those that were cut can have the rest of it.
        let text = self.text.as_bytes();
        let known = text.get(..SEARCH_VALUE_MAX).unwrap_or(text);
        let mut octets = Vec::with_capacity(known.len() + 2);
        octets.extend(self.at_start.then_some(START));
        octets.extend_from_slice(known);
        octets.extend((self.at_end && known.len() == text.len()).then_some(END));
        let all: Vec<i64> = octets.windows(3).map(|three| gram(self.tag, three)).collect();
        let mut spread = Vec::new();
        let mut step = all.len().max(1);
        while step > 0 && spread.len() < all.len() {
            for at in (0..all.len()).step_by(step) {
                let next = all.get(all.len() - 1 - at).filter(|gram| !spread.contains(*gram));
                spread.extend(next);
            }
            step /= 2;
        }
        spread
    }

    /// The gram of texts that have a value of the property which is not whole.
    pub fn cut(&self) -> i64 {
        cut(self.tag)
    }
}

/// What a text of one value is sorted by: first its length, then what it is. None for others. One
/// that was cut has no length that is known, so it stands behind all. One that is an object's UID in a
/// usual spelling ([`spellings`]) is found by that, so only its length counts here: the keys of most
/// objects then come in order, which makes them cheap to store.
pub fn value_key(text: &str, uid: Option<&str>) -> Option<i64> {
    let mut all = values(text);
    let (tag, value, whole) = all.next()?;
    if all.next().is_some() {
        return None;
    }
    let is_usual = |uid: &str| whole && spellings(value).iter().any(|it| it == uid.as_bytes());
    match uid.is_some_and(is_usual) {
        true => Some(whole_length(value.len())),
        false => Some(whole_key(tag, value, if whole { value.len() } else { usize::MAX })),
    }
}

/// The usual spellings of a folded value: all letters of ASCII large, or all small.
fn spellings(value: &[u8]) -> [Vec<u8>; 2] {
    [value.to_vec(), value.to_ascii_lowercase()]
}

impl Term {
    /// The usual spellings of the term itself.
    pub fn spellings(&self) -> [String; 2] {
        [self.text.clone(), self.text.to_ascii_lowercase()]
    }

    /// The text that has the term as its one value.
    pub fn as_text(&self) -> String {
        let mut text = Text::default();
        text.add(self.tag, &self.text);
        text.0
    }

    /// The key of the texts of one value that are just this, and the last one that texts of its
    /// length may have: those behind it are longer.
    pub fn keys(&self) -> (i64, i64) {
        let value = self.text.as_bytes();
        let key = whole_key(self.tag, value, value.len());
        (key, key | HASH)
    }
}

/// The bits of a key that say what a text is; those above say how long.
const HASH: i64 = (1 << 48) - 1;

fn whole_key(tag: Tag, value: &[u8], length: usize) -> i64 {
    // FNV-1a: what two texts have in common is decided by a look at them.
    let seed = 0xcbf2_9ce4_8422_2325_u64;
    let hash = std::iter::once(&tag)
        .chain(value)
        .fold(seed, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3));
    whole_length(length) | ((hash ^ (hash >> 48)) as i64 & HASH)
}

/// The key of texts of this length without what they are.
fn whole_length(length: usize) -> i64 {
    (length.min(SEARCH_VALUE_MAX + 1) as i64) << 48
}

/// Any of these, of each all terms.
pub type Wanted = Vec<Vec<Term>>;

/// Looks for what is wanted in one text after the other.
pub struct Seeker<'w> {
    wanted: &'w Wanted,
    texts: Vec<memchr::memmem::Finder<'w>>,
}

impl<'w> Seeker<'w> {
    /// For texts that may be what is wanted.
    pub fn of(wanted: &'w Wanted) -> Self {
        let mut distinct: Vec<&str> = wanted.iter().flatten().map(|t| t.text.as_str()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        Self { wanted, texts: distinct.into_iter().map(memchr::memmem::Finder::new).collect() }
    }

    /// Patterns of SQL's LIKE, one of which each text fits that may be what is wanted.
    pub fn patterns(&self) -> Vec<String> {
        let cut = char::from(CUT).to_string();
        let texts = self.wanted.iter().flatten().map(|term| term.text.as_str());
        let mut all: Vec<String> = texts.chain([cut.as_str()]).map(pattern).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether a text may be what is wanted.
    pub fn finds(&self, text: &str) -> bool {
        let octets = text.as_bytes();
        let near = self.texts.iter().any(|it| it.find(octets).is_some())
            || memchr::memchr(CUT, octets).is_some();
        near && self.wanted.iter().any(|all| all.iter().all(|term| term.may_be_in(text)))
    }
}

fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        pattern.extend(matches!(c, '%' | '_' | '\\').then_some('\\'));
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn gram(tag: Tag, three: &[u8]) -> i64 {
    three.iter().fold(i64::from(tag), |sum, octet| sum << 8 | i64::from(*octet))
}

fn cut(tag: Tag) -> i64 {
    gram(tag, &[0, 0, CUT])
}

/// The grams of a text, each once, in order.
pub fn grams(text: &str) -> Vec<i64> {
    let mut all = Vec::with_capacity(text.len());
    let mut octets = Vec::new();
    for (tag, value, whole) in values(text) {
        octets.clear();
        octets.push(START);
        octets.extend_from_slice(value);
        octets.extend(whole.then_some(END));
        all.extend(octets.windows(3).map(|three| gram(tag, three)));
        all.extend((!whole).then(|| cut(tag)));
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Appends a number to a list of growing ones, as its distance from the last.
pub fn append(list: &mut Vec<u8>, last: &mut i64, number: i64) {
    varint::append(list, number.abs_diff(*last));
    *last = number;
}

/// The numbers of such a list.
pub fn numbers(list: &[u8]) -> impl Iterator<Item = i64> {
    let (mut sum, mut octets) = (0_i64, list.iter());
    std::iter::from_fn(move || {
        sum = sum.saturating_add_unsigned(varint::next(&mut octets)?);
        Some(sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(values: &[(Tag, String)]) -> String {
        let mut text = Text::default();
        values.iter().for_each(|(tag, value)| text.add(*tag, value));
        text.finish().unwrap_or_default()
    }

    #[test]
    fn what_does_not_fit_is_always_found() {
        let long = "AB".repeat(SEARCH_VALUE_MAX);
        let it = text(&[(3, long.clone()), (4, "X".into())]);
        let term = |tag| Term { tag, text: "ZZZ".into(), at_start: false, at_end: true };
        assert!(term(3).may_be_in(&it) && !term(4).may_be_in(&it));
        assert!(grams(&it).contains(&term(3).cut()));
        assert!(!grams(&it).contains(&term(4).cut()));
        let many: Vec<_> = (0..1_000).map(|_| (5, long.clone())).collect();
        assert!(text(&many).len() < SEARCH_TEXT_MAX + 10);
    }

    proptest! {
        #[test]
        fn whatever_satisfies_a_term_has_its_grams(
            values in prop::collection::vec((2_u8..5, "[A-Dé ]{0,8}"), 1..5),
            (tag, wanted) in (2_u8..5, "[A-Dé ]{1,4}"),
            (at_start, at_end) in any::<(bool, bool)>(),
        ) {
            let it = text(&values);
            let term = Term { tag, text: wanted.clone(), at_start, at_end };
            let holds = values.iter().any(|(t, v)| *t == tag && match (at_start, at_end) {
                (true, true) => *v == wanted,
                (true, false) => v.starts_with(&wanted),
                (false, true) => v.ends_with(&wanted),
                (false, false) => v.contains(&wanted),
            });
            prop_assert_eq!(term.may_be_in(&it), holds);
            let wanted = vec![vec![term.clone()]];
            prop_assert_eq!(Seeker::of(&wanted).finds(&it), holds);
            let there = grams(&it);
            prop_assert!(!holds || term.grams().iter().all(|gram| there.contains(gram)));
            let (same, longer) = term.keys();
            let key = value_key(&it, None);
            prop_assert_eq!(key.is_some(), values.iter().filter(|v| !v.1.is_empty()).count() == 1);
            prop_assert!(!holds || key.is_none_or(|key| key == same || key > longer));
            let mut sorted = term.grams();
            sorted.sort_unstable();
            sorted.dedup();
            prop_assert_eq!(sorted.len(), term.grams().len());
        }

        #[test]
        fn lists_of_numbers_come_back(mut all in prop::collection::vec(0_i64..1 << 50, 0..20)) {
            all.sort_unstable();
            let (mut list, mut last) = (Vec::new(), 0);
            all.iter().for_each(|number| append(&mut list, &mut last, *number));
            prop_assert_eq!(numbers(&list).collect::<Vec<_>>(), all);
        }
    }
}
