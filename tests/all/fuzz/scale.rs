//! Time grows with size, never with its square: every parser reads inputs of one repeated token
//! in two sizes, and the larger one may not take much longer than the ratio of the two allows.
//!
//! What is measured is the thread's own time on a processor, so that a busy machine does no harm.

mod mail;

use davenport::domain::{calendar, contacts};
use davenport::format::ical::Calendar;
use davenport::format::ical::expand::{occurrences, overlaps};
use davenport::format::ical::jcal::{icalendar, jcal};
use davenport::format::ical::object::check_resource;
use davenport::format::ical::tailor::Zones;
use davenport::format::itip;
use davenport::format::recur::{Rule, Steps};
use davenport::format::tz::Zone;
use davenport::format::{csv, line, uri, vcard, xml};
use davenport::kernel::clock::Timestamp;
use davenport::kernel::limits::RECURRENCE_STEPS_OBJECT;
use davenport::server::config::Source;
use davenport::server::framing::Scan;
use http::{HeaderMap, HeaderValue};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// How much larger the larger input is.
const TIMES: usize = 8;
/// Three doublings, each by less than 2.8: what is linear takes 8 times as long, a square 64 times.
const RATIO: u32 = 22;
/// Shorter than this says nothing.
const NOISE: Duration = Duration::from_millis(25);
/// Octets of the smaller input; those of a request's header are fewer.
const SIZE: usize = 100 << 10;
const HEADER_SIZE: usize = 8 << 10;

/// The time that this thread has had on a processor.
fn on_processor() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call fills in what it is given and keeps nothing of it.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn time(read: impl Fn(&[u8]), input: &[u8]) -> Duration {
    let begin = on_processor();
    read(input);
    on_processor() - begin
}

