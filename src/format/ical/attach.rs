//! Managed attachments in the text of a calendar object (RFC 8607 §3, §4): ATTACH properties that
//! the server adds, replaces and takes away, in all components or in some instances.
//!
//! Invariant: everything else in the text stays octet for octet; an instance that has no component
//! of its own yet gets one that says what the series says of it.

use super::expand::occurrences;
use super::object::{Entry, Object, check_resource};
use super::value::{self, Form, Moment};
use super::{Calendar, Component};
use crate::format::civil::Civil;
use crate::format::line::{Line, Malformed, Param, append_folded};
use crate::format::recur::Steps;
use crate::format::tz::Zone;
use crate::kernel::limits::RECURRENCE_STEPS_OBJECT;
use std::ops::{ControlFlow, Range};

/// What an ATTACH property says of an attachment that the server keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attach {
    /// MANAGED-ID.
    pub id: String,
    /// Where it is.
    pub url: String,
    /// FMTTYPE.
    pub media_type: String,
    /// FILENAME, if it has one.
    pub filename: Option<String>,
    /// SIZE, in octets.
    pub size: u64,
}

/// Why an attachment cannot be put into a text, or found in it (RFC 8607 §3.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachFault {
    /// `CALDAV:valid-rid`.
    Instance(String),
    /// `CALDAV:valid-managed-id`.
    Unknown,
    /// The stored text cannot be read, or could not be any more.
    Data(Malformed),
}

/// Which instances are meant (RFC 8607 §3.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every component.
    All,
    /// The series if so, and the instances of these RECURRENCE-IDs.
    Some {
        /// `M`.
        master: bool,
        /// As they are written.
        instances: Vec<String>,
    },
}

impl Which {
    /// Reads the `rid` of a request.
    ///
    /// # Errors
    /// [`AttachFault::Instance`] when it is empty, or something stands twice in it.
    pub fn read(rid: Option<&str>) -> Result<Self, AttachFault> {
        let Some(rid) = rid else { return Ok(Self::All) };
        let (mut master, mut instances) = (false, Vec::new());
        for item in rid.split(',').map(str::trim) {
            let again = if item.eq_ignore_ascii_case("M") {
                std::mem::replace(&mut master, true)
            } else {
                let again = instances.iter().any(|it| it == item);
                instances.push(item.to_owned());
                again
            };
            if again || item.is_empty() {
                return Err(AttachFault::Instance(item.to_owned()));
            }
        }
        Ok(Self::Some { master, instances })
    }
}

/// The MANAGED-IDs of an object, each once.
pub fn managed_ids(calendar: &Calendar<'_>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for component in calendar.root().children() {
        for id in component.all("ATTACH").filter_map(managed_id) {
            if !all.contains(&id) {
                all.push(id);
            }
        }
    }
    all
}

fn managed_id(line: &Line<'_>) -> Option<String> {
    let id = line.param("MANAGED-ID")?.value().into_owned();
    (!id.is_empty()).then_some(id)
}

/// Adds an attachment.
///
/// # Errors
/// See [`AttachFault`].
pub fn add(octets: &[u8], which: &Which, attach: &Attach) -> Result<Vec<u8>, AttachFault> {
    let line = written(attach);
    edited(octets, which, |component, text| {
        let at = end_of_properties(component);
        text.edits.push((at..at, line.clone()));
        Ok(())
    })
}

/// Puts an attachment in the place of another, wherever that is.
///
/// # Errors
/// See [`AttachFault`].
pub fn replace(octets: &[u8], id: &str, attach: &Attach) -> Result<Vec<u8>, AttachFault> {
    let line = written(attach);
    let mut found = false;
    let new = edited(octets, &Which::All, |component, text| {
        for old in component.all("ATTACH").filter(|it| managed_id(it).as_deref() == Some(id)) {
            text.edits.push((old.start..old.end, line.clone()));
            found = true;
        }
        Ok(())
    })?;
    if found { Ok(new) } else { Err(AttachFault::Unknown) }
}

