//! One connection to a server.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use mantlet_event::{Events, task};
use tokio::net::TcpStream;

use super::{Rules, Upstream, UpstreamBody, UpstreamError};

/// Counts a connection for as long as it is open.
#[derive(Debug)]
struct Open(Arc<Upstream>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn count(upstream: &Arc<Upstream>, limit: usize) -> Result<Open, UpstreamError> {
    let take = |open: usize| (open < limit).then_some(open + 1);
    match upstream.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
        Ok(_) => Ok(Open(Arc::clone(upstream))),
        Err(_) => Err(UpstreamError::Saturated),
    }
}

/// Connects to `upstream`; the connection is driven by its own task until it ends.
pub(super) async fn connect(
    upstream: &Arc<Upstream>,
    rules: &Rules,
    events: &Events,
) -> Result<SendRequest<UpstreamBody>, UpstreamError> {
    let open = count(upstream, rules.max_connections)?;
    let address = (upstream.url.connect_host(), upstream.url.port());
    let stream = tokio::time::timeout(rules.connect_timeout, TcpStream::connect(address))
        .await
        .map_err(|_| UpstreamError::Timeout("connection"))?
        .map_err(|error| UpstreamError::Unreachable(error.to_string()))?;
    // Without this, small writes wait for the other side's acknowledgement.
    stream.set_nodelay(true).map_err(|error| UpstreamError::Unreachable(error.to_string()))?;
    let (sender, connection) = http1::Builder::new()
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| UpstreamError::Invalid(error.to_string()))?;
    task::spawn(events, "upstream connection", async move {
        // How it ended is reported by whoever waits for an answer on it.
        let _ = connection.with_upgrades().await;
        drop(open);
    });
    Ok(sender)
}
