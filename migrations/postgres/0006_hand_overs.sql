-- Handing a person over to another device of their own: digits to ask with, or the link that leads out of an app's browser.
-- code_hash is NULL once it opens nothing any more. The session is the one that made it: when it ends, so does this.

CREATE TABLE hand_overs (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    stage TEXT NOT NULL,
    code_hash TEXT UNIQUE,
    ticket_hash TEXT UNIQUE,
    device TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX hand_overs_running ON hand_overs (person_id, kind) WHERE code_hash IS NOT NULL;
CREATE INDEX hand_overs_by_person ON hand_overs (person_id, created_at);
CREATE INDEX hand_overs_by_session ON hand_overs (session_id);
CREATE INDEX hand_overs_expired ON hand_overs (expires_at);
