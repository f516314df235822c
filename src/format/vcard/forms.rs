//! The two ways in which versions 3.0 and 4.0 write the same date, place, zone or inline content.
//!
//! Invariant: a value that is in no known form is left alone. Standards: RFC 2426 §3, RFC 6350 §4,
//! RFC 2397 (data URIs).

use crate::format::ical::value::utc_offset;
use crate::format::property::Property;

/// Whether a text is so many digits.
fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

fn in_range(text: &str, most: u32) -> bool {
    digits(text, 2) && text.parse().is_ok_and(|n: u32| (1..=most).contains(&n))
}

/// A date in either form: its year, unless it has none, its month and its day.
fn date(text: &str) -> Option<(Option<&str>, &str, &str)> {
    let (year, rest) = match text.strip_prefix("--") {
        Some(rest) => (None, rest),
        None => (text.get(..4).filter(|year| digits(year, 4)), text.get(4..)?),
    };
    if year.is_none() && !text.starts_with("--") {
        return None;
    }
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let (month, day) = rest.split_at_checked(2)?;
    let day = day.strip_prefix('-').unwrap_or(day);
    (in_range(month, 12) && in_range(day, 31)).then_some((year, month, day))
}

/// A whole time of day in either form: hour, minute, second, and its zone with its colon or not.
fn time(text: &str) -> Option<(&str, &str, &str, &str)> {
    let end = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(end);
    // Fractions of a second exist in neither form that is written here.
    let clock = clock.split('.').next().unwrap_or(clock);
    let parts = match clock.contains(':') {
        true => (clock.get(..2)?, clock.get(3..5)?, clock.get(6..).filter(|s| s.len() == 2)?),
        false => (clock.get(..2)?, clock.get(2..4)?, clock.get(4..).filter(|s| s.len() == 2)?),
    };
    let known = [parts.0, parts.1, parts.2].iter().all(|part| digits(part, 2));
    let zone_known = matches!(zone, "" | "Z" | "z") || offset(zone).is_some();
    (known && zone_known).then_some((parts.0, parts.1, parts.2, zone))
}

/// A UTC offset in either form as hours and minutes, with the sign.
fn offset(text: &str) -> Option<(&str, &str)> {
    let (hours, minutes) = match text.len() {
        6 if text.get(3..4) == Some(":") => (text.get(..3)?, text.get(4..)?),
        5 => text.split_at_checked(3)?,
        _ => return None,
    };
    utc_offset(&[hours, minutes].concat()).is_some().then_some((hours, minutes))
}

/// A date, perhaps with a time, as version 4.0 writes it (`19960415`, `--0415`,
/// `19531015T231000Z`; RFC 6350 §4.3).
pub fn basic(text: &str) -> Option<String> {
    let (day, clock) = text.trim().split_once(['T', 't']).unwrap_or((text.trim(), ""));
    let (year, month, day) = date(day)?;
    let mut out = [year.unwrap_or("--"), month, day].concat();
    if !clock.is_empty() {
        let (hour, minute, second, zone) = time(clock)?;
        let zone = zone.replace(':', "").to_ascii_uppercase();
        out.extend(["T", hour, minute, second, &zone]);
    }
    Some(out)
}

/// A whole date, perhaps with a time, as version 3.0 writes it (`1996-04-15`,
/// `1953-10-15T23:10:00Z`; RFC 2426 §3.1.5). One without a year has `year` in its place.
pub fn extended(text: &str, year: &str) -> Option<String> {
    let (day, clock) = text.trim().split_once(['T', 't']).unwrap_or((text.trim(), ""));
    let (own, month, day) = date(day)?;
    let mut out = [own.unwrap_or(year), month, day].join("-");
    if !clock.is_empty() {
        let (hour, minute, second, zone) = time(clock)?;
        out.extend(["T", hour, ":", minute, ":", second]);
        match offset(zone) {
            Some((hours, minutes)) => out.extend([hours, ":", minutes]),
            None => out.push_str(&zone.to_ascii_uppercase()),
        }
    }
    Some(out)
}

