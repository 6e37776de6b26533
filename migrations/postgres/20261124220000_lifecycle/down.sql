DROP TABLE audit;
DROP TABLE looks;
DROP INDEX connections_by_account;
DROP INDEX connections_by_refresh;
DROP INDEX connections_by_issue;
DROP INDEX connections_by_lease;
ALTER TABLE connections DROP COLUMN lease_tries;
