//! draft-pot-caldav-sharing §4: alarms, and whether an event takes one's time, are everybody's own in a
//! shared calendar.

use super::*;
use crate::support::dav::dialogues;
use davenport::domain::directory::admin;
use davenport::store::mount;

/// An event with more lines and alarms so many minutes before.
fn ringing(uid: &str, lines: &str, alarms: &[u32]) -> String {
    let alarm = |minutes: &u32| {
        format!(
            "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT{minutes}M\r\nEND:VALARM\r\n"
        )
    };
    let alarms: String = alarms.iter().map(alarm).collect();
    event(uid).replace("END:VEVENT", &format!("{lines}{alarms}END:VEVENT"))
}

async fn text(user: &User, at: &str) -> String {
    user.get(at).await.expect(200).text()
}

async fn tag(user: &User, at: &str) -> String {
    user.propfind(at, "0", "<D:getetag/>").await.only().text("getetag")
}

/// The mount of a calendar of the owner with an event that rings for him.
async fn given(owner: &User, sharees: &[(&User, &str)]) -> Vec<String> {
    owner.mkcol("calendars/work/").await;
    owner.put("calendars/work/a.ics", ringing("a", "", &[5])).await;
    let mut all = Vec::new();
    for (sharee, level) in sharees {
        share(owner, "calendars/work/", &[(&sharee.principal(), Some(level))]).await.expect(200);
        all.push(format!("{}a.ics", mounted(sharee).await));
    }
    all
}

