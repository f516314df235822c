-- Scheduling messages for people elsewhere, until an outlet has taken them (domain::scheduling::outlet).
-- account_id: whose object each is about; principal_id: who caused it. sender, recipient: mail
-- addresses; address: the recipient as the object writes him. due_at: when to try next.
-- leased_until: until when a worker is at it.
CREATE TABLE outgoing (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL,
    uid TEXT NOT NULL,
    principal_id BIGINT NOT NULL,
    method TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    address TEXT NOT NULL,
    about TEXT NOT NULL,
    blob_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT NOT NULL
);

CREATE INDEX outgoing_recipient ON outgoing (recipient, id);
CREATE INDEX outgoing_due ON outgoing (due_at);
