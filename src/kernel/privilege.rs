//! Privileges (RFC 3744 §3, RFC 4791 §6.1.1, RFC 6638 §6) as one small set, with their aggregation.
//!
//! Invariant: a set holds leaves only; an aggregate is granted exactly when all its leaves are.

/// A leaf privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum Privilege {
    /// Read content and properties (`DAV:read`).
    Read = 1,
    /// Know when the owner is busy (`CALDAV:read-free-busy`, part of `DAV:read`).
    ReadFreeBusy = 1 << 1,
    /// Change properties (`DAV:write-properties`).
    WriteProperties = 1 << 2,
    /// Change content (`DAV:write-content`).
    WriteContent = 1 << 3,
    /// Add members to a collection (`DAV:bind`).
    Bind = 1 << 4,
    /// Take members out of a collection (`DAV:unbind`).
    Unbind = 1 << 5,
    /// Break somebody else's lock (`DAV:unlock`).
    Unlock = 1 << 6,
    /// Read the access control list (`DAV:read-acl`).
    ReadAcl = 1 << 7,
    /// Read one's own privileges (`DAV:read-current-user-privilege-set`).
    ReadOwnPrivileges = 1 << 8,
    /// Change the access control list (`DAV:write-acl`).
    WriteAcl = 1 << 9,
    /// Have invitations delivered to an inbox (`CALDAV:schedule-deliver-invite`).
    DeliverInvite = 1 << 10,
    /// Have replies delivered to an inbox (`CALDAV:schedule-deliver-reply`).
    DeliverReply = 1 << 11,
    /// Ask the owner of an inbox when he is busy (`CALDAV:schedule-query-freebusy`).
    QueryFreeBusy = 1 << 12,
    /// Invite as the owner of an outbox (`CALDAV:schedule-send-invite`).
    SendInvite = 1 << 13,
    /// Reply as the owner of an outbox (`CALDAV:schedule-send-reply`).
    SendReply = 1 << 14,
    /// Ask others as the owner of an outbox (`CALDAV:schedule-send-freebusy`).
    SendFreeBusy = 1 << 15,
}

/// A set of leaf privileges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Privileges(pub u32);

impl Privileges {
    /// No right at all.
    pub const NONE: Self = Self(0);
    /// `DAV:all`.
    pub const ALL: Self = Self((1 << 16) - 1);
    /// `DAV:read` with what it contains.
    pub const READ: Self = Self(
        Privilege::Read as u32
            | Privilege::ReadFreeBusy as u32
            | Privilege::ReadOwnPrivileges as u32,
    );
    /// `DAV:write` with what it contains (RFC 3744 §3.2: never the ACL).
    pub const WRITE: Self = Self(
        Privilege::WriteProperties as u32
            | Privilege::WriteContent as u32
            | Privilege::Bind as u32
            | Privilege::Unbind as u32,
    );

    /// `CALDAV:schedule-deliver` with what it contains (RFC 6638 §6.1.1).
    pub const SCHEDULE_DELIVER: Self = Self(
        Privilege::DeliverInvite as u32
            | Privilege::DeliverReply as u32
            | Privilege::QueryFreeBusy as u32,
    );
    /// `CALDAV:schedule-send` with what it contains (RFC 6638 §6.2.1).
    pub const SCHEDULE_SEND: Self = Self(
        Privilege::SendInvite as u32 | Privilege::SendReply as u32 | Privilege::SendFreeBusy as u32,
    );

    /// Whether the leaf is in the set.
    pub const fn has(self, privilege: Privilege) -> bool {
        self.0 & privilege as u32 != 0
    }

    /// Whether every leaf of `other` is in the set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without the others.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether no leaf is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl From<Privilege> for Privileges {
    fn from(leaf: Privilege) -> Self {
        Self(leaf as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregate_needs_all_its_leaves() {
        let some = Privileges::from(Privilege::Bind).union(Privilege::Unbind.into());
        assert!(!some.contains(Privileges::WRITE));
        assert!(Privileges::ALL.contains(Privileges::WRITE));
        assert!(!Privileges::WRITE.has(Privilege::WriteAcl));
    }
}
