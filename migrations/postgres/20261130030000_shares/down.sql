ALTER TABLE turns DROP COLUMN banned_due_at;
ALTER TABLE turns DROP COLUMN banned_asked_at;
ALTER TABLE turns DROP COLUMN unbanned_asked_at;
ALTER TABLE turns DROP COLUMN shares;
