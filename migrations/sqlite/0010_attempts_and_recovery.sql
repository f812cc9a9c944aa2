-- One-time steps are known again when they are posted twice: by the random key that came with their page, hashed.
-- The session a step opened is kept without a foreign key: a session that has ended since is not opened a second time.

CREATE TABLE attempts (
    key_hash TEXT NOT NULL PRIMARY KEY,
    step TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    session_id TEXT,
    target TEXT,
    at BIGINT NOT NULL
);

CREATE INDEX attempts_by_at ON attempts (at);

-- When its token was first shown; where it was last used from (a MAC); when the showing of its retired token was told.
ALTER TABLE sessions ADD COLUMN shown_at BIGINT;
ALTER TABLE sessions ADD COLUMN address_hash TEXT;
ALTER TABLE sessions ADD COLUMN retired_told_at BIGINT;

-- The recovery code before a renewal opens for some days more; the session that renewed it cannot shorten them.
ALTER TABLE persons ADD COLUMN earlier_recovery_hash TEXT;
ALTER TABLE persons ADD COLUMN earlier_recovery_until BIGINT;
ALTER TABLE persons ADD COLUMN recovery_made_by TEXT;

CREATE INDEX persons_by_earlier_recovery ON persons (earlier_recovery_hash) WHERE earlier_recovery_hash IS NOT NULL;
