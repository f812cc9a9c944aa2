-- Imported copies get ids of their own, so that the copies of both members can be imported.

-- The ids in the copy, which the next copy has again; NULL: not imported.
ALTER TABLE pairs ADD COLUMN copied_from TEXT;
ALTER TABLE daily_questions ADD COLUMN copied_from TEXT;

-- Fields of the copy that the importing release did not know, as JSON. The next copy has them again.
ALTER TABLE pairs ADD COLUMN kept_fields TEXT;
ALTER TABLE daily_questions ADD COLUMN kept_fields TEXT;
