//! Who is told what, when, and what becomes of messages that do not get through (§4, §6, §7).

use super::{ALL, CONTENT, calendar, changed, state};
use crate::support::dav::{User, dialogues, document};
use crate::support::push::{Message, NS, PushService, claims};
use crate::sync::event;
use davenport::kernel::clock::now;
use davenport::kernel::limits::PUSH_PAUSE_SECONDS;
use std::time::Duration;

async fn put(user: &User, name: &str, dont_notify: &str) {
    let target = format!("calendars/c/{name}.ics");
    let answer = user.send("PUT", &target, &[("Push-Dont-Notify", dont_notify)], event(name)).await;
    assert!(answer.status.is_success(), "{answer}");
}

async fn rename(user: &User, path: &str, name: &str) {
    let set = format!("<D:set><D:prop><D:displayname>{name}</D:displayname></D:prop></D:set>");
    user.proppatch(path, &set).await.expect(207);
}

dialogues! {
    /// §4.1, §6.2 to §6.4, RFC 8030 §5, RFC 8291, RFC 8292: what the push service sees, and what only
    /// the subscriber reads.
    async fn a_change_is_told_encrypted_and_signed(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let it = service.subscriber("/a?b=c");
        it.register(&user, &path, ALL).await;
        user.put("calendars/c/a.ics", event("a")).await;
        let told = service.messages(&it, 1).await;
        assert_eq!(told, [changed(&user, &path).await]);
        let sent = &service.sent("/a?b=c")[0];
        assert_eq!(sent.fields["content-encoding"], "aes128gcm");
        assert_eq!(sent.fields["content-type"], "application/xml; charset=\"UTF-8\"");
        assert_eq!(sent.fields["urgency"], "normal");
        let topic = &sent.fields["topic"];
        assert!(topic.len() <= 32 && *topic != told[0].topic, "RFC 8030 §5.4: {topic}");
        assert!(sent.fields["ttl"].parse::<u32>().unwrap() > 3_600);
        assert!(sent.content.len() <= 4_096);
        let found = user.propfind(&path, "0", &format!("<transports xmlns=\"{NS}\"/>")).await;
        let key = found.only().prop("transports").child(NS, "web-push").unwrap().elements().next().unwrap();
        let claims = claims(sent, &key.text());
        assert_eq!(claims["aud"], format!("http://{}", service.address));
        let lasts = claims["exp"].as_i64().unwrap() - now().seconds();
        assert!(lasts > 0 && lasts <= 86_400, "{lasts}");
    }

    /// §4.3: many changes are few messages, the last of which tells the last state.
    async fn many_changes_are_few_messages(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let it = service.subscriber("/a");
        it.register(&user, &path, CONTENT).await;
        for i in 0..30 {
            user.put(&format!("calendars/c/{i}.ics"), event(&i.to_string())).await;
        }
        let last = changed(&user, &path).await;
        tokio::time::sleep(Duration::from_secs(PUSH_PAUSE_SECONDS as u64 + 2)).await;
        let told = service.quiet(&it).await;
        assert!((1..=4).contains(&told.len()), "{}", told.len());
        assert_eq!(told.last(), Some(&last));
        let sent = service.sent("/a");
        let sizes: Vec<_> = sent.iter().map(|it| it.content.len()).collect();
        assert!(sizes.iter().all(|size| *size == sizes[0]), "equally long: {sizes:?}");
        let pause = Duration::from_secs(PUSH_PAUSE_SECONDS as u64) - Duration::from_millis(200);
        assert!(sent.windows(2).all(|pair| pair[1].at - pair[0].at >= pause));
    }

    /// §4.3: content and properties are one message that says both.
    async fn changes_of_both_kinds_are_told_together(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let (all, content) = (service.subscriber("/all"), service.subscriber("/content"));
        all.register(&user, &path, ALL).await;
        content.register(&user, &path, CONTENT).await;
        rename(&user, &path, "one").await;
        let told = service.messages(&all, 1).await;
        assert!(told[0].content.is_none() && told[0].properties, "{told:?}");
        assert_eq!(service.sent("/all")[0].fields["urgency"], "low");
        // Within the pause.
        rename(&user, &path, "two").await;
        user.put("calendars/c/a.ics", event("a")).await;
        let last = changed(&user, &path).await;
        let told = service.messages(&all, 2).await;
        assert_eq!(told[1], Message { properties: true, ..last.clone() });
        assert_eq!(service.messages(&content, 1).await, [last]);
    }

    /// §3.1.1: a home is told of new and removed calendars, and to any depth of what is in them.
    async fn a_home_is_told_of_what_is_below(user: User) {
        let service = PushService::start().await;
        let (near, far) = (service.subscriber("/near"), service.subscriber("/far"));
        near.register(&user, "calendars/", CONTENT).await;
        far.register(&user, "calendars/", ALL).await;
        calendar(&user).await;
        let last = changed(&user, "calendars/").await;
        assert_eq!(service.messages(&near, 1).await[0], last);
        assert_eq!(service.messages(&far, 1).await[0], last);
        user.put("calendars/c/a.ics", event("a")).await;
        let last = changed(&user, "calendars/").await;
        assert_eq!(service.messages(&far, 2).await[1], last);
        user.delete("calendars/c/").await.expect(204);
        let last = changed(&user, "calendars/").await;
        assert_eq!(service.messages(&near, 2).await[1], last);
    }

    /// §4.2: the named registrations, all, or none of those of others.
    async fn a_request_says_who_need_not_be_told(user: User, other: User) {
        calendar(&user).await;
        let ace = format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>",
            other.principal()
        );
        user.send("ACL", "calendars/c/", &[], document("D:acl", &ace)).await.expect(200);
        let service = PushService::start().await;
        let [a, b, theirs] = ["/a", "/b", "/theirs"].map(|path| service.subscriber(path));
        let of_a = a.register(&user, "calendars/c/", CONTENT).await;
        let of_b = b.register(&user, "calendars/c/", CONTENT).await;
        let of_theirs = theirs.register(&other, &user.path("calendars/c/"), CONTENT).await;
        put(&user, "all", "*").await;
        assert!(service.quiet(&a).await.is_empty() && service.sent("/b").is_empty());
        // Another's cannot be named.
        put(&user, "two", &format!("\"{of_a}\", \"{of_theirs}\", nonsense, \"\"")).await;
        service.messages(&b, 1).await;
        service.messages(&theirs, 1).await;
        assert_eq!(service.quiet(&a).await, []);
        // What cannot be read says nothing.
        put(&user, "three", &of_b).await;
        let last = changed(&user, "calendars/c/").await;
        assert_eq!(service.messages(&a, 1).await[0], last);
        assert_eq!(service.messages(&b, 2).await[1], last);
    }

    /// §7.1: whoever loses the right to read is told nothing from that moment, nor later.
    async fn who_may_not_read_any_more_is_told_nothing(user: User, other: User) {
        calendar(&user).await;
        let ace = |what: &str| format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege>{what}</D:privilege></D:grant></D:ace>",
            other.principal()
        );
        let list = |what: &str| document("D:acl", &ace(what));
        user.send("ACL", "calendars/c/", &[], list("<D:read/>")).await.expect(200);
        let service = PushService::start().await;
        let (mine, theirs) = (service.subscriber("/mine"), service.subscriber("/theirs"));
        mine.register(&user, "calendars/c/", ALL).await;
        let address = theirs.register(&other, &user.path("calendars/c/"), ALL).await;
        // At whatever path it is seen, it is the same collection.
        assert_eq!(state(&other, &user.path("calendars/c/")).await.0, state(&user, "calendars/c/").await.0);
        user.put("calendars/c/a.ics", event("a")).await;
        service.messages(&theirs, 1).await;
        user.send("ACL", "calendars/c/", &[], list("<C:read-free-busy/>")).await.expect(200);
        user.put("calendars/c/b.ics", event("b")).await;
        service.messages(&mine, 2).await;
        tokio::time::sleep(Duration::from_secs(PUSH_PAUSE_SECONDS as u64)).await;
        assert_eq!(service.sent("/theirs").len(), 1);
        other.delete(address.strip_prefix(&user.url("")).unwrap()).await.expect(404);
    }

    /// §3.1.1: that a collection is removed is a change, and the last one.
    async fn a_removed_collection_is_told_and_ends_it(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let it = service.subscriber("/a");
        let address = it.register(&user, &path, ALL).await;
        let (topic, _) = state(&user, &path).await;
        user.delete(&path).await.expect(204);
        let told = service.messages(&it, 1).await;
        assert_eq!(told, [Message { topic, content: Some(None), properties: false }]);
        // A new one of the same name is another one.
        calendar(&user).await;
        user.put("calendars/c/a.ics", event("a")).await;
        assert_eq!(service.quiet(&it).await.len(), 1);
        user.delete(address.strip_prefix(&user.url("")).unwrap()).await.expect(404);
    }

    /// §4.2: who removes it himself need not be told.
    async fn who_removes_a_collection_need_not_be_told(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        let (one, other) = (service.subscriber("/one"), service.subscriber("/other"));
        let address = one.register(&user, &path, ALL).await;
        other.register(&user, &path, ALL).await;
        let own = format!("\"{address}\"");
        user.send("DELETE", &path, &[("Push-Dont-Notify", &own)], "").await.expect(204);
        service.messages(&other, 1).await;
        assert_eq!(service.quiet(&one).await, []);
    }

    /// §4.4: an endpoint that is gone ends the registration.
    async fn an_endpoint_that_is_gone_ends_it(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        for (name, status) in [("/404", "404 Not Found"), ("/410", "410 Gone")] {
            service.answer(name, &format!("{status}\r\n"));
            let it = service.subscriber(name);
            let address = it.register(&user, &path, ALL).await;
            user.put(&format!("calendars/c{name}.ics"), event(name)).await;
            service.messages(&it, 1).await;
            service.quiet(&it).await;
            user.delete(address.strip_prefix(&user.url("")).unwrap()).await.expect(404);
        }
    }

    /// RFC 8030 §8.4: a push service that has enough says when to try again.
    async fn a_message_that_failed_is_sent_later(user: User) {
        let path = calendar(&user).await;
        let service = PushService::start().await;
        service.answer("/a", "429 Too Many Requests\r\nRetry-After: 3\r\n");
        let it = service.subscriber("/a");
        it.register(&user, &path, ALL).await;
        user.put("calendars/c/a.ics", event("a")).await;
        service.messages(&it, 1).await;
        service.answer("/a", "201 Created\r\n");
        user.put("calendars/c/b.ics", event("b")).await;
        let told = service.messages(&it, 2).await;
        assert_eq!(told[1], changed(&user, &path).await);
        let sent = service.sent("/a");
        assert!(sent[1].at - sent[0].at >= Duration::from_secs(2));
    }

    /// A push service that says nothing holds up no other registration, not even of the same user.
    async fn a_slow_push_service_holds_up_nobody(user: User, other: User) {
        calendar(&user).await;
        calendar(&other).await;
        let (slow, quick) = (PushService::start().await, PushService::start().await);
        let it = quick.subscriber("/quick");
        let mut hanging = Vec::new();
        for i in 0..3 {
            let path = format!("/{i}");
            slow.answer(&path, "");
            let it = slow.subscriber(&path);
            it.register(&user, "calendars/c/", ALL).await;
            hanging.push(it);
        }
        it.register(&user, "calendars/c/", ALL).await;
        let theirs = quick.subscriber("/theirs");
        theirs.register(&other, "calendars/c/", ALL).await;
        user.put("calendars/c/a.ics", event("a")).await;
        for it in &hanging {
            slow.messages(it, 1).await;
        }
        other.put("calendars/c/a.ics", event("a")).await;
        let begin = std::time::Instant::now();
        quick.messages(&it, 1).await;
        quick.messages(&theirs, 1).await;
        assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    }

    /// What only the server reaches is not reached by an endpoint either.
    async fn an_endpoint_inside_the_house_is_not_reached(user: User) {
        let path = calendar(&user).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.3:0").await.unwrap();
        let service = PushService::start().await;
        let mut it = service.subscriber("/a");
        it.endpoint = format!("https://{}/a", listener.local_addr().unwrap());
        it.register(&user, &path, ALL).await;
        let other = service.subscriber("/b");
        other.register(&user, &path, ALL).await;
        user.put("calendars/c/a.ics", event("a")).await;
        service.messages(&other, 1).await;
        let reached = tokio::time::timeout(Duration::from_secs(1), listener.accept()).await;
        assert!(reached.is_err(), "{reached:?}");
    }
}