/// What an input is made of: what stands before, what is repeated, what stands after. `{n}` is
/// the number of the repetition.
type Case = (&'static str, &'static str, &'static str);

fn made((head, token, tail): Case, size: usize) -> Vec<u8> {
    let (mut text, mut n) = (head.to_owned(), 0);
    let numbered = token.contains('{');
    while text.len() < size {
        match numbered {
            true => text.push_str(&token.replace("{n}", &n.to_string())),
            false => text.push_str(token),
        }
        n += 1;
    }
    text.push_str(tail);
    text.into_bytes()
}

#[track_caller]
fn linear(read: impl Fn(&[u8]), size: usize, cases: &[Case]) {
    for case in cases {
        compare(&read, &made(*case, size), &made(*case, TIMES * size), &format!("{case:?}"));
    }
}

#[track_caller]
fn compare(read: impl Fn(&[u8]), small: &[u8], large: &[u8], what: &str) {
    // The smaller one first warms up, and the shortest of three is the least disturbed.
    let few = (0..3).map(|_| time(&read, small)).min().unwrap_or_default();
    let many = time(&read, large);
    let what: String = what.chars().take(100).collect();
    println!("{few:>12.1?} {many:>12.1?} {what}");
    assert!(
        many < NOISE || many < few * RATIO,
        "{what}: {few:?} and, {TIMES} times as long, {many:?}"
    );
}

/// All that a PUT and a query do with an object.
fn object(bytes: &[u8]) {
    let _ = calendar::examine(None, bytes);
    let Ok(calendar) = Calendar::parse(bytes) else { return };
    let Ok(object) = check_resource(&calendar) else { return };
    let zones = calendar.zones(Zone::utc());
    let steps = || Steps::new(RECURRENCE_STEPS_OBJECT);
    let window = 1_785_000_000..1_785_086_400;
    let _ = overlaps(&object, &zones, window, &mut steps());
    let _ = occurrences(&object, &zones, i64::MIN..i64::MAX, &mut steps(), &mut |_| {
        ControlFlow::Continue(())
    });
}

const BEGIN: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART:20260101T000000\n";
const END: &str = "\nEND:VEVENT\nEND:VCALENDAR\n";

#[test]
fn lines() {
    let read = |bytes: &[u8]| {
        for line in line::Lines::new(bytes).map_while(Result::ok) {
            let values: usize = line.params().map(|p| p.values().count() + p.value().len()).sum();
            assert!(values <= 2 * bytes.len());
        }
    };
    linear(
        read,
        SIZE,
        &[
            ("A:", "\n x", "\n"),
            ("A:", "\r\n\t", "\n"),
            ("A", ";B=c", ":x\n"),
            ("A;X=", "a,", ":x\n"),
            ("A;X=", "\"a\",", ":x\n"),
            ("A;X=", "\"", "a:x\n"),
            ("A;X=a", "\";", ":x\n"),
            ("A;X=", "^", ":x\n"),
            ("A;X=", "^n", ":x\n"),
            ("", "A:b\n", ""),
            ("A:b\n", "\n", "B:c\n"),
            ("A:b\n", "\r", "B:c\n"),
            ("A:b\n", "\r\n", "B:c\n"),
            ("A", ";", ":"),
            ("", "a", ":"),
            ("A:", "\u{e4}", "\n"),
            ("\u{e4}:\n", "A:b\n", "\n"),
        ],
    );
}

#[test]
fn objects() {
    linear(
        object,
        SIZE,
        &[
            (BEGIN, "X-A:b\n", END),
            (BEGIN, "COMMENT:a\\, b\n", END),
            (BEGIN, "BEGIN:VALARM\nTRIGGER:PT1H\nEND:VALARM\n", END),
            (BEGIN, "X", ":1\nEND:VEVENT\nEND:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nVERSION:2.0\n", "BEGIN:VEVENT\n", "END:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:", "A", "\nEND:X\n"),
            (BEGIN, "RDATE:20260201T000000\n", END),
            (BEGIN, "EXDATE:20260{n}\n", END),
            (
                "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART:20260101T000000\nRDATE:20260101",
                ",20260101",
                END,
            ),
            (BEGIN, "RRULE:FREQ=DAILY;INTERVAL={n}\n", END),
            (BEGIN, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\n", END),
            (BEGIN, "RRULE:FREQ=DAILY;UNTIL=20250101\n", END),
            (BEGIN, "DESCRIPTION;ALTREP=\"a\":b\n", END),
            (
                "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VFREEBUSY\nUID:1\n",
                "FREEBUSY:20260101T000000Z/PT1H\n",
                "END:VFREEBUSY\nEND:VCALENDAR\n",
            ),
            (
                "BEGIN:VCALENDAR\nVERSION:2.0\n",
                "BEGIN:VTIMEZONE\nTZID:z{n}\nBEGIN:STANDARD\nDTSTART:20000101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY\nEND:STANDARD\nEND:VTIMEZONE\n",
                "BEGIN:VTODO\nUID:1\nEND:VTODO\nEND:VCALENDAR\n",
            ),
        ],
    );
}

/// A text with another piece.
fn changed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replacen(from, to, 1).into_bytes()
}

/// What scheduling does with an organizer's change.
fn organized(bytes: &[u8]) {
    let (now, o) = (Timestamp::from_seconds(1_785_000_000), |it: &str| itip::same(it, "o@x"));
    let moved = changed(bytes, "DTSTART:20260101T00", "DTSTART:20260101T01");
    let less = changed(bytes, "SUMMARY:", "EXDATE:20260102T000000Z\nSUMMARY:x");
    let _ = itip::organize(None, Some(bytes), &o, now);
    for new in [&moved, &less] {
        let _ = itip::organize(Some(bytes), Some(new), &o, now);
    }
    let _ = itip::refresh(bytes, "a@x", &o, now);
}

/// What it does with an attendee's change and with messages.
fn taken(bytes: &[u8]) {
    let (now, a) = (Timestamp::from_seconds(1_785_000_000), |it: &str| itip::same(it, "a@x"));
    let less = changed(bytes, "SUMMARY:", "EXDATE:20260102T000000Z\nSUMMARY:x");
    let _ = itip::attend(Some(bytes), Some(&less), &a, true, now);
    for method in ["REQUEST", "CANCEL"] {
        let message = changed(bytes, "VERSION", &format!("METHOD:{method}\nVERSION"));
        let _ = itip::receive(&message, Some(&less), &a, now);
    }
    let reply = changed(bytes, "VERSION", "METHOD:REPLY\nVERSION");
    let _ = itip::receive(&reply, Some(bytes), &|it| itip::same(it, "o@x"), now);
}

fn scheduled(bytes: &[u8]) {
    organized(bytes);
    taken(bytes);
}

const MEETING: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20250101T000000Z\nDTSTART:20260101T000000Z\nRRULE:FREQ=DAILY\nSUMMARY:\nORGANIZER:mailto:o@x\nATTENDEE:mailto:a@x\n";

#[test]
fn meetings() {
    linear(
        scheduled,
        SIZE / 4,
        &[
            (MEETING, "ATTENDEE:mailto:a{n}@x\n", END),
            (MEETING, "ATTENDEE;DELEGATED-TO=\"mailto:a@x\":mailto:a{n}@x\n", END),
            (MEETING, "RDATE:20260201T000000Z\n", END),
            (MEETING, "EXDATE:20260201T000000Z\n", END),
            (MEETING, "COMMENT:x\n", END),
            (MEETING, "BEGIN:VALARM\nTRIGGER:PT1H\nEND:VALARM\n", END),
        ],
    );
    let exceptions = |count: usize, rule: &str| {
        let end = END.trim_start();
        let mut text = format!("{MEETING}{end}").replace("END:VCALENDAR\n", "");
        text = text.replace("FREQ=DAILY", rule);
        for n in 0..count {
            let (year, month, day) = (2026 + n / 336, n / 28 % 12 + 1, n % 28 + 1);
            let at = format!("{year}{month:02}{day:02}T000000Z");
            text.push_str(&format!(
                "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:{at}\nDTSTART:{at}\nORGANIZER:mailto:o@x\n\
                 ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x\nEND:VEVENT\n"
            ));
        }
        text + "END:VCALENDAR\n"
    };
    for rule in ["FREQ=DAILY", "FREQ=SECONDLY;BYSECOND=1", "FREQ=HOURLY;BYHOUR=0;BYDAY=MO,TU"] {
        let text = |count: usize| exceptions(count, rule).into_bytes();
        compare(scheduled, &text(1_000), &text(8_000), rule);
    }
    let many = |count: usize| {
        let dates = "RDATE:20260201T000000Z\n".repeat(count);
        exceptions(count, "FREQ=DAILY").replacen("RRULE", &format!("{dates}RRULE"), 1).into_bytes()
    };
    compare(taken, &many(1_000), &many(8_000), "dates and exceptions");
    let rules = |count: usize| {
        let rules = "RRULE:FREQ=DAILY;UNTIL=20250101\n".repeat(count);
        exceptions(count, "FREQ=DAILY").replacen("RRULE", &format!("{rules}RRULE"), 1).into_bytes()
    };
    compare(taken, &rules(800), &rules(6_400), "rules and exceptions");
}

#[test]
fn objects_as_json() {
    let write = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).unwrap();
        let made = jcal(text).unwrap();
        assert!(icalendar(made.as_bytes()).is_ok());
    };
    linear(
        write,
        SIZE,
        &[
            (BEGIN, "X-A:b\n", END),
            (BEGIN, "BEGIN:VALARM\nX-A:a value that is long enough\nEND:VALARM\n", END),
            ("BEGIN:VCALENDAR\nCATEGORIES:", "a,", "\nEND:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nREQUEST-STATUS:", ";", "\nEND:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nGEO:", "1", ";1\nEND:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nRDATE:", "20260101/P1D,", "\nEND:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nRRULE:FREQ=DAILY", ";X{n}=1", "\nEND:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nRRULE:BYDAY=MO", ",MO", "\nEND:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nX-A", ";X{n}=1", ":\nEND:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nX-A", ";X=1", ":\nEND:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\nX-A;X=a", ",^n", ":\nEND:VCALENDAR\n"),
        ],
    );
    let read = |bytes: &[u8]| {
        let _ = icalendar(bytes);
    };
    linear(
        read,
        SIZE,
        &[
            ("", "[", ""),
            ("", "{\"a\":", ""),
            ("[\"vcalendar\",[", "[],", "[]],[]]"),
            ("[\"vcalendar\",[", "[\"a\",{},\"float\",1e9],", "[\"a\",{},\"date\",\"\"]],[]]"),
            ("[\"vcalendar\",[[\"a\",{},\"float\"", ",1e-9", "]],[]]"),
            ("[\"vcalendar\",[[\"a\",{},\"text\",\"", "\\n", "\"]],[]]"),
            ("[\"vcalendar\",[[\"a\",{", "\"x{n}\":\"\",", "\"x\":[]},\"text\",\"\"]],[]]"),
        ],
    );
}

