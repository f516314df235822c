//! `davenport subscription`: calendars that the server fetches from elsewhere. Addresses are shown
//! without user and password.

use super::link::{home, owner};
use super::session::Session;
use super::{Failure, out::Line, out::table};
use crate::domain::collection::kind::{COMPONENTS_DEFAULT, Kind};
use crate::domain::collection::property::of_text;
use crate::domain::collection::tree::{self, Making};
use crate::domain::collection::{Access, Guard, Place, subscription};
use crate::domain::feed::{self, Subscription, color_property};
use crate::format::url::WebUrl;
use crate::kernel::secret::uuid;
use clap::{Args, Subcommand};
use serde::Serialize;

const ADD: &str = "\
Examples:
  davenport subscription add alice@example.org https://example.org/holidays.ics
  davenport subscription add alice@example.org webcal://example.org/term.ics --name Term --color '#0088CC'

The running server fetches the calendar within seconds, and again as often as its publisher suggests,
once for everybody who has it. Name and color are the publisher's, unless they are given. Addresses
outside of the public network need outbound.allow in the configuration.

JSON fields: name (whose it is), calendar, url.";
const LIST: &str = "\
Example: davenport subscription list alice@example.org

JSON: an array. Fields: name (whose it is), calendar, url (without user and password), events, left_out
(events that are broken), last_success (null: not yet), next_try (null: given up), error (null: none), with
times in RFC 3339.";
const REMOVE: &str = "\
Example: davenport subscription remove alice@example.org 0f8c2f6e-6a0c-4b5a-9d0e-2f4d6a1c7b3e

The calendar is deleted.

JSON fields: deleted (the calendar), name (whose it was).";
const REFRESH: &str = "\
Example: davenport subscription refresh alice@example.org 0f8c2f6e-6a0c-4b5a-9d0e-2f4d6a1c7b3e

The running server fetches the calendar within seconds, also one that it had given up.

JSON fields: refreshed (the calendar), name (whose it is).";

/// The parts of `davenport subscription`.
#[derive(Debug, Subcommand)]
pub enum SubscriptionCommand {
    /// Show a calendar of another server as one of the account's, to read
    #[command(after_help = ADD)]
    Add(Add),
    /// List an account's subscriptions, and how fetching goes
    #[command(after_help = LIST)]
    List {
        /// The account's name or an address
        name: String,
    },
    /// End a subscription
    #[command(after_help = REMOVE)]
    Remove(One),
    /// Fetch a calendar anew
    #[command(after_help = REFRESH)]
    Refresh(One),
}

/// The options of `davenport subscription add`.
#[derive(Debug, Args)]
pub struct Add {
    /// The account's name or an address
    name: String,
    /// The calendar's address: https, http, webcal or webcals
    #[arg(value_parser = url)]
    url: WebUrl,
    /// What to call it (default: as its publisher does)
    #[arg(long = "name", value_name = "TEXT")]
    title: Option<String>,
    /// Its color, such as '#0088CC' (default: its publisher's)
    #[arg(long, value_name = "COLOR", value_parser = color)]
    color: Option<String>,
}

/// A subscription of an account.
#[derive(Debug, Args)]
pub struct One {
    /// The account's name or an address
    name: String,
    /// The calendar, as `subscription list` shows it, or its address elsewhere
    calendar: String,
}

fn url(text: &str) -> Result<WebUrl, &'static str> {
    WebUrl::parse(text)
}

fn color(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    match matches!(digits.len(), 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(text.to_owned()),
        false => Err("a color is # and six hexadecimal digits"),
    }
}

/// A subscription as it is shown.
#[derive(Clone, Debug, Serialize)]
struct View {
    name: String,
    calendar: String,
    url: String,
    events: i64,
    left_out: i64,
    last_success: Option<String>,
    next_try: Option<String>,
    error: Option<String>,
}

