//! Sharing on the wire, in the words of Apple's programs (caldav-sharing, calendarserver.org) and of
//! draft-pot-webdav-resource-sharing: one grant, shown in both.
//!
//! Invariant: what stands here shows and changes the grants that RFC 3744 shows too; nothing is kept for
//! one dialect alone.

use super::answer::{XML, empty, full, multistatus, set};
use super::context::Ask;
use super::extension::{Action, Extension};
use super::guard;
use super::name::names;
use super::notification;
use super::property::Listing::Named;
use super::property::{Need, Shown, row, show_kept};
use super::space::{Target, home_path, place_path, principal_path, target};
use super::subject::{On, Subject};
use crate::domain::collection::mount::{DECLINED, MOUNTED, Sharee};
use crate::domain::collection::scheduling::NOTIFICATIONS;
use crate::domain::collection::{Home, Place};
use crate::domain::directory::Kind;
use crate::domain::sharing::Level;
use crate::domain::sharing::invite::{self, Change, Whom};
use crate::format::uri::{decode_path, encoded, parse_reference};
use crate::format::xml::{Element, Name, Ns, Writer, parse};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::kernel::privilege::Privilege;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::content_type;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{Response, StatusCode};
use std::sync::Arc;

names! {
    INVITE = CalendarServer "invite",
    USER = CalendarServer "user",
    ORGANIZER = CalendarServer "organizer",
    COMMON_NAME = CalendarServer "common-name",
    ACCESS = CalendarServer "access",
    SUMMARY = CalendarServer "summary",
    SHARED_URL = CalendarServer "shared-url",
    SHARED_AS = CalendarServer "shared-as",
    SHARE = CalendarServer "share",
    INVITE_REPLY = CalendarServer "invite-reply",
    NOTIFICATION_URL = CalendarServer "notification-URL",
    NOTIFICATION_TYPE = CalendarServer "notificationtype",
    DAV_NOTIFICATION_URL = Dav "notification-URL",
    DAV_NOTIFICATION_TYPE = Dav "notificationtype",
    DAV_PRINCIPAL = Dav "principal",
    DAV_INVITE_REPLY = Dav "invite-reply",
    SHARE_ACCESS = Dav "share-access",
    DAV_INVITE = Dav "invite",
    SHARE_RESOURCE_URI = Dav "share-resource-uri",
    SHARER_RESOURCE_URI = Dav "sharer-resource-uri",
    SHARE_RESOURCE = Dav "share-resource",
    SHAREE = Dav "sharee",
    DISPLAY_NAME = Dav "displayname",
}

/// What can be shared.
pub const SHARED: On = On::CALENDAR.or(On::ADDRESSBOOK);

/// What sharing brings.
pub static SHARING: Extension = Extension {
    features: &["calendarserver-sharing", "resource-sharing"],
    properties: &[
        row(INVITE, SHARED, Named, Need::SHAREES, cs_invite),
        row(SHARED_URL, SHARED, Named, Need::NONE, shared_url),
        row(SHARE_ACCESS, SHARED, Named, Need::NONE, share_access),
        row(DAV_INVITE, SHARED, Named, Need::SHAREES, dav_invite),
        row(SHARE_RESOURCE_URI, SHARED, Named, Need::NONE, |subject, _, w| {
            sharers_place(subject, &SHARE_RESOURCE_URI, w)
        }),
        row(NOTIFICATION_URL, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
            notification_url(subject, &NOTIFICATION_URL, w)
        }),
        row(DAV_NOTIFICATION_URL, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
            notification_url(subject, &DAV_NOTIFICATION_URL, w)
        }),
        row(NOTIFICATION_TYPE, On::NOTIFICATION, Named, Need::STORED, show_kept),
        row(DAV_NOTIFICATION_TYPE, On::NOTIFICATION, Named, Need::STORED, dav_notification_type),
        // The name in the draft's notifications, by which some clients look for the property.
        row(SHARER_RESOURCE_URI, SHARED, Named, Need::NONE, |subject, _, w| {
            sharers_place(subject, &SHARER_RESOURCE_URI, w)
        }),
    ],
    methods: &[],
    reports: &[],
    actions: &[
        Action { name: SHARE, on: SHARED, run: |ask, root| Box::pin(share(ask, root)) },
        Action {
            name: SHARE_RESOURCE,
            on: SHARED,
            run: |ask, root| Box::pin(share_resource(ask, root)),
        },
        Action {
            name: INVITE_REPLY,
            on: On::CALENDAR_HOME.or(On::ADDRESSBOOK_HOME),
            run: |ask, root| Box::pin(invite_reply(ask, root)),
        },
        Action {
            name: DAV_INVITE_REPLY,
            on: On::NOTIFICATION,
            run: |ask, root| Box::pin(dav_invite_reply(ask, root)),
        },
    ],
};

