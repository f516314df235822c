//! Managed attachments (RFC 8607): what is kept for an event, who reads it, and how long it stays.

use crate::support::dav::{Answer, User, dialogues, document};
use crate::support::{on_both, raw};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::attachment::{self, Action, Attachment, Sent};
use davenport::domain::collection::{Access, Guard, Home, Place, item, tree};
use davenport::domain::directory::Kind;
use davenport::domain::retention::{self, Progress};
use davenport::domain::{calendar, indexing};
use davenport::format::ical::attach::Which;
use davenport::kernel::clock;
use davenport::kernel::limits::{ATTACHMENT_MAX, ATTACHMENTS_MAX};

fn event(uid: &str, lines: &str) -> String {
    let lines = lines.replace('\n', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260302T100000Z\r\n{lines}SUMMARY:s\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n"
    )
}

/// A calendar with an event; gives the event's path.
async fn made(user: &User, lines: &str) -> String {
    user.send("MKCALENDAR", "calendars/all/", &[], "").await.expect(201);
    let path = user.path("calendars/all/e.ics");
    user.put(&path, &event("e", lines)).await;
    path
}

const TEXT: [(&str, &str); 2] = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Disposition", "attachment; filename=\"agenda.txt\""),
];

async fn post(user: &User, path: &str, query: &str, body: &str) -> Answer {
    user.send("POST", &format!("{path}?{query}"), &TEXT, body).await
}

/// Adds an attachment; gives its id and the path of its address.
async fn add(user: &User, path: &str, body: &str) -> (String, String) {
    let answer = post(user, path, "action=attachment-add", body).await.expect(201);
    let id = answer.header("cal-managed-id").unwrap().to_owned();
    let url = answer.header("location").unwrap().to_owned();
    assert_eq!(answer.header("etag"), None);
    let base = user.url("");
    (id, url.strip_prefix(&base).unwrap_or_else(|| panic!("{url}")).to_owned())
}

async fn unfolded(user: &User, path: &str) -> String {
    user.get(path).await.expect(200).text().replace("\r\n ", "")
}

/// What anybody gets at an address.
async fn open(user: &User, path: &str) -> Answer {
    user.server.send("GET", path, &[], "").await
}

