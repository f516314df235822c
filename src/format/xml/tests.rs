//! The reader refuses what it must for the right reason, the copy of an element is faithful, and
//! what the writer makes reads back.

use super::name::KNOWN;
use super::*;
use crate::kernel::limits::{XML_BINDINGS_MAX, XML_DEPTH_MAX, XML_NAMESPACE_MAX, XML_NODES_MAX};
use proptest::prelude::*;

fn read(text: &str) -> Element {
    parse(text.as_bytes()).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

fn fault(bytes: &[u8]) -> XmlFault {
    match parse(bytes) {
        Err(fault) => fault,
        Ok(root) => panic!("{:?} was read as {root:?}", String::from_utf8_lossy(bytes)),
    }
}

/// Reads a standalone copy inside a document that has a default namespace, a language and other
/// meanings of the usual prefixes, none of which may reach the copy.
fn reread(standalone: &str) -> Element {
    let text = format!(
        "<w xmlns='urn:around' xmlns:D='urn:d' xmlns:x='urn:x' xmlns:a='urn:a'>{standalone}</w>"
    );
    let mut root = read(&text);
    assert_eq!(root.children.len(), 1, "{text}");
    match root.children.pop() {
        Some(Node::Element(element)) => element,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bad_documents_are_refused_with_the_reason() {
    let table: &[(&str, &str, usize)] = &[
        // Document structure.
        ("", "no root element", 0),
        (" \n", "no root element", 2),
        ("<!-- x -->", "no root element", 10),
        ("x<a/>", "text outside", 0),
        ("<a/>x", "text outside", 4),
        ("<a/>&#32;", "text outside", 4),
        ("<a/><![CDATA[ ]]>", "text outside", 4),
        ("\u{feff}\u{feff}<a/>", "text outside", 3),
        ("<a/><b/>", "second root", 4),
        ("<a></a><a></a>", "second root", 7),
        ("<a><b></b>", "not closed", 10),
        ("<a>", "not closed", 3),
        ("<a></b>", "expected `</a>`", 3),
        ("</a>", "", 0),
        ("<a></a></a>", "", 7),
        ("<a", "", 0),
        ("<a b='", "", 0),
        ("<", "", 0),
        // Document types and entities.
        ("<!DOCTYPE a><a/>", "DOCTYPE", 0),
        ("<!doctype a><a/>", "DOCTYPE", 0),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "DOCTYPE", 0),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "DOCTYPE", 0),
        ("<!ENTITY b 'c'><a/>", "", 0),
        ("<a>&b;</a>", "an entity", 3),
        ("<a>&nbsp;</a>", "an entity", 3),
        ("<a>&;</a>", "an entity", 3),
        ("<a>&AMP;</a>", "an entity", 3),
        ("<a b='&c;'/>", "an entity", 3),
        ("<a>a & b</a>", "", 5),
        ("<a b='a & b'/>", "begins no reference", 3),
        ("<a b='&amp'/>", "begins no reference", 3),
        // Characters.
        ("<a>\0</a>", "does not allow", 3),
        ("<a>x\u{1}</a>", "does not allow", 4),
        ("<a b='\u{1f}'/>", "does not allow", 6),
        ("<!--\u{b}--><a/>", "does not allow", 4),
        ("<a>\u{fffe}</a>", "does not allow", 3),
        ("<a>\u{ff00}\u{ffff}</a>", "does not allow", 6),
        ("<a>&#0;</a>", "character reference", 3),
        ("<a>&#x1;</a>", "character reference", 3),
        ("<a>&#xFFFE;</a>", "character reference", 3),
        ("<a>&#65535;</a>", "character reference", 3),
        ("<a>&#xD800;</a>", "character reference", 3),
        ("<a>&#x110000;</a>", "character reference", 3),
        ("<a>&#99999999999999999999;</a>", "character reference", 3),
        ("<a>&#;</a>", "character reference", 3),
        ("<a>&#x;</a>", "character reference", 3),
        ("<a>&#+65;</a>", "character reference", 3),
        ("<a>&#X41;</a>", "character reference", 3),
        ("<a b='&#8;'/>", "character reference", 3),
        // Tags and attributes.
        ("<1x/>", "element name", 0),
        ("<-x/>", "element name", 0),
        ("< a/>", "element name", 0),
        ("<></>", "element name", 0),
        ("<a/b/>", "element name", 0),
        ("<:a/>", "element name", 0),
        ("<a:/>", "element name", 0),
        ("<a:b:c xmlns:a='u'/>", "element name", 0),
        ("<a:1 xmlns:a='u'/>", "element name", 0),
        ("<a 1b='c'/>", "attribute name", 3),
        ("<a ='c'/>", "attribute name", 3),
        ("<a b/>", "without a value", 4),
        ("<a b c='d'/>", "without a value", 5),
        ("<a b=c/>", "quotation marks", 5),
        ("<a b='c'd='e'/>", "white space is missing", 8),
        ("<a b='<'/>", "`<` in an attribute", 6),
        ("<a b='c' b='c'/>", "given twice", 9),
        ("<a xmlns='u' xmlns='u'/>", "given twice", 13),
        ("<a xmlns:b='u' xmlns:b='v'/>", "given twice", 15),
        ("<a xmlns:b='u' xmlns:c='u' b:d='' c:d=''/>", "given twice", 34),
        ("<a>]]></a>", "`]]>`", 3),
        ("<a><!-- -- --></a>", "", 8),
        ("<a><!-- ---></a>", "", 8),
        ("<a><!--></a>", "", 3),
        ("<a><![cdata[]]></a>", "", 3),
        ("<a><![CDATA[]></a>", "", 3),
        ("<a><!x></a>", "", 3),
        ("<a><??></a>", "processing instruction", 3),
        ("<a><?1 x?></a>", "processing instruction", 3),
        ("<a><?XML x?></a>", "processing instruction", 3),
        // Namespaces.
        ("<b:a/>", "not declared", 0),
        ("<a b:c='d'/>", "not declared", 3),
        ("<a><b:c xmlns:b='u'/><b:c/></a>", "not declared", 21),
        ("<D:a xmlns:D='DAV:'><b xmlns:c=''/></D:a>", "mean nothing", 23),
        ("<a xmlns:xmlns='u'/>", "xmlns is not to be declared", 3),
        ("<xmlns:a/>", "not declared", 0),
        ("<a xmlns:xml='u'/>", "own meaning", 3),
        ("<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>", "only the prefix xml", 3),
        ("<a xmlns='http://www.w3.org/XML/1998/namespace'/>", "only the prefix xml", 3),
        ("<a xmlns:b='http://www.w3.org/2000/xmlns/'/>", "namespace of xmlns", 3),
        ("<a xmlns:='u'/>", "namespace prefix", 3),
        ("<a xmlns:1='u'/>", "namespace prefix", 3),
        ("<a xmlns:b:c='u'/>", "namespace prefix", 3),
        // The XML declaration.
        ("<?xml version='1.1'?><a/>", "XML version", 6),
        ("<?xml?><a/>", "without a version", 0),
        ("<?xml encoding='utf-8'?><a/>", "without a version", 0),
        (" <?xml version='1.0'?><a/>", "not at the start", 1),
        ("<a><?xml version='1.0'?></a>", "not at the start", 3),
        ("<?xml version='1.0' encoding='iso-8859-1'?><a/>", "encoding other", 20),
        ("<?xml version='1.0' encoding='utf-16'?><a/>", "encoding declared", 20),
        ("<?xml version='1.0' encoding='US-ASCII'?><a>ü</a>", "encoding declared", 20),
        ("<?xml version='1.0' standalone='maybe'?><a/>", "something unknown", 20),
        ("<?xml version='1.0' standalone='no' encoding='utf-8'?><a/>", "something unknown", 36),
    ];
    for (text, reason, offset) in table {
        let fault = fault(text.as_bytes());
        assert!(fault.reason.contains(reason), "{text:?}: {fault}");
        assert_eq!(fault.offset, *offset, "{text:?}: {fault}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    assert_eq!(fault(b"<a>\xff</a>"), XmlFault::new("bytes that are not UTF-8", 3));
    assert_eq!(fault(b"\xef\xbb\xbf<a>\xc3</a>").offset, 6);
    assert!(fault(b"<a>\xed\xa0\x80</a>").reason.contains("not UTF-8"));
    assert!(fault(b"\xff\xfe<\0a").reason.contains("not UTF-16"));
    assert!(fault(b"\xfe\xff\xd8\x00").reason.contains("not UTF-16"));
    // UTF-16 without the mark is seen by its NULs.
    assert!(fault(b"<\0a\0/\0>\0").reason.contains("does not allow"));
}

#[test]
fn limits_hold() {
    let deep = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
    read(&deep(XML_DEPTH_MAX));
    assert!(fault(deep(XML_DEPTH_MAX + 1).as_bytes()).reason.contains("levels"));

    let wide = |n: usize| format!("<a>{}</a>", "<b c=''/>".repeat(n));
    read(&wide((XML_NODES_MAX - 1) / 2));
    assert!(fault(wide(XML_NODES_MAX / 2).as_bytes()).reason.contains("elements and attributes"));

    let bound = |n: usize| (0..n).map(|i| format!(" xmlns:p{i}='u'")).collect::<String>();
    let half = bound(XML_BINDINGS_MAX / 2);
    read(&format!("<a{half}><b{half}/><b{half}></b></a>"));
    assert!(
        fault(format!("<a{half}><b{half} xmlns='u'/></a>").as_bytes()).reason.contains("scope")
    );

    let long = "u".repeat(XML_NAMESPACE_MAX);
    read(&format!("<a xmlns='{long}' xml:lang='{long}'/>"));
    assert!(fault(format!("<a xmlns='{long}u'/>").as_bytes()).reason.contains("too long"));
    assert!(fault(format!("<a xml:lang='{long}u'/>").as_bytes()).reason.contains("too long"));
}

#[test]
fn good_documents_are_read() {
    let root = read(
        "\u{feff}<?xml version=\"1.0\" encoding='UTF-8' standalone=\"yes\" ?>\r\n<!-- c --><?pi x?>\
         <propfind xmlns=\"DAV:\" xmlns:C = 'urn:ietf:params:xml:ns:caldav'\n>\
         <prop ><getetag/><C:calendar-data  content-type='text/calendar'/></prop ></propfind >\n \
         <!-- d --><?pi?>",
    );
    assert!(root.is("DAV:", "propfind") && root.is(&Ns::Dav, "propfind"));
    assert_eq!(root.name, Name::known(Ns::Dav, "propfind"));
    let prop = root.child("DAV:", "prop").unwrap();
    assert_eq!(prop.elements().count(), 2);
    let data = prop.child(&Ns::CalDav, "calendar-data").unwrap();
    assert_eq!(data.attribute("content-type"), Some("text/calendar"));
    assert_eq!(data.attribute("version"), None);
    assert!(prop.child(&Ns::None, "getetag").is_none());
}

#[test]
fn text_is_what_xml_says() {
    let table = [
        ("<a/>", ""),
        ("<a>  x </a>", "  x "),
        ("<a>1\r\n2\r3\n4\r\r\n5\r</a>", "1\n2\n3\n4\n\n5\n"),
        ("<a>1&#13;\r\n2&#xD;&#xA;</a>", "1\r\n2\r\n"),
        ("<a>&lt;&gt;&amp;&quot;&apos;&#x41;&#66;&#x10000;</a>", "<>&\"'AB\u{10000}"),
        ("<a>x<!-- y -->z<?p q?>!</a>", "xz!"),
        ("<a><![CDATA[<b>&amp;\r\n]]]]><![CDATA[>]]></a>", "<b>&amp;\n]]>"),
        ("<a>x<b>y</b>z</a>", "xz"),
        ("<a>\u{85}\u{2028}\u{fffd}\u{10ffff}</a>", "\u{85}\u{2028}\u{fffd}\u{10ffff}"),
    ];
    for (text, expected) in table {
        assert_eq!(read(text).text(), expected, "{text}");
    }
    let values = read("<a b=' \t\r\n\n&#9;&#10;&#13;&lt;\"' c=\"'>\"/>");
    assert_eq!(values.attribute("b"), Some("    \t\n\r<\""));
    assert_eq!(values.attribute("c"), Some("'>"));
}

#[test]
fn utf16_is_transcoded() {
    let text = "\u{feff}<?xml version='1.0' encoding='UTF-16'?><a>ü\u{10000}</a>";
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(parse(&little).unwrap().text(), "ü\u{10000}");
    assert_eq!(parse(&big).unwrap().text(), "ü\u{10000}");
}

#[test]
fn language_is_inherited() {
    let root = read("<a xml:lang='en'><b><c/></b><d xml:lang=''><e/></d><f xml:lang='fr'/></a>");
    let lang = |path: &[&str]| {
        let element = path.iter().fold(&root, |e, local| e.child(&Ns::None, local).unwrap());
        element.lang().map(str::to_owned)
    };
    assert_eq!(lang(&[]).as_deref(), Some("en"));
    assert_eq!(lang(&["b", "c"]).as_deref(), Some("en"));
    assert_eq!(lang(&["d", "e"]).as_deref(), Some(""));
    assert_eq!(lang(&["f"]).as_deref(), Some("fr"));
}

/// The first element below the root's `prop`, as PROPPATCH meets dead properties.
fn property(text: &str) -> Element {
    let root = read(text);
    root.elements().next().unwrap().elements().next().unwrap().clone()
}

#[test]
fn copies_are_faithful_and_stand_alone() {
    // The fragment as the client sends it, and the copy expected.
    let table = [
        // RFC 4918 §4.3.1: mixed content and an inherited language.
        (
            "<D:set xmlns:D='DAV:'><D:prop xml:lang='en'>\
             <x:author xmlns:x='http://example.com/ns'>\n <x:name>Jane Doe</x:name>\
             <!-- Jane's contact info --><x:uri type='email' added='2005-11-26'>mailto:jane\
             </x:uri> <x:notes xmlns:h='http://www.w3.org/1999/xhtml'>Jane <h:em>far</h:em> \
             <![CDATA[<too>]]> long</x:notes></x:author></D:prop></D:set>",
            "<x:author xmlns:x=\"http://example.com/ns\" xml:lang=\"en\">\n \
             <x:name>Jane Doe</x:name><x:uri type=\"email\" added=\"2005-11-26\">mailto:jane\
             </x:uri> <x:notes xmlns:h=\"http://www.w3.org/1999/xhtml\">Jane <h:em>far</h:em> \
             &lt;too&gt; long</x:notes></x:author>",
        ),
        // A prefix from further out; those that nothing uses are left out.
        (
            "<D:a xmlns:D='DAV:' xmlns:Z='urn:z' xmlns:Y='urn:y'><D:prop><Z:p/></D:prop></D:a>",
            "<Z:p xmlns:Z=\"urn:z\"/>",
        ),
        // The inner meaning of a prefix hides the outer one.
        (
            "<a xmlns:Z='urn:1'><b xmlns:Z='urn:2'><Z:p><Z:q xmlns:Z='urn:3'/><Z:r/></Z:p></b></a>",
            "<Z:p xmlns:Z=\"urn:2\"><Z:q xmlns:Z=\"urn:3\"/><Z:r/></Z:p>",
        ),
        // A default namespace, and an attribute, which does not have it.
        (
            "<D:a xmlns:D='DAV:' xmlns='urn:z'><D:prop><p q='r'><s/></p></D:prop></D:a>",
            "<p xmlns=\"urn:z\" q=\"r\"><s/></p>",
        ),
        // The default namespace taken back inside.
        (
            "<a xmlns='DAV:'><prop><p xmlns='urn:z'><q xmlns=''><r/></q></p></prop></a>",
            "<p xmlns=\"urn:z\"><q xmlns=\"\"><r/></q></p>",
        ),
        // litmus: no namespace, which the copy must say in any surrounding.
        (
            "<D:a xmlns:D='DAV:'><D:prop><nonamespace xmlns=''>x</nonamespace></D:prop></D:a>",
            "<nonamespace xmlns=\"\">x</nonamespace>",
        ),
        (
            "<D:a xmlns:D='DAV:'><D:prop><D:p><q/><q/></D:p></D:prop></D:a>",
            "<D:p xmlns:D=\"DAV:\" xmlns=\"\"><q/><q/></D:p>",
        ),
        // litmus: a value above U+FFFF; a namespace that is a mailto:.
        (
            "<D:a xmlns:D='DAV:'><D:prop><high-unicode xmlns='http://webdav.org/neon/litmus/'>\
             &#65536;</high-unicode></D:prop></D:a>",
            "<high-unicode xmlns=\"http://webdav.org/neon/litmus/\">\u{10000}</high-unicode>",
        ),
        (
            "<D:a xmlns:D='DAV:'><D:prop><t:p xmlns:t='mailto:a@b?c=d&amp;e'/></D:prop></D:a>",
            "<t:p xmlns:t=\"mailto:a@b?c=d&amp;e\"/>",
        ),
        // Prefixes that only values use (RFC 4918 §4.3 asks for it because of XPath and Schema).
        (
            "<a xmlns:xs='urn:xs' xmlns:i='urn:i' xmlns:u='urn:u'><b><p i:type='xs:string'/></b></a>",
            "<p xmlns:xs=\"urn:xs\" xmlns:i=\"urn:i\" xmlns=\"\" i:type=\"xs:string\"/>",
        ),
        (
            "<D:a xmlns:D='DAV:' xmlns:f='urn:f'><D:b><D:p>count(//f:x)</D:p></D:b></D:a>",
            "<D:p xmlns:D=\"DAV:\" xmlns:f=\"urn:f\">count(//f:x)</D:p>",
        ),
        // White space, line ends and quotation marks.
        (
            "<a><b><p xmlns='u' q=\"'&quot;&#10;&#9;&#13; \">\n\t &#13;\n</p></b></a>",
            "<p xmlns=\"u\" q=\"'&quot;&#10;&#9;&#13; \">\n\t &#13;\n</p>",
        ),
        // The own language wins; attributes of the xml namespace keep their prefix.
        (
            "<a xml:lang='en'><b><p xmlns='u' xml:lang='fr' xml:space='preserve'><q xml:lang='fr'/>\
             </p></b></a>",
            "<p xmlns=\"u\" xml:lang=\"fr\" xml:space=\"preserve\"><q xml:lang=\"fr\"/></p>",
        ),
    ];
    for (text, expected) in table {
        let property = property(text);
        let copy = property.to_standalone();
        assert_eq!(copy, expected);
        assert_eq!(read(&copy), property);
        assert_eq!(reread(&copy), property);
        assert_eq!(read(&copy).to_standalone(), copy);
    }
}

#[test]
fn equality_sees_what_matters() {
    let base = read("<a xmlns='u' b='c'>x<d/>y</a>");
    assert_eq!(base, read("<p:a xmlns:p='u' b='c'>x<p:d></p:d>y</p:a>"));
    for other in [
        "<a xmlns='v' b='c'>x<d/>y</a>",
        "<a xmlns='u' b='d'>x<d/>y</a>",
        "<a xmlns='u'>x<d/>y</a>",
        "<a xmlns='u' b='c'>x<e/>y</a>",
        "<a xmlns='u' b='c'>x<d/></a>",
        "<a xmlns='u' b='c'>x <d/>y</a>",
        "<a xmlns='u' b='c' xml:lang='en'>x<d/>y</a>",
        "<a xmlns='u' b='c'>x<d xml:lang='en'/>y</a>",
    ] {
        assert_ne!(base, read(other), "{other}");
    }
}

#[test]
fn names_are_one_value_each() {
    for (ns, uri, prefix) in &KNOWN {
        assert_eq!((Ns::of(uri), ns.uri(), ns.prefix()), (ns.clone(), *uri, Some(*prefix)));
    }
    assert_eq!(Ns::of(""), Ns::None);
    assert_eq!(Ns::of("urn:x"), Ns::Other("urn:x".into()));
    assert_eq!(Ns::of("urn:x").prefix(), None);
    static ETAG: Name = Name::known(Ns::Dav, "getetag");
    assert_eq!(read("<getetag xmlns='DAV:'/>").name, ETAG);
    for clark in ["{DAV:}getetag", "author", "{a}b}c", "{urn:x}ü"] {
        assert_eq!(Name::from_clark(clark).unwrap().to_string(), clark);
    }
    for bad in ["", "{DAV:}", "{DAV:}1", "{DAV:", "a:b", "{u}a b"] {
        assert_eq!(Name::from_clark(bad), None, "{bad}");
    }
}

const MULTISTATUS: Name = Name::known(Ns::Dav, "multistatus");
const PROP: Name = Name::known(Ns::CalDav, "calendar-data");

#[test]
fn the_writer_writes() {
    let other = Name::new(Ns::of("urn:a&\"b"), "p").unwrap();
    let bare = Name::known(Ns::None, "bare");
    let mut writer = Writer::with_capacity(64);
    writer.document_start(&MULTISTATUS);
    writer.href("/a b/");
    writer.open(&other);
    writer.empty(&bare);
    writer.close(&other);
    writer.empty(&other);
    writer.element(&PROP, "A\r\n<&]]>\u{0}\u{1f}\u{fffe}\u{ff01}\"'\t");
    writer.empty_with(&Name::known(Ns::CalDav, "comp"), &[("name", "\"<\t\r\n\u{1}>&"), ("b", "")]);
    writer.raw(b"<x/>");
    writer.close(&MULTISTATUS);
    let text = String::from_utf8(writer.out).unwrap();
    let (start, body) = text.split_once("nextcloud.com/ns\">").unwrap();
    assert!(
        start.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=")
    );
    assert_eq!(
        body,
        "<D:href>/a%20b/</D:href><X:p xmlns:X=\"urn:a&amp;&quot;b\"><bare/></X:p>\
         <X:p xmlns:X=\"urn:a&amp;&quot;b\"/>\
         <C:calendar-data>A&#13;\n&lt;&amp;]]&gt;\u{fffd}\u{fffd}\u{fffd}\u{ff01}\"'\t\
         </C:calendar-data><C:comp name=\"&quot;&lt;&#9;&#13;&#10;\u{fffd}&gt;&amp;\" b=\"\"/>\
         <x/></D:multistatus>"
    );
    assert_eq!(read(&text).elements().count(), 6);
}

#[test]
fn a_root_declares_every_known_prefix() {
    for root in KNOWN.iter().map(|row| &row.0).chain([&Ns::None, &Ns::of("urn:x")]) {
        let root = Name::new(root.clone(), "root").unwrap();
        let mut writer = Writer::default();
        writer.document_start(&root);
        for (ns, _, _) in &KNOWN {
            writer.empty(&Name::known(ns.clone(), "x"));
        }
        writer.close(&root);
        let read = parse(&writer.out).unwrap();
        assert_eq!(read.name, root);
        let found: Vec<_> = read.elements().map(|e| e.name.ns().clone()).collect();
        assert_eq!(found, KNOWN.iter().map(|row| row.0.clone()).collect::<Vec<_>>());
    }
}

/// What a reader gets of a text that the writer was given.
fn carried(text: &str) -> String {
    text.chars().map(|c| if super::chars::is_char(c) { c } else { '\u{fffd}' }).collect()
}

/// Characters that escaping and reading treat apart, and any others.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a\\r\\n\\t<>&\"'\\]\\x00\\x1f:;#\u{fffe}\u{ffff}\u{ff01}\u{85}ü]{0,40}",
        "([A-Z:;]{0,20}\\r\\n){0,5}",
    ]
}

/// A tree as some code of ours might build it; texts that XML carries, never two in a row.
fn any_tree() -> impl Strategy<Value = Element> {
    let name = (0..6usize, "[a-zü][a-z0-9.-]{0,3}")
        .prop_map(|(ns, local)| {
            let ns = ["", "DAV:", "urn:x", "urn:y", "a&b", "urn:ietf:params:xml:ns:caldav"][ns];
            Name::new(Ns::of(ns), &local).unwrap()
        })
        .boxed();
    let prefix = || prop::option::of("[abn][0-2]?".prop_map(|p| std::sync::Arc::from(p.as_str())));
    let attribute = (name.clone(), any_text(), prefix())
        .prop_map(|(name, value, prefix)| Attribute { name, value: carried(&value), prefix });
    let lang = prop::option::of("(en|fr|)");
    let element = (name, prop::collection::vec(attribute, 0..4), lang, prefix())
        .prop_map(|(name, mut attributes, lang, prefix)| {
            attributes.extend(lang.map(|l| Attribute::new(Name::known(Ns::Xml, "lang"), l)));
            let mut seen = std::collections::HashSet::new();
            attributes.retain(|a: &Attribute| seen.insert(a.name.clone()));
            Element { attributes, prefix, ..Element::new(name) }
        })
        .boxed();
    let leaf = element.clone();
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let content = prop::collection::vec((any_text(), inner), 0..4);
        (element.clone(), content).prop_map(|(mut element, content)| {
            for (text, child) in content {
                let text = carried(&text);
                if !text.is_empty() {
                    element.children.push(Node::Text(text));
                }
                element.children.push(Node::Element(child));
            }
            element
        })
    })
}

