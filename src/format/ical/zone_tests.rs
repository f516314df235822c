//! Tests of time zones, known and written out in objects.

use crate::format::civil::Civil;
use crate::format::ical::Calendar;
use crate::format::ical::expand::extent;
use crate::format::ical::object::check_resource;
use crate::format::recur::Steps;
use crate::format::tz::*;

fn at(text: &str) -> Civil {
    let n = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    Civil::new(n(0..4), n(4..6), n(6..8), n(9..11) * 3600 + n(11..13) * 60 + n(13..15))
}

/// Seconds ahead of UTC that a wall clock reading is taken with.
fn ahead(zone: &Zone, local: &str) -> i64 {
    at(local).seconds() - zone.to_utc(at(local))
}

/// The zone of an object's VTIMEZONE.
fn written(tzid: &str, parts: &str) -> Option<Zone> {
    let text = format!(
        "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:{tzid}\n{parts}END:VTIMEZONE\nEND:VCALENDAR\n"
    );
    let calendar = Calendar::parse(text.as_bytes()).unwrap();
    calendar.zones(Zone::utc()).find(tzid)
}

fn part(kind: &str, start: &str, offsets: (&str, &str), more: &str) -> String {
    let (from, to) = offsets;
    format!(
        "BEGIN:{kind}\nDTSTART:{start}\nTZOFFSETFROM:{from}\nTZOFFSETTO:{to}\n{more}END:{kind}\n"
    )
}

#[test]
fn a_gap_takes_the_offset_before_it_and_an_overlap_the_first() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let new_york = Zone::named("america/new_york").unwrap();
    let cases = [
        (&berlin, "20260329T015959", 3600),
        (&berlin, "20260329T023000", 3600), // in the gap: 03:30 +02:00
        (&berlin, "20260329T030000", 7200),
        (&berlin, "20261025T023000", 7200), // twice: the first
        (&berlin, "20261025T030000", 3600),
        (&berlin, "21100701T120000", 7200), // past any table
        (&new_york, "20260308T023000", -5 * 3600),
        (&new_york, "20261101T013000", -4 * 3600),
        (&new_york, "20261101T020000", -5 * 3600),
    ];
    for (zone, local, offset) in cases {
        assert_eq!(ahead(zone, local), offset, "{local}");
    }
    let second = berlin.to_utc(at("20261025T030000")) - 1800;
    assert_eq!(berlin.from_utc(second), at("20261025T023000"));
    assert_eq!(berlin.from_utc(berlin.to_utc(at("20260329T023000"))), at("20260329T033000"));
}

