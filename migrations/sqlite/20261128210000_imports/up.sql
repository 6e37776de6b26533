-- Refresh tokens of an earlier service that were imported, by their hash, for good: each works once.
CREATE TABLE imports (
    token_hash  BLOB    NOT NULL PRIMARY KEY,
    user_id     BLOB    NOT NULL,
    generation  INTEGER NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
