DROP INDEX writes_by_user;