/// Takes an attachment away. Where instances are named, each of them has it.
///
/// # Errors
/// See [`AttachFault`].
pub fn remove(octets: &[u8], which: &Which, id: &str) -> Result<Vec<u8>, AttachFault> {
    let mut found = false;
    let new = edited(octets, which, |component, text| {
        let before = text.edits.len();
        for old in component.all("ATTACH").filter(|it| managed_id(it).as_deref() == Some(id)) {
            text.edits.push((old.start..old.end, Vec::new()));
        }
        let here = text.edits.len() > before;
        found |= here;
        match here || *which == Which::All {
            true => Ok(()),
            false => Err(AttachFault::Unknown),
        }
    })?;
    if found { Ok(new) } else { Err(AttachFault::Unknown) }
}

/// A text with the right SIZE where an attachment is named with a wrong one (§3.7); none: none is
/// wrong. `size` knows the attachments.
pub fn sized(octets: &[u8], size: impl Fn(&str) -> Option<u64>) -> Option<Vec<u8>> {
    let calendar = Calendar::parse(octets).ok()?;
    let mut text = Edits::default();
    for line in calendar.root().children().flat_map(|component| component.all("ATTACH")) {
        let right = managed_id(line).and_then(|id| size(&id));
        let (Some(right), Some(said)) = (right, line.param("SIZE")) else { continue };
        if said.value().trim().parse() == Ok(right) {
            continue;
        }
        let param = |it: Param<'_>| match it.name.eq_ignore_ascii_case("SIZE") {
            true => format!(";SIZE={right}"),
            false => format!(";{}={}", it.name, it.raw),
        };
        let params: String = line.params().map(param).collect();
        let mut new = Vec::new();
        append_folded(&format!("{}{params}:{}", line.full_name(), line.value()), &mut new);
        text.edits.push((line.start..line.end, new));
    }
    (!text.edits.is_empty()).then(|| text.apply(octets, 0..octets.len()))
}

/// What is to be changed in a text: what stands at these octets, and what comes there.
#[derive(Default)]
struct Edits {
    edits: Vec<(Range<usize>, Vec<u8>)>,
}

impl Edits {
    /// The part of a text with its changes.
    fn apply(mut self, octets: &[u8], part: Range<usize>) -> Vec<u8> {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let (mut out, mut at) = (Vec::with_capacity(part.len() + 256), part.start);
        for (range, new) in self.edits {
            out.extend_from_slice(octets.get(at..range.start).unwrap_or_default());
            out.extend_from_slice(&new);
            at = range.end;
        }
        out.extend_from_slice(octets.get(at..part.end).unwrap_or_default());
        out
    }
}

