//! What is known of users and keys at the moment, and when it is forgotten.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mantlet_crypto::MacKeys;
use mantlet_types::Timestamp;

use super::Directory;
use crate::UserId;
use crate::account::Standing;
use crate::api_key::ApiKeyId;
use crate::factor::FactorError;
use crate::store::StoreError;
use crate::time::after;

impl Directory {
    /// What a user may at the moment, to within half a second; `None` when there is no such user.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn standing(&self, user: &UserId) -> Result<Option<Arc<Standing>>, StoreError> {
        let at = self.clock.monotonic();
        if let Some(known) = self.standings.find(user, at) {
            return Ok(Some(known));
        }
        let Some(standing) = self.accounts.standing(user).await?.map(Arc::new) else {
            return Ok(None);
        };
        self.standings.insert(user.clone(), standing.clone(), at);
        Ok(Some(standing))
    }

    /// Whether something guards a user's account beside the password: a clock or a passkey.
    ///
    /// # Errors
    /// [`FactorError::Store`].
    pub async fn has_second_factor(&self, user: &UserId) -> Result<bool, FactorError> {
        Ok(self.factors.has_totp(user).await? || !self.passkeys.list(user).await?.is_empty())
    }

    /// The keys that bind forms and the steps of a sign-in.
    pub(crate) fn form_keys(&self) -> Arc<MacKeys> {
        self.forms.load_full()
    }

    /// When the last of what is issued to anybody now ends by itself, but for API keys.
    #[must_use]
    pub fn last_end(&self) -> Timestamp {
        let (sessions, tokens) =
            (self.sessions.policy().lifetime, self.verifier.policy().max_lifetime);
        let longest = sessions.max(tokens).max(self.outside.longest_life());
        after(self.clock.now(), longest.saturating_add(Duration::from_secs(60)))
    }

    /// Forgets what was remembered of a user, because it has just changed here.
    pub fn forget(&self, user: &UserId) {
        self.standings.remove(user);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Forgets what was remembered of a key, because it has just changed here.
    pub fn forget_key(&self, id: ApiKeyId) {
        self.known_keys.remove(&id);
        self.changes.fetch_add(1, Ordering::Release);
    }
}