#[test]
fn overrides() {
    let head = format!("{BEGIN}RRULE:FREQ=DAILY{END}").replace("END:VCALENDAR\n", "");
    for more in ["", ";RANGE=THISANDFUTURE"] {
        let text = |count: usize| {
            let mut text = head.clone();
            for n in 0..count {
                let (year, month, day) = (2026 + n / 336, n / 28 % 12 + 1, n % 28 + 1);
                let at = format!("{year}{month:02}{day:02}T000000");
                text.push_str(&format!(
                    "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID{more}:{at}\nDTSTART:{at}\nEND:VEVENT\n"
                ));
            }
            text + "END:VCALENDAR\n"
        };
        compare(
            object,
            text(1_000).as_bytes(),
            text(8_000).as_bytes(),
            &format!("overrides{more}"),
        );
        // Each stretch that an override begins looks at the rules and dates of the master anew.
        let dates = |count: usize| {
            let dates = "RDATE;VALUE=PERIOD:20260201T000000/PT1H\n".repeat(count);
            text(count).replacen("RRULE", &format!("{dates}RRULE"), 1)
        };
        compare(
            object,
            dates(800).as_bytes(),
            dates(6_400).as_bytes(),
            &format!("and dates{more}"),
        );
        let rules = |count: usize| {
            let rules = "RRULE:FREQ=DAILY;UNTIL=20250101\n".repeat(count);
            text(count).replacen("RRULE", &format!("{rules}RRULE"), 1)
        };
        compare(
            object,
            rules(800).as_bytes(),
            rules(6_400).as_bytes(),
            &format!("and rules{more}"),
        );
    }
}

