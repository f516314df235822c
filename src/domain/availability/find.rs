//! Finding a time: those times of a window that suit people who must come, people who should, and one
//! of some rooms, the best first.
//!
//! Invariant: who must come is never busy or unavailable at a time that is told, and neither is its
//! room. The order says why a time is better: fewer of those who should come are missing, then fewer
//! have something tentative, then it is sooner.

pub mod rooms;

use super::{Answer, Open, Question, ask};
use crate::domain::collection::Access;
use crate::format::civil::Civil;
use crate::format::ical::busy::{BusyTimes, BusyType};
use crate::format::spans::Spans;
use crate::format::tz::Zone;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::{FIND_SLOTS_MAX, FIND_WORK_MAX};
use rooms::Needs;
use std::ops::Range;

/// Hours of days in which a meeting may be, in a zone.
#[derive(Clone, Debug)]
pub struct Hours {
    /// The zone of their wall clock.
    pub zone: Zone,
    /// Days of the week, 0 Monday to 6 Sunday.
    pub days: Vec<i64>,
    /// Seconds since midnight.
    pub clock: Range<i64>,
}

impl Hours {
    /// The hours in a window.
    pub fn within(&self, window: &Range<i64>) -> Spans {
        let (first, last) =
            (self.zone.from_utc(window.start).day, self.zone.from_utc(window.end).day);
        let days = (first..=last)
            .filter(|day| self.days.contains(&Civil { day: *day, second: 0 }.weekday()));
        let hours = days.map(|day| {
            let at = |second: i64| {
                let at = Civil::from_seconds(day * 86_400 + second);
                self.zone.to_utc(at)
            };
            at(self.clock.start).max(window.start)..at(self.clock.end).min(window.end)
        });
        hours.collect()
    }
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// Addresses of who must come.
    pub required: Vec<String>,
    /// Addresses of who should.
    pub optional: Vec<String>,
    /// Addresses of rooms, the preferred one first; one of them is needed, if there are any.
    pub rooms: Vec<String>,
    /// What the room must be like; none: any of those that are named. With none named it may be any
    /// that the asker sees.
    pub needs: Option<Needs>,
    /// When it may be, and what does not count.
    pub question: Question,
    /// Seconds that it takes.
    pub length: i64,
    /// Seconds between two starts that are looked at.
    pub step: i64,
    /// The hours in which it may be; none: any that suit.
    pub hours: Option<Hours>,
    /// How many times are told at most.
    pub count: usize,
}

/// A time that suits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The time.
    pub time: Range<i64>,
    /// The address of its room, if one was asked for.
    pub room: Option<String>,
    /// Who should come and cannot.
    pub missing: Vec<String>,
    /// Who has something tentative then, the room among them.
    pub tentative: Vec<String>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The times, the best first.
    pub slots: Vec<Slot>,
    /// What is known of each address, in the order required, optional, rooms. Of whom nothing is known,
    /// nothing stands in the way; a room of which nothing is known is not taken.
    pub people: Vec<(String, Answer)>,
}

/// Looks for times. `directory`: whether whoever signs in sees every principal.
///
/// # Errors
/// `Malformed` for what cannot be looked for: more people, times or work than one search may have.
pub async fn times(
    access: &Access,
    (open, directory): (Open, Open),
    mut search: Search,
) -> Outcome<Found> {
    check(&search)?;
    if let Some(needs) = &search.needs {
        search.rooms = rooms::suitable(access, directory, needs, &search.rooms).await?;
        check(&search)?;
    }
    let search = &search;
    let parts = [&search.required, &search.optional, &search.rooms];
    let all: Vec<String> = parts.into_iter().flatten().cloned().collect();
    let answers = ask(access, open, &all, &search.question).await?;
    let mut people: Vec<(String, Answer)> = all.into_iter().zip(answers).collect();
    rooms::bounded(access, search, &mut people).await?;
    Ok(Found { slots: ranked(search, &people), people })
}

