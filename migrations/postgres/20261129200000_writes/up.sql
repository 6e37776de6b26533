-- Writes with an Idempotency-Key. A row is there before anything is sent. Keys and requests are there as hashes alone,
-- what was written is not.
CREATE TABLE writes (
    key_hash        BYTEA   NOT NULL PRIMARY KEY,
    user_id         BYTEA   NOT NULL,
    request_hash    BYTEA   NOT NULL,
    account_id      BIGINT  NOT NULL,
    author_id       BIGINT,
    epoch           BIGINT  NOT NULL,
    kind            TEXT    NOT NULL,
    target_id       BIGINT,
    object_id       BIGINT,
    object_is_new   BOOLEAN,
    comment_id      BIGINT,
    begun_at        BIGINT  NOT NULL,
    state           TEXT    NOT NULL,
    lease_owner     BYTEA,
    lease_until     BIGINT,
    sent_at         BIGINT,
    sent_by         BYTEA,
    missing_comment BOOLEAN,
    done_at         BIGINT
);

-- One key of an account claims what it made; a lead that was there before is nobody's.
CREATE UNIQUE INDEX writes_by_object ON writes (account_id, kind, object_id) WHERE object_is_new;
CREATE UNIQUE INDEX writes_by_comment ON writes (account_id, comment_id) WHERE comment_id IS NOT NULL;

-- What the sweep asks for costs what is due, not what is stored.
CREATE INDEX writes_by_end ON writes (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX writes_by_lease ON writes (lease_until) WHERE lease_until IS NOT NULL;

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
