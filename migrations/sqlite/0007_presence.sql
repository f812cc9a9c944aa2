-- Whether a member shows the other that they are here or writing, and sees it of them. What is shown is never stored.

ALTER TABLE members ADD COLUMN shows_presence BIGINT NOT NULL DEFAULT 1;
