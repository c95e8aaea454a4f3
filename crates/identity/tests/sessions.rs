//! Sessions as their owner, an administrator and a thief meet them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests: what is wrong must end the test"
)]

mod common;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use common::{now, user};
use mantlet_identity::memory::{MemoryRevocations, MemorySessions};
use mantlet_identity::revocation::{RevocationIndex, Revocations};
use mantlet_identity::session::{
    NewSession, Session, SessionCookie, SessionHash, SessionPolicy, SessionRefusal, SessionStore,
    Sessions,
};
use mantlet_testkit::{FakeClock, SeededRng};
use mantlet_types::Clock;

const HOUR: Duration = Duration::from_secs(3600);

struct Node {
    sessions: Sessions,
    revocations: Arc<Revocations>,
    clock: FakeClock,
}

struct Stores {
    sessions: Arc<MemorySessions>,
    revocations: Arc<MemoryRevocations>,
}

fn stores() -> Stores {
    Stores { sessions: Arc::default(), revocations: Arc::default() }
}

fn node(stores: &Stores, clock: &FakeClock, seed: u64) -> Node {
    let index = Arc::new(RevocationIndex::new(1000, Some(Duration::from_secs(1))));
    let revocations =
        Revocations::new(stores.revocations.clone(), index, Vec::new(), clock.shared());
    let revocations = Arc::new(revocations);
    now(revocations.refresh()).unwrap();
    let sessions = Sessions::new(
        stores.sessions.clone(),
        revocations.clone(),
        SessionPolicy::default(),
        clock.shared(),
        Arc::new(SeededRng::new(seed)),
    );
    Node { sessions, revocations, clock: clock.clone() }
}

fn house() -> (Stores, Node) {
    let stores = stores();
    let node = node(&stores, &FakeClock::new(), 1);
    (stores, node)
}

fn wish(name: &str) -> NewSession {
    NewSession {
        user: user(name),
        has_second_factor: false,
        methods: &["pwd"],
        authenticated: None,
        address: IpAddr::from([192, 0, 2, 7]),
        agent: "Firefox\r\nforged".to_owned(),
    }
}

impl Node {
    fn start(&self, name: &str) -> String {
        now(self.sessions.start(wish(name), None)).unwrap().0.expose().clone()
    }

    fn find(&self, id: &str) -> Result<Arc<Session>, SessionRefusal> {
        now(self.sessions.find(id))
    }

    fn pass(&self, by: Duration) {
        self.clock.advance(by);
        now(self.revocations.refresh()).unwrap();
    }
}

// covers: ETSM-17, ETSM-18, ELITE-15, SCI-10 (library)
#[test]
fn etsm_d14_the_id_is_256_random_bits_and_only_its_hash_is_kept() {
    let (stores, node) = house();
    let (one, two) = (node.start("alice"), node.start("alice"));
    assert_eq!(one.len(), 43, "62^43 > 2^256");
    assert_ne!(one, two);
    let session = node.find(&one).unwrap();
    assert_eq!((session.user.as_str(), session.agent.as_str()), ("alice", "Firefoxforged"));
    let kept = format!("{:?}", stores.sessions);
    assert!(!kept.contains(&one) && !kept.contains(&two));
    assert_eq!(session.hash, SessionHash::of(&one).unwrap());
}

// covers: SCI-11 (library)
#[test]
fn etsm_d15_a_session_ends_unused_after_eight_hours_and_in_any_case_after_a_day() {
    let (_stores, node) = house();
    let (idle, busy) = (node.start("alice"), node.start("alice"));
    for _ in 0..7 {
        node.pass(HOUR);
        node.find(&busy).unwrap();
    }
    assert!(node.find(&idle).is_ok(), "seven hours");
    node.pass(8 * HOUR - Duration::from_secs(1));
    assert!(node.find(&idle).is_ok());
    assert!(node.find(&busy).is_ok());
    node.pass(8 * HOUR);
    assert_eq!(node.find(&idle).unwrap_err(), SessionRefusal::Idle);
    let (_stores, node) = house();
    let busy = node.start("alice");
    for _ in 0..23 {
        node.pass(HOUR);
        node.find(&busy).unwrap();
    }
    node.pass(HOUR);
    assert_eq!(node.find(&busy).unwrap_err(), SessionRefusal::Expired);
}

