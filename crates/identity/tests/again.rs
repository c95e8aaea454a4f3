//! Who was verified a moment ago counts again without a look at the store; what ends or changes
//! meanwhile must be noticed at once here, and within a second where another process did it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests: what is wrong must end the test"
)]

mod common;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use common::{now, user};
use mantlet_crypto::KeyRing;
use mantlet_crypto::password::Cost;
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::api_key::{ApiKeyId, ApiKeyPolicy, Grants, Issuer, NewApiKey, Scopes};
use mantlet_identity::directory::{Caller, Credential, Directory, PURPOSES, Policies};
use mantlet_identity::lockout::LockoutPolicy;
use mantlet_identity::memory;
use mantlet_identity::password::PasswordPolicy;
use mantlet_identity::refresh::RefreshPolicy;
use mantlet_identity::session::{NewSession, SessionPolicy};
use mantlet_identity::store::Repositories;
use mantlet_identity::ticket::TicketPolicy;
use mantlet_identity::token::NewToken;
use mantlet_identity::{UserId, factor};
use mantlet_testkit::{FakeClock, SeededRng};
use mantlet_types::{Clock, Timestamp};
use proptest::prelude::*;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

fn policies() -> Policies {
    let pair = || ("https://gate.test".to_owned(), "https://app.test".to_owned());
    Policies {
        sessions: SessionPolicy::default(),
        api_keys: ApiKeyPolicy::default(),
        passwords: PasswordPolicy::default(),
        cost: Cost { memory_kib: 64, passes: 1, lanes: 1 },
        hashing: (1, 4),
        totp: factor::TotpPolicy::default(),
        lockout: LockoutPolicy::standard().unwrap(),
        lockout_counters: 100,
        tokens: pair(),
        token_lifetime: Duration::from_secs(600),
        legacy: None,
        outside: Vec::new(),
        refresh: RefreshPolicy::default(),
        tickets: TicketPolicy::default(),
        remembered: 1000,
        most_passkeys: 1,
        certificates: Default::default(),
        password_links: Default::default(),
    }
}

/// One process.
struct Node {
    directory: Directory,
    clock: FakeClock,
    /// Who was verified last with each credential, as the gate remembers it.
    known: std::cell::RefCell<Vec<Option<Caller>>>,
}

/// What one user holds.
struct Held {
    session: String,
    key: (ApiKeyId, String),
    token: String,
}

/// What is so, whoever has noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Truth {
    is_active: bool,
    roles: Vec<String>,
    counts: [bool; 3],
}

struct House {
    nodes: [Node; 2],
    held: Held,
    user: UserId,
}

fn node(repositories: &Repositories, ring: &KeyRing, clock: &FakeClock) -> Node {
    let times = (clock.shared(), Arc::new(SeededRng::new(3)) as _);
    let directory =
        Directory::open(repositories.clone(), ring, policies(), Vec::new(), times).unwrap();
    now(directory.revocations.refresh()).unwrap();
    Node { directory, clock: clock.clone(), known: vec![None; 3].into() }
}

fn account(name: &UserId, created: Timestamp) -> Account {
    Account {
        id: name.clone(),
        name: AccountName::parse(name.as_str()).unwrap(),
        password: None,
        roles: vec!["user".to_owned()],
        is_active: true,
        has_second_factor: false,
        created,
        last_signin: None,
        not_before: None,
    }
}

fn house(networks: &[&str]) -> House {
    let (repositories, clock) = (memory::repositories(), FakeClock::new());
    let mut ring = KeyRing::new();
    for purpose in PURPOSES {
        ring.rotate(purpose, std::time::SystemTime::UNIX_EPOCH, &SeededRng::new(1)).unwrap();
    }
    let user = user("ada");
    now(repositories.accounts.add(account(&user, clock.now()))).unwrap();
    let nodes = [node(&repositories, &ring, &clock), node(&repositories, &ring, &clock)];
    let directory = &nodes[0].directory;
    let wish = NewSession {
        user: user.clone(),
        methods: &["pwd"],
        authenticated: None,
        has_second_factor: false,
        address: HERE,
        agent: String::new(),
    };
    let session = now(directory.sessions.start(wish, None)).unwrap().0.expose().clone();
    let wish = NewApiKey {
        owner: user.clone(),
        label: "test".to_owned(),
        scopes: Scopes::new(["read"]).unwrap(),
        networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
        lifetime: Some(Duration::from_secs(3600)),
    };
    let issuer = Issuer { id: user.clone(), holds: Grants::All };
    let key = now(directory.api_keys.issue(wish, &issuer)).unwrap();
    let key = (key.id(), key.reveal().expose().clone());
    let token = directory.issuer.issue(&user, NewToken::default()).unwrap();
    House { nodes, held: Held { session, key, token }, user }
}

