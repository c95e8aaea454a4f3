//! Connections to the file, and its key.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mantlet_crypto::Key;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, raw_sql};
use zeroize::Zeroizing;

/// Bytes of a page: SQLCipher's own default, which every page of the file has.
const PAGE_BYTES: u64 = 4096;

/// How long SQLite itself waits for a lock of the file. Our own writer waits for nobody; only while
/// one server hands over to the next do two processes of the same data folder write in turn.
pub(super) const BUSY: Duration = Duration::from_secs(2);

/// What a connection that writes sets up. `FULL` syncs the log at every commit: what was
/// acknowledged survives the loss of power.
const TO_WRITE: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF;";

/// What a connection that reads sets up.
const TO_READ: &str = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;";

/// Reads the first page, and with it finds out whether the key is the right one.
const FIRST_PAGE: &str = "SELECT count(*) FROM sqlite_schema";

/// The key of a database file. Its salt stands at the beginning of the file as it is, so that the
/// file itself says which key opens it, and a wrong key can be told from damage.
#[derive(Debug, Clone)]
pub(crate) struct FileKey {
    key: Key,
    salt: [u8; 16],
}

impl FileKey {
    /// The file key that a key of the ring stands for.
    pub(crate) fn of(key: &Key) -> Self {
        let salt = key.derive("store-salt", b"");
        let salt = salt.expose().first_chunk().copied().unwrap_or_default();
        Self { key: key.derive("store-file", b""), salt }
    }

    /// What files with this key begin with.
    pub(crate) const fn salt(&self) -> &[u8; 16] {
        &self.salt
    }

    /// The key as SQLCipher takes it raw, without a derivation of its own: `x'…'`, 32 bytes of key
    /// and 16 of salt in hexadecimal digits.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(99));
        text.push_str("x'");
        for byte in self.key.expose().iter().chain(&self.salt) {
            let digits = [byte >> 4, byte & 15];
            text.extend(digits.into_iter().filter_map(|digit| char::from_digit(digit.into(), 16)));
        }
        text.push('\'');
        text
    }
}

/// What the file at `path` begins with; `None` when it is shorter.
pub(crate) fn salt_of(path: &Path) -> io::Result<Option<[u8; 16]>> {
    let mut salt = [0; 16];
    match File::open(path)?.read_exact(&mut salt) {
        Ok(()) => Ok(Some(salt)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// A database file, its key and its bound.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its key.
    pub(crate) key: FileKey,
    /// The most bytes it may grow to.
    pub(crate) max_bytes: u64,
    /// The most bytes that a connection keeps in memory, decrypted.
    pub(crate) cache_bytes: u64,
}

impl Place {
    /// A connection that may write, to a file that exists. The first one of a process must be open
    /// as long as those that read.
    pub(crate) async fn connect_to_write(&self) -> sqlx::Result<SqliteConnection> {
        let mut connection = self.connect(false).await?;
        raw_sql(TO_WRITE).execute(&mut connection).await?;
        let pages = (self.max_bytes / PAGE_BYTES).clamp(1, u32::MAX.into());
        let limit = format!("PRAGMA max_page_count = {pages}");
        raw_sql(AssertSqlSafe(limit)).execute(&mut connection).await?;
        Ok(connection)
    }

    /// A connection that reads, to a file that another one of this process has open for writing.
    pub(crate) async fn connect_to_read(&self) -> sqlx::Result<SqliteConnection> {
        let mut connection = self.connect(true).await?;
        raw_sql(TO_READ).execute(&mut connection).await?;
        Ok(connection)
    }

    /// Sets how much a connection keeps in memory. The writer gains most: nobody else changes the
    /// file, so what it knows stays true, while those that read forget all of it at each commit.
    fn cache(&self) -> String {
        // Negative: kibibytes, not pages.
        let kibibytes = (self.cache_bytes / 1024).clamp(64, i32::MAX.unsigned_abs().into());
        format!("PRAGMA cache_size = -{kibibytes}")
    }

    async fn connect(&self, is_read_only: bool) -> sqlx::Result<SqliteConnection> {
        let options = SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(is_read_only)
            .busy_timeout(BUSY)
            .thread_name(|number| format!("store-{number}"))
            .disable_statement_logging();
        // OpenSSL must not take itself apart when the process ends: a thread of a connection that is
        // closed already may still be giving back what it held of OpenSSL. Only its first use counts.
        openssl_sys::init();
        let mut connection = options.connect().await?;
        // Nothing may read the file before it has the key, and SQLCipher must not write its own log
        // to standard error before that.
        let key = format!("PRAGMA cipher_log_level = NONE; PRAGMA key = \"{}\"", *self.key.text());
        let opened = async {
            raw_sql(AssertSqlSafe(key)).execute(&mut connection).await?;
            raw_sql(AssertSqlSafe(self.cache())).execute(&mut connection).await?;
            raw_sql(FIRST_PAGE).execute(&mut connection).await
        };
        match opened.await {
            Ok(_) => Ok(connection),
            Err(error) => {
                let _ = connection.close().await;
                Err(error)
            }
        }
    }
}
