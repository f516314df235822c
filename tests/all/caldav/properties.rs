//! What a calendar says of itself (RFC 4791 §5.2), and how it is made (§5.3.1).

use super::*;

/// A calendar object with one time zone, whose parts stand for `{}`.
fn zone(parts: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:t\n{parts}END:VCALENDAR\n")
}

const STANDARD: &str = "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\n\
                        TZOFFSETTO:+0100\nEND:STANDARD\n";

async fn make(user: &User, target: &str, props: &str) -> Answer {
    let body = document("C:mkcalendar", &format!("<D:set><D:prop>{props}</D:prop></D:set>"));
    user.send("MKCALENDAR", target, &[("Content-Type", "application/xml")], body).await
}

dialogues! {
    /// RFC 4791 §5.2.3, §5.2.4, §7.5.1: components, media types and collations are told by name
    /// only, and are the server's once the calendar is made.
    async fn what_a_calendar_takes_is_told_and_protected(user: User) {
        let set = "<C:supported-calendar-component-set><C:comp name='VEVENT'/>\
                   <C:comp name='VTODO'/></C:supported-calendar-component-set>";
        make(&user, "calendars/a/", set).await.expect(201);
        let asked = "<C:supported-calendar-component-set/><C:supported-calendar-data/>\
                     <C:supported-collation-set/>";
        let it = user.propfind("calendars/a/", "0", asked).await;
        assert_eq!(super::components(it.only()), ["VEVENT", "VTODO"]);
        let data = it.only().prop("supported-calendar-data");
        let data: Vec<_> = data.elements().collect();
        assert_eq!(data.len(), 3);
        let media = ["text/calendar", "application/calendar+json", "application/calendar+xml"];
        for (data, media) in data.into_iter().zip(media) {
            assert!(data.is("urn:ietf:params:xml:ns:caldav", "calendar-data"));
            assert_eq!(data.attribute("content-type"), Some(media));
            assert_eq!(data.attribute("version"), Some("2.0"));
        }
        let collations = it.only().prop("supported-collation-set");
        let collations: Vec<_> = collations.elements().map(|e| e.text().into_owned()).collect();
        assert_eq!(collations, ["i;ascii-casemap", "i;octet", "i;unicode-casemap"]);
        let all = user.send("PROPFIND", "calendars/a/", &[("Depth", "0")], "").await.expect(207);
        let all = all.multistatus();
        for name in ["supported-calendar-component-set", "supported-calendar-data", "supported-collation-set"] {
            assert_eq!(all.only().status_of(name), None, "{name} is not of allprop");
            for update in [
                format!("<D:set><D:prop><C:{name}><C:comp name='VEVENT'/></C:{name}></D:prop></D:set>"),
                format!("<D:remove><D:prop><C:{name}/></D:prop></D:remove>"),
            ] {
                let done = user.proppatch("calendars/a/", &update).await.expect(207).multistatus();
                assert_eq!(done.only().status_of(name), Some(403), "{update}");
                assert!(done.only().has_condition("cannot-modify-protected-property"), "{update}");
            }
        }
        let it = user.propfind("calendars/a/", "0", asked).await;
        assert_eq!(super::components(it.only()), ["VEVENT", "VTODO"]);
    }

    /// RFC 4791 §2, §7, §7.5.1: each report is told where it can be used, and its collations.
    async fn reports_are_told_where_they_can_be_used(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}a.ics");
        put(&user, &href, &event("a", "DTSTART:20260101T000000Z")).await.expect(201);
        let query = ["calendar-query", "calendar-multiget"];
        let all = ["calendar-query", "calendar-multiget", "free-busy-query"];
        for (target, reports) in
            [(calendar.as_str(), &all[..]), (&user.path("calendars/"), &all), (&href, &query)]
        {
            let it = user.propfind(target, "0", "<D:supported-report-set/>").await;
            let set = format!("{:?}", it.only().prop("supported-report-set"));
            let it = user.propfind(target, "0", "<C:supported-collation-set/>").await;
            assert_eq!(it.only().prop("supported-collation-set").elements().count(), 3, "{target}");
            for report in reports.iter().chain(&["expand-property"]) {
                assert!(set.contains(&format!("\"{report}\"")), "{target}: {report} in {set}");
            }
        }
    }

    /// RFC 4791 §11: two objects that were posted have names that tell nothing of them.
    async fn a_name_that_the_server_chooses_is_random(user: User) {
        let calendar = calendar(&user).await;
        let mut names = Vec::new();
        for uid in ["secret-a", "secret-b"] {
            let text = event(uid, "DTSTART:20260101T000000Z");
            let headers = [("Content-Type", "text/calendar")];
            let made = user.send("POST", &calendar, &headers, text).await.expect(201);
            let location = made.header("location").unwrap().to_owned();
            assert!(!location.contains("secret") && location.ends_with(".ics"), "{location}");
            user.get(&location).await.expect(200);
            names.push(location);
        }
        assert!(names[0].len() > calendar.len() + 30 && names[0] != names[1], "{names:?}");
    }

    /// RFC 4791 §6.2.1: the home is told by name only, and is the server's.
    async fn a_home_is_told_and_protected(user: User) {
        let name = "calendar-home-set";
        let it = user.propfind(&user.principal(), "0", &format!("<C:{name}/>")).await;
        let href = it.only().prop(name).child("DAV:", "href").unwrap().text().into_owned();
        assert_eq!(href, user.path("calendars/"));
        let all = user.send("PROPFIND", &user.principal(), &[("Depth", "0")], "").await.expect(207);
        assert_eq!(all.multistatus().only().status_of(name), None);
        let set = format!("<D:set><D:prop><C:{name}><D:href>/x/</D:href></C:{name}></D:prop></D:set>");
        let answer = user.proppatch(&user.principal(), &set).await;
        assert_eq!(answer.status, 403, "{answer}");
    }

    /// RFC 4791 §5.2.1: the description and its language, however the calendar came to it.
    async fn a_description_keeps_its_language(user: User) {
        let of = |language: &str, text: &str| {
            format!("<C:calendar-description xml:lang='{language}'>{text}</C:calendar-description>")
        };
        make(&user, "calendars/a/", &of("en", "Team &lt;one&gt;")).await.expect(201);
        let look = || async { user.propfind("calendars/a/", "0", "<C:calendar-description/>").await };
        let it = look().await;
        let description = it.only().prop("calendar-description");
        assert_eq!((description.lang(), &*description.text()), (Some("en"), "Team <one>"));
        let inherited = "<D:set><D:prop xml:lang='de-AT'><C:calendar-description>Gruppe\
                         </C:calendar-description></D:prop></D:set>";
        for (update, language) in [
            (format!("<D:set><D:prop>{}</D:prop></D:set>", of("fr", "Gruppe")), "fr"),
            (inherited.to_owned(), "de-AT"),
        ] {
            user.proppatch("calendars/a/", &update).await.expect(207);
            let it = look().await;
            let description = it.only().prop("calendar-description");
            assert_eq!((description.lang(), &*description.text()), (Some(language), "Gruppe"));
        }
        let marked = of("en", "<D:href>x</D:href>");
        let done = user.proppatch("calendars/a/", &format!("<D:set><D:prop>{marked}</D:prop></D:set>")).await;
        assert_eq!(done.expect(207).multistatus().only().status_of("calendar-description"), Some(409));
        let all = user.send("PROPFIND", "calendars/a/", &[("Depth", "0")], "").await.expect(207);
        for name in ["calendar-description", "calendar-timezone"] {
            assert_eq!(all.multistatus().only().status_of(name), None, "{name} is not of allprop");
        }
    }

    /// RFC 4791 §5.2.2, §5.2.10, §5.3.1: a time zone is one valid VTIMEZONE, by PROPPATCH and by
    /// MKCALENDAR; a calendar with another one is not made.
    async fn a_time_zone_is_one_valid_vtimezone(user: User) {
        let one = format!("BEGIN:VTIMEZONE\nTZID:X\n{STANDARD}END:VTIMEZONE\n");
        let calendar = calendar(&user).await;
        let update = |text: &str| {
            let value = format!("<C:calendar-timezone>{text}</C:calendar-timezone>");
            format!("<D:set><D:prop>{value}</D:prop></D:set>")
        };
        for bad in [
            "Europe/Vienna".to_owned(),
            String::new(),
            zone(""),
            zone(&format!("{one}{one}")),
            zone(&format!("{one}BEGIN:VEVENT\nUID:u\nDTSTART:20260101\nEND:VEVENT\n")),
            zone("BEGIN:VEVENT\nUID:u\nDTSTART:20260101\nEND:VEVENT\n"),
            zone("BEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE\n"),
            zone(&one.replace("TZID:X\n", "")),
            zone(&one.replace("TZOFFSETTO:+0100", "TZOFFSETTO:east")),
            zone(&one.replace("END:VTIMEZONE\n", "")),
        ] {
            let done = user.proppatch(&calendar, &update(&bad)).await.expect(207).multistatus();
            assert_eq!(done.only().status_of("calendar-timezone"), Some(403), "{bad}");
            assert!(done.only().has_condition("valid-calendar-data"), "{bad}");
            let props = format!("<D:displayname>x</D:displayname><C:calendar-timezone>{bad}</C:calendar-timezone>");
            let answer = make(&user, "calendars/new/", &props).await.expect(403);
            assert!(answer.text().contains("valid-calendar-data"), "{answer}");
            user.send("PROPFIND", "calendars/new/", &[("Depth", "0")], "").await.expect(404);
        }
        for good in [zone(&one), format!("<![CDATA[{}]]>", zone(&one)), format!("\n{}\n", zone(&one))] {
            let done = user.proppatch(&calendar, &update(&good)).await.expect(207).multistatus();
            assert_eq!(done.only().status_of("calendar-timezone"), Some(200), "{good}");
        }
        let it = user.propfind(&calendar, "0", "<C:calendar-timezone/>").await;
        assert_eq!(it.only().text("calendar-timezone").trim(), zone(&one).trim());
    }

    /// RFC 4791 §5.3.1: an XML body with the right root, or none; the answer is not to be kept; the
    /// last of two values for one property counts.
    async fn mkcalendar_takes_its_own_body_or_none(user: User) {
        let made = user.send("MKCALENDAR", "calendars/a/", &[], "").await.expect(201);
        assert_eq!(made.header("cache-control"), Some("no-cache"));
        assert!(made.body.is_empty());
        let body = document("C:mkcalendar", "<D:set><D:prop/></D:set>");
        for media in ["text/plain", "text/calendar"] {
            user.send("MKCALENDAR", "calendars/b/", &[("Content-Type", media)], &body).await.expect(415);
        }
        let other = document("D:propfind", "<D:allprop/>");
        user.send("MKCALENDAR", "calendars/b/", &[("Content-Type", "text/xml")], other).await.expect(415);
        user.send("MKCALENDAR", "calendars/b/", &[("Content-Type", "text/xml")], "<x").await.expect(400);
        user.send("PROPFIND", "calendars/b/", &[("Depth", "0")], "").await.expect(404);
        let twice = "<D:displayname>one</D:displayname><D:displayname>two</D:displayname>";
        make(&user, "calendars/b", twice).await.expect(201);
        let it = user.propfind("calendars/b/", "0", "<D:displayname/><D:resourcetype/>").await;
        assert_eq!(it.only().text("displayname"), "two");
        let types = it.only().prop("resourcetype");
        assert!(types.child("DAV:", "collection").is_some());
        assert!(types.child("urn:ietf:params:xml:ns:caldav", "calendar").is_some());
    }

    /// RFC 4791 §4.2, §5.3.2.1: no collection is inside a calendar, wherever it comes from.
    async fn nothing_is_inside_a_calendar_but_objects(user: User) {
        for name in ["a", "b"] {
            make(&user, &format!("calendars/{name}/"), "").await.expect(201);
        }
        user.mkcol("files/f/").await;
        for method in ["COPY", "MOVE"] {
            for to in ["calendars/a/b/", "files/f/b/"] {
                let to = user.path(to);
                let answer = user.send(method, "calendars/b/", &[("Destination", &to)], "").await;
                answer.expect_condition(403, "calendar-collection-location-ok");
            }
            let to = user.path("calendars/a/b/");
            user.send(method, "files/f/", &[("Destination", &to)], "").await.expect(403);
        }
        user.send("MKCOL", "calendars/a/c/", &[], "").await.expect_condition(403, "calendar-collection-location-ok");
        let it = user.propfind("calendars/a/", "1", "<D:resourcetype/>").await;
        assert_eq!(it.hrefs(), [user.path("calendars/a/")]);
        let to = user.path("calendars/c/");
        put(&user, "calendars/b/e.ics", &event("e", "DTSTART:20260101T000000Z")).await.expect(201);
        user.send("COPY", "calendars/b/", &[("Destination", &to)], "").await.expect(201);
        assert_eq!(user.get("calendars/c/e.ics").await.text(), user.get("calendars/b/e.ics").await.text());
    }
}
