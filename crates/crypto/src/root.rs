//! The root key: the one secret that everything else hangs on. It comes from outside and is never
//! invented for data that exists.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use mantlet_types::{Rng, Secret};
use zeroize::{Zeroize as _, Zeroizing};

use crate::password::derive_key;
use crate::text::{from_any_base64, from_hex, to_base64};
use crate::{Key, sha256};

/// The most bytes that are read of a key file.
const FILE_LIMIT: u64 = 1024;

/// The fewest characters of a passphrase. It is stretched, but it stands against guessing alone.
const PASSPHRASE_FLOOR: usize = 20;

/// The fewest different bytes in a key. Less than one in a billion random ones has fewer.
const VARIETY_FLOOR: usize = 16;

/// Words that stand in examples and templates, never in a secret.
const PLACEHOLDERS: [&str; 12] = [
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "example",
    "your-secret",
    "your_secret",
    "your-key",
    "your_key",
    "insert",
    "replace",
    "password",
];

/// The root key.
#[derive(Debug, Clone)]
pub struct RootKey(Key);

impl RootKey {
    /// A key written as 64 hexadecimal digits or as base64 of 32 bytes.
    ///
    /// # Errors
    /// [`RootError`] for another size and for what is plainly no random key.
    pub fn parse(text: &Secret<String>) -> Result<Self, RootError> {
        let text = text.expose().trim();
        if is_placeholder(text) {
            return Err(RootError::Placeholder);
        }
        let bytes = if text.len() == 64 { from_hex(text) } else { None };
        let mut bytes = bytes.or_else(|| from_any_base64(text)).ok_or(RootError::NotAKey)?;
        let key = <[u8; 32]>::try_from(bytes.as_slice());
        bytes.zeroize();
        let key = key.map_err(|_| RootError::NotAKey)?;
        if !is_varied(&key) {
            return Err(RootError::Placeholder);
        }
        Ok(Self(Key::from_bytes(key)))
    }

    /// The key in a file, written as for [`RootKey::parse`]. Nobody but its owner may read it.
    ///
    /// # Errors
    /// [`RootError`] when it cannot be read, is open to others or holds no key.
    pub fn read(path: &Path) -> Result<Self, RootError> {
        let file = File::open(path).map_err(RootError::of_file(path))?;
        let metadata = file.metadata().map_err(RootError::of_file(path))?;
        if !metadata.is_file() {
            let error = io::Error::other("not a regular file");
            return Err(RootError::of_file(path)(error));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(RootError::OpenToOthers { path: path.display().to_string() });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_LIMIT).read_to_string(&mut text).map_err(RootError::of_file(path))?;
        Self::parse(&Secret::new(text.to_string()))
    }

    /// Makes a new key and writes it to `path`, which must not exist yet, readable by its owner
    /// alone. It is on disk when this returns.
    ///
    /// # Errors
    /// [`RootError::File`]; nothing is left behind then.
    pub fn create(path: &Path, rng: &dyn Rng) -> Result<Self, RootError> {
        let key = Key::generate(rng);
        let text = Zeroizing::new(format!("{}\n", to_base64(key.expose())));
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let mut file = file.map_err(RootError::of_file(path))?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        if let Err(error) = written {
            let _ = std::fs::remove_file(path);
            return Err(RootError::of_file(path)(error));
        }
        Ok(Self(key))
    }

    /// The key that a passphrase stands for, stretched with Argon2id (64 MiB, 3 passes). `salt` is
    /// kept beside the data; another salt gives another key.
    ///
    /// # Errors
    /// [`RootError`] for short passphrases and placeholders.
    pub fn from_passphrase(
        passphrase: &Secret<String>,
        salt: &[u8; 16],
    ) -> Result<Self, RootError> {
        let text = passphrase.expose();
        if is_placeholder(text) {
            return Err(RootError::Placeholder);
        }
        if text.chars().count() < PASSPHRASE_FLOOR {
            return Err(RootError::ShortPassphrase);
        }
        let key = derive_key(text.as_bytes(), salt).ok_or(RootError::NoMemory)?;
        Ok(Self(Key::from_bytes(key)))
    }

