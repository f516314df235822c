//! The properties that RFC 3744 §5 demands of every resource.

use super::*;
use crate::support::dav::dialogues;

/// §5.1 to §5.8.
const EIGHT: [&str; 8] = [
    "owner",
    "group",
    "supported-privilege-set",
    "current-user-privilege-set",
    "acl",
    "acl-restrictions",
    "inherited-acl-set",
    "principal-collection-set",
];

fn all_eight() -> String {
    EIGHT.iter().map(|name| format!("<D:{name}/>")).collect()
}

/// The names in a `supported-privilege-set`, each with those above it.
fn walk(element: &Element, above: &[String], found: &mut Vec<Vec<String>>) {
    for it in element.elements().filter(|e| e.is("DAV:", "supported-privilege")) {
        let privilege = it.child("DAV:", "privilege").unwrap().elements().next().unwrap();
        let mut path = above.to_vec();
        path.push(privilege.name.to_string());
        found.push(path.clone());
        walk(it, &path, found);
        assert!(it.child("DAV:", "abstract").is_none());
        let description = it.child("DAV:", "description").unwrap();
        assert_eq!(description.lang(), Some("en"));
        assert!(!description.text().is_empty());
    }
}

dialogues! {
    /// On collections, members, principals and entrances alike.
    async fn every_resource_has_all_eight(owner: User) {
        owner.put("files/f", "f").await;
        owner.mkcol("calendars/c/").await;
        owner.put("calendars/c/e.ics", event("e")).await;
        owner.mkcol("addressbooks/b/").await;
        let group = group(&[&owner]).await;
        let mut paths: Vec<String> = ["files/", "files/f", "calendars/", "calendars/c/",
            "calendars/c/e.ics", "addressbooks/", "addressbooks/b/"].map(|p| owner.path(p)).into();
        paths.extend(["/", "/dav/", "/dav/principals/", "/dav/principals/users/", "/dav/files/",
            "/.well-known/caldav", "/principals/"].map(str::to_owned));
        paths.extend([owner.principal(), group_path(&group)]);
        for path in paths {
            let found = owner.propfind(&path, "0", &all_eight()).await;
            for name in EIGHT {
                assert_eq!(found.only().status_of(name), Some(200), "{name} of {path}");
            }
            let shown = aces(found.only().prop("acl"));
            assert!(!shown.is_empty(), "{path}");
            let mut paths = Vec::new();
            walk(found.only().prop("supported-privilege-set"), &[], &mut paths);
            for privilege in shown.iter().flat_map(|ace| &ace.1) {
                let named = |path: &Vec<String>| path.last().unwrap().ends_with(&format!("}}{privilege}"));
                assert!(paths.iter().any(named), "{privilege} at {path}");
            }
            let restrictions = found.only().prop("acl-restrictions");
            assert_eq!(restrictions.elements().count(), 2);
            for name in ["grant-only", "no-invert"] {
                assert!(restrictions.child("DAV:", name).is_some());
            }
            let collections = found.only().prop("principal-collection-set");
            let href = collections.child("DAV:", "href").unwrap();
            assert_eq!(href.text(), "/dav/principals/");
        }
    }

    /// RFC 3744 §5, third paragraph.
    async fn nothing_has_none_of_them(owner: User) {
        let body = document("D:propfind", &format!("<D:prop>{}</D:prop>", all_eight()));
        let answer = owner.send("PROPFIND", "files/missing", &[("Depth", "0")], body).await;
        answer.expect(404);
    }

    /// RFC 3744 §4, §5: neither principals' properties nor these are in `allprop`.
    async fn allprop_leaves_them_out(owner: User) {
        for path in [owner.path("files/"), owner.principal(), "/dav/".to_owned()] {
            let answer = owner.send("PROPFIND", &path, &[("Depth", "0")], "").await.expect(207);
            for (_, name) in answer.multistatus().only().names() {
                let local = name.rsplit('}').next().unwrap();
                let those = ["alternate-URI-set", "principal-URL", "group-member-set", "group-membership"];
                assert!(!EIGHT.contains(&local) && !those.contains(&local), "{name} of {path}");
            }
        }
    }

    /// The owner is the account's principal; the group is there and empty.
    async fn owner_and_group(owner: User) {
        owner.put("files/f", "f").await;
        for path in ["files/", "files/f"] {
            let found = owner.propfind(path, "0", "<D:owner/><D:group/>").await;
            let it = found.only().prop("owner").child("DAV:", "href").unwrap();
            assert_eq!(it.text(), owner.principal());
            assert_eq!(found.only().prop("group").elements().count(), 0);
        }
    }

    /// RFC 3744 §3.12, §5.3: what contains what.
    async fn the_tree_of_privileges(owner: User) {
        let found = owner.propfind("files/", "0", "<D:supported-privilege-set/>").await;
        let mut paths = Vec::new();
        walk(found.only().prop("supported-privilege-set"), &[], &mut paths);
        let below = |outer: &str, inner: &str| {
            let name = |local: &str| format!("{{DAV:}}{local}");
            paths.iter().any(|path| {
                path.last() == Some(&name(inner)) && path[..path.len() - 1].contains(&name(outer))
            })
        };
        for path in &paths {
            assert_eq!(path[0], "{DAV:}all");
            let (last, above) = path.split_last().unwrap();
            assert!(!above.contains(last), "{path:?}");
            assert_eq!(paths.iter().filter(|p| p.last() == Some(last)).count(), 1, "{last}");
        }
        for inner in ["bind", "unbind", "write-properties", "write-content"] {
            assert!(below("write", inner) && !below("read", inner));
        }
        for inner in ["read", "read-acl", "write-acl", "read-current-user-privilege-set"] {
            assert!(!below("write", inner));
        }
        for outer in ["read-acl", "write-acl", "read-current-user-privilege-set"] {
            assert!(paths.iter().all(|path| !path[..path.len() - 1].contains(&format!("{{DAV:}}{outer}"))));
        }
        for inner in ["write", "write-acl", "read-acl", "unlock"] {
            assert!(!below("read", inner));
        }
        let defined = ["all", "read", "read-current-user-privilege-set", "write", "write-properties",
            "write-content", "bind", "unbind", "unlock", "read-acl", "write-acl"];
        for path in &paths {
            if let Some(local) = path.last().unwrap().strip_prefix("{DAV:}") {
                assert!(defined.contains(&local), "{local}");
            }
        }
    }

    /// RFC 3744 §5.4, §5.5.2: what one has, and what entries hold, is in that tree; an aggregate
    /// comes with its parts.
    async fn current_privileges_are_supported_ones(owner: User, reader: User, writer: User) {
        owner.mkcol("files/a/").await;
        let list = grant(&href(&reader), &["D:read"]) + &grant(&href(&writer), &["D:read", "D:write"]);
        acl(&owner, "files/a/", &list).await.expect(200);
        let path = owner.path("files/a/");
        let read = ["read", "read-free-busy", "read-current-user-privilege-set"];
        let write = ["write", "write-properties", "write-content", "bind", "unbind"];
        let rest = ["all", "unlock", "read-acl", "write-acl", "schedule-deliver",
            "schedule-deliver-invite", "schedule-deliver-reply", "schedule-query-freebusy",
            "schedule-send", "schedule-send-invite", "schedule-send-reply",
            "schedule-send-freebusy"];
        let table = [(&reader, read.to_vec()), (&writer, [&read[..], &write].concat()),
            (&owner, [&read[..], &write, &rest].concat())];
        for (user, mut expected) in table {
            let found = user.propfind(&path, "0", "<D:current-user-privilege-set/>").await;
            let set = found.only().prop("current-user-privilege-set");
            let mut names: Vec<&str> = set.elements()
                .map(|e| e.elements().next().unwrap().name.local()).collect();
            names.sort_unstable();
            expected.sort_unstable();
            assert_eq!(names, expected);
        }
    }

    /// RFC 3744 §7.2.
    async fn every_resource_says_access_control(owner: User) {
        owner.put("files/f", "f").await;
        for path in ["/dav/".to_owned(), owner.path("files/"), owner.path("files/f"), owner.principal()] {
            let answer = owner.send("OPTIONS", &path, &[], "").await.expect(200);
            let classes: Vec<&str> = answer.header("dav").unwrap().split(", ").collect();
            assert!(classes.contains(&"access-control"), "{classes:?}");
        }
        let allow = owner.send("OPTIONS", "files/", &[], "").await;
        assert!(allow.header("allow").unwrap().split(", ").any(|m| m == "ACL"));
    }
}
