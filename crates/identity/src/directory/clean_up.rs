//! What is over goes, a part at a time.

use mantlet_types::Timestamp;

use super::Directory;
use crate::approval;
use crate::store::StoreError;

impl Directory {
    /// Removes a part of what is over: for a task that runs now and then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn clean_up(&self, most: usize) -> Result<usize, StoreError> {
        let sessions = self.sessions.remove_expired(most).await?;
        let ends = self.repositories.revocations.remove_expired(self.clock.now(), most).await?;
        let grants = self.refresh_tokens.remove_expired(most).await?;
        let then = self.clock.now().checked_sub(approval::KEPT).unwrap_or(Timestamp::MIN);
        let approvals = self.repositories.approvals.remove_ended(then, most).await?;
        let links = self.password_links.remove_expired(most).await?;
        Ok([ends, grants, approvals, links].into_iter().fold(sessions, usize::saturating_add))
    }
}
