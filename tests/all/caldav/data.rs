//! Parts of calendar objects and their instances (`CALDAV:calendar-data`, RFC 4791 §9.6), in both
//! reports that give contents.

use super::query::within;
use super::*;

async fn fill(user: &User) -> String {
    let calendar = calendar(user).await;
    let daily = "SUMMARY:Stand-up\nDTSTART;TZID=Europe/Berlin:20260328T090000\nDURATION:PT15M\n\
                 RRULE:FREQ=DAILY\nLOCATION:Room 1";
    for (name, text) in [
        ("daily", event("daily", daily)),
        (
            "single",
            event("single", "SUMMARY:Once\nDTSTART:20260329T120000Z\nDTEND:20260329T130000Z"),
        ),
        ("seconds", event("seconds", "DTSTART:20260501T000000Z\nRRULE:FREQ=SECONDLY")),
    ] {
        put(user, &format!("{calendar}{name}.ics"), &text).await.expect(201);
    }
    calendar
}

const MARCH: &str = r#"start="20260329T000000Z" end="20260331T000000Z""#;

/// The contents by name, as both reports give them.
async fn both(user: &User, calendar: &str, data: &str) -> Vec<(String, String)> {
    let prop = format!("<D:prop><C:calendar-data>{data}</C:calendar-data></D:prop>");
    let query = format!("{prop}{}", within("VEVENT", MARCH));
    let hrefs = ["daily", "single"].map(|name| format!("<D:href>{calendar}{name}.ics</D:href>"));
    let multiget = format!("{prop}{}", hrefs.concat());
    let mut answers = Vec::new();
    for (root, body) in [("C:calendar-query", query), ("C:calendar-multiget", multiget)] {
        let it = user.report(calendar, "1", root, &body).await.expect(207).multistatus();
        let mut contents: Vec<_> = it
            .responses
            .iter()
            .map(|r| {
                let name = r.href.strip_prefix(calendar).unwrap().strip_suffix(".ics").unwrap();
                (name.to_owned(), r.text("calendar-data"))
            })
            .collect();
        contents.sort();
        answers.push(contents);
    }
    assert_eq!(answers[0], answers[1]);
    answers.swap_remove(0)
}

fn lines<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    text.lines().filter(|line| line.split([':', ';']).next() == Some(name)).collect()
}

