-- When each account may be called next, and the bans. One row an account host that was called
-- lately, and one, named '*', for the whole integration. Times are of the store's own clock.
CREATE TABLE turns (
    line         TEXT    NOT NULL PRIMARY KEY,
    next_at      INTEGER,
    ban_since    INTEGER,
    ban_probe_at INTEGER,
    ban_probing  INTEGER,
    ban_met      INTEGER
) STRICT;
