-- Scheduling messages for people elsewhere, until an outlet has taken them (domain::scheduling::outlet).
-- account_id: whose object each is about; principal_id: who caused it. sender, recipient: mail
-- addresses; address: the recipient as the object writes him. due_at: when to try next.
-- leased_until: until when a worker is at it.
CREATE TABLE outgoing (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL,
    uid TEXT COLLATE "C" NOT NULL,
    principal_id BIGINT NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    about TEXT COLLATE "C" NOT NULL,
    blob_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    error TEXT COLLATE "C" NOT NULL
);

CREATE INDEX outgoing_recipient ON outgoing (recipient, id);
CREATE INDEX outgoing_due ON outgoing (due_at);
