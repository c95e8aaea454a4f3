//! Refresh tokens: honest use, lost answers, thieves, and both at once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests: tokens are ASCII of a fixed length, and what is wrong must end the test"
)]

mod common;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::{now, user};
use mantlet_crypto::{KeyRing, MacKeys};
use mantlet_identity::account::{Account, AccountName, Accounts};
use mantlet_identity::memory::{MemoryAccounts, MemoryRefresh};
use mantlet_identity::refresh::{
    PURPOSE, RefreshError, RefreshPolicy, RefreshStore, RefreshTokens, Refreshed,
};
use mantlet_testkit::{FakeClock, SeededRng};
use mantlet_types::{Clock, SystemRng};

struct House {
    tokens: RefreshTokens,
    store: Arc<MemoryRefresh>,
    accounts: Arc<MemoryAccounts>,
    ring: KeyRing,
    clock: FakeClock,
}

fn house() -> House {
    let mut ring = KeyRing::new();
    ring.rotate(PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    let (store, clock) = (Arc::new(MemoryRefresh::default()), FakeClock::new());
    let accounts = Arc::new(MemoryAccounts::default());
    let account = Account {
        id: user("alice"),
        name: AccountName::parse("alice").unwrap(),
        password: None,
        roles: vec!["analyst".to_owned()],
        is_active: true,
        has_second_factor: false,
        created: clock.now(),
        last_signin: None,
        not_before: None,
    };
    now(accounts.add(account)).unwrap();
    clock.advance(Duration::from_secs(60));
    let tokens = RefreshTokens::new(
        (store.clone(), accounts.clone()),
        MacKeys::of_ring(&ring, PURPOSE).unwrap(),
        RefreshPolicy::default(),
        clock.shared(),
        Arc::new(SeededRng::new(1)),
    );
    House { tokens, store, accounts, ring, clock }
}

impl House {
    fn begin(&self) -> String {
        now(self.tokens.begin(&user("alice"), "browser", None)).unwrap().1.reveal().expose().clone()
    }

    fn rotate(&self, token: &str) -> Result<Refreshed, RefreshError> {
        now(self.tokens.rotate(token))
    }

    fn next(&self, token: &str) -> String {
        self.rotate(token).unwrap().token.reveal().expose().clone()
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

// covers: SAMO-12 (library)
#[test]
fn each_token_gives_the_next_and_is_used_up() {
    let house = house();
    let mut token = house.begin();
    assert!(token.starts_with("mr_"));
    for _ in 0..5 {
        house.pass(3600);
        let next = house.next(&token);
        assert_ne!(next, token);
        token = next;
    }
    let kept = format!("{:?}", house.store);
    assert!(!kept.contains(&token[22..65]), "the store cannot make tokens");
}

#[test]
fn a_lost_answer_is_given_again_and_is_the_same() {
    let house = house();
    let first = house.begin();
    let second = house.next(&first);
    house.pass(10);
    let again = house.rotate(&first).unwrap();
    assert!(again.is_repeated);
    assert_eq!(again.token.reveal().expose(), &second, "no second line begins");
    let third = house.next(&second);
    // The successor was used: whoever comes with the first one now is a thief, or was robbed.
    assert_eq!(house.rotate(&first).unwrap_err(), RefreshError::Reused);
    assert_eq!(house.rotate(&third).unwrap_err(), RefreshError::Revoked);
}

#[test]
fn samo_d11_a_token_used_twice_ends_the_whole_family() {
    let house = house();
    let stolen = house.begin();
    let owners = house.next(&stolen);
    house.pass(11);
    assert_eq!(house.rotate(&stolen).unwrap_err(), RefreshError::Reused);
    assert_eq!(house.rotate(&owners).unwrap_err(), RefreshError::Revoked);
    let families = now(house.store.list(&user("alice"))).unwrap();
    assert_eq!(families[0].revoked.as_ref().unwrap().why, "a refresh token was used twice");
    // A thief who was faster than the owner gains one token, until the owner comes.
    let stolen = house.begin();
    let thiefs = house.next(&stolen);
    house.pass(60);
    let thiefs = house.next(&thiefs);
    assert_eq!(house.rotate(&stolen).unwrap_err(), RefreshError::Reused);
    assert_eq!(house.rotate(&thiefs).unwrap_err(), RefreshError::Revoked);
}

#[test]
fn a_thief_within_the_grace_gains_no_line_of_their_own() {
    let house = house();
    let stolen = house.begin();
    let owners = house.next(&stolen);
    let thiefs = house.next(&stolen);
    assert_eq!(owners, thiefs);
    house.next(&thiefs);
    house.pass(11);
    assert_eq!(house.rotate(&owners).unwrap_err(), RefreshError::Reused, "the theft is noticed");
}

#[test]
fn permissions_are_asked_anew_and_a_closed_account_gets_nothing() {
    let house = house();
    let first = house.begin();
    now(house.accounts.set_roles(&user("alice"), vec!["admin".to_owned()])).unwrap();
    let refreshed = house.rotate(&first).unwrap();
    assert_eq!(refreshed.standing.roles, ["admin"]);
    let token = refreshed.token.reveal().expose().clone();
    now(house.accounts.set_active(&user("alice"), false, house.clock.now())).unwrap();
    assert_eq!(house.rotate(&token).unwrap_err(), RefreshError::Account);
    now(house.accounts.set_active(&user("alice"), true, house.clock.now())).unwrap();
    assert_eq!(house.rotate(&token).unwrap_err(), RefreshError::Account, "closing ended it");
}

#[test]
fn signing_out_everywhere_ends_every_family_that_began_before() {
    let house = house();
    let before = house.begin();
    house.pass(1);
    now(house.accounts.end_all(&user("alice"), house.clock.now())).unwrap();
    house.pass(1);
    let after = house.begin();
    assert_eq!(house.rotate(&before).unwrap_err(), RefreshError::Account);
    assert!(house.rotate(&after).is_ok());
}

#[test]
fn a_family_ends_after_its_lifetime_and_after_a_week_unused() {
    let house = house();
    let mut token = house.begin();
    for _ in 0..29 {
        house.pass(86_400);
        token = house.next(&token);
    }
    house.pass(86_400);
    assert_eq!(house.rotate(&token).unwrap_err(), RefreshError::Expired);
    let token = house.begin();
    house.pass(7 * 86_400);
    assert_eq!(house.rotate(&token).unwrap_err(), RefreshError::Expired);
}

#[test]
fn a_token_that_was_never_given_out_ends_nothing() {
    let house = house();
    let (one, two) = (house.begin(), house.begin());
    let mut forged = format!("{}{}", &one[..22], &two[22..65]);
    let checksum = crc_digits(forged.as_bytes());
    forged.push_str(&checksum);
    assert_eq!(house.rotate(&forged).unwrap_err(), RefreshError::Secret);
    for text in ["", "mr_", &one[1..], &format!("{one}x"), "mk_live_x"] {
        assert_eq!(house.rotate(text).unwrap_err(), RefreshError::Malformed, "{text}");
    }
    assert!(house.rotate(&one).is_ok());
}

/// The checksum by hand: CRC-32 bit by bit, in base 62.
fn crc_digits(bytes: &[u8]) -> String {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    let crc =
        bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)));
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let (mut rest, mut text) = (!crc, [b'0'; 6]);
    for place in text.iter_mut().rev() {
        *place = digits[usize::try_from(rest % 62).unwrap()];
        rest /= 62;
    }
    String::from_utf8(text.to_vec()).unwrap()
}

