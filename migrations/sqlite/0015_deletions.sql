-- Answers that were taken back, and accounts that their persons want deleted.

-- When its author took the answer back. It can be restored until seven days later; then body is empty.
ALTER TABLE answers ADD COLUMN taken_back_at BIGINT;

CREATE INDEX answers_taken_back ON answers (taken_back_at) WHERE taken_back_at IS NOT NULL AND body <> '';

-- When the person's data was deleted. The row stays, because answers and pairs of others refer to it.
ALTER TABLE persons ADD COLUMN deleted_at BIGINT;

-- due_at: when the data is deleted, unless the person signs in before.
CREATE TABLE deletions (
    person_id TEXT NOT NULL PRIMARY KEY REFERENCES persons (id) ON DELETE CASCADE,
    asked_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);

CREATE INDEX deletions_by_due_at ON deletions (due_at);

-- words: erase (the person's answers go from both archives) or leave (those of opened cards stay with the other).
-- reopens: 1 when the pair ran until the deletion was asked for, so that taking it back starts the pair again.
CREATE TABLE deletion_pairs (
    person_id TEXT NOT NULL REFERENCES deletions (person_id) ON DELETE CASCADE,
    pair_id TEXT NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    words TEXT NOT NULL,
    reopens BIGINT NOT NULL,
    PRIMARY KEY (person_id, pair_id)
);
