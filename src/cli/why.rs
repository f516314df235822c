//! `davenport why`: what was decided about a meeting.

use super::Failure;
use super::out::Line;
use super::session::Session;
use crate::domain::directory::admin;
use crate::domain::scheduling::history::{self, Told};
use clap::Args;
use serde::Serialize;

/// The help of `davenport why`.
pub const HELP: &str = "\
Example: davenport why 5A1F6A2E-9D3B-4C0B-8F67-1D2E3F405162

Who was told what about the meeting with this UID, when, by whose change, and what the recipient's
calendar made of it; the newest first, as far back as history_days reach. --user shows what one
user sent and received.

Status: 1.2 delivered, 3.7 no such calendar user, 3.8 the recipient does not take it, 5.1 not
delivered, 5.3 nothing that could be delivered to. It is delivered when OUTCOME says so.

JSON fields: at, owner (whose object it was about), by (who made the change), method, recipient,
about, status, outcome, done (absent: it waits).";

/// The options of `davenport why`.
#[derive(Debug, Args)]
pub struct Why {
    /// The UID of the event or task
    uid: String,
    /// Only what this user sent and received
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

#[derive(Debug, Serialize)]
struct View {
    at: String,
    owner: String,
    by: String,
    method: String,
    recipient: String,
    about: String,
    status: String,
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<String>,
}

impl From<Told> for View {
    fn from(it: Told) -> Self {
        Self {
            at: it.at.rfc3339(),
            owner: it.owner,
            by: it.by,
            method: it.method,
            recipient: it.recipient,
            about: it.about,
            status: it.status,
            outcome: it.outcome,
            done: it.done_at.map(|at| at.rfc3339()),
        }
    }
}

impl Line for View {
    const TITLES: &'static [&'static str] =
        &["AT", "OWNER", "BY", "METHOD", "RECIPIENT", "ABOUT", "STATUS", "OUTCOME"];

    fn cells(&self) -> Vec<String> {
        let outcome = match (&self.done, self.outcome.as_str()) {
            (None, "") => "waits".to_owned(),
            (None, why) => format!("waits: {why}"),
            (Some(_), outcome) => outcome.to_owned(),
        };
        let [at, owner, by] = [&self.at, &self.owner, &self.by].map(Clone::clone);
        let [method, recipient, about] =
            [&self.method, &self.recipient, &self.about].map(Clone::clone);
        vec![at, owner, by, method, recipient, about, self.status.clone(), outcome]
    }
}

impl Why {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`], also when nothing is known of the meeting.
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        let account = match &self.user {
            Some(name) => Some(admin::profile(&session.store, name, None).await?.principal.id),
            None => None,
        };
        let told = history::of(&session.store, &self.uid, account).await?;
        if told.is_empty() {
            return Err(Failure::Failed(format!("nothing was told about {}", self.uid)));
        }
        let views: Vec<View> = told.into_iter().map(View::from).collect();
        let mut listing = session.out.list();
        listing.page(&views)?;
        listing.end()
    }
}
