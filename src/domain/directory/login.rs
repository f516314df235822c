//! Signing in: argon2id, a short memory of what was verified, and a brake on guessing.
//!
//! Invariants:
//! - an unknown login costs what a wrong password costs;
//! - what is remembered is a keyed hash, never a password, and it holds only while the
//!   principal's generation is the one it was verified under, so a changed password or a lock is
//!   felt at the next request, on every node;
//! - the brake counts failures only: a client whose credentials are remembered, or who signed in
//!   before from the same address, is never held up by somebody else's guesses at its account.

use super::name::fold;
use super::{Principal, Protocols};
use crate::kernel::clock::Timestamp;
use crate::kernel::fault::{Fault, Outcome};
use crate::kernel::ids::PrincipalId;
use crate::kernel::limits::{
    CREDENTIAL_CACHE_MAX, CREDENTIAL_CACHE_SECONDS, PASSWORD_CHECKS_MAX, PASSWORD_MAX,
};
use crate::kernel::secret::{ProcessKey, Secret, sha256};
use crate::store::{Store, principal};
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, PasswordHash};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// What came of an attempt to sign in.
#[derive(Debug)]
pub enum SignIn {
    /// It is this principal.
    Known(Box<Principal>),
    /// Wrong login or password, or a locked account: nobody is told which.
    Refused,
    /// Too many failures; try again after so many seconds.
    TooMany(i64),
}

/// Where an attempt comes from, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The name or any address of the account.
    pub login: &'a str,
    /// The password or an app password.
    pub password: &'a Secret,
    /// The client's address.
    pub from: IpAddr,
    /// The protocol that asks.
    pub protocol: Protocols,
    /// Now.
    pub at: Timestamp,
}

/// The process's memory of verified credentials and of failures.
pub struct Logins {
    key: ProcessKey,
    verified: Mutex<HashMap<[u8; 32], Verified>>,
    failures: Mutex<HashMap<String, Failures>>,
    checks: Semaphore,
    decoy: String,
}

#[derive(Clone, Copy)]
struct Verified {
    principal: PrincipalId,
    generation: i64,
    until: Timestamp,
}

/// Failures leak away one every [`LEAK_SECONDS`]; more than the burst at once is too many.
#[derive(Clone, Copy)]
struct Failures {
    level: i64,
    since: Timestamp,
}

const LEAK_SECONDS: i64 = 6;
/// Failures that one address may make at once; an office of people mistyping fits.
const BURST_ADDRESS: i64 = 30;
/// Failures at one account from one address.
const BURST_PAIR: i64 = 10;
/// Failures at one account from all addresses without a success there.
const BURST_ACCOUNT: i64 = 60;
/// A success from an address is remembered as a level far below zero, which leaks upward never.
const TRUSTED: i64 = i64::MIN;
const FAILURES_MAX: usize = 50_000;

impl Logins {
    /// An empty memory.
    pub fn new() -> Outcome<Self> {
        Ok(Self {
            key: ProcessKey::default(),
            verified: Mutex::default(),
            failures: Mutex::default(),
            checks: Semaphore::new(PASSWORD_CHECKS_MAX),
            decoy: hash_password(&Secret::new("no account has this one"))?,
        })
    }

    /// Finds out who signs in.
    pub async fn sign_in(&self, store: &Store, attempt: Attempt<'_>) -> Outcome<SignIn> {
        let login = fold(attempt.login);
        let password = attempt.password.expose();
        if login.is_empty() || password.is_empty() || password.len() > PASSWORD_MAX {
            return Ok(SignIn::Refused);
        }
        let protocol = attempt.protocol.0.to_be_bytes();
        let tag = self.key.tag(&[login.as_bytes(), password.as_bytes(), &protocol]);
        if let Some(known) = self.remembered(store, &tag, attempt.at).await? {
            return Ok(SignIn::Known(Box::new(known)));
        }
        if let Some(seconds) = self.held_up(&login, attempt.from, attempt.at) {
            return Ok(SignIn::TooMany(seconds));
        }
        let _turn = self.checks.acquire().await.map_err(Fault::internal)?;
        // Somebody with the same credentials may have been verified while this one waited.
        if let Some(known) = self.remembered(store, &tag, attempt.at).await? {
            return Ok(SignIn::Known(Box::new(known)));
        }
        match self.verify(store, &login, &attempt).await? {
            Some((known, until)) => {
                self.remember(tag, &known, until, attempt.at);
                self.trust(&login, attempt.from, attempt.at);
                Ok(SignIn::Known(Box::new(known)))
            }
            None => {
                self.count_failure(&login, attempt.from, attempt.at);
                Ok(SignIn::Refused)
            }
        }
    }

    async fn remembered(
        &self,
        store: &Store,
        tag: &[u8; 32],
        at: Timestamp,
    ) -> Outcome<Option<Principal>> {
        let Some(entry) = lock(&self.verified).get(tag).copied() else { return Ok(None) };
        let known = match entry.until > at {
            true => {
                let id = entry.principal;
                store.read(move |tx| Box::pin(principal::by_id(tx, id))).await?
            }
            false => None,
        };
        let known = known.filter(|p| !p.locked && p.generation == entry.generation);
        if known.is_none() {
            lock(&self.verified).remove(tag);
        }
        Ok(known)
    }

