//! Calendar objects as xCal (RFC 6321), and whole calendars as jCal and xCal, given and taken.

use super::query::within;
use super::*;
use serde_json::Value;

const XML: &str = "application/calendar+xml";
const JSON: &str = "application/calendar+json";

fn meeting(uid: &str) -> String {
    event(
        uid,
        "DTSTART;TZID=Europe/Berlin:20260105T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\n\
         SUMMARY:Käse\\, <Brot>\nX-KEPT:a\\,b",
    )
}

fn component(uid: &str) -> String {
    format!(
        "<vevent><properties><dtstamp><date-time>2026-01-01T00:00:00Z</date-time></dtstamp>\
         <uid><text>{uid}</text></uid><dtstart><parameters><tzid><text>Europe/Berlin</text></tzid>\
         </parameters><date-time>2026-01-05T09:00:00</date-time></dtstart>\
         <duration><duration>PT1H</duration></duration>\
         <rrule><recur><freq>DAILY</freq><count>2</count></recur></rrule>\
         <summary><text>Käse, &lt;Brot&gt;</text></summary>\
         <x-kept><unknown>a\\,b</unknown></x-kept></properties></vevent>"
    )
}

fn document(components: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <icalendar xmlns=\"urn:ietf:params:xml:ns:icalendar-2.0\"><vcalendar><properties>\
         <version><text>2.0</text></version><prodid><text>-//t//t//EN</text></prodid></properties>\
         <components>{components}</components></vcalendar></icalendar>\n"
    )
}

