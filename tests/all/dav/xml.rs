//! XML in requests and answers (RFC 4918 §8.2, §17, §19, §20.6).

use crate::support::dav::{LOCKINFO, User, dialogues};
use std::fmt::Write as _;

/// Every element name in the `DAV:` namespace that RFC 4918, 3744, 5397, 5689, 5995, 6578, 4331,
/// 3253 and 5323 and draft-pot-webdav-notifications define and we write.
const DAV_NAMES: &str = "activelock add-member allprop collection creationdate current-user-principal \
    current-user-privilege-set depth displayname error exclusive getcontentlanguage getcontentlength \
    getcontenttype getetag getlastmodified href locked lockdiscovery lockentry lockroot lockscope \
    locktoken locktype multistatus owner group principal principal-URL principal-collection-set prop \
    propstat privilege quota-available-bytes quota-used-bytes report resourcetype response \
    responsedescription shared status supported-method supported-method-set supported-privilege \
    supported-privilege-set supported-report supported-report-set supportedlock sync-token \
    sync-collection timeout unauthenticated write read all read-acl write-acl unlock bind unbind \
    write-content write-properties acl-restrictions grant-only no-invert inherited-acl-set \
    alternate-URI-set group-member-set group-membership description abstract expand-property \
    principal-match principal-property-search principal-search-property-set acl-principal-prop-set \
    read-current-user-privilege-set acl ace grant protected inherited property self authenticated \
    need-privileges resource deny-before-grant required-principal owner-URI notification-URL";

fn utf16(text: &str) -> Vec<u8> {
    let mut out = vec![0xff, 0xfe];
    out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    out
}

async fn ask(user: &User, body: impl AsRef<[u8]>) -> u16 {
    user.send("PROPFIND", "files/", &[("Depth", "0")], body).await.status.as_u16()
}

fn names<'e>(
    element: &'e davenport::format::xml::Element,
    out: &mut Vec<&'e davenport::format::xml::Name>,
) {
    out.push(&element.name);
    element.elements().for_each(|child| names(child, out));
}

