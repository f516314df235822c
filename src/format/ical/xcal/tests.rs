//! Tests of xCal.

use super::*;
use crate::format::ical::Calendar;
use crate::format::ical::jcal::tests::{any_line, object, place_in_time};
use crate::format::ical::tests::samples;
use proptest::prelude::*;

fn document(inside: &str) -> String {
    format!("{HEAD}<vcalendar>{inside}</vcalendar>{TAIL}")
}

fn written(lines: &str) -> String {
    let made = xcal(&object(lines)).unwrap();
    let inside = made.strip_prefix(HEAD).unwrap().strip_suffix(TAIL).unwrap();
    let inside = inside.strip_prefix("<vcalendar><properties>").unwrap();
    inside.strip_suffix("</properties></vcalendar>").unwrap().to_owned()
}

fn read(properties: &str) -> Result<String, Malformed> {
    icalendar(document(&format!("<properties>{properties}</properties>")).as_bytes())
}

/// RFC 6321 §3.4 to §3.7 and §5, mostly by its own examples; each comes back as it was.
#[test]
fn properties_as_the_standard_writes_them() {
    for (line, expected) in [
        ("SUMMARY:a \\, <b>\\n c ", "<summary><text>a , &lt;b&gt;\n c </text></summary>"),
        ("CATEGORIES:A,b\\,c", "<categories><text>A</text><text>b,c</text></categories>"),
        (
            "GEO:37.386013;-122.082932",
            "<geo><latitude>37.386013</latitude><longitude>-122.082932</longitude></geo>",
        ),
        (
            "REQUEST-STATUS:2.0;Success",
            "<request-status><code>2.0</code><description>Success</description></request-status>",
        ),
        (
            "REQUEST-STATUS:3.7;Invalid;ATTENDEE:mailto:a",
            "<request-status><code>3.7</code><description>Invalid</description>\
             <data>ATTENDEE:mailto:a</data></request-status>",
        ),
        (
            "ATTENDEE;DELEGATED-TO=\"mailto:a@b\",\"mailto:c@d\";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:e@f",
            "<attendee><parameters><delegated-to><cal-address>mailto:a@b</cal-address>\
             <cal-address>mailto:c@d</cal-address></delegated-to>\
             <partstat><text>NEEDS-ACTION</text></partstat><rsvp><boolean>true</boolean></rsvp>\
             </parameters><cal-address>mailto:e@f</cal-address></attendee>",
        ),
        (
            "ATTENDEE;CN=\"a^'b,^^\":x:y",
            "<attendee><parameters><cn><text>a\"b,^</text></cn></parameters>\
             <cal-address>x:y</cal-address></attendee>",
        ),
        (
            "DTSTART;X-PARAM=PT30M:20110512T130000Z",
            "<dtstart><parameters><x-param><unknown>PT30M</unknown></x-param></parameters>\
             <date-time>2011-05-12T13:00:00Z</date-time></dtstart>",
        ),
        (
            "ATTACH;VALUE=BINARY;ENCODING=BASE64:SGVsbG8=",
            "<attach><parameters><encoding><text>BASE64</text></encoding></parameters>\
             <binary>SGVsbG8=</binary></attach>",
        ),
        ("X-A;VALUE=BOOLEAN:TRUE", "<x-a><boolean>true</boolean></x-a>"),
        ("X-A;VALUE=FLOAT:0.5", "<x-a><float>0.5</float></x-a>"),
        ("PRIORITY:-100", "<priority><integer>-100</integer></priority>"),
        ("DTSTART;VALUE=DATE:20110517", "<dtstart><date>2011-05-17</date></dtstart>"),
        ("X-T;VALUE=TIME:120000", "<x-t><time>12:00:00</time></x-t>"),
        ("DURATION:P1D", "<duration><duration>P1D</duration></duration>"),
        ("URL:http://calendar.example.com", "<url><uri>http://calendar.example.com</uri></url>"),
        ("TZOFFSETTO:-0500", "<tzoffsetto><utc-offset>-05:00</utc-offset></tzoffsetto>"),
        (
            "FREEBUSY:19970308T160000Z/PT3H,19970308T200000Z/19970308T210000Z",
            "<freebusy><period><start>1997-03-08T16:00:00Z</start><duration>PT3H</duration></period>\
             <period><start>1997-03-08T20:00:00Z</start><end>1997-03-08T21:00:00Z</end></period>\
             </freebusy>",
        ),
        (
            "RRULE:FREQ=YEARLY;BYDAY=-1SU,2MO;BYMONTH=10;COUNT=5",
            "<rrule><recur><freq>YEARLY</freq><count>5</count><byday>-1SU</byday>\
             <byday>2MO</byday><bymonth>10</bymonth></recur></rrule>",
        ),
        (
            "RRULE:FREQ=DAILY;UNTIL=20131001T000000Z;INTERVAL=2",
            "<rrule><recur><freq>DAILY</freq><until>2013-10-01T00:00:00Z</until>\
             <interval>2</interval></recur></rrule>",
        ),
        ("RRULE:often", "<rrule><recur>often</recur></rrule>"),
        (
            "X-PROPERTY:20110512T120000Z",
            "<x-property><unknown>20110512T120000Z</unknown></x-property>",
        ),
        ("X-PROPERTY:a\\,b;c", "<x-property><unknown>a\\,b;c</unknown></x-property>"),
        (
            "XML:<k:kml xmlns:k=\"http://www.opengis.net/kml/2.2\">\\n <a/>\\,</k:kml>",
            "<k:kml xmlns:k=\"http://www.opengis.net/kml/2.2\" xmlns=\"\">\n <a/>,</k:kml>",
        ),
        ("XML:<a/>", "<xml><text>&lt;a/&gt;</text></xml>"),
        ("GEO:here", "<geo><float>here</float></geo>"),
    ] {
        assert_eq!(written(line), expected, "{line}");
        let back = read(expected).unwrap().replace("\r\n ", "");
        let same = |text: &str| {
            let mut all: Vec<String> = text.split([';', ',']).map(str::to_owned).collect();
            all.sort();
            all
        };
        match line.starts_with("XML:<k") || line.starts_with("RRULE:F") {
            true => assert_eq!(xcal(&back), xcal(&object(line)), "{line}"),
            false => assert_eq!(same(&back), same(&object(line)), "{line}"),
        }
    }
}

