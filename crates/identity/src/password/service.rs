//! Making and comparing hashes.

use std::sync::Arc;

use mantlet_crypto::password::{self, Cost, Outcome};
use mantlet_types::{Rng, Secret};

use super::policy::normal_form;
use super::{HashPool, NewPassword, PoolError};
use crate::account::PasswordHash;

/// What came of comparing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// It is the password.
    Right {
        /// A stronger hash of it, to be kept instead of the one at hand; `None` when that is fine.
        rehashed: Option<PasswordHash>,
    },
    /// It is not, or there is no such account: both take the same time.
    Wrong,
    /// The hash at hand is of no kind that is read: its owner needs a new password.
    Unreadable,
}

/// Makes and compares hashes on threads of their own.
#[derive(Debug)]
pub struct Passwords {
    pool: HashPool,
    cost: Cost,
    /// What is compared where there is no account.
    decoy: PasswordHash,
    rng: Arc<dyn Rng>,
}

impl Passwords {
    /// On `pool`, at `cost`. Makes one hash at once, for accounts that do not exist.
    ///
    /// # Errors
    /// [`PoolError::Failed`] when there is no memory for a hash of this cost.
    pub fn new(pool: HashPool, cost: Cost, rng: Arc<dyn Rng>) -> Result<Self, PoolError> {
        let mut bytes = [0; 32];
        rng.fill(&mut bytes);
        let nobodys: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let decoy = password::hash(&Secret::new(nobodys), cost, &*rng);
        let decoy = PasswordHash::new(decoy.ok_or(PoolError::Failed)?);
        Ok(Self { pool, cost, decoy, rng })
    }

    /// The threads, for their metric.
    #[must_use]
    pub const fn pool(&self) -> &HashPool {
        &self.pool
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// [`PoolError`].
    pub async fn hash(&self, new: &NewPassword) -> Result<PasswordHash, PoolError> {
        let (password, cost, rng) = (new.secret().clone(), self.cost, self.rng.clone());
        let hash = self.pool.run(move || password::hash(&password, cost, &*rng)).await?;
        hash.map(PasswordHash::new).ok_or(PoolError::Failed)
    }

    /// Compares what somebody typed with the hash of an account; `None` for an account that does
    /// not exist or has no password, which takes as long as one whose hash is ours.
    ///
    /// # Errors
    /// [`PoolError`].
    pub async fn check(
        &self,
        typed: &Secret<String>,
        hash: Option<&PasswordHash>,
    ) -> Result<Checked, PoolError> {
        let (typed, cost, rng) = (typed.clone(), self.cost, self.rng.clone());
        let is_decoy = hash.is_none();
        let hash = hash.unwrap_or(&self.decoy).clone();
        let job = move || {
            let checked = compare(&typed, &hash, cost, &*rng);
            if is_decoy { Checked::Wrong } else { checked }
        };
        self.pool.run(job).await
    }
}

/// Compares in normal form, and then as it was typed where that is another text: applications
/// before us hashed what they got.
fn compare(typed: &Secret<String>, hash: &PasswordHash, cost: Cost, rng: &dyn Rng) -> Checked {
    if typed.expose().len() > password::MAX_PASSWORD {
        // As long as any other wrong password.
        let _ = password::verify(&Secret::new(String::new()), hash.expose(), cost);
        return Checked::Wrong;
    }
    let normal = normal_form(typed);
    let mut outcome = password::verify(&normal, hash.expose(), cost);
    let is_other = normal.expose() != typed.expose();
    if is_other && outcome == Outcome::Wrong {
        outcome = match password::verify(typed, hash.expose(), cost) {
            Outcome::Right => Outcome::RightButWeak,
            other => other,
        };
    }
    match outcome {
        Outcome::Right => Checked::Right { rehashed: None },
        Outcome::RightButWeak => {
            let rehashed = password::hash(&normal, cost, rng).map(PasswordHash::new);
            Checked::Right { rehashed }
        }
        Outcome::Wrong => Checked::Wrong,
        Outcome::Unreadable => Checked::Unreadable,
    }
}
