//! Every limit of the server, with its unit and its reason. Nothing else writes a bound down.

/// Octets of one calendar object (`CALDAV:max-resource-size`): inline photographs of a meeting
/// room fit, a film does not.
pub const CALENDAR_OBJECT_MAX: usize = 10 << 20;
/// Octets of one vCard (`CARDDAV:max-resource-size`).
pub const CARD_MAX: usize = 10 << 20;
/// Octets of one file in a file collection.
pub const FILE_MAX: u64 = 16 << 30;
/// Octets of one XML request body: a multiget of some thousand hrefs fits.
pub const XML_BODY_MAX: usize = 4 << 20;
/// Nesting of XML elements.
pub const XML_DEPTH_MAX: usize = 64;
/// Elements and attributes of one XML body together.
pub const XML_NODES_MAX: usize = 200_000;
/// Namespace declarations in scope at once.
pub const XML_BINDINGS_MAX: usize = 100;
/// Octets of one dead property's value.
pub const PROPERTY_MAX: usize = 1 << 20;
/// Dead properties of one resource.
pub const PROPERTIES_MAX: usize = 1_000;
/// Octets of one path segment, decoded.
pub const NAME_MAX: usize = 255;
/// Segments of a path under a home.
pub const PATH_DEPTH_MAX: usize = 64;
/// Hrefs of one multiget.
pub const MULTIGET_MAX: usize = 20_000;
/// Locks on one resource, and conditions in one `If` header.
pub const LOCKS_MAX: usize = 100;
/// Longest lock, in seconds; clients that ask for `Infinite` get this (RFC 4918 §10.7).
pub const LOCK_SECONDS_MAX: i64 = 7 * 86_400;
/// A lock whose client named no time, in seconds.
pub const LOCK_SECONDS_DEFAULT: i64 = 3_600;
/// Members written per chunk of a streamed multistatus: bounds the memory of a listing.
pub const PAGE_MEMBERS: usize = 512;
/// Octets of a content kept inside the database; longer ones are files.
pub const BLOB_INLINE_MAX: usize = 64 << 10;
/// Components (events, alarms, zones) of one calendar object.
pub const COMPONENTS_MAX: usize = 20_000;
/// Nesting of iCalendar components.
pub const COMPONENT_DEPTH_MAX: usize = 8;
/// Properties of one calendar object or vCard.
pub const CONTENT_LINES_MAX: usize = 400_000;
/// Steps that expanding one object may take; a step is one candidate looked at.
pub const RECURRENCE_STEPS_OBJECT: u64 = 200_000;
/// Steps that one request may take for all its objects together.
pub const RECURRENCE_STEPS_REQUEST: u64 = 20_000_000;
/// Octets of a principal's name, of an address, of a display name.
pub const PRINCIPAL_NAME_MAX: usize = 254;
/// Octets of a password: argon2 takes any length, a request does not.
pub const PASSWORD_MAX: usize = 1_024;
/// How long a verified credential is remembered, in seconds.
pub const CREDENTIAL_CACHE_SECONDS: u64 = 300;
/// Verified credentials remembered at once.
pub const CREDENTIAL_CACHE_MAX: usize = 20_000;
/// Password verifications under way at once; each takes 19 MiB and a core.
pub const PASSWORD_CHECKS_MAX: usize = 2;
/// Seconds that a client may take for a request's header, and between two pieces of its body.
pub const HTTP_STALL_SECONDS: u64 = 30;
/// Octets of a request's header.
pub const HTTP_HEADER_MAX: usize = 64 << 10;
/// Streams of one HTTP/2 connection at once.
pub const HTTP2_STREAMS_MAX: u32 = 128;
/// Writes that one commit may carry.
pub const GROUP_COMMIT_MAX: usize = 256;
/// Idle connections that the embedded engine keeps for readers; each may hold 4 MB of pages.
pub const READERS_IDLE_MAX: usize = 32;
/// Octets of the embedded engine's write-ahead log at which readers are waited for, to empty it.
pub const LOG_FOLD_OCTETS: u64 = 32 << 20;
/// Days that replaced and deleted content is kept.
pub const HISTORY_DAYS: i64 = 30;
/// Seconds that a job's lease lasts before another worker may take it.
pub const JOB_LEASE_SECONDS: i64 = 300;
