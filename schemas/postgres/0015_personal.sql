-- What somebody has for himself in an object of another's calendar: alarms and the like
-- (format::personal). change: the number of the owner's account with which he set it last. own: a
-- small calendar object; empty when he has nothing any more. octets: of own.
CREATE TABLE personal (
    collection_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    principal_id BIGINT NOT NULL,
    change BIGINT NOT NULL,
    octets BIGINT NOT NULL,
    own TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (collection_id, name, principal_id)
);
CREATE INDEX personal_change ON personal (principal_id, collection_id, change, octets);
