//! Scheduling (`format/itip`): an object before and after a change of its organizer or of an attendee,
//! and a message that comes.
//!
//! Promises: whatever comes, what is stored can be read and is one object, and what is sent can be
//! taken in; the same again tells nobody and changes nothing; whatever an attendee stores, his copy
//! says what the organizer said, has no instances that it had not, and answers for nobody else; a
//! message changes no organizer, and one that came twice counts once.
//!
//! The input is two objects with a NUL between them, or one for both.

use davenport::format::ical::expand::occurrences;
use davenport::format::ical::object::{Kind, Object, check_resource};
use davenport::format::ical::{Calendar, Component};
use davenport::format::itip::{
    self, Message, Method, Received, Role, Unusable, Violation, attend, organize, receive, same,
};
use davenport::format::recur::Steps;
use davenport::format::tz::Zone;
use davenport::kernel::clock::Timestamp;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

pub const SEEDS: &[&[u8]] = &[
    // An answer to one instance.
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nSEQUENCE:1\r\nDTSTART:20260601T090000Z\r\nDTEND:20260601T100000Z\r\nRRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:Plan\r\nORGANIZER:mailto:o@x\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:o@x\r\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:a@x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n\0BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260102T000000Z\r\nSEQUENCE:1\r\nRECURRENCE-ID:20260603T090000Z\r\nDTSTART:20260603T090000Z\r\nORGANIZER:mailto:o@x\r\nATTENDEE;PARTSTAT=DECLINED:mailto:a@x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    // Another time, one more attendee, an instance taken out.
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Europe/Berlin:20260601T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\nORGANIZER:mailto:o@x\nATTENDEE;PARTSTAT=TENTATIVE;X-DAVENPORT-ASKED=2:mailto:a@x\nATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:b@x\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\nRECURRENCE-ID;TZID=Europe/Berlin:20260608T090000\nDTSTART;TZID=Europe/Berlin:20260608T100000\nDURATION:PT1H\nORGANIZER:mailto:o@x\nATTENDEE:mailto:a@x\nEND:VEVENT\nEND:VCALENDAR\n\0BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260201T000000Z\nSEQUENCE:3\nDTSTART;TZID=Europe/Berlin:20260601T110000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\nEXDATE;TZID=Europe/Berlin:20260615T110000\nORGANIZER:mailto:o@x\nATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:a@x\nATTENDEE;SCHEDULE-FORCE-SEND=REQUEST:mailto:b@x\nATTENDEE;DELEGATED-FROM=\"mailto:a@x\":mailto:c@x\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n",
    // A task, of which an attendee says how far he is.
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTODO\nUID:1\nDUE;VALUE=DATE:20260601\nORGANIZER:o@x\nATTENDEE:a@x\nEND:VTODO\nEND:VCALENDAR\n\0BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REPLY\nBEGIN:VTODO\nUID:1\nDTSTAMP:20260101T000000Z\nDUE;VALUE=DATE:20260601\nPERCENT-COMPLETE:40\nORGANIZER:o@x\nATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:b@x\":a@x\nATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM=\"mailto:a@x\":b@x\nX-CALENDARSERVER-PRIVATE-COMMENT:x\nREQUEST-STATUS:3.0;No;FOO\nEND:VTODO\nEND:VCALENDAR\n",
    // Days; an attendee leaves one instance.
    b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\nDTSTART;VALUE=DATE:20260601\nRRULE:FREQ=DAILY;COUNT=3\nSTATUS:CONFIRMED\nORGANIZER:mailto:o@x\nATTENDEE:mailto:a@x\nEND:VEVENT\nEND:VCALENDAR\n\0BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:CANCEL\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260102T000000Z\nDTSTART;VALUE=DATE:20260601\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260602\nSUMMARY:mine\nORGANIZER:mailto:o@x\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x\nEND:VEVENT\nEND:VCALENDAR\n",
];

/// Larger inputs are for `tests/all/fuzz/scale.rs`.
const SIZE_MAX: usize = 64 << 10;
/// Steps of one look at the instances of an object.
const STEPS: u64 = 5_000;
const METHODS: [&str; 7] =
    ["REQUEST", "REPLY", "CANCEL", "ADD", "REFRESH", "COUNTER", "DECLINECOUNTER"];

fn now() -> Timestamp {
    Timestamp::from_seconds(1_780_300_800)
}

pub fn run(data: &[u8]) {
    if data.len() > SIZE_MAX {
        return;
    }
    let (before, after) = match data.iter().position(|octet| *octet == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, data),
    };
    let after = without_method(after);
    // What names two organizers is never stored.
    let stood = organize(None, Some(before), &|_| true, now()) != Err(Violation::SameOrganizer);
    let before = if stood { before } else { &[] };
    for me in people(before).iter().chain(&people(&after)) {
        let is_me = |address: &str| same(address, me);
        // An object keeps its UID: another one is refused before.
        let old = Some(before).filter(|it| uid(it).is_none() || uid(it) == uid(&after));
        for old in [None, old] {
            organized(old, &after, &is_me);
            attended(old, &after, me, &is_me);
        }
        let _ = organize(Some(before), None, &is_me, now()).map(|it| sent(&it.messages));
        let _ = attend(Some(before), None, &is_me, true, now()).map(|it| sent(&it.messages));
        for method in METHODS {
            received(&with_method(&after, method), None, &is_me);
            received(&with_method(&after, method), Some(before), &is_me);
        }
    }
}

