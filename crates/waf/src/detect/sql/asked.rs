//! What only a database is asked: who it is, where it runs, whom it serves.

use super::continuation::Judgement;
use super::token::{Kind, Lexer, Token};
use crate::detect::bytes::is_any;

/// Calls without an argument that tell about the server.
const CALLS: &[&str] = &[
    "database",
    "db_name",
    "schema_name",
    "current_database",
    "current_schema",
    "current_user",
    "session_user",
    "system_user",
    "suser_name",
    "suser_sname",
    "connection_id",
    "host_name",
    "sqlite_version",
    "sqlite_source_id",
    "inet_server_addr",
    "pg_backend_pid",
    "last_insert_rowid",
    "row_count",
];

/// Variables of the server.
const VARIABLES: &[&str] = &[
    "@@version",
    "@@version_comment",
    "@@version_compile_os",
    "@@hostname",
    "@@datadir",
    "@@basedir",
    "@@tmpdir",
    "@@servername",
    "@@servicename",
    "@@language",
    "@@spid",
    "@@global",
    "@@session",
    "@@secure_file_priv",
    "@@identity",
    "@@rowcount",
];

const REASON: &str = "the database is asked about itself";

/// `current_user()`, `cast(@@version as varchar(9))`: a call that is the whole value.
pub(super) fn call(lexer: &Lexer<'_>, name: Token) -> Judgement {
    let mut inside = *lexer;
    inside.next();
    if is_any(lexer.text(name), CALLS) && inside.next().kind == Kind::Close {
        let ends = matches!(inside.peek().kind, Kind::End | Kind::Semicolon | Kind::Comment);
        return ends.then_some((62, inside.place(), REASON));
    }
    asks_variable(*lexer).then_some((64, lexer.place(), REASON))
}

/// `@@version` alone.
pub(super) fn variable(lexer: &Lexer<'_>, name: Token) -> Judgement {
    let known = is_any(lexer.text(name), VARIABLES);
    let ends = matches!(lexer.peek().kind, Kind::End | Kind::Semicolon | Kind::Comment);
    (known && ends).then_some((62, name.end, REASON))
}

/// Whether one of the first arguments is a variable of the server.
fn asks_variable(mut lexer: Lexer<'_>) -> bool {
    (0..6).any(|_| {
        let token = lexer.next();
        token.kind == Kind::Variable && is_any(lexer.text(token), VARIABLES)
    })
}
