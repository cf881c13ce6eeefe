-- What became of issues, in order, until it is known whom to tell; in the same transaction as the issues' change.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    issue INTEGER NOT NULL,
    news TEXT NOT NULL,
    at_us INTEGER NOT NULL
) STRICT;
-- What an alert has told of an issue, and what it has still to tell: `opening` (`opened` or `reopened`, as of `opening_us`),
-- and behind that `resolution`. `number` counts what was told or given up, `openings` how often the issue opened since it
-- was told, `tries` those that failed since `since_us`. `is_told` says that it was told to be open, last at `told_us`.
CREATE TABLE tellings (
    alert INTEGER NOT NULL,
    issue INTEGER NOT NULL,
    number INTEGER NOT NULL,
    opening TEXT,
    opening_us INTEGER NOT NULL,
    resolution INTEGER NOT NULL,
    openings INTEGER NOT NULL,
    due_us INTEGER NOT NULL,
    since_us INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    told_us INTEGER,
    is_told INTEGER NOT NULL,
    PRIMARY KEY (alert, issue)
) STRICT, WITHOUT ROWID;
CREATE INDEX tellings_due ON tellings (due_us) WHERE opening IS NOT NULL OR resolution = 1;
-- How telling went, by alert.
CREATE TABLE marks (
    alert INTEGER PRIMARY KEY,
    sent_us INTEGER,
    error TEXT,
    error_us INTEGER
) STRICT;