/// The first organizer and the first other attendee.
fn people(text: &[u8]) -> Vec<String> {
    let Ok(calendar) = Calendar::parse(text) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for name in ["ORGANIZER", "ATTENDEE"] {
        let lines = calendar.root().children().flat_map(|c| c.all(name).collect::<Vec<_>>());
        let mut values = lines.map(|line| line.value().trim().to_owned());
        found.extend(values.find(|it| !found.iter().any(|known| same(known, it))));
    }
    found
}

/// The UID of what is one object.
fn uid(text: &[u8]) -> Option<String> {
    let calendar = Calendar::parse(text).ok()?;
    check_resource(&calendar).ok().map(|it| it.uid.into_owned())
}

/// What programs store has no METHOD.
fn without_method(text: &[u8]) -> Vec<u8> {
    let lines = text.split_inclusive(|octet| *octet == b'\n');
    lines.filter(|line| !line.starts_with(b"METHOD:")).flatten().copied().collect()
}

fn with_method(text: &[u8], method: &str) -> Vec<u8> {
    let at = text.iter().position(|octet| *octet == b'\n').map_or(text.len(), |at| at + 1);
    [&text[..at], format!("METHOD:{method}\n").as_bytes(), &text[at..]].concat()
}

/// That a text is one object, with this UID.
fn stands(text: &str, like: &[u8]) {
    let calendar = Calendar::parse(text.as_bytes()).expect("what is stored can be read");
    let object = check_resource(&calendar).expect("what is stored is one object");
    if let Some(like) = uid(like) {
        assert_eq!(object.uid, like);
    }
}

/// That messages can be taken in, and tell nothing that is nobody's business.
fn sent(messages: &[Message]) {
    for message in messages {
        let text = message.text.as_bytes();
        let calendar = Calendar::parse(text).expect("a message can be read");
        let said = calendar.root().property("METHOD").expect("a message has a METHOD");
        assert_eq!(Method::of(said.value()), Some(message.method));
        for component in calendar.root().children() {
            assert!(!component.children().any(|inside| inside.is("VALARM")));
            for line in component.properties().filter(|l| l.is("ATTENDEE") || l.is("ORGANIZER")) {
                for name in ["SCHEDULE-AGENT", "SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND"] {
                    assert!(line.param(name).is_none(), "{}", line.text());
                }
            }
        }
        let is_me = |address: &str| same(address, &message.to);
        if let Err(Unusable::Malformed(why)) = receive(text, None, &is_me, now()) {
            panic!("a message cannot be taken in: {why}\n{}", message.text);
        }
    }
}

fn organized(old: Option<&[u8]>, new: &[u8], is_me: itip::IsMe<'_>) {
    let Ok(change) = organize(old, Some(new), is_me, now()) else { return };
    sent(&change.messages);
    let stored = change.stored.as_deref().map_or(new, str::as_bytes);
    if let Some(stored) = &change.stored {
        stands(stored, new);
    }
    if Calendar::parse(stored).is_ok_and(|it| itip::role(&it, is_me) != Role::Organizer) {
        return;
    }
    let again = organize(Some(stored), Some(stored), is_me, now()).expect("it was stored");
    assert!(again.messages.is_empty(), "the same again is told: {:?}", again.messages);
    for message in itip::refresh(stored, "", is_me, now()) {
        sent(&[message]);
    }
}

fn attended(old: Option<&[u8]>, new: &[u8], me: &str, is_me: itip::IsMe<'_>) {
    let Ok(change) = attend(old, Some(new), is_me, true, now()) else { return };
    sent(&change.messages);
    let stored = change.stored.as_deref().map_or(new, str::as_bytes);
    if let Some(stored) = &change.stored {
        stands(stored, new);
    }
    let Some(old) = old else { return };
    let (Ok(before), Ok(after)) = (Calendar::parse(old), Calendar::parse(stored)) else { return };
    let by_server = |it: &Calendar<'_>| {
        let mut lines = it.root().children().flat_map(|c| c.all("ORGANIZER").collect::<Vec<_>>());
        lines.next().is_some_and(|line| line.param("SCHEDULE-AGENT").is_none())
    };
    let (Ok(was), Ok(is)) = (check_resource(&before), check_resource(&after)) else { return };
    let mine = itip::role(&before, is_me) == Role::Attendee;
    if !mine || !by_server(&before) || !by_server(&after) {
        return;
    }
    theirs(&was, &is, me);
    fewer((&before, &was), (&after, &is));
    for message in &change.messages {
        assert_eq!(message.method, Method::Reply);
        speaks_for_himself(message, me);
    }
    let again = attend(Some(stored), Some(stored), is_me, true, now()).expect("it was stored");
    assert!(again.messages.is_empty(), "the same again is told: {:?}", again.messages);
}

