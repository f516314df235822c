-- Attachments that the server keeps for events (RFC 8607). managed_id names one in events, token is
-- what its address has that nobody can guess; account: whose quota it counts for; creator: who may
-- use it in other events.
CREATE TABLE attachment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    managed_id TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL,
    creator_id BIGINT NOT NULL,
    blob_id BIGINT NOT NULL,
    size BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    filename TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX attachment_created ON attachment (created_at);
-- Which contents name which attachments. What no content names any more is let go.
CREATE TABLE attachment_use (
    blob_id BIGINT NOT NULL,
    attachment_id BIGINT NOT NULL,
    PRIMARY KEY (blob_id, attachment_id)
);
CREATE INDEX attachment_use_attachment ON attachment_use (attachment_id);
