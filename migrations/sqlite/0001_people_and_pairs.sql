-- Who is here: persons, their sessions, their pairs, and the invitations to an empty seat.
-- Times are epoch milliseconds (UTC), dates 'YYYY-MM-DD' of the pair's zone, ids UUIDv7 text, flags 0 or 1.

CREATE TABLE persons (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    locale TEXT NOT NULL,
    text_size TEXT NOT NULL,
    zone TEXT NOT NULL,
    consent_version TEXT NOT NULL,
    consent_at BIGINT NOT NULL,
    recovery_hash TEXT UNIQUE,
    recovery_made_at BIGINT,
    recovery_kept_at BIGINT,
    answers_given BIGINT NOT NULL DEFAULT 0,
    last_seq BIGINT NOT NULL DEFAULT 0,
    is_seeded BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    previous_hash TEXT UNIQUE,
    previous_until BIGINT,
    device TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_person ON sessions (person_id);

CREATE TABLE pairs (
    id TEXT NOT NULL PRIMARY KEY,
    inviter_id TEXT NOT NULL REFERENCES persons (id),
    minute BIGINT NOT NULL,
    zone TEXT NOT NULL,
    next_due_at BIGINT,
    last_opened_date TEXT,
    last_opened_at BIGINT,
    swapped_date TEXT,
    paused_until TEXT,
    created_at BIGINT NOT NULL,
    closed_at BIGINT
);

CREATE INDEX pairs_due ON pairs (next_due_at) WHERE next_due_at IS NOT NULL;

CREATE TABLE members (
    pair_id TEXT NOT NULL REFERENCES pairs (id),
    role TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES persons (id),
    relation TEXT NOT NULL,
    relation_word TEXT NOT NULL,
    unanswered_shelved BIGINT NOT NULL DEFAULT 0,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (pair_id, role),
    UNIQUE (pair_id, person_id)
);

CREATE INDEX members_by_person ON members (person_id);

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    pair_id TEXT NOT NULL REFERENCES pairs (id),
    code_hash TEXT NOT NULL UNIQUE,
    relation TEXT,
    relation_word TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX invitations_by_pair ON invitations (pair_id);

-- Failed tries at a code, by bucket (a client address, a session, everybody).
CREATE TABLE failures (
    bucket TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX failures_by_bucket ON failures (bucket, at);
