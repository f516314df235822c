//! `CalDAV-Timezones` (RFC 7809 §7.1).

use super::syntax::single;
use crate::format::ical::tailor::Zones;
use http::HeaderMap;

/// What the client wants of VTIMEZONEs. It is only a wish, so another value says nothing.
pub fn parse(headers: &HeaderMap) -> Zones {
    match single(headers, "caldav-timezones") {
        Ok(Some(word)) if word.eq_ignore_ascii_case("t") => Zones::All,
        Ok(Some(word)) if word.eq_ignore_ascii_case("f") => Zones::Unknown,
        _ => Zones::AsStored,
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax::headers;
    use super::*;

    #[test]
    fn reads_t_and_f_and_nothing_else() {
        for (value, wanted) in [
            (&b"T"[..], Zones::All),
            (b" F ", Zones::Unknown),
            (b"f", Zones::Unknown),
            (b"", Zones::AsStored),
            (b"true", Zones::AsStored),
            (b"\xff", Zones::AsStored),
        ] {
            assert_eq!(parse(&headers(&[("caldav-timezones", value)])), wanted, "{value:?}");
        }
        assert_eq!(parse(&headers(&[])), Zones::AsStored);
    }
}
