//! Delegates (caldav-proxy §5): for whom a principal acts. The groups of delegates themselves are
//! principals of the engine (`dav/space.rs`), whose members are the grants on a calendar home.

use crate::domain::delegation::{Bond, Level};
use crate::format::xml::{Name, Writer};
use crate::kernel::privilege::Privilege;
use crate::protocol::dav::acl::hrefs;
use crate::protocol::dav::extension::Extension;
use crate::protocol::dav::name::names;
use crate::protocol::dav::property::Listing::Named;
use crate::protocol::dav::property::{Need, Shown, row};
use crate::protocol::dav::space::principal_path;
use crate::protocol::dav::subject::{On, Subject};

names! {
    READ_FOR = CalendarServer "calendar-proxy-read-for",
    WRITE_FOR = CalendarServer "calendar-proxy-write-for",
}

/// What delegation brings.
pub static PROXY: Extension = Extension {
    features: &["calendar-proxy"],
    properties: &[
        row(READ_FOR, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
            acts_for(subject, &READ_FOR, Level::Read, w)
        }),
        row(WRITE_FOR, On::PRINCIPAL, Named, Need::NONE, |subject, _, w| {
            acts_for(subject, &WRITE_FOR, Level::Write, w)
        }),
    ],
    methods: &[],
    reports: &[],
    actions: &[],
};

/// Those for whom a principal acts, by itself and through groups; each at the highest level only.
fn acts_for(subject: &Subject<'_>, name: &Name, level: Level, w: &mut Writer) -> Shown {
    let Some(it) = subject.view() else { return Shown::No };
    if !subject.rights.has(Privilege::ReadAcl) {
        return Shown::Denied;
    }
    let writes = |id| it.acts_for.iter().any(|b: &Bond| b.id == id && b.level == Level::Write);
    let mut paths: Vec<String> = Vec::new();
    for bond in it.acts_for.iter().filter(|bond| bond.level == level) {
        let path = principal_path(bond.kind, &bond.name);
        let higher = level == Level::Read && writes(bond.id);
        if !higher && !paths.contains(&path) {
            paths.push(path);
        }
    }
    hrefs(w, name, paths.iter().map(String::as_str))
}
