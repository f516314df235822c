//! Many changes in one request, as Apple's programs make them (calendarserver-bulk-change).

use crate::support::dav::{Answer, Response, User, dialogues};
use davenport::format::xml::Element;

fn event(uid: &str, summary: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260301T100000Z\r\nSUMMARY:{summary}\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// A resource of a multiput: where (none: new), the validator that it must have, what happens.
fn resource(href: Option<&str>, if_match: Option<&str>, what: &str) -> String {
    let href = href.map(|href| format!("<D:href>{href}</D:href>")).unwrap_or_default();
    let tag = |tag| format!("<M:if-match><D:getetag>{tag}</D:getetag></M:if-match>");
    let if_match = if_match.map(tag).unwrap_or_default();
    format!("<M:resource>{href}{if_match}{what}</M:resource>")
}

fn set(data: &str, more: &str) -> String {
    let data = data.replace('&', "&amp;").replace('<', "&lt;");
    let data = format!("<C:calendar-data>{data}</C:calendar-data>");
    format!("<D:set><D:prop>{data}{more}</D:prop></D:set>")
}

const DELETE: &str = "<M:delete/>";

async fn post(user: &User, path: &str, resources: &[String], headers: &[(&str, &str)]) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\"?><M:multiput xmlns:M=\"http://me.com/_namespace/\" xmlns:D=\"DAV:\" \
         xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\" \
         xmlns:X=\"urn:x\">{}</M:multiput>",
        resources.concat()
    );
    let mut all = vec![("Content-Type", "application/xml; charset=\"utf-8\"")];
    all.extend_from_slice(headers);
    user.send("POST", path, &all, &body).await
}

/// What is told of the resources, in their order: href, status, condition, validator, UID.
fn told(answer: &Answer) -> Vec<[String; 5]> {
    let one = |response: &Element| {
        let text = |e: Option<&Element>| e.map(|e| e.text().into_owned()).unwrap_or_default();
        let propstat = response.child("DAV:", "propstat");
        let error = response.child("DAV:", "error");
        let calendar_server = "http://calendarserver.org/ns/";
        let prop = propstat.and_then(|it| it.child("DAV:", "prop"));
        let uid = prop.or(error).and_then(|it| it.child(calendar_server, "uid"));
        let condition = error.and_then(|it| it.elements().find(|e| e.name.local() != "uid"));
        let status = text(propstat.unwrap_or(response).child("DAV:", "status"));
        [
            text(response.child("DAV:", "href")),
            status.get(9..12).unwrap_or_default().to_owned(),
            condition.map(|it| it.name.local().to_owned()).unwrap_or_default(),
            text(prop.and_then(|it| it.child("DAV:", "getetag"))),
            text(uid),
        ]
    };
    answer.xml().elements().map(one).collect()
}

async fn calendar(user: &User) -> String {
    user.send("MKCALENDAR", "calendars/many/", &[], "").await.expect(201);
    user.path("calendars/many/")
}

async fn etag(user: &User, path: &str) -> String {
    let answer = user.send("GET", path, &[], "").await.expect(200);
    answer.header("etag").unwrap().to_owned()
}

