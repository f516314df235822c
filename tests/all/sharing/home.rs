//! What the home of a sharee tells of the collections of others that show there.

use super::*;
use crate::support::dav::dialogues;

/// The collection tag and the sync token of something.
async fn state(user: &User, at: &str) -> (String, String) {
    let found = user.propfind(at, "0", "<S:getctag/><D:sync-token/>").await;
    (found.only().text("getctag"), found.only().text("sync-token"))
}

/// Calendars of the owner with these names, shared with the sharee; gives their paths in his home.
async fn given(owner: &User, sharee: &User, names: &[&str]) -> Vec<String> {
    for name in names {
        let at = format!("calendars/{name}/");
        owner.mkcol(&at).await;
        share(owner, &at, &[(&sharee.principal(), Some("read"))]).await.expect(200);
    }
    mounts(sharee, names.len()).await
}

dialogues! {
    /// macOS asks the home for its changes, others list it: both tell of a change in what others share,
    /// once, though the change wrote nothing there.
    async fn a_change_in_what_others_share_moves_the_home(owner: User, sharee: User) {
        let all = given(&owner, &sharee, &["one", "two"]).await;
        let home = sharee.path("calendars/");
        let (tag, token) = state(&sharee, &home).await;
        assert!(sync(&sharee, &home, &token, None).await.responses.is_empty(), "nothing yet");
        let list = "<S:getctag/><D:sync-token/>";
        let before = sharee.propfind(&home, "1", list).await;
        owner.put("calendars/two/a.ics", event("a")).await;
        let after = sharee.propfind(&home, "1", list).await;
        let changed = |at: &str, what| before.of(at).text(what) != after.of(at).text(what);
        let two = all.iter().find(|at| changed(at, "getctag")).unwrap();
        let one = all.iter().find(|at| at != &two).unwrap();
        for what in ["getctag", "sync-token"] {
            assert_eq!([&home, two, one].map(|at| changed(at, what)), [true, true, false]);
        }
        let now = state(&sharee, &home).await;
        assert_ne!(now, (tag, token.clone()));
        let news = sync(&sharee, &home, &token, None).await;
        assert_eq!(news.of(two).text("getctag"), after.of(two).text("getctag"));
        assert_eq!(news.sync_token.as_ref(), Some(&now.1));
        assert!(sync(&sharee, &home, &now.1, None).await.responses.is_empty(), "told already");
        // By the number alone, as a condition, the home is what it was.
        let condition = format!("<{home}> (<{token}>)");
        let props = "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>";
        let body = document("D:propertyupdate", props);
        sharee.send("PROPPATCH", &home, &[("If", &condition)], body).await.expect(207);
    }

    /// RFC 6578 §3.6: told in parts, nothing is left out and it ends, whatever changes meanwhile.
    async fn parts_of_a_home_leave_nothing_out(owner: User, sharee: User) {
        let mut all = given(&owner, &sharee, &["one", "two", "three"]).await;
        let home = sharee.path("calendars/");
        let mut count = 0;
        for begin in [String::new(), state(&sharee, &home).await.1] {
            let mut token = begin;
            let (mut told, mut parts) = (Vec::new(), 0);
            loop {
                if parts % 2 == 0 {
                    count += 1;
                    let at = format!("calendars/two/{count}.ics");
                    owner.put(&at, event(&count.to_string())).await;
                }
                let part = sync(&sharee, &home, &token, Some(1)).await;
                let all = part.responses.iter().map(|r| r.href.clone());
                let some: Vec<_> = all.filter(|href| *href != home).collect();
                assert!(some.len() <= 1, "{some:?}");
                told.extend(some);
                token = part.sync_token.unwrap();
                parts += 1;
                if part.responses.iter().all(|r| r.href != home) {
                    break;
                }
                assert!(parts < 40, "no end: {told:?}");
            }
            told.retain(|href| all.contains(href));
            let times = told.len();
            told.sort();
            told.dedup();
            all.sort();
            assert_eq!((&told, times <= 6), (&all, true), "{times}");
            // What changed while the parts were told is told now at the latest.
            let last = sync(&sharee, &home, &token, None).await;
            assert!(!last.responses.is_empty());
            let token = last.sync_token.unwrap();
            assert!(sync(&sharee, &home, &token, None).await.responses.is_empty());
        }
    }

    /// Shared no more: gone in the same moment, in every answer, and the home says so; a stranger is
    /// still told what he is told of everything.
    async fn what_is_shared_no_more_is_gone_at_once(owner: User, sharee: User, stranger: User) {
        let mount = given(&owner, &sharee, &["work"]).await.remove(0);
        owner.put("calendars/work/a.ics", event("a")).await;
        let (a, home) = (format!("{mount}a.ics"), sharee.path("calendars/"));
        let token = state(&sharee, &home).await.1;
        let inside = state(&sharee, &mount).await.1;
        share(&owner, "calendars/work/", &[(&sharee.principal(), None)]).await.expect(200);
        for _ in 0..2 {
            for (method, path) in [("GET", &a), ("PROPFIND", &a), ("PROPFIND", &mount), ("DELETE", &a)] {
                sharee.send(method, path, &[("Depth", "0")], "").await.expect(404);
            }
            sharee.send("PROPFIND", &mount, &[("Depth", "1")], "").await.expect(404);
            let put = sharee.send("PUT", &a, &[], event("a")).await.status.as_u16();
            assert!([404, 409].contains(&put), "{put}");
            let content = format!("<D:sync-token>{inside}</D:sync-token><D:sync-level>1</D:sync-level><D:prop/>");
            sharee.report(&mount, "1", "D:sync-collection", &content).await.expect(404);
            let hrefs = format!("<D:prop><C:calendar-data/></D:prop><D:href>{a}</D:href>");
            let got = sharee.report(&home, "1", "C:calendar-multiget", &hrefs).await.expect(207);
            assert!(!got.text().contains("BEGIN:VCALENDAR"), "{got}");
            assert_eq!(got.multistatus().of(&a).status, Some(404));
            let news = sync(&sharee, &home, &token, None).await;
            assert_eq!(news.of(&mount).status, Some(404));
            stranger.get(&a).await.expect_condition(403, "need-privileges");
            mounts(&sharee, 0).await;
        }
    }
}
