-- What resources are, and what they may be booked for (domain::directory::resource). One without a row
-- is a room of which nothing else is said. What it does with invitations is in account.booking.
CREATE TABLE resource (
    id BIGINT PRIMARY KEY,
    form BIGINT NOT NULL,
    capacity BIGINT,
    location TEXT NOT NULL,
    features TEXT NOT NULL,
    window_days BIGINT,
    longest_seconds BIGINT,
    accepts_id BIGINT
);
CREATE INDEX resource_accepts ON resource (accepts_id) WHERE accepts_id IS NOT NULL;

-- Accounts whose bookings are being worked out from what is in their calendars, and after which object
-- that goes on (domain::collection::booking).
CREATE TABLE booking_due (
    account_id BIGINT PRIMARY KEY,
    collection_id BIGINT NOT NULL,
    name TEXT NOT NULL
);

-- What was accepted before there were bookings.
INSERT INTO booking_due (account_id, collection_id, name) SELECT id, 0, '' FROM principal WHERE kind = 3;
INSERT INTO job (kind, dedup, account_id, payload, due_at, leased_until, attempts, last_error)
    SELECT 'bookings', CAST(id AS TEXT), id, '', 0, 0, 0, '' FROM principal WHERE kind = 3;

CREATE INDEX booking_end ON booking (end_at);
