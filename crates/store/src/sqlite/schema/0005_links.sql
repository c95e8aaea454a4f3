-- Whom outside providers name, and which accounts of ours they are.
CREATE TABLE link (
    number  INTEGER PRIMARY KEY, -- in the order of linking
    issuer  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    user    TEXT    NOT NULL,
    is_made INTEGER NOT NULL, -- whether the account was made for it
    created INTEGER NOT NULL,
    UNIQUE (issuer, subject)
) STRICT;

CREATE INDEX link_of_user ON link (user, number);
