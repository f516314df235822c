//! What an index of texts keeps of a card, and what a filter wants of it (RFC 6352 §8.6).
//!
//! Invariant: a card that satisfies a filter has in its text what [`wanted`] says.

use super::Card;
use super::filter::{Filter, PropFilter};
use crate::format::ical::value;
use crate::format::text_match::{Needed, searchable};
use crate::kernel::search::{Tag, Term, Text, Wanted};

/// Properties that people search by. The tags are stored: never give one another meaning, and have
/// the index filled anew when one is added.
static TAGS: [(&str, Tag); 16] = [
    ("FN", 2),
    ("N", 3),
    ("NICKNAME", 4),
    ("EMAIL", 5),
    ("TEL", 6),
    ("ORG", 7),
    ("UID", 8),
    ("CATEGORIES", 9),
    ("TITLE", 10),
    ("ROLE", 11),
    ("NOTE", 12),
    ("ADR", 13),
    ("URL", 14),
    ("IMPP", 15),
    ("KIND", 16),
    ("X-ADDRESSBOOKSERVER-KIND", 17),
];

fn tag(name: &str) -> Option<Tag> {
    TAGS.iter().find(|row| row.0.eq_ignore_ascii_case(name)).map(|row| row.1)
}

/// The text of a card.
pub fn text(card: &Card<'_>) -> Option<String> {
    let mut text = Text::default();
    for line in card.properties() {
        if let Some(tag) = tag(line.name()) {
            text.add(tag, &searchable(&value::text(line.value())));
        }
    }
    text.finish()
}

/// The text of a card that nothing is known of: of each property a value of which nothing was kept.
pub fn unknown() -> Option<String> {
    let mut text = Text::default();
    TAGS.iter().for_each(|(_, tag)| text.add_unknown(*tag));
    text.finish()
}

/// What the text of a card must have that satisfies a filter. None where the text cannot say: of
/// parameters, of properties that are not there, of properties that nobody searches by.
pub fn wanted(filter: &Filter) -> Option<Wanted> {
    let each = filter.props.iter().map(of_prop);
    match filter.all {
        true => both(each),
        false => either(each),
    }
}

fn of_prop(prop: &PropFilter) -> Option<Wanted> {
    // A name with a group means fewer properties than the same without.
    let name = prop.name.rsplit_once('.').map_or(prop.name.as_str(), |(_, name)| name);
    let tag = tag(name).filter(|_| !prop.absent)?;
    let texts = prop.texts.iter().map(|text| text.needed().map(|it| vec![vec![term(tag, it)]]));
    match prop.all {
        true => both(texts),
        false if prop.params.is_empty() => either(texts),
        false => None,
    }
}

fn term(tag: Tag, needed: &Needed) -> Term {
    let Needed { text, at_start, at_end } = needed.clone();
    Term { tag, text, at_start, at_end }
}

/// One of the conditions must hold, so each must be known.
fn either(each: impl Iterator<Item = Option<Wanted>>) -> Option<Wanted> {
    let all = each.collect::<Option<Vec<_>>>()?.concat();
    Some(all).filter(|all| !all.is_empty())
}

/// All conditions must hold, so those are enough that are known. One that leaves a choice cannot be
/// added to others that leave one.
fn both(each: impl Iterator<Item = Option<Wanted>>) -> Option<Wanted> {
    let mut known: Vec<Wanted> = each.flatten().collect();
    known.sort_by_key(Vec::len);
    let plain = known.iter().take_while(|wanted| wanted.len() == 1).flatten().flatten();
    let plain: Vec<Term> = plain.cloned().collect();
    let mut wanted = known.into_iter().find(|wanted| wanted.len() > 1).unwrap_or(vec![Vec::new()]);
    wanted.iter_mut().for_each(|all| all.extend(plain.iter().cloned()));
    Some(wanted).filter(|wanted| wanted.iter().all(|all| !all.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::text_match::{COLLATIONS, RELATIONS, TextMatch};
    use crate::kernel::search::Seeker;
    use proptest::prelude::*;

    fn prop_filter() -> impl Strategy<Value = PropFilter> {
        let text = ("[a-cA-Cé;]{0,3}", 0_usize..3, 0_usize..4, any::<bool>());
        let text = text.prop_map(|(text, collation, relation, negated)| {
            TextMatch::new(&text, COLLATIONS[collation].1, RELATIONS[relation].1, negated)
        });
        let name = prop::sample::select(vec!["FN", "email", "item1.EMAIL", "NOTE", "X-ODD"]);
        let texts = prop::collection::vec(text, 0..3);
        (name, any::<bool>(), prop::bool::weighted(0.1), texts).prop_map(
            |(name, all, absent, texts)| {
                let texts = if absent { Vec::new() } else { texts };
                PropFilter { name: name.to_owned(), all, absent, texts, ..PropFilter::default() }
            },
        )
    }

    proptest! {
        #[test]
        fn a_card_that_satisfies_a_filter_is_never_missed(
            all in any::<bool>(),
            props in prop::collection::vec(prop_filter(), 0..4),
            lines in prop::collection::vec(
                "(FN|EMAIL|item1\\.EMAIL|NOTE|X-ODD):[a-cA-CéÉ;\\\\,]{0,6}", 0..6),
        ) {
            let filter = Filter { all, props };
            let card = format!("BEGIN:VCARD\r\n{}\r\nEND:VCARD\r\n", lines.join("\r\n"));
            let card = Card::parse(card.as_bytes());
            let Ok(card) = card else { return Ok(()) };
            if let Some(wanted) = wanted(&filter) {
                let found = text(&card).is_some_and(|text| Seeker::of(&wanted).finds(&text));
                prop_assert!(found || !filter.holds(&card));
            }
        }
    }
}
