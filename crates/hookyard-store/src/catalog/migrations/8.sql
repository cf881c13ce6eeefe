-- Which version of HTTP the destination is spoken to in: auto, 1.1 or 2.
ALTER TABLE destinations ADD COLUMN http_version TEXT NOT NULL DEFAULT 'auto';
