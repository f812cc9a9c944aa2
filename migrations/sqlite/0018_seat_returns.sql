-- The return of a seat: a member who lost every device and the recovery code joins as a new person and gets the seat
-- after 48 hours, unless it is refused.

-- The seat that the invitation gives back to its member; NULL: the invitation is to the empty seat.
ALTER TABLE invitations ADD COLUMN returns_role TEXT;

-- When the seat moved to another person before the card opened. Until the card opens its new person cannot read it.
ALTER TABLE answers ADD COLUMN sealed_at BIGINT;

-- person_id: who waits for the seat. due_at: when the seat moves.
CREATE TABLE seat_returns (
    pair_id TEXT NOT NULL PRIMARY KEY REFERENCES pairs (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    asked_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);

CREATE INDEX seat_returns_by_person ON seat_returns (person_id);
CREATE INDEX seat_returns_by_due_at ON seat_returns (due_at);

-- Who had a seat of the pair before it moved.
CREATE TABLE former_members (
    person_id TEXT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    pair_id TEXT NOT NULL REFERENCES pairs (id) ON DELETE CASCADE,
    moved_at BIGINT NOT NULL,
    PRIMARY KEY (person_id, pair_id)
);
