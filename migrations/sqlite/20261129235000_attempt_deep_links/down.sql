ALTER TABLE attempts DROP COLUMN deep_link;
