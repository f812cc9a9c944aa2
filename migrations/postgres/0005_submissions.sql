-- Which sending of a browser's outbox became which revision: what is sent again because its receipt was lost is known by it.

ALTER TABLE answers ADD COLUMN submission TEXT;

ALTER TABLE answer_revisions ADD COLUMN submission TEXT;
