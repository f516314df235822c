//! Statements: one text where the engines agree, two where they do not, all listed, so that a
//! test prepares every one of them on both engines.

use std::sync::OnceLock;

/// One SQL statement with parameters `$1`, `$2`, ….
pub struct Statement {
    postgres: &'static str,
    sqlite_source: &'static str,
    sqlite: OnceLock<String>,
}

impl Statement {
    /// A statement for both engines, or one text for each.
    pub const fn new(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { postgres, sqlite_source: sqlite, sqlite: OnceLock::new() }
    }

    /// The text for PostgreSQL.
    pub fn postgres(&self) -> &'static str {
        self.postgres
    }

    /// The text for SQLite: there `$1` is a *named* parameter, numbered by first appearance, so
    /// it is rewritten to `?1`, which means what PostgreSQL means.
    pub fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| self.sqlite_source.replace('$', "?"))
    }
}

/// Declares a module's statements and lists them as `STATEMENTS`:
/// `NAME = "for both";` or `NAME = "for SQLite", postgres: "for PostgreSQL";`.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sqlite:expr $(, postgres: $postgres:expr)?;)*) => {
        $($(#[$doc])* static $name: $crate::store::statement::Statement =
            $crate::store::statement::statements!(@new $sqlite $(, $postgres)?);)*
        /// Every statement of this module.
        pub(crate) static STATEMENTS: &[&$crate::store::statement::Statement] = &[$(&$name),*];
    };
    (@new $both:expr) => { $crate::store::statement::Statement::new($both, $both) };
    (@new $sqlite:expr, $postgres:expr) => {
        $crate::store::statement::Statement::new($sqlite, $postgres)
    };
}
pub(crate) use statements;

/// Every statement of the store.
pub(crate) fn all() -> impl Iterator<Item = &'static Statement> {
    use super::{
        ace, attachment, blob, booking, busy, change_log, collection, due, feed, itip, job, link,
        lock, mailbox, message, meta, mount, object, outgoing, personal, principal, property, push,
        resource, search, walk, watch,
    };
    let modules: [&[&'static Statement]; 27] = [
        ace::STATEMENTS,
        attachment::STATEMENTS,
        blob::STATEMENTS,
        booking::STATEMENTS,
        busy::STATEMENTS,
        change_log::STATEMENTS,
        collection::STATEMENTS,
        due::STATEMENTS,
        feed::STATEMENTS,
        itip::STATEMENTS,
        outgoing::STATEMENTS,
        job::STATEMENTS,
        link::STATEMENTS,
        lock::STATEMENTS,
        mailbox::STATEMENTS,
        message::STATEMENTS,
        meta::STATEMENTS,
        mount::STATEMENTS,
        object::STATEMENTS,
        personal::STATEMENTS,
        principal::STATEMENTS,
        property::STATEMENTS,
        push::STATEMENTS,
        resource::STATEMENTS,
        search::STATEMENTS,
        walk::STATEMENTS,
        watch::STATEMENTS,
    ];
    modules.into_iter().flatten().copied()
}
