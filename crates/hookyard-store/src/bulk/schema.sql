-- Ids are stored as signed integers bit for bit; times are microseconds since the Unix epoch. `filter`, `progress`
-- and `batch` are JSON whose form the version of the schema names. Everything newer than (`before_request`,
-- `before_connection`) has been looked at; to the events of `batch` something is done, or was about to be.
CREATE TABLE bulk_operations (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    action TEXT NOT NULL,
    filter TEXT NOT NULL,
    include_successful INTEGER NOT NULL,
    up_to INTEGER NOT NULL,
    rate_per_s INTEGER NOT NULL,
    state TEXT NOT NULL,
    matched INTEGER NOT NULL,
    to_do INTEGER NOT NULL,
    is_exact INTEGER NOT NULL,
    progress TEXT NOT NULL,
    started_at_us INTEGER NOT NULL,
    ended_at_us INTEGER,
    before_request INTEGER NOT NULL,
    before_connection INTEGER NOT NULL,
    batch TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX bulk_operations_running ON bulk_operations (project) WHERE state = 'running';
