//! A brake on clients that ask the time zone service for too much (RFC 7808 §8).
//!
//! Invariant: only what took work and was sent counts. Clients that ask again for what they have
//! (§4.1.4) are answered 304, and never get here.

use crate::kernel::clock::Timestamp;
use crate::kernel::limits::{TZDIST_BURST, TZDIST_CLIENTS_MAX, TZDIST_PER_SECOND};
use crate::protocol::http::peer::one_client;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What each client was given lately: a bucket that leaks.
#[derive(Debug, Default)]
pub struct Brake(Mutex<HashMap<IpAddr, Given>>);

#[derive(Clone, Copy, Debug)]
struct Given {
    level: i64,
    since: Timestamp,
}

impl Given {
    fn level(self, at: Timestamp) -> i64 {
        let seconds = at.seconds().saturating_sub(self.since.seconds()).max(0);
        self.level.saturating_sub(seconds.saturating_mul(TZDIST_PER_SECOND)).max(0)
    }
}

impl Brake {
    fn all(&self) -> MutexGuard<'_, HashMap<IpAddr, Given>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds to wait, if the client had too much.
    pub fn held_up(&self, client: IpAddr, at: Timestamp) -> Option<i64> {
        let level = self.all().get(&one_client(client))?.level(at);
        (level >= TZDIST_BURST).then(|| (level - TZDIST_BURST) / TZDIST_PER_SECOND + 1)
    }

    /// Counts an answer.
    pub fn count(&self, client: IpAddr, at: Timestamp) {
        let mut all = self.all();
        if all.len() >= TZDIST_CLIENTS_MAX {
            all.retain(|_, given| given.level(at) > 0);
            if all.len() >= TZDIST_CLIENTS_MAX {
                all.clear();
            }
        }
        let given = all.entry(one_client(client)).or_insert(Given { level: 0, since: at });
        *given = Given { level: given.level(at).saturating_add(1), since: at };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_held_up_for_a_while_and_nobody_else() {
        let brake = Brake::default();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        for _ in 0..TZDIST_BURST {
            assert_eq!(brake.held_up(ip("2001:db8::1"), at(100)), None);
            brake.count(ip("2001:db8::1"), at(100));
        }
        assert_eq!(brake.held_up(ip("2001:db8::ffff"), at(100)), Some(1), "the same /64");
        assert_eq!(brake.held_up(ip("2001:db8:0:1::1"), at(100)), None);
        for _ in 0..TZDIST_PER_SECOND {
            assert_eq!(brake.held_up(ip("2001:db8::1"), at(101)), None);
            brake.count(ip("2001:db8::1"), at(101));
        }
        assert_eq!(brake.held_up(ip("2001:db8::1"), at(101)), Some(1));
    }
}
