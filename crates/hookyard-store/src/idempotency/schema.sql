-- Calls that were made with an idempotency key. `fingerprint` and `answer` are sealed, as both hold what was sent and
-- answered; `answer` is null until there is one, and empty where it was too long to be kept.
CREATE TABLE calls (
    id          INTEGER PRIMARY KEY,
    caller      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    begun_at_us INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    fingerprint BLOB    NOT NULL,
    answer      BLOB,
    UNIQUE (caller, key)
) STRICT;

CREATE INDEX calls_by_age ON calls (id, bytes);
