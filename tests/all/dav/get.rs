//! GET and HEAD (RFC 9110 §9.3, §13, §14; RFC 4918 §9.4, §18).

use crate::support::dav::dialogues;

dialogues! {
    /// RFC 9110 §9.3.2: HEAD says what GET says, without the body.
    async fn head_is_get_without_the_body(user: User) {
        user.send("PUT", "files/f", &[("Content-Type", "text/plain")], "some text").await.expect(201);
        user.put("files/empty", "").await;
        user.put("files/large", vec![7; 100_000]).await;
        user.mkcol("files/c").await;
        let principal = user.principal();
        let targets = ["files/f", "files/empty", "files/large", "files/c/", "files/none", &principal, "/"];
        for target in targets {
            for headers in [vec![], vec![("Range", "bytes=0-2")], vec![("If-None-Match", "*")]] {
                let get = user.send("GET", target, &headers, "").await;
                let head = user.send("HEAD", target, &headers, "").await;
                assert_eq!(get.status, head.status, "{target} {headers:?}");
                let said = |answer: &crate::support::dav::Answer| {
                    let mut all = answer.headers.clone();
                    all.remove("date");
                    all
                };
                assert_eq!(said(&get), said(&head), "{target} {headers:?}");
                assert!(head.body.is_empty());
            }
        }
    }

    /// RFC 9110 §13: every conditional header, on a GET.
    async fn conditions_on_a_get(user: User) {
        let etag = user.put("files/f", "text").await;
        let at = user.get("files/f").await.header("last-modified").unwrap().to_owned();
        let (past, future) = ("Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT");
        let weak = format!("W/{etag}");
        for (name, value, status) in [
            ("If-Match", etag.as_str(), 200),
            ("If-Match", "*", 200),
            ("If-Match", "\"x\"", 412),
            ("If-None-Match", &etag, 304),
            ("If-None-Match", &weak, 304),
            ("If-None-Match", "*", 304),
            ("If-None-Match", "\"x\"", 200),
            ("If-Modified-Since", &at, 304),
            ("If-Modified-Since", future, 304),
            ("If-Modified-Since", past, 200),
            ("If-Modified-Since", "yesterday", 200),
            ("If-Unmodified-Since", &at, 200),
            ("If-Unmodified-Since", past, 412),
        ] {
            let answer = user.send("GET", "files/f", &[(name, value)], "").await;
            assert_eq!(answer.status, status, "{name}: {value}");
            if status == 304 {
                assert_eq!(answer.header("etag"), Some(etag.as_str()), "{name}");
            }
        }
        let both = [("If-None-Match", "\"x\""), ("If-Modified-Since", future)];
        user.send("GET", "files/f", &both, "").await.expect(200);
    }

    /// RFC 9110 §14: one range, several, none that fits, and those that are ignored.
    async fn ranges(user: User) {
        let etag = user.put("files/f", "0123456789").await;
        for (range, status, body, said) in [
            ("bytes=0-3", 206, "0123", Some("bytes 0-3/10")),
            ("bytes=8-", 206, "89", Some("bytes 8-9/10")),
            ("bytes=-3", 206, "789", Some("bytes 7-9/10")),
            ("bytes=5-100", 206, "56789", Some("bytes 5-9/10")),
            ("bytes=10-", 416, "416 Range Not Satisfiable\n", Some("bytes */10")),
            ("bytes=4-2", 200, "0123456789", None),
            ("lines=1-2", 200, "0123456789", None),
        ] {
            let answer = user.send("GET", "files/f", &[("Range", range)], "").await;
            assert_eq!((answer.status.as_u16(), answer.text().as_str()), (status, body), "{range}");
            assert_eq!(answer.header("content-range"), said, "{range}");
        }
        let answer = user.send("GET", "files/f", &[("Range", "bytes=0-1,8-9")], "").await.expect(206);
        assert!(answer.header("content-type").unwrap().starts_with("multipart/byteranges"));
        let text = answer.text();
        assert!(text.contains("bytes 0-1/10") && text.contains("bytes 8-9/10"), "{text}");
        for (tag, status) in [(etag.as_str(), 206), ("\"x\"", 200)] {
            let headers = [("Range", "bytes=0-1"), ("If-Range", tag)];
            user.send("GET", "files/f", &headers, "").await.expect(status);
        }
    }

    /// A collection is shown to people, with names made harmless.
    async fn a_collection_is_listed_for_people(user: User) {
        user.put("files/%3Cscript%3E", "x").await;
        let answer = user.get("files/").await.expect(200);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.text().contains("&lt;script") && !answer.text().contains("<script"));
        assert!(answer.header("content-security-policy").is_some());
    }
}
