//! The reader: a whole request body to a tree, or a fault that says where and why.
//!
//! quick-xml cuts the text into tokens and matches end tags; everything else that makes a
//! document well-formed (XML 1.0) and namespace-well-formed (Namespaces in XML 1.0) is checked
//! here. Depth, nodes and declarations are bounded by `kernel::limits`; the work is linear in
//! the size of the body.

use super::XmlFault;
use super::chars::{Pairs, attribute_value, find_forbidden, is_ncname, is_space};
use super::chars::{normalize_lines, resolve, split_qname};
use super::name::{Name, Ns};
use super::tree::{Attribute, Binding, Element, Node, Scope};
use crate::kernel::limits::{
    SHOWN_MAX, XML_BINDINGS_MAX, XML_DEPTH_MAX, XML_NAMESPACE_MAX, XML_NODES_MAX,
};
use memchr::memchr;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// The namespace name that the prefix `xmlns` always means; nothing may be bound to it.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Reads one document and gives its root element. UTF-8, with or without a byte order mark, and
/// UTF-16 with one; comments and processing instructions are checked and dropped (RFC 4918 §4.3
/// allows that); a document type is refused, and so is every reference that would need one.
pub fn parse(bytes: &[u8]) -> Result<Element, XmlFault> {
    let (text, base, utf16) = decode(bytes)?;
    let at = |offset: usize| offset.saturating_add(base);
    if let Some(offset) = find_forbidden(&text) {
        return Err(XmlFault::new("a character that XML does not allow", at(offset)));
    }
    if text.starts_with('\u{feff}') {
        return Err(XmlFault::new("text outside of the root element", at(0)));
    }
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_comments = true;
    let mut builder = Builder::default();
    loop {
        let offset = at(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
        let event = reader.read_event().map_err(|error| {
            let offset = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
            // The text names what does not match, however long it is.
            let reason: String = error.to_string().chars().take(3 * SHOWN_MAX).collect();
            XmlFault::new(reason, at(offset))
        })?;
        match event {
            Event::Start(tag) => builder.start(&tag, offset)?,
            Event::Empty(tag) => {
                builder.start(&tag, offset)?;
                builder.end();
            }
            Event::End(_) => builder.end(),
            Event::Text(text) => builder.literal(&text, offset)?,
            Event::CData(text) => builder.text(&normalize_lines(&text), offset)?,
            Event::GeneralRef(reference) => {
                let c = resolve(&reference, offset)?;
                builder.text(c.encode_utf8(&mut [0; 4]), offset)?;
            }
            Event::Comment(_) => {}
            Event::PI(instruction) => check_instruction(&instruction, offset)?,
            Event::Decl(declaration) if offset == base => {
                check_declaration(&declaration, utf16, text.is_ascii(), offset)?;
            }
            Event::Decl(_) => {
                return Err(XmlFault::new("an XML declaration that is not at the start", offset));
            }
            Event::DocType(_) => {
                return Err(XmlFault::new("a document type (DOCTYPE) is not accepted", offset));
            }
            Event::Eof => return builder.finish(offset),
        }
    }
}

/// The body as text without its byte order mark, how long that mark was, and whether the body
/// is UTF-16.
fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, usize, bool), XmlFault> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        _ => {
            let base = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
            return match std::str::from_utf8(bytes.get(base..).unwrap_or_default()) {
                Ok(text) => Ok((Cow::Borrowed(text), base, false)),
                Err(error) => {
                    Err(XmlFault::new("bytes that are not UTF-8", base + error.valid_up_to()))
                }
            };
        }
    };
    let (pairs, rest) = bytes.get(2..).unwrap_or_default().as_chunks::<2>();
    let text: Result<String, _> =
        char::decode_utf16(pairs.iter().map(|&pair| unit(pair))).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok((Cow::Owned(text), 0, true)),
        _ => Err(XmlFault::new("bytes that are not UTF-16, which the first two promise", 0)),
    }
}

/// Checks what stands between `<?` and `?>` (XML 1.0 §2.8): `version`, then `encoding` and
/// `standalone` if wanted.
fn check_declaration(text: &str, utf16: bool, ascii: bool, offset: usize) -> Result<(), XmlFault> {
    let mut pairs = Pairs::new(text.get(3..).unwrap_or_default(), offset.saturating_add(5));
    match pairs.next()? {
        Some(("version", "1.0", _)) => {}
        Some(("version", _, at)) => return Err(XmlFault::new("an XML version other than 1.0", at)),
        _ => return Err(XmlFault::new("an XML declaration without a version", offset)),
    }
    let mut next = pairs.next()?;
    if let Some(("encoding", encoding, at)) = next {
        let encoding = encoding.to_ascii_lowercase();
        match encoding.as_str() {
            "utf-16" if utf16 => {}
            "utf-8" if !utf16 => {}
            "us-ascii" if !utf16 && ascii => {}
            "utf-16" | "utf-8" | "us-ascii" => {
                return Err(XmlFault::new("the bytes are not in the encoding declared", at));
            }
            _ => return Err(XmlFault::new("an encoding other than UTF-8", at)),
        }
        next = pairs.next()?;
    }
    if let Some(("standalone", "yes" | "no", _)) = next {
        next = pairs.next()?;
    }
    match next {
        None => Ok(()),
        Some((_, _, at)) => Err(XmlFault::new("an XML declaration with something unknown", at)),
    }
}

