//! What later standards add to iCalendar is kept byte for byte, found by filters, and survives
//! expansion: RFC 6868, 7986, 9073, 9074, 9253.

use super::query::{names, vcalendar};
use super::*;

/// A meeting with something of each.
const RICH: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n\
NAME:Team\r\nCOLOR:turquoise\r\nREFRESH-INTERVAL;VALUE=DURATION:P1D\r\nSOURCE;VALUE=URI:https://example.org/team.ics\r\n\
BEGIN:VEVENT\r\nUID:rich\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY;COUNT=3\r\n\
SUMMARY:Rich\r\nCOLOR:rebeccapurple\r\nIMAGE;VALUE=URI;DISPLAY=BADGE,X-ODD;FMTTYPE=image/png:https://example.org/i.png\r\n\
CONFERENCE;VALUE=URI;FEATURE=AUDIO,X-SMELL;LABEL=\"Dial, then wait\":tel:+1-412-555-0123,,,654321\r\n\
ATTENDEE;CN=\"Bob ^'the Builder^' ^^ Co.^nLtd ^x\";EMAIL=bob@example.org:mailto:bob@exam\r\n ple.org\r\n\
STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<b>Rich</b>\r\n\
STRUCTURED-DATA;FMTTYPE=application/ld+json;SCHEMA=\"https://schema.org/Event\";VALUE=TEXT:{}\r\n\
LINK;VALUE=URI;LINKREL=SOURCE;LABEL=Venue:https://example.org/venue\r\nCONCEPT:https://example.org/types/meeting\r\n\
REFID:itinerary-2026\r\nRELATED-TO;RELTYPE=FINISHTOSTART;GAP=PT1H;VALUE=URI:https://example.org/other.ics\r\n\
BEGIN:PARTICIPANT\r\nUID:p1\r\nPARTICIPANT-TYPE:SPEAKER\r\nCALENDAR-ADDRESS:mailto:ann@example.org\r\n\
BEGIN:VLOCATION\r\nUID:l1\r\nNAME:Stage\r\nEND:VLOCATION\r\nEND:PARTICIPANT\r\n\
BEGIN:VRESOURCE\r\nUID:r1\r\nRESOURCE-TYPE:PROJECTOR\r\nEND:VRESOURCE\r\n\
BEGIN:VALARM\r\nUID:a1\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT15M\r\nACKNOWLEDGED:20260105T084500Z\r\n\
PROXIMITY:ARRIVE\r\nRELATED-TO;RELTYPE=SNOOZE:a0\r\nBEGIN:VLOCATION\r\nUID:l2\r\nURL:geo:40.443,-79.945;u=10\r\nEND:VLOCATION\r\n\
END:VALARM\r\nX-ODD;X-P=^z:1\r\nBEGIN:X-WEIRD\r\nX-A:1\r\nEND:X-WEIRD\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

async fn fill(user: &User) -> (String, String) {
    let calendar = calendar(user).await;
    let href = format!("{calendar}rich.ics");
    put(user, &href, RICH).await.expect(201);
    let plain = event("plain", "DTSTART:20260105T090000Z\nDURATION:PT1H\nSUMMARY:Plain");
    put(user, &format!("{calendar}plain.ics"), &plain).await.expect(201);
    (calendar, href)
}

fn inside(component: &str, conditions: &str) -> String {
    format!("<C:comp-filter name=\"{component}\">{conditions}</C:comp-filter>")
}

fn prop(name: &str, text: &str) -> String {
    format!("<C:prop-filter name=\"{name}\"><C:text-match>{text}</C:text-match></C:prop-filter>")
}

