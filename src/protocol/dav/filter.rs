//! What the filters of CalDAV's and CardDAV's queries share, from their XML (RFC 4791 §9.7, RFC 6352
//! §10.5): names, text matches, conditions on parameters, and the bound on their number.
//!
//! Elements of other namespaces are passed over (RFC 4918 §17); what breaks the grammar is
//! `valid-filter`, a collation that is not served is `supported-collation`.

use crate::format::text_match::{Collation, ParamFilter, Relation, TextMatch};
use crate::format::xml::{Element, Ns};
use crate::kernel::fault::{Outcome, Refusal};
use crate::kernel::limits::FILTER_CONDITIONS_MAX;

/// Reads the conditions of one query.
pub struct Reader {
    ns: Ns,
    collation: Collation,
    left: usize,
}

impl Reader {
    /// Of elements of this namespace; the collation is that of a text match which names none.
    pub fn new(ns: Ns, collation: Collation) -> Self {
        Self { ns, collation, left: FILTER_CONDITIONS_MAX }
    }

    /// The child elements of the query's own namespace.
    pub fn own<'e>(&self, element: &'e Element) -> impl Iterator<Item = &'e Element> + use<'e> {
        let ns = self.ns.clone();
        element.elements().filter(move |e| *e.name.ns() == ns)
    }

    /// Counts a condition: every one is held against every candidate.
    fn count(&mut self) -> Outcome<()> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => {
                let what = format!("more than {FILTER_CONDITIONS_MAX} conditions");
                return Err(Refusal::UnsupportedFilter(what).into());
            }
        }
        Ok(())
    }

    /// The name of what a condition is about; counts the condition.
    ///
    /// # Errors
    /// `InvalidFilter` without one, `UnsupportedFilter` for one condition too many.
    pub fn name(&mut self, element: &Element) -> Outcome<String> {
        self.count()?;
        match element.attribute("name").map(str::trim) {
            Some(name) if !name.is_empty() => Ok(name.to_owned()),
            _ => invalid(format!("{} without a name", element.name.local())),
        }
    }

    /// A `param-filter`.
    ///
    /// # Errors
    /// `InvalidFilter`, `UnsupportedCollation`, `UnsupportedFilter`.
    pub fn parameter(&mut self, element: &Element) -> Outcome<ParamFilter> {
        let mut it = ParamFilter { name: self.name(element)?, ..ParamFilter::default() };
        for child in self.own(element) {
            match child.name.local() {
                "is-not-defined" => it.absent = true,
                "text-match" if it.text.is_none() => it.text = Some(self.text(child)?),
                other => return misplaced(other, element),
            }
        }
        alone(it.absent && it.text.is_some(), element)?;
        Ok(it)
    }

    /// A `text-match`; counts it.
    ///
    /// # Errors
    /// `InvalidFilter`, `UnsupportedCollation`, `UnsupportedFilter`.
    pub fn text(&mut self, element: &Element) -> Outcome<TextMatch> {
        self.count()?;
        let collation = match element.attribute("collation") {
            None | Some("default") => self.collation,
            Some(name) => match Collation::named(name) {
                Some(collation) => collation,
                None => return Err(Refusal::UnsupportedCollation(name.to_owned()).into()),
            },
        };
        let negated = match element.attribute("negate-condition") {
            None | Some("no") => false,
            Some("yes") => true,
            Some(other) => return invalid(format!("negate-condition is yes or no, not {other}")),
        };
        let relation = match element.attribute("match-type") {
            None => Relation::Contains,
            Some(name) => match Relation::named(name) {
                Some(relation) => relation,
                None => return invalid(format!("there is no match-type {name}")),
            },
        };
        Ok(TextMatch::new(&element.text(), collation, relation, negated))
    }
}

/// A filter that breaks the grammar.
pub fn invalid<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Refusal::InvalidFilter(why.into()).into())
}

/// An element that cannot stand where it does, or not again.
pub fn misplaced<T>(what: &str, inside: &Element) -> Outcome<T> {
    invalid(format!("{what} cannot stand there in {}", inside.name.local()))
}

/// Refuses an `is-not-defined` beside other conditions.
pub fn alone(broken: bool, element: &Element) -> Outcome<()> {
    match broken {
        true => invalid(format!("is-not-defined stands alone in {}", element.name.local())),
        false => Ok(()),
    }
}