/// The elements in `DAV:resourcetype` that say that a collection is shared (caldav-sharing §5.2.1).
pub fn resource_type(subject: &Subject<'_>, w: &mut Writer) {
    let Some(it) = subject.collection().filter(|_| SHARED.has(subject.class())) else { return };
    match subject.place.is_some_and(|place| place.mount.is_some()) {
        true => w.raw(b"<S:shared/>"),
        false if it.shared && subject.rights.has(Privilege::WriteAcl) => {
            w.raw(b"<S:shared-owner/>");
        }
        false => {}
    }
}

const CS: Ns = Ns::CalendarServer;

/// A sharee as both dialects tell of him.
struct Told<'a> {
    /// Decoded path of his principal, or his address as a URI.
    href: Href<'a>,
    name: &'a str,
    status: &'static str,
    level: Level,
    summary: &'a str,
}

enum Href<'a> {
    Path(String),
    Mail(&'a str),
}

impl Href<'_> {
    fn write(&self, w: &mut Writer) {
        match self {
            Self::Path(path) => w.href(path),
            Self::Mail(address) => {
                w.raw(b"<D:href>mailto:");
                w.text(address);
                w.raw(b"</D:href>");
            }
        }
    }
}

/// A group is its members, who have accepted by being in it.
fn status(it: &Sharee) -> &'static str {
    match it.state {
        MOUNTED => "invite-accepted",
        DECLINED => "invite-declined",
        _ if it.kind == Kind::Group.number() => "invite-accepted",
        _ => "invite-noresponse",
    }
}

fn of_sharee(it: &Sharee) -> Option<Told<'_>> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.number() == it.kind)?;
    let href = match it.address.as_str() {
        "" => Href::Path(principal_path(kind, &it.name)),
        address => Href::Mail(address),
    };
    let (name, summary) = (it.display_name.as_str(), it.summary.as_str());
    Some(Told { href, name, status: status(it), level: Level::of(it.privileges)?, summary })
}

/// Those with whom a collection is shared, as far as the asker may know: who may not read its access
/// control list learns of himself alone.
fn sharees<'s>(subject: &'s Subject<'_>) -> Vec<Told<'s>> {
    let Some(it) = subject.collection() else { return Vec::new() };
    let sharing = &subject.around.sharing;
    let all = subject.rights.has(Privilege::ReadAcl);
    let me = subject.place.and_then(|place| place.mount.as_ref()).map(|mount| mount.account);
    let me = me.unwrap_or(subject.ask.access.who.id);
    let here = sharing.sharees.iter().filter(|sharee| sharee.path == it.path);
    let mut told: Vec<_> =
        here.filter(|sharee| all || sharee.id == me).filter_map(of_sharee).collect();
    let strangers = sharing.strangers.iter().filter(|(path, _)| all && *path == it.path);
    told.extend(strangers.filter_map(|(_, invitation)| {
        Some(Told {
            href: Href::Mail(&invitation.address),
            name: &invitation.common_name,
            status: "invite-invalid",
            level: Level::of(invitation.privileges)?,
            summary: &invitation.summary,
        })
    }));
    told
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Busy | Level::Read => "read",
        Level::ReadWrite | Level::Manage => "read-write",
    }
}

