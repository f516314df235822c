//! Calendar objects as jCal (RFC 7265), given and taken.

use super::query::within;
use super::*;
use serde_json::{Value, json};

const JSON: &str = "application/calendar+json";

fn meeting(uid: &str) -> String {
    event(
        uid,
        "DTSTART;TZID=Europe/Berlin:20260105T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\n\
                SUMMARY:Käse\\, Brot\nX-KEPT:a\\,b",
    )
}

fn as_json(uid: &str) -> Value {
    json!(["vcalendar", [["version", {}, "text", "2.0"], ["prodid", {}, "text", "-//t//t//EN"]], [
        ["vevent", [
            ["dtstamp", {}, "date-time", "2026-01-01T00:00:00Z"],
            ["uid", {}, "text", uid],
            ["dtstart", {"tzid": "Europe/Berlin"}, "date-time", "2026-01-05T09:00:00"],
            ["duration", {}, "duration", "PT1H"],
            ["rrule", {}, "recur", {"freq": "DAILY", "count": 2}],
            ["summary", {}, "text", "Käse, Brot"],
            ["x-kept", {}, "unknown", "a\\,b"],
        ], []],
    ]])
}

fn parsed(text: impl AsRef<[u8]>) -> Value {
    serde_json::from_slice(text.as_ref()).unwrap()
}

