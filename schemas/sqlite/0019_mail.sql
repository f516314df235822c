-- Mail: what a mailbox is beside a collection, the messages in it, and those that are gone.

-- uid_next: see RFC 9051 §2.3.1.1; the UIDVALIDITY is the collection's number. keywords: the names of
-- its own flags, joined by blanks; the first has the bit domain::mail::flag::OWN.
CREATE TABLE mailbox (
    collection_id BIGINT NOT NULL PRIMARY KEY,
    uid_next BIGINT NOT NULL,
    special_use BIGINT NOT NULL,
    keywords TEXT NOT NULL
) WITHOUT ROWID;

-- flags is a set of bits (domain::mail::flag). received_at: the internal date; saved_at: when it
-- came into this mailbox (RFC 8514).
CREATE TABLE message (
    collection_id BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    change BIGINT NOT NULL,
    blob_id BIGINT NOT NULL,
    size BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (collection_id, uid)
) WITHOUT ROWID;
CREATE INDEX message_change ON message (collection_id, change);

-- Messages that were expunged, with what they were, for the time of retention. change: that of
-- their end. Each still counts as a reference to its content.
CREATE TABLE expunged (
    collection_id BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    change BIGINT NOT NULL,
    blob_id BIGINT NOT NULL,
    size BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    expunged_at BIGINT NOT NULL,
    PRIMARY KEY (collection_id, uid)
) WITHOUT ROWID;
CREATE INDEX expunged_change ON expunged (collection_id, change);
CREATE INDEX expunged_at ON expunged (expunged_at);
