-- Where the pages of an attempt lead, if the app named one of APP_DEEP_LINKS. It is written once, with its row, so that
-- a build that does not know it can neither lose it nor leave it stale.
ALTER TABLE attempts ADD COLUMN deep_link TEXT;

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
