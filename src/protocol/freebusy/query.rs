//! The parameters of the free/busy read URL (CC/S 0903 §4, §5).

use crate::format::ical::value::Duration;
use crate::format::instant;
use crate::kernel::clock::Timestamp;
use crate::kernel::limits::FREEBUSY_SECONDS_MAX;
use http::StatusCode;
use std::ops::Range;

/// Seconds that are told of when nothing is said: six weeks (`P42D`).
const PERIOD: i64 = 42 * 86_400;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// About whom; empty: a token says it.
    pub user: String,
    /// Seconds since 1970 UTC.
    pub window: Range<i64>,
    /// The token of a link.
    pub token: Option<String>,
}

/// Why a request cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The status.
    pub status: StatusCode,
    /// The words of CC/S 0903 §6.1, where it has some.
    pub words: String,
}

fn bad(words: &str) -> Why {
    Why { status: StatusCode::BAD_REQUEST, words: words.to_owned() }
}

impl Asked {
    /// Reads a name from the path, and a query; what it does not name is passed over.
    ///
    /// # Errors
    /// [`Why`].
    pub fn read(name: &str, query: &str, now: Timestamp) -> Result<Self, Why> {
        let pairs = || url::form_urlencoded::parse(query.as_bytes());
        let once = |name: &str| {
            let mut all = pairs().filter(|pair| pair.0 == name).map(|pair| pair.1.into_owned());
            match (all.next(), all.next()) {
                (first, None) => Ok(first.filter(|value| !value.is_empty())),
                _ => Err(bad(&format!("{name} stands there twice"))),
            }
        };
        if once("format")?.is_some_and(|it| !it.eq_ignore_ascii_case("text/calendar")) {
            let words = "The requested format in the Format parameter is not supported";
            return Err(Why { status: StatusCode::NOT_ACCEPTABLE, words: words.to_owned() });
        }
        let moment = |name: &str, words: &str| match once(name)? {
            Some(text) => instant::parse(&text).map(Some).ok_or_else(|| bad(words)),
            None => Ok(None),
        };
        let start = moment("start", "Start parameter could not be understood")?;
        let end = moment("end", "End parameter could not be understood")?;
        let period = match once("period")? {
            Some(text) => {
                let length = Duration::read(&text).map(Duration::nominal_seconds);
                let length = length.filter(|length| *length > 0);
                Some(length.ok_or_else(|| bad("Period parameter could not be understood"))?)
            }
            None => None,
        };
        if end.is_some() && period.is_some() {
            return Err(bad("give an end or a period, not both"));
        }
        let today = now.seconds().div_euclid(86_400) * 86_400;
        let start = start.unwrap_or(today);
        // A server may tell of another time than was asked for, and says which.
        let length = period.unwrap_or(PERIOD).min(FREEBUSY_SECONDS_MAX);
        let window = start..end.unwrap_or_else(|| start.saturating_add(length));
        if window.start >= window.end {
            return Err(bad("the end must be after the start"));
        }
        let window = window.start..window.end.min(start.saturating_add(FREEBUSY_SECONDS_MAX));
        let user = once("user")?.filter(|_| name.is_empty()).unwrap_or_else(|| name.to_owned());
        let token = once("token")?;
        if user.is_empty() && token.is_none() {
            return Err(Why {
                status: StatusCode::NOT_FOUND,
                words: "whose free/busy?".to_owned(),
            });
        }
        Ok(Self { user, window, token })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn read(query: &str) -> Result<Range<i64>, (u16, String)> {
        let asked = Asked::read("ada", query, Timestamp::from_seconds(10 * DAY + 5));
        asked.map(|it| it.window).map_err(|why| (why.status.as_u16(), why.words))
    }

    #[test]
    fn cc_s_0903_4_the_window() {
        assert_eq!(read(""), Ok(10 * DAY..52 * DAY));
        assert_eq!(read("period=P1D"), Ok(10 * DAY..11 * DAY));
        assert_eq!(read("end=1970-01-15T00:00:00Z"), Ok(10 * DAY..14 * DAY));
        let both = "start=1970-01-02T01:00:00%2B01:00&end=1970-01-03T00:00:00Z&x=y";
        assert_eq!(read(both), Ok(DAY..2 * DAY));
        assert_eq!(read("start=1970-01-02T00:00:00Z&period=PT1H"), Ok(DAY..DAY + 3_600));
        let long = read("start=1970-01-01T00:00:00Z&end=2070-01-01T00:00:00Z");
        assert_eq!(long, Ok(0..FREEBUSY_SECONDS_MAX));
    }

    #[test]
    fn cc_s_0903_6_1_what_cannot_be_understood() {
        let words = |query: &str| read(query).unwrap_err();
        assert_eq!(words("start=20070102").1, "Start parameter could not be understood");
        assert_eq!(words("end=2007-01-02").1, "End parameter could not be understood");
        assert_eq!(words("period=42").1, "Period parameter could not be understood");
        assert_eq!(words("period=-P1D").0, 400);
        assert_eq!(words("period=P1D&end=1970-01-15T00:00:00Z").0, 400);
        assert_eq!(words("start=1970-02-01T00:00:00Z&end=1970-01-01T00:00:00Z").0, 400);
        assert_eq!(words("user=a&user=b").0, 400);
        assert_eq!(words("format=text/html").0, 406);
    }
}
