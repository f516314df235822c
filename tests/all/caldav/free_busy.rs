//! `free-busy-query` (RFC 4791 §7.10): what counts as busy, and who may know it.

use super::*;

const RANGE: &str = r#"start="20260601T000000Z" end="20260608T000000Z""#;

async fn ask(user: &User, target: &str, depth: &str) -> Answer {
    let content = format!("<C:time-range {RANGE}/>");
    user.report(target, depth, "C:free-busy-query", &content).await
}

/// The values of FREEBUSY, each with its type.
fn periods(answer: &Answer) -> Vec<String> {
    assert!(answer.header("content-type").unwrap().starts_with("text/calendar"));
    let text = answer.text();
    assert!(text.contains("\r\nDTSTART:20260601T000000Z\r\nDTEND:20260608T000000Z\r\n"), "{text}");
    let lines = text.lines().filter_map(|line| line.strip_prefix("FREEBUSY;FBTYPE="));
    lines.map(str::to_owned).collect()
}

dialogues! {
    async fn what_is_busy(user: User) {
        let calendar = calendar(&user).await;
        let zone = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\n\
            BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+1000\r\nTZOFFSETTO:+1000\r\n\
            END:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n";
        let set = format!("<D:set><D:prop><C:calendar-timezone>{zone}</C:calendar-timezone></D:prop></D:set>");
        user.proppatch(&calendar, &set).await.expect(207);
        let busy = one("VFREEBUSY", "UID:fb\nFREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260606T000000Z/PT2H\n\
            FREEBUSY;FBTYPE=FREE:20260606T030000Z/PT2H");
        user.send("MKCALENDAR", "calendars/fb/", &[], document("C:mkcalendar",
            "<D:set><D:prop><C:supported-calendar-component-set><C:comp name='VFREEBUSY'/>\
             </C:supported-calendar-component-set></D:prop></D:set>")).await.expect(201);
        put(&user, "calendars/fb/fb.ics", &busy).await.expect(201);
        for (name, lines) in [
            ("early", "DTSTART:20260531T233000Z\nDTEND:20260601T003000Z"),
            ("a", "DTSTART:20260601T090000Z\nDTEND:20260601T100000Z"),
            ("touching", "DTSTART:20260601T100000Z\nDTEND:20260601T103000Z"),
            ("tentative", "DTSTART:20260601T093000Z\nDTEND:20260601T110000Z\nSTATUS:TENTATIVE"),
            ("cancelled", "DTSTART:20260602T090000Z\nDTEND:20260602T100000Z\nSTATUS:CANCELLED"),
            ("transparent", "DTSTART:20260602T110000Z\nDTEND:20260602T120000Z\nTRANSP:TRANSPARENT"),
            ("point", "DTSTART:20260602T130000Z"),
            ("floating", "DTSTART:20260603T100000\nDURATION:PT1H"),
            ("series", "DTSTART:20260501T200000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20260602T200000Z"),
            ("outside", "DTSTART:20260608T000000Z\nDTEND:20260608T010000Z"),
        ] {
            put(&user, &format!("{calendar}{name}.ics"), &event(name, lines)).await.expect(201);
        }
        put(&user, &format!("{calendar}todo.ics"), &one("VTODO", "UID:t\nDTSTART:20260604T000000Z\nDURATION:PT1H"))
            .await.expect(201);
        let of_calendar = [
            "BUSY:20260601T000000Z/20260601T003000Z",
            "BUSY:20260601T090000Z/20260601T103000Z",
            "BUSY-TENTATIVE:20260601T093000Z/20260601T110000Z",
            "BUSY:20260601T200000Z/20260601T210000Z",
            "BUSY:20260602T200000Z/20260602T210000Z",
            "BUSY:20260603T000000Z/20260603T010000Z",
        ];
        assert_eq!(periods(&ask(&user, &calendar, "1").await.expect(200)), of_calendar);
        let unavailable = "BUSY-UNAVAILABLE:20260606T000000Z/20260606T020000Z";
        assert_eq!(periods(&ask(&user, "calendars/fb/", "1").await.expect(200)), [unavailable]);
        let home = user.path("calendars/");
        let of_home: Vec<_> = of_calendar.into_iter().chain([unavailable]).collect();
        assert_eq!(periods(&ask(&user, &home, "infinity").await.expect(200)), of_home);
        assert!(periods(&ask(&user, &home, "1").await.expect(200)).is_empty());
        // RFC 6638 §9.1: a calendar can be left out of what others are told.
        let set = "<D:set><D:prop><C:schedule-calendar-transp><C:transparent/>\
            </C:schedule-calendar-transp></D:prop></D:set>";
        user.proppatch(&calendar, set).await.expect(207);
        assert_eq!(periods(&ask(&user, &home, "infinity").await.expect(200)), [unavailable]);
        assert_eq!(periods(&ask(&user, &calendar, "1").await.expect(200)), of_calendar);
    }

    /// RFC 4791 §6.1.1, §7.10: the right to know it is less than that to read; without it there is
    /// nothing.
    async fn who_may_know(owner: User) {
        let calendar = calendar(&owner).await;
        let text = event("a", "SUMMARY:secret\nDTSTART:20260601T090000Z\nDTEND:20260601T100000Z");
        put(&owner, &format!("{calendar}a.ics"), &text).await.expect(201);
        let other = owner.server.user().await;
        for target in [calendar.clone(), owner.path("calendars/none/")] {
            assert_eq!(ask(&other, &target, "1").await.status, 404, "{target}");
        }
        let ace = format!("<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege>\
            <C:read-free-busy/></D:privilege></D:grant></D:ace>", other.principal());
        owner.send("ACL", &calendar, &[], document("D:acl", &ace)).await.expect(200);
        let told = ask(&other, &calendar, "1").await.expect(200);
        assert_eq!(periods(&told), ["BUSY:20260601T090000Z/20260601T100000Z"]);
        assert!(!told.text().contains("secret"));
        other.get(&format!("{calendar}a.ics")).await.expect(403);
        let query = "<D:prop><D:getetag/></D:prop>";
        other.report(&calendar, "1", "C:calendar-query", query).await.expect(403);
    }

    async fn wrong_requests(user: User) {
        let calendar = calendar(&user).await;
        put(&user, &format!("{calendar}a.ics"), &event("a", "DTSTART:20260601T090000Z")).await.expect(201);
        ask(&user, &format!("{calendar}a.ics"), "0").await.expect(403);
        let send = async |content: &str| user.report(&calendar, "1", "C:free-busy-query", content).await;
        send("").await.expect(400);
        send(&format!("<C:time-range {RANGE}/><C:time-range {RANGE}/>")).await.expect(400);
        send("<C:time-range start='20260601T000000'/>").await.expect_condition(403, "valid-filter");
        let open = send("<C:time-range start='20260601T000000Z'/>").await.expect(200);
        assert!(!open.text().contains("DTEND"), "{open}");
        // Without an end there is no end to this one.
        let endless = event("endless", "DTSTART:20260601T090000Z\nDURATION:PT1M\nRRULE:FREQ=HOURLY");
        put(&user, &format!("{calendar}endless.ics"), &endless).await.expect(201);
        let open = send("<C:time-range start='20260601T000000Z'/>").await;
        open.expect_condition(403, "number-of-matches-within-limits");
    }
}
