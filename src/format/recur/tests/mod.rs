//! Tests of the rule engine: the RFC's examples, libical's vectors, and a naive oracle.

mod examples;
mod oracle;
mod parse;
mod scales;
mod vectors;
mod work;

use super::*;
use crate::format::civil::Civil;

/// Reads `19970902T090000` or `19970902`, perhaps with `Z`; the second is whether it is a date.
fn moment(text: &str) -> (Civil, bool) {
    let text = text.trim().trim_end_matches('Z');
    let n = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let second = if text.len() > 8 { n(9..11) * 3_600 + n(11..13) * 60 + n(13..15) } else { 0 };
    (Civil::new(n(0..4), n(4..6), n(6..8), second), text.len() == 8)
}

/// The inverse of [`moment`].
fn written(at: Civil, date_only: bool) -> String {
    let (y, m, d) = at.date();
    let date = format!("{y:04}{m:02}{d:02}");
    if date_only {
        return date;
    }
    let s = at.second;
    format!("{date}T{:02}{:02}{:02}", s / 3_600, s / 60 % 60, s % 60)
}

/// UNTIL as a local moment, where local time is UTC.
fn bound(rule: &Rule) -> Option<Civil> {
    rule.until.map(|until| match until {
        Until::Date(day) => Civil { day, second: 86_399 },
        Until::Local(at) | Until::Utc(at) => at,
    })
}

/// Up to `max` instances from `from` on.
fn take(
    rule: &Rule,
    start: Civil,
    date_only: bool,
    from: Civil,
    last: Option<Civil>,
    max: usize,
) -> Vec<Civil> {
    let mut steps = Steps::new(10_000_000);
    let mut walk = rule.instances(start, date_only, from, last);
    let mut found = Vec::new();
    while found.len() < max
        && let Some(at) = walk.next(&mut steps).unwrap()
    {
        found.push(at);
    }
    found
}
