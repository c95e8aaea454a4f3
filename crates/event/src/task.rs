//! Supervised tasks: a defect ends one task, never in silence.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::task::JoinHandle;

use crate::{Event, Events, catalogue, field};

/// Runs `future` as a task of its own. When it panics, `process.task.panicked` is emitted with
/// the task's `name` and the handle yields `None`; other tasks go on.
///
/// Must be called inside a runtime.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that starts tasks: it names them and reports their panics"
)]
pub fn spawn<F>(events: &Events, name: &'static str, future: F) -> JoinHandle<Option<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let events = events.clone();
    // Unwind safety: what the future borrowed or shared is either dropped with it or behind locks
    // that recover, and nothing of the future is looked at again.
    let guarded = AssertUnwindSafe(future).catch_unwind();
    tokio::spawn(async move {
        match guarded.await {
            Ok(output) => Some(output),
            Err(payload) => {
                events.emit(
                    Event::new(&catalogue::PROCESS_TASK_PANICKED)
                        .text(field::TASK, name)
                        .text(field::MESSAGE, panic_message(payload.as_ref())),
                );
                None
            }
        }
    })
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mantlet_types::SystemClock;

    use super::*;
    use crate::{Recent, Value};

    #[tokio::test]
    async fn a_panic_is_reported_and_others_go_on() {
        let recent = Recent::new(8);
        let events = Events::builder(Arc::new(SystemClock::new()))
            .sink(Box::new(Arc::clone(&recent)))
            .build();
        let bad = spawn(&events, "bad", async { panic!("password=hunter2 at {}", 7) });
        let good = spawn(&events, "good", async { 5 });
        assert_eq!(bad.await.unwrap(), None::<()>);
        assert_eq!(good.await.unwrap(), Some(5));

        let records = recent.latest(8);
        assert_eq!(records.len(), 1);
        let event = records[0].event();
        assert_eq!(event.lookup(field::TASK).and_then(Value::as_text), Some("bad"));
        assert_eq!(
            event.lookup(field::MESSAGE).and_then(Value::as_text),
            Some("password=[redacted] at 7")
        );
    }
}
