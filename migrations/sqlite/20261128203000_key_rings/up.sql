-- Which keys the running instances have: the first seals, all open. A row counts for 30 seconds.
CREATE TABLE key_rings (
    instance     BLOB    NOT NULL PRIMARY KEY,
    keys         TEXT    NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;

-- Which keys are in use: what stands before the nonce of sealed tokens. An index, and no column, because a build that
-- does not know the column would leave it stale.
CREATE INDEX connections_by_key ON connections (substr(tokens, 1, 2 + coalesce(unicode(CAST(substr(tokens, 2, 1) AS TEXT)), 0))) WHERE tokens IS NOT NULL;
CREATE INDEX exchanges_by_key ON exchanges (substr(tokens, 1, 2 + coalesce(unicode(CAST(substr(tokens, 2, 1) AS TEXT)), 0))) WHERE tokens IS NOT NULL;

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