dialogues! {
    /// RFC 8607 §3.2, §6: what tells clients of it.
    async fn it_is_told(user: User) {
        let path = made(&user, "").await;
        let home = user.path("calendars/");
        let options = user.send("OPTIONS", &home, &[], "").await;
        let features: Vec<&str> = options.header("dav").unwrap().split(", ").collect();
        assert!(features.contains(&"calendar-managed-attachments"));
        assert!(!features.contains(&"calendar-managed-attachments-no-recurrence"));
        let props = "<C:managed-attachments-server-URL/><C:max-attachment-size/><C:max-attachments-per-resource/>";
        let told = user.propfind(&home, "0", props).await;
        assert_eq!(told.only().prop("managed-attachments-server-URL").elements().count(), 0);
        let told = user.propfind("calendars/all/", "0", props).await;
        assert_eq!(told.only().text("max-attachment-size"), ATTACHMENT_MAX.to_string());
        assert_eq!(told.only().text("max-attachments-per-resource"), ATTACHMENTS_MAX.to_string());
        let set = "<D:set><D:prop><C:max-attachment-size>1</C:max-attachment-size></D:prop></D:set>";
        let refused = user.proppatch("calendars/all/", set).await.expect(207).multistatus();
        assert_eq!(refused.only().status_of("max-attachment-size"), Some(403));
        for at in [home.as_str(), "calendars/all/"] {
            let all = user.send("PROPFIND", at, &[("Depth", "0")], document("D:propfind", "<D:allprop/>")).await;
            assert!(!all.text().contains("attachment"));
        }
        let allow = user.send("OPTIONS", &path, &[], "").await;
        assert!(allow.header("allow").unwrap().split(", ").any(|it| it == "POST"));
    }

    /// §3.4, §3.5, §3.6, §3.10: added, read, replaced, taken away.
    async fn an_attachment_is_added_read_replaced_and_removed(user: User) {
        let path = made(&user, "").await;
        let (id, url) = add(&user, &path, "hello").await;
        let text = unfolded(&user, &path).await;
        let line = format!(
            "ATTACH;MANAGED-ID={id};FMTTYPE=text/plain;SIZE=5;FILENAME=agenda.txt:{}\r\n",
            user.url(&url)
        );
        assert!(text.contains(&line), "{line} {text}");
        let got = open(&user, &url).await.expect(200);
        assert_eq!(got.text(), "hello");
        for (name, value) in [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-disposition", "attachment; filename=\"agenda.txt\""),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("content-length", "5"),
        ] {
            assert_eq!(got.header(name), Some(value), "{name}");
        }
        let head = user.server.send("HEAD", &url, &[], "").await.expect(200);
        assert_eq!(head.header("content-length"), Some("5"));
        let tag = [("If-None-Match", got.header("etag").unwrap())];
        user.server.send("GET", &url, &tag, "").await.expect(304);
        // §3.8, §3.9: nobody changes it there.
        for method in ["PUT", "DELETE", "POST", "PATCH"] {
            user.send(method, &url, &[], "x").await.expect(405);
        }
        let query = format!("action=attachment-update&managed-id={id}");
        let updated = post(&user, &path, &query, "hello again").await.expect(200);
        let second = updated.header("cal-managed-id").unwrap().to_owned();
        assert_ne!(second, id);
        let text = unfolded(&user, &path).await;
        assert!(text.contains(&format!("MANAGED-ID={second};FMTTYPE=text/plain;SIZE=11")), "{text}");
        assert_eq!(text.matches("ATTACH").count(), 1);
        post(&user, &path, &query, "x").await.expect_condition(403, "valid-managed-id");
        let query = format!("action=attachment-remove&managed-id={second}");
        let removed = post(&user, &path, &query, "").await.expect(204);
        assert_eq!(removed.header("cal-managed-id"), None);
        assert_eq!(user.get(&path).await.text(), event("e", ""));
    }

    /// Large ones are files; the same octets are kept once.
    async fn a_large_attachment_comes_back(user: User) {
        let path = made(&user, "").await;
        let body = "0123456789abcdef".repeat(20_000);
        let (_, url) = add(&user, &path, &body).await;
        let got = open(&user, &url).await.expect(200);
        assert_eq!(got.body.len(), body.len());
        assert!(got.body == body.as_bytes());
        let (_, other) = add(&user, &path, &body).await;
        assert_ne!(url, other);
    }

    /// §3.1: with the preference the changed event is the answer.
    async fn the_event_is_the_answer_where_that_is_preferred(user: User) {
        let path = made(&user, "").await;
        let prefer = [TEXT[0], ("Prefer", "return=representation")];
        let query = format!("{path}?action=attachment-add");
        let added = user.send("POST", &query, &prefer, "hello").await.expect(201);
        let got = user.get(&path).await;
        assert_eq!((added.text(), added.header("etag")), (got.text(), got.header("etag")));
        assert_eq!(added.header("content-location"), Some(path.as_str()));
        assert!(!added.text().contains("FILENAME"));
        let id = added.header("cal-managed-id").unwrap();
        let query = format!("{path}?action=attachment-remove&managed-id={id}");
        let removed = user.send("POST", &query, &[("Prefer", "return=representation")], "").await.expect(200);
        assert_eq!(removed.text(), event("e", ""));
    }

    /// §3.11, each precondition.
    async fn what_breaks_a_rule_is_refused(user: User) {
        let path = made(&user, "RRULE:FREQ=DAILY;COUNT=3\n").await;
        for query in ["", "action", "action=", "action=attachment", "action=attachment-add&action=attachment-add"] {
            post(&user, &path, query, "x").await.expect_condition(403, "valid-action");
        }
        let (id, _) = add(&user, &path, "hello").await;
        for query in [
            "action=attachment-add&rid=".to_owned(),
            "action=attachment-add&rid=M,M".to_owned(),
            "action=attachment-add&rid=20260309T100000Z".to_owned(),
            format!("action=attachment-update&rid=M&managed-id={id}"),
            format!("action=attachment-remove&rid=20260309T100000Z&managed-id={id}"),
        ] {
            let body = if query.contains("remove") { "" } else { "x" };
            post(&user, &path, &query, body).await.expect_condition(403, "valid-rid");
        }
        for query in [
            format!("action=attachment-add&managed-id={id}"),
            "action=attachment-update".to_owned(),
            "action=attachment-update&managed-id=other".to_owned(),
            "action=attachment-remove".to_owned(),
            "action=attachment-remove&managed-id=other".to_owned(),
        ] {
            let body = if query.contains("remove") { "" } else { "x" };
            post(&user, &path, &query, body).await.expect_condition(403, "valid-managed-id");
        }
        for _ in 1..ATTACHMENTS_MAX {
            add(&user, &path, "x").await;
        }
        let more = post(&user, &path, "action=attachment-add", "x").await;
        more.expect_condition(403, "max-attachments-per-resource");
        let announced = format!(
            "POST {path}?action=attachment-add HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\nConnection: close\r\n\
             Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
            user.authorization(), ATTACHMENT_MAX + 1
        );
        let refused = Answer::read(&user.server.raw(announced.as_bytes()).await, false).unwrap();
        refused.expect_condition(403, "max-attachment-size");
        let nothing = user.path("calendars/all/none.ics");
        post(&user, &nothing, "action=attachment-add", "x").await.expect(404);
        let stale = [TEXT[0], ("If-Match", "\"0123\"")];
        user.send("POST", &format!("{path}?action=attachment-add"), &stale, "x").await.expect(412);
    }

    /// §3.3.2: one instance alone.
    async fn an_instance_has_attachments_of_its_own(user: User) {
        let path = made(&user, "RRULE:FREQ=DAILY;COUNT=3\n").await;
        let query = "action=attachment-add&rid=20260303T100000Z";
        post(&user, &path, query, "hello").await.expect(201);
        let text = unfolded(&user, &path).await;
        let (series, instance) = text.split_once("RECURRENCE-ID:20260303T100000Z").unwrap();
        assert!(!series.contains("ATTACH") && instance.contains("ATTACH;"), "{text}");
        let (id, _) = add(&user, &path, "for all").await;
        assert_eq!(unfolded(&user, &path).await.matches(&id).count(), 2);
        let query = format!("action=attachment-remove&rid=m&managed-id={id}");
        post(&user, &path, &query, "").await.expect(204);
        assert_eq!(unfolded(&user, &path).await.matches(&id).count(), 1);
    }

    /// §3.12.2: who may change the event, and is no attendee; who reads it finds the address.
    async fn rights_are_those_of_the_event(owner: User, reader: User, stranger: User) {
        let path = made(&owner, "CLASS:CONFIDENTIAL\n").await;
        let open_path = owner.path("calendars/all/open.ics");
        owner.put(&open_path, &event("open", "")).await;
        let read = format!(
            "<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege>\
             </D:grant></D:ace>", reader.principal());
        owner.send("ACL", "calendars/all/", &[], document("D:acl", &read)).await.expect(200);
        for at in [&path, &open_path] {
            add(&owner, at, "hello").await;
            for who in [&reader, &stranger] {
                post(who, at, "action=attachment-add", "x").await.expect_condition(403, "need-privileges");
            }
        }
        assert!(reader.get(&open_path).await.expect(200).text().contains("ATTACH"));
        assert!(!reader.get(&path).await.expect(200).text().contains("ATTACH"));
        stranger.get(&open_path).await.expect(403);
        open(&owner, "/attachments/0123456789012345678901234567890123456789/agenda.txt").await.expect(404);
        let meeting = "ORGANIZER:mailto:boss@example.com\nATTENDEE:mailto:me@example.com\n";
        let invited = owner.path("calendars/all/invited.ics");
        owner.put(&invited, &event("invited", meeting)).await;
        let refused = post(&owner, &invited, "action=attachment-add", "x").await;
        refused.expect_condition(403, "allowed-attendee-scheduling-object-change");
    }

    /// §3.7, §3.9, §3.11: naming and dropping them by PUT.
    async fn objects_name_attachments_of_their_calendar_only(user: User, other: User) {
        let path = made(&user, "").await;
        let (id, url) = add(&user, &path, "hello").await;
        let with = user.get(&path).await.text();
        // In another event of the same person, unchanged; and out of the first again.
        let copy = user.path("calendars/all/copy.ics");
        user.put(&copy, &with.replace("UID:e\r\n", "UID:copy\r\n")).await;
        assert!(unfolded(&user, &copy).await.contains(&id));
        user.put(&path, &event("e", "")).await;
        open(&user, &url).await.expect(200);
        // §3.7: a wrong size is put right, and the answer does not say that it is as it was sent.
        let wrong = with.replace("UID:e\r\n", "UID:size\r\n").replace("SIZE=5;", "SIZE=50;");
        let sized = user.path("calendars/all/size.ics");
        let answer = user.send("PUT", &sized, &[], &wrong).await.expect(201);
        assert_eq!(answer.header("etag"), None);
        assert!(unfolded(&user, &sized).await.contains(";SIZE=5;"));
        let unknown = with.replace(&id, "0000");
        let refused = user.send("PUT", &path, &[], &unknown).await;
        refused.expect_condition(403, "valid-managed-id-parameter");
        other.send("MKCALENDAR", "calendars/all/", &[], "").await.expect(201);
        let refused = other.send("PUT", "calendars/all/e.ics", &[], &with).await;
        refused.expect_condition(403, "valid-managed-id-parameter");
        // What is no managed attachment is nobody's business.
        user.put(&path, &event("e", "ATTACH:http://example.com/a\n")).await;
    }
}

