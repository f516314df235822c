//! CalDAV's live properties: a table (RFC 4791 §5.2, §6.2, §7.5, RFC 6638 §2.4, §9.1, RFC 7809 §5)
//! and what Apple's clients keep on calendars.

use super::availability;
use super::publish::{PUBLISH_URL, SHARING_MODES, publish_url, sharing_modes};
use super::source::{STATUS, source, status};
use super::zone;
use crate::domain::collection::kind::{COMPONENTS, COMPONENTS_DEFAULT, component_names};
use crate::domain::collection::{Home, Kind};
use crate::domain::directory::Kind as PrincipalKind;
use crate::format::ical::Calendar;
use crate::format::ical::form::Form;
use crate::format::ical::zone::zone;
use crate::format::recur::{SCALES, Steps};
use crate::format::vcard::entry::parts;
use crate::format::xml::{Element, Name, Writer};
use crate::kernel::limits::{
    ATTACHMENT_MAX, ATTACHMENTS_MAX, ATTENDEES_MAX, CALENDAR_YEARS, INSTANCES_MAX,
    ZONE_STEPS_OBJECT,
};
use crate::protocol::dav::name::names;
use crate::protocol::dav::property::Listing::Named;
use crate::protocol::dav::property::{
    Need, Row, Setting, Shown, anything, row, settable, show_home, show_kept, show_max_size,
    text_only,
};
use crate::protocol::dav::source::SOURCE;
use crate::protocol::dav::subject::{Node, On, Subject};
use crate::protocol::http::TIME_ZONE_SERVICE;
use crate::protocol::http::header::caldav_timezones;

names! {
    CALENDAR_HOME_SET = CalDav "calendar-home-set",
    CALENDAR_USER_ADDRESS_SET = CalDav "calendar-user-address-set",
    CALENDAR_USER_TYPE = CalDav "calendar-user-type",
    CALENDAR_DESCRIPTION = CalDav "calendar-description",
    CALENDAR_TIMEZONE = CalDav "calendar-timezone",
    CALENDAR_TIMEZONE_ID = CalDav "calendar-timezone-id",
    TIMEZONE_SERVICE_SET = CalDav "timezone-service-set",
    SCHEDULE_CALENDAR_TRANSP = CalDav "schedule-calendar-transp",
    COMPONENT_SET = CalDav "supported-calendar-component-set",
    COMPONENT_SETS = CalDav "supported-calendar-component-sets",
    COMP = CalDav "comp",
    SUPPORTED_CALENDAR_DATA = CalDav "supported-calendar-data",
    SUPPORTED_COLLATION_SET = CalDav "supported-collation-set",
    RSCALE_SET = CalDav "supported-rscale-set",
    RSCALE = CalDav "supported-rscale",
    MAX_RESOURCE_SIZE = CalDav "max-resource-size",
    MIN_DATE_TIME = CalDav "min-date-time",
    MAX_DATE_TIME = CalDav "max-date-time",
    MAX_INSTANCES = CalDav "max-instances",
    MAX_ATTENDEES = CalDav "max-attendees-per-instance",
    ATTACHMENTS_SERVER = CalDav "managed-attachments-server-URL",
    MAX_ATTACHMENT_SIZE = CalDav "max-attachment-size",
    MAX_ATTACHMENTS = CalDav "max-attachments-per-resource",
    CALENDAR_DATA = CalDav "calendar-data",
    CALENDAR_COLOR = AppleIcal "calendar-color",
    CALENDAR_ORDER = AppleIcal "calendar-order",
    EMAIL_ADDRESS_SET = CalendarServer "email-address-set",
    EMAIL_ADDRESS = CalendarServer "email-address",
    FIRST_NAME = CalendarServer "first-name",
    LAST_NAME = CalendarServer "last-name",
    RECORD_TYPE = CalendarServer "record-type",
}

static KEPT_ZONE: Name = CALENDAR_TIMEZONE;

const fn kept(name: Name, check: fn(&Element) -> Result<(), &'static str>) -> Row {
    settable(
        name,
        On::CALENDAR.or(On::SUBSCRIPTION),
        Named,
        Need::STORED,
        show_kept,
        Setting::Kept(check),
    )
}

