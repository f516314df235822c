//! The ACL method and `DAV:acl` (RFC 3744 §5.5, §8.1).

use super::*;
use crate::support::dav::dialogues;

dialogues! {
    /// RFC 3744 §8.1: what was sent is what stands there, beside what is protected.
    async fn a_list_is_kept_as_sent(owner: User, other: User) {
        owner.mkcol("files/a/").await;
        let group = group(&[&other]).await;
        let whole = [
            grant(&href(&other), &["D:read", "D:write-content"]),
            grant(&format!("<D:href>{}</D:href>", group_path(&group)), &["D:write", "D:read"]),
            grant("<D:authenticated/>", &["C:read-free-busy"]),
            grant("<D:property><D:owner/></D:property>", &["D:read-acl", "D:write-acl"]),
        ];
        acl(&owner, "files/a", &whole.concat()).await.expect(200);
        let mut read = read(&owner, "files/a").await;
        assert_eq!(read.remove(0), entry("property", &["all"], "protected"));
        let mut expected = vec![
            entry(&other.principal(), &["read", "write-content"], "own"),
            entry(&group_path(&group), &["read", "write"], "own"),
            entry("authenticated", &["read-free-busy"], "own"),
            entry("property", &["read-acl", "write-acl"], "own"),
        ];
        read.sort();
        expected.sort();
        assert_eq!(read, expected);
    }

    /// The next list takes the place of the last one, and an empty one leaves the owner.
    async fn a_list_replaces_the_one_before(owner: User, other: User, third: User) {
        owner.mkcol("files/a/").await;
        acl(&owner, "files/a/", &grant(&href(&other), &["D:all"])).await.expect(200);
        acl(&owner, "files/a/", &grant(&href(&third), &["D:read"])).await.expect(200);
        assert_eq!(read(&owner, "files/a/").await[1..], [entry(&third.principal(), &["read"], "own")]);
        other.get(&owner.path("files/a/")).await.expect(403);
        acl(&owner, "files/a/", "").await.expect(200);
        assert_eq!(read(&owner, "files/a/").await, [entry("property", &["all"], "protected")]);
        owner.put("files/a/f", "f").await;
    }

    /// A client that sends back all it has read changes nothing.
    async fn a_whole_list_sent_back_changes_nothing(owner: User, other: User) {
        owner.mkcol("files/a/").await;
        owner.mkcol("files/a/b/").await;
        acl(&owner, "files/a/", &grant(&href(&other), &["D:read"])).await.expect(200);
        acl(&owner, "files/a/b/", &grant(&href(&other), &["D:write"])).await.expect(200);
        let before = read(&owner, "files/a/b/").await;
        assert_eq!(before.len(), 3);
        let found = owner.propfind("files/a/b/", "0", "<D:acl/>").await;
        let whole = found.only().prop("acl").to_standalone();
        owner.send("ACL", "files/a/b/", &[], whole).await.expect(200);
        assert_eq!(read(&owner, "files/a/b/").await, before);
    }

    /// RFC 3744 §8.1.1: each condition by its name, and the old list stands.
    async fn each_rule_is_enforced_by_name(owner: User, other: User) {
        owner.mkcol("files/a/").await;
        owner.mkcol("files/a/b/").await;
        let kept = grant(&href(&other), &["D:read"]);
        acl(&owner, "files/a/b/", &kept).await.expect(200);
        let to = href(&other);
        let deny = "<D:deny><D:privilege><D:write/></D:privilege></D:deny>";
        let read = "<D:grant><D:privilege><D:read/></D:privilege></D:grant>";
        let of_owner = "<D:property><D:owner/></D:property>";
        let named = |path: &str| grant(&format!("<D:href>{path}</D:href>"), &["D:read"]);
        let table = [
            ("grant-only", format!("<D:ace><D:principal>{to}</D:principal>{deny}</D:ace>")),
            ("grant-only", format!("<D:ace><D:principal>{of_owner}</D:principal>{deny}</D:ace>")),
            (
                "no-invert",
                format!("<D:ace><D:invert><D:principal>{to}</D:principal></D:invert>{read}</D:ace>"),
            ),
            ("not-supported-privilege", grant(&to, &["D:read", "S:fly"])),
            ("recognized-principal", named("/dav/principals/users/nobody-at-all/")),
            ("recognized-principal", named(&owner.path("files/a/"))),
            ("recognized-principal", named(&group_path(&other.name))),
            ("recognized-principal", named("mailto:a@example.org")),
            ("allowed-principal", grant("<D:all/>", &["D:read"])),
            ("allowed-principal", grant("<D:unauthenticated/>", &["D:read"])),
            ("allowed-principal", grant("<D:self/>", &["D:read"])),
            ("allowed-principal", grant("<D:property><D:group/></D:property>", &["D:read"])),
            ("no-ace-conflict", grant(&to, &["D:read"]) + &grant(&to, &["D:write"])),
            (
                "no-protected-ace-conflict",
                format!(
                    "<D:ace><D:principal>{of_owner}</D:principal>{read}<D:protected/></D:ace>"
                ),
            ),
            (
                "no-inherited-ace-conflict",
                format!(
                    "<D:ace><D:principal>{to}</D:principal>{read}<D:inherited><D:href>{}</D:href>\
                     </D:inherited></D:ace>",
                    owner.path("files/a/")
                ),
            ),
        ];
        for (condition, list) in table {
            acl(&owner, "files/a/b/", &list).await.expect_condition(403, condition);
        }
        let list = super::read(&owner, "files/a/b/").await;
        assert_eq!(list[1..], [entry(&other.principal(), &["read"], "own")]);
    }

    /// As many as are kept are kept, and no more.
    async fn the_number_of_entries_is_limited(owner: User) {
        use davenport::kernel::limits::ACES_MAX;
        owner.mkcol("files/a/").await;
        let mut list = grant("<D:authenticated/>", &["D:read"]);
        let mut names = Vec::new();
        for _ in 0..ACES_MAX {
            names.push(account(&owner, Kind::Resource).await);
        }
        let path = |name: &String| format!("<D:href>/dav/principals/resources/{name}/</D:href>");
        list.extend(names[1..].iter().map(|name| grant(&path(name), &["D:read"])));
        acl(&owner, "files/a/", &list).await.expect(200);
        list += &grant(&path(&names[0]), &["D:read"]);
        acl(&owner, "files/a/", &list).await.expect_condition(403, "limited-number-of-aces");
    }

    /// RFC 3744 §8.1: a body that is no list is a mistake in the request.
    async fn malformed_lists_are_400(owner: User, other: User) {
        owner.mkcol("files/a/").await;
        let two = format!("<D:principal>{0}</D:principal><D:principal>{0}</D:principal>", href(&other));
        let read = "<D:grant><D:privilege><D:read/></D:privilege></D:grant>";
        let deny = "<D:deny><D:privilege><D:read/></D:privilege></D:deny>";
        let one = format!("<D:principal>{}</D:principal>", href(&other));
        for ace in [
            format!("{two}{read}"),
            format!("{one}{read}{deny}"),
            one.clone(),
            read.to_owned(),
            format!("{one}<D:grant/>"),
            format!("<D:principal/>{read}"),
        ] {
            acl(&owner, "files/a/", &format!("<D:ace>{ace}</D:ace>")).await.expect(400);
        }
        let twice = document("D:acl", "") + &document("D:acl", "");
        for body in [document("D:ace", ""), String::new(), "no".into(), twice] {
            owner.send("ACL", "files/a/", &[], body).await.expect(400);
        }
    }

    /// RFC 3744 §10.
    async fn foreign_elements_are_ignored(owner: User, other: User) {
        owner.mkcol("files/a/").await;
        let foreign = "<x:note xmlns:x=\"urn:x\"><D:ace/></x:note>";
        let list = format!("{foreign}{}{foreign}", grant(&href(&other), &["D:read"]));
        acl(&owner, "files/a/", &list).await.expect(200);
        assert_eq!(read(&owner, "files/a/").await[1..], [entry(&other.principal(), &["read"], "own")]);
    }

    /// Members have no list of their own; where nothing is, there is none to set.
    async fn only_collections_have_lists(owner: User, other: User) {
        owner.put("files/f", "f").await;
        owner.mkcol("calendars/c/").await;
        owner.put("calendars/c/e.ics", event("e")).await;
        let list = grant(&href(&other), &["D:read"]);
        for path in ["files/f", "calendars/c/e.ics"] {
            acl(&owner, path, &list).await.expect_condition(403, "no-ace-conflict");
        }
        acl(&owner, "files/missing/", &list).await.expect(404);
        let principal = acl(&owner, &owner.principal(), &list).await.expect(405);
        assert!(!principal.header("allow").unwrap().contains("ACL"));
    }

    /// The list needs a token where the collection is locked, like its properties.
    async fn a_locked_collection_keeps_its_list(owner: User, other: User) {
        owner.mkcol("files/a/").await;
        let token = owner.lock("files/a/", "0").await;
        let list = document("D:acl", &grant(&href(&other), &["D:read"]));
        owner.send("ACL", "files/a/", &[], &list).await.expect(423);
        let header = format!("(<{token}>)");
        owner.send("ACL", "files/a/", &[("If", &header)], &list).await.expect(200);
    }

    /// RFC 3744 §5.5: without the right to read it the list is 403, the rest is shown.
    async fn reading_the_list_is_a_right_of_its_own(owner: User, reader: User, auditor: User) {
        owner.mkcol("files/a/").await;
        let list = grant(&href(&reader), &["D:read"])
            + &grant(&href(&auditor), &["D:read", "D:read-acl"]);
        acl(&owner, "files/a/", &list).await.expect(200);
        let path = owner.path("files/a/");
        let found = reader.propfind(&path, "0", "<D:acl/><D:resourcetype/>").await;
        assert_eq!(found.only().status_of("acl"), Some(403));
        assert_eq!(found.only().status_of("resourcetype"), Some(200));
        assert_eq!(aces(auditor.propfind(&path, "0", "<D:acl/>").await.only().prop("acl")).len(), 3);
    }

    /// Grants reach everything below; the list there says where they come from.
    async fn members_inherit(owner: User, other: User) {
        owner.mkcol("files/a/").await;
        owner.mkcol("files/a/b/").await;
        owner.put("files/a/b/f", "f").await;
        acl(&owner, "files/a/", &grant(&href(&other), &["D:read"])).await.expect(200);
        let (above, here) = (owner.path("files/a/"), owner.path("files/a/b/"));
        let inherited = entry(&other.principal(), &["read"], &above);
        assert_eq!(read(&owner, "files/a/b/").await[1..], std::slice::from_ref(&inherited)[..]);
        assert_eq!(read(&owner, "files/a/b/f").await[1..], [inherited]);
        let found = owner.propfind("files/a/b/f", "0", "<D:inherited-acl-set/>").await;
        let hrefs: Vec<String> = found.only().prop("inherited-acl-set").elements()
            .map(|e| e.text().into_owned()).collect();
        assert_eq!(hrefs, [here.clone(), above, owner.path("files/")]);
        other.get(&format!("{here}f")).await.expect(200);
        other.get(&owner.path("files/")).await.expect(403);
    }

    /// RFC 3744 §7.3, §7.4: a moved collection keeps its own entries, a copy has none.
    async fn a_move_keeps_the_list_and_a_copy_does_not(owner: User, other: User) {
        owner.mkcol("files/a/").await;
        acl(&owner, "files/a/", &grant(&href(&other), &["D:read"])).await.expect(200);
        let to = owner.path("files/copy/");
        owner.send("COPY", "files/a/", &[("Destination", &to)], "").await.expect(201);
        assert_eq!(read(&owner, "files/copy/").await, [entry("property", &["all"], "protected")]);
        let to = owner.path("files/moved/");
        owner.send("MOVE", "files/a/", &[("Destination", &to)], "").await.expect(201);
        assert_eq!(read(&owner, "files/moved/").await[1..], [entry(&other.principal(), &["read"], "own")]);
    }

    /// A new list is a change of the collection, which a client that syncs the home is told.
    async fn a_new_list_is_a_change(owner: User, other: User) {
        owner.mkcol("calendars/c/").await;
        let tag = async || owner.propfind("calendars/c/", "0", "<S:getctag/>").await.only().text("getctag");
        let before = tag().await;
        acl(&owner, "calendars/c/", &grant(&href(&other), &["D:read"])).await.expect(200);
        assert_ne!(tag().await, before);
    }

    /// A list of the right to change lists is enough to change them, and nothing else.
    async fn the_right_to_share_can_be_granted(owner: User, sharer: User, other: User) {
        owner.mkcol("files/a/").await;
        acl(&owner, "files/a/", &grant(&href(&sharer), &["D:write-acl"])).await.expect(200);
        let path = owner.path("files/a/");
        sharer.get(&path).await.expect(403);
        acl(&sharer, &path, &grant(&href(&other), &["D:read"])).await.expect(200);
        other.get(&path).await.expect(200);
        acl(&sharer, &path, "").await.expect_condition(403, "need-privileges");
        // Whatever a sharer sends, the owner keeps everything.
        owner.put("files/a/f", "f").await;
    }
}
