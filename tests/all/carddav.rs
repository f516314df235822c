//! CardDAV (RFC 6352): what is stored, what is refused, and what address book clients ask for.

mod book;
mod query;
mod versions;

use crate::support::dav::{User, dialogues};

fn card(uid: &str, more: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:Ann\r\nN:Ann;;;;\r\n{more}END:VCARD\r\n")
}

/// The path of the account's first address book.
async fn book(user: &User) -> String {
    let home = user.path("addressbooks/");
    let all = user.propfind(&home, "1", "<D:resourcetype/>").await;
    let found = all.hrefs().into_iter().find(|href| *href != home).unwrap().to_owned();
    let kind = all.of(&found).prop("resourcetype");
    assert!(kind.child("urn:ietf:params:xml:ns:carddav", "addressbook").is_some());
    found
}

async fn multiget(
    user: &User,
    at: &str,
    depth: &str,
    hrefs: &[&str],
) -> crate::support::dav::Multistatus {
    let hrefs: String = hrefs.iter().map(|h| format!("<D:href>{h}</D:href>")).collect();
    let content = format!("<D:prop><D:getetag/><A:address-data/></D:prop>{hrefs}");
    user.report(at, depth, "A:addressbook-multiget", &content).await.expect(207).multistatus()
}

/// Cards that a server could spoil.
fn hard() -> Vec<(&'static str, String)> {
    let photo = "QUJDREVGRw".repeat(30_000);
    let folded: String = photo
        .as_bytes()
        .chunks(74)
        .map(|c| format!(" {}\r\n", String::from_utf8_lossy(c)))
        .collect();
    vec![
        ("v3", card("v3", "item1.TEL;type=pref:+43 1\r\nitem1.X-ABLabel:_$!<Mobile>!$_\r\n")),
        (
            "v4",
            "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8\r\n\
             FN:Jürgen 😀\r\nN:;Jürgen;;;\r\nKIND:individual\r\nX-UNKNOWN;A=\"b;c\":d\\,e\r\n\
             END:VCARD\r\n"
                .to_owned(),
        ),
        (
            "group4",
            "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:group\r\nUID:g\r\nFN:G\r\n\
             MEMBER:urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8\r\nEND:VCARD\r\n"
                .to_owned(),
        ),
        (
            "group3",
            card("g3", "X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:x\r\n"),
        ),
        ("photo", card("p", &format!("PHOTO;ENCODING=b;TYPE=JPEG:\r\n{folded}"))),
        ("lf", card("lf", "NOTE:trailing blanks  \r\n").replace("\r\n", "\n")),
        (
            "order",
            "BEGIN:VCARD\r\nN:a;;;;\r\nEMAIL:a@b\r\nFN:a\r\nREV:2026-01-01\r\nUID:o\r\nVERSION:3.0\r\n\
             END:VCARD\r\n"
                .to_owned(),
        ),
    ]
}