impl Held {
    fn credential(&self, kind: usize) -> Credential<'_> {
        match kind {
            0 => Credential::Session(&self.session),
            1 => Credential::ApiKey(&self.key.1),
            _ => Credential::Token(&self.token),
        }
    }
}

impl Node {
    /// Asks as the gate does: what is remembered first. The roles of who was let in.
    fn ask(&self, held: &Held, kind: usize, address: IpAddr) -> (Option<Vec<String>>, bool) {
        let moment = (self.clock.now(), self.clock.monotonic());
        let mut known = self.known.borrow_mut();
        let place = known.get_mut(kind).unwrap();
        let again = place.take().filter(|it| self.directory.counts_again(it, address, moment));
        let is_again = again.is_some();
        let verify = || now(self.directory.verify(held.credential(kind), address)).ok();
        *place = again.or_else(verify);
        (place.as_ref().map(|caller| caller.standing.roles.clone()), is_again)
    }

    /// Time passes, and what others ended is followed twice a second.
    fn follow(&self) {
        now(self.directory.revocations.refresh()).unwrap();
    }
}

impl House {
    fn pass(&self, quarters: u32) {
        for quarter in 0..quarters {
            self.nodes[0].clock.advance(Duration::from_millis(250));
            if quarter % 2 == 1 {
                self.nodes.iter().for_each(Node::follow);
            }
        }
    }

    /// Whether every kind is let in by the first process, and whether without a look.
    fn asked(&self) -> Vec<(bool, bool)> {
        let ask = |kind| self.nodes[0].ask(&self.held, kind, HERE);
        (0..3).map(ask).map(|(roles, is_again)| (roles.is_some(), is_again)).collect()
    }

