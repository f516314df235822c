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
    let verdict = Verdict {
        status: StatusCode::FORBIDDEN,
        condition: Some(Name::known(Ns::Dav, "supported-report")),
        hrefs: Vec::new(),
        privilege: None,
    };
    let words = format!("the report {} is not served here", root.name);
    of_verdict(&verdict, &words, error_body(&ask.headers))
}
