//! Keeping subscriptions up to date: feeds that are due are fetched, calendars whose feed changed are
//! brought up to date, a few of each at a time and beside all other background work.
//!
//! Invariants: several nodes over one store share the work, because each feed and each calendar is
//! leased; a slow or hostile server takes one place for as long as a fetch may last and holds up
//! no other work; what fails or panics is tried again when its lease has run out.

use super::outbound::{Answer, Asked, Newest, Outbound};
use crate::domain::feed::{self, Feed, Fetched};
use crate::format::url::WebUrl;
use crate::kernel::clock::{self, Timestamp};
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::limits::{FEED_MAX, FEED_POLL_SECONDS, FEEDS_AT_ONCE, SETTLING_AT_ONCE};
use crate::store::Store;
use http::StatusCode;
use http::header::{CACHE_CONTROL, ETAG, LAST_MODIFIED, RETRY_AFTER};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};

/// What a feed is asked for as.
const ACCEPT: &str = "text/calendar, application/octet-stream;q=0.5, */*;q=0.1";

/// The running worker. Dropped, it ends by itself.
pub struct Feeds {
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

/// Starts the worker.
pub fn start(store: Store, newest: Newest) -> Feeds {
    let (stop, stopping) = watch::channel(false);
    Feeds { stop, worker: tokio::spawn(work(store, newest, stopping)) }
}

impl Feeds {
    /// Ends the worker; what it is at is given up, and done again when the lease has run out.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.worker.await;
    }
}

async fn work(store: Store, mut newest: Newest, mut stop: watch::Receiver<bool>) {
    let (mut fetching, mut settling) = (JoinSet::new(), JoinSet::new());
    while !*stop.borrow_and_update() {
        let (config, outbound) = newest.get();
        let usual = config.outbound.refresh;
        let filled = fill(&store, (&outbound, usual), &mut fetching, &mut settling).await;
        if let Err(fault) = filled {
            tracing::warn!(%fault, "subscriptions cannot be looked at");
        }
        tokio::select! {
            // Whoever could stop the worker is gone: so is the server.
            changed = stop.changed() => if changed.is_err() { return },
            Some(ended) = fetching.join_next() => told(ended),
            Some(ended) = settling.join_next() => told(ended),
            () = tokio::time::sleep(Duration::from_secs(FEED_POLL_SECONDS)) => {}
        }
    }
    // A write under way is carried through by the store.
    fetching.shutdown().await;
    settling.shutdown().await;
}

fn told(ended: Result<Outcome<()>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => tracing::warn!(%fault, "a subscription will be tried again"),
        Err(error) => tracing::error!(%error, "a subscription will be tried again"),
    }
}

/// Takes what is due, as long as there is room.
async fn fill(
    store: &Store,
    (outbound, usual): (&Outbound, i64),
    fetching: &mut JoinSet<Outcome<()>>,
    settling: &mut JoinSet<Outcome<()>>,
) -> Outcome<()> {
    if !feed::is_due(store, clock::now()).await? {
        return Ok(());
    }
    while settling.len() < SETTLING_AT_ONCE {
        let Some(it) = feed::claim_settling(store, clock::now()).await? else { break };
        settling.spawn(settle(store.clone(), it));
    }
    while fetching.len() < FEEDS_AT_ONCE {
        let Some((it, before)) = feed::claim(store, clock::now()).await? else { break };
        fetching.spawn(look(store.clone(), outbound.clone(), usual, it, before));
    }
    Ok(())
}

async fn settle(store: Store, it: feed::Settling) -> Outcome<()> {
    // Octets to read and to index by the megabyte: not on a thread that others wait for.
    let outside = store.clone();
    let worked = spawn_blocking(move || {
        let wanted = it.wanted(&outside)?;
        Ok((it, wanted))
    });
    let worked: Outcome<_> = worked.await.map_err(Fault::internal)?;
    let (it, wanted) = worked?;
    it.settle(&store, wanted, clock::now()).await
}

/// Looks at a feed once.
async fn look(
    store: Store,
    outbound: Outbound,
    usual: i64,
    it: Feed,
    before: Vec<u8>,
) -> Outcome<()> {
    let fetched = fetch(&outbound, &it, before).await?;
    if let Fetched::Failed { why, .. } = &fetched {
        let url = WebUrl::parse(&it.url).map(|url| url.authority()).unwrap_or_default();
        tracing::info!(feed = it.id.0, host = url, failures = it.failures + 1, "feed: {why}");
    }
    feed::finish(&store, it, fetched, usual, clock::now()).await
}

async fn fetch(outbound: &Outbound, it: &Feed, before: Vec<u8>) -> Outcome<Fetched> {
    let failed = |why: String| Fetched::Failed { why, retry_after: None, gone: false };
    let url = match WebUrl::parse(&it.url) {
        Ok(url) => url,
        Err(why) => return Ok(failed(why.to_owned())),
    };
    let (etag, modified) = match it.revision {
        0 => (String::new(), String::new()),
        _ => (it.etag.clone(), it.modified.clone()),
    };
    let asked = Asked { url, accept: ACCEPT, etag, modified, max: FEED_MAX };
    let answer = match outbound.get(&asked).await {
        Ok(answer) => answer,
        Err(trouble) => return Ok(failed(trouble.to_string())),
    };
    let fresh_for = max_age(answer.field(CACHE_CONTROL));
    match answer.status {
        StatusCode::NOT_MODIFIED if it.revision > 0 => Ok(Fetched::Unchanged { fresh_for }),
        StatusCode::OK => {
            let [etag, modified] = [ETAG, LAST_MODIFIED].map(|name| answer.field(name).to_owned());
            let content = answer.content;
            let worked = spawn_blocking(move || feed::read(&content, &before));
            match worked.await.map_err(Fault::internal)? {
                Ok(fresh) => {
                    let fresh = Box::new(fresh);
                    Ok(Fetched::Content { fresh, etag, modified, fresh_for })
                }
                Err(why) => Ok(failed(why)),
            }
        }
        _ => Ok(refused(&answer, clock::now())),
    }
}

fn refused(answer: &Answer, now: Timestamp) -> Fetched {
    let status = answer.status;
    let retry_after = answer.seconds(RETRY_AFTER, now);
    let hint = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            ": the address may need a user and a password, as https://USER:PASSWORD@HOST/"
        }
        StatusCode::GONE => ": the calendar is gone for good, and is not asked for any more",
        _ => "",
    };
    let why = format!("the server answers {status}{hint}");
    Fetched::Failed { why, retry_after, gone: status == StatusCode::GONE }
}

/// Seconds that an answer stays fresh (RFC 9111 §5.2.2.1).
fn max_age(field: &str) -> Option<i64> {
    let directives = field.split(',').map(str::trim);
    let mut ages = directives.filter_map(|it| {
        let (name, value) = it.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("max-age").then(|| value.parse::<u32>().ok())?
    });
    ages.next().map(i64::from)
}