/// Apple's sign, in version 3.0, that the year means nothing, and the year it writes then.
const OMIT_YEAR: (&str, &str) = ("X-APPLE-OMIT-YEAR", "1604");

/// BDAY and ANNIVERSARY to 4.0.
pub fn date_up(it: &mut Property) {
    let Some(mut value) = basic(&it.value) else {
        // What the way down called text because 3.0 cannot say it.
        if it.says("VALUE", "text") && is_partial(it.value.trim()) {
            it.take("VALUE");
        }
        return;
    };
    if it.param(OMIT_YEAR.0).is_some_and(|year| value.starts_with(year)) {
        value = ["--", value.get(4..).unwrap_or("")].concat();
        it.take(OMIT_YEAR.0);
    }
    it.value = value;
    it.take("VALUE");
}

/// A year, a month with or without its year, a day of a month (RFC 6350 §4.3.1).
fn is_partial(text: &str) -> bool {
    match text.len() {
        4 => digits(text, 4) || text.strip_prefix("--").is_some_and(|month| in_range(month, 12)),
        5 => text.strip_prefix("---").is_some_and(|day| in_range(day, 31)),
        7 => text.split_once('-').is_some_and(|(y, m)| digits(y, 4) && in_range(m, 12)),
        _ => false,
    }
}

/// BDAY and ANNIVERSARY to 3.0. What it cannot say becomes text.
pub fn date_down(it: &mut Property) {
    if it.says("VALUE", "text") {
        return;
    }
    let Some(value) = extended(&it.value, OMIT_YEAR.1) else {
        return it.set_one("VALUE", "text");
    };
    if it.value.trim().starts_with("--") {
        it.set_one(OMIT_YEAR.0, OMIT_YEAR.1);
    }
    match value.contains('T') {
        true => it.set_one("VALUE", "date-time"),
        false => it.set("VALUE", Vec::new()),
    }
    it.value = value;
}

/// REV to 4.0: always with a time (RFC 6350 §4.3.5).
pub fn stamp_up(it: &mut Property) {
    if let Some(mut value) = basic(&it.value) {
        value.push_str(if value.contains('T') { "" } else { "T000000Z" });
        it.value = value;
        it.take("VALUE");
    }
}

/// REV to 3.0.
pub fn stamp_down(it: &mut Property) {
    if let Some(value) = extended(&it.value, OMIT_YEAR.1) {
        it.value = value;
        it.take("VALUE");
    }
}

/// Latitude and longitude, between which one of the two separators stands.
fn place(text: &str, separators: &[char]) -> Option<(String, String)> {
    let (latitude, longitude) = text.split_once(separators)?;
    let number = |t: &str| {
        let t = t.trim();
        let plain = !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit() || b"+-.".contains(&b));
        (plain && t.parse::<f64>().is_ok()).then(|| t.trim_start_matches('+').to_owned())
    };
    Some((number(latitude)?, number(longitude)?))
}

/// GEO to 4.0: a `geo:` URI (RFC 6350 §6.5.2).
pub fn geo_up(it: &mut Property) {
    match place(&it.value, &[';', ',']) {
        Some((latitude, longitude)) => it.value = format!("geo:{latitude},{longitude}"),
        None if it.says("VALUE", "uri") => {}
        None => return,
    }
    it.take("VALUE");
}

/// GEO to 3.0: two numbers (RFC 2426 §3.4.2).
pub fn geo_down(it: &mut Property) {
    let uri = it.value.trim().split_at_checked(4).filter(|(s, _)| s.eq_ignore_ascii_case("geo:"));
    match uri.and_then(|(_, rest)| place(rest, &[','])) {
        Some((latitude, longitude)) => {
            it.value = format!("{latitude};{longitude}");
            it.take("VALUE");
        }
        None => it.set_one("VALUE", "uri"),
    }
}

