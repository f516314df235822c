//! The dialect of the drafts (draft-pot-webdav-resource-sharing, draft-pot-webdav-notifications).

use super::notice::{notices, once};
use super::*;
use crate::support::dav::dialogues;

const TYPED: (&str, &str) = ("Content-Type", "application/davsharing+xml; charset=\"utf-8\"");
const ACCEPT: (&str, &str) = ("Accept", "application/davnotification+xml");

fn sharee_at(of: &str, access: &str) -> String {
    format!(
        "<D:sharee><D:href>{of}</D:href><D:prop><D:displayname>Bob</D:displayname></D:prop>\
         <D:comment>Ours</D:comment><D:share-access><D:{access}/></D:share-access></D:sharee>"
    )
}

async fn share_resource(owner: &User, at: &str, sharees: &str) -> Answer {
    owner.send("POST", at, &[TYPED], document("D:share-resource", sharees)).await
}

/// Answers a notification.
async fn answer(user: &User, notice: &str, content: &str) -> Answer {
    user.send("POST", notice, &[TYPED], document("D:invite-reply", content)).await
}

fn accepted_in(home: &str) -> String {
    format!(
        "<D:invite-accepted/><D:create-in><D:href>{home}</D:href></D:create-in><D:slug>T</D:slug>"
    )
}

/// What `DAV:invite` says of those with whom a collection is shared: status and access.
async fn told(owner: &User, at: &str) -> Vec<(String, String)> {
    let found = owner.propfind(at, "0", "<D:invite/>").await;
    if found.only().status_of("invite") != Some(200) {
        return Vec::new();
    }
    let all = found.only().prop("invite").elements().filter(|e| e.is("DAV:", "sharee"));
    let one = |e: &davenport::format::xml::Element| {
        let status = locals(e).into_iter().find(|it| it.starts_with("invite-")).unwrap();
        (status, locals(e.child("DAV:", "share-access").unwrap()).remove(0))
    };
    all.map(one).collect()
}

