//! Calendar objects: byte for byte, their conditions, multiget.

use super::*;

const WHEN: &str = "DTSTART:20260105T090000Z\nDTEND:20260105T100000Z";

/// Objects that a server could spoil.
fn hard() -> Vec<(&'static str, String)> {
    let folded = format!("SUMMARY:{}\r\n {}\r\n\tz", "ä".repeat(30), "b".repeat(70));
    vec![
        ("plain", event("plain", WHEN)),
        (
            "order",
            event("order", "X-B:1\nDTEND:20260105T100000Z\nSUMMARY:a\nDTSTART:20260105T090000Z"),
        ),
        (
            "folded",
            event("folded", WHEN)
                .replace("SUMMARY", "X")
                .replace("END:VEVENT", &format!("{folded}\r\nEND:VEVENT")),
        ),
        ("lf", event("lf", WHEN).replace("\r\n", "\n")),
        ("emoji", event("emoji", &format!("{WHEN}\nSUMMARY:Kaffee ☕️ 👩‍🚀 \\n\\, \\;"))),
        (
            "unknown",
            event(
                "unknown",
                &format!(
                    "{WHEN}\nX-APPLE-SORT-ORDER:5\nX-MOZ-LASTACK:20260101T000000Z\n\
                     X-FOO;X-BAR=\"a:b;c\";Y=1,2:v\nRELATED-TO;RELTYPE=SIBLING:x\nIANA-NEW:1"
                ),
            ),
        ),
        ("markup", event("markup", &format!("{WHEN}\nSUMMARY:<b>\"a\" & 'b' &amp; ]]></b>"))),
        ("blanks", event("blanks", &format!("{WHEN}\nSUMMARY:ends in blanks  \nLOCATION:\t"))),
        (
            "lower",
            event("lower", WHEN)
                .replace("SUMMARY", "summary")
                .replace("BEGIN:VEVENT", "begin:vevent"),
        ),
        (
            "alarm",
            event(
                "alarm",
                &format!(
                    "{WHEN}\nBEGIN:VALARM\nACTION:NONE\nTRIGGER:-PT5M\nX-WR-ALARMUID:1\nEND:VALARM"
                ),
            ),
        ),
        (
            "attachment",
            event(
                "attachment",
                &format!(
                    "{WHEN}\nATTACH;FMTTYPE=image/png;ENCODING=BASE64;VALUE=BINARY:{}",
                    "iVBORw0KGgo=".repeat(20_000)
                ),
            ),
        ),
        ("no-zone", event("no-zone", "DTSTART;TZID=Europe/Vienna:20260105T090000\nDURATION:PT1H")),
        ("large", event("large", &format!("{WHEN}\nDESCRIPTION:{}", "x".repeat(100_000)))),
    ]
}