dialogues! {
    /// RFC 6352 §5.1, DESIGN promise 1: what is put is what is given, by GET and by multiget.
    async fn cards_come_back_byte_for_byte(user: User) {
        let book = book(&user).await;
        for (name, text) in hard() {
            let href = format!("{book}{name}.vcf");
            let headers = [("Content-Type", "text/vcard; charset=utf-8"), ("If-None-Match", "*")];
            let put = user.send("PUT", &href, &headers, &text).await.expect(201);
            let got = user.get(&href).await.expect(200);
            assert_eq!(got.body, text.as_bytes(), "{name}");
            assert!(got.header("content-type").unwrap().starts_with("text/vcard"), "{name}");
            assert_eq!(got.header("etag"), put.header("etag"));
            let it = multiget(&user, &book, "0", &[&href]).await;
            assert_eq!(it.only().text("address-data"), text, "{name}");
            assert_eq!(Some(it.only().text("getetag").as_str()), put.header("etag"));
        }
    }

    /// RFC 6352 §6.3.2.1: each refusal has its condition.
    async fn bad_cards_are_refused_with_the_reason(user: User) {
        let book = book(&user).await;
        let two = format!("{}{}", card("a", ""), card("b", ""));
        let version = |v: &str| card("a", "").replace("VERSION:3.0", &format!("VERSION:{v}"));
        // Its lines are no lines of version 3.0.
        let old = "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:a\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nb\r\n\
                   END:VCARD\r\n".to_owned();
        for (text, media, condition) in [
            ("hello".to_owned(), "text/vcard", "valid-address-data"),
            (two, "text/vcard", "valid-address-data"),
            (card("a", "").replace("UID:a\r\n", ""), "text/vcard", "valid-address-data"),
            (card("a", "").replace("VERSION:3.0\r\n", ""), "text/vcard", "valid-address-data"),
            (card("a", "").replace("END:VCARD\r\n", ""), "text/vcard", "valid-address-data"),
            (version("2.1"), "text/vcard", "supported-address-data"),
            (old, "text/x-vcard", "supported-address-data"),
            (version("5.0"), "text/vcard", "supported-address-data"),
            (card("a", ""), "text/calendar", "supported-address-data"),
            (card("a", ""), "application/json", "supported-address-data"),
        ] {
            let href = format!("{book}x.vcf");
            let put = user.send("PUT", &href, &[("Content-Type", media)], &text).await;
            put.expect_condition(403, condition);
            user.get(&href).await.expect(404);
        }
        for media in ["text/vcard", "text/x-vcard", "text/directory", "TEXT/VCARD; charset=UTF-8"] {
            let href = format!("{book}ok.vcf");
            let put = user.send("PUT", &href, &[("Content-Type", media)], card("a", "")).await;
            assert!(put.status.is_success(), "{media}: {put}");
        }
    }

    /// RFC 6352 §6.3.2.1: the size that the property names, and no octet more.
    async fn a_card_too_large_is_refused(user: User) {
        let book = book(&user).await;
        let it = user.propfind(&book, "0", "<A:max-resource-size/>").await;
        let max: usize = it.only().text("max-resource-size").parse().unwrap();
        let large = card("a", &format!("NOTE:{}\r\n", "x".repeat(max)));
        let put = user.send("PUT", &format!("{book}a.vcf"), &[], large).await;
        put.expect_condition(403, "max-resource-size");
    }

    /// RFC 6352 §5.1: one UID, one card; `urn:uuid:` before it changes nothing.
    async fn a_second_card_of_one_uid_is_a_conflict(user: User) {
        let book = book(&user).await;
        user.put(&format!("{book}a.vcf"), card("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "")).await;
        for uid in
            ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"]
        {
            let put = user.send("PUT", &format!("{book}b.vcf"), &[], card(uid, "")).await;
            let conflict = put.expect_condition(409, "no-uid-conflict");
            let href = conflict.child("DAV:", "href").unwrap().text().into_owned();
            assert_eq!(href, format!("{book}a.vcf"));
            user.put(&format!("{book}a.vcf"), card(uid, "NOTE:n\r\n")).await;
        }
        // RFC 6352 §6.3.2.1: a card keeps its UID.
        let other = user.send("PUT", &format!("{book}a.vcf"), &[], card("other", "")).await;
        let conflict = other.expect_condition(409, "no-uid-conflict");
        assert_eq!(conflict.child("DAV:", "href").unwrap().text(), format!("{book}a.vcf"));
        let to = format!("{book}c.vcf");
        let copy = user.send("COPY", &format!("{book}a.vcf"), &[("Destination", &to)], "").await;
        copy.expect_condition(409, "no-uid-conflict");
        user.send("MOVE", &format!("{book}a.vcf"), &[("Destination", &to)], "").await.expect(201);
    }

    /// RFC 6352 §8.7: any Depth; hrefs in any spelling; what is missing is 404.
    async fn multiget_takes_hrefs_as_clients_write_them(user: User) {
        let book = book(&user).await;
        let name = "x y@z.vcf";
        let href = format!("{book}x%20y@z.vcf");
        user.put(&href, card("a", "")).await;
        let url = user.url(&href);
        let escaped = format!("{book}x%20y%40z.vcf");
        let outside = user.path("files/f");
        user.put(&outside, name).await;
        for spelled in [&href, &url, &escaped] {
            for depth in ["0", "1"] {
                let it = multiget(&user, &book, depth, &[spelled]).await;
                assert_eq!(it.only().href, href, "{spelled}");
                assert_eq!(it.only().text("address-data"), card("a", ""));
            }
        }
        let missing = format!("{book}none.vcf");
        let elsewhere = "/dav/addressbooks/nobody/book/a.vcf";
        let it = multiget(&user, &book, "1", &[&missing, &href, &outside, elsewhere]).await;
        assert_eq!(it.of(&missing).status, Some(404));
        assert_eq!(it.of(&outside).status, Some(404));
        assert_eq!(it.of(elsewhere).status, Some(403));
        assert_eq!(it.hrefs(), [missing.as_str(), &href, &outside, elsewhere]);
    }

    /// Thunderbird's contacts: home set at the entrance and at the well-known path, exact status
    /// texts, good propstats first, members with an empty resourcetype, privileges on the book.
    async fn thunderbirds_contacts_find_what_they_read(user: User) {
        let book = book(&user).await;
        user.put(&format!("{book}a.vcf"), card("a", "")).await;
        for target in ["/.well-known/carddav", "/"] {
            let it = user.propfind(target, "0", "<A:addressbook-home-set/>").await;
            let set = it.only().prop("addressbook-home-set");
            let home = set.child("DAV:", "href").unwrap().text().into_owned();
            assert_eq!(home, user.path("addressbooks/"), "{target}");
        }
        let props = "<D:current-user-privilege-set/><D:displayname/><D:resourcetype/>";
        let it = user.propfind("addressbooks/", "1", props).await;
        let privileges = it.of(&book).prop("current-user-privilege-set");
        let has = |name| privileges.elements().any(|p| p.child("DAV:", name).is_some());
        assert!(has("read") && has("write"));
        let body = crate::support::dav::document(
            "D:propfind",
            "<D:prop><D:resourcetype/><D:getetag/><S:getctag/></D:prop>",
        );
        let listing = user.send("PROPFIND", &book, &[("Depth", "1")], body).await.expect(207);
        let member = listing.multistatus();
        let member = member.of(&format!("{book}a.vcf"));
        assert!(member.prop("resourcetype").elements().next().is_none());
        let stats: Vec<String> = member
            .element
            .elements()
            .filter(|e| e.is("DAV:", "propstat"))
            .map(|e| e.child("DAV:", "status").unwrap().text().into_owned())
            .collect();
        assert_eq!(stats, ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"]);
    }

    /// RFC 6352 §6.2: what an address book says of itself.
    async fn an_address_book_says_what_it_takes(user: User) {
        let book = book(&user).await;
        let props = "<A:supported-address-data/><A:addressbook-description/>\
                     <A:supported-collation-set/><D:displayname/><D:owner/><S:getctag/>";
        let it = user.propfind(&book, "0", props).await;
        let it = it.only();
        let data = it.prop("supported-address-data");
        let versions: Vec<_> = data.elements().filter_map(|e| e.attribute("version")).collect();
        assert_eq!(versions, ["3.0", "4.0", "4.0"], "the last is jCard's");
        assert_eq!(it.status_of("addressbook-description"), Some(404));
        assert!(!it.text("displayname").is_empty());
        let owner = it.prop("owner").child("DAV:", "href").unwrap();
        assert_eq!(owner.text(), user.principal());
        let set = "<D:set><D:prop><A:addressbook-description>Für alle</A:addressbook-description>\
                   </D:prop></D:set>";
        user.proppatch(&book, set).await.expect(207);
        let it = user.propfind(&book, "0", "<A:addressbook-description/>").await;
        assert_eq!(it.only().text("addressbook-description"), "Für alle");
    }
}
