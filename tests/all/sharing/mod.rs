//! Sharing as its owner, those with whom something is shared, and strangers see it: dialogues with a
//! running server on both engines.

mod answer;
mod flow;
mod group;
mod home;
mod many;
mod mount;
mod notice;
mod personal;
mod webdav;

use crate::support::dav::{Answer, Multistatus, User, document};
use std::time::{Duration, Instant};

/// A request of `CS:share`: for each address a level, or none to take it back.
pub async fn share(owner: &User, calendar: &str, all: &[(&str, Option<&str>)]) -> Answer {
    let one = |(href, level): &(&str, Option<&str>)| match level {
        Some(level) => format!("<S:set><D:href>{href}</D:href><S:{level}/></S:set>"),
        None => format!("<S:remove><D:href>{href}</D:href></S:remove>"),
    };
    let content: String = all.iter().map(one).collect();
    post(owner, calendar, &document("S:share", &content)).await
}

async fn post(user: &User, target: &str, body: &str) -> Answer {
    user.send("POST", target, &[("Content-Type", "text/xml")], body).await
}

/// A reply to what is shared at a URL.
async fn reply(user: &User, word: &str, hosturl: &str) -> Answer {
    let content = format!(
        "<D:href>mailto:{}</D:href><S:{word}/><S:hosturl><D:href>{hosturl}</D:href></S:hosturl>\
         <S:in-reply-to>x</S:in-reply-to>",
        user.name
    );
    post(user, "calendars/", &document("S:invite-reply", &content)).await
}

/// The paths of what others share in somebody's home.
async fn mounts_in(user: &User, home: &str) -> Vec<String> {
    let all = user.propfind(home, "1", "<D:resourcetype/>").await;
    let shared = all.responses.iter().filter(|r| {
        r.status_of("resourcetype") == Some(200)
            && r.prop("resourcetype").elements().any(|e| e.name.local() == "shared")
    });
    shared.map(|r| r.href.clone()).collect()
}

/// The mounts in somebody's calendar home, once there are so many of them: they follow in a moment, on a
/// machine that runs all tests at once in a longer one.
async fn mounts(user: &User, count: usize) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let found = mounts_in(user, "calendars/").await;
        if found.len() == count {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{count} wanted: {found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The one mount in somebody's calendar home.
pub async fn mounted(user: &User) -> String {
    mounts(user, 1).await.remove(0)
}

/// Nothing is at a path of a mount any more, though its name may take a moment to go.
async fn gone(user: &User, path: &str) {
    user.get(path).await.expect(404);
}

/// What changed at a place since a token, at most so many.
async fn sync(user: &User, at: &str, token: &str, most: Option<usize>) -> Multistatus {
    let limit = most.map(|n| format!("<D:limit><D:nresults>{n}</D:nresults></D:limit>"));
    let content = format!(
        "<D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level>{}\
         <D:prop><D:getetag/><S:getctag/></D:prop>",
        limit.unwrap_or_default()
    );
    user.report(at, "1", "D:sync-collection", &content).await.expect(207).multistatus()
}

/// The children of an element by their local names.
fn locals(element: &davenport::format::xml::Element) -> Vec<String> {
    element.elements().map(|e| e.name.local().to_owned()).collect()
}

/// Those with whom a calendar is shared: address, status, access.
async fn invited(owner: &User, calendar: &str) -> Vec<(String, String, String)> {
    let found = owner.propfind(calendar, "0", "<S:invite/>").await;
    if found.only().status_of("invite") != Some(200) {
        return Vec::new();
    }
    let invite = found.only().prop("invite");
    let users = invite.elements().filter(|e| e.name.local() == "user");
    let told = users.map(|user| {
        let href = user.child("DAV:", "href").unwrap().text().into_owned();
        let access = user.elements().find(|e| e.name.local() == "access").unwrap();
        let status = user.elements().find(|e| e.name.local().starts_with("invite-")).unwrap();
        (href, status.name.local().to_owned(), locals(access).remove(0))
    });
    told.collect()
}

fn invitee(of: &User, status: &str, access: &str) -> (String, String, String) {
    (format!("mailto:{}@localhost", of.name), status.to_owned(), access.to_owned())
}

/// An event.
fn event(uid: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T100000Z\r\nDTEND:20260101T110000Z\r\n\
         SUMMARY:{uid}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}
