-- A version that does not know these columns leaves them as they are. So each carries what it was
-- written for, and counts only as long as that is so.

-- Of the lease or rest that ends at lease_for: how long it lasts, and whom amoCRM accused before it.
ALTER TABLE connections ADD COLUMN lease_for INTEGER;
ALTER TABLE connections ADD COLUMN lease_lasts INTEGER;
ALTER TABLE connections ADD COLUMN accused_client BLOB;
ALTER TABLE connections ADD COLUMN accused_since INTEGER;
ALTER TABLE connections ADD COLUMN accused_last INTEGER;
ALTER TABLE connections ADD COLUMN accused_account INTEGER;

-- Of the connection of this epoch: how many pairs in a row amoCRM refused at their use.
ALTER TABLE connections ADD COLUMN refused_epoch INTEGER;
ALTER TABLE connections ADD COLUMN refused_count INTEGER;
ALTER TABLE connections ADD COLUMN refused_last INTEGER;
ALTER TABLE connections ADD COLUMN refused_since INTEGER;

CREATE INDEX connections_by_accusation ON connections (expires_at) WHERE accused_client IS NOT NULL;

-- What amoCRM has said of each client: a fingerprint of client id, client secret and redirect URI.
CREATE TABLE clients (
    client     BLOB    NOT NULL PRIMARY KEY,
    accused_at INTEGER,
    served_at  INTEGER
) STRICT;

-- When an account may be looked up next, by its number or, where that is not known, by its host; and
-- where accounts have moved to, by the host that they were at.
CREATE TABLE host_look_ups (
    subject    TEXT    NOT NULL PRIMARY KEY,
    found_host TEXT,
    account_id INTEGER,
    not_before INTEGER NOT NULL
) STRICT;

CREATE INDEX host_look_ups_by_term ON host_look_ups (not_before);

-- The next_at that is so late because amoCRM asked for it.
ALTER TABLE turns ADD COLUMN put_off_for INTEGER;
