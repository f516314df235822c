//! What all sessions share.

use crate::domain::collection::Store;
use crate::domain::directory::login::Logins;
use crate::domain::mail::hub::Hub;
use std::sync::Arc;

/// The IMAP service.
pub struct Service {
    /// The store.
    pub store: Store,
    /// What is remembered of those who signed in, by any protocol.
    pub logins: Arc<Logins>,
    /// The mailboxes that are kept warm.
    pub hub: Arc<Hub>,
}

impl Service {
    /// A service over a store.
    pub fn new(store: Store, logins: Arc<Logins>) -> Arc<Self> {
        Arc::new(Self { store, logins, hub: Arc::default() })
    }
}
