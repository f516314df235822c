//! Conditional headers of DAV: `If` (RFC 4918 §10.4), and HTTP's on methods that write (§12.1).

use crate::support::dav::{dialogues, document};

dialogues! {
    /// RFC 4918 §10.4.3, §10.4.4: a table of headers, on PUT, GET and PROPFIND.
    async fn the_rules_of_evaluation(user: User) {
        user.mkcol("files/c").await;
        let etag = user.put("files/c/f", "text").await;
        user.put("files/c/free", "text").await;
        let token = user.lock("files/c/f", "0").await;
        let f = user.path("files/c/f");
        let free = user.path("files/c/free");
        let url = user.url(&f);
        for (header, holds) in [
            (format!("(<{token}>)"), true),
            (format!("([{etag}])"), true),
            (format!("([W/{etag}])"), true),
            ("([\"no such\"])".to_owned(), false),
            ("(<urn:uuid:no>)".to_owned(), false),
            ("(<DAV:no-lock>)".to_owned(), false),
            ("(Not <DAV:no-lock>)".to_owned(), true),
            (format!("(<{token}> [{etag}])"), true),
            (format!("(<{token}> [\"no\"])"), false),
            (format!("(<{token}> Not [\"no\"])"), true),
            (format!("(Not <{token}>)"), false),
            ("(<urn:uuid:no>) (Not <urn:uuid:no>)".to_owned(), true),
            (format!("([\"no\"]) (<{token}>)"), true),
            (format!("<{f}> (<{token}>)"), true),
            (format!("<{url}> (<{token}>)"), true),
            (format!("<{free}> (<{token}>)"), false),
            (format!("<{free}> (Not <{token}>)"), true),
            (format!("<{free}> (<{token}>) <{f}> (<{token}>)"), true),
            (format!("<http://other.example/x> (<{token}>)"), false),
            ("<http://other.example/x> (Not <urn:uuid:no>)".to_owned(), true),
            ("<relative> (Not <urn:uuid:no>)".to_owned(), true),
        ] {
            // A change needs the token as well, so it is shown in a list that never holds.
            let with_token = match header.starts_with('(') {
                true => format!("{header} (<{token}> <urn:uuid:never>)"),
                false => format!("{header} <{f}> (<{token}> <urn:uuid:never>)"),
            };
            let expected = |good: u16| if holds { good } else { 412 };
            let put = user.send("PUT", "files/c/f", &[("If", &with_token)], "text").await;
            assert_eq!(put.status, expected(204), "PUT {with_token}: {put}");
            let get = user.send("GET", "files/c/f", &[("If", &header)], "").await;
            assert_eq!(get.status, expected(200), "GET {header}: {get}");
            let find = [("If", header.as_str()), ("Depth", "0")];
            let find = user.send("PROPFIND", "files/c/f", &find, "").await;
            assert_eq!(find.status, expected(207), "PROPFIND {header}: {find}");
        }
    }

    /// RFC 4918 §10.4.2: what does not follow the grammar is a 400, and changes nothing.
    async fn a_header_that_cannot_be_read_is_400(user: User) {
        user.put("files/f", "text").await;
        for bad in ["", "()", "(<urn:x>", "<a> <b> (<c:>)", "(<urn:x>) </a> (<urn:x>)", "urn:x", "(Not)"] {
            user.send("PUT", "files/f", &[("If", bad)], "new").await.expect(400);
        }
        assert_eq!(user.get("files/f").await.text(), "text");
    }

    /// RFC 4918 §10.4.1: a failed `If` is 412 for every method, and changes nothing.
    async fn a_failed_if_is_412_for_every_method(user: User) {
        user.put("files/f", "text").await;
        let token = user.lock("files/f", "0").await;
        let to = user.path("files/g");
        let patch = document("D:propertyupdate", "<D:remove><D:prop><D:displayname/></D:prop></D:remove>");
        let unlock = format!("<{token}>");
        for (method, target, more, body) in [
            ("PUT", "files/f", vec![], "new"),
            ("DELETE", "files/f", vec![], ""),
            ("PROPPATCH", "files/f", vec![], patch.as_str()),
            ("COPY", "files/f", vec![("Destination", to.as_str())], ""),
            ("MOVE", "files/f", vec![("Destination", to.as_str())], ""),
            ("MKCOL", "files/c", vec![], ""),
            ("LOCK", "files/new", vec![], crate::support::dav::LOCKINFO),
            ("LOCK", "files/f", vec![], ""),
            ("UNLOCK", "files/f", vec![("Lock-Token", unlock.as_str())], ""),
            ("GET", "files/f", vec![], ""),
        ] {
            let mut headers = vec![("If", "([\"no such\"])")];
            headers.extend(more);
            let answer = user.send(method, target, &headers, body).await;
            assert_eq!(answer.status, 412, "{method} {target}: {answer}");
        }
        let all = crate::dav::everything_below(&user, &user.path("files/")).await;
        assert_eq!(all, [user.path("files/f")]);
        assert_eq!(crate::dav::lock::active(&user, "files/f").await.len(), 1);
    }

    /// RFC 4918 §12.1, RFC 9110 §13: HTTP's conditions on methods that write.
    async fn conditions_on_a_write(user: User) {
        let (past, future) = ("Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT");
        let to = user.path("files/g");
        let patch = document("D:propertyupdate", "<D:remove><D:prop><D:displayname/></D:prop></D:remove>");
        let etag = user.put("files/f", "text").await;
        let (weak, bare) = (format!("W/{etag}"), etag.trim_matches('"').to_owned());
        let list = format!("\"a\", {etag}");
        for (name, value, holds) in [
            ("If-Match", etag.as_str(), true),
            ("If-Match", "*", true),
            ("If-Match", &list, true),
            // What clients and proxies make of a tag (§4 of the clients' list).
            ("If-Match", &weak, true),
            ("If-Match", &bare, true),
            ("If-Match", "\"no\"", false),
            ("If-None-Match", "*", false),
            ("If-None-Match", &etag, false),
            ("If-None-Match", "\"no\"", true),
            ("If-Unmodified-Since", future, true),
            ("If-Unmodified-Since", past, false),
            ("If-Unmodified-Since", "nonsense", true),
        ] {
            for (method, more, body, good) in [
                ("PUT", vec![], "text", 204),
                ("PROPPATCH", vec![], patch.as_str(), 207),
                ("COPY", vec![("Destination", to.as_str())], "", 201),
                ("DELETE", vec![], "", 204),
            ] {
                let mut headers = vec![(name, value)];
                headers.extend(more);
                let answer = user.send(method, "files/f", &headers, body).await;
                let expected = if holds { good } else { 412 };
                assert_eq!(answer.status, expected, "{method} {name}: {value}: {answer}");
                if method == "COPY" && holds {
                    user.delete("files/g").await.expect(204);
                }
            }
            user.put("files/f", "text").await;
        }
    }

    /// RFC 9110 §13.1: If-Match on what is not there fails, If-None-Match: * holds.
    async fn conditions_on_what_is_not_there(user: User) {
        user.send("PUT", "files/f", &[("If-Match", "*")], "x").await.expect(412);
        user.send("PUT", "files/f", &[("If-Match", "\"x\"")], "x").await.expect(412);
        user.get("files/f").await.expect(404);
        user.send("PUT", "files/f", &[("If-None-Match", "*")], "x").await.expect(201);
        user.send("PUT", "files/f", &[("If-None-Match", "*")], "y").await.expect(412);
        assert_eq!(user.get("files/f").await.text(), "x");
    }
}
