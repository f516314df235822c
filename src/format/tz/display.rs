//! The names that Windows shows to people, which Outlook and Exchange write as TZIDs:
//! `(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna`.
//!
//! Invariant: what is between the parentheses only chooses among cities of one name; a zone is
//! found by a city that IANA's database has, or by the table of what are no cities.

use super::database;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The IANA name for a name that is shown to people, whatever its case.
pub fn iana_name(shown: &str) -> Option<&'static str> {
    let (offset, places) = split(shown);
    let whole = PLACES.iter().find(|(place, _)| place.eq_ignore_ascii_case(places));
    if let Some((_, iana)) = whole.filter(|_| offset.is_some() || places.contains(", ")) {
        return Some(iana);
    }
    if offset.is_none() && !places.contains(", ") {
        return None;
    }
    // The longest list that Windows shows has six cities.
    let parts = || places.split([',', ';', '/', '&', '(', ')']).take(12).map(str::trim);
    let cities = || parts().filter_map(|part| CITIES.get(&key(part)));
    let fits = |name: &&&'static str| offset.is_some_and(|it| database::has_offset(name, it));
    cities().find(fits).or_else(|| cities().next()).copied()
}

/// The offset in seconds that a name begins with, and the rest.
fn split(shown: &str) -> (Option<i64>, &str) {
    let inside = shown.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    match inside.and_then(|(zone, places)| Some((offset(zone)?, places.trim()))) {
        Some((offset, places)) => (Some(offset), places),
        None => (None, shown),
    }
}

/// Seconds ahead of UTC of `UTC`, `UTC+01:00`, `GMT-0500`, `GMT+01.00` or `+02`.
pub fn offset(text: &str) -> Option<i64> {
    let upper = text.trim().to_ascii_uppercase();
    let named = upper.strip_prefix("UTC").or_else(|| upper.strip_prefix("GMT"));
    let digits = named.unwrap_or(&upper);
    if digits.is_empty() {
        return named.map(|_| 0);
    }
    let (sign, digits) = match digits.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-" | "\u{2212}", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| !matches!(c, ':' | '.')).collect();
    let number: i64 = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let (hours, minutes) = match digits.len() {
        1 | 2 => (number, 0),
        3 | 4 => (number / 100, number % 100),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn key(city: &str) -> String {
    city.to_ascii_lowercase().replace(' ', "_")
}

/// The last part of each IANA name, without capitals. Of two names the one that is no link counts.
static CITIES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for name in database::names().filter(|name| !name.starts_with("Etc/")) {
        let Some((_, city)) = name.rsplit_once('/') else { continue };
        let slot = all.entry(key(city)).or_insert(name);
        if database::primary(slot) != *slot && database::primary(name) == name {
            *slot = name;
        }
    }
    all
});

