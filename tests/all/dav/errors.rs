//! What errors say and which comes first (RFC 4918 §8.1, §8.4, §8.5, §14.5, §16).

use super::grant;
use crate::support::dav::{LOCKINFO, dialogues, document};
use davenport::kernel::privilege::Privileges;

dialogues! {
    /// RFC 4918 §8.4: a body that nobody expects is 415 and nothing is done, also in chunks; the
    /// connection goes on.
    async fn a_body_that_nobody_expects_is_415(user: User) {
        user.put("files/f", "text").await;
        let token = user.lock("files/f", "0").await;
        let (to, shown, header) = (user.path("files/g"), format!("(<{token}>)"), format!("<{token}>"));
        for (method, more) in [
            ("DELETE", vec![("If", shown.as_str())]),
            ("COPY", vec![("Destination", to.as_str())]),
            ("MOVE", vec![("Destination", to.as_str()), ("If", &shown)]),
            ("UNLOCK", vec![("Lock-Token", header.as_str())]),
            ("GET", vec![]),
        ] {
            let answer = user.send(method, "files/f", &more, "a body").await;
            assert_eq!(answer.status, 415, "{method}: {answer}");
            let mut chunked = vec![("Transfer-Encoding", "chunked")];
            chunked.extend(more.iter().copied());
            user.send(method, "files/f", &chunked, "3\r\nabc\r\n0\r\n\r\n").await.expect(415);
        }
        let all = crate::dav::everything_below(&user, &user.path("files/")).await;
        assert_eq!(all, [user.path("files/f")]);
        assert_eq!(crate::dav::lock::active(&user, "files/f").await.len(), 1);
        // An empty one is none.
        user.send("GET", "files/f", &[("Content-Length", "0")], "").await.expect(200);
        user.send("COPY", "files/f", &[("Destination", &to), ("Transfer-Encoding", "chunked")], "0\r\n\r\n")
            .await
            .expect(201);
    }

    /// RFC 4918 §8.4: after such a request the next one on the connection is answered.
    async fn the_connection_goes_on_after_an_unexpected_body(user: User) {
        user.put("files/f", "text").await;
        let (path, authorization) = (user.path("files/f"), user.authorization());
        let head = format!("{path} HTTP/1.1\r\nHost: h\r\nAuthorization: {authorization}\r\n");
        let both = format!(
            "DELETE {head}Content-Length: 6\r\n\r\na bodyGET {head}Connection: close\r\n\r\n"
        );
        let out = String::from_utf8(user.server.raw(both.as_bytes()).await).unwrap();
        assert!(out.starts_with("HTTP/1.1 415 "), "{out}");
        let closed = out.to_ascii_lowercase().contains("connection: close");
        assert!(closed || out.contains("HTTP/1.1 200 OK"), "{out}");
    }

    /// Every error is said in the form that the client asks for, also where no method was found
    /// and nobody is signed in.
    async fn every_error_comes_in_the_form_asked_for(user: User) {
        for (method, inside, authorization, status) in [
            ("BREW", "files/", user.authorization(), 501),
            ("MKCALENDAR", "files/", user.authorization(), 405),
            ("GET", "files/", "Basic YTpi".to_owned(), 401),
        ] {
            let form = [("Authorization", authorization.as_str()), ("Accept", "application/json")];
            let answer = user.server.send(method, &user.path(inside), &form, "").await.expect(status);
            let said: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
            assert!(said["error"].as_str().is_some_and(|words| words.len() > 20), "{answer}");
            let plain = [("Authorization", authorization.as_str()), ("Accept", "text/plain")];
            let answer = user.server.send(method, &user.path(inside), &plain, "").await.expect(status);
            assert_eq!(answer.text().trim_end(), said["error"].as_str().unwrap());
        }
    }

    /// RFC 4918 §8.1, §8.5: a stranger hears that he is one, whatever else is wrong.
    async fn a_stranger_hears_only_that(owner: User, stranger: User) {
        owner.mkcol("files/c").await;
        owner.put("files/f", "text").await;
        owner.lock("files/f", "0").await;
        let to = stranger.path("files/x");
        for inside in ["files/f", "files/c/", "files/none", "files/no/f"] {
            let target = owner.path(inside);
            for (method, headers, body) in [
                ("GET", vec![], ""),
                ("GET", vec![("If-None-Match", "*")], ""),
                ("GET", vec![("If", "([\"x\"])")], ""),
                ("HEAD", vec![], ""),
                ("PROPFIND", vec![("Depth", "0")], ""),
                ("PROPFIND", vec![("Depth", "infinity")], ""),
                ("PUT", vec![("If-Match", "\"x\"")], "x"),
                ("PUT", vec![], "x"),
                ("DELETE", vec![("If-Match", "\"x\"")], ""),
                ("DELETE", vec![], "a body"),
                ("DELETE", vec![("If", "nonsense")], ""),
                ("MKCOL", vec![], ""),
                ("LOCK", vec![], LOCKINFO),
                ("LOCK", vec![], "<bad"),
                ("UNLOCK", vec![("Lock-Token", "<urn:uuid:x>")], ""),
                ("PROPPATCH", vec![], "<bad"),
                ("COPY", vec![("Destination", to.as_str())], ""),
                ("MOVE", vec![("Destination", to.as_str()), ("Overwrite", "F")], ""),
            ] {
                let answer = stranger.send(method, &target, &headers, body).await;
                assert_eq!(answer.status, 403, "{method} {target} {headers:?}: {answer}");
            }
        }
        // An account that nobody has gives the same answer.
        let nobody = stranger.send("PUT", "/dav/files/nobody/f", &[], "x").await;
        nobody.expect_condition(403, "need-privileges");
        assert_eq!(owner.get("files/f").await.expect(200).text(), "text");
    }

    /// RFC 4918 §8.1: who may read and not write hears that before conditions and locks.
    async fn who_may_only_read_hears_that_first(owner: User, reader: User) {
        grant(&owner, "files", &reader, Privileges::READ).await;
        owner.mkcol("files/c").await;
        owner.put("files/f", "text").await;
        owner.lock("files/f", "0").await;
        let f = owner.path("files/f");
        let patch = document("D:propertyupdate", "<D:set><D:prop><D:getetag>x</D:getetag></D:prop></D:set>");
        for (method, target, headers, body) in [
            ("PUT", &f, vec![("If-Match", "\"x\"")], "x"),
            ("PUT", &f, vec![], "x"),
            ("DELETE", &f, vec![("If-None-Match", "*")], ""),
            ("MKCOL", &owner.path("files/c/"), vec![], ""),
            ("LOCK", &f, vec![], LOCKINFO),
            ("PROPPATCH", &f, vec![("If-Match", "\"x\"")], patch.as_str()),
        ] {
            let answer = reader.send(method, target, &headers, body).await;
            answer.expect_condition(403, "need-privileges");
        }
        assert_eq!(reader.get(&f).await.expect(200).text(), "text");
    }

    /// RFC 4918 §16: outside of a multistatus a condition is the child of a lone DAV:error, with
    /// its status; §14.5: of elements only.
    async fn each_condition_of_the_standard_is_named(user: User) {
        user.put("files/f", "text").await;
        user.put("files/g", "text").await;
        let token = user.lock("files/f", "0").await;
        let entity = "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>\
            <D:propfind xmlns:D=\"DAV:\"><D:prop>&e;</D:prop></D:propfind>";
        let unlock = [("Lock-Token", format!("<{token}>"))];
        let unlock: Vec<_> = unlock.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answers = [
            (user.delete("files/f").await, 423, "lock-token-submitted"),
            (user.send("LOCK", "files/f", &[], LOCKINFO).await, 423, "no-conflicting-lock"),
            (user.send("UNLOCK", "files/g", &unlock, "").await, 409, "lock-token-matches-request-uri"),
            (user.send("PROPFIND", "files/", &[], "").await, 403, "propfind-finite-depth"),
            (user.send("PROPFIND", "files/f", &[("Depth", "0")], entity).await, 403, "no-external-entities"),
        ];
        for (answer, status, condition) in answers {
            answer.expect_condition(status, condition);
            let root = answer.xml();
            assert!(root.text().trim().is_empty() && root.elements().count() == 1, "{answer}");
        }
        let patch = "<D:set><D:prop><D:getetag>x</D:getetag></D:prop></D:set>";
        let found = user.proppatch("files/g", patch).await.expect(207).multistatus();
        assert!(found.only().has_condition("cannot-modify-protected-property"));
    }

    /// Who asks for JSON or text gets the reason in words.
    async fn errors_in_the_form_that_is_asked_for(user: User) {
        let headers = [("Accept", "application/json"), ("Depth", "infinity")];
        let answer = user.send("PROPFIND", "files/", &headers, "").await.expect(403);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.text().contains("propfind-finite-depth"));
    }

    /// An error that no condition element stands for says why in words: KDE's programs wait for
    /// ever for the body of a 412 that has none.
    async fn every_error_has_a_body(user: User) {
        user.put("files/f", "text").await;
        user.put("files/g", "text").await;
        let to = user.path("files/g");
        let taken = [("Destination", to.as_str()), ("Overwrite", "F")];
        for (method, headers, status) in [
            ("PUT", vec![("If-Match", "\"x\"")], 412),
            ("GET", vec![("If-Match", "\"x\"")], 412),
            ("GET", vec![("Range", "bytes=99-")], 416),
            ("BREW", vec![], 501),
            ("COPY", taken.to_vec(), 412),
            ("COPY", vec![("Destination", "http://elsewhere.example/f")], 502),
            ("COPY", vec![("Destination", "/elsewhere")], 403),
        ] {
            let answer = user.send(method, "files/f", &headers, "").await;
            assert_eq!(answer.status, status, "{method} {headers:?}: {answer}");
            assert!(answer.text().ends_with('\n') && answer.text().len() > 5, "{answer}");
        }
        for (method, why) in [("PUT", "a condition"), ("MOVE", "Overwrite")] {
            let mut headers = vec![("Accept", "application/json"), ("If-None-Match", "*")];
            if method == "MOVE" {
                headers = [vec![headers[0]], taken.to_vec()].concat();
            }
            let answer = user.send(method, "files/f", &headers, "").await.expect(412);
            assert!(answer.text().starts_with('{') && answer.text().contains(why), "{answer}");
        }
    }
}
