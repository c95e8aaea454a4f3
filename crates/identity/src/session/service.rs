//! Beginning, finding, renewing and ending sessions.

use std::sync::Arc;
use std::time::Duration;

use mantlet_types::{Clock, Rng, Timestamp};

use super::{
    NewSession, Session, SessionHandle, SessionHash, SessionRefusal, SessionStore, SessionToken,
};
use crate::cache::Cache;
use crate::revocation::{Ended, Revocations, Standing, What};
use crate::store::StoreError;
use crate::time::{after, since};
use crate::{Trace, UserId};

/// The most characters of a program's name that are kept.
const MAX_AGENT: usize = 200;

/// How long sessions live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy {
    /// How long one lives unused.
    pub idle: Duration,
    /// How long one lives at most after the sign-in.
    pub lifetime: Duration,
    /// The most running sessions of one user; the one used least recently ends beyond it.
    pub max_per_user: usize,
    /// How often at most the time of the last use is written.
    pub touch_every: Duration,
    /// How long a session is remembered without asking the store. What ended is noticed all the
    /// same, by the revocation index.
    pub remember: Duration,
    /// How many sessions are remembered.
    pub remembered: usize,
}

impl Default for SessionPolicy {
    /// Eight hours unused, a day at most, twenty sessions, one write a minute; ten thousand
    /// remembered for half a minute.
    fn default() -> Self {
        let hour = Duration::from_secs(3600);
        Self {
            idle: 8 * hour,
            lifetime: 24 * hour,
            max_per_user: 20,
            touch_every: Duration::from_secs(60),
            remember: Duration::from_secs(30),
            remembered: 10_000,
        }
    }
}

/// Sessions over a store.
#[derive(Debug)]
pub struct Sessions {
    store: Arc<dyn SessionStore>,
    revocations: Arc<Revocations>,
    policy: SessionPolicy,
    cache: Cache<SessionHash, Arc<Session>>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Sessions {
    /// Sessions in `store`; what ends is told to `revocations`.
    #[must_use]
    pub fn new(
        store: Arc<dyn SessionStore>,
        revocations: Arc<Revocations>,
        policy: SessionPolicy,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        let cache = Cache::new(policy.remembered, policy.remember);
        Self { store, revocations, policy, cache, clock, rng }
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &SessionPolicy {
        &self.policy
    }

    /// Begins a session after a sign-in, with an id of its own making. `before`: what the client
    /// sent as the id of its session, if anything; that session ends.
    ///
    /// # Errors
    /// [`SessionRefusal::Store`].
    pub async fn start(
        &self,
        wish: NewSession,
        before: Option<&str>,
    ) -> Result<(SessionToken, Session), SessionRefusal> {
        let now = self.clock.now();
        if let Some(session) = self.running(before).await? {
            self.end_one(&session.user, session.handle, &session.user, "signed in anew").await?;
        }
        let token = SessionToken::generate(&*self.rng);
        let session = Session {
            hash: token.hash(),
            handle: SessionHandle::generate(&*self.rng),
            created: wish.authenticated.map_or(now, |at| at.min(now)),
            renewed: now,
            last_seen: now,
            expires: after(now, self.policy.lifetime),
            has_second_factor: wish.has_second_factor,
            methods: wish.methods.iter().map(|name| (*name).to_owned()).collect(),
            address: wish.address,
            agent: wish.agent.chars().filter(|c| !c.is_control()).take(MAX_AGENT).collect(),
            ended: None,
            user: wish.user,
        };
        let trace = Trace::new(now, &session.user, "too many sessions of one user");
        let ended = self.store.add(session.clone(), self.policy.max_per_user, trace).await?;
        for other in &ended {
            self.forget(other, &session.user, "too many sessions of one user").await?;
        }
        Ok((token, session))
    }

    /// The session that a client presented, and notes its use.
    ///
    /// # Errors
    /// [`SessionRefusal`]: why it does not count.
    pub async fn find(&self, presented: &str) -> Result<Arc<Session>, SessionRefusal> {
        let hash = SessionHash::of(presented).ok_or(SessionRefusal::Malformed)?;
        let (now, at) = (self.clock.now(), self.clock.monotonic());
        let remembered = self.cache.find(&hash, at).filter(|it| self.judge(it, now).is_ok());
        let session = match remembered.map(|session| (self.standing(&session), session)) {
            Some((Standing::InForce, session)) => session,
            Some((Standing::Ended, _)) => return Err(SessionRefusal::Ended),
            Some((Standing::Unsure | Standing::AskStore, _)) | None => self.load(hash).await?,
        };
        if since(now, session.last_seen) < self.policy.touch_every {
            return Ok(session);
        }
        // A use that cannot be noted is no reason to refuse it.
        let _ = self.store.touch(hash, now).await;
        let session = Arc::new(Session { last_seen: now, ..(*session).clone() });
        self.cache.insert(session.hash, session.clone(), at);
        Ok(session)
    }

    /// Until when a session that was found need not be looked at again, unless something ends: then
    /// it is over, or its use is to be noted.
    pub(crate) fn next_look(&self, session: &Session) -> Timestamp {
        let noted = after(session.last_seen, self.policy.touch_every.min(self.policy.idle));
        session.expires.min(noted)
    }

    /// Gives a session a new id: whenever it may do more than before, and after a change of
    /// password. When it began and when it ends stay. `factor`: how a second factor was shown just
    /// now, as RFC 8176 names it; `None` for none.
    ///
    /// # Errors
    /// As [`Sessions::find`].
    pub async fn renew(
        &self,
        presented: &str,
        factor: Option<&str>,
    ) -> Result<(SessionToken, Session), SessionRefusal> {
        let old = self.find(presented).await?;
        let token = SessionToken::generate(&*self.rng);
        let now = self.clock.now();
        let session = Session {
            hash: token.hash(),
            renewed: now,
            last_seen: now,
            has_second_factor: factor.is_some() || old.has_second_factor,
            methods: with_factor(&old.methods, factor),
            ..(*old).clone()
        };
        if !self.store.replace(old.hash, session.clone()).await? {
            return Err(SessionRefusal::Ended);
        }
        self.forget(&old, &old.user, "renewed").await?;
        Ok((token, session))
    }

    /// The running sessions of a user, the one used last first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self, user: &UserId) -> Result<Vec<Session>, StoreError> {
        let now = self.clock.now();
        let mut sessions = self.store.list(user, now).await?;
        sessions.retain(|session| self.judge(session, now).is_ok());
        Ok(sessions)
    }

    /// Ends the session that a client presented: signing out.
    ///
    /// # Errors
    /// [`SessionRefusal::Store`]; one that does not run is no error.
    pub async fn sign_out(&self, presented: &str) -> Result<(), SessionRefusal> {
        if let Some(session) = self.running(Some(presented)).await? {
            self.end_one(&session.user, session.handle, &session.user, "signed out").await?;
        }
        Ok(())
    }

    /// Ends one session of `user` by its handle: `by` is the owner or an administrator. `false` when
    /// this user has no such session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_one(
        &self,
        user: &UserId,
        handle: SessionHandle,
        by: &UserId,
        why: &str,
    ) -> Result<bool, StoreError> {
        let trace = Trace::new(self.clock.now(), by, why);
        let Some(session) = self.store.end(user, handle, trace).await? else {
            return Ok(false);
        };
        self.forget(&session, by, why).await?;
        Ok(true)
    }

