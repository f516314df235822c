//! Push messages (WebDAV-Push over RFC 8030): what changed is told to whoever registered for it, a few
//! messages at a time and beside all other work.
//!
//! Invariants: several nodes over one store share the work, because each registration is leased; a push
//! service that is slow, and a principal with many registrations, take no more than their share of the
//! places, so they hold up no others; what fails or panics is tried again.

use super::config::Config;
use super::outbound::{Answer, Newest, Outbound, Patience, Posted, Trouble};
use crate::domain::push::{self, Fared, Keys, Pending, Taken};
use crate::format::url::WebUrl;
use crate::format::web_push::Recipient;
use crate::kernel::clock::{self, Timestamp};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{
    PUSH_AT_ONCE, PUSH_AT_ONCE_EACH, PUSH_AT_ONCE_SERVICE, PUSH_CONNECT_SECONDS,
    PUSH_FIRST_SECONDS, PUSH_GATHER_MILLIS, PUSH_KEPT_SECONDS, PUSH_LOOK_SECONDS,
    PUSH_WHOLE_SECONDS,
};
use crate::protocol::push::message;
use crate::store::{News, Store};
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// How long a push service may take: it only has to take a small message.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(PUSH_CONNECT_SECONDS),
    first: Duration::from_secs(PUSH_FIRST_SECONDS),
    whole: Duration::from_secs(PUSH_WHOLE_SECONDS),
};

/// The running worker. Dropped, it ends by itself.
pub struct Pusher {
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

/// Starts the worker.
pub fn start(store: Store, newest: Newest, keys: Arc<Keys>) -> Pusher {
    let (stop, stopping) = watch::channel(false);
    Pusher { stop, worker: tokio::spawn(work(store, newest, keys, stopping)) }
}

impl Pusher {
    /// Ends the worker; messages under way are given up, and sent when their lease has run out.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.worker.await;
    }
}

fn instant() -> Instant {
    Instant::from_std(clock::monotonic())
}

/// Where to look for something to tell.
enum Look {
    Within(BTreeSet<PrincipalId>),
    Everywhere,
}

async fn work(store: Store, newest: Newest, keys: Arc<Keys>, mut stop: watch::Receiver<bool>) {
    let mut watcher = store.watch();
    let mut worker = Worker { store, newest, keys, sending: Sending::default() };
    let mut look = Look::Everywhere;
    while !*stop.borrow_and_update() {
        if let Err(fault) = worker.fill(look).await {
            tracing::warn!(%fault, "push cannot look for what to tell");
        }
        let wake = worker.sending.wake;
        look = tokio::select! {
            // Whoever could stop the worker is gone: so is the server.
            changed = stop.changed() => match changed {
                Ok(()) => Look::Within(BTreeSet::new()),
                Err(_) => return,
            },
            news = watcher.next() => match news {
                Some(news) => gathered(news, &mut watcher).await,
                None => return,
            },
            Some(ended) = worker.sending.tasks.join_next_with_id() => worker.sending.ended(ended),
            () = sleep_until(wake) => Look::Everywhere,
        };
    }
    worker.sending.tasks.shutdown().await;
}

/// The accounts of a change and of those that follow it at once: they are looked at together.
async fn gathered(first: News, watcher: &mut crate::store::Watcher) -> Look {
    let until = instant() + Duration::from_millis(PUSH_GATHER_MILLIS);
    let (mut accounts, mut news) = (BTreeSet::new(), Some(first));
    loop {
        match news {
            Some(News::Changed(changes)) => accounts.extend(changes.iter().map(|it| it.account)),
            Some(News::Anew) => {
                sleep_until(until).await;
                return Look::Everywhere;
            }
            None => return Look::Within(accounts),
        }
        news = tokio::select! {
            news = watcher.next() => news,
            () = sleep_until(until) => None,
        };
    }
}

struct Worker {
    store: Store,
    newest: Newest,
    keys: Arc<Keys>,
    sending: Sending,
}

impl Worker {
    /// Takes what is due, as long as there is room for it.
    async fn fill(&mut self, look: Look) -> Outcome<()> {
        let within = match look {
            Look::Within(accounts) if accounts.is_empty() => return Ok(()),
            Look::Within(accounts) => Some(accounts.into_iter().collect()),
            Look::Everywhere => {
                self.sending.wake = instant() + Duration::from_secs(PUSH_LOOK_SECONDS);
                self.sending.crowded = false;
                None
            }
        };
        let now = clock::now();
        for it in push::pending(&self.store, within, now).await? {
            if it.due_at > now {
                self.sending.wake_at(it.due_at, now);
            } else if self.sending.has_room(&it) {
                self.send(it);
            } else {
                self.sending.crowded = true;
            }
        }
        Ok(())
    }

    fn send(&mut self, it: Pending) {
        let (config, outbound) = self.newest.get();
        let outbound = outbound.patient(PATIENCE);
        let (store, keys) = (self.store.clone(), self.keys.clone());
        let place = Place::of(&it);
        let task = async move {
            let Some(taken) = push::take(&store, it.id, clock::now()).await? else { return Ok(()) };
            let fared = tell(&outbound, &config, &keys, &taken).await;
            if let Fared::Badly(why, _) = &fared {
                tracing::info!(service = service(&taken.it.endpoint), "push: {why}");
            }
            push::done(&store, taken, fared, clock::now()).await
        };
        let id = self.sending.tasks.spawn(task).id();
        self.sending.places.insert(id, place);
    }
}