    /// The principal, and until when the verification may be remembered.
    async fn verify(
        &self,
        store: &Store,
        login: &str,
        attempt: &Attempt<'_>,
    ) -> Outcome<Option<(Principal, Timestamp)>> {
        let secret = sha256(attempt.password.expose().as_bytes());
        let wanted = login.to_owned();
        let found = store
            .read(move |tx| {
                Box::pin(async move {
                    let Some(p) = find(tx, &wanted).await? else { return Ok(None) };
                    let app = principal::find_app_password(tx, p.id, &secret).await?;
                    Ok(Some((p, app)))
                })
            })
            .await?;
        let longest = attempt.at.plus_seconds(CREDENTIAL_CACHE_SECONDS as i64);
        let (found, app) = found.unzip();
        // The slow check runs in every case but that of a good app password, so time does not
        // tell whether the account exists.
        if let (Some(known), Some(Some(app))) = (&found, app) {
            let alive = app.expires_at.is_none_or(|end| end > attempt.at);
            if alive && !known.locked && Protocols(app.protocols).contains(attempt.protocol) {
                let until = app.expires_at.map_or(longest, |end| end.min(longest));
                return Ok(Some((known.clone(), until)));
            }
        }
        let hash = found.as_ref().and_then(|p| p.password.clone());
        let has_hash = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let password = attempt.password.clone();
        let check = tokio::task::spawn_blocking(move || check_password(&password, &hash));
        let right = check.await.map_err(Fault::internal)? && has_hash;
        Ok(found.filter(|p| right && !p.locked).map(|p| (p, longest)))
    }

    fn remember(&self, tag: [u8; 32], known: &Principal, until: Timestamp, at: Timestamp) {
        let mut verified = lock(&self.verified);
        if verified.len() >= CREDENTIAL_CACHE_MAX {
            verified.retain(|_, entry| entry.until > at);
            if verified.len() >= CREDENTIAL_CACHE_MAX {
                verified.clear();
            }
        }
        let entry = Verified { principal: known.id, generation: known.generation, until };
        verified.insert(tag, entry);
    }

    /// Seconds to wait, if there were too many failures.
    fn held_up(&self, login: &str, from: IpAddr, at: Timestamp) -> Option<i64> {
        let failures = lock(&self.failures);
        let level = |key: &str| {
            let f = failures.get(key)?;
            Some(if f.level == TRUSTED { TRUSTED } else { leaked(*f, at) })
        };
        let pair = level(&pair_key(login, from));
        let over = |level: Option<i64>, burst: i64| level.unwrap_or(0).saturating_sub(burst);
        let mut most = over(level(&format!("a {from}")), BURST_ADDRESS);
        if pair != Some(TRUSTED) {
            most = most
                .max(over(pair, BURST_PAIR))
                .max(over(level(&format!("l {login}")), BURST_ACCOUNT));
        }
        (most >= 0).then(|| (most + 1).saturating_mul(LEAK_SECONDS))
    }

    fn count_failure(&self, login: &str, from: IpAddr, at: Timestamp) {
        let mut failures = lock(&self.failures);
        if failures.len() >= FAILURES_MAX {
            failures.retain(|_, f| f.level != TRUSTED && leaked(*f, at) > 0);
            if failures.len() >= FAILURES_MAX {
                failures.clear();
            }
        }
        for key in [format!("a {from}"), format!("l {login}"), pair_key(login, from)] {
            let f = failures.entry(key).or_insert(Failures { level: 0, since: at });
            // One wrong guess from a trusted pair makes it an ordinary one.
            *f = Failures {
                level: if f.level == TRUSTED { 1 } else { leaked(*f, at) + 1 },
                since: at,
            };
        }
    }

    fn trust(&self, login: &str, from: IpAddr, at: Timestamp) {
        let mut failures = lock(&self.failures);
        if failures.len() < FAILURES_MAX {
            failures.insert(pair_key(login, from), Failures { level: TRUSTED, since: at });
        }
    }
}

fn pair_key(login: &str, from: IpAddr) -> String {
    format!("p {from} {login}")
}

fn leaked(f: Failures, at: Timestamp) -> i64 {
    let gone = (at.seconds() - f.since.seconds()).max(0) / LEAK_SECONDS;
    f.level.saturating_sub(gone).max(0)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether somebody who signed in some time ago may go on: he is there, not locked, and nothing happened
/// since that ends what was remembered.
pub async fn may_go_on(store: &Store, who: &Principal) -> Outcome<bool> {
    let (id, generation) = (who.id, who.generation);
    let now = store.read(move |tx| Box::pin(principal::by_id(tx, id))).await?;
    Ok(now.is_some_and(|now| !now.locked && now.generation == generation))
}

/// The principal with this name or address (folded).
pub async fn find(tx: &mut crate::store::Tx, login: &str) -> Outcome<Option<Principal>> {
    match principal::by_name(tx, login).await? {
        Some(found) => Ok(Some(found)),
        None => principal::by_address(tx, login).await,
    }
}

/// Hashes a password for storing: argon2id with the crate's present parameters (RFC 9106).
pub fn hash_password(password: &Secret) -> Outcome<String> {
    let hash = Argon2::default().hash_password(password.expose().as_bytes());
    Ok(hash.map_err(|e| Fault::internal(format!("argon2: {e}")))?.to_string())
}

/// Whether this password has this hash.
pub fn check_password(password: &Secret, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok()
}