/// Checks what stands between `<?` and `?>` of a processing instruction (XML 1.0 §2.6).
fn check_instruction(text: &str, offset: usize) -> Result<(), XmlFault> {
    let target = text.split(|c: char| c.is_ascii() && is_space(c as u8)).next().unwrap_or("");
    if is_ncname(target) && !target.eq_ignore_ascii_case("xml") {
        return Ok(());
    }
    Err(XmlFault::new("a processing instruction without a proper name", offset))
}

/// The tree while it grows.
#[derive(Default)]
struct Builder {
    /// The open elements, the root first.
    open: Vec<Element>,
    root: Option<Element>,
    /// Elements and attributes so far.
    nodes: usize,
    /// Namespace declarations in scope.
    bindings: usize,
}

/// An attribute as the tag has it: its name, its value, the name's offset.
type Written<'a> = (&'a str, Cow<'a, str>, usize);

impl Builder {
    /// Opens an element.
    fn start(&mut self, tag: &BytesStart<'_>, offset: usize) -> Result<(), XmlFault> {
        if self.root.is_some() {
            return Err(XmlFault::new("a second root element", offset));
        }
        if self.open.len() >= XML_DEPTH_MAX {
            return Err(XmlFault::new(format!("more than {XML_DEPTH_MAX} levels"), offset));
        }
        self.count(offset)?;
        let qname = tag.name();
        let (prefix, local) = split_qname(qname.as_ref())
            .ok_or_else(|| XmlFault::new("an invalid element name", offset))?;
        let raw = tag.attributes_raw();
        let outer = self.open.last();
        let inherited_lang = outer.and_then(lang_inside);
        let mut scope = outer.and_then(|outer| outer.scope.clone());
        let mut attributes = Vec::new();
        let mut declares = false;
        if !raw.is_empty() {
            let at = offset.saturating_add(1 + qname.as_ref().len());
            let (declared, written) = self.written(raw, at)?;
            if !declared.is_empty() {
                scope = Some(Arc::new(Scope { outer: scope, bindings: declared }));
                declares = true;
            }
            attributes = resolve_attributes(&scope, &written)?;
        }
        let (prefix, ns) = resolve_prefix(&scope, prefix, offset)?;
        let name = Name::checked(ns, local);
        let children = Vec::new();
        let element =
            Element { name, attributes, children, prefix, inherited_lang, scope, declares };
        self.open.push(element);
        Ok(())
    }

    /// Reads a tag's attributes and parts the namespace declarations from the others.
    fn written<'a>(
        &mut self,
        raw: &'a str,
        offset: usize,
    ) -> Result<(Vec<Binding>, Vec<Written<'a>>), XmlFault> {
        let (mut declared, mut others) = (Vec::<Binding>::new(), Vec::new());
        let mut pairs = Pairs::new(raw, offset);
        while let Some((name, value, at)) = pairs.next()? {
            self.count(at)?;
            let value = attribute_value(value, at)?;
            let prefix = match (name, name.strip_prefix("xmlns:")) {
                ("xmlns", _) => "",
                (_, Some(prefix)) if is_ncname(prefix) => prefix,
                (_, Some(_)) => return Err(XmlFault::new("an invalid namespace prefix", at)),
                (_, None) => {
                    others.push((name, value, at));
                    continue;
                }
            };
            if declared.iter().any(|b| &*b.prefix == prefix) {
                return Err(XmlFault::new("an attribute given twice", at));
            }
            self.bindings += 1;
            if self.bindings > XML_BINDINGS_MAX {
                let reason = format!("more than {XML_BINDINGS_MAX} namespaces in scope");
                return Err(XmlFault::new(reason, at));
            }
            declared.push(binding(prefix, &value, at)?);
        }
        Ok((declared, others))
    }

    /// Closes the innermost element; the tokenizer has matched the names.
    fn end(&mut self) {
        let Some(element) = self.open.pop() else { return };
        if element.declares {
            let declared = element.scope.as_ref().map_or(0, |scope| scope.bindings.len());
            self.bindings = self.bindings.saturating_sub(declared);
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(element)),
            None => self.root = Some(element),
        }
    }

    /// Takes text as it stands between tags.
    fn literal(&mut self, text: &str, offset: usize) -> Result<(), XmlFault> {
        if self.open.is_empty() && text.bytes().all(is_space) {
            return Ok(());
        }
        // Looking for one byte first is cheaper than preparing a search.
        let bracket = memchr(b']', text.as_bytes());
        if let Some(at) = bracket.and_then(|_| text.find("]]>")) {
            return Err(XmlFault::new("`]]>` in text", offset.saturating_add(at)));
        }
        self.text(&normalize_lines(text), offset)
    }

    /// Takes text that is ready to be kept.
    fn text(&mut self, text: &str, offset: usize) -> Result<(), XmlFault> {
        let Some(parent) = self.open.last_mut() else {
            return Err(XmlFault::new("text outside of the root element", offset));
        };
        match parent.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ if text.is_empty() => {}
            _ => parent.children.push(Node::Text(text.to_owned())),
        }
        Ok(())
    }

    /// Counts one element or attribute.
    fn count(&mut self, offset: usize) -> Result<(), XmlFault> {
        self.nodes += 1;
        if self.nodes <= XML_NODES_MAX {
            return Ok(());
        }
        Err(XmlFault::new(format!("more than {XML_NODES_MAX} elements and attributes"), offset))
    }

    /// The end of the body.
    fn finish(self, offset: usize) -> Result<Element, XmlFault> {
        match (self.open.last(), self.root) {
            (Some(_), _) => Err(XmlFault::new("an element that is not closed", offset)),
            (None, None) => Err(XmlFault::new("no root element", offset)),
            (None, Some(root)) => Ok(root),
        }
    }
}

