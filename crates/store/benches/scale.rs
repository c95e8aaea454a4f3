//! How look-ups and writes fare as the store grows: `cargo bench -p mantlet-store -- 1000000`, with the
//! number of sessions and of keys; a tenth as many accounts. Builds the store through its
//! repositories and reports after each power of ten.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark: what is wrong must end it, and its report is what it prints"
)]

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use mantlet_crypto::{KeyId, TAG_SIZE};
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::api_key::{ApiKeyId, ApiKeyRecord, Scopes, SecretVersion};
use mantlet_identity::session::{Session, SessionHandle, SessionHash};
use mantlet_identity::store::{Repositories, StoreError};
use mantlet_identity::{Trace, UserId};
use mantlet_store::{Options, RootSource, Store};
use mantlet_types::{Clock, SystemClock, SystemRng, Timestamp};

/// How many acts wait at once while the store is filled.
const TOGETHER: usize = 256;

/// How many look-ups are measured.
const SAMPLES: usize = 2_000;

/// Sessions and keys of each account.
const PER_ACCOUNT: usize = 10;

fn user(number: usize) -> UserId {
    UserId::parse(&format!("user-{number}")).unwrap()
}

fn hash(number: usize) -> SessionHash {
    let number = u64::try_from(number).unwrap();
    SessionHash(mantlet_crypto::sha256(&number.to_le_bytes()))
}

fn key_id(number: usize) -> ApiKeyId {
    ApiKeyId::parse(&format!("k{number:011}")).unwrap()
}

fn account(number: usize) -> Account {
    Account {
        id: user(number),
        name: AccountName::parse(&format!("name-{number}")).unwrap(),
        password: None,
        roles: vec!["reader".to_owned()],
        is_active: true,
        has_second_factor: false,
        created: Timestamp::UNIX_EPOCH,
        last_signin: None,
        not_before: None,
    }
}

fn session(number: usize) -> Session {
    let start = Timestamp::UNIX_EPOCH;
    let seen = start + Duration::from_millis(u64::try_from(number).unwrap());
    Session {
        hash: hash(number),
        handle: SessionHandle::parse(&format!("{number:012}")).unwrap(),
        user: user(number / PER_ACCOUNT),
        created: start,
        renewed: start,
        last_seen: seen,
        expires: Timestamp::MAX,
        has_second_factor: false,
        address: "192.0.2.7".parse().unwrap(),
        agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
        ended: None,
    }
}

fn key(number: usize) -> ApiKeyRecord {
    let (start, tag) = (Timestamp::UNIX_EPOCH, [7; TAG_SIZE]);
    let version = SecretVersion { number: 1, key: KeyId(1), tag, created: start, until: None };
    ApiKeyRecord {
        id: key_id(number),
        environment: "live".to_owned(),
        owner: user(number / PER_ACCOUNT),
        label: "nightly import".to_owned(),
        scopes: Scopes::new(["read:all", "write:own"]).unwrap(),
        networks: Vec::new(),
        issued_by: user(number / PER_ACCOUNT),
        created: start,
        expires: Timestamp::MAX,
        versions: vec![version],
        revision: 0,
        last_used: None,
        revoked: None,
    }
}

/// Does `act` for each number, many at once.
async fn fill<F>(range: std::ops::Range<usize>, act: impl Fn(usize) -> F)
where
    F: Future<Output = Result<(), StoreError>>,
{
    let mut from = range.start;
    while from < range.end {
        let to = (from + TOGETHER).min(range.end);
        try_join_all((from..to).map(&act)).await.unwrap();
        from = to;
    }
}

/// The median and the 99th of a hundred of the times that `act` takes, in microseconds.
async fn measure<F: Future>(
    clock: &dyn Clock,
    samples: usize,
    act: impl Fn(usize) -> F,
) -> (u128, u128) {
    let mut times = Vec::with_capacity(samples);
    for sample in 0..samples {
        let start = clock.monotonic();
        act(sample).await;
        times.push(clock.monotonic().since(start).as_micros());
    }
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    (at(50), at(99))
}

