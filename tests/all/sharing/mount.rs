//! A mount is a calendar like others: every method works below it, in its own terms.

use super::*;
use crate::support::dav::dialogues;

/// A calendar of the owner with an event, in the sharee's home; gives its path there.
async fn given(owner: &User, sharee: &User, level: &str) -> String {
    owner.mkcol("calendars/work/").await;
    owner.put("calendars/work/a.ics", event("a")).await;
    share(owner, "calendars/work/", &[(&sharee.principal(), Some(level))]).await.expect(200);
    mounted(sharee).await
}

dialogues! {
    /// Reading and writing, listing and reports, by the mount's names.
    async fn everything_works_below_a_mount(owner: User, sharee: User) {
        let mount = given(&owner, &sharee, "read-write").await;
        let a = format!("{mount}a.ics");
        let listed = sharee.propfind(&mount, "1", "<D:getetag/>").await;
        assert_eq!(listed.hrefs(), [mount.as_str(), a.as_str()]);
        let first = sync(&sharee, &mount, "", None).await;
        assert_eq!(first.hrefs(), [a.as_str()]);
        let token = first.sync_token.unwrap();

        let b = format!("{mount}b.ics");
        sharee.put(&b, event("b")).await;
        owner.get("calendars/work/b.ics").await.expect(200);
        owner.put("calendars/work/c.ics", event("c")).await;
        let news = sync(&sharee, &mount, &token, None).await;
        assert_eq!(news.hrefs(), [b.as_str(), &format!("{mount}c.ics")]);

        let hrefs = format!("<D:prop><D:getetag/></D:prop><D:href>{a}</D:href><D:href>{b}</D:href>");
        let got = sharee.report(&mount, "1", "C:calendar-multiget", &hrefs).await.expect(207);
        assert_eq!(got.multistatus().hrefs(), [a.as_str(), b.as_str()]);
        let filter = "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>";
        let got = sharee.report(&mount, "1", "C:calendar-query", filter).await.expect(207);
        assert_eq!(got.multistatus().hrefs().len(), 3);

        let to = format!("{mount}d.ics");
        sharee.send("MOVE", &b, &[("Destination", &to)], "").await.expect(201);
        owner.get("calendars/work/d.ics").await.expect(200);
        sharee.mkcol("calendars/own/").await;
        let own = sharee.path("calendars/own/d.ics");
        sharee.send("COPY", &to, &[("Destination", &own)], "").await.expect(201);
        let back = format!("{mount}e.ics");
        sharee.put("calendars/own/e.ics", event("e")).await;
        sharee.send("MOVE", "calendars/own/e.ics", &[("Destination", &back)], "").await.expect(201);
        owner.get("calendars/work/e.ics").await.expect(200);
        sharee.delete(&to).await.expect(204);
        owner.get("calendars/work/d.ics").await.expect(404);
        let conflict = sharee.send("PUT", &format!("{mount}x.ics"), &[], event("a")).await;
        let at = conflict.expect_condition(409, "no-uid-conflict");
        assert_eq!(at.child("DAV:", "href").unwrap().text(), a);
        let token = sharee.lock(&a, "0").await;
        let found = sharee.propfind(&a, "0", "<D:lockdiscovery/>").await;
        let text = format!("{:?}", found.only().prop("lockdiscovery"));
        assert!(text.contains(&a), "{text}");
        sharee.send("UNLOCK", &a, &[("Lock-Token", &format!("<{token}>"))], "").await.expect(204);
    }

    /// caldav-sharing §5.5.1: who has been given to read reads.
    async fn who_may_read_does_not_write(owner: User, sharee: User) {
        let mount = given(&owner, &sharee, "read").await;
        let a = format!("{mount}a.ics");
        sharee.get(&a).await.expect(200);
        for path in [a.clone(), format!("{mount}b.ics")] {
            let answer = sharee.send("PUT", &path, &[], event("a")).await;
            answer.expect_condition(403, "need-privileges");
        }
        sharee.delete(&a).await.expect_condition(403, "need-privileges");
        let set = sharee.propfind(&mount, "0", "<D:current-user-privilege-set/>").await;
        let text = format!("{:?}", set.only().prop("current-user-privilege-set"));
        assert!(!text.contains("write-content"), "{text}");
        // From reading to writing and back: the same mount.
        share(&owner, "calendars/work/", &[(&sharee.principal(), Some("read-write"))]).await.expect(200);
        sharee.put(&a, event("a")).await;
        assert_eq!(mounted(&sharee).await, mount);
        share(&owner, "calendars/work/", &[(&sharee.principal(), Some("read"))]).await.expect(200);
        sharee.send("PUT", &a, &[], event("a")).await.expect(403);
    }

    /// caldav-sharing §5.5.3: each has his own name and colour for it, though he may only read.
    async fn each_has_his_own_name_and_colour(owner: User, sharee: User) {
        let mount = given(&owner, &sharee, "read").await;
        let set = "<D:set><D:prop><D:displayname>Theirs</D:displayname>\
                   <I:calendar-color>#112233FF</I:calendar-color><I:calendar-order>7</I:calendar-order>\
                   </D:prop></D:set>";
        sharee.proppatch(&mount, set).await.expect(207);
        owner.proppatch("calendars/work/", "<D:set><D:prop><D:displayname>Mine</D:displayname></D:prop></D:set>").await.expect(207);
        let props = "<D:displayname/><I:calendar-color/><I:calendar-order/>";
        for depth in ["0", "1"] {
            let home = if depth == "0" { mount.clone() } else { sharee.path("calendars/") };
            let found = sharee.propfind(&home, depth, props).await;
            let it = found.of(&mount);
            assert_eq!(it.text("displayname"), "Theirs");
            assert_eq!((it.text("calendar-color"), it.text("calendar-order")), ("#112233FF".into(), "7".into()));
        }
        let found = owner.propfind("calendars/work/", "0", props).await;
        assert_eq!(found.only().text("displayname"), "Mine");
        assert_eq!(found.only().status_of("calendar-color"), Some(404));
    }

    /// A mount is not moved, nothing is put over it, and a copy of it is a calendar of one's own.
    async fn a_mount_stays_where_it_is(owner: User, sharee: User) {
        let mount = given(&owner, &sharee, "read-write").await;
        let to = sharee.path("calendars/mine/");
        sharee.send("MOVE", &mount, &[("Destination", &to)], "").await.expect(403);
        sharee.mkcol("calendars/own/").await;
        sharee.send("MOVE", "calendars/own/", &[("Destination", &mount)], "").await.expect(403);
        sharee.send("COPY", &mount, &[("Destination", &to)], "").await.expect(201);
        sharee.put("calendars/mine/b.ics", event("b")).await;
        sharee.get("calendars/mine/a.ics").await.expect(200);
        owner.get("calendars/work/b.ics").await.expect(404);
    }

    /// What is shared with somebody does not make him busy.
    async fn a_mount_makes_nobody_busy(owner: User, sharee: User) {
        given(&owner, &sharee, "read").await;
        let range = "<C:time-range start=\"20251231T000000Z\" end=\"20260103T000000Z\"/>";
        let busy = sharee.report("calendars/", "infinity", "C:free-busy-query", range).await.expect(200);
        assert!(!busy.text().contains("\r\nFREEBUSY"), "{busy}");
        let busy = owner.report("calendars/", "infinity", "C:free-busy-query", range).await.expect(200);
        assert!(busy.text().contains("\r\nFREEBUSY"), "{busy}");
    }

    /// caldav-sharing §5.5.5: invitations never come into what others share.
    async fn a_mount_is_no_default_calendar(owner: User, sharee: User) {
        let mount = given(&owner, &sharee, "read-write").await;
        let set = format!(
            "<D:set><D:prop><C:schedule-default-calendar-URL><D:href>{mount}</D:href>\
             </C:schedule-default-calendar-URL></D:prop></D:set>"
        );
        let refused = sharee.proppatch("calendars/inbox/", &set).await.expect(207).multistatus();
        assert_eq!(refused.only().status_of("schedule-default-calendar-URL"), Some(403));
        assert!(refused.only().has_condition("valid-schedule-default-calendar-URL"));
        let inbox = sharee.propfind("calendars/inbox/", "0", "<C:schedule-default-calendar-URL/>").await;
        let named = inbox.only().prop("schedule-default-calendar-URL").clone();
        assert_ne!(named.elements().next().unwrap().text(), mount);
    }

    /// RFC 6578: the home tells of mounts that come, change and go.
    async fn the_home_tells_of_mounts(owner: User, sharee: User) {
        let before = sync(&sharee, "calendars/", "", None).await.sync_token.unwrap();
        let mount = given(&owner, &sharee, "read").await;
        let news = sync(&sharee, "calendars/", &before, None).await;
        assert_eq!(news.of(&mount).status, None);
        let token = news.sync_token.unwrap();
        share(&owner, "calendars/work/", &[(&sharee.principal(), None)]).await.expect(200);
        mounts(&sharee, 0).await;
        // The right is gone at once, and the name in a moment.
        let begun = Instant::now();
        let news = loop {
            let news = sync(&sharee, "calendars/", &token, None).await;
            if !news.responses.is_empty() || begun.elapsed() > Duration::from_secs(30) {
                break news;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(news.of(&mount).status, Some(404));
        // A token of the calendar is of no use any more.
        let content = "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>";
        sharee.report(&mount, "0", "D:sync-collection", content).await.expect(404);
    }

    /// A calendar that its owner removes goes from everybody's home.
    async fn a_removed_calendar_goes_from_every_home(owner: User, sharee: User) {
        let mount = given(&owner, &sharee, "read").await;
        owner.delete("calendars/work/").await.expect(204);
        mounts(&sharee, 0).await;
        gone(&sharee, &format!("{mount}a.ics")).await;
    }

    /// Who has no right gets the same answer by way of a mount as otherwise, and whether or not there is
    /// one.
    async fn a_stranger_learns_nothing_by_way_of_a_mount(owner: User, sharee: User, stranger: User) {
        let mount = given(&owner, &sharee, "read").await;
        let none = sharee.path("calendars/shared-00000000-0000-4000-8000-000000000000/");
        for path in [&mount, &none] {
            for name in ["", "a.ics"] {
                let path = format!("{path}{name}");
                stranger.get(&path).await.expect_condition(403, "need-privileges");
                stranger.delete(&path).await.expect_condition(403, "need-privileges");
                stranger.send("PROPFIND", &path, &[("Depth", "0")], "").await.expect(403);
            }
        }
    }

    /// Address books are shared likewise.
    async fn address_books_are_shared_likewise(owner: User, sharee: User) {
        owner.mkcol("addressbooks/friends/").await;
        let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Ann\r\nN:Ann;;;;\r\nEND:VCARD\r\n";
        owner.put("addressbooks/friends/a.vcf", card).await;
        share(&owner, "addressbooks/friends/", &[(&sharee.principal(), Some("read"))]).await.expect(200);
        let begun = Instant::now();
        let found = loop {
            let found = mounts_in(&sharee, "addressbooks/").await;
            if !found.is_empty() || begun.elapsed() > Duration::from_secs(30) {
                break found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        sharee.get(&format!("{}a.vcf", found[0])).await.expect(200);
    }
}
