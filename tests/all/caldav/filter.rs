//! The filter language of `calendar-query` (RFC 4791 §9.7-9.9), condition by condition.

use super::query::{ask, names, vcalendar, within};
use super::*;

/// Events, tasks and a journal that differ in what the conditions below look at.
async fn fill(user: &User) -> String {
    let calendar = calendar(user).await;
    let alarm =
        |lines: &str| format!("BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\n{lines}\nEND:VALARM");
    let board = format!(
        "SUMMARY:Board meeting\nDTSTART:20260105T090000Z\nDURATION:PT1H\nSTATUS:CONFIRMED\n\
         CATEGORIES:WORK,Finance\nLOCATION:K\u{f6}ln\\, Dom\n\
         ORGANIZER:mailto:ann@example.org\n\
         ATTENDEE;PARTSTAT=ACCEPTED;CN=\"Bob B.\":mailto:bob@example.org\n\
         ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:cyd@example.org\n{}",
        alarm("TRIGGER:-PT15M")
    );
    let daily = format!(
        "SUMMARY:board game\nDTSTART;TZID=Europe/Berlin:20260301T180000\nDURATION:PT2H\n\
         RRULE:FREQ=DAILY;COUNT=60\nSTATUS:CANCELLED\n{}\n{}",
        alarm("TRIGGER;RELATED=END:PT30M"),
        alarm("TRIGGER;VALUE=DATE-TIME:20270101T000000Z\nREPEAT:4\nDURATION:PT6H")
    );
    let series = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VEVENT\r\nUID:series\r\n\
DTSTAMP:20260101T000000Z\r\nDTSTART:20260601T090000Z\r\nDTEND:20260601T100000Z\r\n\
RRULE:FREQ=WEEKLY;COUNT=4\r\nSUMMARY:Weekly\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:series\r\n\
DTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260608T090000Z\r\nDTSTART:20260609T090000Z\r\n\
DTEND:20260609T100000Z\r\nSUMMARY:Moved by a day\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    for (name, text) in [
        ("board", event("uid-Board-1", &board)),
        ("daily", event("uid-daily-2", &daily)),
        ("series", series.to_owned()),
        (
            "todo",
            one(
                "VTODO",
                "UID:uid-todo-3\nSUMMARY:Pay\nDUE:20260110T120000Z\nSTATUS:COMPLETED\n\
                 COMPLETED:20260109T080000Z\nPRIORITY:1",
            ),
        ),
        ("open", one("VTODO", "UID:uid-todo-4\nSUMMARY:Read\nCREATED:20260105T000000Z")),
        ("note", one("VJOURNAL", "UID:uid-note-5\nSUMMARY:Diary\nDTSTART;VALUE=DATE:20260105")),
    ] {
        put(user, &format!("{calendar}{name}.ics"), &text).await.expect(201);
    }
    calendar
}

fn inside(component: &str, conditions: &str) -> String {
    vcalendar(&format!("<C:comp-filter name=\"{component}\">{conditions}</C:comp-filter>"))
}

fn prop(name: &str, conditions: &str) -> String {
    format!("<C:prop-filter name=\"{name}\">{conditions}</C:prop-filter>")
}

fn text(text: &str) -> String {
    format!("<C:text-match>{text}</C:text-match>")
}

fn text_by(attributes: &str, text: &str) -> String {
    format!("<C:text-match {attributes}>{text}</C:text-match>")
}

const ABSENT: &str = "<C:is-not-defined/>";

async fn expect(user: &User, calendar: &str, rows: &[(String, &[&str])]) {
    for (filter, wanted) in rows {
        assert_eq!(names(user, calendar, filter).await, *wanted, "{filter}");
    }
}

