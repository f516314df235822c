//! A calendar object as a simple client sees it: components of unfolded lines, with what it would
//! change in them.

use std::collections::{BTreeMap, BTreeSet};

/// A series has so many instances, one a day.
pub const INSTANCES: usize = 4;

/// A component: its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part(Vec<String>);

/// What somebody sees of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub start: String,
    pub summary: String,
    /// The answers by name.
    pub people: BTreeMap<String, String>,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub parts: Vec<Part>,
}

fn mail(name: &str) -> String {
    format!(":mailto:{name}")
}

fn parameter<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let rest = line.split_once(&format!(";{name}="))?.1;
    rest.split([';', ':']).next()
}

impl Part {
    /// A property's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|line| line.split([':', ';']).next() == Some(name))?;
        found.split_once(':').map(|(_, value)| value)
    }

    /// Sets a property; none takes it away.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.0.retain(|line| line.split([':', ';']).next() != Some(name));
        self.0.extend(value.map(|value| format!("{name}:{value}")));
    }

    pub fn people(&self) -> BTreeMap<String, String> {
        let all = self.0.iter().filter(|line| line.starts_with("ATTENDEE"));
        let all = all.map(|line| {
            let name = line.rsplit_once("mailto:").unwrap().1.to_owned();
            (name, parameter(line, "PARTSTAT").unwrap_or("NEEDS-ACTION").to_owned())
        });
        all.collect()
    }

    pub fn invite(&mut self, name: &str) {
        self.0.push(format!("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE{}", mail(name)));
    }

    pub fn uninvite(&mut self, name: &str) {
        self.0.retain(|line| !(line.starts_with("ATTENDEE") && line.ends_with(&mail(name))));
    }

    /// Sets somebody's answer.
    pub fn answer(&mut self, name: &str, word: &str) {
        let his = |line: &&mut String| line.starts_with("ATTENDEE") && line.ends_with(&mail(name));
        for line in self.0.iter_mut().filter(his) {
            *line = match parameter(line, "PARTSTAT") {
                Some(was) => line.replace(&format!("PARTSTAT={was}"), &format!("PARTSTAT={word}")),
                None => line.replacen("ATTENDEE", &format!("ATTENDEE;PARTSTAT={word}"), 1),
            };
        }
    }

    pub fn is_cancelled(&self) -> bool {
        self.get("STATUS") == Some("CANCELLED")
    }

    /// Puts it at an hour of its day.
    pub fn at(&mut self, day: &str, hour: u64) {
        self.set("DTSTART", Some(&format!("{day}T{hour:02}0000Z")));
        self.set("DTEND", Some(&format!("{day}T{:02}0000Z", hour + 1)));
    }
}

impl Object {
    /// A new event, or series, of an organizer with attendees; without any it is nobody else's.
    pub fn new(uid: &str, organizer: &str, attendees: &[String], series: bool) -> Self {
        let mut part = Part(vec![
            format!("UID:{uid}"),
            "DTSTAMP:20260101T000000Z".to_owned(),
            "SUMMARY:Plan".to_owned(),
        ]);
        part.at("20270301", 9);
        if series {
            part.set("RRULE", Some(&format!("FREQ=DAILY;COUNT={INSTANCES}")));
        }
        if !attendees.is_empty() {
            part.0.push(format!("ORGANIZER{}", mail(organizer)));
            part.0.push(format!("ATTENDEE;PARTSTAT=ACCEPTED{}", mail(organizer)));
            attendees.iter().for_each(|name| part.invite(name));
        }
        Self { parts: vec![part] }
    }

    pub fn read(text: &str) -> Self {
        let mut parts = Vec::new();
        for line in text.replace("\r\n ", "").lines() {
            match line {
                "BEGIN:VEVENT" => parts.push(Part(Vec::new())),
                "END:VEVENT" | "END:VCALENDAR" => {}
                line => parts.last_mut().into_iter().for_each(|p| p.0.push(line.to_owned())),
            }
        }
        Self { parts }
    }

    pub fn text(&self) -> String {
        let part = |p: &Part| format!("BEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\n", p.0.join("\r\n"));
        let parts: String = self.parts.iter().map(part).collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//EN\r\n{parts}END:VCALENDAR\r\n")
    }

    pub fn uid(&self) -> &str {
        self.parts[0].get("UID").unwrap()
    }

    pub fn organizer(&self) -> Option<&str> {
        self.parts[0].get("ORGANIZER")?.strip_prefix("mailto:")
    }

    pub fn master(&self) -> Option<&Part> {
        self.parts.iter().find(|p| p.get("RECURRENCE-ID").is_none())
    }

    pub fn master_mut(&mut self) -> Option<&mut Part> {
        self.parts.iter_mut().find(|p| p.get("RECURRENCE-ID").is_none())
    }

    pub fn is_series(&self) -> bool {
        self.master().is_some_and(|part| part.get("RRULE").is_some())
    }

    pub fn is_cancelled(&self) -> bool {
        match self.master() {
            Some(master) => master.is_cancelled(),
            None => self.parts.iter().all(Part::is_cancelled),
        }
    }

    fn part(&mut self, id: &str) -> Option<&mut Part> {
        self.parts.iter_mut().find(|p| p.get("RECURRENCE-ID") == Some(id))
    }

    /// The original start of the nth instance.
    fn id(&self, n: usize) -> Option<String> {
        let start = self.master()?.get("DTSTART")?;
        Some(format!("202703{:02}{}", n + 1, &start[8..]))
    }

    /// The instances that anything here speaks of.
    pub fn ids(&self) -> BTreeSet<String> {
        let count = if self.is_series() { INSTANCES } else { 1 };
        let own = self.parts.iter().filter_map(|p| p.get("RECURRENCE-ID").map(str::to_owned));
        own.chain((0..count).filter_map(|n| self.id(n))).collect()
    }

    fn is_out(&self, id: &str) -> bool {
        let line = format!("EXDATE:{id}");
        self.master().is_some_and(|part| part.0.contains(&line))
    }

    /// Takes an instance out.
    pub fn exclude(&mut self, n: usize) {
        let Some(id) = self.id(n).filter(|id| !self.is_out(id)) else { return };
        self.parts.retain(|p| p.get("RECURRENCE-ID") != Some(&id));
        self.master_mut().into_iter().for_each(|p| p.0.push(format!("EXDATE:{id}")));
    }

    /// The exception of an instance, made if there is none.
    pub fn exception(&mut self, n: usize) -> Option<&mut Part> {
        let id = self.id(n).filter(|id| self.is_series() && !self.is_out(id))?;
        if self.part(&id).is_none() {
            let mut new = self.master()?.clone();
            new.0.retain(|l| !l.starts_with("RRULE") && !l.starts_with("EXDATE"));
            new.at(&id[..8], id[9..11].parse().unwrap());
            new.set("RECURRENCE-ID", Some(&id));
            self.parts.push(new);
        }
        self.part(&id)
    }

    /// What is to be seen of an instance; none: it does not take place.
    pub fn seen(&self, id: &str) -> Option<Seen> {
        let own = self.parts.iter().find(|p| p.get("RECURRENCE-ID") == Some(id));
        let (part, start) = match own {
            Some(part) => (part, part.get("DTSTART")?),
            None if self.is_out(id) || !self.ids().contains(id) => return None,
            None => (self.master()?, id),
        };
        if part.is_cancelled() {
            return None;
        }
        let summary = part.get("SUMMARY")?.to_owned();
        Some(Seen { start: start.to_owned(), summary, people: part.people() })
    }
}
