//! Columns as the types they came from. What cannot be read back is an error, never a default.

use std::time::Duration;

use mantlet_crypto::KeyId;
use mantlet_identity::{Trace, UserId};
use mantlet_types::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::failed::Failed;

/// A moment as it is stored: nanoseconds since 1970. What lies beyond the year 2262 (or before 1677)
/// is the end (or the beginning) of time, so that the order of moments stays.
pub(super) fn nanos(at: Timestamp) -> i64 {
    let bound = if at > Timestamp::UNIX_EPOCH { i64::MAX } else { i64::MIN };
    i64::try_from(at.as_nanosecond()).unwrap_or(bound)
}

/// The moment `ago` before `at`, as it is stored.
pub(super) fn nanos_before(at: Timestamp, ago: Duration) -> i64 {
    nanos(at.checked_sub(ago).unwrap_or(Timestamp::MIN))
}

fn moment(nanos: i64) -> Option<Timestamp> {
    match nanos {
        i64::MAX => Some(Timestamp::MAX),
        i64::MIN => Some(Timestamp::MIN),
        nanos => Timestamp::from_nanosecond(nanos.into()).ok(),
    }
}

/// A count for SQL; more than fits is the most there can be.
pub(super) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// One row of an answer.
#[derive(Debug)]
pub(super) struct Row<'r>(pub(super) &'r SqliteRow);

impl<'r> Row<'r> {
    pub(super) fn text(&self, column: &'static str) -> Result<&'r str, Failed> {
        Ok(self.0.try_get(column)?)
    }

    pub(super) fn maybe_text(&self, column: &'static str) -> Result<Option<&'r str>, Failed> {
        Ok(self.0.try_get(column)?)
    }

    /// Text in the form that `read` accepts.
    pub(super) fn parsed<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&'r str) -> Option<T>,
    ) -> Result<T, Failed> {
        read(self.text(column)?).ok_or(Failed::Unreadable(column))
    }

    pub(super) fn user(&self, column: &'static str) -> Result<UserId, Failed> {
        self.parsed(column, |text| UserId::parse(text).ok())
    }

    pub(super) fn integer(&self, column: &'static str) -> Result<i64, Failed> {
        Ok(self.0.try_get(column)?)
    }

    pub(super) fn maybe_integer(&self, column: &'static str) -> Result<Option<i64>, Failed> {
        Ok(self.0.try_get(column)?)
    }

    /// A whole number in the range of its type.
    pub(super) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, Failed> {
        T::try_from(self.integer(column)?).map_err(|_| Failed::Unreadable(column))
    }

    pub(super) fn flag(&self, column: &'static str) -> Result<bool, Failed> {
        Ok(self.integer(column)? != 0)
    }

    pub(super) fn key(&self, column: &'static str) -> Result<KeyId, Failed> {
        self.number(column).map(KeyId)
    }

    pub(super) fn bytes(&self, column: &'static str) -> Result<&'r [u8], Failed> {
        Ok(self.0.try_get(column)?)
    }

    /// Bytes of a known number.
    pub(super) fn array<const N: usize>(&self, column: &'static str) -> Result<[u8; N], Failed> {
        self.bytes(column)?.try_into().map_err(|_| Failed::Unreadable(column))
    }

    pub(super) fn time(&self, column: &'static str) -> Result<Timestamp, Failed> {
        moment(self.integer(column)?).ok_or(Failed::Unreadable(column))
    }

    pub(super) fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>, Failed> {
        let nanos = self.maybe_integer(column)?;
        nanos.map(|nanos| moment(nanos).ok_or(Failed::Unreadable(column))).transpose()
    }

    /// The end of a record, from its three columns; `None` while it has none.
    pub(super) fn trace(&self, [at, by, why]: [&'static str; 3]) -> Result<Option<Trace>, Failed> {
        let Some(at) = self.maybe_time(at)? else { return Ok(None) };
        Ok(Some(Trace { at, by: self.user(by)?, why: self.text(why)?.to_owned() }))
    }

    /// A list of texts, which is stored as JSON.
    pub(super) fn list(&self, column: &'static str) -> Result<Vec<String>, Failed> {
        self.parsed(column, |text| serde_json::from_str(text).ok())
    }

    /// The same, where there is one.
    pub(super) fn maybe_list(&self, column: &'static str) -> Result<Option<Vec<String>>, Failed> {
        self.maybe_text(column)?.map(|_| self.list(column)).transpose()
    }
}

/// A list of texts as it is stored.
pub(super) fn json_list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    serde_json::Value::from_iter(texts).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn samo_d01_a_column_is_read_as_its_type_or_not_at_all() {
        use sqlx::Connection as _;

        let mut connection =
            sqlx::sqlite::SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let statement = "SELECT $1 AS roles, 'x y' AS name, -1 AS version, x'00' AS hash";
        for (stored, is_list) in [
            (r#"["user","admin"]"#, true),
            ("__import__('os').system('id')", false),
            ("{'roles': ['admin']}", false),
            (r#"{"roles": ["admin"]}"#, false),
            (r#"["user", {"py/object": "os.system"}]"#, false),
            ("cos\nsystem\n(S'id'\ntR.", false),
        ] {
            let row = sqlx::query(statement).bind(stored).fetch_one(&mut connection).await.unwrap();
            let row = Row(&row);
            assert_eq!(row.list("roles").is_ok(), is_list, "{stored}");
            assert!(matches!(row.user("name"), Err(Failed::Unreadable("name"))));
            assert!(matches!(row.number::<u32>("version"), Err(Failed::Unreadable("version"))));
            assert!(matches!(row.array::<32>("hash"), Err(Failed::Unreadable("hash"))));
        }
    }

    #[test]
    fn moments_come_back_to_the_nanosecond_and_keep_their_order() {
        let exact = |text: &str| text.parse::<Timestamp>().unwrap();
        for at in [
            Timestamp::UNIX_EPOCH,
            exact("2026-11-22T12:00:00.123456789Z"),
            exact("1969-12-31T23:59:59.999999999Z"),
            exact("2262-04-11T23:47:16Z"),
            Timestamp::MAX,
            Timestamp::MIN,
        ] {
            assert_eq!(moment(nanos(at)), Some(at));
        }
        let beyond = nanos(exact("2300-01-01T00:00:00Z"));
        assert!(beyond > nanos(exact("2262-04-11T23:47:16Z")));
        assert_eq!(moment(beyond), Some(Timestamp::MAX), "later than written, never earlier");
        assert_eq!(nanos_before(Timestamp::MIN, Duration::MAX), i64::MIN);
    }
}
