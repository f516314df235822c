-- Who wants to be told of changes of a collection by a push service (WebDAV-Push). token: names the
-- registration. endpoint: where messages go (the push resource); public_key, auth: with which they are
-- encrypted. content: how deep changes of content count (0, 1, 2 for all; -1 not at all); properties: the
-- same for properties. told: the change number up to which the subscriber has been told. due_at: no
-- message before. leased_until: until when a worker is at it. failing_at: since when messages fail.
CREATE TABLE push_subscription (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,
    principal_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    collection_id BIGINT NOT NULL,
    endpoint TEXT NOT NULL,
    public_key BLOB NOT NULL,
    auth BLOB NOT NULL,
    content BIGINT NOT NULL,
    properties BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    told BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    failing_at BIGINT,
    error TEXT NOT NULL
);
CREATE UNIQUE INDEX push_endpoint ON push_subscription (principal_id, collection_id, endpoint);
CREATE INDEX push_account ON push_subscription (account_id);
CREATE INDEX push_collection ON push_subscription (collection_id);
CREATE INDEX push_expiry ON push_subscription (expires_at);

-- Which push registrations need not be told of a change (Push-Dont-Notify): their tokens, or '*'.
ALTER TABLE change ADD COLUMN quiet TEXT;
