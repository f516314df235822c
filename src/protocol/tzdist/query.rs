//! What a request to the time zone service asks for: its path and its parameters (RFC 7808 §4.1,
//! §5), percent-encoded as URI templates write them (RFC 6570 §3.2).

use super::problem::{Problem, Why};
use crate::kernel::clock::days_from_civil;
use crate::kernel::limits::TZID_MAX;
use crate::protocol::http::query::{Query, decoded};

/// What the path below the service names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// `/capabilities`.
    Capabilities,
    /// `/zones`.
    Zones,
    /// `/zones/{tzid}`.
    Zone(String),
    /// `/zones/{tzid}/observances`.
    Observances(String),
    /// `/leapseconds`.
    LeapSeconds,
    /// Anything else.
    Nothing,
}

impl Path {
    /// Sorts it. A slash inside an identifier is `%2F`, but clients that leave it as it is are
    /// understood.
    pub fn read(below: &str) -> Self {
        let below = below.trim_start_matches('/');
        let bare = below.strip_suffix('/').unwrap_or(below);
        match bare {
            "capabilities" => return Self::Capabilities,
            "zones" => return Self::Zones,
            "leapseconds" => return Self::LeapSeconds,
            _ => {}
        }
        let Some(rest) = bare.strip_prefix("zones/") else { return Self::Nothing };
        match rest.strip_suffix("/observances") {
            Some(tzid) => identifier(tzid).map_or(Self::Nothing, Self::Observances),
            None => identifier(rest).map_or(Self::Nothing, Self::Zone),
        }
    }
}

/// The identifier of a zone; none for what is too long to be one.
fn identifier(text: &str) -> Option<String> {
    decoded(text, false).filter(|tzid| tzid.len() <= TZID_MAX)
}

/// `start` and `end`, in seconds since 1970, each if it is there.
///
/// # Errors
/// `invalid-start` and `invalid-end`.
pub fn range(query: &Query<'_>) -> Result<(Option<i64>, Option<i64>), Problem> {
    let start = instant(query, "start", Why::InvalidStart, "start: one RFC 3339 time in UTC")?;
    let end = instant(query, "end", Why::InvalidEnd, "end: one RFC 3339 time in UTC")?;
    match (start, end) {
        (Some(start), Some(end)) if end <= start => {
            Err(Problem::bad(Why::InvalidEnd, "end: it is not after the start"))
        }
        both => Ok(both),
    }
}

fn instant(
    query: &Query<'_>,
    name: &str,
    why: Why,
    title: &'static str,
) -> Result<Option<i64>, Problem> {
    let wrong = Problem::bad(why, title);
    let text = query.once(name, wrong)?;
    text.map(|text| utc(&text).ok_or(wrong)).transpose()
}

/// `2014-01-01T00:00:00Z` (RFC 3339 in UTC), in seconds since 1970.
fn utc(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    let marked = |(at, mark): &(usize, u8)| {
        bytes.get(*at).is_some_and(|byte| byte.to_ascii_uppercase() == *mark)
    };
    if bytes.len() != 20 || !marks.iter().all(marked) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days_from_civil(year, month, day);
    let real = crate::kernel::clock::civil_from_days(days) == (year, month, day);
    let timely = hour < 24 && minute < 60 && second < 60;
    (real && timely && (1..=12).contains(&month))
        .then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_sorted() {
        let zone = |name: &str| Path::Zone(name.to_owned());
        for (text, path) in [
            ("/capabilities", Path::Capabilities),
            ("/zones", Path::Zones),
            ("/zones/", Path::Zones),
            ("/zones/America%2FNew_York", zone("America/New_York")),
            ("/zones/America/New_York", zone("America/New_York")),
            ("/zones/Etc%2FGMT+5", zone("Etc/GMT+5")),
            ("/zones/Europe%2fBerlin/observances", Path::Observances("Europe/Berlin".into())),
            ("/leapseconds", Path::LeapSeconds),
            ("", Path::Nothing),
            ("/zonesx", Path::Nothing),
            ("/zones/%", Path::Nothing),
            ("/zones/%FF", Path::Nothing),
            ("/zones/%00", Path::Nothing),
        ] {
            assert_eq!(Path::read(text), path, "{text}");
        }
        assert_eq!(Path::read(&format!("/zones/{}", "a".repeat(300))), Path::Nothing);
    }

    #[test]
    fn times_are_read_or_refused() {
        assert_eq!(utc("2008-03-09T07:00:00Z"), Some(1_205_046_000));
        assert_eq!(utc("0001-01-01t00:00:00z"), Some(-62_135_596_800));
        for text in [
            "",
            "2008-03-09",
            "2008-02-30T00:00:00Z",
            "2008-13-01T00:00:00Z",
            "2008-03-09T24:00:00Z",
            "2008-03-09T07:00:00+01",
            "2008-03-09T07:00:00.0Z",
            "+008-03-09T07:00:00Z",
            "20080309T070000Z",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn parameters_stand_once() {
        let wrong = Problem::bad(Why::InvalidPattern, "");
        let query = Query("a=x%20y+z&b=1&b=2&c=%FF&d");
        assert_eq!(query.once("a", wrong), Ok(Some("x y z".into())));
        assert_eq!(query.once("b", wrong), Err(wrong));
        assert_eq!(query.once("c", wrong), Err(wrong));
        assert_eq!(query.once("d", wrong), Ok(Some(String::new())));
        assert_eq!(query.once("e", wrong), Ok(None));
        assert!(query.has("d") && !query.has("e"));
    }
}
