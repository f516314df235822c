//! Queries on an inbox (RFC 6638 §2.2), and that what is in it takes nobody's time (§2.2, RFC 4791
//! §7.10).

use super::*;

/// The messages that a query finds, each with its calendar data.
pub async fn query(user: &User, on: &str, filter: &str) -> Vec<(String, String)> {
    let asked = format!(
        "<D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter>\
        <C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter></C:filter>"
    );
    let answer = user.report(on, "1", "C:calendar-query", &asked).await.expect(207).multistatus();
    answer.responses.iter().map(|it| (it.href.clone(), it.text("calendar-data"))).collect()
}

pub fn within(component: &str, from: &str, to: &str) -> String {
    format!(
        "<C:comp-filter name=\"{component}\"><C:time-range start=\"{from}\" end=\"{to}\"/></C:comp-filter>"
    )
}

dialogues! {
    /// RFC 6638 §2.2, RFC 4791 §7.8: component, time range, UID and METHOD find messages.
    async fn messages_in_an_inbox_are_found(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("sought", &ann, &[&ben], "RRULE:FREQ=DAILY;COUNT=3")).await;
        store(&ann, "n.ics", &meeting("other", &ann, &[&ben], "").replace("20270301T", "20270501T")).await;
        let inbox = ben.path("calendars/inbox/");
        let found = async |filter: &str| {
            let mut uids: Vec<String> = query(&ben, &inbox, filter).await.iter()
                .map(|(_, text)| text.lines().find_map(|it| it.strip_prefix("UID:")).unwrap().trim().to_owned())
                .collect();
            uids.sort();
            uids
        };
        assert_eq!(found("").await, ["other", "sought"]);
        assert_eq!(found("<C:comp-filter name=\"VEVENT\"/>").await, ["other", "sought"]);
        assert!(found("<C:comp-filter name=\"VTODO\"/>").await.is_empty());
        // The third instance of the series, and none of it.
        assert_eq!(found(&within("VEVENT", "20270303T000000Z", "20270304T000000Z")).await, ["sought"]);
        assert!(found(&within("VEVENT", "20270304T120000Z", "20270401T000000Z")).await.is_empty());
        let uid = "<C:comp-filter name=\"VEVENT\"><C:prop-filter name=\"UID\"><C:text-match collation=\"i;octet\">\
            other</C:text-match></C:prop-filter></C:comp-filter>";
        assert_eq!(found(uid).await, ["other"]);
        ann.delete(&path).await.expect(204);
        settle(&ann).await;
        let method = |name: &str| format!("<C:prop-filter name=\"METHOD\"><C:text-match>{name}</C:text-match></C:prop-filter>");
        assert_eq!(found(&method("CANCEL")).await, ["sought"]);
        assert_eq!(found(&method("REQUEST")).await, ["other", "sought"]);
        // What is told there is what multiget and GET give.
        let all = query(&ben, &inbox, &method("CANCEL")).await;
        assert_eq!(all[0].1, ben.get(&all[0].0).await.text());
        // One message by itself; and an inbox is no part of what a query of the home asks.
        assert_eq!(query(&ben, &all[0].0, "").await.len(), 1);
        let home = ben.path("calendars/");
        let asked = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        let whole = ben.report(&home, "infinity", "C:calendar-query", asked).await.expect(207).multistatus();
        assert!(!whole.hrefs().is_empty() && !whole.hrefs().iter().any(|it| it.contains("/inbox/")));
        let set = ben.propfind(&inbox, "0", "<D:supported-report-set/>").await;
        let set = set.only().prop("supported-report-set").to_standalone();
        assert!(set.contains("calendar-query") && !set.contains("free-busy-query"), "{set}");
    }

    /// Others see nothing in an inbox that is not theirs.
    async fn an_inbox_is_asked_by_its_owner(ann: User, ben: User) {
        store(&ann, "m.ics", &meeting("closed", &ann, &[&ben], "")).await;
        let asked = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        let answer = ann.report(&ben.path("calendars/inbox/"), "1", "C:calendar-query", asked).await;
        answer.expect_condition(403, "need-privileges");
    }

    /// A message makes nobody busy: what does is the copy in the calendar, while it is there.
    async fn messages_take_nobodys_time(ann: User, ben: User) {
        store(&ann, "m.ics", &meeting("busy", &ann, &[&ben], "")).await;
        let request = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\n\
            UID:f\r\nDTSTAMP:20260601T190420Z\r\nDTSTART:20270301T000000Z\r\nDTEND:20270302T000000Z\r\n\
            ORGANIZER:{}\r\nATTENDEE:{}\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n", at(&ann), at(&ben));
        let headers = [("Content-Type", "text/calendar")];
        let busy = async || {
            let answer = ann.send("POST", "calendars/outbox/", &headers, &request).await.expect(200);
            assert!(answer.text().contains("2.0;Success"), "{answer}");
            answer.text().matches("20270301T100000Z/").count()
        };
        assert_eq!(busy().await, 1);
        let (copy, _) = copy(&ben).await;
        ben.send("DELETE", &copy, &[("Schedule-Reply", "F")], "").await.expect(204);
        assert_eq!((busy().await, inbox(&ben).await.len()), (0, 1));
        let range = "<C:time-range start=\"20270301T000000Z\" end=\"20270302T000000Z\"/>";
        let home = ben.report(&ben.path("calendars/"), "infinity", "C:free-busy-query", range).await;
        assert!(!home.expect(200).text().contains("\nFREEBUSY"));
        let inbox = ben.report(&ben.path("calendars/inbox/"), "1", "C:free-busy-query", range).await;
        assert!(!inbox.text().contains("\nFREEBUSY"), "{inbox}");
    }
}
