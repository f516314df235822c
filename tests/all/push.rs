//! WebDAV-Push (draft-bitfire-webdav-push-00): who registers for a collection is told of its changes by
//! a push service, encrypted, and nobody else is.

mod deliver;
mod mounts;
mod process;
mod register;

use crate::support::dav::User;
use crate::support::push::{Message, NS};

/// Everything that there is to be told of.
const ALL: &str = "<trigger><content-update><D:depth>infinity</D:depth></content-update>\
    <property-update><D:depth>0</D:depth></property-update></trigger>";
/// Changes of members only.
const CONTENT: &str = "<trigger><content-update><D:depth>1</D:depth></content-update></trigger>";

/// A calendar; gives its path.
async fn calendar(user: &User) -> String {
    user.send("MKCALENDAR", "calendars/c/", &[], "").await.expect(201);
    "calendars/c/".to_owned()
}

/// A collection's topic and sync token.
async fn state(user: &User, path: &str) -> (String, String) {
    let found = user.propfind(path, "0", &format!("<topic xmlns=\"{NS}\"/><D:sync-token/>")).await;
    (found.only().text("topic"), found.only().text("sync-token"))
}

/// What is said of a collection whose content has changed.
async fn changed(user: &User, path: &str) -> Message {
    let (topic, token) = state(user, path).await;
    Message { topic, content: Some(Some(token)), properties: false }
}
