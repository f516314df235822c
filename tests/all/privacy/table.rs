//! The published table, over every way by which a content leaves the server.

use super::*;
use crate::support::dav::dialogues;
use davenport::domain::collection::privacy::{TABLE, View};

/// A way of reading: what it asks of an object's name. Those that give the whole calendar do so
/// whatever the name.
const WAYS: [&str; 21] = [
    "GET",
    "GET as jCal",
    "GET as xCal",
    "GET with zones",
    "GET a range",
    "multiget",
    "multiget expanded",
    "multiget limited",
    "multiget a part",
    "multiget busy times",
    "query all",
    "query by time",
    "query by UID",
    "query one",
    "sync",
    "PROPFIND",
    "PROPFIND of the calendar",
    "whole",
    "whole as jCal",
    "whole as xCal",
    "sync of the home",
];

const RANGE: &str = "start=\"20260301T000000Z\" end=\"20260310T000000Z\"";

fn by(filter: &str) -> String {
    let prop = "<D:prop><D:getetag/><C:calendar-data/></D:prop>";
    let filter = format!("<C:comp-filter name=\"VEVENT\">{filter}</C:comp-filter>");
    format!("{prop}<C:filter><C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter></C:filter>")
}

async fn read(who: &User, way: &str, path: &str, name: &str) -> Answer {
    let object = format!("{path}{name}.ics");
    let get = |at: &str, header: (&'static str, &'static str)| {
        let at = at.to_owned();
        async move { who.send("GET", &at, &[header], "").await }
    };
    let multiget = |data: &'static str| {
        let object = &object;
        async move {
            let asked = format!("<D:prop>{data}</D:prop><D:href>{object}</D:href>");
            who.report(path, "0", "C:calendar-multiget", &asked).await
        }
    };
    let query = |at: &str, filter: String| {
        let at = at.to_owned();
        async move { who.report(&at, "1", "C:calendar-query", &by(&filter)).await }
    };
    match way {
        "GET" => who.get(&object).await,
        "GET as jCal" => get(&object, ("Accept", "application/calendar+json")).await,
        "GET as xCal" => get(&object, ("Accept", "application/calendar+xml")).await,
        "GET with zones" => get(&object, ("CalDAV-Timezones", "T")).await,
        "GET a range" => get(&object, ("Range", "bytes=10-100000")).await,
        "multiget" => multiget("<C:calendar-data/>").await,
        "multiget expanded" => {
            multiget("<C:calendar-data><C:expand start=\"20260301T000000Z\" end=\"20260310T000000Z\"/></C:calendar-data>").await
        }
        "multiget limited" => {
            multiget("<C:calendar-data><C:limit-recurrence-set start=\"20260301T000000Z\" end=\"20260310T000000Z\"/></C:calendar-data>").await
        }
        "multiget a part" => {
            multiget("<C:calendar-data><C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop name=\"UID\"/>\
                <C:prop name=\"SUMMARY\"/><C:prop name=\"LOCATION\"/></C:comp></C:comp></C:calendar-data>").await
        }
        "multiget busy times" => {
            multiget("<C:calendar-data><C:limit-freebusy-set start=\"20260301T000000Z\" end=\"20260310T000000Z\"/></C:calendar-data>").await
        }
        "query all" => query(path, String::new()).await,
        "query by time" => query(path, format!("<C:time-range {RANGE}/>")).await,
        "query by UID" => {
            let is = format!("<C:text-match>uid-{name}</C:text-match>");
            query(path, format!("<C:prop-filter name=\"UID\">{is}</C:prop-filter>")).await
        }
        "query one" => query(&object, String::new()).await,
        "sync" => {
            let asked = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/>\
                <C:calendar-data/></D:prop>";
            who.report(path, "0", "D:sync-collection", asked).await
        }
        "PROPFIND" | "PROPFIND of the calendar" => {
            let at = if way == "PROPFIND" { object.as_str() } else { path };
            let body = document("D:propfind", "<D:prop><C:calendar-data/></D:prop>");
            who.send("PROPFIND", at, &[("Depth", "1")], body).await
        }
        "whole" => get(path, ("Accept", "text/calendar")).await,
        "whole as jCal" => get(path, ("Accept", "application/calendar+json")).await,
        "whole as xCal" => get(path, ("Accept", "application/calendar+xml")).await,
        "sync of the home" => {
            let asked = "<D:sync-token/><D:sync-level>infinite</D:sync-level><D:prop>\
                <C:calendar-data/></D:prop>";
            let home = path.strip_suffix("all/").unwrap();
            who.report(home, "0", "D:sync-collection", asked).await
        }
        other => panic!("{other}"),
    }
}

