//! Accounts in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use mantlet_types::Timestamp;

use super::{answer, lock};
use crate::UserId;
use crate::account::{Account, AccountName, Accounts, PasswordHash, Standing};
use crate::store::{StoreError, Stored};

/// Accounts in memory.
#[derive(Debug, Default)]
pub struct MemoryAccounts(Mutex<HashMap<UserId, Account>>);

impl MemoryAccounts {
    /// Changes an account; `false` when there is none or `change` says so.
    fn change<'a>(
        &self,
        id: &UserId,
        change: impl FnOnce(&mut Account) -> bool,
    ) -> Stored<'a, bool> {
        answer(Ok(lock(&self.0).get_mut(id).is_some_and(change)))
    }
}

impl Accounts for MemoryAccounts {
    fn add(&self, account: Account) -> Stored<'_, ()> {
        let mut accounts = lock(&self.0);
        let is_taken = accounts.contains_key(&account.id)
            || accounts.values().any(|other| other.name == account.name);
        if is_taken {
            return answer(Err(StoreError::Conflict));
        }
        accounts.insert(account.id.clone(), account);
        answer(Ok(()))
    }

    fn lookup<'a>(&'a self, id: &'a UserId) -> Stored<'a, Option<Account>> {
        answer(Ok(lock(&self.0).get(id).cloned()))
    }

    fn find<'a>(&'a self, name: &'a AccountName) -> Stored<'a, Option<Account>> {
        let accounts = lock(&self.0);
        answer(Ok(accounts.values().find(|account| account.name == *name).cloned()))
    }

    fn list<'a>(&'a self, after: Option<&'a AccountName>, most: usize) -> Stored<'a, Vec<Account>> {
        let accounts = lock(&self.0);
        let is_after = |account: &&Account| after.is_none_or(|after| account.name > *after);
        let mut found: Vec<Account> = accounts.values().filter(is_after).cloned().collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found.truncate(most);
        answer(Ok(found))
    }

    fn standing<'a>(&'a self, id: &'a UserId) -> Stored<'a, Option<Standing>> {
        answer(Ok(lock(&self.0).get(id).map(Account::standing)))
    }

    fn set_password<'a>(
        &'a self,
        id: &'a UserId,
        hash: PasswordHash,
        at: Timestamp,
        keep: Option<&'a PasswordHash>,
    ) -> Stored<'a, bool> {
        self.change(id, |account| {
            if keep.is_some() && account.password.as_ref() != keep {
                return false;
            }
            if keep.is_none() {
                account.not_before = account.not_before.max(Some(at));
            }
            account.password = Some(hash);
            true
        })
    }

    fn set_active<'a>(
        &'a self,
        id: &'a UserId,
        is_active: bool,
        at: Timestamp,
    ) -> Stored<'a, bool> {
        self.change(id, |account| {
            account.is_active = is_active;
            if !is_active {
                account.not_before = account.not_before.max(Some(at));
            }
            true
        })
    }

    fn set_roles<'a>(&'a self, id: &'a UserId, roles: Vec<String>) -> Stored<'a, bool> {
        self.change(id, |account| {
            account.roles = roles;
            true
        })
    }

    fn retire<'a>(&'a self, id: &'a UserId, at: Timestamp) -> Stored<'a, bool> {
        self.change(id, |account| {
            account.is_active = false;
            account.password = None;
            account.roles.clear();
            account.not_before = account.not_before.max(Some(at));
            true
        })
    }

    fn end_all<'a>(&'a self, id: &'a UserId, at: Timestamp) -> Stored<'a, bool> {
        self.change(id, |account| {
            account.not_before = account.not_before.max(Some(at));
            true
        })
    }

    fn note_signin<'a>(&'a self, id: &'a UserId, at: Timestamp) -> Stored<'a, bool> {
        self.change(id, |account| {
            if account.is_active {
                account.last_signin = Some(at);
            }
            account.is_active
        })
    }
}
