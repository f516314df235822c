//! PROPPATCH and dead properties (RFC 4918 §4.3, §9.2, §14.26).

use crate::support::dav::{Multistatus, User, dialogues};

fn set(content: &str) -> String {
    format!("<D:set><D:prop xmlns:x=\"urn:x\">{content}</D:prop></D:set>")
}

fn remove(content: &str) -> String {
    format!("<D:remove><D:prop xmlns:x=\"urn:x\">{content}</D:prop></D:remove>")
}

async fn patch(user: &User, target: &str, instructions: &str) -> Multistatus {
    user.proppatch(target, instructions).await.expect(207).multistatus()
}

async fn ask(user: &User, target: &str, content: &str) -> Multistatus {
    let prop = format!("<D:prop xmlns:x=\"urn:x\">{content}</D:prop>");
    let body = crate::support::dav::document("D:propfind", &prop);
    user.send("PROPFIND", target, &[("Depth", "0")], body).await.expect(207).multistatus()
}

dialogues! {
    /// RFC 4918 §9.2: on every kind of resource, any dead property.
    async fn a_dead_property_is_kept_on_every_kind_of_resource(user: User) {
        user.put("files/f", "text").await;
        user.mkcol("files/c").await;
        user.mkcol("calendars/work").await;
        for target in ["files/f", "files/c/", "files/", "calendars/work/", "calendars/"] {
            let found = patch(&user, target, &set("<x:a>1</x:a>")).await;
            assert_eq!(found.only().status_of("a"), Some(200), "{target}");
            assert_eq!(found.only().href, user.path(target), "{target}");
            assert!(found.only().prop("a").children.is_empty(), "names only");
            assert_eq!(ask(&user, target, "<x:a/>").await.only().text("a"), "1", "{target}");
        }
    }

    /// RFC 4918 §8.3: the href of a collection ends in a slash, though the request's did not.
    async fn the_answer_names_a_collection_with_its_slash(user: User) {
        user.mkcol("files/c").await;
        for instructions in [set("<x:a>1</x:a>"), set("<D:getetag>1</D:getetag>")] {
            let found = patch(&user, "files/c", &instructions).await;
            assert_eq!(found.only().href, user.path("files/c/"));
        }
    }

    /// RFC 4918 §9.2: set and remove in one request.
    async fn sets_and_removes(user: User) {
        user.put("files/f", "text").await;
        patch(&user, "files/f", &set("<x:b>old</x:b>")).await;
        let both = format!("{}{}", set("<x:a>1</x:a>"), remove("<x:b/>"));
        let found = patch(&user, "files/f", &both).await;
        assert_eq!((found.only().status_of("a"), found.only().status_of("b")), (Some(200), Some(200)));
        let found = ask(&user, "files/f", "<x:a/><x:b/>").await;
        assert_eq!((found.only().status_of("a"), found.only().status_of("b")), (Some(200), Some(404)));
        // §14.23: to remove what is not there is no error.
        let found = patch(&user, "files/f", &remove("<x:b/>")).await;
        assert_eq!(found.only().status_of("b"), Some(200));
    }

    /// RFC 4918 §9.2: instructions take effect in document order.
    async fn instructions_take_effect_in_document_order(user: User) {
        user.put("files/f", "text").await;
        let (one, none, two) = (set("<x:a>1</x:a>"), remove("<x:a/>"), set("<x:a>2</x:a>"));
        patch(&user, "files/f", &format!("{one}{none}{two}")).await;
        assert_eq!(ask(&user, "files/f", "<x:a/>").await.only().text("a"), "2");
        patch(&user, "files/f", &format!("{one}{none}")).await;
        assert_eq!(ask(&user, "files/f", "<x:a/>").await.only().status_of("a"), Some(404));
    }

    /// RFC 4918 §9.2, §9.2.1: all or nothing; the culprit has its condition inside its propstat
    /// (§16), the others are 424; what was there stays.
    async fn one_refused_property_stops_all(user: User) {
        user.put("files/f", "text").await;
        patch(&user, "files/f", &set("<x:a>old</x:a>")).await;
        let mixed = set("<x:a>new</x:a><x:b>new</x:b><D:getetag>\"x\"</D:getetag>");
        let found = patch(&user, "files/f", &mixed).await;
        let it = found.only();
        let statuses = ["a", "b", "getetag"].map(|name| it.status_of(name));
        assert_eq!(statuses, [Some(424), Some(424), Some(403)]);
        assert!(it.has_condition("cannot-modify-protected-property"));
        let errors = it.element.elements().filter(|e| e.child("DAV:", "error").is_some());
        assert_eq!(errors.map(|e| e.name.local().to_owned()).collect::<Vec<_>>(), ["propstat"]);
        let found = ask(&user, "files/f", "<x:a/><x:b/>").await;
        assert_eq!((found.only().text("a").as_str(), found.only().status_of("b")), ("old", Some(404)));
    }

    /// RFC 4918 §15: which properties are protected; on a file and on a collection.
    async fn the_servers_own_properties_are_protected(user: User) {
        user.put("files/f", "text").await;
        for name in [
            "getetag", "getlastmodified", "lockdiscovery", "resourcetype", "supportedlock",
            "getcontentlength", "getcontenttype", "creationdate",
        ] {
            for target in ["files/f", "files/"] {
                for instructions in
                    [set(&format!("<D:{name}>x</D:{name}>")), remove(&format!("<D:{name}/>"))]
                {
                    let found = patch(&user, target, &instructions).await;
                    assert_eq!(found.only().status_of(name), Some(403), "{name} {target}");
                    assert!(found.only().has_condition("cannot-modify-protected-property"));
                }
            }
        }
    }

    /// RFC 4918 §15.2, §15.3: displayname and getcontentlanguage are the client's.
    async fn displayname_and_language_can_be_set(user: User) {
        user.put("files/f", "text").await;
        user.mkcol("files/c").await;
        for target in ["files/f", "files/c/"] {
            let both = "<D:displayname>Ein Name</D:displayname>\
                        <D:getcontentlanguage>de</D:getcontentlanguage>";
            patch(&user, target, &set(both)).await;
            // The same under another spelling of the path.
            for target in [target.to_owned(), user.path(target).replace("files", "%66iles")] {
                let found = ask(&user, &target, "<D:displayname/><D:getcontentlanguage/>").await;
                assert_eq!(found.only().text("displayname"), "Ein Name", "{target}");
                assert_eq!(found.only().text("getcontentlanguage"), "de", "{target}");
            }
        }
    }

    /// RFC 4918 §4.3: name, language, elements, attributes, text and prefixes survive (§17 too).
    async fn a_value_comes_back_as_it_was(user: User) {
        user.put("files/f", "text").await;
        let value = "<x:a xml:lang=\"de\" one=\"1\" x:two=\"&lt;2&gt;\"> text <h:b xmlns:h=\"urn:h\" \
                     h:c=\"d\">more<h:empty/></h:b> &amp; tail <b xmlns=\"urn:other\"/></x:a>";
        patch(&user, "files/f", &set(value)).await;
        let sent = format!("<w xmlns:x=\"urn:x\">{value}</w>");
        let sent = davenport::format::xml::parse(sent.as_bytes()).unwrap();
        let sent = sent.elements().next().unwrap();
        let body = crate::support::dav::document("D:propfind", "<D:prop><x:a xmlns:x=\"urn:x\"/></D:prop>");
        let answer = user.send("PROPFIND", "files/f", &[("Depth", "0")], body).await.expect(207);
        let found = answer.multistatus();
        assert_eq!(found.only().prop("a"), sent);
        assert!(answer.text().contains("<h:b"), "the prefix survives: {}", answer.text());
    }

    /// RFC 4918 §4.3: white space in a value is the value's own.
    async fn white_space_is_kept(user: User) {
        user.put("files/f", "text").await;
        patch(&user, "files/f", &set("<x:a xml:space=\"default\">  a\n\t </x:a><x:b>   </x:b>")).await;
        let found = ask(&user, "files/f", "<x:a/><x:b/>").await;
        assert_eq!((found.only().text("a"), found.only().text("b")), ("  a\n\t ".into(), "   ".into()));
    }

    /// RFC 4918 §14.26: the language in scope is stored and comes back.
    async fn the_language_in_scope_is_kept(user: User) {
        user.put("files/f", "text").await;
        let instructions = "<D:set><D:prop xmlns:x=\"urn:x\" xml:lang=\"fr\"><x:a>un</x:a>\
            <D:displayname>nom</D:displayname><x:b xml:lang=\"en\">one</x:b></D:prop></D:set>";
        patch(&user, "files/f", instructions).await;
        let found = ask(&user, "files/f", "<x:a/><x:b/><D:displayname/>").await;
        let language = |name: &str| found.only().prop(name).lang().map(str::to_owned);
        assert_eq!(language("a").as_deref(), Some("fr"));
        assert_eq!(language("b").as_deref(), Some("en"));
        assert_eq!(language("displayname").as_deref(), Some("fr"));
    }

    /// RFC 4918 §9.2: without effect when the resource is not there, or a condition fails.
    async fn a_missing_resource_and_a_failed_condition_come_first(user: User) {
        user.put("files/f", "text").await;
        for instructions in [set("<x:a>1</x:a>"), set("<D:getetag>1</D:getetag>")] {
            user.proppatch("files/none", &instructions).await.expect(404);
            let body = crate::support::dav::document("D:propertyupdate", &instructions);
            let headers = [("If-Match", "\"other\"")];
            user.send("PROPPATCH", "files/f", &headers, body).await.expect(412);
        }
        assert_eq!(ask(&user, "files/f", "<x:a/>").await.only().status_of("a"), Some(404));
    }

    /// RFC 4918 §9.2: the answer is not to be kept.
    async fn the_answer_is_not_cached(user: User) {
        user.put("files/f", "text").await;
        let answer = user.proppatch("files/f", &set("<x:a>1</x:a>")).await.expect(207);
        crate::dav::expect_uncached(&answer);
        assert_eq!(answer.header("etag"), None);
    }

    /// RFC 4918 §8.6, §15.7: neither properties nor locks change the entity tag or the time.
    async fn properties_and_locks_do_not_touch_the_validators(user: User) {
        user.put("files/f", "text").await;
        let before = user.get("files/f").await;
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        patch(&user, "files/f", &set("<x:a>1</x:a>")).await;
        let token = user.lock("files/f", "0").await;
        let during = user.get("files/f").await;
        let unlock = [("Lock-Token", format!("<{token}>"))];
        let unlock: Vec<_> = unlock.iter().map(|(n, v)| (*n, v.as_str())).collect();
        user.send("UNLOCK", "files/f", &unlock, "").await.expect(204);
        let after = user.get("files/f").await;
        for header in ["etag", "last-modified"] {
            assert_eq!(before.header(header), during.header(header));
            assert_eq!(before.header(header), after.header(header));
        }
    }

    /// A body that is no propertyupdate, or names nothing, is a 400.
    async fn a_body_without_instructions_is_refused(user: User) {
        user.put("files/f", "text").await;
        user.send("PROPPATCH", "files/f", &[], "").await.expect(400);
        user.send("PROPPATCH", "files/f", &[], "<a/>").await.expect(400);
        user.proppatch("files/f", "").await.expect(400);
    }

    /// A value larger than is kept is refused, and the answer says so for each property.
    async fn a_value_that_is_too_long_is_refused(user: User) {
        user.put("files/f", "text").await;
        let long = "y".repeat(davenport::kernel::limits::PROPERTY_MAX + 1);
        let found = patch(&user, "files/f", &set(&format!("<x:b>1</x:b><x:a>{long}</x:a>"))).await;
        assert!(found.only().status_of("a").unwrap() >= 400);
        let found = ask(&user, "files/f", "<x:a/><x:b/>").await;
        assert_eq!((found.only().status_of("a"), found.only().status_of("b")), (Some(404), Some(404)));
    }
}