/// Whether an answer shows of an object what it may, and all of it.
fn check(answer: &Answer, name: &str, view: View, about: &str) {
    let text = answer.text().replace("\r\n ", "");
    let (word, uid) = (word(name), format!("uid-{name}"));
    match view {
        View::Whole => assert!(text.contains(&word) && text.contains(&uid), "{about}: {answer}"),
        View::Veiled => {
            assert!(answer.status.is_success(), "{about}: {answer}");
            assert!(!text.contains(&word), "{about} betrays it: {answer}");
            assert!(text.contains(&uid) && text.contains("Busy"), "{about}: {answer}");
        }
        View::Times => {
            assert!(!text.contains(&word) && !text.contains(&uid), "{about}: {answer}");
        }
    }
}

dialogues! {
    /// Every row, every class, every way out.
    async fn what_each_viewer_sees_of_each_class(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        for (viewer, _) in TABLE {
            for who in people.who(&owner, viewer) {
                for way in WAYS {
                    for (name, _, class) in OBJECTS {
                        if way == "sync of the home" && !matches!(viewer, Viewer::Owner | Viewer::Delegate) {
                            continue;
                        }
                        let answer = read(who, way, &path, name).await;
                        check(&answer, name, viewer.sees(class), &format!("{viewer:?} {way} {name}"));
                    }
                }
            }
        }
        for (viewer, detail) in [(Viewer::Link, Detail::Full), (Viewer::BusyLink, Detail::Busy)] {
            let link = linked(&owner, detail).await;
            for form in ["text/calendar", "application/calendar+json", "application/calendar+xml"] {
                let answer = owner.server.send("GET", &link, &[("Accept", form)], "").await.expect(200);
                assert!(answer.text().contains("Busy"));
                for (name, _, class) in OBJECTS {
                    check(&answer, name, viewer.sees(class), &format!("{viewer:?} {form} {name}"));
                }
            }
        }
    }

    /// When the owner is busy everybody sees alike who may know it.
    async fn busy_times_are_the_same_for_all(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        let asked = format!("<C:time-range {RANGE}/>");
        for who in [&owner, &people.delegate, &people.reader, &people.busy] {
            let answer = who.report(&path, "0", "C:free-busy-query", &asked).await.expect(200);
            let text = answer.text();
            assert_eq!(text.matches("FREEBUSY;").count(), 3, "{text}");
            assert!(!text.contains("word-") && !text.contains("uid-"), "{text}");
        }
    }

    /// A query matches what the asker may see, so that no filter betrays the rest.
    async fn queries_look_at_what_is_shown(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        let holds = |property: &str, text: &str, more: &str| {
            format!("<C:prop-filter name=\"{property}\"><C:text-match {more}>{text}</C:text-match></C:prop-filter>")
        };
        let unset = |property: &str| format!("<C:prop-filter name=\"{property}\"><C:is-not-defined/></C:prop-filter>");
        let hidden = ["between", "odd", "shut"];
        let cases: Vec<(String, &[&str], &[&str])> = vec![
            (holds("SUMMARY", "word", ""), &["between", "odd", "open", "shut"], &["open"]),
            (holds("SUMMARY", "word-shut", ""), &["shut"], &[]),
            (holds("LOCATION", "word-shut", ""), &["shut"], &[]),
            (holds("ATTENDEE", "word-shut", ""), &["shut"], &[]),
            (holds("X-WORD-SHUT", "word", ""), &["shut"], &[]),
            (holds("CLASS", "OURS", ""), &["odd"], &[]),
            (holds("SUMMARY", "Busy", ""), &[], &hidden),
            (holds("SUMMARY", "word", "negate-condition=\"yes\""), &[], &hidden),
            (unset("LOCATION"), &[], &hidden),
            (unset("ORGANIZER") + &holds("UID", "uid-", ""), &[], &hidden),
            ("<C:comp-filter name=\"VALARM\"/>".into(), &["between", "odd", "open", "shut"], &[]),
            ("<C:comp-filter name=\"VALARM\"><C:is-not-defined/></C:comp-filter>".into(), &[],
                &["between", "odd", "open", "shut"]),
            (format!("<C:comp-filter name=\"VALARM\"><C:time-range {RANGE}/></C:comp-filter>"),
                &["between", "odd", "open", "shut"], &[]),
        ];
        for (filter, all, some) in cases {
            for (who, expected) in [(&owner, all), (&people.reader, some)] {
                let answer = who.report(&path, "1", "C:calendar-query", &by(&filter)).await.expect(207);
                let found = answer.multistatus();
                let mut names: Vec<String> =
                    found.hrefs().iter().map(|href| href[path.len()..].replace(".ics", "")).collect();
                names.sort();
                assert_eq!(names, expected, "{}: {filter}", who.name);
            }
        }
    }

    /// One instance of a series can be private, and only that is hidden.
    async fn an_override_can_be_private(owner: User) {
        owner.send("MKCALENDAR", "calendars/all/", &[], "").await.expect(201);
        let people = People::of(&owner).await;
        let path = owner.path("calendars/all/series.ics");
        let shut = "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:uid-open\r\nDTSTAMP:20260101T000000Z\r\n\
            RECURRENCE-ID:20260303T100000Z\r\nDTSTART:20260303T120000Z\r\nCLASS:PRIVATE\r\n\
            SUMMARY:word-shut\r\nEND:VEVENT\r\nEND:VCALENDAR";
        let text = event("open", "").replace("END:VEVENT\r\nEND:VCALENDAR", shut);
        owner.put(&path, &text).await;
        for who in [&people.reader, &people.delegate] {
            let text = who.get(&path).await.expect(200).text();
            assert!(text.contains("SUMMARY:word-open") && !text.contains("word-shut"), "{text}");
            assert!(text.contains("RECURRENCE-ID:20260303T100000Z") && text.contains("DTSTART:20260303T120000Z"));
            who.send("PUT", &path, &[], &text).await.expect_condition(403, "need-privileges");
        }
        assert_eq!(owner.get(&path).await.text(), text);
    }

    /// Apple's servers' way to say it of a whole object.
    async fn what_apples_programs_restrict_is_hidden(owner: User) {
        owner.send("MKCALENDAR", "calendars/all/", &[], "").await.expect(201);
        let people = People::of(&owner).await;
        for (access, delegate) in [("CONFIDENTIAL", true), ("PRIVATE", false), ("RESTRICTED", true)] {
            let path = owner.path(&format!("calendars/all/{access}.ics"));
            let line = format!("PRODID:x\r\nX-CALENDARSERVER-ACCESS:{access}\r\n");
            let text = event(access, "").replace("PRODID:-//t//t//EN\r\n", &line);
            owner.put(&path, &text).await;
            assert!(!people.reader.get(&path).await.expect(200).text().contains("word-"));
            assert_eq!(people.delegate.get(&path).await.text().contains("word-"), delegate, "{access}");
        }
    }

    /// What a group owns its members see whole: it is theirs (RFC 3744 §5.5.1).
    async fn members_of_the_owning_group_see_everything(member: User, stranger: User) {
        let group = group(&member).await;
        let admin = member.server.account(|new| new.administrator = true).await;
        let all = "<D:grant><D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege></D:grant>";
        let list = format!(
            "<D:ace><D:principal><D:property><D:owner/></D:property></D:principal>{all}</D:ace>\
             <D:ace><D:principal><D:authenticated/></D:principal><D:grant><D:privilege><D:read/></D:privilege>\
             </D:grant></D:ace>"
        );
        let home = format!("/dav/calendars/{group}/");
        admin.send("ACL", &home, &[], document("D:acl", &list)).await.expect(200);
        member.send("MKCALENDAR", &format!("{home}all/"), &[], "").await.expect(201);
        let path = format!("{home}all/shut.ics");
        member.put(&path, &event("shut", "CLASS:PRIVATE\n")).await;
        assert!(member.get(&path).await.expect(200).text().contains("word-shut"));
        assert!(!stranger.get(&path).await.expect(200).text().contains("word-shut"));
        member.delete(&path).await.expect(204);
    }

    /// What clients write on a hidden object is hidden with it.
    async fn properties_of_a_hidden_object_are_hidden(owner: User) {
        let path = filled(&owner).await;
        let people = People::of(&owner).await;
        let set = "<D:set><D:prop><S:note>word-note</S:note></D:prop></D:set>";
        for name in ["open", "shut"] {
            owner.proppatch(&format!("{path}{name}.ics"), set).await.expect(207);
        }
        let sync = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><S:note/></D:prop>";
        let synced = people.reader.report(&path, "0", "D:sync-collection", sync).await.expect(207);
        let listed = people.reader.propfind(&path, "1", "<S:note/>").await;
        for (name, status) in [("open", 200), ("shut", 404)] {
            let object = format!("{path}{name}.ics");
            let alone = people.reader.propfind(&object, "0", "<S:note/>").await;
            for found in [&synced.multistatus(), &listed, &alone] {
                assert_eq!(found.of(&object).status_of("note"), Some(status), "{name}");
            }
        }
    }
}