/// RFC 6321 §3.6.1, §4, §4.1, §4.2, and blanks that people put in.
#[test]
fn what_may_be_written_in_more_than_one_way() {
    for (text, expected) in [
        (
            "\n <attach>\n <parameters>\n<encoding> <text>BASE64</text></encoding>\n</parameters>\
             <binary>\nSGVs\n  bG8=\n</binary></attach>",
            "ATTACH;VALUE=BINARY;ENCODING=BASE64:SGVsbG8=",
        ),
        ("<URL>\n<uri>\n  http://a/\n</uri></URL>", "URL:http://a/"),
        ("<summary><text>x, y; z\\</text></summary>", "SUMMARY:x\\, y\\; z\\\\"),
        ("<summary><unknown>x, y</unknown></summary>", "SUMMARY:x, y"),
        ("<!-- a --><x-foo><text>a</text></x-foo>", "X-FOO;VALUE=TEXT:a"),
        (
            "<dtstart><parameters><tzid><unknown>A/B</unknown></tzid></parameters>\
             <date-time>2011-05-17T12:00:00</date-time></dtstart>",
            "DTSTART;TZID=A/B:20110517T120000",
        ),
        (
            "<k:a xmlns:k=\"urn:k\" b=\"c\">d, e</k:a>",
            "XML:<k:a xmlns:k=\"urn:k\" b=\"c\">d\\, e</k:a>",
        ),
        ("<comment><text>a<![CDATA[<b>]]></text></comment>", "COMMENT:a<b>"),
    ] {
        assert_eq!(read(text).unwrap(), object(expected), "{text}");
    }
    let ignored = document(
        "<k:a xmlns:k=\"urn:k\">x</k:a><properties><version><text>2.0</text>\
                            <k:b xmlns:k=\"urn:k\"/></version></properties>",
    );
    assert_eq!(icalendar(ignored.as_bytes()).unwrap(), object("VERSION:2.0"));
    let long = read(&format!("<comment><text>{}</text></comment>", "x".repeat(300))).unwrap();
    assert!(long.lines().all(|line| line.len() <= 75), "folded");
}

/// RFC 6321 §3.2: a stream holds one object or several.
#[test]
fn several_objects_stand_in_one_document() {
    let one = "<vcalendar><properties><version><text>2.0</text></version></properties></vcalendar>";
    let two = format!("{HEAD}{one}{one}{TAIL}");
    assert_eq!(stream(two.as_bytes()).unwrap(), object("VERSION:2.0").repeat(2));
    assert!(icalendar(two.as_bytes()).is_err());
    assert!(stream(format!("{HEAD}{TAIL}").as_bytes()).is_err());
}

