-- Every person's numbered list of facts: ids and kinds only.

CREATE TABLE events (
    person_id TEXT NOT NULL REFERENCES persons (id),
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    pair_id TEXT,
    daily_question_id TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (person_id, seq)
);