/// The table.
pub static ROWS: &[Row] = &[
    row(CALENDAR_HOME_SET, HOLDERS, Named, Need::NONE, home_set),
    row(CALENDAR_USER_ADDRESS_SET, On::PRINCIPAL, Named, Need::NONE, user_addresses),
    row(CALENDAR_USER_TYPE, On::PRINCIPAL, Named, Need::NONE, user_type),
    row(EMAIL_ADDRESS_SET, On::PRINCIPAL, Named, Need::NONE, email_addresses),
    row(FIRST_NAME, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
        name_part(subject, &FIRST_NAME, |name| parts(name).1, w)
    }),
    row(LAST_NAME, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
        name_part(subject, &LAST_NAME, |name| parts(name).0, w)
    }),
    row(RECORD_TYPE, On::PRINCIPAL, Named, Need::NONE, record_type),
    settable(
        COMPONENT_SET,
        On::CALENDAR.or(On::SUBSCRIPTION).or(On::INBOX),
        Named,
        Need::NONE,
        component_set,
        Setting::AtCreation,
    ),
    row(COMPONENT_SETS, On::CALENDAR_HOME, Named, Need::NONE, component_sets),
    row(SUPPORTED_CALENDAR_DATA, On::CALENDAR.or(On::INBOX), Named, Need::NONE, supported_data),
    row(SUPPORTED_COLLATION_SET, SEARCHED, Named, Need::NONE, collations),
    row(RSCALE_SET, On::CALENDAR.or(On::CALENDAR_HOME), Named, Need::NONE, rscales),
    row(MAX_RESOURCE_SIZE, On::CALENDAR, Named, Need::NONE, max_size),
    row(MIN_DATE_TIME, On::CALENDAR, Named, Need::NONE, min_date),
    row(MAX_DATE_TIME, On::CALENDAR, Named, Need::NONE, max_date),
    row(MAX_INSTANCES, On::CALENDAR, Named, Need::NONE, max_instances),
    row(MAX_ATTENDEES, On::CALENDAR, Named, Need::NONE, max_attendees),
    // None: attachments are where the home is (RFC 8607 §6.1).
    row(ATTACHMENTS_SERVER, On::CALENDAR_HOME, Named, Need::NONE, |_, _, w| {
        w.empty(&ATTACHMENTS_SERVER);
        Shown::Yes
    }),
    row(MAX_ATTACHMENT_SIZE, On::CALENDAR, Named, Need::NONE, |_, _, w| {
        w.element(&MAX_ATTACHMENT_SIZE, &ATTACHMENT_MAX.to_string());
        Shown::Yes
    }),
    row(MAX_ATTACHMENTS, On::CALENDAR, Named, Need::NONE, |_, _, w| {
        w.element(&MAX_ATTACHMENTS, &ATTACHMENTS_MAX.to_string());
        Shown::Yes
    }),
    kept(CALENDAR_DESCRIPTION, text_only),
    settable(
        CALENDAR_TIMEZONE,
        On::CALENDAR.or(On::SUBSCRIPTION),
        Named,
        Need::STORED.and(Need::ZONE),
        zone::show,
        Setting::Kept(one_zone),
    ),
    settable(
        CALENDAR_TIMEZONE_ID,
        On::CALENDAR.or(On::SUBSCRIPTION),
        Named,
        Need::STORED.and(Need::ZONE),
        zone::show_id,
        Setting::Also(&KEPT_ZONE, zone::of_id),
    ),
    row(TIMEZONE_SERVICE_SET, On::CALENDAR_HOME, Named, Need::NONE, zone_services),
    settable(
        SCHEDULE_CALENDAR_TRANSP,
        On::CALENDAR.or(On::SUBSCRIPTION),
        Named,
        Need::STORED,
        availability::transparency,
        Setting::Kept(availability::one_transparency),
    ),
    kept(CALENDAR_COLOR, text_only),
    kept(CALENDAR_ORDER, text_only),
    row(PUBLISH_URL, On::CALENDAR, Named, Need::LINKS, publish_url),
    settable(
        SOURCE,
        On::CALENDAR.or(On::SUBSCRIPTION),
        Named,
        Need::STORED.and(Need::FEEDS),
        source,
        Setting::Kept(anything),
    ),
    row(STATUS, On::CALENDAR, Named, Need::FEEDS, status),
    row(SHARING_MODES, On::CALENDAR, Named, Need::NONE, sharing_modes),
    row(CALENDAR_DATA, On::CALENDAR_OBJECT, Named, Need::CONTENT, calendar_data),
];