#[test]
fn what_is_no_xcal_is_refused() {
    for text in [
        "",
        "<icalendar/>",
        "<icalendar xmlns='urn:x'><vcalendar/></icalendar>",
        "<!DOCTYPE a><icalendar xmlns='urn:ietf:params:xml:ns:icalendar-2.0'/>",
        &document("text"),
        &document("<vevent/>"),
        &document("<properties>text</properties>"),
        &document("<components>text</components>"),
        &HEAD.replace("<icalendar", "<vcalendar"),
    ] {
        assert!(icalendar(text.as_bytes()).is_err(), "{text}");
    }
    for it in [
        "<summary/>",
        "<summary>a</summary>",
        "<summary><text>a<b/></text></summary>",
        "<rdate><date>2026-01-01</date><date-time>2026-01-01T00:00:00</date-time></rdate>",
        "<geo><latitude>1</latitude><float>2</float></geo>",
        "<begin><text>VEVENT</text></begin>",
        "<END><unknown>VCALENDAR</unknown></END>",
        "<x><unknown>a&#13;&#10;BEGIN:VEVENT</unknown></x>",
        "<url><uri>a&#10;X:b</uri></url>",
        "<x><parameters><value><text>DATE</text></value></parameters><unknown>a</unknown></x>",
        "<x><parameters><a><text>1</text></a><A><text>2</text></A></parameters><unknown>a</unknown></x>",
        "<x><integer>1.5<b/></integer></x>",
        "<ä><text>a</text></ä>",
        "<rdate><period><start>2026-01-01T00:00:00</start></period></rdate>",
        "<rrule><recur><freq>DAILY;COUNT=1</freq></recur></rrule>",
    ] {
        let it = read(it);
        // A line end in a URI is taken for one of the document's.
        assert!(it.is_err(), "{it:?}");
    }
    let nested = |levels| {
        let (open, close) = ("<components><x>".repeat(levels), "</x></components>".repeat(levels));
        icalendar(document(&format!("{open}{close}")).as_bytes())
    };
    assert!(nested(7).is_ok() && nested(8).is_err() && nested(200).is_err());
    let many = "<x><text/></x>".repeat(150_000);
    assert!(read(&many).is_err());
}

/// No standard has such names, and nothing else is lost with them.
#[test]
fn what_xml_cannot_name_is_left_out() {
    let text = object("1X:a\r\nX/Y:b\r\nSUMMARY;1A=c;X-B=d:e\r\nX;VALUE=9:f\r\nBEGIN:7\r\nEND:7");
    let made = xcal(&text).unwrap();
    assert_eq!(icalendar(made.as_bytes()).unwrap(), object("SUMMARY;X-B=d:e"));
    // XML has no other characters either.
    let text = object("SUMMARY:a\u{1}\u{fffe}b");
    assert!(written("SUMMARY:a\u{1}\u{fffe}b").contains("a\u{fffd}b"), "{text}");
}

#[test]
fn samples_come_back_with_their_meaning() {
    let (mut whole, mut objects) = (0, 0);
    for (name, octets) in samples() {
        let Ok(text) = std::str::from_utf8(&octets) else { continue };
        let Ok(first) = xcal(text) else { continue };
        if text.len() > 1 << 20 {
            continue;
        }
        let again = icalendar(first.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(xcal(&again).unwrap(), first, "{name}");
        let calendar = Calendar::parse(text.as_bytes()).unwrap();
        let lines = Calendar::parse(again.as_bytes()).unwrap().lines().len();
        assert_eq!(lines, calendar.lines().len(), "{name}");
        let place = place_in_time(text);
        assert_eq!(place_in_time(&again), place, "{name}");
        whole += 1;
        objects += usize::from(place.is_some());
    }
    assert!(whole > 100 && objects > 50, "{whole} {objects}");
}

proptest! {
    #[test]
    fn any_object_comes_back(lines in prop::collection::vec(any_line(), 1..8)) {
        let text = object(&lines.join("\r\n"));
        let first = xcal(&text).unwrap();
        let again = icalendar(first.as_bytes()).unwrap();
        prop_assert_eq!(xcal(&again).unwrap(), first);
        // The same as by way of jCal.
        let json = jcal::icalendar(jcal::jcal(&text).unwrap().as_bytes()).unwrap();
        prop_assert_eq!(jcal::jcal(&again).unwrap(), jcal::jcal(&json).unwrap());
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = read(&text);
        let whole = object(&text);
        if let Ok(first) = xcal(&whole) {
            let again = icalendar(first.as_bytes()).unwrap();
            prop_assert_eq!(xcal(&again).unwrap(), first);
        }
    }
}
