//! Time zones by reference (RFC 7809), and whose zone floating times are read in.

use super::query::{names, within};
use super::*;
use davenport::domain::directory::admin::{self, Changes};

const HEADER: &str = "CalDAV-Timezones";

fn zone(name: &str) -> String {
    format!(
        "BEGIN:VTIMEZONE\r\nTZID:{name}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
         TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
}

/// A calendar object with these VTIMEZONEs and two times with TZID.
fn with_zones(uid: &str, zones: &str) -> String {
    let lines = "DTSTART;TZID=Europe/Berlin:20260701T090000\nDTEND;TZID=Own:20260701T103000";
    event(uid, &format!("UID:{uid}\n{lines}")).replacen(&format!("UID:{uid}\r\n"), "", 1).replacen(
        "BEGIN:VEVENT",
        &format!("{zones}BEGIN:VEVENT"),
        1,
    )
}

fn calendar_of(zone: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\n{zone}END:VCALENDAR\r\n")
        .replace('\r', "&#13;")
}

async fn set(user: &User, calendar: &str, property: &str) -> Answer {
    user.proppatch(calendar, &format!("<D:set><D:prop>{property}</D:prop></D:set>")).await
}

/// The zone's id and whether the whole zone is there, too.
async fn zone_of(user: &User, calendar: &str) -> Option<(String, String)> {
    let it = user.propfind(calendar, "0", "<C:calendar-timezone-id/><C:calendar-timezone/>").await;
    let it = it.only();
    assert_eq!(it.status_of("calendar-timezone-id"), it.status_of("calendar-timezone"));
    (it.status_of("calendar-timezone") == Some(200))
        .then(|| (it.text("calendar-timezone-id"), it.text("calendar-timezone")))
}

dialogues! {
    /// RFC 7809 §3.1.1, §3.1.2, §5.1.
    async fn the_home_tells_where_zones_are_given(user: User) {
        for target in ["calendars/", &calendar(&user).await] {
            let options = user.send("OPTIONS", target, &[], "").await.expect(200);
            assert!(options.header("dav").unwrap().contains("calendar-no-timezone"));
        }
        let it = user.propfind("calendars/", "0", "<C:timezone-service-set/>").await;
        let href = it.only().prop("timezone-service-set").child("DAV:", "href").unwrap();
        assert_eq!(href.text(), "/tzdist");
        let all = user.send("PROPFIND", "calendars/", &[("Depth", "0")],
            document("D:propfind", "<D:allprop/>")).await.expect(207).multistatus();
        assert_eq!(all.only().status_of("timezone-service-set"), None);
    }

    /// RFC 7809 §3.1.3: GET with T, with F, and without a wish; RFC 9110 §8.8.1: each has a tag of
    /// its own, and changes can be made with any.
    async fn a_get_has_the_zones_that_the_client_wants(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}e.ics");
        let stored = with_zones("e", &(zone("Europe/Berlin") + &zone("Own")));
        let tag = put(&user, &href, &stored).await.expect(201).header("etag").unwrap().to_owned();
        let get = |wish: &'static str, more: Vec<(&'static str, String)>| {
            let (user, href) = (user.clone(), href.clone());
            async move {
                let mut headers = vec![(HEADER, wish)];
                headers.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
                headers.retain(|(_, value)| !value.is_empty());
                user.send("GET", &href, &headers, "").await
            }
        };
        let plain = get("", vec![]).await.expect(200);
        assert_eq!((plain.text(), plain.header("etag")), (stored.clone(), Some(tag.as_str())));
        assert_eq!(plain.header("vary"), Some("Accept, CalDAV-Timezones"));
        // Nothing is missing, so T gives what is stored.
        let whole = get("T", vec![]).await.expect(200);
        assert_eq!((whole.text(), whole.header("etag")), (stored.clone(), Some(tag.as_str())));
        let bare = get("F", vec![]).await.expect(200);
        assert_eq!(bare.text(), with_zones("e", &zone("Own")));
        let bare_tag = bare.header("etag").unwrap().to_owned();
        assert_ne!(bare_tag, tag);
        get("F", vec![("If-None-Match", bare_tag.clone())]).await.expect(304);
        get("F", vec![("If-None-Match", tag.clone())]).await.expect(200);
        get("", vec![("If-None-Match", bare_tag.clone())]).await.expect(200);
        let part = get("F", vec![("Range", "bytes=0-14".into())]).await.expect(206);
        let size = bare.text().len();
        assert_eq!(part.header("content-range"), Some(format!("bytes 0-14/{size}").as_str()));
        get("F", vec![("Range", "bytes=0-14".into()), ("If-Range", tag.clone())]).await.expect(200);
        let head = user.send("HEAD", &href, &[(HEADER, "F")], "").await.expect(200);
        assert_eq!(head.header("content-length"), Some(size.to_string().as_str()));
        // A client that knows only this form changes the object.
        let again = user.send("PUT", &href, &[("If-Match", &bare_tag), ("Content-Type", "text/calendar")],
            with_zones("e", &zone("Own"))).await;
        again.expect(204);
        user.send("DELETE", &href, &[("If-Match", &bare_tag)], "").await.expect(412);
    }

    /// RFC 7809 §3.1.4, §3.1.3: what was sent without a known zone is taken, and given with it to
    /// those who want it.
    async fn what_came_without_zones_is_given_with_them(user: User) {
        let calendar = calendar(&user).await;
        let href = format!("{calendar}e.ics");
        let stored = with_zones("e", &zone("Own"));
        let tag = put(&user, &href, &stored).await.expect(201).header("etag").unwrap().to_owned();
        assert_eq!(user.get(&href).await.expect(200).text(), stored);
        let whole = user.send("GET", &href, &[(HEADER, "T")], "").await.expect(200);
        assert_eq!(whole.text().matches("BEGIN:VTIMEZONE").count(), 2);
        assert!(whole.text().contains("TZID:Europe/Berlin\r\n"));
        assert_ne!(whole.header("etag"), Some(tag.as_str()));
        let hrefs = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>{href}</D:href>");
        for (root, content) in [
            ("C:calendar-multiget", hrefs),
            ("C:calendar-query", "<D:prop><D:getetag/><C:calendar-data/></D:prop>".to_owned()),
        ] {
            for (wish, zones) in [("T", 2), ("F", 1)] {
                let headers = [(HEADER, wish), ("Depth", "1")];
                let it = user.send("REPORT", &calendar, &headers, document(root, &content)).await;
                let it = it.expect(207).multistatus();
                let data = it.only().text("calendar-data");
                assert_eq!(data.matches("BEGIN:VTIMEZONE").count(), zones, "{root} {wish}");
                assert_eq!(it.only().text("getetag"), tag);
            }
        }
        let body = document("D:propfind", "<D:prop><C:calendar-data/></D:prop>");
        let it = user.send("PROPFIND", &href, &[(HEADER, "T"), ("Depth", "0")], body).await;
        let it = it.expect(207).multistatus();
        assert_eq!(it.only().text("calendar-data"), whole.text());
        let echo = user.send("PUT", &href, &[(HEADER, "T"), ("Prefer", "return=representation"),
            ("Content-Type", "text/calendar")], stored.as_str()).await.expect(200);
        assert_eq!(echo.text(), whole.text());
        assert_eq!(echo.header("etag"), whole.header("etag"));
        // Times are read in the zone, though the object does not write it out.
        let hit = within("VEVENT", r#"start="20260701T070000Z" end="20260701T071500Z""#);
        let miss = within("VEVENT", r#"start="20260701T063000Z" end="20260701T070000Z""#);
        assert_eq!(names(&user, &calendar, &hit).await, ["e"]);
        assert!(names(&user, &calendar, &miss).await.is_empty());
    }

    /// RFC 7809 §3.1.5, §5.2.
    async fn a_calendars_zone_is_one_by_either_property(user: User) {
        let calendar = calendar(&user).await;
        assert_eq!(zone_of(&user, &calendar).await, None);
        set(&user, &calendar, "<C:calendar-timezone-id>America/New_York</C:calendar-timezone-id>")
            .await.expect(207);
        let (id, text) = zone_of(&user, &calendar).await.unwrap();
        assert_eq!(id, "America/New_York");
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.contains("TZID:America/New_York\r\n"));
        set(&user, &calendar, &format!("<C:calendar-timezone>{}</C:calendar-timezone>",
            calendar_of(&zone("Own")))).await.expect(207);
        assert_eq!(zone_of(&user, &calendar).await.unwrap().0, "Own");
        let refused = set(&user, &calendar, "<C:calendar-timezone-id>Nowhere</C:calendar-timezone-id>")
            .await.expect(207).multistatus();
        assert_eq!(refused.only().status_of("calendar-timezone-id"), Some(403));
        assert!(refused.only().has_condition("valid-timezone"));
        assert_eq!(zone_of(&user, &calendar).await.unwrap().0, "Own");
        let remove = "<D:remove><D:prop><C:calendar-timezone-id/></D:prop></D:remove>";
        user.proppatch(&calendar, remove).await.expect(207);
        assert_eq!(zone_of(&user, &calendar).await, None);
        let all = user.send("PROPFIND", &calendar, &[("Depth", "0")],
            document("D:propfind", "<D:allprop/>")).await.expect(207).multistatus();
        assert_eq!(all.only().status_of("calendar-timezone-id"), None);
    }

    /// MKCALENDAR as DAVx5 sends it: both properties (RFC 7809 §3.1.5).
    async fn a_calendar_is_made_with_a_zone(user: User) {
        let make = |name: &'static str, props: String| {
            let user = user.clone();
            async move {
                let body = document("C:mkcalendar", &format!("<D:set><D:prop>{props}</D:prop></D:set>"));
                user.send("MKCALENDAR", &format!("calendars/{name}/"), &[], body).await
            }
        };
        let id = |id: &str| format!("<C:calendar-timezone-id>{id}</C:calendar-timezone-id>");
        let both = id("Europe/Vienna") + "<C:calendar-timezone>"
            + &calendar_of(&zone("Europe/Vienna")) + "</C:calendar-timezone>";
        make("both", both).await.expect(201);
        assert_eq!(zone_of(&user, &user.path("calendars/both/")).await.unwrap().0, "Europe/Vienna");
        make("one", id("Asia/Tokyo")).await.expect(201);
        assert_eq!(zone_of(&user, &user.path("calendars/one/")).await.unwrap().0, "Asia/Tokyo");
        let refused = make("none", id("Nowhere")).await.expect(403);
        assert!(refused.text().contains("valid-timezone"), "{}", refused.text());
    }

    /// RFC 4791 §5.2.2, RFC 7809 §5.2: a calendar without a zone shows its owner's, and floating
    /// times are in it: in queries of it, of its members and of its home, and in free-busy.
    async fn a_calendar_without_a_zone_has_its_owners(user: User) {
        let calendar = calendar(&user).await;
        let own = |zone: Option<&str>| {
            let changes = Changes { zone: Some(zone.map(str::to_owned)), ..Changes::default() };
            let (store, name) = (user.server.store.clone(), user.name.clone());
            let work = async move { admin::change(&store, &name, None, changes).await };
            async { user.server.on(work).await.unwrap() }
        };
        let lines = "DTSTART:20260115T080000\nDTEND:20260115T090000";
        put(&user, &format!("{calendar}a.ics"), &event("a", lines)).await.expect(201);
        let found = |begin: &'static str| {
            let (user, calendar) = (user.clone(), calendar.clone());
            async move {
                let at = begin.strip_suffix("00Z").unwrap();
                let range = format!(r#"start="{begin}" end="{at}10Z""#);
                let busy = format!("<C:time-range {range}/>");
                let busy = user.report(&calendar, "1", "C:free-busy-query", &busy).await.expect(200);
                let busy = busy.text().contains("FREEBUSY;");
                let filter = within("VEVENT", &range);
                let content = format!("<D:prop><D:getetag/></D:prop>{filter}");
                let one = format!("{calendar}a.ics");
                let one = user.report(&one, "0", "C:calendar-query", &content).await.expect(207);
                let one = !one.multistatus().responses.is_empty();
                let home = user.report("calendars/", "infinity", "C:calendar-query", &content).await;
                let home = !home.expect(207).multistatus().responses.is_empty();
                let it = [names(&user, &calendar, &filter).await == ["a"], busy, one, home];
                assert!(it == [true; 4] || it == [false; 4], "{begin}: {it:?}");
                it[0]
            }
        };
        assert_eq!(zone_of(&user, &calendar).await, None);
        assert!(found("20260115T080000Z").await);
        own(Some("America/New_York")).await;
        let (id, text) = zone_of(&user, &calendar).await.unwrap();
        assert_eq!(id, "America/New_York");
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.contains("TZID:America/New_York\r\n"));
        assert!(found("20260115T130000Z").await && !found("20260115T080000Z").await);
        let whole = user.send("GET", &calendar, &[("Accept", "text/calendar")], "").await.expect(200);
        assert!(whole.text().contains("\r\nX-WR-TIMEZONE:America/New_York\r\n"));
        // A home has none, nor a subscription or an object.
        let it = user.propfind("calendars/", "0", "<C:calendar-timezone/><C:calendar-timezone-id/>").await;
        assert_eq!(it.only().status_of("calendar-timezone"), Some(404));
        // Its own comes first, and the owner's is back when that is removed.
        set(&user, &calendar, "<C:calendar-timezone-id>Asia/Tokyo</C:calendar-timezone-id>").await.expect(207);
        assert_eq!(zone_of(&user, &calendar).await.unwrap().0, "Asia/Tokyo");
        assert!(found("20260114T230000Z").await);
        let whole = user.send("GET", &calendar, &[("Accept", "text/calendar")], "").await.expect(200);
        assert!(whole.text().contains("\r\nX-WR-TIMEZONE:Asia/Tokyo\r\n"));
        let remove = "<D:remove><D:prop><C:calendar-timezone/></D:prop></D:remove>";
        user.proppatch(&calendar, remove).await.expect(207);
        assert_eq!(zone_of(&user, &calendar).await.unwrap().0, "America/New_York");
        own(None).await;
        assert_eq!(zone_of(&user, &calendar).await, None);
        assert!(found("20260115T080000Z").await);
    }

    /// RFC 4791 §7.3, §9.8, RFC 7809 §3.1.6: the request's zone, then the calendar's, then UTC; for
    /// floating times and for whole days, in queries, expansion and free-busy.
    async fn floating_times_follow_the_request_then_the_calendar(user: User) {
        let calendar = calendar(&user).await;
        for (name, lines) in [
            ("time", "DTSTART:20260115T080000\nDTEND:20260115T090000"),
            ("day", "DTSTART;VALUE=DATE:20260120\nDTEND;VALUE=DATE:20260121"),
        ] {
            put(&user, &format!("{calendar}{name}.ics"), &event(name, lines)).await.expect(201);
        }
        let asked = "<C:timezone-id>Asia/Tokyo</C:timezone-id>";
        let written = format!("<C:timezone>{}</C:timezone>", calendar_of(&zone("Own")));
        let none = String::new();
        // The instants of 08:00, and of the day's begin, in UTC, New York, Tokyo and at +01:00.
        let cases = [
            (&none, "UTC", "20260115T080000Z", "20260120T000000Z"),
            (&none, "America/New_York", "20260115T130000Z", "20260120T050000Z"),
            (&asked.to_owned(), "America/New_York", "20260114T230000Z", "20260119T150000Z"),
            (&written, "America/New_York", "20260115T070000Z", "20260119T230000Z"),
        ];
        for (request, own, time, day) in cases {
            let id = format!("<C:calendar-timezone-id>{own}</C:calendar-timezone-id>");
            set(&user, &calendar, &id).await.expect(207);
            for (name, begin) in [("time", time), ("day", day)] {
                let at = begin.strip_suffix("00Z").unwrap();
                let range = format!(r#"start="{begin}" end="{at}10Z""#);
                let filter = within("VEVENT", &range) + request;
                assert_eq!(names(&user, &calendar, &filter).await, [name], "{own} {request}");
                let object = format!("{calendar}{name}.ics");
                let content = format!("<D:prop><D:getetag/></D:prop>{filter}");
                let one = user.report(&object, "0", "C:calendar-query", &content).await.expect(207);
                assert_eq!(one.multistatus().hrefs(), [object.as_str()], "{own} {request}");
                let content = format!("<C:time-range {range}/>{request}");
                let busy = user.report(&calendar, "1", "C:free-busy-query", &content).await.expect(200);
                let busy = busy.text();
                assert!(busy.contains(&format!("FREEBUSY;FBTYPE=BUSY:{begin}/{at}10Z")), "{busy}");
                // Expanded, a floating time stays one, and is found by where it is.
                let expand = format!("<D:prop><C:calendar-data><C:expand start='{begin}' \
                    end='{at}10Z'/></C:calendar-data></D:prop>{filter}");
                let it = user.report(&calendar, "1", "C:calendar-query", &expand).await.expect(207);
                let data = it.multistatus().only().text("calendar-data");
                assert_eq!(data.matches("BEGIN:VEVENT").count(), 1, "{data}");
            }
            // An instant before, there is nothing.
            let (minute, _) = time.split_at(11);
            let before = format!(r#"start="20260114T000000Z" end="{minute}0000Z""#);
            let filter = within("VEVENT", &before) + request;
            assert!(names(&user, &calendar, &filter).await.is_empty(), "{own} {request}");
        }
    }

    /// RFC 7809 §3.1.6.
    async fn a_zone_that_is_not_known_is_refused(user: User) {
        let calendar = calendar(&user).await;
        let filter = within("VEVENT", r#"start="20260115T080000Z""#);
        for id in ["Nowhere", "", "Europe"] {
            let content = format!("<D:prop><D:getetag/></D:prop>{filter}<C:timezone-id>{id}</C:timezone-id>");
            user.report(&calendar, "1", "C:calendar-query", &content).await
                .expect_condition(403, "valid-timezone");
            let content = format!("<C:time-range start=\"20260115T080000Z\"/><C:timezone-id>{id}</C:timezone-id>");
            user.report(&calendar, "1", "C:free-busy-query", &content).await
                .expect_condition(403, "valid-timezone");
        }
        let both = format!("<D:prop><D:getetag/></D:prop>{filter}<C:timezone-id>UTC</C:timezone-id>\
            <C:timezone>{}</C:timezone>", calendar_of(&zone("Own")));
        user.report(&calendar, "1", "C:calendar-query", &both).await.expect(400);
    }
}
