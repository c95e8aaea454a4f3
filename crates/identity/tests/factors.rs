//! Second factors: setting up, using, and using twice.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests: what is wrong must end the test"
)]

mod common;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::{now, user};
use mantlet_crypto::{KeyRing, OtpDigest, hotp};
use mantlet_identity::account::AccountName;
use mantlet_identity::factor::{
    FactorError, FactorStore, PURPOSE, RECOVERY_PURPOSE, SecondFactors, TotpPolicy, TotpSecret,
};
use mantlet_identity::memory::MemoryFactors;
use mantlet_testkit::{FakeClock, SeededRng};
use mantlet_types::{Clock, SystemRng};

struct House {
    factors: SecondFactors,
    store: Arc<MemoryFactors>,
    ring: KeyRing,
    clock: FakeClock,
}

fn house() -> House {
    let mut ring = KeyRing::new();
    for purpose in [PURPOSE, RECOVERY_PURPOSE] {
        ring.rotate(purpose, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    }
    let (store, clock) = (Arc::new(MemoryFactors::default()), FakeClock::new());
    let (policy, rng) = (TotpPolicy::default(), Arc::new(SeededRng::new(1)));
    let factors = SecondFactors::new(store.clone(), ring.clone(), policy, clock.shared(), rng);
    House { factors, store, ring, clock }
}

impl House {
    fn enrol(&self) -> TotpSecret {
        now(self.factors.enrol_totp(&user("alice"))).unwrap()
    }

    /// The code that an authenticator shows, its clock off by `steps`.
    fn code(&self, secret: &TotpSecret, steps: i64) -> String {
        let step = self.clock.now().as_second() / 30 + steps;
        let key = from_base32(secret.text().expose());
        hotp(OtpDigest::Sha1, &key, u64::try_from(step).unwrap(), 6)
    }

    fn check(&self, code: &str) -> Result<(), FactorError> {
        now(self.factors.check_totp(&user("alice"), code))
    }
}

/// What an authenticator program makes of the text.
fn from_base32(text: &str) -> Vec<u8> {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = text.chars().map(|c| format!("{:05b}", letters.find(c).unwrap())).collect();
    let bytes = bits.as_bytes().chunks_exact(8);
    bytes.map(|byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 2).unwrap()).collect()
}

#[test]
fn a_clock_guards_once_a_code_was_shown_and_each_code_counts_once() {
    let house = house();
    let secret = house.enrol();
    assert!(!now(house.factors.has_totp(&user("alice"))).unwrap());
    let code = house.code(&secret, 0);
    assert_eq!(house.check(&code), Ok(()));
    assert!(now(house.factors.has_totp(&user("alice"))).unwrap());
    assert_eq!(house.check(&code), Err(FactorError::Wrong), "used");
    assert_eq!(house.check(&house.code(&secret, -1)), Err(FactorError::Wrong), "older than used");
    house.clock.advance(Duration::from_secs(30));
    let code = house.code(&secret, 0);
    assert_eq!(
        house.check(&format!("{} {}", code.get(..3).unwrap(), code.get(3..).unwrap())),
        Ok(())
    );
    assert_eq!(now(house.factors.enrol_totp(&user("alice"))).unwrap_err(), FactorError::Present);
}

#[test]
fn a_clock_may_be_off_by_one_step() {
    for (steps, expected) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
        let house = house();
        let secret = house.enrol();
        assert_eq!(house.check(&house.code(&secret, steps)).is_ok(), expected, "{steps}");
    }
}

#[test]
fn what_is_no_code_is_wrong() {
    let house = house();
    let secret = house.enrol();
    let code = house.code(&secret, 0);
    for text in ["", "0", "abcdef", &format!("{code}0"), code.get(..5).unwrap(), "１２３４５６"]
    {
        assert_eq!(house.check(text), Err(FactorError::Wrong), "{text}");
    }
    let other = now(house.factors.check_totp(&user("bob"), &code));
    assert_eq!(other, Err(FactorError::Absent));
}

#[test]
fn the_secret_is_sealed_and_bound_to_its_user() {
    let house = house();
    let secret = house.enrol();
    let record = now(house.store.totp(&user("alice"))).unwrap().unwrap();
    let plain = from_base32(secret.text().expose());
    assert!(!record.sealed.windows(8).any(|part| plain.windows(8).any(|own| own == part)));
    assert!(now(house.store.set_totp(&user("mallory"), record)).unwrap());
    let moved = now(house.factors.check_totp(&user("mallory"), &house.code(&secret, 0)));
    assert_eq!(moved, Err(FactorError::NoKey));
    assert!(house.ring.active(PURPOSE).is_some());
    let name = AccountName::parse("alice@example.org").unwrap();
    let policy = TotpPolicy { service: "Acme & Co".to_owned(), ..TotpPolicy::default() };
    let uri = secret.uri(&policy, &name);
    let start = "otpauth://totp/Acme%20%26%20Co:alice%40example.org?secret=";
    assert!(uri.expose().starts_with(start), "{}", uri.expose());
    assert!(!format!("{secret:?}").contains(secret.text().expose()));
}

#[test]
fn of_many_at_once_with_one_code_one_counts() {
    let house = Arc::new(house());
    let secret = house.enrol();
    let code = house.code(&secret, 0);
    let accepted = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| house.check(&code).is_ok())).collect();
        threads.into_iter().map(|it| it.join().unwrap()).filter(|ok| *ok).count()
    });
    assert_eq!(accepted, 1);
}

#[test]
fn each_recovery_code_counts_once_and_only_hashes_are_kept() {
    let house = house();
    let check = |code: &str| now(house.factors.check_recovery(&user("alice"), code));
    assert_eq!(check("aaaa-aaaa-aaaa-aaaa"), Err(FactorError::Absent));
    let codes = now(house.factors.renew_recovery(&user("alice"))).unwrap().reveal();
    assert_eq!(codes.len(), 10);
    let first = codes.first().unwrap().expose().clone();
    assert!(!format!("{:?} {codes:?}", house.store).contains(&first));
    assert_eq!(check(&first), Ok(9));
    assert_eq!(check(&first), Err(FactorError::Wrong));
    let second = codes.get(1).unwrap().expose();
    assert_eq!(check(&second.replace('-', " ").to_uppercase().replace('0', "O")), Ok(8));
    assert_eq!(check("aaaa-aaaa-aaaa-aaaa"), Err(FactorError::Wrong));
    let others = now(house.factors.renew_recovery(&user("alice"))).unwrap().reveal();
    assert_eq!(check(codes.get(2).unwrap().expose()), Err(FactorError::Wrong), "replaced");
    let foreign = now(house.factors.renew_recovery(&user("bob"))).unwrap().reveal();
    assert_eq!(check(foreign.first().unwrap().expose()), Err(FactorError::Wrong));
    assert_eq!(check(others.first().unwrap().expose()), Ok(9));
}
