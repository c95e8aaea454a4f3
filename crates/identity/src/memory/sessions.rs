//! Sessions in memory.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use mantlet_types::Timestamp;

use super::{answer, lock};
use crate::session::{Session, SessionHandle, SessionHash, SessionStore};
use crate::store::{StoreError, Stored};
use crate::time::since;
use crate::{Trace, UserId};

/// Sessions in memory.
#[derive(Debug, Default)]
pub struct MemorySessions(Mutex<HashMap<SessionHash, Session>>);

/// Ends the running sessions that `is_meant` picks, and gives them back.
fn end(
    sessions: &mut HashMap<SessionHash, Session>,
    trace: &Trace,
    is_meant: impl Fn(&Session) -> bool,
) -> Vec<Session> {
    let running = sessions.values_mut().filter(|it| it.ended.is_none() && is_meant(it));
    let end = |session: &mut Session| {
        session.ended = Some(trace.clone());
        session.clone()
    };
    running.map(end).collect()
}

impl SessionStore for MemorySessions {
    fn add(&self, session: Session, most: usize, trace: Trace) -> Stored<'_, Vec<Session>> {
        let mut sessions = lock(&self.0);
        if sessions.contains_key(&session.hash) {
            return answer(Err(StoreError::Conflict));
        }
        let mut running: Vec<(Timestamp, SessionHash)> = sessions
            .values()
            .filter(|it| it.user == session.user && it.ended.is_none())
            .map(|it| (it.last_seen, it.hash))
            .collect();
        running.sort_unstable();
        let surplus = running.len().saturating_add(1).saturating_sub(most);
        let surplus: Vec<SessionHash> = running.iter().take(surplus).map(|it| it.1).collect();
        let ended = end(&mut sessions, &trace, |it| surplus.contains(&it.hash));
        sessions.insert(session.hash, session);
        answer(Ok(ended))
    }

    fn lookup(&self, hash: SessionHash) -> Stored<'_, Option<Session>> {
        answer(Ok(lock(&self.0).get(&hash).cloned()))
    }

    fn replace(&self, old: SessionHash, session: Session) -> Stored<'_, bool> {
        let mut sessions = lock(&self.0);
        if sessions.get(&old).is_none_or(|it| it.ended.is_some()) {
            return answer(Ok(false));
        }
        sessions.remove(&old);
        sessions.insert(session.hash, session);
        answer(Ok(true))
    }

    fn list<'a>(&'a self, user: &'a UserId, now: Timestamp) -> Stored<'a, Vec<Session>> {
        let is_running = |it: &&Session| it.user == *user && it.ended.is_none() && now < it.expires;
        let mut found: Vec<Session> = lock(&self.0).values().filter(is_running).cloned().collect();
        found.sort_by_key(|session| std::cmp::Reverse(session.last_seen));
        answer(Ok(found))
    }

    fn end<'a>(
        &'a self,
        user: &'a UserId,
        handle: SessionHandle,
        trace: Trace,
    ) -> Stored<'a, Option<Session>> {
        let mut sessions = lock(&self.0);
        let mut ended = end(&mut sessions, &trace, |it| it.user == *user && it.handle == handle);
        answer(Ok(ended.pop()))
    }

    fn end_all<'a>(
        &'a self,
        user: &'a UserId,
        keep: Option<SessionHash>,
        trace: Trace,
    ) -> Stored<'a, Vec<Session>> {
        let mut sessions = lock(&self.0);
        let is_meant = |it: &Session| it.user == *user && Some(it.hash) != keep;
        answer(Ok(end(&mut sessions, &trace, is_meant)))
    }

    fn touch(&self, hash: SessionHash, at: Timestamp) -> Stored<'_, ()> {
        let mut sessions = lock(&self.0);
        if let Some(session) = sessions.get_mut(&hash).filter(|it| it.ended.is_none()) {
            session.last_seen = session.last_seen.max(at);
        }
        answer(Ok(()))
    }

    fn remove_expired(&self, now: Timestamp, idle: Duration, most: usize) -> Stored<'_, usize> {
        let mut sessions = lock(&self.0);
        let is_over = |it: &&Session| now >= it.expires || since(now, it.last_seen) >= idle;
        let over: Vec<SessionHash> =
            sessions.values().filter(is_over).map(|it| it.hash).take(most).collect();
        over.iter().for_each(|hash| drop(sessions.remove(hash)));
        answer(Ok(over.len()))
    }
}