/// The language that an element's children inherit.
fn lang_inside(element: &Element) -> Option<Arc<str>> {
    match element.attributes.iter().find(|a| a.is_lang()) {
        Some(lang) => Some(Arc::from(lang.value.as_str())),
        None => element.inherited_lang.clone(),
    }
}

/// One namespace declaration, checked (Namespaces §3, §5).
fn binding(prefix: &str, uri: &str, offset: usize) -> Result<Binding, XmlFault> {
    let fault = |reason| Err(XmlFault::new(reason, offset));
    let ns = Ns::of(uri);
    match (prefix, &ns) {
        _ if uri.len() > XML_NAMESPACE_MAX => fault("a namespace name that is too long"),
        ("xmlns", _) => fault("the prefix xmlns is not to be declared"),
        ("xml", Ns::Xml) => Ok(()),
        ("xml", _) => fault("the prefix xml has its own meaning"),
        (_, Ns::Xml) => fault("only the prefix xml may mean the XML namespace"),
        _ if uri == XMLNS => fault("no prefix may mean the namespace of xmlns"),
        ("", _) => Ok(()),
        (_, Ns::None) => fault("a prefix that is declared to mean nothing"),
        _ => Ok(()),
    }?;
    Ok(Binding { prefix: Arc::from(prefix), ns })
}

/// What a prefix, or its absence on an element, means.
fn resolve_prefix(
    scope: &Option<Arc<Scope>>,
    prefix: Option<&str>,
    offset: usize,
) -> Result<(Option<Arc<str>>, Ns), XmlFault> {
    let found = Scope::find(scope, prefix.unwrap_or(""));
    match (prefix, found) {
        (None, found) => Ok((None, found.map(|b| b.ns.clone()).unwrap_or_default())),
        (Some("xml"), _) => Ok((None, Ns::Xml)),
        (Some(_), Some(found)) => Ok((Some(found.prefix.clone()), found.ns.clone())),
        (Some(_), None) => Err(XmlFault::new("a namespace prefix that is not declared", offset)),
    }
}

/// Attributes with their expanded names; no name twice (Namespaces §6.3).
fn resolve_attributes(
    scope: &Option<Arc<Scope>>,
    written: &[Written<'_>],
) -> Result<Vec<Attribute>, XmlFault> {
    let mut attributes = Vec::with_capacity(written.len());
    for (qname, value, at) in written {
        let (prefix, local) =
            split_qname(qname).ok_or_else(|| XmlFault::new("an invalid attribute name", *at))?;
        let (prefix, ns) = match prefix {
            Some(prefix) => resolve_prefix(scope, Some(prefix), *at)?,
            None => (None, Ns::None),
        };
        let attribute =
            Attribute { name: Name::checked(ns, local), value: value.to_string(), prefix };
        if attribute.is_lang() && attribute.value.len() > XML_NAMESPACE_MAX {
            return Err(XmlFault::new("a language tag that is too long", *at));
        }
        attributes.push(attribute);
    }
    refuse_twice(&attributes, written)?;
    Ok(attributes)
}

/// Refuses two attributes of one expanded name.
fn refuse_twice(attributes: &[Attribute], written: &[Written<'_>]) -> Result<(), XmlFault> {
    if attributes.len() < 2 {
        return Ok(());
    }
    let mut seen = HashSet::with_capacity(attributes.len());
    for (attribute, (_, _, at)) in attributes.iter().zip(written) {
        if !seen.insert(&attribute.name) {
            return Err(XmlFault::new("an attribute given twice", *at));
        }
    }
    Ok(())
}
