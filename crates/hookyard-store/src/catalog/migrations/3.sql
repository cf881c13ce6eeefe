-- rules: a JSON list, each rule in a form that names its version.
ALTER TABLE connections ADD COLUMN rules TEXT NOT NULL DEFAULT '[]';
