//! Extended MKCOL (RFC 5689) and MKCALENDAR (RFC 4791 §5.3.1) with every body that clients send.

use crate::support::dav::{Answer, Response, User, dialogues, document};

const CALENDAR: &str = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>";
const BOOK: &str = "<D:resourcetype><D:collection/><A:addressbook/></D:resourcetype>";
const SUBSCRIBED: &str = "<D:resourcetype><D:collection/><S:subscribed/></D:resourcetype>";

/// A time zone as Apple's programs write it into a body.
const ZONE: &str = "<C:calendar-timezone>BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:-//Apple\
 Inc.//macOS 13.2.1//EN&#13;\nCALSCALE:GREGORIAN&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:Europe/Vienna&#13;\n\
BEGIN:DAYLIGHT&#13;\nTZOFFSETFROM:+0100&#13;\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU&#13;\n\
DTSTART:19810329T020000&#13;\nTZNAME:CEST&#13;\nTZOFFSETTO:+0200&#13;\nEND:DAYLIGHT&#13;\n\
BEGIN:STANDARD&#13;\nTZOFFSETFROM:+0200&#13;\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU&#13;\n\
DTSTART:19961027T030000&#13;\nTZNAME:CET&#13;\nTZOFFSETTO:+0100&#13;\nEND:STANDARD&#13;\n\
END:VTIMEZONE&#13;\nEND:VCALENDAR&#13;\n</C:calendar-timezone>";

fn set(root: &str, props: &str) -> String {
    document(root, &format!("<D:set><D:prop>{props}</D:prop></D:set>"))
}

async fn mkcol(user: &User, target: &str, props: &str) -> Answer {
    let headers = [("Content-Type", "application/xml; charset=utf-8")];
    user.send("MKCOL", target, &headers, set("D:mkcol", props)).await
}

async fn mkcalendar(user: &User, target: &str, props: &str) -> Answer {
    let headers = [("Content-Type", "text/xml")];
    user.send("MKCALENDAR", target, &headers, set("C:mkcalendar", props)).await
}

fn components(names: &[&str]) -> String {
    let comps: String = names.iter().map(|n| format!("<C:comp name=\"{n}\"/>")).collect();
    format!("<C:supported-calendar-component-set>{comps}</C:supported-calendar-component-set>")
}

const SHOWN: &str = "<D:resourcetype/><D:displayname/><C:supported-calendar-component-set/>\
<C:calendar-description/><C:calendar-timezone/><I:calendar-color/><I:calendar-order/>\
<C:schedule-calendar-transp/><C:calendar-timezone-id/><S:source/><I:refreshrate/>";

async fn look(user: &User, target: &str) -> Response {
    user.propfind(target, "0", SHOWN).await.only().clone()
}

fn types(it: &Response) -> Vec<String> {
    let elements = it.prop("resourcetype").elements();
    elements.map(|e| e.name.local().to_owned()).collect()
}

fn component_names(it: &Response) -> Vec<String> {
    let set = it.prop("supported-calendar-component-set");
    set.elements().map(|e| e.attribute("name").unwrap().to_owned()).collect()
}

async fn nothing_is_at(user: &User, target: &str) {
    user.send("PROPFIND", target, &[("Depth", "0")], "").await.expect(404);
}

/// The statuses of a `mkcol-response` or `mkcalendar-response`, by property, and its conditions.
fn refused(answer: &Answer, root: (&str, &str)) -> (Vec<(String, u16)>, Vec<String>) {
    let element = answer.xml();
    assert!(element.is(root.0, root.1), "{answer}");
    let (mut all, mut conditions) = (Vec::new(), Vec::new());
    for stat in element.elements().filter(|e| e.is("DAV:", "propstat")) {
        let line = stat.child("DAV:", "status").unwrap().text().into_owned();
        let code = line.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        let prop = stat.child("DAV:", "prop").unwrap();
        all.extend(prop.elements().map(|p| (p.name.local().to_owned(), code)));
        let error = stat.child("DAV:", "error").into_iter().flat_map(|e| e.elements());
        conditions.extend(error.map(|e| e.name.local().to_owned()));
    }
    all.sort();
    (all, conditions)
}

