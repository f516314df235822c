-- What a walk over a tree needs to know of its collections, and the language of objects.

-- The number that the collection came to its parent and name with. For those that are there
-- already, their last own change is not earlier than that.
ALTER TABLE collection ADD COLUMN mapped BIGINT NOT NULL DEFAULT 0;
UPDATE collection SET mapped = change;

-- Content-Language, as language tags; GET tells it, so it stands in the row that GET reads.
ALTER TABLE object ADD COLUMN language TEXT COLLATE "C";
UPDATE object SET language = substring(p.value FROM '^[^>]*>([A-Za-z][A-Za-z0-9, -]*)</')
    FROM property p
    WHERE p.collection_id = object.collection_id AND p.object = object.name
        AND p.namespace = 'DAV:' AND p.name = 'getcontentlanguage';
DELETE FROM property
    WHERE namespace = 'DAV:' AND name = 'getcontentlanguage' AND object <> '';
