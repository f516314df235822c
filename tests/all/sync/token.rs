//! Sync tokens: whose they are, when they hold, what they are good for besides.

use super::*;
use davenport::kernel::change::{ChangeNumber, Point, SyncToken};

/// The token with its number or collection changed.
fn other(token: &str, change: impl FnOnce(&mut SyncToken)) -> String {
    let mut it = SyncToken::parse(token).unwrap();
    change(&mut it);
    it.to_string()
}

const BOOK: &str = "addressbooks/book/";

dialogues! {
    /// RFC 6578 §3.2: a token of another collection, another line of history, the future, or
    /// nobody is refused.
    async fn foreign_tokens_are_refused(user: User) {
        user.mkcol("files/a/").await;
        user.mkcol("files/b/").await;
        let (a, b) = (token(&user, "files/a/").await, token(&user, "files/b/").await);
        let later = |t: &SyncToken| ChangeNumber(t.point.number.0 + 1_000);
        let future = other(&a, |t| t.point = Point::end_of(later(t)));
        let inside = other(&a, |t| t.point.number = later(t));
        let epoch = other(&a, |t| {
            t.epoch = davenport::kernel::change::Epoch::new("0000000000000000");
        });
        for bad in [b.as_str(), &future, &inside, &epoch, "junk", "http://example.org/1", "data:,x-1-1"] {
            let answer = ask(&user, "files/a/", Ask { token: bad, ..FIRST }, ETAG).await;
            answer.expect_condition(403, "valid-sync-token");
        }
        assert_eq!(sync(&user, "files/a/", &a).await.responses.len(), 0);
    }

    /// A collection made anew at an old name is another collection.
    async fn a_token_does_not_outlive_its_collection(user: User) {
        user.mkcol("files/a/").await;
        user.put("files/a/f", "x").await;
        let old = token(&user, "files/a/").await;
        user.delete("files/a/").await.expect(204);
        user.mkcol("files/a/").await;
        let answer = ask(&user, "files/a/", Ask { token: &old, ..FIRST }, ETAG).await;
        answer.expect_condition(403, "valid-sync-token");
    }

    /// Thunderbird's address books recover from 400 and from nothing else.
    async fn thunderbirds_address_books_get_400(user: User) {
        let mkcol = "<D:set><D:prop><D:resourcetype><D:collection/><A:addressbook/>\
                     </D:resourcetype></D:prop></D:set>";
        user.send("MKCOL", BOOK, &[], document("D:mkcol", mkcol)).await.expect(201);
        user.send("MKCALENDAR", "calendars/c/", &[], "").await.expect(201);
        let bad = Ask { token: "data:,x-1-1", ..FIRST };
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0";
        for (target, agent, status) in
            [(BOOK, agent, 400), (BOOK, "DAVx5/4.4", 403), ("calendars/c/", agent, 403)]
        {
            let headers = [("Depth", "1"), ("User-Agent", agent)];
            let answer = user.send("REPORT", target, &headers, body(bad, ETAG)).await;
            answer.expect_condition(status, "valid-sync-token");
        }
    }

    /// RFC 6578 §4: the property is what the report gives; it is protected, and no allprop shows
    /// it; it is a URI, and the same as the tag inside.
    async fn the_property_is_the_reports_token(user: User) {
        user.mkcol("files/a/").await;
        for target in ["files/a/", "files/", "calendars/", "addressbooks/"] {
            let now = token(&user, target).await;
            let props = "<D:sync-token/><S:getctag/><D:supported-report-set/>";
            let it = user.propfind(target, "0", props).await;
            assert_eq!(it.only().text("sync-token"), now, "{target}");
            assert_eq!(it.only().text("getctag"), format!("\"{now}\""));
            let reports = format!("{:?}", it.only().prop("supported-report-set"));
            assert!(reports.contains("sync-collection"), "{target}: {reports}");
            let (scheme, rest) = now.split_once(':').unwrap();
            assert!(scheme.bytes().all(|b| b.is_ascii_alphabetic()) && !rest.contains(' '));
        }
        let before = token(&user, "files/a/").await;
        user.put("files/a/f", "x").await;
        assert_ne!(token(&user, "files/a/").await, before);
        let set = "<D:set><D:prop><D:sync-token>x</D:sync-token></D:prop></D:set>";
        let patched = user.proppatch("files/a/", set).await.expect(207).multistatus();
        assert_eq!(patched.only().status_of("sync-token"), Some(403));
        assert!(patched.only().has_condition("cannot-modify-protected-property"));
        let all = document("D:propfind", "<D:allprop/>");
        let all = user.send("PROPFIND", "files/a/", &[("Depth", "0")], all).await;
        assert_eq!(all.expect(207).multistatus().only().status_of("sync-token"), None);
    }

    /// RFC 6578 §5: a token is a state token in `If`.
    async fn a_token_is_a_condition(user: User) {
        user.mkcol("files/a/").await;
        user.put("files/a/f", "1").await;
        let now = token(&user, "files/a/").await;
        let condition = format!("<{}> (<{now}>)", user.path("files/a/"));
        let put = |body: &'static str| {
            let (user, condition) = (user.clone(), condition.clone());
            async move { user.send("PUT", "files/a/f", &[("If", &condition)], body).await }
        };
        put("2").await.expect(204);
        put("3").await.expect(412);
        assert_eq!(user.get("files/a/f").await.text(), "2");
    }

    /// RFC 6578 §3.2: a token stays good through many changes.
    async fn a_token_outlives_many_changes(user: User) {
        user.mkcol("files/a/").await;
        let old = token(&user, "files/a/").await;
        for n in 0..150 {
            user.put("files/a/f", n.to_string()).await;
        }
        let told_since = sync(&user, "files/a/", &old).await;
        assert_eq!(told(&user, "files/a/", &told_since), list(&[("f", 200)]));
    }
}
