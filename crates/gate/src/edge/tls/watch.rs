//! Certificates that are renewed while we run: their files are looked at now and then, and what
//! is new and sound is used from the next handshake on.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mantlet_event::{Event, Events, catalogue, field};
use mantlet_types::{Clock, Timestamp};

use super::{TlsError, TlsFront, local};

/// A certificate that ends sooner than this is told about, in seconds.
const ENDS_SOON: i64 = 14 * 24 * 60 * 60;

/// One state of a file; two states that differ have different stamps. Links are followed, so that
/// a link that is turned to another file counts as a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp(Option<[i64; 6]>);

impl Stamp {
    pub(super) fn of(path: &Path) -> Self {
        Self(std::fs::metadata(path).ok().map(|about| {
            let number = |number: u64| number.cast_signed();
            [
                number(about.dev()),
                number(about.ino()),
                number(about.size()),
                about.mtime(),
                about.mtime_nsec(),
                // Changes with whatever is done to the file, also where a copy keeps its dates.
                about.ctime().wrapping_mul(1_000_000_000).wrapping_add(about.ctime_nsec()),
            ]
        }))
    }
}

/// What has been seen and told so far.
#[derive(Debug, Default)]
struct Watch {
    /// The state that could not be used, and whether that was told.
    failed: Option<(Vec<Stamp>, bool)>,
    /// How urgent the end of a certificate was when it was last told.
    urgency: Urgency,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    #[default]
    None,
    Soon,
    Over,
}

/// How often to look whether there is HTTPS by now.
const NONE_PAUSE: Duration = Duration::from_secs(5);

/// Looks for changed certificates of the front that `current` gives, which another configuration
/// replaces. Never ends by itself.
pub async fn watch_certificates(
    current: impl Fn() -> Option<Arc<TlsFront>>,
    events: Events,
    clock: Arc<dyn Clock>,
) {
    let mut watched: Option<(Arc<TlsFront>, Watch)> = None;
    loop {
        let Some(front) = current() else {
            watched = None;
            tokio::time::sleep(NONE_PAUSE).await;
            continue;
        };
        let same = watched.take().filter(|(before, _)| Arc::ptr_eq(before, &front));
        let mut watch = same.map(|(_, watch)| watch).unwrap_or_default();
        let (now, told, looking) = (clock.now(), events.clone(), Arc::clone(&front));
        // Reading files blocks, and so does making keys.
        let looked = tokio::task::spawn_blocking(move || {
            watch.look(&looking, now, &told);
            watch
        });
        let watch = looked.await.unwrap_or_default();
        tokio::time::sleep(front.interval()).await;
        watched = Some((front, watch));
    }
}

impl Watch {
    fn look(&mut self, front: &TlsFront, now: Timestamp, events: &Events) {
        let stamps = front.look();
        let is_changed = stamps != front.current().stamps;
        if is_changed || (front.is_local() && ends_within(front, now, local::LEAST_LEFT)) {
            match front.renew(now) {
                Ok(()) => {
                    *self = Self::default();
                    events.emit(of(front, &catalogue::TLS_CERTIFICATE_RELOADED));
                }
                Err(error) => self.fail(stamps, &error, events),
            }
        }
        self.warn_of_end(front, now, events);
    }

    /// Two files are not replaced in one instant: what is wrong is told when it stays wrong.
    fn fail(&mut self, stamps: Vec<Stamp>, error: &TlsError, events: &Events) {
        match &mut self.failed {
            Some((seen, was_told)) if *seen == stamps => {
                if !std::mem::replace(was_told, true) {
                    events.emit(
                        Event::new(&catalogue::TLS_CERTIFICATE_REJECTED)
                            .text(field::ERROR, error.message())
                            .text(field::HINT, "the certificates from before stay in use"),
                    );
                }
            }
            failed => *failed = Some((stamps, false)),
        }
    }

    fn warn_of_end(&mut self, front: &TlsFront, now: Timestamp, events: &Events) {
        let urgency = match () {
            () if ends_within(front, now, 0) => Urgency::Over,
            () if ends_within(front, now, ENDS_SOON) => Urgency::Soon,
            () => Urgency::None,
        };
        if urgency > self.urgency {
            events.emit(of(front, &catalogue::TLS_CERTIFICATE_EXPIRING));
        }
        self.urgency = urgency;
    }
}

/// Whether any certificate ends within so many seconds.
fn ends_within(front: &TlsFront, now: Timestamp, seconds: i64) -> bool {
    let limit = now.as_second().saturating_add(seconds);
    front
        .current()
        .certificates
        .iter()
        .any(|one| one.ends.is_some_and(|end| end.as_second() < limit))
}

/// An event about the certificate that ends first.
fn of(front: &TlsFront, entry: &'static mantlet_event::Entry) -> Event {
    let current = front.current();
    let first = current
        .certificates
        .iter()
        .filter_map(|one| Some((one.ends?, one)))
        .min_by_key(|one| one.0);
    let Some((end, one)) = first else { return Event::new(entry) };
    Event::new(entry).text(field::NAME, one.names.join(", ")).text(field::UNTIL, end.to_string())
}