#[test]
fn sci_d06_signing_in_and_rising_give_a_new_id_and_end_the_old_one() {
    let (_stores, node) = house();
    let planted = node.start("mallory");
    let (token, session) = now(node.sessions.start(wish("alice"), Some(&planted))).unwrap();
    assert_ne!(token.expose(), &planted);
    assert_eq!(node.find(&planted).unwrap_err(), SessionRefusal::Ended);
    node.pass(HOUR);
    let (risen, after) = now(node.sessions.renew(token.expose(), Some("otp"))).unwrap();
    assert!(node.find(token.expose()).is_err(), "the id before is worth nothing");
    let found = node.find(risen.expose()).unwrap();
    assert!(found.has_second_factor);
    assert_eq!((after.created, after.expires), (session.created, session.expires));
    assert_eq!(after.handle, session.handle);
}

#[test]
fn an_id_that_a_client_made_up_is_never_taken() {
    let (_stores, node) = house();
    let made_up = "a".repeat(43);
    let (token, _) = now(node.sessions.start(wish("alice"), Some(&made_up))).unwrap();
    assert_ne!(token.expose(), &made_up);
    assert_eq!(node.find(&made_up).unwrap_err(), SessionRefusal::Unknown);
    for text in ["", "x", &"a".repeat(44), &"ä".repeat(21), "../../etc/passwd"] {
        assert_eq!(node.find(text).unwrap_err(), SessionRefusal::Malformed, "{text}");
    }
}

// covers: SCI-12 (library)
#[test]
fn sci_d05_a_copy_of_the_cookie_is_worth_nothing_after_signing_out() {
    let (_stores, node) = house();
    let id = node.start("alice");
    assert!(node.find(&id).is_ok(), "remembered from here on");
    now(node.sessions.sign_out(&id)).unwrap();
    assert_eq!(node.find(&id).unwrap_err(), SessionRefusal::Ended);
    now(node.sessions.sign_out(&id)).unwrap();
}

#[test]
fn elite_d13_a_user_ends_their_own_sessions_and_an_administrator_ends_any() {
    let (stores, node) = house();
    let ids = [node.start("alice"), node.start("alice"), node.start("alice"), node.start("bob")];
    let listed = now(node.sessions.list(&user("alice"))).unwrap();
    assert_eq!(listed.len(), 3);
    let handle = node.find(&ids[3]).unwrap().handle;
    let foreign = now(node.sessions.end_one(&user("alice"), handle, &user("alice"), "")).unwrap();
    assert!(!foreign && node.find(&ids[3]).is_ok(), "not by the handle of somebody else's");
    let own = node.find(&ids[0]).unwrap().handle;
    assert!(now(node.sessions.end_one(&user("alice"), own, &user("alice"), "")).unwrap());
    assert_eq!(node.find(&ids[0]).unwrap_err(), SessionRefusal::Ended);
    let keep = Some(ids[1].as_str());
    assert_eq!(now(node.sessions.end_all(&user("alice"), keep, &user("alice"), "")), Ok(1));
    assert!(node.find(&ids[1]).is_ok() && node.find(&ids[2]).is_err());
    let why = "laptop stolen";
    assert_eq!(now(node.sessions.end_all(&user("alice"), None, &user("admin"), why)), Ok(1));
    assert!(node.find(&ids[1]).is_err() && node.find(&ids[3]).is_ok());
    let ended = now(stores.sessions.lookup(SessionHash::of(&ids[1]).unwrap())).unwrap().unwrap();
    let trace = ended.ended.unwrap();
    assert_eq!((trace.by.as_str(), trace.why.as_str()), ("admin", why));
}

#[test]
fn a_session_that_another_process_ended_is_refused_within_a_second() {
    let (stores, clock) = (stores(), FakeClock::new());
    let (here, there) = (node(&stores, &clock, 1), node(&stores, &clock, 2));
    let id = here.start("alice");
    assert!(there.find(&id).is_ok(), "remembered there");
    now(here.sessions.sign_out(&id)).unwrap();
    clock.advance(Duration::from_millis(500));
    now(there.revocations.refresh()).unwrap();
    assert_eq!(there.find(&id).unwrap_err(), SessionRefusal::Ended);
    // And without the refresh: after a second nothing remembered is believed.
    let id = here.start("alice");
    assert!(there.find(&id).is_ok());
    now(here.sessions.sign_out(&id)).unwrap();
    clock.advance(Duration::from_millis(1001));
    assert_eq!(there.find(&id).unwrap_err(), SessionRefusal::Ended);
}

