-- What a wrong clock or a time zone database that lost a name would break. `most`: the most rows one sweep has deleted;
-- `held`: how many sweeps in a row were held back. `zone_offset_s`: seconds east of UTC when the zone was last looked up.

CREATE TABLE sweeps (
    swept TEXT NOT NULL PRIMARY KEY,
    most BIGINT NOT NULL,
    held BIGINT NOT NULL
);

ALTER TABLE pairs ADD COLUMN zone_offset_s BIGINT;

ALTER TABLE persons ADD COLUMN zone_offset_s BIGINT;
