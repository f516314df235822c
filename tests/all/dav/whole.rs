//! Whole calendars and address books as one text: given by GET, taken apart by PUT and POST.

use crate::support::dav::{Answer, User, dialogues};
use serde_json::{Value, json};

const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

fn event(uid: &str, more: &str) -> String {
    let uid = if uid.is_empty() { String::new() } else { format!("UID:{uid}\r\n") };
    format!("BEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\n{uid}{more}\r\nEND:VEVENT\r\n")
}

fn calendar(components: &[String]) -> String {
    let inside = components.concat();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n{inside}END:VCALENDAR\r\n")
}

fn card(uid: &str, name: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:{name};;;;\r\nEND:VCARD\r\n")
}

async fn made(user: &User, name: &str) -> String {
    let path = format!("calendars/{name}/");
    user.send("MKCALENDAR", &path, &[], "").await.expect(201);
    user.path(&path)
}

async fn import(user: &User, method: &str, path: &str, more: &[(&str, &str)], text: &str) -> Value {
    let mut headers = vec![("Accept", "application/json")];
    headers.extend_from_slice(more);
    let answer = user.send(method, path, &headers, text).await.expect(200);
    serde_json::from_str(&answer.text()).unwrap()
}

fn counts(report: &Value) -> [u64; 5] {
    ["created", "updated", "unchanged", "kept", "refused"].map(|w| report[w].as_u64().unwrap())
}

fn outcome<'r>(report: &'r Value, uid: &str) -> &'r Value {
    report["objects"].as_array().unwrap().iter().find(|o| o["uid"] == uid).unwrap()
}

async fn get(user: &User, path: &str, accept: &str) -> Answer {
    user.send("GET", path, &[("Accept", accept)], "").await.expect(200)
}

const ZONED: &str = "DTSTART;TZID=Mine:20260301T100000";
const RULE: &str = "DTSTART;TZID=Mine:20260301T100000\r\nRRULE:FREQ=DAILY;COUNT=3";
const MOVED: &str = "RECURRENCE-ID;TZID=Mine:20260302T100000\r\nDTSTART;TZID=Mine:20260302T120000";

