-- How much of their budget of writes people have used, where several nodes serve them (PostgreSQL alone writes it).

-- taken_at: the last write. full_at: when the budget is whole again. Rows are of no use after that, nor after a
-- crash: the table is not in the write-ahead log.
CREATE UNLOGGED TABLE write_budgets (
    person_id TEXT NOT NULL PRIMARY KEY,
    taken_at BIGINT NOT NULL,
    full_at BIGINT NOT NULL
);

CREATE INDEX write_budgets_by_full_at ON write_budgets (full_at);