#[test]
fn names_are_found_behind_prefixes_and_in_windows_spelling() {
    let cases = [
        ("/citadel.org/20070227_1/Europe/Berlin", 3600),
        ("/freeassociation.sourceforge.net/Europe/Stockholm", 3600),
        ("/softwarestudio.org/Tzfile/America/Argentina/Buenos_Aires", -3 * 3600),
        ("/example.org/20260101_1/Japan", 9 * 3600),
        (" \"Europe/Berlin\" ", 3600),
        ("Asia/Calcutta", 19_800),
        ("W. Europe Standard Time", 3600),
        ("eastern standard time", -5 * 3600),
        ("tzone://Microsoft/Utc", 0),
        ("UTC", 0),
        ("Z", 0),
        ("/citadel.org/20210210_1/Europe/Berlin", 3600),
        ("/mozilla.org/20070129_1/America/Argentina/Buenos_Aires", -3 * 3600),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Kiev", 7200),
        ("/ximian.com/Evolution/Olson_20011030_5/Europe/Kyiv", 7200),
        ("Europe/Kyiv", 7200),
        ("Europe/Kiev", 7200),
        ("US/Pacific", -8 * 3600),
        ("British Columbia Standard Time", -8 * 3600),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", 3600),
        ("UTC+05:30", 19_800),
        ("GMT-0800", -8 * 3600),
        ("Etc/GMT-2", 7200),
    ];
    for (name, offset) in cases {
        let zone = Zone::named(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(ahead(&zone, "20260115T120000"), offset, "{name}");
    }
    for name in [
        "",
        "/",
        "Nowhere",
        "X/EST",
        "Customized Time Zone",
        "tzone://Microsoft/Custom",
        "Etc/Unknown",
        "\u{e9}",
    ] {
        assert!(Zone::named(name).is_none(), "{name}");
    }
}

#[test]
fn an_unknown_name_is_read_in_the_default_zone() {
    let zones = Zones::new(Zone::named("Asia/Tokyo").unwrap());
    assert!(zones.find("Nowhere").is_none());
    assert_eq!(ahead(zones.default_zone(), "20260115T120000"), 9 * 3600);
}

#[test]
fn a_fixed_offset_counts_for_all_time() {
    let zone =
        written("Own", &part("STANDARD", "19700101T000000", ("+0130", "+0130"), "")).unwrap();
    for local in ["19000101T000000", "19700101T000000", "20260701T120000", "99990101T000000"] {
        assert_eq!(ahead(&zone, local), 5400, "{local}");
        assert_eq!(zone.from_utc(zone.to_utc(at(local))), at(local));
    }
}

#[test]
fn exchange_starts_in_1601() {
    let rule = "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=";
    let parts = part("STANDARD", "16010101T030000", ("+0200", "+0100"), &format!("{rule}10\n"))
        + &part("DAYLIGHT", "16010101T020000", ("+0100", "+0200"), &format!("{rule}3\n"));
    let (zone, berlin) = (written("Mine", &parts).unwrap(), Zone::named("Europe/Berlin").unwrap());
    for hour in 0..3 * 8766 {
        let local = Civil::from_seconds(at("20250101T003000").seconds() + hour * 3600);
        assert_eq!(zone.to_utc(local), berlin.to_utc(local), "{local:?}");
        let instant = local.seconds();
        assert_eq!(zone.from_utc(instant), berlin.from_utc(instant), "{instant}");
    }
    assert_eq!(ahead(&zone, "23000715T120000"), 7200);
}

/// What Exchange names alike whatever it is: its rules count, and those of a known zone are it.
#[test]
fn a_custom_zone_is_what_its_rules_say() {
    let rule = "RRULE:FREQ=YEARLY;BYDAY=";
    let parts =
        part("STANDARD", "16010101T020000", ("-0700", "-0800"), &format!("{rule}1SU;BYMONTH=11\n"))
            + &part(
                "DAYLIGHT",
                "16010101T020000",
                ("-0800", "-0700"),
                &format!("{rule}2SU;BYMONTH=3\n"),
            );
    let known = Zone::named("America/Los_Angeles").unwrap();
    for name in ["Customized Time Zone", "tzone://Microsoft/Custom", "Unknown", "Custom"] {
        let own = written(name, &parts).unwrap_or_else(|| panic!("{name}"));
        for hour in (0..30 * 8766).step_by(5) {
            let local = Civil::from_seconds(at("20080101T003000").seconds() + hour * 3600);
            assert_eq!(own.to_utc(local), known.to_utc(local), "{name} {local:?}");
        }
    }
}

/// A name that the database knows means the database's zone, however old the rules beside it are.
#[test]
fn a_known_name_is_stronger_than_the_rules_beside_it() {
    let stale = part("STANDARD", "19700101T000000", ("+0300", "+0300"), "");
    for name in
        ["Europe/Berlin", "/citadel.org/20210210_1/Europe/Berlin", "W. Europe Standard Time"]
    {
        assert_eq!(ahead(&written(name, &stale).unwrap(), "20260115T120000"), 3600, "{name}");
    }
    assert_eq!(ahead(&written("Home", &stale).unwrap(), "20260115T120000"), 3 * 3600);
}

#[test]
fn thunderbird_starts_in_1893_with_seconds() {
    let parts = part("STANDARD", "18930401T000000", ("+005328", "+010000"), "")
        + &part("DAYLIGHT", "19160430T230000", ("+010000", "+020000"), "RDATE:19400401T020000\n")
        + &part("STANDARD", "19161001T010000", ("+020000", "+010000"), "RDATE:19421102T030000\n")
        + &part(
            "DAYLIGHT",
            "19810329T020000",
            ("+0100", "+0200"),
            "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\n",
        )
        + &part(
            "STANDARD",
            "19961027T030000",
            ("+0200", "+0100"),
            "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n",
        );
    let zone = written("Mine", &parts).unwrap();
    let cases = [
        ("18500101T120000", 3208),
        ("18930331T235959", 3208),
        ("18930401T000000", 3208), // in the gap of 6 minutes 32 seconds
        ("18930401T000632", 3600),
        ("19160701T120000", 7200),
        ("19161001T003000", 7200), // twice: the first
        ("19200701T120000", 3600),
        ("19420101T120000", 7200),
        ("19500701T120000", 3600),
        ("20260701T120000", 7200),
        ("20261231T120000", 3600),
    ];
    for (local, offset) in cases {
        assert_eq!(ahead(&zone, local), offset, "{local}");
    }
}

#[test]
fn until_ends_a_rule_in_utc_and_in_local_form() {
    for until in ["20241027T010000Z", "20241027T030000"] {
        let parts = part(
            "DAYLIGHT",
            "20000326T020000",
            ("+0100", "+0200"),
            "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20240331T010000Z\n",
        ) + &part(
            "STANDARD",
            "20001029T030000",
            ("+0200", "+0100"),
            &format!("RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL={until}\n"),
        );
        let zone = written("Mine", &parts).unwrap();
        for (local, offset) in
            [("20240701T120000", 7200), ("20241201T120000", 3600), ("20400701T120000", 3600)]
        {
            assert_eq!(ahead(&zone, local), offset, "{until} {local}");
        }
    }
}

#[test]
fn a_rule_that_is_no_clock_is_refused() {
    let hostile = [
        "RRULE:FREQ=SECONDLY\n",
        "RRULE:FREQ=DAILY\n",
        "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\n",
    ];
    let begin = crate::kernel::clock::monotonic();
    for rule in hostile {
        let zone = written("Mine", &part("STANDARD", "19700101T000000", ("+0000", "+0100"), rule));
        assert!(zone.is_none() || rule.contains("=30"), "{rule}");
        if let Some(zone) = zone {
            assert_eq!(ahead(&zone, "20260101T000000"), 3600);
        }
    }
    assert!(written("Mine", "").is_none());
    assert!(begin.elapsed().as_millis() < 500);
}

#[test]
fn conversions_cost_little_however_many_observances_and_dates_there_are() {
    // Each date that another one had driven out of memory went through all thousand observances
    // and their rules again: minutes for an object of some hundred kilobytes.
    let parts: String = (0..700)
        .map(|n| {
            let start = format!("{}0101T000000", 1900 + n % 60);
            part("STANDARD", &start, ("+0000", "+0100"), "RRULE:FREQ=YEARLY;BYDAY=1SU\n")
        })
        .collect();
    let begin = crate::kernel::clock::monotonic();
    if let Some(zone) = written("Mine", &parts) {
        for n in 0..20_000_i64 {
            zone.to_utc(Civil { day: n * 7_919 % 1_000_000, second: 0 });
        }
    }
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

#[test]
fn answers_do_not_depend_on_what_was_asked_before() {
    let parts = part(
        "DAYLIGHT",
        "19870405T020000",
        ("-0500", "-0400"),
        "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4\n",
    ) + &part(
        "STANDARD",
        "19671029T020000",
        ("-0400", "-0500"),
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n",
    );
    let days: Vec<i64> = (-1_000..60_000).step_by(37).collect();
    let ask = |zone: &Zone, day: &i64| zone.to_utc(Civil { day: *day, second: 7_200 });
    let (there, back) = (written("A", &parts).unwrap(), written("A", &parts).unwrap());
    let forward: Vec<i64> = days.iter().map(|day| ask(&there, day)).collect();
    let mut backward: Vec<i64> = days.iter().rev().map(|day| ask(&back, day)).collect();
    backward.reverse();
    assert_eq!(forward, backward);
    // The borders between the spans that are worked out together are no changes.
    assert!(forward.windows(2).all(|pair| (pair[1] - pair[0] - 37 * 86_400).abs() <= 3_600));
}

#[test]
fn a_name_as_long_as_a_list_of_dates_is_no_zone() {
    // It was compared, and looked for, once for each date.
    let name = "a/".repeat(150_000);
    let dates = ",20260101T000000".repeat(20_000);
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=b:20260101T000000\n\
         RDATE;TZID={name}:20260101T000000{dates}\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    let begin = crate::kernel::clock::monotonic();
    let calendar = Calendar::parse(text.as_bytes()).unwrap();
    let object = check_resource(&calendar).unwrap();
    let zones = calendar.zones(Zone::utc());
    assert!(extent(&object, &zones, &mut Steps::new(50_000)).is_ok_and(|it| it.floating));
    assert!(begin.elapsed().as_secs() < 3, "{:?}", begin.elapsed());
}

#[test]
fn far_ends_of_time_do_not_overflow() {
    let own = written("Own", &part("STANDARD", "19700101T000000", ("+0130", "+0130"), "")).unwrap();
    for zone in [Zone::utc(), Zone::named("America/New_York").unwrap(), own] {
        for instant in [i64::MIN, i64::MIN / 2, -1, 0, i64::MAX / 2, i64::MAX] {
            let _ = zone.from_utc(instant);
            let _ = zone.to_utc(Civil::from_seconds(instant.clamp(-(1 << 50), 1 << 50)));
        }
    }
}