fn check(search: &Search) -> Outcome<()> {
    let Search { question, length, step, .. } = search;
    let wrong = |why: &str| Err(Fault::malformed(why));
    let people = search.required.len() + search.optional.len() + search.rooms.len();
    if people == 0 && search.needs.is_none() {
        return wrong("say who must come");
    }
    if *length < 60 || *length > question.window.end - question.window.start {
        return wrong("the length must be a minute or more, and no longer than the window");
    }
    if *step < 60 {
        return wrong("the step must be a minute or more");
    }
    let starts = (question.window.end - question.window.start) / step;
    if starts.saturating_mul(people as i64) > FIND_WORK_MAX {
        return wrong("too many times for so many people: give a shorter window or a longer step");
    }
    Ok(())
}

/// When one is busy for sure, and when perhaps.
struct Taken {
    sure: Spans,
    perhaps: Spans,
}

impl Taken {
    fn of(times: &BusyTimes) -> Self {
        let sure = times.spans(BusyType::Busy).union(&times.spans(BusyType::Unavailable));
        Self { perhaps: times.spans(BusyType::Tentative).without(&sure), sure }
    }
}

/// A time, and which of the people it does not quite suit.
struct Candidate {
    start: i64,
    missing: Vec<usize>,
    tentative: Vec<usize>,
    room: Option<usize>,
}

fn ranked(search: &Search, people: &[(String, Answer)]) -> Vec<Slot> {
    let taken = |it: &(String, Answer)| match &it.1 {
        Answer::Times(times) => Some(Taken::of(times)),
        _ => None,
    };
    let all: Vec<Option<Taken>> = people.iter().map(taken).collect();
    let window = &search.question.window;
    let open = search.hours.as_ref().map_or_else(|| window.clone().into(), |it| it.within(window));
    let shut = Spans::from(window.clone()).without(&open);
    let first = window.start.div_euclid(search.step) * search.step;
    let first = if first < window.start { first + search.step } else { first };
    let mut candidates = Vec::new();
    let mut start = first;
    while start + search.length <= window.end {
        let time = start..start + search.length;
        if !shut.meets(&time) {
            candidates.extend(candidate(search, &all, &time));
        }
        start += search.step;
    }
    candidates.sort_by_key(|it| (it.missing.len(), it.tentative.len(), it.start));
    candidates.truncate(search.count.min(FIND_SLOTS_MAX));
    let name = |at: &usize| people.get(*at).map(|it| it.0.clone());
    let slot = |it: Candidate| Slot {
        time: it.start..it.start + search.length,
        room: it.room.as_ref().and_then(name),
        missing: it.missing.iter().filter_map(name).collect(),
        tentative: it.tentative.iter().filter_map(name).collect(),
    };
    candidates.into_iter().map(slot).collect()
}

/// Whether a time suits, and whom not quite.
fn candidate(search: &Search, all: &[Option<Taken>], time: &Range<i64>) -> Option<Candidate> {
    let (required, optional) = (search.required.len(), search.optional.len());
    let mut it = Candidate { start: time.start, missing: vec![], tentative: vec![], room: None };
    for (at, taken) in all.iter().enumerate().take(required + optional) {
        let Some(taken) = taken else { continue };
        match (taken.sure.meets(time), at < required) {
            (true, true) => return None,
            (true, false) => it.missing.push(at),
            (false, _) if taken.perhaps.meets(time) => it.tentative.push(at),
            (false, _) => {}
        }
    }
    if search.rooms.is_empty() {
        // None of the rooms is what is needed.
        return search.needs.is_none().then_some(it);
    }
    let rooms = all.iter().enumerate().skip(required + optional);
    let free = rooms.filter_map(|(at, taken)| Some((at, taken.as_ref()?)));
    let mut free = free.filter(|(_, taken)| !taken.sure.meets(time)).peekable();
    let second = free.peek().map(|(at, _)| *at)?;
    let sure = free.find(|(_, taken)| !taken.perhaps.meets(time)).map(|(at, _)| at);
    if sure.is_none() {
        it.tentative.push(second);
    }
    it.room = Some(sure.unwrap_or(second));
    Some(it)
}

#[cfg(test)]
mod tests;
