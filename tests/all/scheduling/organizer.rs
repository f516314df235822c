//! What an organizer's change does (RFC 6638 §3.2.1).

use super::*;

dialogues! {
    /// RFC 6638 §3.2.1.1, §4.1: an invitation comes into the attendee's calendar and inbox.
    async fn an_invitation_comes_into_calendar_and_inbox(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("invited", &ann, &[&ben], "")).await;
        let (_, theirs) = copy(&ben).await;
        assert!(theirs.contains("UID:invited\n") && theirs.contains("SUMMARY:Plan\n"), "{theirs}");
        assert!(!theirs.contains("METHOD"), "{theirs}");
        assert!(line(&theirs, "ATTENDEE", &at(&ben)).contains("PARTSTAT=NEEDS-ACTION"));
        let told = inbox(&ben).await;
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("METHOD:REQUEST\n"), "{}", told[0]);
        // RFC 6638 §3.2.9: the organizer's copy says that it arrived.
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &at(&ben)).contains("SCHEDULE-STATUS="), "{mine}");
        assert!(line(&mine, "ATTENDEE", &at(&ben)).contains("1.2"), "{mine}");
        assert!(inbox(&ann).await.is_empty());
    }

    /// RFC 6638 §3.2.10, §8.2: what scheduling changed has no ETag in the answer, and a Schedule-Tag.
    async fn a_stored_meeting_has_a_schedule_tag(ann: User, ben: User) {
        let path = format!("{}m.ics", default_calendar(&ann).await);
        let answer = ann.send("PUT", &path, &[], meeting("tagged", &ann, &[&ben], "")).await;
        assert_eq!(answer.header("etag"), None, "{answer}");
        let tag = answer.header("schedule-tag").unwrap().to_owned();
        let found = ann.propfind(&path, "0", "<C:schedule-tag/>").await;
        assert_eq!(found.only().text("schedule-tag"), tag);
        assert_eq!(ann.get(&path).await.header("schedule-tag"), Some(tag.as_str()));
        ann.put(&format!("{path}-plain"), event("plain", SLOT)).await;
        let plain = ann.get(&format!("{path}-plain")).await;
        assert_eq!(plain.header("schedule-tag"), None);
    }

    /// Who was told what about a meeting can be read beside it, by those who may change it.
    async fn a_meeting_tells_its_history(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("told", &ann, &[&ben], "")).await;
        let own = "<V:schedule-history xmlns:V=\"https://davenport.example/ns/\"/>";
        let found = ann.propfind(&path, "0", own).await;
        let told = found.only().prop("schedule-history").elements().next().unwrap().clone();
        assert_eq!(told.attribute("method"), Some("REQUEST"));
        assert_eq!(told.attribute("recipient"), Some(&*at(&ben)));
        assert_eq!(told.attribute("by"), Some(&*ann.name));
        assert_eq!(told.attribute("status"), Some("1.2"));
        assert!(told.attribute("done").is_some());
        assert_eq!(told.text(), "invited");
        let listed = ann.propfind(&default_calendar(&ann).await, "1", own).await;
        assert_eq!(listed.of(&path).status_of("schedule-history"), Some(200));
        let (theirs, _) = copy(&ben).await;
        let found = ben.propfind(&theirs, "0", own).await;
        assert_eq!(found.only().status_of("schedule-history"), Some(200));
        let read = ace(&to(&ben), "<D:privilege><D:read/></D:privilege>");
        grant(&ann, &default_calendar(&ann).await, &read).await;
        let seen = ben.propfind(&path, "0", own).await;
        assert_eq!(seen.only().status_of("schedule-history"), Some(403));
    }

    /// RFC 6638 §3.2.1.2: a changed time comes to those who are invited, and asks them again.
    async fn a_changed_time_is_told(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("moved", &ann, &[&ben], "")).await;
        let moved = text(&ann.get(&path).await).replace("T100000Z", "T120000Z")
            .replace("T110000Z", "T130000Z");
        ann.send("PUT", &path, &[], moved.replace('\n', "\r\n")).await.expect(204);
        settle(&ann).await;
        let (_, theirs) = copy(&ben).await;
        assert!(theirs.contains("DTSTART:20270301T120000Z"), "{theirs}");
        assert_eq!(inbox(&ben).await.len(), 2);
    }

    /// RFC 8607 §3.12.6: an attachment is told to the attendees, who open it and change nothing of it.
    async fn an_attachment_comes_to_the_attendees(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("attached", &ann, &[&ben], "")).await;
        let body = [("Content-Type", "text/plain")];
        let add = |path: &str| format!("{path}?action=attachment-add");
        let added = ann.send("POST", &add(&path), &body, "agenda").await.expect(201);
        settle(&ann).await;
        let (theirs, text) = copy(&ben).await;
        let id = added.header("cal-managed-id").unwrap();
        let url = added.header("location").unwrap();
        assert!(line(&text, "ATTACH", url).contains(&format!("MANAGED-ID={id}")), "{text}");
        let at = url.strip_prefix(&ben.url("")).unwrap();
        assert_eq!(ben.server.send("GET", at, &[], "").await.expect(200).text(), "agenda");
        for action in [add(&theirs), format!("{theirs}?action=attachment-remove&managed-id={id}")] {
            let body = if action.contains("remove") { "" } else { "x" };
            let refused = ben.send("POST", &action, &[], body).await;
            refused.expect_condition(403, "allowed-attendee-scheduling-object-change");
        }
        // §3.12.2: nor by a PUT.
        let without: String = text.lines().filter(|it| !it.starts_with("ATTACH"))
            .map(|it| format!("{it}\r\n")).collect();
        ben.send("PUT", &theirs, &[], without).await;
        assert!(line(&copy(&ben).await.1, "ATTACH", url).contains(id));
        let removed = format!("{path}?action=attachment-remove&managed-id={id}");
        ann.send("POST", &removed, &[], "").await.expect(204);
        settle(&ann).await;
        assert!(!copy(&ben).await.1.contains("ATTACH"));
    }

    /// Nobody is told of what is the organizer's own affair.
    async fn an_alarm_of_the_organizer_is_nobody_elses(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("quiet", &ann, &[&ben], "")).await;
        let alarm = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT5M\nEND:VALARM\n";
        let own = text(&ann.get(&path).await).replace("END:VEVENT", &format!("{alarm}END:VEVENT"));
        ann.send("PUT", &path, &[], own.replace('\n', "\r\n")).await.expect(204);
        settle(&ann).await;
        assert_eq!(inbox(&ben).await.len(), 1);
        assert!(!copy(&ben).await.1.contains("VALARM"));
    }

    /// Of many who are told the same, each keeps what is his own.
    async fn a_change_for_many_leaves_each_his_own(ann: User) {
        let mut guests = Vec::new();
        for _ in 0..6 {
            guests.push(ann.server.user().await);
        }
        let all: Vec<&User> = guests.iter().collect();
        let path = store(&ann, "m.ics", &meeting("crowd", &ann, &all, "")).await;
        for guest in &guests[..2] {
            answer(guest, "ACCEPTED").await.expect(204);
        }
        let (theirs, body) = copy(&guests[2]).await;
        let alarm = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT5M\nEND:VALARM\n";
        let body = body.replace("END:VEVENT", &format!("{alarm}END:VEVENT"));
        guests[2].send("PUT", &theirs, &[], body.replace('\n', "\r\n")).await.expect(204);
        let renamed = text(&ann.get(&path).await).replace("SUMMARY:Plan", "SUMMARY:Other plan");
        ann.send("PUT", &path, &[], renamed.replace('\n', "\r\n")).await.expect(204);
        settle(&ann).await;
        for (number, guest) in guests.iter().enumerate() {
            let (_, theirs) = copy(guest).await;
            assert!(theirs.contains("SUMMARY:Other plan"), "{number}: {theirs}");
            assert_eq!(theirs.contains("VALARM"), number == 2, "{number}: {theirs}");
            for (other, who) in guests.iter().enumerate() {
                let said = line(&theirs, "ATTENDEE", &at(who));
                assert_eq!(said.contains("PARTSTAT=ACCEPTED"), other < 2, "{number}: {theirs}");
            }
            assert_eq!(inbox(guest).await.len(), 2, "{number}");
        }
    }

    /// RFC 6638 §3.2.1.3: a deleted meeting is cancelled.
    async fn a_deleted_meeting_is_cancelled(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("cancelled", &ann, &[&ben], "")).await;
        ann.delete(&path).await.expect(204);
        settle(&ann).await;
        assert!(copy(&ben).await.1.contains("STATUS:CANCELLED"));
        assert!(inbox(&ben).await.iter().any(|it| it.contains("METHOD:CANCEL")));
    }

    /// RFC 6638 §3.2.1.2: who is taken off the list hears that, the others do not.
    async fn an_attendee_who_is_removed_is_told(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("fewer", &ann, &[&ben, &cyd], "")).await;
        let fewer = text(&ann.get(&path).await);
        let gone = line(&fewer, "ATTENDEE", &at(&cyd)).to_owned() + "\n";
        let fewer = fewer.replace(&gone, "");
        ann.send("PUT", &path, &[], fewer.replace('\n', "\r\n")).await.expect(204);
        settle(&ann).await;
        assert!(copy(&cyd).await.1.contains("STATUS:CANCELLED"));
        assert!(!copy(&ben).await.1.contains(&at(&cyd)));
    }

    /// RFC 6638 §3.2.9: unknown people and people elsewhere are told apart.
    async fn the_status_says_who_could_not_be_reached(ann: User) {
        let lines = format!(
            "{SLOT}\nORGANIZER:{0}\nATTENDEE:{0}\nATTENDEE:mailto:nobody-at-all\n\
             ATTENDEE:mailto:x@example.com",
            at(&ann)
        );
        let path = store(&ann, "m.ics", &event("unreachable", &lines)).await;
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", "nobody-at-all").contains("3.7"), "{mine}");
        assert!(line(&mine, "ATTENDEE", "x@example.com").contains("5.2"), "{mine}");
    }

    /// RFC 6638 §3.2.4.1: one home has a meeting once.
    async fn one_home_has_a_meeting_once(ann: User, ben: User) {
        store(&ann, "m.ics", &meeting("once", &ann, &[&ben], "")).await;
        ann.send("MKCALENDAR", "calendars/second/", &[], "").await.expect(201);
        let body = meeting("once", &ann, &[&ben], "");
        let answer = ann.send("PUT", "calendars/second/m.ics", &[], body).await;
        answer.expect_condition(403, "unique-scheduling-object-resource");
    }

    /// A calendar that is imported invites nobody.
    async fn an_import_invites_nobody(ann: User, ben: User) {
        ann.send("MKCALENDAR", "calendars/old/", &[], "").await.expect(201);
        let headers = [("Content-Type", "text/calendar")];
        let body = meeting("imported", &ann, &[&ben], "");
        let answer = ann.send("PUT", "calendars/old/", &headers, body).await;
        assert!(answer.status.is_success(), "{answer}");
        settle(&ann).await;
        assert!(inbox(&ben).await.is_empty());
    }
}
