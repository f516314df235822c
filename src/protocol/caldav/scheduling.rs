//! CalDAV Scheduling (RFC 6638) over the WebDAV engine: its properties (§2, §3.2.10, §9).

use crate::domain::collection::scheduling::{INBOX, OUTBOX};
use crate::domain::collection::{Home, Place};
use crate::domain::directory::Kind;
use crate::format::xml::{Element, Name, Writer};
use crate::kernel::change::ScheduleTag;
use crate::kernel::privilege::Privilege;
use crate::protocol::dav::extension::Extension;
use crate::protocol::dav::name::names;
use crate::protocol::dav::property::Listing::Named;
use crate::protocol::dav::property::{Need, Row, Setting, Shown, anything, row, settable};
use crate::protocol::dav::space::place_path;
use crate::protocol::dav::subject::{On, Subject};

names! {
    INBOX_URL = CalDav "schedule-inbox-URL",
    OUTBOX_URL = CalDav "schedule-outbox-URL",
    DEFAULT_CALENDAR_URL = CalDav "schedule-default-calendar-URL",
    SCHEDULE_TAG = CalDav "schedule-tag",
    SCHEDULE_HISTORY = Davenport "schedule-history",
    MESSAGE = Davenport "message",
}

/// What scheduling brings.
pub static SCHEDULING: Extension = Extension {
    features: &["calendar-auto-schedule"],
    properties: ROWS,
    methods: &[],
    reports: &[],
    actions: &[],
};

static ROWS: &[Row] = &[
    row(INBOX_URL, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
        in_home(subject, &INBOX_URL, INBOX, w)
    }),
    row(OUTBOX_URL, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
        in_home(subject, &OUTBOX_URL, OUTBOX, w)
    }),
    settable(
        DEFAULT_CALENDAR_URL,
        On::INBOX,
        Named,
        Need::STORED.and(Need::DEFAULT_CALENDAR),
        default_calendar,
        // What it may be is asked where it is stored, together with what is there.
        Setting::Kept(anything),
    ),
    row(SCHEDULE_TAG, On::CALENDAR_OBJECT, Named, Need::NONE, schedule_tag),
    row(SCHEDULE_HISTORY, On::CALENDAR_OBJECT, Named, Need::TOLD, schedule_history),
];

/// A collection of the principal's own calendar home. A group has none: it is its members.
fn in_home(subject: &Subject<'_>, name: &Name, path: &str, w: &mut Writer) -> Shown {
    let Some(it) = subject.principal() else { return Shown::No };
    if Kind::of(&it.principal) == Kind::Group {
        return Shown::No;
    }
    let (account, home, path) = (it.principal.id, Home::Calendars, path.to_owned());
    let account_name = it.principal.name.clone();
    w.open(name);
    w.href(&place_path(&Place {
        account,
        account_name,
        home,
        path,
        collection: true,
        mount: None,
    }));
    w.close(name);
    Shown::Yes
}

/// RFC 6638 §9.2: what the owner named, if it is still there, else what invitations come into.
fn default_calendar(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let (Some(place), Some(path)) = (subject.place, &subject.around.default_calendar) else {
        return Shown::No;
    };
    w.open(&DEFAULT_CALENDAR_URL);
    w.href(&place_path(&place.at(path, true)));
    w.close(&DEFAULT_CALENDAR_URL);
    Shown::Yes
}

/// RFC 6638 §9.3.
fn schedule_tag(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    match subject.object().and_then(|it| it.schedule_tag) {
        Some(number) => {
            let tag = ScheduleTag { epoch: subject.ask.access.store.epoch().clone(), number };
            w.element(&SCHEDULE_TAG, &tag.to_string());
            Shown::Yes
        }
        None => Shown::No,
    }
}

/// Who was told what about a meeting, when, by whose change and with what status, the newest first; as
/// far as this calendar's account sent or received it. For whoever may change the meeting. What other
/// people's calendars made of it is not told.
fn schedule_history(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(object) = subject.object().filter(|it| !it.hidden) else { return Shown::No };
    let Some(all) = subject.around.told.get(&object.blob) else { return Shown::No };
    if !subject.rights.has(Privilege::WriteContent) {
        return Shown::Denied;
    }
    w.open(&SCHEDULE_HISTORY);
    for told in all {
        let it = &told.letter;
        let (sent, done) = (it.created_at.rfc3339(), it.done_at.map(|at| at.rfc3339()));
        let mut with = vec![("method", it.method.as_str()), ("recipient", &it.recipient)];
        with.extend([("sent", sent.as_str()), ("status", &it.status)]);
        with.extend(done.as_deref().map(|at| ("done", at)));
        with.extend(told.by.as_deref().map(|name| ("by", name)));
        w.open_with(&MESSAGE, &with);
        w.text(&it.about);
        w.close(&MESSAGE);
    }
    w.close(&SCHEDULE_HISTORY);
    Shown::Yes
}
