//! Element names used by the engine.

macro_rules! names {
    ($($id:ident = $ns:ident $local:literal),* $(,)?) => {
        $(#[doc = concat!("`", $local, "`")] pub const $id: $crate::format::xml::Name =
            $crate::format::xml::Name::known($crate::format::xml::Ns::$ns, $local);)*
    };
}
pub(crate) use names;

names! {
    MULTISTATUS = Dav "multistatus",
    RESPONSE = Dav "response",
    HREF = Dav "href",
    PROPSTAT = Dav "propstat",
    PROP = Dav "prop",
    STATUS = Dav "status",
    ERROR = Dav "error",
    RESPONSE_DESCRIPTION = Dav "responsedescription",
    SYNC_TOKEN = Dav "sync-token",
    COLLECTION = Dav "collection",
    PRINCIPAL = Dav "principal",
    PRIVILEGE = Dav "privilege",
    RESOURCE = Dav "resource",
    ROOM_CAPACITY = Nextcloud "room-seating-capacity",
    ROOM_FEATURES = Nextcloud "room-features",
    ROOM_LOCATION = Nextcloud "room-building-address",
    NEED_PRIVILEGES = Dav "need-privileges",
    SUPPORTED_REPORT = Dav "supported-report",
    REPORT = Dav "report",
    UNAUTHENTICATED = Dav "unauthenticated",
    AUTHENTICATED = Dav "authenticated",
    ALL = Dav "all",
    READ = Dav "read",
    LOCK_ENTRY = Dav "lockentry",
    LOCK_SCOPE = Dav "lockscope",
    LOCK_TYPE = Dav "locktype",
    LOCK_TOKEN = Dav "locktoken",
    LOCK_ROOT = Dav "lockroot",
    ACTIVE_LOCK = Dav "activelock",
    EXCLUSIVE = Dav "exclusive",
    SHARED = Dav "shared",
    WRITE = Dav "write",
    DEPTH = Dav "depth",
    TIMEOUT = Dav "timeout",
    LOCK_DISCOVERY = Dav "lockdiscovery",
    NUMBER_OF_MATCHES = Dav "number-of-matches-within-limits",
}
