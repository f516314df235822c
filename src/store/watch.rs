//! The event bus: after a commit, which collections it changed. Whoever waits for changes (push, later
//! `IDLE` and JMAP) has a [`Watcher`]; nothing is done for each of them inside a transaction.
//!
//! Invariants: what is told has been committed; a transaction is told at most once to each; whoever
//! could not be told everything is told to look anew. It is a hint all the same: a process may end
//! between a commit and the news, so what must not be missed is worked out from the numbers in the
//! store. On PostgreSQL the processes over one store tell each other (`postgres/relay.rs`); on SQLite
//! other processes are found out about by looking.

use super::change_log::{Action, Entry};
use super::statement::statements;
use super::tx::Tx;
use crate::kernel::change::ChangeNumber;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::{CollectionId, PrincipalId};
use crate::kernel::limits::{NEWS_KEPT, NEWS_TEXT_MAX, NEWS_WAITING};
use crate::kernel::secret::{hex, random};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, broadcast, mpsc};

statements! {
    TELL = "SELECT $1, $2", postgres: "SELECT pg_notify($1, $2)";
}

/// The channel on which the processes over one PostgreSQL database tell each other.
pub(super) const CHANNEL: &str = "davenport_news";

/// What one transaction did to a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The account.
    pub account: PrincipalId,
    /// The collection: the one that holds the changed members, or whose own properties changed.
    pub collection: CollectionId,
    /// The newest number that the transaction gave it.
    pub number: ChangeNumber,
    /// Whether members came, went or changed.
    pub content: bool,
    /// Whether properties changed, its own or a member's.
    pub properties: bool,
}

/// What a watcher is told.
#[derive(Clone, Debug)]
pub enum News {
    /// One transaction's changes.
    Changed(Arc<[Change]>),
    /// Something was missed: look at everything anew.
    Anew,
}

/// One that waits for changes.
pub struct Watcher(broadcast::Receiver<News>);

