-- Times are microseconds since the epoch; ids, hashes and user ids (which may hold any byte) are blobs.
-- Both tokens of a grant are one sealed blob that opens in its own row alone.

-- One row a user, kept after a disconnect for its generation and epoch.
CREATE TABLE connections (
    user_id          BLOB    NOT NULL PRIMARY KEY,
    revision         INTEGER NOT NULL,
    epoch            INTEGER NOT NULL,
    generation       INTEGER NOT NULL,
    state            TEXT    NOT NULL,
    host             TEXT,
    account_id       INTEGER,
    tokens           BLOB,
    issued_at        INTEGER,
    expires_at       INTEGER,
    reauth_reason    TEXT,
    reauth_since     INTEGER,
    connected_at     INTEGER,
    refreshed_at     INTEGER,
    problem          TEXT,
    problem_since    INTEGER,
    -- The lease on a refresh stands beside the row, not under its revision.
    lease_owner      BLOB,
    lease_until      INTEGER,
    lease_generation INTEGER,
    lease_in_doubt   INTEGER
) STRICT;

CREATE TABLE attempts (
    id         BLOB    NOT NULL PRIMARY KEY,
    user_id    BLOB    NOT NULL,
    state_hash BLOB    NOT NULL UNIQUE,
    state      TEXT    NOT NULL,
    code_hash  BLOB,
    reason     TEXT,
    opened_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX attempts_by_user ON attempts (user_id, state, opened_at);
CREATE INDEX attempts_by_age ON attempts (opened_at);

CREATE TABLE exchanges (
    code_hash       BLOB    NOT NULL PRIMARY KEY,
    came_with       BLOB,
    attempt_id      BLOB,
    user_id         BLOB,
    claim_needed    INTEGER NOT NULL,
    host            TEXT    NOT NULL,
    epoch           INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    lease_owner     BLOB,
    lease_until     INTEGER,
    grant_host      TEXT,
    account_id      INTEGER,
    tokens          BLOB,
    issued_at       INTEGER,
    expires_at      INTEGER,
    claim_by        INTEGER,
    connected_epoch INTEGER,
    admitted_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX exchanges_by_user ON exchanges (user_id, state);
CREATE INDEX exchanges_by_term ON exchanges (claim_by) WHERE claim_by IS NOT NULL;
CREATE INDEX exchanges_by_age ON exchanges (admitted_at);

-- Written to prove that the database can be written.
CREATE TABLE heartbeat (
    id      INTEGER NOT NULL PRIMARY KEY,
    beat_at INTEGER NOT NULL
) STRICT;
