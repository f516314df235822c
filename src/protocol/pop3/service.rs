//! What all sessions share: the store, who may sign in, which mailboxes are open.

use crate::domain::collection::Store;
use crate::domain::directory::Principal;
use crate::domain::directory::login::Logins;
use crate::kernel::ids::PrincipalId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The POP3 service.
pub struct Service {
    /// The store.
    pub store: Store,
    /// What is remembered of those who signed in, by any protocol.
    pub logins: Arc<Logins>,
    open: Mutex<HashSet<PrincipalId>>,
}

/// The right to be the only session with an account's mailbox; it ends with the session.
pub struct Lock {
    service: Arc<Service>,
    account: PrincipalId,
}

impl Service {
    /// A service over a store.
    pub fn new(store: Store, logins: Arc<Logins>) -> Arc<Self> {
        Arc::new(Self { store, logins, open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, HashSet<PrincipalId>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the mailbox of an account for a session; none if another has it.
    pub fn lock(self: &Arc<Self>, who: &Principal) -> Option<Lock> {
        let free = self.open().insert(who.id);
        free.then(|| Lock { service: self.clone(), account: who.id })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.service.open().remove(&self.account);
    }
}
