//! The directory of users: opened by a server once something asks for it, and by commands about
//! accounts where no server runs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mantlet_crypto::KeyRing;
use mantlet_event::{Event, Events, catalogue, field};
use mantlet_gate::identity::IdentitySection;
use mantlet_identity::directory::{Directory, complete};
use mantlet_identity::memory;
use mantlet_types::{Clock, Revocation, Rng};

/// How often what other processes ended is read.
const FOLLOW: Duration = Duration::from_millis(300);
/// After how many times something is cleaned up, and how much of it at once.
const CLEAN_UP: (u32, usize) = (200, 1000);

/// Opens the directory.
pub(crate) async fn open(
    section: &IdentitySection,
    connections: Vec<Arc<dyn Revocation>>,
    (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>),
) -> Result<Directory, Box<dyn std::error::Error>> {
    let mut ring = KeyRing::new();
    complete(&mut ring, SystemTime::UNIX_EPOCH, &*rng)?;
    let repositories = memory::repositories();
    let policies = section.policies();
    let directory = Directory::open(repositories, &ring, policies, connections, (clock, rng))?;
    directory.revocations.refresh().await?;
    Ok(directory)
}

/// Reads what other processes ended, and cleans up now and then, until the process ends.
pub(crate) async fn follow(directory: Arc<Directory>, events: Events) {
    let (mut is_failing, mut round) = (false, 0_u32);
    loop {
        tokio::time::sleep(FOLLOW).await;
        round = round.wrapping_add(1);
        let mut done = directory.revocations.refresh().await;
        if done.is_ok() && round % CLEAN_UP.0 == 0 {
            done = directory.clean_up(CLEAN_UP.1).await.map(drop);
        }
        match done {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                let event = Event::new(&catalogue::IDENTITY_STORE_FAILED);
                events.emit(event.text(field::ERROR, error.to_string()));
            }
            Err(_) => {}
        }
    }
}
