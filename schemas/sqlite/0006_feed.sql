-- Calendars elsewhere, each fetched once for everybody who subscribed to it. url: the whole address,
-- user and password too. blob_id: the objects of the last good content, one after the other; revision
-- grows when they change. next_at: when to look again. leased_until: until when a worker is at it.
-- pace: seconds between two looks, at least, as the publisher says; 0: it says nothing.
CREATE TABLE feed (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    url TEXT NOT NULL UNIQUE,
    etag TEXT NOT NULL,
    modified TEXT NOT NULL,
    hash BLOB,
    blob_id BIGINT,
    revision BIGINT NOT NULL,
    members BIGINT NOT NULL,
    left_out BIGINT NOT NULL,
    title TEXT NOT NULL,
    color TEXT NOT NULL,
    zone TEXT NOT NULL,
    pace BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    error TEXT NOT NULL,
    tried_at BIGINT,
    ok_at BIGINT,
    touched_at BIGINT NOT NULL
);
CREATE INDEX feed_next ON feed (next_at);

-- Who has a feed as a calendar. settled: the revision that the calendar holds; 0: none yet.
-- settle_at: when to bring it up to date, or until when a worker is at it.
CREATE TABLE subscription (
    collection_id BIGINT NOT NULL PRIMARY KEY,
    feed_id BIGINT NOT NULL,
    settled BIGINT NOT NULL,
    settle_at BIGINT,
    error TEXT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX subscription_feed ON subscription (feed_id);
CREATE INDEX subscription_due ON subscription (settle_at) WHERE settle_at IS NOT NULL;
