//! COPY and MOVE (RFC 4918 §9.8, §9.9, §10.3, §10.6).

use super::{everything_below, expect_uncached, grant, read_write, tokens};
use crate::support::dav::{Answer, User, dialogues};
use davenport::kernel::privilege::Privileges;

/// Sends COPY or MOVE from one path inside the account to another.
async fn send(user: &User, method: &str, from: &str, to: &str, more: &[(&str, &str)]) -> Answer {
    let to = if to.starts_with('/') { to.to_owned() } else { user.path(to) };
    let mut headers = vec![("Destination", to.as_str())];
    headers.extend_from_slice(more);
    user.send(method, from, &headers, "").await
}

/// `files/c/` with `a`, `b`, `d/` and `d/e`, each file holding its name.
async fn tree(user: &User) {
    user.mkcol("files/c").await;
    user.mkcol("files/c/d").await;
    for name in ["a", "b", "d/e"] {
        user.put(&format!("files/c/{name}"), name).await;
    }
}

async fn set_property(user: &User, target: &str, value: &str) {
    let set = format!(
        "<D:set><D:prop><x:a xmlns:x=\"urn:x\">{value}</x:a>\
         <D:displayname>{value}</D:displayname></D:prop></D:set>"
    );
    user.proppatch(target, &set).await.expect(207);
}

/// What a copy must bring along, and what is right for the copy.
async fn expect_like(user: &User, target: &str, value: &str, kind: &str) {
    let asked = "<x:a xmlns:x=\"urn:x\"/><D:displayname/><D:getcontenttype/><D:getetag/>\
                 <D:resourcetype/><D:getcontentlength/>";
    let found = user.propfind(target, "0", asked).await;
    let it = found.only();
    let got = user.get(target).await.expect(200);
    assert_eq!((it.text("a"), it.text("displayname")), (value.to_owned(), value.to_owned()));
    assert_eq!(it.text("getcontenttype"), kind);
    assert_eq!(Some(it.text("getetag").as_str()), got.header("etag"));
    assert_eq!(it.text("getcontentlength"), got.body.len().to_string());
    assert!(it.prop("resourcetype").children.is_empty());
}