async fn report(repositories: &Repositories, clock: &dyn Clock, count: usize) {
    // A stride that meets numbers all over, in no order that the file has.
    let spread = |sample: usize| sample.wrapping_mul(7_919_777) % count;
    let Repositories { accounts, api_keys, sessions, .. } = repositories;
    let trace = || Trace::new(Timestamp::UNIX_EPOCH, &user(0), "");
    let now = Timestamp::UNIX_EPOCH;
    let lines = [
        (
            "session by hash",
            measure(clock, SAMPLES, async |at| {
                sessions.lookup(hash(spread(at))).await.unwrap().unwrap()
            })
            .await,
        ),
        (
            "sessions of a user",
            measure(clock, SAMPLES, async |at| {
                sessions.list(&user(spread(at) / PER_ACCOUNT), now).await.unwrap()
            })
            .await,
        ),
        (
            "key by id",
            measure(clock, SAMPLES, async |at| {
                api_keys.lookup(key_id(spread(at))).await.unwrap().unwrap()
            })
            .await,
        ),
        (
            "keys of an owner",
            measure(clock, SAMPLES, async |at| {
                api_keys.list(&user(spread(at) / PER_ACCOUNT)).await.unwrap()
            })
            .await,
        ),
        (
            "account by name",
            measure(clock, SAMPLES, async |at| {
                accounts.find(&account(spread(at) / PER_ACCOUNT).name).await.unwrap().unwrap()
            })
            .await,
        ),
        (
            "touch a session",
            measure(clock, SAMPLES / 10, async |at| {
                sessions.touch(hash(spread(at)), Timestamp::MAX).await.unwrap()
            })
            .await,
        ),
        (
            "add a session",
            measure(clock, SAMPLES / 10, async |at| {
                sessions
                    .add(session(100_000_000 + count * 10 + at), 100, trace())
                    .await
                    .unwrap_or_default()
            })
            .await,
        ),
        (
            "clean-up, nothing due",
            measure(clock, SAMPLES / 10, async |_| {
                sessions.remove_expired(now, Duration::MAX, 500).await.unwrap()
            })
            .await,
        ),
    ];
    for (what, (median, worst)) in lines {
        println!("{count:>9}  {what:<24} median {median:>6} us   99% {worst:>7} us");
    }
}

async fn run(most: usize) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::new());
    let options =
        Options::new(folder.path(), RootSource::Beside, clock.clone(), Arc::new(SystemRng));
    // Filling asks for more at once than any server does, on a machine that may be busy.
    let options = Options { wait: Duration::from_secs(120), ..options };
    let store = Store::open(&options).await.unwrap();
    let repositories = store.repositories();
    let trace = Trace::new(Timestamp::UNIX_EPOCH, &user(0), "");
    let mut from = 0;
    let mut to = 1_000;
    while from < most {
        to = to.min(most);
        let start = clock.monotonic();
        fill(from / PER_ACCOUNT..to / PER_ACCOUNT, async |at| {
            repositories.accounts.add(account(at)).await
        })
        .await;
        fill(from..to, async |at| repositories.api_keys.add(key(at), 100).await).await;
        fill(from..to, async |at| {
            repositories.sessions.add(session(at), 100, trace.clone()).await.map(drop)
        })
        .await;
        let took = clock.monotonic().since(start);
        let rate = (to - from) as f64 * 2.1 / took.as_secs_f64();
        println!("{to:>9}  filled from {from}: {rate:.0} acts a second");
        report(&repositories, &*clock, to).await;
        (from, to) = (to, to * 10);
    }
    store.close().await;
    let start = clock.monotonic();
    let store = Store::open(&options).await.unwrap();
    println!("{:>9}  opened in {} ms", most, clock.monotonic().since(start).as_millis());
    let size = std::fs::metadata(folder.path().join("store.db")).unwrap().len() >> 20;
    let start = clock.monotonic();
    store.backup(&folder.path().join("backup")).await.unwrap();
    let took = clock.monotonic().since(start).as_millis();
    println!("{most:>9}  a backup of {size} MiB in {took} ms");
}

fn main() {
    let most = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(most));
}