/// TZ to 4.0, where text is what needs no VALUE (RFC 6350 §6.5.1).
pub fn zone_up(it: &mut Property) {
    match offset(it.value.trim()) {
        Some((hours, minutes)) if !it.says("VALUE", "text") => {
            it.value = [hours, minutes].concat();
            it.set_one("VALUE", "utc-offset");
        }
        _ if it.says("VALUE", "text") => drop(it.take("VALUE")),
        _ => {}
    }
}

/// TZ to 3.0, where an offset is what needs no VALUE (RFC 2426 §3.4.1).
pub fn zone_down(it: &mut Property) {
    match offset(it.value.trim()) {
        Some((hours, minutes)) if it.says("VALUE", "utc-offset") => {
            it.value = [hours, ":", minutes].concat();
            it.take("VALUE");
        }
        _ if it.param("VALUE").is_none() => it.set_one("VALUE", "text"),
        _ => {}
    }
}

/// Media types by the word that 3.0 has for them, where that is not simply the subtype; the first
/// word of a type is the one written.
static WORDS: [(&str, &str); 4] = [
    ("PGP", "application/pgp-keys"),
    ("X509", "application/pkix-cert"),
    ("JPEG", "image/jpeg"),
    ("JPG", "image/jpeg"),
];

/// What a content is when nobody says it; its first characters in base64.
static MAGIC: [(&str, &str); 4] = [
    ("/9j/", "image/jpeg"),
    ("iVBORw0KGgo", "image/png"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
];

/// The type of a content whose type nobody knows.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// The kind of media that a property holds.
fn kind_of(it: &Property) -> &'static str {
    match () {
        () if it.is("SOUND") => "audio",
        () if it.is("KEY") => "application",
        () => "image",
    }
}

/// Takes the media type out of 3.0's TYPE; places and the like stay in it.
fn media_up(it: &mut Property) -> Option<String> {
    let place = |word: &str| ["home", "work"].iter().any(|p| p.eq_ignore_ascii_case(word));
    let (places, words): (Vec<_>, Vec<_>) = it.take("TYPE").into_iter().partition(|w| place(w));
    it.set("TYPE", places);
    let word = words.into_iter().next()?;
    if word.contains('/') {
        return Some(word.to_ascii_lowercase());
    }
    let known = WORDS.iter().find(|(own, _)| own.eq_ignore_ascii_case(&word));
    let subtype = || format!("{}/{}", kind_of(it), word.to_ascii_lowercase());
    Some(known.map_or_else(subtype, |(_, media)| (*media).to_owned()))
}

/// Puts a media type into 3.0's TYPE.
fn media_down(it: &mut Property, media: &str) {
    if media.is_empty() || media == UNKNOWN_TYPE {
        return;
    }
    let known = WORDS.iter().find(|(_, own)| own.eq_ignore_ascii_case(media));
    let word = match (known, media.split_once('/')) {
        (Some((word, _)), _) => (*word).to_owned(),
        (None, Some((kind, subtype))) if kind == kind_of(it) => subtype.to_ascii_uppercase(),
        _ => media.to_owned(),
    };
    let mut words = it.take("TYPE");
    words.insert(0, word);
    it.set("TYPE", words);
}

/// PHOTO, LOGO, SOUND and KEY to 4.0: inline content becomes a `data:` URI.
pub fn inline_up(it: &mut Property) {
    let encoding = it.take("ENCODING");
    let coded = ["b", "base64"];
    let inline = encoding.iter().any(|e| coded.iter().any(|c| c.eq_ignore_ascii_case(e.trim())));
    let media = media_up(it);
    if inline || it.says("VALUE", "binary") {
        let data: String = it.value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let guess = || MAGIC.iter().find(|(start, _)| data.starts_with(start)).map(|(_, m)| *m);
        let media = media.as_deref().or_else(guess).unwrap_or(UNKNOWN_TYPE);
        it.value = format!("data:{media};base64,{data}");
        it.take("VALUE");
        return;
    }
    if let Some(media) = media {
        it.set_one("MEDIATYPE", &media);
    }
    match it.param("VALUE").is_none() && it.is("KEY") && !has_scheme(&it.value) {
        true => it.set_one("VALUE", "text"),
        false if it.says("VALUE", "text") => {}
        false => drop(it.take("VALUE")),
    }
}

