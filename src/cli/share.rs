//! `davenport share`: calendars and address books that show in others' homes.

use super::link::owner;
use super::out::Line;
use super::session::Session;
use super::{Failure, named};
use crate::domain::collection::mount::{DECLINED, MOUNTED, Sharee, can_be_shared};
use crate::domain::collection::{Access, Collection, Grantee, Guard, Home, Kind, Place, list};
use crate::domain::directory::{Kind as PrincipalKind, admin};
use crate::domain::sharing::invite::{self, Change, Whom};
use crate::domain::sharing::{Level, offer};
use crate::kernel::privilege::Privilege;
use clap::{Args, Subcommand};
use serde::Serialize;

const ADD: &str = "\
Examples:
  davenport share add alice@example.org Calendar --with bob@example.org --write
  davenport share add team@example.org Plan --with staff@example.org --with guest@example.org
  davenport share add alice@example.org Calendar --with desk@example.org --busy
  davenport share add staff@example.org \"Duty roster\" --with staff@example.org --write
  davenport share add staff@example.org Forms --everyone

Whoever it is shared with finds it in his own home, reads it, and with --write changes it; with --manage
he shares it further, too. Who gets --busy sees nothing in his home: the times count when he asks whether
the owner is busy. A group stands for its members; what a group owns is shared with the group itself
to be used by them. With --everyone whoever signs in finds it at its address (it shows in nobody's home);
with --public it needs no password to be read, where access.anonymous is set. A folder of files can be
shared, too, and shows in nobody's home. Sharing again changes how far somebody goes.

JSON: an array, with the fields of `share list`.";
const LIST: &str = "\
Example: davenport share list alice@example.org

Lists what the account shares with others, and what is shared with it, by name or by way of a group.

JSON: an array. Fields: owner, collection (its path below the DAV root), title (its owner's name for it),
with (a name; everyone; public), rights (busy, read, write, manage, other), status (accepted, declined, unanswered; unknown: nobody
here has the address).";
const REMOVE: &str = "\
Example: davenport share remove alice@example.org Calendar --with bob@example.org

The calendar goes from the homes of those with whom it is shared no more; its contents stay. What
somebody may do as a member of a group, or as a delegate of the owner, stays.

JSON fields: removed (an array of names), owner, collection.";

/// The parts of `davenport share`.
#[derive(Debug, Subcommand)]
pub enum ShareCommand {
    /// Share a calendar or an address book with users, groups or resources
    #[command(after_help = ADD)]
    Add(Add),
    /// List what an account shares, and what is shared with it
    #[command(after_help = LIST)]
    List {
        /// The account's name or an address
        name: String,
    },
    /// Share a calendar or an address book with somebody no longer
    #[command(after_help = REMOVE)]
    Remove(Remove),
}

/// The options of `davenport share add`.
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    what: What,
    /// To read and to change it
    #[arg(long, group = "level")]
    write: bool,
    /// To read and to change it, and to share it with others
    #[arg(long, group = "level")]
    manage: bool,
    /// Only to know when the owner is busy
    #[arg(long, group = "level")]
    busy: bool,
    /// What the invitation says that it is
    #[arg(long, value_name = "TEXT", default_value = "")]
    summary: String,
}

/// The options of `davenport share remove`.
#[derive(Debug, Args)]
pub struct Remove {
    #[command(flatten)]
    what: What,
}

/// What is shared, and with whom.
#[derive(Debug, Args)]
struct What {
    /// The owner's name or an address: a user, a group or a resource
    owner: String,
    /// The calendar or address book: its name, or the last part of its address
    collection: String,
    /// With whom: a name or an address; may be given more than once
    #[arg(long = "with", value_name = "NAME", required_unless_present_any = ["everyone", "public"])]
    with: Vec<String>,
    /// With everyone who signs in
    #[arg(long)]
    everyone: bool,
    /// With everyone, signed in or not, to read it (needs access.anonymous)
    #[arg(long)]
    public: bool,
}

/// What the listing calls those who have no name.
const EVERYONE: &str = "everyone";
const PUBLIC: &str = "public";

/// Something that is shared with somebody.
#[derive(Clone, Debug, Serialize)]
struct View {
    owner: String,
    collection: String,
    title: String,
    with: String,
    rights: &'static str,
    status: &'static str,
}

impl Line for View {
    const TITLES: &'static [&'static str] =
        &["OWNER", "COLLECTION", "TITLE", "WITH", "RIGHTS", "STATUS"];

    fn cells(&self) -> Vec<String> {
        let texts = [&self.owner, &self.collection, &self.title, &self.with];
        let words = [self.rights, self.status];
        texts.into_iter().map(String::as_str).chain(words).map(str::to_owned).collect()
    }
}

fn rights(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::Busy) => "busy",
        Some(Level::Read) => "read",
        Some(Level::ReadWrite) => "write",
        Some(Level::Manage) => "manage",
        None => "other",
    }
}

fn answer(state: i64) -> &'static str {
    match state {
        MOUNTED => "accepted",
        DECLINED => "declined",
        _ => "unanswered",
    }
}

/// A group is its members, who have accepted by being in it; times are nothing to accept.
fn status(it: &Sharee) -> &'static str {
    let group = it.kind == PrincipalKind::Group.number();
    match group || !it.privileges.has(Privilege::Read) {
        true => "accepted",
        false => answer(it.state),
    }
}

