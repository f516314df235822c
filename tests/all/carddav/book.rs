//! Address books as collections (RFC 6352 §5.2, §6.2, §7.1), and what may go into them by PUT, COPY
//! and MOVE (§6.3.2.1).

use super::{book, card, multiget};
use crate::support::dav::{Answer, User, dialogues, document};

const OWN: &str = "<A:supported-address-data/><A:max-resource-size/><A:supported-collation-set/>\
                   <A:addressbook-description/>";

async fn go(user: &User, method: &str, from: &str, to: &str) -> Answer {
    let to = if to.starts_with('/') { to.to_owned() } else { user.path(to) };
    user.send(method, from, &[("Destination", &to)], "").await
}

async fn make(user: &User, target: &str) -> Answer {
    let props = "<D:resourcetype><D:collection/><A:addressbook/></D:resourcetype>\
                 <A:addressbook-description xml:lang=\"fr\">Amis</A:addressbook-description>";
    let body = document("D:mkcol", &format!("<D:set><D:prop>{props}</D:prop></D:set>"));
    user.send("MKCOL", target, &[("Content-Type", "application/xml")], body).await
}

/// Cards as programs write groups and photographs.
fn groups_and_photographs() -> Vec<(&'static str, String)> {
    let data = "iVBORw0KGgo".to_owned() + &"QUJDREVGRw".repeat(200_000);
    let four = |more: &str| card("f", more).replace("VERSION:3.0", "VERSION:4.0");
    vec![
        ("large", card("l", &format!("PHOTO;ENCODING=b;TYPE=PNG:{data}\r\n"))),
        ("large4", four(&format!("PHOTO:data:image/png;base64,{data}\r\n"))),
        (
            "apple",
            card(
                "a",
                "X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:l\r\n",
            ),
        ),
        (
            "kind",
            four("KIND:group\r\nMEMBER:urn:uuid:l\r\nMEMBER:mailto:a@b\r\n")
                .replace(":f\r", ":k\r"),
        ),
        ("categories", card("c", "CATEGORIES:Friends,Work\\, old\r\nX-EVOLUTION-LIST:TRUE\r\n")),
    ]
}

