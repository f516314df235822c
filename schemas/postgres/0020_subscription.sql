-- The mailboxes that somebody wants listed (RFC 9051 §6.3.7), by name: one may be removed and stays
-- subscribed.
CREATE TABLE mail_subscription (
    principal_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (principal_id, name)
);
INSERT INTO mail_subscription (principal_id, name)
    SELECT account_id, substr(path, 6) FROM collection
    WHERE kind = 15 AND deleted_at IS NULL;
