//! CalDAV (RFC 4791): what is stored, what is refused, and how clients find and read it.

mod data;
mod discovery;
mod exception;
mod extensions;
mod filter;
mod free_busy;
mod jcal;
mod link;
mod limits;
mod object;
mod properties;
mod query;
mod xcal;
mod zones;
mod recurrence;

use crate::support::dav::{Answer, Multistatus, User, dialogues, document};

/// The calendar that takes events, of those that every account begins with.
async fn first_calendar(user: &User) -> String {
    let home = user.path("calendars/");
    let props = "<D:resourcetype/><C:supported-calendar-component-set/>";
    let all = user.propfind(&home, "1", props).await;
    let takes_events =
        |it: &&crate::support::dav::Response| components(it).contains(&"VEVENT".to_owned());
    calendars(&all).find(takes_events).unwrap().href.clone()
}

/// Those of a listing that are calendars, and not the home, the inbox or the outbox.
fn calendars(listing: &Multistatus) -> impl Iterator<Item = &crate::support::dav::Response> {
    let is_calendar = |it: &&crate::support::dav::Response| {
        it.prop("resourcetype").elements().any(|e| e.name.local() == "calendar")
    };
    listing.responses.iter().filter(is_calendar)
}

fn components(it: &crate::support::dav::Response) -> Vec<String> {
    let set = it.prop("supported-calendar-component-set");
    set.elements().map(|e| e.attribute("name").unwrap().to_owned()).collect()
}

/// A fresh calendar for every component.
async fn calendar(user: &User) -> String {
    user.send("MKCALENDAR", "calendars/all/", &[], "").await.expect(201);
    user.path("calendars/all/")
}

/// A calendar object of one component.
fn one(component: &str, lines: &str) -> String {
    let lines = lines.replace('\n', "\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:{component}\r\n\
         DTSTAMP:20260101T000000Z\r\n{lines}\r\nEND:{component}\r\nEND:VCALENDAR\r\n"
    )
}

fn event(uid: &str, lines: &str) -> String {
    one("VEVENT", &format!("UID:{uid}\n{lines}"))
}

async fn multiget(user: &User, at: &str, headers: &[(&str, &str)], hrefs: &[&str]) -> Multistatus {
    let hrefs: String = hrefs.iter().map(|h| format!("<D:href>{h}</D:href>")).collect();
    let prop = "<D:prop><D:getetag/><C:calendar-data/></D:prop>";
    let body = document("C:calendar-multiget", &format!("{prop}{hrefs}"));
    user.send("REPORT", at, headers, body).await.expect(207).multistatus()
}

async fn put(user: &User, href: &str, text: &str) -> Answer {
    user.send("PUT", href, &[("Content-Type", "text/calendar; charset=utf-8")], text).await
}
