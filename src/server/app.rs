//! The requests' way from the listeners to the protocols: what is served, put together.

use super::config::{Config, Current, StoreAt};
use super::conn::Handlers;
use super::feeds::{self, Feeds};
use super::jobs::{self, Jobs};
use super::outbound::Newest;
use super::push::{self as pusher, Pusher};
use crate::domain::availability::Open;
use crate::domain::push::Keys;
use crate::domain::scheduling::outlet::{self, Closed};
use crate::domain::{account, directory, indexing};
use crate::kernel::clock;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::secret::Secret;
use crate::protocol::attachment;
use crate::protocol::caldav::CALDAV;
use crate::protocol::caldav::outbox::{FREE_BUSY, POSTS};
use crate::protocol::caldav::proxy::PROXY;
use crate::protocol::caldav::resource::RESOURCE;
use crate::protocol::caldav::scheduling::SCHEDULING;
use crate::protocol::carddav::{CARDDAV, DIRECTORY};
use crate::protocol::dav::service::{Policy, Push};
use crate::protocol::dav::space::{ATTACHMENT_ROOT, LINK_ROOT, REGISTRATION_ROOT};
use crate::protocol::dav::{self, Service, acl::ACL, core::CORE, sharing::SHARING};
use crate::protocol::freebusy;
use crate::protocol::http::body::Body;
use crate::protocol::http::handler::Handler;
use crate::protocol::http::outbound::vouched;
use crate::protocol::imap;
use crate::protocol::link;
use crate::protocol::pop3;
use crate::protocol::push::{self, PUSH};
use crate::protocol::tzdist;
use crate::store::{Location, Store};
use http::{HeaderValue, Response, StatusCode, header};
use std::path::Path;
use std::sync::Arc;

/// Opens the store that the configuration names, and makes its data directory when it is not
/// there: contents are private, so nobody else may look into it.
///
/// # Errors
/// When the directory or the store cannot be made or opened.
pub async fn open_store(config: &Config) -> Outcome<Store> {
    make_private(&config.data_dir)?;
    Store::open(&location(config), &config.data_dir).await
}

/// Where the configuration says that the store is.
fn location(config: &Config) -> Location {
    match &config.store {
        StoreAt::Sqlite(path) => Location::Sqlite(path.clone()),
        StoreAt::Postgres(url) => Location::Postgres {
            url: url.expose().to_owned(),
            connections: config.store_connections,
        },
    }
}

fn make_private(directory: &Path) -> Outcome<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|error| {
        let why = format!("cannot make the data directory {}: {error}", directory.display());
        Fault::Internal(why)
    })
}

/// A server about to serve.
pub struct App {
    /// Answers requests.
    pub handlers: Handlers,
    /// The store.
    pub store: Store,
    /// The background work.
    pub jobs: Jobs,
    /// What keeps subscriptions up to date.
    pub feeds: Feeds,
    /// What tells programs of changes, if it is switched on.
    pub pusher: Option<Pusher>,
    /// The first administrator's name and password, when this start made it.
    pub first: Option<(String, Secret)>,
}

/// Opens the store, puts the protocols over it and starts the background work.
///
/// # Errors
/// When the store cannot be opened, or the file of `outbound.ca` cannot be used.
pub async fn start(current: &Arc<Current>) -> Outcome<App> {
    let newest = Newest::new(current.clone()).map_err(Fault::malformed)?;
    let store = open_store(&current.get()).await?;
    indexing::begin(&store).await?;
    let first = account::bootstrap(&store, clock::now()).await?;
    account::complete(&store, clock::now()).await?;
    outlet::announce(&store, &Closed).await?;
    // The configuration may say otherwise than the last time whether there is an address book of it.
    store.write(|tx| Box::pin(directory::changed(tx))).await?;
    let mut extensions =
        vec![&CORE, &ACL, &SHARING, &CALDAV, &SCHEDULING, &FREE_BUSY, &PROXY, &RESOURCE, &CARDDAV];
    let config = current.get();
    let policy = Policy {
        open_directory: config.directory_book,
        anonymous: config.anonymous,
        open_free_busy: Open(config.open_free_busy),
    };
    if policy.open_directory {
        extensions.push(&DIRECTORY);
    }
    let keys = match current.get().push.enabled {
        true => Some(Keys::of(&store).await?),
        false => None,
    };
    if keys.is_some() {
        extensions.push(&PUSH);
    }
    let mut service = Service::new(store.clone(), &extensions, policy)?;
    service.posts = &POSTS;
    service.push = keys.clone().map(|keys| registering(keys, current.clone()));
    let imap = imap::Service::new(store.clone(), service.logins.clone());
    let pop3 = pop3::Service::new(store.clone(), service.logins.clone());
    let (service, public) = (Arc::new(service), config.anonymous_free_busy);
    let probe = store.clone();
    let brake = Arc::new(tzdist::brake::Brake::default());
    let handler: Handler = Arc::new(move |request, peer| match request.uri().path() {
        "/healthz" => Box::pin(async { plain(StatusCode::OK, "ok\n") }),
        "/readyz" => Box::pin(ready(probe.clone())),
        path if path.starts_with(ATTACHMENT_ROOT) => {
            Box::pin(attachment::serve(probe.clone(), request, peer))
        }
        path if path.starts_with(LINK_ROOT) => Box::pin(link::serve(probe.clone(), request, peer)),
        path if freebusy::serves(path) => {
            Box::pin(freebusy::serve(service.clone(), request, peer, public))
        }
        path if path.starts_with(REGISTRATION_ROOT) && service.push.is_some() => {
            Box::pin(push::registration::serve(service.clone(), request, peer))
        }
        path if tzdist::serves(path) => {
            let (parts, _) = request.into_parts();
            let brake = brake.clone();
            Box::pin(async move { tzdist::answer(&parts, peer.address, &brake) })
        }
        _ => Box::pin(dav::service::serve(service.clone(), request, peer)),
    });
    let jobs = jobs::start(store.clone(), current.clone());
    let pusher = keys.map(|keys| pusher::start(store.clone(), newest.clone(), keys));
    let feeds = feeds::start(store.clone(), newest);
    let handlers = Handlers { http: handler, imap: Some(imap), pop3: Some(pop3) };
    Ok(App { handlers, store, jobs, feeds, pusher, first })
}

/// What registrations for push need: messages go over TLS, but for hosts that the operator vouches for.
fn registering(keys: Arc<Keys>, current: Arc<Current>) -> Push {
    Push { keys, plain: Box::new(move |host| vouched(&current.get().outbound.allow, host)) }
}

impl App {
    /// Ends the background work and closes the store; requests have ended before.
    pub async fn close(self) {
        if let Some(pusher) = self.pusher {
            pusher.stop().await;
        }
        self.feeds.stop().await;
        self.jobs.stop().await;
        self.store.close().await;
    }
}

/// Ready means that the store answers.
async fn ready(store: Store) -> Response<Body> {
    match crate::domain::directory::admin::domains(&store).await {
        Ok(_) => plain(StatusCode::OK, "ok\n"),
        Err(fault) => {
            tracing::warn!(%fault, "not ready");
            plain(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let value = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}
