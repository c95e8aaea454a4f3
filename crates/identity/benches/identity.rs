//! What runs on every request, on one core: `cargo bench -p mantlet-identity`.

use std::error::Error;
use std::hint::black_box;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use mantlet_crypto::{KeyRing, MacKeys};
use mantlet_identity::UserId;
use mantlet_identity::api_key::{
    self, ApiKeyPolicy, ApiKeyStore as _, ApiKeys, Grants, Issuer, NewApiKey, Scopes,
};
use mantlet_identity::memory::MemoryApiKeys;
use mantlet_types::{Clock as _, SystemClock, SystemRng};

const ROUNDS: u32 = 40;

fn main() -> Result<(), Box<dyn Error>> {
    api_keys()
}

/// Runs `work` in batches; calls a second of the best batch, the one least disturbed.
fn best_rate(batch: u32, mut work: impl FnMut()) -> f64 {
    let clock = SystemClock::new();
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = clock.monotonic();
        for _ in 0..batch {
            work();
        }
        best = best.min(clock.monotonic().since(start));
    }
    f64::from(batch) / best.as_secs_f64()
}

fn say(name: &str, rate: f64) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{name:48} {:>10.0} /s", rate)
}

fn api_keys() -> Result<(), Box<dyn Error>> {
    let mut ring = KeyRing::new();
    ring.rotate(api_key::PURPOSE, SystemTime::UNIX_EPOCH, &SystemRng)?;
    let macs = MacKeys::of_ring(&ring, api_key::PURPOSE).ok_or("no active key")?;
    let store = Arc::new(MemoryApiKeys::default());
    let clock = Arc::new(SystemClock::new());
    let keys = ApiKeys::new(
        store.clone(),
        macs.clone(),
        ApiKeyPolicy::default(),
        clock.clone(),
        Arc::new(SystemRng),
    )?;
    let wish = NewApiKey {
        owner: UserId::parse("bench")?,
        label: "bench".to_owned(),
        scopes: Scopes::new(["read"])?,
        networks: vec!["10.0.0.0/8".parse()?],
        lifetime: None,
    };
    let issuer = Issuer { id: UserId::parse("bench")?, holds: Grants::All };
    let issued = keys.issue(wish, &issuer).now_or_never().ok_or("not at once")??;
    let record = store.lookup(issued.id()).now_or_never().ok_or("not at once")??;
    let record = record.ok_or("no record")?;
    let text = issued.reveal();
    let address = IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3));
    say(
        "api key: parse",
        best_rate(20_000, || {
            black_box(keys.parse(black_box(text.expose())).is_ok());
        }),
    )?;
    let verify = best_rate(20_000, || {
        let presented = keys.parse(black_box(text.expose()));
        let checked = presented.and_then(|key| keys.check(&key, &record, address));
        black_box(checked.is_ok());
    });
    say("api key: parse and check, record in memory", verify)?;
    Ok(())
}
