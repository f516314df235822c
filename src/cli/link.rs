//! `davenport link`: addresses that show a calendar to whoever knows them. A secret one is shown
//! once and stored nowhere.

use super::amount::{End, end};
use super::session::Session;
use super::view::LinkView;
use super::{Failure, named, out::Line, out::table};
use crate::domain::collection::{Access, Home, Place};
use crate::domain::directory::{Principal, admin};
use crate::domain::link::{self, Detail, Link, Wish};
use clap::{Args, Subcommand};

const ADD: &str = "\
Examples:
  davenport link add alice@example.org work --label \"for Bob\" --expires 90d
  davenport link add alice@example.org Calendar --busy

A program subscribes to the address. Of what is private or confidential it shows only that the owner
is busy; with --busy it shows no more of anything.

JSON fields: those of `link list`, and path.";
const LIST: &str = "\
Example: davenport link list alice@example.org

JSON: an array. Fields: id, name (whose calendar it is), calendar, label, detail (full, busy), path (of
public ones; null: it is secret), created, expires (null: never), used (null: not yet), in RFC 3339.";
const DELETE: &str = "\
Example: davenport link delete alice@example.org 3

Who knows the address gets nothing more from the next request on.

JSON fields: deleted (the id), name (whose calendar it was).";

/// The parts of `davenport link`.
#[derive(Debug, Subcommand)]
pub enum LinkCommand {
    /// Make an address that shows a calendar, and show it once
    #[command(after_help = ADD)]
    Add(Add),
    /// List the links to an account's calendars
    #[command(after_help = LIST)]
    List {
        /// The account's name or an address
        name: String,
    },
    /// Take a link back
    #[command(after_help = DELETE)]
    Delete {
        /// The account's name or an address
        name: String,
        /// The link's id, as `link list` shows it
        id: i64,
    },
}

/// The options of `davenport link add`.
#[derive(Debug, Args)]
pub struct Add {
    /// The account's name or an address
    name: String,
    /// The calendar: its name, or the last part of its address
    calendar: String,
    /// What to call the link, such as whom it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    label: String,
    /// Show only when the owner is busy
    #[arg(long)]
    busy: bool,
    /// Keep the address, so that `link list` and the owner's programs show it
    #[arg(long)]
    public: bool,
    /// When it ends: 90d, 12w, or the last day (UTC) such as 2027-01-31 (default: never)
    #[arg(long, value_name = "END", value_parser = end)]
    expires: Option<End>,
}

impl LinkCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(session).await,
            Self::List { name } => {
                let (access, all) = links(session, &name).await?;
                let name = &access.who.name;
                let views: Vec<_> = all.iter().map(|it| LinkView::new(name, it, None)).collect();
                let mut listing = session.out.list();
                listing.page(&views)?;
                listing.end()
            }
            Self::Delete { name, id } => {
                let (access, all) = links(session, &name).await?;
                let name = access.who.name.clone();
                let missing = || Failure::Failed(format!("{name} has no link {id}"));
                let (path, link) =
                    all.into_iter().find(|it| it.1.id.0 == id).ok_or_else(missing)?;
                let place = home(&access.who)?.at(&path, true);
                link::remove(&access, &place, move |it| it.id == link.id).await?;
                let value = serde_json::json!({ "deleted": id, "name": name });
                session.out.result(&value, format!("took link {id} to {path} back from {name}"))
            }
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let access = owner(session, &self.name).await?;
        let all = named::all(&access, &[Home::Calendars], |_| true).await?;
        let place = named::one(all, &access.who.name, "calendar", &self.calendar)?.place;
        let at = session.at;
        let wish = Wish {
            label: self.label.trim().to_owned(),
            detail: if self.busy { Detail::Busy } else { Detail::Full },
            public: self.public,
            expires_at: self.expires.map(|end| end.from(at)),
        };
        let (made, token) = link::add(&access, &place, wish).await?;
        let it = (place.path.clone(), made);
        let view = LinkView::new(&access.who.name, &it, Some(&token));
        let titles = ["id:", "calendar:", "label:", "detail:", "created:", "expires:", "used:"];
        let rows: Vec<_> =
            titles.into_iter().zip(view.cells()).map(|(t, c)| vec![t.to_owned(), c]).collect();
        let path = view.path.as_deref().unwrap_or_default();
        let once = if self.public { "" } else { ", shown this once" };
        let text = format!(
            "{}address{once}, below the server's own such as https://dav.example.org:\n{path}",
            table(&rows)
        );
        session.out.result(&view, text)
    }
}

/// The owner of the account, acting on it.
///
/// # Errors
/// [`Failure::Failed`].
pub async fn owner(session: &Session, name: &str) -> Result<Access, Failure> {
    let who = admin::profile(&session.store, name, None).await?.principal;
    let store = session.store.clone();
    Ok(Access::new(store, who, "davenport", session.at))
}

/// The account's calendars.
///
/// # Errors
/// [`Failure::Failed`].
pub fn home(who: &Principal) -> Result<Place, Failure> {
    Ok(Place::new(who.id, &who.name, Home::Calendars, "/")?)
}

async fn links(session: &Session, name: &str) -> Result<(Access, Vec<(String, Link)>), Failure> {
    let access = owner(session, name).await?;
    let all = link::all(&access, &home(&access.who)?).await?;
    Ok((access, all))
}
