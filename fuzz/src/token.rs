//! Sync tokens (`kernel/change`).
//!
//! Promise: a token that is accepted is one that the server writes, octet for octet.

use davenport::kernel::change::SyncToken;

pub const SEEDS: &[&[u8]] = &[
    b"data:,00ff00ff00ff00ff-42-7",
    b" data:,x-0-9223372036854775807\n",
    b"http://sabre.io/ns/sync/3",
    b"data:,x-042-7",
    b"data:,x-42-7.3~00ff00ff00ff00ff.12",
];

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(token) = SyncToken::parse(text) {
        assert_eq!(token.to_string(), text.trim());
        assert_eq!(SyncToken::parse(&token.to_string()), Some(token));
    }
}
