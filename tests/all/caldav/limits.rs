//! The limits of calendar objects (RFC 4791 §5.2.5 to §5.2.9, §5.3.2.1): told, protected, kept.

use super::*;
use davenport::domain::calendar::examine;
use davenport::kernel::fault::{Fault, Refusal};

const NAMES: [&str; 5] = [
    "max-resource-size",
    "min-date-time",
    "max-date-time",
    "max-instances",
    "max-attendees-per-instance",
];

dialogues! {
    /// Every calendar tells them by name only, and nobody sets them.
    async fn limits_are_told_and_protected(user: User) {
        let calendar = calendar(&user).await;
        let asked: String = NAMES.iter().map(|name| format!("<C:{name}/>")).collect();
        let it = user.propfind(&calendar, "0", &asked).await;
        let told = NAMES.map(|name| it.only().text(name));
        assert_eq!(told, ["10485760", "00010101T000000Z", "99991231T235959Z", "100000", "5000"]);
        let all = user.send("PROPFIND", &calendar, &[("Depth", "0")], "").await.expect(207);
        let all = all.multistatus();
        for name in NAMES {
            assert_eq!(all.only().status_of(name), None, "{name} is not of allprop");
            let set = format!("<D:set><D:prop><C:{name}>1</C:{name}></D:prop></D:set>");
            let answer = user.proppatch(&calendar, &set).await.expect(207);
            assert_eq!(answer.multistatus().only().status_of(name), Some(403), "{name}");
            assert!(answer.text().contains("cannot-modify-protected-property"), "{name}");
        }
        let home = user.propfind("calendars/", "0", "<C:max-instances/>").await;
        assert_eq!(home.only().status_of("max-instances"), Some(404));
    }

    /// The dates that place an object in time lie within; those that mean nothing may be anything.
    async fn dates_lie_within_the_limits(user: User) {
        let calendar = calendar(&user).await;
        for (n, lines) in [
            "DTSTART:00010101T000000",
            "DTSTART;VALUE=DATE:16040229\nRRULE:FREQ=YEARLY",
            "DTSTART:20260101T090000\nDTEND:99991231T235959",
            "DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=99991231T235959Z;INTERVAL=90",
            "DTSTART:20260101T090000Z\nCREATED:00001231T000000Z",
        ].iter().enumerate() {
            put(&user, &format!("{calendar}{n}.ics"), &event(&format!("u{n}"), lines)).await.expect(201);
        }
        let href = format!("{calendar}bad.ics");
        for lines in [
            "DTSTART:00001231T235959Z",
            "DTSTART;VALUE=DATE:00000101",
            "DTSTART:20260101T090000\nRDATE:20260102T090000,00000101T000000",
            "DTSTART:20260101T090000\nRECURRENCE-ID:00000101T000000",
        ] {
            put(&user, &href, &event("bad", lines)).await.expect_condition(403, "min-date-time");
        }
        // No text names a date after the last one.
        let late = event("bad", "DTSTART:100000101T000000");
        put(&user, &href, &late).await.expect_condition(403, "valid-calendar-data");
        user.get(&href).await.expect(404);
    }

    /// A rule without end is no breach; one that ends after more instances than told is.
    async fn instances_are_counted_where_they_end(user: User) {
        let calendar = calendar(&user).await;
        for (n, rule) in [
            "FREQ=DAILY",
            "FREQ=SECONDLY",
            "FREQ=DAILY;COUNT=100000",
            "FREQ=DAILY;UNTIL=22990101T000000Z",
            "FREQ=HOURLY;UNTIL=20370101T000000Z",
            "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30;UNTIL=22990101T000000Z",
        ].iter().enumerate() {
            let text = event(&format!("u{n}"), &format!("DTSTART:20260101T090000Z\nRRULE:{rule}"));
            put(&user, &format!("{calendar}{n}.ics"), &text).await.expect(201);
        }
        for rule in ["FREQ=DAILY;COUNT=100001", "FREQ=DAILY;UNTIL=23000101T000000Z", "FREQ=SECONDLY;COUNT=4000000000"] {
            let text = event("bad", &format!("DTSTART:20260101T090000Z\nRRULE:{rule}"));
            let answer = put(&user, &format!("{calendar}bad.ics"), &text).await;
            answer.expect_condition(403, "max-instances");
        }
    }

    /// Attendees are counted in each component; COPY and MOVE bring nothing that PUT refuses.
    async fn attendees_are_counted(user: User) {
        let calendar = calendar(&user).await;
        let with = |n: usize| {
            let attendees: String = (0..n).map(|n| format!("\nATTENDEE:mailto:a{n}@example.org")).collect();
            event("u", &format!("DTSTART:20260101T090000Z\nORGANIZER:mailto:o@example.org{attendees}"))
        };
        let href = format!("{calendar}a.ics");
        put(&user, &href, &with(5_001)).await.expect_condition(403, "max-attendees-per-instance");
        put(&user, &href, &with(5_000)).await.expect(201);
        let file = user.path("files/a.ics");
        user.put(&file, with(5_001)).await;
        for method in ["COPY", "MOVE"] {
            let to = format!("{calendar}b.ics");
            user.send(method, &file, &[("Destination", &to)], "").await.expect(403);
            user.get(&to).await.expect(404);
        }
    }
}

/// What real programs wrote keeps the limits.
#[test]
fn nothing_that_was_collected_goes_beyond() {
    let mut kept = 0;
    for entry in std::fs::read_dir(crate::fuzz::shared().join("data/ics")).unwrap() {
        let path = entry.unwrap().path();
        match examine(None, &std::fs::read(&path).unwrap()) {
            Ok(_) => kept += 1,
            Err(Fault::Refused(Refusal::BeyondLimit(_, why))) => panic!("{path:?}: {why}"),
            Err(_) => {}
        }
    }
    assert!(kept > 80, "only {kept} were objects at all");
}
