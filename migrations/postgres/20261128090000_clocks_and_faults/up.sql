-- A version that does not know these columns leaves them as they are. So each carries what it was
-- written for, and counts only as long as that is so.

-- Of the lease or rest that ends at lease_for: how long it lasts, and whom amoCRM accused before it.
ALTER TABLE connections ADD COLUMN lease_for BIGINT;
ALTER TABLE connections ADD COLUMN lease_lasts BIGINT;
ALTER TABLE connections ADD COLUMN accused_client BYTEA;
ALTER TABLE connections ADD COLUMN accused_since BIGINT;
ALTER TABLE connections ADD COLUMN accused_last BIGINT;
ALTER TABLE connections ADD COLUMN accused_account BOOLEAN;

-- Of the connection of this epoch: how many pairs in a row amoCRM refused at their use.
ALTER TABLE connections ADD COLUMN refused_epoch BIGINT;
ALTER TABLE connections ADD COLUMN refused_count BIGINT;
ALTER TABLE connections ADD COLUMN refused_last BIGINT;
ALTER TABLE connections ADD COLUMN refused_since BIGINT;

CREATE INDEX connections_by_accusation ON connections (expires_at) WHERE accused_client IS NOT NULL;

-- What amoCRM has said of each client: a fingerprint of client id, client secret and redirect URI.
CREATE TABLE clients (
    client     BYTEA  NOT NULL PRIMARY KEY,
    accused_at BIGINT,
    served_at  BIGINT
);

-- When an account may be looked up next, by its number or, where that is not known, by its host; and
-- where accounts have moved to, by the host that they were at.
CREATE TABLE host_look_ups (
    subject    TEXT   NOT NULL PRIMARY KEY,
    found_host TEXT,
    account_id BIGINT,
    not_before BIGINT NOT NULL
);

CREATE INDEX host_look_ups_by_term ON host_look_ups (not_before);

-- The next_at that is so late because amoCRM asked for it.
ALTER TABLE turns ADD COLUMN put_off_for BIGINT;
