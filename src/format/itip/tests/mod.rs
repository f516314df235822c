//! People with copies of one object, who change them and send each other messages: what the rules
//! are tried with.

mod changes;
mod convergence;
mod delegation;
mod group;
mod groups;
mod organizer;
mod recurring;
mod rfc6638;
mod table;
mod tasks;

use super::*;
use crate::format::ical::object::check_resource;
use std::collections::BTreeMap;

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Post {
    pub message: Message,
}

/// Everybody's copies, and what is on its way.
#[derive(Default)]
pub struct World {
    pub clock: i64,
    pub copies: BTreeMap<String, String>,
    pub post: Vec<Post>,
    pub news: Vec<(String, String)>,
}

pub fn mailto(name: &str) -> String {
    format!("mailto:{name}@example.com")
}

pub fn is_me(name: &str) -> impl Fn(&str) -> bool {
    let me = mailto(name);
    move |address: &str| same(address, &me)
}

/// `20260601T080000Z`, when tests take place.
pub const NOW: i64 = 1_780_300_800;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW + seconds)
}

/// An object of these components, each its lines.
pub fn object(components: &[&str]) -> String {
    let mut out = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//EN\r\n".to_owned();
    for lines in components {
        let name = if lines.contains("TASK") { "VTODO" } else { "VEVENT" };
        out += &format!("BEGIN:{name}\r\nUID:u1\r\nDTSTAMP:20260101T000000Z\r\n");
        lines.lines().map(str::trim).for_each(|line| out += &format!("{line}\r\n"));
        out += &format!("END:{name}\r\n");
    }
    out + "END:VCALENDAR\r\n"
}

pub const PEOPLE: &str = "ORGANIZER:mailto:o@example.com
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:o@example.com
    ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:a@example.com
    ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:b@example.com";

/// One meeting of three people.
pub fn single() -> String {
    object(&[&format!("DTSTART:20260602T090000Z\nDTEND:20260602T100000Z\nSUMMARY:Plan\n{PEOPLE}")])
}

/// A daily meeting of three people.
pub fn series() -> String {
    object(&[&format!(
        "DTSTART:20260602T090000Z\nDTEND:20260602T100000Z\nRRULE:FREQ=DAILY;COUNT=5\n\
         SUMMARY:Plan\n{PEOPLE}"
    )])
}

/// Adds a component to an object.
pub fn plus(object: &str, lines: &str) -> String {
    let more = self::object(&[lines]);
    let from = more.find("BEGIN:VEVENT").unwrap();
    object.replace("END:VCALENDAR\r\n", &more[from..])
}

/// The logical lines of a text.
pub fn unfolded(text: &str) -> String {
    text.replace("\r\n ", "").replace("\r\n", "\n")
}

/// The line that begins so; all the text in the complaint when there is none.
pub fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}:\n{text}"))
}

/// What somebody's line says of him in the first component that names him.
pub fn partstat(text: &str, who: &str) -> String {
    let text = unfolded(text);
    let ending = format!(":{}", mailto(who));
    let line = text.lines().find(|l| l.starts_with("ATTENDEE") && l.ends_with(&ending));
    let line = line.unwrap_or_else(|| panic!("{who}:\n{text}"));
    line.split([';', ':']).find_map(|p| p.strip_prefix("PARTSTAT=")).unwrap_or("").to_owned()
}

pub fn organized(old: Option<&str>, new: Option<&str>) -> Change {
    let (old, new) = (old.map(str::as_bytes), new.map(str::as_bytes));
    organize(old, new, &is_me("o"), at(0)).unwrap()
}

/// `REQUEST to a: invited`, of each message; silent ones in brackets.
pub fn told(messages: &[Message]) -> Vec<String> {
    let show = |m: &Message| {
        let to = m.to.strip_prefix("mailto:").and_then(|to| to.split('@').next()).unwrap_or("?");
        let text = format!("{} to {to}: {}", m.method.name(), m.about);
        if m.silent { format!("({text})") } else { text }
    };
    messages.iter().map(show).collect()
}

