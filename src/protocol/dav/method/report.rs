//! REPORT (RFC 3253 §3.6): the body's root element says which one.

use crate::format::xml::{Name, Ns};
use crate::kernel::fault::{Fault, Outcome};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::of_verdict;
use crate::protocol::dav::body::xml;
use crate::protocol::dav::fault::Verdict;
use crate::protocol::dav::service::presumed_class;
use crate::protocol::http::body::Body;
use crate::protocol::http::header::accept::error_body;
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
        Some(report) => (report.run)(ask.clone(), root).await,
        None => {
            let verdict = Verdict {
                status: StatusCode::FORBIDDEN,
                condition: Some(Name::known(Ns::Dav, "supported-report")),
                hrefs: Vec::new(),
                privilege: None,
            };
            let words = format!("the report {} is not served here", root.name);
            Ok(of_verdict(&verdict, &words, error_body(&ask.headers)))
        }
    }
}