/// Changes the components that are meant, and makes those that are not there yet.
fn edited(
    octets: &[u8],
    which: &Which,
    mut change: impl FnMut(Component<'_>, &mut Edits) -> Result<(), AttachFault>,
) -> Result<Vec<u8>, AttachFault> {
    let calendar = Calendar::parse(octets).map_err(AttachFault::Data)?;
    let object = check_resource(&calendar)
        .map_err(|fault| AttachFault::Data(Malformed::new(0, format!("{fault:?}"))))?;
    let mut edits = Edits::default();
    match which {
        Which::All => {
            for entry in object.entries() {
                change(entry.component, &mut edits)?;
            }
        }
        Which::Some { master, instances } => {
            let series = object.master.as_ref();
            if *master {
                let series = series.ok_or_else(|| AttachFault::Instance("M".to_owned()))?;
                change(series.component, &mut edits)?;
            }
            for id in instances {
                let own = object.overrides.iter().find(|entry| is_named(entry, id));
                if let Some(entry) = own {
                    change(entry.component, &mut edits)?;
                    continue;
                }
                let unknown = || AttachFault::Instance(id.clone());
                let series = series.ok_or_else(unknown)?;
                let at = instance(&object, &calendar, series, id).ok_or_else(unknown)?;
                let mut of_instance = Edits::default();
                change(series.component, &mut of_instance)?;
                stand_for(series, at, id, &mut of_instance).ok_or_else(unknown)?;
                let span = series.component.span();
                let new = of_instance.apply(octets, span.clone());
                edits.edits.push((span.end..span.end, new));
            }
        }
    }
    let whole = edits.apply(octets, 0..octets.len());
    let again = Calendar::parse(&whole).map_err(AttachFault::Data)?;
    check_resource(&again)
        .map_err(|fault| AttachFault::Data(Malformed::new(0, format!("{fault:?}"))))?;
    Ok(whole)
}

/// Whether an override stands for the instance of this RECURRENCE-ID, as it is written.
fn is_named(entry: &Entry<'_>, id: &str) -> bool {
    let written = entry.component.property("RECURRENCE-ID");
    written.is_some_and(|line| line.value().trim().eq_ignore_ascii_case(id))
}

/// The start of an instance of the series that has no component of its own.
fn instance<'c>(
    object: &Object<'c>,
    calendar: &'c Calendar<'c>,
    series: &Entry<'c>,
    id: &str,
) -> Option<Civil> {
    let start = series.start?;
    let zone = if let Form::Zone(tzid) = start.form { Some(tzid) } else { None };
    let wanted = Moment::read(id, zone, false)?;
    if wanted.form != start.form {
        return None;
    }
    // The zones of the world are a day apart at most, either way.
    let around = wanted.civil.seconds();
    let window = around.saturating_sub(2 * 86_400)..around.saturating_add(2 * 86_400);
    let (zones, mut found) = (calendar.zones(Zone::utc()), false);
    let mut steps = Steps::new(RECURRENCE_STEPS_OBJECT);
    let walked = occurrences(object, &zones, window, &mut steps, &mut |it| {
        found |= it.recurrence_id.is_some_and(|original| original.local == wanted.civil);
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    (walked.is_ok() && found).then_some(wanted.civil)
}

/// Properties of a series that its instances have not.
const OF_SERIES: [&str; 5] = ["RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID"];
/// Properties that an instance has at times of its own.
const MOVED: [&str; 3] = ["DTSTART", "DTEND", "DUE"];

/// Makes of the series' component one that stands for an instance.
fn stand_for(series: &Entry<'_>, at: Civil, id: &str, edits: &mut Edits) -> Option<()> {
    let shift = at.seconds() - series.start?.civil.seconds();
    for line in series.component.properties() {
        let is = |names: &[&str]| names.iter().any(|name| line.is(name));
        if is(&OF_SERIES) {
            edits.edits.push((line.start..line.end, Vec::new()));
        } else if is(&MOVED) {
            let moment = value::moment(line).ok()?;
            let mut new = Vec::new();
            let moved = Civil::from_seconds(moment.civil.seconds() + shift);
            append_folded(
                &format!("{}{}:{}", line.full_name(), params(line), shown(moved, moment.form)),
                &mut new,
            );
            if line.is("DTSTART") {
                append_folded(&format!("RECURRENCE-ID{}:{id}", params(line)), &mut new);
            }
            edits.edits.push((line.start..line.end, new));
        }
    }
    Some(())
}

fn params(line: &Line<'_>) -> String {
    line.params().map(|param| format!(";{}={}", param.name, param.raw)).collect()
}

fn shown(at: Civil, form: Form<'_>) -> String {
    let text = value::written(at);
    match form {
        Form::Date => text.get(..8).unwrap_or_default().to_owned(),
        Form::Utc => text + "Z",
        Form::Floating | Form::Zone(_) => text,
    }
}

/// Where a component's own properties end: what stands inside it comes after them (RFC 5545 §3.6).
fn end_of_properties(component: Component<'_>) -> usize {
    let last = component.properties().map(|line| line.end).max();
    last.unwrap_or_else(|| component.span().start)
}

/// The property as it stands in a text.
fn written(it: &Attach) -> Vec<u8> {
    let mut line =
        format!("ATTACH;MANAGED-ID={};FMTTYPE={};SIZE={}", it.id, quoted(&it.media_type), it.size);
    if let Some(name) = &it.filename {
        line.push_str(&format!(";FILENAME={}", quoted(name)));
    }
    line.push(':');
    line.push_str(&it.url);
    let mut out = Vec::new();
    append_folded(&line, &mut out);
    out
}

/// A parameter's value (RFC 5545 §3.1): quoted where it has to be. What cannot stand in one is left
/// out.
fn quoted(text: &str) -> String {
    let plain: String = text.chars().filter(|c| *c != '"' && !c.is_control()).collect();
    match plain.contains([';', ':', ',']) {
        true => format!("\"{plain}\""),
        false => plain.replace('^', "^^"),
    }
}

#[cfg(test)]
mod tests;