impl Watcher {
    /// The next news; none when the store is closed. Dropped before its end it has taken nothing.
    pub async fn next(&mut self) -> Option<News> {
        match self.0.recv().await {
            Ok(news) => Some(news),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(News::Anew),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// What a write gathers for those who wait: one entry a collection.
pub(super) type Changes = BTreeMap<(PrincipalId, CollectionId), Change>;

/// Takes an entry of the log into account.
pub(super) fn note(changes: &mut Changes, entry: &Entry<'_>) {
    let of_properties = entry.action == Action::Properties;
    let new = Change {
        account: entry.account,
        collection: entry.collection,
        number: entry.number,
        content: !of_properties,
        properties: of_properties,
    };
    merge(changes, new);
}

fn merge(changes: &mut Changes, new: Change) {
    let it = changes.entry((new.account, new.collection)).or_insert(new);
    it.number = it.number.max(new.number);
    it.content |= new.content;
    it.properties |= new.properties;
}

/// What a write leaves for others to know of.
pub(super) struct Left {
    pub has_job: bool,
    pub changes: Changes,
}

/// Where news go out from.
pub(super) struct Bus {
    /// Told of each write of this process that adds a job.
    pub jobs: Notify,
    news: broadcast::Sender<News>,
    relay: Mutex<Option<mpsc::Sender<Arc<[Change]>>>>,
    /// Set when the relay had no room.
    missed: AtomicBool,
    /// This process, as it tells others.
    node: String,
}

impl Bus {
    pub fn new() -> Self {
        Self {
            jobs: Notify::new(),
            news: broadcast::channel(NEWS_KEPT).0,
            relay: Mutex::new(None),
            missed: AtomicBool::new(false),
            node: hex(&random::<6>()),
        }
    }

    /// After a commit: tells what it left. It waits for nobody.
    pub fn committed(&self, left: &Left) {
        if left.has_job {
            self.jobs.notify_one();
        }
        if left.changes.is_empty() {
            return;
        }
        let relay = self.relay().clone();
        if relay.is_none() && self.news.receiver_count() == 0 {
            return;
        }
        let changes: Arc<[Change]> = left.changes.values().copied().collect();
        if let Some(relay) = relay
            && relay.try_send(changes.clone()).is_err()
        {
            self.missed.store(true, Ordering::Relaxed);
        }
        self.publish(News::Changed(changes));
    }

    /// Tells those who wait in this process.
    pub fn publish(&self, news: News) {
        // Without anybody who waits there is nobody to tell.
        let _ = self.news.send(news);
    }

    pub fn watch(&self) -> Watcher {
        Watcher(self.news.subscribe())
    }

    /// Opens the way to other processes; gives what goes there.
    pub fn open_relay(&self) -> mpsc::Receiver<Arc<[Change]>> {
        let (sender, receiver) = mpsc::channel(NEWS_WAITING);
        *self.relay() = Some(sender);
        receiver
    }

    /// Closes the way to other processes: what is under way still goes.
    pub fn close_relay(&self) {
        self.relay().take();
    }

    fn relay(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Arc<[Change]>>>> {
        self.relay.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What several transactions changed, as it is told to other processes.
    pub fn text(&self, all: &[Arc<[Change]>]) -> String {
        let mut changes = Changes::new();
        all.iter().flat_map(|it| it.iter()).for_each(|it| merge(&mut changes, *it));
        let missed = self.missed.swap(false, Ordering::Relaxed);
        let written: Vec<String> = changes.values().map(written).collect();
        let text = format!("{} {}", self.node, written.join(" "));
        if missed || text.len() > NEWS_TEXT_MAX { format!("{} *", self.node) } else { text }
    }

    /// What another process tells; none of what this one told itself.
    pub fn heard(&self, text: &str) -> Option<News> {
        let (node, rest) = text.split_once(' ')?;
        if node == self.node {
            return None;
        }
        let changes: Option<Arc<[Change]>> = rest.split(' ').map(read).collect();
        Some(changes.map_or(News::Anew, News::Changed))
    }
}

fn written(it: &Change) -> String {
    let what = i64::from(it.content) | i64::from(it.properties) << 1;
    format!("{}.{}.{}.{what}", it.account, it.collection, it.number)
}

fn read(text: &str) -> Option<Change> {
    let mut numbers = text.split('.').map(|part| part.parse::<i64>().ok());
    let mut next = || numbers.next().flatten();
    let (account, collection, number, what) = (next()?, next()?, next()?, next()?);
    Some(Change {
        account: PrincipalId(account),
        collection: CollectionId(collection),
        number: ChangeNumber(number),
        content: what & 1 != 0,
        properties: what & 2 != 0,
    })
}

/// Tells the other processes over a PostgreSQL database.
pub(super) async fn tell(tx: &mut Tx, text: &str) -> Outcome<()> {
    tx.each(&TELL, &[CHANNEL.into(), text.into()], &mut |_| Ok(())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(collection: i64, number: i64, content: bool) -> Change {
        let (account, collection) = (PrincipalId(7), CollectionId(collection));
        let number = ChangeNumber(number);
        Change { account, collection, number, content, properties: !content }
    }

    #[test]
    fn what_one_process_tells_another_one_reads() {
        let (here, there) = (Bus::new(), Bus::new());
        let told: [Arc<[Change]>; 2] =
            [[change(1, 4, true), change(2, 5, true)].into(), [change(1, 6, false)].into()];
        let text = here.text(&told);
        assert!(here.heard(&text).is_none(), "one's own is no news");
        let Some(News::Changed(heard)) = there.heard(&text) else { panic!("{text}") };
        let both = Change { content: true, ..change(1, 6, false) };
        assert_eq!(*heard, [both, change(2, 5, true)]);
        for odd in ["other *", "other 1.2.3", "other x.2.3.1", "other "] {
            assert!(matches!(there.heard(odd), Some(News::Anew)), "{odd}");
        }
    }

    #[test]
    fn what_is_too_long_to_tell_says_to_look_anew() {
        let (here, there) = (Bus::new(), Bus::new());
        let many: Arc<[Change]> = (0..2_000).map(|id| change(id, 1_000_000 + id, true)).collect();
        let text = here.text(&[many]);
        assert!(text.len() < NEWS_TEXT_MAX && matches!(there.heard(&text), Some(News::Anew)));
    }

    #[tokio::test]
    async fn who_is_too_slow_looks_anew() {
        let bus = Bus::new();
        let mut slow = bus.watch();
        for number in 0..=NEWS_KEPT as i64 {
            bus.publish(News::Changed([change(1, number, true)].into()));
        }
        assert!(matches!(slow.next().await, Some(News::Anew)));
        assert!(matches!(slow.next().await, Some(News::Changed(_))));
        drop(bus);
        while slow.next().await.is_some() {}
    }
}
