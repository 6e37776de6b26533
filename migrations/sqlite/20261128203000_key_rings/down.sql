DROP INDEX exchanges_by_key;
DROP INDEX connections_by_key;
DROP TABLE key_rings;