/// An empty element of a namespace that the document declares.
fn empty_of(ns: &str, local: &str, w: &mut Writer) {
    w.raw(format!("<{ns}:{local}/>").as_bytes());
}

fn is_shared(subject: &Subject<'_>) -> bool {
    let mounted = subject.place.is_some_and(|place| place.mount.is_some());
    mounted || subject.collection().is_some_and(|it| it.shared)
}

/// `CS:invite` (caldav-sharing §5.2.2).
fn cs_invite(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    if !is_shared(subject) {
        return Shown::No;
    }
    w.open(&INVITE);
    if let Some(place) = subject.place.filter(|place| place.mount.is_some()) {
        write_organizer(subject, place, w);
    }
    for told in sharees(subject) {
        w.open(&USER);
        told.href.write(w);
        if !told.name.is_empty() {
            w.element(&COMMON_NAME, told.name);
        }
        empty_of("S", told.status, w);
        w.open(&ACCESS);
        empty_of("S", word(told.level), w);
        w.close(&ACCESS);
        if !told.summary.is_empty() {
            w.element(&SUMMARY, told.summary);
        }
        w.close(&USER);
    }
    w.close(&INVITE);
    Shown::Yes
}

fn write_organizer(subject: &Subject<'_>, place: &Place, w: &mut Writer) {
    let (name, address) = &subject.around.sharing.owner;
    w.open(&ORGANIZER);
    match address {
        Some(address) => Href::Mail(address).write(w),
        None => w.href(&subject.ask.owner_path(place)),
    }
    if !name.is_empty() {
        w.element(&COMMON_NAME, name);
    }
    w.close(&ORGANIZER);
}

/// `DAV:invite` (draft-pot §4.4.2).
fn dav_invite(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    if !is_shared(subject) {
        return Shown::No;
    }
    w.open(&DAV_INVITE);
    if let Some(place) = subject.place.filter(|place| place.mount.is_some()) {
        w.open(&DAV_PRINCIPAL);
        w.href(&subject.ask.owner_path(place));
        w.close(&DAV_PRINCIPAL);
    }
    for told in sharees(subject) {
        w.open(&SHAREE);
        told.href.write(w);
        empty_of("D", told.status, w);
        w.open(&SHARE_ACCESS);
        empty_of("D", word(told.level), w);
        w.close(&SHARE_ACCESS);
        if !told.name.is_empty() {
            w.raw(b"<D:prop>");
            w.element(&DISPLAY_NAME, told.name);
            w.raw(b"</D:prop>");
        }
        w.close(&SHAREE);
    }
    w.close(&DAV_INVITE);
    Shown::Yes
}

/// `DAV:share-access` (draft-pot §4.4.1): of the instance, whoever looks at it (§4.8.2).
fn share_access(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.collection() else { return Shown::No };
    let access = match subject.place.is_some_and(|place| place.mount.is_some()) {
        true => Level::of(subject.rights).map_or("read", word),
        false if it.shared => "shared-owner",
        false => "not-shared",
    };
    w.open(&SHARE_ACCESS);
    empty_of("D", access, w);
    w.close(&SHARE_ACCESS);
    Shown::Yes
}

/// The owner's URL of a shared collection.
fn sharers_place(subject: &Subject<'_>, name: &Name, w: &mut Writer) -> Shown {
    let (Some(place), Some(it)) = (subject.place, subject.collection()) else { return Shown::No };
    if !is_shared(subject) {
        return Shown::No;
    }
    w.open(name);
    w.href(&place_path(&Place { mount: None, ..place.at(&it.path, true) }));
    w.close(name);
    Shown::Yes
}

