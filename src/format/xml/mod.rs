//! XML for WebDAV: a validating reader for request bodies and a byte writer for answers.
//!
//! What the reader accepts is well-formed XML 1.0 (5th edition) and namespace-well-formed
//! (Namespaces in XML 1.0), without a document type: no entity is ever declared, so nothing can
//! expand. What the writer makes is always well-formed, whatever text it is given.

pub mod name;
mod chars;
pub mod write;
pub mod tree;
mod standalone;
pub mod read;

#[cfg(test)]
mod tests;

pub use name::{Name, Ns};
pub use read::parse;
pub use tree::{Attribute, Element, Node};
pub use write::Writer;

use std::borrow::Cow;
use std::fmt;

/// Why a text is not an XML document that we take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XmlFault {
    /// The rule that is broken, for people.
    pub reason: Cow<'static, str>,
    /// Where, in bytes from the start of the body; for a UTF-16 body, of its UTF-8 form.
    pub offset: usize,
}

impl XmlFault {
    /// A fault at a place.
    fn new(reason: impl Into<Cow<'static, str>>, offset: usize) -> Self {
        Self { reason: reason.into(), offset }
    }
}

impl fmt::Display for XmlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.reason, self.offset)
    }
}

impl std::error::Error for XmlFault {}
