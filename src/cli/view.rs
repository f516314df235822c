//! What the directory's subcommands show. The field names are the documented JSON form: they may
//! be added to, never renamed.

use super::amount::octets;
use super::out::{Line, table};
use crate::domain::account::Inventory;
use crate::domain::directory::admin::Profile;
use crate::domain::directory::resource::Resource;
use crate::domain::directory::{AppPassword, Kind, Protocols};
use crate::domain::link::{Detail, Link};
use crate::format::ical::value::written_duration;
use crate::protocol::dav::space::link_path;
use serde::Serialize;

/// The word for a kind.
pub fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Group => "group",
        Kind::Resource => "resource",
    }
}

/// A user, group or resource.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// `user`, `group` or `resource`.
    pub kind: &'static str,
    /// For people to read.
    pub display_name: String,
    /// Whether it administers.
    pub administrator: bool,
    /// Whether it may not sign in.
    pub locked: bool,
    /// Whether it can sign in with a password of its own.
    pub has_password: bool,
    /// Octets; none: no bound.
    pub quota: Option<i64>,
    /// The name of its time zone.
    pub time_zone: Option<String>,
    /// RFC 3339.
    pub created: String,
    /// The primary one first.
    pub addresses: Vec<String>,
    /// Groups that it is a direct member of.
    pub groups: Vec<String>,
    /// Direct members.
    pub members: Vec<String>,
    /// What it is, for a resource.
    #[serde(flatten)]
    pub resource: Option<Managed>,
}

/// What a resource is, and who manages it.
#[derive(Clone, Debug, Serialize)]
pub struct Managed {
    /// `room` or `equipment`.
    #[serde(rename = "type")]
    pub form: &'static str,
    /// What it does with invitations.
    pub mode: &'static str,
    /// How many people it is for; none: not said.
    pub capacity: Option<i64>,
    /// What is in it.
    pub features: Vec<String>,
    /// Where it is.
    pub location: String,
    /// How many days ahead it can be booked; none: as far as any.
    pub window: Option<i64>,
    /// How long it can be booked for at once; none: as long as one likes.
    pub max_duration: Option<String>,
    /// The group whose members it answers by itself.
    pub auto_accept: Option<String>,
    /// What it does with the invitations of groups' members; the first counts.
    pub rules: Vec<RuleLine>,
    /// Who manages it.
    pub managers: Vec<String>,
}

/// What a resource does with the invitations of a group's members.
#[derive(Clone, Debug, Serialize)]
pub struct RuleLine {
    /// The group's name.
    pub group: String,
    /// What is done.
    pub mode: &'static str,
}

impl Managed {
    /// From what is stored.
    pub fn new(it: Resource, managers: Vec<String>) -> Self {
        Self {
            form: it.form.word(),
            mode: it.mode.word(),
            capacity: it.capacity,
            features: it.features,
            location: it.location,
            window: it.window_days,
            max_duration: it.longest.map(written_duration),
            auto_accept: it.accepts.map(|(_, group)| group),
            rules: it
                .rules
                .into_iter()
                .map(|it| RuleLine { group: it.name, mode: it.mode.word() })
                .collect(),
            managers,
        }
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let or_none = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
        let rules: Vec<String> =
            self.rules.iter().map(|it| format!("{}={}", it.group, it.mode)).collect();
        let days = self.window.map(|days| format!("{days} days ahead")).unwrap_or_default();
        vec![
            ("type", self.form.into()),
            ("mode", self.mode.into()),
            ("capacity", self.capacity.map_or("none".into(), |it| it.to_string())),
            ("features", or_none(&self.features.join(", "))),
            ("location", or_none(&self.location)),
            ("window", or_none(&days)),
            ("max duration", or_none(self.max_duration.as_deref().unwrap_or_default())),
            ("auto accept", or_none(self.auto_accept.as_deref().unwrap_or_default())),
            ("rules", or_none(&rules.join(", "))),
            ("managers", or_none(&self.managers.join(", "))),
        ]
    }
}

/// A resource in a list.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct ResourceLine(pub Account);