/// Waits until nothing is shared with somebody any more, as the job of his account has it: the right is
/// gone before.
async fn settled(user: &User) {
    let begun = Instant::now();
    loop {
        let (store, name) = (user.server.store.clone(), user.name.clone());
        let have = user.server.on(async move {
            let id = admin::profile(&store, &name, None).await.unwrap().principal.id;
            store.read(move |tx| Box::pin(mount::of_account(tx, id))).await.unwrap()
        });
        if have.await.is_empty() {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "the job does not run");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

dialogues! {
    /// Nobody sees another's alarms; who may only read may have his own, and nothing but that.
    async fn alarms_are_everybodys_own(owner: User, reader: User, writer: User) {
        let at = given(&owner, &[(&reader, "read"), (&writer, "read-write")]).await;
        let (r, w) = (at[0].as_str(), at[1].as_str());
        for (who, at) in [(&reader, r), (&writer, w)] {
            assert_eq!(text(who, at).await, event("a"), "the owner's alarm is his");
        }
        let owners = tag(&owner, "calendars/work/a.ics").await;
        let ctag = owner.propfind("calendars/work/", "0", "<S:getctag/>").await.only().text("getctag");
        let before = tag(&reader, r).await;
        let answer = reader.send("PUT", r, &[("If-Match", &before)], ringing("a", "", &[10])).await;
        let etag = answer.expect(204).header("etag").unwrap().to_owned();
        assert_eq!((etag.as_str(), etag == before), (tag(&reader, r).await.as_str(), false));
        // The tag is a condition like others.
        reader.send("PUT", r, &[("If-Match", &before)], ringing("a", "", &[20])).await.expect(412);
        reader.send("PUT", r, &[("If-Match", &etag)], ringing("a", "", &[20])).await.expect(204);
        writer.put(w, ringing("a", "", &[30, 40])).await;
        assert_eq!(text(&reader, r).await, ringing("a", "", &[20]));
        assert_eq!(text(&writer, w).await, ringing("a", "", &[30, 40]));
        // The owner notices nothing of it.
        assert_eq!(text(&owner, "calendars/work/a.ics").await, ringing("a", "", &[5]));
        assert_eq!(tag(&owner, "calendars/work/a.ics").await, owners);
        let now = owner.propfind("calendars/work/", "0", "<S:getctag/>").await.only().text("getctag");
        assert_eq!(now, ctag);
        // Again is no change and no fault; something else is refused.
        reader.send("PUT", r, &[], ringing("a", "", &[20])).await.expect(204);
        let other = ringing("a", "LOCATION:b\r\n", &[20]);
        reader.send("PUT", r, &[], other).await.expect_condition(403, "need-privileges");
        let new = r.replace("a.ics", "b.ics");
        reader.send("PUT", &new, &[], ringing("b", "", &[1])).await.expect(403);
        reader.delete(r).await.expect(403);
        // What he does not want any more.
        reader.send("PUT", r, &[], event("a")).await.expect(204);
        assert_eq!((text(&reader, r).await, tag(&reader, r).await), (event("a"), before));
    }

    /// Who changes the event leaves the others' alarms, and who makes one has an alarm to himself.
    async fn a_change_leaves_the_others_alarms(owner: User, reader: User, writer: User) {
        let at = given(&owner, &[(&reader, "read"), (&writer, "read-write")]).await;
        let (r, w) = (at[0].as_str(), at[1].as_str());
        reader.put(r, ringing("a", "", &[10])).await;
        let etag = writer.put(w, ringing("a", "LOCATION:b\r\n", &[20])).await;
        assert_eq!(etag, tag(&writer, w).await);
        assert_eq!(text(&owner, "calendars/work/a.ics").await, ringing("a", "LOCATION:b\r\n", &[5]));
        assert_eq!(text(&reader, r).await, ringing("a", "LOCATION:b\r\n", &[10]));
        assert_eq!(text(&writer, w).await, ringing("a", "LOCATION:b\r\n", &[20]));
        owner.put("calendars/work/a.ics", ringing("a", "LOCATION:c\r\n", &[])).await;
        assert_eq!(text(&reader, r).await, ringing("a", "LOCATION:c\r\n", &[10]));
        let new = w.replace("a.ics", "n.ics");
        let etag = writer.put(&new, ringing("n", "", &[7])).await;
        assert_eq!((etag, text(&writer, &new).await), (tag(&writer, &new).await, ringing("n", "", &[7])));
        assert_eq!(text(&owner, "calendars/work/n.ics").await, event("n"));
    }

    /// TRANSP is one's own, and the owner is as busy as he says.
    async fn the_time_that_it_takes_is_everybodys_own(owner: User, reader: User, writer: User) {
        let at = given(&owner, &[(&reader, "read"), (&writer, "read-write")]).await;
        let free = ringing("a", "TRANSP:TRANSPARENT\r\n", &[]);
        reader.put(&at[0], &free).await;
        assert_eq!(text(&reader, &at[0]).await, free);
        writer.put(&at[1], ringing("a", "LOCATION:b\r\nTRANSP:TRANSPARENT\r\n", &[])).await;
        assert_eq!(text(&owner, "calendars/work/a.ics").await, ringing("a", "LOCATION:b\r\n", &[5]));
        let range = "<C:time-range start=\"20251231T000000Z\" end=\"20260103T000000Z\"/>";
        let busy = owner.report("calendars/", "infinity", "C:free-busy-query", range).await.expect(200);
        assert!(busy.text().contains("\r\nFREEBUSY"), "{busy}");
    }

    /// RFC 6578: the sharee's other programs hear of it, and nobody else's.
    async fn sync_tells_of_ones_own_alarms(owner: User, reader: User, other: User) {
        let at = given(&owner, &[(&reader, "read"), (&other, "read")]).await;
        let of = |at: &str| at.trim_end_matches("a.ics").to_owned();
        let (mine, others) = (of(&at[0]), of(&at[1]));
        for n in ["b", "c"] {
            owner.put(&format!("calendars/work/{n}.ics"), event(n)).await;
        }
        let first = sync(&reader, &mine, "", None).await.sync_token.unwrap();
        let theirs = sync(&other, &others, "", None).await.sync_token.unwrap();
        let home = sync(&reader, "calendars/", "", None).await.sync_token.unwrap();
        let ctag = |found: Multistatus| found.of(&mine).text("getctag");
        let before = ctag(reader.propfind(&mine, "0", "<S:getctag/>").await);
        reader.put(&at[0], ringing("a", "", &[10])).await;
        reader.put(&format!("{mine}b.ics"), ringing("b", "", &[10])).await;
        let news = sync(&reader, &mine, &first, None).await;
        assert_eq!(news.hrefs(), [at[0].as_str(), &format!("{mine}b.ics")]);
        assert_eq!(news.of(&at[0]).text("getetag"), tag(&reader, &at[0]).await);
        let after = news.sync_token.unwrap();
        assert!(sync(&reader, &mine, &after, None).await.responses.is_empty());
        // In parts.
        let part = sync(&reader, &mine, &first, Some(1)).await;
        let rest = sync(&reader, &mine, &part.sync_token.unwrap(), None).await;
        assert_eq!(rest.hrefs(), [format!("{mine}b.ics")]);
        assert_eq!(rest.sync_token.unwrap(), after);
        // The tags of the calendar say so, and the home does.
        let now = ctag(reader.propfind(&mine, "0", "<S:getctag/>").await);
        assert_ne!(now, before);
        assert_eq!(now, ctag(reader.propfind("calendars/", "1", "<S:getctag/>").await));
        assert_eq!(now, ctag(sync(&reader, "calendars/", &home, None).await));
        let whole = reader.get(&mine).await.expect(200);
        assert_eq!(whole.text().matches("BEGIN:VALARM").count(), 2);
        assert!(sync(&other, &others, &theirs, None).await.responses.is_empty());
        // With a change of the owner's each is told once.
        owner.put("calendars/work/a.ics", ringing("a", "LOCATION:b\r\n", &[])).await;
        reader.put(&at[0], ringing("a", "LOCATION:b\r\n", &[20])).await;
        assert_eq!(sync(&reader, &mine, &after, None).await.hrefs(), [at[0].as_str()]);
        // No alarm is a change, too.
        let token = sync(&reader, &mine, "", None).await.sync_token.unwrap();
        reader.put(&format!("{mine}b.ics"), event("b")).await;
        assert_eq!(sync(&reader, &mine, &token, None).await.hrefs(), [format!("{mine}b.ics")]);
    }

    /// Listings and reports show the same as a GET does.
    async fn every_report_shows_ones_own(owner: User, reader: User) {
        let at = given(&owner, &[(&reader, "read")]).await.remove(0);
        let mount = at.trim_end_matches("a.ics").to_owned();
        reader.put(&at, ringing("a", "", &[10])).await;
        let etag = tag(&reader, &at).await;
        let data = "<D:prop><D:getetag/><C:calendar-data/></D:prop>";
        let filter = |inside: &str| {
            format!("{data}<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">{inside}\
                     </C:comp-filter></C:comp-filter></C:filter>")
        };
        let rings = |from: &str, to: &str| {
            filter(&format!("<C:comp-filter name=\"VALARM\"><C:time-range start=\"{from}\" end=\"{to}\"/></C:comp-filter>"))
        };
        let hrefs = format!("{data}<D:href>{at}</D:href>");
        let bodies = [
            ("C:calendar-multiget", hrefs),
            ("C:calendar-query", filter("")),
            ("C:calendar-query", rings("20260101T094900Z", "20260101T095100Z")),
            ("D:sync-collection", format!("<D:sync-token/><D:sync-level>1</D:sync-level>{data}")),
        ];
        for (root, body) in bodies {
            let found = reader.report(&mount, "1", root, &body).await.expect(207).multistatus();
            let it = found.of(&at);
            assert_eq!(it.text("getetag"), etag, "{root}");
            let shown = it.text("calendar-data").replace("\r\n", "\n");
            assert_eq!(shown, ringing("a", "", &[10]).replace("\r\n", "\n"), "{root}");
        }
        // The owner's alarm rings five minutes before, and not for him.
        let not = rings("20260101T095400Z", "20260101T095600Z");
        let found = reader.report(&mount, "1", "C:calendar-query", &not).await.expect(207);
        assert!(found.multistatus().responses.is_empty());
        let listed = reader.propfind(&mount, "1", "<D:getetag/>").await;
        assert_eq!(listed.of(&at).text("getetag"), etag);
    }

    /// What is one's own goes with the object under another name, and ends with it and with the share.
    async fn ones_own_ends_with_the_object_and_the_share(owner: User, reader: User) {
        let at = given(&owner, &[(&reader, "read")]).await.remove(0);
        reader.put(&at, ringing("a", "", &[10])).await;
        let to = owner.path("calendars/work/b.ics");
        owner.send("MOVE", "calendars/work/a.ics", &[("Destination", &to)], "").await.expect(201);
        let b = at.replace("a.ics", "b.ics");
        assert_eq!(text(&reader, &b).await, ringing("a", "", &[10]));
        owner.delete("calendars/work/b.ics").await.expect(204);
        owner.put("calendars/work/b.ics", event("a")).await;
        assert_eq!(text(&reader, &b).await, event("a"));
        reader.put(&b, ringing("a", "", &[10])).await;
        share(&owner, "calendars/work/", &[(&reader.principal(), None)]).await.expect(200);
        settled(&reader).await;
        share(&owner, "calendars/work/", &[(&reader.principal(), Some("read"))]).await.expect(200);
        let again = format!("{}b.ics", mounted(&reader).await);
        assert_eq!(text(&reader, &again).await, event("a"));
    }

    /// A delegate keeps the owner's calendar, alarms and all; and what is too much is refused.
    async fn a_delegate_uses_it_as_the_owner_does(owner: User, delegate: User, reader: User) {
        let at = given(&owner, &[(&reader, "read")]).await.remove(0);
        let list = format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><D:read/>\
             </D:privilege><D:privilege><D:write/></D:privilege></D:grant></D:ace>",
            delegate.principal()
        );
        owner.send("ACL", "calendars/", &[], document("D:acl", &list)).await.expect(200);
        let a = owner.path("calendars/work/a.ics");
        assert_eq!(text(&delegate, &a).await, ringing("a", "", &[5]));
        delegate.put(&a, ringing("a", "", &[6])).await;
        assert_eq!(text(&owner, &a).await, ringing("a", "", &[6]));
        let many: Vec<u32> = (0..400).collect();
        reader.send("PUT", &at, &[], ringing("a", "", &many)).await.expect_condition(403, "max-resource-size");
    }
}
