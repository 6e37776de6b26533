-- Writes with an Idempotency-Key. A row is there before anything is sent. Keys and requests are there as hashes alone,
-- what was written is not.
CREATE TABLE writes (
    key_hash        BLOB    NOT NULL PRIMARY KEY,
    user_id         BLOB    NOT NULL,
    request_hash    BLOB    NOT NULL,
    account_id      INTEGER NOT NULL,
    author_id       INTEGER,
    epoch           INTEGER NOT NULL,
    kind            TEXT    NOT NULL,
    target_id       INTEGER,
    object_id       INTEGER,
    object_is_new   INTEGER,
    comment_id      INTEGER,
    begun_at        INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    lease_owner     BLOB,
    lease_until     INTEGER,
    sent_at         INTEGER,
    sent_by         BLOB,
    missing_comment INTEGER,
    done_at         INTEGER
) STRICT;

-- One key of an account claims what it made; a lead that was there before is nobody's.
CREATE UNIQUE INDEX writes_by_object ON writes (account_id, kind, object_id) WHERE object_is_new;
CREATE UNIQUE INDEX writes_by_comment ON writes (account_id, comment_id) WHERE comment_id IS NOT NULL;

-- What the sweep asks for costs what is due, not what is stored.
CREATE INDEX writes_by_end ON writes (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX writes_by_lease ON writes (lease_until) WHERE lease_until IS NOT NULL;

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
