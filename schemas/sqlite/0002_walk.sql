-- What a walk over a tree needs to know of its collections, and the language of objects.

-- The number that the collection came to its parent and name with. For those that are there
-- already, their last own change is not earlier than that.
ALTER TABLE collection ADD COLUMN mapped BIGINT NOT NULL DEFAULT 0;
UPDATE collection SET mapped = change;

-- Content-Language, as language tags; GET tells it, so it stands in the row that GET reads.
ALTER TABLE object ADD COLUMN language TEXT;
UPDATE object SET language = (
    SELECT substr(after, 1, instr(after, '<') - 1) FROM (
        SELECT substr(value, instr(value, '>') + 1) AS after FROM property p
        WHERE p.collection_id = object.collection_id AND p.object = object.name
            AND p.namespace = 'DAV:' AND p.name = 'getcontentlanguage'
    ) WHERE after GLOB '[A-Za-z]*</*'
)
WHERE EXISTS (SELECT 1 FROM property p
    WHERE p.collection_id = object.collection_id AND p.object = object.name
        AND p.namespace = 'DAV:' AND p.name = 'getcontentlanguage');
DELETE FROM property
    WHERE namespace = 'DAV:' AND name = 'getcontentlanguage' AND object <> '';
