//! One card in the versions that clients ask for (RFC 6352 §5.1.1, §6.3.2.3, §10.4).

use super::{book, card};
use crate::support::dav::{User, dialogues};

const FOUR: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:four\r\nFN:Jo\r\nKIND:group\r\n\
                    MEMBER:urn:uuid:1\r\nTEL;PREF=1;TYPE=home:+43 1\r\nX-KEPT:a\\,b\r\nEND:VCARD\r\n";

async fn fill(user: &User) -> String {
    let book = book(user).await;
    user.put(&format!("{book}four.vcf"), FOUR).await;
    let three = card("three", "TEL;TYPE=home,pref:+43 2\r\nPHOTO;ENCODING=b;TYPE=PNG:QUJD\r\n");
    user.put(&format!("{book}three.vcf"), three).await;
    book
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// The cards of the book as one report gives them: `four`, then `three`.
async fn given(user: &User, book: &str, report: &'static str, data: &str) -> [String; 2] {
    let prop = format!("<D:prop><D:getetag/>{data}</D:prop>");
    let content = match report {
        "A:addressbook-multiget" => {
            format!("{prop}<D:href>{book}four.vcf</D:href><D:href>{book}three.vcf</D:href>")
        }
        "D:sync-collection" => {
            format!("<D:sync-token/><D:sync-level>1</D:sync-level>{prop}")
        }
        _ => prop,
    };
    let depth = if report == "D:sync-collection" { "0" } else { "1" };
    let it = user.report(book, depth, report, &content).await.expect(207).multistatus();
    assert_eq!(it.responses.len(), 2, "{report}");
    ["four", "three"].map(|name| it.of(&format!("{book}{name}.vcf")).text("address-data"))
}

dialogues! {
    /// RFC 6352 §10.4: content-type and version of `address-data`, in every report that gives cards.
    async fn reports_give_the_version_asked_for(user: User) {
        let book = fill(&user).await;
        for report in ["A:addressbook-multiget", "A:addressbook-query", "D:sync-collection"] {
            let data = |attributes: &str, parts: &str| {
                format!("<A:address-data {attributes}>{parts}</A:address-data>")
            };
            let [four, three] = given(&user, &book, report, &data("version='3.0'", "")).await;
            assert_eq!(lines(&four), [
                "BEGIN:VCARD", "VERSION:3.0", "UID:four", "FN:Jo", "X-ADDRESSBOOKSERVER-KIND:group",
                "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1", "TEL;TYPE=home,pref:+43 1", "X-KEPT:a\\,b",
                "N:Jo;;;;", "END:VCARD",
            ], "{report}");
            assert!(three.contains("PHOTO;ENCODING=b;TYPE=PNG:QUJD"), "{report}");
            let asked = data("content-type='text/vcard' version='4.0'", "");
            let [four, three] = given(&user, &book, report, &asked).await;
            assert_eq!(four, FOUR, "{report}");
            assert!(three.contains("PHOTO:data:image/png;base64,QUJD"), "{report}");
            assert!(three.contains("TEL;TYPE=home;PREF=1:+43 2"), "{report}");
            // Without a version each comes as it is kept.
            for attributes in ["", "content-type='text/vcard'", "content-type='text/x-vcard; charset=utf-8'"] {
                let [four, three] = given(&user, &book, report, &data(attributes, "")).await;
                assert_eq!(four, FOUR, "{report}");
                assert!(three.contains("VERSION:3.0"), "{report}");
            }
            // Parts are those of the version asked for.
            let parts = "<A:prop name='VERSION'/><A:prop name='MEMBER'/><A:prop name='PHOTO'/>";
            let [four, three] = given(&user, &book, report, &data("version='4.0'", parts)).await;
            assert_eq!(lines(&four), ["BEGIN:VCARD", "VERSION:4.0", "MEMBER:urn:uuid:1", "END:VCARD"]);
            assert_eq!(lines(&three), [
                "BEGIN:VCARD", "VERSION:4.0", "PHOTO:data:image/png;base64,QUJD", "END:VCARD",
            ]);
        }
    }

    /// RFC 6352 §8.6, §8.7: a form that no card has or can be given in.
    async fn reports_refuse_versions_that_are_not_served(user: User) {
        let book = fill(&user).await;
        for report in ["A:addressbook-multiget", "A:addressbook-query"] {
            for attributes in ["version='2.1'", "version='5.0'", "content-type='text/calendar'"] {
                let content = format!("<D:prop><A:address-data {attributes}/></D:prop>");
                let answer = user.report(&book, "1", report, &content).await;
                answer.expect_condition(403, "supported-address-data");
            }
        }
    }

    /// RFC 6352 §5.1.1, §6.3.2.3, RFC 9110 §12.5.1: GET by Accept; the ETag is that of the stored
    /// object, and good for the next PUT.
    async fn a_get_gives_the_version_accepted(user: User) {
        let book = fill(&user).await;
        let href = format!("{book}four.vcf");
        let etag = user.get(&href).await.expect(200).header("etag").unwrap().to_owned();
        for (accept, version) in [
            ("text/vcard;version=3.0", "3.0"),
            ("text/vcard; version=\"3.0\", text/vcard; q=0.5", "3.0"),
            ("text/vcard;version=4.0;q=0.3, text/vcard;version=3.0;q=0.7", "3.0"),
            ("text/vcard;version=4.0, text/vcard;q=0.8, */*;q=0.1", "4.0"),
            ("text/vcard", "4.0"),
            ("text/x-vcard, text/directory", "4.0"),
            ("text/html, */*;q=0.1", "4.0"),
        ] {
            for method in ["GET", "HEAD"] {
                let got = user.send(method, &href, &[("Accept", accept)], "").await.expect(200);
                assert_eq!(got.header("vary"), Some("Accept"), "{accept}");
                assert_eq!(got.header("etag"), Some(etag.as_str()), "{accept}");
                let kind = got.header("content-type").unwrap();
                assert!(kind.starts_with("text/vcard"), "{kind}");
                let stored = version == "4.0";
                assert_eq!(stored, !kind.ends_with("version=3.0"), "{accept}: {kind}");
                let text = String::from_utf8(got.body.to_vec()).unwrap();
                assert_eq!(text.is_empty(), method == "HEAD");
                assert!(method == "HEAD" || text.contains(&format!("VERSION:{version}\r\n")));
                assert_eq!(text == FOUR, stored && method == "GET");
            }
        }
        let three = [("Accept", "text/vcard;version=3.0"), ("If-None-Match", etag.as_str())];
        user.send("GET", &href, &three, "").await.expect(304);
        // A part of one form could be put together with parts of another.
        let part = [("Accept", "text/vcard;version=3.0"), ("Range", "bytes=0-9")];
        let whole = user.send("GET", &href, &part, "").await.expect(200);
        assert_eq!(whole.header("accept-ranges"), Some("none"));
        let put = [("If-Match", etag.as_str()), ("Content-Type", "text/vcard")];
        user.send("PUT", &href, &put, whole.body).await.expect(204);
    }

    /// RFC 6352 §5.1.1.1: nothing that is accepted can be given.
    async fn a_get_that_accepts_no_card_is_told_so(user: User) {
        let book = fill(&user).await;
        for accept in ["text/calendar", "text/vcard;version=2.1", "*/*;q=0"] {
            let got = user.send("GET", &format!("{book}three.vcf"), &[("Accept", accept)], "").await;
            got.expect_condition(406, "supported-address-data-conversion");
        }
        // Other kinds of resources exist in one form only.
        let file = user.path("files/f");
        user.put(&file, "x").await;
        user.send("GET", &file, &[("Accept", "text/calendar")], "").await.expect(200);
    }

    /// RFC 7095: jCard by Accept and by content-type, whatever version is stored; not advertised,
    /// because it is of version 4.0 (RFC 6352 §5.1.1).
    async fn cards_are_given_as_jcard(user: User) {
        let book = fill(&user).await;
        let href = format!("{book}three.vcf");
        let expected = serde_json::json!(["vcard", [
            ["version", {}, "text", "4.0"],
            ["uid", {}, "text", "three"],
            ["fn", {}, "text", "Ann"],
            ["n", {}, "text", ["Ann", "", "", "", ""]],
            ["tel", {"type": "home", "pref": "1"}, "text", "+43 2"],
            ["photo", {}, "uri", "data:image/png;base64,QUJD"],
        ]]);
        for accept in ["application/vcard+json", "text/vcard;q=0.5, application/vcard+json"] {
            let got = user.send("GET", &href, &[("Accept", accept)], "").await.expect(200);
            assert_eq!(got.header("content-type"), Some("application/vcard+json"));
            let json: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
            assert_eq!(json, expected, "{accept}");
        }
        let both = [("Accept", "application/vcard+json, text/vcard")];
        let got = user.send("GET", &href, &both, "").await.expect(200);
        assert!(got.body.starts_with(b"BEGIN:VCARD"));
        for report in ["A:addressbook-multiget", "A:addressbook-query", "D:sync-collection"] {
            let data = "<A:address-data content-type='application/vcard+json'/>";
            let [four, three] = given(&user, &book, report, data).await;
            let json: serde_json::Value = serde_json::from_str(&three).unwrap();
            assert_eq!(json, expected, "{report}");
            assert!(four.contains(r#"["member",{},"uri","urn:uuid:1"]"#), "{four}");
            let part = "<A:address-data content-type='application/vcard+json'><A:prop name='FN'/>\
                        </A:address-data>";
            let [four, _] = given(&user, &book, report, part).await;
            assert_eq!(four, r#"["vcard",[["version",{},"text","4.0"],["fn",{},"text","Jo"]]]"#);
        }
        let it = user.propfind(&book, "0", "<A:supported-address-data/>").await;
        let data = it.only().prop("supported-address-data").clone();
        let told = |e: &davenport::format::xml::Element| {
            let value = |name| e.attribute(name).unwrap().to_owned();
            (value("content-type"), value("version"))
        };
        let data: Vec<_> = data.elements().map(told).collect();
        let known = [("text/vcard", "3.0"), ("text/vcard", "4.0"), ("application/vcard+json", "4.0")];
        assert_eq!(data, known.map(|(media, version)| (media.to_owned(), version.to_owned())));
    }

    /// RFC 7095 §3.2, §4, RFC 9110 §9.3.4: jCard is taken by PUT and POST, one card or many, stored
    /// as a vCard of version 4.0, without an ETag in the answer.
    async fn jcard_is_taken(user: User) {
        let book = book(&user).await;
        let kind = ("Content-Type", "application/vcard+json");
        let card = |uid: &str| serde_json::json!(["vcard", [
            ["version", {}, "text", "4.0"],
            ["uid", {}, "text", uid],
            ["fn", {}, "text", "Käte, K"],
            ["bday", {}, "date-and-or-time", "1985-04-12"],
            ["tel", {"group": "item1", "type": ["home", "voice"]}, "uri", "tel:+1"],
        ]]);
        let text = |uid: &str| format!(
            "BEGIN:VCARD\r\nVERSION:4.0\r\nUID;VALUE=text:{uid}\r\nFN:Käte\\, K\r\nBDAY:19850412\r\n\
             item1.TEL;VALUE=uri;TYPE=home,voice:tel:+1\r\nEND:VCARD\r\n"
        );
        let href = format!("{book}a.vcf");
        let made = user.send("PUT", &href, &[kind], card("a").to_string()).await.expect(201);
        assert_eq!(made.header("etag"), None);
        let four = [("Accept", "text/vcard; version=4.0")];
        assert_eq!(user.send("GET", &href, &four, "").await.expect(200).text(), text("a"));
        let added = user.send("POST", &book, &[kind], card("b").to_string()).await.expect(201);
        let place = added.header("location").unwrap();
        assert_eq!(user.send("GET", place, &four, "").await.expect(200).text(), text("b"));
        let many = serde_json::json!([card("a"), card("c"), card("d")]).to_string();
        let headers = [kind, ("Accept", "text/plain")];
        let told = user.send("POST", &book, &headers, many).await.expect(200).text();
        assert!(told.contains("2 created, 0 updated, 1 unchanged"), "{told}");
        // The whole as an array, which is taken again.
        let json = [("Accept", "application/vcard+json")];
        let whole = user.send("GET", &book, &json, "").await.expect(200);
        assert_eq!(whole.header("content-type"), Some("application/vcard+json"));
        let all: Vec<serde_json::Value> = serde_json::from_slice(&whole.body).unwrap();
        let mut all: Vec<String> = all.iter().map(ToString::to_string).collect();
        all.sort();
        assert_eq!(all, ["a", "b", "c", "d"].map(|uid| card(uid).to_string()));
        let told = user.send("PUT", &book, &headers, whole.body.clone()).await.expect(200).text();
        assert!(told.contains("4 unchanged"), "{told}");
        for bad in ["", "[]", "[\"vcard\",[]]", &text("a"), &card("a").to_string().replace("4.0", "3.0")] {
            let put = user.send("PUT", &href, &[kind], bad).await;
            put.expect_condition(403, "valid-address-data");
        }
        user.send("PUT", &href, &[("Content-Type", "application/vcard+xml")], "").await
            .expect_condition(403, "supported-address-data");
    }

    /// RFC 6352 §8.5, §10.4.2: names of any kind, with a group and without.
    async fn non_standard_parts_are_given(user: User) {
        let book = book(&user).await;
        let text = card("a", "item1.TEL:1\r\nitem1.X-ABLabel:x\r\nTEL:2\r\nX-OTHER;X-P=q:y\r\n");
        user.put(&format!("{book}a.vcf"), text).await;
        let data = "<A:address-data><A:prop name='x-ablabel'/><A:prop name='item1.TEL'/>\
                    <A:prop name='X-OTHER' novalue='yes'/></A:address-data>";
        let content = format!("<D:prop>{data}</D:prop><D:href>{book}a.vcf</D:href>");
        for report in ["A:addressbook-multiget", "A:addressbook-query"] {
            let it = user.report(&book, "1", report, &content).await.expect(207).multistatus();
            assert_eq!(lines(&it.only().text("address-data")), [
                "BEGIN:VCARD", "item1.TEL:1", "item1.X-ABLabel:x", "X-OTHER;X-P=q:", "END:VCARD",
            ]);
        }
    }

    /// RFC 6352 §8.6, §10.4: what is not there is told, and any text can stand in the XML.
    async fn missing_properties_are_404(user: User) {
        let book = book(&user).await;
        let text = card("a", "NOTE:<a href=\"b\">&amp; ]]> \u{1f600}\tz\r\n");
        user.put(&format!("{book}a.vcf"), &text).await;
        let content = format!(
            "<D:prop><A:address-data/><D:no-such/></D:prop><D:href>{book}a.vcf</D:href>"
        );
        for report in ["A:addressbook-multiget", "A:addressbook-query"] {
            let it = user.report(&book, "1", report, &content).await.expect(207).multistatus();
            assert_eq!(it.only().status_of("no-such"), Some(404));
            assert_eq!(it.only().text("address-data"), text);
        }
    }

    /// What is not named is not there; some programs ask for nothing.
    async fn a_multiget_of_nothing_is_empty(user: User) {
        let book = fill(&user).await;
        let content = "<D:prop><D:getetag/></D:prop>";
        let it = user.report(&book, "1", "A:addressbook-multiget", content).await.expect(207);
        assert!(it.multistatus().responses.is_empty());
    }

    /// RFC 6350 §6, RFC 6474, RFC 6715, RFC 8605, RFC 9554: as they are, and through 3.0 what it has
    /// no other word for.
    async fn every_property_of_version_4_is_kept(user: User) {
        let book = book(&user).await;
        let kept = "XML:<a xmlns=\"http://a/\"/>\r\nCLIENTPIDMAP:1;urn:uuid:1\r\n\
            EMAIL;PID=1.1:a@b\r\nBIRTHPLACE:B\r\nEXPERTISE;LEVEL=expert;INDEX=1:x\r\n\
            ORG-DIRECTORY;INDEX=1:http://a/\r\nCONTACT-URI:mailto:c@d\r\nLANG:fr\r\n\
            PRONOUNS;LANGUAGE=en:they/them\r\nSOCIALPROFILE;SERVICE-TYPE=M:http://m/a\r\n\
            ADR;CC=AT;GEO=\"geo:1,2\":;;S;C;;;\r\nRELATED;TYPE=friend:urn:uuid:2\r\n\
            GENDER:O;x\r\nFBURL:http://a/f\r\nX-A;PROP-ID=p1;CREATED=20260101T000000Z:b\r\n";
        let text = card("a", kept).replace("VERSION:3.0", "VERSION:4.0");
        let href = format!("{book}a.vcf");
        user.put(&href, &text).await;
        assert_eq!(user.get(&href).await.text(), text);
        let three = [("Accept", "text/vcard;version=3.0")];
        let three = user.send("GET", &href, &three, "").await.expect(200).text();
        for line in kept.split_terminator("\r\n") {
            assert!(three.contains(&format!("{line}\r\n")), "{line}: {three}");
        }
    }

    /// RFC 6350 §3.1, §10.1.
    async fn only_utf_8_is_stored(user: User) {
        let book = book(&user).await;
        let mut octets = card("a", "NOTE:?\r\n").into_bytes();
        let at = octets.iter().position(|b| *b == b'?').unwrap();
        octets[at] = 0xe4;
        let href = format!("{book}a.vcf");
        let put = user.send("PUT", &href, &[("Content-Type", "text/vcard")], &octets).await;
        put.expect_condition(403, "valid-address-data");
        user.put(&href, card("a", "NOTE:\u{e4}\r\n")).await;
        let got = user.get(&href).await;
        assert!(got.header("content-type").unwrap().to_lowercase().contains("charset=utf-8"));
    }

    /// RFC 6350 §3.2: a fold inside a character, which old programs write, hides the card from nobody.
    async fn a_fold_inside_a_character(user: User) {
        let book = book(&user).await;
        let note = format!("NOTE:{}\u{fc}ber", "x".repeat(69));
        let text = card("a", &format!("{note}\r\n"));
        let at = text.find('\u{fc}').unwrap() + 1;
        let octets = [&text.as_bytes()[..at], b"\r\n ", &text.as_bytes()[at..]].concat();
        let href = format!("{book}a.vcf");
        user.put(&href, &octets).await;
        assert_eq!(user.get(&href).await.body, octets);
        let content = format!("<D:prop><A:address-data/></D:prop><D:href>{href}</D:href>");
        for report in ["A:addressbook-multiget", "A:addressbook-query"] {
            let it = user.report(&book, "1", report, &content).await.expect(207).multistatus();
            let given = it.only().text("address-data");
            assert_eq!(given.replace("\r\n ", ""), text, "{report}");
        }
        let four = [("Accept", "text/vcard;version=4.0")];
        let four = user.send("GET", &href, &four, "").await.expect(200).text();
        assert!(four.replace("\r\n ", "").contains(&note), "{four}");
    }
}
