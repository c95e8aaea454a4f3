//! How look-ups and writes fare as the store grows: `cargo bench -p mantlet-store -- 1000000`, with the
//! number of sessions and of keys; a tenth as many accounts. Builds the store through its
//! repositories and reports after each power of ten. `TMPDIR` says on which disk. A million
//! takes 24 minutes where 1,600 acts a second are filled, 82 MiB of memory, and a file of 545 MiB with two copies.
//!
//! Pages are counted by what the system says that the process has read (`/proc/self/io`): they are
//! the same on every run, whatever else the machine does, where times are not.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark: what is wrong must end it, and its report is what it prints"
)]

#[path = "../tests/common/many.rs"]
mod many;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join3;
use mantlet_identity::Trace;
use mantlet_identity::store::Repositories;
use mantlet_store::{Options, RootSource, Store};
use mantlet_types::{Clock, SystemClock, SystemRng, Timestamp};
use many::{PER_ACCOUNT, account, fill, hash, key_id, pages_read, session, user};

/// How many look-ups are measured.
const SAMPLES: usize = 2_000;

/// How many different records are asked for again and again: their pages fit the memory of a reader.
const WARM: usize = 100;

/// How many sessions a server removes at once.
const PART: usize = 200;

/// What an act takes.
struct Cost {
    median: u128,
    worst: u128,
    pages: f64,
}

/// What `act` takes for each of the `samples`.
async fn measure<T>(clock: &dyn Clock, samples: usize, act: impl AsyncFn(usize) -> T) -> Cost {
    let mut times = Vec::with_capacity(samples);
    let before = pages_read();
    for sample in 0..samples {
        let start = clock.monotonic();
        act(sample).await;
        times.push(clock.monotonic().since(start).as_micros());
    }
    let pages = (pages_read() - before) as f64 / samples as f64;
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    Cost { median: at(50), worst: at(99), pages }
}

/// Says what `act` takes at `count` of each, for records that were not asked for before and for some
/// that were.
async fn say<T>(
    (clock, count): (&dyn Clock, usize),
    (what, samples): (&str, usize),
    act: impl AsyncFn(usize) -> T,
) {
    let cold = measure(clock, samples, &act).await;
    let warm = measure(clock, samples, async |at| act(at % WARM).await).await;
    let shown = |cost: &Cost| {
        format!("{:>6} / {:>6} us {:>5.1} pages", cost.median, cost.worst, cost.pages)
    };
    println!("{count:>9}  {what:<22}  cold {}   warm {}", shown(&cold), shown(&warm));
}

async fn report(repositories: &Repositories, clock: &dyn Clock, count: usize) {
    // A stride that meets numbers all over, in no order that the file has.
    let spread = |sample: usize| sample.wrapping_mul(7_919_777) % count;
    let Repositories { accounts, api_keys, sessions, .. } = repositories;
    let now = Timestamp::UNIX_EPOCH;
    let to = (clock, count);
    let owner = |at: usize| user(spread(at) / PER_ACCOUNT);
    say(to, ("session by hash", SAMPLES), async |at| {
        sessions.lookup(hash(spread(at))).await.unwrap().unwrap()
    })
    .await;
    say(to, ("sessions of a user", SAMPLES), async |at| {
        sessions.list(&owner(at), now).await.unwrap()
    })
    .await;
    say(to, ("key by id", SAMPLES), async |at| {
        api_keys.lookup(key_id(spread(at))).await.unwrap().unwrap()
    })
    .await;
    say(to, ("keys of an owner", SAMPLES), async |at| api_keys.list(&owner(at)).await.unwrap())
        .await;
    say(to, ("account by name", SAMPLES), async |at| {
        accounts.find(&account(spread(at) / PER_ACCOUNT).name).await.unwrap().unwrap()
    })
    .await;
    report_writes(repositories, to).await;
}