    /// One process does something to the account or to what it holds.
    fn act(&self, act: &Act, truth: &mut Truth) {
        let directory = &self.nodes[usize::from(act.is_other)].directory;
        let (user, why) = (&self.user, "a test");
        let until = directory.clock.now() + Duration::from_secs(86_400);
        match act.what {
            What::Lock | What::Unlock => {
                let is_active = act.what == What::Unlock;
                let at = directory.clock.now();
                now(directory.accounts.set_active(user, is_active, at)).unwrap();
                directory.forget(user);
                truth.is_active = is_active;
                if !is_active {
                    now(directory.revocations.end_user(user, until, user, why)).unwrap();
                    now(directory.sessions.end_all(user, None, user, why)).unwrap();
                    (truth.counts[0], truth.counts[2]) = (false, false);
                }
            }
            What::Roles(number) => {
                let roles = vec![format!("role-{number}")];
                now(directory.accounts.set_roles(user, roles.clone())).unwrap();
                directory.forget(user);
                truth.roles = roles;
            }
            What::EndSession => {
                now(directory.sessions.end_all(user, None, user, why)).unwrap();
                truth.counts[0] = false;
            }
            What::RevokeKey => {
                if truth.counts[1] {
                    now(directory.api_keys.revoke(self.held.key.0, user, why)).unwrap();
                }
                directory.forget_key(self.held.key.0);
                truth.counts[1] = false;
            }
            What::EndToken => {
                let token = directory.verifier.verify(&self.held.token);
                if let Ok(token) = token {
                    now(directory.end_token(&token, user, why)).unwrap();
                }
                truth.counts[2] = false;
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Act {
    /// How many quarters of a second pass before it.
    quarters: u32,
    /// Whether the other process does it.
    is_other: bool,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Lock,
    Unlock,
    Roles(u8),
    EndSession,
    RevokeKey,
    EndToken,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let what = prop_oneof![
        2 => Just(What::Lock),
        3 => Just(What::Unlock),
        5 => (0..3_u8).prop_map(What::Roles),
        1 => Just(What::EndSession),
        1 => Just(What::RevokeKey),
        1 => Just(What::EndToken),
    ];
    let act = (0..6_u32, any::<bool>(), what);
    prop::collection::vec(act, 1..12).prop_map(|list| {
        let act = |(quarters, is_other, what)| Act { quarters, is_other, what };
        list.into_iter().map(act).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    // covers: ETSM-18, SAMO-07, SAMO-11 (library)
    #[test]
    fn what_is_remembered_never_outlives_what_is_true_by_a_second(acts in acts()) {
        let house = house(&[]);
        let mut truth =
            Truth { is_active: true, roles: vec!["user".to_owned()], counts: [true; 3] };
        let check = |truth: &Truth| {
            for kind in 0..3 {
                let expected = (truth.is_active && truth.counts[kind]).then(|| truth.roles.clone());
                let (seen, _) = house.nodes[0].ask(&house.held, kind, HERE);
                prop_assert_eq!(seen, expected, "credential {}", kind);
            }
            Ok(())
        };
        check(&truth)?;
        // What the other process has done and nobody had to have noticed yet.
        let mut pending = 0;
        for act in &acts {
            for _ in 0..act.quarters {
                house.pass(1);
                // Requests go on all the time.
                (0..3).for_each(|kind| drop(house.nodes[0].ask(&house.held, kind, HERE)));
                house.nodes.iter().for_each(Node::follow);
                pending = u32::saturating_sub(pending, 1);
            }
            house.act(act, &mut truth);
            if act.is_other {
                pending = 4;
            }
            if pending == 0 {
                check(&truth)?;
            }
        }
        for _ in 0..4 {
            house.pass(1);
            house.nodes.iter().for_each(Node::follow);
            (0..3).for_each(|kind| drop(house.nodes[0].ask(&house.held, kind, HERE)));
        }
        check(&truth)?;
    }
}

#[test]
fn who_was_verified_a_moment_ago_counts_again_and_then_is_looked_at_anew() {
    let house = house(&[]);
    assert_eq!(house.asked(), [(true, false); 3], "the first time");
    assert_eq!(house.asked(), [(true, true); 3]);
    house.pass(1);
    assert_eq!(house.asked(), [(true, false); 3], "later");
    assert_eq!(house.asked(), [(true, true); 3]);
    // Somebody else's end changes nothing; it was looked whether it is theirs.
    let other = user("bob");
    let (revocations, until) = (&house.nodes[0].directory.revocations, Timestamp::MAX);
    now(revocations.end_user(&other, until, &other, "a test")).unwrap();
    assert_eq!(house.asked(), [(true, true); 3]);
}

#[test]
fn nothing_counts_again_where_others_cannot_be_followed() {
    let house = house(&[]);
    assert_eq!(house.asked(), [(true, false); 3]);
    // More than a second passes without news of what other processes ended.
    house.nodes[0].clock.advance(Duration::from_millis(900));
    assert_eq!(house.asked(), [(true, false); 3]);
    assert_eq!(house.asked(), [(true, true); 3]);
    house.nodes[0].clock.advance(Duration::from_millis(200));
    assert_eq!(house.asked()[0], (true, false), "the news are read first");
}

#[test]
fn a_key_is_bound_to_its_networks_each_time_and_to_its_end_to_the_second() {
    let house = house(&["192.0.2.0/24"]);
    let ask = |address: &str| {
        let (roles, is_again) =
            house.nodes[0].ask(&house.held, 1, address.parse::<IpAddr>().unwrap());
        (roles.is_some(), is_again)
    };
    assert_eq!(ask("192.0.2.7"), (true, false));
    assert_eq!(ask("192.0.2.8"), (true, true));
    assert_eq!(ask("198.51.100.1"), (false, false), "the secret alone is not enough");
    assert_eq!(ask("192.0.2.8"), (true, false));
    let end = Duration::from_secs(3600);
    house.nodes[0].clock.advance(end - Duration::from_millis(100));
    house.nodes[0].follow();
    assert_eq!((ask("192.0.2.8"), ask("192.0.2.8")), ((true, false), (true, true)));
    house.nodes[0].clock.advance(Duration::from_millis(100));
    assert_eq!(ask("192.0.2.8"), (false, false));
}

#[test]
fn the_use_of_a_session_is_noted_while_it_is_remembered_and_its_end_is_kept() {
    let house = house(&[]);
    let node = &house.nodes[0];
    for _ in 0..40 {
        node.clock.advance(Duration::from_secs(2));
        node.follow();
        assert_eq!(house.asked()[0], (true, false));
        assert_eq!(house.asked()[0], (true, true));
    }
    let listed = now(node.directory.sessions.list(&house.user)).unwrap();
    let ago = node.clock.now().duration_since(listed[0].last_seen);
    assert!(ago <= SessionPolicy::default().touch_every.try_into().unwrap(), "{ago:?}");
    node.clock.advance(SessionPolicy::default().idle);
    node.follow();
    assert_eq!(house.asked()[0], (false, false), "idle");
}

#[test]
fn a_credential_of_one_kind_is_none_of_another() {
    let house = house(&[]);
    let text = &house.held.key.1;
    let kinds = [Credential::Session(text), Credential::ApiKey(text), Credential::Token(text)];
    let shown: Vec<_> = kinds.iter().map(|kind| kind.shown().unwrap()).collect();
    assert!(shown[0] != shown[1] && shown[1] != shown[2] && shown[0] != shown[2]);
    assert!(Credential::Ticket(text, None).shown().is_none(), "counts once");
}
