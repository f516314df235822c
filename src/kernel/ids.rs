//! Identities of stored things. They are opaque numbers of the store, never shown to clients
//! as names, and never reused.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A principal: a user, a group or a resource. Every principal owns one account, and the
    /// account carries the principal's number.
    PrincipalId
);
id!(
    /// A collection: a home, a calendar, an address book, a folder.
    CollectionId
);
id!(
    /// One stored content (a blob), shared by every object with the same octets.
    BlobId
);
id!(
    /// A link to a collection.
    LinkId
);
id!(
    /// An attachment that the server keeps.
    AttachmentId
);
id!(
    /// A calendar elsewhere.
    FeedId
);
id!(
    /// A registration for push.
    PushId
);
id!(
    /// A durable job.
    JobId
);