dialogues! {
    /// RFC 4918 §9.8, §9.9: a file, to a free name (201) and over another (204), not cached.
    async fn a_file_is_copied_and_moved(user: User) {
        user.put("files/f", "text").await;
        let answer = send(&user, "COPY", "files/f", "files/g", &[]).await.expect(201);
        expect_uncached(&answer);
        assert_eq!(user.get("files/f").await.expect(200).text(), "text");
        assert_eq!(user.get("files/g").await.expect(200).text(), "text");
        user.put("files/h", "other").await;
        send(&user, "COPY", "files/h", "files/g", &[]).await.expect(204);
        assert_eq!(user.get("files/g").await.text(), "other");
        let answer = send(&user, "MOVE", "files/g", "files/m", &[]).await.expect(201);
        expect_uncached(&answer);
        user.get("files/g").await.expect(404);
        send(&user, "MOVE", "files/m", "files/f", &[]).await.expect(204);
        assert_eq!(user.get("files/f").await.text(), "other");
        user.get("files/m").await.expect(404);
    }

    /// RFC 4918 §9.8.2, §9.9.1, §15: dead properties come along, live ones are live, and
    /// creationdate survives a move.
    async fn properties_come_along_and_live_ones_live(user: User) {
        user.send("PUT", "files/f", &[("Content-Type", "image/png")], "text").await.expect(201);
        set_property(&user, "files/f", "v").await;
        let created = user.propfind("files/f", "0", "<D:creationdate/>").await.only().text("creationdate");
        send(&user, "COPY", "files/f", "files/g", &[]).await.expect(201);
        expect_like(&user, "files/g", "v", "image/png").await;
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        send(&user, "MOVE", "files/f", "files/m", &[]).await.expect(201);
        expect_like(&user, "files/m", "v", "image/png").await;
        let after = user.propfind("files/m", "0", "<D:creationdate/>").await.only().text("creationdate");
        assert_eq!(created, after);
        user.put("files/g", "longer text").await;
        let found = user.propfind("files/g", "0", "<D:getcontentlength/>").await;
        assert_eq!(found.only().text("getcontentlength"), "11");
    }

    /// RFC 4918 §15.3: the language that came with a PUT comes along, alone and in a folder.
    async fn the_language_of_a_put_comes_along(user: User) {
        user.mkcol("files/c/").await;
        for target in ["files/f", "files/c/f"] {
            user.send("PUT", target, &[("Content-Language", "de")], "text").await.expect(201);
        }
        user.send("PUT", "files/old", &[("Content-Language", "fr")], "text").await.expect(201);
        send(&user, "COPY", "files/f", "files/g", &[]).await.expect(201);
        send(&user, "COPY", "files/f", "files/old", &[]).await.expect(204);
        send(&user, "MOVE", "files/f", "files/m", &[]).await.expect(201);
        send(&user, "COPY", "files/c/", "files/d/", &[]).await.expect(201);
        send(&user, "MOVE", "files/c/", "files/e/", &[]).await.expect(201);
        for target in ["files/g", "files/old", "files/m", "files/d/f", "files/e/f"] {
            let found = user.propfind(target, "0", "<D:getcontentlanguage/>").await;
            assert_eq!(found.only().text("getcontentlanguage"), "de", "{target}");
            let answer = user.get(target).await;
            assert_eq!(answer.header("content-language"), Some("de"), "{target}");
        }
    }

    /// RFC 4918 §15.3: the language that a client set comes along.
    async fn a_language_that_was_set_comes_along(user: User) {
        user.put("files/f", "text").await;
        let set = "<D:set><D:prop><D:getcontentlanguage>de</D:getcontentlanguage></D:prop></D:set>";
        user.proppatch("files/f", set).await.expect(207);
        send(&user, "COPY", "files/f", "files/g", &[]).await.expect(201);
        send(&user, "MOVE", "files/f", "files/m", &[]).await.expect(201);
        for target in ["files/g", "files/m"] {
            let found = user.propfind(target, "0", "<D:getcontentlanguage/>").await;
            assert_eq!(found.only().text("getcontentlanguage"), "de", "{target}");
        }
    }

    /// RFC 4918 §9.8.3, §9.9.2: a collection with everything below it, consistent at both ends.
    async fn a_collection_goes_with_everything_below_it(user: User) {
        tree(&user).await;
        set_property(&user, "files/c/", "v").await;
        let below = |top: &str| {
            let names = ["", "a", "b", "d/", "d/e"].map(|n| user.path(&format!("files/{top}/{n}")));
            names.to_vec()
        };
        send(&user, "COPY", "files/c/", "files/k/", &[]).await.expect(201);
        let both = [below("c"), below("k")].concat();
        assert_eq!(everything_below(&user, &user.path("files/")).await, both);
        send(&user, "MOVE", "files/c/", "files/m/", &[("Depth", "infinity")]).await.expect(201);
        let both = [below("k"), below("m")].concat();
        assert_eq!(everything_below(&user, &user.path("files/")).await, both);
        for top in ["k", "m"] {
            assert_eq!(user.get(&format!("files/{top}/d/e")).await.expect(200).text(), "d/e");
            let found = user.propfind(&format!("files/{top}/"), "0", "<D:displayname/>").await;
            assert_eq!(found.only().text("displayname"), "v");
        }
    }

    /// RFC 4918 §9.8.3: Depth 0 copies the collection with its properties, and no member.
    async fn depth_of_copy_and_move(user: User) {
        tree(&user).await;
        set_property(&user, "files/c/", "v").await;
        send(&user, "COPY", "files/c/", "files/k/", &[("Depth", "0")]).await.expect(201);
        let found = user.propfind("files/k/", "1", "<D:displayname/>").await;
        assert_eq!(found.only().text("displayname"), "v");
        send(&user, "COPY", "files/c/", "files/l/", &[("Depth", "1")]).await.expect(400);
        for depth in ["0", "1"] {
            send(&user, "MOVE", "files/c/", "files/l/", &[("Depth", depth)]).await.expect(400);
        }
        user.get("files/l/").await.expect(404);
    }

    /// RFC 4918 §9.8.4, §9.9.3: what is written over has exactly the source's members after, and
    /// nothing of its own properties.
    async fn what_is_written_over_is_replaced_whole(user: User) {
        for (method, top) in [("COPY", "k"), ("MOVE", "m")] {
            let target = format!("files/{top}/");
            user.mkcol("files/c").await;
            user.put("files/c/a", "new").await;
            user.put("files/c/b", "new").await;
            user.mkcol(&target).await;
            user.put(&format!("{target}b"), "old").await;
            user.put(&format!("{target}z"), "old").await;
            set_property(&user, &target, "old").await;
            send(&user, method, "files/c/", &target, &[("Overwrite", "T")]).await.expect(204);
            let members = [format!("{target}a"), format!("{target}b")].map(|p| user.path(&p));
            assert_eq!(everything_below(&user, &user.path(&target)).await, members, "{method}");
            assert_eq!(user.get(&format!("{target}b")).await.text(), "new");
            let found = user.propfind(&target, "0", "<x:a xmlns:x=\"urn:x\"/>").await;
            assert_eq!(found.only().status_of("a"), Some(404), "{method}");
            if method == "COPY" {
                user.delete("files/c/").await.expect(204);
            }
        }
    }

    /// RFC 4918 §10.6: Overwrite F on a taken name is 412 and changes nothing; T is the default;
    /// for files, collections, calendars' objects and cards.
    async fn overwrite(user: User) {
        tree(&user).await;
        user.mkcol("files/k").await;
        user.put("files/k/z", "z").await;
        user.put("files/f", "f").await;
        user.put("files/g", "g").await;
        let no = [("Overwrite", "F")];
        for method in ["COPY", "MOVE"] {
            send(&user, method, "files/f", "files/g", &no).await.expect(412);
            send(&user, method, "files/c/", "files/k/", &no).await.expect(412);
            send(&user, method, "files/f", "files/k", &no).await.expect(412);
            send(&user, method, "files/f", "files/x", &[("Overwrite", "maybe")]).await.expect(400);
        }
        assert_eq!(user.get("files/g").await.text(), "g");
        assert_eq!(everything_below(&user, &user.path("files/k/")).await, [user.path("files/k/z")]);
        send(&user, "COPY", "files/f", "files/h", &no).await.expect(201);
        send(&user, "COPY", "files/f", "files/g", &[]).await.expect(204);
        assert_eq!(user.get("files/g").await.text(), "f");
        user.mkcol("calendars/one").await;
        user.mkcol("calendars/two").await;
        user.mkcol("addressbooks/one").await;
        let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u\r\nFN:N\r\nN:N;;;;\r\nEND:VCARD\r\n";
        let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:u\r\n\
            DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        for (from, to, kind, body) in [
            ("calendars/one/a.ics", "calendars/two/a.ics", "text/calendar", event),
            ("addressbooks/one/a.vcf", "addressbooks/one/b.vcf", "text/vcard", card),
        ] {
            user.send("PUT", from, &[("Content-Type", kind)], body).await.expect(201);
            send(&user, "MOVE", from, to, &no).await.expect(201);
            user.send("PUT", from, &[("Content-Type", kind)], body.replace("UID:u", "UID:v")).await.expect(201);
            send(&user, "MOVE", from, to, &no).await.expect(412);
            // RFC 4791 §5.3.2.1, RFC 6352 §6.3.2.1: not over one with another UID, whatever is said.
            for method in ["COPY", "MOVE"] {
                let answer = send(&user, method, from, to, &[]).await;
                let conflict = answer.expect_condition(409, "no-uid-conflict");
                assert_eq!(conflict.child("DAV:", "href").unwrap().text(), user.path(to));
            }
            assert!(user.get(from).await.expect(200).text().contains("UID:v"));
            assert!(user.get(to).await.expect(200).text().contains("UID:u"));
        }
        let (from, to) = ("calendars/one/u.ics", "calendars/two/a.ics");
        user.send("PUT", from, &[], event.replace("END:VEVENT", "SUMMARY:s\r\nEND:VEVENT")).await.expect(201);
        send(&user, "MOVE", from, to, &no).await.expect(412);
        send(&user, "MOVE", from, to, &[]).await.expect(204);
        assert!(user.get(to).await.expect(200).text().contains("SUMMARY:s"));
        user.get(from).await.expect(404);
    }

    /// RFC 4918 §9.8.5, §9.9.4: missing parents are 409 and are not made.
    async fn missing_parents_are_not_made(user: User) {
        user.put("files/f", "text").await;
        for method in ["COPY", "MOVE"] {
            send(&user, method, "files/f", "files/no/g", &[]).await.expect(409);
        }
        user.get("files/no/").await.expect(404);
        assert_eq!(user.get("files/f").await.expect(200).text(), "text");
        send(&user, "COPY", "files/none", "files/g", &[]).await.expect(404);
    }

    /// RFC 4918 §9.8.5: source and destination may not be the same, or one inside the other.
    async fn the_same_and_nested_are_forbidden(user: User) {
        tree(&user).await;
        for method in ["COPY", "MOVE"] {
            for (from, to) in [
                ("files/c/a", "files/c/a"), ("files/c/", "files/c/"), ("files/c/", "files/c/d/x/"),
                ("files/c/d/", "files/c/"),
            ] {
                send(&user, method, from, to, &[]).await.expect(403);
            }
        }
        assert_eq!(everything_below(&user, &user.path("files/c/")).await.len(), 4);
    }

    /// RFC 4918 §10.3: another server is 502, an unusable Destination 400, none 400.
    async fn destinations(user: User) {
        user.put("files/f", "text").await;
        let here = user.url(&user.path("files/g"));
        for method in ["COPY", "MOVE"] {
            user.send(method, "files/f", &[], "").await.expect(400);
            for bad in ["::", "files/g", "g", "", "//h/x", "/dav/files/../x", "/a%2Fb", "/x?y", "ftp://h/x"] {
                send(&user, method, "files/f", "files/f", &[]).await.expect(403);
                let answer = user.send(method, "files/f", &[("Destination", bad)], "").await;
                assert_eq!(answer.status, 400, "{bad:?}: {answer}");
            }
            let long = user.path(&format!("files/{}", "x".repeat(9_000)));
            user.send(method, "files/f", &[("Destination", &long)], "").await.expect(400);
            for other in ["http://other.example/g", "https://other.example:8443/dav/files/x/g"] {
                user.send(method, "files/f", &[("Destination", other)], "").await.expect(502);
            }
            let nowhere = [("Destination", "/elsewhere/g")];
            user.send(method, "files/f", &nowhere, "").await.expect(403);
        }
        user.send("COPY", "files/f", &[("Destination", &here)], "").await.expect(201);
        assert_eq!(user.get("files/g").await.text(), "text");
    }

    /// RFC 4918 §9.8.5, §9.9.4, §10.2: what is locked at either end needs its token.
    async fn a_lock_on_either_end_is_423(user: User) {
        user.put("files/f", "f").await;
        user.put("files/g", "g").await;
        let g = user.lock("files/g", "0").await;
        for method in ["COPY", "MOVE"] {
            let answer = send(&user, method, "files/f", "files/g", &[]).await;
            let condition = answer.expect_condition(423, "lock-token-submitted");
            assert_eq!(condition.child("DAV:", "href").unwrap().text(), user.path("files/g"));
        }
        let answer = send(&user, "MOVE", "files/g", "files/h", &[]).await;
        answer.expect_condition(423, "lock-token-submitted");
        send(&user, "COPY", "files/g", "files/h", &[]).await.expect(201);
        let shown = tokens(&[(&user.path("files/g"), &g)]);
        send(&user, "COPY", "files/f", "files/g", &[("If", &shown)]).await.expect(204);
    }

    /// RFC 4918 §9.8.3, §9.9.2: a locked member at either end stops the whole, told in a
    /// multistatus without 424 and without successes.
    async fn a_locked_member_stops_all(owner: User, other: User) {
        grant(&owner, "files", &other, read_write()).await;
        tree(&owner).await;
        owner.mkcol("files/k").await;
        owner.put("files/k/a", "old").await;
        let (at_source, at_target) = (owner.path("files/c/d/e"), owner.path("files/k/a"));
        other.lock(&at_target, "0").await;
        let before = everything_below(&owner, &owner.path("files/")).await;
        for method in ["COPY", "MOVE"] {
            let found = send(&owner, method, "files/c/", "files/k/", &[]).await.expect(207).multistatus();
            assert_eq!((found.only().href.as_str(), found.only().status), (at_target.as_str(), Some(423)));
            assert!(found.only().has_condition("lock-token-submitted"));
        }
        other.lock(&at_source, "0").await;
        let found = send(&owner, "MOVE", "files/c/", "files/m/", &[]).await.expect(207).multistatus();
        assert_eq!((found.only().href.as_str(), found.only().status), (at_source.as_str(), Some(423)));
        assert_eq!(everything_below(&owner, &owner.path("files/")).await, before);
        assert_eq!(owner.get("files/k/a").await.text(), "old");
    }

    /// RFC 4918 §9.9.2: the token of a locked member lets the collection move.
    async fn the_token_of_a_member_lets_it_move(user: User) {
        tree(&user).await;
        let token = user.lock("files/c/d/e", "0").await;
        send(&user, "MOVE", "files/c/", "files/m/", &[]).await.expect(207);
        let shown = tokens(&[(&user.path("files/c/d/e"), &token)]);
        send(&user, "MOVE", "files/c/", "files/m/", &[("If", &shown)]).await.expect(201);
        // The lock stayed behind (§7.6).
        user.put("files/m/d/e", "x").await;
    }

    /// RFC 4918 §10.6, §8.1: rights are asked before Overwrite, and before what is there.
    async fn rights_come_before_overwrite(owner: User, reader: User, stranger: User) {
        grant(&owner, "files", &reader, Privileges::READ).await;
        owner.put("files/g", "g").await;
        for user in [&reader, &stranger] {
            user.put("files/f", "f").await;
            for (method, overwrite) in [("COPY", "F"), ("COPY", "T"), ("MOVE", "F"), ("MOVE", "T")] {
                for to in ["files/g", "files/free", "files/no/g"] {
                    let more = [("Overwrite", overwrite)];
                    send(user, method, "files/f", &owner.path(to), &more).await.expect(403);
                }
            }
        }
        assert_eq!(owner.get("files/g").await.text(), "g");
        let to = stranger.path("files/mine");
        stranger.send("COPY", &owner.path("files/g"), &[("Destination", &to)], "").await.expect(403);
        let to = reader.path("files/mine");
        reader.send("COPY", &owner.path("files/g"), &[("Destination", &to)], "").await.expect(201);
        reader.send("MOVE", &owner.path("files/g"), &[("Destination", &to)], "").await.expect(403);
    }

    /// From one account to another, with the right to do so.
    async fn between_two_accounts(owner: User, other: User) {
        grant(&owner, "files", &other, read_write()).await;
        tree(&owner).await;
        let here = other.path("files/c/");
        send(&other, "MOVE", &owner.path("files/c/"), &here, &[]).await.expect(201);
        assert!(everything_below(&owner, &owner.path("files/")).await.is_empty());
        assert_eq!(everything_below(&other, &here).await.len(), 4);
        assert_eq!(other.get("files/c/d/e").await.expect(200).text(), "d/e");
        send(&other, "MOVE", "files/c/a", &owner.path("files/a"), &[]).await.expect(201);
        assert_eq!(owner.get("files/a").await.expect(200).text(), "a");
    }

    /// RFC 4918 §9.8: what is not understood by its place does not go there.
    async fn a_file_does_not_go_into_a_calendar(user: User) {
        user.put("files/f", "text").await;
        user.mkcol("calendars/one").await;
        for method in ["COPY", "MOVE"] {
            let answer = send(&user, method, "files/f", "calendars/one/f.ics", &[]).await;
            assert_eq!(answer.status, 403, "{answer}");
        }
        assert_eq!(user.get("files/f").await.expect(200).text(), "text");
    }
}
