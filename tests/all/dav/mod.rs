//! WebDAV (RFC 4918) as clients see it: dialogues with a running server on both engines.

mod options;
