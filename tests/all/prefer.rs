//! `Prefer` and `Brief` (RFC 7240, RFC 8144), POST to add a member (RFC 5995), OPTIONS.

use crate::support::dav::{Answer, dialogues, document};
use crate::sync::event;

const MINIMAL: (&str, &str) = ("Prefer", "return=minimal");
const WHOLE: (&str, &str) = ("Prefer", "return=representation");

fn applied(answer: &Answer) -> Option<&str> {
    answer.header("preference-applied")
}

dialogues! {
    /// RFC 8144 §2.1: nothing is said of what is not there; an empty 200 stands for nothing at all.
    async fn listings_leave_out_what_is_not_there(user: User) {
        user.put("files/f", "f").await;
        let body = document("D:propfind", "<D:prop><D:getetag/><Z xmlns='z:'/></D:prop>");
        let nothing = document("D:propfind", "<D:prop><Z xmlns='z:'/></D:prop>");
        for header in [MINIMAL, ("Brief", "t")] {
            let ask = |body: &str| {
                let (user, body) = (user.clone(), body.to_owned());
                async move { user.send("PROPFIND", "files/f", &[("Depth", "0"), header], body).await }
            };
            let answer = ask(&body).await.expect(207);
            let it = answer.multistatus();
            assert_eq!((it.only().status_of("getetag"), it.only().status_of("Z")), (Some(200), None));
            assert_eq!(applied(&answer), (header == MINIMAL).then_some("return=minimal"));
            assert!(answer.header("vary").unwrap().contains("Prefer"));
            let empty = ask(&nothing).await.expect(207).text();
            assert!(empty.contains("HTTP/1.1 200 OK") && !empty.contains("404"), "{empty}");
        }
        let sync = document(
            "D:sync-collection",
            "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/><Z xmlns='z:'/></D:prop>",
        );
        let answer = user.send("REPORT", "files/", &[("Depth", "0"), MINIMAL], &sync).await.expect(207);
        assert_eq!(answer.multistatus().only().status_of("Z"), None);
        assert_eq!(applied(&answer), Some("return=minimal"));
        let answer = user.send("REPORT", "files/", &[("Depth", "0")], sync).await.expect(207);
        assert_eq!(answer.multistatus().only().status_of("Z"), Some(404));
        assert_eq!(applied(&answer), None);
    }

    /// RFC 8144 §4: the collection itself is left out of its listing, where it would be in it.
    async fn a_listing_without_its_root(user: User) {
        user.put("files/f", "f").await;
        let body = document("D:propfind", "<D:prop><D:resourcetype/></D:prop>");
        for (depth, expected, told) in
            [("1", vec![user.path("files/f")], Some("depth-noroot")), ("0", vec![user.path("files/")], None)]
        {
            let headers = [("Depth", depth), ("Prefer", "depth-noroot")];
            let answer = user.send("PROPFIND", "files/", &headers, &body).await.expect(207);
            assert_eq!(answer.multistatus().hrefs(), expected);
            assert_eq!(applied(&answer), told);
        }
    }

    /// RFC 8144 §2.2, §2.3: success in short; a fault always whole.
    async fn changes_are_answered_in_short(user: User) {
        user.mkcol("files/c/").await;
        let good = document("D:propertyupdate", "<D:set><D:prop><Z xmlns='z:'>1</Z></D:prop></D:set>");
        let bad = document("D:propertyupdate", "<D:set><D:prop><D:getetag>1</D:getetag></D:prop></D:set>");
        let answer = user.send("PROPPATCH", "files/c/", &[MINIMAL], &good).await.expect(200);
        assert!(answer.body.is_empty() && applied(&answer) == Some("return=minimal"));
        let answer = user.send("PROPPATCH", "files/c/", &[("Brief", "t")], &good).await.expect(200);
        assert!(answer.body.is_empty());
        let answer = user.send("PROPPATCH", "files/c/", &[MINIMAL], &bad).await.expect(207);
        assert_eq!(answer.multistatus().only().status_of("getetag"), Some(403));
        let it = user.propfind("files/c/", "0", "<Z xmlns='z:'/>").await;
        assert_eq!(it.only().text("Z"), "1");
        let set = "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>";
        let answer = user.send("MKCOL", "files/d/", &[MINIMAL], document("D:mkcol", set)).await;
        let answer = answer.expect(201);
        assert!(answer.body.is_empty() && applied(&answer) == Some("return=minimal"));
        let body = document("C:mkcalendar", set);
        user.send("MKCALENDAR", "calendars/d/", &[MINIMAL], body).await.expect(201);
    }

    /// RFC 8144 §3: the new state with the answer; with a failed condition the state that is there.
    async fn writes_answer_with_the_object(user: User) {
        user.send("MKCALENDAR", "calendars/c/", &[], "").await.expect(201);
        let target = "calendars/c/e.ics";
        let text = event("e");
        let made = user.send("PUT", target, &[WHOLE, ("If-None-Match", "*")], &text).await.expect(201);
        assert_eq!((made.text(), applied(&made)), (text.clone(), Some("return=representation")));
        assert_eq!(made.header("content-location"), Some(user.path(target).as_str()));
        assert!(made.header("content-type").unwrap().starts_with("text/calendar"));
        let next = text.replace("SUMMARY:e", "SUMMARY:f");
        let set = user.send("PUT", target, &[WHOLE], &next).await.expect(200);
        assert_eq!(set.text(), next);
        let etag = user.get(target).await.header("etag").unwrap().to_owned();
        assert_eq!(set.header("etag"), Some(etag.as_str()));
        let lost = user.send("PUT", target, &[WHOLE, ("If-None-Match", "*")], &text).await.expect(412);
        assert_eq!((lost.text(), lost.header("etag")), (next, Some(etag.as_str())));
        let short = user.send("PUT", target, &[MINIMAL], &text).await.expect(204);
        assert!(short.body.is_empty());
    }

    /// RFC 5995: a new member, its name in Location; the collection says where to post.
    async fn a_post_adds_a_member(user: User) {
        user.send("MKCALENDAR", "calendars/c/", &[], "").await.expect(201);
        let it = user.propfind("calendars/c/", "0", "<D:add-member/>").await;
        let at = it.only().prop("add-member").child("DAV:", "href").unwrap().text().into_owned();
        let calendar = [("Content-Type", "text/calendar")];
        let made = user.send("POST", &at, &calendar, event("a")).await.expect(201);
        let location = made.header("location").unwrap().to_owned();
        assert!(location.starts_with(&user.path("calendars/c/")) && location.ends_with(".ics"));
        let got = user.get(&location).await.expect(200);
        assert_eq!((got.text(), got.header("etag")), (event("a"), made.header("etag")));
        let other = user.send("POST", &at, &calendar, event("b")).await.expect(201);
        assert_ne!(other.header("location"), Some(location.as_str()));
        user.send("POST", &at, &calendar, event("a")).await.expect_condition(409, "no-uid-conflict");
        user.send("POST", &at, &calendar, "x").await.expect_condition(403, "valid-calendar-data");
        user.send("POST", "calendars/none/", &calendar, event("c")).await.expect(409);
        let whole = user.send("POST", &at, &[calendar[0], WHOLE], event("c")).await.expect(201);
        assert_eq!(whole.text(), event("c"));
        assert!(whole.header("location").is_some());
        let file = user.send("POST", "files/", &[("Content-Type", "text/x")], "text").await.expect(201);
        assert_eq!(user.get(file.header("location").unwrap()).await.text(), "text");
        // A home takes registrations for push, and nothing else.
        user.send("POST", "calendars/", &calendar, event("d")).await.expect(415);
        for target in ["/dav/"] {
            user.send("POST", target, &calendar, event("d")).await.expect(405);
        }
        // An event takes POST for its attachments (RFC 8607 §3.3.1).
        user.send("POST", &location, &calendar, event("d")).await.expect_condition(403, "valid-action");
    }

    /// RFC 9110 §9.3.7: what can be done where.
    async fn options_tell_the_methods(user: User) {
        for (target, has, lacks) in [
            ("calendars/", &["PROPFIND", "REPORT", "MKCALENDAR", "PROPPATCH", "POST"][..], &["PUT"][..]),
            ("calendars/c/", &["PUT", "POST", "MKCALENDAR", "DELETE", "REPORT", "LOCK"], &[]),
            ("calendars/c/e.ics", &["PUT", "GET", "HEAD", "DELETE", "MOVE", "COPY", "POST"], &[]),
            ("addressbooks/b/c.vcf", &["PUT", "GET", "HEAD", "DELETE", "MOVE", "COPY"], &["POST"]),
            ("addressbooks/b/", &["PUT", "POST", "MKCOL"], &["MKCALENDAR"]),
            ("files/a/", &["PUT", "MKCOL", "POST", "LOCK", "UNLOCK"], &["MKCALENDAR"]),
            ("/dav/", &["PROPFIND", "OPTIONS"], &["PUT", "DELETE", "MKCOL"]),
        ] {
            let answer = user.send("OPTIONS", target, &[], "").await.expect(200);
            let allow: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
            for method in has {
                assert!(allow.contains(method), "{target}: {method}: {allow:?}");
            }
            for method in lacks {
                assert!(!allow.contains(method), "{target}: {method}: {allow:?}");
                let refused = user.send(method, target, &[], "").await.expect(405);
                assert_eq!(refused.header("allow").unwrap().split(", ").count(), allow.len());
            }
        }
    }
}