    /// The key for one purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Key {
        self.0.derive(purpose, b"")
    }

    /// A name for the key by which one can tell whether data belongs to it; says nothing of it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = sha256(self.derive("fingerprint").expose());
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn is_placeholder(text: &str) -> bool {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// Whether these bytes can be random: enough different ones, and no counting up or down.
fn is_varied(bytes: &[u8; 32]) -> bool {
    let mut seen = [false; 256];
    for byte in bytes {
        if let Some(seen) = seen.get_mut(usize::from(*byte)) {
            *seen = true;
        }
    }
    let steps = bytes.windows(2).filter(|pair| {
        matches!(pair, [one, two] if one.wrapping_sub(*two) == 1 || two.wrapping_sub(*one) == 1)
    });
    seen.iter().filter(|seen| **seen).count() >= VARIETY_FLOOR && steps.count() < 16
}

/// Why there is no root key.
#[derive(Debug)]
pub enum RootError {
    /// It is neither 64 hexadecimal digits nor base64 of 32 bytes.
    NotAKey,
    /// It is an example, or a pattern that is plainly not random.
    Placeholder,
    /// The passphrase is too short.
    ShortPassphrase,
    /// The file may be read by others.
    OpenToOthers {
        /// The file.
        path: String,
    },
    /// The file cannot be read or written.
    File {
        /// The file.
        path: String,
        /// What went wrong.
        error: io::Error,
    },
    /// There is no memory to stretch a passphrase.
    NoMemory,
}

impl RootError {
    fn of_file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::File { path, error }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotAKey | Self::Placeholder => {
                "make one with `openssl rand -base64 32` and keep a copy in a safe place"
            }
            Self::ShortPassphrase => "use at least 20 characters, such as six random words",
            Self::OpenToOthers { .. } => "let its owner alone read it: `chmod 600`",
            Self::File { .. } => "check that it exists and that this user may read it",
            Self::NoMemory => "64 MiB are needed for a moment",
        }
    }
}

impl fmt::Display for RootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKey => {
                f.write_str("the root key is neither 64 hexadecimal digits nor base64 of 32 bytes")
            }
            Self::Placeholder => {
                f.write_str("the root key is an example or a pattern, not a random key")
            }
            Self::ShortPassphrase => f.write_str("the passphrase is too short"),
            Self::OpenToOthers { path } => {
                write!(f, "the key file `{path}` may be read by others")
            }
            Self::File { path, error } => write!(f, "the key file `{path}`: {error}"),
            Self::NoMemory => f.write_str("no memory to stretch the passphrase"),
        }
    }
}

impl std::error::Error for RootError {}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use mantlet_types::SystemRng;

    use super::*;

    const HEX: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn parse(text: &str) -> Result<RootKey, RootError> {
        RootKey::parse(&Secret::new(text.to_owned()))
    }

    #[test]
    fn every_way_of_writing_a_key_gives_the_same_one() {
        let base64 = to_base64(&from_hex(HEX).unwrap());
        let unpadded = base64.trim_end_matches('=').to_owned();
        let url_safe = unpadded.replace('+', "-").replace('/', "_");
        let padded = format!("  {base64}\n");
        let expected = parse(HEX).unwrap().fingerprint();
        for text in [&HEX.to_uppercase(), &base64, &unpadded, &url_safe, &padded] {
            assert_eq!(parse(text).unwrap().fingerprint(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "a", "not base64 at all!", &format!("{HEX}00"), HEX.trim_end_matches("08")]
        {
            assert!(matches!(parse(text), Err(RootError::NotAKey)), "{text}");
        }
        let counting: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
        for text in [
            "00".repeat(32),
            "deadbeef".repeat(8),
            counting,
            "changemechangemechangemechangemechangemecha".to_owned(),
            to_base64(&[0x41; 32]),
        ] {
            assert!(matches!(parse(&text), Err(RootError::Placeholder)), "{text}");
        }
    }

    #[test]
    fn a_random_key_is_always_accepted() {
        for _ in 0..2000 {
            let text = to_base64(Key::generate(&SystemRng).expose());
            assert!(parse(&text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_new_key_is_kept_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        let key = RootKey::create(&path, &SystemRng).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(RootKey::read(&path).unwrap().fingerprint(), key.fingerprint());
        assert!(matches!(RootKey::create(&path, &SystemRng), Err(RootError::File { .. })));
        assert_eq!(RootKey::read(&path).unwrap().fingerprint(), key.fingerprint());
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        RootKey::create(&path, &SystemRng).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o601] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = RootKey::read(&path).unwrap_err();
            assert!(matches!(error, RootError::OpenToOthers { .. }), "{mode:o} {error}");
        }
        assert!(matches!(RootKey::read(folder.path()), Err(RootError::File { .. })));
        assert!(matches!(RootKey::read(&path.join("x")), Err(RootError::File { .. })));
    }

    #[test]
    fn a_passphrase_gives_one_key_for_each_salt() {
        let from = |text: &str, salt: u8| {
            RootKey::from_passphrase(&Secret::new(text.to_owned()), &[salt; 16])
        };
        let long = "six words are better than one";
        let key = from(long, 1).unwrap().fingerprint();
        assert_eq!(from(long, 1).unwrap().fingerprint(), key);
        assert_ne!(from(long, 2).unwrap().fingerprint(), key);
        assert!(matches!(from("too short", 1), Err(RootError::ShortPassphrase)));
        let error = from("please change-me to something long", 1);
        assert!(matches!(error, Err(RootError::Placeholder)));
    }

    #[test]
    fn no_error_shows_the_secret() {
        for text in ["s3cr3t", "changeme-s3cr3t"] {
            let error = parse(text).unwrap_err();
            assert!(!format!("{error} {error:?} {}", error.hint()).contains("s3cr3t"));
        }
    }
}
