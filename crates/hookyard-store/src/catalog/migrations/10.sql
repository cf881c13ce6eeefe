-- Keys that callers of the API show. `digest` and `previous_digest` are SHA-256 of their texts, which are not kept.
CREATE TABLE api_keys (
    id                INTEGER PRIMARY KEY,
    project           INTEGER NOT NULL REFERENCES projects (id),
    name              TEXT    NOT NULL,
    scope             TEXT    NOT NULL,
    hint              TEXT    NOT NULL,
    digest            BLOB    NOT NULL CHECK (length(digest) = 32),
    previous_digest   BLOB             CHECK (length(previous_digest) = 32),
    previous_until_us INTEGER,
    expires_at_us     INTEGER,
    last_used_at_us   INTEGER,
    created_at_us     INTEGER NOT NULL,
    updated_at_us     INTEGER NOT NULL,
    UNIQUE (project, name),
    CHECK ((previous_digest IS NULL) = (previous_until_us IS NULL))
) STRICT;

-- Who did what, oldest first; the oldest are dropped. `number` has no gaps, so that their count is known without
-- counting. `changes`: a JSON list of objects with `field`, `from` and `to`.
CREATE TABLE audit_entries (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            INTEGER NOT NULL UNIQUE,
    at_us         INTEGER NOT NULL,
    actor_type    TEXT    NOT NULL,
    actor_id      INTEGER,
    actor_name    TEXT,
    remote        TEXT,
    action        TEXT    NOT NULL,
    resource_type TEXT    NOT NULL,
    resource_id   TEXT,
    changes       TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_entries_by_resource ON audit_entries (resource_type, resource_id, id);