impl View {
    fn new(owner: &str, it: &Subscription) -> Self {
        let next = Some(it.feed.next_at).filter(|_| !it.feed.stopped());
        Self {
            name: owner.to_owned(),
            calendar: calendar_of(it).to_owned(),
            url: shown(it),
            events: it.feed.members,
            left_out: it.feed.left_out,
            last_success: it.feed.ok_at.map(|at| at.rfc3339()),
            next_try: next.map(|at| at.rfc3339()),
            error: it.trouble().map(str::to_owned),
        }
    }
}

impl Line for View {
    const TITLES: &'static [&'static str] =
        &["CALENDAR", "EVENTS", "LEFT OUT", "LAST SUCCESS", "NEXT TRY", "ERROR", "ADDRESS"];

    fn cells(&self) -> Vec<String> {
        let or = |it: &Option<String>, none: &str| it.clone().unwrap_or_else(|| none.into());
        vec![
            self.calendar.clone(),
            self.events.to_string(),
            self.left_out.to_string(),
            or(&self.last_success, "not yet"),
            or(&self.next_try, "given up"),
            or(&self.error, ""),
            self.url.clone(),
        ]
    }
}

fn calendar_of(it: &Subscription) -> &str {
    it.path.split_once('/').map_or("", |(_, rest)| rest)
}

/// The address without user and password.
fn shown(it: &Subscription) -> String {
    WebUrl::parse(&it.feed.url).map(|url| url.to_string()).unwrap_or_default()
}

impl SubscriptionCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(session).await,
            Self::List { name } => {
                let access = owner(session, &name).await?;
                let all = feed::all(&access, &home(&access.who)?).await?;
                let views: Vec<_> = all.iter().map(|it| View::new(&access.who.name, it)).collect();
                let mut listing = session.out.list();
                listing.page(&views)?;
                listing.end()
            }
            Self::Remove(one) => {
                let (access, place, calendar) = one.find(session).await?;
                tree::remove(&access, &place, Guard::default()).await?;
                let name = access.who.name;
                let value = serde_json::json!({ "deleted": calendar, "name": name });
                session.out.result(&value, format!("ended the subscription {calendar} of {name}"))
            }
            Self::Refresh(one) => {
                let (access, place, calendar) = one.find(session).await?;
                feed::refresh(&access, &place).await?;
                let name = access.who.name;
                let value = serde_json::json!({ "refreshed": calendar, "name": name });
                session.out.result(&value, format!("{calendar} of {name} is fetched now"))
            }
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let access = owner(session, &self.name).await?;
        let calendar = uuid();
        let place = home(&access.who)?.child(&calendar, true);
        let title = self.title.map(|title| of_text("displayname", title.trim()));
        let color = self.color.map(|color| color_property(&color));
        let making = Making {
            kind: Kind::Calendar,
            components: COMPONENTS_DEFAULT,
            properties: title.into_iter().chain(color).collect(),
        };
        subscription::make(&access, &place, making, &self.url, Guard::default()).await?;
        let (name, url) = (&access.who.name, self.url.to_string());
        let value = serde_json::json!({ "name": name, "calendar": calendar, "url": url });
        let rows = [("calendar:", calendar), ("address:", url)];
        let rows: Vec<_> = rows.map(|(title, cell)| vec![title.to_owned(), cell]).to_vec();
        session.out.result(&value, table(&rows).trim_end().to_owned())
    }
}

impl One {
    async fn find(&self, session: &Session) -> Result<(Access, Place, String), Failure> {
        let access = owner(session, &self.name).await?;
        let home = home(&access.who)?;
        let all = feed::all(&access, &home).await?;
        let wanted = self.calendar.trim_matches('/');
        let is = |it: &&Subscription| calendar_of(it) == wanted || shown(it) == self.calendar;
        let mut found = all.iter().filter(is);
        let name = &access.who.name;
        match (found.next(), found.next()) {
            (Some(it), None) => {
                let (place, calendar) = (home.at(&it.path, true), calendar_of(it).to_owned());
                Ok((access, place, calendar))
            }
            (Some(_), Some(_)) => Err(Failure::Failed(format!(
                "{name} has more than one subscription to {wanted}: give the calendar"
            ))),
            (None, _) => Err(Failure::Failed(format!("{name} has no subscription {wanted}"))),
        }
    }
}