async fn report_writes(repositories: &Repositories, to: (&dyn Clock, usize)) {
    let Repositories { sessions, .. } = repositories;
    let count = to.1;
    let spread = |sample: usize| sample.wrapping_mul(7_919_777) % count;
    let trace = || Trace::new(Timestamp::UNIX_EPOCH, &user(0), "");
    let next = std::cell::Cell::new(100_000_000 + count * 10);
    say(to, ("touch a session", SAMPLES / 10), async |at| {
        sessions.touch(hash(spread(at)), Timestamp::MAX).await.unwrap()
    })
    .await;
    say(to, ("add a session", SAMPLES / 10), async |_| {
        let number = next.replace(next.get() + 1);
        sessions.add(session(number), 100, trace()).await.unwrap()
    })
    .await;
    say(to, ("clean-up, nothing due", SAMPLES / 10), async |_| {
        sessions.remove_expired(Timestamp::UNIX_EPOCH, Duration::MAX, 500).await.unwrap()
    })
    .await;
}

/// Times of one kind while something else goes on.
#[derive(Default)]
struct Beside(std::cell::RefCell<Vec<u128>>);

impl Beside {
    async fn time<F: Future>(&self, clock: &dyn Clock, act: F) {
        let start = clock.monotonic();
        act.await;
        self.0.borrow_mut().push(clock.monotonic().since(start).as_micros());
    }

    fn say(&self, count: usize, what: &str) {
        let mut times = self.0.borrow_mut();
        times.sort_unstable();
        let at = |part: usize| times.get(times.len() * part / 1000).copied().unwrap_or_default();
        let longest = times.last().copied().unwrap_or_default();
        println!(
            "{count:>9}  {what:<36} median {:>6} us   99% {:>7} us   longest {longest:>7} us",
            at(500),
            at(990)
        );
    }
}

/// Reads and writes as requests do, one after the other, until `other` is done.
async fn beside(
    (repositories, clock): (&Repositories, &dyn Clock),
    (count, what): (usize, &str),
    other: impl Future<Output = ()>,
) {
    let (reads, writes) = (Beside::default(), Beside::default());
    let is_over = std::cell::Cell::new(false);
    let spread = |sample: usize| sample.wrapping_mul(7_919_777) % count;
    // The later half is there whatever is removed.
    let kept = |sample: usize| hash(count / 2 + spread(sample) / 2);
    let reading = async {
        let mut sample = 0;
        while !is_over.get() {
            let read = repositories.sessions.lookup(kept(sample));
            reads.time(clock, async { read.await.unwrap() }).await;
            sample += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let writing = async {
        let mut sample = 0;
        while !is_over.get() {
            let user = user(spread(sample) / PER_ACCOUNT);
            let write = repositories.accounts.note_signin(&user, Timestamp::UNIX_EPOCH);
            writes.time(clock, async { write.await.unwrap() }).await;
            sample += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let other = async {
        other.await;
        is_over.set(true);
    };
    join3(reading, writing, other).await;
    reads.say(count, &format!("session by hash, beside {what}"));
    writes.say(count, &format!("note a sign-in, beside {what}"));
}

/// What requests notice of the work that is done now and then.
async fn report_beside(store: &Store, clock: &dyn Clock, count: usize, folder: &std::path::Path) {
    let repositories = store.repositories();
    let requests = (&repositories, clock);
    beside(requests, (count, "nothing"), tokio::time::sleep(Duration::from_secs(5))).await;
    let removed = std::cell::Cell::new(0);
    let (start, due) = (clock.monotonic(), Duration::from_millis((count / 2) as u64));
    let clean_up = async {
        loop {
            let now = Timestamp::UNIX_EPOCH + due;
            let part = repositories.sessions.remove_expired(now, Duration::ZERO, PART).await;
            let part = part.unwrap();
            removed.set(removed.get() + part);
            if part == 0 {
                return;
            }
        }
    };
    beside(requests, (count, "clean-up"), clean_up).await;
    let (removed, took) = (removed.get(), clock.monotonic().since(start).as_millis());
    println!("{count:>9}  removed {removed} sessions in {took} ms, {PART} at a time");
    let backup = async { drop(store.backup(&folder.join("beside")).await.unwrap()) };
    beside(requests, (count, "a backup"), backup).await;
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
    let mut from = 0;
    let mut to = 1_000;
    while from < most {
        to = to.min(most);
        let start = clock.monotonic();
        fill(&repositories, from..to).await;
        let took = clock.monotonic().since(start);
        let rate = (to - from) as f64 * 2.1 / took.as_secs_f64();
        println!("{to:>9}  filled from {from}: {rate:.0} acts a second");
        report(&repositories, &*clock, to).await;
        (from, to) = (to, to * 10);
    }
    report_beside(&store, &*clock, most, folder.path()).await;
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