/// An object of times in ever other zones, with the zones that a client wants.
#[test]
fn other_zones() {
    let tailored = |octets: &[u8]| {
        let text = std::str::from_utf8(octets).unwrap();
        for wish in [Zones::All, Zones::Unknown] {
            let _ = wish.of(text);
        }
    };
    let (head, tail) = ("BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "END:VEVENT\nEND:VCALENDAR\n");
    let zone = "BEGIN:VTIMEZONE\nTZID:{n}\nEND:VTIMEZONE\n";
    linear(
        tailored,
        SIZE,
        &[
            (head, "RDATE;TZID=/{n}/Europe/Berlin:20260101T000000\n", tail),
            (head, "RDATE;TZID=\"(UTC) {n}, a, b, c, d, e, f\":20260101T000000\n", tail),
            ("BEGIN:VCALENDAR\n", zone, "END:VCALENDAR\n"),
            ("BEGIN:VCALENDAR\n", "BEGIN:VTIMEZONE\nTZID:UTC\nEND:VTIMEZONE\n", "END:VCALENDAR\n"),
        ],
    );
}

#[test]
fn zones() {
    let observances = |count: usize, rule: &str| -> String {
        (0..count)
            .map(|n| {
                let (month, hour) = (n % 12 + 1, n % 5);
                format!(
                    "BEGIN:STANDARD\nDTSTART:{}{month:02}01T0{hour}0000\nTZOFFSETFROM:+0{hour}00\n\
                     TZOFFSETTO:+0{}00\n{rule}END:STANDARD\n",
                    1900 + n % 60,
                    (hour + 1) % 5
                )
            })
            .collect()
    };
    let text = |observances: &str, tzid: &str, values: usize| {
        let dates: String = (0..values)
            .map(|n| {
                let (year, month, day) = (1970 + n * 37 % 4_000, n % 12 + 1, n % 28 + 1);
                format!(",{year:04}{month:02}{day:02}T010000")
            })
            .collect();
        format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:{tzid}\n{observances}\
             END:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID={tzid}:20260101T000000\n\
             RDATE;TZID={tzid}:20260201T000000{dates}\nEXDATE;TZID=x{tzid}:20260201T000000{dates}\n\
             END:VEVENT\nEND:VCALENDAR\n"
        )
    };
    let yearly = "RRULE:FREQ=YEARLY;BYDAY=1SU\n";
    for rule in [yearly, "", "RRULE:FREQ=YEARLY;UNTIL=18000101\n", "RDATE:20000101T000000\n"] {
        let made = |size: usize| text(&observances(100 * size, rule), "own", 500 * size);
        compare(object, made(1).as_bytes(), made(TIMES).as_bytes(), rule);
    }
    let rules = |size: usize| {
        let many = yearly.repeat(400 * size);
        text(&observances(1, &many), "own", 500 * size)
    };
    compare(object, rules(1).as_bytes(), rules(TIMES).as_bytes(), "rules of one observance");
    // The name is as long as the list of dates in it.
    for piece in ["a", "/", "a/b", "^n"] {
        let made =
            |size: usize| text(&observances(1, yearly), &piece.repeat(25_000 * size), 2_000 * size);
        compare(object, made(1).as_bytes(), made(TIMES).as_bytes(), piece);
    }
    let busy = |size: usize| {
        let name = "a/".repeat(25_000 * size);
        let periods = ",20260101T000000/PT1H".repeat(2_000 * size);
        format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VFREEBUSY\nUID:1\n\
             FREEBUSY;TZID={name}:20260101T000000/PT1H{periods}\nEND:VFREEBUSY\nEND:VCALENDAR\n"
        )
    };
    compare(object, busy(1).as_bytes(), busy(TIMES).as_bytes(), "FREEBUSY");
}

