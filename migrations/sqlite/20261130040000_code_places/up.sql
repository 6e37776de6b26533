-- Places for codes that strangers bring: few are under way at a time, for all instances. Where they came from is there
-- as a keyed hash alone, and for minutes. A build that does not know the table limits its strangers by itself.
CREATE TABLE code_places (
    code_hash   BLOB    NOT NULL PRIMARY KEY,
    owner       BLOB    NOT NULL,
    network     BLOB    NOT NULL,
    host        TEXT    NOT NULL,
    is_new_host INTEGER NOT NULL,
    given_at    INTEGER NOT NULL
) STRICT;

-- Whether a host has a living connection.
CREATE INDEX connections_by_host ON connections (host) WHERE tokens IS NOT NULL;

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
