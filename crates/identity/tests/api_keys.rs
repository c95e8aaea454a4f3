//! API keys as their owner, their issuer and an attacker meet them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    reason = "tests: keys are ASCII of a fixed length, and what is wrong must end the test"
)]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use mantlet_crypto::{KeyRing, MacKeys};
use mantlet_identity::UserId;
use mantlet_identity::api_key::{
    ApiKeyError, ApiKeyId, ApiKeyPolicy, ApiKeyRecord, ApiKeyRefusal, ApiKeyStore, ApiKeys, Grants,
    Issuer, NewApiKey, PURPOSE, Scopes, VerifiedApiKey,
};
use mantlet_identity::memory::{MemoryApiKeys, MemoryRevocations};
use mantlet_identity::revocation::{RevocationIndex, Revocations};
use mantlet_identity::store::{StoreError, Stored};
use mantlet_testkit::{FakeClock, SeededRng};
use mantlet_types::{Clock, SystemRng, Timestamp};

const DAY: Duration = Duration::from_secs(86_400);

struct House {
    keys: Arc<ApiKeys>,
    revocations: Arc<Revocations>,
    store: Arc<MemoryApiKeys>,
    ring: KeyRing,
    clock: FakeClock,
}

fn house() -> House {
    house_with(ApiKeyPolicy::default())
}