dialogues! {
    /// RFC 4791 §5.3.4, DESIGN promise 1: what is put is what is given, by GET, by multiget, in a
    /// sync; with one strong tag.
    async fn objects_come_back_byte_for_byte(user: User) {
        let calendar = calendar(&user).await;
        for (name, text) in hard() {
            let href = format!("{calendar}{name}.ics");
            let made = put(&user, &href, &text).await.expect(201);
            assert!(made.body.is_empty());
            let etag = made.header("etag").unwrap().to_owned();
            assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
            let got = user.get(&href).await.expect(200);
            assert_eq!(got.body, text.as_bytes(), "{name}");
            assert_eq!(got.header("etag"), Some(etag.as_str()));
            assert!(got.header("content-type").unwrap().starts_with("text/calendar"));
            let it = multiget(&user, &calendar, &[], &[&href]).await;
            assert_eq!(it.only().text("calendar-data"), text, "{name}");
            assert_eq!(it.only().text("getetag"), etag);
            let again = put(&user, &href, &text).await.expect(204);
            assert_eq!(again.header("etag"), Some(etag.as_str()), "the same octets, the same tag");
        }
        let it = user.propfind(&calendar, "1", "<D:getetag/><D:getcontenttype/>").await;
        for (name, _) in hard() {
            let member = it.of(&format!("{calendar}{name}.ics"));
            assert!(member.text("getcontenttype").starts_with("text/calendar"));
        }
    }

    /// RFC 4791 §5.3.2.1: each precondition has its element.
    async fn bad_objects_are_refused_with_the_reason(user: User) {
        let calendar = first_calendar(&user).await;
        let good = || event("u", WHEN);
        let data = "valid-calendar-data";
        let resource = "valid-calendar-object-resource";
        let second = "BEGIN:VEVENT\r\nUID:v\r\nDTSTAMP:20260101T000000Z\r\n\
                      DTSTART:20260105T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR";
        for (text, condition) in [
            ("hello".to_owned(), data),
            (String::new(), data),
            (good().replace("END:VEVENT\r\n", ""), data),
            (good().replace("VERSION:2.0\r\n", ""), data),
            (good().replace("DTSTART:20260105T090000Z", "DTSTART:yesterday"), data),
            (good().replace("DTEND", "RRULE:FREQ=OFTEN\r\nDTEND"), data),
            (good().replace("VERSION", "METHOD:REQUEST\r\nVERSION"), resource),
            (good().replace("UID:u\r\n", ""), resource),
            (good().replace("END:VCALENDAR", second), resource),
            (good().replace("END:VCALENDAR", &second.replace("VEVENT", "VTODO")), resource),
            ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n".to_owned(), resource),
            (one("VTODO", "UID:u"), "supported-calendar-component"),
            (one("VJOURNAL", "UID:u"), "supported-calendar-component"),
        ] {
            let href = format!("{calendar}bad.ics");
            put(&user, &href, &text).await.expect_condition(403, condition);
            user.get(&href).await.expect(404);
        }
        for media in ["text/plain", "text/vcard", "application/octet-stream"] {
            let href = format!("{calendar}bad.ics");
            let answer = user.send("PUT", &href, &[("Content-Type", media)], good()).await;
            answer.expect_condition(403, "supported-calendar-data");
        }
        let it = user.propfind(&calendar, "0", "<C:max-resource-size/>").await;
        let max: usize = it.only().text("max-resource-size").parse().unwrap();
        let large = event("l", &format!("{WHEN}\nDESCRIPTION:{}", "x".repeat(max)));
        let answer = put(&user, &format!("{calendar}l.ics"), &large).await;
        answer.expect_condition(403, "max-resource-size");
    }

    /// RFC 4791 §5.3.2.1: the conflict names the other object; a move within is none.
    async fn a_second_object_of_one_uid_is_a_conflict(user: User) {
        let calendar = calendar(&user).await;
        let (a, b) = (format!("{calendar}a.ics"), format!("{calendar}b.ics"));
        put(&user, &a, &event("u", WHEN)).await.expect(201);
        let conflict = put(&user, &b, &event("u", WHEN)).await;
        let element = conflict.expect_condition(409, "no-uid-conflict");
        assert_eq!(element.child("DAV:", "href").unwrap().text(), a);
        put(&user, &b, &event("w", WHEN)).await.expect(201);
        put(&user, &b, &event("u", WHEN)).await.expect_condition(409, "no-uid-conflict");
        let copy = user.send("COPY", &a, &[("Destination", &format!("{calendar}c.ics"))], "").await;
        copy.expect_condition(409, "no-uid-conflict");
        user.send("MOVE", &a, &[("Destination", &format!("{calendar}c.ics"))], "").await.expect(201);
        user.delete(&format!("{calendar}c.ics")).await.expect(204);
        put(&user, &a, &event("u", WHEN)).await.expect(201);
        let other = first_calendar(&user).await;
        let to = format!("{other}a.ics");
        user.send("COPY", &a, &[("Destination", &to)], "").await.expect(201);
    }

    /// RFC 4791 §5.3.2.1: an object keeps its UID; a new one needs a new name. The conflict names
    /// whoever has the UID, else the object itself.
    async fn an_object_keeps_its_uid(user: User) {
        let calendar = calendar(&user).await;
        let (a, b) = (format!("{calendar}a.ics"), format!("{calendar}b.ics"));
        put(&user, &a, &event("u", WHEN)).await.expect(201);
        put(&user, &b, &event("w", WHEN)).await.expect(201);
        for (uid, named) in [("new", &a), ("w", &b)] {
            // With the same dates and with others: the index is written in two ways.
            for when in [WHEN, "DTSTART:20270105T090000Z"] {
                let conflict = put(&user, &a, &event(uid, when)).await;
                let element = conflict.expect_condition(409, "no-uid-conflict");
                assert_eq!(element.child("DAV:", "href").unwrap().text(), *named);
            }
        }
        assert_eq!(user.get(&a).await.text(), event("u", WHEN));
        put(&user, &a, &event("u", "DTSTART:20270105T090000Z")).await.expect(204);
        user.delete(&a).await.expect(204);
        put(&user, &a, &event("new", WHEN)).await.expect(201);
    }

    /// A moved or copied object must fit the calendar that it comes to.
    async fn a_copy_must_fit_its_calendar(user: User) {
        let calendar = calendar(&user).await;
        let todo = format!("{calendar}t.ics");
        put(&user, &todo, &one("VTODO", "UID:t")).await.expect(201);
        let events = first_calendar(&user).await;
        for method in ["COPY", "MOVE"] {
            let to = format!("{events}t.ics");
            let answer = user.send(method, &todo, &[("Destination", &to)], "").await;
            answer.expect_condition(403, "supported-calendar-component");
        }
        let to = user.path("files/t.ics");
        user.send("COPY", &todo, &[("Destination", &to)], "").await.expect(403);
        user.get(&todo).await.expect(200);
    }

    /// RFC 9110 §13, and the forms that clients and proxies make of a tag (CLIENTS-SOURCE §4).
    async fn writes_are_conditional(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}a.ics");
        let send = |name: &'static str, value: String, text: String| {
            let (user, href) = (user.clone(), href.clone());
            async move { user.send("PUT", &href, &[(name, &value)], text).await }
        };
        send("If-Match", "*".into(), event("u", WHEN)).await.expect(412);
        send("If-None-Match", "*".into(), event("u", WHEN)).await.expect(201);
        let refused = send("If-None-Match", "*".into(), event("u", "DTSTART:20260101T000000Z")).await;
        assert_eq!(refused.status, 412);
        let now = user.get(&href).await.header("etag").unwrap().to_owned();
        assert_eq!(refused.header("etag"), Some(now.as_str()), "412 tells what is there");
        send("If-Match", "\"other\"".into(), event("u", WHEN)).await.expect(412);
        let mut etag = now;
        for n in 0..5 {
            let bare = etag.trim_matches('"').to_owned();
            let form = [
                etag.clone(), bare.clone(), format!("W/{etag}"), format!("\\\"{bare}\\\""),
                format!("\"x\", {etag}"),
            ][n].clone();
            let text = event("u", &format!("{WHEN}\nSUMMARY:{n}"));
            let answer = send("If-Match", form.clone(), text).await;
            assert_eq!(answer.status, 204, "{form}: {answer}");
            assert_ne!(answer.header("etag").unwrap(), etag);
            etag = answer.header("etag").unwrap().to_owned();
        }
        user.send("DELETE", &href, &[("If-Match", "\"x\"")], "").await.expect(412);
        user.send("DELETE", &href, &[("If-Match", &etag)], "").await.expect(204);
        user.send("DELETE", &href, &[], "").await.expect(404);
    }

    /// RFC 4791 §7.9: any Depth or none; hrefs in any spelling; each href answered, in its order.
    async fn multiget_takes_hrefs_as_clients_write_them(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}x%20y@z.ics");
        put(&user, &href, &event("u", WHEN)).await.expect(201);
        let (url, escaped) = (user.url(&href), format!("{calendar}x%20y%40z.ics"));
        let behind_a_proxy = format!("https://cal.example.org{href}");
        for headers in [&[][..], &[("Depth", "0")], &[("Depth", "1")], &[("Depth", "infinity")]] {
            for spelled in [&href, &url, &escaped, &behind_a_proxy] {
                let it = multiget(&user, &calendar, headers, &[spelled]).await;
                assert_eq!(it.only().href, href, "{spelled}");
                assert_eq!(it.only().text("calendar-data"), event("u", WHEN));
            }
        }
        let missing = format!("{calendar}none.ics");
        let other = format!("{}e.ics", first_calendar(&user).await);
        put(&user, &other, &event("o", WHEN)).await.expect(201);
        let hrefs = [missing.as_str(), &href, "/nowhere/x.ics", &other, "/dav/calendars/nobody/c/x.ics"];
        let it = multiget(&user, &calendar, &[], &hrefs).await;
        assert_eq!(it.hrefs(), hrefs);
        let statuses: Vec<_> = it.responses.iter().map(|r| r.status).collect();
        assert_eq!(statuses, [Some(404), None, Some(404), None, Some(403)]);
        let home = multiget(&user, "calendars/", &[], &[&href, &other]).await;
        assert!(home.responses.iter().all(|r| r.status_of("calendar-data") == Some(200)));
    }

    /// RFC 4791 §7.9: at an object, of that object.
    async fn multiget_at_an_object(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}a.ics");
        put(&user, &href, &event("u", WHEN)).await.expect(201);
        let it = multiget(&user, &href, &[("Depth", "0")], &[&href]).await;
        assert_eq!((it.only().href.as_str(), it.only().text("calendar-data")), (href.as_str(), event("u", WHEN)));
    }

    /// One of two thousand hrefs is as good as another.
    async fn multiget_of_many(user: User) {
        let calendar = calendar(&user).await;
        let mut hrefs = Vec::new();
        for n in 0..130 {
            let href = format!("{calendar}{n}.ics");
            put(&user, &href, &event(&format!("u{n}"), WHEN)).await.expect(201);
            hrefs.push(href);
        }
        hrefs.reverse();
        let list: Vec<&str> = hrefs.iter().map(String::as_str).collect();
        let it = multiget(&user, &calendar, &[], &list).await;
        assert_eq!(it.hrefs(), list);
        assert!(it.responses.iter().all(|r| r.status_of("calendar-data") == Some(200)));
    }

    /// What clients set on calendars, and what comes back of it.
    async fn a_calendars_own_properties_are_kept(user: User) {
        let calendar = calendar(&user).await;
        for (prop, name, text) in [
            ("<I:calendar-color>#AABBCC</I:calendar-color>", "calendar-color", "#AABBCC"),
            ("<I:calendar-color>AABBCCDD</I:calendar-color>", "calendar-color", "AABBCCDD"),
            ("<I:calendar-order>7</I:calendar-order>", "calendar-order", "7"),
            ("<D:displayname>Über &lt;alles&gt;</D:displayname>", "displayname", "Über <alles>"),
            ("<C:calendar-description>x\ny</C:calendar-description>", "calendar-description", "x\ny"),
        ] {
            let update = format!("<D:set><D:prop>{prop}</D:prop></D:set>");
            let done = user.proppatch(&calendar, &update).await.expect(207).multistatus();
            assert_eq!(done.only().status_of(name), Some(200));
            let shown = user.propfind(&calendar, "0", &empty(prop).to_string()).await;
            assert_eq!(shown.only().text(name), text);
        }
        let bad = "<D:set><D:prop><C:calendar-timezone>Vienna</C:calendar-timezone></D:prop></D:set>";
        let done = user.proppatch(&calendar, bad).await.expect(207).multistatus();
        assert_eq!(done.only().status_of("calendar-timezone"), Some(403));
        assert!(done.only().has_condition("valid-calendar-data"));
        let remove = "<D:remove><D:prop><I:calendar-color/></D:prop></D:remove>";
        user.proppatch(&calendar, remove).await.expect(207);
        let it = user.propfind(&calendar, "0", "<I:calendar-color/>").await;
        assert_eq!(it.only().status_of("calendar-color"), Some(404));
        let alarm = "<D:set><D:prop><C:default-alarm-vevent-date>BEGIN:VALARM\nACTION:NONE\n\
                     END:VALARM</C:default-alarm-vevent-date></D:prop></D:set>";
        let done = user.proppatch("calendars/", alarm).await.expect(207).multistatus();
        assert_eq!(done.only().status_of("default-alarm-vevent-date"), Some(200));
    }
}

/// The empty element of a property.
fn empty(prop: &str) -> String {
    format!("{}/>", prop.split('>').next().unwrap())
}
