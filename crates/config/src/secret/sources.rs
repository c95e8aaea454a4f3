//! Getting a secret from where it is.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;

use mantlet_types::Secret;

use super::SecretRef;
use super::placeholder::is_placeholder;
use crate::Environment;

/// The largest file that is read as a secret, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// The permissions by which others than the owner could read a file.
const OTHERS: u32 = 0o077;

/// A place where secrets are kept, for one scheme of references.
pub trait SecretSource: fmt::Debug + Send + Sync {
    /// The scheme of its references: `vault` for `vault:path`.
    fn scheme(&self) -> &'static str;

    /// The secret called `name`.
    ///
    /// # Errors
    /// [`SecretError`] when there is none or it cannot be read; it never contains the secret.
    fn fetch(&self, name: &str) -> Result<Secret<String>, SecretError>;
}

/// Why a secret cannot be used. It names the secret and never contains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl SecretError {
    /// An error; neither text may contain the secret.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  hint: {}", self.message, self.hint)
    }
}

impl std::error::Error for SecretError {}

/// All places where secrets are kept.
#[derive(Debug)]
pub struct Sources(Vec<Box<dyn SecretSource>>);

impl Sources {
    /// The built-in ones: variables of this environment, and files.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        Self(vec![Box::new(FromEnvironment(environment.clone())), Box::new(FromFile)])
    }

    /// Adds a source; it replaces one with the same scheme.
    #[must_use]
    pub fn with(mut self, source: Box<dyn SecretSource>) -> Self {
        self.0.retain(|known| known.scheme() != source.scheme());
        self.0.push(source);
        self
    }

    /// The secret that `reference` names, of at least `min_len` bytes.
    ///
    /// # Errors
    /// [`SecretError`] when it cannot be read, is too short, or is a placeholder.
    pub fn resolve(
        &self,
        reference: &SecretRef,
        min_len: usize,
    ) -> Result<Secret<String>, SecretError> {
        let source = self.0.iter().find(|source| source.scheme() == reference.scheme());
        let source = source.ok_or_else(|| {
            let known: Vec<_> = self.0.iter().map(|source| source.scheme()).collect();
            let hint = format!("configure it, or use one of: {}", known.join(", "));
            SecretError::new(format!("no source for `{reference}`"), hint)
        })?;
        let secret = source.fetch(reference.name())?;
        let text = secret.expose();
        let hint = "generate one, for example with `openssl rand -base64 32`";
        if is_placeholder(text) {
            return Err(SecretError::new(format!("`{reference}` holds a placeholder"), hint));
        }
        if text.len() < min_len {
            let message = format!("`{reference}` is shorter than {min_len} characters");
            return Err(SecretError::new(message, hint));
        }
        Ok(secret)
    }
}

/// `env:NAME`: the variable, else the file that `NAME_FILE` names.
#[derive(Debug)]
struct FromEnvironment(Environment);

impl SecretSource for FromEnvironment {
    fn scheme(&self) -> &'static str {
        "env"
    }

    fn fetch(&self, name: &str) -> Result<Secret<String>, SecretError> {
        if let Some(value) = self.0.lookup(name) {
            return Ok(Secret::new(value.to_owned()));
        }
        let Some(path) = self.0.lookup(&format!("{name}_FILE")) else {
            let hint = format!("set it, or set `{name}_FILE` to the path of a file that holds it");
            return Err(SecretError::new(format!("the variable `{name}` is not set"), hint));
        };
        FromFile.fetch(path)
    }
}

/// `file:/path`: the content without one newline at its end.
#[derive(Debug)]
struct FromFile;

impl SecretSource for FromFile {
    fn scheme(&self) -> &'static str {
        "file"
    }

    fn fetch(&self, path: &str) -> Result<Secret<String>, SecretError> {
        let bytes = read_private(path)?;
        let mut text = String::from_utf8(bytes).map_err(|error| {
            drop(Secret::new(error.into_bytes()));
            SecretError::new(format!("`{path}` is not text"), "save it as UTF-8")
        })?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(Secret::new(text))
    }
}

/// Reads a file that only its owner can read.
fn read_private(path: &str) -> Result<Vec<u8>, SecretError> {
    let unreadable = |why: io::Error| {
        let hint = "check the path and the permissions";
        SecretError::new(format!("cannot read `{path}`: {why}"), hint)
    };
    // Opening anything else than a file could block.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(SecretError::new(format!("`{path}` is not a file"), "name a regular file"));
    }
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.permissions().mode() & OTHERS != 0 {
        let hint = format!("run `chmod 600 {path}`");
        return Err(SecretError::new(format!("`{path}` can be read by others"), hint));
    }
    // The room is made at once: growing would leave copies behind.
    let limit = MAX_BYTES.saturating_add(1);
    let mut bytes = Vec::with_capacity(limit.saturating_add(1));
    let result = file.take(limit.try_into().unwrap_or(u64::MAX)).read_to_end(&mut bytes);
    if result.is_err() || bytes.len() > MAX_BYTES {
        drop(Secret::new(bytes));
        result.map_err(unreadable)?;
        let hint = format!("the limit is {MAX_BYTES} bytes");
        return Err(SecretError::new(format!("`{path}` is too large"), hint));
    }
    Ok(bytes)
}
