-- How many writes of a user are on record: a new one is refused where there are too many. A build that does not know the
-- index refuses none.
CREATE INDEX writes_by_user ON writes (user_id, begun_at);

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
