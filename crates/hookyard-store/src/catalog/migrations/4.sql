-- pacing: JSON in a form that names its version; null for the defaults.
ALTER TABLE destinations ADD COLUMN pacing TEXT;
-- Since when nothing is delivered to it, because a person said so.
ALTER TABLE destinations ADD COLUMN paused_at_us INTEGER;
-- Since when every attempt has failed, as far as was noted; null where one was delivered since.
ALTER TABLE destinations ADD COLUMN failing_since_us INTEGER;
