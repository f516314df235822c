//! PROPPATCH (RFC 4918 §9.2): in document order, all or nothing, always 207 once it was tried.

use super::delegates;
use super::mkcol::{NO_LANGUAGE, bad_value, kept};
use crate::domain::collection::property::{Instruction, patch, precheck};
use crate::domain::collection::scheduling::DEFAULT_CALENDAR;
use crate::format::xml::{Element, Name, Writer};
use crate::kernel::fault::{Fault, Outcome, Refusal, SchedulingRule};
use crate::kernel::limits::PROPERTIES_MAX;
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{empty, multistatus, tell_preferences};
use crate::protocol::dav::body::xml;
use crate::protocol::dav::fault::{Verdict, verdict};
use crate::protocol::dav::guard;
use crate::protocol::dav::multistatus::write_propstat;
use crate::protocol::dav::property::Setting;
use crate::protocol::dav::source::SOURCE;
use crate::protocol::dav::space::{Target, place_path};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::content_language;
use crate::protocol::http::header::prefer::Preferences;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Sets and removes properties.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let root = xml(&ask, body).await?;
    let Some(root) = root.filter(|r| r.is("DAV:", "propertyupdate")) else {
        return Err(Fault::malformed("the body must be a DAV:propertyupdate"));
    };
    let steps = steps(&root);
    if steps.is_empty() {
        return Err(Fault::malformed("the propertyupdate names no property"));
    }
    demand_few(steps.len())?;
    if let Target::Proxy(kind, name, level) = &ask.target {
        return delegates::patch(&ask, (*kind, name, *level), &steps).await;
    }
    let place = ask.need_place()?;
    let guard = guard::of(&ask).await?;
    let mut instructions = Vec::new();
    for (set, element) in &steps {
        match instruction(&ask, *set, element) {
            Ok(instruction) => instructions.push(instruction),
            Err(fault) => {
                // Who may not write at all, or what is not there, comes before that.
                let collection = precheck(&ask.access, place, guard).await?;
                let href = place_path(&place.at(&place.path, collection));
                return Ok(refused(&ask, &href, &steps, Some(&element.name), &fault));
            }
        }
    }
    let preferences = Preferences::parse(&ask.headers);
    match patch(&ask.access, place, instructions, guard).await {
        // RFC 8144 §2.2; with a fault the multistatus is needed.
        Ok(_) if preferences.minimal() => {
            let mut done = empty(StatusCode::OK);
            tell_preferences(&mut done, &preferences.of_listing(false));
            Ok(done)
        }
        Ok(collection) => Ok(done(&place_path(&place.at(&place.path, collection)), &steps)),
        // Where a fetched calendar comes from stays.
        Err(fault @ Fault::Refused(Refusal::Protected)) => {
            Ok(refused(&ask, &ask.path, &steps, Some(&SOURCE), &fault))
        }
        Err(fault @ Fault::Refused(Refusal::Scheduling(SchedulingRule::ValidDefault, _))) => {
            let (namespace, name) = DEFAULT_CALENDAR;
            let culprit = steps.iter().map(|(_, it)| *it).find(|it| it.is(namespace, name));
            Ok(refused(&ask, &ask.path, &steps, culprit.map(|it| &it.name), &fault))
        }
        // Too long, too many: the client's values are at fault, not the request.
        Err(fault @ Fault::Refused(Refusal::Malformed(_))) => {
            Ok(refused(&ask, &ask.path, &steps, None, &fault))
        }
        Err(fault) => Err(fault),
    }
}

/// The answer to what was done.
pub(super) fn done(href: &str, steps: &[(bool, &Element)]) -> Response<Body> {
    multistatus(|w| {
        w.raw(b"<D:response>");
        w.href(href);
        let none = None::<&Verdict>;
        write_propstat(distinct(steps).into_iter(), StatusCode::OK, none, None, w);
        w.raw(b"</D:response>");
    })
}

