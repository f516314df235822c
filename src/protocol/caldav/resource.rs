//! What clients see of rooms and things: whether they answer by themselves, in the words of Apple's
//! server, and what they are like, in those of Nextcloud's programs, which are the only ones that ask
//! for it. No standard has properties for these.

use crate::domain::directory::mode::Mode;
use crate::domain::directory::resource::Resource;
use crate::format::xml::{Name, Writer};
use crate::protocol::dav::extension::Extension;
use crate::protocol::dav::name::{ROOM_CAPACITY, ROOM_FEATURES, ROOM_LOCATION, names};
use crate::protocol::dav::property::Listing::Named;
use crate::protocol::dav::property::{Need, Row, Shown, row};
use crate::protocol::dav::subject::{On, Subject};

names! {
    AUTO_SCHEDULE = CalendarServer "auto-schedule",
    AUTO_SCHEDULE_MODE = CalendarServer "auto-schedule-mode",
}

/// What resources bring.
pub static RESOURCE: Extension =
    Extension { features: &[], properties: ROWS, methods: &[], reports: &[], actions: &[] };

static ROWS: &[Row] = &[
    row(AUTO_SCHEDULE, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
        let answers = |it: &Resource| (it.mode != Mode::None).to_string();
        show(subject, &AUTO_SCHEDULE, w, |it| Some(answers(it)))
    }),
    row(AUTO_SCHEDULE_MODE, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
        show(subject, &AUTO_SCHEDULE_MODE, w, |it| Some(it.mode.word().to_owned()))
    }),
    row(ROOM_CAPACITY, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
        show(subject, &ROOM_CAPACITY, w, |it| it.capacity.map(|seats| seats.to_string()))
    }),
    row(ROOM_FEATURES, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
        show(subject, &ROOM_FEATURES, w, |it| Some(it.features.join(",")))
    }),
    row(ROOM_LOCATION, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
        show(subject, &ROOM_LOCATION, w, |it| Some(it.location.clone()))
    }),
];

/// What is said of a resource; what is not said is not there.
fn show(
    subject: &Subject<'_>,
    name: &Name,
    w: &mut Writer,
    text: impl FnOnce(&Resource) -> Option<String>,
) -> Shown {
    let resource = subject.principal().and_then(|it| it.resource.as_ref());
    match resource.and_then(text).filter(|text| !text.is_empty()) {
        Some(text) => {
            w.element(name, &text);
            Shown::Yes
        }
        None => Shown::No,
    }
}
