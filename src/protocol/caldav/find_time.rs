//! Finding a time over HTTP: JSON that is sent to one's outbox, and JSON that comes back. The README
//! documents both.

use super::outbox::{address, status};
use crate::domain::availability::find::rooms::Needs;
use crate::domain::availability::find::{self, Found, Hours, Search, Slot};
use crate::domain::availability::{Mask, Open, Question};
use crate::domain::collection::Access;
use crate::format::ical::value::Duration;
use crate::format::line::shown;
use crate::format::tz::Zone;
use crate::format::{instant, json};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::limits::{CAPACITY_MAX, FEATURES_MAX};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::full;
use crate::protocol::http::body::Body;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

/// The body of a search.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Addresses of who must come.
    #[serde(default)]
    pub required: Vec<String>,
    /// Addresses of who should.
    #[serde(default)]
    pub optional: Vec<String>,
    /// Addresses of rooms, of which one is needed.
    #[serde(default)]
    pub rooms: Vec<String>,
    /// What the room must be like.
    #[serde(default)]
    pub room: Option<Wanted>,
    /// When it may begin at the earliest, in RFC 3339.
    pub start: String,
    /// When it must have ended.
    pub end: String,
    /// How long it takes, as a duration of iCalendar.
    pub duration: String,
    /// How far apart the starts are that are looked at.
    #[serde(default = "quarter")]
    pub step: String,
    /// When it may be on a day.
    #[serde(default)]
    pub hours: Option<Clock>,
    /// How many times are told at most.
    #[serde(default = "ten")]
    pub count: usize,
    /// The UID of the meeting that is to be moved.
    #[serde(default)]
    pub mask: Option<String>,
}

/// What a room must be like: one of those that are named or, if none is, any.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// How many people it must be for at least.
    #[serde(default)]
    pub capacity: i64,
    /// What must be in it.
    #[serde(default)]
    pub features: Vec<String>,
    /// What must be in the text that says where it is.
    #[serde(default)]
    pub location: String,
}

/// Hours of the day, on all days of the week or some.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// `09:00`.
    pub from: String,
    /// `17:00`.
    pub to: String,
    /// `MO` to `SU`; empty: every day.
    #[serde(default)]
    pub days: Vec<String>,
    /// The zone of these hours; none: that of the one who asks, or else UTC.
    #[serde(default)]
    pub zone: Option<String>,
}

fn quarter() -> String {
    "PT15M".into()
}

fn ten() -> usize {
    10
}

/// Answers with the times.
pub async fn run(ask: &Ask, asker: &Access, octets: &[u8]) -> Outcome<Response<Body>> {
    let value = json::parsed(octets).map_err(Refusal::from)?;
    let wish: Wish = serde_json::from_value(value)
        .map_err(|why| Fault::malformed(format!("the search cannot be read: {why}")))?;
    let search = search(wish, asker)?;
    let open = (ask.service.policy.open_free_busy, Open(ask.open()));
    let found = find::times(asker, open, search).await?;
    let text = told(&found).to_string();
    Ok(full(StatusCode::OK, "application/json", text.into_bytes()))
}

/// What a body asks for.
///
/// # Errors
/// `Malformed`, `UnknownZone`.
pub fn search(wish: Wish, asker: &Access) -> Outcome<Search> {
    let moment = |name: &str, text: &str| {
        let wrong = || format!("{name}: give a time such as 2026-06-01T00:00:00Z");
        instant::parse(text).ok_or_else(|| Fault::malformed(wrong()))
    };
    let length = |name: &str, text: &str| {
        let wrong = || format!("{name}: give a duration such as PT45M");
        let read = Duration::read(text).map(Duration::nominal_seconds);
        read.ok_or_else(|| Fault::malformed(wrong()))
    };
    let mut question = Question::about(moment("start", &wish.start)?..moment("end", &wish.end)?)?;
    let organizer = asker.who.name.clone();
    question.mask = wish.mask.map(|uid| Mask { uid, organizer });
    let people = |names: Vec<String>| names.iter().map(|name| address(name)).collect();
    Ok(Search {
        required: people(wish.required),
        optional: people(wish.optional),
        rooms: people(wish.rooms),
        needs: wish.room.map(needs).transpose()?,
        question,
        length: length("duration", &wish.duration)?,
        step: length("step", &wish.step)?,
        hours: wish.hours.map(|clock| hours(&clock, asker)).transpose()?,
        count: wish.count,
    })
}

fn needs(wanted: Wanted) -> Outcome<Needs> {
    let Wanted { capacity, features, location } = wanted;
    match (0..=CAPACITY_MAX).contains(&capacity) && features.len() <= FEATURES_MAX {
        true => Ok(Needs { capacity, features, location }),
        false => Err(Fault::malformed(format!(
            "room: a capacity is a number up to {CAPACITY_MAX}, and features are {FEATURES_MAX} at most"
        ))),
    }
}

const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

fn hours(clock: &Clock, asker: &Access) -> Outcome<Hours> {
    let day = |name: &String| {
        let known = DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
        let wrong = || format!("days: {} is none of {}", shown(name), DAYS.join(", "));
        known.map(|day| day as i64).ok_or_else(|| Fault::malformed(wrong()))
    };
    let days = match clock.days.as_slice() {
        [] => (0..7).collect(),
        some => some.iter().map(day).collect::<Outcome<_>>()?,
    };
    let name = clock.zone.as_deref().or(asker.who.zone.as_deref()).unwrap_or("UTC");
    let unknown = || Fault::from(Refusal::UnknownZone(shown(name).to_owned()));
    let zone = Zone::named(name).ok_or_else(unknown)?;
    let (from, to) = (second(&clock.from)?, second(&clock.to)?);
    match from < to {
        true => Ok(Hours { zone, days, clock: from..to }),
        false => Err(Fault::malformed("hours: to must be after from")),
    }
}

/// The second of the day that `09:00` is; `24:00` is its end.
fn second(text: &str) -> Outcome<i64> {
    let wrong = || Fault::malformed(format!("hours: {} is no time such as 09:00", shown(text)));
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let number = |text: &str, most: i64| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let number: Option<i64> = text.parse().ok().filter(|number| digits && *number <= most);
        number.ok_or_else(wrong)
    };
    let second = number(hour, 24)? * 3_600 + number(minute, 59)? * 60;
    if second <= 86_400 { Ok(second) } else { Err(wrong()) }
}

/// What was found, as JSON.
pub fn told(found: &Found) -> Value {
    let slot = |it: &Slot| {
        let (start, end) = (instant::written(it.time.start), instant::written(it.time.end));
        let Slot { room, missing, tentative, .. } = it;
        json!({ "start": start, "end": end, "room": room, "missing": missing, "tentative": tentative })
    };
    let slots: Vec<Value> = found.slots.iter().map(slot).collect();
    let person =
        |(address, answer): &(String, _)| json!({ "address": address, "status": status(answer) });
    let people: Vec<Value> = found.people.iter().map(person).collect();
    json!({ "slots": slots, "people": people })
}
