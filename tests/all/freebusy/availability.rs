//! VAVAILABILITY (RFC 7953): kept on the inbox, or as an object, and what becomes of it.

use super::*;

/// Working hours from nine to five in Vienna, on Tuesdays: from seven to fifteen in UTC's summer.
fn working_hours(more: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VAVAILABILITY\r\nUID:v\r\n\
         DTSTAMP:20260101T000000Z\r\n{more}BEGIN:AVAILABLE\r\nUID:a\r\nSUMMARY:Secret\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Vienna:20260106T090000\r\n\
         DTEND;TZID=Europe/Vienna:20260106T170000\r\nRRULE:FREQ=WEEKLY;BYDAY=TU\r\nEND:AVAILABLE\r\n\
         END:VAVAILABILITY\r\nEND:VCALENDAR\r\n"
    )
}

fn set(prefix: &str, text: &str) -> String {
    let text = text.replace('\r', "&#13;");
    format!(
        "<D:set><D:prop><{prefix}:calendar-availability>{text}</{prefix}:calendar-availability></D:prop></D:set>"
    )
}

/// A calendar that takes VAVAILABILITY.
async fn availability_calendar(user: &User) -> String {
    let path = user.path("calendars/hours/");
    let content = "<D:set><D:prop><C:supported-calendar-component-set><C:comp name=\"VAVAILABILITY\"/>\
        </C:supported-calendar-component-set></D:prop></D:set>";
    user.send("MKCALENDAR", &path, &[], document("C:mkcalendar", content)).await.expect(201);
    path
}

const OUTSIDE: [&str; 2] = ["BUSY-UNAVAILABLE:00/07", "BUSY-UNAVAILABLE:15/20260603T00"];

