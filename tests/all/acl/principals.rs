//! Principals as resources (RFC 3744 §2, §4).

use super::*;
use crate::support::dav::dialogues;

fn hrefs(element: &Element) -> Vec<String> {
    element.elements().map(|e| e.text().into_owned()).collect()
}

dialogues! {
    /// RFC 3744 §4: every kind has them.
    async fn principals_have_their_properties(user: User) {
        let admin = administrator(&user).await;
        let group = group(&[&user]).await;
        let room = account(&user, Kind::Resource).await;
        let prop = "<D:displayname/><D:resourcetype/><D:alternate-URI-set/><D:principal-URL/>\
                    <D:group-membership/>";
        for path in [user.principal(), group_path(&group), format!("/dav/principals/resources/{room}/")] {
            let found = admin.propfind(&path, "0", prop).await;
            let it = found.only();
            assert!(!it.text("displayname").is_empty());
            assert!(it.prop("resourcetype").child("DAV:", "principal").is_some());
            assert_eq!(hrefs(it.prop("principal-URL")), [path.as_str()]);
            it.prop("alternate-URI-set");
            it.prop("group-membership");
        }
    }

    /// The current user's principal answers, and is what an ACL names.
    async fn the_current_principal_answers(user: User) {
        let found = user.propfind("/", "0", "<D:current-user-principal/>").await;
        assert_eq!(hrefs(found.only().prop("current-user-principal")), [user.principal()]);
        user.propfind(&user.principal(), "0", "<D:displayname/>").await;
    }

    /// RFC 3744 §4.3, §4.4.
    async fn groups_and_members_name_each_other(user: User, other: User) {
        let group = group(&[&user]).await;
        let path = group_path(&group);
        let found = user.propfind(&path, "0", "<D:group-member-set/>").await;
        assert_eq!(hrefs(found.only().prop("group-member-set")), [user.principal()]);
        let found = user.propfind(&user.principal(), "0", "<D:group-membership/>").await;
        assert_eq!(hrefs(found.only().prop("group-membership")), [path]);
        let found = other.propfind(&other.principal(), "0", "<D:group-membership/>").await;
        assert!(hrefs(found.only().prop("group-membership")).is_empty());
    }

    /// Where the directory is not open, collections of principals list oneself and one's groups.
    async fn one_finds_oneself_and_ones_groups(user: User) {
        let user = user.server.discreet().await.user().await;
        let path = group_path(&group(&[&user]).await);
        for (collection, member) in [("groups", path), ("users", user.principal())] {
            let collection = format!("/dav/principals/{collection}/");
            let found = user.propfind(&collection, "1", "<D:displayname/>").await;
            assert_eq!(found.hrefs(), [collection.as_str(), member.as_str()]);
            assert!(!found.of(&member).text("displayname").is_empty());
        }
    }

    /// Where the directory is not open, others' principals answer as if they were not there, except to
    /// administrators.
    async fn principals_are_seen_by_themselves(user: User) {
        let server = user.server.discreet().await;
        let (user, other) = (server.user().await, server.user().await);
        let missing = "/dav/principals/users/nobody-at-all/";
        for path in [other.principal(), missing.to_owned()] {
            let answer = user.send("PROPFIND", &path, &[("Depth", "0")], "").await;
            answer.expect_condition(403, "need-privileges");
        }
        let admin = administrator(&user).await;
        admin.propfind(&other.principal(), "0", "<D:displayname/>").await;
        admin.send("PROPFIND", missing, &[("Depth", "0")], "").await.expect(404);
    }

    /// Where the directory is open, everybody finds everybody, with what one writes to people by; what
    /// others belong to stays theirs, and who may not sign in is as if not there.
    async fn everyone_is_found_where_the_directory_is_open(user: User, other: User) {
        let room = account(&user, Kind::Resource).await;
        let path = format!("/dav/principals/resources/{room}/");
        let team = group_path(&group(&[&other]).await);
        let prop = "<D:displayname/><C:calendar-user-address-set/><C:calendar-user-type/>\
            <S:email-address-set/><D:principal-URL/><D:group-membership/><D:current-user-privilege-set/>";
        for (path, kind) in [(other.principal(), "INDIVIDUAL"), (path.clone(), "ROOM"), (team.clone(), "GROUP")] {
            let found = user.propfind(&path, "0", prop).await;
            let it = found.only();
            assert_eq!(it.text("calendar-user-type"), kind);
            assert_eq!(hrefs(it.prop("principal-URL")), [path.as_str()]);
            assert!(hrefs(it.prop("calendar-user-address-set"))[0].starts_with("mailto:"));
            assert!(!it.text("displayname").is_empty() && !hrefs(it.prop("email-address-set")).is_empty());
            assert_eq!(it.status_of("group-membership"), Some(403));
            let own = it.prop("current-user-privilege-set");
            let names: Vec<_> = own.elements().flat_map(Element::elements).map(|e| e.name.local().to_owned()).collect();
            assert_eq!(names, ["read", "read-free-busy", "read-current-user-privilege-set"]);
        }
        let found = user.propfind(&team, "0", "<D:group-member-set/>").await;
        assert_eq!(found.only().status_of("group-member-set"), Some(403));
        let found = other.propfind(&team, "0", "<D:group-member-set/>").await;
        assert_eq!(hrefs(found.only().prop("group-member-set")), [other.principal()]);
        let found = user.propfind("/dav/principals/resources/", "1", "<D:displayname/>").await;
        assert!(found.hrefs().contains(&path.as_str()));
        let (store, name) = (user.server.store.clone(), other.name.clone());
        let lock = admin::Changes { locked: Some(true), ..admin::Changes::default() };
        user.server.on(async move { admin::change(&store, &name, None, lock).await.unwrap(); }).await;
        let missing = "/dav/principals/users/nobody-at-all/".to_owned();
        let mut answers = Vec::new();
        for path in [other.principal(), missing] {
            let answer = user.send("PROPFIND", &path, &[("Depth", "0")], "").await.expect(404);
            answers.push(answer.text().replace(&path, ""));
        }
        assert_eq!(answers[0], answers[1]);
        let found = user.propfind("/dav/principals/users/", "1", "<D:displayname/>").await;
        assert!(found.hrefs().contains(&user.principal().as_str()));
        assert!(!found.hrefs().contains(&other.principal().as_str()));
        administrator(&user).await.propfind(&other.principal(), "0", "<D:displayname/>").await;
    }
}