    /// Ends all sessions of `user`, but the one with the id `keep`, and says how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_all(
        &self,
        user: &UserId,
        keep: Option<&str>,
        by: &UserId,
        why: &str,
    ) -> Result<usize, StoreError> {
        let trace = Trace::new(self.clock.now(), by, why);
        let ended = self.store.end_all(user, keep.and_then(SessionHash::of), trace).await?;
        for session in &ended {
            self.forget(session, by, why).await?;
        }
        Ok(ended.len())
    }

    /// Removes what is over, at most `most`, and says how many: for a task that runs now and then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_expired(&self, most: usize) -> Result<usize, StoreError> {
        self.store.remove_expired(self.clock.now(), self.policy.idle, most).await
    }

    /// The session that a client presented, where it runs.
    async fn running(&self, presented: Option<&str>) -> Result<Option<Session>, StoreError> {
        let Some(hash) = presented.and_then(SessionHash::of) else {
            return Ok(None);
        };
        Ok(self.store.lookup(hash).await?.filter(|session| session.ended.is_none()))
    }

    async fn load(&self, hash: SessionHash) -> Result<Arc<Session>, SessionRefusal> {
        let at = self.clock.monotonic();
        let session = self.store.lookup(hash).await?.ok_or(SessionRefusal::Unknown)?;
        self.judge(&session, self.clock.now())?;
        if self.standing(&session) == Standing::Unsure {
            self.revocations.refresh().await?;
        }
        match self.standing(&session) {
            // The store has just said that this session runs.
            Standing::InForce | Standing::AskStore => {}
            Standing::Ended => return Err(SessionRefusal::Ended),
            Standing::Unsure => {
                let why = "the list of what ended cannot be followed";
                return Err(StoreError::Unavailable(why.to_owned()).into());
            }
        }
        let session = Arc::new(session);
        self.cache.insert(session.hash, session.clone(), at);
        Ok(session)
    }

    fn judge(&self, session: &Session, now: Timestamp) -> Result<(), SessionRefusal> {
        if session.ended.is_some() {
            return Err(SessionRefusal::Ended);
        }
        if now >= session.expires {
            return Err(SessionRefusal::Expired);
        }
        if since(now, session.last_seen) >= self.policy.idle {
            return Err(SessionRefusal::Idle);
        }
        Ok(())
    }

    fn standing(&self, session: &Session) -> Standing {
        let now = (self.clock.now(), self.clock.monotonic());
        let what = What::Session(&session.hash.0);
        self.revocations.index().standing(Some(what), Some(&session.user), session.renewed, now)
    }

    /// Makes every process forget a session that ended in the store.
    async fn forget(&self, session: &Session, by: &UserId, why: &str) -> Result<(), StoreError> {
        self.cache.remove(&session.hash);
        let ended = Ended::one(What::Session(&session.hash.0), session.expires);
        self.revocations.end(ended, by, why).await
    }
}

/// How somebody signed in, with what they have shown since.
fn with_factor(methods: &[String], factor: Option<&str>) -> Vec<String> {
    let mut methods = methods.to_vec();
    for name in factor.into_iter().flat_map(|factor| [factor, "mfa"]) {
        if !methods.iter().any(|own| own == name) {
            methods.push(name.to_owned());
        }
    }
    methods
}
