//! `calendar-query` (RFC 4791 §7.8, §9.7-9.9): component filters and time ranges.

use super::*;

pub fn vcalendar(inside: &str) -> String {
    format!("<C:filter><C:comp-filter name=\"VCALENDAR\">{inside}</C:comp-filter></C:filter>")
}

pub fn within(component: &str, range: &str) -> String {
    vcalendar(&format!(
        "<C:comp-filter name=\"{component}\"><C:time-range {range}/></C:comp-filter>"
    ))
}

pub async fn ask(user: &User, calendar: &str, more: &str) -> Answer {
    let content = format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{more}");
    user.report(calendar, "1", "C:calendar-query", &content).await
}

/// The names that match, in order.
pub async fn names(user: &User, calendar: &str, more: &str) -> Vec<String> {
    let it = ask(user, calendar, more).await.expect(207).multistatus();
    let mut names: Vec<String> = it
        .responses
        .iter()
        .map(|r| {
            assert!(r.text("calendar-data").starts_with("BEGIN:VCALENDAR"));
            let name = r.href.strip_prefix(calendar).unwrap();
            name.strip_suffix(".ics").unwrap().to_owned()
        })
        .collect();
    names.sort();
    names
}

const ZONE: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\n\
BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+1000\r\nTZOFFSETTO:+1000\r\n\
END:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n";

async fn fill(user: &User) -> String {
    let calendar = calendar(user).await;
    let moved = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VEVENT\r\nUID:moved\r\n\
DTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\n\
RRULE:FREQ=DAILY;COUNT=3\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:moved\r\n\
DTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260106T090000Z\r\nDTSTART:20260320T090000Z\r\n\
DURATION:PT1H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    for (name, text) in [
        ("single", event("single", "DTSTART:20260105T090000Z\nDTEND:20260105T100000Z")),
        ("weekly", event("weekly", "DTSTART:20250106T120000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY")),
        ("moved", moved.to_owned()),
        ("day", event("day", "DTSTART;VALUE=DATE:20260110")),
        ("floating", event("floating", "DTSTART:20260115T080000\nDURATION:PT1H")),
        ("todo", one("VTODO", "UID:todo\nSUMMARY:no dates")),
        ("due", one("VTODO", "UID:due\nDUE:20260205T090000Z")),
        ("note", one("VJOURNAL", "UID:note\nDTSTART:20260105T090000Z")),
    ] {
        put(user, &format!("{calendar}{name}.ics"), &text).await.expect(201);
    }
    calendar
}

