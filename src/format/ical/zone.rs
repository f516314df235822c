//! The time zones of one object: VTIMEZONE components turned into observances, for the TZIDs that
//! no database knows.
//!
//! Invariant: a VTIMEZONE that makes no sense is as if absent; it never makes an object invalid.
//! Standard: RFC 5545 §3.6.5.

use super::{Calendar, Component, value};
use crate::format::recur::{Rule, Steps};
use crate::format::tz::written::Observance;
use crate::format::tz::{Zone, Zones};
use crate::kernel::limits::ZONE_STEPS_OBJECT;

impl Calendar<'_> {
    /// The zones for this object's TZIDs; floating times are read in `default`.
    pub fn zones(&self, default: Zone) -> Zones {
        let mut zones = Zones::new(default);
        let mut steps = Steps::new(ZONE_STEPS_OBJECT);
        for component in self.root().children().filter(|c| c.is("VTIMEZONE")) {
            let Some(tzid) = component.property("TZID").map(|l| l.value().trim()) else { continue };
            let tzid = value::text(tzid);
            if Zone::named(&tzid).is_none()
                && let Some(zone) = zone(component, &mut steps)
            {
                zones.define(&tzid, zone);
            }
        }
        zones
    }
}

/// The TZID and the zone of a calendar object that holds one VTIMEZONE (RFC 4791 §5.2.2, §9.8); a
/// name that is known is stronger than the rules beside it, as in every object.
pub fn of_text(text: &str) -> Option<(String, Zone)> {
    let calendar = Calendar::parse(text.trim().as_bytes()).ok()?;
    let component = calendar.root().children().find(|c| c.is("VTIMEZONE"))?;
    let tzid = value::text(component.property("TZID")?.value().trim()).into_owned();
    let written = || zone(component, &mut Steps::new(ZONE_STEPS_OBJECT));
    let zone = Zone::named(&tzid).or_else(written)?;
    Some((tzid, zone))
}

/// The zone that a VTIMEZONE writes out; `None` if no observance can be read, or if that takes
/// more steps than are left.
pub fn zone(component: Component<'_>, steps: &mut Steps) -> Option<Zone> {
    let parts = component.children().filter(|c| c.is("STANDARD") || c.is("DAYLIGHT"));
    Zone::written(parts.filter_map(observance).collect(), steps)
}

fn observance(part: Component<'_>) -> Option<Observance> {
    let offset = |name| part.property(name).and_then(|l| value::utc_offset(l.value()));
    let rules = part.all("RRULE").filter_map(|l| Rule::parse(l.value()).ok());
    let dates = part.all("RDATE").filter_map(|l| value::periods(l).ok()).flatten();
    let from = offset("TZOFFSETFROM")?;
    let local = |at: value::Moment<'_>| match at.form {
        value::Form::Utc => crate::format::civil::Civil::from_seconds(at.civil.seconds() + from),
        _ => at.civil,
    };
    Some(Observance {
        start: local(part.property("DTSTART").and_then(|l| value::moment(l).ok())?),
        from,
        to: offset("TZOFFSETTO")?,
        rules: rules.collect(),
        dates: dates.map(|p| local(p.start)).collect(),
    })
}
