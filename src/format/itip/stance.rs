//! How somebody stands in an object, so far as it matters to what a message makes of his copy.
//!
//! Invariant: two recipients of one message who have the same copy, and stand alike in both texts, get
//! the same new copy, octet for octet. Whoever has answered stands like nobody else, since his answer
//! is kept on a line of his own. Standard: RFC 6638 §4.1.

use super::IsMe;
use super::edit::is_in;
use super::person::Person;
use super::sheet::utf8;
use crate::format::ical::Calendar;

/// Parameters that say who somebody is and nothing else.
const NAMING: [&str; 5] = ["CN", "EMAIL", "DIR", "MEMBER", "LANGUAGE"];

/// The people of a text.
#[derive(Clone, Debug)]
pub struct Stances {
    /// The addresses of ORGANIZER.
    organizers: Vec<String>,
    /// Of each ATTENDEE the address, and how he stands; none: he has said something of his own.
    attendees: Vec<(String, Option<Stance>)>,
}

/// The component that somebody is invited to, counted, and the parameters of his line.
type Stance = (usize, Vec<String>);

impl Stances {
    /// Those of a text; none where it cannot be read.
    pub fn of(text: &[u8]) -> Option<Self> {
        let text = utf8(text)?;
        let calendar = Calendar::parse(text.as_bytes()).ok()?;
        let mut it = Self { organizers: Vec::new(), attendees: Vec::new() };
        for (at, component) in calendar.root().children().enumerate() {
            let organizers = component.all("ORGANIZER").map(|line| line.value().trim().to_owned());
            it.organizers.extend(organizers);
            for line in component.all("ATTENDEE") {
                let person = Person::new(line, &|_| false);
                let said = person.partstat() != "NEEDS-ACTION" || person.replied().is_some();
                let stance = (!said).then(|| {
                    let others = line.params().filter(|p| !is_in(p.name, &NAMING));
                    (at, others.map(|p| format!("{}={}", p.name, p.raw)).collect())
                });
                it.attendees.push((line.value().trim().to_owned(), stance));
            }
        }
        Some(it)
    }

    /// How somebody stands in all components; none where it matters who he is.
    pub fn stance(&self, is_me: IsMe<'_>) -> Option<Vec<Stance>> {
        if self.organizers.iter().any(|who| is_me(who)) {
            return None;
        }
        let mine = self.attendees.iter().filter(|(who, _)| is_me(who));
        mine.map(|(_, stance)| stance.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting(people: &str) -> Stances {
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:VEVENT\r\nUID:1\r\n\
             ORGANIZER:mailto:o@x\r\n{people}END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        Stances::of(text.as_bytes()).unwrap()
    }

    #[test]
    fn who_has_said_nothing_stands_like_others() {
        let it = meeting(
            "ATTENDEE;CN=A;RSVP=TRUE:mailto:a@x\r\nATTENDEE;RSVP=TRUE;CN=B:mailto:b@x\r\n\
             ATTENDEE;ROLE=OPT-PARTICIPANT:mailto:c@x\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:d@x\r\n",
        );
        let of = |who: &str| it.stance(&|address| address == format!("mailto:{who}@x"));
        assert!(of("a").is_some());
        assert_eq!(of("a"), of("b"));
        assert_ne!(of("a"), of("c"));
        assert_eq!((of("d"), of("o")), (None, None));
        assert_eq!(of("nobody"), Some(Vec::new()));
    }
}
