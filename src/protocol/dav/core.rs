//! The live properties of WebDAV itself (RFC 4918 §15), of sync (RFC 6578 §4), quota (RFC 4331),
//! POST (RFC 5995) and the collection tag that clients know as `CS:getctag`.

use super::extension::{Action, Extension};
use super::method::bulk::{self, BULK_REQUESTS};
use super::name::names;
use super::property::Listing::{Always, Named};
use super::property::{Need, Setting, Shown, row, settable, show_kept, text_only};
use super::sharing;
use super::subject::{Node, On, Subject};
use crate::domain::collection::guard::covers as lock_covers;
use crate::domain::collection::{Derived, Kind, Lock};
use crate::domain::delegation::Level;
use crate::format::xml::{Element, Writer};
use crate::kernel::change::{Beside, Point, SyncToken};

names! {
    CREATION_DATE = Dav "creationdate",
    DISPLAY_NAME = Dav "displayname",
    GET_CONTENT_LENGTH = Dav "getcontentlength",
    GET_CONTENT_TYPE = Dav "getcontenttype",
    GET_CONTENT_LANGUAGE = Dav "getcontentlanguage",
    GET_ETAG = Dav "getetag",
    GET_LAST_MODIFIED = Dav "getlastmodified",
    LOCK_DISCOVERY = Dav "lockdiscovery",
    SUPPORTED_LOCK = Dav "supportedlock",
    RESOURCE_TYPE = Dav "resourcetype",
    SYNC_TOKEN = Dav "sync-token",
    SUPPORTED_REPORT_SET = Dav "supported-report-set",
    SUPPORTED_METHOD_SET = Dav "supported-method-set",
    QUOTA_AVAILABLE = Dav "quota-available-bytes",
    QUOTA_USED = Dav "quota-used-bytes",
    ADD_MEMBER = Dav "add-member",
    GET_CTAG = CalendarServer "getctag",
}

/// What takes many changes in one request.
const BULK: On = On::CALENDAR.or(On::ADDRESSBOOK);

/// Classes and properties of the engine itself.
pub static CORE: Extension = Extension {
    features: &["1", "2", "3", "access-control", "extended-mkcol"],
    properties: &[
        row(RESOURCE_TYPE, On::ALL, Always, Need::NONE, resource_type),
        row(CREATION_DATE, On::STORED.or(On::PRINCIPAL), Always, Need::NONE, creation_date),
        settable(
            DISPLAY_NAME,
            On::ALL,
            Always,
            Need::STORED,
            show_display_name,
            Setting::Kept(text_only),
        ),
        row(GET_CONTENT_LENGTH, On::OBJECT, Always, Need::NONE, content_length),
        row(GET_CONTENT_TYPE, On::OBJECT, Always, Need::NONE, content_type),
        settable(
            GET_CONTENT_LANGUAGE,
            On::STORED,
            Always,
            Need::STORED,
            content_language,
            Setting::Language,
        ),
        row(GET_ETAG, On::OBJECT, Always, Need::NONE, etag),
        row(GET_LAST_MODIFIED, On::STORED, Always, Need::NONE, last_modified),
        row(LOCK_DISCOVERY, On::STORED, Always, Need::LOCKS, lock_discovery),
        row(SUPPORTED_LOCK, On::STORED, Always, Need::NONE, supported_lock),
        row(SYNC_TOKEN, On::STORED_COLLECTION, Named, Need::BESIDE, sync_token),
        row(GET_CTAG, On::STORED_COLLECTION, Named, Need::BESIDE, ctag),
        row(BULK_REQUESTS, BULK, Named, Need::NONE, bulk::bulk_requests),
        row(SUPPORTED_REPORT_SET, On::ALL, Named, Need::NONE, supported_report_set),
        row(SUPPORTED_METHOD_SET, On::ALL, Named, Need::NONE, supported_method_set),
        row(QUOTA_AVAILABLE, On::STORED_COLLECTION, Named, Need::QUOTA, quota_available),
        row(QUOTA_USED, On::STORED_COLLECTION, Named, Need::QUOTA, quota_used),
        row(ADD_MEMBER, On(16 + 32 + 64), Named, Need::NONE, add_member),
    ],
    methods: super::method::METHODS,
    reports: super::report::REPORTS,
    actions: &[Action {
        name: bulk::MULTIPUT,
        on: BULK,
        run: |ask, root| Box::pin(bulk::run(ask, root)),
    }],
};

