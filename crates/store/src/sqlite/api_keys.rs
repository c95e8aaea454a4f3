//! API keys in SQLite.

use std::sync::Arc;

use ipnet::IpNet;
use mantlet_identity::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, Scopes, SecretVersion};
use mantlet_identity::store::Stored;
use mantlet_identity::{Trace, UserId};
use mantlet_types::Timestamp;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{query, query_scalar};

use super::failed::Failed;
use super::row::{Row, count, json_list, nanos};
use super::{Database, full, is_done, statements};

/// What is read of a row, by name: whoever takes over from this process may add a column meanwhile.
macro_rules! columns {
    () => {
        "k.id, k.environment, k.owner, k.label, k.scopes, k.networks, k.issued_by, k.created,
        k.expires, k.revision, k.last_used, k.revoked_at, k.revoked_by, k.revoked_why,
        s.number AS secret_number, s.key AS secret_key, s.tag AS secret_tag,
        s.created AS secret_created, s.until AS secret_until
        FROM api_key k LEFT JOIN api_key_secret s ON s.api_key = k.id"
    };
}

statements! {
    COUNT = "SELECT count(*) FROM api_key WHERE owner = $1 AND expires > $2 AND revoked_at IS NULL";
    ADD = "INSERT INTO api_key (id, environment, owner, label, scopes, networks, issued_by, created,
        expires, revision, last_used, revoked_at, revoked_by, revoked_why)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    ADD_SECRET = "INSERT INTO api_key_secret (api_key, number, key, tag, created, until)
        VALUES ($1, $2, $3, $4, $5, $6)";
    REMOVE_SECRETS = "DELETE FROM api_key_secret WHERE api_key = $1";
    LOOKUP = concat!("SELECT ", columns!(), " WHERE k.id = $1 ORDER BY s.number");
    LIST = concat!("SELECT ", columns!(), " WHERE k.owner = $1 ORDER BY k.number, s.number");
    NEXT_REVISION = "UPDATE api_key SET revision = $3
        WHERE id = $1 AND revision = $2 AND revoked_at IS NULL";
    REVOKE = "UPDATE api_key SET revoked_at = $2, revoked_by = $3, revoked_why = $4
        WHERE id = $1 AND revoked_at IS NULL";
    TOUCH = "UPDATE api_key SET last_used = $2
        WHERE id = $1 AND revoked_at IS NULL AND (last_used IS NULL OR last_used < $2)";
}

/// API keys in SQLite.
#[derive(Debug)]
pub(super) struct SqliteApiKeys(pub(super) Arc<Database>);

/// Keys out of rows that hold one secret each.
fn read_all(rows: &[SqliteRow]) -> Result<Vec<Arc<ApiKeyRecord>>, Failed> {
    let mut keys: Vec<ApiKeyRecord> = Vec::new();
    for row in rows {
        let row = Row(row);
        let id = row.parsed("id", ApiKeyId::parse)?;
        if keys.last().is_none_or(|key| key.id != id) {
            keys.push(read(id, &row)?);
        }
        if let (Some(key), Some(_)) = (keys.last_mut(), row.maybe_integer("secret_number")?) {
            key.versions.push(read_secret(&row)?);
        }
    }
    Ok(keys.into_iter().map(Arc::new).collect())
}

/// The key of a row, without its secrets.
fn read(id: ApiKeyId, row: &Row<'_>) -> Result<ApiKeyRecord, Failed> {
    let scopes = row.list("scopes")?;
    let scopes = Scopes::new(scopes.iter().map(String::as_str));
    let networks = row.list("networks")?;
    let networks = networks.iter().map(|text| text.parse::<IpNet>());
    Ok(ApiKeyRecord {
        id,
        environment: row.text("environment")?.to_owned(),
        owner: row.user("owner")?,
        label: row.text("label")?.to_owned(),
        scopes: scopes.map_err(|_| Failed::Unreadable("scopes"))?,
        networks: networks.collect::<Result<_, _>>().map_err(|_| Failed::Unreadable("networks"))?,
        issued_by: row.user("issued_by")?,
        created: row.time("created")?,
        expires: row.time("expires")?,
        versions: Vec::new(),
        revision: row.number("revision")?,
        last_used: row.maybe_time("last_used")?,
        revoked: row.trace(["revoked_at", "revoked_by", "revoked_why"])?,
    })
}

