//! Tests of typed values.

use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Option<String> {
    let at = Moment::read(text, Some("Z1"), false)?;
    let ((y, m, d), s) = (at.civil.date(), at.civil.second);
    Some(format!("{y}-{m}-{d} {s} {:?}", at.form))
}

#[test]
fn dates_and_times_are_read_by_their_own_form() {
    let cases = [
        ("20260228", Some("2026-2-28 0 Date")),
        (" 20260228T010203 ", Some("2026-2-28 3723 Zone(\"Z1\")")),
        ("20260228T235960Z", Some("2026-2-28 86399 Utc")),
        ("20260229", None),
        ("20260228T240000", None),
        ("20260228T0102", None),
        ("20260228T010203X", None),
        ("20260228X010203", None),
        ("2026-02-28", None),
        ("", None),
    ];
    for (text, wanted) in cases {
        assert_eq!(read(text).as_deref(), wanted, "{text}");
    }
    let dropped = Moment::read("20260228T010203", None, true).unwrap();
    assert!(dropped.is_date() && dropped.civil.second == 0);
}

#[test]
fn durations_keep_days_apart_from_seconds() {
    let cases = [
        ("P1W", Some((7, 0))),
        ("-P1DT2H3M4S", Some((-1, -7384))),
        ("+pt36h", Some((0, 129_600))),
        ("PT0S", Some((0, 0))),
        ("P1DT", Some((1, 0))),
        ("P", None),
        ("PT5", None),
        ("P5", None),
        ("P1H", None),
        ("PT99999999999999999999S", None),
        ("P99999999999999999W", None),
        ("1D", None),
    ];
    for (text, wanted) in cases {
        assert_eq!(Duration::read(text).map(|d| (d.days, d.seconds)), wanted, "{text}");
    }
}

#[test]
fn texts_and_offsets() {
    assert_eq!(text(r"a\, b\; c\\n\nd\N\x\"), "a, b; c\\n\nd\n\\x\\");
    assert_eq!(utc_offset("+0130"), Some(5400));
    assert_eq!(utc_offset("-052856"), Some(-19_736));
    assert_eq!(utc_offset("-0000"), Some(0));
    for bad in ["0100", "+1", "+01:00", "+0190", "+010", "+01000", ""] {
        assert_eq!(utc_offset(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(value in "[-+PTWDHMSZ0-9/,ä\\\\nN;]{0,24}") {
        let _ = (read(&value), Duration::read(&value), utc_offset(&value), text(&value));
        let _ = Period::read(&value, None, false);
    }

    #[test]
    fn dates_come_back(day in -719_000i64..2_900_000, second in 0i64..86_400) {
        let civil = Civil { day, second };
        let (y, m, d) = civil.date();
        let (h, min, s) = (second / 3600, second / 60 % 60, second % 60);
        let text = format!("{y:04}{m:02}{d:02}T{h:02}{min:02}{s:02}");
        prop_assert_eq!(Moment::read(&text, None, false).unwrap().civil, civil);
    }
}
