//! Signing in: the owner, the guesser, and the guesser who wants to lock the owner out.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests: what is wrong must end the test"
)]

mod common;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::{now, user};
use mantlet_crypto::password::Cost;
use mantlet_crypto::{KeyRing, MacKeys};
use mantlet_identity::account::{Account, AccountName, Accounts, PasswordHash};
use mantlet_identity::lockout::{Lockout, LockoutPolicy, PURPOSE, Source, Verdict};
use mantlet_identity::memory::MemoryAccounts;
use mantlet_identity::password::{HashPool, PasswordContext, PasswordPolicy, Passwords};
use mantlet_identity::signin::{Asked, SignIn, SignInError};
use mantlet_identity::store::StoreError;
use mantlet_limit::{KeyHasher, MemoryCounters};
use mantlet_testkit::FakeClock;
use mantlet_types::{Clock, Secret, SystemRng};

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
const PASSWORD: &str = "correct horse battery staple";
const HOME: &str = "192.0.2.7";

struct House {
    signin: SignIn,
    lockout: Arc<Lockout>,
    accounts: Arc<MemoryAccounts>,
    passwords: Arc<Passwords>,
    clock: FakeClock,
    runtime: tokio::runtime::Runtime,
}

fn account(name: &str, password: Option<PasswordHash>, clock: &FakeClock) -> Account {
    Account {
        id: user(name),
        name: AccountName::parse(name).unwrap(),
        password,
        roles: Vec::new(),
        is_active: true,
        has_second_factor: false,
        created: clock.now(),
        last_signin: None,
        not_before: None,
    }
}