#[test]
fn rules() {
    let read = |bytes: &[u8]| {
        let Ok(rule) = Rule::parse(&String::from_utf8_lossy(bytes)) else { return };
        let start = davenport::format::civil::Civil::new(2026, 1, 1, 0);
        let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT / 10);
        let mut walk = rule.instances(start, false, start, None);
        while let Ok(Some(_)) = walk.next(&mut steps) {}
    };
    linear(
        read,
        SIZE,
        &[
            ("FREQ=DAILY;BYDAY=MO", ",1MO,-1TU", ""),
            ("FREQ=DAILY;BYSETPOS=1", ",-366", ""),
            ("FREQ=DAILY", ";", ""),
            ("FREQ=DAILY", ";X={n}", ""),
            ("FREQ=DAILY", ";WKST=MO", ""),
            ("FREQ=DAILY;COUNT=", "1", ""),
            ("FREQ=DAILY;X=", " ", ""),
        ],
    );
}

#[test]
fn cards() {
    let read = |bytes: &[u8]| {
        let _ = (contacts::examine(None, bytes), vcard::old::upgrade(bytes));
        let Ok(card) = vcard::Card::parse(bytes) else { return };
        let parts: usize = card.lines().iter().map(|l| vcard::components(l.value()).len()).sum();
        assert!(parts + card.display_name().len() + card.members().count() > 0);
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let _ = vcard::Version::ALL.map(|version| vcard::convert::convert(text, version));
        let _ = vcard::json::jcard(text);
    };
    let begin = "BEGIN:VCARD\nVERSION:3.0\nUID:1\n";
    linear(
        read,
        SIZE,
        &[
            (begin, "TEL;TYPE=home:1\n", "END:VCARD\n"),
            (begin, "item{n}.TEL:1\n", "END:VCARD\n"),
            (begin, "UID:1\n", "END:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:3.0\nUID:1\nN:", ";", "\nEND:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:3.0\nUID:1\nN:", "\\;", "\nEND:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:3.0\nUID:1\nPHOTO:", "AAAA\n ", "\nEND:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:3.0\nUID:", "x", "\nEND:VCARD\n"),
            (begin, "END:X\n", "END:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:2.1\nNOTE;QUOTED-PRINTABLE:", "=41=\n", "\nEND:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:2.1\n", "AGENT:\nBEGIN:VCARD\n", "END:VCARD\n"),
            (begin, "ADR;TYPE=a:x\nLABEL;TYPE=a:y\n", "END:VCARD\n"),
            (begin, "ADR;TYPE=a{n}:x\nLABEL;TYPE=b{n}:y\n", "END:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:3.0\nUID:1\nTEL", ";HOME", ":1\nEND:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:4.0\nUID:1\nTEL", ";TYPE=a;PREF=1", ":1\nEND:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:4.0\nUID:1\nTEL", ";X{n}=1", ":1\nEND:VCARD\n"),
            ("BEGIN:VCARD\nVERSION:4.0\nUID:1\nADR;LABEL=\"", "^n\\n", "\":x\nEND:VCARD\n"),
        ],
    );
}

