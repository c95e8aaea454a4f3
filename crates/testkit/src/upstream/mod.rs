//! An application behind the gate that records exactly what reaches it and answers as told.

mod answer;
mod received;
mod send;
mod server;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use received::Received;
pub use server::FakeUpstream;
