-- The whole URL that the provider was given, where it is not made of the server's and the token.
ALTER TABLE sources ADD COLUMN public_url TEXT;

-- Secrets that sources had, only to tell a sender that still uses one from a wrong secret. Sealed.
CREATE TABLE retired_secrets (
    id            INTEGER PRIMARY KEY,
    source        INTEGER NOT NULL REFERENCES sources (id),
    secret        BLOB    NOT NULL,
    retired_at_us INTEGER NOT NULL
) STRICT;

CREATE INDEX retired_secrets_by_source ON retired_secrets (source);
