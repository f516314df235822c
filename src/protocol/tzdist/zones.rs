//! The actions about zones: list, find, get and expand (RFC 7808 §5.2-5.5).

use super::problem::{Problem, Why};
use super::query::range;
use super::{Given, JSON};
use crate::format::ical::definition::{self, Extent};
use crate::format::tz::Zone;
use crate::format::tz::database::{self, Entry, version};
use crate::kernel::clock::Timestamp;
use crate::kernel::limits::TZDIST_OBSERVANCES_MAX;
use crate::kernel::secret::{hex, sha256};
use crate::protocol::http::header::accept;
use crate::protocol::http::query::Query;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::sync::LazyLock;

const CALENDAR: &str = "text/calendar; charset=utf-8";

/// A strong validator of some octets.
pub fn tag(octets: &[u8]) -> String {
    let mut digits = hex(&sha256(octets));
    digits.truncate(32);
    digits
}

/// The list of all zones; of none when nothing has changed since the token (§5.2). A token that
/// is not known counts as none.
pub fn list(query: &Query<'_>) -> Result<Given, Problem> {
    let wrong = Problem::bad(Why::InvalidChangedSince, "changedsince: it stands once");
    let since = query.once("changedsince", wrong)?;
    let changed = since.is_none_or(|token| token != version());
    Ok(listed(|_| changed))
}

/// The list of the zones with a name that fits the pattern (§5.5).
pub fn find(query: &Query<'_>) -> Result<Given, Problem> {
    let wrong = Problem::bad(Why::InvalidPattern, "pattern: once, with * at its ends alone");
    let pattern = query.once("pattern", wrong)?;
    let pattern = pattern.and_then(|text| Pattern::read(&text)).ok_or(wrong)?;
    Ok(listed(|entry| entry.aliases.iter().chain([&entry.name]).any(|name| pattern.fits(name))))
}

fn listed(wanted: impl Fn(&Entry) -> bool) -> Given {
    /// What is told of each zone; worked out once, since every zone is written out for its tag.
    static TOLD: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let all = database::zones().iter();
        all.map(|entry| {
            let text = written(entry.name, Extent::default()).unwrap_or_default();
            json!({
                "tzid": entry.name,
                "etag": tag(text.as_bytes()),
                "last-modified": last_modified(version()),
                "publisher": "IANA",
                "version": version(),
                "aliases": entry.aliases,
            })
        })
        .collect()
    });
    let told = database::zones().iter().zip(TOLD.iter());
    let told: Vec<&Value> = told.filter(|(entry, _)| wanted(entry)).map(|(_, told)| told).collect();
    let value = json!({ "synctoken": version(), "timezones": told });
    let body = value.to_string().into_bytes();
    Given { media_type: JSON, tag: tag(&body), body }
}

/// When the data was last changed. IANA's database does not say its day in itself, only its year
/// and a letter, so it is the month with the letter's number: it grows with every release.
fn last_modified(version: &str) -> String {
    let (year, letter) = version.split_at_checked(4).unwrap_or(("1970", "a"));
    let month = letter.bytes().next().map_or(1, |b| b.saturating_sub(b'a') + 1).clamp(1, 12);
    format!("{year}-{month:02}-01T00:00:00Z")
}

/// The calendar object of a zone by any name that the database has; a link says what it is one of.
fn written(name: &'static str, extent: Extent) -> Option<String> {
    let zone = Zone::named(name)?;
    let primary = Some(database::primary(name)).filter(|primary| *primary != name);
    let zone = definition::write(name, &zone, extent, primary.as_slice())?;
    Some(definition::calendar(&zone))
}

const NOT_FOUND: Problem = Problem(
    Why::TzidNotFound,
    StatusCode::NOT_FOUND,
    "Time zone identifier was not found on this server",
);

/// A zone, whole or from `start` to `end` (§5.3).
pub fn get(tzid: &str, query: &Query<'_>, headers: &HeaderMap) -> Result<Given, Problem> {
    let name = database::spelt(tzid).ok_or(NOT_FOUND)?;
    if !accept::allows(headers, "text/calendar") {
        let title = "zones are given as text/calendar";
        return Err(Problem(Why::InvalidFormat, StatusCode::NOT_ACCEPTABLE, title));
    }
    let (start, end) = range(query)?;
    let text = written(name, Extent { start, end }).unwrap_or_default();
    Ok(Given { media_type: CALENDAR, tag: tag(text.as_bytes()), body: text.into_bytes() })
}

