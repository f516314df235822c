//! The requests' way from the listeners to the protocols.

use super::config::Current;
use crate::kernel::fault::Outcome;
use crate::protocol::http::body::Body;
use crate::protocol::http::handler::Handler;
use http::{HeaderValue, Response, StatusCode, header};
use std::sync::Arc;

/// The handler of this server.
///
/// # Errors
/// When a part of the server cannot start.
pub async fn handler(_current: Arc<Current>) -> Outcome<Handler> {
    Ok(Arc::new(|request, _peer| {
        let (status, text) = match request.uri().path() {
            "/healthz" | "/readyz" => (StatusCode::OK, "ok\n"),
            _ => (StatusCode::NOT_FOUND, "there is nothing at this address\n"),
        };
        Box::pin(async move {
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = status;
            let plain = HeaderValue::from_static("text/plain");
            response.headers_mut().insert(header::CONTENT_TYPE, plain);
            response
        })
    }))
}
