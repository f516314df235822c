//! An element as a text of its own, so that it can be kept and put into any other document
//! (RFC 4918 §4.3).
//!
//! Invariant: the text declares every namespace that it uses, also the absence of a default one,
//! says the language that it had, and reads back as an equal element.

use super::chars::is_name_char;
use super::name::Ns;
use super::tree::{Attribute, Binding, Element, Node};
use super::write::{escape_attribute, escape_text};
use std::collections::HashSet;
use std::sync::Arc;

impl Element {
    /// The element as a text that stands for itself: its own and its content's declarations are
    /// kept, those in scope that a name uses are added, and so are those whose prefix some value
    /// seems to use (`xs:string`). Prefixes, attributes, mixed content and white space are kept;
    /// an inherited language becomes an attribute.
    pub fn to_standalone(&self) -> String {
        let mut copier = Copier::default();
        let mut used = HashSet::new();
        prefixes(self, &mut used);
        let mut next = self.scope.as_deref();
        let mut own = self.declares;
        while let Some(scope) = next {
            for binding in &scope.bindings {
                let hidden = copier.bound.iter().any(|b| b.prefix == binding.prefix);
                if !hidden && (own || used.contains(&*binding.prefix)) {
                    copier.bound.push(binding.clone());
                }
            }
            own = false;
            next = scope.outer.as_deref();
        }
        if used.contains("") && !copier.bound.iter().any(|b| b.prefix.is_empty()) {
            // Nothing here has a default namespace; the document around may have one.
            copier.bound.push(Binding { prefix: Arc::from(""), ns: Ns::None });
        }
        let lang = match self.attributes.iter().any(Attribute::is_lang) {
            true => None,
            false => self.inherited_lang.as_deref(),
        };
        copier.element(self, 0, lang);
        String::from_utf8(copier.out)
            .unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned())
    }
}

/// Collects every prefix that names use, empty for none, and every word before a colon in values.
fn prefixes<'a>(element: &'a Element, used: &mut HashSet<&'a str>) {
    used.insert(element.prefix.as_deref().unwrap_or(""));
    for attribute in &element.attributes {
        used.extend(attribute.prefix.as_deref());
        words_before_colon(&attribute.value, used);
    }
    for node in &element.children {
        match node {
            Node::Element(child) => prefixes(child, used),
            Node::Text(text) => words_before_colon(text, used),
        }
    }
}

fn words_before_colon<'a>(text: &'a str, used: &mut HashSet<&'a str>) {
    let mut pieces = text.split(':').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_some() {
            let word = piece.rsplit(|c| !is_name_char(c)).next().unwrap_or("");
            if !word.is_empty() {
                used.insert(word);
            }
        }
    }
}

/// Writes a tree and knows which prefixes are bound where it is.
#[derive(Default)]
struct Copier {
    out: Vec<u8>,
    /// Innermost last; those from an element's mark on are written on that element.
    bound: Vec<Binding>,
}

impl Copier {
    /// Writes an element whose declarations so far begin at the mark.
    fn element(&mut self, element: &Element, mark: usize, lang: Option<&str>) {
        let prefix = self.element_prefix(element, mark);
        let attributes: Vec<_> =
            element.attributes.iter().map(|a| (self.attribute_prefix(a), a)).collect();
        self.out.push(b'<');
        self.name(&prefix, element.name.local());
        for binding in self.bound.get(mark..).unwrap_or_default() {
            self.out.extend_from_slice(b" xmlns");
            if !binding.prefix.is_empty() {
                self.out.push(b':');
                self.out.extend_from_slice(binding.prefix.as_bytes());
            }
            write_value(binding.ns.uri(), &mut self.out);
        }
        if let Some(lang) = lang {
            self.out.extend_from_slice(b" xml:lang");
            write_value(lang, &mut self.out);
        }
        for (prefix, attribute) in attributes {
            self.out.push(b' ');
            self.name(&prefix, attribute.name.local());
            write_value(&attribute.value, &mut self.out);
        }
        if element.children.is_empty() {
            self.out.extend_from_slice(b"/>");
            return;
        }
        self.out.push(b'>');
        for node in &element.children {
            match node {
                Node::Text(text) => escape_text(text, &mut self.out),
                Node::Element(child) => self.child(child),
            }
        }
        self.out.extend_from_slice(b"</");
        self.name(&prefix, element.name.local());
        self.out.push(b'>');
    }

    /// Writes an element inside another.
    fn child(&mut self, child: &Element) {
        let mark = self.bound.len();
        if let (true, Some(scope)) = (child.declares, &child.scope) {
            self.bound.extend(scope.bindings.iter().cloned());
        }
        self.element(child, mark, None);
        self.bound.truncate(mark);
    }

    /// The prefix for the element's name, declared here if it is not yet bound so.
    fn element_prefix(&mut self, element: &Element, mark: usize) -> Arc<str> {
        let ns = element.name.ns();
        let wanted: Arc<str> = match (&element.prefix, ns) {
            (_, Ns::Xml) => return Arc::from("xml"),
            (Some(prefix), ns) if *ns != Ns::None => prefix.clone(),
            _ => Arc::from(""),
        };
        if self.meaning(&wanted) != Some(ns) {
            let here = self.bound.iter().skip(mark).position(|b| b.prefix == wanted);
            let binding = Binding { prefix: wanted.clone(), ns: ns.clone() };
            match here.and_then(|at| self.bound.get_mut(mark + at)) {
                Some(wrong) => *wrong = binding,
                None => self.bound.push(binding),
            }
        }
        wanted
    }

    /// The prefix for an attribute's name; a new one is declared on the element if none is bound.
    fn attribute_prefix(&mut self, attribute: &Attribute) -> Arc<str> {
        let ns = attribute.name.ns();
        match ns {
            Ns::None => return Arc::from(""),
            Ns::Xml => return Arc::from("xml"),
            _ => {}
        }
        let wanted = attribute.prefix.clone();
        if let Some(prefix) = wanted.clone().filter(|prefix| self.meaning(prefix) == Some(ns)) {
            return prefix;
        }
        let bound =
            self.bound.iter().rev().find(|b| {
                b.ns == *ns && !b.prefix.is_empty() && self.meaning(&b.prefix) == Some(ns)
            });
        if let Some(binding) = bound {
            return binding.prefix.clone();
        }
        let fresh = wanted.filter(|prefix| self.meaning(prefix).is_none()).unwrap_or_else(|| {
            let mut number = self.bound.len();
            loop {
                let prefix = format!("n{number}");
                if self.meaning(&prefix).is_none() {
                    return Arc::from(prefix);
                }
                number += 1;
            }
        });
        self.bound.push(Binding { prefix: fresh.clone(), ns: ns.clone() });
        fresh
    }

    /// What the prefix is bound to; None if the document around decides.
    fn meaning(&self, prefix: &str) -> Option<&Ns> {
        self.bound.iter().rev().find(|b| &*b.prefix == prefix).map(|b| &b.ns)
    }

    fn name(&mut self, prefix: &str, local: &str) {
        if !prefix.is_empty() {
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(local.as_bytes());
    }
}

/// An attribute's `="value"`.
fn write_value(value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"=\"");
    escape_attribute(value, out);
    out.push(b'"');
}
