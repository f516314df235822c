//! Delegates (caldav-proxy): the groups below a principal are what is granted on its calendar home,
//! and nothing else.

use super::*;
use crate::support::dav::dialogues;

const LEVELS: [&str; 2] = ["calendar-proxy-read", "calendar-proxy-write"];

fn hrefs(element: &Element) -> Vec<String> {
    element.elements().map(|e| e.text().into_owned()).collect()
}

/// The path of a user's delegates.
fn proxy(of: &User, level: &str) -> String {
    format!("{}{level}/", of.principal())
}

/// Sets the members of a group of delegates.
async fn set(who: &User, group: &str, members: &[String]) -> Answer {
    let hrefs: String = members.iter().map(|path| format!("<D:href>{path}</D:href>")).collect();
    let member_set = format!("<D:group-member-set>{hrefs}</D:group-member-set>");
    who.proppatch(group, &format!("<D:set><D:prop>{member_set}</D:prop></D:set>")).await
}

/// Sets it with success.
#[track_caller]
fn done(answer: Answer) {
    let answer = answer.expect(207);
    assert_eq!(answer.multistatus().only().status_of("group-member-set"), Some(200), "{answer}");
}

async fn members(who: &User, group: &str) -> Vec<String> {
    let found = who.propfind(group, "0", "<D:group-member-set/>").await;
    hrefs(found.only().prop("group-member-set"))
}

/// What `who` has in one of the properties that say for whom it acts.
async fn acts_for(who: &User, level: &str) -> Vec<String> {
    let found = who.propfind(&who.principal(), "0", &format!("<S:{level}-for/>")).await;
    hrefs(found.only().prop(&format!("{level}-for")))
}

