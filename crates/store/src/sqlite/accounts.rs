//! Accounts in SQLite.

use std::sync::Arc;

use mantlet_identity::UserId;
use mantlet_identity::account::{Account, AccountName, Accounts, PasswordHash, Standing};
use mantlet_identity::store::Stored;
use mantlet_types::Timestamp;
use sqlx::query;

use super::failed::Failed;
use super::row::{Row, count, json_list, nanos};
use super::{Database, is_done, statements};

/// What is read of a row, by name: whoever takes over from this process may add a column meanwhile.
macro_rules! columns {
    () => {
        "id, name, password, roles, is_active, has_second_factor, created, last_signin,
        not_before"
    };
}

statements! {
    ADD = "INSERT INTO account (id, name, password, roles, is_active, has_second_factor, created,
        last_signin, not_before) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    LOOKUP = concat!("SELECT ", columns!(), " FROM account WHERE id = $1");
    FIND = concat!("SELECT ", columns!(), " FROM account WHERE name = $1");
    LIST = concat!("SELECT ", columns!(),
        " FROM account WHERE name > $1 ORDER BY name LIMIT $2");
    SET_PASSWORD = "UPDATE account SET password = $2, not_before = max(coalesce(not_before, $3), $3)
        WHERE id = $1";
    KEEP_PASSWORD = "UPDATE account SET password = $2 WHERE id = $1 AND password = $3";
    OPEN = "UPDATE account SET is_active = 1 WHERE id = $1";
    CLOSE = "UPDATE account SET is_active = 0, not_before = max(coalesce(not_before, $2), $2)
        WHERE id = $1";
    SET_ROLES = "UPDATE account SET roles = $2 WHERE id = $1";
    RETIRE = "UPDATE account SET is_active = 0, password = NULL, roles = '[]',
        not_before = max(coalesce(not_before, $2), $2) WHERE id = $1";
    END_ALL = "UPDATE account SET not_before = max(coalesce(not_before, $2), $2) WHERE id = $1";
    NOTE_SIGNIN = "UPDATE account SET last_signin = $2 WHERE id = $1 AND is_active = 1";
}

/// Accounts in SQLite.
#[derive(Debug)]
pub(super) struct SqliteAccounts(pub(super) Arc<Database>);

fn read(row: &Row<'_>) -> Result<Account, Failed> {
    Ok(Account {
        id: row.user("id")?,
        name: row.parsed("name", |text| AccountName::parse(text).ok())?,
        password: row.maybe_text("password")?.map(|text| PasswordHash::new(text.to_owned())),
        roles: row.list("roles")?,
        is_active: row.flag("is_active")?,
        has_second_factor: row.flag("has_second_factor")?,
        created: row.time("created")?,
        last_signin: row.maybe_time("last_signin")?,
        not_before: row.maybe_time("not_before")?,
    })
}

impl Accounts for SqliteAccounts {
    fn add(&self, account: Account) -> Stored<'_, ()> {
        self.0.write(async move |db| {
            let insert = query(ADD)
                .bind(account.id.as_str())
                .bind(account.name.as_str())
                .bind(account.password.as_ref().map(PasswordHash::expose))
                .bind(json_list(account.roles.iter().map(String::as_str)))
                .bind(account.is_active)
                .bind(account.has_second_factor)
                .bind(nanos(account.created))
                .bind(account.last_signin.map(nanos))
                .bind(account.not_before.map(nanos));
            insert.execute(db).await?;
            Ok(())
        })
    }

    fn lookup<'a>(&'a self, id: &'a UserId) -> Stored<'a, Option<Account>> {
        Box::pin(self.0.readers.one(query(LOOKUP).bind(id.as_str()), read))
    }

    fn find<'a>(&'a self, name: &'a AccountName) -> Stored<'a, Option<Account>> {
        Box::pin(self.0.readers.one(query(FIND).bind(name.as_str()), read))
    }

    fn list<'a>(&'a self, after: Option<&'a AccountName>, most: usize) -> Stored<'a, Vec<Account>> {
        // No name is empty: all of them come after the empty text.
        let after = after.map_or("", AccountName::as_str);
        Box::pin(self.0.readers.many(query(LIST).bind(after).bind(count(most)), read))
    }

    fn standing<'a>(&'a self, id: &'a UserId) -> Stored<'a, Option<Standing>> {
        let standing = |row: &Row<'_>| read(row).map(|account| account.standing());
        Box::pin(self.0.readers.one(query(LOOKUP).bind(id.as_str()), standing))
    }

    fn set_password<'a>(
        &'a self,
        id: &'a UserId,
        hash: PasswordHash,
        at: Timestamp,
        keep: Option<&'a PasswordHash>,
    ) -> Stored<'a, bool> {
        let (id, keep) = (id.clone(), keep.cloned());
        self.0.write(async move |db| {
            let update = match keep {
                Some(keep) => {
                    query(KEEP_PASSWORD).bind(id.as_str()).bind(hash.expose()).bind(keep.expose())
                }
                None => query(SET_PASSWORD).bind(id.as_str()).bind(hash.expose()).bind(nanos(at)),
            };
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn set_active<'a>(
        &'a self,
        id: &'a UserId,
        is_active: bool,
        at: Timestamp,
    ) -> Stored<'a, bool> {
        let id = id.clone();
        self.0.write(async move |db| {
            let update = match is_active {
                true => query(OPEN).bind(id.as_str()),
                false => query(CLOSE).bind(id.as_str()).bind(nanos(at)),
            };
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn set_roles<'a>(&'a self, id: &'a UserId, roles: Vec<String>) -> Stored<'a, bool> {
        let (id, roles) = (id.clone(), json_list(roles.iter().map(String::as_str)));
        self.0.write(async move |db| {
            let update = query(SET_ROLES).bind(id.as_str()).bind(roles);
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn retire<'a>(&'a self, id: &'a UserId, at: Timestamp) -> Stored<'a, bool> {
        let id = id.clone();
        self.0.write(async move |db| {
            let update = query(RETIRE).bind(id.as_str()).bind(nanos(at));
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn end_all<'a>(&'a self, id: &'a UserId, at: Timestamp) -> Stored<'a, bool> {
        let id = id.clone();
        self.0.write(async move |db| {
            let update = query(END_ALL).bind(id.as_str()).bind(nanos(at));
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn note_signin<'a>(&'a self, id: &'a UserId, at: Timestamp) -> Stored<'a, bool> {
        let id = id.clone();
        self.0.write(async move |db| {
            let update = query(NOTE_SIGNIN).bind(id.as_str()).bind(nanos(at));
            Ok(is_done(&update.execute(db).await?))
        })
    }
}
