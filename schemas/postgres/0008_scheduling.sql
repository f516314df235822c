-- Scheduling (RFC 6638): messages between calendars of this server, and what became of them.

-- The number of the change that its Schedule-Tag stands for; null: nobody is invited to it.
ALTER TABLE object ADD COLUMN schedule_tag BIGINT;

-- Scheduling messages, each for one recipient; they stay for the retention time as the history of
-- what was decided. account_id: whose object it is about; principal_id: who changed it;
-- recipient_id: whose account it goes to, null for somebody elsewhere. blob_id: the message until it
-- is delivered. due_at: when to try, again after a failure. status: the request status (RFC 5546 §3.6); outcome: what the recipient's calendar
-- made of it.
CREATE TABLE itip (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id BIGINT NOT NULL,
    uid TEXT COLLATE "C" NOT NULL,
    principal_id BIGINT NOT NULL,
    method TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    recipient_id BIGINT,
    about TEXT COLLATE "C" NOT NULL,
    blob_id BIGINT,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    done_at BIGINT,
    status TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL
);
CREATE INDEX itip_due ON itip (recipient_id, id) WHERE done_at IS NULL;
CREATE INDEX itip_uid ON itip (uid);
CREATE INDEX itip_done ON itip (done_at) WHERE done_at IS NOT NULL;

-- Everything includes the rights of scheduling now.
UPDATE ace SET privileges = 65535 WHERE privileges = 1023;
