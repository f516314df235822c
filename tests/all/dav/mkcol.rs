//! MKCOL (RFC 4918 §9.3).

use crate::support::dav::dialogues;

dialogues! {
    /// RFC 4918 §9.3: made empty, a member of its parent, 201, not cached, no redirect (§12).
    async fn a_collection_is_made(user: User) {
        user.mkcol("files/c").await;
        for target in ["files/c/d/", "files/c/e"] {
            let answer = user.send("MKCOL", target, &[], "").await.expect(201);
            crate::dav::expect_uncached(&answer);
        }
        let found = user.propfind("files/c/", "1", "<D:resourcetype/>").await;
        let expected = ["files/c/", "files/c/d/", "files/c/e/"].map(|p| user.path(p));
        let mut hrefs = found.hrefs();
        hrefs.sort_unstable();
        assert_eq!(hrefs, expected);
        let found = user.propfind("files/c/d/", "1", "<D:resourcetype/>").await;
        assert_eq!(found.hrefs(), [user.path("files/c/d/")]);
    }

    /// RFC 4918 §9.3: on what is there already it fails with 405.
    async fn a_taken_name_is_405(user: User) {
        user.mkcol("files/c").await;
        user.put("files/f", "text").await;
        for target in ["files/c", "files/c/", "files/f", "files/f/", "files/"] {
            user.send("MKCOL", target, &[], "").await.expect(405);
        }
        assert_eq!(user.get("files/f").await.expect(200).text(), "text");
    }

    /// RFC 4918 §9.3, §9.3.1: a missing parent is 409, and is not made.
    async fn a_missing_parent_is_409_and_is_not_made(user: User) {
        user.send("MKCOL", "files/no/d/", &[], "").await.expect(409);
        user.send("PROPFIND", "files/no/", &[("Depth", "0")], "").await.expect(404);
        user.put("files/f", "text").await;
        user.send("MKCOL", "files/f/d/", &[], "").await.expect(409);
    }

    /// RFC 4918 §9.3: a body that is not understood is 415.
    async fn a_body_that_is_not_understood_is_415(user: User) {
        for (kind, body) in [("text/plain", "x"), ("application/xml", "<unknown/>")] {
            user.send("MKCOL", "files/c/", &[("Content-Type", kind)], body).await.expect(415);
        }
        user.send("PROPFIND", "files/c/", &[("Depth", "0")], "").await.expect(404);
    }
}
