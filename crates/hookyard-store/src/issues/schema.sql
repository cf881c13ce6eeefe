-- Ids are stored as signed integers bit for bit; times are microseconds since the Unix epoch; `position` is a place in
-- the journal, and stands in the same transaction as the rows that what lies before it made.
CREATE TABLE applied (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    position INTEGER NOT NULL,
    record INTEGER NOT NULL
) STRICT;
-- `subject` is the id of the connection, source or destination that the issue is about.
CREATE TABLE issues (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject INTEGER NOT NULL,
    cause TEXT NOT NULL,
    connection INTEGER,
    source INTEGER,
    destination INTEGER,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    reopened INTEGER NOT NULL,
    first_seen_us INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL,
    sample_request INTEGER,
    acknowledged_at_us INTEGER,
    resolved_at_us INTEGER,
    resolved_by TEXT
) STRICT;
CREATE UNIQUE INDEX issues_key ON issues (kind, subject, cause);
CREATE INDEX issues_unresolved ON issues (kind, subject) WHERE state <> 'resolved';
CREATE INDEX issues_resolved ON issues (resolved_at_us) WHERE state = 'resolved';
-- Rejected requests of a source, counted from the first one on.
CREATE TABLE rejections (
    source INTEGER NOT NULL,
    cause TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (source, cause)
) STRICT, WITHOUT ROWID;
