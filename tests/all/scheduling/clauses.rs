//! Clauses of RFC 6638 that no other file of this directory is about, each named by its section.

use super::*;
use davenport::format::xml::Element;

const AGENTS: [&str; 3] = ["CLIENT", "NONE", "X-OTHER"];

/// The properties of principals that scheduling adds (§2.1.1, §2.2.1, §2.4).
const OF_PRINCIPALS: [&str; 4] = [
    "schedule-inbox-URL",
    "schedule-outbox-URL",
    "calendar-user-address-set",
    "calendar-user-type",
];

/// A text as a client stores it.
pub fn wire(text: &str) -> String {
    text.replace('\n', "\r\n")
}

/// Stores another text at a path of the user's, and has everything told.
pub async fn change(user: &User, path: &str, text: &str) -> Answer {
    let answer = user.send("PUT", path, &[], wire(text)).await;
    settle(user).await;
    answer
}

/// An object with a series of four days and one of its instances.
pub fn series(uid: &str, master: &str, instance: &str) -> String {
    let days = "DTSTART:20270301T100000Z\nDTEND:20270301T110000Z\nRRULE:FREQ=DAILY;COUNT=4\n";
    let second =
        "RECURRENCE-ID:20270302T100000Z\nDTSTART:20270302T100000Z\nDTEND:20270302T110000Z\n";
    let whole = event(uid, &format!("{days}SUMMARY:Series\n{master}"));
    let one = event(uid, &format!("{second}SUMMARY:Instance\n{instance}"));
    let begin = one.find("BEGIN:VEVENT").unwrap();
    whole.replace("END:VCALENDAR\r\n", &one[begin..])
}

/// The supported privilege of this name below another.
fn under<'e>(above: &'e Element, name: &str) -> Option<&'e Element> {
    above.elements().filter(|it| it.is("DAV:", "supported-privilege")).find_map(|it| {
        let privilege = it.elements().find(|e| e.is("DAV:", "privilege"))?;
        let named = privilege.elements().any(|e| e.name.local() == name);
        if named { Some(it) } else { under(it, name) }
    })
}