const MKCOL_RESPONSE: (&str, &str) = ("DAV:", "mkcol-response");
const MKCALENDAR_RESPONSE: (&str, &str) = ("urn:ietf:params:xml:ns:caldav", "mkcalendar-response");

dialogues! {
    /// DAVx5: MKCALENDAR with a resourcetype and everything, or without a component set.
    async fn davx5_makes_a_calendar(user: User) {
        let props = format!(
            "{CALENDAR}<D:displayname>Für alle</D:displayname>\
             <C:calendar-description>d</C:calendar-description>\
             <I:calendar-color>#8bc34a</I:calendar-color>\
             <C:calendar-timezone-id>Europe/Vienna</C:calendar-timezone-id>{ZONE}"
        );
        mkcalendar(&user, "calendars/a/", &props).await.expect(201);
        let it = look(&user, "calendars/a/").await;
        assert_eq!(types(&it), ["collection", "calendar"]);
        assert_eq!(component_names(&it), ["VEVENT", "VTODO", "VJOURNAL"]);
        assert_eq!(it.text("displayname"), "Für alle");
        assert_eq!(it.text("calendar-color"), "#8bc34a");
        assert_eq!(it.text("calendar-timezone-id"), "Europe/Vienna");
        assert!(it.text("calendar-timezone").starts_with("BEGIN:VCALENDAR\r\nVERSION"));
    }

    /// DAVx5, Evolution: an address book by extended MKCOL; RFC 6352 §6.3.1.
    async fn davx5_makes_an_address_book(user: User) {
        let props = format!(
            "{BOOK}<D:displayname>Book</D:displayname>\
             <A:addressbook-description>d</A:addressbook-description>"
        );
        let made = mkcol(&user, "addressbooks/a/", &props).await.expect(201);
        assert!(made.body.is_empty() && made.header("cache-control") == Some("no-cache"));
        let it = user.propfind("addressbooks/a/", "0", "<D:resourcetype/><D:displayname/>").await;
        assert_eq!(types(it.only()), ["collection", "addressbook"]);
        assert_eq!(it.only().text("displayname"), "Book");
    }

    /// Tasks.org, vdirsyncer, CalDav Synchronizer: extended MKCOL of a calendar; then PROPPATCH of
    /// one property at a time. RFC 5689 §4: what MKCALENDAR does, MKCOL does.
    async fn a_calendar_is_made_by_mkcol_too(user: User) {
        let props = format!(
            "{CALENDAR}<D:displayname>Tasks</D:displayname><I:calendar-color>#FF0000FF\
             </I:calendar-color>{}",
            components(&["VTODO"])
        );
        mkcol(&user, "calendars/tasks/", &props).await.expect(201);
        let it = look(&user, "calendars/tasks/").await;
        assert_eq!(types(&it), ["collection", "calendar"]);
        assert_eq!(component_names(&it), ["VTODO"]);
        mkcol(&user, "calendars/bare/", CALENDAR).await.expect(201);
        let it = look(&user, "calendars/bare/").await;
        assert_eq!(component_names(&it), ["VEVENT", "VTODO", "VJOURNAL"]);
        for prop in [
            "<D:displayname>Name</D:displayname>",
            "<I:calendar-color>#00FF00FF</I:calendar-color>",
            "<x:calendar-icon xmlns:x='http://tasks.org/ns/'>{&quot;a&quot;:1}</x:calendar-icon>",
        ] {
            let update = format!("<D:set><D:prop>{prop}</D:prop></D:set>");
            let it = user.proppatch("calendars/bare/", &update).await.expect(207).multistatus();
            assert!(it.only().properties.iter().all(|(status, _)| *status == 200));
        }
        let icon = "<x:calendar-icon xmlns:x='http://tasks.org/ns/'/>";
        let it = user.propfind("calendars/bare/", "0", icon).await;
        assert_eq!(it.only().text("calendar-icon"), "{\"a\":1}");
    }

    /// Apple: one component only, and it stays so: bits in the store, refused puts on the wire.
    async fn apple_makes_a_list_of_reminders(user: User) {
        let props = format!(
            "<I:calendar-order>3</I:calendar-order>{}<I:calendar-color symbolic-color=\"custom\">\
             #1BADF8FF</I:calendar-color>{ZONE}<D:displayname>Reminders</D:displayname>\
             <C:schedule-calendar-transp><C:opaque/></C:schedule-calendar-transp>",
            components(&["VTODO"])
        );
        mkcalendar(&user, "calendars/r/", &props).await.expect(201);
        let it = look(&user, "calendars/r/").await;
        assert_eq!(component_names(&it), ["VTODO"]);
        assert_eq!(it.prop("calendar-color").attribute("symbolic-color"), Some("custom"));
        assert!(it.prop("schedule-calendar-transp").elements().next().is_some());
        assert_eq!(it.text("calendar-order"), "3");
        let (account, store) = (user.name.clone(), user.server.store.clone());
        let stored = user.server.on(async move {
            let who = davenport::domain::directory::lookup::by_name(&store, &account).await;
            let id = who.unwrap().unwrap().id;
            store
                .read(move |tx| Box::pin(davenport::store::collection::at(tx, id, "calendars/r")))
                .await
        });
        assert_eq!(stored.await.unwrap().unwrap().components, 2);
        let event = crate::sync::event("e");
        let put = user.send("PUT", "calendars/r/e.ics", &[], event).await;
        put.expect_condition(403, "supported-calendar-component");
    }

    /// Apple's subscriptions: the body says what it is, whatever the method.
    async fn apple_keeps_a_subscription(user: User) {
        let props = format!(
            "<S:subscribed-strip-alarms/>{SUBSCRIBED}<I:refreshrate>P1W</I:refreshrate>\
             <S:source><D:href>webcal://example.org/h.ics</D:href></S:source>\
             <D:displayname>Holidays</D:displayname>"
        );
        mkcol(&user, "calendars/a/", &props).await.expect(201);
        let with = format!("{}{props}", components(&["VEVENT"]));
        mkcalendar(&user, "calendars/b/", &with).await.expect(201);
        for target in ["calendars/a/", "calendars/b/"] {
            let it = look(&user, target).await;
            assert_eq!(types(&it), ["collection", "subscribed"], "{target}");
            let source = it.prop("source").child("DAV:", "href").unwrap();
            assert_eq!(source.text(), "webcal://example.org/h.ics");
            assert_eq!(it.text("refreshrate"), "P1W");
        }
        let put = user.send("PUT", "calendars/a/e.ics", &[], crate::sync::event("e")).await;
        assert_eq!(put.status, 403, "it holds nothing: {put}");
        user.delete("calendars/a/").await.expect(204);
    }

    /// RFC 5689 §3: one bad property fails all; the answer says which; nothing is made.
    async fn a_refused_property_fails_everything(user: User) {
        let bad = "<D:displayname>x</D:displayname><D:getetag>\"x\"</D:getetag>";
        let answer = mkcol(&user, "files/a/", bad).await.expect(403);
        let (stats, conditions) = refused(&answer, MKCOL_RESPONSE);
        assert_eq!(stats, [("displayname".to_owned(), 424), ("getetag".to_owned(), 403)]);
        assert_eq!(conditions, ["cannot-modify-protected-property"]);
        nothing_is_at(&user, "files/a/").await;
        let answer = mkcalendar(&user, "calendars/a/", bad).await.expect(403);
        let (stats, _) = refused(&answer, MKCALENDAR_RESPONSE);
        assert_eq!(stats, [("displayname".to_owned(), 424), ("getetag".to_owned(), 403)]);
        nothing_is_at(&user, "calendars/a/").await;
        for (prop, condition) in [
            ("<C:calendar-timezone>Europe/Vienna</C:calendar-timezone>", "valid-calendar-data"),
            (&components(&["VEVENT", "VPOLL"]), "supported-calendar-component"),
            (&components(&[]), "supported-calendar-component"),
        ] {
            let answer = mkcalendar(&user, "calendars/a/", prop).await.expect(403);
            assert_eq!(refused(&answer, MKCALENDAR_RESPONSE).1, [condition]);
            nothing_is_at(&user, "calendars/a/").await;
        }
    }

    /// RFC 5689 §3.3: a type that cannot be here.
    async fn a_wrong_type_is_refused(user: User) {
        for (target, kind) in [
            ("files/a/", CALENDAR),
            ("files/a/", BOOK),
            ("calendars/a/", BOOK),
            ("addressbooks/a/", CALENDAR),
            ("addressbooks/a/", SUBSCRIBED),
            ("calendars/a/", "<D:resourcetype><C:calendar/></D:resourcetype>"),
            ("files/a/", "<D:resourcetype><D:collection/><x:y xmlns:x='x:'/></D:resourcetype>"),
            ("files/a/", "<D:resourcetype><D:collection/><D:principal/></D:resourcetype>"),
        ] {
            let props = format!("{kind}<D:displayname>x</D:displayname>");
            let answer = mkcol(&user, target, &props).await.expect(403);
            let (stats, conditions) = refused(&answer, MKCOL_RESPONSE);
            assert_eq!(stats, [("displayname".to_owned(), 424), ("resourcetype".to_owned(), 403)]);
            assert_eq!(conditions, ["valid-resourcetype"], "{target} {kind}");
            nothing_is_at(&user, target).await;
        }
    }

    /// RFC 4791 §5.3.1.1: where a calendar can be made, and where not.
    async fn a_calendar_is_made_in_the_home_only(user: User) {
        mkcalendar(&user, "calendars/a/", "").await.expect(201);
        let again = mkcalendar(&user, "calendars/a/", "").await;
        again.expect_condition(403, "resource-must-be-null");
        let home = mkcalendar(&user, "calendars/", "").await;
        home.expect_condition(403, "resource-must-be-null");
        let inside = mkcalendar(&user, "calendars/a/b/", "").await;
        inside.expect_condition(403, "calendar-collection-location-ok");
        let inside = mkcol(&user, "calendars/a/b/", CALENDAR).await;
        inside.expect_condition(403, "calendar-collection-location-ok");
        mkcalendar(&user, "calendars/none/b/c/", "").await.expect(409);
        mkcol(&user, "addressbooks/a/", BOOK).await.expect(201);
        let inside = mkcol(&user, "addressbooks/a/b/", BOOK).await;
        inside.expect_condition(403, "addressbook-collection-location-ok");
        for target in ["addressbooks/b/", "files/b/"] {
            mkcalendar(&user, target, "").await.expect(405);
        }
    }

    /// RFC 5689 §3: the body's label, its order, its root.
    async fn the_body_is_an_mkcol_in_xml(user: User) {
        let two = document(
            "D:mkcol",
            "<D:set><D:prop><D:displayname>1</D:displayname></D:prop></D:set>\
             <D:set><D:prop><D:displayname>2</D:displayname></D:prop></D:set>",
        );
        for (name, media, status) in
            [("a", "application/xml", 201), ("b", "text/xml", 201), ("c", "text/plain", 415)]
        {
            let target = format!("files/{name}/");
            let headers = [("Content-Type", media)];
            user.send("MKCOL", &target, &headers, &two).await.expect(status);
        }
        let it = user.propfind("files/a/", "0", "<D:displayname/>").await;
        assert_eq!(it.only().text("displayname"), "2");
        let other = document("D:propfind", "<D:allprop/>");
        user.send("MKCOL", "files/d/", &[("Content-Type", "text/xml")], other).await.expect(415);
        user.send("MKCOL", "files/d/", &[("Content-Type", "text/xml")], "<x").await.expect(400);
        nothing_is_at(&user, "files/d/").await;
    }

    /// RFC 5689 §3.1.
    async fn options_says_that_it_is_served(user: User) {
        for target in ["calendars/", "addressbooks/", "files/", "calendars/new/"] {
            let answer = user.send("OPTIONS", target, &[], "").await.expect(200);
            assert!(answer.header("dav").unwrap().contains("extended-mkcol"), "{target}");
            assert!(answer.header("allow").unwrap().contains("MKCOL"), "{target}");
        }
        let home = user.send("OPTIONS", "calendars/", &[], "").await;
        assert!(home.header("allow").unwrap().contains("MKCALENDAR"));
    }
}
