//! Who acts for somebody else is told (RFC 5545 §3.2.18): a delegate stores, answers and removes
//! meetings of the one for whom he acts.

use super::groups::addressed;
use super::*;

/// Makes somebody a delegate with every right to schedule (caldav-proxy §5.4).
async fn delegate(owner: &User, who: &User) {
    let group = format!("{}calendar-proxy-write/", owner.principal());
    let set = format!(
        "<D:set><D:prop><D:group-member-set><D:href>{}</D:href></D:group-member-set>\
        </D:prop></D:set>",
        who.principal()
    );
    let answer = owner.proppatch(&group, &set).await.expect(207);
    assert_eq!(answer.multistatus().only().status_of("group-member-set"), Some(200), "{answer}");
}

fn by(address: &str) -> String {
    format!("SENT-BY=\"{address}\"")
}

/// What somebody's text says of who acted, on the line of a property.
fn says(text: &str, name: &str, of: &User, address: &str) -> bool {
    line(text, name, &at(of)).contains(&by(address))
}

async fn put(who: &User, path: &str, body: &str) {
    let answer = who.send("PUT", path, &[], body.replace("\r\n", "\n").replace('\n', "\r\n")).await;
    assert!(answer.status.is_success(), "{answer}");
    settle(who).await;
}

dialogues! {
    /// An invitation that a delegate stores comes from the owner and says who sent it, in the owner's
    /// calendar and to the attendees; when the owner acts next it is his own again.
    async fn a_delegate_invites_for_the_owner(ann: User, ben: User) {
        let (secretary, his) = addressed(&ann).await;
        delegate(&ann, &secretary).await;
        let path = format!("{}m.ics", default_calendar(&ann).await);
        put(&secretary, &path, &meeting("sent-by", &ann, &[&ben], "")).await;
        let mine = text(&ann.get(&path).await);
        assert!(says(&mine, "ORGANIZER", &ann, &his), "{mine}");
        let notice = inbox(&ben).await.remove(0);
        assert!(says(&notice, "ORGANIZER", &ann, &his), "{notice}");
        assert!(says(&copy(&ben).await.1, "ORGANIZER", &ann, &his));
        // Nobody is told of an alarm: who sent the invitation is still the delegate.
        let alarm = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT5M\nEND:VALARM\n";
        let own = mine.replace(&format!(";{}", by(&his)), "");
        put(&ann, &path, &own.replace("END:VEVENT", &format!("{alarm}END:VEVENT"))).await;
        assert!(says(&text(&ann.get(&path).await), "ORGANIZER", &ann, &his));
        put(&ann, &path, &text(&ann.get(&path).await).replace("Plan", "Mine")).await;
        for it in [text(&ann.get(&path).await), copy(&ben).await.1] {
            assert!(it.contains("SUMMARY:Mine") && !it.contains("SENT-BY"), "{it}");
        }
        // RFC 6638 §3.2.1.3: he cancels it, too.
        secretary.delete(&path).await.expect(204);
        settle(&ann).await;
        let told = inbox(&ben).await;
        let cancel = told.iter().find(|it| it.contains("METHOD:CANCEL")).unwrap();
        assert!(says(cancel, "ORGANIZER", &ann, &his), "{cancel}");
    }

    /// What a client writes there counts for nothing.
    async fn who_acted_cannot_be_forged(ann: User, ben: User) {
        let (secretary, his) = addressed(&ann).await;
        delegate(&ann, &secretary).await;
        let forged = |body: String| body.replace("ORGANIZER:", "ORGANIZER;SENT-BY=\"mailto:eve@example.com\":");
        let path = format!("{}m.ics", default_calendar(&ann).await);
        put(&secretary, &path, &forged(meeting("forged", &ann, &[&ben], ""))).await;
        assert!(says(&copy(&ben).await.1, "ORGANIZER", &ann, &his));
        let alone = format!("{}n.ics", default_calendar(&ann).await);
        put(&ann, &alone, &forged(meeting("own", &ann, &[&ben], ""))).await;
        let told = inbox(&ben).await.into_iter().find(|it| it.contains("UID:own\n"));
        for it in [text(&ann.get(&alone).await), told.unwrap()] {
            assert!(!it.contains("SENT-BY"), "{it}");
        }
        // An attendee's line says who answered, not who an organizer claims it was.
        let claimed = text(&ann.get(&alone).await).replace(&format!(":{}\nEND:VEVENT", at(&ben)),
            &format!(";SENT-BY=\"mailto:eve@example.com\":{}\nEND:VEVENT", at(&ben)));
        assert!(claimed.contains("SENT-BY"));
        put(&ann, &alone, &claimed).await;
        assert!(!text(&ann.get(&alone).await).contains("SENT-BY"));
    }

    /// An answer that a delegate gives says so in the organizer's calendar and inbox, until the attendee
    /// answers himself; one of another instance does not.
    async fn a_delegate_answers_for_the_owner(ann: User, ben: User) {
        let (secretary, his) = addressed(&ben).await;
        delegate(&ben, &secretary).await;
        let path = store(&ann, "m.ics", &meeting("answer", &ann, &[&ben], "RRULE:FREQ=DAILY;COUNT=3")).await;
        let (theirs, body) = copy(&ben).await;
        put(&secretary, &theirs, &answered(&ben, &body, "TENTATIVE")).await;
        let mine = text(&ann.get(&path).await);
        assert!(says(&mine, "ATTENDEE", &ben, &his), "{mine}");
        let told = inbox(&ann).await;
        assert!(told.len() == 1 && says(&told[0], "ATTENDEE", &ben, &his), "{told:?}");
        assert!(says(&copy(&ben).await.1, "ATTENDEE", &ben, &his));
        // The owner declines one instance himself: of the series the delegate spoke.
        let (_, body) = copy(&ben).await;
        let (from, to) = (body.find("BEGIN:VEVENT").unwrap(), body.find("END:VCALENDAR").unwrap());
        let one = body[from..to].replace("RRULE:FREQ=DAILY;COUNT=3\n", "").replace("TENTATIVE", "DECLINED")
            .replace("20270301T", "20270302T").replace("END:VEVENT", "RECURRENCE-ID:20270302T100000Z\nEND:VEVENT");
        put(&ben, &theirs, &format!("{}{one}END:VCALENDAR\n", &body[..to])).await;
        for it in [copy(&ben).await.1, text(&ann.get(&path).await)] {
            let lines = it.lines().filter(|it| it.starts_with("ATTENDEE") && it.ends_with(&at(&ben)));
            let said: Vec<(bool, bool)> =
                lines.map(|it| (it.contains("DECLINED"), it.contains(&by(&his)))).collect();
            assert_eq!(said, [(false, true), (true, false)], "{it}");
        }
        let (_, body) = copy(&ben).await;
        put(&ben, &theirs, &body.replace("TENTATIVE", "ACCEPTED")).await;
        assert!(!text(&ann.get(&path).await).contains("SENT-BY"));
        secretary.delete(&theirs).await.expect(204);
        settle(&ben).await;
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &at(&ben)).contains("DECLINED"), "{mine}");
        assert!(says(&mine, "ATTENDEE", &ben, &his), "{mine}");
    }

    /// RFC 6638 §3.2.3.2: a delegate who removes a calendar cancels and declines for its owner.
    async fn a_delegate_removes_a_calendar(ann: User, ben: User) {
        let (secretary, his) = addressed(&ann).await;
        delegate(&ann, &secretary).await;
        let calendar = ann.path("calendars/work/");
        ann.send("MKCALENDAR", &calendar, &[], "").await.expect(201);
        put(&ann, &format!("{calendar}m.ics"), &meeting("removed", &ann, &[&ben], "")).await;
        secretary.delete(&calendar).await.expect(204);
        settle(&ann).await;
        let told = inbox(&ben).await;
        let cancel = told.iter().find(|it| it.contains("METHOD:CANCEL")).unwrap();
        assert!(says(cancel, "ORGANIZER", &ann, &his), "{cancel}");
    }

    /// Somebody with whom a calendar is shared invites by its name in his own home, if he may schedule.
    async fn a_sharee_invites_for_the_owner(ann: User, ben: User) {
        let (cyd, his) = addressed(&ann).await;
        let calendar = default_calendar(&ann).await;
        let write = "<D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege>";
        grant(&ann, &calendar, &ace(&to(&cyd), write)).await;
        grant(&ann, "calendars/outbox/", &ace(&to(&cyd), "<D:privilege><C:schedule-send/></D:privilege>")).await;
        let path = format!("{calendar}m.ics");
        put(&cyd, &path, &meeting("sharee", &ann, &[&ben], "")).await;
        assert!(says(&inbox(&ben).await.remove(0), "ORGANIZER", &ann, &his));
    }
}
