-- What was told about an object is looked up by whose it is, too; the meetings of a calendar are
-- found among its events without looking at each.
DROP INDEX itip_uid;
CREATE INDEX itip_uid ON itip (uid, account_id);
CREATE INDEX object_scheduled ON object (collection_id, name) WHERE schedule_tag IS NOT NULL;
