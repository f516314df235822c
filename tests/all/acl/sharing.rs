//! What those see with whom something is shared.

use super::*;
use crate::support::dav::dialogues;

dialogues! {
    /// A sharee finds in the home what is shared, and nothing else; the home stays closed.
    async fn a_sharee_finds_what_is_shared_in_the_home(owner: User, other: User, stranger: User) {
        owner.mkcol("calendars/shared/").await;
        owner.mkcol("calendars/private/").await;
        acl(&owner, "calendars/shared/", &grant(&href(&other), &["D:read"])).await.expect(200);
        let home = owner.path("calendars/");
        let found = other.propfind(&home, "1", "<D:resourcetype/>").await;
        let shared = owner.path("calendars/shared/");
        assert_eq!(found.hrefs(), [home.as_str(), shared.as_str()]);
        assert_eq!(found.of(&home).status, Some(403));
        assert!(found.of(&home).has_condition("need-privileges"));
        assert_eq!(found.of(&shared).status_of("resourcetype"), Some(200));
        let zero = [("Depth", "0")];
        other.send("PROPFIND", &home, &zero, "").await.expect_condition(403, "need-privileges");
        for depth in ["0", "1"] {
            let answer = stranger.send("PROPFIND", &home, &[("Depth", depth)], "").await;
            answer.expect_condition(403, "need-privileges");
        }
    }

    /// What lies deeper does not open the way to it.
    async fn a_way_to_what_is_shared_stays_closed(owner: User, other: User) {
        for path in ["files/a/", "files/a/b/", "files/a/c/"] {
            owner.mkcol(path).await;
        }
        acl(&owner, "files/a/b/", &grant(&href(&other), &["D:read"])).await.expect(200);
        let one = [("Depth", "1")];
        other.send("PROPFIND", &owner.path("files/"), &one, "").await.expect(403);
        let found = other.propfind(&owner.path("files/a/"), "1", "<D:displayname/>").await;
        assert_eq!(found.hrefs(), [owner.path("files/a/"), owner.path("files/a/b/")]);
    }

    /// In a listing each child has the rights that are granted on it.
    async fn each_child_shows_the_rights_on_it(owner: User, other: User) {
        owner.mkcol("calendars/one/").await;
        owner.mkcol("calendars/two/").await;
        acl(&owner, "calendars/", &grant(&href(&other), &["D:read"])).await.expect(200);
        acl(&owner, "calendars/two/", &grant(&href(&other), &["D:write"])).await.expect(200);
        let prop = "<D:current-user-privilege-set/>";
        let found = other.propfind(&owner.path("calendars/"), "1", prop).await;
        let may_write = |path: &str| {
            let set = found.of(&owner.path(path)).prop("current-user-privilege-set");
            set.elements().any(|e| e.child("DAV:", "write").is_some())
        };
        assert!(!may_write("calendars/one/") && may_write("calendars/two/"));
        let content = "<D:sync-token/><D:sync-level>1</D:sync-level>\
                       <D:prop><D:current-user-privilege-set/></D:prop>";
        let home = owner.path("calendars/");
        let synced = other.report(&home, "0", "D:sync-collection", content).await.expect(207);
        let synced = synced.multistatus();
        let set = |path: &str| {
            let it = synced.of(&owner.path(path)).prop("current-user-privilege-set");
            it.elements().any(|e| e.child("DAV:", "write").is_some())
        };
        assert!(!set("calendars/one/") && set("calendars/two/"));
    }

    /// Rights through a group begin and end with the membership, groups in groups included.
    async fn rights_follow_the_membership(owner: User, other: User) {
        owner.mkcol("files/a/").await;
        let inner = group(&[&other]).await;
        let outer = account(&owner, Kind::Group).await;
        change_members(&owner, &outer, vec![inner.clone()], vec![]).await;
        let to = format!("<D:href>{}</D:href>", group_path(&outer));
        acl(&owner, "files/a/", &grant(&to, &["D:read"])).await.expect(200);
        other.get(&owner.path("files/a/")).await.expect(200);
        change_members(&owner, &inner, vec![], vec![other.name.clone()]).await;
        other.get(&owner.path("files/a/")).await.expect(403);
    }

    /// Members have on what their group owns what is granted there, to its owner too.
    async fn a_group_shares_what_it_owns_with_its_members(member: User, stranger: User) {
        let name = group(&[&member]).await;
        let home = format!("/dav/files/{name}/");
        let admin = administrator(&member).await;
        member.get(&home).await.expect(403);
        assert_eq!(read(&admin, &home).await, []);
        let list = grant("<D:property><D:owner/></D:property>", &["D:read", "D:write"]);
        acl(&admin, &home, &list).await.expect(200);
        member.put(&format!("{home}f"), "f").await;
        stranger.get(&format!("{home}f")).await.expect(403);
        let owner = member.propfind(&home, "0", "<D:owner/>").await;
        assert_eq!(owner.only().prop("owner").child("DAV:", "href").unwrap().text(), group_path(&name));
    }

    /// RFC 3744 §3.5.
    async fn breaking_anothers_lock_is_a_right_of_its_own(owner: User, writer: User, breaker: User) {
        owner.mkcol("files/a/").await;
        owner.put("files/a/f", "f").await;
        let list = grant(&href(&writer), &["D:read", "D:write"])
            + &grant(&href(&breaker), &["D:read", "D:unlock"]);
        acl(&owner, "files/a/", &list).await.expect(200);
        let token = format!("<{}>", owner.lock("files/a/f", "0").await);
        let (path, shown) = (owner.path("files/a/f"), [("Lock-Token", token.as_str())]);
        writer.send("UNLOCK", &path, &shown, "").await.expect_condition(403, "need-privileges");
        breaker.send("UNLOCK", &path, &shown, "").await.expect(204);
    }

    /// A deleted principal's grants go with it: a new one of the same name has none.
    async fn grants_go_with_their_principal(owner: User) {
        owner.mkcol("files/a/").await;
        let name = account(&owner, Kind::Resource).await;
        let to = format!("<D:href>/dav/principals/resources/{name}/</D:href>");
        acl(&owner, "files/a/", &grant(&to, &["D:read"])).await.expect(200);
        let store = owner.server.store.clone();
        owner
            .server
            .on(async move {
                let kind = Some(Kind::Resource);
                account::delete(&store, &name, kind, clock::now()).await.unwrap();
            })
            .await;
        assert_eq!(read(&owner, "files/a/").await.len(), 1);
    }
}
