//! The filter language of addressbook-query (RFC 6352 §10.5), held against one card; and the parts
//! of a card that `CARDDAV:address-data` can ask for (§10.4).
//!
//! Invariant: a name without a group means the property in any group, one with a group in exactly
//! that (§10.4.2, §10.5.1).

use super::Card;
use crate::format::ical::project::Prop;
use crate::format::ical::value;
use crate::format::line::Line;
use crate::format::text_match::{ParamFilter, TextMatch};

/// What a card must satisfy (`CARDDAV:filter`); without conditions every card does.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// All of the conditions must hold (`test="allof"`), not any.
    pub all: bool,
    /// The conditions.
    pub props: Vec<PropFilter>,
}

/// A condition on properties (`CARDDAV:prop-filter`).
#[derive(Clone, Debug, Default)]
pub struct PropFilter {
    /// Their name, perhaps with a group.
    pub name: String,
    /// There must be none.
    pub absent: bool,
    /// One of them must satisfy all of what follows, not any of it.
    pub all: bool,
    /// Conditions on its value.
    pub texts: Vec<TextMatch>,
    /// Conditions on its parameters.
    pub params: Vec<ParamFilter>,
}

impl Filter {
    /// Whether a card satisfies it.
    pub fn holds(&self, card: &Card<'_>) -> bool {
        match self.all {
            _ if self.props.is_empty() => true,
            true => self.props.iter().all(|prop| prop.holds(card)),
            false => self.props.iter().any(|prop| prop.holds(card)),
        }
    }
}

impl PropFilter {
    fn holds(&self, card: &Card<'_>) -> bool {
        let mut lines = card.properties().filter(|line| is_named(line, &self.name));
        match self.absent {
            true => lines.next().is_none(),
            false => lines.any(|line| self.satisfied_by(line)),
        }
    }

    fn satisfied_by(&self, line: &Line<'_>) -> bool {
        if self.texts.is_empty() && self.params.is_empty() {
            return true;
        }
        let text = value::text(line.value());
        let texts = self.texts.iter().map(|condition| condition.holds(&text));
        let mut answers = texts.chain(self.params.iter().map(|param| param.holds(line)));
        if self.all { answers.all(|holds| holds) } else { answers.any(|holds| holds) }
    }
}

fn is_named(line: &Line<'_>, name: &str) -> bool {
    match name.contains('.') {
        true => line.full_name().eq_ignore_ascii_case(name),
        false => line.is(name),
    }
}

/// The wanted properties of a card, each byte for byte as it stands in `text`, or without its
/// value; the frame around them always comes along.
pub fn project(text: &str, wanted: &[Prop]) -> String {
    let Ok(card) = Card::parse(text.as_bytes()) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    for line in card.lines() {
        let frame = line.is("BEGIN") || line.is("END");
        let asked = wanted.iter().find(|prop| is_named(line, &prop.name)).map(|prop| prop.bare);
        match asked {
            Some(true) if !frame => {
                let head = line.text().len().saturating_sub(line.value().len());
                out.push_str(line.text().get(..head).unwrap_or_default());
            }
            Some(_) => out.push_str(raw(text, line)),
            None if frame => out.push_str(raw(text, line)),
            None => continue,
        }
        if !out.ends_with('\n') {
            out.push_str("\r\n");
        }
    }
    out
}

fn raw<'t>(text: &'t str, line: &Line<'_>) -> &'t str {
    text.get(line.start..line.end).unwrap_or_default()
}