/// `CS:shared-url` (caldav-sharing §5.2.4).
fn shared_url(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    match subject.place.is_some_and(|place| place.mount.is_some()) {
        true => sharers_place(subject, &SHARED_URL, w),
        false => Shown::No,
    }
}

/// `CS:notification-URL` (caldav-notifications §4.1.1) and `DAV:notification-URL` (draft-pot-webdav-
/// notifications §4.2.1): one collection for both. A group has none: it is its members.
fn notification_url(subject: &Subject<'_>, name: &Name, w: &mut Writer) -> Shown {
    let it = subject.principal().filter(|it| Kind::of(&it.principal) != Kind::Group);
    let Some(it) = it else { return Shown::No };
    let below = NOTIFICATIONS.strip_prefix(Home::Calendars.segment()).unwrap_or_default();
    let below = below.trim_start_matches('/');
    w.open(name);
    w.href(&format!("{}{below}/", home_path(Home::Calendars, &it.principal.name)));
    w.close(name);
    Shown::Yes
}

/// `DAV:notificationtype` (draft-pot-webdav-notifications §4.3.1).
fn dav_notification_type(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let kept = subject.value(CS.uri(), NOTIFICATION_TYPE.local());
    let kept = kept.and_then(|text| parse(text.as_bytes()).ok());
    let told =
        kept.as_ref().and_then(|it| it.elements().find_map(|e| notification::named(&e.name)));
    let Some(told) = told else { return Shown::No };
    w.open(&DAV_NOTIFICATION_TYPE);
    w.empty(&told);
    w.close(&DAV_NOTIFICATION_TYPE);
    Shown::Yes
}

fn text(element: Option<&Element>) -> String {
    element.map(|e| e.text().trim().to_owned()).unwrap_or_default()
}

/// Who an href means: a principal of this server by its path or URL, or an address.
fn whom(href: &str) -> Whom {
    let path = parse_reference(href).and_then(|(_, path)| decode_path(path));
    if let Some(Target::Principal(kind, name)) = path.as_deref().map(target) {
        return Whom::Principal(kind, name);
    }
    let address = href.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let address = address.and_then(|_| href.get(7..)).unwrap_or(href);
    let address = address.split('?').next().unwrap_or(address);
    Whom::Address(decode_path(address).unwrap_or_else(|| address.to_owned()))
}

/// `CS:share` (caldav-sharing §5.3.2). Of addresses that are nobody's here a multistatus tells, as
/// Apple's server does.
async fn share(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let (mut changes, mut hrefs) = (Vec::new(), Vec::new());
    for element in root.elements() {
        let wants = element.child(&CS, "read-write").map(|_| Level::ReadWrite);
        let wants = wants.or_else(|| element.child(&CS, "read").map(|_| Level::Read));
        let level = match (element.is(&CS, "set"), element.is(&CS, "remove"), wants) {
            (true, _, Some(level)) => Some(level),
            (true, ..) => return Err(Fault::malformed("a set gives read or read-write")),
            (_, true, _) => None,
            _ => continue,
        };
        let href = text(element.child("DAV:", "href"));
        changes.push(Change {
            whom: whom(&href),
            level,
            common_name: text(element.child(&CS, "common-name")),
            summary: text(element.child(&CS, "summary")),
        });
        hrefs.push(href);
    }
    let guard = guard::of(&ask).await?;
    let known = invite::share(&ask.access, ask.need_place()?, changes, guard).await?;
    let mut response = match known.contains(&false) {
        false => empty(StatusCode::OK),
        true => multistatus(|w| {
            for (href, known) in hrefs.iter().zip(&known) {
                // As it was written: most are no paths.
                w.raw(b"<D:response><D:href>");
                w.text(href);
                w.raw(b"</D:href><D:status>HTTP/1.1 ");
                w.raw(if *known { b"200 OK" } else { b"403 Forbidden" });
                w.raw(b"</D:status></D:response>");
            }
        }),
    };
    set(&mut response, CACHE_CONTROL, "no-cache");
    Ok(response)
}

