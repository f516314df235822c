//! A calendar that a thousand have: sharing it goes, and none of them pays for the others.

use super::*;
use crate::support::dav::{Server, dialogues};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::directory::Kind;
use davenport::kernel::clock;
use std::sync::atomic::{AtomicU32, Ordering};

/// So many resources, which nobody signs in as; gives their names.
async fn resources(server: &'static Server, count: u32) -> Vec<String> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let mut made = Vec::new();
    // Some at a time, so that writes share their commits.
    for _ in 0..count / 20 {
        let mut batch = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let name = format!("many{}", NEXT.fetch_add(1, Ordering::Relaxed));
            made.push(name.clone());
            let store = server.store.clone();
            batch.spawn(server.on(async move {
                let new = NewAccount::of(Kind::Resource, name);
                account::create(&store, new, clock::now()).await.unwrap();
            }));
        }
        batch.join_all().await;
    }
    made
}

/// Shares a calendar of the owner with these, many at a time.
async fn share_with(owner: &User, names: &[String]) {
    for batch in names.chunks(500) {
        let hrefs: Vec<String> =
            batch.iter().map(|name| format!("/dav/principals/resources/{name}/")).collect();
        let all: Vec<_> = hrefs.iter().map(|href| (href.as_str(), Some("read"))).collect();
        share(owner, "calendars/work/", &all).await.expect(200);
    }
}

/// What a sharee's program asks again and again.
async fn look(user: &User, at: &str) -> Duration {
    let begun = Instant::now();
    let props = "<D:resourcetype/><D:current-user-privilege-set/><S:getctag/><D:acl/><S:invite/>";
    let found = user.propfind(at, "0", props).await;
    assert_eq!(found.only().status_of("getctag"), Some(200));
    begun.elapsed()
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort();
    all[all.len() / 2]
}

dialogues! {
    /// Grants to a thousand through `CS:share`; one of them looks at it at the cost of one of ten.
    async fn a_thousand_have_a_calendar(plain: User) {
        let server = plain.server.discreet().await;
        let (few, many, sharee) = (server.user().await, server.user().await, server.user().await);
        let names = resources(server, 1_000).await;
        for (owner, names) in [(&few, &names[..9]), (&many, &names[..])] {
            owner.mkcol("calendars/work/").await;
            share_with(owner, names).await;
            share(owner, "calendars/work/", &[(&sharee.principal(), Some("read"))]).await.expect(200);
        }
        assert_eq!((invited(&few, "calendars/work/").await.len(), invited(&many, "calendars/work/").await.len()),
            (10, 1_001));
        let paths = [few.path("calendars/work/"), many.path("calendars/work/")];
        let mut took = [Vec::new(), Vec::new()];
        for _ in 0..40 {
            for (at, took) in paths.iter().zip(&mut took) {
                took.push(look(&sharee, at).await);
            }
        }
        let [ten, thousand] = took.map(median);
        eprintln!("PROPFIND by one sharee: {ten:?} with 10, {thousand:?} with 1000");
        assert!(thousand < ten * 2, "{ten:?} with 10, {thousand:?} with 1000");
        // Again and back: the list changes by what was asked for.
        let one = format!("/dav/principals/resources/{}/", names[500]);
        share(&many, "calendars/work/", &[(&one, Some("read-write"))]).await.expect(200);
        let told = invited(&many, "calendars/work/").await;
        assert_eq!(told.iter().filter(|(_, _, access)| access == "read-write").count(), 1);
        share(&many, "calendars/work/", &[(&one, None)]).await.expect(200);
        assert_eq!(invited(&many, "calendars/work/").await.len(), 1_000);
        // An ACL request may repeat the list that it has read, shorter by one.
        let shown = many.propfind("calendars/work/", "0", "<D:acl/>").await;
        let acl = shown.only().prop("acl").elements().filter_map(|ace| {
            let href = ace.child("DAV:", "principal")?.child("DAV:", "href")?.text().into_owned();
            (!href.ends_with(&format!("/{}/", names[0]))).then(|| format!(
                "<D:ace><D:principal><D:href>{href}</D:href></D:principal><D:grant><D:privilege><D:read/>\
                 </D:privilege></D:grant></D:ace>"))
        });
        let acl: String = acl.collect();
        many.send("ACL", "calendars/work/", &[], document("D:acl", &acl)).await.expect(200);
        assert_eq!(invited(&many, "calendars/work/").await.len(), 999);
        look(&sharee, &paths[1]).await;
    }
}
