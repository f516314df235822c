//! PUT (RFC 4918 §9.7, RFC 9110 §9.3.4): small, large, chunked, partial, where it cannot be.

use crate::support::dav::{User, dialogues};
use davenport::kernel::secret::{hex, sha256};

/// Octets that do not repeat.
fn noise(length: usize) -> Vec<u8> {
    let mut random = crate::support::Random(7);
    let mut out = Vec::with_capacity(length + 8);
    while out.len() < length {
        out.extend_from_slice(&random.next().to_le_bytes());
    }
    out.truncate(length);
    out
}

async fn expect_same(user: &User, target: &str, body: &[u8]) {
    let got = user.get(target).await.expect(200);
    assert_eq!(hex(&sha256(&got.body)), hex(&sha256(body)), "{target}");
}

dialogues! {
    /// RFC 9110 §9.3.4: 201 for a new resource, 204 for a replaced one; the tag is the stored one.
    async fn a_file_is_made_and_replaced(user: User) {
        let made = user.send("PUT", "files/f", &[("Content-Type", "text/plain")], "one").await.expect(201);
        let got = user.get("files/f").await.expect(200);
        assert_eq!((got.text().as_str(), got.header("etag")), ("one", made.header("etag")));
        assert_eq!(got.header("content-type"), Some("text/plain"));
        let again = user.send("PUT", "files/f", &[], "two").await.expect(204);
        assert_ne!(again.header("etag"), made.header("etag"));
        assert_eq!(user.get("files/f").await.expect(200).text(), "two");
    }

    /// RFC 4918 §15: linear white space of header values is no part of the property.
    async fn white_space_around_the_content_type_is_dropped(user: User) {
        let headers = [("Content-Type", "  text/plain; charset=utf-8 ")];
        user.send("PUT", "files/f", &headers, "x").await.expect(201);
        let found = user.propfind("files/f", "0", "<D:getcontenttype/>").await;
        assert_eq!(found.only().text("getcontenttype"), "text/plain; charset=utf-8");
    }

    /// RFC 4918 §9.7.1: a missing parent is 409, and nothing is made; nor on top of a collection.
    async fn a_parent_must_be_there_and_be_a_collection(user: User) {
        user.send("PUT", "files/no/f", &[], "x").await.expect(409);
        user.send("PROPFIND", "files/no/", &[("Depth", "0")], "").await.expect(404);
        user.put("files/f", "x").await;
        user.send("PUT", "files/f/g", &[], "x").await.expect(409);
        user.mkcol("files/c").await;
        for target in ["files/c", "files/c/", "files/"] {
            user.send("PUT", target, &[], "x").await.expect(405);
        }
        assert_eq!(user.get("files/f").await.text(), "x");
    }

    /// A file above the inline limit goes to the disk and comes back, whole, in part and not at
    /// all when the client has it.
    async fn a_large_file_streams_to_disk_and_back(user: User) {
        let body = noise(1 << 20);
        let etag = user.put("files/large", &body).await;
        expect_same(&user, "files/large", &body).await;
        let same = user.send("GET", "files/large", &[("If-None-Match", &etag)], "").await.expect(304);
        assert!(same.body.is_empty());
        for (range, want) in [
            ("bytes=0-0", &body[..1]),
            ("bytes=65530-200000", &body[65_530..=200_000]),
            ("bytes=-10", &body[body.len() - 10..]),
            ("bytes=1048575-", &body[body.len() - 1..]),
        ] {
            let part = user.send("GET", "files/large", &[("Range", range)], "").await.expect(206);
            assert_eq!(part.body, want, "{range}");
        }
        // The same content under another name, and a change of one octet.
        user.send("COPY", "files/large", &[("Destination", &user.path("files/copy"))], "").await.expect(201);
        let mut other = body.clone();
        other[500_000] ^= 1;
        user.put("files/large", &other).await;
        expect_same(&user, "files/large", &other).await;
        expect_same(&user, "files/copy", &body).await;
        user.delete("files/copy").await.expect(204);
        expect_same(&user, "files/large", &other).await;
    }

    /// Lengths on both sides of the inline limit.
    async fn files_around_the_inline_limit(user: User) {
        let limit = davenport::kernel::limits::BLOB_INLINE_MAX;
        for length in [0, 1, limit - 1, limit, limit + 1] {
            let body = noise(length);
            user.put("files/f", &body).await;
            expect_same(&user, "files/f", &body).await;
            let found = user.propfind("files/f", "0", "<D:getcontentlength/>").await;
            assert_eq!(found.only().text("getcontentlength"), length.to_string());
        }
    }

    /// RFC 9112 §7.1: a body in chunks of every size is one body.
    async fn a_chunked_body_is_joined(user: User) {
        let body = noise(150_000);
        let mut chunked = Vec::new();
        for (n, piece) in body.chunks(9_973).enumerate() {
            let extension = if n % 2 == 0 { "" } else { ";a=b" };
            chunked.extend_from_slice(format!("{:x}{extension}\r\n", piece.len()).as_bytes());
            chunked.extend_from_slice(piece);
            chunked.extend_from_slice(b"\r\n");
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        let headers = [("Transfer-Encoding", "chunked")];
        user.send("PUT", "files/f", &headers, &chunked).await.expect(201);
        expect_same(&user, "files/f", &body).await;
        user.send("PUT", "files/small", &headers, "3\r\nabc\r\n0\r\n\r\n").await.expect(201);
        expect_same(&user, "files/small", b"abc").await;
    }

    /// A body that breaks off is stored by no means.
    async fn a_body_that_breaks_off_is_not_stored(user: User) {
        user.put("files/f", "whole").await;
        for target in ["files/f", "files/new"] {
            let request = format!(
                "PUT {} HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\nContent-Length: 100\r\n\r\nhalf",
                user.path(target),
                user.authorization()
            );
            let mut socket = tokio::net::TcpStream::connect(user.server.address).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes()).await.unwrap();
            drop(socket);
        }
        assert_eq!(user.get("files/f").await.expect(200).text(), "whole");
        user.get("files/new").await.expect(404);
    }

    /// RFC 9110 §14.5: a part is never stored as the whole.
    async fn a_partial_put_is_refused(user: User) {
        user.put("files/f", "0123456789").await;
        let headers = [("Content-Range", "bytes 0-2/10")];
        user.send("PUT", "files/f", &headers, "abc").await.expect(400);
        user.send("PUT", "files/new", &headers, "abc").await.expect(400);
        assert_eq!(user.get("files/f").await.text(), "0123456789");
        user.get("files/new").await.expect(404);
    }

    /// RFC 9110 §10.1.1: who waits for 100 Continue is told no before sending the body.
    async fn a_refusal_comes_before_the_body_when_the_client_waits(user: User) {
        let request = format!(
            "PUT {} HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\nContent-Length: 1000000\r\n\
             Expect: 100-continue\r\nIf-Match: \"none\"\r\nConnection: close\r\n\r\n",
            user.path("files/f"),
            user.authorization()
        );
        let answer = String::from_utf8(user.server.raw(request.as_bytes()).await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 412 "), "{answer}");
    }

    /// RFC 4918 §8.8: another body, another tag; the same body, the same tag.
    async fn a_url_has_one_tag_for_one_body(user: User) {
        let one = user.put("files/f", "1").await;
        user.delete("files/f").await.expect(204);
        let two = user.put("files/f", "2").await;
        user.put("files/g", "3").await;
        let to = user.path("files/f");
        user.send("MOVE", "files/g", &[("Destination", &to)], "").await.expect(204);
        let three = user.get("files/f").await.header("etag").unwrap().to_owned();
        user.put("files/h", "4").await;
        user.send("COPY", "files/h", &[("Destination", &to)], "").await.expect(204);
        let four = user.get("files/f").await.header("etag").unwrap().to_owned();
        let all = std::collections::HashSet::from([&one, &two, &three, &four]);
        assert_eq!(all.len(), 4, "{all:?}");
        assert_eq!(user.put("files/f", "1").await, one);
    }

    /// RFC 4918 §8.8, §15.7: the time of a URL grows when another body comes there, though it be an
    /// older one; a move to a free name keeps the time.
    async fn the_time_of_a_url_never_goes_back(user: User) {
        let time = async |target: &str| {
            let answer = user.get(target).await.expect(200);
            davenport::kernel::clock::Timestamp::parse_http_date(answer.header("last-modified").unwrap()).unwrap()
        };
        for name in ["older", "third", "fourth"] {
            user.put(&format!("files/{name}"), name).await;
        }
        let old = time("files/older").await;
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        for name in ["f", "g", "gone"] {
            user.put(&format!("files/{name}"), "new").await;
        }
        user.delete("files/gone").await.expect(204);
        let before = time("files/f").await;
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        for (method, from, to) in
            [("MOVE", "older", "f"), ("COPY", "third", "g"), ("MOVE", "fourth", "gone")]
        {
            let to = user.path(&format!("files/{to}"));
            user.send(method, &format!("files/{from}"), &[("Destination", &to)], "").await;
            assert!(time(&to).await > before, "{method}");
        }
        user.send("MOVE", "files/third", &[("Destination", &user.path("files/free"))], "").await.expect(201);
        assert_eq!(time("files/free").await, old);
    }

    /// The same for what comes in a collection over another, or to the name of one that is gone.
    async fn the_times_in_a_tree_never_go_back(user: User) {
        let time = async |target: &str| {
            let answer = user.get(target).await.expect(200);
            davenport::kernel::clock::Timestamp::parse_http_date(answer.header("last-modified").unwrap()).unwrap()
        };
        for name in ["moved", "copied", "later", "free"] {
            user.mkcol(&format!("files/{name}/")).await;
            user.mkcol(&format!("files/{name}/in/")).await;
            user.put(&format!("files/{name}/in/f"), name).await;
        }
        user.put("files/alone", "alone").await;
        let old = time("files/free/in/f").await;
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        for name in ["a", "b", "gone", "anew"] {
            user.mkcol(&format!("files/{name}/")).await;
            user.mkcol(&format!("files/{name}/in/")).await;
            user.put(&format!("files/{name}/in/f"), "new").await;
        }
        user.delete("files/gone/").await.expect(204);
        user.delete("files/anew/").await.expect(204);
        user.mkcol("files/anew/").await;
        user.mkcol("files/anew/in/").await;
        let before = time("files/a/in/f").await;
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        for (method, from, to, reached) in [
            ("MOVE", "moved/", "a/", "a/in/f"),
            ("COPY", "copied/", "b/", "b/in/f"),
            ("MOVE", "later/", "gone/", "gone/in/f"),
            ("MOVE", "alone", "anew/in/f", "anew/in/f"),
        ] {
            let to = user.path(&format!("files/{to}"));
            let answer = user.send(method, &format!("files/{from}"), &[("Destination", &to)], "").await;
            assert!(answer.status.is_success(), "{answer}");
            assert!(time(&format!("files/{reached}")).await > before, "{method} {from}");
        }
        let to = user.path("files/other/");
        user.send("MOVE", "files/free/", &[("Destination", &to)], "").await.expect(201);
        assert_eq!(time("files/other/in/f").await, old);
    }

    /// RFC 4918 §15.3: what GET says of the language, the property says.
    async fn the_language_is_said_by_both_or_neither(user: User) {
        user.send("PUT", "files/f", &[("Content-Language", "de")], "x").await.expect(201);
        let header = user.get("files/f").await.header("content-language").map(str::to_owned);
        let found = user.propfind("files/f", "0", "<D:getcontentlanguage/>").await;
        let property = found.only().properties.iter().find(|(status, _)| *status == 200);
        assert_eq!(header, property.map(|(_, p)| p.text().into_owned()));
    }

    /// RFC 4918 §15.3: the language of a PUT is given back; a PUT replaces it, PROPPATCH as well.
    async fn the_language_of_a_put_is_given_back(user: User) {
        let said = async || {
            let answer = user.get("files/f").await.expect(200);
            let found = user.propfind("files/f", "0", "<D:getcontentlanguage/>").await;
            let header = answer.header("content-language").unwrap_or("none").to_owned();
            match found.only().status_of("getcontentlanguage") {
                Some(200) => assert_eq!(found.only().text("getcontentlanguage"), header),
                _ => assert_eq!(header, "none"),
            }
            header
        };
        let put = async |language: &str, status: u16| {
            user.send("PUT", "files/f", &[("Content-Language", language)], "x").await.expect(status);
        };
        put("de-CH,en", 201).await;
        assert_eq!(said().await, "de-CH, en");
        let head = user.send("HEAD", "files/f", &[], "").await.expect(200);
        assert_eq!(head.header("content-language"), Some("de-CH, en"));
        let part = user.send("GET", "files/f", &[("Range", "bytes=0-0")], "").await.expect(206);
        assert_eq!(part.header("content-language"), Some("de-CH, en"));
        put("fr", 204).await;
        assert_eq!(said().await, "fr");
        let all = user.send("PROPFIND", "files/f", &[("Depth", "0")], "").await.expect(207);
        assert_eq!(all.multistatus().only().text("getcontentlanguage"), "fr");
        put("<no language>", 204).await;
        assert_eq!(said().await, "none");
        let set = "<D:set><D:prop><D:getcontentlanguage>it</D:getcontentlanguage></D:prop></D:set>";
        user.proppatch("files/f", set).await.expect(207);
        assert_eq!(said().await, "it");
        let bad = set.replace("it", "\u{e9}");
        let refused = user.proppatch("files/f", &bad).await.expect(207).multistatus();
        assert_eq!(refused.only().status_of("getcontentlanguage"), Some(409));
        assert_eq!(said().await, "it");
        let remove = "<D:remove><D:prop><D:getcontentlanguage/></D:prop></D:remove>";
        user.proppatch("files/f", remove).await.expect(207);
        assert_eq!(said().await, "none");
        user.proppatch("files/f", set).await.expect(207);
        user.put("files/f", "without").await;
        assert_eq!(said().await, "none");
        let (event, target) = (crate::sync::event("e"), "calendars/c/e.ics");
        user.send("MKCALENDAR", "calendars/c/", &[], "").await.expect(201);
        user.send("PUT", target, &[("Content-Language", "nl")], event).await.expect(201);
        assert_eq!(user.get(target).await.header("content-language"), Some("nl"));
    }
}
