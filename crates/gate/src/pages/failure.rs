//! What is no page.

use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderValue, Response};
use mantlet_event::{catalogue, reasons};
use mantlet_identity::directory::CallerRefusal;
use mantlet_identity::factor::FactorError;
use mantlet_identity::session::SessionRefusal;
use mantlet_identity::store::StoreError;

use crate::pipeline::Denial;
use crate::upstream::AnswerBody;
use crate::way::{Answer, Stop};

/// Why a request for one of our pages gets none.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no such page.
    NotHere,
    /// Pages are loaded and sent, nothing else.
    Method,
    /// The form is not one that this browser got.
    Form,
    /// The body of the form is too large, or did not come.
    Body,
    /// Passwords are not taken over a line that others can read.
    NotPrivate,
    /// Whoever asks may not, signed in as they are.
    Forbidden,
    /// What is needed cannot be reached, or is busy; the text is for the log.
    Unavailable(String),
}

impl Failure {
    /// The answer of status and header alone, or a refusal like every other.
    pub(super) fn settle(self) -> Answer {
        let denial = match self {
            Self::NotHere => return Err(Stop::route(Denial::new(&reasons::RESERVED_PATH))),
            Self::Method => return Ok(wrong_method()),
            Self::Form => Denial::new(&reasons::FORM_EXPIRED),
            Self::Body => Denial::new(&reasons::BODY_INCOMPLETE),
            Self::NotPrivate => Denial::new(&reasons::NOT_PRIVATE),
            Self::Forbidden => Denial::new(&reasons::ACCESS_FORBIDDEN).evidence("no session"),
            Self::Unavailable(why) => Denial::new(&reasons::SIGN_IN_BUSY)
                .evidence(why)
                .header(RETRY_AFTER, HeaderValue::from_static("5")),
        };
        Err(Stop::Stage(&catalogue::IDENTITY_REQUEST_REFUSED, "identity", Box::new(denial)))
    }
}

fn wrong_method() -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::empty());
    *response.status_mut() = http::StatusCode::METHOD_NOT_ALLOWED;
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(0));
    response.extensions_mut().insert(crate::pipeline::Origin::Gate);
    response
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<SessionRefusal> for Failure {
    fn from(error: SessionRefusal) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<FactorError> for Failure {
    fn from(error: FactorError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CallerRefusal> for Failure {
    fn from(error: CallerRefusal) -> Self {
        Self::Unavailable(error.to_string())
    }
}
