-- Addresses that give a calendar to whoever knows them. hash: SHA-256 of the token; token: itself,
-- of those that are public by intent. detail: 0 everything, 1 only when the owner is busy.
CREATE TABLE link (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id BIGINT NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    token TEXT COLLATE "C",
    label TEXT COLLATE "C" NOT NULL,
    detail BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    used_at BIGINT
);
CREATE INDEX link_collection ON link (collection_id);
