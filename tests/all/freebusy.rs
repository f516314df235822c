//! Free/busy of people (RFC 6638 §5, RFC 7953, CC/S 0903): what is told, to whom, in which form; and
//! the times that suit several.

mod availability;
mod find_time;
mod outbox;
mod read_url;
mod rights;

use crate::support::dav::{Answer, User, dialogues, document};
use davenport::domain::account::{self, NewAccount, Ties};
use davenport::domain::directory::Kind;
use davenport::format::xml::Element;
use davenport::kernel::clock;

const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";

/// Somebody with an address.
async fn person(of: &User) -> (User, String) {
    let mut address = String::new();
    let user = of.server.account(|new| {
        address = format!("{}.mail@localhost", new.name);
        new.addresses.push(address.clone());
    });
    (user.await, address)
}

/// A principal that nobody signs in as, with members if it is a group.
async fn principal(of: &User, kind: Kind, name: &str, members: &[&str]) {
    let (store, new) = (of.server.store.clone(), NewAccount::of(kind, name));
    let members = members.iter().map(|name| (*name).to_owned()).collect();
    let ties = Ties { members, ..Ties::default() };
    let made =
        of.server.on(async move { account::create_tied(&store, new, ties, clock::now()).await });
    made.await.unwrap();
}

fn component(name: &str, uid: &str, lines: &str) -> String {
    let lines = lines.replace('\n', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nBEGIN:{name}\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\n{lines}\r\nEND:{name}\r\nEND:VCALENDAR\r\n"
    )
}

/// Makes a calendar that takes everything; gives its path.
async fn calendar(user: &User, name: &str) -> String {
    let path = user.path(&format!("calendars/{name}/"));
    user.send("MKCALENDAR", &path, &[], "").await.expect(201);
    path
}

/// Puts an event into a calendar.
async fn event(user: &User, calendar: &str, uid: &str, lines: &str) {
    user.put(&format!("{calendar}{uid}.ics"), component("VEVENT", uid, lines)).await;
}

/// An hour on the day of June 2026 that every test asks about.
fn at(hour: u8) -> String {
    format!("DTSTART:20260602T{hour:02}0000Z\nDURATION:PT1H")
}

/// A request about the second of June 2026.
fn request(organizer: &str, attendees: &[&str], more: &str) -> String {
    let attendees: String = attendees.iter().map(|it| format!("ATTENDEE:{it}\r\n")).collect();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:t\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\n\
         UID:4FD3AD926350\r\nDTSTAMP:20260601T190420Z\r\nDTSTART:20260602T000000Z\r\n\
         DTEND:20260603T000000Z\r\nORGANIZER:{organizer}\r\n{attendees}{more}END:VFREEBUSY\r\n\
         END:VCALENDAR\r\n"
    )
}

const TEXT: [(&str, &str); 1] = [("Content-Type", "text/calendar; charset=utf-8")];

/// Asks through one's outbox.
async fn ask(user: &User, attendees: &[&str], more: &str) -> Answer {
    let body = request(&format!("mailto:{}", user.name), attendees, more);
    user.send("POST", "calendars/outbox/", &TEXT, body).await
}

/// Of each recipient the status and the values of FREEBUSY, with `20260602T` and `Z` left out.
#[track_caller]
fn told(answer: &Answer) -> Vec<(String, String, Vec<String>)> {
    assert_eq!(answer.status, 200, "{answer}");
    let root = answer.xml();
    assert!(root.is(CALDAV, "schedule-response"), "{answer}");
    let text = |it: &Element, name: &str| it.child(CALDAV, name).map(|e| e.text().into_owned());
    let row = |it: &Element| {
        let recipient = it.child(CALDAV, "recipient").unwrap().child("DAV:", "href").unwrap();
        let data = text(it, "calendar-data").unwrap_or_default();
        (recipient.text().into_owned(), text(it, "request-status").unwrap(), periods(&data))
    };
    root.elements().map(row).collect()
}

/// The values of FREEBUSY in short.
fn periods(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("FREEBUSY;FBTYPE="));
    let hours = |line: &str| line.replace("20260602T", "").replace("0000Z", "");
    lines.map(hours).collect()
}

/// What one is told of one other.
#[track_caller]
fn of_one(answer: &Answer) -> (String, Vec<String>) {
    let mut all = told(answer);
    assert_eq!(all.len(), 1, "{answer}");
    let (_, status, periods) = all.remove(0);
    (status, periods)
}

const SUCCESS: &str = "2.0;Success";
const DENIED: &str = "3.8;No authority";
