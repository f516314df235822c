//! The one door between the listeners and the protocols: a request goes in, an answer comes out.
//!
//! The future of a handler may be dropped at any await when the client goes away; what must not
//! be half done belongs into one transaction of the store.

use super::body::Body;
use super::peer::Peer;
use hyper::body::Incoming;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// The answer that a handler is working out.
pub type Answering = Pin<Box<dyn Future<Output = http::Response<Body>> + Send>>;

/// Answers one request of one peer. Faults become answers inside; a panic becomes a 500 outside.
pub type Handler = Arc<dyn Fn(http::Request<Incoming>, Peer) -> Answering + Send + Sync>;
