//! PROPFIND and the live properties (RFC 4918 §9.1, §14, §15).

use crate::support::dav::{Multistatus, User, dialogues, document};

/// The live properties of RFC 4918 §15 that a file has.
const OF_FILE: &str = "<D:creationdate/><D:displayname/><D:getcontentlength/><D:getcontenttype/>\
    <D:getetag/><D:getlastmodified/><D:lockdiscovery/><D:resourcetype/><D:supportedlock/>";

async fn propfind(user: &User, target: &str, depth: Option<&str>, body: &str) -> Multistatus {
    let headers: Vec<(&str, &str)> = depth.map(|d| ("Depth", d)).into_iter().collect();
    user.send("PROPFIND", target, &headers, body).await.expect(207).multistatus()
}

dialogues! {
    /// RFC 4918 §9.1: prop, allprop, allprop with include, propname, on every kind of resource.
    async fn every_form_on_every_kind_of_resource(user: User) {
        user.put("files/f", "text").await;
        let forms = [
            document("D:propfind", "<D:prop><D:resourcetype/></D:prop>"),
            document("D:propfind", "<D:allprop/>"),
            document("D:propfind", "<D:allprop/><D:include><D:sync-token/></D:include>"),
            document("D:propfind", "<D:propname/>"),
        ];
        let principal = user.principal();
        for target in ["files/", "files/f", "calendars/", "addressbooks/", "/dav/", &principal] {
            for form in &forms {
                let found = propfind(&user, target, Some("0"), form).await;
                assert!(found.only().status_of("resourcetype") == Some(200), "{target} {form}");
            }
        }
    }

    /// RFC 4918 §9.1: the answer is a multistatus in XML; §8.2: labelled application/xml.
    async fn the_answer_is_a_multistatus_labelled_application_xml(user: User) {
        let answer = user.send("PROPFIND", "files/", &[("Depth", "1")], "").await.expect(207);
        assert_eq!(answer.header("content-type"), Some("application/xml; charset=utf-8"));
        answer.multistatus();
    }

    /// RFC 4918 §9.1, §14.22: what is there has 200, what is not has 404, each named once.
    async fn found_and_missing_properties_are_apart(user: User) {
        user.put("files/f", "text").await;
        let asked = "<D:getetag/><x:nothing xmlns:x=\"urn:x\"/><D:getcontentlength/><D:quota-used-bytes/>";
        let found = user.propfind("files/f", "0", asked).await;
        let mut names = found.only().names();
        names.sort();
        let expected = [
            (200, "{DAV:}getcontentlength"),
            (200, "{DAV:}getetag"),
            (404, "{DAV:}quota-used-bytes"),
            (404, "{urn:x}nothing"),
        ];
        assert_eq!(names, expected.map(|(status, name)| (status, name.to_owned())));
    }

    /// RFC 4918 §9.1: no body means allprop.
    async fn no_body_means_allprop(user: User) {
        user.put("files/f", "text").await;
        user.proppatch("files/f", "<D:set><D:prop><x:a xmlns:x=\"urn:x\">1</x:a></D:prop></D:set>")
            .await
            .expect(207);
        let empty = propfind(&user, "files/f", Some("0"), "").await;
        let all = propfind(&user, "files/f", Some("0"), &document("D:propfind", "<D:allprop/>")).await;
        assert_eq!(empty.only().properties, all.only().properties);
        assert_eq!(empty.only().text("a"), "1");
        assert_eq!(empty.only().status_of("sync-token"), None);
    }

    /// RFC 4918 §9.1.5: include adds to allprop, and nothing stands twice (the reader checks it).
    async fn include_adds_to_allprop(user: User) {
        user.put("files/f", "text").await;
        let form = "<D:allprop/><D:include><D:getetag/><D:owner/><x:no xmlns:x=\"urn:x\"/></D:include>";
        let found = propfind(&user, "files/f", Some("0"), &document("D:propfind", form)).await;
        let statuses = ["getetag", "owner", "no"].map(|name| found.only().status_of(name));
        assert_eq!(statuses, [Some(200), Some(200), Some(404)]);
    }

    /// RFC 4918 §9.1: propname names what allprop would show, without values.
    async fn propname_gives_names_without_values(user: User) {
        user.put("files/f", "text").await;
        let found = propfind(&user, "files/f", Some("0"), &document("D:propfind", "<D:propname/>")).await;
        let only = found.only();
        assert!(only.properties.iter().all(|(status, p)| *status == 200 && p.children.is_empty()));
        for name in ["getetag", "creationdate", "lockdiscovery", "supportedlock", "resourcetype"] {
            assert_eq!(only.status_of(name), Some(200), "{name}");
        }
    }

    /// RFC 4918 §9.1: Depth 0 is the resource, Depth 1 is it and its members, all of them.
    async fn depth_0_and_1(user: User) {
        user.mkcol("files/c").await;
        user.mkcol("files/c/d").await;
        user.put("files/c/d/deeper", "x").await;
        for n in 0..9 {
            user.put(&format!("files/c/{n}"), "x").await;
        }
        let base = user.path("files/c/");
        assert_eq!(user.propfind("files/c/", "0", "<D:getetag/>").await.hrefs(), [base.as_str()]);
        let found = user.propfind("files/c/", "1", "<D:getetag/>").await;
        let mut expected: Vec<String> = (0..9).map(|n| format!("{base}{n}")).collect();
        expected.extend([base.clone(), format!("{base}d/")]);
        let mut hrefs = found.hrefs();
        hrefs.sort_unstable();
        expected.sort_unstable();
        assert_eq!(hrefs, expected);
    }

    /// RFC 4918 §9.1, §9.1.1: infinity, also said by silence, is refused with its condition.
    async fn infinity_on_a_collection_is_refused(user: User) {
        for headers in [vec![("Depth", "infinity")], vec![]] {
            let answer = user.send("PROPFIND", "files/", &headers, "").await;
            answer.expect_condition(403, "propfind-finite-depth");
        }
        user.send("PROPFIND", "files/none/", &[], "").await.expect(404);
        user.send("PROPFIND", "files/", &[("Depth", "2")], "").await.expect(400);
    }

    /// RFC 4918 §10.2: Depth means nothing where there are no members.
    async fn depth_is_ignored_without_members(user: User) {
        user.put("files/f", "text").await;
        let delegates = format!("{}calendar-proxy-read/", user.principal());
        for target in ["files/f", &delegates] {
            for depth in [None, Some("0"), Some("1"), Some("infinity")] {
                assert_eq!(propfind(&user, target, depth, "").await.responses.len(), 1, "{target}");
            }
        }
    }

    /// RFC 4918 §9.1: the properties stand with the href of their resource; what GET says in its
    /// headers is what the properties say (§15.4 to §15.7).
    async fn properties_are_what_get_says(user: User) {
        user.mkcol("files/c").await;
        for (name, kind, body) in [("a", "image/png", "1"), ("b", "text/plain; charset=utf-8", "22")] {
            let target = format!("files/c/{name}");
            user.send("PUT", &target, &[("Content-Type", kind)], body).await.expect(201);
        }
        user.put("files/c/empty", "").await;
        let found = user.propfind("files/c/", "1", OF_FILE).await;
        let mut files = 0;
        for response in found.responses.iter().filter(|r| !r.href.ends_with('/')) {
            let got = user.get(&response.href).await.expect(200);
            for (header, property) in [
                ("etag", "getetag"),
                ("content-length", "getcontentlength"),
                ("content-type", "getcontenttype"),
                ("last-modified", "getlastmodified"),
            ] {
                let text = response.text(property);
                assert_eq!(got.header(header), Some(text.as_str()), "{} {header}", response.href);
            }
            files += 1;
        }
        assert_eq!(files, 3);
    }

    /// RFC 4918 §15: each live property has the syntax of its definition.
    async fn live_properties_keep_their_syntax(user: User) {
        user.put("files/f", "text").await;
        let found = user.propfind("files/f", "0", OF_FILE).await;
        let it = found.only();
        let date = it.text("creationdate");
        assert!(date.len() >= 20 && date.ends_with('Z') && &date[10..11] == "T", "{date}");
        assert_eq!(it.text("getcontentlength"), "4");
        let etag = it.text("getetag");
        assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 2, "{etag}");
        let modified = it.text("getlastmodified");
        assert!(modified.len() == 29 && modified.ends_with(" GMT"), "{modified}");
        assert!(it.prop("lockdiscovery").children.is_empty());
        assert!(it.prop("resourcetype").children.is_empty());
        let entries: Vec<_> = it.prop("supportedlock").elements().collect();
        assert_eq!(entries.len(), 2);
        for (entry, scope) in entries.iter().zip(["exclusive", "shared"]) {
            assert!(entry.is("DAV:", "lockentry"));
            assert!(entry.child("DAV:", "lockscope").unwrap().child("DAV:", scope).is_some());
            assert!(entry.child("DAV:", "locktype").unwrap().child("DAV:", "write").is_some());
        }
    }

    /// RFC 4918 §14.3, §15.9: resourcetype is on every resource, of elements only.
    async fn resourcetype_says_which_are_collections(user: User) {
        user.put("files/f", "text").await;
        let principal = user.principal();
        for target in ["files/", "calendars/", "addressbooks/", "/dav/", "/dav/files/", &principal] {
            let found = user.propfind(target, "0", "<D:resourcetype/>").await;
            let kind = found.only().prop("resourcetype");
            assert!(kind.child("DAV:", "collection").is_some() && kind.text().is_empty(), "{target}");
        }
        for home in ["calendars/", "addressbooks/"] {
            let found = user.propfind(home, "1", "<D:resourcetype/>").await;
            assert!(found.responses.len() > 1);
            for response in &found.responses {
                let kind = response.prop("resourcetype");
                assert!(kind.child("DAV:", "collection").is_some() && kind.text().is_empty());
            }
        }
        let found = user.propfind("files/f", "0", "<D:resourcetype/>").await;
        assert!(found.only().prop("resourcetype").children.is_empty());
    }

    /// RFC 4918 §15.1: every resource with a known time has a creationdate.
    async fn creationdate_is_on_what_was_made(user: User) {
        user.put("files/f", "text").await;
        let principal = user.principal();
        for target in ["files/", "files/f", "calendars/", &principal] {
            let found = user.propfind(target, "0", "<D:creationdate/>").await;
            assert!(found.only().text("creationdate").contains('T'), "{target}");
        }
        let found = user.propfind("/dav/", "0", "<D:creationdate/>").await;
        assert_eq!(found.only().status_of("creationdate"), Some(404));
    }

    /// RFC 4918 §5.2, §8.3: a collection's href ends in a slash, however it was asked for, and the
    /// answer says so in Content-Location.
    async fn a_collection_is_named_with_its_slash(user: User) {
        user.mkcol(&user.path("files/c%20d")).await;
        let own = user.path("files/c%20d/");
        let bare = user.path("files/c%20d");
        for method in ["PROPFIND", "GET"] {
            let answer = user.send(method, &bare, &[("Depth", "1")], "").await;
            assert!(answer.status.is_success(), "{answer}");
            assert_eq!(answer.header("content-location"), Some(own.as_str()), "{method}");
            let answer = user.send(method, &own, &[("Depth", "1")], "").await;
            assert_eq!(answer.header("content-location"), None, "{method}");
        }
        let found = user.propfind(&bare, "1", "<D:resourcetype/>").await;
        assert_eq!(found.hrefs(), [own.as_str()]);
        let found = user.propfind("files/", "1", "<D:resourcetype/>").await;
        for response in &found.responses {
            let collection = response.prop("resourcetype").child("DAV:", "collection").is_some();
            assert_eq!(collection, response.href.ends_with('/'), "{}", response.href);
        }
    }

    /// RFC 4918 §9.1: nothing but DAV resources is listed, at the entrance too.
    async fn the_entrance_lists_only_what_is_dav(user: User) {
        for target in ["/", "/dav/"] {
            let found = user.propfind(target, "1", "<D:resourcetype/>").await;
            assert!(found.responses.len() > 1);
            for href in found.hrefs() {
                assert!(href.starts_with("/dav/") || href == target, "{href}");
                user.send("PROPFIND", href, &[("Depth", "0")], "").await.expect(207);
            }
        }
    }

    /// RFC 4918 §5, §5.2: every listed member has a parent that lists it, down to the leaves.
    async fn the_tree_is_consistent(user: User) {
        user.mkcol("files/c").await;
        user.mkcol("files/c/d").await;
        user.put("files/c/f", "1").await;
        user.put("files/c/d/f", "2").await;
        let listed = crate::dav::everything_below(&user, &user.path("files/")).await;
        let expected = ["files/c/", "files/c/d/", "files/c/d/f", "files/c/f"];
        assert_eq!(listed, expected.map(|inside| user.path(inside)));
        assert_eq!(user.get("files/c/f").await.expect(200).text(), "1");
        assert_eq!(user.get("files/c/d/f").await.expect(200).text(), "2");
    }

    /// RFC 4918 §9.1: what one may not see has an error of its own.
    async fn what_is_forbidden_is_told_for_each_property(owner: User, reader: User) {
        owner.put("files/f", "text").await;
        crate::dav::grant(&owner, "files", &reader, davenport::kernel::privilege::Privileges::READ).await;
        let asked = "<D:displayname/><D:acl/><D:sync-token/>";
        let found = reader.propfind(&owner.path("files/"), "1", asked).await;
        let home = found.of(&owner.path("files/"));
        assert_eq!((home.status_of("sync-token"), home.status_of("acl")), (Some(200), Some(403)));
        assert_eq!(owner.propfind("files/", "0", asked).await.only().status_of("acl"), Some(200));
    }

    /// RFC 4918 §10.2: a condition counts for the Request-URI and not for members.
    async fn conditions_are_not_compared_with_members(user: User) {
        user.put("files/f", "text").await;
        let headers = [("Depth", "1"), ("If-Match", "\"of the collection\"")];
        user.send("PROPFIND", "files/", &headers, "").await.expect(207);
    }

    /// RFC 4918 §8.3: all hrefs of an answer are absolute paths, escaped, without dot segments.
    async fn hrefs_are_absolute_paths(user: User) {
        for name in ["a b", "ü", "100%", "a&b", "x;y", "q?", "h#", "(1)"] {
            let mut encoded = Vec::new();
            davenport::format::uri::encode_path(name, &mut encoded);
            user.put(&format!("files/{}", String::from_utf8(encoded).unwrap()), "x").await;
        }
        let found = user.propfind("files/", "1", "<D:getetag/>").await;
        assert_eq!(found.responses.len(), 9);
        for href in found.hrefs() {
            assert!(href.starts_with(&user.path("files/")), "{href}");
            assert!(href.parse::<http::Uri>().is_ok() && !href.contains("/."), "{href}");
            user.send("PROPFIND", href, &[("Depth", "0")], "").await.expect(207);
        }
    }
}