#[test]
fn ending_a_user_ends_sessions_that_are_remembered() {
    let (_stores, node) = house();
    let id = node.start("alice");
    assert!(node.find(&id).is_ok());
    let until = node.clock.now() + 24 * HOUR;
    now(node.revocations.end_user(&user("alice"), until, &user("admin"), "")).unwrap();
    assert_eq!(node.find(&id).unwrap_err(), SessionRefusal::Ended);
    node.pass(Duration::from_millis(1));
    assert!(node.find(&node.start("alice")).is_ok());
}

#[test]
fn a_user_whom_another_process_ended_is_noticed_even_where_nobody_has_looked_for_long() {
    let (stores, clock) = (stores(), FakeClock::new());
    let (here, there) = (node(&stores, &clock, 1), node(&stores, &clock, 2));
    let id = here.start("alice");
    assert!(there.find(&id).is_ok());
    let until = clock.now() + 24 * HOUR;
    now(here.revocations.end_user(&user("alice"), until, &user("admin"), "")).unwrap();
    clock.advance(Duration::from_secs(5));
    assert_eq!(there.find(&id).unwrap_err(), SessionRefusal::Ended);
}

#[test]
fn the_session_used_least_recently_ends_when_there_are_too_many() {
    let (_stores, node) = house();
    let first = node.start("alice");
    node.pass(Duration::from_secs(1));
    let others: Vec<String> = (0..19).map(|_| node.start("alice")).collect();
    assert!(node.find(&first).is_ok());
    node.start("alice");
    assert_eq!(node.find(&first).unwrap_err(), SessionRefusal::Ended);
    assert!(others.iter().all(|id| node.find(id).is_ok()));
}

// covers: ETSM-19 (library)
#[test]
fn what_is_over_is_removed_in_bounded_steps() {
    let (_stores, node) = house();
    (0..5).for_each(|_| drop(node.start("alice")));
    node.pass(9 * HOUR);
    let fresh = node.start("alice");
    assert_eq!(now(node.sessions.remove_expired(3)), Ok(3));
    assert_eq!(now(node.sessions.remove_expired(3)), Ok(2));
    assert_eq!(now(node.sessions.remove_expired(3)), Ok(0));
    assert!(node.find(&fresh).is_ok());
}

#[test]
fn uses_are_written_once_a_minute() {
    let (stores, node) = house();
    let id = node.start("alice");
    let begun = node.clock.now();
    let kept = || now(stores.sessions.lookup(SessionHash::of(&id).unwrap())).unwrap().unwrap();
    node.pass(Duration::from_secs(59));
    node.find(&id).unwrap();
    assert_eq!(kept().last_seen, begun);
    node.pass(Duration::from_secs(1));
    node.find(&id).unwrap();
    assert_eq!(kept().last_seen, begun + Duration::from_secs(60));
}

// covers: SCI-09 (library)
#[test]
fn etsm_d16_the_cookie_is_bound_to_the_host_and_hidden_from_scripts() {
    let (_stores, node) = house();
    let (token, _) = now(node.sessions.start(wish("alice"), None)).unwrap();
    let cookie = SessionCookie { is_secure: true, is_strict: false };
    let set = cookie.set(&token, HOUR);
    let id = token.expose();
    let expected = format!(
        "__Host-mantlet-session={id}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure"
    );
    assert_eq!(set, expected);
    assert!(cookie.clear().contains("Max-Age=0"));
    let plain = SessionCookie { is_secure: false, is_strict: true };
    assert!(!plain.set(&token, HOUR).contains("Secure") && !plain.name().starts_with("__"));
    assert!(plain.clear().contains("SameSite=Strict"));
    for (header, expected) in [
        (format!("a=b; {}={id}; c=d", cookie.name()), Some(id.as_str())),
        (format!("x{}={id}", cookie.name()), None),
        (format!("{0}=planted; {0}={id}", cookie.name()), None),
        (String::new(), None),
        (";;=;".to_owned(), None),
    ] {
        assert_eq!(cookie.find(&header), expected, "{header}");
    }
}
