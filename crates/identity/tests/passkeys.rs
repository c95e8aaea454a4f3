//! Passkeys: registering and using them, and everything that somebody else could try.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests: what is wrong must end the test"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{now, user};
use mantlet_identity::memory::MemoryPasskeys;
use mantlet_identity::passkey::{
    CHALLENGE_LIFETIME, Created, Passkey, PasskeyError, PasskeyId, PasskeyLabel, Passkeys, Purpose,
    Shown, Site, Wanted,
};
use mantlet_identity::store::StoreError;
use mantlet_testkit::{
    Authenticator, Ceremony, FakeClock, PRESENT, SeededRng, VERIFIED, client_data,
};
use proptest::prelude::*;

const HOST: &str = "example.org";
const ORIGIN: &str = "https://example.org";
const HOLDER: &str = "the number of a visit";

struct House {
    passkeys: Passkeys,
    clock: FakeClock,
    site: Site,
}

fn house() -> House {
    house_of(1)
}

/// A house with randomness of its own.
fn house_of(seed: u64) -> House {
    let (store, clock) = (Arc::new(MemoryPasskeys::default()), FakeClock::new());
    let passkeys = Passkeys::new(store, 3, clock.shared(), Arc::new(SeededRng::new(seed)));
    House { passkeys, clock, site: Site { host: HOST.to_owned(), origin: ORIGIN.to_owned() } }
}

impl House {
    fn register(&self, name: &str, key: &mut Authenticator) -> Result<Passkey, PasskeyError> {
        let user = user(name);
        let challenge = self.passkeys.challenge(Purpose::Register(&user), HOLDER);
        let handle = now(self.passkeys.handle(&user)).unwrap();
        key.handle = Some(handle.to_vec());
        self.take(name, handle, &key.create(&challenge, ORIGIN, HOST))
    }

    fn take(&self, name: &str, handle: [u8; 32], made: &Ceremony) -> Result<Passkey, PasskeyError> {
        let created = Created { client_data: &made.client_data, attestation: &made.authenticator };
        let label = PasskeyLabel::parse("telephone").unwrap();
        now(self.passkeys.register(&user(name), (label, handle), created, (HOLDER, &self.site)))
    }

    /// A challenge for signing in, and what came of an answer to it.
    fn challenge(&self) -> Vec<u8> {
        self.passkeys.challenge(Purpose::SignIn, HOLDER)
    }

    fn sign_in(&self, key: &Authenticator, signed: &Ceremony) -> Result<Passkey, PasskeyError> {
        self.check(key, signed, Purpose::SignIn, HOLDER)
    }

    fn check(
        &self,
        key: &Authenticator,
        signed: &Ceremony,
        purpose: Purpose<'_>,
        holder: &str,
    ) -> Result<Passkey, PasskeyError> {
        let id = PasskeyId::of(&key.id).unwrap();
        let shown = Shown {
            id: &id,
            client_data: &signed.client_data,
            authenticator: &signed.authenticator,
            signature: &signed.signature,
            handle: key.handle.as_deref(),
        };
        now(self.passkeys.check(shown, Wanted { purpose, holder, site: &self.site }))
    }
}

#[test]
fn a_passkey_signs_its_owner_in() {
    let house = house();
    let mut key = Authenticator::new(b"one");
    key.counter = 1;
    let made = house.register("alice", &mut key).unwrap();
    assert_eq!((made.host.as_str(), made.counter, made.last_used), (HOST, 1, None));
    for counter in [2, 3] {
        let signed = key.sign(&house.challenge(), ORIGIN, HOST);
        let used = house.sign_in(&key, &signed).unwrap();
        assert_eq!((used.user, used.counter), (user("alice"), counter));
    }
    let kept = now(house.passkeys.list(&user("alice"))).unwrap();
    assert!(kept[0].last_used.is_some() && kept[0].counter == 3);
}

#[test]
fn authenticators_know_a_user_under_one_name() {
    let house = house();
    let (mut one, mut two, mut other) =
        (Authenticator::new(b"1"), Authenticator::new(b"2"), Authenticator::new(b"3"));
    let first = house.register("alice", &mut one).unwrap();
    assert_eq!(house.register("alice", &mut two).unwrap().handle, first.handle);
    assert_ne!(house.register("bob", &mut other).unwrap().handle, first.handle);
}