dialogues! {
    async fn section_2_collections_and_where_they_are(ann: User) {
        for (at, kind) in [("inbox", "schedule-inbox"), ("outbox", "schedule-outbox")] {
            let path = ann.path(&format!("calendars/{at}/"));
            let found = ann.propfind(&path, "0", "<D:resourcetype/><D:supported-privilege-set/>").await;
            let types = found.only().prop("resourcetype").clone();
            assert!(types.elements().any(|it| it.is("DAV:", "collection")));
            assert!(types.elements().any(|it| it.name.local() == kind), "{types:?}");
            let options = ann.send("OPTIONS", &path, &[], "").await;
            assert!(options.header("dav").unwrap().contains("calendar-auto-schedule"), "{options}");
        }
        let principal = ann.principal();
        let asked: String = OF_PRINCIPALS.iter().map(|name| format!("<C:{name}/>")).collect();
        let found = ann.propfind(&principal, "0", &asked).await;
        for name in OF_PRINCIPALS {
            assert_eq!(found.only().status_of(name), Some(200), "{name}");
        }
        let body = document("D:propfind", "<D:allprop/>");
        let all = ann.send("PROPFIND", &principal, &[("Depth", "0")], body).await.multistatus();
        for name in OF_PRINCIPALS {
            assert_eq!(all.only().status_of(name), None, "{name} in an allprop");
        }
        let searched = ann.report("/dav/principals/", "0", "D:principal-search-property-set", "").await;
        for name in ["calendar-user-address-set", "calendar-user-type"] {
            assert!(searched.text().contains(name), "{searched}");
        }
    }

    async fn section_3_2_1_1_an_agent_that_is_not_the_server_is_left_alone(ann: User, ben: User, cyd: User) {
        for (number, agent) in AGENTS.into_iter().enumerate() {
            let body = meeting(&format!("agent-{number}"), &ann, &[&ben, &cyd], "");
            let old = format!("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:{}", at(&ben));
            let new = old.replace(";RSVP", &format!(";SCHEDULE-AGENT={agent};RSVP"));
            let path = store(&ann, &format!("{number}.ics"), &body.replace(&old, &new)).await;
            let mine = text(&ann.get(&path).await);
            assert!(!line(&mine, "ATTENDEE", &at(&ben)).contains("SCHEDULE-STATUS"), "{mine}");
            assert!(line(&mine, "ATTENDEE", &at(&ben)).contains(&format!("SCHEDULE-AGENT={agent}")));
            assert!(inbox(&ben).await.is_empty(), "{agent}");
            let told = inbox(&cyd).await;
            assert_eq!(told.len(), number + 1);
            // §7.1, §7.3: what is sent has none of these parameters.
            assert!(told.iter().all(|it| !it.contains("SCHEDULE-")), "{told:?}");
        }
    }

    async fn section_3_2_1_2_an_agent_that_changes(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("agent", &ann, &[&ben], "")).await;
        let mine = text(&ann.get(&path).await);
        let old = line(&mine, "ATTENDEE", &at(&ben)).to_owned();
        let client = format!("ATTENDEE;SCHEDULE-AGENT=CLIENT;PARTSTAT=NEEDS-ACTION:{}", at(&ben));
        change(&ann, &path, &mine.replace(&old, &client)).await.expect(204);
        let told = inbox(&ben).await;
        assert!(told.len() == 2 && told.iter().any(|it| it.contains("METHOD:CANCEL")), "{told:?}");
        assert!(copy(&ben).await.1.contains("STATUS:CANCELLED"));
        let server = client.replace("SCHEDULE-AGENT=CLIENT;", "");
        let mine = text(&ann.get(&path).await);
        let client = line(&mine, "ATTENDEE", &at(&ben)).to_owned();
        change(&ann, &path, &mine.replace(&client, &server)).await.expect(204);
        let again = copy(&ben).await.1;
        assert!(!again.contains("STATUS:CANCELLED"), "{again}");
        assert_eq!(inbox(&ben).await.len(), 3);
    }

    async fn section_3_2_2_2_what_the_attendees_client_answers(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("by-client", &ann, &[&ben], "")).await;
        let (theirs, body) = copy(&ben).await;
        ben.send("DELETE", &theirs, &[("Schedule-Reply", "F")], "").await.expect(204);
        let organizer = line(&body, "ORGANIZER", &at(&ann)).to_owned();
        let client = format!("ORGANIZER;SCHEDULE-AGENT=CLIENT:{}", at(&ann));
        let body = body.replace(&organizer, &client);
        ben.send("PUT", &theirs, &[], wire(&body)).await.expect(201);
        change(&ben, &theirs, &answered(&ben, &body, "ACCEPTED").replace("\r\n", "\n")).await.expect(204);
        let stored = text(&ben.get(&theirs).await);
        assert!(!line(&stored, "ORGANIZER", &at(&ann)).contains("SCHEDULE-STATUS"), "{stored}");
        assert!(inbox(&ann).await.is_empty());
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &at(&ben)).contains("PARTSTAT=NEEDS-ACTION"), "{mine}");
    }

    async fn section_3_2_2_3_an_instance_taken_out_is_declined(ann: User, ben: User) {
        let people = format!("ORGANIZER:{0}\nATTENDEE:{0}\nATTENDEE:{1}\n", at(&ann), at(&ben));
        let whole = format!("{SLOT}\nRRULE:FREQ=DAILY;COUNT=4\n{people}");
        let path = store(&ann, "m.ics", &event("exdate", &whole)).await;
        let (theirs, body) = copy(&ben).await;
        let rule = line(&body, "RRULE", "COUNT=4").to_owned();
        let fewer = body.replace(&rule, &format!("{rule}\nEXDATE:20270303T100000Z"));
        change(&ben, &theirs, &fewer).await.expect(204);
        let stored = text(&ben.get(&theirs).await);
        assert!(line(&stored, "ORGANIZER", &at(&ann)).contains("SCHEDULE-STATUS="), "{stored}");
        let mine = text(&ann.get(&path).await);
        let instance = mine.split("BEGIN:VEVENT").find(|it| it.contains("RECURRENCE-ID:20270303"));
        let instance = instance.unwrap_or_else(|| panic!("no instance in {mine}"));
        assert!(line(instance, "ATTENDEE", &at(&ben)).contains("PARTSTAT=DECLINED"), "{mine}");
        let told = inbox(&ann).await;
        assert!(told.len() == 1 && told[0].contains("METHOD:REPLY"), "{told:?}");
    }

    async fn section_3_2_3_1_an_event_becomes_a_meeting_and_an_event_again(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &event("grown", SLOT)).await;
        assert_eq!(ann.get(&path).await.header("schedule-tag"), None);
        let asked = meeting("grown", &ann, &[&ben], "");
        let answer = ann.send("PUT", &path, &[], asked).await.expect(204);
        assert!(answer.header("schedule-tag").is_some(), "{answer}");
        settle(&ann).await;
        assert!(copy(&ben).await.1.contains("UID:grown"));
        ann.send("PUT", &path, &[], event("grown", SLOT)).await.expect(204);
        settle(&ann).await;
        assert!(copy(&ben).await.1.contains("STATUS:CANCELLED"));
        assert_eq!(ann.get(&path).await.header("schedule-tag"), None);
    }

    async fn section_3_2_4_2_one_organizer(ann: User, ben: User, cyd: User) {
        let path = format!("{}m.ics", default_calendar(&ann).await);
        let people = |organizer: &User| {
            format!("ORGANIZER:{}\nATTENDEE:{}\nATTENDEE:{}\n", at(organizer), at(&ann), at(&ben))
        };
        let two = series("two", &people(&ann), &people(&cyd));
        let answer = ann.send("PUT", &path, &[], two).await;
        answer.expect_condition(403, "same-organizer-in-all-components");
        settle(&ann).await;
        assert!(inbox(&ben).await.is_empty() && inbox(&cyd).await.is_empty());
    }

    async fn section_3_2_5_stamps_and_sequence(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("stamped", &ann, &[&ben], "")).await;
        let first = inbox(&ben).await.remove(0);
        let stamp = |it: &str| line(it, "DTSTAMP:", "Z").to_owned();
        assert_ne!(stamp(&first), "DTSTAMP:20260101T000000Z", "the time that it was sent");
        let sequence = |it: &str| -> u32 {
            it.lines().find_map(|it| it.strip_prefix("SEQUENCE:")).map_or(0, |it| it.parse().unwrap())
        };
        let moved = text(&ann.get(&path).await).replace("T110000Z", "T113000Z");
        change(&ann, &path, &moved).await.expect(204);
        let told = inbox(&ben).await;
        let second = told.iter().find(|it| it.contains("T113000Z")).unwrap();
        assert!(sequence(second) > sequence(&first), "{second}");
        ann.delete(&path).await.expect(204);
        settle(&ann).await;
        let told = inbox(&ben).await;
        let cancel = told.iter().find(|it| it.contains("METHOD:CANCEL")).unwrap();
        assert!(sequence(cancel) > sequence(second), "{cancel}");
    }

    async fn section_3_2_6_only_instances_that_one_is_invited_to(ann: User, ben: User, cyd: User) {
        let all = format!("ORGANIZER:{0}\nATTENDEE:{0}\nATTENDEE:{1}\n", at(&ann), at(&ben));
        let one = format!("ORGANIZER:{0}\nATTENDEE:{0}\nATTENDEE:{1}\n", at(&ann), at(&cyd));
        store(&ann, "m.ics", &series("parts", &all, &one)).await;
        let bens = copy(&ben).await.1;
        assert!(bens.contains("EXDATE") && bens.contains("20270302T100000Z"), "{bens}");
        assert!(!bens.contains("SUMMARY:Instance") && !bens.contains("RECURRENCE-ID"), "{bens}");
        let cyds = copy(&cyd).await.1;
        assert!(cyds.contains("RECURRENCE-ID:20270302T100000Z"), "{cyds}");
        assert!(!cyds.contains("SUMMARY:Series") && !cyds.contains("RRULE"), "{cyds}");
        assert!(!inbox(&cyd).await[0].contains("SUMMARY:Series"));
        assert!(!inbox(&ben).await[0].contains("SUMMARY:Instance"));
    }

    async fn section_3_2_8_a_new_time_asks_again_and_a_new_place_does_not(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("again", &ann, &[&ben, &cyd], "")).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let said = |text: &str, who: &User| line(text, "ATTENDEE", &at(who)).to_owned();
        let placed = text(&ann.get(&path).await).replace("SUMMARY:Plan", "SUMMARY:Plan\nLOCATION:Hall");
        change(&ann, &path, &placed).await.expect(204);
        let mine = text(&ann.get(&path).await);
        assert!(said(&mine, &ben).contains("PARTSTAT=ACCEPTED"), "{mine}");
        assert!(said(&copy(&ben).await.1, &ben).contains("PARTSTAT=ACCEPTED"));
        change(&ann, &path, &mine.replace("T110000Z", "T120000Z")).await.expect(204);
        let mine = text(&ann.get(&path).await);
        assert!(!said(&mine, &ben).contains("ACCEPTED"), "{mine}");
        assert!(said(&mine, &ann).contains("PARTSTAT=ACCEPTED"), "{mine}");
        assert!(!said(&copy(&ben).await.1, &ben).contains("ACCEPTED"));
        assert!(!said(&copy(&cyd).await.1, &ben).contains("ACCEPTED"));
    }

    async fn section_3_2_10_2_tags_hold_for_other_methods(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("tags", &ann, &[&ben], "")).await;
        ann.send("MKCALENDAR", "calendars/filed/", &[], "").await.expect(201);
        let there = ann.path("calendars/filed/m.ics");
        let url = ann.url(&there);
        let stale = ("If-Schedule-Tag-Match", "\"stale\"");
        for method in ["MOVE", "COPY", "DELETE"] {
            ann.send(method, &path, &[stale, ("Destination", &url)], "").await.expect(412);
        }
        let tag = ann.get(&path).await.header("schedule-tag").unwrap().to_owned();
        let fresh = ("If-Schedule-Tag-Match", tag.as_str());
        let moved = ann.send("MOVE", &path, &[fresh, ("Destination", &url)], "").await.expect(201);
        let tag = ann.get(&there).await.header("schedule-tag").unwrap().to_owned();
        assert_eq!(moved.header("schedule-tag"), Some(tag.as_str()), "{moved}");
        // §9.3: only the server gives it.
        let set = "<D:set><D:prop><C:schedule-tag>\"x\"</C:schedule-tag></D:prop></D:set>";
        let refused = ann.proppatch(&there, set).await.multistatus();
        assert_eq!(refused.only().status_of("schedule-tag"), Some(403));
        let fresh = ("If-Schedule-Tag-Match", tag.as_str());
        ann.send("DELETE", &there, &[fresh], "").await.expect(204);
    }

    async fn section_7_2_sent_again(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("forced", &ann, &[&ben, &cyd], "")).await;
        answer(&ben, "DECLINED").await.expect(204);
        let mine = text(&ann.get(&path).await);
        let old = line(&mine, "ATTENDEE", &at(&ben)).to_owned();
        let asked = format!("ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST;PARTSTAT=NEEDS-ACTION:{}", at(&ben));
        change(&ann, &path, &mine.replace(&old, &asked)).await.expect(204);
        let told = inbox(&ben).await;
        assert_eq!(told.len(), 2, "asked once more: {told:?}");
        assert_eq!(inbox(&cyd).await.len(), 1, "nobody else is");
        let mine = text(&ann.get(&path).await);
        assert!(!mine.contains("SCHEDULE-FORCE-SEND"), "{mine}");
        assert!(told.iter().all(|it| !it.contains("SCHEDULE-FORCE-SEND")), "{told:?}");
        let forced = asked.replace("=REQUEST", "=OTHER");
        let old = line(&mine, "ATTENDEE", &at(&ben)).to_owned();
        change(&ann, &path, &mine.replace(&old, &forced)).await.expect(204);
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &at(&ben)).contains("SCHEDULE-STATUS=2.3"), "{mine}");
        assert_eq!(inbox(&ben).await.len(), 2);
    }

    async fn rfc_9073_9_2_what_could_run_is_left_out(ann: User, ben: User) {
        let styled = |html: &str| format!("STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:{html}");
        let (good, bad) = (styled("<p>Agenda</p>"), styled("<p onclick='x()'>Agenda</p>"));
        store(&ann, "m.ics", &meeting("styled", &ann, &[&ben], &format!("{good}\n{bad}"))).await;
        let theirs = copy(&ben).await.1;
        assert!(theirs.contains(&good) && !theirs.contains("onclick"), "{theirs}");
        assert!(inbox(&ben).await.iter().all(|it| !it.contains("onclick")));
    }

    /// §3.2.10: what others answer leaves an attendee's tag as it is, what the organizer says does not.
    async fn section_3_2_10_the_tag_of_an_attendee(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("tag", &ann, &[&ben, &cyd], "")).await;
        let (theirs, _) = copy(&cyd).await;
        let before = cyd.get(&theirs).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let after = cyd.get(&theirs).await;
        assert_ne!(before.header("etag"), after.header("etag"));
        assert_eq!(before.header("schedule-tag"), after.header("schedule-tag"));
        let renamed = text(&ann.get(&path).await).replace("SUMMARY:Plan", "SUMMARY:Plans");
        change(&ann, &path, &renamed).await.expect(204);
        let renamed = cyd.get(&theirs).await;
        assert_ne!(renamed.header("schedule-tag"), after.header("schedule-tag"));
        answer(&cyd, "ACCEPTED").await.expect(204);
        assert_ne!(cyd.get(&theirs).await.header("schedule-tag"), renamed.header("schedule-tag"));
    }

    async fn section_4_2_a_reply_brings_its_status(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("status", &ann, &[&ben], "")).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &at(&ben)).contains("SCHEDULE-STATUS=2.0"), "{mine}");
    }

    /// Nothing comes back by an answer to what was removed, and the answer is no error.
    async fn section_4_2_a_reply_to_nothing(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("lost", &ann, &[&ben], "")).await;
        let (theirs, body) = copy(&ben).await;
        ann.delete(&path).await.expect(204);
        ben.send("PUT", &theirs, &[], answered(&ben, &body, "ACCEPTED")).await.expect(204);
        settle(&ann).await;
        assert!(texts(&ann, &default_calendar(&ann).await).await.is_empty());
        assert!(copy(&ben).await.1.contains("STATUS:CANCELLED"));
    }

    async fn section_6_privileges_are_shown(ann: User) {
        let of = |at: &str| ann.path(&format!("calendars/{at}/"));
        let sets = [
            ("inbox", "schedule-deliver", ["schedule-deliver-invite", "schedule-deliver-reply", "schedule-query-freebusy"]),
            ("outbox", "schedule-send", ["schedule-send-invite", "schedule-send-reply", "schedule-send-freebusy"]),
        ];
        for (at, aggregate, leaves) in sets {
            let found = ann.propfind(&of(at), "0", "<D:supported-privilege-set/>").await;
            let all = found.only().prop("supported-privilege-set").elements().next().unwrap().clone();
            let it = under(&all, aggregate).unwrap_or_else(|| panic!("no {aggregate}"));
            for leaf in leaves {
                let leaf = under(it, leaf).unwrap_or_else(|| panic!("no {leaf} in {aggregate}"));
                assert!(!leaf.elements().any(|e| e.is("DAV:", "abstract")));
            }
        }
    }

    async fn section_11_2_nobody_speaks_for_another(ann: User, ben: User, cyd: User) {
        // An organizer who is not the owner, and the owner is not invited: an event like others.
        store(&ann, "m.ics", &meeting("forged", &ben, &[&cyd], "")).await;
        assert!(inbox(&cyd).await.is_empty() && inbox(&ben).await.is_empty());
        // A UID that another's meeting has does not touch that meeting.
        let path = store(&ann, "n.ics", &meeting("spoofed", &ann, &[&ben], "")).await;
        let before = copy(&ben).await.1;
        store(&cyd, "n.ics", &meeting("spoofed", &cyd, &[&ben], "SUMMARY:Mine now")).await;
        assert_eq!(copy(&ben).await.1, before);
        let theirs = text(&cyd.get(&format!("{}n.ics", default_calendar(&cyd).await)).await);
        assert!(!line(&theirs, "ATTENDEE", &at(&ben)).contains("SCHEDULE-STATUS=1.2"), "{theirs}");
        assert!(text(&ann.get(&path).await).contains("SUMMARY:Plan"));
    }
}
