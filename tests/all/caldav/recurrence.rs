//! Recurrence as a client sees it: rules by other calendars (RFC 7529), overrides that speak for
//! the future, tasks, journals and alarms, and the bound on hostile rules.

use super::query::{ask, names, vcalendar, within};
use super::*;
use std::fmt::Write as _;

/// An object of several components with one UID.
fn object(component: &str, parts: &[&str]) -> String {
    let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n".to_owned();
    for part in parts {
        let part = part.replace('\n', "\r\n");
        let _ = write!(
            text,
            "BEGIN:{component}\r\nUID:u\r\nDTSTAMP:20260101T000000Z\r\n{part}\r\nEND:{component}\r\n"
        );
    }
    text + "END:VCALENDAR\r\n"
}

async fn expanded(user: &User, calendar: &str, name: &str, window: &str) -> Answer {
    let body = format!(
        "<D:prop><C:calendar-data><C:expand {window}/></C:calendar-data></D:prop>\
         <D:href>{calendar}{name}.ics</D:href>"
    );
    user.report(calendar, "1", "C:calendar-multiget", &body).await.expect(207)
}

/// The values of a property in an expanded object, in order.
async fn values(user: &User, calendar: &str, name: &str, window: &str, of: &str) -> Vec<String> {
    let it = expanded(user, calendar, name, window).await.multistatus();
    let text = it.only().text("calendar-data");
    let lines = text.lines().filter(|line| line.split([':', ';']).next() == Some(of));
    let mut found: Vec<_> = lines.map(|l| l.split_once(':').unwrap().1.to_owned()).collect();
    found.sort();
    found
}

const EVER: &str = r#"start="19700101T000000Z" end="21000101T000000Z""#;

fn in_range(component: &str, start: &str, end: &str) -> String {
    within(component, &format!("start=\"{start}\" end=\"{end}\""))
}

