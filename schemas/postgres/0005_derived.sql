-- Who fills a collection: 0 people; otherwise the server, from something else, and clients only read
-- (domain::collection::derived).
ALTER TABLE collection ADD COLUMN derived BIGINT NOT NULL DEFAULT 0;
CREATE INDEX collection_derived ON collection (account_id, derived) WHERE derived <> 0;