/// When the clocks of a zone change (§5.4). What is more than [`TZDIST_OBSERVANCES_MAX`] is left
/// out, and `end` says where.
pub fn expand(tzid: &str, query: &Query<'_>) -> Result<Given, Problem> {
    let name = database::spelt(tzid).ok_or(NOT_FOUND)?;
    let (start, end) = range(query)?;
    let start = start.ok_or(Problem::bad(Why::InvalidStart, "start: it is missing"))?;
    let end = end.ok_or(Problem::bad(Why::InvalidEnd, "end: it is missing"))?;
    let zone = Zone::named(name).and_then(|zone| zone.of_database()).ok_or(NOT_FOUND)?;
    let first = database::Change {
        at: start,
        from: database::state(&zone, start - 1).offset,
        to: database::state(&zone, start),
    };
    let mut all = database::changes(&zone, Some(start), end);
    let shown = std::iter::once(first).chain(all.by_ref().take(TZDIST_OBSERVANCES_MAX - 1));
    let observances: Vec<Value> = shown
        .map(|change| {
            json!({
                "name": change.to.name,
                "onset": time(change.at),
                "utc-offset-from": change.from,
                "utc-offset-to": change.to.offset,
            })
        })
        .collect();
    let mut value = json!({ "tzid": name, "observances": observances });
    if let (Some(left_out), Some(object)) = (all.next(), value.as_object_mut()) {
        object.insert("end".to_owned(), json!(time(left_out.at)));
    }
    let whole = written(name, Extent::default()).unwrap_or_default();
    let body = value.to_string().into_bytes();
    Ok(Given { media_type: JSON, tag: tag(whole.as_bytes()), body })
}

fn time(at: i64) -> String {
    Timestamp::from_seconds(at).rfc3339()
}

/// A pattern of `find`, prepared as §5.5 says: underscores are blanks, capitals small letters.
struct Pattern {
    text: String,
    open_start: bool,
    open_end: bool,
}

impl Pattern {
    /// `None` for an asterisk in the middle, a backslash that escapes nothing, and an empty text.
    fn read(text: &str) -> Option<Self> {
        let mut chars = text.chars().peekable();
        let mut it = Self { text: String::new(), open_start: false, open_end: false };
        it.open_start = chars.next_if_eq(&'*').is_some();
        while let Some(c) = chars.next() {
            match c {
                '*' if chars.peek().is_none() => it.open_end = true,
                '*' => return None,
                '\\' => it.text.push(chars.next().filter(|c| matches!(c, '*' | '\\'))?),
                c => it.text.push(c),
            }
        }
        it.text = folded(&it.text);
        (!text.is_empty()).then_some(it)
    }

    fn fits(&self, name: &str) -> bool {
        let name = folded(name);
        match (self.open_start, self.open_end) {
            (false, false) => name == self.text,
            (true, false) => name.ends_with(&self.text),
            (false, true) => name.starts_with(&self.text),
            (true, true) => name.contains(&self.text),
        }
    }
}

fn folded(text: &str) -> String {
    text.to_ascii_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_the_standard_says() {
        let fits = |pattern: &str, name: &str| Pattern::read(pattern).map(|it| it.fits(name));
        for (pattern, name, expected) in [
            ("US/Eastern", "US/Eastern", Some(true)),
            ("us/eastern", "US/Eastern", Some(true)),
            ("US", "US/Eastern", Some(false)),
            ("US*", "US/Eastern", Some(true)),
            ("*Eastern", "US/Eastern", Some(true)),
            ("*New York*", "America/New_York", Some(true)),
            ("*new_york", "America/New_York", Some(true)),
            ("*", "America/New_York", Some(true)),
            ("\\*Test\\\\Time\\*Zone\\*", "*Test\\Time*Zone*", Some(true)),
            ("a*b", "a*b", None),
            ("**a", "a", None),
            ("a\\b", "a", None),
            ("a\\", "a", None),
            ("", "", None),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern}");
        }
    }

    #[test]
    fn a_later_release_is_later() {
        assert_eq!(last_modified("2026f"), "2026-06-01T00:00:00Z");
        assert!(last_modified("2026g") > last_modified("2026f"));
        assert!(last_modified("2027a") > last_modified("2026z"));
    }
}
