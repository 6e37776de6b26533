-- Which keys the running instances have: the first seals, all open. A row counts for 30 seconds.
CREATE TABLE key_rings (
    instance     BYTEA  NOT NULL PRIMARY KEY,
    keys         TEXT    NOT NULL,
    published_at BIGINT  NOT NULL
);

-- Which keys are in use: what stands before the nonce of sealed tokens. An index, and no column, because a build that
-- does not know the column would leave it stale.
CREATE INDEX connections_by_key ON connections ((CASE WHEN octet_length(tokens) > 1 THEN substring(tokens FROM 1 FOR 2 + get_byte(tokens, 1)) ELSE tokens END)) WHERE tokens IS NOT NULL;
CREATE INDEX exchanges_by_key ON exchanges ((CASE WHEN octet_length(tokens) > 1 THEN substring(tokens FROM 1 FOR 2 + get_byte(tokens, 1)) ELSE tokens END)) WHERE tokens IS NOT NULL;

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
