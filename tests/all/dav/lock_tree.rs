//! Locks on collections (RFC 4918 §6.1, §7.4, §7.5, §7.6, §9.10.3).

use super::lock::{active, granted, text};
use super::{grant, read_write, tokens};
use crate::support::dav::{LOCKINFO, User, dialogues};

async fn collection(user: &User) {
    user.mkcol("files/c").await;
    user.mkcol("files/c/d").await;
    user.put("files/c/f", "text").await;
    user.put("files/c/d/g", "text").await;
}

dialogues! {
    /// RFC 4918 §9.10.3: one token for the whole tree, shown at each member with its root
    /// (§14.12); without Depth it is infinity; UNLOCK at a member frees all (§9.11).
    async fn one_token_for_the_whole_tree(user: User) {
        collection(&user).await;
        let answer = user.send("LOCK", "files/c", &[], LOCKINFO).await.expect(200);
        assert_eq!(text(&granted(&answer)[0], &["depth"]), "infinity");
        assert_eq!(text(&granted(&answer)[0], &["lockroot", "href"]), user.path("files/c/"));
        let token = answer.header("lock-token").unwrap().to_owned();
        let members = ["files/c/", "files/c/d/", "files/c/f", "files/c/d/g"];
        for target in members {
            let locks = active(&user, target).await;
            assert_eq!(locks.len(), 1, "{target}");
            assert_eq!(format!("<{}>", text(&locks[0], &["locktoken", "href"])), token);
            assert_eq!(text(&locks[0], &["lockroot", "href"]), user.path("files/c/"), "{target}");
        }
        let listed = user.propfind("files/c/", "1", "<D:lockdiscovery/>").await;
        for response in &listed.responses {
            let lock = response.prop("lockdiscovery").elements().next().unwrap().clone();
            assert_eq!(text(&lock, &["lockroot", "href"]), user.path("files/c/"), "{}", response.href);
        }
        user.send("UNLOCK", "files/c/d/g", &[("Lock-Token", &token)], "").await.expect(204);
        for target in members {
            assert!(active(&user, target).await.is_empty(), "{target}");
        }
    }

    /// RFC 4918 §9.10.3: Depth 0 and infinity, and nothing else.
    async fn depth_0_locks_the_collection_alone(user: User) {
        collection(&user).await;
        user.send("LOCK", "files/c/", &[("Depth", "1")], LOCKINFO).await.expect(400);
        let token = user.lock("files/c/", "0").await;
        assert_eq!(text(&active(&user, "files/c/").await[0], &["depth"]), "0");
        assert!(active(&user, "files/c/f").await.is_empty());
        // A member's content is free, the names in the collection are not (§7.4).
        user.put("files/c/f", "new").await;
        user.send("PUT", "files/c/new", &[], "x").await.expect(423);
        user.send("MKCOL", "files/c/new/", &[], "").await.expect(423);
        user.delete("files/c/f").await.expect(423);
        let shown = tokens(&[(&user.path("files/c/"), &token)]);
        user.send("PUT", "files/c/new", &[("If", &shown)], "x").await.expect(201);
        user.send("DELETE", "files/c/f", &[("If", &shown)], "").await.expect(204);
    }

    /// RFC 4918 §6.1, §7.4: whatever is below, and whatever comes there, is locked.
    async fn everything_below_and_to_come_is_locked(user: User) {
        collection(&user).await;
        user.put("files/x", "text").await;
        let token = user.lock("files/c/", "infinity").await;
        let shown = tokens(&[(&user.path("files/c/"), &token)]);
        for target in ["files/c/f", "files/c/d/g", "files/c/new", "files/c/d/new"] {
            user.send("PUT", target, &[], "x").await.expect(423);
        }
        user.send("LOCK", "files/c/d/g", &[("Depth", "0")], LOCKINFO).await.expect(423);
        user.send("PUT", "files/c/new", &[("If", &shown)], "x").await.expect(201);
        user.send("PUT", "files/c/new", &[], "y").await.expect(423);
        let to = user.path("files/c/x");
        user.send("MOVE", "files/x", &[("Destination", &to)], "").await.expect(423);
        user.send("MOVE", "files/x", &[("Destination", &to), ("If", &shown)], "").await.expect(201);
        user.delete("files/c/x").await.expect(423);
        assert_eq!(active(&user, "files/c/x").await.len(), 1);
    }

    /// RFC 4918 §9.10.4, §6.1: a new name inside a locked tree cannot be locked again, and the
    /// failure leaves no file behind.
    async fn a_failed_lock_makes_no_file(user: User) {
        user.mkcol("files/c").await;
        let token = user.lock("files/c/", "infinity").await;
        let shown = tokens(&[(&user.path("files/c/"), &token)]);
        for headers in [vec![], vec![("If", shown.as_str())]] {
            user.send("LOCK", "files/c/new", &headers, LOCKINFO).await.expect(423);
            user.get("files/c/new").await.expect(404);
        }
    }

    /// RFC 4918 §6.1: what leaves the tree is no longer locked by it.
    async fn what_leaves_is_free(user: User) {
        collection(&user).await;
        let token = user.lock("files/c/", "infinity").await;
        let shown = tokens(&[(&user.path("files/c/"), &token)]);
        let to = user.path("files/f");
        user.send("MOVE", "files/c/f", &[("Destination", &to), ("If", &shown)], "").await.expect(201);
        user.put("files/f", "new").await;
        assert!(active(&user, "files/f").await.is_empty());
        assert_eq!(active(&user, "files/c/").await.len(), 1);
    }

    /// RFC 4918 §6.1, §7.6: a lock does not travel into a locked tree; the arrival joins that one.
    async fn what_arrives_joins_the_lock(user: User) {
        user.mkcol("files/c").await;
        user.put("files/f", "text").await;
        let own = user.lock("files/f", "0").await;
        let trees = user.lock("files/c/", "infinity").await;
        let shown = tokens(&[(&user.path("files/f"), &own), (&user.path("files/c/"), &trees)]);
        let to = user.path("files/c/f");
        user.send("MOVE", "files/f", &[("Destination", &to), ("If", &shown)], "").await.expect(201);
        let locks = active(&user, "files/c/f").await;
        assert_eq!(locks.len(), 1);
        assert_eq!(text(&locks[0], &["locktoken", "href"]), trees);
    }

    /// RFC 4918 §7.5: each locked resource that changes needs its own token.
    async fn each_locked_resource_needs_its_token(user: User) {
        collection(&user).await;
        let of_file = user.lock("files/c/f", "0").await;
        let of_collection = user.lock("files/c/", "0").await;
        let (f, c) = (user.path("files/c/f"), user.path("files/c/"));
        for shown in [vec![(f.as_str(), of_file.as_str())], vec![(c.as_str(), of_collection.as_str())]] {
            user.send("DELETE", "files/c/f", &[("If", &tokens(&shown))], "").await.expect(423);
        }
        let both = tokens(&[(&f, &of_file), (&c, &of_collection)]);
        user.send("DELETE", "files/c/f", &[("If", &both)], "").await.expect(204);
    }

    /// RFC 4918 §7.4, §9.10.3: a lock that cannot cover the whole tree is not made; the answer is a
    /// multistatus with the obstacle, 423, and the Request-URI, 424.
    async fn a_locked_member_stops_the_lock(owner: User, other: User) {
        grant(&owner, "files", &other, read_write()).await;
        collection(&owner).await;
        let (c, g) = (owner.path("files/c/"), owner.path("files/c/d/g"));
        owner.lock(&g, "0").await;
        let found = other.send("LOCK", &c, &[], LOCKINFO).await.expect(207).multistatus();
        assert_eq!(found.hrefs().len(), 2);
        assert_eq!(found.of(&g).status, Some(423));
        assert!(found.of(&g).has_condition("no-conflicting-lock"));
        assert_eq!(found.of(&c).status, Some(424));
        assert!(active(&other, &c).await.is_empty());
        assert!(active(&other, &owner.path("files/c/f")).await.is_empty());
        // The collection alone is free.
        other.lock(&c, "0").await;
    }

    /// RFC 4918 §9.11: who may not end the lock ends no part of it.
    async fn a_foreign_lock_is_not_ended(owner: User, other: User) {
        grant(&owner, "files", &other, read_write()).await;
        collection(&owner).await;
        let token = owner.lock("files/c/", "infinity").await;
        let headers = [("Lock-Token", format!("<{token}>"))];
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        for target in ["files/c/", "files/c/d/g"] {
            other.send("UNLOCK", &owner.path(target), &headers, "").await.expect(403);
            assert_eq!(active(&owner, target).await.len(), 1);
        }
        let stop = other.send("PUT", &owner.path("files/c/f"), &[], "x").await;
        stop.expect_condition(423, "lock-token-submitted");
    }

    /// RFC 4918 §10.4.10: a list tagged with the collection counts for the collection's lock.
    async fn a_tagged_list_counts_for_its_resource(user: User) {
        collection(&user).await;
        user.put("files/x", "text").await;
        let other = user.lock("files/x", "0").await;
        let own = user.lock("files/c/", "infinity").await;
        let wrong = tokens(&[(&user.path("files/c/"), &other)]);
        user.send("DELETE", "files/c/f", &[("If", &wrong)], "").await.expect(412);
        let right = tokens(&[(&user.url(&user.path("files/c/")), &own)]);
        user.send("DELETE", "files/c/f", &[("If", &right)], "").await.expect(204);
    }
}
