//! Accounts that go away: their meetings end for everybody else (RFC 6638 §3.2.1.3, §3.2.2.4), also when
//! nothing of them is kept.

use super::*;
use crate::support::dav::Server;
use davenport::domain::account::{self, NewAccount};
use davenport::domain::directory::Kind;
use davenport::domain::retention;

/// Deletes an account.
async fn depart(server: &'static Server, name: &str) {
    let (store, name) = (server.store.clone(), name.to_owned());
    let gone = async move { account::delete(&store, &name, None, clock::now()).await };
    server.on(gone).await.unwrap();
}

/// Has all that is buried purged, as with a history of no days.
async fn purge(server: &'static Server) {
    let store = server.store.clone();
    let steps = async move {
        for _ in 0..1000 {
            let now = clock::now().plus_seconds(1);
            if retention::purge_buried(&store, now, 0).await.unwrap() == Progress::Done {
                return;
            }
        }
        panic!("purging does not come to an end");
    };
    server.on(steps).await;
}

dialogues! {
    /// Who is invited to his meetings hears that they are cancelled, whose guest he was that he
    /// declines, and so does a purge that comes before that was told.
    async fn a_removed_account_cancels_and_declines(ann: User, ben: User, cyd: User) {
        let theirs = store(&cyd, "m.ics", &meeting("guest", &cyd, &[&ann, &ben], "")).await;
        for number in 0..43 {
            let (name, uid) = (format!("{number}.ics"), format!("host-{number}"));
            let path = format!("{}{name}", default_calendar(&ann).await);
            ann.send("PUT", &path, &[], meeting(&uid, &ann, &[&ben], "")).await.expect(201);
        }
        settle(&ann).await;
        depart(ann.server, &ann.name).await;
        purge(ann.server).await;
        settle(&ben).await;
        let all = texts(&ben, &default_calendar(&ben).await).await;
        assert_eq!(all.iter().filter(|(_, text)| text.contains("STATUS:CANCELLED")).count(), 43);
        let organizers = text(&cyd.get(&theirs).await);
        assert!(line(&organizers, "ATTENDEE", &at(&ann)).contains("PARTSTAT=DECLINED"));
        assert!(line(&organizers, "ATTENDEE", &at(&ben)).contains("PARTSTAT=NEEDS-ACTION"));
        purge(ann.server).await;
    }

    /// A calendar's meetings end also when nothing that is removed is kept.
    async fn no_history_loses_no_cancellation(ann: User, ben: User) {
        let old = ann.path("calendars/short/");
        ann.send("MKCALENDAR", &old, &[], "").await.expect(201);
        ann.send("PUT", &format!("{old}m.ics"), &[], meeting("short", &ann, &[&ben], ""))
            .await.expect(201);
        settle(&ann).await;
        ann.delete(&old).await.expect(204);
        purge(ann.server).await;
        settle(&ann).await;
        assert!(copy(&ben).await.1.contains("STATUS:CANCELLED"));
        purge(ann.server).await;
    }

    /// A resource that he had booked is free again.
    async fn what_he_booked_is_free(ann: User, ben: User) {
        let room = ann.server.account(|new| new.kind = Kind::Resource).await;
        store(&ann, "m.ics", &meeting("booked", &ann, &[&room], "")).await;
        let path = store(&ben, "m.ics", &meeting("refused", &ben, &[&room], "")).await;
        let said = |text: &str| line(text, "ATTENDEE", &at(&room)).to_owned();
        assert!(said(&text(&ben.get(&path).await)).contains("PARTSTAT=DECLINED"));
        depart(ann.server, &ann.name).await;
        settle(&ben).await;
        let path = store(&ben, "n.ics", &meeting("taken", &ben, &[&room], "")).await;
        assert!(said(&text(&ben.get(&path).await)).contains("PARTSTAT=ACCEPTED"));
    }

    /// What waited for him when he went comes back: there is no such calendar user. Whom it had reached
    /// before he went, which other tests may see to, another takes the place of.
    async fn an_invitation_that_waited_comes_back(ann: User) {
        for number in 0..50 {
            let guest = ann.server.user().await;
            let path = format!("{}{number}.ics", default_calendar(&ann).await);
            let body = meeting(&format!("late-{number}"), &ann, &[&guest], "");
            ann.send("PUT", &path, &[], body).await.expect(201);
            depart(guest.server, &guest.name).await;
            settle(&ann).await;
            let mine = text(&ann.get(&path).await);
            let told = line(&mine, "ATTENDEE", &at(&guest));
            if told.contains("SCHEDULE-STATUS=3.7") {
                return;
            }
            assert!(told.contains("SCHEDULE-STATUS=1.2"), "{mine}");
        }
        panic!("it never waits");
    }

    /// His links, shares and delegates end with him.
    async fn shares_end(ann: User, ben: User) {
        let calendar = default_calendar(&ann).await;
        let read = "<D:privilege><D:read/></D:privilege>";
        grant(&ann, &calendar, &ace(&to(&ben), read)).await;
        grant(&ben, "calendars/", &ace(&to(&ann), read)).await;
        ben.get(&calendar).await.expect(200);
        depart(ann.server, &ann.name).await;
        ben.get(&calendar).await.expect(403);
        let aces = ben.propfind("calendars/", "0", "<D:acl/>").await;
        let shown = format!("{:?}", aces.only().prop("acl"));
        assert!(!shown.contains(&ann.name), "{shown}");
        let name = ann.name.clone();
        let back = ann.server.account(|new: &mut NewAccount| new.name = name).await;
        assert_eq!(back.name, ann.name);
        ben.get(&calendar).await.expect(403);
        back.get(&ben.path("calendars/")).await.expect(403);
    }
}
