-- Collections that their owners share (domain::sharing), and where they show in others' homes.

-- Whether the collection is shared with somebody by name.
ALTER TABLE collection ADD COLUMN shared BIGINT NOT NULL DEFAULT 0;
UPDATE collection SET shared = 1
    WHERE id IN (SELECT collection_id FROM ace WHERE principal_id > 0);

-- What somebody made of a collection that is shared with him. account_id: who; target_id: the shared
-- collection. state: 0 he has not answered, 1 it shows in his home, 2 he does not want it.
-- collection_id: the collection in his home that shows it. told: the privileges that he was told of
-- last. uid: the invitation's. reply: whether the owner is still to be told what became of it.
CREATE TABLE mount (
    account_id BIGINT NOT NULL,
    target_id BIGINT NOT NULL,
    state BIGINT NOT NULL,
    collection_id BIGINT,
    told BIGINT NOT NULL,
    uid TEXT COLLATE "C" NOT NULL,
    reply BIGINT NOT NULL,
    PRIMARY KEY (account_id, target_id)
);
CREATE INDEX mount_target ON mount (target_id);
CREATE INDEX mount_reply ON mount (target_id) WHERE reply <> 0;
CREATE UNIQUE INDEX mount_collection ON mount (collection_id) WHERE collection_id IS NOT NULL;

-- The words of the owner's invitations. address: as he wrote it, folded. principal_id: whom it means;
-- null: nobody here. privileges: what it would give to him who is nobody here.
CREATE TABLE invitation (
    collection_id BIGINT NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    principal_id BIGINT,
    common_name TEXT COLLATE "C" NOT NULL,
    summary TEXT COLLATE "C" NOT NULL,
    privileges BIGINT NOT NULL,
    PRIMARY KEY (collection_id, address)
);

-- Accounts that have something to do with what is shared with them already.
INSERT INTO job (kind, dedup, account_id, payload, due_at, leased_until, attempts, last_error)
    SELECT DISTINCT 'sharing', CAST(principal_id AS TEXT), principal_id, '', 0, 0, 0, ''
    FROM ace WHERE principal_id > 0;
