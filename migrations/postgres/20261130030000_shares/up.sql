-- Who has the next turns, and what waits for them. A build that does not know it leaves it as it is: what waits has an
-- end of its own, a second or two later, and the rest is an order, which is fair from any state on.
ALTER TABLE turns ADD COLUMN shares TEXT;

-- Of the integration: who has asked while its circuit is open. Each counts for a minute after it asked.
ALTER TABLE turns ADD COLUMN unbanned_asked_at BIGINT;
ALTER TABLE turns ADD COLUMN banned_asked_at BIGINT;
ALTER TABLE turns ADD COLUMN banned_due_at BIGINT;

UPDATE schema_compatibility SET oldest_migration = '20261128090000';