fn resource_type(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let inside: &[u8] = match subject.class() {
        On::ENTRANCE | On::CALENDAR_HOME | On::ADDRESSBOOK_HOME | On::FOLDER => b"<D:collection/>",
        On::PRINCIPAL => match subject.proxy().map(|it| it.level) {
            None => b"<D:principal/><D:collection/>",
            Some(Level::Read) => b"<D:principal/><S:calendar-proxy-read/>",
            Some(Level::Write) => b"<D:principal/><S:calendar-proxy-write/>",
        },
        On::CALENDAR => b"<D:collection/><C:calendar/>",
        On::ADDRESSBOOK
            if subject.collection().and_then(Derived::of) == Some(Derived::Directory) =>
        {
            b"<D:collection/><A:addressbook/><A:directory/>"
        }
        On::ADDRESSBOOK => b"<D:collection/><A:addressbook/>",
        On::INBOX => b"<D:collection/><C:schedule-inbox/>",
        On::OUTBOX => b"<D:collection/><C:schedule-outbox/>",
        On::NOTIFICATIONS => b"<D:collection/><S:notification/><D:notifications/>",
        On::SUBSCRIPTION => b"<D:collection/><S:subscribed/>",
        _ => b"",
    };
    if inside.is_empty() {
        w.empty(&RESOURCE_TYPE);
        return Shown::Yes;
    }
    w.raw(b"<D:resourcetype>");
    w.raw(inside);
    sharing::resource_type(subject, w);
    w.raw(b"</D:resourcetype>");
    Shown::Yes
}

fn creation_date(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let at = match subject.node {
        Node::Collection(it) => it.created_at,
        Node::Object(it, _) => it.created_at,
        Node::Principal(it) => it.profile.principal.created_at,
        Node::Proxy(it) => it.of.profile.principal.created_at,
        _ => return Shown::No,
    };
    w.element(&CREATION_DATE, &at.rfc3339());
    Shown::Yes
}

fn last_modified(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let at = match subject.node {
        Node::Collection(it) => it.modified_at,
        Node::Object(it, _) => it.modified_at,
        _ => return Shown::No,
    };
    w.element(&GET_LAST_MODIFIED, &at.http_date());
    Shown::Yes
}

/// What the client set; for principals the directory's name; for homes and entrances none; for a
/// collection that nobody named its last path segment, because some clients drop collections
/// without one (CLIENTS-SOURCE §2).
fn show_display_name(subject: &Subject<'_>, asked: &Element, w: &mut Writer) -> Shown {
    if show_kept(subject, asked, w) == Shown::Yes {
        return Shown::Yes;
    }
    match subject.node {
        Node::Principal(it) => w.element(&DISPLAY_NAME, &it.profile.principal.display_name),
        Node::Proxy(it) => {
            let much = if it.level == Level::Read { " (read only)" } else { "" };
            let owner = &it.of.profile.principal.display_name;
            w.element(&DISPLAY_NAME, &format!("Delegates of {owner}{much}"));
        }
        Node::Collection(it) if it.parent.is_some() => w.element(&DISPLAY_NAME, &it.name),
        _ => return Shown::No,
    }
    Shown::Yes
}

fn content_length(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    // Of what is seen only in part the stored content would tell how much is hidden.
    let Some(it) = subject.object().filter(|it| !it.hidden) else { return Shown::No };
    w.element(&GET_CONTENT_LENGTH, &it.size.to_string());
    Shown::Yes
}

fn content_type(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let (Some(it), Some(place)) = (subject.object(), subject.place) else { return Shown::No };
    let kind = match subject.class() {
        On::NOTIFICATION => Kind::Notifications,
        _ => place.home.child(),
    };
    w.element(&GET_CONTENT_TYPE, media_type(kind, it.media_type.as_deref()));
    Shown::Yes
}

