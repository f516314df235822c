//! REPORT (RFC 3253 §3.6): the body's root element says which one.

use crate::format::xml::{Element, Name, Ns};
use crate::kernel::fault::{Fault, Outcome};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{of_verdict, tell_preferences};
use crate::protocol::dav::body::xml;
use crate::protocol::dav::fault::Verdict;
use crate::protocol::dav::service::presumed_class;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::accept::error_body;
use crate::protocol::http::header::prefer::Preferences;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// Finds the report and runs it.
pub async fn run(ask: Arc<Ask>, body: Incoming) -> Outcome<Response<Body>> {
    let Some(root) = xml(&ask, body).await? else {
        return Err(Fault::malformed("a REPORT needs a body that names it"));
    };
    let class = presumed_class(&ask);
    match ask.registry().report(&root.name, class) {
        Some(_) if unserved_data(&root).is_some() => {
            let condition = unserved_data(&root);
            let verdict = Verdict { condition, ..forbidden() };
            let words = "the data are not kept in this form";
            Ok(of_verdict(&verdict, words, error_body(&ask.headers)))
        }
        Some(report) => {
            let mut response = (report.run)(ask.clone(), root).await?;
            if response.status() == StatusCode::MULTI_STATUS {
                tell_preferences(
                    &mut response,
                    &Preferences::parse(&ask.headers).of_listing(false),
                );
            }
            Ok(response)
        }
        None => Ok(not_served(&ask, &root)),
    }
}

/// 403 with `supported-report`: this resource has no such report (RFC 3253 §3.6).
pub fn not_served(ask: &Ask, root: &Element) -> Response<Body> {
    let condition = Some(Name::known(Ns::Dav, "supported-report"));
    let verdict = Verdict { condition, ..forbidden() };
    let words = format!("the report {} is not served here", root.name);
    of_verdict(&verdict, &words, error_body(&ask.headers))
}

fn forbidden() -> Verdict {
    let status = StatusCode::FORBIDDEN;
    Verdict { status, condition: None, hrefs: Vec::new(), privilege: None }
}

/// The forms in which contents are kept: namespace and name of the element that asks for them,
/// media types, versions, the condition that refuses another.
type Form = (Ns, &'static str, &'static [&'static str], &'static [&'static str], &'static str);

static FORMS: [Form; 2] = [
    (
        Ns::CalDav,
        "calendar-data",
        &["text/calendar", "application/calendar+json", "application/calendar+xml"],
        &["2.0"],
        "supported-calendar-data",
    ),
    (
        Ns::CardDav,
        "address-data",
        &["text/vcard", "text/x-vcard", "text/directory", "application/vcard+json"],
        &["3.0", "4.0"],
        "supported-address-data",
    ),
];

/// The condition that refuses a report which asks for contents in another form than theirs
/// (RFC 4791 §7.8, §7.9; RFC 6352 §8.6, §8.7).
fn unserved_data(root: &Element) -> Option<Name> {
    let asked = root.child("DAV:", "prop")?;
    asked.elements().find_map(|element| {
        let is_form = |f: &&Form| f.0 == *element.name.ns() && f.1 == element.name.local();
        let (ns, _, media, versions, condition) = FORMS.iter().find(is_form)?;
        let among = |attribute: &str, list: &[&str]| {
            let given = element
                .attribute(attribute)
                .map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
            given.is_none_or(|given| list.contains(&given.as_str()))
        };
        let served = among("content-type", media) && among("version", versions);
        (!served).then(|| Name::known(ns.clone(), condition))
    })
}
