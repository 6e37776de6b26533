-- How many sendings of a generation have bought nothing.
ALTER TABLE connections ADD COLUMN lease_tries BIGINT;

-- What the background asks for costs what is due, not what is stored.
CREATE INDEX connections_by_lease ON connections (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX connections_by_issue ON connections (issued_at) WHERE issued_at IS NOT NULL;
CREATE INDEX connections_by_refresh ON connections (refreshed_at) WHERE refreshed_at IS NOT NULL;
CREATE INDEX connections_by_account ON connections (account_id) WHERE account_id IS NOT NULL;

-- Accounts that amoCRM's hook told us of.
CREATE TABLE looks (
    account_id BIGINT  NOT NULL PRIMARY KEY,
    wanted     BOOLEAN NOT NULL,
    under_way  BOOLEAN NOT NULL,
    not_before BIGINT  NOT NULL
);

CREATE INDEX looks_by_term ON looks (not_before);

-- One row a change of a connection's state.
CREATE TABLE audit (
    id         BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT  NOT NULL,
    user_id    BYTEA   NOT NULL,
    actor      TEXT    NOT NULL,
    event      TEXT    NOT NULL,
    reason     TEXT,
    host       TEXT,
    account_id BIGINT
);

CREATE INDEX audit_by_user ON audit (user_id, id);
CREATE INDEX audit_by_age ON audit (at);
