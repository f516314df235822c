//! `davenport resource`: rooms and things with a calendar, which nobody signs in as: what they are,
//! what they do with invitations, and who manages them.

use super::amount::{Days, Length, Number, days, length, number};
use super::session::Session;
use super::view::{Account, Managed, ResourceLine};
use super::{Failure, account};
use crate::domain::account::Ties;
use crate::domain::collection::{Access, Guard};
use crate::domain::delegation::{self, Change, Level};
use crate::domain::directory::admin::{self, Changes};
use crate::domain::directory::mode::Mode;
use crate::domain::directory::name::fold;
use crate::domain::directory::resource::{self, Form};
use crate::domain::directory::{Kind, Principal};
use clap::{Args, Subcommand};

const ADD: &str = "\
Examples:
  davenport resource add room-1@example.org --name \"Room 1\" --capacity 8 --feature projector
  davenport resource add van@example.org --type equipment --mode tentative --manager bob@example.org

Without more it is a room that accepts what it is invited to if it is free then, and else declines.
What --mode, --auto-accept, --window and --max-duration mean is told by `resource set --help`.

JSON fields: those of `resource list`.";
const LIST: &str = "\
Example: davenport resource list --json

JSON: an array. Fields: name, kind, display_name, administrator, locked, has_password, quota (octets
or null), time_zone (or null), created (RFC 3339), addresses (the primary one first), groups, members,
type (room, equipment), mode, capacity (or null), features, location, window (days or null),
max_duration (such as PT4H, or null), auto_accept (a group or null), rules (each with group and
mode), managers.";
const SHOW: &str = "\
Example: davenport resource show room-1@example.org

JSON fields: those of `resource list`, and collections, objects, messages, used (octets), app_passwords.";
const SET: &str = "\
Examples:
  davenport resource set room-1@example.org --capacity 8 --feature projector --feature whiteboard
  davenport resource set room-1@example.org --mode tentative --manager facilities@example.org
  davenport resource set lab@example.org --mode decline-always --auto-accept staff@example.org
  davenport resource set room-1@example.org --rule staff@example.org=tentative \
    --rule guests@example.org=decline-always
  davenport resource set room-1@example.org --window 90 --max-duration PT4H

Modes, what is done with an invitation:
  automatic         accepted if it is free then, else declined
  tentative         answered \"perhaps\" if it is free then, until a manager decides, else declined
  accept-if-free    accepted if it is free then, else left to the managers
  decline-if-busy   declined if it is taken then, else left to the managers
  accept-always     accepted even if it is taken then: it can be booked twice
  decline-always    declined
  none              left to the managers

Whoever is in the group of a --rule is answered as by that mode (any but accept-always), the first
such group's; whoever is in the group of --auto-accept, as by automatic. What ends beyond --window or
takes longer than --max-duration is declined with that reason, unless the mode is none; managers may
accept it nevertheless. Managers are delegates: they read and change its calendar and get its
invitations that they are to answer.

JSON fields: those of `resource list`.";
const DELETE: &str = "\
Example: davenport resource delete room-1@example.org --yes

JSON fields: deleted (the name), kind, collections, objects, messages, octets, addresses, groups.";

/// The parts of `davenport resource`.
#[derive(Debug, Subcommand)]
pub enum ResourceCommand {
    /// Add a resource
    #[command(after_help = ADD)]
    Add(Add),
    /// List all resources
    #[command(after_help = LIST)]
    List,
    /// Show a resource with what it holds
    #[command(after_help = SHOW)]
    Show(account::Show),
    /// Change a resource, what it does with invitations, and who manages it
    #[command(after_help = SET)]
    Set(Set),
    /// Delete a resource with everything it has
    #[command(after_help = DELETE)]
    Delete(account::Delete),
}

/// What a resource is; what `add` and `set` share.
#[derive(Debug, Args)]
pub struct What {
    /// What it does with invitations: automatic, tentative, accept-if-free, decline-if-busy,
    /// accept-always, decline-always, none
    #[arg(long, value_name = "MODE", value_parser = Mode::from_word)]
    mode: Option<Mode>,
    /// What it is: room, equipment
    #[arg(long = "type", value_name = "TYPE", value_parser = Form::from_word)]
    form: Option<Form>,
    /// How many people it is for, or none
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    capacity: Option<Number>,
    /// What is in it (repeatable); those given are all, none: nothing
    #[arg(long, value_name = "TEXT")]
    feature: Vec<String>,
    /// Where it is
    #[arg(long, value_name = "TEXT")]
    location: Option<String>,
    /// How many days ahead it can be booked, or none: as far as any
    #[arg(long, value_name = "DAYS", value_parser = days)]
    window: Option<Days>,
    /// How long it can be booked for at once, such as PT4H, or none
    #[arg(long, value_name = "DURATION", value_parser = length)]
    max_duration: Option<Length>,
    /// A group whose members it answers by itself, whatever the mode, or none
    #[arg(long, value_name = "GROUP")]
    auto_accept: Option<String>,
    /// What it does with invitations of a group's members instead (repeatable; of several the first
    /// counts); those given are all, none: nothing
    #[arg(long, value_name = "GROUP=MODE", value_parser = rule)]
    rule: Vec<Option<(String, Mode)>>,
    /// Somebody who manages it: a user or a group (repeatable)
    #[arg(long, value_name = "NAME")]
    manager: Vec<String>,
}

