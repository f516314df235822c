//! Notifications (caldav-notifications; caldav-sharing §4), and Apple's recorded requests.

use super::*;
use crate::support::dav::dialogues;

/// The notifications of somebody, once there are so many: path and type.
pub(super) async fn notices(user: &User, count: usize) -> Vec<(String, String)> {
    let begun = Instant::now();
    loop {
        let content = "<D:sync-token/><D:sync-level>1</D:sync-level>\
                       <D:prop><S:notificationtype/><D:getetag/></D:prop>";
        let at = "calendars/notifications/";
        let all =
            user.report(at, "1", "D:sync-collection", content).await.expect(207).multistatus();
        let found: Vec<_> = all
            .responses
            .iter()
            .map(|r| (r.href.clone(), locals(r.prop("notificationtype")).remove(0)))
            .collect();
        if found.len() == count {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{count} wanted: {found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The text of the one notification of somebody, once it has this in it.
pub(super) async fn once(user: &User, part: &str) -> String {
    let begun = Instant::now();
    loop {
        let (path, _) = notices(user, 1).await.remove(0);
        let text = user.get(&path).await.expect(200).text();
        if text.contains(part) {
            return text;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "no {part}: {text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A file of recorded requests.
fn recorded(name: &str) -> String {
    let path = crate::fuzz::shared().join("clients/apple-requests").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

dialogues! {
    /// caldav-sharing §4.1.1, §4.2.1, §6.15: the sharee is told of what is shared with him, of a change
    /// and of its end, in one notification; clients add none, and remove what they have read.
    async fn a_sharee_is_told(owner: User, sharee: User) {
        let at = sharee.propfind(&sharee.principal(), "0", "<S:notification-URL/>").await;
        let at = at.only().prop("notification-URL").child("DAV:", "href").unwrap().text().into_owned();
        assert_eq!(at, sharee.path("calendars/notifications/"));
        let kind = sharee.propfind(&at, "0", "<D:resourcetype/>").await;
        let kinds = ["collection", "notification", "notifications"];
        assert_eq!(locals(kind.only().prop("resourcetype")), kinds);
        owner.mkcol("calendars/work/").await;
        share(&owner, "calendars/work/", &[(&sharee.principal(), Some("read"))]).await.expect(200);
        let (path, kind) = notices(&sharee, 1).await.remove(0);
        assert_eq!(kind, "invite-notification");
        let got = sharee.get(&path).await.expect(200);
        assert!(got.header("content-type").unwrap().starts_with("application/xml"), "{got}");
        let root = got.xml();
        assert!(root.is("http://calendarserver.org/ns/", "notification"));
        assert_eq!(locals(&root), ["dtstamp", "invite-notification"]);
        let told = root.elements().last().unwrap();
        let expected = ["uid", "href", "invite-accepted", "access", "hosturl", "organizer"];
        assert_eq!(locals(told)[..6], expected);
        assert!(locals(told).contains(&"supported-calendar-component-set".to_owned()));
        assert!(got.text().contains(&owner.path("calendars/work/")), "{got}");
        let typed = sharee.propfind(&path, "0", "<D:getcontenttype/>").await;
        assert!(typed.only().text("getcontenttype").starts_with("application/xml"));

        share(&owner, "calendars/work/", &[(&sharee.principal(), Some("read-write"))]).await.expect(200);
        once(&sharee, "read-write").await;
        share(&owner, "calendars/work/", &[(&sharee.principal(), None)]).await.expect(200);
        once(&sharee, "invite-deleted").await;
        let put = sharee.send("PUT", "calendars/notifications/x.ics", &[], event("x")).await;
        put.expect_condition(403, "need-privileges");
        sharee.delete(&path).await.expect(204);
        notices(&sharee, 0).await;
        owner.get(&path).await.expect(403);
    }

    /// caldav-sharing §5.3.2: whose share is as it was is told nothing.
    async fn the_same_again_is_not_told(owner: User, sharee: User) {
        owner.mkcol("calendars/work/").await;
        owner.mkcol("calendars/other/").await;
        let to = sharee.principal();
        share(&owner, "calendars/work/", &[(&to, Some("read"))]).await.expect(200);
        let (path, _) = notices(&sharee, 1).await.remove(0);
        let before = sharee.get(&path).await.expect(200);
        share(&owner, "calendars/work/", &[(&to, Some("read"))]).await.expect(200);
        share(&owner, "calendars/other/", &[(&to, Some("read"))]).await.expect(200);
        notices(&sharee, 2).await;
        let after = sharee.get(&path).await.expect(200);
        assert_eq!((after.header("etag"), after.text()), (before.header("etag"), before.text()));
    }

    /// caldav-sharing §5.4.1, §6.22: the owner is told what was replied.
    async fn an_owner_is_told_of_replies(owner: User, sharee: User) {
        owner.mkcol("calendars/work/").await;
        share(&owner, "calendars/work/", &[(&sharee.principal(), Some("read"))]).await.expect(200);
        let mount = mounted(&sharee).await;
        sharee.delete(&mount).await.expect(204);
        let (_, kind) = notices(&owner, 1).await.remove(0);
        assert_eq!(kind, "invite-reply");
        let text = once(&owner, "invite-declined").await;
        assert!(text.contains(&owner.path("calendars/work/")), "{text}");
        assert!(text.contains(&format!("mailto:{}@localhost", sharee.name)), "{text}");
        reply(&sharee, "invite-accepted", &owner.path("calendars/work/")).await.expect(200);
        once(&owner, "invite-accepted").await;
    }

    /// The recorded requests of Apple's programs (43-sharing), in their order and words.
    async fn apples_own_requests_are_served(owner: User, sharee: User) {
        let requests = recorded("43-sharing.http");
        let bodies: Vec<&str> = requests
            .split("###")
            .map(|one| one.split_once("\n\n").map_or("", |(_, body)| body.trim()))
            .collect();
        let text = [("Content-Type", "text/xml")];
        owner.mkcol("calendars/work/").await;
        let email = format!("{}@localhost", sharee.name);
        let share = bodies[0].replace("{{attendee_email}}", &email);
        owner.send("POST", "calendars/work/", &text, &share).await.expect(200);
        mounted(&sharee).await;
        let sync = [("Depth", "1"), ("Brief", "t"), ("Prefer", "return=minimal"), text[0]];
        let told = sharee.send("REPORT", "calendars/notifications/", &sync, bodies[2]).await.expect(207);
        let told = told.multistatus();
        let notice = told.responses[0].href.clone();
        let root = sharee.get(&notice).await.expect(200).xml();
        let invitation = root.elements().last().unwrap();
        let of = |name: &str| invitation.elements().find(|e| e.name.local() == name).unwrap();
        let host = of("hosturl").child("DAV:", "href").unwrap().text().into_owned();
        let answer = bodies[4]
            .replace("{{user_email}}", &email)
            .replace("{{shared_calendar}}", &host)
            .replace("{{invite_uid}}", &of("uid").text());
        let accepted = sharee.send("POST", "calendars/", &text, &answer).await.expect(200);
        let at = accepted.xml().child("DAV:", "href").unwrap().text().into_owned();
        assert_eq!(mounted(&sharee).await, at);
        sharee.delete(&notice).await.expect(204);
        let away = bodies[1].replace("{{attendee_email}}", &email);
        owner.send("POST", "calendars/work/", &text, &away).await.expect(200);
        mounts(&sharee, 0).await;
    }
}
