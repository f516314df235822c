//! DELETE (RFC 4918 §9.6).

use super::{everything_below, grant, read_write, tokens};
use crate::support::dav::dialogues;

dialogues! {
    /// RFC 4918 §9.6: what is deleted is gone for every method, and from its parent.
    async fn a_deleted_file_is_gone(user: User) {
        user.put("files/f", "text").await;
        user.delete("files/f").await.expect(204);
        for method in ["GET", "HEAD", "PROPFIND"] {
            user.send(method, "files/f", &[("Depth", "0")], "").await.expect(404);
        }
        let found = user.propfind("files/", "1", "<D:getetag/>").await;
        assert_eq!(found.hrefs(), [user.path("files/")]);
        user.delete("files/f").await.expect(404);
    }

    /// RFC 4918 §9.6.1: a collection goes with everything below it; Depth is infinity.
    async fn a_collection_goes_whole(user: User) {
        for inside in ["files/c", "files/c/d"] {
            user.mkcol(inside).await;
        }
        user.put("files/c/f", "1").await;
        user.put("files/c/d/f", "2").await;
        for depth in ["0", "1"] {
            user.send("DELETE", "files/c/", &[("Depth", depth)], "").await.expect(400);
        }
        user.delete("files/c/").await.expect(204);
        for gone in ["files/c/", "files/c/d/", "files/c/f", "files/c/d/f"] {
            user.send("PROPFIND", gone, &[("Depth", "0")], "").await.expect(404);
        }
        user.mkcol("files/c").await;
        assert_eq!(everything_below(&user, &user.path("files/")).await, [user.path("files/c/")]);
    }

    /// RFC 4918 §10.2: Depth on a file means nothing.
    async fn depth_on_a_file_is_ignored(user: User) {
        for depth in ["0", "1", "infinity"] {
            user.put("files/f", "text").await;
            user.send("DELETE", "files/f", &[("Depth", depth)], "").await.expect(204);
        }
    }

    /// RFC 4918 §9.6.1: a locked member stops everything; the answer is a multistatus with that
    /// member alone, neither 424 nor 204; nothing is an orphan.
    async fn a_locked_member_stops_all(owner: User, other: User) {
        grant(&owner, "files", &other, read_write()).await;
        owner.mkcol("files/c").await;
        owner.mkcol("files/c/d").await;
        owner.put("files/c/d/f", "1").await;
        owner.put("files/c/g", "2").await;
        let f = owner.path("files/c/d/f");
        other.lock(&f, "0").await;
        let answer = owner.delete("files/c/").await.expect(207);
        let found = answer.multistatus();
        assert_eq!(found.hrefs(), [f.as_str()]);
        assert_eq!(found.only().status, Some(423));
        assert!(found.only().has_condition("lock-token-submitted"));
        let below = everything_below(&owner, &owner.path("files/")).await;
        let expected = ["files/c/", "files/c/d/", "files/c/d/f", "files/c/g"];
        assert_eq!(below, expected.map(|p| owner.path(p)));
    }

    /// RFC 4918 §9.6.1: headers count for each resource: the member's token lets it all go.
    async fn the_token_of_a_member_lets_it_go(user: User) {
        user.mkcol("files/c").await;
        user.put("files/c/f", "1").await;
        let token = user.lock("files/c/f", "0").await;
        user.delete("files/c/").await.expect(207);
        let shown = tokens(&[(&user.path("files/c/f"), &token)]);
        user.send("DELETE", "files/c/", &[("If", &shown)], "").await.expect(204);
    }

    /// RFC 4918 §6.1, §9.6: the lock goes with its root.
    async fn the_lock_goes_with_its_root(owner: User, other: User) {
        grant(&owner, "files", &other, read_write()).await;
        owner.put("files/f", "1").await;
        let token = owner.lock("files/f", "0").await;
        let f = owner.path("files/f");
        other.delete(&f).await.expect(423);
        owner.send("DELETE", "files/f", &[("If", &format!("(<{token}>)"))], "").await.expect(204);
        owner.put("files/f", "2").await;
        other.lock(&f, "0").await;
    }

    /// A home stays.
    async fn a_home_cannot_be_deleted(user: User) {
        for home in ["files/", "calendars/", "addressbooks/"] {
            let answer = user.delete(home).await;
            assert!(answer.status.is_client_error(), "{answer}");
            user.propfind(home, "0", "<D:resourcetype/>").await;
        }
    }
}
