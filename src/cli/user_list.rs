//! `davenport user add --from FILE`: many users from a CSV (RFC 4180) or TOML list.
//!
//! Invariants: a list that cannot be read as a whole changes nothing; each row is one transaction
//! and is reported before the next begins, so a password made here is never lost; running the same
//! list again changes nothing.

use super::Failure;
use super::amount::quota;
use super::ask::Given;
use super::out::json;
use super::session::Session;
use crate::domain::account::{NewAccount, Ties, create_tied};
use crate::domain::directory::Kind;
use crate::domain::directory::admin::{self, Changes, Profile};
use crate::domain::directory::login::check_password;
use crate::domain::directory::name::{check_zone, fold};
use crate::format::csv;
use crate::kernel::fault::{Fault, Refusal};
use crate::kernel::secret::Secret;
use serde::Serialize;
use std::path::Path;

/// How a list is taken.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Whether new users without a password get none.
    pub no_password: bool,
    /// Whether users that are there already are changed.
    pub update: bool,
}

/// A user as a list names it; what is absent or empty is not touched.
#[derive(Clone, Debug, Default)]
struct Row {
    name: String,
    display_name: Option<String>,
    password: Option<Secret>,
    administrator: Option<bool>,
    quota: Option<Option<i64>>,
    addresses: Vec<String>,
    groups: Vec<String>,
    zone: Option<String>,
}

/// Where a row stands, and the row or why it is none.
struct Placed {
    place: String,
    row: Result<Row, String>,
}

/// One field: text from CSV, or what TOML made of it.
enum Cell {
    One(String),
    Many(Vec<String>),
}

/// A column's names, and what its field does to a row.
type Column = (&'static [&'static str], fn(&mut Row, Cell) -> Result<(), String>);

static COLUMNS: [Column; 8] = [
    (&["name", "address", "login"], |row, cell| {
        row.name = cell.one()?;
        Ok(())
    }),
    (&["display_name"], |row, cell| {
        row.display_name = Some(cell.one()?);
        Ok(())
    }),
    (&["password"], |row, cell| {
        row.password = Some(Secret::new(cell.one()?));
        Ok(())
    }),
    (&["admin", "administrator"], |row, cell| {
        row.administrator = Some(flag(&cell.one()?)?);
        Ok(())
    }),
    (&["quota"], |row, cell| {
        row.quota = Some(quota(&cell.one()?)?.0);
        Ok(())
    }),
    (&["addresses"], |row, cell| {
        row.addresses = cell.many();
        Ok(())
    }),
    (&["groups"], |row, cell| {
        row.groups = cell.many();
        Ok(())
    }),
    (&["time_zone", "timezone"], |row, cell| {
        row.zone = Some(cell.one()?);
        Ok(())
    }),
];

impl Cell {
    fn one(self) -> Result<String, String> {
        match self {
            Self::One(text) => Ok(text),
            Self::Many(_) => Err("one text was expected, not an array".into()),
        }
    }

    fn many(self) -> Vec<String> {
        let separators = [' ', ';', ',', '\n', '\t'];
        match self {
            Self::One(text) => {
                text.split(separators).filter(|t| !t.is_empty()).map(str::to_owned).collect()
            }
            Self::Many(texts) => texts,
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::One(text) if text.is_empty())
    }
}

fn flag(text: &str) -> Result<bool, String> {
    match fold(text).as_str() {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" => Ok(false),
        _ => Err(format!("\"{text}\" is neither yes nor no")),
    }
}

fn column(name: &str) -> Result<&'static Column, String> {
    let wanted = fold(name).replace([' ', '-'], "_");
    COLUMNS.iter().find(|column| column.0.contains(&wanted.as_str())).ok_or_else(|| {
        let known: Vec<&str> = COLUMNS.iter().filter_map(|c| c.0.first().copied()).collect();
        format!("\"{name}\" is no column: known are {}", known.join(", "))
    })
}

