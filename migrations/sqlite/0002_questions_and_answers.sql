-- The catalogue, what was opened from it for whom, and what was answered.

CREATE TABLE questions (
    question_key TEXT NOT NULL PRIMARY KEY,
    section TEXT NOT NULL,
    wordings TEXT NOT NULL,
    tags TEXT NOT NULL,
    is_retired BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE daily_questions (
    id TEXT NOT NULL PRIMARY KEY,
    pair_id TEXT NOT NULL REFERENCES pairs (id),
    number BIGINT NOT NULL,
    question_key TEXT NOT NULL,
    section TEXT NOT NULL,
    wordings TEXT NOT NULL,
    version BIGINT NOT NULL,
    local_date TEXT,
    counted_from TEXT,
    opened_at BIGINT NOT NULL,
    due_passed_at BIGINT,
    shelved_at BIGINT,
    completed_at BIGINT,
    card_number BIGINT,
    move_on TEXT,
    UNIQUE (pair_id, number),
    UNIQUE (pair_id, local_date),
    UNIQUE (pair_id, card_number)
);

CREATE INDEX daily_questions_complete ON daily_questions (pair_id, completed_at);

-- What a pair was ever offered: never again, swapped away or answered.
CREATE TABLE asked (
    pair_id TEXT NOT NULL REFERENCES pairs (id),
    question_key TEXT NOT NULL,
    PRIMARY KEY (pair_id, question_key)
);

-- The latest revision of each member's answer.
CREATE TABLE answers (
    daily_question_id TEXT NOT NULL REFERENCES daily_questions (id),
    role TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES persons (id),
    revision BIGINT NOT NULL,
    body TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (daily_question_id, role)
);

-- Earlier revisions, seen by their author alone.
CREATE TABLE answer_revisions (
    daily_question_id TEXT NOT NULL REFERENCES daily_questions (id),
    role TEXT NOT NULL,
    revision BIGINT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (daily_question_id, role, revision)
);