const SEED: &str = "<?xml version='1.0' encoding='utf-8'?><D:a xmlns:D='DAV:' xmlns='urn:x'><b \
    c='d&lt;' D:e=\"f\">t&#13;&amp;<![CDATA[x]]><!-- c --><?p i?></b><D:g xml:lang='en'/></D:a>";

#[test]
fn a_fault_is_short_however_long_the_names_are() {
    // The tokenizer repeats both names of tags that do not match.
    let name = "\u{2f2f}".repeat(100_000);
    let fault = parse(format!("<a></{name}>").as_bytes()).unwrap_err();
    assert!(fault.to_string().chars().count() < 200, "{} octets", fault.to_string().len());
}

proptest! {
    #[test]
    fn never_panics_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn never_panics_on_markup(text in "([<>/!?&;#=:'\" \\[\\]-]|<a|</a>|xmlns|CDATA|DOCTYPE|xml|b){0,30}") {
        let _ = parse(text.as_bytes());
    }

    #[test]
    fn what_is_read_of_mutated_xml_copies_well(
        changes in prop::collection::vec((0..SEED.len(), 0..3u8, any::<u8>()), 1..4)
    ) {
        let mut bytes = SEED.as_bytes().to_vec();
        for (at, kind, byte) in changes {
            let at = at.min(bytes.len().saturating_sub(1));
            match kind {
                0 => { bytes.remove(at); }
                1 => bytes.insert(at, byte),
                _ => bytes[at] = b"<>&'\":/= x"[usize::from(byte) % 10],
            }
        }
        if let Ok(root) = parse(&bytes) {
            prop_assert_eq!(&read(&root.to_standalone()), &root);
        }
    }

    #[test]
    fn what_is_written_is_read(text in any_text(), value in any_text()) {
        let mut writer = Writer::default();
        writer.document_start(&MULTISTATUS);
        writer.open_with(&PROP, &[("name", &value)]);
        writer.text(&text);
        writer.close(&PROP);
        writer.close(&MULTISTATUS);
        let root = parse(&writer.out).map_err(|f| TestCaseError::fail(f.to_string()))?;
        let prop = root.child(&Ns::CalDav, "calendar-data").unwrap();
        prop_assert_eq!(prop.text(), carried(&text));
        prop_assert_eq!(prop.attribute("name").unwrap(), carried(&value));
    }

    #[test]
    fn trees_stand_alone(tree in any_tree()) {
        let copy = tree.to_standalone();
        prop_assert_eq!(&read(&copy), &tree, "{}", copy);
        prop_assert_eq!(&reread(&copy), &tree, "{}", copy);
        // The spelling settles with the first copy of what was read.
        let settled = read(&copy).to_standalone();
        prop_assert_eq!(read(&settled).to_standalone(), settled);
    }
}
