//! POST to an outbox (RFC 6638 §5), and the ways in which real programs send theirs.

use super::*;

dialogues! {
    /// RFC 6638 §5, §10, appendix B.5: one response for each, with what RFC 5546 §3.3.3 demands.
    async fn rfc_6638_5_one_response_for_each_attendee(ada: User, bob: User) {
        let (carol, address) = person(&ada).await;
        for (user, hour) in [(&bob, 9), (&carol, 15)] {
            let path = calendar(user, "work").await;
            event(user, &path, "secret-uid", &format!("{}\nSUMMARY:Secret\nLOCATION:Hospital", at(hour))).await;
        }
        let (one, other) = (format!("mailto:{}", bob.name), format!("MAILTO:{}", address.to_uppercase()));
        let attendees = [one.as_str(), other.as_str(), "mailto:nobody@localhost", "mailto:eve@elsewhere.example"];
        let answer = ask(&ada, &attendees, "").await;
        assert!(answer.header("content-type").unwrap().starts_with("application/xml"));
        let row = |whom: &str, status: &str, busy: &[&str]| {
            (whom.to_owned(), status.to_owned(), busy.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(told(&answer), [
            row(&one, SUCCESS, &["BUSY:09/10"]),
            row(&other, SUCCESS, &["BUSY:15/16"]),
            row(attendees[2], "3.7;Invalid calendar user", &[]),
            row(attendees[3], "5.3;No scheduling support for user", &[]),
        ]);
        let text = answer.text();
        for line in ["METHOD:REPLY", "UID:4FD3AD926350", "DTSTART:20260602T000000Z", "DTEND:20260603T000000Z",
            &format!("ORGANIZER:mailto:{}", ada.name), &format!("ATTENDEE:{one}"), &format!("ATTENDEE:{other}")] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!["Secret", "Hospital", "secret-uid"].iter().any(|it| text.contains(it)), "{text}");
    }

    /// RFC 6638 §9.1; what the server fills counts only if its owner says so.
    async fn what_counts_and_what_does_not(ada: User, bob: User) {
        let (work, notes) = (calendar(&bob, "work").await, calendar(&bob, "notes").await);
        event(&bob, &work, "a", &at(9)).await;
        event(&bob, &work, "free", &format!("{}\nTRANSP:TRANSPARENT", at(10))).await;
        event(&bob, &work, "off", &format!("{}\nSTATUS:CANCELLED", at(11))).await;
        event(&bob, &work, "maybe", &format!("{}\nSTATUS:TENTATIVE", at(12))).await;
        event(&bob, &work, "daily", "DTSTART:20200101T200000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY").await;
        event(&bob, &notes, "n", &at(14)).await;
        let whom = format!("mailto:{}", bob.name);
        let all = ["BUSY:09/10", "BUSY-TENTATIVE:12/13", "BUSY:14/15", "BUSY:20/21"];
        assert_eq!(of_one(&ask(&ada, &[&whom], "").await).1, all);
        let shown = bob.propfind(&notes, "0", "<C:schedule-calendar-transp/>").await;
        let shown = shown.responses[0].prop("schedule-calendar-transp");
        assert!(shown.child(CALDAV, "opaque").is_some(), "RFC 6638 §9.1: the default is shown");
        let set = |inside: &str| format!("<D:set><D:prop><C:schedule-calendar-transp>{inside}\
            </C:schedule-calendar-transp></D:prop></D:set>");
        let refused = bob.proppatch(&notes, &set("<C:other/>")).await.expect(207).multistatus();
        assert_ne!(refused.responses[0].status_of("schedule-calendar-transp"), Some(200));
        bob.proppatch(&notes, &set("<C:transparent/>")).await.expect(207);
        let some = ["BUSY:09/10", "BUSY-TENTATIVE:12/13", "BUSY:20/21"];
        assert_eq!(of_one(&ask(&ada, &[&whom], "").await).1, some);
    }

    /// One's own answer to an invitation counts, whoever keeps the calendar.
    async fn an_invitation_counts_as_it_was_answered(ada: User) {
        let (bob, address) = person(&ada).await;
        let work = calendar(&bob, "work").await;
        for (uid, hour, answer) in [
            ("declined", 8, ";PARTSTAT=DECLINED"), ("accepted", 10, ";PARTSTAT=ACCEPTED"), ("unsaid", 12, ""),
            ("tentative", 14, ";PARTSTAT=TENTATIVE"), ("passed-on", 16, ";PARTSTAT=DELEGATED"),
        ] {
            let lines = format!("{}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:x@y.example\nATTENDEE{answer}:mailto:{address}", at(hour));
            // Put as an import does, which is no scheduling of one's own.
            event(&bob, &work, uid, &lines).await;
        }
        let daily = format!("DTSTART:20200101T180000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nATTENDEE:mailto:{address}");
        event(&bob, &work, "daily", &daily).await;
        let whom = format!("mailto:{}", bob.name);
        let all = ["BUSY:10/11", "BUSY-TENTATIVE:12/13", "BUSY-TENTATIVE:14/15", "BUSY-TENTATIVE:18/19"];
        assert_eq!(of_one(&ask(&ada, &[&whom], "").await).1, all);
    }

    /// icalendar-maskuids §4.3, §6: the meeting that is being moved does not count, another's does.
    async fn a_masked_meeting_does_not_count_for_its_organizer(ada: User, bob: User, carol: User) {
        let work = calendar(&bob, "work").await;
        let meeting = format!("{}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{}\nORGANIZER:mailto:{}", at(9), bob.name, ada.name);
        event(&bob, &work, "meeting", &meeting).await;
        event(&bob, &work, "own", &at(11)).await;
        let whom = format!("mailto:{}", bob.name);
        let mask = |uid: &str| format!("X-CALENDARSERVER-MASK-UID:{uid}\r\n");
        assert_eq!(of_one(&ask(&ada, &[&whom], &mask("meeting")).await).1, ["BUSY:11/12"]);
        let both = ["BUSY:09/10", "BUSY:11/12"];
        assert_eq!(of_one(&ask(&carol, &[&whom], &mask("meeting")).await).1, both);
        // What nobody organizes is masked for its owner alone.
        assert_eq!(of_one(&ask(&ada, &[&whom], &mask("own")).await).1, both);
        assert_eq!(of_one(&ask(&bob, &[&whom], &mask("own")).await).1, ["BUSY:09/10"]);
    }

    /// A group stands for its members, a resource for itself.
    async fn a_group_answers_for_its_members(ada: User, bob: User) {
        let (carol, _) = person(&ada).await;
        for (user, hour) in [(&bob, 9), (&carol, 10), (&bob, 14)] {
            let path = user.path("calendars/work/");
            user.send("MKCALENDAR", &path, &[], "").await;
            event(user, &path, &format!("e{hour}"), &at(hour)).await;
        }
        let (team, room) = (format!("team-{}", ada.name), format!("room-{}", ada.name));
        principal(&ada, Kind::Group, &team, &[&bob.name, &carol.name]).await;
        principal(&ada, Kind::Resource, &room, &[]).await;
        let (team, room) = (format!("mailto:{team}"), format!("/dav/principals/resources/{room}/"));
        let answer = ask(&ada, &[&team, &room], "").await;
        let rows = told(&answer);
        assert_eq!((rows[0].1.as_str(), rows[0].2.as_slice()), (SUCCESS, &["BUSY:09/11".to_owned(), "BUSY:14/15".to_owned()][..]));
        assert_eq!((rows[1].1.as_str(), rows[1].2.len()), (SUCCESS, 0));
    }

    /// RFC 6638 §5.2: every condition, and rights before all of them.
    async fn rfc_6638_5_2_what_is_refused(ada: User, bob: User) {
        let own = format!("mailto:{}", ada.name);
        let send = async |user: &User, headers: &[(&str, &str)], body: String| {
            user.send("POST", &ada.path("calendars/outbox/"), headers, body).await
        };
        let right = request(&own, &[&own], "");
        send(&ada, &TEXT, right.replace("REQUEST", "PUBLISH")).await.expect_condition(400, "valid-scheduling-message");
        send(&ada, &TEXT, right.replace("DTSTAMP:20260601T190420Z\r\n", "")).await
            .expect_condition(400, "valid-scheduling-message");
        send(&ada, &TEXT, "BEGIN:nothing".into()).await.expect_condition(403, "valid-calendar-data");
        send(&ada, &[("Content-Type", "text/plain")], right.clone()).await.expect_condition(403, "supported-calendar-data");
        let other = request(&format!("mailto:{}", bob.name), &[&own], "");
        send(&ada, &TEXT, other.clone()).await.expect_condition(403, "valid-organizer");
        let large = request(&own, &[&own], &format!("COMMENT:{}\r\n", "x".repeat(300_000)));
        send(&ada, &TEXT, large).await.expect_condition(403, "max-resource-size");
        let many: Vec<String> = (0..201).map(|n| format!("mailto:u{n}@localhost")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        send(&ada, &TEXT, request(&own, &many, "")).await.expect(400);
        send(&ada, &TEXT, right.replace("20260603T", "20360603T")).await.expect(400);
        send(&bob, &TEXT, "BEGIN:nothing".into()).await.expect_condition(403, "need-privileges");
        bob.send("POST", "/dav/calendars/no-such-user/outbox/", &TEXT, "x").await.expect_condition(403, "need-privileges");
        send(&ada, &TEXT, right).await.expect(200);
    }

    /// RFC 6638 §6.2.4, §11.3: who may ask for another asks as he, and learns what he may know.
    async fn a_delegate_asks_for_the_owner_of_the_outbox(ada: User, bob: User) {
        let outbox = ada.path("calendars/outbox/");
        let ace = format!("<D:ace><D:principal><D:href>{}</D:href></D:principal><D:grant><D:privilege>\
            <C:schedule-send-freebusy/></D:privilege></D:grant></D:ace>", bob.principal());
        ada.send("ACL", &outbox, &[], document("D:acl", &ace)).await.expect(200);
        let own = format!("mailto:{}", ada.name);
        let answer = bob.send("POST", &outbox, &TEXT, request(&own, &[&own], "")).await;
        assert_eq!(of_one(&answer).0, SUCCESS);
        let as_himself = request(&format!("mailto:{}", bob.name), &[&own], "");
        bob.send("POST", &outbox, &TEXT, as_himself).await.expect_condition(403, "valid-organizer");
    }

    /// Apple's and Thunderbird's programs name originator and recipients in headers, too.
    async fn as_apple_and_thunderbird_ask(ada: User) {
        let (bob, address) = person(&ada).await;
        let path = calendar(&bob, "work").await;
        event(&bob, &path, "e", &at(9)).await;
        let own = format!("mailto:{}", ada.name);
        let whom = format!("mailto:{address}");
        let recipients = format!("{own}, {whom}");
        let headers = [("Content-Type", "text/calendar"), ("Originator", own.as_str()), ("Recipient", recipients.as_str())];
        let body = format!(
            "BEGIN:VCALENDAR\r\nCALSCALE:GREGORIAN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\n\
             PRODID:-//Apple Inc.//iCal 4.0.3//EN\r\nBEGIN:VFREEBUSY\r\nUID:u\r\nDTEND:20260603T000000Z\r\n\
             ATTENDEE:{own}\r\nATTENDEE:{whom}\r\nDTSTART:20260602T000000Z\r\n\
             X-CALENDARSERVER-MASK-UID:other\r\nDTSTAMP:20260101T100000Z\r\nORGANIZER:{own}\r\n\
             SUMMARY:Availability for User Two\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
        );
        let rows = told(&ada.send("POST", "calendars/outbox/", &headers, body).await);
        assert_eq!(rows[1].2, ["BUSY:09/10"]);
    }

    /// Evolution: no such headers, and the bare login as ORGANIZER.
    async fn as_evolution_asks(ada: User) {
        let (bob, address) = person(&ada).await;
        let own = request(&format!("mailto:{}", bob.name), &[&format!("mailto:{address}")], "");
        let answer = bob.send("POST", "calendars/outbox/", &[("Content-Type", "text/calendar; charset=utf-8")], own).await;
        assert_eq!(of_one(&answer).0, SUCCESS);
    }

    /// KDE's programs send it to the inbox.
    async fn as_kde_asks(ada: User, bob: User) {
        let path = calendar(&bob, "work").await;
        event(&bob, &path, "e", &at(9)).await;
        let body = request(&format!("mailto:{}", ada.name), &[&format!("mailto:{}", bob.name)], "");
        let answer = ada.send("POST", "calendars/inbox/", &TEXT, body.clone()).await;
        assert_eq!(of_one(&answer).1, ["BUSY:09/10"]);
        bob.send("POST", &ada.path("calendars/inbox/"), &TEXT, body).await.expect(403);
    }

    /// jCal (RFC 7265) is taken as well.
    async fn a_request_as_jcal(ada: User) {
        let own = format!("mailto:{}", ada.name);
        let body = format!(
            "[\"vcalendar\",[[\"version\",{{}},\"text\",\"2.0\"],[\"method\",{{}},\"text\",\"REQUEST\"]],\
             [[\"vfreebusy\",[[\"uid\",{{}},\"text\",\"u\"],[\"dtstamp\",{{}},\"date-time\",\"2026-06-01T00:00:00Z\"],\
             [\"dtstart\",{{}},\"date-time\",\"2026-06-02T00:00:00Z\"],[\"dtend\",{{}},\"date-time\",\"2026-06-03T00:00:00Z\"],\
             [\"organizer\",{{}},\"cal-address\",\"{own}\"],[\"attendee\",{{}},\"cal-address\",\"{own}\"]],[]]]]"
        );
        let answer = ada.send("POST", "calendars/outbox/", &[("Content-Type", "application/calendar+json")], body).await;
        assert_eq!(of_one(&answer).0, SUCCESS);
    }
}
