//! `davenport collection`: calendars, address books and folders that an operator makes for somebody.

use super::Failure;
use super::link::owner;
use super::session::Session;
use crate::domain::collection::kind::COMPONENTS_DEFAULT;
use crate::domain::collection::property::of_text;
use crate::domain::collection::tree::{self, Making};
use crate::domain::collection::{Guard, Home, Kind, Place};
use crate::kernel::secret::uuid;
use clap::{Args, Subcommand};

const ADD: &str = "\
Examples:
  davenport collection add staff@example.org \"Duty roster\"
  davenport collection add staff@example.org Customers --address-book
  davenport collection add staff@example.org Forms --folder

Makes a calendar, or with an option something else, for a user, a group or a resource. What a group
owns is for those to whom it is shared: `davenport share add staff@example.org \"Duty roster\" --with
staff@example.org --write` lets its members change it, and it shows in their homes.

JSON fields: owner, collection (its path below the DAV root), title.";

/// The parts of `davenport collection`.
#[derive(Debug, Subcommand)]
pub enum CollectionCommand {
    /// Make a calendar, an address book or a folder
    #[command(after_help = ADD)]
    Add(Add),
}

/// The options of `davenport collection add`.
#[derive(Debug, Args)]
pub struct Add {
    /// The owner's name or an address: a user, a group or a resource
    owner: String,
    /// What it is called; of a folder also the last part of its address
    title: String,
    /// An address book
    #[arg(long, group = "kind")]
    address_book: bool,
    /// A folder for files
    #[arg(long, group = "kind")]
    folder: bool,
}

impl CollectionCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        let Self::Add(add) = self;
        let access = owner(session, &add.owner).await?;
        let title = add.title.trim();
        let (kind, home, name, components) = match (add.address_book, add.folder) {
            (true, _) => (Kind::Addressbook, Home::Addressbooks, uuid(), 0),
            (_, true) => (Kind::Folder, Home::Files, title.to_owned(), 0),
            _ => (Kind::Calendar, Home::Calendars, uuid(), COMPONENTS_DEFAULT),
        };
        if title.is_empty() || name.contains('/') {
            return Err(Failure::Failed("give it a name, without \"/\" for a folder".to_owned()));
        }
        let place = Place::new(access.who.id, &access.who.name, home, &format!("{name}/"))?;
        let properties = vec![of_text("displayname", title)];
        let making = Making { kind, components, properties };
        tree::make(&access, &place, making, Guard::default()).await?;
        let (name, path) = (&access.who.name, place.dav_path());
        let value = serde_json::json!({ "owner": name, "collection": path, "title": title });
        session.out.result(&value, format!("{name} has \"{title}\" now, at {path}"))
    }
}