fn house() -> House {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let clock = FakeClock::new();
    let pool = HashPool::new(2, 64).unwrap();
    let passwords = Arc::new(Passwords::new(pool, CHEAP, Arc::new(SystemRng)).unwrap());
    let new = PasswordPolicy::default();
    let new = new.check(&Secret::new(PASSWORD.to_owned()), &PasswordContext::default()).unwrap();
    let hash = runtime.block_on(passwords.hash(&new)).unwrap();
    let accounts = Arc::new(MemoryAccounts::default());
    for name in ["alice", "mallory"] {
        now(accounts.add(account(name, Some(hash.clone()), &clock))).unwrap();
    }
    let mut ring = KeyRing::new();
    ring.rotate(PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    let devices = MacKeys::of_ring(&ring, PURPOSE).unwrap();
    let lockout = Arc::new(Lockout::new(
        Arc::new(MemoryCounters::new(100_000)),
        KeyHasher::new(&SystemRng),
        LockoutPolicy::standard().unwrap(),
        500,
        clock.shared(),
    ));
    let signin =
        SignIn::new(accounts.clone(), passwords.clone(), lockout.clone(), devices, clock.shared());
    House { signin, lockout, accounts, passwords, clock, runtime }
}

impl House {
    fn try_from(
        &self,
        name: &str,
        password: &str,
        address: &str,
        device: Option<&str>,
    ) -> Result<Account, SignInError> {
        let address = address.parse::<IpAddr>().unwrap();
        self.runtime.block_on(async {
            let started = self.signin.begin(Asked { name, address, device }).await?;
            self.signin.finish(started, &Secret::new(password.to_owned())).await
        })
    }

    fn sign_in(&self, name: &str, password: &str) -> Result<Account, SignInError> {
        self.try_from(name, password, HOME, None)
    }

    fn lookup(&self, name: &str) -> Account {
        now(self.accounts.lookup(&user(name))).unwrap().unwrap()
    }
}

// covers: SCI-36, ETSM-33 (library)
#[test]
fn etsm_d31_signing_in_notes_the_time_and_a_wrong_password_does_not() {
    let house = house();
    assert_eq!(house.sign_in("alice", "wrong"), Err(SignInError::Denied));
    assert_eq!(house.lookup("alice").last_signin, None);
    house.clock.advance(Duration::from_secs(60));
    let account = house.sign_in(" Alice ", PASSWORD).unwrap();
    assert_eq!(account.id, user("alice"));
    assert_eq!(house.lookup("alice").last_signin, Some(house.clock.now()));
}

#[test]
fn sci_d28_unknown_closed_and_wrong_are_one_answer() {
    let house = house();
    now(house.accounts.set_active(&user("mallory"), false, house.clock.now())).unwrap();
    now(house.accounts.add(account("nopassword", None, &house.clock))).unwrap();
    for (name, password) in [
        ("alice", "wrong"),
        ("nobody", PASSWORD),
        ("mallory", PASSWORD),
        ("nopassword", PASSWORD),
        ("nopassword", ""),
        ("\0\n", PASSWORD),
        ("", ""),
    ] {
        let error = house.sign_in(name, password).unwrap_err();
        assert_eq!(error, SignInError::Denied, "{name}");
        assert_eq!(error.to_string(), "name or password is wrong");
    }
}

#[test]
fn etsm_d30_an_account_is_never_overwritten() {
    let house = house();
    let before = house.lookup("alice");
    let again = now(house.accounts.add(account("alice", None, &house.clock)));
    assert_eq!(again, Err(StoreError::Conflict));
    let other = Account { id: user("other-id"), ..account("alice", None, &house.clock) };
    assert_eq!(now(house.accounts.add(other)), Err(StoreError::Conflict), "the name is taken");
    assert_eq!(house.lookup("alice"), before);
}

#[test]
fn an_old_hash_is_made_anew_at_sign_in_and_ends_nothing() {
    let house = house();
    let weak = Cost { memory_kib: 32, ..CHEAP };
    let hash = mantlet_crypto::password::hash(&Secret::new(PASSWORD.to_owned()), weak, &SystemRng);
    let hash = PasswordHash::new(hash.unwrap());
    now(house.accounts.add(account("old", Some(hash.clone()), &house.clock))).unwrap();
    house.sign_in("old", PASSWORD).unwrap();
    let after = house.lookup("old");
    assert!(after.password.is_some() && after.password != Some(hash.clone()));
    assert_eq!(after.not_before, None);
    house.sign_in("old", PASSWORD).unwrap();
    // Somebody changes the password while an old one is made anew: theirs stays.
    let stale = now(house.accounts.set_password(
        &user("old"),
        hash.clone(),
        house.clock.now(),
        Some(&hash),
    ));
    assert_eq!(stale, Ok(false));
    assert_eq!(house.lookup("old").password, after.password);
}

// covers: SCI-35, YMERA-27 (library)
#[test]
fn ymera_d25_a_stranger_is_locked_and_the_owner_is_not() {
    let house = house();
    let stranger = "203.0.113.9";
    for _ in 0..5 {
        let error = house.try_from("alice", "guess", stranger, None);
        assert_eq!(error, Err(SignInError::Denied));
    }
    let locked = house.try_from("alice", PASSWORD, stranger, None);
    assert!(matches!(locked, Err(SignInError::Wait { .. })), "even with the right password");
    assert!(house.sign_in("alice", PASSWORD).is_ok(), "the owner is elsewhere");
    assert!(house.try_from("mallory", PASSWORD, stranger, None).is_ok(), "only that pair");
    house.clock.advance(Duration::from_secs(600));
    assert!(house.try_from("alice", PASSWORD, stranger, None).is_ok(), "the lock ends by itself");
}

#[test]
fn many_strangers_slow_the_owner_down_and_never_lock_their_known_device_out() {
    let house = house();
    let device = house.signin.remember_device(&user("alice")).unwrap();
    let source = |number: u32, is_known| {
        let address = IpAddr::from(std::net::Ipv4Addr::from(0x0a00_0000 | number << 8));
        Source { address, is_known }
    };
    let name = AccountName::parse("alice").unwrap();
    let mut delays = Vec::new();
    for number in 1..=100 {
        let attempt = house.runtime.block_on(house.lockout.begin(&name, source(number, false)));
        let attempt = attempt.unwrap();
        let Verdict::Go { delay } = attempt.verdict else { panic!("{attempt:?}") };
        delays.push(delay);
        house.runtime.block_on(house.lockout.failed(&attempt)).unwrap();
    }
    assert!(delays.iter().take(5).all(Duration::is_zero));
    assert!(delays.windows(2).all(|pair| pair.first() <= pair.last()), "{delays:?}");
    assert_eq!(delays.last(), Some(&Duration::from_secs(8)), "and never longer");
    // After a hundred something else must be shown, but not on a device that signed in before.
    assert_eq!(house.sign_in("alice", PASSWORD), Err(SignInError::StepUp));
    let known = Some(device.expose().as_str());
    assert!(house.try_from("alice", PASSWORD, HOME, known).is_ok());
    assert!(house.sign_in("alice", PASSWORD).is_ok(), "a success begins the count anew");
}

#[test]
fn a_stranger_at_the_owners_address_does_not_lock_the_known_device_out() {
    let house = house();
    let device = house.signin.remember_device(&user("alice")).unwrap();
    for number in 0..60 {
        let name = if number < 5 { "alice".to_owned() } else { format!("guess{number}") };
        let _ = house.try_from(&name, "guess", HOME, None);
    }
    assert!(matches!(house.sign_in("alice", PASSWORD), Err(SignInError::Wait { .. })));
    let known = Some(device.expose().as_str());
    assert!(house.try_from("alice", PASSWORD, HOME, known).is_ok());
    // The device is no way to guess on.
    for _ in 0..5 {
        let _ = house.try_from("alice", "guess", HOME, known);
    }
    let guesser = house.try_from("alice", "guess", HOME, known);
    assert!(matches!(guesser, Err(SignInError::Wait { .. })));
}

#[test]
fn the_proof_of_a_device_is_for_one_account_and_ends() {
    let house = house();
    let device = house.signin.remember_device(&user("alice")).unwrap();
    let is_known = |name: &str, proof: &str| {
        // The sixth attempt of a pair passes only where the proof counts.
        for _ in 0..5 {
            let _ = house.try_from(name, "guess", "203.0.113.77", None);
        }
        let result = house.try_from(name, PASSWORD, "203.0.113.77", Some(proof));
        house.clock.advance(Duration::from_secs(3600));
        result.is_ok()
    };
    assert!(is_known("alice", device.expose()));
    assert!(!is_known("mallory", device.expose()));
    let forged = device.expose().replace(['a', 'b'], "0");
    for text in ["", ".", "..", "1.2.3", "x.y.z", &forged, &format!("{}0", device.expose())] {
        assert!(!is_known("alice", text), "{text}");
    }
    now(house.accounts.end_all(&user("alice"), house.clock.now())).unwrap();
    assert!(!is_known("alice", device.expose()), "signed out everywhere");
    let device = house.signin.remember_device(&user("alice")).unwrap();
    house.clock.advance(Duration::from_secs(180 * 86_400));
    assert!(!is_known("alice", device.expose()), "half a year later");
}

// covers: ELITE-21 (library)
#[test]
fn sci_d27_an_account_of_ones_own_does_not_clear_failures_at_others() {
    let house = house();
    let mut waits = 0;
    for number in 0..80 {
        // A guess at each of many accounts, a success with the own one after each.
        let victim = format!("victim{number}");
        match house.try_from(&victim, "Summer2026!", "203.0.113.9", None) {
            Err(SignInError::Wait { .. }) => waits += 1,
            other => assert_eq!(other, Err(SignInError::Denied)),
        }
        let _ = house.try_from("mallory", PASSWORD, "203.0.113.9", None);
    }
    assert_eq!(waits, 30, "fifty failures of one address, whatever else it did");
    let neighbour = house.try_from("alice", PASSWORD, "203.0.113.200", None);
    assert!(neighbour.is_ok(), "its neighbour is not meant");
}

#[test]
fn a_network_of_many_addresses_is_bounded_as_well() {
    let house = house();
    let mut passed = 0;
    for number in 0..400_u32 {
        let address = format!("2001:db8:1:{number:x}::1");
        let result = house.try_from(&format!("user{number}"), "guess", &address, None);
        passed += u32::from(result == Err(SignInError::Denied));
    }
    assert_eq!(passed, 300);
    assert!(house.try_from("alice", PASSWORD, "2001:db8:2::1", None).is_ok());
}

#[test]
fn guesses_at_once_are_no_more_than_guesses_in_a_row() {
    let house = house();
    let name = AccountName::parse("alice").unwrap();
    let source = Source { address: HOME.parse().unwrap(), is_known: false };
    let allowed = std::thread::scope(|scope| {
        let begin = || now(house.lockout.begin(&name, source)).unwrap();
        let go = move || matches!(begin().verdict, Verdict::Go { .. });
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(go)).collect();
        threads.into_iter().map(|it| it.join().unwrap()).filter(|go| *go).count()
    });
    assert_eq!(allowed, 5);
}

#[test]
fn an_operator_unlocks_an_account() {
    let house = house();
    let name = AccountName::parse("alice").unwrap();
    for _ in 0..6 {
        let _ = house.sign_in("alice", "guess");
    }
    assert!(matches!(house.sign_in("alice", PASSWORD), Err(SignInError::Wait { .. })));
    house.lockout.unlock(&name, Some(HOME.parse().unwrap()));
    assert!(house.sign_in("alice", PASSWORD).is_ok());
}

#[test]
fn codes_of_a_second_factor_are_guessed_ten_times_and_no_more() {
    let house = house();
    let name = AccountName::parse("alice").unwrap();
    let ask = || house.runtime.block_on(house.lockout.factor(&name)).unwrap();
    assert!((0..10).all(|_| ask().is_none()));
    assert!(ask().is_some());
    house.lockout.factor_succeeded(&name);
    assert!(ask().is_none());
    assert_eq!(house.passwords.pool().refused(), 0);
}
