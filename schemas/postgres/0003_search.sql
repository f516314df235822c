-- What queries look for without opening contents: texts and the times of events.

-- doc: the object's row in search_text. times: the instances of an event that has few of them
-- (format::ical::times); null where contents must be opened to know them.
ALTER TABLE object ADD COLUMN doc BIGINT;
ALTER TABLE object ADD COLUMN times BYTEA;

-- The texts that queries look into, folded (kernel::search). doc grows with each text that comes
-- to a collection, so a segment covers all up to its last one. key: of a text of one value, its
-- length, then a hash of it.
CREATE TABLE search_text (
    collection_id BIGINT NOT NULL,
    doc BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    key BIGINT,
    PRIMARY KEY (collection_id, doc)
);

CREATE INDEX search_text_key ON search_text (collection_id, key) WHERE key IS NOT NULL;

-- Runs of texts whose postings are complete; docs: how many texts there were, below 0 while the
-- postings are still being made: the numbers are taken, and nothing is looked up by it.
CREATE TABLE search_segment (
    collection_id BIGINT NOT NULL,
    last BIGINT NOT NULL,
    docs BIGINT NOT NULL,
    PRIMARY KEY (collection_id, last)
);

-- For each three octets that occur in a segment's texts, the texts that have them.
CREATE TABLE search_posting (
    collection_id BIGINT NOT NULL,
    gram BIGINT NOT NULL,
    last BIGINT NOT NULL,
    docs BYTEA NOT NULL,
    PRIMARY KEY (collection_id, gram, last)
);

-- Collections whose index has work to do. fill: the name after which objects have not been looked
-- into since this table came; null: all have been.
CREATE TABLE search_due (
    collection_id BIGINT NOT NULL PRIMARY KEY,
    fill TEXT COLLATE "C"
);
INSERT INTO search_due (collection_id, fill)
    SELECT id, '' FROM collection WHERE kind IN (10, 11) AND member_count > 0;
