//! What somebody says of when he is busy beside his events: `calendar-availability` (RFC 7953 §7.2.4)
//! and `schedule-calendar-transp` (RFC 6638 §9.1).
//!
//! Invariant: an availability is kept once, under RFC 7953's name; Apple's older name is another way
//! to say and to see it.

use crate::domain::availability::source::counts;
use crate::format::ical::availability::check;
use crate::format::xml::{self, Element, Name, Writer};
use crate::kernel::fault::Refusal;
use crate::protocol::dav::name::names;
use crate::protocol::dav::property::Listing::Named;
use crate::protocol::dav::property::{Need, Row, Setting, Shown, settable, show_kept, text_only};
use crate::protocol::dav::subject::{On, Subject};

names! {
    AVAILABILITY = CalDav "calendar-availability",
    OLD_AVAILABILITY = CalendarServer "calendar-availability",
    TRANSPARENCY = CalDav "schedule-calendar-transp",
    OPAQUE = CalDav "opaque",
    TRANSPARENT = CalDav "transparent",
}

static KEPT: Name = AVAILABILITY;

/// Where somebody says when he can be asked.
const OF_SOMEBODY: On = On::INBOX.or(On::CALENDAR_HOME);

/// The rows of availability.
pub static ROWS: [Row; 2] = [
    settable(AVAILABILITY, OF_SOMEBODY, Named, Need::STORED, show_kept, Setting::Kept(valid)),
    settable(
        OLD_AVAILABILITY,
        OF_SOMEBODY,
        Named,
        Need::STORED,
        |subject, _, w| old(subject, w),
        Setting::Also(&KEPT, of_old),
    ),
];

fn valid(element: &Element) -> Result<(), &'static str> {
    text_only(element)?;
    check(&element.text())
}

/// The availability under Apple's older name.
fn old(subject: &Subject<'_>, w: &mut Writer) -> Shown {
    let value = subject.value(KEPT.ns().uri(), KEPT.local());
    let Some(kept) = value.and_then(|value| xml::parse(value.as_bytes()).ok()) else {
        return Shown::No;
    };
    w.element(&OLD_AVAILABILITY, &kept.text());
    Shown::Yes
}

fn of_old(element: &Element) -> Result<Element, Refusal> {
    let refused = |reason: &str| Refusal::InvalidData { line: 0, reason: reason.to_owned() };
    valid(element).map_err(refused)?;
    let mut kept = Element::new(AVAILABILITY);
    kept.children.clone_from(&element.children);
    Ok(kept)
}

/// RFC 6638 §9.1: always there, so that no program has to know the default.
pub fn transparency(subject: &Subject<'_>, asked: &Element, w: &mut Writer) -> Shown {
    if show_kept(subject, asked, w) == Shown::Yes {
        return Shown::Yes;
    }
    let Some(it) = subject.collection() else { return Shown::No };
    w.open(&TRANSPARENCY);
    let word = if counts(it, &[]) { OPAQUE } else { TRANSPARENT };
    w.empty(&word);
    w.close(&TRANSPARENCY);
    Shown::Yes
}

/// One of the two elements.
pub fn one_transparency(element: &Element) -> Result<(), &'static str> {
    let mut inside = element.elements();
    let known = |it: &Element| [OPAQUE, TRANSPARENT].contains(&it.name);
    match (inside.next(), inside.next()) {
        (Some(it), None) if known(it) => Ok(()),
        _ => Err("the value must be CALDAV:opaque or CALDAV:transparent"),
    }
}