dialogues! {
    /// draft §4.2: DAV:share is supported where there is something to share, and who may share has it.
    async fn who_may_share_is_told_so(owner: User, sharee: User) {
        owner.mkcol("calendars/work/").await;
        let body = sharee_of(&sharee, "read-write");
        share_resource(&owner, "calendars/work/", &body).await.expect(204);
        owner.mkcol("addressbooks/contacts/").await;
        let mount = mounted(&sharee).await;
        let props = "<D:supported-privilege-set/><D:current-user-privilege-set/>";
        for (user, at, supports, may) in [
            (&owner, "calendars/work/", true, true),
            (&owner, "addressbooks/contacts/", true, true),
            (&owner, "files/", false, false),
            (&owner, "calendars/", false, false),
            (&sharee, mount.as_str(), true, false),
        ] {
            let found = user.propfind(at, "0", props).await;
            let text = |name: &str| format!("{:?}", found.only().prop(name));
            let has = |name: &str| {
                fn any(e: &davenport::format::xml::Element) -> bool {
                    e.is("DAV:", "share") || e.elements().any(any)
                }
                any(found.only().prop(name))
            };
            assert_eq!(has("supported-privilege-set"), supports, "{at}: {}", text("supported-privilege-set"));
            assert_eq!(has("current-user-privilege-set"), may, "{at}");
        }
        // RFC 3744 §8.1.1: elsewhere it is no privilege, and cannot be granted.
        let ace = format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><D:share/>\
             </D:privilege></D:grant></D:ace>",
            sharee.principal()
        );
        let ace = document("D:acl", &ace);
        let refused = owner.send("ACL", "files/", &[], &ace).await;
        refused.expect_condition(403, "not-supported-privilege");
        owner.send("ACL", "addressbooks/contacts/", &[], &ace).await.expect(200);
    }

    /// draft §4.3: the media type, the elements that must be there, and what is refused.
    async fn what_a_request_must_say(owner: User, sharee: User) {
        owner.mkcol("calendars/work/").await;
        let whole = sharee_of(&sharee, "read");
        let xml = document("D:share-resource", &whole);
        owner.send("POST", "calendars/work/", &[("Content-Type", "text/xml")], &xml).await.expect(415);
        let none = format!("<D:sharee><D:href>{}</D:href></D:sharee>", sharee.principal());
        let odd = sharee_of(&sharee, "shared-owner");
        let nobody = "<D:sharee><D:share-access><D:read/></D:share-access></D:sharee>";
        for wrong in [none.as_str(), &odd, nobody] {
            share_resource(&owner, "calendars/work/", wrong).await.expect(400);
        }
        assert!(told(&owner, "calendars/work/").await.is_empty());
        let plain = owner.propfind("calendars/work/", "0", "<D:share-access/>").await;
        assert_eq!(locals(plain.only().prop("share-access")), ["not-shared"]);
        // Several in one request (§4.3.2), and who is nobody here (§4.5.1).
        let both = format!("{whole}{}", sharee_at("mailto:nobody@example.org", "read"));
        share_resource(&owner, "calendars/work/", &both).await.expect(204);
        let pair = |status: &str, access: &str| (status.to_owned(), access.to_owned());
        mounted(&sharee).await;
        let all = told(&owner, "calendars/work/").await;
        assert_eq!(all, [pair("invite-accepted", "read"), pair("invite-invalid", "read")]);
        let away = format!(
            "{}{}", sharee_of(&sharee, "no-access"),
            sharee_at("mailto:nobody@example.org", "no-access"));
        share_resource(&owner, "calendars/work/", &away).await.expect(204);
        assert!(told(&owner, "calendars/work/").await.is_empty());
        mounts(&sharee, 0).await;
    }

    /// draft §4.4: protected, not in allprop, the sharer named on the sharee's instance (§4.4.2), and of
    /// the instance whoever looks (§4.8.2).
    async fn properties_of_an_instance(owner: User, sharee: User) {
        owner.mkcol("calendars/work/").await;
        share_resource(&owner, "calendars/work/", &sharee_of(&sharee, "read-write")).await.expect(204);
        let mount = mounted(&sharee).await;
        let found = sharee.propfind(&mount, "0", "<D:invite/>").await;
        let sharer = found.only().prop("invite").child("DAV:", "principal").unwrap();
        assert_eq!(sharer.child("DAV:", "href").unwrap().text(), owner.principal());
        let theirs = sharee.propfind(&owner.path("calendars/work/"), "0", "<D:share-access/>").await;
        assert_eq!(locals(theirs.only().prop("share-access")), ["shared-owner"]);
        let names = ["share-access", "invite", "share-resource-uri"];
        for (user, at) in [(&owner, "calendars/work/"), (&sharee, mount.as_str())] {
            let all = user.send("PROPFIND", at, &[("Depth", "0")], "").await.expect(207).multistatus();
            for name in names {
                let listed = all.only().names().into_iter().any(|(_, it)| it == format!("{{DAV:}}{name}"));
                assert!(!listed, "{name}");
                let set = format!("<D:set><D:prop><D:{name}/></D:prop></D:set>");
                let answer = user.send("PROPPATCH", at, &[], document("D:propertyupdate", &set)).await;
                assert_eq!(answer.expect(207).multistatus().only().status_of(name), Some(403), "{name}");
            }
        }
        // MOVE keeps the sharing, COPY does not (§4.4.1, §4.4.2).
        let to = owner.url(&owner.path("calendars/moved/"));
        owner.send("MOVE", "calendars/work/", &[("Destination", &to)], "").await.expect(201);
        assert_eq!(told(&owner, "calendars/moved/").await.len(), 1);
        let to = owner.url(&owner.path("calendars/copied/"));
        owner.send("COPY", "calendars/moved/", &[("Destination", &to)], "").await.expect(201);
        assert!(told(&owner, "calendars/copied/").await.is_empty());
    }

    /// draft-pot-webdav-notifications §4: one collection under both names, and of each notification the
    /// form that is asked for; draft-pot-webdav-resource-sharing §4.6.1.
    async fn notifications_in_both_forms(owner: User, sharee: User) {
        let props = "<D:notification-URL/><S:notification-URL/>";
        let found = sharee.propfind(&sharee.principal(), "0", props).await;
        let at = sharee.path("calendars/notifications/");
        assert_eq!(found.only().properties.len(), 2);
        for (_, url) in &found.only().properties {
            assert_eq!(url.child("DAV:", "href").unwrap().text(), at);
        }
        let kind = sharee.propfind("calendars/notifications/", "0", "<D:resourcetype/>").await;
        assert!(kind.only().prop("resourcetype").child("DAV:", "notifications").is_some());
        owner.mkcol("calendars/work/").await;
        share_resource(&owner, "calendars/work/", &sharee_of(&sharee, "read-write")).await.expect(204);
        let (path, _) = notices(&sharee, 1).await.remove(0);
        let typed = sharee.send("PROPFIND", &path, &[("Depth", "0")],
            document("D:propfind", "<D:prop><D:notificationtype/></D:prop>")).await;
        let typed = typed.expect(207).multistatus();
        assert_eq!(locals(typed.only().prop("notificationtype")), ["share-invite-notification"]);
        let stored = sharee.get(&path).await.expect(200);
        assert!(stored.header("vary").unwrap().contains("Accept"));
        let got = sharee.send("GET", &path, &[ACCEPT], "").await.expect(200);
        assert_eq!(got.header("content-type"), Some("application/davnotification+xml"));
        assert_ne!(got.header("etag"), stored.header("etag"));
        let same = [ACCEPT, ("If-None-Match", got.header("etag").unwrap())];
        sharee.send("GET", &path, &same, "").await.expect(304);
        let root = got.xml();
        assert!(root.is("DAV:", "notification"));
        assert_eq!(locals(&root), ["dtstamp", "share-invite-notification"]);
        let it = root.elements().last().unwrap();
        let parts = ["principal", "invite-accepted", "sharer-resource-uri", "share-access", "prop"];
        assert_eq!(locals(it), parts);
        let href = |name: &str| it.child("DAV:", name).unwrap().child("DAV:", "href").unwrap().text().into_owned();
        assert_eq!(href("principal"), owner.principal());
        assert_eq!(href("sharer-resource-uri"), owner.path("calendars/work/"));
        assert_eq!(locals(it.child("DAV:", "share-access").unwrap()), ["read-write"]);
        let kind = it.child("DAV:", "prop").unwrap().child("DAV:", "resourcetype").unwrap();
        assert_eq!(locals(kind), ["collection", "calendar"]);
        // It ends: no access, and nothing to answer.
        share_resource(&owner, "calendars/work/", &sharee_of(&sharee, "no-access")).await.expect(204);
        once(&sharee, "invite-deleted").await;
        let ended = sharee.send("GET", &path, &[ACCEPT], "").await.expect(200).xml();
        let ended = ended.elements().last().unwrap();
        assert_eq!(locals(ended.child("DAV:", "share-access").unwrap()), ["no-access"]);
        assert!(ended.child("DAV:", "reply-url").is_none());
        answer(&sharee, &path, &accepted_in(&sharee.path("calendars/"))).await.expect(404);
    }

    /// draft §4.7.1: an answer goes to the notification, which goes; the sharer is told (§4.6.2).
    async fn a_notification_is_answered(owner: User, sharee: User, stranger: User) {
        owner.mkcol("calendars/work/").await;
        share_resource(&owner, "calendars/work/", &sharee_of(&sharee, "read")).await.expect(204);
        let mount = mounted(&sharee).await;
        let (path, _) = notices(&sharee, 1).await.remove(0);
        let accept = accepted_in(&sharee.path("calendars/"));
        for at in [path.as_str(), &sharee.path("calendars/notifications/none.xml")] {
            answer(&stranger, at, &accept).await.expect_condition(403, "need-privileges");
        }
        answer(&sharee, "calendars/notifications/none.xml", &accept).await.expect(404);
        let plain = document("D:invite-reply", &accept);
        sharee.send("POST", &path, &[("Content-Type", "text/xml")], &plain).await.expect(415);
        answer(&sharee, &path, "<D:invite-accepted/>").await.expect(400);
        answer(&sharee, &path, "").await.expect(400);
        answer(&sharee, &path, &accepted_in(&stranger.path("calendars/"))).await.expect(403);
        let wrong = answer(&sharee, &path, &accepted_in(&sharee.path("addressbooks/"))).await;
        wrong.expect_condition(403, "calendar-collection-location-ok");
        let accepted = answer(&sharee, &path, &accept).await.expect(201);
        assert_eq!(accepted.header("location"), Some(mount.as_str()));
        notices(&sharee, 0).await;
        // Of another calendar: declined.
        owner.mkcol("calendars/other/").await;
        share_resource(&owner, "calendars/other/", &sharee_of(&sharee, "read")).await.expect(204);
        let (path, _) = notices(&sharee, 1).await.remove(0);
        mounts(&sharee, 2).await;
        answer(&sharee, &path, "<D:invite-declined/>").await.expect(204);
        mounts(&sharee, 1).await;
        let declined = [("invite-declined".to_owned(), "read".to_owned())];
        assert_eq!(told(&owner, "calendars/other/").await, declined);
        let (reply, _) = notices(&owner, 1).await.remove(0);
        let reply = owner.send("GET", &reply, &[ACCEPT], "").await.expect(200).xml();
        let reply = reply.elements().last().unwrap();
        assert!(reply.is("DAV:", "share-reply-notification"));
        assert_eq!(reply.child("DAV:", "href").unwrap().text(), owner.path("calendars/other/"));
        assert_eq!(locals(reply.child("DAV:", "sharee").unwrap()), ["href", "invite-declined"]);
        // §4.7.2: to remove an invitation tells nobody.
        share_resource(&owner, "calendars/work/", &sharee_of(&sharee, "read-write")).await.expect(204);
        let (path, _) = notices(&sharee, 1).await.remove(0);
        sharee.delete(&path).await.expect(204);
        assert_eq!(told(&owner, "calendars/work/").await[0].0, "invite-accepted");
    }
}

fn sharee_of(user: &User, access: &str) -> String {
    sharee_at(&user.principal(), access)
}
