//! Sharing: a grant on a calendar or address book brings it into the home of whoever it names.
//!
//! A grant is a grant, whether the ACL method, `CS:share`, `DAV:share-resource` or the command line made
//! it; the sharee's side follows by a job of his account (`settle`), because no transaction spans two
//! accounts.
//!
//! Invariants: the job makes the mounts of an account what the grants say, and bears being done twice; a
//! mount gives no right. Who declined keeps his peace until he is invited anew. Of a group the members
//! are asked one by one, so that each has his own answer.
//!
//! Standards: caldav-sharing and caldav-notifications (calendarserver.org), draft-pot-webdav-resource-sharing.

pub mod offer;
pub mod home;
pub mod notice;
pub mod settle;
pub mod invite;

use crate::kernel::privilege::{Privilege, Privileges};

/// How much of a shared collection somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// He knows when its owner is busy. It does not show in his home, and sharing on the wire has no
    /// word for it.
    Busy,
    /// He reads it.
    Read,
    /// He changes it, too.
    ReadWrite,
    /// He shares it with others, too. On the wire that is `ReadWrite`.
    Manage,
}

/// What a level gives.
static LEVELS: [(Level, Privileges); 4] = [
    (Level::Busy, BUSY),
    (Level::Read, Privileges::READ),
    (Level::ReadWrite, WRITING),
    (Level::Manage, WRITING.union(LIST)),
];

const BUSY: Privileges = Privileges(Privilege::ReadFreeBusy as u32);
const WRITING: Privileges = Privileges::READ.union(Privileges::WRITE);
const LIST: Privileges = Privileges(Privilege::ReadAcl as u32 | Privilege::WriteAcl as u32);

impl Level {
    /// The level of what is granted, in the words of sharing on the wire; none: too little for it to
    /// speak of.
    pub fn of(granted: Privileges) -> Option<Self> {
        let writes = Privileges::from(Privilege::WriteContent).union(Privilege::Bind.into());
        match (granted.has(Privilege::Read), granted.contains(writes)) {
            (false, _) => None,
            (true, false) => Some(Self::Read),
            (true, true) => Some(Self::ReadWrite),
        }
    }

    /// The highest level all of which is granted.
    pub fn most(granted: Privileges) -> Option<Self> {
        let whole = LEVELS.iter().rev().find(|(_, gives)| granted.contains(*gives));
        whole.map(|(level, _)| *level)
    }

    /// What it gives to who has had `before`: who is to change it keeps what he was granted otherwise.
    pub fn privileges(self, before: Privileges) -> Privileges {
        let of = LEVELS.iter().find(|(level, _)| *level == self);
        let gives = of.map_or(Privileges::NONE, |(_, gives)| *gives);
        match self {
            Self::ReadWrite => before.union(gives),
            _ => gives,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_told_by_what_it_gives() {
        for (level, gives) in LEVELS {
            assert_eq!(level.privileges(Privileges::NONE), gives);
            assert_eq!(Level::most(gives), Some(level));
        }
        assert_eq!(Level::most(Privileges::NONE), None);
        let (lists, none) = (Level::Manage.privileges(Privileges::NONE), Privileges::NONE);
        assert_eq!(Level::of(lists), Some(Level::ReadWrite));
        assert_eq!(Level::ReadWrite.privileges(lists), lists, "Apple's word for both is one");
        assert_eq!(Level::of(Level::Busy.privileges(none)), None);
    }
}