impl World {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn copy(&self, who: &str) -> &str {
        self.copies.get(who).map_or("", |text| text)
    }

    /// Somebody's program stores a text.
    pub fn put(&mut self, who: &str, text: &str) -> Result<(), Violation> {
        let old = self.copies.get(who).cloned();
        let old = old.as_deref().map(str::as_bytes);
        let calendar = Calendar::parse(text.as_bytes()).unwrap();
        let me = is_me(who);
        let change = match role(&calendar, &me) {
            Role::Attendee => attend(old, Some(text.as_bytes()), &me, true, at(self.clock))?,
            _ => organize(old, Some(text.as_bytes()), &me, at(self.clock))?,
        };
        self.copies.insert(who.to_owned(), change.stored.unwrap_or_else(|| text.to_owned()));
        self.queue(change.messages);
        Ok(())
    }

    pub fn change(&mut self, who: &str, from: &str, to: &str) {
        let text = self.copy(who).replace(from, to);
        assert_ne!(text, self.copy(who), "{from}");
        self.put(who, &text).unwrap();
    }

    /// Somebody answers in all components.
    pub fn answer(&mut self, who: &str, partstat: &str) {
        let text = unfolded(self.copy(who)).replace('\n', "\r\n");
        let ending = format!(":{}", mailto(who));
        let set = |line: &str| {
            if line.starts_with("ATTENDEE") && line.ends_with(&ending) {
                let params = line.trim_end_matches(&ending).split(';').skip(1);
                let kept = params.filter(|p| !p.starts_with("PARTSTAT=")).map(|p| format!(";{p}"));
                let kept: String = kept.collect();
                format!("ATTENDEE;PARTSTAT={partstat}{kept}{ending}\r\n")
            } else {
                format!("{line}\r\n")
            }
        };
        let text: String = text.lines().map(set).collect();
        self.put(who, &text).unwrap();
    }

    pub fn delete(&mut self, who: &str, organizer: bool) {
        let Some(old) = self.copies.remove(who) else { return };
        let (me, now) = (is_me(who), at(self.clock));
        let change = match organizer {
            true => organize(Some(old.as_bytes()), None, &me, now),
            false => attend(Some(old.as_bytes()), None, &me, true, now),
        };
        self.queue(change.unwrap().messages);
    }

    fn queue(&mut self, messages: Vec<Message>) {
        for message in &messages {
            assert!(message.text.contains(&format!("METHOD:{}\r\n", message.method.name())));
            assert!(!message.text.contains("SCHEDULE-"), "{}", message.text);
            assert!(!message.text.contains("VALARM"), "{}", message.text);
        }
        let post = messages.into_iter().map(|message| Post { message });
        self.post.extend(post);
    }

    /// One message on its way arrives.
    pub fn deliver(&mut self, index: usize) -> Result<Received, Unusable> {
        let post = self.post.remove(index);
        self.arrive(&post)
    }

    pub fn arrive(&mut self, post: &Post) -> Result<Received, Unusable> {
        let to =
            post.message.to.trim_start_matches("mailto:").split('@').next().unwrap().to_owned();
        let stored = self.copies.get(&to).cloned();
        let stored = stored.as_deref().map(str::as_bytes);
        let text = post.message.text.as_bytes();
        let received = receive(text, stored, &is_me(&to), at(self.clock))?;
        if let Received::Store { text, news, others, about, .. } = &received {
            let calendar = Calendar::parse(text.as_bytes()).unwrap();
            check_resource(&calendar).unwrap_or_else(|fault| panic!("{fault}\n{text}"));
            self.copies.insert(to.clone(), text.clone());
            if *news {
                self.news.push((to.clone(), about.clone()));
            }
            if let Some(from) = others {
                let more = refresh(text.as_bytes(), from, &is_me(&to), at(self.clock));
                self.queue(more);
            }
        }
        Ok(received)
    }

    /// Everything arrives, in its order.
    pub fn settle(&mut self) {
        while !self.post.is_empty() {
            self.clock += 1;
            self.deliver(0).unwrap();
        }
    }
}
