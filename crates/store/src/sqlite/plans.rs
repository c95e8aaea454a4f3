//! How SQLite finds rows: never by a walk over a table.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, raw_sql};

use super::{
    accounts, api_keys, approvals, factors, links, migrations, passkeys, password_links, refresh,
    revocations, sessions,
};

async fn plan(connection: &mut SqliteConnection, statement: &str) -> Vec<String> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows = raw_sql(explain).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

/// A walk over rows that no index narrows down. What an inner query gave may be walked over: it is
/// bounded by its own `LIMIT`.
fn is_walk(step: &str) -> bool {
    step.starts_with("SCAN") && !step.starts_with("SCAN (subquery") && step != "SCAN CONSTANT ROW"
}

#[tokio::test]
async fn no_statement_walks_over_a_table_or_reads_columns_that_it_does_not_name() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let now = mantlet_types::Timestamp::UNIX_EPOCH;
    migrations::apply(&mut connection, migrations::ALL, now).await.unwrap();
    let files = [
        accounts::STATEMENTS,
        api_keys::STATEMENTS,
        approvals::STATEMENTS,
        factors::STATEMENTS,
        links::STATEMENTS,
        passkeys::STATEMENTS,
        password_links::STATEMENTS,
        refresh::STATEMENTS,
        revocations::STATEMENTS,
        sessions::STATEMENTS,
    ];
    for statement in files.concat() {
        // A column that is added meanwhile would be one more than the row was prepared for.
        assert!(!statement.replace("count(*)", "").contains('*'), "{statement}");
        let plan = plan(&mut connection, statement).await;
        assert!(!plan.iter().any(|step| is_walk(step)), "{statement}\n{plan:#?}");
        let sorts = plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
        assert!(!sorts, "sorts: {statement}\n{plan:#?}");
    }
    // The test can fail.
    for statement in ["SELECT * FROM session WHERE agent = $1", "SELECT * FROM account"] {
        assert!(plan(&mut connection, statement).await.iter().any(|step| is_walk(step)));
    }
}