dialogues! {
    /// §4.4: members are made, changed and removed; one is refused, and the others are not.
    async fn a_multiput_does_each_thing_by_itself(user: User) {
        let path = calendar(&user).await;
        for uid in ["b", "c", "d"] {
            user.put(&format!("{path}{uid}.ics"), &event(uid, "old")).await;
        }
        let at = |name: &str| format!("{path}{name}.ics");
        let (b, c) = (etag(&user, &at("b")).await, etag(&user, &at("c")).await);
        let resources = [
            resource(None, None, &set(&event("a", "a & b"), "")),
            resource(Some(&at("b")), Some(&b), &set(&event("b", "new"), "")),
            resource(Some(&at("c")), Some(&c), DELETE),
            resource(Some(&at("d")), Some("\"other\""), &set(&event("d", "new"), "")),
            resource(None, None, &set(&event("b", "again"), "")),
            resource(Some(&at("none")), None, DELETE),
            resource(None, None, &set("BEGIN:VCALENDAR", "")),
        ];
        let answer = post(&user, &path, &resources, &[]).await.expect(207);
        let (a, b) = (etag(&user, &at("a")).await, etag(&user, &at("b")).await);
        let row = |it: [&str; 5]| it.map(str::to_owned);
        assert_eq!(told(&answer), [
            row([&at("a"), "200", "", &a, "a"]),
            row([&at("b"), "200", "", &b, ""]),
            row([&at("c"), "200", "", "", ""]),
            row([&at("d"), "412", "", "", "d"]),
            row(["", "409", "no-uid-conflict", "", "b"]),
            row([&at("none"), "404", "", "", ""]),
            row(["", "403", "valid-calendar-data", "", ""]),
        ], "{answer}");
        let stored = user.send("GET", &at("a"), &[], "").await.expect(200).text();
        assert_eq!(stored, event("a", "a & b"), "XML turned CRLF into LF; the store has CRLF");
        user.send("GET", &at("c"), &[], "").await.expect(404);
        assert!(user.send("GET", &at("d"), &[], "").await.expect(200).text().contains("old"));
    }

    /// Properties come with a resource or alone; the one that cannot be set keeps all from it.
    async fn properties_go_with_the_data_or_not_at_all(user: User) {
        let path = calendar(&user).await;
        let (a, b) = (format!("{path}a.ics"), format!("{path}b.ics"));
        user.put(&b, &event("b", "old")).await;
        let note = |text: &str| format!("<X:note>{text}</X:note>");
        let resources = [
            resource(None, None, &set(&event("a", "a"), &note("one"))),
            resource(Some(&b), None, &format!("<D:set><D:prop>{}</D:prop></D:set>", note("two"))),
        ];
        let answer = post(&user, &path, &resources, &[]).await.expect(207);
        assert!(told(&answer).iter().all(|row| row[1] == "200"), "{answer}");
        let notes = async || {
            let found = user.propfind(&path, "1", "<X:note xmlns:X=\"urn:x\"/>").await;
            let of = |href: &str| found.of(href).properties.iter().find(|p| p.0 == 200).map(|p| p.1.text().into_owned());
            [of(&a), of(&b)]
        };
        assert_eq!(notes().await, [Some("one".into()), Some("two".into())]);
        let resources = [
            resource(Some(&a), None, &set(&event("a", "new"), "<D:getetag>x</D:getetag>")),
            resource(Some(&b), None, "<D:remove><D:prop><X:note/></D:prop></D:remove>"),
        ];
        let answer = post(&user, &path, &resources, &[]).await.expect(207).multistatus();
        let refused: &Response = answer.of(&a);
        assert_eq!((refused.status_of("getetag"), refused.status_of("calendar-data")), (Some(403), Some(424)));
        assert!(user.send("GET", &a, &[], "").await.text().contains("SUMMARY:a\r\n"));
        assert_eq!(notes().await, [Some("one".into()), None]);
    }

    /// §6: nothing is done when the collection has changed since.
    async fn a_collection_tag_is_a_condition(user: User) {
        let path = calendar(&user).await;
        let tag = async || {
            let found = user.propfind(&path, "0", "<S:getctag xmlns:S=\"http://calendarserver.org/ns/\"/>").await;
            let tag = found.only().text("getctag").replace('"', "%22").replace(',', "%2C");
            format!("(<http://me.com/_namespace/ctag/{tag}>)")
        };
        let old = tag().await;
        user.put(&format!("{path}x.ics"), &event("x", "x")).await;
        let resources = [resource(None, None, &set(&event("a", "a"), ""))];
        post(&user, &path, &resources, &[("If", &old)]).await.expect(412);
        post(&user, &path, &resources, &[("If", &tag().await)]).await.expect(207);
    }

    /// Only members of the collection; only with the right to write.
    async fn a_multiput_stays_inside_its_collection(user: User, stranger: User) {
        let path = calendar(&user).await;
        let other = user.path("calendars/other/");
        user.send("MKCALENDAR", "calendars/other/", &[], "").await.expect(201);
        user.put(&format!("{other}x.ics"), &event("x", "x")).await;
        let href = format!("{other}x.ics");
        let answer = post(&user, &path, &[resource(Some(&href), None, DELETE)], &[]).await.expect(207);
        assert_eq!(told(&answer)[0][1], "400", "{answer}");
        user.send("GET", &href, &[], "").await.expect(200);
        let resources = [resource(None, None, &set(&event("a", "a"), ""))];
        post(&stranger, &path, &resources, &[]).await.expect(403);
        post(&user, &path, &[], &[]).await.expect(400);
    }

    /// §5.1, and §3: the answer to many objects in one body has their validators.
    async fn bulk_requests_are_announced_and_told_by_uid(user: User) {
        let path = calendar(&user).await;
        let found = user.propfind(&path, "0", "<M:bulk-requests xmlns:M=\"http://me.com/_namespace/\"/>").await;
        let it = found.only().prop("bulk-requests").clone();
        let crud = it.child("http://me.com/_namespace/", "crud").unwrap();
        assert_eq!(crud.child("http://me.com/_namespace/", "max-resources").unwrap().text(), "500");
        let both = format!("{}{}", event("a", "a"), event("b", "b"));
        let both = both.replace("END:VCALENDAR\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n", "");
        let headers = [("Content-Type", "text/calendar"), ("Accept", "*/*")];
        let answer = user.send("POST", &path, &headers, &both).await.expect(207);
        let tag = etag(&user, &format!("{path}b.ics")).await;
        let row = [format!("{path}b.ics"), "200".into(), String::new(), tag, "b".into()];
        assert_eq!(told(&answer)[1], row, "{answer}");
    }

    /// Cards likewise.
    async fn cards_are_made_by_a_multiput(user: User) {
        user.mkcol("addressbooks/many/").await;
        let path = user.path("addressbooks/many/");
        let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Anna\r\nN:Anna;;;;\r\nEND:VCARD\r\n";
        let data = format!("<D:set><D:prop><A:address-data>{card}</A:address-data></D:prop></D:set>");
        let answer = post(&user, &path, &[resource(None, None, &data)], &[]).await.expect(207);
        assert_eq!(told(&answer)[0][0], format!("{path}a.vcf"), "{answer}");
        assert_eq!(user.send("GET", &format!("{path}a.vcf"), &[], "").await.expect(200).text(), card);
    }
}
