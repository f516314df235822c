//! Moments as RFC 3339 writes them, in JSON and in addresses.

/// The second since 1970 of `2007-02-03T15:30:00Z` or of one with an offset, which may lack its colon
/// and whose `+` may have become a blank on its way through an address. A day without a time is none.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let shaped = text.len() <= 40 && rest.starts_with(['T', 't']);
    let text = format!("{date}{}", rest.replacen(' ', "+", 1));
    let at: jiff::Timestamp = text.parse().ok().filter(|_| shaped)?;
    Some(at.as_second())
}

/// The moment in UTC.
pub fn written(second: i64) -> String {
    let at = jiff::Timestamp::from_second(second);
    at.map_or_else(|_| String::new(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_with_their_offsets() {
        let rows = [
            ("2007-02-03T15:30:00-0800", Some(1_170_545_400)),
            ("2007-02-03T15:30:00-08:00", Some(1_170_545_400)),
            ("2007-12-01T10:15:00Z", Some(1_196_504_100)),
            ("2007-12-01T11:15:00 01:00", Some(1_196_504_100)),
            ("2007-12-01T11:15:00+01:00", Some(1_196_504_100)),
            ("2007-12-01", None),
            ("2007-12-01T11:15:00", None),
            ("2007-13-01T11:15:00Z", None),
            ("", None),
            ("ääääääääää", None),
        ];
        for (text, second) in rows {
            assert_eq!(parse(text), second, "{text}");
        }
        assert_eq!(written(1_196_504_100), "2007-12-01T10:15:00Z");
    }
}
