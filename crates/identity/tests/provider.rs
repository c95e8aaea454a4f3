//! What a browser takes along to a provider: bound to it, to its time and to what it was for.
#![expect(clippy::unwrap_used, reason = "tests: what is wrong must end the test")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mantlet_crypto::KeyRing;
use mantlet_crypto::password::Cost;
use mantlet_identity::api_key::ApiKeyPolicy;
use mantlet_identity::directory::{Directory, PURPOSES, Policies};
use mantlet_identity::factor::TotpPolicy;
use mantlet_identity::lockout::LockoutPolicy;
use mantlet_identity::memory::repositories;
use mantlet_identity::password::PasswordPolicy;
use mantlet_identity::provider::{FLOW_LIFETIME, Flow, Goal};
use mantlet_identity::refresh::RefreshPolicy;
use mantlet_identity::session::SessionPolicy;
use mantlet_identity::ticket::TicketPolicy;
use mantlet_testkit::{FakeClock, SeededRng};
use mantlet_types::{Clock, SystemRng};
use proptest::prelude::*;

fn directory(clock: &FakeClock, ring: &KeyRing) -> Directory {
    let policies = Policies {
        sessions: SessionPolicy::default(),
        api_keys: ApiKeyPolicy::default(),
        passwords: PasswordPolicy::default(),
        cost: Cost { memory_kib: 64, passes: 1, lanes: 1 },
        hashing: (1, 1),
        totp: TotpPolicy::default(),
        most_passkeys: 1,
        certificates: Default::default(),
        password_links: Default::default(),
        lockout: LockoutPolicy::standard().unwrap(),
        lockout_counters: 1000,
        tokens: ("mantlet".to_owned(), "mantlet".to_owned()),
        token_lifetime: Duration::from_secs(60),
        legacy: None,
        outside: Vec::new(),
        refresh: RefreshPolicy::default(),
        tickets: TicketPolicy::default(),
        remembered: 10,
    };
    let times = (clock.shared(), Arc::new(SeededRng::new(1)) as Arc<dyn mantlet_types::Rng>);
    Directory::open(repositories(), ring, policies, Vec::new(), times).unwrap()
}

fn ring() -> KeyRing {
    let mut ring = KeyRing::new();
    for purpose in PURPOSES {
        ring.rotate(purpose, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    }
    ring
}

fn flow(clock: &FakeClock, goal: Goal) -> Flow {
    // To the millisecond, as it is kept.
    let at = mantlet_types::Timestamp::from_millisecond(clock.now().as_millisecond()).unwrap();
    Flow { provider: "company".to_owned(), goal, next: "/x?y=\"ä\"".to_owned(), at }
}

#[test]
fn a_flow_comes_back_as_it_left_and_no_two_are_alike() {
    let clock = FakeClock::new();
    let directory = directory(&clock, &ring());
    let mut seen = Vec::new();
    for goal in [Goal::SignIn, Goal::SignIn, Goal::SignInAnew, Goal::Link("abc".to_owned())] {
        let left = flow(&clock, goal);
        let (cookie, secrets) = directory.begin_flow(&left).unwrap();
        let (back, again) = directory.flow(cookie.expose()).unwrap();
        assert_eq!(back, left);
        let texts = [&secrets.state, &secrets.nonce, secrets.verifier.expose()];
        assert_eq!(texts, [&again.state, &again.nonce, again.verifier.expose()]);
        assert_eq!(secrets.verifier.expose().len(), 43, "as long as RFC 7636 asks for");
        for text in texts {
            assert!(!cookie.expose().contains(text.as_str()), "nothing of it is in the cookie");
            seen.push(text.clone());
        }
        assert!(!format!("{secrets:?}").contains(secrets.verifier.expose()));
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn a_flow_ends_with_its_time() {
    let clock = FakeClock::new();
    let directory = directory(&clock, &ring());
    let (cookie, _) = directory.begin_flow(&flow(&clock, Goal::SignIn)).unwrap();
    clock.advance(FLOW_LIFETIME - Duration::from_millis(2));
    assert!(directory.flow(cookie.expose()).is_some());
    clock.advance(Duration::from_millis(2));
    assert!(directory.flow(cookie.expose()).is_none());
}

#[test]
fn a_changed_cookie_is_none_and_so_is_that_of_another_house() {
    let clock = FakeClock::new();
    let directory = directory(&clock, &ring());
    let (cookie, _) = directory.begin_flow(&flow(&clock, Goal::SignIn)).unwrap();
    let cookie = cookie.expose().as_bytes();
    for place in 0..cookie.len() {
        let mut other = cookie.to_vec();
        other[place] = if other[place] == b'A' { b'B' } else { b'A' };
        assert!(directory.flow(str::from_utf8(&other).unwrap()).is_none(), "{place}");
        assert!(directory.flow(str::from_utf8(&cookie[..place]).unwrap()).is_none(), "{place}");
    }
    let elsewhere = self::directory(&clock, &ring());
    assert!(elsewhere.flow(str::from_utf8(cookie).unwrap()).is_none());
    // What ties forms is no flow, though the key is the same.
    let form = directory.form_token("x").unwrap();
    assert!(directory.flow(&form).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_text_ends_it_and_none_is_a_flow(text in ".{0,200}", parts in "[0-9]{1,3}\\.[A-Za-z0-9_-]{0,64}\\.[A-Za-z0-9_-]{0,64}") {
        let clock = FakeClock::new();
        let directory = directory(&clock, &ring());
        prop_assert!(directory.flow(&text).is_none());
        prop_assert!(directory.flow(&parts).is_none());
    }
}
