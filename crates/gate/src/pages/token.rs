//! Where programs get the successors of their tokens (RFC 6749, section 6, as RFC 9700 wants it), and
//! where they revoke them (RFC 7009). Whoever holds a refresh token is who it was given to: it counts
//! once, and whoever uses it a second time ends all that followed from its sign-in.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use mantlet_event::catalogue;
use mantlet_identity::directory::{GrantError, Granted};
use mantlet_identity::refresh::RefreshError;
use serde_json::{Value, json};

use super::failure::Failure;
use super::visit::Visit;
use crate::pipeline::Origin;
use crate::upstream::AnswerBody;
use crate::way::Answer;

/// Answers a form with a refresh token, or with a token to be revoked.
pub(super) async fn answer(visit: &Visit<'_>, is_refresh: bool) -> Answer {
    let said = match visit.check_private() {
        Ok(()) if is_refresh => refresh(visit).await,
        Ok(()) => revoke(visit).await,
        Err(failure) => Err(failure),
    };
    match said {
        Ok((status, body)) => Ok(render(status, body.as_ref())),
        Err(failure) => failure.settle(),
    }
}

type Said = (StatusCode, Option<Value>);

fn error(code: &str) -> Said {
    (StatusCode::BAD_REQUEST, Some(json!({ "error": code })))
}

async fn refresh(visit: &Visit<'_>) -> Result<Said, Failure> {
    if visit.form.text("grant_type") != "refresh_token" {
        return Ok(error("unsupported_grant_type"));
    }
    let Some(token) = visit.form.secret("refresh_token") else {
        return Ok(error("invalid_request"));
    };
    let refused = match visit.directory.refresh_grant(token.expose()).await {
        Ok(granted) => return Ok((StatusCode::OK, Some(told(granted)))),
        Err(GrantError::Refresh(RefreshError::Store(error))) => return Err(error.into()),
        Err(GrantError::Refresh(refused)) => refused,
        Err(GrantError::Token(error)) => return Err(Failure::Unavailable(error.to_string())),
    };
    if refused == RefreshError::Reused {
        let family = visit.directory.refresh_tokens.find(token.expose()).await;
        let owner = family.as_ref().map_or("", |family| family.user.as_str());
        let why = "a refresh token was used twice: all tokens of its sign-in were ended";
        visit.tell_why(&catalogue::IDENTITY_KEY_REVOKED, owner, why);
    }
    // The client is told the same for all of them.
    Ok(error("invalid_grant"))
}

fn told(granted: Granted) -> Value {
    let refresh = granted.refresh.reveal();
    let mut told = json!({
        "access_token": granted.access.expose(),
        "token_type": "Bearer",
        "expires_in": granted.lifetime.as_secs(),
        "refresh_token": refresh.expose(),
    });
    if let (Some(scopes), Value::Object(told)) = (granted.scopes, &mut told) {
        told.insert("scope".to_owned(), Value::from(scopes.join(" ")));
    }
    told
}

async fn revoke(visit: &Visit<'_>) -> Result<Said, Failure> {
    let Some(token) = visit.form.secret("token") else {
        return Ok(error("invalid_request"));
    };
    let (directory, why) = (visit.directory, "revoked by its holder");
    let owner = match directory.verifier_of(token.expose()).verify(token.expose()) {
        Ok(read) => {
            directory.end_token(&read, &read.subject, why).await?;
            Some(read.subject)
        }
        Err(_) => match directory.end_grant(token.expose(), why).await {
            Ok(owner) => Some(owner),
            Err(RefreshError::Store(error)) => return Err(error.into()),
            // What does not count is as good as revoked.
            Err(_) => None,
        },
    };
    if let Some(owner) = owner {
        visit.tell_why(&catalogue::IDENTITY_KEY_REVOKED, owner.as_str(), why);
    }
    Ok((StatusCode::OK, None))
}

fn render(status: StatusCode, body: Option<&Value>) -> Response<AnswerBody> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let mut response = Response::new(AnswerBody::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    if !text.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = AnswerBody::full(Bytes::from(text));
    }
    response.extensions_mut().insert(Origin::Gate);
    response
}
