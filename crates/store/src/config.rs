//! `[store]`: where its key is, and its bounds.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mantlet_config::{ByteSize, Reader, SecretError, SecretRef, Sources, section};
use mantlet_types::{Clock, Rng, Secret};

use crate::{Options, RootSource};

section! {
    /// The encrypted store of the data folder. It is made once something is to be kept in it.
    pub struct StoreSection {
        /// The key that everything hangs on: 32 random bytes, in base64 or hexadecimal. Unset: a
        /// key of its own is made beside the store, where whoever copies the folder has it too.
        pub root_key: Option<SecretRef> = None,
        /// A passphrase in place of a key, of 20 characters and more.
        pub passphrase: Option<SecretRef> = None,
        /// How long reading or writing may take before the request that needs it is refused.
        pub wait: Duration = Duration::from_secs(5),
        /// How much of the file each of the few connections (four that read, one that writes) may
        /// keep in memory, decrypted.
        pub cache: ByteSize = ByteSize(8 << 20),
        /// The most that the file of the store may grow to; what would exceed it is refused.
        pub max_size: ByteSize = ByteSize(16 << 30),
    }
}

impl StoreSection {
    /// Finds what the types cannot say.
    pub fn check(&self, reader: &mut Reader<'_>) {
        if self.root_key.is_some() && self.passphrase.is_some() {
            let message = "`root_key` and `passphrase` both name the key of the store";
            reader.error("store.passphrase", message, "keep the one that the store was made with");
        }
        let waits = Duration::from_millis(100)..=Duration::from_secs(60);
        if !waits.contains(&self.wait) {
            let hint = "choose 100ms to 60s: requests wait for it";
            reader.error("store.wait", "the time to wait is out of range", hint);
        }
        let sizes = ByteSize(1 << 20)..=ByteSize(1 << 43);
        reader.expect_range("store.max_size", &self.max_size, &sizes);
        let caches = ByteSize(1 << 18)..=ByteSize(1 << 30);
        reader.expect_range("store.cache", &self.cache, &caches);
    }

    /// The secrets that it names, for the redaction of logs.
    ///
    /// # Errors
    /// [`SecretError`] for one that cannot be read.
    pub fn secrets(&self, sources: &Sources) -> Result<Vec<Secret<String>>, SecretError> {
        let named = self.root_key.iter().chain(&self.passphrase);
        named.map(|reference| sources.resolve(reference, 1)).collect()
    }

    /// How the store in the data folder `folder` is opened.
    ///
    /// # Errors
    /// [`SecretError`] when its key cannot be read.
    pub fn options(
        &self,
        folder: &Path,
        sources: &Sources,
        (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>),
    ) -> Result<Options, SecretError> {
        let root = match (&self.root_key, &self.passphrase) {
            (Some(key), _) => RootSource::Key(sources.resolve(key, 1)?),
            (None, Some(passphrase)) => RootSource::Passphrase(sources.resolve(passphrase, 1)?),
            (None, None) => RootSource::Beside,
        };
        let (ByteSize(max_bytes), ByteSize(cache_bytes)) = (self.max_size, self.cache);
        let options = Options::new(folder, root, clock, rng);
        Ok(Options { wait: self.wait, max_bytes, cache_bytes, ..options })
    }
}
