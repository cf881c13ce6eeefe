-- How the destination is told that it is us, besides the signature: sealed JSON in a form that names its version.
ALTER TABLE destinations ADD COLUMN auth BLOB;

-- When each of the signing secrets stops signing, in their order, in microseconds since the Unix epoch: a JSON
-- list of numbers and nulls; those behind its end have no end.
ALTER TABLE destinations ADD COLUMN signing_ends TEXT NOT NULL DEFAULT '[]';
