//! Requests that are stopped on the way.

use bytes::Bytes;
use http::Response;
use mantlet_event::{Entry, catalogue};

use crate::pipeline::{Denial, Refusal};
use crate::upstream::AnswerBody;

/// What a step of the way has produced.
pub(super) type Answer = Result<Response<AnswerBody>, Stop>;

/// A request that is stopped before or instead of being forwarded.
#[derive(Debug)]
pub(super) enum Stop {
    /// Refused by a fixed stage, not yet reported.
    Stage(&'static Entry, &'static str, Box<Denial>),
    /// Refused by a guard, reported.
    Guard(Box<Denial>),
    /// Answered by a guard.
    Answered(Box<Response<Bytes>>),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(denial) => Self::Guard(denial),
            Refusal::Answered(answer) => Self::Answered(answer),
        }
    }
}

impl Stop {
    /// Refused because it is not one clean request.
    pub(super) fn hygiene(denial: Denial) -> Self {
        Self::Stage(&catalogue::HYGIENE_REQUEST_REFUSED, "hygiene", Box::new(denial))
    }

    /// Refused because of where it would lead.
    pub(super) fn route(denial: Denial) -> Self {
        Self::Stage(&catalogue::GATEWAY_REQUEST_REFUSED, "route", Box::new(denial))
    }
}
