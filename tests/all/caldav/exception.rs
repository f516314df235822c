//! An exception that KDE's programs put as a resource of its own, with the UID of a series that is
//! there (CLIENTS §KDE): the requests as they send them, up to the sync after it.

use super::*;

const ZONE: &str = "BEGIN:VTIMEZONE\nTZID:Europe/Stockholm\nBEGIN:STANDARD\nTZNAME:CET\n\
TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nDTSTART:19971026T030000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n\
END:STANDARD\nBEGIN:DAYLIGHT\nTZNAME:CEST\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
DTSTART:19810329T020000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n";

/// As KDE's programs write an object.
fn kde(components: &str) -> String {
    let head = "BEGIN:VCALENDAR\nPRODID:-//K Desktop Environment//NONSGML libkcal 4.3//EN\nVERSION:2.0\n\
                X-KDE-ICAL-IMPLEMENTATION-VERSION:1.0\n";
    format!("{head}{ZONE}{components}END:VCALENDAR\n").replace('\n', "\r\n")
}

fn series(uid: &str) -> String {
    format!(
        "BEGIN:VEVENT\nDTSTAMP:20261122T105813Z\nUID:{uid}\nSUMMARY:Rec\nRRULE:FREQ=DAILY;COUNT=5\n\
         DTSTART;TZID=Europe/Stockholm:20261201T110000\nDTEND;TZID=Europe/Stockholm:20261201T120000\n\
         TRANSP:OPAQUE\nEND:VEVENT\n"
    )
}

fn moved(uid: &str, day: u32, summary: &str) -> String {
    format!(
        "BEGIN:VEVENT\nDTSTAMP:20261122T105813Z\nUID:{uid}\nSUMMARY:{summary}\n\
         RECURRENCE-ID;TZID=Europe/Stockholm:202612{day:02}T110000\n\
         DTSTART;TZID=Europe/Stockholm:202612{day:02}T130000\n\
         DTEND;TZID=Europe/Stockholm:202612{day:02}T140000\nTRANSP:OPAQUE\nEND:VEVENT\n"
    )
}

async fn create(user: &User, href: &str, text: &str) -> Answer {
    user.send("PUT", href, &[("Content-Type", "text/calendar"), ("If-None-Match", "*")], text).await
}

/// What its sync asks for: the tags of what happens from a day on.
async fn listing(user: &User, calendar: &str) -> Vec<(String, String)> {
    let filter = "<C:filter><C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'>\
                  <C:time-range start='20260822T000800Z'/></C:comp-filter></C:comp-filter></C:filter>";
    let body = document(
        "C:calendar-query",
        &format!("<D:prop><D:getetag/><D:resourcetype/></D:prop>{filter}"),
    );
    let it = user.send("REPORT", calendar, &[("Depth", "1")], body).await.expect(207).multistatus();
    it.responses.iter().map(|r| (r.href.clone(), r.text("getetag"))).collect()
}

async fn ctag(user: &User, calendar: &str) -> String {
    user.propfind(calendar, "0", "<S:getctag/>").await.only().text("getctag")
}

