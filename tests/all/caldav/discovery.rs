//! How each client finds its collections (CLIENTS-SOURCE §1, §2): every entrance that it tries,
//! and every property that it cannot do without, as tables.

use super::*;

/// A client's way in: which paths it asks, for which properties, which of them it needs.
struct Way {
    client: &'static str,
    paths: &'static [&'static str],
    asks: &'static str,
    needs: &'static [&'static str],
}

/// The user's name stands for `{name}`.
static WAYS: [Way; 9] = [
    Way {
        client: "DAVx5",
        paths: &["/", "/dav/", "/.well-known/caldav", "/.well-known/carddav"],
        asks: "<D:current-user-principal/><D:resourcetype/><C:calendar-home-set/>\
               <A:addressbook-home-set/><D:displayname/>",
        needs: &["current-user-principal", "resourcetype"],
    },
    Way {
        client: "Thunderbird calendar",
        paths: &[
            "/.well-known/caldav",
            "/",
            "/dav/calendars/{name}/",
            "/dav/principals/users/{name}/",
        ],
        asks: "<D:resourcetype/><D:owner/><D:displayname/><D:current-user-principal/>\
               <D:current-user-privilege-set/><I:calendar-color/><C:calendar-home-set/>",
        needs: &["current-user-principal", "calendar-home-set", "resourcetype", "owner"],
    },
    Way {
        client: "Thunderbird contacts",
        paths: &["/.well-known/carddav", "/"],
        asks: "<D:resourcetype/><D:displayname/><D:current-user-principal/><A:addressbook-home-set/>",
        needs: &["current-user-principal", "addressbook-home-set", "resourcetype"],
    },
    Way {
        client: "Evolution",
        paths: &[
            "/",
            "/.well-known/caldav",
            "/.well-known/carddav",
            "/dav/principals/users/{name}/",
        ],
        asks: "<D:current-user-principal/><D:principal-URL/><C:calendar-home-set/>\
               <A:addressbook-home-set/><D:resourcetype/>",
        needs: &[
            "current-user-principal",
            "principal-URL",
            "calendar-home-set",
            "addressbook-home-set",
        ],
    },
    Way {
        client: "KDE",
        paths: &["/dav/", "/dav/principals/users/{name}/"],
        asks: "<C:calendar-home-set/><A:addressbook-home-set/><D:current-user-principal/><D:principal-URL/>",
        needs: &[
            "calendar-home-set",
            "addressbook-home-set",
            "current-user-principal",
            "principal-URL",
        ],
    },
    Way {
        client: "CalDav Synchronizer",
        paths: &["/.well-known/caldav", "/.well-known/carddav", "/dav/"],
        asks: "<D:current-user-principal/><D:principal-URL/><D:resourcetype/>",
        needs: &["current-user-principal", "principal-URL", "resourcetype"],
    },
    Way {
        client: "Tasks.org, vdirsyncer",
        paths: &["/.well-known/caldav", "/", "/dav/principals/users/{name}/"],
        asks: "<D:current-user-principal/><C:calendar-home-set/>",
        needs: &["current-user-principal", "calendar-home-set"],
    },
    Way {
        client: "macOS",
        paths: &[
            "/.well-known/caldav",
            "/.well-known/caldav/",
            "/.well-known/carddav/",
            "/",
            "/caldav/v2",
            "/principals/users/{name}/",
            "/principals/",
            "/dav/principals/",
        ],
        asks: "<D:current-user-principal/><D:principal-URL/><D:resourcetype/>",
        needs: &["current-user-principal", "principal-URL", "resourcetype"],
    },
    Way {
        client: "iOS",
        paths: &["/.well-known/caldav", "/", "/principals/", "/calendar/dav/{name}/user/"],
        asks: "<D:current-user-principal/><D:principal-URL/><D:resourcetype/>",
        needs: &["current-user-principal", "principal-URL", "resourcetype"],
    },
];

