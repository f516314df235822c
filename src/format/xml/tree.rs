//! A document that has been read: elements, attributes and text, with what a faithful copy needs
//! (prefixes, the namespaces in scope, the inherited language).

use super::name::{Name, Ns};
use std::borrow::Cow;
use std::sync::Arc;

/// An element with its content.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its expanded name.
    pub name: Name,
    /// Its attributes in their order, without namespace declarations.
    pub attributes: Vec<Attribute>,
    /// Its content; two texts are never neighbours when the reader made it.
    pub children: Vec<Node>,
    /// The prefix that its author gave it, None for the default namespace or none.
    pub(super) prefix: Option<Arc<str>>,
    /// The language that its parent's content has (RFC 4918 §4.3).
    pub(super) inherited_lang: Option<Arc<str>>,
    /// The declarations in scope.
    pub(super) scope: Option<Arc<Scope>>,
    /// Whether the innermost part of the scope was declared on this element.
    pub(super) declares: bool,
}

/// One piece of an element's content.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text, references resolved; it is significant even if it is white space only.
    Text(String),
}

/// An attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its expanded name; an attribute without a prefix has no namespace.
    pub name: Name,
    /// Its value, references resolved and normalised (XML 1.0 §3.3.3).
    pub value: String,
    /// The prefix that its author gave it.
    pub(super) prefix: Option<Arc<str>>,
}

/// Namespace declarations of one element, inside those of its ancestors.
#[derive(Debug)]
pub(super) struct Scope {
    pub outer: Option<Arc<Scope>>,
    pub bindings: Vec<Binding>,
}

/// One declaration.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    /// Empty for the default namespace.
    pub prefix: Arc<str>,
    pub ns: Ns,
}

impl Element {
    /// An element without content, made by us rather than read.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            attributes: Vec::new(),
            children: Vec::new(),
            prefix: None,
            inherited_lang: None,
            scope: None,
            declares: false,
        }
    }

    /// Whether the element has this name; the namespace is an [`Ns`] or a namespace name.
    pub fn is<N: ?Sized>(&self, ns: &N, local: &str) -> bool
    where
        Ns: PartialEq<N>,
    {
        self.name.local() == local && self.name.ns() == ns
    }

    /// The first child element of this name.
    pub fn child<N: ?Sized>(&self, ns: &N, local: &str) -> Option<&Element>
    where
        Ns: PartialEq<N>,
    {
        self.elements().find(|element| element.is(ns, local))
    }

    /// The child elements in their order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The text directly inside the element, all pieces together.
    pub fn text(&self) -> Cow<'_, str> {
        let mut texts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        let first = texts.next().unwrap_or("");
        match texts.next() {
            None => Cow::Borrowed(first),
            Some(second) => {
                let mut all = [first, second].concat();
                all.extend(texts);
                Cow::Owned(all)
            }
        }
    }

    /// The value of the attribute that has this name and no namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attribute_in(&Ns::None, local)
    }

    /// The language of the content: the element's own `xml:lang`, or the inherited one.
    pub fn lang(&self) -> Option<&str> {
        self.attribute_in(&Ns::Xml, "lang").or(self.inherited_lang.as_deref())
    }

    fn attribute_in(&self, ns: &Ns, local: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|a| a.name.local() == local && a.name.ns() == ns);
        found.map(|attribute| attribute.value.as_str())
    }
}

impl Attribute {
    /// An attribute made by us rather than read.
    pub fn new(name: Name, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), prefix: None }
    }

    /// Whether this is `xml:lang`.
    pub(super) fn is_lang(&self) -> bool {
        *self.name.ns() == Ns::Xml && self.name.local() == "lang"
    }
}

impl PartialEq for Attribute {
    /// By name and value; the prefix is only spelling.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl PartialEq for Element {
    /// Equal as values of a property (RFC 4918 §4.3): the same name, language, attributes in the
    /// same order and content. Prefixes, and where the language was said, do not count.
    fn eq(&self, other: &Self) -> bool {
        let own = |element: &'_ Element| {
            element.attributes.iter().filter(|a| !a.is_lang()).cloned().collect::<Vec<_>>()
        };
        self.name == other.name
            && self.lang() == other.lang()
            && own(self) == own(other)
            && same_content(&self.children, &other.children)
    }
}

/// Whether two contents are equal, inside parents of the same language.
fn same_content(left: &[Node], right: &[Node]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Node::Text(left), Node::Text(right)) => left == right,
            (Node::Element(left), Node::Element(right)) => {
                left.name == right.name
                    && left.attributes == right.attributes
                    && same_content(&left.children, &right.children)
            }
            _ => false,
        })
}

impl Scope {
    /// What the prefix means here; the empty one is the default namespace. The innermost
    /// declaration counts.
    pub fn find<'a>(scope: &'a Option<Arc<Scope>>, prefix: &str) -> Option<&'a Binding> {
        let mut next = scope.as_deref();
        while let Some(scope) = next {
            if let Some(found) = scope.bindings.iter().find(|b| &*b.prefix == prefix) {
                return Some(found);
            }
            next = scope.outer.as_deref();
        }
        None
    }
}
