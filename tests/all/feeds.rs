//! Subscriptions: calendars of other servers that the server fetches and shows to read.

use crate::support::dav::{Answer, Multistatus, User, dialogues, document};
use crate::support::feed::{FeedServer, Reply, calendar};
use davenport::domain::collection::{Access, Home, Place};
use davenport::domain::directory::admin;
use davenport::domain::feed;
use davenport::format::url::WebUrl;
use davenport::kernel::clock;
use davenport::kernel::limits::{FEED_POLL_SECONDS, SUBSCRIPTIONS_MAX};
use davenport::protocol::http::outbound::{Allowed, Barred, Reach};
use davenport::server::config::{Current, Source};
use davenport::server::outbound::{Asked, Newest, Outbound, Patience, Trouble};
use davenport::server::tls;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const NS: &str = "https://davenport.example/ns/";

/// Tries to make a calendar of this name that shows a feed.
async fn try_subscribe(user: &User, name: &str, url: &str, more: &str) -> Answer {
    let source = format!("<S:source><D:href>{url}</D:href></S:source>");
    let body = document("C:mkcalendar", &format!("<D:set><D:prop>{source}{more}</D:prop></D:set>"));
    user.send("MKCALENDAR", &format!("calendars/{name}/"), &[], body).await
}

/// Makes one; gives its path.
async fn subscribe(user: &User, name: &str, url: &str) -> String {
    try_subscribe(user, name, url, "").await.expect(201);
    format!("calendars/{name}/")
}

type Status = BTreeMap<String, String>;

/// What `subscription-status` says.
async fn status(user: &User, path: &str) -> Status {
    let ask = format!("<V:subscription-status xmlns:V=\"{NS}\"/>");
    let found = user.propfind(path, "0", &ask).await;
    let it = found.only().prop("subscription-status").clone();
    it.elements().map(|e| (e.name.local().to_owned(), e.text().into_owned())).collect()
}