/// Names that are no city of IANA's, from Windows' list and from Exchange's older ones.
#[rustfmt::skip]
static PLACES: [(&str, &str); 59] = [
    ("Alaska", "America/Anchorage"),
    ("Aleutian Islands", "America/Adak"),
    ("Arizona", "America/Phoenix"),
    ("Astana", "Asia/Bishkek"),
    ("Atlantic Time (Canada)", "America/Halifax"),
    ("Baja California", "America/Tijuana"),
    ("Beijing, Chongqing, Hong Kong, Urumqi", "Asia/Shanghai"),
    ("Beijing, Chongqing, Hong Kong SAR, Urumqi", "Asia/Shanghai"),
    ("Bougainville Island", "Pacific/Bougainville"),
    ("Brasilia", "America/Sao_Paulo"),
    ("Cabo Verde Is.", "Atlantic/Cape_Verde"),
    ("Cape Verde Is.", "Atlantic/Cape_Verde"),
    ("Central America", "America/Guatemala"),
    ("Central Time (US & Canada)", "America/Chicago"),
    ("Chatham Islands", "Pacific/Chatham"),
    ("Chetumal", "America/Cancun"),
    ("Chokurdakh", "Asia/Srednekolymsk"),
    ("City of Buenos Aires", "America/Argentina/Buenos_Aires"),
    ("Coordinated Universal Time", "UTC"),
    ("Coordinated Universal Time+12", "Etc/GMT-12"),
    ("Coordinated Universal Time+13", "Etc/GMT-13"),
    ("Coordinated Universal Time-02", "Etc/GMT+2"),
    ("Coordinated Universal Time-08", "Etc/GMT+8"),
    ("Coordinated Universal Time-09", "Etc/GMT+9"),
    ("Coordinated Universal Time-11", "Etc/GMT+11"),
    ("Easter Island", "Pacific/Easter"),
    ("Eastern Time (US & Canada)", "America/New_York"),
    ("Ekaterinburg", "Asia/Yekaterinburg"),
    ("Greenland", "America/Nuuk"),
    ("Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "Europe/London"),
    ("Haiti", "America/Port-au-Prince"),
    ("Hawaii", "Pacific/Honolulu"),
    ("Indiana (East)", "America/Indiana/Indianapolis"),
    ("International Date Line West", "Etc/GMT+12"),
    ("Kiritimati Island", "Pacific/Kiritimati"),
    ("Lord Howe Island", "Australia/Lord_Howe"),
    ("Marquesas Islands", "Pacific/Marquesas"),
    ("Mid-Atlantic", "Etc/GMT+2"),
    ("Mid-Atlantic - Old", "Etc/GMT+2"),
    ("Midway Island, Samoa", "Pacific/Midway"),
    ("Mountain Time (US & Canada)", "America/Denver"),
    ("Newfoundland", "America/St_Johns"),
    ("Norfolk Island", "Pacific/Norfolk"),
    ("Nuku'alofa", "Pacific/Tongatapu"),
    ("Pacific Time (US & Canada)", "America/Los_Angeles"),
    ("Pacific Time (US & Canada); Tijuana", "America/Los_Angeles"),
    ("Petropavlovsk-Kamchatsky - Old", "Asia/Kamchatka"),
    ("Port Louis", "Indian/Mauritius"),
    ("Saint Pierre and Miquelon", "America/Miquelon"),
    ("Salvador", "America/Bahia"),
    ("Samoa", "Pacific/Apia"),
    ("Saskatchewan", "America/Regina"),
    ("Solomon Is., New Caledonia", "Pacific/Guadalcanal"),
    ("Solomon Islands, New Caledonia", "Pacific/Guadalcanal"),
    ("Sri Jayawardenepura", "Asia/Colombo"),
    ("Turks and Caicos", "America/Grand_Turk"),
    ("West Central Africa", "Africa/Lagos"),
    ("Yukon", "America/Whitehorse"),
    ("Abu Dhabi, Muscat", "Asia/Dubai"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tz::{Zone, windows};

    /// Windows' list: what is shown, and the name that stands for the same zone.
    #[rustfmt::skip]
    const SHOWN: &[(&str, &str)] = &[
        ("(UTC-12:00) International Date Line West", "Dateline Standard Time"),
        ("(UTC-11:00) Coordinated Universal Time-11", "UTC-11"),
        ("(UTC-10:00) Hawaii", "Hawaiian Standard Time"),
        ("(UTC-09:30) Marquesas Islands", "Marquesas Standard Time"),
        ("(UTC-09:00) Alaska", "Alaskan Standard Time"),
        ("(UTC-08:00) Baja California", "Pacific Standard Time (Mexico)"),
        ("(UTC-08:00) Pacific Time (US & Canada)", "Pacific Standard Time"),
        ("(UTC-07:00) Arizona", "US Mountain Standard Time"),
        ("(UTC-07:00) Chihuahua, La Paz, Mazatlan", "Mountain Standard Time (Mexico)"),
        ("(UTC-07:00) Mountain Time (US & Canada)", "Mountain Standard Time"),
        ("(UTC-06:00) Central America", "Central America Standard Time"),
        ("(UTC-06:00) Central Time (US & Canada)", "Central Standard Time"),
        ("(UTC-06:00) Guadalajara, Mexico City, Monterrey", "Central Standard Time (Mexico)"),
        ("(UTC-05:00) Bogota, Lima, Quito, Rio Branco", "SA Pacific Standard Time"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "Eastern Standard Time"),
        ("(UTC-05:00) Havana", "Cuba Standard Time"),
        ("(UTC-05:00) Indiana (East)", "US Eastern Standard Time"),
        ("(UTC-04:00) Atlantic Time (Canada)", "Atlantic Standard Time"),
        ("(UTC-04:00) Cuiaba", "Central Brazilian Standard Time"),
        ("(UTC-04:00) Georgetown, La Paz, Manaus, San Juan", "SA Western Standard Time"),
        ("(UTC-04:00) Santiago", "Pacific SA Standard Time"),
        ("(UTC-03:30) Newfoundland", "Newfoundland Standard Time"),
        ("(UTC-03:00) Brasilia", "E. South America Standard Time"),
        ("(UTC-03:00) Cayenne, Fortaleza", "SA Eastern Standard Time"),
        ("(UTC-03:00) City of Buenos Aires", "Argentina Standard Time"),
        ("(UTC-03:00) Greenland", "Greenland Standard Time"),
        ("(UTC-03:00) Salvador", "Bahia Standard Time"),
        ("(UTC-02:00) Coordinated Universal Time-02", "UTC-02"),
        ("(UTC-01:00) Azores", "Azores Standard Time"),
        ("(UTC-01:00) Cabo Verde Is.", "Cape Verde Standard Time"),
        ("(UTC) Coordinated Universal Time", "UTC"),
        ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "GMT Standard Time"),
        ("(UTC+00:00) Monrovia, Reykjavik", "Greenwich Standard Time"),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "W. Europe Standard Time"),
        ("(UTC+01:00) Belgrade, Bratislava, Budapest, Ljubljana, Prague", "Central Europe Standard Time"),
        ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", "Romance Standard Time"),
        ("(UTC+01:00) Casablanca", "Morocco Standard Time"),
        ("(UTC+01:00) Sarajevo, Skopje, Warsaw, Zagreb", "Central European Standard Time"),
        ("(UTC+01:00) West Central Africa", "W. Central Africa Standard Time"),
        ("(UTC+02:00) Amman", "Jordan Standard Time"),
        ("(UTC+02:00) Athens, Bucharest", "GTB Standard Time"),
        ("(UTC+02:00) Harare, Pretoria", "South Africa Standard Time"),
        ("(UTC+02:00) Helsinki, Kyiv, Riga, Sofia, Tallinn, Vilnius", "FLE Standard Time"),
        ("(UTC+03:00) Istanbul", "Turkey Standard Time"),
        ("(UTC+03:00) Kuwait, Riyadh", "Arab Standard Time"),
        ("(UTC+03:00) Moscow, St. Petersburg", "Russian Standard Time"),
        ("(UTC+03:30) Tehran", "Iran Standard Time"),
        ("(UTC+04:00) Abu Dhabi, Muscat", "Arabian Standard Time"),
        ("(UTC+04:00) Izhevsk, Samara", "Russia Time Zone 3"),
        ("(UTC+04:00) Port Louis", "Mauritius Standard Time"),
        ("(UTC+05:00) Ekaterinburg", "Ekaterinburg Standard Time"),
        ("(UTC+05:00) Islamabad, Karachi", "Pakistan Standard Time"),
        ("(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", "India Standard Time"),
        ("(UTC+05:30) Sri Jayawardenepura", "Sri Lanka Standard Time"),
        ("(UTC+05:45) Kathmandu", "Nepal Standard Time"),
        ("(UTC+06:00) Astana", "Central Asia Standard Time"),
        ("(UTC+06:30) Yangon (Rangoon)", "Myanmar Standard Time"),
        ("(UTC+07:00) Bangkok, Hanoi, Jakarta", "SE Asia Standard Time"),
        ("(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi", "China Standard Time"),
        ("(UTC+08:00) Kuala Lumpur, Singapore", "Singapore Standard Time"),
        ("(UTC+09:00) Osaka, Sapporo, Tokyo", "Tokyo Standard Time"),
        ("(UTC+10:00) Canberra, Melbourne, Sydney", "AUS Eastern Standard Time"),
        ("(UTC+10:00) Guam, Port Moresby", "West Pacific Standard Time"),
        ("(UTC+10:30) Lord Howe Island", "Lord Howe Standard Time"),
        ("(UTC+11:00) Chokurdakh", "Russia Time Zone 10"),
        ("(UTC+11:00) Solomon Is., New Caledonia", "Central Pacific Standard Time"),
        ("(UTC+12:00) Anadyr, Petropavlovsk-Kamchatsky", "Russia Time Zone 11"),
        ("(UTC+12:00) Auckland, Wellington", "New Zealand Standard Time"),
        ("(UTC+12:00) Coordinated Universal Time+12", "UTC+12"),
        ("(UTC+13:00) Nuku'alofa", "Tonga Standard Time"),
        ("(UTC+13:00) Samoa", "Samoa Standard Time"),
        ("(UTC+14:00) Kiritimati Island", "Line Islands Standard Time"),
        ("(GMT+01.00) Sarajevo/Warsaw/Zagreb", "Central European Standard Time"),
        ("(GMT-08.00) Pacific Time (US & Canada); Tijuana", "Pacific Standard Time"),
        ("Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "W. Europe Standard Time"),
    ];

    #[test]
    fn what_windows_shows_is_the_zone_that_it_names() {
        for (shown, windows) in SHOWN {
            let found = Zone::named(shown).unwrap_or_else(|| panic!("{shown}"));
            let named = Zone::named(windows::iana_name(windows).unwrap()).unwrap();
            for month in 0..24 {
                let at = 1_767_225_600 + month * 30 * 86_400;
                assert_eq!(found.offset_at(at), named.offset_at(at), "{shown} {windows}");
            }
        }
        for (place, iana) in PLACES {
            assert!(Zone::named(iana).is_some(), "{place}");
        }
    }

    #[test]
    fn what_names_no_place_is_no_zone() {
        for name in ["(UTC+01:00)", "(UTC+01:00) Home", "Work, Home", "(x) Berlin", "Alaska", "("] {
            assert_eq!(iana_name(name), None, "{name}");
        }
    }

    #[test]
    fn offsets_are_read_in_every_spelling() {
        for (text, seconds) in [
            ("UTC", Some(0)),
            ("GMT+01:00", Some(3600)),
            ("GMT-0530", Some(-19_800)),
            ("gmt+01.00", Some(3600)),
            ("+02", Some(7200)),
            ("UTC+5", Some(18_000)),
            ("", None),
            ("UTC+", None),
            ("UTC+x", None),
            ("UTC+25", None),
            ("UTC+01:99", None),
            ("UTC++1", None),
            ("123456", None),
        ] {
            assert_eq!(offset(text), seconds, "{text}");
        }
    }
}
