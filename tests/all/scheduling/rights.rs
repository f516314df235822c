//! Who may schedule for whom, and whose messages an inbox takes (RFC 6638 §2.2, §6).

use super::*;

dialogues! {
    /// RFC 6638 §6.1: once an inbox grants scheduling to some, it takes from these only.
    async fn an_inbox_may_take_from_some_only(ann: User, ben: User, cyd: User) {
        let aces = ace(&to(&cyd), "<D:privilege><C:schedule-deliver/></D:privilege>");
        grant(&ben, "calendars/inbox/", &aces).await;
        let path = store(&ann, "m.ics", &meeting("refused", &ann, &[&ben], "")).await;
        let mine = text(&ann.get(&path).await);
        assert!(line(&mine, "ATTENDEE", &at(&ben)).contains("3.8"), "{mine}");
        assert!(inbox(&ben).await.is_empty());
        store(&cyd, "m.ics", &meeting("taken", &cyd, &[&ben], "")).await;
        assert_eq!(inbox(&ben).await.len(), 1);
    }

    /// RFC 6638 §6.2.2: who writes in another's calendar does not yet invite in his name.
    async fn a_writer_invites_only_with_the_right_to(ann: User, ben: User, cyd: User) {
        let calendar = default_calendar(&ann).await;
        let write = "<D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege>";
        grant(&ann, &calendar, &ace(&to(&ben), write)).await;
        let path = format!("{calendar}m.ics");
        let body = meeting("delegated", &ann, &[&cyd], "");
        let answer = ben.send("PUT", &path, &[], body.clone()).await;
        answer.expect_condition(403, "need-privileges");
        let send = "<D:privilege><C:schedule-send/></D:privilege>";
        grant(&ann, "calendars/outbox/", &ace(&to(&ben), send)).await;
        ben.send("PUT", &path, &[], body).await.expect(201);
        settle(&ben).await;
        assert_eq!(inbox(&cyd).await.len(), 1);
    }

    /// RFC 6638 §2.2: nobody puts into an inbox, and its owner takes out what he has read.
    async fn an_inbox_is_filled_by_the_server(ann: User, ben: User) {
        store(&ann, "m.ics", &meeting("filled", &ann, &[&ben], "")).await;
        let messages = texts(&ben, &ben.path("calendars/inbox/")).await;
        let body = event("own", SLOT);
        let answer = ben.send("PUT", "calendars/inbox/own.ics", &[], body).await;
        answer.expect_condition(403, "need-privileges");
        ben.delete(&messages[0].0).await.expect(204);
        assert!(inbox(&ben).await.is_empty());
        for name in ["inbox", "outbox", "notifications"] {
            let path = format!("calendars/{name}/");
            ben.delete(&path).await.expect_condition(403, "need-privileges");
        }
    }

    /// RFC 6638 §2.2: programs read an inbox by a sync and a multiget, as they read calendars, and
    /// take out what they have read.
    async fn an_inbox_is_read_by_sync_and_multiget(ann: User, ben: User) {
        let inbox = ben.path("calendars/inbox/");
        let sync = |token: &str| format!("<D:sync-token>{token}</D:sync-token>\
            <D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>");
        let first = ben.report(&inbox, "0", "D:sync-collection", &sync("")).await;
        let token = |answer: &Answer| {
            let xml = answer.xml();
            let found = xml.elements().find(|it| it.is("DAV:", "sync-token"));
            found.unwrap().text().into_owned()
        };
        let before = token(&first);
        store(&ann, "m.ics", &meeting("read", &ann, &[&ben], "")).await;
        let news = ben.report(&inbox, "0", "D:sync-collection", &sync(&before)).await;
        let hrefs: Vec<String> =
            news.multistatus().hrefs().into_iter().map(str::to_owned).collect();
        assert_eq!(hrefs.len(), 1, "{news}");
        let asked = format!("<D:prop><C:calendar-data/></D:prop><D:href>{}</D:href>", hrefs[0]);
        let all = ben.report(&inbox, "0", "C:calendar-multiget", &asked).await.multistatus();
        assert!(all.only().text("calendar-data").contains("METHOD:REQUEST"));
        ben.delete(&hrefs[0]).await.expect(204);
        let gone = ben.report(&inbox, "0", "D:sync-collection", &sync(&token(&news))).await;
        assert_eq!(gone.multistatus().hrefs(), [hrefs[0].as_str()], "{gone}");
        assert_eq!(copy(&ben).await.1.matches("UID:read").count(), 1);
    }
}
