//! What an attendee's change does (RFC 6638 §3.2.2).

use super::*;

dialogues! {
    /// RFC 6638 §3.2.2.1, §4.2: an answer comes into the organizer's copy and from there to the
    /// others, and nobody is invited again.
    async fn an_answer_comes_to_everybody(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("answered", &ann, &[&ben, &cyd], "")).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &at(&ben)).contains("PARTSTAT=ACCEPTED"), "{mine}");
        let told = inbox(&ann).await;
        assert!(told.len() == 1 && told[0].contains("METHOD:REPLY"), "{told:?}");
        let (_, others) = copy(&cyd).await;
        assert!(line(&others, "ATTENDEE", &at(&ben)).contains("PARTSTAT=ACCEPTED"), "{others}");
        assert!(line(&others, "ATTENDEE", &at(&cyd)).contains("PARTSTAT=NEEDS-ACTION"));
        assert_eq!(inbox(&cyd).await.len(), 1, "no second invitation");
    }

    /// RFC 6638 §3.2.10: an answer changes the organizer's ETag, not its Schedule-Tag.
    async fn an_answer_keeps_the_schedule_tag(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("steady", &ann, &[&ben], "")).await;
        let before = ann.get(&path).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let after = ann.get(&path).await;
        assert_ne!(before.header("etag"), after.header("etag"));
        assert_eq!(before.header("schedule-tag"), after.header("schedule-tag"));
        let tag = before.header("schedule-tag").unwrap();
        let body = text(&after).replace("SUMMARY:Plan", "SUMMARY:Plans").replace('\n', "\r\n");
        let headers = [("If-Schedule-Tag-Match", tag)];
        ann.send("PUT", &path, &headers, body.clone()).await.expect(204);
        ann.send("PUT", &path, &headers, body).await.expect(412);
    }

    /// RFC 6638 §3.2.2.2: who throws an invitation away declines it, unless he says otherwise (§8.1).
    async fn a_deleted_invitation_is_declined(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("declined", &ann, &[&ben, &cyd], "")).await;
        let (theirs, _) = copy(&ben).await;
        ben.delete(&theirs).await.expect(204);
        let (silent, _) = copy(&cyd).await;
        cyd.send("DELETE", &silent, &[("Schedule-Reply", "F")], "").await.expect(204);
        settle(&ann).await;
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &at(&ben)).contains("PARTSTAT=DECLINED"), "{mine}");
        assert!(line(&mine, "ATTENDEE", &at(&cyd)).contains("PARTSTAT=NEEDS-ACTION"), "{mine}");
    }

    /// RFC 6638 §3.2.4.4: an attendee does not move the meeting, nor take it over.
    async fn an_attendee_does_not_move_the_meeting(ann: User, ben: User) {
        store(&ann, "m.ics", &meeting("fixed", &ann, &[&ben], "")).await;
        let (path, body) = copy(&ben).await;
        let moved = body.replace("DTSTART:20270301T100000Z", "DTSTART:20270301T090000Z");
        let answer = ben.send("PUT", &path, &[], moved.replace('\n', "\r\n")).await;
        answer.expect_condition(403, "allowed-attendee-scheduling-object-change");
        let own = format!("ORGANIZER:{}", at(&ben));
        let taken = body.replace(line(&body, "ORGANIZER", &at(&ann)), &own);
        let answer = ben.send("PUT", &path, &[], taken.replace('\n', "\r\n")).await;
        answer.expect_condition(403, "allowed-attendee-scheduling-object-change");
        assert_eq!(copy(&ben).await.1, body);
    }

    /// An update leaves the attendee's own alarm and, if nothing that matters changed, his answer.
    async fn an_update_keeps_what_is_the_attendees(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("kept", &ann, &[&ben], "")).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let (theirs, body) = copy(&ben).await;
        let alarm = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT5M\nEND:VALARM\n";
        let body = body.replace("END:VEVENT", &format!("{alarm}END:VEVENT"));
        ben.send("PUT", &theirs, &[], body.replace('\n', "\r\n")).await.expect(204);
        let renamed = text(&ann.get(&path).await).replace("SUMMARY:Plan", "SUMMARY:Other plan");
        ann.send("PUT", &path, &[], renamed.replace('\n', "\r\n")).await.expect(204);
        settle(&ann).await;
        let (_, after) = copy(&ben).await;
        assert!(after.contains("SUMMARY:Other plan") && after.contains("VALARM"), "{after}");
        assert!(line(&after, "ATTENDEE", &at(&ben)).contains("PARTSTAT=ACCEPTED"), "{after}");
    }
}
