-- The spine: directory, accounts, collections, objects, change log, blobs, locks, jobs.
-- Times are microseconds since 1970 UTC; ranges of calendar objects are seconds since 1970 UTC.
-- Every table stands in schemas/postgres too, with the same columns in the same order.

-- Facts about the store itself: 'epoch'.
CREATE TABLE store (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Mail domains that this server answers for; names in lower case.
CREATE TABLE domain (
    name TEXT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

-- Users (1), groups (2), resources (3). name: lower case, also the path segment.
-- generation grows with each change that must end remembered logins.
CREATE TABLE principal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind BIGINT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password TEXT,
    administrator BIGINT NOT NULL DEFAULT 0,
    locked BIGINT NOT NULL DEFAULT 0,
    generation BIGINT NOT NULL DEFAULT 0,
    quota_bytes BIGINT,
    created_at BIGINT NOT NULL
);

-- Addresses, lower case; position 0 is the primary one.
CREATE TABLE address (
    address TEXT NOT NULL PRIMARY KEY,
    principal_id BIGINT NOT NULL,
    position BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX address_principal ON address (principal_id, position);

CREATE TABLE member (
    group_id BIGINT NOT NULL,
    member_id BIGINT NOT NULL,
    PRIMARY KEY (group_id, member_id)
) WITHOUT ROWID;
CREATE INDEX member_of ON member (member_id, group_id);

-- Generated passwords of one program each; hash is SHA-256 of a 98-bit random secret.
-- protocols is a set of bits (domain::directory::Protocols).
CREATE TABLE app_password (
    principal_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    protocols BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (principal_id, name)
) WITHOUT ROWID;

-- One account a principal. change_number is the only counter that anything tracks changes by.
CREATE TABLE account (
    id BIGINT NOT NULL PRIMARY KEY,
    change_number BIGINT NOT NULL,
    used_bytes BIGINT NOT NULL
) WITHOUT ROWID;

-- path: names from the account's root, joined by '/'; a deleted collection stands under '#ID'.
-- change: the last change of the collection itself; last_change: of it or anything below it.
CREATE TABLE collection (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id BIGINT NOT NULL,
    parent_id BIGINT,
    kind BIGINT NOT NULL,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    components BIGINT NOT NULL,
    change BIGINT NOT NULL,
    last_change BIGINT NOT NULL,
    member_count BIGINT NOT NULL,
    member_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX collection_path ON collection (account_id, path);
CREATE INDEX collection_parent ON collection (parent_id, name);
CREATE INDEX collection_deleted ON collection (deleted_at) WHERE deleted_at IS NOT NULL;

-- Single-instance contents. data is null for those kept as files. refs counts objects and
-- history entries; rows at 0 are collected.
CREATE TABLE blob (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL,
    size BIGINT NOT NULL,
    refs BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    data BLOB
);
CREATE UNIQUE INDEX blob_hash ON blob (hash);
CREATE INDEX blob_unreferenced ON blob (touched_at) WHERE refs = 0;

-- Calendar objects, vCards, files. etag: first 16 octets of the content's SHA-256.
-- span sorts time ranges by length, so that an index finds those that overlap a window
-- (store::object::SPANS).
CREATE TABLE object (
    collection_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    change BIGINT NOT NULL,
    blob_id BIGINT NOT NULL,
    etag BLOB NOT NULL,
    size BIGINT NOT NULL,
    media_type TEXT,
    uid TEXT,
    component BIGINT NOT NULL,
    span BIGINT,
    first_start BIGINT,
    last_end BIGINT,
    recurring BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (collection_id, name)
) WITHOUT ROWID;
CREATE UNIQUE INDEX object_uid ON object (collection_id, uid) WHERE uid IS NOT NULL;
CREATE INDEX object_change ON object (collection_id, change);
CREATE INDEX object_range ON object (collection_id, component, span, first_start)
    WHERE span IS NOT NULL;

-- Names that a collection no longer has; a removed collection's name ends in '/'.
CREATE TABLE tombstone (
    collection_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    change BIGINT NOT NULL,
    PRIMARY KEY (collection_id, name)
) WITHOUT ROWID;
CREATE INDEX tombstone_change ON tombstone (collection_id, change);

-- The log: what happened, who did it, what was there before (blob_id).
CREATE TABLE change (
    account_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    collection_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    action BIGINT NOT NULL,
    blob_id BIGINT,
    principal_id BIGINT NOT NULL,
    client TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (account_id, number)
) WITHOUT ROWID;
CREATE INDEX change_history ON change (at) WHERE blob_id IS NOT NULL;

-- Properties that clients set: object is '' for the collection's own. value is the whole
-- property element as standalone XML.
CREATE TABLE property (
    collection_id BIGINT NOT NULL,
    object TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (collection_id, object, namespace, name)
) WITHOUT ROWID;

-- Grants (RFC 3744): privileges is a set of bits. principal_id 0 is DAV:authenticated.
CREATE TABLE ace (
    collection_id BIGINT NOT NULL,
    principal_id BIGINT NOT NULL,
    privileges BIGINT NOT NULL,
    PRIMARY KEY (collection_id, principal_id)
) WITHOUT ROWID;
CREATE INDEX ace_principal ON ace (principal_id);

-- WebDAV locks (RFC 4918 §6) by path, because a name may be locked before it exists.
CREATE TABLE dav_lock (
    token TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    path TEXT NOT NULL,
    infinite BIGINT NOT NULL,
    exclusive BIGINT NOT NULL,
    owner TEXT NOT NULL,
    principal_id BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX dav_lock_path ON dav_lock (account_id, path);

-- Work to be done later, once, by whoever holds the lease.
CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    dedup TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    payload TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT NOT NULL
);
CREATE UNIQUE INDEX job_dedup ON job (kind, dedup);
CREATE INDEX job_due ON job (due_at);
