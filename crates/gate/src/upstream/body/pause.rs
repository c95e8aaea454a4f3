//! Pauses inside a body.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;

/// A deadline that is armed only while something is being waited for.
#[derive(Debug)]
pub(super) struct Pause {
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Pause {
    pub(super) const fn new(limit: Duration) -> Self {
        Self { limit, sleep: None }
    }

    pub(super) fn reset(&mut self) {
        self.sleep = None;
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit))).as_mut().poll(cx)
    }
}
