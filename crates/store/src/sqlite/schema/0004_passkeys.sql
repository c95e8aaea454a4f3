CREATE TABLE passkey (
    number    INTEGER PRIMARY KEY, -- in the order of registration
    id        BLOB    NOT NULL UNIQUE,
    user      TEXT    NOT NULL,
    handle    BLOB    NOT NULL, -- the user, as authenticators know them
    host      TEXT    NOT NULL,
    label     TEXT    NOT NULL,
    key       BLOB    NOT NULL, -- COSE
    counter   INTEGER NOT NULL,
    is_shared INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    last_used INTEGER
) STRICT;

CREATE INDEX passkey_of_user ON passkey (user, number);

-- How somebody signed in; before this there was the password, and what came beside it.
ALTER TABLE session ADD COLUMN methods TEXT NOT NULL DEFAULT '["pwd"]'; -- JSON: a list of names
