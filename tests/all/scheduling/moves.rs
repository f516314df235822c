//! What COPY, MOVE and the removal of a whole calendar mean for those who are invited (RFC 6638
//! §3.2.3.2 to §3.2.3.4).

use super::*;

/// Makes a calendar; gives its path.
async fn calendar(user: &User, name: &str) -> String {
    let path = user.path(&format!("calendars/{name}/"));
    user.send("MKCALENDAR", &path, &[], "").await.expect(201);
    path
}

async fn carry(user: &User, verb: &str, from: &str, to: &str) -> Answer {
    let answer = user.send(verb, from, &[("Destination", &user.url(to))], "").await;
    settle(user).await;
    answer
}

dialogues! {
    /// RFC 6638 §3.2.3.4: who files a meeting in another of his calendars tells nobody, and it stays
    /// a meeting.
    async fn a_move_between_own_calendars_tells_nobody(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("filed", &ann, &[&ben], "")).await;
        let tag = ann.get(&path).await.header("schedule-tag").unwrap().to_owned();
        let filed = calendar(&ann, "filed").await + "m.ics";
        let moved = carry(&ann, "MOVE", &path, &filed).await.expect(201);
        let (theirs, _) = copy(&ben).await;
        let own = calendar(&ben, "own").await + "m.ics";
        carry(&ben, "MOVE", &theirs, &own).await.expect(201);
        assert_eq!(inbox(&ben).await.len(), 1);
        assert!(inbox(&ann).await.is_empty());
        let there = ann.get(&filed).await;
        // §3.2.10: a request of the organizer's own changes the tag.
        assert_eq!(there.header("schedule-tag"), moved.header("schedule-tag"));
        assert_ne!(there.header("schedule-tag"), Some(tag.as_str()));
        let renamed = text(&there).replace("SUMMARY:Plan", "SUMMARY:Plans").replace('\n', "\r\n");
        ann.send("PUT", &filed, &[], renamed).await.expect(204);
        settle(&ann).await;
        assert!(text(&ben.get(&own).await).contains("SUMMARY:Plans"));
        assert!(texts(&ben, &default_calendar(&ben).await).await.is_empty());
    }

    /// RFC 6638 §3.2.4.1: one home has a meeting once, by COPY too.
    async fn a_copy_in_one_home_is_refused(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("copied", &ann, &[&ben], "")).await;
        let second = calendar(&ann, "second").await + "m.ics";
        let answer = carry(&ann, "COPY", &path, &second).await;
        let condition = answer.expect_condition(403, "unique-scheduling-object-resource");
        assert_eq!(condition.elements().next().unwrap().text().trim(), path);
        ann.get(&second).await.expect(404);
    }

    /// A meeting does not leave the account of who organizes it or is invited; a copy elsewhere is an
    /// event like others, and tells nobody.
    async fn a_meeting_stays_in_its_account(ann: User, ben: User, cyd: User) {
        let path = store(&ann, "m.ics", &meeting("stays", &ann, &[&ben], "")).await;
        let (theirs, _) = copy(&ben).await;
        let team = calendar(&cyd, "team").await;
        let rights = "<D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege>";
        let aces = [ace(&to(&ann), rights), ace(&to(&ben), rights)].concat();
        grant(&cyd, &team, &aces).await;
        let there = format!("{team}m.ics");
        let answer = carry(&ann, "MOVE", &path, &there).await;
        answer.expect_condition(403, "allowed-organizer-scheduling-object-change");
        let answer = carry(&ben, "MOVE", &theirs, &there).await;
        answer.expect_condition(403, "allowed-attendee-scheduling-object-change");
        let filed = calendar(&ann, "filed").await;
        carry(&ann, "MOVE", &path, &format!("{filed}m.ics")).await.expect(201);
        grant(&cyd, "calendars/", &ace(&to(&ann), rights)).await;
        let answer = carry(&ann, "MOVE", &filed, &cyd.path("calendars/filed/")).await;
        answer.expect_condition(403, "allowed-organizer-scheduling-object-change");
        let path = format!("{filed}m.ics");
        carry(&ann, "COPY", &path, &there).await.expect(201);
        let copied = cyd.get(&there).await.expect(200);
        assert_eq!(copied.header("schedule-tag"), None);
        cyd.delete(&there).await.expect(204);
        settle(&cyd).await;
        assert_eq!((inbox(&ben).await.len(), inbox(&ann).await.len()), (1, 0));
        assert!(copy(&ben).await.1.contains("SUMMARY:Plan"));
    }

    /// RFC 6638 §3.2.3.2: with a calendar everything in it is cancelled or declined.
    async fn a_removed_calendar_cancels_and_declines(ann: User, ben: User, cyd: User) {
        let old = calendar(&ann, "old").await;
        for (name, uid) in [("a.ics", "gone-a"), ("b.ics", "gone-b")] {
            let body = meeting(uid, &ann, &[&ben], "");
            ann.send("PUT", &format!("{old}{name}"), &[], body).await.expect(201);
        }
        ann.put(&format!("{old}own.ics"), event("own", SLOT)).await;
        let path = store(&cyd, "m.ics", &meeting("gone-c", &cyd, &[&ann], "")).await;
        let (theirs, _) = copy(&ann).await;
        carry(&ann, "MOVE", &theirs, &format!("{old}c.ics")).await.expect(201);
        ann.delete(&old).await.expect(204);
        settle(&ann).await;
        let all = texts(&ben, &default_calendar(&ben).await).await;
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|(_, text)| text.contains("STATUS:CANCELLED")), "{all:?}");
        let organizers = text(&cyd.get(&path).await);
        assert!(line(&organizers, "ATTENDEE", &at(&ann)).contains("PARTSTAT=DECLINED"));
    }

    /// RFC 6638 §8.1: whoever throws a calendar of invitations away need not answer them.
    async fn a_calendar_may_be_removed_silently(ann: User, ben: User) {
        let path = store(&ann, "m.ics", &meeting("silent", &ann, &[&ben], "")).await;
        let (theirs, _) = copy(&ben).await;
        let old = calendar(&ben, "old").await;
        carry(&ben, "MOVE", &theirs, &format!("{old}m.ics")).await.expect(201);
        ben.send("DELETE", &old, &[("Schedule-Reply", "F")], "").await.expect(204);
        settle(&ben).await;
        let organizers = text(&ann.get(&path).await);
        assert!(line(&organizers, "ATTENDEE", &at(&ben)).contains("PARTSTAT=NEEDS-ACTION"));
    }

    /// However many meetings there are, every one is told, and once.
    async fn a_large_calendar_is_told_page_by_page(ann: User, ben: User) {
        let old = calendar(&ann, "old").await;
        for number in 0..43 {
            let body = meeting(&format!("many-{number}"), &ann, &[&ben], "");
            ann.send("PUT", &format!("{old}{number}.ics"), &[], body).await.expect(201);
        }
        settle(&ann).await;
        ann.delete(&old).await.expect(204);
        settle(&ann).await;
        let all = texts(&ben, &default_calendar(&ben).await).await;
        assert_eq!(all.iter().filter(|(_, text)| text.contains("STATUS:CANCELLED")).count(), 43);
        assert_eq!(inbox(&ben).await.len(), 86);
    }

    /// RFC 6638 §6.2: who may not cancel for the owner does not remove his calendar of meetings.
    async fn a_calendar_of_meetings_goes_only_with_the_right_to_cancel(ann: User, ben: User) {
        let old = calendar(&ann, "old").await;
        ann.send("PUT", &format!("{old}m.ics"), &[], meeting("right", &ann, &[&ben], ""))
            .await.expect(201);
        let unbind = "<D:privilege><D:read/></D:privilege><D:privilege><D:unbind/></D:privilege>";
        grant(&ann, "calendars/", &ace(&to(&ben), unbind)).await;
        ben.delete(&old).await.expect_condition(403, "need-privileges");
        ann.delete(&old).await.expect(204);
    }
}
