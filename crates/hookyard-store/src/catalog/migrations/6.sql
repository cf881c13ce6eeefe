-- Which events go out one after the other: JSON in a form that names its version.
ALTER TABLE connections ADD COLUMN event_order TEXT NOT NULL DEFAULT '"free_v1"';