fn row(cells: impl IntoIterator<Item = (&'static Column, Cell)>) -> Result<Row, String> {
    let mut row = Row::default();
    for (column, cell) in cells.into_iter().filter(|(_, cell)| !cell.is_empty()) {
        column.1(&mut row, cell)?;
    }
    match row.name.trim() {
        "" => Err("there is no name".into()),
        _ => Ok(row),
    }
}

fn read(file: &Path) -> Result<Vec<Placed>, Failure> {
    let ending = file.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    let parse = match ending.as_str() {
        "csv" => from_csv,
        "toml" => from_toml,
        _ => return Err(Failure::Usage("the list's name must end in .csv or .toml".into())),
    };
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|e| format!("cannot read {name}: {e}"))?;
    parse(&text).map_err(|why| Failure::Failed(format!("{name}: {why}\nNothing was done")))
}

fn from_csv(text: &str) -> Result<Vec<Placed>, String> {
    let mut records = csv::read(text).map_err(|e| e.to_string())?.into_iter();
    let header = records.next().ok_or("there is no header line")?;
    let columns: Vec<&Column> =
        header.fields.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
    for (i, one) in columns.iter().enumerate() {
        if columns.iter().take(i).any(|other| other.0 == one.0) {
            return Err(format!("the column {} is there twice", one.0.join("/")));
        }
    }
    let placed = |record: csv::Record| Placed {
        place: format!("line {}", record.line),
        row: match record.fields.len() == columns.len() {
            true => row(columns.iter().copied().zip(record.fields.into_iter().map(Cell::One))),
            false => Err(format!("{} fields instead of {}", record.fields.len(), columns.len())),
        },
    };
    Ok(records.map(placed).collect())
}

fn from_toml(text: &str) -> Result<Vec<Placed>, String> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
    if let Some(other) = table.keys().find(|key| *key != "user") {
        return Err(format!("\"{other}\" is not known: give [[user]] tables"));
    }
    let users = match table.get("user") {
        Some(toml::Value::Array(users)) => users.as_slice(),
        _ => return Err("there is no [[user]] table".into()),
    };
    let placed = |(i, user): (usize, &toml::Value)| Placed {
        place: format!("user {}", i + 1),
        row: user.as_table().ok_or("not a table".to_owned()).and_then(toml_row),
    };
    Ok(users.iter().enumerate().map(placed).collect())
}

fn toml_row(user: &toml::Table) -> Result<Row, String> {
    let text = |value: &toml::Value| match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(flag) => Ok(flag.to_string()),
        other => Err(format!("{} is not expected here", other.type_str())),
    };
    let mut cells = Vec::new();
    for (key, value) in user {
        let cell = match value {
            toml::Value::Array(items) => {
                Cell::Many(items.iter().map(text).collect::<Result<_, _>>()?)
            }
            one => Cell::One(text(one)?),
        };
        cells.push((column(key)?, cell));
    }
    row(cells)
}