/// The options of `davenport resource add`.
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    account: account::New,
    #[command(flatten)]
    what: What,
    /// A group to join (repeatable)
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
}

/// The options of `davenport resource set`.
#[derive(Debug, Args)]
pub struct Set {
    #[command(flatten)]
    account: account::Change,
    #[command(flatten)]
    what: What,
    /// Somebody who manages it no longer (repeatable)
    #[arg(long, value_name = "NAME")]
    remove_manager: Vec<String>,
}

impl ResourceCommand {
    /// Runs it.
    ///
    /// # Errors
    /// [`Failure::Usage`] and [`Failure::Failed`].
    pub async fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(session).await,
            Self::List => list(session).await,
            Self::Show(which) => account::show(session, Kind::Resource, which).await,
            Self::Set(set) => set.run(session).await,
            Self::Delete(which) => account::delete(session, Kind::Resource, which).await,
        }
    }
}

/// Reads `GROUP=MODE`, or `none`.
fn rule(text: &str) -> Result<Option<(String, Mode)>, String> {
    if fold(text) == "none" {
        return Ok(None);
    }
    let (group, mode) =
        text.rsplit_once('=').ok_or("a group and a mode, such as staff=automatic")?;
    Ok(Some((group.to_owned(), Mode::from_word(mode)?)))
}

impl What {
    /// What is to change, and who is to manage it.
    fn split(self) -> (resource::Changes, Vec<String>) {
        let none = |text: &String| fold(text) == "none";
        let features = match self.feature.as_slice() {
            [] => None,
            [only] if none(only) => Some(Vec::new()),
            _ => Some(self.feature),
        };
        let rules = (!self.rule.is_empty()).then(|| self.rule.into_iter().flatten().collect());
        let changes = resource::Changes {
            rules,
            mode: self.mode,
            form: self.form,
            capacity: self.capacity.map(|it| it.0),
            location: self.location,
            features,
            window_days: self.window.map(|it| it.0),
            longest: self.max_duration.map(|it| it.0),
            accepts: self.auto_accept.map(|group| Some(group).filter(|it| !none(it))),
        };
        (changes, self.manager)
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let (what, managers) = self.what.split();
        let managers = people(session, &managers).await?;
        let ties = Ties { groups: self.group, ..Ties::default() };
        let made = self.account.make(session, Kind::Resource, ties, what).await?;
        manage(session, &made, managers, Vec::new()).await?;
        account::told(session, Kind::Resource, &made.name, "added").await
    }
}

impl Set {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let (what, managers) = self.what.split();
        let (more, fewer) =
            (people(session, &managers).await?, people(session, &self.remove_manager).await?);
        let also = !more.is_empty() || !fewer.is_empty();
        let changes = Changes { resource: what, ..Changes::default() };
        let changed = self.account.make(session, Kind::Resource, (changes, also)).await?;
        manage(session, &changed, more, fewer).await?;
        account::told(session, Kind::Resource, &changed.name, "changed").await
    }
}

/// Who is named.
async fn people(session: &Session, names: &[String]) -> Result<Vec<(Kind, String)>, Failure> {
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        let it = admin::profile(&session.store, name, None).await?.principal;
        all.push((Kind::of(&it), it.name));
    }
    Ok(all)
}

/// Has a resource managed by more people, or fewer. They are its delegates.
async fn manage(
    session: &Session,
    resource: &Principal,
    more: Vec<(Kind, String)>,
    fewer: Vec<(Kind, String)>,
) -> Result<(), Failure> {
    let access = Access::new(session.store.clone(), resource.clone(), "davenport", session.at);
    for (change, names) in
        [(Change::Add(more.clone()), more), (Change::Remove(fewer.clone()), fewer)]
    {
        if !names.is_empty() {
            delegation::change(&access, resource, Level::Write, change, Guard::default()).await?;
        }
    }
    Ok(())
}

/// The names of those who manage a resource.
///
/// # Errors
/// When the store fails.
pub async fn managers(session: &Session, of: &Principal) -> Result<Vec<String>, Failure> {
    let access = Access::of_server(&session.store, session.at);
    let all = delegation::of(&access, of).await?;
    Ok(all.into_iter().filter(|it| it.level == Level::Write).map(|it| it.name).collect())
}

async fn list(session: &Session) -> Result<(), Failure> {
    let mut listing = session.out.list();
    let mut after = String::new();
    loop {
        let page = admin::list(&session.store, Kind::Resource, &after, account::PAGE).await?;
        let Some(last) = page.last() else { return listing.end() };
        after.clone_from(&last.principal.name);
        let mut lines = Vec::with_capacity(page.len());
        for it in page {
            let managers = managers(session, &it.principal).await?;
            let resource = it.resource.clone().map(|it| Managed::new(it, managers));
            lines.push(ResourceLine(Account { resource, ..it.into() }));
        }
        listing.page(&lines)?;
    }
}
