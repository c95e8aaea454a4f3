//! Second factors in SQLite.

use std::sync::Arc;

use mantlet_crypto::{KeyId, TAG_SIZE};
use mantlet_identity::UserId;
use mantlet_identity::factor::{FactorStore, TotpRecord};
use mantlet_identity::store::Stored;
use sqlx::query;

use super::failed::Failed;
use super::row::Row;
use super::{Database, is_done, statements};

statements! {
    TOTP = "SELECT user, key, sealed, is_confirmed, used FROM totp WHERE user = $1";
    SET_TOTP = "INSERT INTO totp (user, key, sealed, is_confirmed, used) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (user) DO UPDATE SET key = excluded.key, sealed = excluded.sealed,
        is_confirmed = excluded.is_confirmed, used = excluded.used WHERE is_confirmed = 0";
    USE_STEP = "UPDATE totp SET used = $3, is_confirmed = 1
        WHERE user = $1 AND sealed = $2 AND (used IS NULL OR used < $3)";
    REMOVE_TOTP = "DELETE FROM totp WHERE user = $1";
    ADD_RECOVERY = "INSERT INTO recovery (user, key) VALUES ($1, $2)";
    ADD_CODE = "INSERT INTO recovery_code (user, hash) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    RECOVERY = "SELECT key, (SELECT count(*) FROM recovery_code WHERE user = $1) AS left
        FROM recovery WHERE user = $1";
    USE_RECOVERY = "DELETE FROM recovery_code WHERE user = $1 AND hash = $2";
    REMOVE_RECOVERY = "DELETE FROM recovery WHERE user = $1";
}

/// Second factors in SQLite.
#[derive(Debug)]
pub(super) struct SqliteFactors(pub(super) Arc<Database>);

fn read(row: &Row<'_>) -> Result<TotpRecord, Failed> {
    let used = row.maybe_integer("used")?.map(u64::try_from).transpose();
    Ok(TotpRecord {
        key: row.key("key")?,
        sealed: row.bytes("sealed")?.to_vec(),
        is_confirmed: row.flag("is_confirmed")?,
        used: used.map_err(|_| Failed::Unreadable("used"))?,
    })
}

/// A step as it is stored.
fn stored(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}

impl FactorStore for SqliteFactors {
    fn totp<'a>(&'a self, user: &'a UserId) -> Stored<'a, Option<TotpRecord>> {
        Box::pin(self.0.readers.one(query(TOTP).bind(user.as_str()), read))
    }

    fn set_totp<'a>(&'a self, user: &'a UserId, totp: TotpRecord) -> Stored<'a, bool> {
        let user = user.clone();
        self.0.write(async move |db| {
            let insert = query(SET_TOTP)
                .bind(user.as_str())
                .bind(totp.key.0)
                .bind(totp.sealed)
                .bind(totp.is_confirmed)
                .bind(totp.used.map(stored));
            Ok(is_done(&insert.execute(db).await?))
        })
    }

    fn use_step<'a>(&'a self, user: &'a UserId, sealed: &'a [u8], step: u64) -> Stored<'a, bool> {
        let (user, sealed) = (user.clone(), sealed.to_vec());
        self.0.write(async move |db| {
            let update = query(USE_STEP).bind(user.as_str()).bind(sealed).bind(stored(step));
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn set_recovery<'a>(
        &'a self,
        user: &'a UserId,
        key: KeyId,
        hashes: Vec<[u8; TAG_SIZE]>,
    ) -> Stored<'a, ()> {
        let user = user.clone();
        self.0.write(async move |db| {
            query(REMOVE_RECOVERY).bind(user.as_str()).execute(&mut *db).await?;
            query(ADD_RECOVERY).bind(user.as_str()).bind(key.0).execute(&mut *db).await?;
            for hash in hashes {
                query(ADD_CODE).bind(user.as_str()).bind(hash.to_vec()).execute(&mut *db).await?;
            }
            Ok(())
        })
    }

    fn recovery<'a>(&'a self, user: &'a UserId) -> Stored<'a, Option<(KeyId, usize)>> {
        let read = |row: &Row<'_>| Ok((row.key("key")?, row.number("left")?));
        Box::pin(self.0.readers.one(query(RECOVERY).bind(user.as_str()), read))
    }

    fn use_recovery<'a>(&'a self, user: &'a UserId, hash: [u8; TAG_SIZE]) -> Stored<'a, bool> {
        let user = user.clone();
        self.0.write(async move |db| {
            let delete = query(USE_RECOVERY).bind(user.as_str()).bind(hash.to_vec());
            Ok(is_done(&delete.execute(db).await?))
        })
    }

    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, ()> {
        let user = user.clone();
        self.0.write(async move |db| {
            query(REMOVE_TOTP).bind(user.as_str()).execute(&mut *db).await?;
            query(REMOVE_RECOVERY).bind(user.as_str()).execute(&mut *db).await?;
            Ok(())
        })
    }
}
