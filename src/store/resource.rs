//! Rows of resources: what a room or a thing is, and what it may be booked for.

use super::statement::statements;
use super::tx::Tx;
use super::value::Row;
use crate::kernel::fault::Outcome;
use crate::kernel::ids::PrincipalId;

macro_rules! resources {
    ($which:literal) => {
        concat!(
            "SELECT a.id, a.booking, r.form, r.capacity, r.location, r.features, r.window_days,
            r.longest_seconds, r.accepts_id, g.name
        FROM account a LEFT JOIN resource r ON r.id = a.id
            LEFT JOIN principal g ON g.id = r.accepts_id
        WHERE a.booking <> 0 AND a.id ",
            $which
        )
    };
}

statements! {
    OF = resources!("IN (SELECT value FROM json_each($1))"), postgres: resources!("= ANY($1)");
    SET = "INSERT INTO resource
            (id, form, capacity, location, features, window_days, longest_seconds, accepts_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (id) DO UPDATE SET form = excluded.form, capacity = excluded.capacity,
            location = excluded.location, features = excluded.features,
            window_days = excluded.window_days, longest_seconds = excluded.longest_seconds,
            accepts_id = excluded.accepts_id";
    SET_MODE = "UPDATE account SET booking = $2 WHERE id = $1";
    RULES = "SELECT r.resource_id, r.group_id, g.name, r.mode FROM resource_rule r
        JOIN principal g ON g.id = r.group_id
        WHERE r.resource_id IN (SELECT value FROM json_each($1)) ORDER BY r.resource_id, r.position",
        postgres: "SELECT r.resource_id, r.group_id, g.name, r.mode FROM resource_rule r
        JOIN principal g ON g.id = r.group_id
        WHERE r.resource_id = ANY($1) ORDER BY r.resource_id, r.position";
    ADD_RULE = "INSERT INTO resource_rule (resource_id, position, group_id, mode)
        VALUES ($1, $2, $3, $4)";
    CLEAR_RULES = "DELETE FROM resource_rule WHERE resource_id = $1";
    FORGET_RULES = "DELETE FROM resource_rule WHERE resource_id = $1 OR group_id = $1";
    FORGET = "DELETE FROM resource WHERE id = $1";
    FORGET_GROUP = "UPDATE resource SET accepts_id = NULL WHERE accepts_id = $1";
}

/// What a resource does with the invitations of a group's members, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRule {
    /// The group.
    pub group: PrincipalId,
    /// Its name.
    pub name: String,
    /// What is done (`domain::directory::mode`).
    pub mode: i64,
}

/// A resource as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What it does with invitations (`domain::directory::mode`).
    pub mode: i64,
    /// What it is (`domain::directory::resource`); none: nothing was ever said of it.
    pub form: Option<i64>,
    /// How many people it is for.
    pub capacity: Option<i64>,
    /// Where it is.
    pub location: String,
    /// What is in it, one a line.
    pub features: String,
    /// How many days ahead it can be booked.
    pub window_days: Option<i64>,
    /// How many seconds it can be booked for at once.
    pub longest_seconds: Option<i64>,
    /// The group whose members it answers by itself at any rate, and its name.
    pub accepts: Option<(PrincipalId, String)>,
    /// What it does with the invitations of groups' members, the first that counts first.
    pub rules: Vec<StoredRule>,
}

fn stored(row: &Row<'_>) -> Outcome<(PrincipalId, Stored)> {
    let text = |at| -> Outcome<String> { Ok(row.opt_text(at)?.unwrap_or_default().to_owned()) };
    let group = row.opt_int(8)?.map(PrincipalId);
    Ok((
        PrincipalId(row.int(0)?),
        Stored {
            mode: row.int(1)?,
            form: row.opt_int(2)?,
            capacity: row.opt_int(3)?,
            location: text(4)?,
            features: text(5)?,
            window_days: row.opt_int(6)?,
            longest_seconds: row.opt_int(7)?,
            accepts: group.zip(row.opt_text(9)?.map(str::to_owned)),
            rules: Vec::new(),
        },
    ))
}

/// Those of some accounts that are resources.
pub async fn of(tx: &mut Tx, ids: &[i64]) -> Outcome<Vec<(PrincipalId, Stored)>> {
    let mut found = tx.all(&OF, &[ids.into()], stored).await?;
    let rule = |row: &Row<'_>| {
        let (group, name) = (PrincipalId(row.int(1)?), row.text(2)?.to_owned());
        Ok((PrincipalId(row.int(0)?), StoredRule { group, name, mode: row.int(3)? }))
    };
    for (of, rule) in tx.all(&RULES, &[ids.into()], rule).await? {
        if let Some((_, it)) = found.iter_mut().find(|(id, _)| *id == of) {
            it.rules.push(rule);
        }
    }
    Ok(found)
}

/// Stores what a resource is.
pub async fn set(tx: &mut Tx, id: PrincipalId, it: &Stored) -> Outcome<()> {
    let with = [
        id.0.into(),
        it.form.into(),
        it.capacity.into(),
        (&it.location).into(),
        (&it.features).into(),
        it.window_days.into(),
        it.longest_seconds.into(),
        it.accepts.as_ref().map(|(group, _)| group.0).into(),
    ];
    tx.execute(&SET, &with).await?;
    tx.execute(&CLEAR_RULES, &[id.0.into()]).await?;
    for (position, rule) in it.rules.iter().enumerate() {
        let with = [id.0.into(), (position as i64).into(), rule.group.0.into(), rule.mode.into()];
        tx.execute(&ADD_RULE, &with).await?;
    }
    tx.execute(&SET_MODE, &[id.0.into(), it.mode.into()]).await.map(drop)
}

/// A principal goes: a resource with what is kept of it, or a group whose members a resource accepts.
pub async fn forget(tx: &mut Tx, id: PrincipalId) -> Outcome<()> {
    tx.execute(&FORGET, &[id.0.into()]).await?;
    tx.execute(&FORGET_RULES, &[id.0.into()]).await?;
    tx.execute(&FORGET_GROUP, &[id.0.into()]).await.map(drop)
}