dialogues! {
    /// caldav-proxy §5.1, §5.2: they are found below the principal by their types.
    async fn both_groups_are_below_the_principal(user: User) {
        let found = user.propfind(&user.principal(), "1", "<D:resourcetype/><D:displayname/>").await;
        let (read, write) = (proxy(&user, LEVELS[0]), proxy(&user, LEVELS[1]));
        assert_eq!(found.hrefs(), [user.principal(), read, write]);
        // Infinity is no more than that.
        let whole = user.propfind(&user.principal(), "infinity", "<D:resourcetype/>").await;
        assert_eq!(whole.hrefs(), found.hrefs());
        assert!(found.of(&user.principal()).prop("resourcetype").child("DAV:", "collection").is_some());
        for level in LEVELS {
            let it = found.of(&proxy(&user, level));
            let kind = it.prop("resourcetype");
            assert!(kind.child("DAV:", "principal").is_some() && kind.elements().any(|e| e.name.local() == level));
            assert!(!it.text("displayname").is_empty());
            let prop = "<D:principal-URL/><D:owner/><D:group-membership/><D:alternate-URI-set/><C:calendar-home-set/>";
            let it = user.propfind(&proxy(&user, level), "0", prop).await;
            assert_eq!(hrefs(it.only().prop("principal-URL")), [proxy(&user, level)]);
            assert_eq!(hrefs(it.only().prop("owner")), [user.principal()]);
            assert!(hrefs(it.only().prop("group-membership")).is_empty());
            // Never a second home.
            assert_eq!(it.only().status_of("calendar-home-set"), Some(404));
        }
        let options = user.send("OPTIONS", &user.principal(), &[], "").await;
        assert!(options.header("dav").unwrap().split(", ").any(|word| word == "calendar-proxy"));
    }

    /// caldav-proxy §5.2 to §5.4: a member reads, or reads and writes, what the owner has in his
    /// calendars, says so in its own properties, and ceases to when the owner says so.
    async fn a_delegate_does_what_its_level_says(owner: User, reader: User, writer: User) {
        owner.mkcol("calendars/c/").await;
        owner.put("calendars/c/e.ics", event("e")).await;
        owner.put("files/f", "f").await;
        let (read, write) = (proxy(&owner, LEVELS[0]), proxy(&owner, LEVELS[1]));
        done(set(&owner, &read, &[reader.principal()]).await);
        done(set(&owner, &write, &[writer.principal(), writer.principal()]).await);
        assert_eq!(members(&owner, &read).await, [reader.principal()]);
        assert_eq!(members(&owner, &write).await, [writer.principal()]);
        let (there, new) = (owner.path("calendars/c/e.ics"), owner.path("calendars/c/n.ics"));
        for (who, level, status) in [(&reader, LEVELS[0], 403), (&writer, LEVELS[1], 201)] {
            assert_eq!(acts_for(who, level).await, [owner.principal()]);
            let found = who.propfind(&who.principal(), "0", "<D:group-membership/>").await;
            assert_eq!(hrefs(found.only().prop("group-membership")), [proxy(&owner, level)]);
            who.get(&there).await.expect(200);
            who.get(&owner.path("files/f")).await.expect(403);
            who.send("PUT", &new, &[], event("n")).await.expect(status);
            // What it acts for is seen, not what that one belongs to; and it may not add others.
            who.propfind(&owner.principal(), "0", "<D:displayname/>").await;
            set(who, &read, &[who.principal()]).await.expect_condition(403, "need-privileges");
        }
        assert!(acts_for(&reader, LEVELS[1]).await.is_empty());
        assert!(acts_for(&writer, LEVELS[0]).await.is_empty());
        done(set(&owner, &read, &[]).await);
        done(owner.proppatch(&write, "<D:remove><D:prop><D:group-member-set/></D:prop></D:remove>").await);
        for who in [&reader, &writer] {
            who.get(&there).await.expect(403);
            assert!(acts_for(who, LEVELS[0]).await.is_empty() && acts_for(who, LEVELS[1]).await.is_empty());
        }
    }

    /// One grant: what an access control list gives makes a delegate, and a delegate is in the list.
    async fn lists_and_delegates_never_disagree(owner: User, other: User) {
        let home = owner.path("calendars/");
        acl(&owner, &home, &grant(&href(&other), &["D:read"])).await.expect(200);
        assert_eq!(members(&owner, &proxy(&owner, LEVELS[0])).await, [other.principal()]);
        assert_eq!(acts_for(&other, LEVELS[0]).await, [owner.principal()]);
        done(set(&owner, &proxy(&owner, LEVELS[1]), &[other.principal()]).await);
        let own: Vec<Ace> = read(&owner, &home).await.into_iter().filter(|ace| ace.2 == "own").collect();
        assert_eq!(own.len(), 1);
        assert_eq!(own[0].0, other.principal());
        for needed in ["read", "write", "unlock", "schedule-send"] {
            assert!(own[0].1.iter().any(|privilege| privilege == needed), "{own:?}");
        }
        // Whoever becomes a reader keeps nothing more, in whichever order a client says so.
        done(set(&owner, &proxy(&owner, LEVELS[0]), &[other.principal()]).await);
        done(set(&owner, &proxy(&owner, LEVELS[1]), &[]).await);
        assert_eq!(members(&owner, &proxy(&owner, LEVELS[0])).await, [other.principal()]);
        assert_eq!(read(&owner, &home).await.last().unwrap().1, ["read"]);
        acl(&owner, &home, "").await.expect(200);
        assert!(members(&owner, &proxy(&owner, LEVELS[0])).await.is_empty());
        // What is granted on one calendar makes nobody a delegate.
        owner.mkcol("calendars/c/").await;
        acl(&owner, "calendars/c/", &grant(&href(&other), &["D:all"])).await.expect(200);
        assert!(acts_for(&other, LEVELS[0]).await.is_empty());
    }

    /// caldav-proxy §5.3: members of a group that is a delegate act, however far around.
    async fn a_group_can_be_a_delegate(owner: User, member: User) {
        let inner = group(&[&member]).await;
        let outer = group(&[&owner]).await;
        change_members(&owner, &outer, vec![inner.clone()], vec![]).await;
        owner.mkcol("calendars/c/").await;
        done(set(&owner, &proxy(&owner, LEVELS[1]), &[group_path(&outer)]).await);
        assert_eq!(acts_for(&member, LEVELS[1]).await, [owner.principal()]);
        member.put(&owner.path("calendars/c/e.ics"), event("e")).await;
        let found = member.propfind(&member.principal(), "0", "<D:group-membership/>").await;
        assert_eq!(hrefs(found.only().prop("group-membership")), [group_path(&inner)]);
        let matched = member.report("/dav/principals/", "0", "D:principal-match", "<D:self/>").await;
        assert!(matched.multistatus().hrefs().contains(&proxy(&owner, LEVELS[1]).as_str()));
        assert!(acts_for(&owner, LEVELS[1]).await.is_empty());
    }

    /// A room has managers; administrators set them.
    async fn the_managers_of_a_room_are_its_delegates(manager: User) {
        let admin = administrator(&manager).await;
        let room = account(&manager, Kind::Resource).await;
        let principal = format!("/dav/principals/resources/{room}/");
        let group = format!("{principal}{}/", LEVELS[1]);
        done(set(&admin, &group, &[manager.principal()]).await);
        assert_eq!(acts_for(&manager, LEVELS[1]).await, [principal]);
        manager.send("MKCOL", &format!("/dav/calendars/{room}/more/"), &[], "").await.expect(201);
    }

    /// Who is no principal, the owner himself, and other properties are refused, and nothing changes.
    async fn what_cannot_be_a_delegate_is_refused(owner: User, other: User) {
        let group = proxy(&owner, LEVELS[0]);
        done(set(&owner, &group, &[other.principal()]).await);
        let table = [
            ("recognized-principal", "/dav/principals/users/nobody-at-all/".to_owned()),
            ("recognized-principal", owner.path("calendars/")),
            ("allowed-principal", owner.principal()),
        ];
        for (condition, path) in table {
            let answer = set(&owner, &group, &[path]).await.expect(207);
            let found = answer.multistatus();
            assert_eq!(found.only().status_of("group-member-set"), Some(403), "{answer}");
            assert!(answer.text().contains(condition), "{answer}");
            assert_eq!(members(&owner, &group).await, [other.principal()]);
        }
        let both = "<D:set><D:prop><D:group-member-set/><D:displayname>x</D:displayname></D:prop></D:set>";
        let answer = owner.proppatch(&group, both).await;
        let found = answer.multistatus();
        assert_eq!(found.only().status_of("displayname"), Some(403));
        assert_eq!(found.only().status_of("group-member-set"), Some(424));
        assert_eq!(members(&owner, &group).await, [other.principal()]);
        // A list names the delegates themselves.
        let to = format!("<D:href>{group}</D:href>");
        let answer = acl(&owner, &owner.path("calendars/"), &grant(&to, &["D:read"])).await;
        answer.expect_condition(403, "allowed-principal");
        owner.send("PROPFIND", &format!("{}calendar-proxy-none/", owner.principal()), &[("Depth", "0")], "")
            .await.expect(404);
    }

    /// Others learn from the groups neither who is in them nor, where the directory is not open, that
    /// there is anybody to have them.
    async fn who_acts_for_whom_is_nobody_elses_business(user: User) {
        let server = user.server.discreet().await;
        let (owner, delegate, other) = (server.user().await, server.user().await, server.user().await);
        done(set(&owner, &proxy(&owner, LEVELS[0]), &[delegate.principal()]).await);
        let missing = format!("/dav/principals/users/nobody-at-all/{}/", LEVELS[0]);
        for path in [proxy(&owner, LEVELS[0]), missing] {
            let answer = other.send("PROPFIND", &path, &[("Depth", "0")], "").await;
            answer.expect_condition(403, "need-privileges");
        }
        // Each end sees the other.
        owner.propfind(&delegate.principal(), "0", "<D:displayname/>").await;
        delegate.propfind(&owner.principal(), "0", "<D:displayname/>").await;
        let found = delegate.propfind(&proxy(&owner, LEVELS[0]), "0", "<D:group-member-set/>").await;
        assert_eq!(found.only().status_of("group-member-set"), Some(403));
        let (owner, delegate, other) = (user.clone(), user.server.user().await, user.server.user().await);
        done(set(&owner, &proxy(&owner, LEVELS[0]), &[delegate.principal()]).await);
        let found = other.propfind(&delegate.principal(), "0",
            "<D:displayname/><S:calendar-proxy-read-for/><D:group-membership/>").await;
        assert_eq!(found.only().text("displayname"), delegate.name);
        assert_eq!(found.only().status_of("calendar-proxy-read-for"), Some(403));
        assert_eq!(found.only().status_of("group-membership"), Some(403));
    }

    /// As macOS asks for those for whom one acts (`clients/apple-requests`, 40 and 41).
    async fn apple_finds_whom_one_acts_for(owner: User, delegate: User) {
        done(set(&owner, &proxy(&owner, LEVELS[1]), &[delegate.principal()]).await);
        let inside = "<D:property name=\"calendar-user-address-set\" namespace=\"urn:ietf:params:xml:ns:caldav\"/>\
            <D:property name=\"email-address-set\" namespace=\"http://calendarserver.org/ns/\"/>\
            <D:property name=\"displayname\" namespace=\"DAV:\"/>";
        let content: String = LEVELS.map(|level| format!(
            "<D:property name=\"{level}-for\" namespace=\"http://calendarserver.org/ns/\">{inside}</D:property>"
        )).concat();
        let headers = [("Brief", "t"), ("Prefer", "return=minimal")];
        let body = document("D:expand-property", &content);
        let answer = delegate.send("REPORT", &delegate.principal(), &headers, body).await.expect(207);
        let found = answer.multistatus();
        assert!(found.only().prop("calendar-proxy-read-for").elements().next().is_none());
        let inner = found.only().prop("calendar-proxy-write-for").child("DAV:", "response").unwrap();
        assert_eq!(inner.child("DAV:", "href").unwrap().text(), owner.principal());
        assert!(answer.text().contains(&format!("mailto:{}@", owner.name)), "{answer}");
        let prop = "<C:calendar-home-set/><C:calendar-user-address-set/><D:current-user-principal/>\
            <D:displayname/><S:email-address-set/><D:principal-URL/><D:supported-report-set/>";
        let found = delegate.propfind(&owner.principal(), "0", prop).await;
        assert_eq!(hrefs(found.only().prop("calendar-home-set")), [owner.path("calendars/")]);
    }
}
