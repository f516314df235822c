//! Notifications in the drafts' words (draft-pot-webdav-notifications, draft-pot-webdav-resource-sharing
//! §4.6): what is stored is in those of Apple's programs, and whoever asks for the drafts' media type
//! gets the same in the other namespace (draft-pot-webdav-notifications, appendix A).
//!
//! Invariant: both forms say the same; who names neither in `Accept` gets the stored octets.

use super::space::place_path;
use super::subject::text_of;
use crate::domain::collection::{Body, Home, Place};
use crate::format::uri::{decode_path, parse_reference};
use crate::format::xml::{Element, Name, Ns, Writer, parse};
use crate::protocol::http::header::accept::best;
use http::HeaderMap;

/// The media type of the drafts' form.
pub const MEDIA_TYPE: &str = "application/davnotification+xml";

/// What the tag of the drafts' form has more than that of the stored octets.
pub const MARK: &str = "-dav";

const CS: Ns = Ns::CalendarServer;

const fn dav(local: &'static str) -> Name {
    Name::known(Ns::Dav, local)
}

/// The kinds of notifications by their stored names, and the drafts' names of them.
static KINDS: [(&str, Name); 2] = [
    ("invite-notification", dav("share-invite-notification")),
    ("invite-reply", dav("share-reply-notification")),
];

/// The drafts' name of a kind.
pub fn named(stored: &Name) -> Option<Name> {
    let found = KINDS.iter().find(|(local, _)| stored.local() == *local);
    found.map(|(_, name)| name.clone())
}

/// A notification in the drafts' form, if the client likes that better than what is stored.
pub fn form(headers: &HeaderMap, content: &Body, place: Option<&Place>) -> Option<Vec<u8>> {
    let offers: [&[&str]; 2] = [&["application/xml", "text/xml"], &[MEDIA_TYPE]];
    match best(headers, &offers) {
        Some(1) => translate(&text_of(content)?, &place_path(place?)),
        _ => None,
    }
}

/// The drafts' form of a stored notification that is at a path.
fn translate(stored: &str, path: &str) -> Option<Vec<u8>> {
    const ROOT: Name = dav("notification");
    let root = parse(stored.as_bytes()).ok()?;
    let told = root.elements().find(|e| named(&e.name).is_some())?;
    let name = named(&told.name)?;
    let mut w = Writer::with_capacity(1024);
    w.document_start(&ROOT);
    w.element(&dav("dtstamp"), &text(root.child(&CS, "dtstamp")));
    w.open(&name);
    match name == dav("share-invite-notification") {
        true => invitation(told, path, &mut w),
        false => reply(told, &mut w),
    }
    w.close(&name);
    w.close(&ROOT);
    Some(w.out)
}

fn text(of: Option<&Element>) -> String {
    of.map(|e| e.text().trim().to_owned()).unwrap_or_default()
}

/// The `DAV:href` in a child, as it is written there.
fn href(of: Option<&Element>) -> String {
    text(of.and_then(|e| e.child("DAV:", "href")))
}

/// An href that is encoded already.
fn write_href(value: &str, w: &mut Writer) {
    w.element(&dav("href"), value);
}

/// `DAV:share-invite-notification` (§4.6.1).
fn invitation(told: &Element, path: &str, w: &mut Writer) {
    let has = |local: &str| told.child(&CS, local).is_some();
    let owner = told.child("DAV:", "principal").or(told.child(&CS, "organizer"));
    w.open(&dav("principal"));
    write_href(&href(owner), w);
    w.close(&dav("principal"));
    // Of what ended, the sharee had accepted; who declined has not answered what is new.
    let (ended, accepted) = (has("invite-deleted"), has("invite-accepted"));
    w.empty(&dav(if ended || accepted { "invite-accepted" } else { "invite-noresponse" }));
    let host = href(told.child(&CS, "hosturl"));
    w.open(&dav("sharer-resource-uri"));
    write_href(&host, w);
    w.close(&dav("sharer-resource-uri"));
    let access = told.child(&CS, "access");
    let writes = access.is_some_and(|it| it.child(&CS, "read-write").is_some());
    w.open(&dav("share-access"));
    w.empty(&dav(match (ended, writes) {
        (true, _) => "no-access",
        (false, true) => "read-write",
        (false, false) => "read",
    }));
    w.close(&dav("share-access"));
    w.open(&dav("prop"));
    let title = text(told.child(&CS, "summary"));
    if !title.is_empty() {
        w.element(&dav("displayname"), &title);
    }
    w.open(&dav("resourcetype"));
    w.empty(&dav("collection"));
    if let Some(kind) = kind_of(&host) {
        w.empty(&kind);
    }
    w.close(&dav("resourcetype"));
    w.close(&dav("prop"));
    if !ended && !accepted {
        w.open(&dav("reply-url"));
        w.href(path);
        w.close(&dav("reply-url"));
    }
}

/// What kind of collection is at an URL of ours.
fn kind_of(host: &str) -> Option<Name> {
    let path = parse_reference(host).and_then(|(_, path)| decode_path(path))?;
    let home = path.split('/').find_map(Home::from_segment)?;
    match home {
        Home::Calendars => Some(Name::known(Ns::CalDav, "calendar")),
        Home::Addressbooks => Some(Name::known(Ns::CardDav, "addressbook")),
        Home::Files | Home::Mail => None,
    }
}

/// `DAV:share-reply-notification` (§4.6.2).
fn reply(told: &Element, w: &mut Writer) {
    let declined = told.child(&CS, "invite-declined").is_some();
    w.open(&dav("sharee"));
    write_href(&text(told.child("DAV:", "href")), w);
    w.empty(&dav(if declined { "invite-declined" } else { "invite-accepted" }));
    w.close(&dav("sharee"));
    write_href(&href(told.child(&CS, "hosturl")), w);
}
