//! Making links, and using them up.

use std::sync::{Arc, OnceLock};

use mantlet_crypto::sha256;
use mantlet_types::{Clock, Letter, Post, Rng, Secret};

use super::{EmailAddress, Link, LinkHash, LinkKind, PasswordLinkStore, Requests};
use crate::UserId;
use crate::account::{Account, Accounts};
use crate::checked_text::{SECRET_LEN, is_digits, random_digits};
use crate::store::StoreError;
use crate::time::after;

/// The most links of one account that count at the same time.
const MOST: usize = 5;

/// The page on which a link is used.
const PAGE: &str = "/.mantlet/set-password";

/// What links are made by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkPolicy {
    /// The address of this host for people, as in `https://app.example.org`: by the configuration, never
    /// by what a request says.
    pub base: String,
}

/// Links by which somebody sets their password.
#[derive(Debug)]
pub struct Links {
    store: Arc<dyn PasswordLinkStore>,
    accounts: Arc<dyn Accounts>,
    policy: LinkPolicy,
    post: OnceLock<Arc<dyn Post>>,
    requests: Requests,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Links {
    /// Over a store.
    #[must_use]
    pub fn new(
        (store, accounts): (Arc<dyn PasswordLinkStore>, Arc<dyn Accounts>),
        policy: LinkPolicy,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        let requests = Requests::new(&*rng);
        Self { store, accounts, policy, post: OnceLock::new(), requests, clock, rng }
    }

    /// Letters are carried by `post` from now on; the first one stays.
    pub fn set_post(&self, post: Arc<dyn Post>) {
        let _ = self.post.set(post);
    }

    /// Whether letters are carried.
    #[must_use]
    pub fn has_post(&self) -> bool {
        self.post.get().is_some()
    }

    /// Those who ask for a link without being known.
    #[must_use]
    pub const fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The address of this host for people.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.policy.base
    }

    /// Has a letter carried; `false` when it cannot be.
    #[must_use]
    pub fn send(&self, letter: Letter) -> bool {
        self.post.get().is_some_and(|post| post.send(letter))
    }

    /// A link for `user`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn issue(&self, user: &UserId, kind: LinkKind) -> Result<Secret<String>, StoreError> {
        let secret = random_digits(SECRET_LEN, &*self.rng);
        let now = self.clock.now();
        let link = Link {
            hash: hash(&secret),
            user: user.clone(),
            kind,
            created: now,
            expires: after(now, kind.lifetime()),
        };
        self.store.add(link, MOST).await?;
        Ok(Secret::new(format!("{}{PAGE}?token={secret}", self.policy.base)))
    }

    /// The link that somebody shows, and its account; `None` where it does not count.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find(&self, presented: &str) -> Result<Option<(Link, Account)>, StoreError> {
        if presented.len() != SECRET_LEN || !is_digits(presented) {
            return Ok(None);
        }
        let found = self.store.lookup(hash(presented), self.clock.now()).await?;
        self.with_account(found).await
    }

    /// Uses up the link that somebody shows: of several callers at once one alone gets its account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn use_up(&self, link: &Link) -> Result<Option<Account>, StoreError> {
        let taken = self.store.take(link.hash, self.clock.now()).await?;
        let Some((link, account)) = self.with_account(taken).await? else { return Ok(None) };
        self.store.remove_all(&link.user).await?;
        Ok(Some(account))
    }

    /// An account that is open and has ended nothing since the link was made.
    async fn with_account(
        &self,
        link: Option<Link>,
    ) -> Result<Option<(Link, Account)>, StoreError> {
        let Some(link) = link else { return Ok(None) };
        let account = self.accounts.lookup(&link.user).await?;
        let is_fine = |account: &Account| {
            let is_ended = account.not_before.is_some_and(|end| link.created <= end);
            account.is_active && !is_ended
        };
        Ok(account.filter(is_fine).map(|account| (link, account)))
    }

    /// Where letters to a user go; `None` for nowhere.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn email(&self, user: &UserId) -> Result<Option<EmailAddress>, StoreError> {
        self.store.email(user).await
    }

    /// Sets where letters to a user go.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_email(
        &self,
        user: &UserId,
        email: Option<EmailAddress>,
    ) -> Result<(), StoreError> {
        self.store.set_email(user, email).await
    }

    /// Removes a part of what is over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_expired(&self, most: usize) -> Result<usize, StoreError> {
        self.store.remove_expired(self.clock.now(), most).await
    }
}

fn hash(secret: &str) -> LinkHash {
    LinkHash(sha256(secret.as_bytes()))
}