/// PHOTO, LOGO, SOUND and KEY to 3.0: a `data:` URI becomes inline content.
pub fn inline_down(it: &mut Property) {
    let data = it.value.trim().split_at_checked(5).filter(|(s, _)| s.eq_ignore_ascii_case("data:"));
    let parts = data.and_then(|(_, rest)| rest.split_once(','));
    let coded = parts.and_then(|(head, data)| {
        let (media, coding) = head.rsplit_once(';')?;
        coding.eq_ignore_ascii_case("base64").then(|| (media.to_owned(), data.to_owned()))
    });
    if let Some((media, data)) = coded {
        it.value = data;
        it.take("VALUE");
        it.take("MEDIATYPE");
        it.set_one("ENCODING", "b");
        return media_down(it, &media);
    }
    if let Some(media) = it.take("MEDIATYPE").into_iter().next() {
        media_down(it, &media);
    }
    if !it.says("VALUE", "text") {
        it.set_one("VALUE", "uri");
    }
}

/// Whether a value starts as a URI does (RFC 3986 §3.1).
pub fn has_scheme(value: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    value.trim().split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(legal)
    })
}

/// A date, a time or an offset of 4.0 as jCard writes it, extended (RFC 7095 §3.5.3 to §3.5.8); what
/// is not whole has one form only.
pub fn json_date(kind: &str, value: &str) -> String {
    if kind == "utc-offset" {
        let known = offset(value).map(|(hours, minutes)| [hours, ":", minutes].concat());
        return known.unwrap_or_else(|| value.to_owned());
    }
    let (day, clock) = match (kind, value.split_once('T')) {
        ("time", _) => ("", value),
        (_, Some((day, clock))) => (day, clock),
        (_, None) => (value, ""),
    };
    let mut out = match date(day) {
        Some((Some(year), month, day)) => [year, month, day].join("-"),
        Some((None, month, day)) => ["--", month, "-", day].concat(),
        None => day.to_owned(),
    };
    if kind != "time" && value.contains('T') {
        out.push('T');
    }
    let end = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
    let (digits, zone) = clock.split_at(end);
    let whole = matches!(digits.len(), 4 | 6) && digits.bytes().all(|b| b.is_ascii_digit());
    let mut rest = digits;
    while let Some((two, tail)) = rest.split_at_checked(2).filter(|_| whole) {
        out.push_str(two);
        out.push_str(if tail.is_empty() { "" } else { ":" });
        rest = tail;
        if rest.is_empty() {
            break;
        }
    }
    out.push_str(rest);
    match offset(zone) {
        Some((hours, minutes)) => out.extend([hours, ":", minutes]),
        None => out.push_str(zone),
    }
    out
}

/// A date, a time or an offset as jCard writes it in the form of 4.0 (RFC 7095 §4, RFC 6350 §4.3);
/// none for values of other types.
pub fn json_basic(kind: &str, value: &str) -> Option<String> {
    let clock = |text: &str| {
        let known = |b: u8| b.is_ascii_digit() || b":+-Zz.".contains(&b);
        if text.bytes().all(known) { text.replace(':', "") } else { text.to_owned() }
    };
    let day = |text: &str| match date(text) {
        Some((year, month, day)) => [year.unwrap_or("--"), month, day].concat(),
        None => text.to_owned(),
    };
    match (kind, value.split_once('T')) {
        ("time" | "utc-offset", _) => Some(clock(value)),
        ("date", _) => Some(day(value)),
        ("date-time" | "date-and-or-time" | "timestamp", Some((date, time))) => {
            Some([day(date), clock(time)].join("T"))
        }
        ("date-time" | "date-and-or-time" | "timestamp", None) => Some(day(value)),
        _ => None,
    }
}
