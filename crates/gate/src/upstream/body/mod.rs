//! Bodies on their way: counted, bounded, never waited for without end.

mod answer;
mod error;
mod pause;
mod request;

pub use answer::AnswerBody;
pub use error::BodyError;
pub use request::{BodyWatch, UpstreamBody};