/// Properties that no attendee changes.
const THEIRS: [&str; 8] =
    ["SUMMARY", "LOCATION", "DESCRIPTION", "SEQUENCE", "ORGANIZER", "PRIORITY", "URL", "CLASS"];

/// The values of a property.
fn values(component: Component<'_>, name: &str) -> BTreeSet<String> {
    let lines = component.all(name).map(|line| line.value().trim().to_owned());
    lines.filter(|value| !value.is_empty()).collect()
}

/// That a copy says what the organizer said, component by component.
fn theirs(was: &Object<'_>, is: &Object<'_>, me: &str) {
    for entry in is.entries() {
        let same_id = was.entries().find(|it| it.recurrence_id == entry.recurrence_id);
        let Some(base) = same_id.or(was.master.as_ref()) else { continue };
        let (a, b) = (base.component, entry.component);
        for name in THEIRS {
            assert_eq!(values(a, name), values(b, name), "{name}");
        }
        let (had, has) = (values(a, "ATTENDEE"), values(b, "ATTENDEE"));
        let lost = had.iter().find(|it| !has.iter().any(|other| same(it, other)));
        assert_eq!(lost, None, "an attendee took another out");
        let own = b.all("ATTENDEE").filter(|line| same(line.value(), me));
        let to: Vec<String> = own
            .filter_map(|line| line.param("DELEGATED-TO"))
            .flat_map(|param| param.values().map(|it| it.into_owned()).collect::<Vec<_>>())
            .collect();
        let known = |it: &String| had.iter().chain(&to).any(|other| same(it, other));
        assert_eq!(has.iter().find(|it| !known(it)), None, "an attendee invited another");
    }
}

/// That a copy has no instances that it had not.
fn fewer(was: (&Calendar<'_>, &Object<'_>), is: (&Calendar<'_>, &Object<'_>)) {
    let (Some(had), Some(has)) = (instances(was), instances(is)) else { return };
    let new = has.difference(&had).next();
    assert_eq!(new, None, "an attendee moved something");
}

fn instances((calendar, object): (&Calendar<'_>, &Object<'_>)) -> Option<BTreeSet<(i64, i64)>> {
    if object.kind != Kind::Event {
        return None;
    }
    let zones = calendar.zones(Zone::utc());
    let (mut steps, mut found) = (Steps::new(STEPS), BTreeSet::new());
    let all = occurrences(object, &zones, i64::MIN..i64::MAX, &mut steps, &mut |it| {
        found.insert((it.start, it.end));
        ControlFlow::Continue(())
    });
    all.ok().map(|()| found)
}

/// That a reply answers for its sender alone.
fn speaks_for_himself(message: &Message, me: &str) {
    let calendar = Calendar::parse(message.text.as_bytes()).expect("a message can be read");
    for line in calendar.root().children().flat_map(|c| c.all("ATTENDEE").collect::<Vec<_>>()) {
        let said = line.param("PARTSTAT").map(|it| it.value().into_owned());
        assert!(same(line.value(), me) || said.as_deref() == Some("NEEDS-ACTION"), "{said:?}");
    }
}

fn received(message: &[u8], stored: Option<&[u8]>, is_me: itip::IsMe<'_>) {
    match receive(message, stored, is_me, now()) {
        Ok(Received::Store { text, others, .. }) => {
            stands(&text, message);
            let organizers = |text: &[u8]| {
                let calendar = Calendar::parse(text).expect("it was read");
                let all = calendar.root().children();
                all.flat_map(|c| values(c, "ORGANIZER"))
                    .map(|it| folded(&it))
                    .collect::<BTreeSet<_>>()
            };
            if let Some(stored) = stored {
                let (had, has) = (organizers(stored), organizers(text.as_bytes()));
                assert!(has.is_subset(&had), "a message changed the organizer: {had:?} {has:?}");
            }
            if let Some(who) = others {
                sent(&itip::refresh(text.as_bytes(), &who, is_me, now()));
            }
            if let Ok(Received::Store { text: again, .. }) =
                receive(message, Some(text.as_bytes()), is_me, now())
            {
                panic!("a message counted twice:\n{text}\n{again}");
            }
            let told = [("mailto:o@x".to_owned(), "1.2".to_owned())];
            let told = itip::with_status(text.as_bytes(), &told);
            stands(std::str::from_utf8(&told).expect("it was text"), message);
        }
        Ok(Received::Asked { by }) => {
            sent(&itip::state(stored.unwrap_or_default(), &by, is_me, now()));
        }
        Ok(Received::Nothing { .. } | Received::Remove { .. }) => {}
        Err(why) => super::assert_short(&why),
    }
}

/// An address as it is compared.
fn folded(address: &str) -> String {
    let lower = address.trim().to_lowercase();
    lower.strip_prefix("mailto:").unwrap_or(&lower).trim().trim_end_matches('/').to_owned()
}
