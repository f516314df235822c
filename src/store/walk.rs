//! What changed in a whole tree of collections: members of every collection below one.
//!
//! Invariant: each row of an answer stands at a [`Point`] of its own, and what a client that has
//! seen everything up to a point lacks is exactly what stands after it. A change stands at its
//! number. What came along with a moved collection stands at the number of the move, there in the
//! order of its own numbers, although its rows say nothing of the move. A collection comes before
//! what was in it when it came.
//!
//! Collections in which nothing changed are not entered, and of each that is, an index gives the
//! changed members alone. So a page costs what it holds and the collections that changed.

use super::collection::{self, Collection};
use super::object::COLUMNS as OBJECT_COLUMNS;
use super::object::{self, Object};
use super::statement::statements;
use super::tx::Tx;
use super::value::{Row, Value};
use crate::kernel::change::{ChangeNumber, Point};
use crate::kernel::fault::Outcome;
use crate::kernel::ids::CollectionId;

// $1: the tree's root. $2: the number to go on from. $3: the last number to look at. $4: at most so
// many rows. What else there is differs.
// fresh: the number with which the collection came to where it is, by itself or with one above it.
macro_rules! walk {
    ($children:literal) => {
        concat!(
            "WITH RECURSIVE walk (id, path, derived, mapped, fresh) AS (
                SELECT id, path, derived, CAST(0 AS BIGINT), CAST(0 AS BIGINT)
                FROM collection WHERE id = $1
                UNION ALL
                SELECT c.id, c.path, c.derived, c.mapped,
                    CASE WHEN c.mapped > w.fresh THEN c.mapped ELSE w.fresh END
                FROM walk w ",
            $children,
            "WHERE c.last_change >= $2 OR w.fresh >= $2
            ) "
        )
    };
    () => {
        walk!("JOIN collection c ON c.parent_id = w.id ")
    };
    // PostgreSQL does not know how few collections a walk enters, and would read those of all
    // accounts instead; a subquery with OFFSET 0 keeps it to the index.
    (postgres) => {
        walk!(
            "CROSS JOIN LATERAL
                (SELECT * FROM collection x WHERE x.parent_id = w.id OFFSET 0) c "
        )
    };
}
// Each collection with the number after which its members have not been told. $5: how far in $2.
macro_rules! entered {
    () => {
        "(SELECT id, path, derived, fresh, CASE WHEN fresh > $2 THEN 0 WHEN fresh = $2 THEN $5 ELSE $2 END
            AS since FROM walk WHERE fresh <= $3) w "
    };
}
macro_rules! object_row {
    () => {
        concat!(
            object::columns!(),
            ", w.id, w.path, w.derived, CASE WHEN o.change > w.fresh THEN o.change ELSE w.fresh END AS number "
        )
    };
}
macro_rules! gone_row {
    () => {
        "t.name, w.id, w.path, w.derived, t.change, k.mapped "
    };
}
// The collection that has the name again.
macro_rules! again {
    () => {
        "k.parent_id = w.id AND t.name LIKE '%/'
            AND k.name = substr(t.name, 1, length(t.name) - 1) "
    };
}
// Whoever knew nothing of what held the name at $5, where the answer began, needs not be told of
// the earlier one.
macro_rules! told_at_all {
    () => {
        "WHERE k.id IS NULL OR w.fresh <= $5 ORDER BY t.change LIMIT $4"
    };
}

// $5 and $6: where the answer began. A collection that came since is told of when it came, and no
// more in this answer.
macro_rules! collections {
    ($row:literal) => {
        concat!(
            "SELECT ",
            collection::columns!(),
            ", number, within FROM (
                SELECT c.*, CASE WHEN w.comes THEN w.fresh ELSE c.change END AS number,
                    CASE WHEN w.comes THEN w.within ELSE c.change END AS within
                FROM (SELECT id, fresh, within, fresh > $5 OR (fresh = $5 AND within > $6) AS comes
                    FROM (SELECT id, fresh, CASE WHEN mapped = fresh THEN 0 ELSE mapped END
                        AS within FROM walk WHERE id <> $1) v) w ",
            $row,
            "WHERE w.comes OR (c.change > w.fresh AND c.change > $5)) c
            WHERE number <= $3 AND (number > $2 OR $2 = $5) ORDER BY number, within LIMIT $4"
        )
    };
}