/// The account's quota counts them.
async fn quota(server: &'static crate::support::dav::Server) {
    let user = server.account(|new| new.quota = Some(2_000)).await;
    let path = made(&user, "").await;
    add(&user, &path, &"x".repeat(1_000)).await;
    let refused = post(&user, &path, "action=attachment-add", &"x".repeat(1_000)).await;
    refused.expect_condition(507, "quota-not-exceeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn attachments_count_for_the_quota() {
    quota(crate::support::dav::Server::sqlite().await).await;
    if let Some(server) = crate::support::dav::Server::postgres().await {
        quota(server).await;
    }
}

on_both! {
    /// It stays while an event, or the history, names it; then it goes, and the quota is free again.
    async fn what_nothing_names_is_collected(fresh: Fresh) {
        indexing::begin(fresh).await.unwrap();
        let who = account::create(fresh, NewAccount::of(Kind::User, "ada"), clock::now()).await.unwrap();
        let access = Access::new(fresh.store.clone(), who, "test", clock::now());
        let making = tree::Making { kind: Home::Calendars.child(), components: 1, properties: Vec::new() };
        let place = |names: &str| Place::new(access.who.id, "ada", Home::Calendars, names).unwrap();
        tree::make(&access, &place("a/"), making, Guard::default()).await.unwrap();
        let text = event("e", "").into_bytes();
        let index = calendar::examine(None, &text).unwrap();
        let content = item::content(fresh, text).unwrap();
        let at = place("a/e.ics");
        item::put(&access, &at, content, index, Guard::default()).await.unwrap();
        let content = item::content(fresh, b"hello".to_vec()).unwrap();
        let sent = Sent { content, media_type: "text/plain".into(), filename: None };
        let used = async || raw::int(&fresh.location, "SELECT max(used_bytes) FROM account").await;
        let before = used().await;
        let add = Action::Add(Which::All, sent);
        let (guard, url) = (Guard::default(), |it: &Attachment| format!("http://h/{}", it.token));
        let changed = attachment::change(&access, &at, &add, url, &guard).await;
        let changed = changed.unwrap().attachment.unwrap();
        assert!(used().await > before + 5);
        let count = async || raw::rows(&fresh.location, "attachment").await;
        let collect = async |days: i64| {
            let now = clock::now().plus_seconds(days * 86_400);
            for _ in 0..4 {
                while retention::forget_history(fresh, now, 30).await.unwrap() == Progress::More {}
                while retention::collect_contents(fresh, now.plus_seconds(7_200)).await.unwrap() == Progress::More {}
            }
        };
        collect(40).await;
        assert_eq!(count().await, 1, "the event names it");
        tree::remove(&access, &at, Guard::default()).await.unwrap();
        collect(10).await;
        assert_eq!(count().await, 1, "the history names it");
        attachment::open(fresh, &changed.token).await.unwrap();
        collect(40).await;
        assert_eq!(count().await, 0);
        assert_eq!(raw::rows(&fresh.location, "attachment_use").await, 0);
        assert!(attachment::open(fresh, &changed.token).await.is_err());
        assert_eq!(used().await, 0);
    }
}
