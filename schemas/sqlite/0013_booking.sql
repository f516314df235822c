-- Rooms and things that answer by themselves, and what is booked of them (domain::collection::booking).

-- What a resource does with invitations (domain::directory::mode); 0: it is none.
ALTER TABLE account ADD COLUMN booking BIGINT NOT NULL DEFAULT 0;
UPDATE account SET booking = 6 WHERE id IN (SELECT id FROM principal WHERE kind = 3);

-- When a resource is taken, in seconds since 1970: half-open, no two of an account overlap.
-- collection_id, name: by which object.
CREATE TABLE booking (
    account_id BIGINT NOT NULL,
    start_at BIGINT NOT NULL CHECK (start_at >= 0),
    end_at BIGINT NOT NULL CHECK (end_at > start_at),
    collection_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (account_id, start_at)
) WITHOUT ROWID;
CREATE INDEX booking_object ON booking (collection_id, name);

-- Of bookings that do not overlap, only the last one that starts before a new one ends can meet it.
CREATE TRIGGER booking_free BEFORE INSERT ON booking
WHEN (SELECT end_at FROM booking WHERE account_id = NEW.account_id AND start_at < NEW.end_at
    ORDER BY start_at DESC LIMIT 1) > NEW.start_at
BEGIN
    SELECT RAISE(ABORT, 'booking_free: it is booked then');
END;
CREATE TRIGGER booking_stays BEFORE UPDATE ON booking
BEGIN
    SELECT RAISE(ABORT, 'booking_stays: a booking is removed and made anew');
END;