/// `DAV:share-resource` (draft-pot §4.3).
async fn share_resource(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    typed(&ask)?;
    let mut changes = Vec::new();
    for element in root.elements().filter(|e| e.is("DAV:", "sharee")) {
        let Some(access) = element.child("DAV:", "share-access") else {
            return Err(Fault::malformed("a sharee has a share-access"));
        };
        let has = |name: &str| access.child("DAV:", name).is_some();
        let level = match (has("read-write"), has("read"), has("no-access")) {
            (true, ..) => Some(Level::ReadWrite),
            (_, true, _) => Some(Level::Read),
            (_, _, true) => None,
            _ => return Err(Fault::malformed("share-access is read, read-write or no-access")),
        };
        let prop = element.child("DAV:", "prop");
        changes.push(Change {
            whom: whom(&text(element.child("DAV:", "href"))),
            level,
            common_name: text(prop.and_then(|prop| prop.child("DAV:", "displayname"))),
            summary: text(element.child("DAV:", "comment")),
        });
    }
    let guard = guard::of(&ask).await?;
    invite::share(&ask.access, ask.need_place()?, changes, guard).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// The draft has a media type of its own, and refuses others (draft-pot §4.3, §4.7.1).
fn typed(ask: &Ask) -> Outcome<()> {
    let declared = content_type::parse(&ask.headers).ok().flatten();
    match declared.is_some_and(|t| t.is("application/davsharing+xml")) {
        true => Ok(()),
        false => Err(Refusal::UnexpectedBody.into()),
    }
}

/// `DAV:invite-reply`, sent to the notification (draft-pot §4.7.1).
async fn dav_invite_reply(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    typed(&ask)?;
    let has = |name: &str| root.child("DAV:", name).is_some();
    let within = match (has("invite-accepted"), has("invite-declined")) {
        (true, false) => {
            let href = root.child("DAV:", "create-in").and_then(|e| e.child("DAV:", "href"));
            let path = parse_reference(&text(href)).and_then(|(_, path)| decode_path(path));
            let path = path.ok_or_else(|| Fault::malformed("create-in names a home"))?;
            Some(ask.place_of(&path).await?)
        }
        (false, true) => None,
        _ => return Err(Fault::malformed("a reply accepts or declines")),
    };
    let title = Some(text(root.child("DAV:", "slug")));
    let shows = invite::answer(&ask.access, ask.need_place()?, within, title).await?;
    let Some(place) = shows else { return Ok(empty(StatusCode::NO_CONTENT)) };
    let mut response = empty(StatusCode::CREATED);
    set(&mut response, LOCATION, &encoded(&place_path(&place)));
    Ok(response)
}

/// `CS:invite-reply` (caldav-sharing §5.4.1).
async fn invite_reply(ask: Arc<Ask>, root: Element) -> Outcome<Response<Body>> {
    let accepts = match (root.child(&CS, "invite-accepted"), root.child(&CS, "invite-declined")) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        _ => return Err(Fault::malformed("a reply accepts or declines")),
    };
    let href = root.child(&CS, "hosturl").and_then(|url| url.child("DAV:", "href"));
    let href = text(href);
    let path = parse_reference(&href).and_then(|(_, path)| decode_path(path));
    let path = path.ok_or_else(|| Fault::malformed("hosturl names the shared collection"))?;
    let of = ask.place_of(&path).await?;
    let title = Some(text(root.child(&CS, "summary")));
    match invite::reply(&ask.access, ask.need_place()?, &of, accepts, title).await? {
        Some(place) => {
            let mut w = Writer::with_capacity(512);
            w.document_start(&SHARED_AS);
            w.href(&place_path(&place));
            w.close(&SHARED_AS);
            Ok(full(StatusCode::OK, XML, w.out))
        }
        None => Ok(empty(StatusCode::OK)),
    }
}
