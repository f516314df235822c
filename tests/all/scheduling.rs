//! Implicit scheduling (RFC 6638) between calendars of one server, over real sockets.

mod attendee;
mod clauses;
mod crossing;
mod default;
mod departed;
mod elsewhere;
mod groups;
mod inbox;
mod itip;
mod model;
mod moves;
mod organizer;
mod race;
mod rights;
mod sent_by;

use crate::support::dav::{Answer, User, dialogues, document};
use davenport::domain::retention::Progress;
use davenport::domain::scheduling::deliver;
use davenport::kernel::clock;

/// Has everything delivered that waits.
pub async fn settle(user: &User) {
    // A message may bear the second after the one that it follows.
    settle_after(user, 2).await;
}

/// Has everything delivered that waits so many seconds from now.
async fn settle_after(user: &User, seconds: i64) {
    let store = user.server.store.clone();
    let steps = async move {
        for _ in 0..100 {
            if deliver::step(&store, clock::now().plus_seconds(seconds)).await.unwrap()
                == Progress::Done
            {
                return;
            }
        }
        panic!("deliveries do not come to an end");
    };
    user.server.on(steps).await;
}

/// A user's calendar user address.
pub fn at(user: &User) -> String {
    format!("mailto:{}", user.name)
}

/// An object with one event.
pub fn event(uid: &str, lines: &str) -> String {
    let lines = lines.trim().replace('\n', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

const SLOT: &str = "DTSTART:20270301T100000Z\nDTEND:20270301T110000Z";

/// A meeting in March 2027 that a user organizes.
fn meeting(uid: &str, organizer: &User, attendees: &[&User], more: &str) -> String {
    let mut lines = format!("{SLOT}\nSUMMARY:Plan\nORGANIZER:{}\n", at(organizer));
    lines += &format!("ATTENDEE;PARTSTAT=ACCEPTED:{}\n", at(organizer));
    for it in attendees {
        lines += &format!("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:{}\n", at(it));
    }
    event(uid, &format!("{lines}{more}"))
}

/// The calendar that invitations come into.
pub async fn default_calendar(user: &User) -> String {
    let inbox = user.path("calendars/inbox/");
    let it = user.propfind(&inbox, "0", "<C:schedule-default-calendar-URL/>").await;
    let href = it.only().prop("schedule-default-calendar-URL").elements().next().unwrap();
    href.text().trim().to_owned()
}

/// The objects of a collection with their texts, unfolded.
async fn texts(user: &User, of: &str) -> Vec<(String, String)> {
    let listing = user.propfind(of, "1", "<D:getetag/>").await;
    let mut found = Vec::new();
    for href in listing.hrefs().into_iter().filter(|href| !href.ends_with('/')) {
        found.push((href.to_owned(), text(&user.get(href).await)));
    }
    found
}

pub fn text(answer: &Answer) -> String {
    text_of(answer.text().as_bytes())
}

/// Octets as text, unfolded.
fn text_of(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).replace("\r\n ", "").replace("\r\n", "\n")
}

/// The only object in the default calendar.
pub async fn copy(user: &User) -> (String, String) {
    let mut all = texts(user, &default_calendar(user).await).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// The messages in the inbox.
pub async fn inbox(user: &User) -> Vec<String> {
    let all = texts(user, &user.path("calendars/inbox/")).await;
    all.into_iter().map(|(_, text)| text).collect()
}

/// The line of a property that ends in this value.
pub fn line<'t>(text: &'t str, name: &str, value: &str) -> &'t str {
    let found = text.lines().find(|line| line.starts_with(name) && line.ends_with(value));
    found.unwrap_or_else(|| panic!("no {name} with {value} in {text}"))
}

/// Stores an object in the user's default calendar; gives its path.
pub async fn store(user: &User, name: &str, body: &str) -> String {
    let path = format!("{}{name}", default_calendar(user).await);
    let answer = user.send("PUT", &path, &[], body).await;
    assert!(answer.status.is_success(), "{answer}");
    settle(user).await;
    path
}

/// Changes the PARTSTAT of a user's own copy.
async fn answer(user: &User, status: &str) -> Answer {
    let (path, body) = copy(user).await;
    let answer = user.send("PUT", &path, &[], answered(user, &body, status)).await;
    settle(user).await;
    answer
}

/// A copy with another PARTSTAT of its owner's.
fn answered(user: &User, body: &str, status: &str) -> String {
    let old = line(body, "ATTENDEE", &at(user)).to_owned();
    let new = old.replace("NEEDS-ACTION", status);
    body.replace(&old, &new).replace('\n', "\r\n")
}

fn ace(principal: &str, privileges: &str) -> String {
    let grant = format!("<D:grant>{privileges}</D:grant>");
    format!("<D:ace><D:principal>{principal}</D:principal>{grant}</D:ace>")
}

fn to(user: &User) -> String {
    format!("<D:href>{}</D:href>", user.principal())
}

async fn grant(user: &User, on: &str, aces: &str) {
    user.send("ACL", on, &[], document("D:acl", aces)).await.expect(200);
}