#[test]
fn signing_out_ends_the_family() {
    let house = house();
    let first = house.begin();
    let second = house.next(&first);
    now(house.tokens.end(&first, "signed out")).unwrap();
    assert_eq!(house.rotate(&second).unwrap_err(), RefreshError::Revoked);
}

#[test]
fn keys_of_the_ring_can_be_replaced_under_running_families() {
    let mut house = house();
    let token = house.begin();
    let first = house.ring.active(PURPOSE).unwrap().0;
    house.ring.rotate(PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    house.tokens.replace_keys(MacKeys::of_ring(&house.ring, PURPOSE).unwrap());
    let token = house.next(&token);
    house.ring.revoke(first).unwrap();
    house.tokens.replace_keys(MacKeys::of_ring(&house.ring, PURPOSE).unwrap());
    assert_eq!(house.rotate(&token).unwrap_err(), RefreshError::Unknown);
}

#[test]
fn many_at_once_with_one_token_get_one_successor() {
    let house = Arc::new(house());
    let token = house.begin();
    let results: Vec<String> = std::thread::scope(|scope| {
        let ask = || scope.spawn(|| house.next(&token));
        let threads: Vec<_> = (0..8).map(|_| ask()).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(results.iter().all(|result| *result == results[0]), "{}", results.len());
    assert!(house.rotate(&results[0]).is_ok());
}
