//! What can be registered for, how, and by whom (§2, §3).

use super::{ALL, CONTENT, calendar, state};
use crate::support::dav::{dialogues, document};
use crate::support::push::{NS, PushService};
use crate::sync::event;
use davenport::kernel::clock::{Timestamp, now};
use davenport::kernel::limits::{PUSH_EACH_MAX, PUSH_LASTS_SECONDS};
use std::time::Duration;

fn expires(seconds: i64) -> String {
    format!("<expires>{}</expires>", now().plus_seconds(seconds).http_date())
}

/// What a PROPFIND for the three properties finds.
fn asked() -> String {
    ["transports", "topic", "supported-triggers"]
        .map(|it| format!("<{it} xmlns=\"{NS}\"/>"))
        .concat()
}

dialogues! {
    /// §2, §2.1: the class, and what clients need to know, on what one can register for.
    async fn what_can_be_registered_for_says_so(user: User) {
        calendar(&user).await;
        let options = user.send("OPTIONS", "calendars/c/", &[], "").await.expect(200);
        let classes: Vec<_> = options.header("dav").unwrap().split(", ").collect();
        assert!(classes.contains(&"webdav-push"), "{classes:?}");
        assert!(options.header("allow").unwrap().contains("POST"));
        let mut topics = Vec::new();
        for (path, depth) in [("calendars/", "infinity"), ("addressbooks/", "infinity"), ("calendars/c/", "1")] {
            let found = user.propfind(path, "0", &asked()).await;
            let it = found.only();
            let key = it.prop("transports").child(NS, "web-push").unwrap().child(NS, "vapid-public-key").unwrap();
            assert_eq!(key.attribute("type"), Some("p256ecdsa"));
            assert_eq!(key.text().len(), 87, "65 octets in base64url: {}", key.text());
            topics.push(it.text("topic"));
            let depths: Vec<_> = it
                .prop("supported-triggers")
                .elements()
                .map(|e| (e.name.local().to_owned(), e.child("DAV:", "depth").unwrap().text().into_owned()))
                .collect();
            let all = [("content-update", depth), ("property-update", "0")];
            assert_eq!(depths, all.map(|(name, depth)| (name.to_owned(), depth.to_owned())));
        }
        topics.sort();
        topics.dedup();
        assert_eq!(topics.len(), 3, "{topics:?}");
        user.put("calendars/c/a.ics", event("a")).await;
        for path in ["calendars/c/a.ics", "files/"] {
            let found = user.propfind(path, "0", &asked()).await;
            assert_eq!(found.only().status_of("topic"), Some(404), "{path}");
            assert_eq!(found.only().status_of("supported-triggers"), Some(404), "{path}");
        }
    }

    /// §2.1: a topic is the collection's own, whatever it is called.
    async fn a_topic_outlives_a_new_name(user: User) {
        calendar(&user).await;
        let (topic, _) = state(&user, "calendars/c/").await;
        let to = user.url(&user.path("calendars/d/"));
        user.send("MOVE", "calendars/c/", &[("Destination", &to)], "").await.expect(201);
        assert_eq!(state(&user, "calendars/d/").await.0, topic);
    }

    /// §3.1.3: where the registration is, and when it really ends.
    async fn a_registration_has_an_address_and_an_end(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        for (asked, real) in [(3 * 86_400, 3 * 86_400), (i64::from(u16::MAX) * 86_400, PUSH_LASTS_SECONDS.1), (-60, PUSH_LASTS_SECONDS.0)] {
            let more = format!("{ALL}{}", expires(asked));
            let answer = service.subscriber("/a").try_register(&user, &path, &more).await.expect(204);
            let location = answer.header("location").unwrap();
            assert!(location.starts_with(&user.url("/dav/push/")), "{location}");
            let ends = Timestamp::parse_http_date(answer.header("expires").unwrap()).unwrap();
            assert!((ends.seconds() - now().plus_seconds(real).seconds()).abs() <= 5, "{asked}: {answer}");
        }
    }

    /// §3.2: an endpoint stands once for a collection, and another request changes it.
    async fn registering_again_changes_the_registration(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let it = service.subscriber("/a");
        let first = it.register(&user, &path, CONTENT).await;
        assert_eq!(it.register(&user, &path, ALL).await, first);
        let home = it.register(&user, "calendars/", CONTENT).await;
        assert_ne!(home, first);
        let name = "<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>";
        user.proppatch(&path, name).await.expect(207);
        let told = service.messages(&it, 1).await;
        assert!(told[0].properties && told[0].content.is_none(), "{told:?}");
        service.quiet(&it).await;
        assert_eq!(service.sent("/a").len(), 1, "once for one registration");
    }

    /// §3.3, §7.1: its maker ends it, and nobody else.
    async fn a_registration_is_removed_by_its_maker(user: User, other: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let it = service.subscriber("/a");
        let address = it.register(&user, &path, ALL).await;
        let address = address.strip_prefix(&user.url("")).unwrap();
        other.delete(address).await.expect(404);
        user.server.send("DELETE", address, &[], "").await.expect(401);
        user.get(address).await.expect(405);
        user.put("calendars/c/a.ics", event("a")).await;
        service.messages(&it, 1).await;
        user.delete(address).await.expect(204);
        user.delete(address).await.expect(404);
        user.delete("/dav/push/0").await.expect(404);
        user.put("calendars/c/b.ics", event("b")).await;
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(service.sent("/a").len(), 1);
    }

    /// §3.4: who has not renewed is told nothing more.
    async fn an_ended_registration_is_told_nothing(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let it = service.subscriber("/a");
        let address = it.register(&user, &path, &format!("{ALL}{}", expires(2))).await;
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        user.put("calendars/c/a.ics", event("a")).await;
        assert_eq!(service.quiet(&it).await, []);
        user.delete(address.strip_prefix(&user.url("")).unwrap()).await.expect(404);
    }

    /// §3.1.3: what is missing or wrong is named.
    async fn what_cannot_be_registered_is_refused_with_a_reason(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let it = service.subscriber("/a");
        let good = it.body(ALL);
        let media_type = ("Content-Type", "application/xml");
        let key = good.split_once("p256dh\">").unwrap().1.split('<').next().unwrap();
        let endpoint = &it.endpoint;
        for (from, to) in [
            ("push-resource>", "other>"),
            ("auth-secret>", "other>"),
            ("subscription>", "other>"),
            ("p256dh", "x25519"),
            ("aes128gcm", "aesgcm"),
            (key, "BCVxsr7N_eNgVRqvHtD0zTZsEc6"),
            (endpoint, "ftp://push.example/a"),
            (endpoint, "push.example/a"),
            (endpoint, "http://push.example/a"),
            (endpoint, "webcal://push.example/a"),
            (endpoint, "https://user:password@push.example/a"),
        ] {
            let body = good.replace(from, to);
            let answer = user.send("POST", &path, &[media_type], body).await;
            answer.expect_condition(403, "invalid-subscription");
        }
        for trigger in ["<trigger/>", "<trigger><other/></trigger>"] {
            let answer = it.try_register(&user, &path, trigger).await;
            answer.expect_condition(403, "no-supported-trigger");
        }
        it.try_register(&user, "calendars/none/", ALL).await.expect(404);
        // Nothing of that has left anything.
        user.put("calendars/c/a.ics", event("a")).await;
        assert_eq!(service.quiet(&it).await, []);
    }

    /// §7.1: who may not read a collection cannot register for it, and is not told that it is there.
    async fn strangers_cannot_register(user: User, other: User) {
        calendar(&user).await;
        let service = PushService::start().await;
        let it = service.subscriber("/a");
        let there = it.try_register(&other, &user.path("calendars/c/"), ALL).await.expect(403);
        let nothing = it.try_register(&other, &user.path("calendars/d/"), ALL).await.expect(403);
        assert_eq!(there.text().replace("/c/", "/d/"), nothing.text());
        let ace = |privilege: &str| format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege>{privilege}</D:privilege></D:grant></D:ace>",
            other.principal()
        );
        let free = document("D:acl", &ace("<C:read-free-busy/>"));
        user.send("ACL", "calendars/c/", &[], free).await.expect(200);
        let answer = it.try_register(&other, &user.path("calendars/c/"), ALL).await;
        answer.expect_condition(403, "push-not-available");
        user.send("ACL", "calendars/c/", &[], document("D:acl", &ace("<D:read/>"))).await.expect(200);
        it.register(&other, &user.path("calendars/c/"), ALL).await;
    }

    /// More than so many registrations push out those that would end first.
    async fn the_number_of_registrations_is_bounded(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let mut all = Vec::new();
        for i in 0..=PUSH_EACH_MAX {
            let it = service.subscriber(&format!("/{i}"));
            let ends = expires(10_000 + if i == 7 { 0 } else { 100 + i });
            all.push(it.register(&user, &path, &format!("{ALL}{ends}")).await);
        }
        let path_of = |i: usize| all[i].strip_prefix(&user.url("")).unwrap().to_owned();
        user.delete(&path_of(7)).await.expect(404);
        user.delete(&path_of(0)).await.expect(204);
        user.delete(&path_of(PUSH_EACH_MAX as usize)).await.expect(204);
    }

    /// What DAVx5 4.4 sends: no coding, no trigger, three days; and what it makes of the answer.
    async fn davx5_registers(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let it = service.subscriber("/davx5");
        let part = |from: &str, to: &str| {
            let body = it.body("");
            body.split_once(from).unwrap().1.split(to).next().unwrap().to_owned()
        };
        let (key, auth) = (part("p256dh\">", "<"), part("auth-secret>", "<"));
        let body = format!(
            "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\
             <n0:push-register xmlns:n0=\"{NS}\"><n0:subscription><n0:web-push-subscription>\
             <n0:push-resource>{}</n0:push-resource>\
             <n0:subscription-public-key type=\"p256dh\">{key}</n0:subscription-public-key>\
             <n0:auth-secret>{auth}==</n0:auth-secret>\
             </n0:web-push-subscription></n0:subscription>{}</n0:push-register>",
            it.endpoint,
            expires(3 * 86_400).replace("expires", "n0:expires"),
        );
        let headers = [("Content-Type", "application/xml; charset=utf-8"), ("User-Agent", "DAVx5/4.4.9-ose (dav4jvm; okhttp/4.12.0) Android/14")];
        let answer = user.send("POST", &path, &headers, body).await;
        assert!(answer.status.is_success(), "{answer}");
        let location = answer.header("location").unwrap().to_owned();
        assert!(answer.header("expires").is_some());
        let own = format!("\"{location}\"");
        user.send("PUT", "calendars/c/mine.ics", &[("If-None-Match", "*"), ("Push-Dont-Notify", &own)], event("mine")).await.expect(201);
        assert_eq!(service.quiet(&it).await, []);
        user.put("calendars/c/theirs.ics", event("theirs")).await;
        let told = service.messages(&it, 1).await;
        assert!(told[0].content.is_some() && !told[0].properties, "{told:?}");
        user.delete(location.strip_prefix(&user.url("")).unwrap()).await.expect(204);
    }

    /// POST to a home is for registering only.
    async fn a_home_takes_nothing_else_by_post(user: User) {
        user.send("POST", "calendars/", &[("Content-Type", "text/calendar")], event("a")).await.expect(415);
    }
}
