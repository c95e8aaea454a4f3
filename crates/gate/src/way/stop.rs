//! Requests that are stopped on the way.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use mantlet_event::{Entry, catalogue};
use mantlet_types::Reason;

use crate::pipeline::{Denial, Refusal};
use crate::stages::https::ToHttps;
use crate::upstream::AnswerBody;

/// What a step of the way has produced.
pub(crate) type Answer = Result<Response<AnswerBody>, Stop>;

/// A request that is stopped before or instead of being forwarded.
#[derive(Debug)]
pub(crate) enum Stop {
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
    /// Why; `None` when a guard answered in the application's place.
    pub(crate) fn reason(&self) -> Option<&'static Reason> {
        match self {
            Self::Stage(_, _, denial) | Self::Guard(denial) => Some(denial.reason),
            Self::Answered(_) => None,
        }
    }

    /// Refused because it is not one clean request.
    pub(super) fn hygiene(denial: Denial) -> Self {
        Self::Stage(&catalogue::HYGIENE_REQUEST_REFUSED, "hygiene", Box::new(denial))
    }

    /// Sent to HTTPS, or refused because it should have come over it.
    pub(super) fn to_https(to: ToHttps) -> Self {
        match to {
            ToHttps::Redirect(location) => {
                let mut response = Response::new(Bytes::new());
                *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
                response.headers_mut().insert(LOCATION, location);
                response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(0));
                Self::Answered(Box::new(response))
            }
            ToHttps::Refuse(denial) => {
                Self::Stage(&catalogue::HTTPS_REQUEST_REFUSED, "https", Box::new(denial))
            }
        }
    }

    /// Refused because of where it would lead.
    pub(crate) fn route(denial: Denial) -> Self {
        Self::Stage(&catalogue::GATEWAY_REQUEST_REFUSED, "route", Box::new(denial))
    }
}
