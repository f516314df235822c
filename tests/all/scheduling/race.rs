//! What happens when several are at one meeting at once: the server stored the invitation before the
//! client did, or answers came in while somebody had the meeting open.

use super::*;
use davenport::format::xml::Element;

/// The href in the condition of a refusal.
fn told(condition: &Element) -> Option<String> {
    condition.elements().next().map(|href| href.text().trim().to_owned())
}

dialogues! {
    /// RFC 6638 §3.2.4.1: where the other is, only those are told who may read it.
    async fn a_second_meeting_is_told_to_its_readers_only(ann: User, ben: User, cyd: User) {
        store(&ann, "m.ics", &meeting("hidden", &ann, &[&cyd], "")).await;
        ann.send("MKCALENDAR", "calendars/open/", &[], "").await.expect(201);
        let write = "<D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege>";
        grant(&ann, "calendars/open/", &ace(&to(&ben), write)).await;
        let send = "<D:privilege><C:schedule-send/></D:privilege>";
        grant(&ann, "calendars/outbox/", &ace(&to(&ben), send)).await;
        let path = ann.path("calendars/open/m.ics");
        let body = meeting("hidden", &ann, &[&cyd], "");
        let answer = ben.send("PUT", &path, &[], body.clone()).await;
        let condition = answer.expect_condition(403, "unique-scheduling-object-resource");
        assert_eq!(told(&condition), None, "{answer}");
        assert!(!answer.text().contains("m.ics"), "{answer}");
        let answer = ann.send("PUT", &path, &[], body).await;
        let condition = answer.expect_condition(403, "unique-scheduling-object-resource");
        assert!(told(&condition).unwrap().ends_with("m.ics"), "{answer}");
    }

    /// The invitation is there already: a client that stores it under the same name gets 412 with the
    /// ETag, or its answer counts.
    async fn an_invitation_that_is_there_is_updated(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("there", &ann, &[&ben], "")).await;
        let (theirs, body) = copy(&ben).await;
        let mine = answered(&ben, &body, "ACCEPTED");
        let refused = ben.send("PUT", &theirs, &[("If-None-Match", "*")], mine.clone()).await;
        let etag = refused.expect(412).header("etag").unwrap().to_owned();
        assert_eq!(Some(etag.as_str()), ben.get(&theirs).await.header("etag"));
        // What came by mail is the invitation as it was sent: the same, but for what is the server's.
        let mailed = meeting("there", &ann, &[&ben], "");
        let mailed = mailed.replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED");
        ben.send("PUT", &theirs, &[], mailed).await.expect(204);
        settle(&ben).await;
        let organizers = text(&ann.get(&path).await);
        assert!(line(&organizers, "ATTENDEE", &at(&ben)).contains("PARTSTAT=ACCEPTED"));
        let (_, after) = copy(&ben).await;
        assert!(line(&after, "ATTENDEE", &at(&ben)).contains("PARTSTAT=ACCEPTED"), "{after}");
    }

    /// Under another name it is refused, and the answer says where it is: never twice.
    async fn an_invitation_is_never_there_twice(ann: User, ben: User) {
        store(&ann, "m.ics", &meeting("twice", &ann, &[&ben], "")).await;
        let (theirs, body) = copy(&ben).await;
        ben.send("MKCALENDAR", "calendars/other/", &[], "").await.expect(201);
        let body = answered(&ben, &body, "ACCEPTED");
        let here = format!("{}mail.ics", default_calendar(&ben).await);
        let there = ben.path("calendars/other/mail.ics");
        let cases = [(409, "no-uid-conflict", here), (403, "unique-scheduling-object-resource", there)];
        for (status, condition, name) in cases {
            for headers in [&[][..], &[("If-None-Match", "*")]] {
                let answer = ben.send("PUT", &name, headers, body.clone()).await;
                let condition = answer.expect_condition(status, condition);
                assert_eq!(told(&condition).as_ref(), Some(&theirs), "{answer}");
                ben.get(&name).await.expect(404);
            }
        }
        assert_eq!(copy(&ben).await.0, theirs);
    }

    /// RFC 6638 §3.2.10, §8.3: an organizer who had the meeting open while an answer came in loses
    /// nothing of it.
    async fn a_change_by_schedule_tag_keeps_an_answer(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("merged", &ann, &[&ben, &cyd], "")).await;
        let open = ann.get(&path).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let body = text(&open).replace("SUMMARY:Plan", "SUMMARY:Plans").replace('\n', "\r\n");
        let etag = [("If-Match", open.header("etag").unwrap())];
        ann.send("PUT", &path, &etag, body.clone()).await.expect(412);
        let tag = [("If-Schedule-Tag-Match", open.header("schedule-tag").unwrap())];
        ann.send("PUT", &path, &tag, body).await.expect(204);
        settle(&ann).await;
        let mine = text(&ann.get(&path).await);
        for text in [mine, copy(&ben).await.1, copy(&cyd).await.1] {
            assert!(text.contains("SUMMARY:Plans"), "{text}");
            assert!(line(&text, "ATTENDEE", &at(&ben)).contains("PARTSTAT=ACCEPTED"), "{text}");
        }
    }

    /// The same of an attendee's copy: his answer comes to the answers of others.
    async fn an_answer_by_schedule_tag_keeps_those_of_others(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("both", &ann, &[&ben, &cyd], "")).await;
        let (theirs, _) = copy(&cyd).await;
        let open = cyd.get(&theirs).await;
        answer(&ben, "ACCEPTED").await.expect(204);
        let body = answered(&cyd, &text(&open), "TENTATIVE");
        let etag = [("If-Match", open.header("etag").unwrap())];
        cyd.send("PUT", &theirs, &etag, body.clone()).await.expect(412);
        let tag = [("If-Schedule-Tag-Match", open.header("schedule-tag").unwrap())];
        cyd.send("PUT", &theirs, &tag, body).await.expect(204);
        settle(&cyd).await;
        let mine = text(&ann.get(&path).await);
        for text in [mine, copy(&ben).await.1, copy(&cyd).await.1] {
            assert!(line(&text, "ATTENDEE", &at(&ben)).contains("PARTSTAT=ACCEPTED"), "{text}");
            assert!(line(&text, "ATTENDEE", &at(&cyd)).contains("PARTSTAT=TENTATIVE"), "{text}");
        }
    }
}
