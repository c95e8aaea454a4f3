-- Times are nanoseconds since 1970, UTC. What has an end (`…_at`, `…_by`, `…_why`) has all three or none.

CREATE TABLE account (
    id                TEXT    NOT NULL UNIQUE,
    name              TEXT    NOT NULL UNIQUE,
    password          TEXT,
    roles             TEXT    NOT NULL, -- JSON: a list of names, in order
    is_active         INTEGER NOT NULL,
    has_second_factor INTEGER NOT NULL,
    created           INTEGER NOT NULL,
    last_signin       INTEGER,
    not_before        INTEGER
) STRICT;

CREATE TABLE api_key (
    number      INTEGER PRIMARY KEY, -- in the order of issue
    id          TEXT    NOT NULL UNIQUE,
    environment TEXT    NOT NULL,
    owner       TEXT    NOT NULL,
    label       TEXT    NOT NULL,
    scopes      TEXT    NOT NULL, -- JSON: a list of names
    networks    TEXT    NOT NULL, -- JSON: a list of networks
    issued_by   TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    last_used   INTEGER,
    revoked_at  INTEGER,
    revoked_by  TEXT,
    revoked_why TEXT
) STRICT;

CREATE INDEX api_key_of_owner ON api_key (owner, number);
CREATE INDEX api_key_in_force ON api_key (owner, expires) WHERE revoked_at IS NULL;

CREATE TABLE api_key_secret (
    api_key TEXT    NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    number  INTEGER NOT NULL,
    key     INTEGER NOT NULL, -- of the key ring
    tag     BLOB    NOT NULL,
    created INTEGER NOT NULL,
    until   INTEGER,
    PRIMARY KEY (api_key, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE totp (
    user         TEXT    NOT NULL PRIMARY KEY,
    key          INTEGER NOT NULL, -- of the key ring
    sealed       BLOB    NOT NULL,
    is_confirmed INTEGER NOT NULL,
    used         INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery (
    user TEXT    NOT NULL PRIMARY KEY,
    key  INTEGER NOT NULL -- of the key ring
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_code (
    user TEXT NOT NULL REFERENCES recovery (user) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    PRIMARY KEY (user, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE refresh_family (
    number      INTEGER PRIMARY KEY, -- in the order of sign-ins
    id          TEXT    NOT NULL UNIQUE,
    user        TEXT    NOT NULL,
    client      TEXT    NOT NULL,
    key         INTEGER NOT NULL, -- of the key ring
    salt        BLOB    NOT NULL,
    created     INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    rotated     INTEGER NOT NULL,
    revoked_at  INTEGER,
    revoked_by  TEXT,
    revoked_why TEXT
) STRICT;

CREATE INDEX refresh_family_of_user ON refresh_family (user, created);
CREATE INDEX refresh_family_live ON refresh_family (user, expires) WHERE revoked_at IS NULL;
CREATE INDEX refresh_family_by_end ON refresh_family (expires);

CREATE TABLE session (
    number            INTEGER PRIMARY KEY,
    hash              BLOB    NOT NULL UNIQUE,
    handle            TEXT    NOT NULL,
    user              TEXT    NOT NULL,
    created           INTEGER NOT NULL,
    renewed           INTEGER NOT NULL,
    last_seen         INTEGER NOT NULL,
    expires           INTEGER NOT NULL,
    has_second_factor INTEGER NOT NULL,
    address           TEXT    NOT NULL,
    agent             TEXT    NOT NULL,
    ended_at          INTEGER,
    ended_by          TEXT,
    ended_why         TEXT
) STRICT;

CREATE INDEX session_running ON session (user, last_seen) WHERE ended_at IS NULL;
CREATE INDEX session_by_end ON session (expires);
CREATE INDEX session_by_use ON session (last_seen);

-- AUTOINCREMENT: a revision is never given again, whatever was removed.
CREATE TABLE revocation (
    revision   INTEGER PRIMARY KEY AUTOINCREMENT,
    mark       BLOB,    -- of one credential; or everything of a user:
    user       TEXT,
    not_before INTEGER,
    until      INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    ended_by   TEXT    NOT NULL,
    ended_why  TEXT    NOT NULL,
    CHECK ((mark IS NULL) = (user IS NOT NULL AND not_before IS NOT NULL))
) STRICT;

CREATE INDEX revocation_by_end ON revocation (until);