statements! {
    OBJECTS = concat!(walk!(), "SELECT ", object_row!(), "FROM ", entered!(), "CROSS JOIN object o
            WHERE o.collection_id = w.id AND o.change > w.since AND o.change <= coalesce((
                SELECT x.change FROM object x WHERE x.collection_id = w.id AND x.change > w.since
                AND x.change <= $3 ORDER BY x.change LIMIT 1 OFFSET $4), $3)
            ORDER BY number, o.change LIMIT $4"),
        postgres: concat!(walk!(postgres), "SELECT ", object_row!(), "FROM ", entered!(), "CROSS JOIN LATERAL
            (SELECT * FROM object x WHERE x.collection_id = w.id AND x.change > w.since
                AND x.change <= $3 ORDER BY x.change LIMIT $4) o
            ORDER BY number, o.change LIMIT $4");
    GONE = concat!(walk!(), "SELECT ", gone_row!(), "FROM walk w CROSS JOIN tombstone t
            ON t.collection_id = w.id AND t.change > $2 AND t.change > w.fresh AND t.change <= $3
            LEFT JOIN collection k ON ", again!(), told_at_all!()),
        postgres: concat!(walk!(postgres), "SELECT ", gone_row!(), "FROM walk w CROSS JOIN LATERAL
            (SELECT * FROM tombstone x WHERE x.collection_id = w.id AND x.change > $2
                AND x.change > w.fresh AND x.change <= $3 ORDER BY x.change LIMIT $4) t
            LEFT JOIN LATERAL (SELECT * FROM collection k WHERE ", again!(), "OFFSET 0) k ON TRUE ",
            told_at_all!());
    COLLECTIONS = concat!(walk!(), collections!("JOIN collection c ON c.id = w.id ")),
        postgres: concat!(walk!(postgres), collections!("CROSS JOIN LATERAL
            (SELECT * FROM collection x WHERE x.id = w.id OFFSET 0) c "));
}

/// A part of the changes of a tree.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The tree's root.
    pub root: CollectionId,
    /// Where the answer began, of which this is a part.
    pub from: Point,
    /// What stands after this.
    pub after: Point,
    /// What stands at this number or before.
    pub last: ChangeNumber,
    /// At most so many rows.
    pub limit: usize,
}

impl Part {
    fn values(&self) -> [Value<'static>; 4] {
        let limit = (self.limit as i64).into();
        [self.root.0.into(), self.after.number.0.into(), self.last.0.into(), limit]
    }
}

/// A collection that holds members of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its identity.
    pub id: CollectionId,
    /// Its path.
    pub path: String,
    /// Who fills it ([`Collection::derived`]).
    pub derived: i64,
}

fn holder(row: &Row<'_>, first: usize) -> Outcome<Holder> {
    let (id, path) = (CollectionId(row.int(first)?), row.text(first + 1)?.to_owned());
    Ok(Holder { id, path, derived: row.int(first + 2)? })
}

/// A member of some collection of the tree.
#[derive(Clone, Debug)]
pub struct Member<T> {
    /// Where it stands.
    pub at: Point,
    /// The collection that it is in.
    pub holder: Holder,
    /// What it is.
    pub what: T,
}

/// The objects, by their points.
pub async fn objects(tx: &mut Tx, part: Part) -> Outcome<Vec<Member<Object>>> {
    let [root, after, last, limit] = part.values();
    tx.all(&OBJECTS, &[root, after, last, limit, part.after.within.0.into()], |row| {
        let what = object::object(row)?;
        let holder = holder(row, OBJECT_COLUMNS)?;
        let at = Point { number: ChangeNumber(row.int(OBJECT_COLUMNS + 3)?), within: what.change };
        Ok(Member { at, holder, what })
    })
    .await
}

/// A name that is gone.
#[derive(Clone, Debug)]
pub struct Gone {
    /// The name; a collection's ends in `/`.
    pub name: String,
    /// The number with which another collection came to the name since.
    pub again: Option<ChangeNumber>,
}

/// The names that are gone, by their points. A name that a collection has again is among them: what
/// was in the earlier one is gone, and no other row says so.
pub async fn gone(tx: &mut Tx, part: Part) -> Outcome<Vec<Member<Gone>>> {
    let [root, after, last, limit] = part.values();
    tx.all(&GONE, &[root, after, last, limit, part.from.number.0.into()], |row| {
        let holder = holder(row, 1)?;
        let at = Point::end_of(ChangeNumber(row.int(4)?));
        let again = row.opt_int(5)?.map(ChangeNumber);
        Ok(Member { at, holder, what: Gone { name: row.text(0)?.to_owned(), again } })
    })
    .await
}

/// The collections that came or that changed themselves, by their points.
pub async fn collections(tx: &mut Tx, part: Part) -> Outcome<Vec<(Point, Collection)>> {
    let [root, after, last, limit] = part.values();
    let (number, within) = (part.from.number.0.into(), part.from.within.0.into());
    tx.all(&COLLECTIONS, &[root, after, last, limit, number, within], |row| {
        let (number, within) = (ChangeNumber(row.int(14)?), ChangeNumber(row.int(15)?));
        Ok((Point { number, within }, collection::collection(row)?))
    })
    .await
}
