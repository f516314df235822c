//! What the dialogues cannot reach: bounds on work, and objects that cannot be read any more.

use super::*;
use crate::format::text_match::{Collation, Relation};
use proptest::prelude::*;

fn comp(name: &str, comps: Vec<CompFilter>) -> CompFilter {
    CompFilter { name: name.into(), comps, ..CompFilter::default() }
}

fn root(comps: Vec<CompFilter>) -> Vec<CompFilter> {
    vec![comp("VCALENDAR", comps)]
}

fn event(lines: &str) -> String {
    let lines = lines.replace('\n', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:u\r\n{lines}\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n"
    )
}

fn holds(filters: &[CompFilter], text: &str, steps: &mut Steps) -> Answer {
    let calendar = Calendar::parse(text.as_bytes()).unwrap();
    matches(filters, &calendar, &Zone::utc(), steps)
}

#[test]
fn an_alarm_of_an_endless_rule_costs_what_its_window_holds() {
    let text = event(
        "DTSTART:19700101T000000Z\nRRULE:FREQ=MINUTELY\nBEGIN:VALARM\nTRIGGER:-PT30S\nREPEAT:1000000\n\
         DURATION:PT1S\nEND:VALARM",
    );
    let at = |start: i64| {
        let alarm = CompFilter { range: Some(start..start + 1), ..comp("VALARM", vec![]) };
        root(vec![comp("VEVENT", vec![alarm])])
    };
    let mut steps = Steps::new(30_000);
    let late = 4_000_000_000;
    assert_eq!(holds(&at(late), &text, &mut steps), Ok(true));
    // Before the first alarm there is none.
    assert_eq!(holds(&at(-31), &text, &mut Steps::new(30_000)), Ok(false));
    assert_eq!(holds(&at(late), &text, &mut Steps::new(2)), Err(TooMuchWork));
}

#[test]
fn a_range_on_an_object_that_cannot_be_read_holds() {
    let text = event("SUMMARY:no start");
    let filters = root(vec![CompFilter { range: Some(0..1), ..comp("VEVENT", vec![]) }]);
    assert_eq!(holds(&filters, &text, &mut Steps::new(10)), Ok(true));
}

proptest! {
    /// RFC 5545 §3.8.6.2: found by arithmetic what counting one by one finds.
    #[test]
    fn repetitions_are_met_as_if_counted(
        times in 0_i64..30, every in 0_i64..7, at in -50_i64..50, start in -60_i64..200, length in 1_i64..9,
    ) {
        let window = start..start + length;
        let counted = (0..=times).any(|n| window.contains(&(at + n * every)));
        prop_assert_eq!(Repeat { times, every }.meets(at, &window), counted);
    }

    /// A condition and its negation never both hold on an object with one such property.
    #[test]
    fn negation_is_the_opposite(value in "[a-cA-C]{0,4}", text in "[a-c]{0,2}") {
        let object = event(&format!("DTSTART:20260101T000000Z\nSUMMARY:{value}"));
        let by = |negated| {
            let text = TextMatch::new(&text, Collation::AsciiCasemap, Relation::Contains, negated);
            let prop = PropFilter { name: "SUMMARY".into(), text: Some(text), ..PropFilter::default() };
            root(vec![CompFilter { props: vec![prop], ..comp("VEVENT", vec![]) }])
        };
        let plain = holds(&by(false), &object, &mut Steps::new(10)).unwrap();
        let negated = holds(&by(true), &object, &mut Steps::new(10)).unwrap();
        prop_assert_ne!(plain, negated);
    }
}
