//! Tests of the iCalendar reader.

use super::*;
use crate::format::ical::object::{Object, check_resource};
use crate::format::recur::Steps;
use crate::format::testing::shared;
use crate::format::tz::Zone;
use icalendar::parser::{Component as Theirs, read_calendar_simple, unfold};
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::time::Instant;

/// The shared samples, sorted by name.
pub(super) fn samples() -> Vec<(String, Vec<u8>)> {
    let dir = shared().join("data/ics");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let name = |p: &std::path::Path| p.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|p| (name(p), std::fs::read(p).unwrap())).collect()
}

/// Does all that may be done with an object.
fn use_up(calendar: &Calendar<'_>, object: &Object<'_>) {
    let zones = calendar.zones(Zone::utc());
    let mut steps = Steps::new(20_000);
    let extent = expand::extent(object, &zones, &mut steps);
    let window = 1_000_000_000..1_800_000_000;
    let mut seen = 0;
    let _ = expand::occurrences(object, &zones, window.clone(), &mut steps, &mut |o| {
        assert!(o.overlaps(&window) && o.start <= o.end);
        if let Ok(extent) = extent {
            assert!(extent.first_start <= o.start && o.end <= extent.last_end, "{extent:?} {o:?}");
        }
        seen += 1;
        if seen < 300 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let found = expand::overlaps(object, &zones, window, &mut Steps::new(20_000));
    assert!(seen == 0 || found == Ok(true));
    let _ = expand::overlaps(object, &zones, i64::MIN..i64::MAX, &mut steps);
}

fn try_all(input: &[u8]) -> Result<(), String> {
    let calendar = Calendar::parse(input).map_err(|e| e.to_string())?;
    let slices = calendar.lines().iter().map(|l| &input[l.start..l.end]);
    let joined: Vec<u8> =
        std::iter::once(&input[..calendar.head()]).chain(slices).flatten().copied().collect();
    assert!(joined == input, "the slices are not the input");
    let object = check_resource(&calendar).map_err(|e| e.to_string())?;
    use_up(&calendar, &object);
    Ok(())
}

/// Without METHOD, so that messages are looked at as objects too.
fn without_method(input: &[u8]) -> Vec<u8> {
    let mut out = input.to_vec();
    for at in memchr::memmem::find_iter(input, b"\nMETHOD:") {
        out[at + 1..at + 8].copy_from_slice(b"X-METH:");
    }
    out
}

#[test]
fn the_samples_are_read_or_refused_with_a_reason() {
    let (mut all, mut parsed, mut stored, mut messages) = (0, 0, 0, 0);
    let mut refused = std::collections::BTreeMap::new();
    for (name, input) in samples() {
        all += 1;
        parsed += usize::from(Calendar::parse(&input).is_ok());
        messages += usize::from(try_all(&without_method(&input)).is_ok());
        match try_all(&input) {
            Ok(()) => stored += 1,
            Err(why) => _ = refused.insert(name, why),
        }
    }
    if std::env::var_os("SHOW_REFUSED").is_some() {
        refused.iter().for_each(|(name, why)| println!("{name}: {why}"));
    }
    let zones = refused.values().filter(|why| why.contains("holds no component")).count();
    assert_eq!((all, parsed, stored, messages, zones), (2169, 2079, 101, 148, 1801));
    for (name, why) in [
        ("calcard_ical_000.ics", "METHOD may not stand in a stored object"),
        ("calcard_ical_065.ics", "line 53: not a property: there is no colon"),
        ("calcard_ical_111.ics", "line 49: a second DTSTART"),
        ("calcard_ical_152.ics", "a VFREEBUSY has no UID"),
        ("calcard_ical_153.ics", "line 5: VERSION must be 2.0, not 1.0"),
        ("calcard_ical_167.ics", "more than one component type: VEVENT and VTODO"),
        ("calcard_ical_168.ics", "line 21: not UTF-8"),
        (
            "icaljs_samples_google_birthday.ics",
            "more than one UID: a calendar's own address takes whole calendars apart",
        ),
        ("libical_test-data_issue252.ics", "line 5: a NUL character"),
        ("libical_test-data_zday.ics", "line 11: END:DAYLIGHT ends nothing that is open"),
    ] {
        assert_eq!(refused.get(name).map(String::as_str), Some(why), "{name}");
    }
}

/// Name, number of components inside, names of the properties: of the whole tree, in order.
fn ours(component: Component<'_>, out: &mut Vec<String>) {
    let names: Vec<_> = component.properties().map(Line::full_name).collect();
    out.push(format!("{} {names:?}", component.name()));
    component.children().for_each(|c| ours(c, out));
}

fn theirs(component: &Theirs<'_>, out: &mut Vec<String>) {
    let names: Vec<_> = component.properties.iter().map(|p| p.name.as_str()).collect();
    out.push(format!("{} {names:?}", component.name.as_str()));
    component.components.iter().for_each(|c| theirs(c, out));
}

#[test]
fn the_tree_is_what_another_parser_sees() {
    let mut same = 0;
    for (name, input) in samples() {
        let Ok(text) = std::str::from_utf8(&input) else { continue };
        let (Ok(calendar), text) = (Calendar::parse(&input), unfold(text)) else { continue };
        let Ok(other) = read_calendar_simple(&text) else { continue };
        let (mut a, mut b) = (Vec::new(), Vec::new());
        ours(calendar.root(), &mut a);
        other.iter().for_each(|c| theirs(c, &mut b));
        assert_eq!(a, b, "{name}");
        same += 1;
    }
    assert_eq!(same, 2077);
}

#[test]
fn broken_nesting_is_refused_with_its_line() {
    let deep = "BEGIN:VCALENDAR\n".repeat(COMPONENT_DEPTH_MAX + 1);
    let many = format!("BEGIN:VCALENDAR\n{}", "BEGIN:X\nEND:X\n".repeat(COMPONENTS_MAX));
    let cases = [
        ("", 0, "does not begin"),
        ("BEGIN:VCARD\nEND:VCARD", 1, "does not begin"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", 3, "ends nothing"),
        ("BEGIN:VCALENDAR\nVERSION:2.0\n", 2, "ends inside"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nX:1", 3, "after END"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCALENDAR\nEND:VCALENDAR", 3, "more than one"),
        (&deep, COMPONENT_DEPTH_MAX + 1, "too deeply"),
        (&many, 2 * COMPONENTS_MAX, "more components"),
    ];
    for (text, line, why) in cases {
        let fault = Calendar::parse(text.as_bytes()).unwrap_err();
        assert_eq!(fault.line, line, "{fault}");
        assert!(fault.reason.contains(why), "{fault}");
    }
}

#[test]
fn a_components_own_properties_go_around_those_inside_it() {
    let text = "BEGIN:VCALENDAR\nA:1\nBEGIN:X\nB:1\nBEGIN:Y\nC:1\nEND:Y\nB:2\nEND:X\n\
                begin:z \nEND:Z\nA:2\nend:vcalendar\n";
    let calendar = Calendar::parse(text.as_bytes()).unwrap();
    let root = calendar.root();
    let values = |c: Component<'_>| c.properties().map(|l| l.text().to_owned()).collect::<Vec<_>>();
    assert_eq!(values(root), ["A:1", "A:2"]);
    let children: Vec<_> = root.children().collect();
    assert_eq!(children.len(), 2);
    assert_eq!(values(children[0]), ["B:1", "B:2"]);
    assert_eq!(values(children[0].children().next().unwrap()), ["C:1"]);
    assert!(children[1].is("Z") && values(children[1]).is_empty());
    assert_eq!(&text[children[1].span()], "begin:z \nEND:Z\n");
    assert_eq!(root.span(), 0..text.len());
}

#[test]
fn faults_are_short_however_long_the_names_are() {
    let name = "X".repeat(100_000);
    let object = |body: &str| format!("BEGIN:VCALENDAR\nVERSION:2.0\n{body}\nEND:VCALENDAR\n");
    for body in [
        format!("END:{name}"),
        format!("BEGIN:{name}\nEND:{name}"),
        format!("BEGIN:VTODO\nUID:1\nEND:VTODO\nBEGIN:{name}\nEND:{name}"),
        format!("BEGIN:VEVENT\nUID:1\nDTSTART:{name}\nEND:VEVENT"),
    ] {
        let text = object(&body);
        let fault = match Calendar::parse(text.as_bytes()) {
            Err(fault) => fault.to_string(),
            Ok(calendar) => object::check_resource(&calendar).unwrap_err().to_string(),
        };
        assert!(fault.len() < 200, "{} octets", fault.len());
    }
}

#[test]
fn time_grows_with_the_size_only() {
    let event = "BEGIN:VEVENT\nUID:a\nDTSTART:20260101\nEND:VEVENT\n";
    let line = format!("X;P=\"{}\":{}\n", "a;".repeat(100_000), "\\,^\"".repeat(100_000));
    let fold = format!("X:{}\n", "y\n ".repeat(300_000));
    for piece in [event.repeat(9_000), line.repeat(2), fold] {
        let text = format!("BEGIN:VCALENDAR\n{piece}END:VCALENDAR\n");
        let begin = Instant::now();
        let _ = Calendar::parse(text.as_bytes()).map(|c| check_resource(&c).is_ok());
        assert!(
            begin.elapsed().as_millis() < 1_000,
            "{} octets: {:?}",
            text.len(),
            begin.elapsed()
        );
    }
}

/// A sample that has most of what there is.
const RICH: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\n\
DTSTART:19700101T000000\r\nTZOFFSETFROM:+0130\r\nTZOFFSETTO:+0230\r\n\
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20300101T000000Z\r\nRDATE:20310101T000000\r\n\
END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:ä\r\nDTSTART;TZID=Own:20260101T100000\r\n\
DURATION:P1DT1H\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TH;COUNT=9\r\n\
RDATE;VALUE=PERIOD:20260110T100000Z/PT1H,20260111T100000Z/20260112T100000Z\r\n\
EXDATE;VALUE=DATE:20260105\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:ä\r\n\
RECURRENCE-ID;TZID=Own;RANGE=THISANDFUTURE:20260115T100000\r\nDTSTART:20260115T113000\r\n\
DTEND:20260115T123000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

proptest! {
    #[test]
    fn no_bytes_make_it_panic(input in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = try_all(&input);
    }

    #[test]
    fn no_change_of_a_sample_makes_it_panic(
        changes in proptest::collection::vec((0..RICH.len(), any::<u8>(), 0..4u8), 1..6)
    ) {
        let mut input = RICH.as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at % input.len();
            match how {
                0 => input[at] = byte,
                1 => input[at] = b"0123456789TZ;:,=-+\"\n"[usize::from(byte) % 20],
                2 => _ = input.remove(at),
                _ => input.insert(at, byte),
            }
        }
        let _ = try_all(&input);
    }

    #[test]
    fn folding_anywhere_is_invisible(folds in proptest::collection::vec(0..RICH.len(), 0..9)) {
        let mut folds = folds;
        folds.sort_unstable();
        let mut input = RICH.as_bytes().to_vec();
        for at in folds.into_iter().rev() {
            // Not at a line's start and not between CR and LF, where a fold would be another line.
            if at > 0 && input[at - 1] != b'\n' && input[at - 1] != b'\r' && input[at] != b'\n' {
                input.splice(at..at, *b"\r\n\t");
            }
        }
        let (plain, folded) = (Calendar::parse(RICH.as_bytes()).unwrap(), Calendar::parse(&input));
        let texts = |c: &Calendar<'_>| c.lines().iter().map(|l| l.text().to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(texts(&plain), texts(&folded.unwrap()));
    }
}

/// `cargo test --release -- --ignored --nocapture parse_speed`
#[test]
#[ignore = "a measurement"]
fn parse_speed_over_the_samples() {
    let samples: Vec<Vec<u8>> = samples().into_iter().map(|(_, input)| input).collect();
    let good: Vec<&Vec<u8>> = samples.iter().filter(|s| Calendar::parse(s).is_ok()).collect();
    let octets: usize = good.iter().map(|s| s.len()).sum();
    for (what, check) in [("parse", false), ("parse and check", true)] {
        let begin = Instant::now();
        for input in std::iter::repeat_n(&good, 20).flatten() {
            let calendar = Calendar::parse(input).unwrap();
            std::hint::black_box(check && check_resource(&calendar).is_ok());
        }
        let rate = 20.0 * octets as f64 / begin.elapsed().as_secs_f64() / 1e6;
        println!("{what}: {octets} octets, {rate:.0} MB/s");
    }
}
