//! LOCK and UNLOCK of one resource (RFC 4918 §6, §7, §9.10, §9.11).

use super::{expect_uncached, grant, read_write};
use crate::support::dav::{Answer, LOCKINFO, User, dialogues, document};
use davenport::format::xml::Element;
use davenport::kernel::privilege::Privileges;
use std::time::Duration;

/// Asks for a lock of this scope, and with this owner element.
pub async fn lock(
    user: &User,
    target: &str,
    scope: &str,
    owner: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let info = format!(
        "<D:lockscope><D:{scope}/></D:lockscope><D:locktype><D:write/></D:locktype>{owner}"
    );
    user.send("LOCK", target, headers, document("D:lockinfo", &info)).await
}

/// The `DAV:activelock` elements of an answer to LOCK.
pub fn granted(answer: &Answer) -> Vec<Element> {
    let root = answer.xml();
    assert!(root.is("DAV:", "prop"), "{answer}");
    let discovery = root.child("DAV:", "lockdiscovery").expect("lockdiscovery");
    discovery.elements().cloned().collect()
}

/// The `DAV:activelock` elements that PROPFIND shows.
pub async fn active(user: &User, target: &str) -> Vec<Element> {
    let found = user.propfind(target, "0", "<D:lockdiscovery/>").await;
    found.only().prop("lockdiscovery").elements().cloned().collect()
}

/// The text of a path of children, or of the last one's first child.
pub fn text(element: &Element, path: &[&str]) -> String {
    let mut it = element;
    for name in path {
        it = it.child("DAV:", name).unwrap_or_else(|| panic!("no {name} in {element:?}"));
    }
    it.text().into_owned()
}

fn seconds(lock: &Element) -> i64 {
    text(lock, &["timeout"]).strip_prefix("Second-").expect("Second-").parse().unwrap()
}

async fn unlock(user: &User, target: &str, token: &str) -> Answer {
    user.send("UNLOCK", target, &[("Lock-Token", &format!("<{token}>"))], "").await
}