dialogues! {
    /// RFC 4791 §9.7: without a filter, and with one that filters nothing, everything.
    async fn without_a_filter_everything_matches(user: User) {
        let calendar = fill(&user).await;
        assert_eq!(names(&user, &calendar, "").await.len(), 8);
        assert_eq!(names(&user, &calendar, &vcalendar("")).await.len(), 8);
        let todos = vcalendar("<C:comp-filter name=\"VTODO\"/>");
        assert_eq!(names(&user, &calendar, &todos).await, ["due", "todo"]);
        let events = vcalendar("<C:comp-filter name=\"VEVENT\"/>");
        assert_eq!(
            names(&user, &calendar, &events).await,
            ["day", "floating", "moved", "single", "weekly"]
        );
    }

    /// RFC 4791 §9.9: the window's start is inside, its end is not; overrides count where they are.
    async fn a_window_finds_what_happens_in_it(user: User) {
        let calendar = fill(&user).await;
        for (component, range, expected) in [
            ("VEVENT", r#"start="20260105T090000Z" end="20260105T093000Z""#, &["moved", "single"][..]),
            ("VEVENT", r#"start="20260105T100000Z" end="20260105T113000Z""#, &[]),
            ("VEVENT", r#"start="20260105T080000Z" end="20260105T090000Z""#, &[]),
            ("VEVENT", r#"start="20260112T110000Z" end="20260112T140000Z""#, &["weekly"]),
            ("VEVENT", r#"start="20260320T080000Z" end="20260320T100000Z""#, &["moved"]),
            ("VEVENT", r#"start="20260106T080000Z" end="20260106T113000Z""#, &[]),
            ("VEVENT", r#"start="20260107T080000Z" end="20260107T113000Z""#, &["moved"]),
            ("VEVENT", r#"start="20260110T100000Z" end="20260110T113000Z""#, &["day"]),
            ("VEVENT", r#"start="20260115T080000Z" end="20260115T083000Z""#, &["floating"]),
            ("VEVENT", r#"start="20260401T000000Z""#, &["weekly"]),
            ("VEVENT", r#"end="20250101T000000Z""#, &[]),
            ("VEVENT", r#"end="20250107T000000Z""#, &["weekly"]),
            ("VTODO", r#"start="20260101T000000Z" end="20260131T000000Z""#, &["todo"]),
            ("VTODO", r#"start="20260201T000000Z" end="20260231T000000Z""#, &[]),
            ("VTODO", r#"start="20260201T000000Z" end="20260228T000000Z""#, &["due", "todo"]),
            ("VJOURNAL", r#"start="20260105T000000Z" end="20260106T000000Z""#, &["note"]),
        ] {
            let filter = within(component, range);
            if range.contains("0231") {
                ask(&user, &calendar, &filter).await.expect_condition(403, "valid-filter");
                continue;
            }
            assert_eq!(names(&user, &calendar, &filter).await, expected, "{component} {range}");
        }
    }

    /// RFC 4791 §9.8: floating times are read in the request's zone, or the calendar's, or UTC.
    async fn floating_times_have_the_zone_that_is_asked_for(user: User) {
        let calendar = fill(&user).await;
        let utc = within("VEVENT", r#"start="20260115T080000Z" end="20260115T083000Z""#);
        let there = within("VEVENT", r#"start="20260114T220000Z" end="20260114T223000Z""#);
        let zone = format!("<C:timezone>{}</C:timezone>", ZONE.replace('\r', "&#13;"));
        assert_eq!(names(&user, &calendar, &utc).await, ["floating"]);
        assert_eq!(names(&user, &calendar, &format!("{there}{zone}")).await, ["floating"]);
        assert!(names(&user, &calendar, &format!("{utc}{zone}")).await.is_empty());
        let set = format!(
            "<D:set><D:prop><C:calendar-timezone>{}</C:calendar-timezone></D:prop></D:set>",
            ZONE.replace('\r', "&#13;")
        );
        user.proppatch(&calendar, &set).await.expect(207);
        assert_eq!(names(&user, &calendar, &there).await, ["floating"]);
        assert!(names(&user, &calendar, &utc).await.is_empty());
    }

    /// RFC 4791 §7.8: what is not served or not valid is said, not passed over.
    async fn wrong_ranges_and_places_are_refused(user: User) {
        let calendar = fill(&user).await;
        for range in [r#"start="2026""#, r#"start="20260105T000000""#,
            r#"start="20260106T000000Z" end="20260105T000000Z""#]
        {
            let answer = ask(&user, &calendar, &within("VEVENT", range)).await;
            answer.expect_condition(403, "valid-filter");
        }
        let answer = ask(&user, &calendar, &within("VEVENT", r#"start="00001231T000000Z""#)).await;
        answer.expect_condition(403, "min-date-time");
        for target in ["addressbooks/", "/dav/"] {
            let answer = ask(&user, target, "").await;
            answer.expect_condition(403, "supported-report");
        }
    }

    /// RFC 4791 §7.8, RFC 6352 §8.7: contents in a form in which they are not kept.
    async fn another_form_of_the_contents_is_refused(user: User) {
        let calendar = fill(&user).await;
        let ask = |target: &str, root: &'static str, data: &str| {
            let (user, target) = (user.clone(), target.to_owned());
            let content = format!("<D:prop>{data}</D:prop><D:href>/x</D:href>");
            async move { user.report(&target, "1", root, &content).await }
        };
        for (root, target, data, condition) in [
            ("C:calendar-query", calendar.as_str(), "<C:calendar-data content-type='text/x-vcalendar'/>", "supported-calendar-data"),
            ("C:calendar-multiget", &calendar, "<C:calendar-data content-type='text/calendar' version='1.0'/>", "supported-calendar-data"),
            ("A:addressbook-multiget", "addressbooks/b/", "<A:address-data content-type='text/vcard' version='2.1'/>", "supported-address-data"),
        ] {
            ask(target, root, data).await.expect_condition(403, condition);
        }
        for (root, target, data) in [
            ("C:calendar-multiget", calendar.as_str(), "<C:calendar-data content-type='text/calendar' version='2.0'/>"),
            ("A:addressbook-multiget", "addressbooks/b/", "<A:address-data content-type='text/vcard' version='4.0'/>"),
        ] {
            ask(target, root, data).await.expect(207);
        }
    }

    /// DAVx5 and iOS ask so; GNOME's and Tasks.org's bodies differ in nothing that matters.
    async fn tags_alone_come_without_contents(user: User) {
        let calendar = fill(&user).await;
        let filter = within("VEVENT", r#"start="20260401T000000Z""#);
        let content = format!("<D:prop><D:getetag/></D:prop>{filter}");
        let it = user.report(&calendar, "1", "C:calendar-query", &content).await;
        let it = it.expect(207).multistatus();
        assert_eq!(it.only().href, format!("{calendar}weekly.ics"));
        assert_eq!(it.only().names().len(), 1);
    }
}
