-- One row: how many changes there were, and a sealed text that tells whether a key is the right one.
CREATE TABLE catalog (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    version   INTEGER NOT NULL,
    key_check BLOB    NOT NULL
) STRICT;

CREATE TABLE projects (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL UNIQUE,
    created_at_us INTEGER NOT NULL
) STRICT;

-- secrets: a sealed JSON list. settings, methods: a JSON object and list of texts.
CREATE TABLE sources (
    id                  INTEGER PRIMARY KEY,
    project             INTEGER NOT NULL REFERENCES projects (id),
    name                TEXT    NOT NULL,
    token               TEXT    NOT NULL UNIQUE,
    provider            TEXT    NOT NULL,
    secrets             BLOB    NOT NULL,
    settings            TEXT    NOT NULL,
    methods             TEXT    NOT NULL,
    answer_status       INTEGER,
    answer_content_type TEXT,
    answer_body         TEXT,
    managed_by          TEXT    NOT NULL CHECK (managed_by IN ('api', 'file')),
    created_at_us       INTEGER NOT NULL,
    updated_at_us       INTEGER NOT NULL,
    UNIQUE (project, name),
    CHECK ((answer_status IS NULL) = (answer_body IS NULL))
) STRICT;

CREATE TABLE destinations (
    id              INTEGER PRIMARY KEY,
    project         INTEGER NOT NULL REFERENCES projects (id),
    name            TEXT    NOT NULL,
    url             TEXT    NOT NULL,
    append_path     INTEGER NOT NULL CHECK (append_path IN (0, 1)),
    timeout_ms      INTEGER NOT NULL,
    concurrency     INTEGER NOT NULL CHECK (concurrency > 0),
    signing_secrets BLOB    NOT NULL,
    managed_by      TEXT    NOT NULL CHECK (managed_by IN ('api', 'file')),
    created_at_us   INTEGER NOT NULL,
    updated_at_us   INTEGER NOT NULL,
    UNIQUE (project, name)
) STRICT;

-- retry: JSON in a form that names its version.
CREATE TABLE connections (
    id             INTEGER PRIMARY KEY,
    project        INTEGER NOT NULL REFERENCES projects (id),
    name           TEXT    NOT NULL,
    source         INTEGER NOT NULL REFERENCES sources (id),
    destination    INTEGER NOT NULL REFERENCES destinations (id),
    retry          TEXT    NOT NULL,
    disabled_cause TEXT,
    disabled_at_us INTEGER,
    managed_by     TEXT    NOT NULL CHECK (managed_by IN ('api', 'file')),
    created_at_us  INTEGER NOT NULL,
    updated_at_us  INTEGER NOT NULL,
    UNIQUE (project, name),
    CHECK ((disabled_cause IS NULL) = (disabled_at_us IS NULL))
) STRICT;

CREATE INDEX connections_by_source ON connections (source);
CREATE INDEX connections_by_destination ON connections (destination);