dialogues! {
    /// RFC 7953 §7.2.4, §7.2.5: with events laid over it; nothing of its texts is told.
    async fn rfc_7953_7_2_4_the_property_of_the_inbox_counts(ada: User, bob: User) {
        let inbox = bob.path("calendars/inbox/");
        bob.proppatch(&inbox, &set("C", &working_hours(""))).await.expect(207);
        let whom = format!("mailto:{}", bob.name);
        assert_eq!(of_one(&ask(&ada, &[&whom], "").await).1, OUTSIDE);
        let path = calendar(&bob, "work").await;
        event(&bob, &path, "e", &at(9)).await;
        let answer = ask(&ada, &[&whom], "").await;
        assert_eq!(of_one(&answer).1, [OUTSIDE[0], "BUSY:09/10", OUTSIDE[1]]);
        assert!(!answer.text().contains("Secret"));
        bob.proppatch(&inbox, "<D:remove><D:prop><C:calendar-availability/></D:prop></D:remove>").await.expect(207);
        assert_eq!(of_one(&ask(&ada, &[&whom], "").await).1, ["BUSY:09/10"]);
    }

    /// Read back as it was written; not in allprop; under Apple's older name, too; also on the home.
    async fn rfc_7953_7_2_4_it_is_kept_and_shown(bob: User) {
        let inbox = bob.path("calendars/inbox/");
        let both = "<C:calendar-availability/><S:calendar-availability/>";
        let found = bob.propfind(&inbox, "0", both).await;
        assert_eq!(found.responses[0].status_of("calendar-availability"), Some(404));
        bob.proppatch(&inbox, &set("S", &working_hours(""))).await.expect(207);
        let found = bob.propfind(&inbox, "0", both).await;
        for namespace in [CALDAV, "http://calendarserver.org/ns/"] {
            let all = found.root.elements().flat_map(|r| r.elements()).flat_map(|p| p.elements()).flat_map(|p| p.elements());
            let mut own = all.filter(|e| e.is(namespace, "calendar-availability"));
            let text = own.next().unwrap_or_else(|| panic!("{namespace}")).text().into_owned();
            assert_eq!(text, working_hours(""), "{namespace}");
        }
        let all = bob.send("PROPFIND", &inbox, &[("Depth", "0")], document("D:propfind", "<D:allprop/>")).await;
        assert!(!all.expect(207).text().contains("calendar-availability"));
        let home = bob.path("calendars/");
        bob.proppatch(&inbox, "<D:remove><D:prop><S:calendar-availability/></D:prop></D:remove>").await.expect(207);
        bob.proppatch(&home, &set("C", &working_hours(""))).await.expect(207);
        let whom = format!("mailto:{}", bob.name);
        assert_eq!(of_one(&ask(&bob, &[&whom], "").await).1, OUTSIDE);
    }

    /// RFC 7953 §3.1, §7.2.4, §8.
    async fn rfc_7953_7_2_4_what_is_no_availability_is_refused(bob: User) {
        let inbox = bob.path("calendars/inbox/");
        let event = component("VEVENT", "e", "DTSTART:20260101T000000Z");
        for wrong in ["nothing".to_owned(), event, working_hours("DTSTART;VALUE=DATE:20260101\r\n")] {
            for prefix in ["C", "S"] {
                let answer = bob.proppatch(&inbox, &set(prefix, &wrong)).await.expect(207).multistatus();
                assert_ne!(answer.responses[0].status_of("calendar-availability"), Some(200), "{wrong}");
            }
        }
        let found = bob.propfind(&inbox, "0", "<C:calendar-availability/>").await;
        assert_eq!(found.responses[0].status_of("calendar-availability"), Some(404));
    }

    /// RFC 7953 §7.1, §7.2.1: where it is stored, it says so.
    async fn rfc_7953_7_2_1_it_is_advertised(bob: User) {
        let answer = bob.send("OPTIONS", "calendars/", &[], "").await;
        let dav = answer.header("dav").unwrap().to_owned();
        assert!(dav.split(", ").any(|word| word == "calendar-availability"), "{dav}");
    }

    /// RFC 7953 §7.1, §7.2.3, §7.2.5: objects in calendars, for both ways to ask; by priority.
    async fn rfc_7953_7_2_3_objects_in_calendars_count(ada: User, bob: User) {
        let make = "<D:set><D:prop><C:supported-calendar-component-set><C:comp name='VAVAILABILITY'/>\
            </C:supported-calendar-component-set></D:prop></D:set>";
        bob.send("MKCALENDAR", "calendars/av/", &[], document("C:mkcalendar", make)).await.expect(201);
        bob.put("calendars/av/v.ics", working_hours("")).await;
        let whom = format!("mailto:{}", bob.name);
        assert_eq!(of_one(&ask(&ada, &[&whom], "").await).1, OUTSIDE);
        let range = "<C:time-range start='20260602T000000Z' end='20260603T000000Z'/>";
        let answer = bob.report(&bob.path("calendars/av/"), "1", "C:free-busy-query", range).await.expect(200);
        assert_eq!(periods(&answer.text()), OUTSIDE);
        // A holiday of higher priority.
        let holiday = component("VAVAILABILITY", "h",
            "DTSTART:20260602T120000Z\nDTEND:20260602T140000Z\nPRIORITY:1\nBUSYTYPE:BUSY");
        bob.put("calendars/av/h.ics", holiday).await;
        let all = [OUTSIDE[0], "BUSY:12/14", OUTSIDE[1]];
        assert_eq!(of_one(&ask(&ada, &[&whom], "").await).1, all);
    }

    /// RFC 7953 §7.1, RFC 4791 §4.1: calendars say whether they take it, and an object is one thing.
    async fn rfc_7953_7_1_calendars_say_what_they_take(bob: User) {
        let make = "<D:set><D:prop><C:supported-calendar-component-set><C:comp name='VAVAILABILITY'/>\
            </C:supported-calendar-component-set></D:prop></D:set>";
        bob.send("MKCALENDAR", "calendars/av/", &[], document("C:mkcalendar", make)).await.expect(201);
        let found = bob.propfind(&bob.path("calendars/av/"), "0", "<C:supported-calendar-component-set/>").await;
        let sets = found.root.elements().flat_map(|r| r.elements()).flat_map(|p| p.elements()).flat_map(|p| p.elements());
        let names: Vec<String> = sets
            .flat_map(|set| set.elements())
            .filter_map(|comp| comp.attribute("name").map(str::to_owned))
            .collect();
        assert_eq!(names, ["VAVAILABILITY"]);
        bob.put("calendars/av/v.ics", working_hours("")).await;
        let send = |body: String| bob.send("PUT", "calendars/av/w.ics", &[], body);
        let event = component("VEVENT", "e", "DTSTART:20260101T000000Z");
        send(event.clone()).await.expect_condition(403, "supported-calendar-component");
        send(working_hours("")).await.expect_condition(409, "no-uid-conflict");
        let inner = event.split("BEGIN:VEVENT").nth(1).unwrap().split("END:VEVENT").next().unwrap();
        let both = working_hours("").replace("END:VCALENDAR", &format!("BEGIN:VEVENT{inner}END:VEVENT\r\nEND:VCALENDAR"));
        send(both).await.expect_condition(403, "valid-calendar-object-resource");
        let path = calendar(&bob, "events").await;
        let answer = bob.send("PUT", &format!("{path}v.ics"), &[], working_hours("")).await;
        answer.expect_condition(403, "supported-calendar-component");
    }

    /// RFC 7953 §7.2.2: every row of the table.
    async fn rfc_7953_7_2_2_time_ranges(bob: User) {
        let make = "<D:set><D:prop><C:supported-calendar-component-set><C:comp name='VAVAILABILITY'/>\
            </C:supported-calendar-component-set></D:prop></D:set>";
        bob.send("MKCALENDAR", "calendars/av/", &[], document("C:mkcalendar", make)).await.expect(201);
        let rows = [
            ("both", "DTSTART:20260602T120000Z\nDTEND:20260602T140000Z"),
            ("long", "DTSTART:20260602T120000Z\nDURATION:PT2H"),
            ("from", "DTSTART:20260602T120000Z"),
            ("until", "DTEND:20260602T140000Z"),
            ("always", "SUMMARY:x"),
        ];
        for (uid, lines) in rows {
            bob.put(&format!("calendars/av/{uid}.ics"), component("VAVAILABILITY", uid, lines)).await;
        }
        let found = async |start: &str, end: &str| {
            let filter = format!(
                "<D:prop/><C:filter><C:comp-filter name='VCALENDAR'><C:comp-filter name='VAVAILABILITY'>\
                 <C:time-range start='20260602T{start}0000Z' end='20260602T{end}0000Z'/>\
                 </C:comp-filter></C:comp-filter></C:filter>"
            );
            let answer = bob.report(&bob.path("calendars/av/"), "1", "C:calendar-query", &filter).await;
            let all = answer.expect(207).multistatus();
            let name = |href: &str| href.rsplit('/').next().unwrap().replace(".ics", "");
            let mut names: Vec<String> = all.responses.iter().map(|it| name(&it.href)).collect();
            names.sort();
            names.join(" ")
        };
        assert_eq!(found("10", "12").await, "always until");
        assert_eq!(found("11", "13").await, "always both from long until");
        assert_eq!(found("13", "15").await, "always both from long until");
        assert_eq!(found("14", "16").await, "always from");
    }

    /// RFC 7953 §8.
    async fn rfc_7953_8_nobody_else_changes_it(ada: User, bob: User) {
        let inbox = bob.path("calendars/inbox/");
        bob.proppatch(&inbox, &set("C", &working_hours(""))).await.expect(207);
        ada.proppatch(&inbox, &set("C", &working_hours("PRIORITY:1\r\n"))).await.expect(403);
        let found = bob.propfind(&inbox, "0", "<C:calendar-availability/>").await;
        let all = found.root.elements().flat_map(|r| r.elements()).flat_map(|p| p.elements()).flat_map(|p| p.elements());
        let texts: Vec<String> = all.map(|it| it.text().into_owned()).collect();
        assert_eq!(texts, [working_hours("")]);
    }

    /// RFC 7953 §9, RFC 6638 §11.3: who may know a part only is not told of it.
    async fn rfc_7953_9_what_class_hides_of_it(ada: User, bob: User) {
        let path = availability_calendar(&bob).await;
        for class in ["PUBLIC", "CONFIDENTIAL", "PRIVATE"] {
            let more = format!("SUMMARY:Hidden\r\nCLASS:{class}\r\n");
            let text = working_hours(&more).replace("UID:v", &format!("UID:{class}"));
            bob.put(&format!("{path}{class}.ics"), text).await;
        }
        bob.send("ACL", &path, &[], crate::freebusy::rights::grant(&ada, "read").replace("C:read", "D:read")).await.expect(200);
        let seen = async |class: &str| ada.get(&format!("{path}{class}.ics")).await;
        assert!(seen("PUBLIC").await.expect(200).text().contains("SUMMARY:Secret"));
        // Others know when he is there, and no more.
        for class in ["CONFIDENTIAL", "PRIVATE"] {
            let part = seen(class).await.expect(200).text();
            assert!(!part.contains("Hidden") && !part.contains("Secret"), "{part}");
            assert!(part.contains("RRULE:FREQ=WEEKLY;BYDAY=TU"), "{part}");
        }
    }

    async fn rfc_7953_8_what_is_stored_is_bounded(bob: User) {
        let path = availability_calendar(&bob).await;
        let one = working_hours("");
        let available = &one[one.find("BEGIN:AVAILABLE").unwrap()..one.find("END:VAVAILABILITY").unwrap()];
        let many: String = (0..60_000).map(|n| available.replace("UID:a", &format!("UID:{n}"))).collect();
        let large = one.replace(available, &many);
        let answer = bob.send("PUT", &format!("{path}l.ics"), &[], large).await;
        assert!([403, 413].contains(&answer.status.as_u16()), "{answer}");
        // A rule without end costs what the window holds.
        let dense = one.replace("FREQ=WEEKLY;BYDAY=TU", "FREQ=SECONDLY");
        let begun = std::time::Instant::now();
        let stored = bob.send("PUT", &format!("{path}d.ics"), &[], dense).await.status.as_u16();
        assert!([201, 403].contains(&stored), "{stored}");
        let range = "<C:time-range start=\"20260601T000000Z\" end=\"20280601T000000Z\"/>";
        let answer = bob.report(&path, "1", "C:free-busy-query", range).await.status.as_u16();
        assert!([200, 403].contains(&answer), "{answer}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    }

    async fn only_who_may_know_all_is_told_of_it(ada: User, bob: User) {
        let whom = format!("mailto:{}", bob.name);
        let inbox = bob.path("calendars/inbox/");
        bob.proppatch(&inbox, &set("C", &working_hours(""))).await.expect(207);
        let path = calendar(&bob, "work").await;
        event(&bob, &path, "e", &at(9)).await;
        let told = async |asker: &User| crate::freebusy::rights::ask_closed(asker, &bob, &whom).await;
        assert_eq!(told(&ada).await, None);
        let all = [OUTSIDE[0], "BUSY:09/10", OUTSIDE[1]].map(str::to_owned).to_vec();
        assert_eq!(told(&bob).await, Some(all.clone()));
        let one = crate::freebusy::rights::grant(&ada, "read-free-busy");
        bob.send("ACL", &path, &[], one).await.expect(200);
        assert_eq!(told(&ada).await, Some(vec!["BUSY:09/10".to_owned()]));
        let whole = crate::freebusy::rights::grant(&ada, "schedule-query-freebusy");
        bob.send("ACL", &inbox, &[], whole).await.expect(200);
        assert_eq!(told(&ada).await, Some(all));
    }
}
