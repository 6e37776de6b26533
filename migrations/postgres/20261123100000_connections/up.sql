-- Times are microseconds since the epoch; ids, hashes and user ids (which may hold any byte) are bytes.
-- Both tokens of a grant are one sealed blob that opens in its own row alone.

-- One row a user, kept after a disconnect for its generation and epoch.
CREATE TABLE connections (
    user_id          BYTEA   NOT NULL PRIMARY KEY,
    revision         BIGINT  NOT NULL,
    epoch            BIGINT  NOT NULL,
    generation       BIGINT  NOT NULL,
    state            TEXT    NOT NULL,
    host             TEXT,
    account_id       BIGINT,
    tokens           BYTEA,
    issued_at        BIGINT,
    expires_at       BIGINT,
    reauth_reason    TEXT,
    reauth_since     BIGINT,
    connected_at     BIGINT,
    refreshed_at     BIGINT,
    problem          TEXT,
    problem_since    BIGINT,
    -- The lease on a refresh stands beside the row, not under its revision.
    lease_owner      BYTEA,
    lease_until      BIGINT,
    lease_generation BIGINT,
    lease_in_doubt   BOOLEAN
);

CREATE TABLE attempts (
    id         BYTEA  NOT NULL PRIMARY KEY,
    user_id    BYTEA  NOT NULL,
    state_hash BYTEA  NOT NULL UNIQUE,
    state      TEXT   NOT NULL,
    code_hash  BYTEA,
    reason     TEXT,
    opened_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX attempts_by_user ON attempts (user_id, state, opened_at);
CREATE INDEX attempts_by_age ON attempts (opened_at);

CREATE TABLE exchanges (
    code_hash       BYTEA   NOT NULL PRIMARY KEY,
    came_with       BYTEA,
    attempt_id      BYTEA,
    user_id         BYTEA,
    claim_needed    BOOLEAN NOT NULL,
    host            TEXT    NOT NULL,
    epoch           BIGINT  NOT NULL,
    state           TEXT    NOT NULL,
    lease_owner     BYTEA,
    lease_until     BIGINT,
    grant_host      TEXT,
    account_id      BIGINT,
    tokens          BYTEA,
    issued_at       BIGINT,
    expires_at      BIGINT,
    claim_by        BIGINT,
    connected_epoch BIGINT,
    admitted_at     BIGINT  NOT NULL
);

CREATE INDEX exchanges_by_user ON exchanges (user_id, state);
CREATE INDEX exchanges_by_term ON exchanges (claim_by) WHERE claim_by IS NOT NULL;
CREATE INDEX exchanges_by_age ON exchanges (admitted_at);

-- Written to prove that the database can be written.
CREATE TABLE heartbeat (
    id      BIGINT NOT NULL PRIMARY KEY,
    beat_at BIGINT NOT NULL
);
