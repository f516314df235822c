//! The properties of what one can register for (draft-bitfire-webdav-push-00 §2.1).

use super::{
    CAPABLE, CONTENT_UPDATE, PROPERTY_UPDATE, SUPPORTED_TRIGGERS, TOPIC, TRANSPORTS,
    VAPID_PUBLIC_KEY, WEB_PUSH,
};
use crate::domain::collection::Collection;
use crate::domain::push::Keys;
use crate::format::xml::{Element, Writer};
use crate::kernel::privilege::Privilege;
use crate::protocol::dav::name::DEPTH;
use crate::protocol::dav::property::Listing::Named;
use crate::protocol::dav::property::{Need, Row, Shown, row};
use crate::protocol::dav::subject::{On, Subject};

/// All of them.
pub static ROWS: &[Row] = &[
    row(TRANSPORTS, CAPABLE, Named, Need::NONE, transports),
    row(TOPIC, CAPABLE, Named, Need::NONE, topic),
    row(SUPPORTED_TRIGGERS, CAPABLE, Named, Need::NONE, supported_triggers),
];

/// The collection, if the asker may register for it, and the server's keys.
fn capable<'s>(subject: &'s Subject<'_>) -> Option<(&'s Collection, &'s Keys)> {
    let readable = subject.rights.has(Privilege::Read);
    let push = subject.ask.service.push.as_ref()?;
    subject.collection().filter(|_| readable).map(|it| (it, &*push.keys))
}

/// How messages go out (§6), and the key that a client restricts its subscription to (§6.2).
fn transports(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some((_, keys)) = capable(subject) else { return Shown::No };
    w.open(&TRANSPORTS);
    w.open(&WEB_PUSH);
    w.open_with(&VAPID_PUBLIC_KEY, &[("type", "p256ecdsa")]);
    w.text(&keys.signer.public());
    w.close(&VAPID_PUBLIC_KEY);
    w.close(&WEB_PUSH);
    w.close(&TRANSPORTS);
    Shown::Yes
}

/// The collection's name in messages: the same at whatever path it is seen.
fn topic(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some((it, keys)) = capable(subject) else { return Shown::No };
    w.element(&TOPIC, &keys.topic(it.id));
    Shown::Yes
}

/// Of what one can be told: of homes everything below, of the others their members; of the
/// properties of the collection itself.
fn supported_triggers(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    if capable(subject).is_none() {
        return Shown::No;
    }
    let homes = On::CALENDAR_HOME.or(On::ADDRESSBOOK_HOME);
    let depth = if homes.has(subject.class()) { "infinity" } else { "1" };
    w.open(&SUPPORTED_TRIGGERS);
    for (name, depth) in [(&CONTENT_UPDATE, depth), (&PROPERTY_UPDATE, "0")] {
        w.open(name);
        w.element(&DEPTH, depth);
        w.close(name);
    }
    w.close(&SUPPORTED_TRIGGERS);
    Shown::Yes
}
