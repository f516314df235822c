//! libical's recurrence vectors: rule, start and expected instances.

use super::*;
use crate::format::testing::data;

/// Vectors where this engine differs on purpose: rule, start, reason.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    (
        "FREQ=YEARLY;BYWEEKNO=53;INTERVAL=6;BYDAY=TH;COUNT=1",
        "20270103T000000Z",
        "the start lies in week year 2026 and does not match the rule (undefined, §3.8.5.3); \
         libical counts years from 2027 here, but from the week year where the start matches",
    ),
    ("FREQ=YEARLY;BYWEEKNO=53;INTERVAL=5;BYDAY=TH;COUNT=1", "20270103T000000Z", "as above"),
];

/// The same for other calendars.
const DEVIATIONS_OF_OTHERS: &[(&str, &str, &str)] = &[(
    "RSCALE=CHINESE;FREQ=YEARLY;BYMONTHDAY=10;BYMONTH=9L;SKIP=OMIT;COUNT=2",
    "20131025",
    "the second one is in 2109: the calendar is published up to 2100, and what stands in for it \
     after that places leap months by mean suns and moons",
)];

struct Vector<'t> {
    rule: &'t str,
    start: &'t str,
    from: Option<&'t str>,
    expected: &'t str,
}

fn vectors(text: &str) -> Vec<Vector<'_>> {
    let mut all = Vec::new();
    for block in text.split("\n\n") {
        let value =
            |name: &str| block.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
        if let (Some(rule), Some(start), Some(expected)) =
            (value("RRULE"), value("DTSTART"), value("INSTANCES"))
        {
            all.push(Vector { rule, start, from: value("START-AT"), expected });
        }
    }
    all
}

/// Whether a vector agrees; `None` when libical itself gives no instances to compare. START-AT
/// names a moment to seek: what is left of the list from there must come out as well.
fn agrees(vector: &Vector<'_>) -> Option<Result<(), String>> {
    if vector.expected.contains("***") {
        return None;
    }
    let rule = match Rule::parse(vector.rule) {
        Ok(rule) => rule,
        Err(e) => return Some(Err(e.to_string())),
    };
    let (start, date_only) = moment(vector.start);
    let expected: Vec<Civil> = vector.expected.split(',').map(|at| moment(at).0).collect();
    // A rule without an end is cut where the vector ends.
    let endless = rule.count.is_none() && rule.until.is_none();
    let from = [Some(vector.start), vector.from].into_iter().flatten().map(|at| moment(at).0);
    for from in from {
        let expected: Vec<Civil> = expected.iter().copied().filter(|at| *at >= from).collect();
        let max = expected.len() + usize::from(!endless);
        let found = take(&rule, start, date_only, from, bound(&rule), max);
        if found != expected {
            let found: Vec<String> = found.into_iter().map(|at| written(at, date_only)).collect();
            return Some(Err(format!("{found:?}")));
        }
    }
    Some(Ok(()))
}

/// How many vectors could be compared, and how many agree.
fn run(file: &str, deviations: &[(&str, &str, &str)]) -> (usize, usize) {
    let text = data(file);
    let (mut compared, mut agreed, mut wrong) = (0, 0, Vec::new());
    for vector in vectors(&text) {
        let known = deviations.iter().any(|(r, s, _)| *r == vector.rule && *s == vector.start);
        let Some(result) = agrees(&vector) else { continue };
        compared += 1;
        match result {
            Ok(()) if known => wrong.push(format!("{} agrees, strike it off", vector.rule)),
            Ok(()) => agreed += 1,
            Err(_) if known => {}
            Err(found) => wrong.push(format!("{} {}\n  {found}", vector.rule, vector.start)),
        }
    }
    assert!(wrong.is_empty(), "{agreed} of {compared} agree, but:\n{}", wrong.join("\n"));
    (compared, agreed)
}

#[test]
fn libical_vectors() {
    assert_eq!(run("recur/icalrecur_test.txt", DEVIATIONS), (145, 143));
}

#[test]
fn libical_vectors_of_rscale_gregorian() {
    assert_eq!(run("recur/icalrecur_test_rscale.txt", &[]), (13, 13));
}

#[test]
fn libical_vectors_of_other_calendars() {
    assert_eq!(run("recur/icalrecur_test_rscale_withicu.txt", DEVIATIONS_OF_OTHERS), (19, 18));
    assert_eq!(run("recur/icalrecur_test_rscale_withicu_dangi.txt", &[]), (1, 1));
}