/// What came of a row.
#[derive(Serialize)]
struct Report {
    row: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Report {
    fn text(&self) -> String {
        let mut text = self.row.clone();
        for part in [&self.name, self.result].into_iter().filter(|part| !part.is_empty()) {
            text.push_str(&format!(": {part}"));
        }
        for (what, detail) in [(", password ", &self.password), (": ", &self.error)] {
            if let Some(detail) = detail {
                text.push_str(&format!("{what}{detail}"));
            }
        }
        text
    }
}

const RESULTS: [&str; 4] = ["added", "present", "changed", "refused"];

/// Adds the users of a list, and reports each row.
///
/// # Errors
/// When the list cannot be read, and at the end when a row was refused.
pub async fn add(session: &Session, file: &Path, how: How) -> Result<(), Failure> {
    let rows = read(file)?;
    let mut counts = [0_usize; RESULTS.len()];
    let (out, total) = (session.out, rows.len());
    let mut lead = "{\"rows\":[\n";
    for placed in rows {
        let report = take(session, placed, how).await?;
        for (count, name) in counts.iter_mut().zip(RESULTS) {
            *count += usize::from(name == report.result);
        }
        match out.is_json() {
            true => out.raw(&format!("{lead}{}", json(&report)?))?,
            false => out.raw(&format!("{}\n", report.text()))?,
        }
        lead = ",\n";
    }
    let each = |write: fn(&str, usize) -> String| {
        let texts: Vec<String> = RESULTS.iter().zip(counts).map(|(r, n)| write(r, n)).collect();
        texts.join(if out.is_json() { "," } else { ", " })
    };
    if out.is_json() {
        let lead = if total == 0 { lead } else { "" };
        out.raw(&format!("{lead}],{}}}\n", each(|name, count| format!("\"{name}\":{count}"))))?;
    } else {
        out.raw(&format!("{}\n", each(|name, count| format!("{count} {name}"))))?;
    }
    match counts[3] {
        0 => Ok(()),
        refused => Err(Failure::Failed(format!("{refused} of {total} rows were refused"))),
    }
}

async fn take(session: &Session, placed: Placed, how: How) -> Result<Report, Failure> {
    let Placed { place, row } = placed;
    let refused = |name: String, why: String| Report {
        row: place.clone(),
        name,
        result: "refused",
        password: None,
        error: Some(why),
    };
    let row = match row {
        Ok(row) => row,
        Err(why) => return Ok(refused(String::new(), why)),
    };
    let name = fold(&row.name);
    let done = match present(session, &name).await? {
        None => create(session, row, how).await,
        Some(found) if how.update => update(session, row, found).await,
        Some(_) => Ok(("present", None)),
    };
    match done {
        Ok((result, password)) => Ok(Report { row: place, name, result, password, error: None }),
        Err(Fault::Refused(why)) => Ok(refused(name, why.to_string())),
        // Not the row's fault: the next ones would fare no better.
        Err(fault) => Err(fault.into()),
    }
}

/// The user of exactly this name; an alias of somebody else does not count.
async fn present(session: &Session, name: &str) -> Result<Option<Profile>, Failure> {
    match admin::profile(&session.store, name, Some(Kind::User)).await {
        Ok(found) if found.principal.name == name => Ok(Some(found)),
        Ok(_) | Err(Fault::Refused(Refusal::Directory(_))) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

type Done = Result<(&'static str, Option<String>), Fault>;

async fn create(session: &Session, row: Row, how: How) -> Done {
    let given = match row.password {
        Some(secret) => Some(Given { secret, made: false }),
        None => (!how.no_password).then(Given::made),
    };
    let new = NewAccount {
        display_name: row.display_name.unwrap_or_default(),
        password: given.as_ref().map(|given| given.secret.clone()),
        administrator: row.administrator.unwrap_or(false),
        quota: row.quota.flatten(),
        addresses: row.addresses,
        birthdays: session.config.birthdays,
        zone: row.zone,
        ..NewAccount::of(Kind::User, row.name)
    };
    let ties = Ties { groups: row.groups, ..Ties::default() };
    create_tied(&session.store, new, ties, session.at).await?;
    Ok(("added", given.as_ref().and_then(Given::shown)))
}

/// Changes what differs.
async fn update(session: &Session, row: Row, found: Profile) -> Done {
    let it = &found.principal;
    let hash = it.password.as_deref().unwrap_or("");
    let in_groups: Vec<&String> = found.groups.iter().map(|group| &group.name).collect();
    let lacks = |have: &[&String], wanted: Vec<String>| -> Vec<String> {
        wanted.into_iter().filter(|name| !have.contains(&&fold(name))).collect()
    };
    let changes = Changes {
        display_name: row.display_name.filter(|name| *name != it.display_name),
        password: row.password.filter(|password| !check_password(password, hash)),
        administrator: row.administrator.filter(|admin| *admin != it.administrator),
        quota: row.quota.filter(|quota| *quota != it.quota),
        zone: row
            .zone
            .filter(|zone| check_zone(zone).map_or(true, |known| Some(known) != it.zone))
            .map(Some),
        add_addresses: lacks(&found.addresses.iter().collect::<Vec<_>>(), row.addresses),
        join: lacks(&in_groups, row.groups),
        ..Changes::default()
    };
    if changes.is_empty() {
        return Ok(("present", None));
    }
    admin::change(&session.store, &it.name, Some(Kind::User), changes).await?;
    Ok(("changed", None))
}