/// Waits until the status is as wanted.
async fn until(user: &User, path: &str, wanted: impl Fn(&Status) -> bool) -> Status {
    let begin = Instant::now();
    loop {
        let now = status(user, path).await;
        if wanted(&now) {
            return now;
        }
        assert!(begin.elapsed() < Duration::from_secs(40), "still {now:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The ETags by UID, once there are so many events.
async fn events(user: &User, path: &str, count: usize) -> BTreeMap<String, String> {
    let begin = Instant::now();
    loop {
        let found = user.propfind(path, "1", "<D:getetag/><C:calendar-data/>").await;
        let members = found.responses.iter().filter(|r| r.href.ends_with(".ics"));
        let all: BTreeMap<_, _> =
            members.map(|r| (r.href.clone(), r.prop("getetag").text().into_owned())).collect();
        if all.len() == count {
            return all;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(40),
            "still {all:?}, {:?}",
            status(user, path).await
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn refresh(user: &User, path: &str) {
    let (store, name) = (user.server.store.clone(), user.name.clone());
    let names = path.strip_prefix("calendars/").unwrap().to_owned();
    let work = async move {
        let who = admin::profile(&store, &name, None).await?.principal;
        let place = Place::new(who.id, &who.name, Home::Calendars, &names)?;
        let access = Access::new(store, who, "test", clock::now());
        feed::refresh(&access, &place).await
    };
    user.server.on(work).await.unwrap();
}

async fn sync(user: &User, path: &str, token: &str) -> Multistatus {
    let body = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>"
    );
    user.report(path, "0", "D:sync-collection", &body).await.expect(207).multistatus()
}

/// Seconds from the last look to the next one, less than a day.
fn wait(status: &Status) -> i64 {
    let seconds = |name: &str| {
        let time: Vec<i64> = status[name][11..19].split(':').map(|n| n.parse().unwrap()).collect();
        time[0] * 3600 + time[1] * 60 + time[2]
    };
    (seconds("next-try") - seconds("last-try")).rem_euclid(86_400)
}

fn has_error(status: &Status, part: &str) -> bool {
    status.get("error").is_some_and(|error| error.contains(part))
}

const ONE: (&str, &str) = ("one", "SUMMARY:One");
const TWO: (&str, &str) = ("two", "SUMMARY:Two");

dialogues! {
    /// The calendar has the feed's events, name, colour and zone, without alarms, and is there to read.
    async fn a_feed_is_shown_as_a_calendar(user: User) {
        let server = FeedServer::start().await;
        let alarm = "SUMMARY:Two\nBEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT1H\nEND:VALARM";
        let head = "METHOD:PUBLISH\nX-WR-CALNAME:Term dates\nX-APPLE-CALENDAR-COLOR:#ff2968\nX-WR-TIMEZONE:Europe/Berlin\n";
        server.serve("/a.ics", Reply::ok(&calendar(head, &[ONE, ("two", alarm)]), ""));
        let url = server.url("/a.ics").replace("http://", "http://me:secret@");
        let path = subscribe(&user, "sub", &url).await;
        let all = events(&user, &path, 2).await;
        for href in all.keys() {
            let text = user.get(href).await.expect(200).text();
            assert!(text.contains("SUMMARY:") && !text.contains("VALARM"), "{text}");
            assert!(!text.contains("METHOD"), "{text}");
            user.send("PUT", href, &[], &text).await.expect(403);
            user.delete(href).await.expect(403);
        }
        user.send("PUT", &format!("{path}new.ics"), &[], calendar("", &[("new", "SUMMARY:x")])).await.expect(403);
        until(&user, &path, |s| s["events"] == "2" && s.contains_key("last-success")).await;
        let ask = "<D:displayname/><I:calendar-color/><C:calendar-timezone-id/><S:source/><D:resourcetype/>";
        let found = user.propfind(&path, "0", ask).await;
        let it = found.only();
        assert_eq!(it.prop("displayname").text(), "Term dates");
        assert_eq!(it.prop("calendar-color").text(), "#FF2968");
        assert_eq!(it.prop("calendar-timezone-id").text(), "Europe/Berlin");
        let source = it.prop("source").elements().next().unwrap().text().into_owned();
        assert_eq!(source, server.url("/a.ics"));
        assert!(it.prop("resourcetype").child("urn:ietf:params:xml:ns:caldav", "calendar").is_some());
        let asked = server.asked("/a.ics");
        // me:secret, to the server only.
        assert!(asked[0].to_lowercase().contains("authorization: basic bwu6c2vjcmv0"), "{asked:?}");
    }

    /// What its owner calls it stays; where it comes from cannot be changed.
    async fn the_owners_words_stay(user: User) {
        let server = FeedServer::start().await;
        server.serve("/a.ics", Reply::ok(&calendar("X-WR-CALNAME:Theirs\nCOLOR:red\n", &[ONE]), ""));
        try_subscribe(&user, "sub", &server.url("/a.ics"), "<D:displayname>Mine</D:displayname>").await.expect(201);
        let path = "calendars/sub/";
        events(&user, path, 1).await;
        let found = user.propfind(path, "0", "<D:displayname/>").await;
        assert_eq!(found.only().prop("displayname").text(), "Mine");
        let set = |prop: &str| format!("<D:set><D:prop>{prop}</D:prop></D:set>");
        let other = set("<S:source><D:href>https://example.org/</D:href></S:source><D:displayname>x</D:displayname>");
        let refused = user.proppatch(path, &other).await.expect(207).multistatus();
        assert_eq!(refused.only().status_of("source"), Some(403));
        assert_eq!(refused.only().status_of("displayname"), Some(424));
        let fine = user.proppatch(path, &set("<D:displayname>Ours</D:displayname>")).await;
        assert_eq!(fine.expect(207).multistatus().only().status_of("displayname"), Some(200));
    }

    /// Only what changed gets another tag and is told to those who synchronise; stamps do not count.
    async fn only_changes_are_told(user: User) {
        let server = FeedServer::start().await;
        let third = ("three", "SUMMARY:Three");
        server.serve("/a.ics", Reply::ok(&calendar("", &[ONE, TWO, third]), ""));
        let path = subscribe(&user, "sub", &server.url("/a.ics")).await;
        let before = events(&user, &path, 3).await;
        let token = sync(&user, &path, "").await.sync_token.unwrap();
        let stamped = calendar("", &[ONE, ("two", "SUMMARY:Zwei"), ("four", "SUMMARY:Four")])
            .replace("DTSTAMP:20260101T000000Z", "DTSTAMP:20260202T000000Z");
        server.serve("/a.ics", Reply::ok(&stamped, ""));
        refresh(&user, &path).await;
        let begin = Instant::now();
        let after = loop {
            let after = events(&user, &path, 3).await;
            if after != before {
                break after;
            }
            assert!(begin.elapsed() < Duration::from_secs(40));
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let same = before.iter().filter(|(href, tag)| after.get(*href) == Some(*tag)).count();
        assert_eq!(same, 1, "{before:?} {after:?}");
        let told = sync(&user, &path, &token).await;
        let gone = told.responses.iter().filter(|r| r.status == Some(404)).count();
        assert_eq!((told.responses.len(), gone), (3, 1), "{:?}", told.hrefs());
    }

    /// A server that knows that nothing changed says so in one line.
    async fn nothing_new_costs_nothing(user: User) {
        let server = FeedServer::start().await;
        let fields = "ETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        server.serve("/a.ics", Reply::ok(&calendar("", &[ONE]), fields));
        let path = subscribe(&user, "sub", &server.url("/a.ics")).await;
        let before = events(&user, &path, 1).await;
        let first = until(&user, &path, |s| s.contains_key("last-success")).await;
        let token = sync(&user, &path, "").await.sync_token;
        server.serve("/a.ics", Reply::bare("304 Not Modified", ""));
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        refresh(&user, &path).await;
        let after = until(&user, &path, |s| s["last-success"] != first["last-success"]).await;
        assert_eq!(after.get("error"), None);
        let asked = server.asked("/a.ics").pop().unwrap().to_lowercase();
        assert!(asked.contains("if-none-match: \"v1\"\r\n"), "{asked}");
        assert!(asked.contains("if-modified-since: sun, 06 nov 1994 08:49:37 gmt\r\n"), "{asked}");
        assert_eq!(events(&user, &path, 1).await, before);
        assert_eq!(sync(&user, &path, "").await.sync_token, token);
    }

    /// What fails is told in words, tried again later and later, and keeps what was good.
    async fn failures_are_told_and_take_nothing_away(user: User) {
        let server = FeedServer::start().await;
        server.serve("/a.ics", Reply::ok(&calendar("", &[ONE]), ""));
        let path = subscribe(&user, "sub", &server.url("/a.ics")).await;
        let before = events(&user, &path, 1).await;
        for (reply, words, least) in [
            (Reply::bare("404 Not Found", ""), "404 Not Found", 900),
            (Reply::ok("<!DOCTYPE html><p>Sign in</p>", "Content-Type: text/html\r\n"), "a web page", 1_800),
            (Reply::ok("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n", ""), "is not a calendar", 3_600),
            (Reply::ok("", ""), "empty", 7_200),
            (Reply::bare("503 Slow Down", "Retry-After: 20000\r\n"), "503", 20_000),
            (Reply::Endless, "larger than", 28_800),
        ] {
            server.serve("/a.ics", reply);
            refresh(&user, &path).await;
            let now = until(&user, &path, |s| has_error(s, words)).await;
            let wait = wait(&now);
            assert!((least..=least + least / 9).contains(&wait), "{words}: {wait}, not {least}");
        }
        assert_eq!(events(&user, &path, 1).await, before);
        server.serve("/a.ics", Reply::ok(&calendar("", &[]), "Cache-Control: public, max-age=5000\r\n"));
        refresh(&user, &path).await;
        events(&user, &path, 0).await;
        let now = until(&user, &path, |s| !s.contains_key("error")).await;
        assert!((5_000..5_500).contains(&wait(&now)), "{now:?}");
        server.serve("/a.ics", Reply::bare("410 Gone", ""));
        refresh(&user, &path).await;
        let now = until(&user, &path, |s| has_error(s, "gone for good")).await;
        assert_eq!(now.get("next-try"), None);
    }

    /// How often to look is said by the subscriber, and by the publisher at least (RFC 7986 §5.7).
    async fn the_pace_is_agreed_on(user: User) {
        let server = FeedServer::start().await;
        let slow = "REFRESH-INTERVAL;VALUE=DURATION:PT10H\n";
        let rate = |text: &str| format!("<I:refreshrate>{text}</I:refreshrate>");
        for (name, head, wish, hours) in [
            ("a", "", String::new(), 1),
            ("b", "", rate("PT5H"), 5),
            ("c", slow, rate("PT2H"), 10),
            ("d", "X-PUBLISHED-TTL:PT3H\n", String::new(), 3),
            ("e", "X-PUBLISHED-TTL:PT3H\n", rate("PT4H"), 4),
        ] {
            let path = format!("/{name}.ics");
            server.serve(&path, Reply::ok(&calendar(head, &[ONE]), ""));
            try_subscribe(&user, name, &server.url(&path), &wish).await.expect(201);
            let path = format!("calendars/{name}/");
            let now = until(&user, &path, |s| s.contains_key("last-success")).await;
            let (wait, least) = (wait(&now), hours * 3600);
            assert!((least..=least + least / 9).contains(&wait), "{name}: {wait}, not {least}");
        }
    }

    /// Broken events are left out and counted, events without a UID keep the one they get.
    async fn one_broken_event_keeps_no_other_out(user: User) {
        let server = FeedServer::start().await;
        let text = calendar("", &[ONE, ("bad", "DTEND:yesterday\nRRULE:FREQ=NEVER"), ("x", "SUMMARY:No name"), TWO]);
        let text = text.replace("UID:x\r\n", "");
        server.serve("/a.ics", Reply::ok(&text, ""));
        let path = subscribe(&user, "sub", &server.url("/a.ics")).await;
        let before = events(&user, &path, 3).await;
        assert_eq!(status(&user, &path).await["left-out"], "1");
        server.serve("/a.ics", Reply::ok(&text.replace("DTSTAMP:2026", "DTSTAMP:2027").replace("SUMMARY:Two", "SUMMARY:2"), ""));
        refresh(&user, &path).await;
        let begin = Instant::now();
        while events(&user, &path, 3).await == before {
            assert!(begin.elapsed() < Duration::from_secs(40));
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let after = events(&user, &path, 3).await;
        assert_eq!(before.iter().filter(|(href, tag)| after.get(*href) == Some(*tag)).count(), 2);
    }

    /// Everybody who subscribes gets the events of one fetch.
    async fn a_feed_is_fetched_once_for_all(user: User, other: User) {
        let server = FeedServer::start().await;
        server.serve("/a.ics", Reply::ok(&calendar("", &[ONE, TWO]), ""));
        let path = subscribe(&user, "sub", &server.url("/a.ics")).await;
        events(&user, &path, 2).await;
        let theirs = subscribe(&other, "sub", &server.url("/a.ics")).await;
        events(&other, &theirs, 2).await;
        assert_eq!(server.asked("/a.ics").len(), 1);
        server.serve("/a.ics", Reply::ok(&calendar("", &[ONE, TWO, ("three", "SUMMARY:x")]), ""));
        refresh(&user, &path).await;
        events(&user, &path, 3).await;
        events(&other, &theirs, 3).await;
        assert_eq!(server.asked("/a.ics").len(), 2);
        // Who leaves ends nothing for the others.
        user.delete(&path).await.expect(204);
        server.serve("/a.ics", Reply::ok(&calendar("", &[ONE]), ""));
        refresh(&other, &theirs).await;
        events(&other, &theirs, 1).await;
    }

    /// Neither an address nor a name nor a redirect leads to what only the server reaches.
    async fn nothing_inside_is_reached(user: User) {
        let server = FeedServer::start().await;
        let inside = FeedServer::at("127.0.0.1").await;
        inside.serve("/a.ics", Reply::ok(&calendar("", &[ONE]), ""));
        let port = inside.address.port();
        server.serve("/on", Reply::bare("302 Found", &format!("Location: {}\r\n", inside.url("/a.ics"))));
        server.serve("/round", Reply::bare("302 Found", "Location: /round\r\n"));
        for (name, url, words) in [
            ("a", inside.url("/a.ics"), "not in the public network"),
            ("b", format!("http://localhost:{port}/a.ics"), "not in the public network"),
            ("c", format!("http://[::ffff:127.0.0.1]:{port}/a.ics"), "not in the public network"),
            ("d", format!("http://2130706433:{port}/a.ics"), "not in the public network"),
            ("e", server.url("/on"), "not in the public network"),
            ("f", server.url("/round"), "more than 5 times"),
            ("g", "http://169.254.169.254/latest/meta-data/".into(), "not in the public network"),
            ("h", "http://no-such-host.invalid/".into(), "no address"),
        ] {
            let path = subscribe(&user, name, &url).await;
            let now = until(&user, &path, |s| s.contains_key("error")).await;
            assert!(has_error(&now, words), "{url}: {now:?}");
        }
        assert_eq!(inside.asked("/a.ics").len(), 0);
        assert_eq!(server.asked("/round").len(), 6);
    }

    /// A redirect that leads on is followed, a packed content is unpacked.
    async fn redirects_and_packed_contents(user: User) {
        use std::io::Write as _;
        let server = FeedServer::start().await;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(calendar("", &[ONE, TWO]).as_bytes()).unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n".to_owned();
        server.serve("/b.ics", Reply::With(head.clone(), packed.finish().unwrap()));
        server.serve("/a.ics", Reply::bare("301 Moved Permanently", "Location: b.ics\r\n"));
        // Over plain HTTP, because nothing speaks TLS there.
        let webcal = server.url("/a.ics").replace("http:", "webcal:");
        let path = subscribe(&user, "sub", &webcal).await;
        events(&user, &path, 2).await;
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        bomb.write_all(&vec![b' '; 20 << 20]).unwrap();
        server.serve("/c.ics", Reply::With(head, bomb.finish().unwrap()));
        let path = subscribe(&user, "bomb", &server.url("/c.ics")).await;
        until(&user, &path, |s| has_error(s, "larger than")).await;
    }

    /// A server that never answers holds up no other feed.
    async fn a_slow_server_holds_up_nobody(user: User) {
        let server = FeedServer::start().await;
        server.serve("/slow.ics", Reply::Nothing);
        server.serve("/a.ics", Reply::ok(&calendar("", &[ONE]), ""));
        let slow = subscribe(&user, "slow", &server.url("/slow.ics")).await;
        let begin = Instant::now();
        while server.asked("/slow.ics").is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(40));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let path = subscribe(&user, "sub", &server.url("/a.ics")).await;
        events(&user, &path, 1).await;
        assert_eq!(status(&user, &slow).await.get("last-try"), None, "it was waited for");
    }

    /// Addresses that no calendar can have are refused at once.
    async fn impossible_addresses_are_refused(user: User) {
        for url in ["", "ftp://example.org/", "file:///etc/passwd", "https://", "/calendars/"] {
            let answer = try_subscribe(&user, "sub", url, "").await.expect(403);
            assert!(answer.text().contains("source"), "{answer}");
        }
        user.get("calendars/sub/").await.expect(404);
    }

    /// An account has so many subscriptions and no more, and the answer says so; without one of them
    /// there is room again.
    async fn too_many_subscriptions_are_refused(user: User) {
        let server = FeedServer::start().await;
        let url = server.url("/a.ics");
        for n in 0..SUBSCRIPTIONS_MAX {
            subscribe(&user, &format!("s{n}"), &url).await;
        }
        let answer = try_subscribe(&user, "more", &url, "").await.expect(400);
        let why = format!("the account has {SUBSCRIPTIONS_MAX} subscriptions already");
        assert!(answer.text().contains(&why), "{answer}");
        user.get("calendars/more/").await.expect(404);
        user.delete("calendars/s7/").await.expect(204);
        subscribe(&user, "more", &url).await;
    }

    /// RFC 7986 §7: only the address that a user gives is asked, not those that calendar data names,
    /// whether a client or a feed brings it.
    async fn what_calendar_data_names_is_not_fetched(user: User) {
        let server = FeedServer::start().await;
        let named: String = [
            "IMAGE;VALUE=URI;DISPLAY=BADGE;FMTTYPE=image/png",
            "CONFERENCE;VALUE=URI;FEATURE=VIDEO",
            "ATTACH;FMTTYPE=text/calendar",
            "URL",
            "LINK;VALUE=URI;LINKREL=SOURCE",
        ]
        .iter()
        .enumerate()
        .map(|(n, property)| format!("{property}:{}\n", server.url(&format!("/named{n}"))))
        .collect();
        let more = format!("SUMMARY:Rich\n{}", named.trim_end());
        let head = format!("SOURCE;VALUE=URI:{}\n", server.url("/source"));
        server.serve("/a.ics", Reply::ok(&calendar(&head, &[("fed", more.as_str())]), ""));
        user.send("MKCALENDAR", "calendars/own/", &[], "").await.expect(201);
        let own = "calendars/own/rich.ics";
        user.send("PUT", own, &[], calendar("", &[("rich", more.as_str())])).await.expect(201);
        assert!(user.get(own).await.expect(200).text().contains("/named0"));
        let path = subscribe(&user, "sub", &server.url("/a.ics")).await;
        events(&user, &path, 1).await;
        events(&user, "calendars/own/", 1).await;
        tokio::time::sleep(Duration::from_secs(2 * FEED_POLL_SECONDS)).await;
        assert_eq!(server.asked_for(), ["/a.ics"]);
    }

    /// Apple's programs fetch by themselves: the server only keeps the address.
    async fn who_fetches_itself_is_left_alone(user: User) {
        let server = FeedServer::start().await;
        let subscribed = "<D:resourcetype><D:collection/><S:subscribed/></D:resourcetype>";
        try_subscribe(&user, "sub", &server.url("/a.ics"), subscribed).await.expect(201);
        let found = user.propfind("calendars/sub/", "0", "<S:source/>").await;
        let source = found.only().prop("source").elements().next().unwrap().text().into_owned();
        assert_eq!(source, server.url("/a.ics"));
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(server.asked("/a.ics").len(), 0);
    }

    /// Others to whom a calendar is shown do not learn its address, which can be a secret.
    async fn the_address_is_its_owners(user: User, friend: User) {
        let server = FeedServer::start().await;
        server.serve("/secret/a.ics", Reply::ok(&calendar("", &[ONE]), ""));
        let path = subscribe(&user, "sub", &server.url("/secret/a.ics")).await;
        events(&user, &path, 1).await;
        let ace = format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant></D:ace>",
            friend.principal()
        );
        user.send("ACL", &path, &[], document("D:acl", &ace)).await.expect(200);
        let found = friend.propfind(&user.path(&path), "0", "<S:source/><D:resourcetype/>").await;
        assert_eq!(found.only().status_of("source"), Some(404));
        assert_eq!(found.only().status_of("resourcetype"), Some(200));
    }
}

fn asked(url: &str) -> Asked {
    let (etag, modified) = (String::new(), String::new());
    Asked { url: WebUrl::parse(url).unwrap(), accept: "*/*", etag, modified, max: 1 << 20 }
}

fn outbound(own: Vec<std::net::SocketAddr>) -> Outbound {
    let allowed: Vec<Allowed> = vec!["127.0.0.0/8".parse().unwrap()];
    let patience = Patience {
        connect: Duration::from_secs(2),
        first: Duration::from_millis(500),
        whole: Duration::from_secs(3),
    };
    Outbound::with(Reach { allowed, own, public: None }, None, patience).unwrap()
}

/// Each part of a fetch has an end.
#[tokio::test]
async fn slow_servers_are_given_up() {
    let server = FeedServer::start().await;
    server.serve("/never", Reply::Nothing);
    let begin = Instant::now();
    let trouble = outbound(vec![]).get(&asked(&server.url("/never"))).await.unwrap_err();
    assert_eq!(trouble, Trouble::Slow("the answer"));
    assert!(begin.elapsed() < Duration::from_secs(2));
    // Content that trickles.
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX:".to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let trickle = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all((head + "\r\n\r\nab").as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    let trouble = outbound(vec![]).get(&asked(&format!("http://{address}/"))).await.unwrap_err();
    assert_eq!(trouble, Trouble::Slow("the transfer"));
    trickle.abort();
}

/// The server itself is reached by no exception; a head without end is cut.
#[tokio::test]
async fn the_server_itself_is_not_fetched_from() {
    let server = FeedServer::start().await;
    let trouble = outbound(vec![server.address]).get(&asked(&server.url("/"))).await.unwrap_err();
    assert_eq!(trouble, Trouble::Barred(Barred::Own));
    let any = format!("0.0.0.0:{}", server.address.port()).parse().unwrap();
    let trouble = outbound(vec![any]).get(&asked(&server.url("/"))).await.unwrap_err();
    assert_eq!(trouble, Trouble::Barred(Barred::Own));
    assert_eq!(server.asked("/").len(), 0);
    server.serve("/head", Reply::ok("", &format!("X-Long: {}\r\n", "x".repeat(200_000))));
    let trouble = outbound(vec![]).get(&asked(&server.url("/head"))).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Broken(_)), "{trouble:?}");
}

/// Over TLS a server shows who it is: to an authority that is trusted, and by the name asked for. From
/// there nothing leads to plain HTTP.
#[tokio::test]
async fn servers_show_who_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let set = |name: &str, value: &str| (format!("DAVENPORT_{name}"), value.to_owned());
    let data = folder.path().to_str().unwrap();
    let environment =
        vec![set("DATA_DIR", data), set("TLS", "self-signed"), set("HTTPS_LISTEN", "127.0.0.1:0")];
    let config = Source { environment, ..Source::default() }.load().unwrap();
    let pair = tls::Certificate::load(&config).unwrap().unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(pair.server_config().unwrap());
    // Both addresses that are asked for below.
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut head = [0; 4096];
            let length = socket.read(&mut head).await.unwrap_or(0);
            let reply: &[u8] = match head[..length].starts_with(b"GET /down ") {
                true => b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
                false => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            };
            let _ = socket.write_all(reply).await;
            let _ = socket.shutdown().await;
        }
    });
    let (file, _) = tls::self_signed_files(folder.path());
    let get = async |ca: Option<&std::path::Path>, url: String| {
        let allowed = vec!["127.0.0.0/8".parse().unwrap()];
        let reach = Reach { allowed, ..Reach::default() };
        let outbound = Outbound::with(reach, ca, Patience::default()).unwrap();
        outbound.get(&asked(&url)).await
    };
    let good = get(Some(&file), format!("https://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!(good.content, b"ok");
    let untrusted = get(None, format!("https://127.0.0.1:{port}/")).await;
    assert!(matches!(untrusted, Err(Trouble::Unreachable(_))), "{untrusted:?}");
    let other = get(Some(&file), format!("https://127.0.0.2:{port}/")).await;
    assert!(matches!(other, Err(Trouble::Unreachable(_))), "{other:?}");
    let down = get(Some(&file), format!("https://127.0.0.1:{port}/down")).await;
    assert!(matches!(down, Err(Trouble::Redirect(_))), "{down:?}");
    // A file that breaks while the server runs takes no trust away.
    let environment =
        vec![set("OUTBOUND_CA", file.to_str().unwrap()), set("OUTBOUND_ALLOW", "127.0.0.0/8")];
    let source = Source { environment, ..Source::default() };
    let current = Current::new(source.load().unwrap());
    let mut newest = Newest::new(current.clone()).unwrap();
    std::fs::write(&file, "broken").unwrap();
    current.set(source.load().unwrap());
    let answer = newest.get().1.get(&asked(&format!("https://127.0.0.1:{port}/"))).await;
    assert_eq!(answer.unwrap().content, b"ok");
    assert!(Newest::new(current).is_err());
    server.abort();
}