fn house_with(policy: ApiKeyPolicy) -> House {
    let mut ring = KeyRing::new();
    ring.rotate(PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    let macs = MacKeys::of_ring(&ring, PURPOSE).unwrap();
    let (store, clock) = (Arc::new(MemoryApiKeys::default()), FakeClock::new());
    let revocations = revocations(&Arc::default(), &clock);
    let keys = keys_over(store.clone(), &revocations, macs, policy, &clock);
    House { keys: Arc::new(keys), revocations, store, ring, clock }
}

fn revocations(store: &Arc<MemoryRevocations>, clock: &FakeClock) -> Arc<Revocations> {
    let index = Arc::new(RevocationIndex::new(100, Some(Duration::from_secs(1))));
    let revocations = Revocations::new(store.clone(), index, Vec::new(), clock.shared());
    now(revocations.refresh()).unwrap();
    Arc::new(revocations)
}

fn keys_over(
    store: Arc<dyn ApiKeyStore>,
    revocations: &Arc<Revocations>,
    macs: MacKeys,
    policy: ApiKeyPolicy,
    clock: &FakeClock,
) -> ApiKeys {
    let rng = Arc::new(SeededRng::new(1));
    ApiKeys::new((store, revocations.clone()), macs, policy, clock.shared(), rng).unwrap()
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn wish(scopes: &[&str]) -> NewApiKey {
    NewApiKey {
        owner: user("alice"),
        label: "nightly export".to_owned(),
        scopes: Scopes::new(scopes.iter().copied()).unwrap(),
        networks: Vec::new(),
        lifetime: None,
    }
}

fn issuer(scopes: &[&str]) -> Issuer {
    let holds = Grants::Only(Scopes::new(scopes.iter().copied()).unwrap());
    Issuer { id: user("alice"), holds }
}

/// The answer of a future that memory has at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("memory answers at once")
}

impl House {
    /// The text of a new key.
    fn issue(&self, wish: NewApiKey) -> String {
        let issued = now(self.keys.issue(wish, &issuer(&["read", "write"]))).unwrap();
        issued.reveal().expose().clone()
    }

    fn verify(&self, text: &str) -> Result<VerifiedApiKey, ApiKeyRefusal> {
        self.verify_from(text, "192.0.2.7")
    }

    fn verify_from(&self, text: &str, address: &str) -> Result<VerifiedApiKey, ApiKeyRefusal> {
        now(self.keys.verify(text, address.parse::<IpAddr>().unwrap()))
    }

    fn record(&self, id: ApiKeyId) -> Arc<ApiKeyRecord> {
        now(self.store.lookup(id)).unwrap().unwrap()
    }
}

fn id_of(text: &str) -> ApiKeyId {
    ApiKeyId::parse(&text[8..20]).unwrap()
}

// covers: SAMO-05, SAMO-07 (library)
#[test]
fn a_key_is_accepted_and_only_its_hash_is_kept() {
    let house = house();
    let text = house.issue(wish(&["read"]));
    let verified = house.verify(&text).unwrap();
    assert_eq!(verified.record.owner, user("alice"));
    assert!(verified.record.scopes.holds("read") && !verified.record.scopes.holds("write"));
    let kept = format!("{:?} {:?}", house.store, verified);
    assert!(!kept.contains(&text[21..64]), "the secret is in the store");
}

#[test]
fn elite_d02_nothing_and_what_is_no_key_open_nothing() {
    let house = house();
    house.issue(wish(&[]));
    for text in ["", "null", "undefined", "{}", "mk_", "mk_live__"] {
        assert_eq!(house.verify(text).unwrap_err(), ApiKeyRefusal::Malformed, "{text}");
    }
}

#[test]
fn a_secret_opens_its_own_key_alone() {
    let house = house();
    let (one, two) = (house.issue(wish(&["read"])), house.issue(wish(&["write"])));
    // The secret of one under the id of the other, with a checksum that fits.
    let mut forged = format!("{}{}", &two[..20], &one[20..64]);
    let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut crc = u64::from(crc_of(forged.as_bytes()));
    let mut checksum = [b'0'; 6];
    for place in checksum.iter_mut().rev() {
        *place = digits[usize::try_from(crc % 62).unwrap()];
        crc /= 62;
    }
    forged.push_str(str::from_utf8(&checksum).unwrap());
    assert_eq!(house.verify(&forged).unwrap_err(), ApiKeyRefusal::Secret);
    assert!(house.verify(&one).is_ok() && house.verify(&two).is_ok());
}

/// CRC-32 bit by bit, as a scanner would that knows nothing of us.
fn crc_of(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[test]
fn samo_d09_nobody_passes_on_more_than_they_hold() {
    let house = house();
    let result = now(house.keys.issue(wish(&["read", "admin"]), &issuer(&["read"])));
    assert_eq!(result.unwrap_err(), ApiKeyError::BeyondIssuer(vec!["admin".to_owned()]));
    assert!(now(house.keys.issue(wish(&["read"]), &issuer(&["read"]))).is_ok());
    assert!(now(house.keys.issue(wish(&[]), &issuer(&[]))).is_ok());
    let all = Issuer { id: user("operator"), holds: Grants::All };
    assert!(now(house.keys.issue(wish(&["read", "admin"]), &all)).is_ok());
}

#[test]
fn samo_d03_use_does_not_make_a_key_live_longer() {
    let house = house();
    let text = house.issue(NewApiKey { lifetime: Some(DAY), ..wish(&["read"]) });
    let end = house.record(id_of(&text)).expires;
    for _ in 0..24 {
        assert!(house.verify(&text).is_ok());
        house.clock.advance(Duration::from_secs(3600));
    }
    assert_eq!(house.verify(&text).unwrap_err(), ApiKeyRefusal::Expired { at: end });
    assert_eq!(house.record(id_of(&text)).expires, end);
}

#[test]
fn the_last_use_is_noted_at_most_once_a_minute() {
    let house = house();
    let text = house.issue(wish(&["read"]));
    assert_eq!(house.record(id_of(&text)).last_used, None);
    let start = house.clock.now();
    for (seconds, expected) in [(0, 0), (30, 0), (30, 60), (59, 60), (1, 120)] {
        house.clock.advance(Duration::from_secs(seconds));
        house.verify(&text).unwrap();
        let expected = start + Duration::from_secs(expected);
        assert_eq!(house.record(id_of(&text)).last_used, Some(expected));
    }
}

#[test]
fn samo_d04_a_use_on_its_way_does_not_bring_a_revoked_key_back() {
    let house = house();
    let text = house.issue(wish(&["read"]));
    let id = id_of(&text);
    now(house.keys.revoke(id, &user("admin"), "leaked in a repository")).unwrap();
    // What a verification that began before the revocation writes after it.
    now(house.store.touch(id, house.clock.now())).unwrap();
    let record = house.record(id);
    assert!(record.revoked.is_some() && record.last_used.is_none());
    let versions = record.versions.clone();
    assert!(!now(house.store.replace_versions(id, record.revision, versions)).unwrap());
    assert!(matches!(house.verify(&text), Err(ApiKeyRefusal::Revoked { .. })));
}

// covers: SAMO-08 (library)
#[test]
fn samo_d07_revoking_keeps_who_when_and_why() {
    let house = house();
    let id = id_of(&house.issue(wish(&["read"])));
    house.clock.advance(DAY);
    let at = house.clock.now();
    now(house.keys.revoke(id, &user("admin"), "left the company")).unwrap();
    let second = now(house.keys.revoke(id, &user("mallory"), "other story"));
    assert_eq!(second, Err(ApiKeyError::NotInForce(id)));
    let trace = house.record(id).revoked.clone().unwrap();
    assert_eq!((trace.at, trace.by.as_str(), &*trace.why), (at, "admin", "left the company"));
}

#[test]
fn who_does_not_hold_the_secret_does_not_learn_that_a_key_was_revoked() {
    let house = house();
    let (text, other) = (house.issue(wish(&["read"])), house.issue(wish(&["read"])));
    now(house.keys.revoke(id_of(&text), &user("admin"), "")).unwrap();
    assert!(matches!(house.verify(&text), Err(ApiKeyRefusal::Revoked { .. })));
    let record = house.record(id_of(&text));
    let presented = house.keys.parse(&other).unwrap();
    let address = IpAddr::from([192, 0, 2, 7]);
    assert_eq!(house.keys.check(&presented, &record, address), Err(ApiKeyRefusal::Secret));
}

// covers: SAMO-46 (library)
#[test]
fn samo_d05_old_and_new_secrets_overlap_while_the_grace_lasts() {
    let house = house();
    let first = house.issue(wish(&["read"]));
    let id = id_of(&first);
    let second = now(house.keys.rotate(id, DAY)).unwrap().reveal().expose().clone();
    assert_eq!((id_of(&second), house.verify(&first).unwrap().version), (id, 1));
    assert_eq!(house.verify(&second).unwrap().version, 2);
    let end = house.record(id).expires;
    house.clock.advance(DAY);
    assert!(matches!(house.verify(&first), Err(ApiKeyRefusal::Replaced { .. })));
    assert!(house.verify(&second).is_ok());
    assert_eq!(house.record(id).expires, end, "rotation does not move the end");
}

#[test]
fn at_most_four_secrets_are_valid_and_a_later_rotation_never_lengthens_a_grace() {
    let house = house();
    let mut texts = vec![house.issue(wish(&["read"]))];
    let id = id_of(&texts[0]);
    texts.push(
        now(house.keys.rotate(id, Duration::from_secs(60))).unwrap().reveal().expose().clone(),
    );
    for _ in 0..3 {
        texts.push(now(house.keys.rotate(id, DAY)).unwrap().reveal().expose().clone());
    }
    let versions = |house: &House| -> Vec<_> {
        texts.iter().map(|text| house.verify(text).ok().map(|found| found.version)).collect()
    };
    assert_eq!(versions(&house), [None, Some(2), Some(3), Some(4), Some(5)]);
    house.clock.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(versions(&house), [None, None, None, None, Some(5)], "grace is at most a week");
}

#[test]
fn two_rotations_at_once_do_not_both_succeed() {
    let house = house();
    let id = id_of(&house.issue(wish(&["read"])));
    let record = house.record(id);
    let _shown_once = now(house.keys.rotate(id, DAY)).unwrap();
    let stale = now(house.store.replace_versions(id, record.revision, record.versions.clone()));
    assert_eq!(stale, Ok(false));
}

#[test]
fn a_key_is_used_from_its_networks_alone() {
    let house = house();
    let networks = ["10.1.0.0/16", "2001:db8::/32"].map(|net| net.parse().unwrap()).to_vec();
    let text = house.issue(NewApiKey { networks, ..wish(&["read"]) });
    for (address, is_fine) in [
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
        ("2001:db8::1", true),
        ("10.2.0.1", false),
        ("::ffff:10.2.0.1", false),
        ("::1", false),
        ("127.0.0.1", false),
    ] {
        assert_eq!(house.verify_from(&text, address).is_ok(), is_fine, "{address}");
    }
}

#[test]
fn a_key_of_another_environment_opens_nothing() {
    let policy = ApiKeyPolicy { environment: "test".to_owned(), ..ApiKeyPolicy::default() };
    let (test, live) = (house_with(policy), house());
    let text = test.issue(wish(&["read"]));
    assert!(text.starts_with("mk_test_") && test.verify(&text).is_ok());
    assert_eq!(live.verify(&text).unwrap_err(), ApiKeyRefusal::Environment);
}

#[test]
fn a_revoked_key_of_the_ring_ends_what_was_hashed_with_it() {
    let mut house = house();
    let text = house.issue(wish(&["read"]));
    let first = house.ring.active(PURPOSE).unwrap().0;
    house.ring.rotate(PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
    house.keys.replace_keys(MacKeys::of_ring(&house.ring, PURPOSE).unwrap());
    assert!(house.verify(&text).is_ok(), "a retiring key still checks");
    house.ring.revoke(first).unwrap();
    house.keys.replace_keys(MacKeys::of_ring(&house.ring, PURPOSE).unwrap());
    assert_eq!(house.verify(&text).unwrap_err(), ApiKeyRefusal::Secret);
}

// covers: SAMO-09 (library)
#[test]
fn samo_d06_the_keys_of_an_owner_are_listed_and_no_others() {
    let house = house();
    let first = id_of(&house.issue(wish(&["read"])));
    house.issue(NewApiKey { owner: user("bob"), ..wish(&["read"]) });
    let second = id_of(&house.issue(wish(&["write"])));
    now(house.keys.revoke(first, &user("alice"), "")).unwrap();
    let listed = now(house.keys.list(&user("alice"))).unwrap();
    let found: Vec<_> = listed.iter().map(|key| (key.id, key.revoked.is_some())).collect();
    assert_eq!(found, [(first, true), (second, false)]);
    assert!(now(house.keys.list(&user("nobody"))).unwrap().is_empty());
}

#[test]
fn an_owner_has_so_many_keys_in_force_and_no_more() {
    let house = house_with(ApiKeyPolicy { max_per_owner: 2, ..ApiKeyPolicy::default() });
    let first = id_of(&house.issue(wish(&["read"])));
    house.issue(wish(&["read"]));
    let third = now(house.keys.issue(wish(&["read"]), &issuer(&["read"])));
    assert_eq!(third.unwrap_err(), ApiKeyError::Store(StoreError::Full(2)));
    now(house.keys.revoke(first, &user("alice"), "")).unwrap();
    house.issue(wish(&["read"]));
}

#[test]
fn a_wish_that_is_not_well_formed_is_refused() {
    let house = house();
    let many = vec!["10.0.0.0/8".parse().unwrap(); 65];
    for (wish, expected) in [
        (NewApiKey { label: " ".to_owned(), ..wish(&[]) }, ApiKeyError::Label),
        (NewApiKey { label: "a\nb".to_owned(), ..wish(&[]) }, ApiKeyError::Label),
        (NewApiKey { label: "x".repeat(101), ..wish(&[]) }, ApiKeyError::Label),
        (NewApiKey { networks: many, ..wish(&[]) }, ApiKeyError::Networks(64)),
        (NewApiKey { lifetime: Some(Duration::ZERO), ..wish(&[]) }, ApiKeyError::Expiry),
        (NewApiKey { lifetime: Some(Duration::MAX), ..wish(&[]) }, ApiKeyError::Expiry),
    ] {
        assert_eq!(now(house.keys.issue(wish, &issuer(&[]))).unwrap_err(), expected);
    }
}

#[test]
fn a_record_kept_in_memory_is_refused_within_a_second_of_its_revocation() {
    let house = house();
    let text = house.issue(wish(&["read"]));
    let kept = house.record(id_of(&text));
    // Another process, over the same stores.
    let ends: Arc<MemoryRevocations> = Arc::default();
    let (here, there) = (revocations(&ends, &house.clock), revocations(&ends, &house.clock));
    let macs = || MacKeys::of_ring(&house.ring, PURPOSE).unwrap();
    let policy = ApiKeyPolicy::default;
    let [ours, theirs] = [&here, &there]
        .map(|ends| keys_over(house.store.clone(), ends, macs(), policy(), &house.clock));
    let check = |keys: &ApiKeys| {
        keys.check(&keys.parse(&text).unwrap(), &kept, IpAddr::from([192, 0, 2, 7]))
    };
    assert_eq!((check(&ours), check(&theirs)), (Ok(1), Ok(1)));
    now(ours.revoke(kept.id, &user("admin"), "leaked")).unwrap();
    assert!(matches!(check(&ours), Err(ApiKeyRefusal::Revoked { .. })), "at once");
    house.clock.advance(Duration::from_millis(500));
    now(there.refresh()).unwrap();
    assert!(matches!(check(&theirs), Err(ApiKeyRefusal::Revoked { .. })));
    let other = house.issue(wish(&["read"]));
    let record = house.record(id_of(&other));
    house.clock.advance(Duration::from_millis(1001));
    let presented = theirs.parse(&other).unwrap();
    let stale = theirs.check(&presented, &record, IpAddr::from([192, 0, 2, 7]));
    assert_eq!(stale, Err(ApiKeyRefusal::Stale), "nothing is believed that is too old");
    assert!(now(theirs.verify(&other, IpAddr::from([192, 0, 2, 7]))).is_ok(), "the store knows");
}

/// A store that is down.
#[derive(Debug)]
struct Down;

impl ApiKeyStore for Down {
    fn add(&self, _: ApiKeyRecord, _: usize) -> Stored<'_, ()> {
        down()
    }
    fn lookup(&self, _: ApiKeyId) -> Stored<'_, Option<Arc<ApiKeyRecord>>> {
        down()
    }
    fn list<'a>(&'a self, _: &'a UserId) -> Stored<'a, Vec<Arc<ApiKeyRecord>>> {
        down()
    }
    fn replace_versions(
        &self,
        _: ApiKeyId,
        _: u32,
        _: Vec<mantlet_identity::api_key::SecretVersion>,
    ) -> Stored<'_, bool> {
        down()
    }
    fn revoke(&self, _: ApiKeyId, _: mantlet_identity::Trace) -> Stored<'_, bool> {
        down()
    }
    fn touch(&self, _: ApiKeyId, _: Timestamp) -> Stored<'_, ()> {
        down()
    }
}

fn down<'a, T: Send + 'a>() -> Stored<'a, T> {
    Box::pin(std::future::ready(Err(StoreError::Unavailable("disk full".to_owned()))))
}

#[test]
fn a_store_that_does_not_answer_lets_nobody_in() {
    let house = house();
    let text = house.issue(wish(&["read"]));
    let macs = MacKeys::of_ring(&house.ring, PURPOSE).unwrap();
    let policy = ApiKeyPolicy::default();
    let keys = keys_over(Arc::new(Down), &house.revocations, macs, policy, &house.clock);
    let refusal = now(keys.verify(&text, IpAddr::from([192, 0, 2, 7]))).unwrap_err();
    assert_eq!(refusal.code(), "store-unavailable");
}
