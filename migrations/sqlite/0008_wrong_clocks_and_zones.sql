-- What a wrong clock or a time zone database that lost a name would break. `most`: the most rows one sweep has deleted;
-- `held`: how many sweeps in a row were held back. `zone_offset_s`: seconds east of UTC when the zone was last looked up.

CREATE TABLE sweeps (
    swept TEXT NOT NULL PRIMARY KEY,
    most BIGINT NOT NULL,
    held BIGINT NOT NULL
);

ALTER TABLE pairs ADD COLUMN zone_offset_s BIGINT;

ALTER TABLE persons ADD COLUMN zone_offset_s BIGINT;

-- The member's name when the pair was closed: what a former member is called later is no business of the other's.
ALTER TABLE members ADD COLUMN left_name TEXT;

UPDATE members SET left_name = (SELECT p.name FROM persons p WHERE p.id = members.person_id)
WHERE pair_id IN (SELECT pairs.id FROM pairs WHERE pairs.closed_at IS NOT NULL);
