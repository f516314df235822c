//! Access control (RFC 3744) as clients see it: dialogues with a running server on both engines.

mod list;
mod delegates;
mod matrix;
mod objects;
mod principals;
mod properties;
mod public;
mod reports;
mod sharing;

use crate::support::dav::{Answer, User, document};
use davenport::domain::account::{self, NewAccount};
use davenport::domain::directory::{Kind, admin};
use davenport::format::xml::Element;
use davenport::kernel::clock;
use std::sync::atomic::{AtomicU32, Ordering};

/// An entry that grants; `who` is the content of `DAV:principal`.
fn grant(who: &str, privileges: &[&str]) -> String {
    let all: String =
        privileges.iter().map(|p| format!("<D:privilege><{p}/></D:privilege>")).collect();
    format!("<D:ace><D:principal>{who}</D:principal><D:grant>{all}</D:grant></D:ace>")
}

/// A user as the content of `DAV:principal`.
fn href(user: &User) -> String {
    format!("<D:href>{}</D:href>", user.principal())
}

/// Sends an access control list.
async fn acl(user: &User, target: &str, aces: &str) -> Answer {
    user.send("ACL", target, &[], document("D:acl", aces)).await
}

/// An entry as read: who, which privileges, and `own`, `protected` or where it is inherited from.
type Ace = (String, Vec<String>, String);

/// The entries of a `DAV:acl`.
fn aces(list: &Element) -> Vec<Ace> {
    let locals = |e: &Element| e.elements().map(|e| e.name.local().to_owned()).collect::<Vec<_>>();
    let one = |ace: &Element| {
        let principal = ace.child("DAV:", "principal").unwrap();
        let who = match principal.child("DAV:", "href") {
            Some(href) => href.text().into_owned(),
            None => locals(principal).join(" "),
        };
        let granted = ace.child("DAV:", "grant").unwrap();
        let privileges = granted.elements().flat_map(locals).collect();
        let inherited = ace.child("DAV:", "inherited").and_then(|e| e.child("DAV:", "href"));
        let origin = match (inherited, ace.child("DAV:", "protected")) {
            (Some(from), _) => from.text().into_owned(),
            (None, Some(_)) => "protected".into(),
            (None, None) => "own".into(),
        };
        (who, privileges, origin)
    };
    list.elements().filter(|e| e.is("DAV:", "ace")).map(one).collect()
}

/// The entries of a resource's `DAV:acl`, as its owner reads them.
async fn read(user: &User, target: &str) -> Vec<Ace> {
    aces(user.propfind(target, "0", "<D:acl/>").await.only().prop("acl"))
}

/// An entry, to compare with.
fn entry(who: &str, privileges: &[&str], origin: &str) -> Ace {
    (who.to_owned(), privileges.iter().map(|p| (*p).to_owned()).collect(), origin.to_owned())
}

/// A fresh account that nobody signs in to; gives its name.
async fn account(of: &User, kind: Kind) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let name = format!("x{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (store, made) = (of.server.store.clone(), name.clone());
    of.server
        .on(async move {
            let new = NewAccount::of(kind, made);
            account::create(&store, new, clock::now()).await.unwrap();
        })
        .await;
    name
}

/// A fresh group with these members; gives its name.
async fn group(members: &[&User]) -> String {
    let name = account(members[0], Kind::Group).await;
    change_members(members[0], &name, members.iter().map(|m| m.name.clone()).collect(), vec![])
        .await;
    name
}

async fn change_members(of: &User, group: &str, add: Vec<String>, remove: Vec<String>) {
    let (store, group) = (of.server.store.clone(), group.to_owned());
    of.server
        .on(async move { admin::change_members(&store, &group, add, remove).await.unwrap() })
        .await;
}

/// An administrator.
async fn administrator(of: &User) -> User {
    of.server.account(|new| new.administrator = true).await
}

/// The path of a group's principal.
fn group_path(name: &str) -> String {
    format!("/dav/principals/groups/{name}/")
}

/// An event.
fn event(uid: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\nDTSTART:20260101T100000Z\r\nSUMMARY:{uid}\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n"
    )
}
