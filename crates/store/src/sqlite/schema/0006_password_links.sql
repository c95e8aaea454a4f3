-- The secret of a link is not kept: its hash finds it.
CREATE TABLE password_link (
    hash    BLOB    PRIMARY KEY,
    user    TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX password_link_by_user ON password_link (user, created);
CREATE INDEX password_link_by_end ON password_link (expires);

-- Where letters to an account go.
CREATE TABLE email (
    user    TEXT PRIMARY KEY,
    address TEXT NOT NULL
) STRICT, WITHOUT ROWID;