dialogues! {
    /// RFC 7986 §5, RFC 9073 §6, §7, RFC 9074 §4-8, RFC 9253 §8: kept as they came.
    async fn later_properties_and_components_are_kept(user: User) {
        let (calendar, href) = fill(&user).await;
        assert_eq!(user.send("GET", &href, &[], "").await.expect(200).text(), RICH);
        let body = format!("<D:prop><C:calendar-data><C:expand start=\"20260106T000000Z\" \
            end=\"20260107T000000Z\"/></C:calendar-data></D:prop><D:href>{href}</D:href>");
        let it = user.report(&calendar, "1", "C:calendar-multiget", &body).await.expect(207).multistatus();
        let text = it.only().text("calendar-data").replace("\r\n", "\n");
        let kept = RICH.replace("\r\n", "\n");
        let from = kept.find("SUMMARY:Rich").unwrap();
        for line in kept[from..].lines() {
            assert!(text.lines().any(|own| own == line), "an instance lacks {line:?}:\n{text}");
        }
        assert!(text.contains("COLOR:turquoise\n") && text.contains("DTSTART:20260106T090000Z"));
    }

    /// The same are found by filters (RFC 4791 §9.7), nested components too.
    async fn later_properties_and_components_are_found(user: User) {
        let (calendar, _) = fill(&user).await;
        let of_event = |conditions: &str| vcalendar(&inside("VEVENT", conditions));
        for (filter, wanted) in [
            (vcalendar(&prop("NAME", "team")), true),
            (of_event(&prop("COLOR", "rebecca")), true),
            (of_event(&prop("CONFERENCE", "555-0123")), true),
            (of_event(&prop("REFID", "itinerary")), true),
            (of_event(&prop("CONCEPT", "types/meeting")), true),
            (of_event(&prop("LINK", "venue")), true),
            (of_event(&prop("COLOR", "green")), false),
            (of_event(&inside("PARTICIPANT", &prop("PARTICIPANT-TYPE", "speaker"))), true),
            (of_event(&inside("PARTICIPANT", &inside("VLOCATION", &prop("NAME", "stage")))), true),
            (of_event(&inside("PARTICIPANT", &prop("PARTICIPANT-TYPE", "performer"))), false),
            (of_event(&inside("VRESOURCE", &prop("RESOURCE-TYPE", "projector"))), true),
            (of_event(&inside("VALARM", &prop("PROXIMITY", "arrive"))), true),
            (of_event(&inside("VALARM", &prop("ACKNOWLEDGED", "20260105"))), true),
            (of_event(&inside("X-WEIRD", "")), true),
        ] {
            let found = names(&user, &calendar, &filter).await;
            assert_eq!(found, if wanted { vec!["rich"] } else { vec![] }, "{filter}");
        }
    }

    /// RFC 6868 §3: a caret escapes, and one that escapes nothing stays.
    async fn carets_in_parameters_are_undone_for_filters_only(user: User) {
        let (calendar, href) = fill(&user).await;
        for (text, wanted) in [
            ("&quot;the Builder&quot; ^ Co.", true),
            ("Co.\nLtd ^x", true),
            ("^'the", false),
            ("^^", false),
        ] {
            let filter = format!("<C:prop-filter name=\"ATTENDEE\"><C:param-filter name=\"CN\">\
                <C:text-match>{text}</C:text-match></C:param-filter></C:prop-filter>");
            let found = names(&user, &calendar, &vcalendar(&inside("VEVENT", &filter))).await;
            assert_eq!(found.len(), usize::from(wanted), "{text}");
        }
        let stored = user.send("GET", &href, &[], "").await.expect(200).text();
        assert!(stored.contains("CN=\"Bob ^'the Builder^' ^^ Co.^nLtd ^x\""), "never rewritten");
    }

    /// RFC 5545 §3.8.4.7: a UID of 255 octets is kept whole; what is too long is refused, not cut.
    async fn long_uids_are_kept_or_refused_whole(user: User) {
        let calendar = calendar(&user).await;
        let long = "u".repeat(255);
        let text = event(&long, "DTSTART:20260105T090000Z");
        put(&user, &format!("{calendar}long.ics"), &text).await.expect(201);
        let found = names(&user, &calendar, &vcalendar(&inside("VEVENT", &prop("UID", &long)))).await;
        assert_eq!(found, ["long"]);
        let text = event(&"u".repeat(1_001), "DTSTART:20260105T090000Z");
        let answer = put(&user, &format!("{calendar}longer.ics"), &text).await.expect(403);
        assert!(answer.text().contains("valid-calendar-object-resource"));
        let same = event(&format!("{long}x"), "DTSTART:20260105T090000Z");
        put(&user, &format!("{calendar}other.ics"), &same).await.expect(201);
    }
}
