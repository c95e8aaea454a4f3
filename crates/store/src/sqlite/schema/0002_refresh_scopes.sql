-- What access tokens of a sign-in are bounded to; NULL for nothing but what its user may.
ALTER TABLE refresh_family ADD COLUMN scopes TEXT; -- JSON: a list of names
