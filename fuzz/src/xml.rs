//! The XML reader and writer (`format/xml`).
//!
//! Promises: depth, nodes and the text of a fault are bounded; an element's standalone copy reads
//! back as an equal element, and so does a copy of that; whatever text the writer is given reads
//! back as it was.

use davenport::format::xml::{Element, Name, Node, Ns, Writer, parse};
use davenport::kernel::limits::{XML_DEPTH_MAX, XML_NODES_MAX};

pub const SEEDS: &[&[u8]] = &[
    br#"<?xml version="1.0" encoding="utf-8" ?><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><C:x xmlns:C="urn:ietf:params:xml:ns:caldav" y="1&amp;2"/></D:prop></D:propfind>"#,
    br#"<propertyupdate xmlns="DAV:" xml:lang="de"><set><prop><x:y xmlns:x="http://e/" x:a='"&#13;'>a<b xmlns=""/>&#x20AC;<![CDATA[<&]]></x:y></prop></set></propertyupdate>"#,
    br#"<a xmlns:p="urn:p" xmlns:q="urn:p" p:x="1" y="q:z"><p:b q:c="2"><c xmlns="urn:c" xmlns:p="urn:d" p:e=""/></p:b> xs:string</a><!-- c --><?pi x?>"#,
    b"\xff\xfe<\0a\0>\0x\0<\0/\0a\0>\0",
    b"\xef\xbb\xbf<a>\r\n\r</a>",
    "<a></\u{2f2f}\u{2f2f}>".as_bytes(),
    br#"<a><b xml:lang="en" xml:space="preserve"><c xml:lang=""/></b></a>"#,
];

pub fn run(data: &[u8]) {
    let root = match parse(data) {
        Ok(root) => root,
        Err(fault) => {
            super::assert_short(&fault);
            assert!(fault.offset <= 2 * data.len() + 3, "{fault}");
            return;
        }
    };
    let mut nodes = 0;
    let depth = measure(&root, &mut nodes);
    assert!(depth <= XML_DEPTH_MAX && nodes <= XML_NODES_MAX);
    stands_alone(&root, data.len());
    root.elements().take(8).for_each(|child| stands_alone(child, data.len()));
    survives_the_writer(&root);
}

/// The depth of a tree; counts its elements and attributes.
fn measure(element: &Element, nodes: &mut usize) -> usize {
    *nodes += 1 + element.attributes.len();
    1 + element.elements().map(|child| measure(child, nodes)).max().unwrap_or(0)
}

fn stands_alone(element: &Element, length: usize) {
    let copy = element.to_standalone();
    // A character may become a reference, a prefix a declaration; names of namespaces are bounded.
    assert!(copy.len() <= 8 * length + 200_000, "{} octets from {length}", copy.len());
    let read = parse(copy.as_bytes()).unwrap_or_else(|fault| panic!("{fault}: {copy}"));
    assert!(read == *element, "{copy}");
    let again = read.to_standalone();
    let read_again = parse(again.as_bytes()).unwrap_or_else(|fault| panic!("{fault}: {again}"));
    assert!(read_again == read, "{copy}\n{again}");
}

fn survives_the_writer(element: &Element) {
    let name = Name::new(Ns::of("urn:x"), "n").unwrap_or_else(|| element.name.clone());
    for node in &element.children {
        match node {
            Node::Text(text) => {
                let mut writer = Writer::default();
                writer.open_with(&name, &[("a", text)]);
                writer.text(text);
                writer.close(&name);
                let read = parse(&writer.out).unwrap_or_else(|fault| panic!("{fault}: {text:?}"));
                assert_eq!(read.text(), text.as_str());
                assert_eq!(read.attribute("a"), Some(text.as_str()));
            }
            Node::Element(child) => survives_the_writer(child),
        }
    }
}