dialogues! {
    /// RFC 4918 §8.2: both media types are read, as are namespaces in every form.
    async fn xml_is_read_as_its_standards_say(user: User) {
        let body = "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:resourcetype/></D:prop></D:propfind>";
        for kind in ["text/xml", "application/xml", "text/xml; charset=\"utf-8\"", "application/xml;charset=UTF-8"] {
            let headers = [("Depth", "0"), ("Content-Type", kind)];
            user.send("PROPFIND", "files/", &headers, body).await.expect(207);
        }
        let declaration = "<?xml version=\"1.0\" encoding=\"utf-16\"?>";
        for good in [
            "<propfind xmlns=\"DAV:\"><prop><resourcetype/></prop></propfind>".as_bytes().to_vec(),
            "<a:propfind xmlns:a=\"DAV:\"><b:prop xmlns:b=\"DAV:\"/></a:propfind>".into(),
            "<propfind xmlns='DAV:'><!-- &lt; --><prop><![CDATA[ x ]]>&#65;&amp;</prop></propfind>".into(),
            "<?xml version='1.0'?><?some instruction?><propfind xmlns='DAV:'><allprop/></propfind>".into(),
            format!("\u{feff}{body}").into_bytes(),
            utf16(&format!("{declaration}{body}")),
        ] {
            assert_eq!(ask(&user, &good).await, 207, "{}", String::from_utf8_lossy(&good));
        }
    }

    /// RFC 4918 §8.2: what is not well formed, or is but has no namespace for a prefix, is a 400.
    async fn what_is_not_well_formed_is_400(user: User) {
        user.put("files/f", "text").await;
        for bad in [
            &b"<propfind xmlns='DAV:'><prop></propfind>"[..],
            b"<propfind xmlns='DAV:'><prop>",
            b"<D:propfind><D:prop/></D:propfind>",
            b"<propfind xmlns='DAV:' a='1' a='2'><prop/></propfind>",
            b"<propfind xmlns='DAV:'><prop/></propfind><more/>",
            b"<propfind xmlns='DAV:'><prop>&undefined;</prop></propfind>",
            b"<propfind xmlns='DAV:'><prop>\xff\xfe</prop></propfind>",
            b"<propfind xmlns='DAV:'><prop>\x00</prop></propfind>",
            b"<propfind xmlns='DAV:'><prop>&#0;</prop></propfind>",
            b"<?xml version='1.0' encoding='iso-8859-1'?><propfind xmlns='DAV:'><prop>\xe9</prop></propfind>",
            b"just text",
        ] {
            assert_eq!(ask(&user, bad).await, 400, "{}", String::from_utf8_lossy(bad));
        }
        for method in ["PROPPATCH", "LOCK", "REPORT", "MKCOL"] {
            let target = if method == "MKCOL" { "files/new" } else { "files/f" };
            user.send(method, target, &[("Content-Type", "application/xml")], "<a><b></a>").await.expect(400);
        }
        assert!(crate::dav::lock::active(&user, "files/f").await.is_empty());
        user.get("files/new").await.expect(404);
    }

    /// RFC 4918 §20.6, §16: nothing outside the body is fetched, nothing in it is expanded.
    async fn document_types_are_refused(user: User) {
        let laughs = "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
            <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><propfind xmlns='DAV:'><prop>&c;</prop></propfind>";
        assert_eq!(ask(&user, laughs).await, 400);
        for outside in [
            "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><propfind xmlns='DAV:'><prop>&e;</prop></propfind>",
            "<!DOCTYPE a PUBLIC \"x\" \"http://127.0.0.1:1/x.dtd\"><propfind xmlns='DAV:'><prop/></propfind>",
        ] {
            let answer = user.send("PROPFIND", "files/", &[("Depth", "0")], outside).await;
            answer.expect_condition(403, "no-external-entities");
        }
    }

    /// Depth, attributes, size: hostile bodies cost little and are told so.
    async fn hostile_bodies_are_refused(user: User) {
        let deep = |levels: usize| {
            let mut body = "<propfind xmlns='DAV:'><prop>".to_owned();
            body.push_str(&"<a>".repeat(levels));
            body.push_str(&"</a>".repeat(levels));
            body + "</prop></propfind>"
        };
        assert_eq!(ask(&user, deep(10)).await, 207);
        assert_eq!(ask(&user, deep(100_000)).await, 400);
        let mut wide = "<propfind xmlns='DAV:'><prop".to_owned();
        for n in 0..100_000 {
            let _ = write!(wide, " a{n}='1'");
        }
        wide.push_str("/></propfind>");
        let began = std::time::Instant::now();
        let status = ask(&user, &wide).await;
        assert!(matches!(status, 207 | 400), "{status}");
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
        let mut bindings = "<propfind xmlns='DAV:'><prop".to_owned();
        for n in 0..1_000 {
            let _ = write!(bindings, " xmlns:a{n}='urn:{n}'");
        }
        assert_eq!(ask(&user, bindings + "/></propfind>").await, 400);
        let large = vec![b' '; davenport::kernel::limits::XML_BODY_MAX + 1];
        assert_eq!(ask(&user, large).await, 413);
    }

    /// RFC 4918 §17: what is unknown in a request counts as absent, in any order, with
    /// processing instructions; nothing is validated.
    async fn what_is_unknown_counts_as_absent(user: User) {
        let body = "<?p i?><D:propfind xmlns:D=\"DAV:\" xmlns:x=\"urn:x\" x:at=\"1\" at=\"2\"><x:a><D:allprop/></x:a>\
            <D:prop x:at=\"1\"><D:resourcetype x:at=\"1\"/></D:prop><D:unknown/></D:propfind>";
        let found = user.send("PROPFIND", "files/", &[("Depth", "0")], body).await.expect(207).multistatus();
        assert_eq!(found.only().names(), [(200, "{DAV:}resourcetype".to_owned())]);
        let odd = "<D:propfind xmlns:D=\"DAV:\"><D:include><D:owner/></D:include><D:allprop/></D:propfind>";
        let found = user.send("PROPFIND", "files/", &[("Depth", "0")], odd).await.expect(207).multistatus();
        assert_eq!(found.only().status_of("owner"), Some(200));
        user.put("files/f", "text").await;
        let patch = "<x:a xmlns:x=\"urn:x\"/><D:set x=\"1\"><D:prop><x:b xmlns:x=\"urn:x\">1</x:b></D:prop></D:set>";
        let found = user.proppatch("files/f", patch).await.expect(207).multistatus();
        assert_eq!(found.only().names(), [(200, "{urn:x}b".to_owned())]);
        let none = "<D:propfind xmlns:D=\"DAV:\"><D:unknown/></D:propfind>";
        user.send("PROPFIND", "files/", &[("Depth", "0")], none).await.expect(400);
    }

    /// RFC 4918 §19: text of any script, in UTF-8 and UTF-16, with its language.
    async fn every_script_and_language(user: User) {
        user.put("files/f", "text").await;
        let value = "Ωμέγα 日本語 🎉 é";
        let body = format!(
            "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop xml:lang=\"ja\"><D:displayname>{value}</D:displayname>\
             </D:prop></D:set></D:propertyupdate>"
        );
        for octets in [body.clone().into_bytes(), utf16(&body)] {
            user.send("PROPPATCH", "files/f", &[], &octets).await.expect(207);
            let found = user.propfind("files/f", "0", "<D:displayname/>").await;
            assert_eq!(found.only().text("displayname"), value);
            assert_eq!(found.only().prop("displayname").lang(), Some("ja"));
            user.proppatch("files/f", "<D:remove><D:prop><D:displayname/></D:prop></D:remove>").await.expect(207);
        }
    }

    /// RFC 4918 §17: no element of our own in the namespace of the standards; §14.18, §17: where
    /// elements are to be there is no text, and the other way round.
    async fn answers_keep_to_the_standards(user: User) {
        user.put("files/f", "text").await;
        user.lock("files/f", "0").await;
        let principal = user.principal();
        let propname = "<D:propfind xmlns:D=\"DAV:\"><D:propname/></D:propfind>";
        for target in ["files/", "files/f", "calendars/", "addressbooks/", "/dav/", &principal] {
            let names_found = user.send("PROPFIND", target, &[("Depth", "0")], propname).await.expect(207).multistatus();
            let all: String = names_found.only().properties.iter().map(|(_, p)| {
                format!("<p:{} xmlns:p=\"{}\"/>", p.name.local(), p.name.ns().uri())
            }).collect();
            let found = user.propfind(target, "0", &all).await;
            let mut seen = Vec::new();
            names(&found.root, &mut seen);
            for name in seen.iter().filter(|name| *name.ns() == davenport::format::xml::Ns::Dav) {
                assert!(DAV_NAMES.split_ascii_whitespace().any(|n| n == name.local()), "{name}");
            }
            for (_, property) in &found.only().properties {
                let texts = ["displayname", "getetag", "getcontentlength", "getcontenttype", "creationdate",
                    "getlastmodified", "sync-token", "quota-used-bytes"];
                let elements = property.elements().count();
                match texts.contains(&property.name.local()) {
                    true => assert_eq!(elements, 0, "{}", property.name),
                    false if *property.name.ns() == davenport::format::xml::Ns::Dav => {
                        assert!(property.text().trim().is_empty(), "{}", property.name);
                    }
                    false => {}
                }
            }
        }
        let answer = user.send("LOCK", "files/new", &[], LOCKINFO).await.expect(201);
        let root = answer.xml();
        let mut seen = Vec::new();
        names(&root, &mut seen);
        assert!(seen.iter().all(|n| DAV_NAMES.split_ascii_whitespace().any(|known| known == n.local())));
    }
}
