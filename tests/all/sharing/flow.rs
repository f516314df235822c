//! Apple's flow (caldav-sharing): to share, to be told, to answer, to be asked no more.

use super::*;
use crate::support::dav::dialogues;

dialogues! {
    /// caldav-sharing §5.3.1, §5.3.2: what is shared shows in the home of whom it is shared with, and is
    /// gone from it when it is shared no more; the owner sees who has it.
    async fn what_is_shared_shows_in_the_sharees_home(owner: User, sharee: User) {
        owner.mkcol("calendars/work/").await;
        owner.put("calendars/work/a.ics", event("a")).await;
        let shared = [(sharee.principal(), Some("read"))];
        let shared: Vec<_> = shared.iter().map(|(href, level)| (href.as_str(), *level)).collect();
        share(&owner, "calendars/work/", &shared).await.expect(200);
        let mount = mounted(&sharee).await;
        assert!(mount.starts_with(&sharee.path("calendars/shared-")), "{mount}");
        assert_eq!(invited(&owner, "calendars/work/").await, [invitee(&sharee, "invite-accepted", "read")]);
        let kind = owner.propfind("calendars/work/", "0", "<D:resourcetype/>").await;
        assert_eq!(locals(kind.only().prop("resourcetype")), ["collection", "calendar", "shared-owner"]);
        let props = "<D:resourcetype/><D:displayname/><D:owner/><S:shared-url/><S:invite/>\
                     <D:share-access/><D:current-user-privilege-set/><C:schedule-calendar-transp/>";
        let it = sharee.propfind(&mount, "0", props).await;
        let it = it.only();
        assert_eq!(it.href, mount);
        assert_eq!(locals(it.prop("resourcetype")), ["collection", "calendar", "shared"]);
        assert_eq!(it.text("displayname"), format!("work ({})", owner.name));
        assert_eq!(it.prop("owner").child("DAV:", "href").unwrap().text(), owner.principal());
        let url = it.prop("shared-url").child("DAV:", "href").unwrap().text();
        assert_eq!(url, owner.path("calendars/work/"));
        assert_eq!(locals(it.prop("invite")), ["organizer", "user"]);
        assert_eq!(locals(it.prop("share-access")), ["read"]);
        assert_eq!(locals(it.prop("schedule-calendar-transp")), ["transparent"]);
        sharee.get(&format!("{mount}a.ics")).await.expect(200);

        share(&owner, "calendars/work/", &[(&sharee.principal(), None)]).await.expect(200);
        mounts(&sharee, 0).await;
        assert!(invited(&owner, "calendars/work/").await.is_empty());
        gone(&sharee, &format!("{mount}a.ics")).await;
        let kind = owner.propfind("calendars/work/", "0", "<D:resourcetype/>").await;
        assert_eq!(locals(kind.only().prop("resourcetype")), ["collection", "calendar"]);
    }

    /// caldav-sharing §5.4.2: to remove it is to decline, and takes nothing from the owner; §5.4.1: who
    /// declined can accept, and who is invited anew is asked anew.
    async fn to_remove_a_shared_calendar_is_to_decline(owner: User, sharee: User) {
        owner.mkcol("calendars/work/").await;
        owner.put("calendars/work/a.ics", event("a")).await;
        let href = sharee.principal();
        share(&owner, "calendars/work/", &[(&href, Some("read-write"))]).await.expect(200);
        let mount = mounted(&sharee).await;
        sharee.delete(&mount).await.expect(204);
        let declined = [invitee(&sharee, "invite-declined", "read-write")];
        assert_eq!(invited(&owner, "calendars/work/").await, declined);
        assert!(mounts_in(&sharee, "calendars/").await.is_empty());
        owner.get("calendars/work/a.ics").await.expect(200);

        let accepted = reply(&sharee, "invite-accepted", &owner.path("calendars/work/")).await.expect(200);
        let root = accepted.xml();
        assert!(root.is("http://calendarserver.org/ns/", "shared-as"));
        let again = root.child("DAV:", "href").unwrap().text().into_owned();
        assert_eq!(mounted(&sharee).await, again);
        let declined = reply(&sharee, "invite-declined", &owner.path("calendars/work/")).await;
        declined.expect(200);
        assert!(mounts_in(&sharee, "calendars/").await.is_empty());
        share(&owner, "calendars/work/", &[(&href, Some("read"))]).await.expect(200);
        mounted(&sharee).await;
        assert_eq!(invited(&owner, "calendars/work/").await, [invitee(&sharee, "invite-accepted", "read")]);
    }

    /// caldav-sharing §5.2.2: addresses that are nobody's here are told apart, and kept until they are
    /// taken back.
    async fn addresses_that_are_nobodys_are_kept_as_invalid(owner: User, sharee: User) {
        owner.mkcol("calendars/work/").await;
        let all = [(sharee.principal(), Some("read")), ("mailto:nobody@elsewhere.example".into(), Some("read-write"))];
        let all: Vec<_> = all.iter().map(|(href, level)| (href.as_str(), *level)).collect();
        let told = share(&owner, "calendars/work/", &all).await.expect(207);
        let statuses: Vec<_> = told.xml().elements().map(|r| r.child("DAV:", "status").unwrap().text().into_owned()).collect();
        assert_eq!(statuses, ["HTTP/1.1 200 OK", "HTTP/1.1 403 Forbidden"]);
        mounted(&sharee).await;
        let nobody = ("mailto:nobody@elsewhere.example".to_owned(), "invite-invalid".to_owned(), "read-write".to_owned());
        let all = invited(&owner, "calendars/work/").await;
        assert_eq!(all, [invitee(&sharee, "invite-accepted", "read"), nobody]);
        // The others learn of themselves alone.
        let seen = invited(&sharee, &mounted(&sharee).await).await;
        assert_eq!(seen, [invitee(&sharee, "invite-accepted", "read")]);
        let away = [("mailto:Nobody@elsewhere.example", None)];
        share(&owner, "calendars/work/", &away).await.expect(207);
        assert_eq!(invited(&owner, "calendars/work/").await.len(), 1);
    }

    /// One grant, three dialects: what one makes the others show.
    async fn a_grant_shows_in_every_dialect(owner: User, one: User, other: User) {
        owner.mkcol("calendars/work/").await;
        let ace = |user: &User, what: &str| format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><D:{what}/>\
             </D:privilege></D:grant></D:ace>", user.principal());
        let list = ace(&one, "read");
        owner.send("ACL", "calendars/work/", &[], document("D:acl", &list)).await.expect(200);
        mounted(&one).await;
        assert_eq!(invited(&owner, "calendars/work/").await, [invitee(&one, "invite-accepted", "read")]);
        let sharee = format!(
            "<D:sharee><D:href>{}</D:href><D:share-access><D:read-write/></D:share-access></D:sharee>",
            other.principal());
        let body = document("D:share-resource", &sharee);
        let typed = [("Content-Type", "application/davsharing+xml")];
        owner.send("POST", "calendars/work/", &typed, &body).await.expect(204);
        let mount = mounted(&other).await;
        let found = owner.propfind("calendars/work/", "0", "<D:acl/><D:invite/><D:share-access/>").await;
        let granted = found.only().prop("acl").elements().count();
        assert_eq!(granted, 3, "the owner's and two");
        assert_eq!(found.only().prop("invite").elements().count(), 2);
        assert_eq!(locals(found.only().prop("share-access")), ["shared-owner"]);
        let seen = other.propfind(&mount, "0", "<D:share-access/><D:share-resource-uri/>").await;
        assert_eq!(locals(seen.only().prop("share-access")), ["read-write"]);
        let uri = seen.only().prop("share-resource-uri").child("DAV:", "href").unwrap().text();
        assert_eq!(uri, owner.path("calendars/work/"));
        // Back to the owner alone, by the third dialect.
        owner.send("ACL", "calendars/work/", &[], document("D:acl", "")).await.expect(200);
        mounts(&one, 0).await;
        mounts(&other, 0).await;
    }

    /// Who may not grant does not share, and learns nothing of what there is.
    async fn only_who_may_grant_shares(owner: User, sharee: User, stranger: User) {
        owner.mkcol("calendars/work/").await;
        share(&owner, "calendars/work/", &[(&sharee.principal(), Some("read-write"))]).await.expect(200);
        let mount = mounted(&sharee).await;
        for calendar in [mount.as_str(), &owner.path("calendars/work/")] {
            let all = [(stranger.principal(), Some("read"))];
            let all: Vec<_> = all.iter().map(|(href, level)| (href.as_str(), *level)).collect();
            share(&sharee, calendar, &all).await.expect_condition(403, "need-privileges");
        }
        for calendar in ["calendars/work/", "calendars/none/"] {
            let answer = share(&stranger, &owner.path(calendar), &[(&stranger.principal(), Some("read"))]).await;
            answer.expect_condition(403, "need-privileges");
            let answer = reply(&stranger, "invite-accepted", &owner.path(calendar)).await;
            answer.expect_condition(403, "need-privileges");
        }
        assert!(mounts_in(&stranger, "calendars/").await.is_empty());
    }
}
