//! `davenport lock` and `davenport unlock`: whether a user may sign in. What it shares stays shared.

use super::Failure;
use super::session::Session;
use crate::domain::directory::Kind;
use crate::domain::directory::admin::{self, Changes};
use clap::Args;

/// Help of `davenport lock`.
pub const LOCK: &str = "\
Example: davenport lock alice@example.org

The user is signed out everywhere at its next request, app passwords included.

JSON fields: name, locked.";
/// Help of `davenport unlock`.
pub const UNLOCK: &str = "\
Example: davenport unlock alice@example.org

JSON fields: name, locked.";

/// The options of both.
#[derive(Debug, Args)]
pub struct Lock {
    /// The user's name or an address
    name: String,
}

impl Lock {
    /// Locks or unlocks.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session, locked: bool) -> Result<(), Failure> {
        let changes = Changes { locked: Some(locked), ..Changes::default() };
        let it = admin::change(&session.store, &self.name, Some(Kind::User), changes).await?;
        let value = serde_json::json!({ "name": it.name, "locked": it.locked });
        let can = if locked { "can no longer sign in" } else { "can sign in" };
        session.out.result(&value, format!("{} {can}", it.name))
    }
}
