//! The reports of access control (RFC 3744 §9) and `expand-property` (RFC 3253 §3.8).

use super::*;
use crate::support::dav::{Multistatus, dialogues};

const PRINCIPALS: &str = "/dav/principals/";

async fn report(user: &User, path: &str, root: &str, content: &str) -> Multistatus {
    user.report(path, "0", root, content).await.expect(207).multistatus()
}

/// A search for a text in a property.
fn search(property: &str, text: &str) -> String {
    format!(
        "<D:property-search><D:prop><{property}/></D:prop><D:match>{text}</D:match></D:property-search>"
    )
}

dialogues! {
    /// RFC 3744 §9: Depth 0 only; no header means 0. Each report is announced.
    async fn reports_take_depth_zero_only(user: User) {
        let home = user.path("files/");
        let find = search("D:displayname", "a");
        let table = [
            ("acl-principal-prop-set", home.as_str(), ""),
            ("principal-match", PRINCIPALS, "<D:self/>"),
            ("principal-property-search", PRINCIPALS, find.as_str()),
            ("principal-search-property-set", PRINCIPALS, ""),
            ("expand-property", PRINCIPALS, ""),
        ];
        for (name, path, content) in table {
            let root = format!("D:{name}");
            for depth in ["1", "infinity"] {
                user.report(path, depth, &root, content).await.expect(400);
            }
            let answer = user.send("REPORT", path, &[], document(&root, content)).await;
            assert!(answer.status.is_success(), "{answer}");
            let found = user.propfind(path, "0", "<D:supported-report-set/>").await;
            let set = found.only().prop("supported-report-set");
            let is_it = |e: &Element| {
                let report = e.child("DAV:", "report").unwrap();
                report.child("DAV:", name).is_some()
            };
            assert!(set.elements().any(is_it), "{name} at {path}");
        }
        user.report(PRINCIPALS, "0", "D:no-such-report", "").await
            .expect_condition(403, "supported-report");
    }

    /// RFC 3253 §3.8: hrefs become responses, level by level.
    async fn expand_property_nests(user: User) {
        let group = group(&[&user]).await;
        let content = "<D:property name=\"group-membership\"><D:property name=\"displayname\"/>\
            <D:property name=\"group-member-set\"><D:property name=\"principal-URL\"/></D:property>\
            <D:property name=\"no-such\"/></D:property><D:property name=\"displayname\"/>";
        let found = report(&user, &user.principal(), "D:expand-property", content).await;
        assert_eq!(found.only().text("displayname"), user.name);
        let inner = found.only().prop("group-membership").child("DAV:", "response").unwrap();
        assert_eq!(inner.child("DAV:", "href").unwrap().text(), group_path(&group));
        let stats: Vec<&Element> = inner.elements().filter(|e| e.is("DAV:", "propstat")).collect();
        let shown = stats[0].child("DAV:", "prop").unwrap();
        assert_eq!(shown.child("DAV:", "displayname").unwrap().text(), group);
        let members = shown.child("DAV:", "group-member-set").unwrap();
        let member = members.child("DAV:", "response").unwrap();
        assert_eq!(member.child("DAV:", "href").unwrap().text(), user.principal());
        assert!(stats[1].child("DAV:", "prop").unwrap().child("DAV:", "no-such").is_some());
        assert!(stats[1].child("DAV:", "status").unwrap().text().contains("404"));
    }

    /// What may not be looked at says so in its place.
    async fn expand_property_says_what_is_denied(plain: User) {
        let server = plain.server.discreet().await;
        let (user, other) = (server.user().await, server.user().await);
        user.mkcol("files/a/").await;
        acl(&user, "files/a/", &grant(&href(&other), &["D:read"])).await.expect(200);
        let content = "<D:property name=\"owner\"><D:property name=\"displayname\"/></D:property>";
        let found = report(&other, &user.path("files/a/"), "D:expand-property", content).await;
        let inner = found.only().prop("owner").child("DAV:", "response").unwrap();
        assert!(inner.child("DAV:", "status").unwrap().text().contains("403"));
    }

    /// Hrefs that are no resources stay; levels are bounded.
    async fn expand_property_is_bounded(user: User) {
        let content = "<D:property name=\"calendar-user-address-set\" \
            namespace=\"urn:ietf:params:xml:ns:caldav\"><D:property name=\"displayname\"/></D:property>";
        let found = report(&user, &user.principal(), "D:expand-property", content).await;
        let set = found.only().prop("calendar-user-address-set");
        assert_eq!(set.elements().filter(|e| e.is("DAV:", "response")).count(), 1);
        let nested = |levels: usize| {
            let open = "<D:property name=\"principal-URL\">".repeat(levels);
            open + &"</D:property>".repeat(levels)
        };
        report(&user, &user.principal(), "D:expand-property", &nested(4)).await;
        user.report(&user.principal(), "0", "D:expand-property", &nested(9)).await.expect(400);
    }

    /// apple-requests 40: an answer, though there are no delegates.
    async fn expand_property_as_apple_asks(user: User) {
        let body = r#"<?xml version="1.0" encoding="UTF-8"?>
<A:expand-property xmlns:A="DAV:">
  <A:property name="calendar-proxy-read-for" namespace="http://calendarserver.org/ns/">
    <A:property name="calendar-user-address-set" namespace="urn:ietf:params:xml:ns:caldav"/>
    <A:property name="displayname" namespace="DAV:"/>
  </A:property>
</A:expand-property>"#;
        let minimal = [("Brief", "t"), ("Prefer", "return=minimal")];
        let answer = user.send("REPORT", &user.principal(), &minimal, body).await.expect(207);
        assert_eq!(answer.multistatus().hrefs(), [user.principal()]);
    }

    /// RFC 3744 §9.2: each principal once; of those one may not look at, the name.
    async fn principals_of_a_list(owner: User, other: User, reader: User) {
        owner.mkcol("files/a/").await;
        owner.mkcol("files/a/b/").await;
        let group = group(&[&other]).await;
        let to = format!("<D:href>{}</D:href>", group_path(&group));
        acl(&owner, "files/a/", &(grant(&href(&other), &["D:read"]) + &grant(&to, &["D:write"])))
            .await.expect(200);
        let list = grant(&href(&other), &["D:write"]) + &grant("<D:authenticated/>", &["D:read"]);
        acl(&owner, "files/a/b/", &list).await.expect(200);
        let prop = "<D:prop><D:displayname/><D:group-membership/></D:prop>";
        let path = owner.path("files/a/b/");
        let found = report(&owner, &path, "D:acl-principal-prop-set", prop).await;
        let mut hrefs = found.hrefs();
        hrefs.sort_unstable();
        let mut expected = vec![owner.principal(), other.principal(), group_path(&group)];
        expected.sort();
        assert_eq!(hrefs, expected);
        assert_eq!(found.of(&other.principal()).text("displayname"), other.name);
        assert_eq!(found.of(&other.principal()).status_of("group-membership"), Some(403));
        assert_eq!(found.of(&owner.principal()).status_of("group-membership"), Some(200));
        let denied = reader.report(&path, "0", "D:acl-principal-prop-set", prop).await;
        denied.expect_condition(403, "need-privileges");
        let found = report(&owner, "/dav/", "D:acl-principal-prop-set", prop).await;
        assert!(found.responses.is_empty());
    }

    /// RFC 3744 §9.3: oneself and one's groups.
    async fn principal_match_finds_oneself(user: User) {
        let group = group(&[&user]).await;
        let content = "<D:self/><D:prop><D:displayname/></D:prop>";
        let found = report(&user, PRINCIPALS, "D:principal-match", content).await;
        assert_eq!(found.hrefs(), [user.principal(), group_path(&group)]);
        assert_eq!(found.of(&user.principal()).text("displayname"), user.name);
        let users = report(&user, "/dav/principals/users/", "D:principal-match", content).await;
        assert_eq!(users.hrefs(), [user.principal()]);
        let of_group = report(&user, &group_path(&group), "D:principal-match", content).await;
        assert_eq!(of_group.hrefs(), [group_path(&group)]);
        let home = user.path("files/");
        assert!(report(&user, &home, "D:principal-match", content).await.responses.is_empty());
    }

    /// RFC 3744 §9.3: everything inside, at any depth, whose property names one.
    async fn principal_match_finds_ones_own(owner: User, other: User) {
        for path in ["files/a/", "files/a/b/"] {
            owner.mkcol(path).await;
        }
        owner.put("files/a/b/f", "f").await;
        let content = "<D:principal-property><D:owner/></D:principal-property>\
                       <D:prop><D:resourcetype/></D:prop>";
        let found = report(&owner, &owner.path("files/"), "D:principal-match", content).await;
        let mut hrefs = found.hrefs();
        hrefs.sort_unstable();
        assert_eq!(hrefs, ["files/a/", "files/a/b/", "files/a/b/f"].map(|p| owner.path(p)));
        acl(&owner, "files/a/", &grant(&href(&other), &["D:read"])).await.expect(200);
        let path = owner.path("files/a/");
        assert!(report(&other, &path, "D:principal-match", content).await.responses.is_empty());
        let found = report(&owner, "/dav/files/", "D:principal-match", content).await;
        assert_eq!(found.responses.len(), 4);
        for wrong in ["", "<D:self/><D:principal-property><D:owner/></D:principal-property>"] {
            owner.report(PRINCIPALS, "0", "D:principal-match", wrong).await.expect(400);
        }
    }

    /// RFC 3744 §9.4: all conditions, caseless, anywhere in the text.
    async fn a_search_finds_those_that_match(user: User, other: User) {
        let prop = "<D:prop><D:displayname/><C:calendar-user-address-set/></D:prop>";
        let root = "D:principal-property-search";
        let admin = administrator(&user).await;
        let by_name = search("D:displayname", &user.name.to_uppercase());
        let found = report(&admin, PRINCIPALS, root, &format!("{by_name}{prop}")).await;
        let it = found.of(&user.principal());
        assert_eq!(it.text("displayname"), user.name);
        it.prop("calendar-user-address-set");
        let group = search("C:calendar-user-type", "GROUP");
        let both = format!("{by_name}{group}{prop}");
        let found = report(&admin, PRINCIPALS, root, &both).await;
        assert!(!found.hrefs().contains(&user.principal().as_str()));
        let not_searchable = search("D:resourcetype", "principal");
        assert!(report(&admin, PRINCIPALS, root, &not_searchable).await.responses.is_empty());
        let nothing = search("D:displayname", "no such name");
        assert!(report(&admin, PRINCIPALS, root, &nothing).await.responses.is_empty());
        admin.report(PRINCIPALS, "0", root, prop).await.expect(400);
        // Where the directory is not open, others find themselves and their groups, whatever they
        // search.
        let server = other.server.discreet().await;
        let (user, other) = (server.user().await, server.user().await);
        let by_name = search("D:displayname", &user.name);
        let anybody = search("D:displayname", "");
        assert_eq!(report(&other, PRINCIPALS, root, &anybody).await.hrefs(), [other.principal()]);
        let of_user = report(&other, PRINCIPALS, root, &by_name).await;
        assert!(!of_user.hrefs().contains(&user.principal().as_str()));
    }

    /// The collection asked is the one searched, unless all shall be.
    async fn a_search_stays_inside_its_collection(user: User) {
        let user = user.server.discreet().await.user().await;
        let root = "D:principal-property-search";
        let find = search("D:displayname", &user.name);
        for (path, expected) in [(PRINCIPALS, 1), ("/dav/principals/users/", 1), ("/dav/", 1),
            ("/dav/principals/groups/", 0), (user.path("files/").as_str(), 0)] {
            assert_eq!(report(&user, path, root, &find).await.responses.len(), expected, "{path}");
            let everywhere = format!("{find}<D:apply-to-principal-collection-set/>");
            assert_eq!(report(&user, path, root, &everywhere).await.responses.len(), 1, "{path}");
        }
    }

    /// RFC 6352 §9.4: an address book is found by its owner's name.
    async fn a_search_finds_where_address_books_are(user: User) {
        let content = search("D:displayname", &user.name)
            + "<D:prop><A:addressbook-home-set/><D:displayname/></D:prop>";
        let found = report(&user, PRINCIPALS, "D:principal-property-search", &content).await;
        let set = found.only().prop("addressbook-home-set");
        assert_eq!(set.child("DAV:", "href").unwrap().text(), user.path("addressbooks/"));
    }

    /// apple-requests 42.
    async fn a_search_as_apple_asks(user: User) {
        let condition = |property: &str, text: &str| format!(
            "<D:property-search><D:prop><{property}/></D:prop>\
             <D:match match-type=\"starts-with\">{text}</D:match></D:property-search>");
        let body = |test: &str, text: &str| {
            let conditions = condition("D:displayname", text) + &condition("S:first-name", text);
            document("D:principal-property-search", &conditions)
                .replacen("<D:principal-property-search", &format!("<D:principal-property-search test=\"{test}\""), 1)
        };
        let name = &user.name;
        for (test, text, expected) in [("anyof", name.as_str(), 1), ("allof", name, 0),
            ("anyof", &name[1..], 0)] {
            let answer = user.send("REPORT", PRINCIPALS, &[], body(test, text)).await.expect(207);
            assert_eq!(answer.multistatus().responses.len(), expected, "{test} {text}");
        }
        user.send("REPORT", PRINCIPALS, &[], body("someof", "x")).await.expect(400);
        let tokens = format!("<S:search-token>{name}</S:search-token><D:prop><D:displayname/></D:prop>");
        let found = report(&user, PRINCIPALS, "S:calendarserver-principal-search", &tokens).await;
        assert_eq!(found.hrefs(), [user.principal()]);
    }

    /// What does not fit is cut off, and the answer says so.
    async fn a_search_with_too_many_matches_is_cut(user: User, other: User) {
        let admin = administrator(&user).await;
        let content = "<S:search-token>u</S:search-token><S:limit><S:nresults>1</S:nresults></S:limit>";
        let found = report(&admin, PRINCIPALS, "S:calendarserver-principal-search", content).await;
        assert_eq!(found.responses.len(), 2, "{} and {}", user.name, other.name);
        assert_eq!(found.of(PRINCIPALS).status, Some(507));
        assert!(found.of(PRINCIPALS).has_condition("number-of-matches-within-limits"));
    }

    /// RFC 3744 §9.5, apple-requests 06: 200 and a root of its own.
    async fn the_searchable_properties(user: User) {
        for path in [PRINCIPALS, "/dav/principals/users/"] {
            let answer = user.report(path, "0", "D:principal-search-property-set", "").await.expect(200);
            let root = answer.xml();
            assert!(root.is("DAV:", "principal-search-property-set"));
            let mut names = Vec::new();
            for entry in root.elements() {
                assert!(entry.is("DAV:", "principal-search-property"));
                assert_eq!(entry.child("DAV:", "description").unwrap().lang(), Some("en"));
                let prop = entry.child("DAV:", "prop").unwrap();
                names.push(prop.elements().next().unwrap().name.local().to_owned());
            }
            for name in ["displayname", "email-address-set", "calendar-user-address-set", "calendar-user-type"] {
                assert!(names.iter().any(|n| n == name), "{name}");
            }
        }
    }

    /// Every property that is announced finds something by a text of its own.
    async fn what_is_searchable_is_found(plain: User) {
        let server = plain.server.discreet().await;
        let user = server.account(|new| new.name += "@localhost").await;
        let root = "D:principal-property-search";
        let principal = user.principal();
        let table = [
            ("D:displayname", user.name.as_str()),
            ("S:email-address-set", user.name.as_str()),
            ("C:calendar-user-address-set", "mailto:"),
            ("C:calendar-user-address-set", principal.as_str()),
            ("C:calendar-user-type", "individual"),
            ("C:calendar-home-set", "/dav/calendars/"),
            ("A:addressbook-home-set", "/dav/addressbooks/"),
        ];
        for (property, text) in table {
            let found = report(&user, PRINCIPALS, root, &search(property, text)).await;
            assert_eq!(found.hrefs(), [user.principal()], "{property}");
        }
    }

    /// Who wants to invite somebody finds him, whichever program he uses (`clients/apple-requests` 42).
    async fn attendees_are_found_by_everyone(user: User) {
        let named = |name: &'static str| move |new: &mut NewAccount| name.clone_into(&mut new.display_name);
        let ann = user.server.account(named("Änne Kelvin \u{212a}ühn")).await;
        let prop = "<D:prop><D:displayname/><S:email-address-set/><S:record-type/><D:principal-URL/></D:prop>";
        let root = "D:principal-property-search";
        for text in ["änne", "ÄNNE KEL", "kühn", "nne kelvin", &format!("{}@", ann.name)] {
            let token = format!("<S:search-token>{text}</S:search-token>{prop}");
            let found = report(&user, PRINCIPALS, "S:calendarserver-principal-search", &token).await;
            assert!(found.hrefs().contains(&ann.principal().as_str()), "{text}");
            let one = |name: &str| format!("<D:property-search><D:prop><{name}/></D:prop>\
                <D:match match-type=\"contains\">{text}</D:match></D:property-search>");
            let any = ["D:displayname", "S:email-address-set", "S:first-name", "S:last-name"].map(one).concat();
            let body = document(root, &format!("{any}{prop}")).replacen("search ", "search test=\"anyof\" ", 1);
            let found = user.send("REPORT", PRINCIPALS, &[("Depth", "0")], body).await.expect(207).multistatus();
            assert!(found.hrefs().contains(&ann.principal().as_str()), "{text}");
        }
        for (name, text) in [
            ("C:calendar-user-address-set", format!("mailto:{}@", ann.name)),
            ("C:calendar-user-address-set", ann.principal()),
            ("C:calendar-home-set", ann.path("calendars/")),
        ] {
            let find = format!("{}{prop}", search(name, &text));
            let found = report(&user, PRINCIPALS, root, &find).await;
            assert_eq!(found.hrefs(), [ann.principal()], "{text}");
        }
        // What one may not see cannot be searched for, either.
        let find = format!("{}{prop}", search("D:group-membership", "x"));
        assert!(report(&user, PRINCIPALS, root, &find).await.responses.is_empty());
    }
}
