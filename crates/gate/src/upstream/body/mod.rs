//! Bodies on their way: counted, bounded, never waited for without end.

mod answer;
mod error;
mod filtered;
mod grpc;
mod patience;
mod pause;
mod request;
mod two;

pub use answer::{AnswerBody, Source};
pub use error::BodyError;
pub use patience::Pace;
pub(crate) use patience::Patience;
pub use request::{BodyWatch, UpstreamBody};
pub(crate) use two::poll_two;
