//! Links in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use mantlet_types::Timestamp;

use super::{answer, lock};
use crate::UserId;
use crate::password_link::{EmailAddress, Link, LinkHash, PasswordLinkStore};
use crate::store::{StoreError, Stored};

/// Links in memory.
#[derive(Debug, Default)]
pub struct MemoryPasswordLinks(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    /// The oldest first.
    links: Vec<Link>,
    emails: HashMap<UserId, EmailAddress>,
}

impl Shelf {
    fn place(&self, hash: LinkHash, now: Timestamp) -> Option<usize> {
        self.links.iter().position(|link| link.hash == hash && now < link.expires)
    }
}

impl PasswordLinkStore for MemoryPasswordLinks {
    fn add(&self, link: Link, most: usize) -> Stored<'_, ()> {
        let mut shelf = lock(&self.0);
        if shelf.links.iter().any(|own| own.hash == link.hash) {
            return answer(Err(StoreError::Conflict));
        }
        let user = link.user.clone();
        shelf.links.push(link);
        let own = shelf.links.iter().filter(|own| own.user == user).count();
        let mut over = own.saturating_sub(most);
        shelf.links.retain(|own| {
            let goes = over > 0 && own.user == user;
            over -= usize::from(goes);
            !goes
        });
        answer(Ok(()))
    }

    fn lookup(&self, hash: LinkHash, now: Timestamp) -> Stored<'_, Option<Link>> {
        let shelf = lock(&self.0);
        answer(Ok(shelf.place(hash, now).and_then(|place| shelf.links.get(place)).cloned()))
    }

    fn take(&self, hash: LinkHash, now: Timestamp) -> Stored<'_, Option<Link>> {
        let mut shelf = lock(&self.0);
        answer(Ok(shelf.place(hash, now).map(|place| shelf.links.remove(place))))
    }

    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, usize> {
        let links = &mut lock(&self.0).links;
        let before = links.len();
        links.retain(|link| link.user != *user);
        answer(Ok(before.saturating_sub(links.len())))
    }

    fn remove_expired(&self, now: Timestamp, most: usize) -> Stored<'_, usize> {
        let links = &mut lock(&self.0).links;
        let before = links.len();
        let mut left = most;
        links.retain(|link| {
            let goes = left > 0 && link.expires <= now;
            left -= usize::from(goes);
            !goes
        });
        answer(Ok(before.saturating_sub(links.len())))
    }

    fn set_email<'a>(&'a self, user: &'a UserId, email: Option<EmailAddress>) -> Stored<'a, ()> {
        let emails = &mut lock(&self.0).emails;
        match email {
            Some(email) => drop(emails.insert(user.clone(), email)),
            None => drop(emails.remove(user)),
        }
        answer(Ok(()))
    }

    fn email<'a>(&'a self, user: &'a UserId) -> Stored<'a, Option<EmailAddress>> {
        answer(Ok(lock(&self.0).emails.get(user).cloned()))
    }
}
