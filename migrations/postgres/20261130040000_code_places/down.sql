DROP INDEX connections_by_host;
DROP TABLE code_places;