fn read_secret(row: &Row<'_>) -> Result<SecretVersion, Failed> {
    Ok(SecretVersion {
        number: row.number("secret_number")?,
        key: row.key("secret_key")?,
        tag: row.array("secret_tag")?,
        created: row.time("secret_created")?,
        until: row.maybe_time("secret_until")?,
    })
}

async fn add(db: &mut SqliteConnection, record: &ApiKeyRecord) -> Result<(), Failed> {
    let trace = record.revoked.as_ref();
    let networks: Vec<String> = record.networks.iter().map(ToString::to_string).collect();
    let insert = query(ADD)
        .bind(record.id.as_str())
        .bind(&record.environment)
        .bind(record.owner.as_str())
        .bind(&record.label)
        .bind(json_list(record.scopes.iter()))
        .bind(json_list(networks.iter().map(String::as_str)))
        .bind(record.issued_by.as_str())
        .bind(nanos(record.created))
        .bind(nanos(record.expires))
        .bind(record.revision)
        .bind(record.last_used.map(nanos))
        .bind(trace.map(|trace| nanos(trace.at)))
        .bind(trace.map(|trace| trace.by.as_str()))
        .bind(trace.map(|trace| trace.why.as_str()));
    insert.execute(&mut *db).await?;
    add_secrets(db, record.id, &record.versions).await
}

async fn add_secrets(
    db: &mut SqliteConnection,
    id: ApiKeyId,
    versions: &[SecretVersion],
) -> Result<(), Failed> {
    for version in versions {
        let insert = query(ADD_SECRET)
            .bind(id.as_str())
            .bind(version.number)
            .bind(version.key.0)
            .bind(version.tag.to_vec())
            .bind(nanos(version.created))
            .bind(version.until.map(nanos));
        insert.execute(&mut *db).await?;
    }
    Ok(())
}

impl ApiKeyStore for SqliteApiKeys {
    fn add(&self, record: ApiKeyRecord, most: usize) -> Stored<'_, ()> {
        self.0.write(async move |db| {
            let in_force =
                query_scalar(COUNT).bind(record.owner.as_str()).bind(nanos(record.created));
            let in_force: i64 = in_force.fetch_one(&mut *db).await?;
            // An id that is taken is told first, whatever the limit says.
            add(&mut *db, &record).await?;
            if in_force < count(most) { Ok(()) } else { Err(full(most)) }
        })
    }

    fn lookup(&self, id: ApiKeyId) -> Stored<'_, Option<Arc<ApiKeyRecord>>> {
        Box::pin(async move {
            let rows = self.0.readers.all(query(LOOKUP).bind(id.as_str())).await?;
            Ok(read_all(&rows)?.pop())
        })
    }

    fn list<'a>(&'a self, owner: &'a UserId) -> Stored<'a, Vec<Arc<ApiKeyRecord>>> {
        Box::pin(async move {
            let rows = self.0.readers.all(query(LIST).bind(owner.as_str())).await?;
            Ok(read_all(&rows)?)
        })
    }

    fn replace_versions(
        &self,
        id: ApiKeyId,
        expected: u32,
        versions: Vec<SecretVersion>,
    ) -> Stored<'_, bool> {
        self.0.write(async move |db| {
            let update = query(NEXT_REVISION)
                .bind(id.as_str())
                .bind(expected)
                .bind(expected.wrapping_add(1));
            let is_next = is_done(&update.execute(&mut *db).await?);
            if is_next {
                query(REMOVE_SECRETS).bind(id.as_str()).execute(&mut *db).await?;
                add_secrets(&mut *db, id, &versions).await?;
            }
            Ok(is_next)
        })
    }

    fn revoke(&self, id: ApiKeyId, trace: Trace) -> Stored<'_, bool> {
        self.0.write(async move |db| {
            let update = query(REVOKE)
                .bind(id.as_str())
                .bind(nanos(trace.at))
                .bind(trace.by.as_str())
                .bind(&trace.why);
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn touch(&self, id: ApiKeyId, at: Timestamp) -> Stored<'_, ()> {
        self.0.write(async move |db| {
            query(TOUCH).bind(id.as_str()).bind(nanos(at)).execute(db).await?;
            Ok(())
        })
    }
}