dialogues! {
    /// RFC 4791 §9.7.1, §9.7.4.
    async fn components_are_there_or_not(user: User) {
        let calendar = fill(&user).await;
        let events = &["board", "daily", "series"];
        expect(&user, &calendar, &[
            (vcalendar(""), &["board", "daily", "note", "open", "series", "todo"]),
            (inside("VEVENT", ""), events),
            (inside("vtodo", ""), &["open", "todo"]),
            (inside("VEVENT", ABSENT), &["note", "open", "todo"]),
            (inside("VPOLL", ""), &[]),
            (inside("VPOLL", ABSENT), &["board", "daily", "note", "open", "series", "todo"]),
            ("<C:filter><C:comp-filter name=\"VEVENT\"/></C:filter>".into(), &[]),
            (inside("VEVENT", "<C:comp-filter name=\"VALARM\"/>"), &["board", "daily"]),
            (inside("VEVENT", &format!("<C:comp-filter name=\"VALARM\">{ABSENT}</C:comp-filter>")),
                &["series"]),
            // Both must be there, and one object has only one of them.
            (vcalendar("<C:comp-filter name=\"VEVENT\"/><C:comp-filter name=\"VTODO\"/>"), &[]),
        ]).await;
    }

    /// RFC 4791 §9.7.2, §9.7.5, §7.5; several conditions must all hold.
    async fn properties_match_by_text(user: User) {
        let calendar = fill(&user).await;
        let octet = "collation=\"i;octet\"";
        let unicode = "collation=\"i;unicode-casemap\"";
        let no = "negate-condition=\"yes\"";
        expect(&user, &calendar, &[
            (inside("VEVENT", &prop("SUMMARY", "")), &["board", "daily", "series"]),
            (inside("VEVENT", &prop("LOCATION", "")), &["board"]),
            (inside("VEVENT", &prop("LOCATION", ABSENT)), &["daily", "series"]),
            (inside("VEVENT", &prop("SUMMARY", &text("BOARD"))), &["board", "daily"]),
            (inside("VEVENT", &prop("summary", &text_by(octet, "Board"))), &["board"]),
            (inside("VEVENT", &prop("SUMMARY", &text("moved by"))), &["series"]),
            (inside("VEVENT", &prop("CATEGORIES", &text("finance"))), &["board"]),
            // The text is what the value says, without its escapes.
            (inside("VEVENT", &prop("LOCATION", &text_by(unicode, "K\u{d6}LN, dom"))), &["board"]),
            (inside("VEVENT", &prop("LOCATION", &text("K\u{d6}LN"))), &[]),
            (inside("VEVENT", &prop("STATUS", &text_by(no, "CANCELLED"))), &["board"]),
            (inside("VEVENT", &(prop("SUMMARY", &text("board")) + &prop("STATUS", &text("confirmed")))),
                &["board"]),
            (inside("VEVENT", &(prop("SUMMARY", &text("board")) + &prop("STATUS", ABSENT))), &[]),
            // One component must satisfy all: the master is not the override.
            (inside("VEVENT", &(prop("RRULE", "") + &prop("SUMMARY", &text("moved")))), &[]),
            (vcalendar(&prop("PRODID", &text("-//t"))), &["board", "daily", "note", "open", "todo"]),
            (format!("{}{}", inside("VEVENT", &prop("SUMMARY", &text("board"))),
                inside("VEVENT", &prop("STATUS", &text("cancel")))), &["daily"]),
        ]).await;
    }

    /// RFC 4791 §9.7.3.
    async fn parameters_are_looked_at_on_one_property(user: User) {
        let calendar = fill(&user).await;
        let param = |name: &str, inside: &str| {
            format!("<C:param-filter name=\"{name}\">{inside}</C:param-filter>")
        };
        let attendee = |conditions: String| inside("VEVENT", &prop("ATTENDEE", &conditions));
        expect(&user, &calendar, &[
            (attendee(text("bob@") + &param("PARTSTAT", &text("ACCEPTED"))), &["board"]),
            (attendee(text("cyd@") + &param("PARTSTAT", &text("ACCEPTED"))), &[]),
            (attendee(text("cyd@") + &param("CN", ABSENT)), &["board"]),
            (attendee(param("CN", &text("bob b"))), &["board"]),
            (attendee(param("ROLE", "")), &[]),
            (attendee(param("PARTSTAT", &text_by("negate-condition=\"yes\"", "accepted"))), &["board"]),
        ]).await;
    }

    /// RFC 4791 §9.9: a range and other conditions are about the same component.
    async fn ranges_of_components_and_conditions_go_together(user: User) {
        let calendar = fill(&user).await;
        let range = |from: &str, to: &str| format!("<C:time-range start=\"{from}\" end=\"{to}\"/>");
        let second_week = range("20260608T000000Z", "20260609T000000Z");
        let moved_day = range("20260609T000000Z", "20260610T000000Z");
        let january = range("20260101T000000Z", "20260201T000000Z");
        expect(&user, &calendar, &[
            (inside("VEVENT", &second_week), &[]),
            (inside("VEVENT", &moved_day), &["series"]),
            (inside("VEVENT", &(moved_day.clone() + &prop("SUMMARY", &text("moved")))), &["series"]),
            (inside("VEVENT", &(moved_day + &prop("SUMMARY", &text("weekly")))), &[]),
            (inside("VEVENT", &(january.clone() + &prop("SUMMARY", &text("board")))), &["board"]),
            (inside("VTODO", &(january + &prop("COMPLETED", ABSENT))), &["open"]),
            (within("VTODO", r#"end="20260104T000000Z""#), &[]),
        ]).await;
    }

    /// RFC 4791 §9.9: alarms by their triggers, before the start, after the end, absolute, repeated.
    async fn alarms_by_when_they_go_off(user: User) {
        let calendar = fill(&user).await;
        let rings = |from: &str, to: &str| {
            inside("VEVENT", &format!("<C:comp-filter name=\"VALARM\">\
                <C:time-range start=\"{from}\" end=\"{to}\"/></C:comp-filter>"))
        };
        expect(&user, &calendar, &[
            (rings("20260105T084500Z", "20260105T084501Z"), &["board"]),
            (rings("20260105T084400Z", "20260105T084500Z"), &[]),
            (rings("20260105T090000Z", "20260105T110000Z"), &[]),
            // 18:00 in Berlin, two hours, half an hour more: 19:30 UTC in winter, 18:30 in summer.
            (rings("20260302T193000Z", "20260302T193001Z"), &["daily"]),
            (rings("20260402T183000Z", "20260402T183001Z"), &["daily"]),
            (rings("20260402T193000Z", "20260402T193001Z"), &[]),
            (rings("20270101T180000Z", "20270101T180001Z"), &["daily"]),
            (rings("20270102T000001Z", "20270103T000000Z"), &[]),
        ]).await;
    }

    /// RFC 4791 §9.9: properties by their time; an end may follow from the duration.
    async fn properties_by_their_time(user: User) {
        let calendar = fill(&user).await;
        let at = |component: &str, name: &str, from: &str, to: &str| {
            let range = format!("<C:time-range start=\"{from}\" end=\"{to}\"/>");
            inside(component, &prop(name, &range))
        };
        expect(&user, &calendar, &[
            (at("VTODO", "COMPLETED", "20260109T080000Z", "20260109T080001Z"), &["todo"]),
            (at("VTODO", "COMPLETED", "20260109T080001Z", "20260110T000000Z"), &[]),
            (at("VTODO", "CREATED", "20260101T000000Z", "20260201T000000Z"), &["open"]),
            (at("VTODO", "DUE", "20260110T120000Z", "20260110T130000Z"), &["todo"]),
            (at("VEVENT", "DTSTART", "20260105T090000Z", "20260105T090001Z"), &["board"]),
            (at("VEVENT", "DTEND", "20260105T100000Z", "20260105T100001Z"), &["board"]),
            // The third instance of a rule counts like the first.
            (at("VEVENT", "DTSTART", "20260615T090000Z", "20260615T090001Z"), &["series"]),
            (at("VEVENT", "DTSTART", "20260608T090000Z", "20260608T090001Z"), &[]),
            (at("VEVENT", "DTSTAMP", "20260101T000000Z", "20260101T000001Z"),
                &["board", "daily", "series"]),
            (at("VEVENT", "SUMMARY", "20260101T000000Z", "20260101T000001Z"), &[]),
        ]).await;
    }

    /// A part of the UID, as of any other text (RFC 4791 §9.7.5), by the index.
    async fn by_uid(user: User) {
        let calendar = fill(&user).await;
        let uid = |component: &str, attributes: &str, of: &str| {
            inside(component, &prop("UID", &text_by(attributes, of)))
        };
        expect(&user, &calendar, &[
            (uid("VEVENT", "", "uid-BOARD-1"), &["board"]),
            (uid("VEVENT", "collation=\"i;octet\"", "uid-board-1"), &[]),
            (uid("VEVENT", "collation=\"i;octet\"", "uid-Board-1"), &["board"]),
            (uid("VTODO", "", "uid-todo"), &["open", "todo"]),
            (uid("VEVENT", "", "uid-todo"), &[]),
            (uid("VEVENT", "negate-condition=\"yes\"", "uid-"), &["series"]),
            (uid("VEVENT", "collation=\"i;unicode-casemap\"", "UID-DAILY"), &["daily"]),
        ]).await;
    }

    /// RFC 4791 §7, §7.8: on an object itself; on a home as deep as Depth says.
    async fn objects_and_homes_are_asked_too(user: User) {
        let calendar = fill(&user).await;
        let found = ask(&user, &format!("{calendar}board.ics"), &inside("VEVENT", "")).await;
        assert_eq!(found.expect(207).multistatus().hrefs(), [format!("{calendar}board.ics")]);
        let none = ask(&user, &format!("{calendar}board.ics"), &inside("VTODO", "")).await;
        assert!(none.expect(207).multistatus().responses.is_empty());
        let other = first_calendar(&user).await;
        put(&user, &format!("{other}x.ics"), &event("x", "DTSTART:20260105T090000Z")).await.expect(201);
        let home = user.path("calendars/");
        let body = format!("<D:prop><D:getetag/></D:prop>{}", within("VEVENT",
            r#"start="20260105T000000Z" end="20260106T000000Z""#));
        let deep = user.report(&home, "infinity", "C:calendar-query", &body).await;
        let mut hrefs: Vec<_> = deep.expect(207).multistatus().hrefs().into_iter().map(str::to_owned).collect();
        hrefs.sort();
        let mut wanted = [format!("{calendar}board.ics"), format!("{other}x.ics")];
        wanted.sort();
        assert_eq!(hrefs, wanted);
        let flat = user.report(&home, "1", "C:calendar-query", &body).await;
        assert!(flat.expect(207).multistatus().responses.is_empty());
    }

    /// RFC 4791 §7.8: what is not valid or not served is said.
    async fn wrong_filters_are_refused(user: User) {
        let calendar = fill(&user).await;
        let both = format!("{ABSENT}{}", text("x"));
        let range = r#"<C:time-range start="20260105T000000Z"/>"#;
        for filter in [
            "<C:filter><C:prop-filter name=\"X\"/></C:filter>".to_owned(),
            vcalendar("<C:comp-filter/>"),
            vcalendar("<C:text-match>x</C:text-match>"),
            inside("VEVENT", &format!("{ABSENT}{}", prop("SUMMARY", ""))),
            inside("VEVENT", &prop("SUMMARY", &both)),
            inside("VEVENT", &prop("DTSTART", &format!("{range}{}", text("x")))),
            inside("VEVENT", &prop("SUMMARY", &(text("x") + &text("y")))),
            inside("VEVENT", &prop("SUMMARY", &text_by("negate-condition=\"maybe\"", "x"))),
            inside("VEVENT", "<C:time-range/>"),
            inside("VEVENT", &format!("{range}{range}")),
        ] {
            ask(&user, &calendar, &filter).await.expect_condition(403, "valid-filter");
        }
        for collation in ["i;basic", "i;*", "*"] {
            let odd = text_by(&format!("collation=\"{collation}\""), "x");
            let answer = ask(&user, &calendar, &inside("VEVENT", &prop("SUMMARY", &odd))).await;
            answer.expect_condition(403, "supported-collation");
        }
        let many = prop("SUMMARY", "").repeat(200);
        let answer = ask(&user, &calendar, &inside("VEVENT", &many)).await;
        answer.expect_condition(403, "supported-filter");
        let zone = "<C:timezone>BEGIN:VCALENDAR</C:timezone>";
        ask(&user, &calendar, zone).await.expect_condition(403, "valid-calendar-data");
    }
}