dialogues! {
    /// RFC 7529 §4.1: what becomes of days that a month does not have.
    async fn days_that_a_month_lacks_are_left_out_or_moved(user: User) {
        let calendar = calendar(&user).await;
        let cases = [
            ("RSCALE=GREGORIAN;FREQ=MONTHLY;COUNT=4", "20140131", ["0131", "0331", "0531", "0731"]),
            ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=OMIT;COUNT=4", "20140131", ["0131", "0331", "0531", "0731"]),
            ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=4", "20140131", ["0131", "0228", "0331", "0430"]),
            ("RSCALE=gregorian;FREQ=MONTHLY;SKIP=FORWARD;COUNT=4", "20140131", ["0131", "0301", "0331", "0501"]),
        ];
        for (i, (rule, start, wanted)) in cases.into_iter().enumerate() {
            let name = format!("skip{i}");
            let text = event(&name, &format!("DTSTART;VALUE=DATE:{start}\nRRULE:{rule}"));
            put(&user, &format!("{calendar}{name}.ics"), &text).await.expect(201);
            let found = values(&user, &calendar, &name, EVER, "DTSTART").await;
            assert_eq!(found, wanted.map(|day| format!("2014{day}")), "{rule}");
        }
        let leap = "DTSTART;VALUE=DATE:20120229\nRRULE:RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD;COUNT=5";
        put(&user, &format!("{calendar}leap.ics"), &event("leap", leap)).await.expect(201);
        let found = values(&user, &calendar, "leap", EVER, "DTSTART").await;
        assert_eq!(found, ["20120229", "20130301", "20140301", "20150301", "20160229"]);
    }

    /// RFC 7529 §10, §10.1: told by name only, and true.
    async fn the_calendars_of_rules_are_told(user: User) {
        let calendar = calendar(&user).await;
        for at in [calendar.as_str(), &user.path("calendars/")] {
            let it = user.propfind(at, "0", "<C:supported-rscale-set/>").await;
            let set = it.only().prop("supported-rscale-set");
            let scales: Vec<_> = set.elements().map(|e| e.text().into_owned()).collect();
            assert_eq!(scales, ["GREGORIAN", "BUDDHIST", "CHINESE", "COPTIC", "DANGI", "ETHIOPIC",
                "ETHIOPIC-AMETE-ALEM", "HEBREW", "INDIAN", "ISLAMIC", "ISLAMIC-CIVIL", "ISLAMIC-RGSA",
                "ISLAMIC-TBLA", "ISLAMIC-UMALQURA", "ISO8601", "JAPANESE", "PERSIAN", "ROC"]);
            for scale in scales {
                let rule = format!("DTSTART;VALUE=DATE:20260101\nRRULE:RSCALE={scale};FREQ=YEARLY;COUNT=3");
                let (text, href) = (event(&scale, &rule), format!("{calendar}{scale}.ics"));
                assert!([201, 204].contains(&put(&user, &href, &text).await.status.as_u16()), "{scale}");
                assert_eq!(values(&user, &calendar, &scale, EVER, "DTSTART").await.len(), 3, "{scale}");
            }
            let all = "<D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>";
            let all = user.send("PROPFIND", at, &[("Depth", "0")], all).await.expect(207);
            assert!(!all.text().contains("supported-rscale"));
        }
        let set = "<D:set><D:prop><C:supported-rscale-set/></D:prop></D:set>";
        let done = user.proppatch(&calendar, set).await.expect(207).multistatus();
        assert_eq!(done.only().status_of("supported-rscale-set"), Some(403));
    }

    /// RFC 7529 §3, §4.2, §4.3: rules by other calendars are expanded and found by their instances.
    async fn rules_by_other_calendars_are_expanded(user: User) {
        let calendar = calendar(&user).await;
        let window = r#"start="20140101T000000Z" end="20180101T000000Z""#;
        let cases: [(&str, &str, &[&str]); 6] = [
            ("RSCALE=CHINESE;FREQ=YEARLY", "20130210", &["20140131", "20150219", "20160208", "20170128"]),
            ("rscale=ethiopic;FREQ=MONTHLY;BYMONTH=13", "20130906", &["20140906", "20150906", "20160906", "20170906"]),
            ("RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD", "20140208",
                &["20140208", "20150227", "20160217", "20170306"]),
            ("RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8", "20140208", &["20140208", "20160217"]),
            ("RSCALE=ISLAMICC;FREQ=YEARLY;BYMONTH=9", "20130709", &["20140629", "20150618", "20160607", "20170527"]),
            ("RSCALE=DANGI;FREQ=YEARLY;BYMONTHDAY=8;BYMONTH=4;UNTIL=20160101", "20131025",
                &["20140506", "20150525"]),
        ];
        for (i, (rule, start, wanted)) in cases.into_iter().enumerate() {
            let name = format!("scale{i}");
            let text = event(&name, &format!("DTSTART;VALUE=DATE:{start}\nRRULE:{rule}"));
            put(&user, &format!("{calendar}{name}.ics"), &text).await.expect(201);
            assert_eq!(values(&user, &calendar, &name, window, "DTSTART").await, wanted, "{rule}");
        }
        for (start, end, wanted) in [
            ("20150218T000000Z", "20150220T000000Z", &["scale0"][..]),
            ("20150301T000000Z", "20150401T000000Z", &[]),
            ("20400101T000000Z", "20400201T000000Z", &[]),
            ("20400212T000000Z", "20400213T000000Z", &["scale0"]),
        ] {
            let found = names(&user, &calendar, &in_range("VEVENT", start, end)).await;
            assert_eq!(found, wanted, "{start}");
        }
    }

    /// RFC 7529 §10: an object whose rule counts by an unknown calendar is kept as it came; whatever
    /// lies after its start may hold an instance, so that a client that knows the calendar gets it.
    async fn a_rule_by_an_unknown_calendar_is_kept(user: User) {
        let calendar = calendar(&user).await;
        let text = event("purim", "DTSTART;VALUE=DATE:20140316\nSUMMARY:Purim\n\
            RRULE:RSCALE=X-MOON;FREQ=YEARLY;BYMONTH=5L,6;BYMONTHDAY=14;SKIP=FORWARD\n\
            RDATE;VALUE=DATE:20150305");
        let href = format!("{calendar}purim.ics");
        put(&user, &href, &text).await.expect(201);
        assert_eq!(user.send("GET", &href, &[], "").await.expect(200).text(), text);
        for (start, end, wanted) in [
            ("20140301T000000Z", "20140310T000000Z", false),
            ("20140310T000000Z", "20140320T000000Z", true),
            ("20900101T000000Z", "20900102T000000Z", true),
        ] {
            let found = names(&user, &calendar, &in_range("VEVENT", start, end)).await;
            assert_eq!(found.len(), usize::from(wanted), "{start}");
        }
        let known = values(&user, &calendar, "purim", EVER, "DTSTART").await;
        assert_eq!(known, ["20140316", "20150305"], "what is written out is told");
        for wrong in [
            "RSCALE=;FREQ=YEARLY", "RSCALE=GREGORIAN;FREQ=YEARLY;BYMONTH=5L",
            "RSCALE=PERSIAN;FREQ=YEARLY;BYMONTH=5L", "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=13",
        ] {
            let text = event("wrong", &format!("DTSTART;VALUE=DATE:20140316\nRRULE:{wrong}"));
            let answer = put(&user, &format!("{calendar}wrong.ics"), &text).await.expect(403);
            assert!(answer.text().contains("valid-calendar-data"), "{wrong}");
        }
    }

    /// RFC 5545 §3.2.13, §3.8.4.4: an override with RANGE=THISANDFUTURE moves what comes after it,
    /// until another one takes over; plain overrides among them stand for themselves.
    async fn an_override_speaks_for_the_future(user: User) {
        let calendar = calendar(&user).await;
        let text = object("VEVENT", &[
            "DTSTART:20260105T100000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=6\nSUMMARY:first",
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20260119T100000Z\nDTSTART:20260120T110000Z\n\
             DURATION:PT2H\nSUMMARY:second",
            "RECURRENCE-ID:20260126T100000Z\nDTSTART:20260126T180000Z\nDURATION:PT3H\nSUMMARY:alone",
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20260202T100000Z\nDTSTART:20260202T090000Z\n\
             DURATION:PT30M\nSUMMARY:third",
        ]);
        put(&user, &format!("{calendar}u.ics"), &text).await.expect(201);
        let found = values(&user, &calendar, "u", EVER, "DTSTART").await;
        assert_eq!(found, ["20260105T100000Z", "20260112T100000Z", "20260120T110000Z",
            "20260126T180000Z", "20260202T090000Z", "20260209T090000Z"]);
        let found = values(&user, &calendar, "u", EVER, "RECURRENCE-ID").await;
        assert_eq!(found, ["20260105T100000Z", "20260112T100000Z", "20260119T100000Z",
            "20260126T100000Z", "20260202T100000Z", "20260209T100000Z"], "the original starts");
        let found = values(&user, &calendar, "u", EVER, "SUMMARY").await;
        assert_eq!(found, ["alone", "first", "first", "second", "third", "third"]);
        // 10:00 of the last one was moved away; 09:00 to 09:30 is where it is.
        for (start, end, wanted) in [("20260209T100000Z", "20260209T110000Z", 0), ("20260209T090000Z", "20260209T093000Z", 1)] {
            assert_eq!(names(&user, &calendar, &in_range("VEVENT", start, end)).await.len(), wanted);
        }
    }

    /// RFC 4791 §9.9, RFC 5545 §3.6.2: tasks with DUE, with DURATION, with neither, that recur.
    async fn tasks_recur_by_due_by_duration_or_by_a_moment(user: User) {
        let calendar = calendar(&user).await;
        let rule = "RRULE:FREQ=DAILY;COUNT=3";
        for (name, lines) in [
            ("due", "DTSTART:20260105T100000Z\nDUE:20260105T120000Z"),
            ("lasts", "DTSTART:20260105T100000Z\nDURATION:PT2H"),
            ("moment", "DTSTART:20260105T100000Z"),
            ("alone", "DUE:20260105T120000Z"),
        ] {
            let text = one("VTODO", &format!("UID:{name}\n{lines}\n{rule}"));
            put(&user, &format!("{calendar}{name}.ics"), &text).await.expect(201);
        }
        let cases: [(&str, &str, &[&str]); 6] = [
            ("20260106T093000Z", "20260106T095959Z", &[]),
            ("20260106T093000Z", "20260106T100001Z", &["due", "lasts", "moment"]),
            ("20260106T110000Z", "20260106T113000Z", &["due", "lasts"]),
            ("20260106T110000Z", "20260106T120000Z", &["alone", "due", "lasts"]),
            ("20260106T120000Z", "20260106T130000Z", &["lasts"]),
            ("20260108T000000Z", "20260109T000000Z", &[]),
        ];
        for (start, end, wanted) in cases {
            assert_eq!(names(&user, &calendar, &in_range("VTODO", start, end)).await, wanted, "{start} {end}");
        }
        let due = values(&user, &calendar, "due", EVER, "DUE").await;
        assert_eq!(due, ["20260105T120000Z", "20260106T120000Z", "20260107T120000Z"]);
        let due = values(&user, &calendar, "alone", EVER, "DUE").await;
        assert_eq!(due, ["20260105T120000Z", "20260106T120000Z", "20260107T120000Z"]);
    }

    /// RFC 4791 §9.9: a journal is the moment of its start, or that day; without one it never matches.
    async fn journals_recur_by_their_start(user: User) {
        let calendar = calendar(&user).await;
        for (name, lines) in [
            ("timed", "DTSTART:20260105T100000Z\nRRULE:FREQ=WEEKLY"),
            ("day", "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY"),
            ("dateless", "SUMMARY:x"),
        ] {
            let text = one("VJOURNAL", &format!("UID:{name}\n{lines}"));
            put(&user, &format!("{calendar}{name}.ics"), &text).await.expect(201);
        }
        let cases: [(&str, &str, &[&str]); 3] = [
            ("20900102T100000Z", "20900102T100001Z", &["day", "timed"]),
            ("20900102T100001Z", "20900102T120000Z", &["day"]),
            ("20900103T000000Z", "20900104T000000Z", &[]),
        ];
        for (start, end, wanted) in cases {
            assert_eq!(names(&user, &calendar, &in_range("VJOURNAL", start, end)).await, wanted, "{start}");
        }
        let days = values(&user, &calendar, "day", r#"start="20260105T000000Z" end="20260120T000000Z""#, "DTSTART").await;
        assert_eq!(days, ["20260105", "20260112", "20260119"]);
    }

    /// RFC 5545 §3.8.6.3, §3.8.6.2: alarms of recurring events and tasks, by start, by end, by due,
    /// at a moment of their own, and again.
    async fn alarms_follow_their_instances(user: User) {
        let calendar = calendar(&user).await;
        let alarm = |lines: &str| format!("BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\n{lines}\nEND:VALARM");
        let series = "DTSTART:20260105T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY";
        for (name, text) in [
            ("start", event("start", &format!("{series}\n{}", alarm("TRIGGER:-PT15M")))),
            ("end", event("end", &format!("{series}\n{}", alarm("TRIGGER;RELATED=END:PT10M")))),
            ("again", event("again", &format!("{series}\n{}", alarm("TRIGGER:PT0S\nREPEAT:2\nDURATION:PT20M")))),
            ("once", event("once", &format!("{series}\n{}", alarm("TRIGGER;VALUE=DATE-TIME:20300101T033000Z")))),
            ("due", one("VTODO", &format!("UID:due\nDTSTART:20260105T100000Z\nDUE:20260105T130000Z\nRRULE:FREQ=DAILY\n{}",
                alarm("TRIGGER;RELATED=END:-PT5M")))),
        ] {
            put(&user, &format!("{calendar}{name}.ics"), &text).await.expect(201);
        }
        let rings = |component: &str, start: &str, end: &str| vcalendar(&format!(
            "<C:comp-filter name=\"{component}\"><C:comp-filter name=\"VALARM\">\
             <C:time-range start=\"{start}\" end=\"{end}\"/></C:comp-filter></C:comp-filter>"));
        let cases: [(&str, &str, &str, &[&str]); 8] = [
            ("VEVENT", "20900102T094500Z", "20900102T094501Z", &["start"]),
            ("VEVENT", "20900102T094501Z", "20900102T095900Z", &[]),
            ("VEVENT", "20900102T111000Z", "20900102T111001Z", &["end"]),
            ("VEVENT", "20900102T100000Z", "20900102T100001Z", &["again"]),
            ("VEVENT", "20900102T104000Z", "20900102T104001Z", &["again"]),
            ("VEVENT", "20900102T110000Z", "20900102T110001Z", &[]),
            ("VEVENT", "20300101T033000Z", "20300101T033001Z", &["once"]),
            ("VTODO", "20900102T125500Z", "20900102T125501Z", &["due"]),
        ];
        for (component, start, end, wanted) in cases {
            assert_eq!(names(&user, &calendar, &rings(component, start, end)).await, wanted, "{start}");
        }
    }

    /// Rules that never match, or match too often, are stored, and asking about them ends: with an
    /// answer, or with DAV:number-of-matches-within-limits (RFC 4791 §7.8, §9.6.5). One that ends
    /// after more instances than are allowed is not stored (§5.2.8).
    async fn hostile_rules_end_within_a_bound(user: User) {
        let calendar = calendar(&user).await;
        let dates: Vec<String> = (0..100_000)
            .map(|n| format!("20{:02}{:02}{:02}T{:02}0000Z", 26 + n / 8064, n / 672 % 12 + 1, n / 24 % 28 + 1, n % 24))
            .collect();
        let overrides: Vec<String> = (0..4_000)
            .map(|n| format!("RECURRENCE-ID:20{:02}{:02}{:02}T100000Z\nDTSTART:20260601T100000Z\nDURATION:PT1H",
                26 + n / 336, n / 28 % 12 + 1, n % 28 + 1))
            .collect();
        let mut parts = vec!["DTSTART:20260101T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"];
        parts.extend(overrides.iter().map(String::as_str));
        let start = "DTSTART:19700101T000000Z";
        let cases = [
            // What is asked about (2026), whether anything is there, whether it is too much to tell.
            ("never", event("u1", &format!("{start}\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30")), Some(false), false),
            ("seldom", event("u2", &format!("{start}\nRRULE:FREQ=SECONDLY;BYHOUR=3;BYMINUTE=3;BYSECOND=3;\
                BYYEARDAY=366;BYDAY=MO;BYMONTHDAY=31")), None, false),
            ("always", event("u3", &format!("{start}\nRRULE:FREQ=SECONDLY")), Some(true), true),
            ("counted", event("u4", &format!("{start}\nRRULE:FREQ=SECONDLY;BYSECOND=0,1,2,3,4,5,6,7,8,9,10;BYSETPOS=-1;COUNT=999999999")), None, true),
            ("many", event("u5", &format!("{start}\n{}", vec!["RRULE:FREQ=MINUTELY"; 200].join("\n"))), Some(true), true),
            ("dates", event("u6", &format!("{start}\nRDATE:{}", dates[..99_000].join(","))), Some(true), false),
            ("beyond", event("u7", &format!("{start}\nRDATE:{}", dates.join(","))), Some(true), false),
            ("overrides", object("VEVENT", &parts), Some(true), false),
        ];
        for (name, text, there, too_many) in &cases {
            let stored = put(&user, &format!("{calendar}{name}.ics"), text).await;
            if ["counted", "beyond"].contains(name) {
                stored.expect_condition(403, "max-instances");
                continue;
            }
            stored.expect(201);
            let filter = in_range("VEVENT", "20260301T000000Z", "20260401T000000Z");
            let only = format!("{calendar}{name}.ics");
            let prop = "<D:prop><D:getetag/></D:prop>";
            let answer = user.report(&only, "0", "C:calendar-query", &format!("{prop}{filter}")).await;
            match there {
                Some(there) => {
                    let found = answer.expect(207).multistatus().responses.len();
                    assert_eq!(found, usize::from(*there), "{name}");
                }
                None if answer.status == 207 => {}
                None => {
                    let answer = answer.expect(403);
                    assert!(answer.text().contains("number-of-matches-within-limits"), "{name}");
                }
            }
            let window = r#"start="20260301T000000Z" end="20260401T000000Z""#;
            let it = expanded(&user, &calendar, name, window).await;
            if *too_many {
                assert!(it.text().contains("number-of-matches-within-limits"), "{name}: {}", it.text());
            }
        }
        // One hostile object among others does not hide that the query could not be answered.
        let answer = ask(&user, &calendar, &in_range("VEVENT", "20260301T000000Z", "20260401T000000Z")).await;
        assert!(matches!(answer.status.as_u16(), 207 | 403), "{}", answer.status);
    }
}
