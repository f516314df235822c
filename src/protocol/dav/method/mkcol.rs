//! MKCOL, plain and extended (RFC 4918 §9.3, RFC 5689); MKCALENDAR shares its parts.

use crate::domain::collection::Property;
use crate::domain::collection::kind::{COMPONENTS_DEFAULT, Kind, component_bit};
use crate::domain::collection::subscription;
use crate::domain::collection::tree::{self, Making};
use crate::format::url::WebUrl;
use crate::format::xml::{Element, Name, Ns, Writer};
use crate::kernel::fault::{Fault, Outcome, Refusal};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{XML, empty, full, set, tell_preferences};
use crate::protocol::dav::body::xml;
use crate::protocol::dav::fault::{Verdict, verdict};
use crate::protocol::dav::guard;
use crate::protocol::dav::multistatus::write_propstat;
use crate::protocol::dav::name::names;
use crate::protocol::dav::property::Setting;
use crate::protocol::dav::source::{self, SOURCE};
use crate::protocol::http::body::Body;
use crate::protocol::http::header::prefer::Preferences;
use crate::protocol::http::header::{content_language, content_type};
use http::header::CACHE_CONTROL;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

names! {
    MKCOL_RESPONSE = Dav "mkcol-response",
    RESOURCE_TYPE = Dav "resourcetype",
    COMPONENT_SET = CalDav "supported-calendar-component-set",
}

/// Makes a collection.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let root = root(&ask, body, &[("DAV:", "mkcol")]).await?;
    let place = ask.need_place()?;
    make(&ask, root.as_ref(), place.home.child(), &MKCOL_RESPONSE).await
}