dialogues! {
    /// RFC 4791 §9.6.5, §7.8.3: by the clocks of the zone, in UTC, without recurrence properties.
    async fn instances_come_one_by_one(user: User) {
        let calendar = fill(&user).await;
        let found = both(&user, &calendar, &format!("<C:expand {MARCH}/>")).await;
        let [(first, daily), (second, single)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((first.as_str(), second.as_str()), ("daily", "single"));
        assert_eq!(lines(daily, "DTSTART"), ["DTSTART:20260329T070000Z", "DTSTART:20260330T070000Z"]);
        assert_eq!(lines(daily, "RECURRENCE-ID"),
            ["RECURRENCE-ID:20260329T070000Z", "RECURRENCE-ID:20260330T070000Z"]);
        assert_eq!(lines(daily, "SUMMARY").len(), 2);
        assert!(!daily.contains("RRULE") && !daily.contains("VTIMEZONE"), "{daily}");
        assert_eq!(lines(single, "DTSTART"), ["DTSTART:20260329T120000Z"]);
        assert!(lines(single, "RECURRENCE-ID").is_empty());
    }

    /// RFC 4791 §9.6.1-9.6.4, §7.8.1.
    async fn parts_are_given_that_are_asked_for(user: User) {
        let calendar = fill(&user).await;
        let parts = "<C:comp name=\"VCALENDAR\"><C:prop name=\"VERSION\"/><C:comp name=\"VEVENT\">\
            <C:prop name=\"SUMMARY\"/><C:prop name=\"DTSTART\" novalue=\"yes\"/></C:comp></C:comp>";
        let found = both(&user, &calendar, parts).await;
        assert_eq!(found[0].1, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Stand-up\r\n\
            DTSTART;TZID=Europe/Berlin:\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        let parts = "<C:comp name=\"VCALENDAR\"><C:allprop/><C:comp name=\"VEVENT\"><C:allprop/>\
            <C:allcomp/></C:comp></C:comp>";
        let whole = both(&user, &calendar, "").await;
        assert_eq!(both(&user, &calendar, parts).await, whole);
    }

    /// RFC 4791 §7.7: names that no standard has are asked for and looked for like others.
    async fn names_of_no_standard_are_names(user: User) {
        let calendar = calendar(&user).await;
        let text = event("x", "DTSTART:20260101T000000Z\nX-ONE;X-P=q:deep blue\nX-TWO:2\n\
            BEGIN:X-PART\nX-IN:1\nEND:X-PART");
        put(&user, &format!("{calendar}x.ics"), &text).await.expect(201);
        put(&user, &format!("{calendar}y.ics"), &event("y", "DTSTART:20260101T000000Z")).await.expect(201);
        let data = "<D:prop><C:calendar-data><C:comp name='VCALENDAR'><C:comp name='VEVENT'>\
            <C:prop name='X-ONE'/><C:comp name='X-PART'/></C:comp></C:comp></C:calendar-data></D:prop>";
        for inner in [
            "<C:prop-filter name='X-ONE'><C:text-match>BLUE</C:text-match></C:prop-filter>",
            "<C:prop-filter name='X-ONE'><C:param-filter name='X-P'><C:text-match>q</C:text-match>\
             </C:param-filter></C:prop-filter>",
            "<C:comp-filter name='X-PART'/>",
        ] {
            let filter = format!("<C:filter><C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'>\
                {inner}</C:comp-filter></C:comp-filter></C:filter>");
            let it = user.report(&calendar, "1", "C:calendar-query", &format!("{data}{filter}")).await;
            let it = it.expect(207).multistatus();
            assert_eq!(it.only().text("calendar-data"), "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n\
                X-ONE;X-P=q:deep blue\r\nBEGIN:X-PART\r\nX-IN:1\r\nEND:X-PART\r\nEND:VEVENT\r\n\
                END:VCALENDAR\r\n", "{inner}");
        }
    }

    /// Parts and instances together.
    async fn parts_of_instances(user: User) {
        let calendar = fill(&user).await;
        let data = format!("<C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\">\
            <C:prop name=\"DTSTART\"/></C:comp></C:comp><C:expand {MARCH}/>");
        let found = both(&user, &calendar, &data).await;
        assert_eq!(found[1].1, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260329T120000Z\r\n\
            END:VEVENT\r\nEND:VCALENDAR\r\n");
    }

    /// One object with too many instances is one error, and hides no other.
    async fn too_many_instances_are_told_of_their_object_alone(user: User) {
        let calendar = fill(&user).await;
        let range = r#"start="20260501T000000Z" end="20260503T000000Z""#;
        let body = format!("<D:prop><C:calendar-data><C:expand {range}/></C:calendar-data></D:prop>{}",
            within("VEVENT", range));
        let answer = user.report(&calendar, "1", "C:calendar-query", &body).await.expect(207);
        assert!(answer.text().contains("number-of-matches-within-limits"), "{answer}");
        let it = answer.multistatus();
        assert_eq!(it.of(&format!("{calendar}seconds.ics")).status, Some(507));
        let daily = it.of(&format!("{calendar}daily.ics")).text("calendar-data");
        assert_eq!(lines(&daily, "DTSTART").len(), 2);
    }

    async fn wrong_wishes_are_refused(user: User) {
        let calendar = fill(&user).await;
        for name in ["expand", "limit-recurrence-set", "limit-freebusy-set"] {
            let data = format!("<C:{name} start='00000101T000000Z' end='20260101T000000Z'/>");
            for root in ["C:calendar-query", "C:calendar-multiget"] {
                let body = format!("<D:prop><C:calendar-data>{data}</C:calendar-data></D:prop>\
                    <D:href>/x</D:href>");
                let answer = user.report(&calendar, "1", root, &body).await;
                answer.expect_condition(403, "min-date-time");
            }
        }
        for data in [
            "<C:expand start=\"20260101T000000Z\"/>",
            "<C:expand/>",
            "<C:comp/>",
            "<C:filter/>",
            &format!("<C:expand {MARCH}/><C:limit-recurrence-set {MARCH}/>"),
        ] {
            for root in ["C:calendar-query", "C:calendar-multiget"] {
                let body = format!("<D:prop><C:calendar-data>{data}</C:calendar-data></D:prop>\
                    <D:href>/x</D:href>");
                user.report(&calendar, "1", root, &body).await.expect(400);
            }
        }
    }
}
