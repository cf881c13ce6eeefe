-- Who is told of issues. `kinds` is a JSON list of the kinds' names, `connections` one of ids, empty for all; `channel` is
-- sealed JSON in a form that names its version.
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    kinds TEXT NOT NULL,
    connections TEXT NOT NULL,
    resolutions INTEGER NOT NULL,
    interval_ms INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    channel BLOB NOT NULL,
    managed_by TEXT NOT NULL,
    created_at_us INTEGER NOT NULL,
    updated_at_us INTEGER NOT NULL,
    UNIQUE (project, name)
) STRICT;
