//! Parameters and rows, the same for both engines. Only integers, texts and octets exist: what is
//! a date or a set of bits above is an integer here.

use crate::kernel::fault::{Fault, Outcome};
use sqlx::Row as _;

/// A statement's parameter. `None` is SQL's NULL of that type.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// BIGINT.
    Int(Option<i64>),
    /// TEXT.
    Text(Option<&'a str>),
    /// BLOB or BYTEA.
    Bytes(Option<&'a [u8]>),
    /// A list of texts: a JSON array for SQLite's `json_each`, an array for PostgreSQL's `ANY`.
    Texts(&'a [String]),
    /// A list of integers, in the same way.
    Ints(&'a [i64]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Some(value))
    }
}

impl<'a> From<Option<&'a [u8]>> for Value<'a> {
    fn from(value: Option<&'a [u8]>) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a [String]> for Value<'a> {
    fn from(value: &'a [String]) -> Self {
        Self::Texts(value)
    }
}

impl<'a> From<&'a [i64]> for Value<'a> {
    fn from(value: &'a [i64]) -> Self {
        Self::Ints(value)
    }
}

/// One row of an answer; columns are counted from 0.
pub enum Row<'r> {
    /// From SQLite.
    Sqlite(&'r rusqlite::Row<'r>),
    /// From PostgreSQL.
    Postgres(&'r sqlx::postgres::PgRow),
}

macro_rules! column {
    ($(#[$doc:meta])* $name:ident, $type:ty, $sqlite:ident) => {
        $(#[$doc])*
        pub fn $name(&self, column: usize) -> Outcome<$type> {
            match self {
                Self::Sqlite(row) => {
                    let value = row.get_ref(column).map_err(Fault::internal)?;
                    value.$sqlite().map_err(|e| Fault::internal(format!("column {column}: {e}")))
                }
                Self::Postgres(row) => row.try_get(column).map_err(Fault::internal),
            }
        }
    };
}

impl Row<'_> {
    column!(
        /// An integer.
        int, i64, as_i64);
    column!(
        /// An integer or NULL.
        opt_int, Option<i64>, as_i64_or_null);
    column!(
        /// A text.
        text, &str, as_str);
    column!(
        /// A text or NULL.
        opt_text, Option<&str>, as_str_or_null);
    column!(
        /// Octets.
        bytes, &[u8], as_blob);
    column!(
        /// Octets or NULL.
        opt_bytes, Option<&[u8]>, as_blob_or_null);

    /// An integer that stands for yes or no.
    pub fn flag(&self, column: usize) -> Outcome<bool> {
        Ok(self.int(column)? != 0)
    }
}