#[test]
fn a_challenge_is_answered_once_by_whom_it_was_for_and_in_time() {
    let house = house();
    let (alice, bob) = (user("alice"), user("bob"));
    let mut key = Authenticator::new(b"one");
    house.register("alice", &mut key).unwrap();
    let challenge = house.challenge();
    let signed = key.sign(&challenge, ORIGIN, HOST);
    let other = house.check(&key, &signed, Purpose::SignIn, "another visit");
    assert_eq!(other, Err(PasskeyError::Challenge));
    for purpose in [Purpose::Factor(&alice), Purpose::Register(&alice)] {
        let other = house.check(&key, &signed, purpose, HOLDER);
        assert_eq!(other, Err(PasskeyError::Challenge), "{purpose:?}");
    }
    assert!(house.sign_in(&key, &signed).is_ok());
    assert_eq!(house.sign_in(&key, &signed), Err(PasskeyError::Replayed));
    let anew = key.sign(&challenge, ORIGIN, HOST);
    assert_eq!(house.sign_in(&key, &anew), Err(PasskeyError::Replayed));
    let of_bob = house.passkeys.challenge(Purpose::Factor(&bob), HOLDER);
    let signed = key.sign(&of_bob, ORIGIN, HOST);
    assert_eq!(
        house.check(&key, &signed, Purpose::Factor(&alice), HOLDER),
        Err(PasskeyError::Challenge)
    );
    let late = key.sign(&house.challenge(), ORIGIN, HOST);
    house.clock.advance(CHALLENGE_LIFETIME);
    assert_eq!(house.sign_in(&key, &late), Err(PasskeyError::Challenge));
    let made_up = key.sign(&[0; 56], ORIGIN, HOST);
    assert_eq!(house.sign_in(&key, &made_up), Err(PasskeyError::Challenge));
    let house = house_of(2);
    assert_eq!(house.sign_in(&key, &anew), Err(PasskeyError::Challenge), "of another process");
}

#[test]
fn a_challenge_counts_to_the_end_of_its_time() {
    let house = house();
    let mut key = Authenticator::new(b"one");
    house.register("alice", &mut key).unwrap();
    let signed = key.sign(&house.challenge(), ORIGIN, HOST);
    house.clock.advance(CHALLENGE_LIFETIME - Duration::from_millis(1));
    assert!(house.sign_in(&key, &signed).is_ok());
}

#[test]
fn what_was_signed_elsewhere_counts_for_nothing() {
    let house = house();
    let mut key = Authenticator::new(b"one");
    house.register("alice", &mut key).unwrap();
    for origin in [
        "https://example.org.evil.test",
        "https://evil.example.org",
        "http://example.org",
        "https://example.org:8443",
        "https://EXAMPLE.org",
        "null",
        "",
    ] {
        let signed = key.sign(&house.challenge(), origin, HOST);
        assert_eq!(house.sign_in(&key, &signed), Err(PasskeyError::Origin), "{origin}");
    }
    for host in ["evil.test", "example.org.", "org", ""] {
        let signed = key.sign(&house.challenge(), ORIGIN, host);
        assert_eq!(house.sign_in(&key, &signed), Err(PasskeyError::Site), "{host}");
    }
    let framed = |add: &str| {
        let said = client_data("webauthn.get", &house.challenge(), ORIGIN);
        let said = String::from_utf8(said).unwrap();
        said.replace("\"crossOrigin\":false", add).into_bytes()
    };
    for (add, error) in [
        ("\"crossOrigin\":true", PasskeyError::Origin),
        ("\"crossOrigin\":1", PasskeyError::Origin),
        ("\"topOrigin\":\"https://example.org\"", PasskeyError::Origin),
        ("\"origin\":\"https://example.org\"", PasskeyError::Malformed("client data")),
    ] {
        let signed = key.sign_over(framed(add), HOST);
        assert_eq!(house.sign_in(&key, &signed), Err(error), "{add}");
    }
    let made = client_data("webauthn.create", &house.challenge(), ORIGIN);
    let signed = key.sign_over(made, HOST);
    assert_eq!(house.sign_in(&key, &signed), Err(PasskeyError::Malformed("client data")));
}

