-- A proof that a session asks another device of its person for, by choosing a number.

-- Whether the session was opened with an account at a provider, which the holder of another session cannot do.
ALTER TABLE sessions ADD COLUMN is_of_provider BIGINT NOT NULL DEFAULT 0;

-- One a person: a later request takes the place of an earlier one. The session is the one that asks. shown_to: the hash
-- of a token of the browser that asked, which alone is shown the number. decoy_one and decoy_two: what the other devices
-- are offered beside it.
CREATE TABLE proof_requests (
    person_id TEXT NOT NULL PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    shown_to TEXT NOT NULL,
    stage TEXT NOT NULL,
    number BIGINT NOT NULL,
    decoy_one BIGINT NOT NULL,
    decoy_two BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX proof_requests_by_session ON proof_requests (session_id);
CREATE INDEX proof_requests_expired ON proof_requests (expires_at);