/// What Apple's account set-up asks of the principal, whole (CLIENTS-SOURCE §2).
const APPLE_PRINCIPAL: &str = "<C:calendar-home-set/><C:calendar-user-address-set/>\
<D:current-user-principal/><D:displayname/><S:dropbox-home-URL/><S:email-address-set/>\
<S:notification-URL/><D:principal-collection-set/><D:principal-URL/><D:resource-id/>\
<C:schedule-inbox-URL/><C:schedule-outbox-URL/><D:supported-report-set/>\
<A:addressbook-home-set/><A:directory-gateway/>";

/// What Apple's calendar asks of the home and all in it, whole.
const APPLE_HOME: &str = "<D:add-member/><S:allowed-sharing-modes/><I:autoprovisioned/>\
<M:bulk-requests xmlns:M=\"http://me.com/_namespace/\"/><C:calendar-alarm/><I:calendar-color/>\
<C:calendar-description/><C:calendar-free-busy-set/><I:calendar-order/><C:calendar-timezone/>\
<D:current-user-privilege-set/><C:default-alarm-vevent-date/><C:default-alarm-vevent-datetime/>\
<D:displayname/><S:getctag/><S:invite/><I:language-code/><I:location-code/><D:owner/>\
<S:pre-publish-url/><S:publish-url/><S:push-transports/><S:pushkey/><D:quota-available-bytes/>\
<D:quota-used-bytes/><I:refreshrate/><D:resource-id/><D:resourcetype/>\
<C:schedule-calendar-transp/><C:schedule-default-calendar-URL/><S:source/>\
<S:subscribed-strip-alarms/><S:subscribed-strip-attachments/><S:subscribed-strip-todos/>\
<C:supported-calendar-component-set/><C:supported-calendar-component-sets/>\
<D:supported-report-set/><D:sync-token/>";

/// What each client needs of a calendar, listed in its home.
static CALENDARS: [(&str, &[&str]); 7] = [
    (
        "DAVx5",
        &[
            "resourcetype",
            "displayname",
            "current-user-privilege-set",
            "owner",
            "supported-calendar-component-set",
            "supported-report-set",
            "getctag",
            "sync-token",
            "max-resource-size",
        ],
    ),
    (
        "Thunderbird",
        &[
            "resourcetype",
            "displayname",
            "owner",
            "current-user-privilege-set",
            "supported-report-set",
            "getctag",
            "sync-token",
            "supported-calendar-component-set",
        ],
    ),
    (
        "Evolution",
        &[
            "resourcetype",
            "displayname",
            "getctag",
            "supported-calendar-component-set",
            "current-user-privilege-set",
            "supported-report-set",
        ],
    ),
    (
        "KDE",
        &[
            "resourcetype",
            "displayname",
            "getctag",
            "current-user-privilege-set",
            "supported-calendar-component-set",
        ],
    ),
    (
        "CalDav Synchronizer",
        &[
            "resourcetype",
            "displayname",
            "supported-calendar-component-set",
            "current-user-privilege-set",
            "supported-report-set",
            "owner",
        ],
    ),
    (
        "Tasks.org",
        &[
            "resourcetype",
            "displayname",
            "supported-calendar-component-set",
            "getctag",
            "sync-token",
            "current-user-privilege-set",
        ],
    ),
    (
        "Apple",
        &[
            "resourcetype",
            "displayname",
            "current-user-privilege-set",
            "getctag",
            "sync-token",
            "owner",
            "supported-calendar-component-set",
            "supported-report-set",
        ],
    ),
];

fn href(it: &crate::support::dav::Response, name: &str) -> String {
    it.prop(name).child("DAV:", "href").expect("an href").text().into_owned()
}

/// `Brief` and `Prefer`, as Apple sends both.
const BRIEF: [(&str, &str); 4] = [
    ("Brief", "t"),
    ("Prefer", "return=minimal"),
    ("User-Agent", "Mac+OS+X/10.11 (15A283) CalendarAgent/361"),
    ("Content-Type", "text/xml"),
];

async fn apple(user: &User, method: &str, target: &str, depth: &str, body: String) -> Answer {
    let mut headers = BRIEF.to_vec();
    headers.push(("Depth", depth));
    user.send(method, target, &headers, body).await
}