#[test]
fn alone_a_passkey_counts_only_where_its_owner_was_made_sure_of() {
    let house = house();
    let alice = user("alice");
    let mut key = Authenticator::new(b"one");
    house.register("alice", &mut key).unwrap();
    for (flags, alone, beside) in
        [(PRESENT, false, true), (VERIFIED, false, false), (0, false, false)]
    {
        key.flags = flags;
        let signed = key.sign(&house.challenge(), ORIGIN, HOST);
        let expected = PasskeyError::Unverified;
        assert_eq!(house.sign_in(&key, &signed).err(), (!alone).then_some(expected.clone()));
        let purpose = Purpose::Factor(&alice);
        let signed = key.sign(&house.passkeys.challenge(purpose, HOLDER), ORIGIN, HOST);
        let checked = house.check(&key, &signed, purpose, HOLDER);
        assert_eq!(checked.err(), (!beside).then_some(expected));
    }
    // Shared now, and such that it cannot be: no authenticator says that.
    key.flags = PRESENT | VERIFIED | 1 << 4;
    let signed = key.sign(&house.challenge(), ORIGIN, HOST);
    let error = PasskeyError::Malformed("authenticator data");
    assert_eq!(house.sign_in(&key, &signed), Err(error));
}

#[test]
fn nobody_uses_the_passkey_of_another() {
    let house = house();
    let (alice, bob) = (user("alice"), user("bob"));
    let (mut of_alice, mut of_bob) = (Authenticator::new(b"a"), Authenticator::new(b"b"));
    house.register("alice", &mut of_alice).unwrap();
    house.register("bob", &mut of_bob).unwrap();
    // A passkey of Bob as the second factor of Alice.
    let purpose = Purpose::Factor(&alice);
    let signed = of_bob.sign(&house.passkeys.challenge(purpose, HOLDER), ORIGIN, HOST);
    assert_eq!(house.check(&of_bob, &signed, purpose, HOLDER), Err(PasskeyError::Unknown));
    // The id of Alice's with a signature of Bob's; Bob's with the name of Alice, and with none.
    let signed = of_bob.sign(&house.challenge(), ORIGIN, HOST);
    assert_eq!(house.sign_in(&of_alice, &signed), Err(PasskeyError::Signature));
    let own = std::mem::replace(&mut of_bob.handle, of_alice.handle.clone());
    assert_eq!(house.sign_in(&of_bob, &signed), Err(PasskeyError::Unknown));
    of_bob.handle = None;
    assert_eq!(house.sign_in(&of_bob, &signed), Err(PasskeyError::Unknown));
    of_bob.handle = own;
    assert_eq!(house.sign_in(&of_bob, &signed).unwrap().user, bob);
    let nobody = Authenticator::new(b"c");
    assert_eq!(house.sign_in(&nobody, &signed), Err(PasskeyError::Replayed));
    let signed = Authenticator::new(b"c").sign(&house.challenge(), ORIGIN, HOST);
    assert_eq!(house.sign_in(&nobody, &signed), Err(PasskeyError::Unknown));
    assert!(now(house.passkeys.remove(&bob, &PasskeyId::of(b"b").unwrap())).unwrap());
    let signed = of_bob.sign(&house.challenge(), ORIGIN, HOST);
    assert_eq!(house.sign_in(&of_bob, &signed), Err(PasskeyError::Unknown), "removed");
}

#[test]
fn a_passkey_of_another_host_is_none_of_this_one() {
    let mut house = house();
    let mut key = Authenticator::new(b"one");
    house.register("alice", &mut key).unwrap();
    house.site = Site { host: "other.org".to_owned(), origin: "https://other.org".to_owned() };
    let signed = key.sign(&house.challenge(), "https://other.org", "other.org");
    assert_eq!(house.sign_in(&key, &signed), Err(PasskeyError::Unknown));
}

#[test]
fn one_flipped_bit_anywhere_and_it_does_not_count() {
    let house = house();
    let mut key = Authenticator::new(b"one");
    house.register("alice", &mut key).unwrap();
    let signed = key.sign(&house.challenge(), ORIGIN, HOST);
    for place in 0..signed.signature.len() {
        let mut other = signed.clone();
        other.signature[place] ^= 1;
        assert_eq!(house.sign_in(&key, &other), Err(PasskeyError::Signature), "{place}");
    }
    for place in 0..signed.authenticator.len() {
        let mut other = signed.clone();
        other.authenticator[place] ^= 1;
        assert!(house.sign_in(&key, &other).is_err(), "{place}");
    }
    for cut in 0..signed.signature.len() {
        let other = Ceremony { signature: signed.signature[..cut].to_vec(), ..signed.clone() };
        assert_eq!(house.sign_in(&key, &other), Err(PasskeyError::Signature), "{cut}");
    }
    assert!(house.sign_in(&key, &signed).is_ok(), "none of this has used the challenge up");
}