dialogues! {
    /// RFC 7265 §7, RFC 9110 §12.5.1, §8.8.1: by Accept, with a tag of its own, which is good for the
    /// next PUT.
    async fn a_get_gives_jcal_where_it_is_liked_best(user: User) {
        let href = format!("{}a.ics", calendar(&user).await);
        let tag = put(&user, &href, &meeting("a")).await.expect(201).header("etag").unwrap().to_owned();
        let get = |accept: &'static str, more: Vec<(&'static str, String)>| {
            let (user, href) = (user.clone(), href.clone());
            async move {
                let mut headers = vec![("Accept", accept)];
                headers.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
                user.send("GET", &href, &headers, "").await
            }
        };
        for accept in ["text/calendar", "*/*", "application/calendar+json, text/calendar", "image/png"] {
            let got = get(accept, vec![]).await.expect(200);
            assert_eq!((got.text(), got.header("etag")), (meeting("a"), Some(tag.as_str())), "{accept}");
        }
        let mut marked = String::new();
        for accept in [JSON, "text/calendar;q=0.5, application/calendar+json", "application/*"] {
            let got = get(accept, vec![]).await.expect(200);
            assert_eq!(got.header("content-type"), Some(JSON));
            assert_eq!(got.header("vary"), Some("Accept, CalDAV-Timezones"));
            assert_eq!(parsed(&got.body), as_json("a"), "{accept}");
            got.header("etag").unwrap().clone_into(&mut marked);
            assert_ne!(marked, tag);
        }
        get(JSON, vec![("If-None-Match", marked.clone())]).await.expect(304);
        get(JSON, vec![("If-None-Match", tag.clone())]).await.expect(200);
        get("*/*", vec![("If-None-Match", marked.clone())]).await.expect(200);
        let part = get(JSON, vec![("Range", "bytes=0-11".into())]).await.expect(206);
        assert_eq!(part.text(), "[\"vcalendar\"");
        // With the zones that were left out.
        let got = get(JSON, vec![("CalDAV-Timezones", "T".into())]).await.expect(200);
        assert_eq!(parsed(&got.body)[2][0][0], "vtimezone");
        assert_ne!(got.header("etag"), Some(marked.as_str()));
        let head = user.send("HEAD", &href, &[("Accept", JSON)], "").await.expect(200);
        assert_eq!(head.header("content-type"), Some(JSON));
        let headers = [("If-Match", marked.as_str()), ("Content-Type", "text/calendar")];
        user.send("PUT", &href, &headers, meeting("a")).await.expect(204);
    }

    /// RFC 4791 §5.2.4, §9.6: content-type of calendar-data, whole and in parts.
    async fn reports_give_jcal(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}a.ics");
        put(&user, &href, &meeting("a")).await.expect(201);
        let give = |root: &'static str, attributes: &str, inside: &str| {
            let data = format!("<C:calendar-data {attributes}>{inside}</C:calendar-data>");
            let rest = match root {
                "C:calendar-multiget" => format!("<D:href>{href}</D:href>"),
                _ => within("VEVENT", r#"start="20260101T000000Z" end="20270101T000000Z""#),
            };
            let (user, calendar) = (user.clone(), calendar.clone());
            let content = format!("<D:prop><D:getetag/>{data}</D:prop>{rest}");
            async move { user.report(&calendar, "1", root, &content).await.expect(207).multistatus() }
        };
        for root in ["C:calendar-multiget", "C:calendar-query"] {
            let kind = "content-type='application/calendar+json' version='2.0'";
            let it = give(root, kind, "").await;
            assert_eq!(parsed(it.only().text("calendar-data")), as_json("a"), "{root}");
            let data = it.only().prop("calendar-data");
            assert_eq!(data.attribute("content-type"), Some(JSON));
            let part = "<C:comp name='VCALENDAR'><C:comp name='VEVENT'><C:prop name='UID'/></C:comp></C:comp>";
            let it = give(root, kind, part).await;
            let expected = json!(["vcalendar", [], [["vevent", [["uid", {}, "text", "a"]], []]]]);
            assert_eq!(parsed(it.only().text("calendar-data")), expected, "{root}");
            let range = "<C:expand start='20260101T000000Z' end='20270101T000000Z'/>";
            let it = give(root, kind, range).await;
            let found = parsed(it.only().text("calendar-data"));
            assert_eq!(found[2].as_array().unwrap().len(), 2, "{root}");
            let it = give(root, "", "").await;
            assert_eq!(it.only().text("calendar-data"), meeting("a"), "{root}");
        }
    }

    /// RFC 7265 §4, RFC 9110 §9.3.4: what is told to be supported is taken by PUT and POST, stored as
    /// iCalendar, without an ETag in the answer.
    async fn jcal_is_taken(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}b.ics");
        let kind = ("Content-Type", "application/calendar+json; charset=utf-8");
        let made = user.send("PUT", &href, &[kind], as_json("b").to_string()).await.expect(201);
        assert_eq!(made.header("etag"), None);
        let stored = user.get(&href).await.expect(200);
        assert_eq!(stored.text(), meeting("b"));
        assert!(stored.header("content-type").unwrap().starts_with("text/calendar"));
        let etag = stored.header("etag").unwrap();
        let changed = as_json("b").to_string().replace("Brot", "Wein");
        let again = user.send("PUT", &href, &[kind, ("If-Match", etag)], changed).await.expect(204);
        assert_eq!(again.header("etag"), None);
        user.send("PUT", &href, &[kind, ("If-Match", etag)], as_json("b").to_string()).await.expect(412);
        assert!(user.get(&href).await.text().contains("SUMMARY:Käse\\, Wein\r\n"));
        let prefer = [kind, ("Prefer", "return=representation"), ("Accept", JSON)];
        let told = user.send("PUT", &href, &prefer, as_json("b").to_string()).await.expect(200);
        assert_eq!(parsed(&told.body), as_json("b"));
        let added = user.send("POST", &calendar, &[kind], as_json("c").to_string()).await.expect(201);
        assert_eq!(added.header("etag"), None);
        let place = added.header("location").unwrap();
        assert_eq!(user.get(place).await.expect(200).text(), meeting("c"));
        let query = within("VEVENT", r#"start="20260106T000000Z" end="20260107T000000Z""#);
        let content = format!("<D:prop><D:getetag/></D:prop>{query}");
        let found = user.report(&calendar, "1", "C:calendar-query", &content).await.expect(207);
        assert_eq!(found.multistatus().responses.len(), 2, "both recur on that day");
    }

    /// The conditions of RFC 4791 §5.3.2.1 hold for jCal too, and say what is wrong.
    async fn bad_jcal_is_refused_with_the_reason(user: User) {
        let calendar = calendar(&user).await;
        let good = as_json("d").to_string();
        for (text, condition) in [
            (String::new(), "valid-calendar-data"),
            (meeting("d"), "valid-calendar-data"),
            (good.replace("2026-01-05", "2026-13-05"), "valid-calendar-data"),
            (good.replace("\"x-kept\"", "\"end\""), "valid-calendar-data"),
            (good.replace("\"uid\"", "\"x-uid\""), "valid-calendar-object-resource"),
        ] {
            let href = format!("{calendar}d.ics");
            let answer = user.send("PUT", &href, &[("Content-Type", JSON)], text).await;
            answer.expect_condition(403, condition);
            user.get(&href).await.expect(404);
        }
        let whole = user.send("PUT", &calendar, &[("Content-Type", JSON)], "[[]]").await;
        whole.expect_condition(403, "valid-calendar-data");
    }
}