/// Where calendar-query can be used (RFC 4791 §7.5.1).
const SEARCHED: On = On::CALENDAR.or(On::CALENDAR_HOME).or(On::CALENDAR_OBJECT);

/// Where clients look for a home.
const HOLDERS: On = On::PRINCIPAL.or(On::ENTRANCE).or(On::STORED);

fn home_set(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    show_home(subject, &CALENDAR_HOME_SET, Home::Calendars, w)
}

/// RFC 6638 §2.4.1. Clients choose differently among the entries: the preferred address is the
/// first `mailto:` and is marked as preferred.
fn user_addresses(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.principal() else { return Shown::No };
    w.open(&CALENDAR_USER_ADDRESS_SET);
    for (i, address) in it.addresses.iter().enumerate() {
        w.raw(if i == 0 { b"<D:href preferred=\"1\">mailto:" } else { b"<D:href>mailto:" });
        w.text(address);
        w.raw(b"</D:href>");
    }
    w.href(subject.path);
    w.close(&CALENDAR_USER_ADDRESS_SET);
    Shown::Yes
}

fn email_addresses(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.principal() else { return Shown::No };
    w.open(&EMAIL_ADDRESS_SET);
    it.addresses.iter().for_each(|address| w.element(&EMAIL_ADDRESS, address));
    w.close(&EMAIL_ADDRESS_SET);
    Shown::Yes
}

/// What Apple's programs ask of a person whom they look for: the part of the name that `part` gives.
fn name_part(subject: &Subject<'_>, name: &Name, part: fn(&str) -> &str, w: &mut Writer) -> Shown {
    let Some(it) = subject.principal() else { return Shown::No };
    let text = part(&it.principal.display_name);
    if PrincipalKind::of(&it.principal) != PrincipalKind::User || text.is_empty() {
        return Shown::No;
    }
    w.element(name, text);
    Shown::Yes
}

/// The words of Apple's server for what a principal is.
fn record_type(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.principal() else { return Shown::No };
    let word = match PrincipalKind::of(&it.principal) {
        PrincipalKind::User => "users",
        PrincipalKind::Group => "groups",
        PrincipalKind::Resource => {
            it.resource.as_ref().map(|it| it.form).unwrap_or_default().record_type()
        }
    };
    w.element(&RECORD_TYPE, word);
    Shown::Yes
}

fn user_type(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.principal() else { return Shown::No };
    let kind = PrincipalKind::of(&it.principal).calendar_user_type();
    let form = it.resource.as_ref().map(|it| it.form.calendar_user_type());
    w.element(&CALENDAR_USER_TYPE, form.unwrap_or(kind));
    Shown::Yes
}

fn component_set(subject: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    let Some(it) = subject.collection() else { return Shown::No };
    w.open(&COMPONENT_SET);
    component_names(it.components).for_each(|name| w.empty_with(&COMP, &[("name", name)]));
    w.close(&COMPONENT_SET);
    Shown::Yes
}

/// What a new calendar may take: any one component, or the usual three together.
fn component_sets(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.open(&COMPONENT_SETS);
    for bits in COMPONENTS.iter().map(|c| c.1).chain([COMPONENTS_DEFAULT]) {
        w.open(&COMPONENT_SET);
        component_names(bits).for_each(|name| w.empty_with(&COMP, &[("name", name)]));
        w.close(&COMPONENT_SET);
    }
    w.close(&COMPONENT_SETS);
    Shown::Yes
}

