//! `davenport delegate`: who acts for whom with all calendars of an account. A room's managers are
//! its delegates.

use super::out::Line;
use super::session::Session;
use super::{Failure, link::owner};
use crate::domain::collection::Guard;
use crate::domain::delegation::{self, Bond, Change, Level};
use crate::domain::directory::{Kind, admin};
use clap::{Args, Subcommand};
use serde::Serialize;

const ADD: &str = "\
Examples:
  davenport delegate add boss@example.org secretary@example.org
  davenport delegate add room-1@example.org facilities@example.org
  davenport delegate add alice@example.org team@example.org --read-only

A delegate reads and changes every calendar of the owner, without --read-only also those made later. A
group stands for its members. Adding somebody again changes how far he goes.

JSON fields: those of `delegate list`.";
const LIST: &str = "\
Example: davenport delegate list alice@example.org

Lists who acts for the account, and for whom the account acts, itself or as a member of a group.

JSON: an array. Fields: owner, delegate, rights (read, write), via_group (whether the delegate acts as a
member of a group).";
const REMOVE: &str = "\
Example: davenport delegate remove boss@example.org secretary@example.org

Takes back all that the delegate may do with the owner's calendars as a whole. What single calendars
are shared with the delegate stays.

JSON fields: removed (the delegate), owner.";

/// The parts of `davenport delegate`.
#[derive(Debug, Subcommand)]
pub enum DelegateCommand {
    /// Let somebody act for an account
    #[command(after_help = ADD)]
    Add(Add),
    /// List who acts for an account, and for whom it acts
    #[command(after_help = LIST)]
    List {
        /// The account's name or an address
        name: String,
    },
    /// Let somebody act for an account no longer
    #[command(after_help = REMOVE)]
    Remove {
        /// The owner's name or an address
        owner: String,
        /// The delegate's name or an address
        delegate: String,
    },
}

/// The options of `davenport delegate add`.
#[derive(Debug, Args)]
pub struct Add {
    /// The owner's name or an address
    owner: String,
    /// The delegate's name or an address: a user, a group or a resource
    delegate: String,
    /// Only to read
    #[arg(long)]
    read_only: bool,
}

/// One delegation.
#[derive(Clone, Debug, Serialize)]
struct View {
    /// Whose calendars they are.
    owner: String,
    /// Who acts.
    delegate: String,
    /// `read` or `write`.
    rights: &'static str,
    /// Whether the delegate acts as a member of a group.
    via_group: bool,
}

impl Line for View {
    const TITLES: &'static [&'static str] = &["OWNER", "DELEGATE", "RIGHTS", "BY WAY OF"];

    fn cells(&self) -> Vec<String> {
        let way = if self.via_group { "a group" } else { "" };
        vec![self.owner.clone(), self.delegate.clone(), self.rights.into(), way.into()]
    }
}

impl View {
    fn new(owner: &str, delegate: &str, bond: &Bond) -> Self {
        let rights = match bond.level {
            Level::Read => "read",
            Level::Write => "write",
        };
        let (owner, delegate) = (owner.to_owned(), delegate.to_owned());
        Self { owner, delegate, rights, via_group: !bond.direct }
    }
}

impl DelegateCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(session).await,
            Self::List { name } => {
                let access = owner(session, &name).await?;
                let it = &access.who;
                let mut views: Vec<View> = delegation::of(&access, it)
                    .await?
                    .iter()
                    .map(|bond| View::new(&it.name, &bond.name, bond))
                    .collect();
                let acts_for = delegation::owners_of(&session.store, it.id).await?;
                views.extend(acts_for.iter().map(|bond| View::new(&bond.name, &it.name, bond)));
                let mut listing = session.out.list();
                listing.page(&views)?;
                listing.end()
            }
            Self::Remove { owner: of, delegate } => {
                let access = owner(session, &of).await?;
                let delegate = admin::profile(&session.store, &delegate, None).await?.principal;
                let (of, name) = (&access.who.name, &delegate.name);
                if !delegation::of(&access, &access.who).await?.iter().any(|b| b.id == delegate.id)
                {
                    return Err(Failure::Failed(format!("{name} is no delegate of {of}")));
                }
                let change = Change::Remove(vec![(Kind::of(&delegate), name.clone())]);
                let guard = Guard::default();
                delegation::change(&access, &access.who, Level::Read, change, guard).await?;
                let value = serde_json::json!({ "removed": name, "owner": of });
                session.out.result(&value, format!("{name} no longer acts for {of}"))
            }
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let access = owner(session, &self.owner).await?;
        let delegate = admin::profile(&session.store, &self.delegate, None).await?.principal;
        let level = if self.read_only { Level::Read } else { Level::Write };
        let change = Change::Add(vec![(Kind::of(&delegate), delegate.name.clone())]);
        delegation::change(&access, &access.who, level, change, Guard::default()).await?;
        let made = delegation::of(&access, &access.who).await?;
        let Some(bond) = made.iter().find(|bond| bond.id == delegate.id) else {
            return Err(Failure::Failed(format!("{} is no delegate", delegate.name)));
        };
        let view = View::new(&access.who.name, &bond.name, bond);
        let may = if self.read_only { "reads" } else { "reads and changes" };
        let text = format!("{} {may} the calendars of {}", view.delegate, view.owner);
        session.out.result(&view, text)
    }
}