impl Line for ResourceLine {
    const TITLES: &'static [&'static str] =
        &["NAME", "DISPLAY NAME", "TYPE", "MODE", "CAPACITY", "FEATURES", "LOCATION", "MANAGERS"];

    fn cells(&self) -> Vec<String> {
        let it = self.0.resource.as_ref();
        let text = |of: &dyn Fn(&Managed) -> String| it.map(of).unwrap_or_default();
        vec![
            self.0.name.clone(),
            self.0.display_name.clone(),
            text(&|it| it.form.into()),
            text(&|it| it.mode.into()),
            text(&|it| it.capacity.map_or("-".into(), |n| n.to_string())),
            text(&|it| it.features.join(", ")),
            text(&|it| it.location.clone()),
            text(&|it| it.managers.join(", ")),
        ]
    }
}

impl From<Profile> for Account {
    fn from(profile: Profile) -> Self {
        let it = profile.principal;
        Self {
            kind: kind_word(Kind::of(&it)),
            name: it.name,
            display_name: it.display_name,
            administrator: it.administrator,
            locked: it.locked,
            has_password: it.password.is_some(),
            quota: it.quota,
            time_zone: it.zone,
            created: it.created_at.rfc3339(),
            addresses: profile.addresses,
            groups: profile.groups.into_iter().map(|p| p.name).collect(),
            members: profile.members.into_iter().map(|p| p.name).collect(),
            resource: None,
        }
    }
}

impl Account {
    fn quota_text(&self) -> String {
        self.quota.map_or("none".into(), octets)
    }

    fn state(&self) -> String {
        let flags = [(self.administrator, "administrator"), (self.locked, "locked")];
        let words: Vec<&str> = flags.iter().filter(|f| f.0).map(|f| f.1).collect();
        words.join(", ")
    }
}

impl Line for Account {
    const TITLES: &'static [&'static str] =
        &["NAME", "DISPLAY NAME", "ADDRESSES", "GROUPS", "MEMBERS", "QUOTA", "STATE"];

    fn cells(&self) -> Vec<String> {
        let count = |list: &[String]| match list.len() {
            0 => "-".to_owned(),
            n => n.to_string(),
        };
        vec![
            self.name.clone(),
            self.display_name.clone(),
            count(&self.addresses),
            count(&self.groups),
            count(&self.members),
            self.quota_text(),
            self.state(),
        ]
    }
}

/// An account with the password that was made for it.
#[derive(Clone, Debug, Serialize)]
pub struct Added {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// Shown once, if it was made here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// An account with what it holds.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// The account.
    #[serde(flatten)]
    pub account: Account,
    /// Calendars, address books and folders.
    pub collections: usize,
    /// Objects in them.
    pub objects: i64,
    /// Messages in mailboxes.
    pub messages: i64,
    /// Octets of objects and messages.
    pub used: i64,
    /// Its app passwords, without secrets.
    pub app_passwords: Vec<App>,
}

impl Shown {
    /// The account as text, a line for each fact.
    pub fn text(&self) -> String {
        let it = &self.account;
        let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
        let list = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        let apps: Vec<String> = self.app_passwords.iter().map(|app| app.label.clone()).collect();
        let mut rows = vec![
            (it.kind, it.name.clone()),
            ("display name", it.display_name.clone()),
            ("addresses", list(&it.addresses)),
            ("groups", list(&it.groups)),
            ("collections", format!("{} with {} objects", self.collections, self.objects)),
            ("messages", self.messages.to_string()),
            ("used", octets(self.used)),
            ("quota", it.quota_text()),
            ("time zone", it.time_zone.clone().unwrap_or_else(|| "none".to_owned())),
            ("created", it.created.clone()),
        ];
        match it.kind {
            "user" => rows.extend([
                ("administrator", yes(it.administrator)),
                ("locked", yes(it.locked)),
                ("password", if it.has_password { "set" } else { "none" }.to_owned()),
                ("app passwords", list(&apps)),
            ]),
            "group" => rows.push(("members", list(&it.members))),
            _ => rows.extend(it.resource.iter().flat_map(Managed::rows)),
        }
        let rows: Vec<_> = rows.into_iter().map(|(k, v)| vec![format!("{k}:"), v]).collect();
        table(&rows)
    }
}

