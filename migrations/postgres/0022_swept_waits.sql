-- Of the 48 hours in which somebody can refuse, only hours in which the service ran count.

-- The last sweep that counted the hours of this wait; NULL: none was counted yet. It begins with the wait.
ALTER TABLE seat_returns ADD COLUMN swept_at BIGINT;
ALTER TABLE pending_recoveries ADD COLUMN swept_at BIGINT;
-- Codes that were made before keep the time that was told with them.
UPDATE pending_recoveries SET swept_at = works_from;