impl ShareCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(session).await,
            Self::Remove(remove) => remove.run(session).await,
            Self::List { name } => {
                let access = owner(session, &name).await?;
                let mut views = given(&access, None).await?;
                views.extend(received(&access).await?);
                let mut listing = session.out.list();
                listing.page(&views)?;
                listing.end()
            }
        }
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let level = match (self.write, self.manage, self.busy) {
            (true, ..) => Level::ReadWrite,
            (_, true, _) => Level::Manage,
            (.., true) => Level::Busy,
            _ => Level::Read,
        };
        let (access, place) = self.what.find(session).await?;
        if self.what.public && !session.config.anonymous {
            let why = "access.anonymous is not set: nothing is read without a password".to_owned();
            return Err(Failure::Failed(why));
        }
        let mut all = self.what.names(session).await?;
        all.extend(self.what.unnamed());
        let summary = self.summary.trim();
        let changes = all.iter().map(|(whom, _)| Change {
            whom: whom.clone(),
            level: Some(level),
            common_name: String::new(),
            summary: summary.to_owned(),
        });
        invite::share(&access, &place, changes.collect(), Guard::default()).await?;
        let mut views = given(&access, Some(&place)).await?;
        views.retain(|view| all.iter().any(|(_, name)| *name == view.with));
        let mut listing = session.out.list();
        listing.page(&views)?;
        listing.end()
    }
}

impl Remove {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let (access, place) = self.what.find(session).await?;
        let (owner, collection) = (access.who.name.clone(), place.dav_path());
        let all = given(&access, Some(&place)).await?;
        let mut wanted = self.what.unnamed();
        for name in &self.what.with {
            // An address that is nobody's may have been invited by a program.
            wanted.push(match admin::profile(&session.store, name, None).await {
                Ok(found) => {
                    let (kind, name) = (PrincipalKind::of(&found.principal), found.principal.name);
                    (Whom::Principal(kind, name.clone()), name)
                }
                Err(_) => (Whom::Address(name.clone()), name.clone()),
            });
        }
        let (mut changes, mut removed) = (Vec::new(), Vec::new());
        for (whom, name) in wanted {
            if !all.iter().any(|view| view.with == name) {
                let why = format!("{collection} is not shared with {name}");
                return Err(Failure::Failed(why));
            }
            let (common_name, summary) = (String::new(), String::new());
            changes.push(Change { whom, level: None, common_name, summary });
            removed.push(name);
        }
        invite::share(&access, &place, changes, Guard::default()).await?;
        let text = format!("{collection} is not shared with {} any more", removed.join(", "));
        let value = serde_json::json!(
            { "removed": removed, "owner": owner, "collection": collection });
        session.out.result(&value, text)
    }
}

impl What {
    /// The owner, acting, and the place.
    async fn find(&self, session: &Session) -> Result<(Access, Place), Failure> {
        let access = owner(session, &self.owner).await?;
        let all = named::all(&access, &Home::DAV, can_be_granted).await?;
        let what = "calendar, address book or folder";
        let place = named::one(all, &access.who.name, what, &self.collection)?.place;
        Ok((access, place))
    }

    /// Those with whom, each with the name in the listing.
    async fn names(&self, session: &Session) -> Result<Vec<(Whom, String)>, Failure> {
        let mut all = Vec::new();
        for wanted in &self.with {
            let found = admin::profile(&session.store, wanted, None).await?.principal;
            let (kind, name) = (PrincipalKind::of(&found), found.name);
            all.push((Whom::Principal(kind, name.clone()), name));
        }
        Ok(all)
    }

    /// Those of them who have no name.
    fn unnamed(&self) -> Vec<(Whom, String)> {
        let all = [(self.everyone, Whom::Everyone, EVERYONE), (self.public, Whom::Public, PUBLIC)];
        all.into_iter().filter(|it| it.0).map(|(_, whom, name)| (whom, name.to_owned())).collect()
    }
}

/// What an operator shares: also folders, which show in nobody's home.
fn can_be_granted(it: &Collection) -> bool {
    can_be_shared(it) || Kind::from_number(it.kind) == Kind::Folder
}

/// What an account shares; of one place, if one is given.
async fn given(access: &Access, only: Option<&Place>) -> Result<Vec<View>, Failure> {
    let mut all = named::all(access, &Home::DAV, can_be_granted).await?;
    all.retain(|it| only.is_none_or(|only| only.path == it.place.path));
    let home = Place::new(access.who.id, &access.who.name, Home::Calendars, "/")?;
    let want = list::Want { sharees: true, grants: true, ..list::Want::default() };
    let around = list::see(access, &home, want).await?.around;
    let sharing = &around.sharing;
    let mut views = Vec::new();
    for it in &all {
        let view = |with: &str, granted, status| View {
            owner: access.who.name.clone(),
            collection: it.place.dav_path(),
            title: it.title.clone(),
            with: with.to_owned(),
            rights: rights(Level::most(granted)),
            status,
        };
        let here = sharing.sharees.iter().filter(|sharee| sharee.path == it.place.path);
        views.extend(here.map(|sharee| view(&sharee.name, sharee.privileges, status(sharee))));
        let unnamed = around.grants.iter().filter(|grant| grant.path == it.place.path);
        views.extend(unnamed.filter_map(|grant| match grant.to {
            Grantee::Authenticated => Some(view(EVERYONE, grant.privileges, "accepted")),
            Grantee::All => Some(view(PUBLIC, grant.privileges, "accepted")),
            _ => None,
        }));
        let strangers = sharing.strangers.iter().filter(|(path, _)| *path == it.place.path);
        views.extend(strangers.map(|(_, it)| view(&it.address, it.privileges, "unknown")));
    }
    Ok(views)
}

/// What others share with an account.
async fn received(access: &Access) -> Result<Vec<View>, Failure> {
    let all = offer::received(access).await?.into_iter();
    let views = all.map(|it| View {
        owner: it.owner.clone(),
        collection: it.place.dav_path(),
        title: it.title,
        with: access.who.name.clone(),
        rights: rights(Level::most(it.rights)),
        status: answer(it.state),
    });
    Ok(views.collect())
}