/// What came with the content, or what was set later (RFC 4918 §15.3); GET tells the same.
fn content_language(subject: &Subject<'_>, asked: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.object() else { return show_kept(subject, asked, w) };
    let Some(tags) = &it.language else { return Shown::No };
    w.element(&GET_CONTENT_LANGUAGE, tags);
    Shown::Yes
}

/// The media type of an object.
pub fn media_type(kind: Kind, own: Option<&str>) -> &str {
    kind.media_type().or(own).unwrap_or("application/octet-stream")
}

fn etag(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.object() else { return Shown::No };
    w.raw(b"<D:getetag>");
    it.etag.write(&mut w.out);
    w.raw(b"</D:getetag>");
    Shown::Yes
}

/// The token of a collection as it stands.
pub fn token(subject: &Subject<'_>) -> Option<SyncToken> {
    let it = subject.collection()?;
    let epoch = subject.ask.access.store.epoch().clone();
    let beside = subject.around.beside.iter().find(|(of, _)| *of == it.id);
    let beside = beside.map(|(_, state)| Beside::all(*state));
    let point = Point::end_of(it.last_change);
    Some(SyncToken { epoch, collection: it.id, point, beside })
}

fn sync_token(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(token) = token(subject) else { return Shown::No };
    w.element(&SYNC_TOKEN, &token.to_string());
    Shown::Yes
}

fn ctag(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(token) = token(subject) else { return Shown::No };
    w.element(&GET_CTAG, &format!("\"{token}\""));
    Shown::Yes
}

fn supported_report_set(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let class = subject.class();
    w.open(&SUPPORTED_REPORT_SET);
    for report in subject.ask.registry().reports.iter().filter(|r| r.on.has(class)) {
        w.raw(b"<D:supported-report><D:report>");
        w.empty(&report.name);
        w.raw(b"</D:report></D:supported-report>");
    }
    w.close(&SUPPORTED_REPORT_SET);
    Shown::Yes
}

fn supported_method_set(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    const METHOD: crate::format::xml::Name =
        crate::format::xml::Name::known(crate::format::xml::Ns::Dav, "supported-method");
    w.open(&SUPPORTED_METHOD_SET);
    for name in subject.ask.registry().allow(subject.class()).split(", ") {
        w.empty_with(&METHOD, &[("name", name)]);
    }
    w.close(&SUPPORTED_METHOD_SET);
    Shown::Yes
}

fn quota_available(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some((used, Some(bound))) = subject.around.quota else { return Shown::No };
    w.element(&QUOTA_AVAILABLE, &bound.saturating_sub(used).max(0).to_string());
    Shown::Yes
}

fn quota_used(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some((used, _)) = subject.around.quota else { return Shown::No };
    w.element(&QUOTA_USED, &used.max(0).to_string());
    Shown::Yes
}

/// The collection itself takes POST (RFC 5995 §3.2.1).
fn add_member(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.open(&ADD_MEMBER);
    w.href(subject.path);
    w.close(&ADD_MEMBER);
    Shown::Yes
}

fn supported_lock(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.raw(
        b"<D:supportedlock><D:lockentry><D:lockscope><D:exclusive/></D:lockscope>\
<D:locktype><D:write/></D:locktype></D:lockentry><D:lockentry><D:lockscope><D:shared/>\
</D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry></D:supportedlock>",
    );
    Shown::Yes
}

fn lock_discovery(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(path) = subject.store_path() else { return Shown::No };
    w.open(&LOCK_DISCOVERY);
    for lock in subject.around.locks.iter().filter(|l| lock_covers(l, &path)) {
        write_lock(subject, lock, &path, w);
    }
    w.close(&LOCK_DISCOVERY);
    Shown::Yes
}

/// Writes `DAV:activelock` (RFC 4918 §14.1). Only its holder sees the token: it is what proves
/// the holder's right (§6.4, §20.4).
fn write_lock(subject: &Subject<'_>, lock: &Lock, path: &str, w: &mut Writer) {
    let Some(place) = subject.place else { return };
    let own = place.at(path, subject.collection().is_some());
    super::method::lock::write_active_lock(subject.ask, &own, lock, w);
}
