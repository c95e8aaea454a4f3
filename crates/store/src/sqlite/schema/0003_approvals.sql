-- AUTOINCREMENT: a number is never given again, whatever was removed.
CREATE TABLE approval (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    user          TEXT    NOT NULL,
    resource      TEXT    NOT NULL,
    may_write     INTEGER NOT NULL,
    given_at      INTEGER NOT NULL,
    given_by      TEXT    NOT NULL,
    given_why     TEXT    NOT NULL,
    until         INTEGER NOT NULL,
    withdrawn_at  INTEGER,
    withdrawn_by  TEXT,
    withdrawn_why TEXT,
    CHECK (user <> given_by)
) STRICT;

CREATE INDEX approval_open ON approval (user, number) WHERE withdrawn_at IS NULL;
CREATE INDEX approval_by_end ON approval (until);
