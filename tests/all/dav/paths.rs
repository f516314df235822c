//! Paths (RFC 3986, RFC 4918 §5, §8.3): one spelling, one resource, and the hostile ones.

use crate::support::dav::dialogues;

dialogues! {
    /// RFC 4918 §5.2: several spellings of one name are one resource, listed in one spelling.
    async fn several_spellings_are_one_resource(user: User) {
        let base = user.path("files/");
        user.put(&format!("{base}a%20b"), "1").await;
        user.send("PUT", &format!("{base}a%20%62"), &[], "2").await.expect(204);
        user.send("PUT", &format!("{base}%61%20b").replace("files", "f%69les"), &[], "3").await.expect(204);
        for _ in 0..2 {
            let found = user.propfind("files/", "1", "<D:getetag/>").await;
            assert_eq!(found.hrefs(), [base.as_str(), &format!("{base}a%20b")]);
        }
        // Members are below the collection's own href, however it was asked for (§8.3).
        let odd = base.replace("files", "%66iles");
        let found = user.propfind(&odd, "1", "<D:getetag/>").await;
        assert!(found.hrefs().iter().all(|href| href.starts_with(&base)), "{:?}", found.hrefs());
        assert_eq!(user.get("files/a%20b").await.text(), "3");
    }

    /// RFC 4918 §5.2: one name, one resource: a file and a collection do not share it.
    async fn a_file_and_a_collection_do_not_share_a_name(user: User) {
        user.put("files/f", "1").await;
        user.send("MKCOL", "files/f", &[], "").await.expect(405);
        user.send("PUT", "files/f", &[], "2").await.expect(204);
        let found = user.propfind("files/", "1", "<D:getetag/>").await;
        assert_eq!(found.hrefs().len(), 2);
    }

    /// RFC 4918 §8.3: encoded slashes, dot segments, empty segments, NUL, broken escapes: 400, and
    /// no way out of the account.
    async fn paths_that_mean_something_else_are_refused(user: User) {
        let base = user.path("files/");
        for bad in [
            "a%2fb", "a%2Fb", "..", "../x", "%2e%2e/x", "%2E%2E%2F", ".", "./x", "a//b", "/a", "a%00", "a%0ab",
            "a%", "a%zz", "%ff", "%c0%af", "a%7f",
        ] {
            for (method, body) in [("PUT", "x"), ("GET", ""), ("PROPFIND", ""), ("MKCOL", ""), ("DELETE", "")] {
                let answer = user.send(method, &format!("{base}{bad}"), &[("Depth", "0")], body).await;
                assert_eq!(answer.status, 400, "{method} {bad}: {answer}");
            }
        }
        assert!(crate::dav::everything_below(&user, &base).await.is_empty());
    }

    /// A name of 255 octets is one, of 256 it is not; depth is bounded too.
    async fn names_have_a_longest_length(user: User) {
        for (unit, most) in [("n", 255), ("ü", 127)] {
            let mut encoded = Vec::new();
            davenport::format::uri::encode_path(&unit.repeat(most), &mut encoded);
            let longest = format!("files/{}", String::from_utf8(encoded).unwrap());
            user.put(&longest, "x").await;
            assert_eq!(user.get(&longest).await.expect(200).text(), "x");
            let mut encoded = Vec::new();
            davenport::format::uri::encode_path(&unit.repeat(most + 1), &mut encoded);
            let longer = format!("files/{}", String::from_utf8(encoded).unwrap());
            for method in ["PUT", "MKCOL"] {
                user.send(method, &longer, &[], "").await.expect(400);
            }
        }
        let deep = format!("files/{}", "a/".repeat(davenport::kernel::limits::PATH_DEPTH_MAX + 1));
        user.send("MKCOL", &deep, &[], "").await.expect(400);
    }

    /// What looks alike to people need not be the same name: the octets of a name are kept, so what
    /// macOS writes decomposed it finds decomposed.
    async fn names_are_kept_as_they_are_written(user: User) {
        let (composed, decomposed) = ("files/%C3%A9", "files/e%CC%81");
        user.put(composed, "composed").await;
        user.put(decomposed, "decomposed").await;
        assert_eq!(user.get(composed).await.text(), "composed");
        assert_eq!(user.get(decomposed).await.text(), "decomposed");
        user.put("files/CASE", "upper").await;
        user.get("files/case").await.expect(404);
        let hrefs = crate::dav::everything_below(&user, &user.path("files/")).await;
        assert_eq!(hrefs, ["files/%C3%A9", "files/CASE", "files/e%CC%81"].map(|p| user.path(p)));
    }

    /// Names that mean something elsewhere mean nothing here.
    async fn odd_names_are_names(user: User) {
        for name in ["...", "a:b", "a%5Cb", "%3Cx%3E", "%22q%22", "%27", "con", ".hidden", "a%2525", "%20", "%25"] {
            let target = format!("files/{name}");
            user.put(&target, name).await;
            assert_eq!(user.get(&target).await.expect(200).text(), name);
            let found = user.propfind(&target, "0", "<D:getetag/>").await;
            assert_eq!(user.get(&found.only().href.clone()).await.expect(200).text(), name);
            user.delete(&target).await.expect(204);
        }
    }

    /// Outside of the tree there is nothing.
    async fn outside_of_the_tree_there_is_nothing(user: User) {
        for path in ["/metrics", "/dav/x", "/dav/principals/x/y", "/etc/passwd"] {
            for method in ["GET", "PROPFIND"] {
                user.send(method, path, &[("Depth", "0")], "").await.expect(404);
            }
            let put = user.send("PUT", path, &[], "x").await;
            assert!(put.status.is_client_error(), "{path}: {put}");
        }
    }
}
