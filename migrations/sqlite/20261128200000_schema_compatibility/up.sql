-- Which builds can serve this schema: those that know the migration named here, and all before it. Each migration
-- from this one on says so, and a build reads it where the schema is newer than the build.
CREATE TABLE schema_compatibility (
    id               INTEGER NOT NULL PRIMARY KEY,
    oldest_migration TEXT NOT NULL
) STRICT;

INSERT INTO schema_compatibility (id, oldest_migration) VALUES (1, '20261128090000');