dialogues! {
    /// A whole calendar: one object for each UID, with its overrides and the zones it names.
    async fn a_calendar_is_taken_apart_by_uid(user: User) {
        let path = made(&user, "in").await;
        let text = calendar(&[
            ZONE.into(), event("a", RULE), event("b", "DTSTART:20260301T100000Z"), event("a", MOVED),
        ]);
        let report = import(&user, "PUT", &path, &[("Content-Type", "text/calendar")], &text).await;
        assert_eq!(counts(&report), [2, 0, 0, 0, 0]);
        let href = outcome(&report, "a")["href"].as_str().unwrap();
        assert_eq!(href, format!("{path}a.ics"));
        let series = get(&user, href, "*/*").await.text();
        assert_eq!(series, calendar(&[ZONE.into(), event("a", RULE), event("a", MOVED)]));
        let single = get(&user, &format!("{path}b.ics"), "*/*").await.text();
        assert!(!single.contains("VTIMEZONE"), "{single}");
    }

    /// Again, nothing changes; changed, only that changes; what is not in the text stays.
    async fn an_import_updates_what_changed_and_deletes_nothing(user: User) {
        let path = made(&user, "in").await;
        user.put(&format!("{path}own.ics"), &calendar(&[event("own", ZONED), ZONE.into()])).await;
        let text = |b: &str| calendar(&[ZONE.into(), event("a", ZONED), event("b", b)]);
        let first = text("DTSTART:20260301T100000Z");
        assert_eq!(counts(&import(&user, "PUT", &path, &[], &first).await), [2, 0, 0, 0, 0]);
        let before = user.send("GET", &format!("{path}a.ics"), &[], "").await;
        assert_eq!(counts(&import(&user, "PUT", &path, &[], &first).await), [0, 0, 2, 0, 0]);
        let later = text("DTSTART:20260302T100000Z");
        let report = import(&user, "PUT", &path, &[("If-None-Match", "*")], &later).await;
        assert_eq!(counts(&report), [0, 0, 0, 2, 0]);
        let report = import(&user, "PUT", &path, &[], &later).await;
        assert_eq!(counts(&report), [0, 1, 1, 0, 0]);
        assert_eq!(outcome(&report, "b")["outcome"], "updated");
        let after = user.send("GET", &format!("{path}a.ics"), &[], "").await;
        assert_eq!(before.header("etag"), after.header("etag"));
        get(&user, &format!("{path}own.ics"), "*/*").await;
    }

    /// Each object that cannot be stored is refused by itself, with the reason.
    async fn what_is_wrong_is_refused_by_itself(user: User) {
        let body = "<C:mkcalendar xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:set>\
            <D:prop><C:supported-calendar-component-set><C:comp name=\"VEVENT\"/>\
            </C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>";
        user.send("MKCALENDAR", "calendars/events/", &[], body).await.expect(201);
        let path = user.path("calendars/events/");
        let todo = event("t", "SUMMARY:x").replace("VEVENT", "VTODO");
        let text = calendar(&[
            event("good", "DTSTART:20260301T100000Z"), event("bad", "SUMMARY:no start"), todo,
            event("", "DTSTART:20260301T100000Z"),
        ]);
        let report = import(&user, "POST", &path, &[], &text).await;
        assert_eq!(counts(&report), [2, 0, 0, 0, 2]);
        let why = |uid| outcome(&report, uid)["error"].as_str().unwrap().to_owned();
        assert!(why("bad").contains("DTSTART"), "{}", why("bad"));
        assert!(why("t").contains("VTODO"), "{}", why("t"));
        // Without a UID it gets one, the same each time.
        assert_eq!(counts(&import(&user, "POST", &path, &[], &text).await), [0, 0, 2, 0, 2]);
    }

    /// The report as a multistatus and as text.
    async fn the_report_has_three_forms(user: User) {
        let path = made(&user, "in").await;
        let text = calendar(&[event("a", "DTSTART:20260301T100000Z"), event("b", "SUMMARY:x")]);
        let answer = user.send("PUT", &path, &[], &text).await.expect(207);
        let multistatus = answer.multistatus();
        assert_eq!(multistatus.hrefs(), [format!("{path}a.ics"), path.clone()]);
        let body = answer.text();
        assert!(body.contains("a: created<") && body.contains("valid-calendar-data"), "{body}");
        let plain = get_report(&user, &path, &text).await;
        assert_eq!(plain.lines().last(), Some("0 created, 0 updated, 1 unchanged, 0 kept, 1 refused"));
        assert!(plain.contains(&format!("unchanged a {path}a.ics\n")), "{plain}");
    }

    /// What is no calendar is refused as a whole, with its line; nothing is stored.
    async fn what_is_no_calendar_is_refused_as_a_whole(user: User) {
        let path = made(&user, "in").await;
        let open = calendar(&[event("a", ZONED)]).replace("END:VCALENDAR\r\n", "");
        for text in ["nonsense", "", &open] {
            let answer = user.send("PUT", &path, &[], text).await;
            answer.expect_condition(403, "valid-calendar-data");
        }
        user.send("PUT", &path, &[("Content-Type", "text/html")], "x").await.expect_condition(403, "supported-calendar-data");
        assert_eq!(crate::dav::everything_below(&user, &path).await, Vec::<String>::new());
        user.send("PUT", "calendars/none/", &[], &calendar(&[event("a", ZONED)])).await.expect(404);
    }

    /// A lock on a member holds, unless its token is shown.
    async fn a_locked_member_is_left_alone(user: User) {
        let path = made(&user, "in").await;
        let text = |at: &str| calendar(&[event("a", at), event("b", at)]);
        import(&user, "PUT", &path, &[], &text("DTSTART:20260301T100000Z")).await;
        let token = user.lock("calendars/in/a.ics", "0").await;
        let later = text("DTSTART:20260302T100000Z");
        let report = import(&user, "PUT", &path, &[], &later).await;
        assert_eq!(counts(&report), [0, 1, 0, 0, 1]);
        assert_eq!(outcome(&report, "a")["outcome"], "refused");
        let shown = format!("<{path}a.ics> (<{token}>)");
        let report = import(&user, "PUT", &path, &[("If", &shown)], &later).await;
        assert_eq!(counts(&report), [0, 1, 1, 0, 0]);
    }

    /// RFC 9110 §13.1, RFC 4918 §10.4: conditions are about the whole, and are checked once.
    async fn conditions_are_about_the_whole(user: User) {
        let path = made(&user, "in").await;
        let text = |at: &str| calendar(&[event("a", at), event("b", at)]);
        let first = text("DTSTART:20260301T100000Z");
        import(&user, "PUT", &path, &[], &first).await;
        let tag = get(&user, &path, "*/*").await.header("etag").unwrap().to_owned();
        let later = text("DTSTART:20260302T100000Z");
        for wrong in [("If-Match", "\"x\""), ("If-None-Match", tag.as_str()), ("If", "([\"x\"])")] {
            user.send("PUT", &path, &[wrong], &later).await.expect(412);
        }
        assert_eq!(get(&user, &path, "*/*").await.header("etag"), Some(tag.as_str()));
        let report = import(&user, "PUT", &path, &[("If-Match", &tag)], &later).await;
        assert_eq!(counts(&report), [0, 2, 0, 0, 0]);
        user.send("PUT", &path, &[("If-Match", &tag)], &first).await.expect(412);
        let token = user.lock("calendars/in/", "0").await;
        let shown = format!("(<{token}>)");
        let report = import(&user, "PUT", &path, &[("If", &shown)], &first).await;
        assert_eq!(counts(&report), [0, 2, 0, 0, 0]);
    }

    /// Nobody adds to what is not his.
    async fn a_stranger_imports_nothing(owner: User, stranger: User) {
        let path = made(&owner, "in").await;
        let text = calendar(&[event("a", "DTSTART:20260301T100000Z"), event("b", "DTSTART:20260301T100000Z")]);
        stranger.send("PUT", &path, &[], &text).await.expect(403);
        stranger.send("POST", &path, &[], &text).await.expect(403);
        stranger.send("GET", &path, &[("Accept", "text/calendar")], "").await.expect(403);
        assert_eq!(crate::dav::everything_below(&owner, &path).await, Vec::<String>::new());
    }

    /// GET gives the whole, which another calendar takes and then says the same.
    async fn a_whole_calendar_goes_out_and_in(user: User) {
        let (from, to) = (made(&user, "from").await, made(&user, "to").await);
        let many: Vec<String> = (0..700).map(|n| event(&format!("e{n}"), ZONED)).collect();
        let text = calendar(&[vec![ZONE.to_owned(), event("a", RULE), event("a", MOVED)], many].concat());
        assert_eq!(counts(&import(&user, "PUT", &from, &[], &text).await), [701, 0, 0, 0, 0]);
        let whole = get(&user, &from, "text/calendar").await;
        assert_eq!(whole.header("content-type"), Some("text/calendar; charset=utf-8"));
        let out = whole.text();
        assert_eq!(out.matches("BEGIN:VTIMEZONE").count(), 1);
        assert_eq!(out.matches("BEGIN:VEVENT").count(), 702);
        assert_eq!(counts(&import(&user, "PUT", &to, &[], &out).await), [701, 0, 0, 0, 0]);
        let again = get(&user, &to, "*/*").await.text();
        let sorted = |text: &str| { let mut lines: Vec<_> = text.lines().map(str::to_owned).collect(); lines.sort(); lines };
        assert_eq!(sorted(&again), sorted(&out));
        assert_eq!(counts(&import(&user, "PUT", &from, &[], &again).await), [0, 0, 701, 0, 0]);
    }

    /// The whole has a validator that changes with any member.
    async fn a_whole_calendar_has_a_validator(user: User) {
        let path = made(&user, "in").await;
        user.put(&format!("{path}a.ics"), &calendar(&[event("a", "DTSTART:20260301T100000Z")])).await;
        let first = get(&user, &path, "*/*").await;
        assert!(first.header("vary").unwrap().contains("Accept"));
        let tag = first.header("etag").unwrap().to_owned();
        let again = [("If-None-Match", tag.as_str())];
        user.send("GET", &path, &again, "").await.expect(304);
        user.send("HEAD", &path, &again, "").await.expect(304);
        user.put(&format!("{path}b.ics"), &calendar(&[event("b", "DTSTART:20260301T100000Z")])).await;
        let next = user.send("GET", &path, &again, "").await.expect(200);
        assert_ne!(next.header("etag"), Some(tag.as_str()));
    }

    /// A browser gets a page, a calendar with a name tells it, homes have nothing to give.
    async fn a_browser_gets_a_page(user: User) {
        let path = made(&user, "in").await;
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let page = get(&user, &path, browser).await;
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let name = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><D:displayname>Büro; oben\
            </D:displayname></D:prop></D:set></D:propertyupdate>";
        user.send("PROPPATCH", &path, &[], name).await.expect(207);
        let whole = get(&user, &path, "*/*").await.text();
        assert!(whole.contains("\r\nX-WR-CALNAME:Büro\\; oben\r\n"), "{whole}");
        let home = get(&user, &user.path("calendars/"), "*/*").await;
        assert_eq!(home.header("content-type"), Some("text/html; charset=utf-8"));
    }

    /// What a telephone writes: version 2.1, without UIDs.
    async fn old_cards_become_new_ones(user: User) {
        user.mkcol("addressbooks/in/").await;
        let path = user.path("addressbooks/in/");
        let old = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Eva;;;\r\n\
            FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Eva=20=\r\nM=C3=BCller\r\nTEL;CELL:+4912\r\nEND:VCARD\r\n";
        let report = import(&user, "PUT", &path, &[("Content-Type", "text/x-vcard")], old).await;
        assert_eq!(counts(&report), [1, 0, 0, 0, 0], "{report}");
        let stored = get(&user, report["objects"][0]["href"].as_str().unwrap(), "*/*").await.text();
        assert!(stored.contains("VERSION:3.0\r\n") && stored.contains("Eva Müller"), "{stored}");
        assert_eq!(counts(&import(&user, "PUT", &path, &[], old).await), [0, 0, 1, 0, 0]);
    }

    /// Address books likewise.
    async fn a_whole_address_book_goes_in_and_out(user: User) {
        user.mkcol("addressbooks/in/").await;
        let path = user.path("addressbooks/in/");
        let text = [card("a", "Anna"), card("b", "Bob"), card("", "Nobody").replace("UID:\r\n", "")].concat();
        let report = import(&user, "PUT", &path, &[("Content-Type", "text/vcard")], &text).await;
        assert_eq!(counts(&report), [3, 0, 0, 0, 0]);
        let whole = get(&user, &path, "*/*").await;
        assert_eq!(whole.header("content-type"), Some("text/vcard; charset=utf-8"));
        let out = whole.text();
        assert_eq!(out.matches("BEGIN:VCARD").count(), 3);
        assert!(out.contains(&card("a", "Anna")));
        assert_eq!(counts(&import(&user, "POST", &path, &[], &out).await), [0, 0, 3, 0, 0]);
        let changed = [card("a", "Anne"), card("b", "Bob")].concat();
        let report = import(&user, "POST", &path, &[], &changed).await;
        assert_eq!(counts(&report), [0, 1, 1, 0, 0]);
        assert_eq!(report["objects"][0], json!({ "uid": "a", "outcome": "updated", "href": format!("{path}a.vcf") }));
    }
}

async fn get_report(user: &User, path: &str, text: &str) -> String {
    user.send("PUT", path, &[("Accept", "text/plain")], text).await.expect(200).text()
}