dialogues! {
    /// RFC 6352 §6.2, §8.3.1, §7.1: what the server keeps cannot be set; none is in allprop.
    async fn properties_of_a_book_are_protected_and_named(user: User) {
        let book = book(&user).await;
        for name in ["supported-address-data", "max-resource-size", "supported-collation-set"] {
            for set in [format!("<D:set><D:prop><A:{name}>1</A:{name}></D:prop></D:set>"),
                format!("<D:remove><D:prop><A:{name}/></D:prop></D:remove>")] {
                let it = user.proppatch(&book, &set).await.expect(207).multistatus();
                assert_eq!(it.only().status_of(name), Some(403));
                assert!(it.only().has_condition("cannot-modify-protected-property"), "{name}");
            }
        }
        let description = "<D:set><D:prop><A:addressbook-description xml:lang=\"fr\">Amis\
                           </A:addressbook-description></D:prop></D:set>";
        user.proppatch(&book, description).await.expect(207);
        let home = user.path("addressbooks/");
        for (target, body) in [(book.as_str(), ""), (&user.principal(), ""), (&home, "")] {
            let answer = user.send("PROPFIND", target, &[("Depth", "0")], body).await.expect(207);
            let names = answer.multistatus().only().names();
            let of_carddav = ["addressbook-description", "supported-address-data", "max-resource-size",
                "supported-collation-set", "addressbook-home-set", "principal-address",
                "directory-gateway"];
            assert!(names.iter().all(|(_, name)| !of_carddav.contains(&name.as_str())), "{names:?}");
        }
    }

    /// RFC 6352 §6.2, §8.3.1: all of them are there on a copy and after a move.
    async fn properties_of_a_book_come_along(user: User) {
        make(&user, "addressbooks/a/").await.expect(201);
        let said = |user: User, target: &'static str| async move {
            let it = user.propfind(target, "0", OWN).await;
            let it = it.only();
            let text = it.prop("addressbook-description");
assert_eq!(text.lang(), Some("fr"));
            ["supported-address-data", "max-resource-size", "supported-collation-set",
                "addressbook-description"].map(|name| it.prop(name).to_standalone())
        };
        let before = said(user.clone(), "addressbooks/a/").await;
        go(&user, "COPY", "addressbooks/a/", "addressbooks/b/").await.expect(201);
        assert_eq!(said(user.clone(), "addressbooks/b/").await, before);
        go(&user, "MOVE", "addressbooks/b/", "addressbooks/c/").await.expect(201);
        assert_eq!(said(user.clone(), "addressbooks/c/").await, before);
    }

    /// RFC 6352 §8.3, RFC 3253 §3.1.5: whatever can be queried says the collations and the reports.
    async fn what_can_be_queried_says_so(user: User) {
        let book = book(&user).await;
        let href = format!("{book}a.vcf");
        user.put(&href, card("a", "")).await;
        for target in [book, href, user.path("addressbooks/")] {
            let props = "<A:supported-collation-set/><D:supported-report-set/>";
            let it = user.propfind(&target, "0", props).await;
            let set = it.only().prop("supported-collation-set");
            let names: Vec<_> = set.elements().map(|e| e.text().into_owned()).collect();
            assert_eq!(names, ["i;ascii-casemap", "i;octet", "i;unicode-casemap"]);
            let reports = it.only().prop("supported-report-set").to_standalone();
            for report in ["addressbook-query", "addressbook-multiget", "expand-property"] {
                assert!(reports.contains(report), "{target}: {report}");
            }
        }
    }

    /// RFC 6352 §6.3.2.1: what is no card does not get in by COPY or MOVE, and stays where it was.
    async fn only_cards_go_into_a_book(user: User) {
        let book = book(&user).await;
        user.put("files/a.vcf", card("a", "")).await;
        user.put("files/f", "text").await;
        user.mkcol("calendars/one").await;
        let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:e\r\n\
                     DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\n\
                     END:VCALENDAR\r\n";
        user.put("calendars/one/e.ics", event).await;
        for from in ["files/f", "calendars/one/e.ics"] {
            for method in ["COPY", "MOVE"] {
                let answer = go(&user, method, from, &format!("{book}x.vcf")).await;
                answer.expect_condition(403, "supported-address-data");
                user.get(&format!("{book}x.vcf")).await.expect(404);
                user.get(from).await.expect(200);
            }
        }
        // Between books a card goes as it is.
        make(&user, "addressbooks/b/").await.expect(201);
        user.put(&format!("{book}a.vcf"), card("a", "NOTE:n\r\n")).await;
        go(&user, "COPY", &format!("{book}a.vcf"), "addressbooks/b/a.vcf").await.expect(201);
        go(&user, "MOVE", &format!("{book}a.vcf"), "addressbooks/b/c.vcf").await
            .expect_condition(409, "no-uid-conflict");
        assert_eq!(user.get("addressbooks/b/a.vcf").await.text(), card("a", "NOTE:n\r\n"));
    }

    /// RFC 6352 §5.2, §6.3.2.1: no book lies in another, however it would get there.
    async fn books_lie_in_homes_only(user: User) {
        let book = book(&user).await;
        make(&user, "addressbooks/b/").await.expect(201);
        make(&user, &format!("{book}c/")).await
            .expect_condition(403, "addressbook-collection-location-ok");
        for method in ["COPY", "MOVE"] {
            let answer = go(&user, method, "addressbooks/b/", &format!("{book}c/")).await;
            answer.expect_condition(403, "addressbook-collection-location-ok");
            let answer = go(&user, method, "addressbooks/b/", "calendars/c/").await;
            assert_eq!(answer.status, 403, "{answer}");
        }
        let it = user.propfind("addressbooks/b/", "0", "<D:resourcetype/>").await;
        let kinds = it.only().prop("resourcetype");
        assert!(kinds.child("DAV:", "collection").is_some());
        assert!(kinds.child("urn:ietf:params:xml:ns:carddav", "addressbook").is_some());
    }

    /// RFC 6352 §7.1: the home and the principal's card in the directory are said and protected, and so
    /// is where to search (draft-daboo-carddav-directory-gateway §3).
    async fn a_principal_says_where_its_books_are(user: User) {
        let props = "<A:addressbook-home-set/><A:principal-address/><A:directory-gateway/>";
        let it = user.propfind(&user.principal(), "0", props).await;
        let hrefs: Vec<_> = it.only().prop("addressbook-home-set").elements().collect();
        assert_eq!(hrefs.len(), 1);
        assert_eq!(hrefs[0].text(), user.path("addressbooks/"));
        for name in ["principal-address", "directory-gateway"] {
            let href = it.only().prop(name).elements().next().unwrap().text().into_owned();
            assert!(href.starts_with("/dav/addressbooks/-directory/people/"), "{name}: {href}");
        }
        for name in ["addressbook-home-set", "principal-address", "directory-gateway"] {
            let set = format!("<D:set><D:prop><A:{name}><D:href>/x/</D:href></A:{name}></D:prop></D:set>");
            user.proppatch(&user.principal(), &set).await.expect(403);
        }
    }

    /// DESIGN promise 1: groups of every kind and photographs of megabytes come back as they were,
    /// by GET, by multiget, and after a move.
    async fn groups_and_photographs_come_back(user: User) {
        let book = book(&user).await;
        make(&user, "addressbooks/b/").await.expect(201);
        for (name, text) in groups_and_photographs() {
            let href = format!("{book}{name}.vcf");
            user.put(&href, &text).await;
            assert!(user.get(&href).await.expect(200).body == text.as_bytes(), "{name}");
            let it = multiget(&user, &book, "1", &[&href]).await;
            assert!(it.only().text("address-data") == text, "{name}");
            let there = user.path(&format!("addressbooks/b/{name}.vcf"));
            go(&user, "MOVE", &href, &there).await.expect(201);
            assert!(user.get(&there).await.expect(200).body == text.as_bytes(), "{name}");
            let other = if text.contains("VERSION:3.0") { "4.0" } else { "3.0" };
            let accept = format!("text/vcard;version={other}");
            let got = user.send("GET", &there, &[("Accept", &accept)], "").await.expect(200);
            let got = got.text().replace("\r\n ", "");
            assert!(got.contains(&format!("VERSION:{other}")));
            let kept = match name {
                "large" => "PHOTO:data:image/png;base64,iVBORw0KGgoQUJD",
                "large4" => "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgoQUJD",
                "apple" => "KIND:group\r\nMEMBER:urn:uuid:l\r\n",
                "kind" => "X-ADDRESSBOOKSERVER-MEMBER:mailto:a@b\r\n",
                _ => "CATEGORIES:Friends,Work\\, old\r\nX-EVOLUTION-LIST:TRUE\r\n",
            };
            assert!(got.contains(kept), "{name}");
        }
    }

    /// RFC 6352 §6.3.2.1: a card is not replaced by one with another UID.
    async fn a_card_keeps_its_uid(user: User) {
        let book = book(&user).await;
        let (a, b) = (format!("{book}a.vcf"), format!("{book}b.vcf"));
        user.put(&a, &card("u", "")).await;
        user.put(&b, &card("w", "")).await;
        for (uid, named) in [("new", &a), ("w", &b)] {
            let conflict = user.send("PUT", &a, &[], &card(uid, "")).await;
            let element = conflict.expect_condition(409, "no-uid-conflict");
            assert_eq!(element.child("DAV:", "href").unwrap().text(), *named);
        }
        assert_eq!(user.get(&a).await.text(), card("u", ""));
        user.put(&a, &card("urn:uuid:u", "NOTE:x\r\n")).await;
    }

}
