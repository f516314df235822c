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

/// How much of a shared collection somebody has, in the words of sharing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// He reads it.
    Read,
    /// He changes it, too.
    ReadWrite,
}

impl Level {
    /// The level of what is granted; none: too little for sharing to speak of.
    pub fn of(granted: Privileges) -> Option<Self> {
        let writes = Privileges::from(Privilege::WriteContent).union(Privilege::Bind.into());
        match (granted.has(Privilege::Read), granted.contains(writes)) {
            (false, _) => None,
            (true, false) => Some(Self::Read),
            (true, true) => Some(Self::ReadWrite),
        }
    }

    /// What it gives to who has had `before`: more that was granted otherwise stays.
    pub fn privileges(self, before: Privileges) -> Privileges {
        match self {
            Self::Read => Privileges::READ,
            Self::ReadWrite => before.union(Privileges::READ).union(Privileges::WRITE),
        }
    }
}