dialogues! {
    /// The exception becomes a part of the series; the answer gives it the address by which KDE's
    /// programs know a part, so that their next sync finds what they have.
    async fn kdes_exception_becomes_a_part_of_its_series(user: User) {
        let calendar = calendar(&user).await;
        let (master, own) = (format!("{calendar}1795345093.R186.ics"), format!("{calendar}1795345095.R9.ics"));
        create(&user, &master, &kde(&series("ak-2"))).await.expect(201);
        let (before, tag) = (listing(&user, &calendar).await, ctag(&user, &calendar).await);
        let made = create(&user, &own, &kde(&moved("ak-2", 2, "Moved"))).await.expect(201);
        assert_eq!(made.header("etag"), None);
        let location = made.header("location").unwrap().to_owned();
        let (url, part) = location.split_once('#').unwrap();
        assert_eq!((url, part), (user.url(&master).as_str(), "ak-22026-12-02T11:00:00+01:00"));

        let got = user.get(&master).await.expect(200);
        assert_eq!(got.text(), kde(&(series("ak-2") + &moved("ak-2", 2, "Moved"))));
        user.get(&own).await.expect(404);
        let after = listing(&user, &calendar).await;
        assert_eq!(after, [(master.clone(), got.header("etag").unwrap().to_owned())]);
        assert_ne!(after, before);
        assert_ne!(ctag(&user, &calendar).await, tag);

        // The part, changed again, comes with the whole.
        let text = kde(&(series("ak-2") + &moved("ak-2", 2, "Changed")));
        let headers = [("Content-Type", "text/calendar"), ("If-Match", after[0].1.as_str())];
        user.send("PUT", &master, &headers, &text).await.expect(204);
        // Another instance is another part.
        let made = create(&user, &own, &kde(&moved("ak-2", 4, "Second"))).await.expect(201);
        assert!(made.header("location").unwrap().ends_with("#ak-22026-12-04T11:00:00+01:00"));
        let whole = kde(&(series("ak-2") + &moved("ak-2", 2, "Changed") + &moved("ak-2", 4, "Second")));
        assert_eq!(user.get(&master).await.text(), whole);
        // The index knows where it happens now.
        let window = "<C:time-range start='20261204T121500Z' end='20261204T123000Z'/>";
        let filter = format!("<C:filter><C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'>\
            {window}</C:comp-filter></C:comp-filter></C:filter>");
        let body = document("C:calendar-query", &format!("<D:prop><D:getetag/></D:prop>{filter}"));
        let found = user.send("REPORT", &calendar, &[("Depth", "1")], body).await.expect(207).multistatus();
        assert_eq!(found.hrefs(), [master.as_str()]);
    }

    /// Every other second resource of one UID stays a conflict, and nothing changes.
    async fn every_other_second_resource_is_a_conflict(user: User) {
        let calendar = calendar(&user).await;
        let (master, own) = (format!("{calendar}a.ics"), format!("{calendar}b.ics"));
        let text = kde(&(series("u") + &moved("u", 2, "Moved")));
        create(&user, &master, &text).await.expect(201);
        for other in [
            kde(&moved("u", 2, "Again")),
            kde(&series("u")),
            kde(&(series("u") + &moved("u", 3, "Third"))),
            kde(&moved("u", 3, "Todo").replace("VEVENT", "VTODO")),
        ] {
            let conflict = create(&user, &own, &other).await;
            let element = conflict.expect_condition(409, "no-uid-conflict");
            assert_eq!(element.child("DAV:", "href").unwrap().text(), master);
        }
        assert_eq!(user.get(&master).await.text(), text);
        // Without a series there, exceptions are an object of their own.
        create(&user, &own, &kde(&moved("v", 2, "Alone"))).await.expect(201);
        let second = create(&user, &format!("{calendar}c.ics"), &kde(&moved("v", 3, "Too"))).await;
        second.expect_condition(409, "no-uid-conflict");
        // And what is at the name asked for is not written over.
        let third = kde(&moved("u", 3, "Third"));
        put(&user, &own, &third).await.expect_condition(409, "no-uid-conflict");
        assert_eq!(user.get(&own).await.text(), kde(&moved("v", 2, "Alone")));
        assert_eq!(user.get(&master).await.text(), text);
    }

    /// The conditions are about the name asked for, the locks and the limits about the series too.
    async fn conditions_locks_and_limits_hold(user: User) {
        let calendar = calendar(&user).await;
        let (master, own) = (format!("{calendar}a.ics"), format!("{calendar}b.ics"));
        create(&user, &master, &kde(&series("u"))).await.expect(201);
        let third = kde(&moved("u", 3, "Third"));
        user.send("PUT", &own, &[("If-Match", "*")], &third).await.expect(412);
        let wish = document("D:lockinfo", "<D:lockscope><D:exclusive/></D:lockscope>\
            <D:locktype><D:write/></D:locktype>");
        let lock = user.send("LOCK", &master, &[("Depth", "0")], wish).await.expect(200);
        let token = lock.header("lock-token").unwrap().to_owned();
        create(&user, &own, &third).await.expect(423);
        user.send("UNLOCK", &master, &[("Lock-Token", &token)], "").await.expect(204);
        let people: String = (0..5_001).map(|n| format!("ATTENDEE:mailto:a{n}@x\n")).collect();
        let crowd = moved("u", 3, "Crowd").replace("TRANSP", &format!("{people}TRANSP"));
        create(&user, &own, &kde(&crowd)).await.expect_condition(403, "max-attendees-per-instance");
        assert_eq!(user.get(&master).await.text(), kde(&series("u")));
    }

    /// Exceptions that come at the same time all arrive.
    async fn exceptions_at_the_same_time_all_arrive(user: User) {
        let calendar = calendar(&user).await;
        let master = format!("{calendar}a.ics");
        create(&user, &master, &kde(&series("u"))).await.expect(201);
        let puts: Vec<_> = (2..5).map(|day| {
            let (user, href) = (user.clone(), format!("{calendar}{day}.ics"));
            tokio::spawn(async move { create(&user, &href, &kde(&moved("u", day, "Moved"))).await })
        }).collect();
        for put in puts {
            put.await.unwrap().expect(201);
        }
        let text = user.get(&master).await.text().to_owned();
        assert_eq!(text.matches("RECURRENCE-ID").count(), 3, "{text}");
        assert_eq!(listing(&user, &calendar).await.len(), 1);
    }
}
