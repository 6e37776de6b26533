-- Refresh tokens of an earlier service that were imported, by their hash, for good: each works once.
CREATE TABLE imports (
    token_hash  BYTEA  NOT NULL PRIMARY KEY,
    user_id     BYTEA  NOT NULL,
    generation  BIGINT NOT NULL,
    imported_at BIGINT NOT NULL
);

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