/// What was deleted, and what went with it.
#[derive(Clone, Debug, Serialize)]
pub struct Deleted {
    /// Its name.
    pub deleted: String,
    /// `user`, `group` or `resource`.
    pub kind: &'static str,
    /// Calendars, address books and folders.
    pub collections: usize,
    /// Objects in them.
    pub objects: i64,
    /// Messages in mailboxes.
    pub messages: i64,
    /// Octets of objects and messages.
    pub octets: i64,
    /// Addresses that are gone.
    pub addresses: Vec<String>,
    /// Groups that lost a member.
    pub groups: Vec<String>,
}

impl Deleted {
    /// From what was found before.
    pub fn new(name: String, kind: Kind, found: Inventory) -> Self {
        Self {
            deleted: name,
            kind: kind_word(kind),
            collections: found.collections,
            objects: found.objects,
            messages: found.messages,
            octets: found.octets,
            addresses: found.addresses,
            groups: found.groups,
        }
    }

    /// What goes, said before it goes.
    pub fn question(&self) -> String {
        let mut text = format!(
            "Deleting the {} {} takes along:\n  {} collections with {} objects, {} messages ({})",
            self.kind,
            self.deleted,
            self.collections,
            self.objects,
            self.messages,
            octets(self.octets)
        );
        for (what, names) in [("addresses", &self.addresses), ("memberships in", &self.groups)] {
            if !names.is_empty() {
                text.push_str(&format!("\n  {what}: {}", names.join(", ")));
            }
        }
        text
    }
}

/// An app password without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct App {
    /// Whose it is.
    pub name: String,
    /// What its owner calls it.
    pub label: String,
    /// Where it is good.
    pub protocols: Vec<&'static str>,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339; none: never.
    pub expires: Option<String>,
    /// The secret, only when it was just made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl App {
    /// As it is stored.
    pub fn new(owner: &str, stored: AppPassword) -> Self {
        Self {
            name: owner.to_owned(),
            label: stored.name,
            protocols: Protocols(stored.protocols).names(),
            created: stored.created_at.rfc3339(),
            expires: stored.expires_at.map(|end| end.rfc3339()),
            password: None,
        }
    }
}

impl Line for App {
    const TITLES: &'static [&'static str] = &["LABEL", "PROTOCOLS", "CREATED", "EXPIRES"];

    fn cells(&self) -> Vec<String> {
        let expires = self.expires.clone().unwrap_or_else(|| "never".into());
        vec![self.label.clone(), self.protocols.join(","), self.created.clone(), expires]
    }
}

/// A link without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct LinkView {
    /// What it is taken back by.
    pub id: i64,
    /// Whose calendar it is.
    pub name: String,
    /// The calendar: its path below the account's calendars.
    pub calendar: String,
    /// What its owner calls it.
    pub label: String,
    /// `full` or `busy`.
    pub detail: &'static str,
    /// The address below the server's own, when it was just made or is public.
    pub path: Option<String>,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339; none: never.
    pub expires: Option<String>,
    /// RFC 3339, to the hour; none: not yet.
    pub used: Option<String>,
}

impl LinkView {
    /// As it is stored, with its token when that is at hand.
    pub fn new(owner: &str, (path, it): &(String, Link), token: Option<&str>) -> Self {
        let token = token.or(it.token.as_deref());
        Self {
            id: it.id.0,
            name: owner.to_owned(),
            calendar: path.split_once('/').map_or("", |(_, rest)| rest).to_owned(),
            label: it.label.clone(),
            detail: match Detail::from_number(it.detail) {
                Detail::Full => "full",
                Detail::Busy => "busy",
            },
            path: token.map(link_path),
            created: it.created_at.rfc3339(),
            expires: it.expires_at.map(|end| end.rfc3339()),
            used: it.used_at.map(|at| at.rfc3339()),
        }
    }
}

impl Line for LinkView {
    const TITLES: &'static [&'static str] =
        &["ID", "CALENDAR", "LABEL", "DETAIL", "CREATED", "EXPIRES", "USED", "ADDRESS"];

    fn cells(&self) -> Vec<String> {
        let or = |it: &Option<String>, none: &str| it.clone().unwrap_or_else(|| none.into());
        vec![
            self.id.to_string(),
            self.calendar.clone(),
            self.label.clone(),
            self.detail.into(),
            self.created.clone(),
            or(&self.expires, "never"),
            or(&self.used, "not yet"),
            or(&self.path, "secret"),
        ]
    }
}
