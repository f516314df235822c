//! How many connections are open, in all and from each address.
//!
//! Invariant: a counted connection is counted until its [`Pass`] is dropped, and no longer.

use crate::protocol::http::peer::one_client;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

#[derive(Debug, Default)]
struct Counts {
    open: usize,
    of: HashMap<IpAddr, usize>,
}

/// The count of open connections.
#[derive(Debug, Default)]
pub struct Gate {
    counts: Mutex<Counts>,
    left: Notify,
}

/// The right of one connection to be open.
#[derive(Debug)]
pub struct Pass {
    gate: Arc<Gate>,
    address: Option<IpAddr>,
}

impl Gate {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.counts().open
    }

    /// Waits until fewer than `limit` connections are open.
    pub async fn room(&self, limit: usize) {
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.open() < limit {
                return;
            }
            left.await;
        }
    }

    /// Counts a connection; `None` when its address has `limit` of them already. Without a limit
    /// only the sum counts.
    pub fn enter(self: &Arc<Self>, address: IpAddr, limit: Option<usize>) -> Option<Pass> {
        let mut counts = self.counts();
        let address = limit.map(|_| one_client(address));
        if let (Some(address), Some(limit)) = (address, limit) {
            let count = counts.of.entry(address).or_default();
            if *count >= limit {
                return None;
            }
            *count += 1;
        }
        counts.open += 1;
        Some(Pass { gate: self.clone(), address })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut counts = self.gate.counts();
        counts.open = counts.open.saturating_sub(1);
        if let Some(address) = self.address
            && let Some(count) = counts.of.get_mut(&address)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.of.remove(&address);
            }
        }
        drop(counts);
        self.gate.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn counts_addresses_and_the_sum() {
        let gate = Arc::new(Gate::default());
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = gate.enter(ip("192.0.2.1"), Some(2)).unwrap();
        let _second = gate.enter(ip("::ffff:192.0.2.1"), Some(2)).unwrap();
        assert!(gate.enter(ip("192.0.2.1"), Some(2)).is_none());
        let _other = gate.enter(ip("192.0.2.2"), Some(2)).unwrap();
        let _six = gate.enter(ip("2001:db8::1"), Some(1)).unwrap();
        assert!(gate.enter(ip("2001:db8::ffff"), Some(1)).is_none(), "the same /64");
        assert!(gate.enter(ip("192.0.2.1"), None).is_some(), "without a limit, and left again");
        assert_eq!(gate.open(), 4);
        let waiting = tokio::time::timeout(Duration::from_millis(20), gate.room(4));
        assert!(waiting.await.is_err());
        let (_, ()) = tokio::join!(async { drop(first) }, gate.room(4));
        assert!(gate.enter(ip("192.0.2.1"), Some(2)).is_some());
    }
}