#[test]
fn a_key_that_exists_twice_is_noticed() {
    let house = house();
    let mut key = Authenticator::new(b"one");
    key.counter = 5;
    house.register("alice", &mut key).unwrap();
    for counter in [5, 4, 0] {
        key.counter = counter;
        let said = client_data("webauthn.get", &house.challenge(), ORIGIN);
        let signed = key.sign_over(said, HOST);
        assert_eq!(house.sign_in(&key, &signed), Err(PasskeyError::Counter), "{counter}");
    }
    key.counter = 6;
    let said = client_data("webauthn.get", &house.challenge(), ORIGIN);
    assert!(house.sign_in(&key, &key.sign_over(said, HOST)).is_ok());
}

#[test]
fn what_is_no_new_passkey_is_not_registered() {
    let house = house();
    let alice = user("alice");
    let key = Authenticator::new(b"one");
    let challenge = || house.passkeys.challenge(Purpose::Register(&alice), HOLDER);
    let fine = key.create(&challenge(), ORIGIN, HOST);
    for cut in 0..fine.authenticator.len() {
        let authenticator = fine.authenticator[..cut].to_vec();
        let made = Ceremony { authenticator, ..fine.clone() };
        assert!(house.take("alice", [1; 32], &made).is_err(), "{cut}");
    }
    let more = [&fine.authenticator[..], &[0]].concat();
    let made = Ceremony { authenticator: more, ..fine.clone() };
    assert!(house.take("alice", [1; 32], &made).is_err());
    let foreign = key.create(&challenge(), "https://evil.test", HOST);
    assert_eq!(house.take("alice", [1; 32], &foreign), Err(PasskeyError::Origin));
    let foreign = key.create(&challenge(), ORIGIN, "evil.test");
    assert_eq!(house.take("alice", [1; 32], &foreign), Err(PasskeyError::Site));
    assert_eq!(house.take("bob", [1; 32], &fine), Err(PasskeyError::Challenge));
    let sign_in = key.create(&house.challenge(), ORIGIN, HOST);
    assert_eq!(house.take("alice", [1; 32], &sign_in), Err(PasskeyError::Challenge));
    let long = Authenticator::new(&[1; 1024]).create(&challenge(), ORIGIN, HOST);
    assert!(house.take("alice", [1; 32], &long).is_err(), "an id that is too long");
    assert!(house.take("alice", [1; 32], &fine).is_ok(), "it was fine all the time");
    assert_eq!(house.take("alice", [1; 32], &fine), Err(PasskeyError::Replayed));
}

#[test]
fn a_passkey_is_one_users_and_nobody_has_too_many() {
    let house = house();
    let mut key = Authenticator::new(b"one");
    house.register("alice", &mut key).unwrap();
    let taken = house.register("bob", &mut key);
    assert_eq!(taken, Err(PasskeyError::Store(StoreError::Conflict)));
    for id in [b"two", b"thr"] {
        house.register("alice", &mut Authenticator::new(id)).unwrap();
    }
    let full = house.register("alice", &mut Authenticator::new(b"fou"));
    assert_eq!(full, Err(PasskeyError::Store(StoreError::Full(3))));
}

proptest! {
    #[test]
    fn no_bytes_end_it_and_none_sign_in(
        client_data in prop::collection::vec(any::<u8>(), 0..300),
        authenticator in prop::collection::vec(any::<u8>(), 0..300),
        signature in prop::collection::vec(any::<u8>(), 0..100),
        is_framed in any::<bool>(),
    ) {
        let house = house();
        let mut key = Authenticator::new(b"one");
        house.register("alice", &mut key).unwrap();
        let right = key.sign(&house.challenge(), ORIGIN, HOST);
        // Behind what is right, arbitrary bytes come further than they would alone.
        let client_data = if is_framed { right.client_data } else { client_data };
        let authenticator = [&right.authenticator[..32], &authenticator].concat();
        let forged = Ceremony { client_data, authenticator, signature };
        prop_assert!(house.sign_in(&key, &forged).is_err());
        prop_assert!(house.take("alice", [1; 32], &forged).is_err());
        let length = u16::try_from(forged.authenticator.len()).unwrap().to_be_bytes();
        let length = if length[0] == 0 { &length[1..] } else { &length[..] };
        let head = [0x57 + u8::try_from(length.len()).unwrap()];
        let within = [&[0xa1, 0x68][..], b"authData", &head, length, &forged.authenticator].concat();
        let made = Ceremony { authenticator: within, ..forged };
        prop_assert!(house.take("alice", [1; 32], &made).is_err());
    }
}
