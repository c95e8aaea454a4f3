//! Asking servers outside that are not behind the gate, such as issuers and identity providers: verified,
//! with a deadline, and never more than a known number of bytes. Each question on a connection of its
//! own, for they are rare.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use mantlet_config::Complaint;
use mantlet_types::Secret;
use zeroize::Zeroizing;

use super::tls::Tls;
use super::{
    AnswerBody, DocumentUrl, Group, Outgoing, Pool, Rules, ServerAddress, Upstream, UpstreamBody,
    UpstreamSection, UpstreamTlsSection,
};

/// How long an answer may take, connecting and all of its bytes.
pub(super) const WITHIN: Duration = Duration::from_secs(5);

/// The largest answer, in bytes.
pub(super) const LARGEST: usize = 256 * 1024;

/// Asks servers outside.
#[derive(Debug)]
pub(crate) struct Outbound {
    rules: Arc<Rules>,
    tls: Tls,
    /// Whether they may be on this machine: what another server names must not be.
    may_be_here: bool,
}

/// What is sent with a question.
#[derive(Debug, Default)]
pub(crate) struct Question {
    /// A form; `None` to only get something.
    pub(crate) form: Option<Zeroizing<String>>,
    /// What `Authorization` says.
    pub(crate) authorization: Option<Secret<String>>,
}

impl Outbound {
    /// Verifies servers with the authorities in the PEM file `ca`, or with the system's; nothing of
    /// `[upstream]` holds here.
    ///
    /// # Errors
    /// What is wrong with the authorities.
    pub(crate) fn new(ca: Option<&Path>, may_be_here: bool) -> Result<Self, String> {
        let section = UpstreamSection {
            connect_timeout: WITHIN,
            response_timeout: WITHIN,
            idle_timeout: WITHIN,
            ..UpstreamSection::default()
        };
        let tls = UpstreamTlsSection { ca: ca.map(Into::into), ..UpstreamTlsSection::default() };
        Ok(Self { rules: Arc::new(Rules::new(&section)), tls: Tls::load(&tls)?, may_be_here })
    }

    /// An address that may be asked.
    ///
    /// # Errors
    /// Why it may not be.
    pub(crate) fn place(&self, text: &str) -> Result<DocumentUrl, String> {
        let url: DocumentUrl = text.parse().map_err(|error: Complaint| error.message)?;
        if url.is_here() && !self.may_be_here {
            return Err("it is on this machine, to which nobody else can point".to_owned());
        }
        Ok(url)
    }

    /// Asks, and waits for the head of the answer.
    ///
    /// # Errors
    /// Why there is none, for the operator.
    pub(super) async fn ask(
        &self,
        pool: &Pool,
        url: &DocumentUrl,
        question: Question,
    ) -> Result<Response<AnswerBody>, String> {
        let address: ServerAddress =
            url.origin().parse().map_err(|error: Complaint| error.message)?;
        let tls = address.is_tls().then(|| self.tls.clone());
        // A new one each time, so that its name is looked up anew.
        let upstream = Upstream::new(&address, Arc::clone(&self.rules), tls, pool.worker() + 1);
        let group = Group::new([(Arc::new(upstream), 1)]);
        let outgoing = outgoing(url, question)?;
        pool.send(&group, outgoing).await.map_err(|failed| failed.error.to_string())
    }

    /// Asks, and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// Why there is none, for the operator.
    pub(crate) async fn read(
        &self,
        pool: &Pool,
        text: &str,
        question: Question,
    ) -> Result<(StatusCode, Bytes), String> {
        let url = self.place(text)?;
        let reading = async {
            let mut answer = self.ask(pool, &url, question).await?;
            Ok((answer.status(), whole(&mut answer).await?))
        };
        let read = tokio::time::timeout(WITHIN, reading).await;
        read.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}

/// The body of an answer, which is no larger than it may be.
pub(super) async fn whole(answer: &mut Response<AnswerBody>) -> Result<Bytes, String> {
    let held = answer.body_mut().hold(LARGEST).await;
    let (bytes, is_complete) = held.map_err(|error| error.to_string())?;
    if is_complete { Ok(bytes) } else { Err(format!("it is larger than {LARGEST} bytes")) }
}

fn outgoing(url: &DocumentUrl, question: Question) -> Result<Outgoing, String> {
    let mut headers = HeaderMap::new();
    let host = HeaderValue::try_from(url.authority());
    headers.insert(HOST, host.map_err(|error| error.to_string())?);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("mantlet"));
    if let Some(said) = &question.authorization {
        let mut value = HeaderValue::from_str(said.expose()).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let mut outgoing = Outgoing::question(url.target().to_owned(), headers);
    if let Some(form) = question.form {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        outgoing.headers.insert(CONTENT_TYPE, kind);
        outgoing.method = Method::POST;
        outgoing.body = UpstreamBody::ours(Bytes::copy_from_slice(form.as_bytes()));
    }
    Ok(outgoing)
}
