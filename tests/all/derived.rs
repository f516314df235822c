//! Derived collections: those that the server fills, and that clients only read.

mod birthdays;

use crate::support::dav::{Answer, LOCKINFO, Multistatus, User, dialogues, document};
use davenport::domain::calendar;
use davenport::domain::collection::derived::{self, Derived, New, Settled, Wanted};
use davenport::domain::collection::{Access, Content, Home};
use davenport::domain::directory::admin;
use davenport::kernel::clock;
use davenport::kernel::ids::{CollectionId, PrincipalId};

fn event(uid: &str, summary: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20260301\r\nSUMMARY:{summary}\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

fn wanted(uid: &str, summary: &str) -> Wanted {
    let octets = event(uid, summary).into_bytes();
    let index = calendar::examine(None, &octets).unwrap();
    Wanted { name: format!("{uid}.ics"), content: Content::inline(octets), index }
}

async fn account(user: &User) -> PrincipalId {
    let (store, name) = (user.server.store.clone(), user.name.clone());
    let found = user.server.on(async move { admin::profile(&store, &name, None).await }).await;
    found.unwrap().principal.id
}

async fn settle(user: &User, of: CollectionId, all: Vec<Wanted>) -> Settled {
    let store = user.server.store.clone();
    let work = async move { derived::settle(&store, of, all, clock::now()).await };
    user.server.on(work).await.unwrap()
}

/// A derived calendar `calendars/fed/` with two events.
async fn fed(user: &User) -> CollectionId {
    let (store, account) = (user.server.store.clone(), account(user).await);
    let made = user.server.on(async move {
        let access = Access::of_server(&store, clock::now());
        let write = store.write(move |tx| {
            Box::pin(async move {
                let at = (account, Home::Calendars);
                let derived = Derived::Feed;
                let new = New { at, name: "fed", derived, title: "Fed", components: 1 };
                derived::make(tx, &access, &new).await
            })
        });
        write.await
    });
    let of = made.await.unwrap();
    settle(user, of, vec![wanted("a", "One"), wanted("b", "Two")]).await;
    of
}

fn refused(answer: Answer, privilege: &str) {
    let text = answer.text().to_owned();
    assert_eq!(answer.status, 403, "{answer}");
    assert!(text.contains("need-privileges") && text.contains(privilege), "{text}");
}

async fn sync(user: &User, target: &str, token: &str) -> Multistatus {
    let content = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>\
         <D:prop><D:getetag/></D:prop>"
    );
    let answer = user.send("REPORT", target, &[], document("D:sync-collection", &content)).await;
    answer.expect(207).multistatus()
}

