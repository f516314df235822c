-- Rooms and things that answer by themselves, and what is booked of them (domain::collection::booking).

-- What a resource does with invitations (domain::directory::mode); 0: it is none.
ALTER TABLE account ADD COLUMN booking BIGINT NOT NULL DEFAULT 0;
UPDATE account SET booking = 6 WHERE id IN (SELECT id FROM principal WHERE kind = 3);

-- When a resource is taken, in seconds since 1970: half-open, no two of an account overlap.
-- collection_id, name: by which object.
-- One range type holds both, so that no extension is needed: 2^38 seconds reach beyond the year 9999.
CREATE TABLE booking (
    account_id BIGINT NOT NULL,
    start_at BIGINT NOT NULL CHECK (start_at >= 0),
    end_at BIGINT NOT NULL CHECK (end_at > start_at AND end_at <= 274877906944),
    collection_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, start_at),
    CONSTRAINT booking_free EXCLUDE USING gist (int8range(
        account_id * 274877906944 + start_at, account_id * 274877906944 + end_at) WITH &&)
);
CREATE INDEX booking_object ON booking (collection_id, name);