dialogues! {
    /// Each client's first questions are answered where it asks them.
    async fn each_client_finds_the_principal(user: User) {
        for way in &WAYS {
            for path in way.paths {
                let path = path.replace("{name}", &user.name);
                let it = user.propfind(&path, "0", way.asks).await;
                let it = it.only();
                for need in way.needs {
                    assert_eq!(it.status_of(need), Some(200), "{}: {path}: {need}", way.client);
                }
                assert_eq!(href(it, "current-user-principal"), user.principal(), "{path}");
                if way.needs.contains(&"calendar-home-set") {
                    assert_eq!(href(it, "calendar-home-set"), user.path("calendars/"), "{path}");
                    assert_eq!(it.prop("calendar-home-set").elements().count(), 1);
                }
            }
        }
    }

    /// Every one of those paths challenges whoever has not signed in, and tells its classes.
    async fn every_entrance_challenges(user: User) {
        for path in WAYS.iter().flat_map(|way| way.paths) {
            let path = path.replace("{name}", &user.name);
            for method in ["PROPFIND", "GET", "REPORT"] {
                let answer = user.server.send(method, &path, &[("Depth", "0")], "").await.expect(401);
                let challenge = answer.header("www-authenticate").unwrap();
                assert!(challenge.starts_with("Basic realm="), "{path}");
            }
            let options = user.send("OPTIONS", &path, &[], "").await.expect(200);
            let classes = options.header("dav").unwrap();
            assert!(classes.starts_with("1,"), "Thunderbird drops the first: {classes}");
            for class in ["calendar-access", "addressbook", "access-control", "extended-mkcol"] {
                assert!(classes.contains(class), "{path}: {classes}");
            }
        }
    }

    /// DAVx5 confirms a principal by OPTIONS; the users' own privileges are on every collection.
    async fn every_collection_says_who_asks(user: User) {
        let calendar = first_calendar(&user).await;
        for target in ["calendars/", "addressbooks/", "files/", &calendar] {
            let props = "<D:current-user-principal/><D:owner/><D:principal-collection-set/>";
            let it = user.propfind(target, "0", props).await;
            assert_eq!(href(it.only(), "current-user-principal"), user.principal());
            assert_eq!(href(it.only(), "owner"), user.principal());
        }
        let options = user.send("OPTIONS", &user.principal(), &[], "").await.expect(200);
        assert!(options.header("dav").unwrap().contains("calendar-access"));
    }

    /// Apple's principal, whole: what is needed comes, and with Brief nothing else does.
    async fn apples_questions_to_the_principal(user: User) {
        let body = document("D:propfind", &format!("<D:prop>{APPLE_PRINCIPAL}</D:prop>"));
        let answer = apple(&user, "PROPFIND", &user.principal(), "0", body.clone()).await.expect(207);
        let it = answer.multistatus();
        let it = it.only();
        for need in ["calendar-home-set", "addressbook-home-set", "calendar-user-address-set",
            "current-user-principal", "principal-URL", "displayname", "supported-report-set",
            "principal-collection-set", "email-address-set"]
        {
            assert_eq!(it.status_of(need), Some(200), "{need}");
        }
        assert!(it.properties.iter().all(|(status, _)| *status == 200), "{:?}", it.names());
        assert_eq!(href(it, "principal-URL"), it.href);
        assert!(it.href.ends_with('/'));
        assert!(answer.header("dav").unwrap().contains("calendar-access"));
        assert_eq!(answer.header("preference-applied"), Some("return=minimal"));
        assert!(answer.header("vary").unwrap().contains("Brief"));
        let whole = user.send("PROPFIND", &user.principal(), &[("Depth", "0")], body).await;
        let whole = whole.expect(207).multistatus();
        assert_eq!(whole.only().properties.len(), 15, "every name that was asked for is answered");
    }

    /// Apple's home, whole, by PROPFIND and by its sync: every calendar with what it needs.
    async fn apples_questions_to_the_home(user: User) {
        let props = format!("<D:prop>{APPLE_HOME}</D:prop>");
        let body = document("D:propfind", &props);
        let answer = apple(&user, "PROPFIND", "calendars/", "1", body).await.expect(207);
        let listing = answer.multistatus();
        assert_eq!(listing.responses[0].href, user.path("calendars/"), "the home itself first");
        for it in &listing.responses {
            assert!(it.href.ends_with('/'), "{}", it.href);
            assert!(it.properties.iter().all(|(status, _)| *status == 200));
        }
        let home = &listing.responses[0];
        let reports = format!("{:?}", home.prop("supported-report-set"));
        assert!(reports.contains("sync-collection"));
        let (_, needs) = CALENDARS[6];
        for calendar in calendars(&listing) {
            for need in needs {
                assert_eq!(calendar.status_of(need), Some(200), "{}: {need}", calendar.href);
            }
        }
        let body = document(
            "D:sync-collection",
            &format!("<D:sync-token/><D:sync-level>1</D:sync-level>{props}"),
        );
        let answer = apple(&user, "REPORT", "calendars/", "1", body).await.expect(207);
        assert_eq!(answer.header("preference-applied"), Some("return=minimal"));
        let synced = answer.multistatus();
        let mut hrefs = synced.hrefs();
        hrefs.sort_unstable();
        let mut expected = listing.hrefs()[1..].to_vec();
        expected.sort_unstable();
        assert_eq!(hrefs, expected);
    }

    /// Every client finds what it needs on every calendar; all 404s stand after the 200s.
    async fn each_client_finds_its_calendars(user: User) {
        let names = "<D:resourcetype/><D:displayname/><D:owner/><D:current-user-privilege-set/>\
            <D:supported-report-set/><D:sync-token/><S:getctag/><C:max-resource-size/>\
            <C:supported-calendar-component-set/><C:calendar-timezone/><S:source/><I:nothing/>";
        let it = user.propfind("calendars/", "1", names).await;
        for (client, needs) in CALENDARS {
            for calendar in calendars(&it) {
                for need in needs {
                    assert_eq!(calendar.status_of(need), Some(200), "{client}: {need}");
                }
            }
        }
        let calendar = calendars(&it).next().unwrap();
        let privileges = calendar.prop("current-user-privilege-set");
        for wanted in ["read", "write", "write-content", "write-properties", "bind", "unbind", "all"] {
            let has = privileges.elements().any(|p| p.child("DAV:", wanted).is_some());
            assert!(has, "CalDav Synchronizer and others look for {wanted}");
        }
        let order: Vec<u16> = calendar.properties.iter().map(|(status, _)| *status).collect();
        assert!(order.is_sorted(), "200 before 404: {order:?}");
    }

    /// A new account has one calendar for events, one for tasks, one address book, with names.
    async fn a_new_account_has_first_collections(user: User) {
        let props = "<D:resourcetype/><D:displayname/><C:supported-calendar-component-set/>";
        let it = user.propfind("calendars/", "1", props).await;
        let mut sets: Vec<_> = calendars(&it).map(components).collect();
        sets.sort();
        assert_eq!(sets, [vec!["VEVENT".to_owned()], vec!["VTODO".to_owned()]]);
        assert!(calendars(&it).all(|r| !r.text("displayname").is_empty()));
        let books = user.propfind("addressbooks/", "1", props).await;
        assert_eq!(books.responses.len(), 2);
    }

    /// Nothing of another's account is told, there or not.
    async fn another_account_is_closed(user: User, other: User) {
        let theirs = other.path("calendars/");
        for target in [theirs.as_str(), "/dav/calendars/nobody-at-all/"] {
            for method in ["PROPFIND", "REPORT", "MKCALENDAR", "GET"] {
                let target = match method {
                    "MKCALENDAR" => format!("{target}new/"),
                    _ => target.to_owned(),
                };
                let body = match method {
                    "REPORT" => document("D:sync-collection", "<D:sync-token/><D:prop/>"),
                    _ => String::new(),
                };
                let answer = user.send(method, &target, &[("Depth", "0")], body).await;
                answer.expect_condition(403, "need-privileges");
            }
        }
    }
}