dialogues! {
    /// RFC 3744 §7.1.1: nobody changes what is in it, its owner included; everybody is told which
    /// privilege is missing.
    async fn nobody_changes_what_the_server_fills(user: User) {
        fed(&user).await;
        user.send("MKCALENDAR", "calendars/own/", &[], "").await.expect(201);
        user.put("calendars/own/x.ics", event("x", "Own")).await;
        let to = |name: &str| user.path(&format!("calendars/{name}"));
        let before = user.get("calendars/fed/a.ics").await.expect(200);
        let send = |method: &'static str, from: &'static str, to: String| {
            let user = user.clone();
            async move { user.send(method, from, &[("Destination", &to)], "").await }
        };
        let put = |name: &'static str, uid: &'static str| {
            let user = user.clone();
            async move { user.send("PUT", name, &[], event(uid, "New")).await }
        };
        refused(put("calendars/fed/a.ics", "a").await, "write-content");
        refused(put("calendars/fed/new.ics", "new").await, "bind");
        refused(user.delete("calendars/fed/a.ics").await, "unbind");
        let patch = "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>";
        refused(user.proppatch("calendars/fed/a.ics", patch).await, "write-properties");
        refused(send("MOVE", "calendars/own/x.ics", to("fed/x.ics")).await, "bind");
        refused(send("COPY", "calendars/own/x.ics", to("fed/x.ics")).await, "bind");
        refused(send("MOVE", "calendars/fed/a.ics", to("own/a.ics")).await, "unbind");
        refused(send("MOVE", "calendars/fed/a.ics", to("fed/c.ics")).await, "unbind");
        refused(user.send("LOCK", "calendars/fed/a.ics", &[], LOCKINFO).await, "write-content");
        let kind = [("Content-Type", "text/calendar")];
        refused(user.send("POST", "calendars/fed/", &kind, event("n", "New")).await, "bind");
        refused(user.send("PUT", "calendars/fed/", &kind, event("n", "New")).await, "bind");
        assert_eq!(user.send("MKCOL", "calendars/fed/in/", &[], "").await.status, 403);
        assert_eq!(user.send("MKCALENDAR", "calendars/fed/in/", &[], "").await.status, 403);
        let after = user.get("calendars/fed/a.ics").await.expect(200);
        assert_eq!((before.body, before.headers.get("etag")), (after.body, after.headers.get("etag")));
        assert_eq!(user.propfind("calendars/fed/", "1", "<D:getetag/>").await.hrefs().len(), 3);
    }

    /// RFC 5397 §3: the rights that clients are shown are those that they have.
    async fn its_rights_are_those_that_are_left(user: User) {
        fed(&user).await;
        let of = "<D:current-user-privilege-set/>";
        let told = |found: &Multistatus, path: &str| {
            found.of(path).prop("current-user-privilege-set").to_standalone()
        };
        let (at, member) = (user.path("calendars/fed/"), user.path("calendars/fed/a.ics"));
        let home = user.path("calendars/");
        let hrefs = format!("<D:prop>{of}</D:prop><D:href>{member}</D:href>");
        let filter = format!("<D:prop>{of}</D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>");
        let changes = format!("<D:sync-token/><D:sync-level>infinite</D:sync-level><D:prop>{of}</D:prop>");
        let mut all = vec![
            (user.propfind(&at, "0", of).await, false),
            (user.propfind(&home, "1", of).await, false),
            (user.propfind(&at, "1", of).await, true),
            (user.propfind(&member, "0", of).await, true),
        ];
        for (on, root, content) in [
            (&at, "C:calendar-multiget", &hrefs),
            (&at, "C:calendar-query", &filter),
            (&home, "D:sync-collection", &changes),
        ] {
            let depth = if root.starts_with('D') { "0" } else { "1" };
            all.push((user.report(on, depth, root, content).await.expect(207).multistatus(), true));
        }
        for (found, with_member) in &all {
            if found.hrefs().contains(&at.as_str()) {
                let text = told(found, &at);
                assert!(text.contains("write-properties") && text.contains("read"), "{text}");
                assert!(!["write-content", "bind", "<write/>"].iter().any(|p| text.contains(p)), "{text}");
            }
            if *with_member {
                let text = told(found, &member);
                assert!(text.contains("read") && !text.contains("write-properties"), "{text}");
                assert!(!["write-content", "bind"].iter().any(|p| text.contains(p)), "{text}");
            }
        }
    }

    /// What the server puts there is found as in any calendar; the same again is no change.
    async fn it_holds_exactly_what_it_is_made_from(user: User) {
        let of = fed(&user).await;
        let at = user.path("calendars/fed/");
        let first = sync(&user, &at, "").await;
        assert_eq!(first.responses.len(), 2);
        let token = first.sync_token.unwrap();
        let same = settle(&user, of, vec![wanted("b", "Two"), wanted("a", "One")]).await;
        assert_eq!(same, Settled::default());
        assert!(sync(&user, &at, &token).await.responses.is_empty());
        let done = settle(&user, of, vec![wanted("a", "Other"), wanted("c", "Three"), wanted("c", "x")]).await;
        assert_eq!((done.stored, done.removed, done.refused), (2, 1, 1));
        let found = sync(&user, &at, &token).await;
        let mut hrefs = found.hrefs();
        hrefs.sort();
        assert_eq!(hrefs, ["a.ics", "b.ics", "c.ics"].map(|name| format!("{at}{name}")));
        assert_eq!(found.of(&format!("{at}b.ics")).status, Some(404));
        assert!(user.get("calendars/fed/a.ics").await.text().contains("SUMMARY:Other"));
        let filter = "<D:prop/><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
                      <C:time-range start=\"20260301T000000Z\" end=\"20260302T000000Z\"/>\
                      </C:comp-filter></C:comp-filter></C:filter>";
        let hits = user.report(&at, "1", "C:calendar-query", filter).await.expect(207).multistatus();
        assert_eq!(hits.responses.len(), 2);
    }

    /// Its owner names, colours and removes the whole; a copy of it is a calendar like others; its
    /// octets are nobody's quota.
    async fn the_whole_is_its_owners(user: User) {
        let used = |user: User| async move {
            let found = user.propfind("calendars/", "0", "<D:quota-used-bytes/>").await;
            found.only().prop("quota-used-bytes").text().into_owned()
        };
        fed(&user).await;
        assert_eq!(used(user.clone()).await, "0");
        let set = "<D:set><D:prop><D:displayname>Mine</D:displayname>\
                   <I:calendar-color>#ff0000</I:calendar-color></D:prop></D:set>";
        user.proppatch("calendars/fed/", set).await.expect(207);
        let copy = user.path("calendars/copy/");
        user.send("COPY", "calendars/fed/", &[("Destination", &copy)], "").await.expect(201);
        assert_ne!(used(user.clone()).await, "0");
        user.put("calendars/copy/a.ics", event("a", "Changed")).await;
        user.delete("calendars/copy/b.ics").await.expect(204);
        let out = user.path("calendars/copy/b2.ics");
        user.send("COPY", "calendars/fed/b.ics", &[("Destination", &out)], "").await.expect(201);
        user.delete("calendars/copy/").await.expect(204);
        let moved = user.path("calendars/moved/");
        user.send("MOVE", "calendars/fed/", &[("Destination", &moved)], "").await.expect(201);
        refused(user.delete("calendars/moved/a.ics").await, "unbind");
        user.delete("calendars/moved/").await.expect(204);
        user.get("calendars/moved/a.ics").await.expect(404);
        assert_eq!(used(user.clone()).await, "0");
    }
}
