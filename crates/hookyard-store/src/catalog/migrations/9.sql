-- For how long events of a destination are leased that are asked for; null where they are sent. A destination that
-- has one has no URL, no timeout and no authentication: an empty text, 0 and null.
ALTER TABLE destinations ADD COLUMN lease_ms INTEGER;
