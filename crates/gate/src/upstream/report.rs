//! What operators hear about servers.

use mantlet_event::{Event, Events, Metrics, catalogue, field};

use super::Upstream;
use super::breaker::Turn;
use super::health::Change;

/// A server is passed over from now on, or no longer.
pub(super) fn changed(events: &Events, metrics: &Metrics, upstream: &Upstream, change: Change) {
    let (entry, message) = match change {
        Change::Returned => (&catalogue::UPSTREAM_SERVER_RETURNED, "it answers again".to_owned()),
        Change::Ejected(time) => {
            metrics.upstream_ejected(&upstream.to_string());
            let message = match time {
                None => "it does not answer its health check".to_owned(),
                Some(time) => format!("failures in a row, for {} s", time.as_secs_f32()),
            };
            (&catalogue::UPSTREAM_SERVER_EJECTED, message)
        }
    };
    let event = Event::new(entry).text(field::UPSTREAM, upstream.to_string());
    events.emit(event.text(field::MESSAGE, message));
}

/// A server is left alone from now on, or no longer.
pub(super) fn turned(events: &Events, metrics: &Metrics, upstream: &Upstream, turn: Turn) {
    let entry = match turn {
        Turn::Opened => {
            metrics.limit_reached("upstream.breaker");
            &catalogue::UPSTREAM_BREAKER_OPENED
        }
        Turn::Closed => &catalogue::UPSTREAM_BREAKER_CLOSED,
    };
    events.emit(Event::new(entry).text(field::UPSTREAM, upstream.to_string()));
}
