//! The way of a request, in order, one line a step: see `Worker::answer`.

mod asked;
mod facts;
pub(crate) mod files;
mod finish;
mod forward;
mod gate;
pub(crate) mod redirect;
mod refuse;
mod report;
mod seat;
mod stop;
mod websocket;
mod worker;

pub(crate) use finish::TrackedBody;
pub use gate::Gate;
pub(crate) use seat::Seat;
pub(crate) use stop::{Answer, Stop};
pub(crate) use worker::{Connection, Worker, choose};