fn supported_data(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.open(&SUPPORTED_CALENDAR_DATA);
    for media in ["text/calendar"].into_iter().chain(Form::ALL.map(Form::media_type)) {
        w.empty_with(&CALENDAR_DATA, &[("content-type", media), ("version", "2.0")]);
    }
    w.close(&SUPPORTED_CALENDAR_DATA);
    Shown::Yes
}

/// RFC 7529 §10.1.
fn rscales(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.open(&RSCALE_SET);
    SCALES.iter().for_each(|(name, _)| w.element(&RSCALE, name));
    w.close(&RSCALE_SET);
    Shown::Yes
}

fn collations(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.raw(
        b"<C:supported-collation-set><C:supported-collation>i;ascii-casemap\
</C:supported-collation><C:supported-collation>i;octet</C:supported-collation>\
<C:supported-collation>i;unicode-casemap</C:supported-collation>\
</C:supported-collation-set>",
    );
    Shown::Yes
}

/// RFC 7809 §5.1: the service of this server, by the path from the root.
fn zone_services(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.open(&TIMEZONE_SERVICE_SET);
    w.href(TIME_ZONE_SERVICE);
    w.close(&TIMEZONE_SERVICE_SET);
    Shown::Yes
}

fn max_size(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    show_max_size(&MAX_RESOURCE_SIZE, Kind::Calendar, w)
}

fn min_date(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.element(&MIN_DATE_TIME, &format!("{:04}0101T000000Z", CALENDAR_YEARS.0));
    Shown::Yes
}

fn max_date(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.element(&MAX_DATE_TIME, &format!("{:04}1231T235959Z", CALENDAR_YEARS.1));
    Shown::Yes
}

fn max_instances(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.element(&MAX_INSTANCES, &INSTANCES_MAX.to_string());
    Shown::Yes
}

fn max_attendees(_: &Subject<'_>, _: &Element, w: &mut Writer) -> Shown {
    w.element(&MAX_ATTENDEES, &ATTENDEES_MAX.to_string());
    Shown::Yes
}

/// The text that the report has at hand: the stored octets, or the parts of them that it made;
/// with the VTIMEZONEs that the client wants (RFC 7809 §3.1.3); as jCal or xCal where that is
/// asked for. What cannot be read any more is given as it is.
fn calendar_data(subject: &Subject<'_>, asked: &Element, w: &mut Writer) -> Shown {
    let Node::Object(_, Some(text)) = subject.node else { return Shown::No };
    let media = asked.attribute("content-type").and_then(|media| media.split(';').next());
    let media = media.map_or("text/calendar", str::trim);
    let form = Form::named(media);
    if form.is_none() && !media.eq_ignore_ascii_case("text/calendar") {
        return Shown::No;
    }
    let tailored = caldav_timezones::parse(&subject.ask.headers).of(text);
    let text = tailored.as_deref().unwrap_or(text);
    match form.map(|form| (form, form.of(text))) {
        Some((form, Ok(made))) => {
            let attributes = [("content-type", form.media_type()), ("version", "2.0")];
            w.open_with(&CALENDAR_DATA, &attributes);
            w.text(&made);
        }
        _ => {
            w.raw(b"<C:calendar-data>");
            w.text(text);
        }
    }
    w.raw(b"</C:calendar-data>");
    Shown::Yes
}

/// RFC 4791 §5.2.2, §5.3.1: one VCALENDAR with one VTIMEZONE, which has a name and at least one
/// offset that can be read.
fn one_zone(element: &Element) -> Result<(), &'static str> {
    const WHY: &str = "the value must be a calendar object with exactly one valid VTIMEZONE";
    text_only(element)?;
    let text = element.text();
    let calendar = Calendar::parse(text.trim().as_bytes()).map_err(|_| WHY)?;
    let mut components = calendar.root().children();
    let (Some(only), None) = (components.next(), components.next()) else { return Err(WHY) };
    let named = only.property("TZID").is_some_and(|line| !line.value().trim().is_empty());
    let usable = || zone(only, &mut Steps::new(ZONE_STEPS_OBJECT)).is_some();
    if only.is("VTIMEZONE") && named && usable() { Ok(()) } else { Err(WHY) }
}
