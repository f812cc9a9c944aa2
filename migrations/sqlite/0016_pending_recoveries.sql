-- Recovery codes that the operator made and that do not sign in yet, so that a session of the person can refuse them.

CREATE TABLE pending_recoveries (
    person_id TEXT NOT NULL PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL UNIQUE,
    works_from BIGINT NOT NULL
);