#[test]
fn documents() {
    let read = |bytes: &[u8]| {
        let Ok(root) = xml::parse(bytes) else { return };
        let copy = root.to_standalone();
        assert!(xml::parse(copy.as_bytes()).is_ok_and(|again| again == root));
    };
    linear(
        read,
        SIZE / 2,
        &[
            ("<a>", "<b/>", "</a>"),
            ("<a>", "<b>c</b>", "</a>"),
            ("<a>", "<b xmlns='u{n}'/>", "</a>"),
            ("<a>", "<p{n}:b xmlns:p{n}='u'/>", "</a>"),
            ("<a xmlns:p='u'>", "<b p:c='p:d'/>", "</a>"),
            ("<a ", "b{n}='c' ", "/>"),
            ("<a xmlns:p='u' ", "p:b{n}='c' ", "/>"),
            ("<a>", "&amp;", "</a>"),
            ("<a>", "&#65;", "</a>"),
            ("<a b='", "&#65;", "'/>"),
            ("<a b='", "\r", "'/>"),
            ("<a>", "\r", "</a>"),
            ("<a>", "]", "</a>"),
            ("<a>", "<!--x-->", "</a>"),
            ("<a>", "<!--x-->&lt;", "</a>"),
            ("<a>", "<![CDATA[x]]>", "</a>"),
            ("<a>", "<?x y?>", "</a>"),
            ("<a>", "b:", "</a>"),
            ("<a>", "b{n}:", "</a>"),
            ("<!--", "-", "--><a/>"),
            ("<a", "b", "/>"),
            ("<a", " ", "/>"),
            ("", "<a>", ""),
            ("<a>", "<", ""),
            ("<a>", "&", ""),
            ("<a b=\"", "'", "\"/>"),
            ("<!DOCTYPE ", "[", "]>"),
            ("<", "<!--", ""),
        ],
    );
}

#[test]
fn paths_and_values() {
    let path = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let _ = (uri::decode_path(&text), uri::parse_reference(&text));
        uri::encode_path(&text, &mut Vec::new());
    };
    linear(
        path,
        SIZE,
        &[
            ("/", "%20", ""),
            ("/", "a/", ""),
            ("/", "/.", ""),
            ("/", "%", ""),
            ("http://", "@", "/"),
            ("/", "\u{ffff}", ""),
        ],
    );
    let values = |bytes: &[u8]| {
        let _ = csv::read(&String::from_utf8_lossy(bytes));
    };
    linear(
        values,
        SIZE,
        &[
            ("", "a,", ""),
            ("", "a\n", ""),
            ("", "\"\",", ""),
            ("\"", "\"\"", "\""),
            ("\"", "\n", "\""),
            ("", "\r", ""),
            ("", ",\r", ""),
        ],
    );
}

