-- Housekeeping finds what is old by an index, so that no batch of it reads a whole table while it holds the writer.

CREATE INDEX events_by_time ON events (at);
CREATE INDEX notifications_by_time ON notifications (at);
CREATE INDEX sessions_by_use ON sessions (last_used_at);
CREATE INDEX push_subscriptions_by_renewal ON push_subscriptions (renewed_at);
CREATE INDEX failures_by_time ON failures (at);