/// Demands no more properties than a resource may have, before each is copied with the namespaces
/// that it needs.
pub(super) fn demand_few(properties: usize) -> Outcome<()> {
    match properties <= PROPERTIES_MAX {
        true => Ok(()),
        false => Err(Fault::malformed(format!("more than {PROPERTIES_MAX} properties"))),
    }
}

/// What to do, in document order: set (true) or remove.
pub(super) fn steps(root: &Element) -> Vec<(bool, &Element)> {
    let mut all = Vec::new();
    for step in root.elements() {
        let set = match (step.is("DAV:", "set"), step.is("DAV:", "remove")) {
            (true, _) => true,
            (_, true) => false,
            _ => continue,
        };
        let props = step.elements().filter(|e| e.is("DAV:", "prop"));
        all.extend(props.flat_map(Element::elements).map(|property| (set, property)));
    }
    all
}

pub(super) fn instruction(ask: &Ask, set: bool, element: &Element) -> Outcome<Instruction> {
    let row = ask.registry().row(&element.name);
    match (row.map(|row| &row.setting), set) {
        // RFC 4791 §5.2.3: only while the collection is made.
        (Some(Setting::Protected | Setting::AtCreation), _) => Err(Refusal::Protected.into()),
        (Some(Setting::Kept(check)), true) => match check(element) {
            Ok(()) => Ok(Instruction::Set(kept(element))),
            Err(why) => Err(bad_value(element, why).into()),
        },
        (Some(Setting::Also(_, other)), true) => Ok(Instruction::Set(kept(&other(element)?))),
        (Some(Setting::Also(name, _)), false) => {
            Ok(Instruction::Remove(name.ns().uri().to_owned(), name.local().to_owned()))
        }
        (Some(Setting::Language), true) => match content_language::tags(&element.text()) {
            Some(tags) => Ok(Instruction::Language(Some(tags))),
            None => Err(bad_value(element, NO_LANGUAGE).into()),
        },
        (Some(Setting::Language), false) => Ok(Instruction::Language(None)),
        (None, true) => Ok(Instruction::Set(kept(element))),
        (_, false) => {
            let name = &element.name;
            Ok(Instruction::Remove(name.ns().uri().to_owned(), name.local().to_owned()))
        }
    }
}

fn distinct<'e>(steps: &[(bool, &'e Element)]) -> Vec<&'e Name> {
    let mut names: Vec<&Name> = Vec::new();
    for (_, element) in steps {
        if !names.contains(&&element.name) {
            names.push(&element.name);
        }
    }
    names
}

/// The answer to what was refused as a whole.
pub(super) fn refused(
    ask: &Ask,
    href: &str,
    steps: &[(bool, &Element)],
    culprit: Option<&Name>,
    fault: &Fault,
) -> Response<Body> {
    multistatus(|w| write_refused(ask, href, steps, culprit, fault, w))
}

/// The property at fault with its status, the others 424; without a culprit all share the status.
pub(super) fn write_refused(
    ask: &Ask,
    href: &str,
    steps: &[(bool, &Element)],
    culprit: Option<&Name>,
    fault: &Fault,
    w: &mut Writer,
) {
    let verdict = verdict(fault, ask.about());
    let status = match fault {
        Fault::Refused(Refusal::Malformed(_)) => StatusCode::CONFLICT,
        _ => verdict.status,
    };
    let words = fault.to_string();
    let names = distinct(steps);
    let is_culprit = |name: &&&Name| culprit.is_none_or(|c| c == **name);
    w.raw(b"<D:response>");
    w.href(href);
    let at_fault = names.iter().filter(is_culprit).copied();
    write_propstat(at_fault, status, Some(&verdict), Some(&words), w);
    let others = names.iter().filter(|n| !is_culprit(n)).copied();
    write_propstat(others, StatusCode::FAILED_DEPENDENCY, None::<&Verdict>, None, w);
    w.raw(b"</D:response>");
}
