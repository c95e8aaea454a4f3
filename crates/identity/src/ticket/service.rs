//! Issuing tickets and using them up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mantlet_crypto::sha256;
use mantlet_types::{Clock, Rng, Secret, Timestamp};

use super::{MAX_ORIGIN, NewTicket, Ticket, TicketError, TicketPolicy, TicketRefusal, text};
use crate::time::after;

/// Tickets that wait to be used.
#[derive(Debug)]
pub struct Tickets {
    waiting: Mutex<HashMap<[u8; 32], Ticket>>,
    policy: TicketPolicy,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Tickets {
    /// No tickets yet.
    #[must_use]
    pub fn new(policy: TicketPolicy, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self { waiting: Mutex::default(), policy, clock, rng }
    }

    /// Issues a ticket: its text, and when it ends.
    ///
    /// # Errors
    /// [`TicketError`] for what is no origin, and while too many wait.
    pub fn issue(&self, wish: NewTicket) -> Result<(Secret<String>, Timestamp), TicketError> {
        if !is_origin(&wish.origin) {
            return Err(TicketError::Origin);
        }
        let (now, longest) = (self.clock.now(), self.policy.lifetime);
        let expires = after(now, wish.lifetime.unwrap_or(longest).min(longest));
        let text = text::generate(&*self.rng);
        let hash = sha256(text.expose().as_bytes());
        let mut waiting = self.lock();
        if waiting.len() >= self.policy.most {
            waiting.retain(|_, ticket| ticket.expires > now);
        }
        if waiting.len() >= self.policy.most {
            return Err(TicketError::TooMany(self.policy.most));
        }
        let mark = hash.first_chunk().copied().unwrap_or_default();
        let NewTicket { user, scopes, origin, .. } = wish;
        waiting.insert(hash, Ticket { user, scopes, origin, issued: now, expires, mark });
        Ok((text, expires))
    }

    /// Uses a ticket up, whatever comes of it: shown from elsewhere, it does not count later either.
    ///
    /// # Errors
    /// [`TicketRefusal`]: why it does not count.
    pub fn redeem(&self, presented: &str, origin: Option<&str>) -> Result<Ticket, TicketRefusal> {
        if !text::is_ticket(presented) {
            return Err(TicketRefusal::Malformed);
        }
        let found = self.lock().remove(&sha256(presented.as_bytes()));
        let ticket = found.ok_or(TicketRefusal::Unknown)?;
        if self.clock.now() >= ticket.expires {
            return Err(TicketRefusal::Expired);
        }
        // Origins are compared as browsers write them: in lower case, without a default port.
        if origin != Some(ticket.origin.as_str()) {
            return Err(TicketRefusal::Origin);
        }
        Ok(ticket)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Ticket>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a text is an origin as browsers write it: `https://host` or `https://host:port`.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:[]".contains(&b);
    text.len() <= MAX_ORIGIN && host.is_some_and(|it| !it.is_empty() && it.bytes().all(is_plain))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mantlet_testkit::{FakeClock, SeededRng};

    use super::*;
    use crate::UserId;

    fn wish(origin: &str) -> NewTicket {
        let user = UserId::parse("bob").unwrap();
        NewTicket { user, scopes: None, origin: origin.to_owned(), lifetime: None }
    }

    fn tickets(most: usize) -> (Tickets, FakeClock) {
        let clock = FakeClock::new();
        let policy = TicketPolicy { most, ..TicketPolicy::default() };
        (Tickets::new(policy, clock.shared(), Arc::new(SeededRng::new(1))), clock)
    }

    #[test]
    fn a_ticket_counts_once_in_time_and_from_its_page() {
        let (tickets, clock) = tickets(100);
        let page = "https://app.example:8443";
        let issue = || tickets.issue(wish(page)).unwrap().0.expose().clone();
        let one = issue();
        assert_eq!(tickets.redeem(&one, Some(page)).unwrap().user.as_str(), "bob");
        assert_eq!(tickets.redeem(&one, Some(page)), Err(TicketRefusal::Unknown));
        for other in [None, Some("https://app.example"), Some("http://app.example:8443")] {
            let two = issue();
            assert_eq!(tickets.redeem(&two, other), Err(TicketRefusal::Origin));
            assert_eq!(tickets.redeem(&two, Some(page)), Err(TicketRefusal::Unknown), "used up");
        }
        let late = issue();
        clock.advance(Duration::from_secs(30));
        assert_eq!(tickets.redeem(&late, Some(page)), Err(TicketRefusal::Expired));
        let mistyped = format!("{}x", issue());
        assert_eq!(tickets.redeem(&mistyped, Some(page)), Err(TicketRefusal::Malformed));
    }

    #[test]
    fn only_so_many_wait_and_what_is_over_makes_room() {
        let (tickets, clock) = tickets(3);
        let issue = || tickets.issue(wish("https://a.example")).map(drop);
        assert_eq!([issue(), issue(), issue()], [Ok(()); 3]);
        assert_eq!(issue(), Err(TicketError::TooMany(3)));
        clock.advance(Duration::from_secs(31));
        assert_eq!(issue(), Ok(()));
        for wrong in ["", "a.example", "ftp://a.example", "https://", "https://A.example", "null"] {
            assert_eq!(tickets.issue(wish(wrong)).unwrap_err(), TicketError::Origin, "{wrong}");
        }
    }
}