/// What is being sent, and when to look again.
struct Sending {
    tasks: JoinSet<Outcome<()>>,
    places: HashMap<Id, Place>,
    wake: Instant,
    /// Something was due for which there was no room.
    crowded: bool,
}

/// What a message under way takes up.
struct Place {
    principal: PrincipalId,
    account: PrincipalId,
    service: String,
}

impl Place {
    fn of(it: &Pending) -> Self {
        let (principal, account) = (it.principal, it.account);
        Self { principal, account, service: service(&it.endpoint) }
    }
}

/// The push service of an endpoint.
fn service(endpoint: &str) -> String {
    WebUrl::parse(endpoint).map(|url| url.authority()).unwrap_or_default()
}

impl Default for Sending {
    fn default() -> Self {
        let (tasks, places) = (JoinSet::new(), HashMap::new());
        Self { tasks, places, wake: instant(), crowded: false }
    }
}

impl Sending {
    fn has_room(&self, it: &Pending) -> bool {
        let service = service(&it.endpoint);
        let count =
            |same: &dyn Fn(&Place) -> bool| self.places.values().filter(|p| same(p)).count();
        self.places.len() < PUSH_AT_ONCE
            && count(&|place| place.principal == it.principal) < PUSH_AT_ONCE_EACH
            && count(&|place| place.service == service) < PUSH_AT_ONCE_SERVICE
    }

    fn wake_at(&mut self, due: Timestamp, now: Timestamp) {
        let micros = due.0.saturating_sub(now.0).max(0).unsigned_abs();
        self.wake = self.wake.min(instant() + Duration::from_micros(micros));
    }

    /// Where to look after a message: for what changed meanwhile, or for those that had no room.
    fn ended(&mut self, ended: Result<(Id, Outcome<()>), tokio::task::JoinError>) -> Look {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        match ended {
            Ok((_, Ok(()))) => {}
            Ok((_, Err(fault))) => tracing::warn!(%fault, "a push message will be tried again"),
            Err(error) => tracing::error!(%error, "a push message will be tried again"),
        }
        match self.places.remove(&id) {
            _ if self.crowded => Look::Everywhere,
            Some(place) => Look::Within(BTreeSet::from([place.account])),
            None => Look::Within(BTreeSet::new()),
        }
    }
}

/// Sends one message.
async fn tell(outbound: &Outbound, config: &Config, keys: &Keys, taken: &Taken) -> Fared {
    match posted(config, keys, taken, clock::now()) {
        Ok(posted) => fared(outbound.post(&posted).await, clock::now()),
        Err(why) => Fared::Badly(why.to_string(), None),
    }
}

/// RFC 8030 §5, RFC 8291 §4, RFC 8292 §3.
fn posted(config: &Config, keys: &Keys, taken: &Taken, now: Timestamp) -> Outcome<Posted> {
    let (it, telling) = (&taken.it, &taken.telling);
    let url = WebUrl::parse(&it.endpoint).map_err(Fault::malformed)?;
    let recipient = Recipient::new(&it.public_key, &it.auth);
    let message = message::written(&keys.topic(it.collection), telling);
    let content = recipient.and_then(|to| to.sealed(&message));
    let content = content.ok_or_else(|| Fault::internal("the message cannot be encrypted"))?;
    let scheme = if url.secure() { "https" } else { "http" };
    let origin = format!("{scheme}://{}", url.authority());
    let proof = keys.signer.authorization(&origin, contact(config), now);
    let proof = proof.ok_or_else(|| Fault::internal("the message cannot be signed"))?;
    let lasts = it.expires_at.seconds().saturating_sub(now.seconds());
    let fields = vec![
        (AUTHORIZATION, proof),
        (CONTENT_TYPE, message::MEDIA_TYPE.to_owned()),
        (CONTENT_ENCODING, "aes128gcm".to_owned()),
        (TTL, lasts.clamp(0, PUSH_KEPT_SECONDS).to_string()),
        (URGENCY, if telling.content { "normal" } else { "low" }.to_owned()),
        (TOPIC, keys.replaces(&it.token, telling)),
    ];
    Ok(Posted { url, fields, content })
}

const TTL: HeaderName = HeaderName::from_static("ttl");
const URGENCY: HeaderName = HeaderName::from_static("urgency");
const TOPIC: HeaderName = HeaderName::from_static("topic");

/// Whom a push service can turn to (RFC 8292 §2.1).
fn contact(config: &Config) -> &str {
    match config.push.contact.as_str() {
        "" => config.public_url.as_deref().filter(|url| url.starts_with("https:")).unwrap_or(""),
        contact => contact,
    }
}

/// What a push service's answer comes to (RFC 8030 §5, §7.3, §8.4).
fn fared(answer: Result<Answer, Trouble>, now: Timestamp) -> Fared {
    let answer = match answer {
        Ok(answer) => answer,
        Err(trouble) => return Fared::Badly(trouble.to_string(), None),
    };
    match answer.status {
        status if status.is_success() => Fared::Well,
        StatusCode::NOT_FOUND | StatusCode::GONE => Fared::Gone,
        status => {
            let after = answer.seconds(RETRY_AFTER, now);
            Fared::Badly(format!("the push service answers {status}"), after)
        }
    }
}
