//! A registration's own address: its maker ends it by DELETE (draft-bitfire-webdav-push-00 §3.3).
//!
//! Invariant: somebody else's registration is answered like one that never was.

use crate::domain::push;
use crate::kernel::fault::{Fault, Outcome};
use crate::protocol::dav::Ask;
use crate::protocol::dav::answer::{self, empty, error, set};
use crate::protocol::dav::body::none;
use crate::protocol::dav::service::{Service, admitted};
use crate::protocol::dav::space::REGISTRATION_ROOT;
use crate::protocol::http::body::Body;
use crate::protocol::http::peer::Peer;
use http::header::ALLOW;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

const METHODS: &str = "OPTIONS, DELETE";

/// Answers a request for a registration.
pub async fn serve(
    service: Arc<Service>,
    request: Request<Incoming>,
    peer: Peer,
) -> Response<Body> {
    let (ask, body) = match admitted(&service, request, peer).await {
        Ok(admitted) => admitted,
        Err(response) => return response,
    };
    let mut response = match run(&ask, body).await {
        Ok(response) => response,
        Err(fault) => answer::fault(&ask, &fault),
    };
    if matches!(response.status(), StatusCode::OK | StatusCode::METHOD_NOT_ALLOWED) {
        set(&mut response, ALLOW, METHODS);
    }
    response
}

async fn run(ask: &Ask, body: Incoming) -> Outcome<Response<Body>> {
    match ask.method {
        Method::DELETE => {
            none(body).await?;
            let token = ask.path.strip_prefix(REGISTRATION_ROOT).ok_or(Fault::NotFound)?;
            push::unregister(&ask.access, token).await?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        Method::OPTIONS => Ok(empty(StatusCode::OK)),
        _ => Ok(error(ask, StatusCode::METHOD_NOT_ALLOWED, "a registration can only be removed")),
    }
}