/// The body, if there is one: XML with one of these roots. Any other is refused with 415 (RFC 4918
/// §9.3, RFC 4791 §5.3.1.1).
pub async fn root(
    ask: &Ask,
    body: Incoming,
    roots: &[(&'static str, &str)],
) -> Outcome<Option<Element>> {
    if content_type::parse(&ask.headers)?.is_some_and(|media| !media.is_xml()) {
        return Err(Refusal::UnexpectedBody.into());
    }
    let root = xml(ask, body).await?;
    let known = |r: &Element| roots.iter().any(|(ns, local)| r.is(*ns, local));
    match root.as_ref().is_none_or(known) {
        true => Ok(root),
        false => Err(Refusal::UnexpectedBody.into()),
    }
}

/// Makes a collection with the properties of a body: of the kind that `DAV:resourcetype` says, or
/// else `kind`. `response` is the root element of the answer to refused properties.
pub async fn make(
    ask: &Ask,
    root: Option<&Element>,
    kind: Kind,
    response: &Name,
) -> Outcome<Response<Body>> {
    let place = ask.need_place()?;
    let wanted: Vec<&Element> = properties(root);
    let plan = plan(ask, &wanted, kind)?;
    match plan {
        Ok((making, source)) => {
            let (guard, place) = (guard::of(ask).await?, place.at(&place.path, true));
            match source {
                Some(url) => subscription::make(&ask.access, &place, making, &url, guard).await?,
                None => tree::make(&ask.access, &place, making, guard).await?,
            }
            let mut created = empty(StatusCode::CREATED);
            // RFC 5689 §3, RFC 4791 §5.3.1: the answer must not be kept.
            set(&mut created, CACHE_CONTROL, "no-cache");
            // The answer has no body in any case (RFC 8144 §2.3).
            let preferences = Preferences::parse(&ask.headers);
            tell_preferences(&mut created, &preferences.of_listing(false));
            Ok(created)
        }
        Err(refused) => Ok(refusal(ask, &wanted, &refused, response)),
    }
}

/// The properties of every `DAV:set` in the body.
pub fn properties(root: Option<&Element>) -> Vec<&Element> {
    let sets = root.into_iter().flat_map(Element::elements).filter(|e| e.is("DAV:", "set"));
    let props = sets.flat_map(Element::elements).filter(|e| e.is("DAV:", "prop"));
    props.flat_map(Element::elements).collect()
}

/// A property that stops the making, and why.
pub struct Refused {
    name: Name,
    why: String,
    fault: Fault,
}

/// What to make, and the address of the feed that it shall show, if it shall.
type Plan = (Making, Option<WebUrl>);

fn plan(ask: &Ask, wanted: &[&Element], kind: Kind) -> Outcome<Result<Plan, Refused>> {
    let mut making = Making { kind, components: 0, properties: Vec::new() };
    for element in wanted {
        let refuse = |why: &str, fault: Refusal| {
            let name = element.name.clone();
            Ok(Err(Refused { name, why: why.to_owned(), fault: fault.into() }))
        };
        if element.name == RESOURCE_TYPE {
            // RFC 5689 §3 wants DAV:collection; RFC 4791 §5.3.1 says nothing of a resourcetype.
            let whole =
                ask.method.as_str() != "MKCOL" || element.child("DAV:", "collection").is_some();
            match kind_named(element, kind).filter(|_| whole) {
                Some(named) => making.kind = named,
                None => {
                    let fault = Refusal::CollectionPlacement("resourcetype".into());
                    return refuse("such a collection cannot be made here", fault);
                }
            }
            continue;
        }
        match ask.registry().row(&element.name).map(|row| &row.setting) {
            Some(Setting::Protected) => return refuse("protected", Refusal::Protected),
            Some(Setting::Kept(check)) => {
                if let Err(why) = check(element) {
                    return refuse(why, bad_value(element, why));
                }
                making.properties.push(kept(element));
            }
            Some(Setting::Also(_, other)) => match other(element) {
                Ok(other) => making.properties.push(kept(&other)),
                Err(fault) => return refuse(&fault.to_string(), fault),
            },
            Some(Setting::Language) if content_language::tags(&element.text()).is_none() => {
                let why = NO_LANGUAGE;
                return refuse(why, bad_value(element, why));
            }
            Some(Setting::Language) => making.properties.push(kept(element)),
            Some(Setting::AtCreation) => match components(element) {
                Some(bits) => making.components = bits,
                None => {
                    let what = "a component that is not served".to_owned();
                    return refuse(&what, Refusal::UnsupportedComponent(what.clone()));
                }
            },
            None => making.properties.push(kept(element)),
        }
    }
    match (making.kind, making.components) {
        (Kind::Calendar | Kind::Subscription, 0) => making.components = COMPONENTS_DEFAULT,
        (Kind::Calendar | Kind::Subscription, _) => {}
        _ => making.components = 0,
    }
    let source = wanted.iter().rfind(|e| e.name == SOURCE && making.kind == Kind::Calendar);
    match source.map(|element| source::address(element)).transpose() {
        Ok(source) => {
            // It is kept with the feed: it may hold a password.
            let is_source =
                |p: &Property| p.name == SOURCE.local() && p.namespace == SOURCE.ns().uri();
            making.properties.retain(|p| source.is_none() || !is_source(p));
            Ok(Ok((making, source)))
        }
        Err(why) => {
            let fault = Refusal::Malformed(format!("CS:source: {why}"));
            Ok(Err(Refused { name: SOURCE, why: why.to_owned(), fault: fault.into() }))
        }
    }
}

/// The kind that a resourcetype asks for; none when one of its elements is not served in this tree.
fn kind_named(element: &Element, here: Kind) -> Option<Kind> {
    let mut kind = None;
    for part in element.elements().filter(|e| !e.is("DAV:", "collection")) {
        let named = TYPES.iter().find(|(ns, local, _)| part.is(*ns, local)).map(|row| row.2)?;
        kind = Some(named).filter(|named| kind.is_none_or(|earlier| earlier == *named));
        kind?;
    }
    let kind = kind.unwrap_or(here);
    (kind == here || (kind, here) == (Kind::Subscription, Kind::Calendar)).then_some(kind)
}

/// The elements of `DAV:resourcetype` that name a kind.
static TYPES: [(&str, &str, Kind); 3] = [
    ("urn:ietf:params:xml:ns:caldav", "calendar", Kind::Calendar),
    ("urn:ietf:params:xml:ns:carddav", "addressbook", Kind::Addressbook),
    ("http://calendarserver.org/ns/", "subscribed", Kind::Subscription),
];

/// The components of a `supported-calendar-component-set`; none when one cannot be stored or it
/// names none.
fn components(element: &Element) -> Option<i64> {
    let mut bits = 0;
    for comp in element.elements().filter(|e| e.is("urn:ietf:params:xml:ns:caldav", "comp")) {
        bits |= component_bit(comp.attribute("name")?)?;
    }
    (bits != 0).then_some(bits)
}

/// A value that its row does not take. What is no time zone has a condition of its own
/// (RFC 4791 §5.3.1.1, §5.2.2).
pub fn bad_value(element: &Element, why: &str) -> Refusal {
    let reason = why.to_owned();
    match *element.name.ns() == Ns::CalDav && element.name.local() == "calendar-timezone" {
        true => Refusal::InvalidData { line: 0, reason },
        false => Refusal::Malformed(reason),
    }
}

/// What is said of a language that is none.
pub const NO_LANGUAGE: &str = "the value must be language tags";

/// A property as it is stored.
pub fn kept(element: &Element) -> Property {
    Property {
        namespace: element.name.ns().uri().to_owned(),
        name: element.name.local().to_owned(),
        value: element.to_standalone(),
    }
}

/// RFC 5689 §3: the property at fault with its status, the others 424, nothing made.
fn refusal(ask: &Ask, wanted: &[&Element], refused: &Refused, response: &Name) -> Response<Body> {
    let mut verdict = verdict(&refused.fault, ask.about());
    if refused.name == RESOURCE_TYPE {
        verdict.condition = Some(Name::known(Ns::Dav, "valid-resourcetype"));
    }
    let mut writer = Writer::with_capacity(1024);
    writer.document_start(response);
    let culprit = std::iter::once(&refused.name);
    write_propstat(culprit, StatusCode::FORBIDDEN, Some(&verdict), Some(&refused.why), &mut writer);
    let mut others: Vec<&Name> = wanted.iter().map(|e| &e.name).collect();
    others.retain(|name| **name != refused.name);
    others.sort();
    others.dedup();
    let none = None::<&Verdict>;
    write_propstat(others.into_iter(), StatusCode::FAILED_DEPENDENCY, none, None, &mut writer);
    writer.close(response);
    full(StatusCode::FORBIDDEN, XML, writer.out)
}