#[test]
fn header_fields() {
    use davenport::protocol::http::header::{
        accept, basic, conditional, content_type, destination, if_header, lock_token, prefer,
        range, timeout, user_agent,
    };
    use davenport::protocol::http::peer::{ForwardedBy, Peer, Trust};
    let trust =
        Trust { proxies: "0.0.0.0/0".parse().into_iter().collect(), header: ForwardedBy::Auto };
    let every = |bytes: &[u8]| {
        let names = [
            "if",
            "if-match",
            "if-range",
            "range",
            "accept",
            "authorization",
            "content-type",
            "destination",
            "prefer",
            "timeout",
            "lock-token",
            "user-agent",
            "forwarded",
            "x-forwarded-for",
        ];
        for name in names {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_bytes(bytes).unwrap());
            let _ = (if_header::parse(&headers), conditional::if_match(&headers));
            let _ = (conditional::if_range(&headers), range::parse(&headers, 1_000));
            let _ = (accept::error_body(&headers), basic::parse(&headers));
            let _ = (content_type::parse(&headers), destination::parse(&headers, None));
            let _ = (prefer::Preferences::parse(&headers), timeout::parse(&headers));
            let _ = (lock_token::parse(&headers), user_agent::client(&headers));
            let _ = trust.peer(Peer::of_socket([10, 0, 0, 1].into(), false), &headers);
        }
    };
    linear(
        every,
        HEADER_SIZE,
        &[
            ("", ",", ""),
            ("", "\"", ""),
            ("", "\\", ""),
            ("", "\"\\\",", ""),
            ("", "\"\\", ""),
            ("", "a,", ""),
            ("", "a;", ""),
            ("a;", "b=\"c\";", ""),
            ("", "(", ""),
            ("", "([\"a\"])", ""),
            ("", "<a> ", ""),
            ("bytes=", "1-1,", ""),
            ("Basic ", "YTpi", ""),
            ("", "W/", ""),
            ("", "10.0.0.1,", ""),
            ("", "for=10.0.0.1;", ""),
            ("", " ", "x"),
            ("/", "%20", ""),
            ("a/b;charset=\"", "\\", ""),
        ],
    );
}

#[test]
fn requests() {
    let read = |bytes: &[u8]| Scan::default().feed(&mut bytes.to_vec());
    linear(
        read,
        SIZE,
        &[
            ("GET / HTTP/1.1\r\n", "A: b\r\n", "\r\n"),
            ("GET / HTTP/1.1\r\n", "a", "\r\n"),
            ("GET / HTTP/1.1\r\n", ":", "\r\n"),
            ("GET / HTTP/1.1\r\nContent-Length:", " ", "\r\n"),
            ("", "\r\n", ""),
            ("", "G", ""),
            ("", "GET / HTTP/1.1\r\n\r\n", ""),
            ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", ""),
            ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "0", ""),
            ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "a\r\n", ""),
        ],
    );
}

#[test]
fn configurations() {
    let read = |bytes: &[u8]| {
        let _ = Source::read(Path::new("f"), &String::from_utf8_lossy(bytes));
    };
    linear(
        read,
        SIZE / 25,
        &[
            ("", "a{n} = 1\n", ""),
            ("", "[t{n}]\n", ""),
            ("", "\n", "a"),
            ("", "#\n", "a = 1"),
            ("", "a.", "b = 1"),
            ("a = ", "[", ""),
            ("a = ", "[1],", ""),
            ("http.listen = [", "\"127.0.0.1:1\",", "]"),
            ("store = \"", "a", "\""),
            ("", "a", ""),
            ("", "[[x]]\n", ""),
        ],
    );
}
