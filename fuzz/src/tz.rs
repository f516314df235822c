//! Time zones that an object writes out, and names of zones (`format/tz`). An input that is no
//! whole object is what stands inside a VTIMEZONE.
//!
//! Promises: an answer does not depend on what was asked before; offsets are less than a day; an
//! instant's wall clock leads back to an instant near it, of a known zone to one with the same
//! wall clock.

use davenport::format::civil::Civil;
use davenport::format::ical::Calendar;
use davenport::format::ical::zone::zone;
use davenport::format::recur::Steps;
use davenport::format::tz::Zone;
use davenport::kernel::limits::ZONE_STEPS_OBJECT;

pub const SEEDS: &[&[u8]] = &[
    b"BEGIN:STANDARD\nDTSTART:19671029T020000\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:19870405T020000\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4;UNTIL=19970406T070000Z\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\nRDATE:19990401T020000,20000401T020000\nEND:DAYLIGHT\n",
    b"BEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD\n",
    b"/citadel.org/20070227_1/Europe/Berlin",
    b"W. Europe Standard Time",
    b"(UTC-07:00) Chihuahua, La Paz, Mazatlan",
    b"GMT-0330",
];

/// Instants to ask about: 1601, 1883, 1970, around 2026's changes, 2400, 9000.
const INSTANTS: [i64; 12] = [
    -11_644_473_600,
    -2_717_668_800,
    0,
    1_774_000_000,
    1_774_746_000,
    1_774_746_001,
    1_785_000_000,
    1_792_890_000,
    1_792_893_600,
    13_600_000_000,
    221_900_000_000,
    260_000_000_000,
];

pub fn run(data: &[u8]) {
    if let Some(zone) = std::str::from_utf8(data).ok().and_then(Zone::named) {
        for at in INSTANTS.into_iter().filter(|at| *at < 253_000_000_000) {
            let local = zone.from_utc(at);
            assert_eq!(zone.from_utc(zone.to_utc(local)), local, "{at}");
        }
    }
    let whole = [
        &b"BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x-fuzz\n"[..],
        data,
        b"\nEND:VTIMEZONE\nEND:VCALENDAR\n",
    ]
    .concat();
    let text = if data.starts_with(b"BEGIN:VCALENDAR") { data } else { &whole };
    let Ok(calendar) = Calendar::parse(text) else { return };
    let zones = calendar.root().children().filter(|c| c.is("VTIMEZONE")).take(4);
    for component in zones {
        let read = || zone(component, &mut Steps::new(ZONE_STEPS_OBJECT));
        let (Some(forward), Some(backward)) = (read(), read()) else { continue };
        let there: Vec<_> = INSTANTS.iter().map(|at| look(&forward, *at)).collect();
        let mut back: Vec<_> = INSTANTS.iter().rev().map(|at| look(&backward, *at)).collect();
        back.reverse();
        assert_eq!(there, back, "answers depend on their order");
        let again: Vec<_> = INSTANTS.iter().map(|at| look(&forward, *at)).collect();
        assert_eq!(there, again, "answers change");
    }
}

fn look(zone: &Zone, at: i64) -> (i64, Civil, i64) {
    let offset = zone.offset_at(at);
    assert!(offset.abs() < 86_400);
    let local = zone.from_utc(at);
    let back = zone.to_utc(local);
    // The end of time cuts it off; else two offsets, each less than a day, lie between.
    assert!((back - at).abs() < 2 * 86_400 || at > 253_000_000_000, "{at}, {local:?}, {back}");
    (offset, local, back)
}
