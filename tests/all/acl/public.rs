//! Public folders: what is granted to everyone (`DAV:all`, `DAV:unauthenticated`) is read without a
//! password where the configuration allows it, and nothing else is.

use super::*;
use crate::support::dav::dialogues;

const ALL: &str = "<D:all/>";
const UNAUTHENTICATED: &str = "<D:unauthenticated/>";

/// A request without credentials.
async fn anyone(
    of: &User,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    of.server.send(method, path, headers, body).await
}

dialogues! {
    /// RFC 3744 §5.5.1: whoever comes reads, by every method that reads, and changes nothing.
    async fn what_everyone_may_read_needs_no_password(plain: User) {
        let owner = plain.server.discreet().await.user().await;
        owner.mkcol("calendars/c/").await;
        owner.put("calendars/c/e.ics", event("e")).await;
        let (calendar, object) = (owner.path("calendars/c/"), owner.path("calendars/c/e.ics"));
        // With a right to write, too: nobody without a name has that.
        acl(&owner, &calendar, &grant(ALL, &["D:read", "D:write"])).await.expect(200);
        assert_eq!(anyone(&owner, "GET", &object, &[], "").await.expect(200).text(), event("e"));
        anyone(&owner, "HEAD", &object, &[], "").await.expect(200);
        anyone(&owner, "GET", &calendar, &[], "").await.expect(200);
        anyone(&owner, "GET", &owner.path("calendars/c/none.ics"), &[], "").await.expect(404);
        let prop = "<D:prop><D:current-user-principal/><D:current-user-privilege-set/><D:acl/><D:owner/></D:prop>";
        let body = document("D:propfind", prop);
        let found = anyone(&owner, "PROPFIND", &calendar, &[("Depth", "1")], &body).await.expect(207).multistatus();
        assert_eq!(found.hrefs(), [calendar.as_str(), object.as_str()]);
        let it = found.of(&calendar);
        // RFC 5397 §3.
        assert!(it.prop("current-user-principal").child("DAV:", "unauthenticated").is_some());
        let own = it.prop("current-user-privilege-set").elements().flat_map(Element::elements);
        let own: Vec<_> = own.map(|e| e.name.local().to_owned()).collect();
        assert_eq!(own, ["read", "read-free-busy", "read-current-user-privilege-set"]);
        assert_eq!(it.status_of("acl"), Some(403));
        let zero = [("Depth", "0")];
        let multiget = format!("<D:prop><D:getetag/></D:prop><D:href>{object}</D:href><D:href>{}</D:href>",
            owner.path("calendars/none/e.ics"));
        let answer = anyone(&owner, "REPORT", &calendar, &[("Depth", "1")], &document("C:calendar-multiget", &multiget)).await;
        let found = answer.expect(207).multistatus();
        assert_eq!(found.responses.iter().map(|r| r.status).collect::<Vec<_>>(), [None, Some(403)]);
        let sync = document("D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>");
        anyone(&owner, "REPORT", &calendar, &zero, &sync).await.expect(207);
        let matched = document("D:principal-match", "<D:self/>");
        let answer = anyone(&owner, "REPORT", &calendar, &zero, &matched).await.expect(207);
        assert!(answer.multistatus().responses.is_empty());
        for (method, path, body) in [
            ("PUT", &object, event("e")),
            ("DELETE", &object, String::new()),
            ("PROPPATCH", &calendar, document("D:propertyupdate", "<D:set><D:prop><S:x/></D:prop></D:set>")),
            ("ACL", &calendar, document("D:acl", "")),
            ("LOCK", &object, crate::support::dav::LOCKINFO.to_owned()),
        ] {
            anyone(&owner, method, path, &[], &body).await.expect(401);
        }
        // What is private stays so.
        let private = event("p").replace("SUMMARY:p", "CLASS:PRIVATE\r\nSUMMARY:secret");
        owner.put("calendars/c/p.ics", private).await;
        let answer = anyone(&owner, "GET", &calendar, &[], "").await.expect(200);
        assert!(!answer.text().contains("secret"), "{answer}");
        // The entry comes back as it was sent, and counts for whoever signs in, too.
        assert_eq!(read(&owner, &calendar).await[1], entry("all", &["read", "write"], "own"));
        owner.server.user().await.put(&owner.path("calendars/c/f.ics"), event("f")).await;
    }

    /// Everything else asks for a password in the same words, whether or not it is there.
    async fn everything_else_asks_for_a_password(plain: User) {
        let owner = plain.server.discreet().await.user().await;
        owner.mkcol("files/public/").await;
        owner.mkcol("files/own/").await;
        owner.put("files/own/f", "f").await;
        acl(&owner, "files/public/", &grant(UNAUTHENTICATED, &["D:read"])).await.expect(200);
        anyone(&owner, "PROPFIND", &owner.path("files/public/"), &[("Depth", "0")], "").await.expect(207);
        // Whoever has signed in is not one who has not.
        owner.server.user().await.get(&owner.path("files/public/")).await.expect(403);
        let find = document("D:propfind", "<D:prop><D:displayname/></D:prop>");
        let mut answers = Vec::new();
        for path in [
            owner.path("files/"), owner.path("files/own/"), owner.path("files/own/f"), owner.path("files/none"),
            owner.path("calendars/"), owner.principal(), "/dav/files/nobody-at-all/f".into(),
            "/dav/principals/users/nobody-at-all/".into(), "/dav/".into(), "/".into(), "/dav/principals/".into(),
            "/dav/addressbooks/-directory/people/".into(), "/dav/x".into(),
        ] {
            for (method, body) in [("GET", ""), ("PROPFIND", find.as_str()), ("REPORT", find.as_str())] {
                let answer = anyone(&owner, method, &path, &[("Depth", "0")], body).await.expect(401);
                assert!(answer.header("www-authenticate").is_some());
                answers.push((answer.headers.len(), answer.text()));
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        // Taken back, it is as before.
        acl(&owner, "files/public/", "").await.expect(200);
        anyone(&owner, "PROPFIND", &owner.path("files/public/"), &[("Depth", "0")], "").await.expect(401);
    }

    /// Where it is not so set, nobody can make anything public; that is in `list`.
    async fn nothing_is_public_unless_so_set(owner: User) {
        owner.mkcol("files/a/").await;
        for who in [ALL, UNAUTHENTICATED] {
            let answer = acl(&owner, "files/a/", &grant(who, &["D:read"])).await;
            answer.expect_condition(403, "allowed-principal");
        }
    }
}