dialogues! {
    /// RFC 6321 §7.2, RFC 9110 §12.5.1, §8.8.1: by Accept, with a tag of its own.
    async fn a_get_gives_xcal_where_it_is_liked_best(user: User) {
        let href = format!("{}a.ics", calendar(&user).await);
        let tag = put(&user, &href, &meeting("a")).await.expect(201).header("etag").unwrap().to_owned();
        for accept in ["text/calendar", "*/*", "application/xml", "application/calendar+xml, text/calendar"] {
            let got = user.send("GET", &href, &[("Accept", accept)], "").await.expect(200);
            assert_eq!((got.text(), got.header("etag")), (meeting("a"), Some(tag.as_str())), "{accept}");
        }
        let mut marked = String::new();
        for accept in [XML, "application/calendar+xml, application/calendar+json;q=0.5"] {
            let got = user.send("GET", &href, &[("Accept", accept)], "").await.expect(200);
            assert_eq!(got.header("content-type"), Some(XML));
            assert_eq!(got.header("vary"), Some("Accept, CalDAV-Timezones"));
            assert_eq!(got.text(), document(&component("a")), "{accept}");
            got.header("etag").unwrap().clone_into(&mut marked);
            assert_ne!(marked, tag);
        }
        let json = user.send("GET", &href, &[("Accept", JSON)], "").await.expect(200);
        assert_ne!(json.header("etag"), Some(marked.as_str()));
        let same = [("Accept", XML), ("If-None-Match", marked.as_str())];
        user.send("GET", &href, &same, "").await.expect(304);
        let headers = [("If-Match", marked.as_str()), ("Content-Type", "text/calendar")];
        user.send("PUT", &href, &headers, meeting("a")).await.expect(204);
    }

    /// RFC 4791 §5.2.4, §9.6: content-type of calendar-data; it stands there as a text.
    async fn reports_give_xcal(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}a.ics");
        put(&user, &href, &meeting("a")).await.expect(201);
        let kind = "content-type='application/calendar+xml' version='2.0'";
        let query = within("VEVENT", r#"start="20260101T000000Z" end="20270101T000000Z""#);
        for (root, rest) in [("C:calendar-multiget", format!("<D:href>{href}</D:href>")), ("C:calendar-query", query)] {
            let content = format!("<D:prop><C:calendar-data {kind}/></D:prop>{rest}");
            let it = user.report(&calendar, "1", root, &content).await.expect(207).multistatus();
            assert_eq!(it.only().text("calendar-data"), document(&component("a")), "{root}");
            let data = it.only().prop("calendar-data");
            assert_eq!(data.attribute("content-type"), Some(XML));
            let part = "<C:comp name='VCALENDAR'><C:comp name='VEVENT'><C:prop name='UID'/></C:comp></C:comp>";
            let content = format!("<D:prop><C:calendar-data {kind}>{part}</C:calendar-data></D:prop>{rest}");
            let it = user.report(&calendar, "1", root, &content).await.expect(207).multistatus();
            let text = it.only().text("calendar-data");
            let expected = "<vcalendar><components><vevent><properties><uid><text>a</text></uid>\
                            </properties></vevent></components></vcalendar>";
            assert!(text.contains(expected), "{text}");
        }
    }

    /// RFC 6321 §4, RFC 9110 §9.3.4: stored as iCalendar, without an ETag in the answer; what is wrong
    /// is said.
    async fn xcal_is_taken(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}b.ics");
        let kind = ("Content-Type", "application/calendar+xml; charset=utf-8");
        let made = user.send("PUT", &href, &[kind], document(&component("b"))).await.expect(201);
        assert_eq!(made.header("etag"), None);
        let stored = user.get(&href).await.expect(200);
        assert_eq!(stored.text(), meeting("b"));
        assert!(stored.header("content-type").unwrap().starts_with("text/calendar"));
        let added = user.send("POST", &calendar, &[kind], document(&component("c"))).await.expect(201);
        assert_eq!(user.get(added.header("location").unwrap()).await.expect(200).text(), meeting("c"));
        let good = document(&component("d"));
        for (text, condition) in [
            (String::new(), "valid-calendar-data"),
            (meeting("d"), "valid-calendar-data"),
            (good.replace("2026-01-05", "2026-13-05"), "valid-calendar-data"),
            (good.replace("x-kept", "end"), "valid-calendar-data"),
            (good.replace("<uid>", "<x-uid>").replace("</uid>", "</x-uid>"), "valid-calendar-object-resource"),
        ] {
            let href = format!("{calendar}d.ics");
            user.send("PUT", &href, &[kind], text).await.expect_condition(403, condition);
            user.get(&href).await.expect(404);
        }
    }

    /// RFC 7265 §3.2, RFC 6321 §3.2: the whole calendar in each form, with a tag for each, and back.
    async fn whole_calendars_are_given_and_taken(user: User) {
        let from = calendar(&user).await;
        for uid in ["a", "b"] {
            put(&user, &format!("{from}{uid}.ics"), &meeting(uid)).await.expect(201);
        }
        let mut tags = vec![];
        for (n, kind) in ["text/calendar", JSON, XML].into_iter().enumerate() {
            let got = user.send("GET", &from, &[("Accept", kind)], "").await.expect(200);
            assert!(got.header("content-type").unwrap().starts_with(kind));
            let tag = got.header("etag").unwrap().to_owned();
            let same = [("Accept", kind), ("If-None-Match", tag.as_str())];
            user.send("GET", &from, &same, "").await.expect(304);
            assert!(!tags.contains(&tag), "{tag}");
            tags.push(tag);
            match kind {
                JSON => {
                    let it: Value = serde_json::from_slice(&got.body).unwrap();
                    let names: Vec<&Value> = it[2].as_array().unwrap().iter().map(|c| &c[0]).collect();
                    assert_eq!(names, ["vtimezone", "vevent", "vevent"]);
                    assert_eq!(it[0], "vcalendar");
                }
                XML => assert!(got.text().contains(&component("b")), "{}", got.text()),
                _ => {}
            }
            let to = user.path(&format!("calendars/into{n}/"));
            user.send("MKCALENDAR", &format!("calendars/into{n}/"), &[], "").await.expect(201);
            for outcome in ["2 created", "2 unchanged"] {
                let headers = [("Content-Type", kind), ("Accept", "text/plain")];
                let told = user.send("PUT", &to, &headers, got.body.clone()).await.expect(200).text();
                assert!(told.contains(outcome), "{kind}: {told}");
            }
            let query = within("VEVENT", r#"start="20260106T000000Z" end="20260107T000000Z""#);
            let content = format!("<D:prop><C:calendar-data/></D:prop>{query}");
            let found = user.report(&to, "1", "C:calendar-query", &content).await.expect(207);
            let found = found.multistatus();
            assert_eq!(found.responses.len(), 2, "{kind}");
            for it in &found.responses {
                let text = it.text("calendar-data");
                assert!(text.contains("SUMMARY:Käse\\, <Brot>\r\nX-KEPT:a\\,b\r\n"), "{text}");
            }
        }
        // Two calendars in one body, and what is none.
        let two = r#"[["vcalendar",[],[]],["vcalendar",[],[]]]"#;
        user.send("PUT", &from, &[("Content-Type", JSON)], two).await.expect(207);
        let bad = user.send("PUT", &from, &[("Content-Type", XML)], "<icalendar/>").await;
        bad.expect_condition(403, "valid-calendar-data");
        // A calendar without objects is one too.
        let empty = user.path("calendars/empty/");
        user.send("MKCALENDAR", "calendars/empty/", &[], "").await.expect(201);
        for kind in [JSON, XML] {
            let got = user.send("GET", &empty, &[("Accept", kind)], "").await.expect(200);
            let headers = [("Content-Type", kind), ("Accept", "text/plain")];
            user.send("PUT", &empty, &headers, got.body.clone()).await.expect(200);
        }
    }
}
