//! Which times are told, and in which order.

use super::*;
use BusyType::{Busy, Tentative, Unavailable};

const HOUR: i64 = 3_600;
/// Monday, 1 June 2026, midnight UTC.
const MONDAY: i64 = 1_780_272_000;

fn busy(times: &[(BusyType, Range<i64>)]) -> Answer {
    let mut all = BusyTimes::within(MONDAY..MONDAY + 7 * 86_400);
    for (kind, hours) in times {
        all.add(*kind, MONDAY + hours.start * HOUR..MONDAY + hours.end * HOUR);
    }
    Answer::Times(all)
}

fn search(parts: [usize; 3], hours: Range<i64>) -> Search {
    let [required, optional, rooms] = parts.map(|n| vec![String::new(); n]);
    let window = MONDAY + hours.start * HOUR..MONDAY + hours.end * HOUR;
    let question = Question { window, mask: None };
    let needs = None;
    Search {
        required,
        optional,
        rooms,
        needs,
        question,
        length: HOUR,
        step: HOUR,
        hours: None,
        count: 10,
    }
}

/// The starts in hours after midnight, each with the room and who is missing or tentative.
fn told(search: &Search, people: Vec<Answer>) -> Vec<(i64, String, String, String)> {
    let names = ["a", "b", "c", "d"].map(str::to_owned);
    let people: Vec<_> = names.into_iter().zip(people).collect();
    let row = |slot: Slot| {
        let start = (slot.time.start - MONDAY) / HOUR;
        (start, slot.room.unwrap_or_default(), slot.missing.concat(), slot.tentative.concat())
    };
    ranked(search, &people).into_iter().map(row).collect()
}

fn row(start: i64, room: &str, missing: &str, tentative: &str) -> (i64, String, String, String) {
    (start, room.into(), missing.into(), tentative.into())
}

#[test]
fn nobody_who_must_come_is_busy_and_the_best_comes_first() {
    let people = vec![
        busy(&[(Unavailable, 0..9), (Busy, 10..11), (Unavailable, 17..24)]),
        busy(&[(Tentative, 9..10), (Busy, 12..13)]),
        busy(&[(Busy, 11..12), (Busy, 14..17)]),
    ];
    let rows = told(&search([2, 1, 0], 0..24), people);
    let wanted = [
        row(13, "", "", ""),
        row(9, "", "", "b"),
        row(11, "", "c", ""),
        row(14, "", "c", ""),
        row(15, "", "c", ""),
        row(16, "", "c", ""),
    ];
    assert_eq!(rows, wanted);
}

#[test]
fn one_of_the_rooms_is_free_the_preferred_one_if_it_is() {
    let people =
        vec![busy(&[]), busy(&[(Busy, 9..11)]), busy(&[(Busy, 10..12), (Tentative, 9..10)])];
    let rows = told(&search([1, 0, 2], 8..13), people);
    // Nobody can be in a room at ten; at nine there is one perhaps.
    let wanted =
        [row(8, "b", "", ""), row(11, "b", "", ""), row(12, "b", "", ""), row(9, "c", "", "c")];
    assert_eq!(rows, wanted);
    assert!(told(&search([1, 0, 1], 8..13), vec![busy(&[]), Answer::NoAuthority]).is_empty());
}

#[test]
fn starts_lie_on_the_step_and_in_the_hours() {
    let mut it = search([1, 0, 0], 0..48);
    let zone = Zone::named("Europe/Vienna").unwrap();
    it.hours = Some(Hours { zone, days: vec![1], clock: 9 * HOUR..11 * HOUR });
    it.step = HOUR / 2;
    it.question.window.start += 60;
    let starts: Vec<i64> = ranked(&it, &[("a".into(), busy(&[]))])
        .iter()
        .map(|slot| (slot.time.start - MONDAY) / 60)
        .collect();
    // Tuesday, nine o'clock in Vienna's summer.
    assert_eq!(starts, [(24 + 7) * 60, (24 + 7) * 60 + 30, (24 + 8) * 60]);
}

#[test]
fn what_cannot_be_looked_for_is_refused() {
    let right = search([1, 0, 0], 0..24);
    assert!(check(&right).is_ok());
    let but = |change: fn(&mut Search)| {
        let mut it = right.clone();
        change(&mut it);
        check(&it).is_err()
    };
    assert!(but(|it| it.required.clear()));
    assert!(but(|it| it.length = 0));
    assert!(but(|it| it.length = 25 * HOUR));
    assert!(but(|it| it.step = 1));
    assert!(but(|it| {
        it.required = vec![String::new(); 150];
        it.step = 60;
        it.question.window.end += 300 * 86_400;
    }));
}