dialogues! {
    /// RFC 4918 §9.10, §9.10.1, §7.3, §18.2: what a new lock's answer holds.
    async fn the_answer_says_all_of_the_lock(user: User) {
        user.put("files/f", "text").await;
        let owner = "<D:owner><D:href>mailto:me@example.com</D:href></D:owner>";
        let headers = [("Timeout", "Infinite, Second-100"), ("Depth", "0")];
        let answer = lock(&user, "files/f", "exclusive", owner, &headers).await.expect(200);
        expect_uncached(&answer);
        let locks = granted(&answer);
        assert_eq!(locks.len(), 1);
        let it = &locks[0];
        assert!(it.child("DAV:", "lockscope").unwrap().child("DAV:", "exclusive").is_some());
        assert!(it.child("DAV:", "locktype").unwrap().child("DAV:", "write").is_some());
        assert_eq!(text(it, &["depth"]), "0");
        assert_eq!(text(it, &["owner", "href"]), "mailto:me@example.com");
        assert!(seconds(it) > 0);
        assert_eq!(text(it, &["lockroot", "href"]), user.path("files/f"));
        let token = text(it, &["locktoken", "href"]);
        assert_eq!(answer.header("lock-token"), Some(format!("<{token}>").as_str()));
        assert_eq!(active(&user, "files/f").await.len(), 1);
    }

    /// RFC 4918 §6.7, §6.8, §15.8: both properties on what is not locked.
    async fn an_unlocked_file_can_be_locked_and_is_not(user: User) {
        user.put("files/f", "text").await;
        assert!(active(&user, "files/f").await.is_empty());
        let found = user.propfind("files/f", "0", "<D:supportedlock/>").await;
        assert_eq!(found.only().prop("supportedlock").elements().count(), 2);
    }

    /// RFC 4918 §7.3, §9.10.4: a free name becomes an empty file that is locked, listed, readable,
    /// no collection, and stays when the lock goes.
    async fn a_free_name_becomes_an_empty_file(user: User) {
        let answer = user.send("LOCK", "files/new", &[("Depth", "0")], LOCKINFO).await.expect(201);
        assert_eq!(granted(&answer).len(), 1);
        let token = answer.header("lock-token").unwrap().trim_matches(['<', '>']).to_owned();
        let got = user.get("files/new").await.expect(200);
        assert_eq!((got.body.len(), got.header("content-length")), (0, Some("0")));
        let found = user.propfind("files/new", "0", "<D:resourcetype/><D:lockdiscovery/><D:supportedlock/>").await;
        assert!(found.only().prop("resourcetype").children.is_empty());
        assert_eq!(found.only().prop("lockdiscovery").elements().count(), 1);
        assert_eq!(found.only().prop("supportedlock").elements().count(), 2);
        let shown = format!("(<{token}>)");
        for headers in [vec![], vec![("If", shown.as_str())]] {
            user.send("MKCOL", "files/new", &headers, "").await.expect(405);
        }
        unlock(&user, "files/new", &token).await.expect(204);
        let found = user.propfind("files/", "1", "<D:resourcetype/>").await;
        assert!(found.of(&user.path("files/new")).prop("resourcetype").children.is_empty());
    }

    /// RFC 4918 §9.10.6: no parent is made.
    async fn a_missing_parent_is_409_and_is_not_made(user: User) {
        user.send("LOCK", "files/no/f", &[], LOCKINFO).await.expect(409);
        user.get("files/no/").await.expect(404);
        user.send("LOCK", "calendars/no/f.ics", &[], LOCKINFO).await.expect(409);
    }

    /// An empty object is no calendar object and no card, so a free name cannot be locked there.
    async fn a_free_name_in_a_calendar_is_refused(user: User) {
        user.mkcol("calendars/one").await;
        user.mkcol("addressbooks/one").await;
        for target in ["calendars/one/a.ics", "addressbooks/one/a.vcf"] {
            user.send("LOCK", target, &[("Depth", "0")], LOCKINFO).await.expect(403);
            user.get(target).await.expect(404);
        }
    }

    /// RFC 4918 §7.5, §16: a locked file takes changes only with its token; §11.3: the answer
    /// names the lock.
    async fn a_locked_file_needs_its_token(user: User) {
        user.put("files/f", "text").await;
        let token = user.lock("files/f", "0").await;
        let patch = document("D:propertyupdate", "<D:remove><D:prop><D:displayname/></D:prop></D:remove>");
        let to = user.path("files/g");
        for (method, headers, body) in [
            ("PUT", vec![], "new"),
            ("PROPPATCH", vec![], patch.as_str()),
            ("DELETE", vec![], ""),
            ("MOVE", vec![("Destination", to.as_str())], ""),
        ] {
            let answer = user.send(method, "files/f", &headers, body).await;
            let condition = answer.expect_condition(423, "lock-token-submitted");
            assert_eq!(condition.child("DAV:", "href").unwrap().text(), user.path("files/f"), "{method}");
        }
        assert_eq!(user.get("files/f").await.expect(200).text(), "text");
        let shown = format!("(<{token}>)");
        user.send("PUT", "files/f", &[("If", &shown)], "new").await.expect(204);
        user.send("PROPPATCH", "files/f", &[("If", &shown)], &patch).await.expect(207);
        user.send("DELETE", "files/f", &[("If", &shown)], "").await.expect(204);
    }

    /// RFC 4918 §6.1, §9.10.5: which locks go together.
    async fn exclusive_meets_none_and_shared_meets_shared(owner: User, other: User) {
        grant(&owner, "files", &other, read_write()).await;
        for (n, (first, second, status)) in [
            ("exclusive", "exclusive", 423),
            ("exclusive", "shared", 423),
            ("shared", "exclusive", 423),
            ("shared", "shared", 200),
        ].into_iter().enumerate() {
            let target = owner.path(&format!("files/f{n}"));
            owner.put(&target, "text").await;
            let one = lock(&owner, &target, first, "", &[("Depth", "0")]).await.expect(200);
            let two = lock(&other, &target, second, "", &[("Depth", "0")]).await;
            assert_eq!(two.status, status, "{first} {second}: {two}");
            if status == 423 {
                two.expect_condition(423, "no-conflicting-lock");
                assert_eq!(active(&owner, &target).await.len(), 1);
            } else {
                assert_ne!(one.header("lock-token"), two.header("lock-token"));
                assert_eq!(active(&owner, &target).await.len(), 2);
            }
        }
        // The holder conflicts with himself, too.
        lock(&owner, &owner.path("files/f0"), "exclusive", "", &[]).await.expect(423);
    }

    /// RFC 4918 §6.2, §7.4: the token of any one of the shared locks is enough for its holder.
    async fn one_shared_token_is_enough(owner: User, other: User) {
        grant(&owner, "files", &other, read_write()).await;
        let f = owner.path("files/f");
        owner.put(&f, "text").await;
        let one = lock(&owner, &f, "shared", "", &[("Depth", "0")]).await.expect(200);
        lock(&other, &f, "shared", "", &[("Depth", "0")]).await.expect(200);
        owner.send("PUT", &f, &[], "x").await.expect(423);
        let shown = format!("({})", one.header("lock-token").unwrap());
        owner.send("PUT", &f, &[("If", &shown)], "x").await.expect(204);
    }

    /// RFC 4918 §6.4: a token helps only who made the lock, and gives no right.
    async fn a_token_is_its_makers_own(owner: User, other: User, reader: User) {
        grant(&owner, "files", &other, read_write()).await;
        grant(&owner, "files", &reader, Privileges::READ).await;
        let f = owner.path("files/f");
        owner.put(&f, "text").await;
        let token = owner.lock(&f, "0").await;
        let shown = [("If", format!("(<{token}>)"))];
        let shown: Vec<_> = shown.iter().map(|(n, v)| (*n, v.as_str())).collect();
        other.send("PUT", &f, &shown, "x").await.expect(423);
        let answer = reader.send("PUT", &f, &shown, "x").await;
        answer.expect_condition(403, "need-privileges");
        unlock(&other, &f, &token).await.expect(403);
        unlock(&reader, &f, &token).await.expect(403);
        assert_eq!(owner.get(&f).await.text(), "text");
        assert_eq!(active(&owner, &f).await.len(), 1);
        // §20.4: others see the lock, and not what proves who holds it.
        let seen = active(&reader, &f).await;
        assert!(seen[0].child("DAV:", "locktoken").is_none() && seen[0].child("DAV:", "owner").is_some());
        assert!(!reader.propfind(&f, "0", "<D:lockdiscovery/>").await.root.text().contains(&token));
    }

    /// RFC 4918 §6.5, appendix C: no token is given twice.
    async fn no_token_is_given_twice(user: User) {
        user.put("files/f", "text").await;
        let mut seen = std::collections::HashSet::new();
        for _ in 0..50 {
            let token = user.lock("files/f", "0").await;
            assert!(token.starts_with("urn:uuid:") && token.len() == 45, "{token}");
            unlock(&user, "files/f", &token).await.expect(204);
            assert!(seen.insert(token));
        }
    }

    /// RFC 4918 §6.6, §7.7, §9.10.2: only a refresh starts the timer afresh; its answer has the
    /// lock and no Lock-Token; Depth is ignored.
    async fn a_refresh_starts_the_timer_afresh(user: User) {
        user.mkcol("files/c").await;
        let headers = [("Depth", "0"), ("Timeout", "Second-60")];
        let answer = user.send("LOCK", "files/c/", &headers, LOCKINFO).await.expect(200);
        let token = answer.header("lock-token").unwrap().to_owned();
        assert_eq!(seconds(&granted(&answer)[0]), 60);
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        let shown = format!("({token})");
        user.send("PUT", "files/c/f", &[("If", &format!("<{}> {shown}", user.path("files/c/")))], "x").await.expect(201);
        assert!(seconds(&active(&user, "files/c/").await[0]) < 60);
        let headers = [("If", shown.as_str()), ("Timeout", "Second-60"), ("Depth", "infinity")];
        let answer = user.send("LOCK", "files/c/", &headers, "").await.expect(200);
        let again = granted(&answer);
        assert_eq!((again.len(), seconds(&again[0])), (1, 60));
        assert_eq!(text(&again[0], &["depth"]), "0");
        assert_eq!(answer.header("lock-token"), None);
        assert!(seconds(&active(&user, "files/c/").await[0]) >= 59);
    }

    /// RFC 4918 §7.7: without a body there is no new lock; §12.1: and no 412 without a condition.
    async fn without_a_body_there_is_no_new_lock(user: User) {
        user.put("files/f", "text").await;
        user.send("LOCK", "files/f", &[], "").await.expect(400);
        user.send("LOCK", "files/f", &[("If", "(<urn:uuid:no>)")], "").await.expect(412);
        user.send("LOCK", "files/f", &[("If", "(Not <urn:uuid:no>)")], "").await.expect(412);
        assert!(active(&user, "files/f").await.is_empty());
        user.send("LOCK", "files/new", &[], "").await.expect(400);
        user.get("files/new").await.expect(404);
    }

    /// RFC 4918 §6.6: a lock whose time has run out is gone.
    async fn a_lock_ends_with_its_time(user: User) {
        user.put("files/f", "text").await;
        user.send("LOCK", "files/f", &[("Timeout", "Second-1")], LOCKINFO).await.expect(200);
        user.send("PUT", "files/f", &[], "x").await.expect(423);
        tokio::time::sleep(Duration::from_millis(2_100)).await;
        assert!(active(&user, "files/f").await.is_empty());
        user.send("PUT", "files/f", &[], "x").await.expect(204);
    }

    /// RFC 4918 §10.7, §18.2: the time is at most what was asked for, and never too large.
    async fn the_time_is_bounded(user: User) {
        user.put("files/f", "text").await;
        let longest = davenport::kernel::limits::LOCK_SECONDS_MAX;
        let usual = davenport::kernel::limits::LOCK_SECONDS_DEFAULT;
        for (wish, time) in [
            (Some("Second-100"), 100),
            (Some("Second-99999999999999999999"), longest),
            (Some("Infinite"), longest),
            (Some("Second-0"), 1),
            (Some("Soon, Second-7"), 7),
            (Some("nonsense"), usual),
            (None, usual),
        ] {
            let headers: Vec<_> = wish.map(|w| ("Timeout", w)).into_iter().collect();
            let answer = user.send("LOCK", "files/f", &headers, LOCKINFO).await.expect(200);
            assert_eq!(seconds(&granted(&answer)[0]), time, "{wish:?}");
            let token = answer.header("lock-token").unwrap().trim_matches(['<', '>']).to_owned();
            unlock(&user, "files/f", &token).await.expect(204);
        }
    }

    /// RFC 4918 §9.10.1, §14.17: the owner element is kept as a dead property is.
    async fn the_owner_is_kept_as_it_was(user: User) {
        user.put("files/f", "text").await;
        let owner = "<D:owner xml:lang=\"de\"> Ich <h:name xmlns:h=\"urn:h\" h:at=\"1\">A &amp; B<h:e/></h:name>\
            <D:href>http://example.com/</D:href> </D:owner>";
        lock(&user, "files/f", "exclusive", owner, &[]).await.expect(200);
        let sent = format!("<w xmlns:D=\"DAV:\">{owner}</w>");
        let sent = davenport::format::xml::parse(sent.as_bytes()).unwrap();
        let kept = active(&user, "files/f").await;
        assert_eq!(kept[0].child("DAV:", "owner"), sent.elements().next());
        user.put("files/g", "text").await;
        lock(&user, "files/g", "exclusive", "", &[]).await.expect(200);
        assert!(active(&user, "files/g").await[0].child("DAV:", "owner").is_none());
    }

    /// RFC 4918 §10.2, §9.10.3: Depth infinity on a file is as good as 0; 1 is never allowed.
    async fn depth_of_a_lock_on_a_file(user: User) {
        user.put("files/f", "text").await;
        user.send("LOCK", "files/f", &[("Depth", "1")], LOCKINFO).await.expect(400);
        let token = user.lock("files/f", "infinity").await;
        user.send("PUT", "files/f", &[("If", &format!("(<{token}>)"))], "x").await.expect(204);
    }

    /// RFC 4918 §9.11, §10.5: UNLOCK wants the token of a lock that covers the resource.
    async fn unlock_wants_the_right_token(user: User) {
        user.put("files/f", "text").await;
        user.put("files/g", "text").await;
        let token = user.lock("files/f", "0").await;
        user.send("UNLOCK", "files/f", &[], "").await.expect(400);
        let answer = unlock(&user, "files/g", &token).await;
        answer.expect_condition(409, "lock-token-matches-request-uri");
        let answer = unlock(&user, "files/f", "urn:uuid:00000000-0000-0000-0000-000000000000").await;
        answer.expect_condition(409, "lock-token-matches-request-uri");
        assert_eq!(active(&user, "files/f").await.len(), 1);
        let answer = unlock(&user, "files/f", &token).await.expect(204);
        expect_uncached(&answer);
        assert!(active(&user, "files/f").await.is_empty());
        unlock(&user, "files/f", &token).await.expect(409);
    }

    /// RFC 4918 §7.6: a lock neither goes along nor is copied.
    async fn a_lock_stays_behind(user: User) {
        user.put("files/f", "text").await;
        let token = user.lock("files/f", "0").await;
        let copy = user.path("files/copy");
        user.send("COPY", "files/f", &[("Destination", &copy)], "").await.expect(201);
        assert!(active(&user, "files/copy").await.is_empty());
        let headers = [("Destination", user.path("files/m")), ("If", format!("(<{token}>)"))];
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        user.send("MOVE", "files/f", &headers, "").await.expect(201);
        assert!(active(&user, "files/m").await.is_empty());
        user.send("LOCK", "files/f", &[("Depth", "0")], LOCKINFO).await.expect(201);
    }

    /// RFC 4918 §17: what is unknown in a lockinfo counts as absent; what is missing is a 400.
    async fn lockinfo_is_read_as_it_should(user: User) {
        user.put("files/f", "text").await;
        let good = "<x:y xmlns:x=\"urn:x\"/><D:lockscope x=\"1\"><x:z xmlns:x=\"urn:x\"/><D:shared/></D:lockscope>\
            <D:locktype><D:write/></D:locktype>";
        user.send("LOCK", "files/f", &[], document("D:lockinfo", good)).await.expect(200);
        for bad in [
            "",
            "<D:lockscope><D:exclusive/></D:lockscope>",
            "<D:lockscope/><D:locktype><D:write/></D:locktype>",
            "<D:lockscope><D:exclusive/><D:shared/></D:lockscope><D:locktype><D:write/></D:locktype>",
            "<D:lockscope><D:shared/></D:lockscope><D:locktype><D:read/></D:locktype>",
        ] {
            user.send("LOCK", "files/f", &[], document("D:lockinfo", bad)).await.expect(400);
        }
    }
}
