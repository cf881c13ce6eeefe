-- Ids are stored as signed integers bit for bit; times are microseconds since the Unix epoch. `verdict` is its number in
-- the journal, as it stood when the bookmark was made; `body_bytes` is how long the body was, of which `body` is what
-- was kept.
CREATE TABLE bookmarks (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    request INTEGER NOT NULL,
    connection INTEGER,
    source INTEGER NOT NULL,
    received_at_us INTEGER NOT NULL,
    remote TEXT NOT NULL,
    verdict INTEGER NOT NULL,
    detail TEXT NOT NULL,
    late INTEGER NOT NULL,
    provider_event_id TEXT,
    topic TEXT,
    provider_time_us INTEGER,
    method TEXT NOT NULL,
    body_bytes INTEGER NOT NULL,
    kept_bytes INTEGER NOT NULL,
    head BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX bookmarks_of_request ON bookmarks (project, request);
