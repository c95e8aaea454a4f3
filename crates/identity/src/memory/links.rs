//! Links to providers in memory.

use std::sync::Mutex;

use super::{answer, lock};
use crate::UserId;
use crate::provider::{Link, LinkStore};
use crate::store::{StoreError, Stored};

/// Links in memory, in the order in which they were added.
#[derive(Debug, Default)]
pub struct MemoryLinks(Mutex<Vec<Link>>);

impl LinkStore for MemoryLinks {
    fn add(&self, link: Link, most: usize) -> Stored<'_, ()> {
        let mut all = lock(&self.0);
        let is_same =
            |other: &Link| (&other.issuer, &other.subject) == (&link.issuer, &link.subject);
        answer(if all.iter().any(is_same) {
            Err(StoreError::Conflict)
        } else if all.iter().filter(|other| other.user == link.user).count() >= most {
            Err(StoreError::Full(most))
        } else {
            all.push(link);
            Ok(())
        })
    }

    fn find<'a>(&'a self, issuer: &'a str, subject: &'a str) -> Stored<'a, Option<Link>> {
        let all = lock(&self.0);
        let found = all.iter().find(|link| (&*link.issuer, &*link.subject) == (issuer, subject));
        answer(Ok(found.cloned()))
    }

    fn list<'a>(&'a self, user: &'a UserId) -> Stored<'a, Vec<Link>> {
        let all = lock(&self.0);
        answer(Ok(all.iter().filter(|link| link.user == *user).cloned().collect()))
    }

    fn remove<'a>(
        &'a self,
        user: &'a UserId,
        issuer: &'a str,
        subject: &'a str,
    ) -> Stored<'a, bool> {
        let mut all = lock(&self.0);
        let before = all.len();
        all.retain(|link| (&link.user, &*link.issuer, &*link.subject) != (user, issuer, subject));
        answer(Ok(all.len() < before))
    }

    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, usize> {
        let mut all = lock(&self.0);
        let before = all.len();
        all.retain(|link| link.user != *user);
        answer(Ok(before.saturating_sub(all.len())))
    }
}
