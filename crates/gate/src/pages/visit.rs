//! One request for a page: who asks, what their browser holds, and what they typed.

use std::sync::Arc;

use http::HeaderValue;
use http::header::USER_AGENT;
use mantlet_event::{Entry, Event, Events, field};
use mantlet_identity::UserId;
use mantlet_identity::account::Account;
use mantlet_identity::directory::{Caller, Directory};
use mantlet_identity::session::{NewSession, Session};
use mantlet_identity::signin::{Asked, SignInError};
use mantlet_types::Secret;

use super::failure::Failure;
use super::form::Form;
use super::{Page, Pages, html};
use crate::guards::access::Next;
use crate::identity::Identified;
use crate::identity::cookies::{Cookies, Held};
use crate::pipeline::Exchange;

/// The field that binds a form to who asked for it.
const TOKEN: &str = "form";

/// One request for a page.
#[derive(Debug)]
pub(super) struct Visit<'a> {
    pub(super) pages: &'a Pages,
    pub(super) directory: &'a Directory,
    pub(super) exchange: &'a Exchange,
    pub(super) cookies: Cookies,
    pub(super) form: Form,
    query: Form,
    events: &'a Events,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        pages: &'a Pages,
        exchange: &'a Exchange,
        events: &'a Events,
        form: Form,
    ) -> Self {
        let query = exchange.query.as_deref().unwrap_or_default();
        Self {
            pages,
            directory: &pages.directory,
            exchange,
            cookies: Cookies::of(exchange),
            form,
            query: Form::parse(query.as_bytes()).unwrap_or_default(),
            events,
        }
    }

    /// A parameter of the address; empty where there is none.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.query.text(name)
    }

    /// Who is signed in, and with which session; `None` for nobody, and for programs.
    pub(super) fn signed_in(&self) -> Option<(&'a Arc<Caller>, &'a Arc<Session>)> {
        let Identified(caller) = self.exchange.facts.lookup::<Identified>()?;
        Some((caller, caller.session()?))
    }

    /// Whether a program asks, with a key or a token.
    pub(super) fn is_program(&self) -> bool {
        self.exchange.facts.lookup::<Identified>().is_some() && self.signed_in().is_none()
    }

    /// The id of the session that the browser sent.
    pub(super) fn session_text(&self) -> Option<String> {
        self.cookies.sessions(&self.exchange.headers).pop()
    }

    /// Where to go after signing in: what the form says, else the address.
    pub(super) fn next(&self) -> Option<Next> {
        let said = self.form.text("next");
        Next::parse(if said.is_empty() { self.parameter("next") } else { said })
    }

    /// The visit's number, to which forms are bound before there is a session; and the cookie that
    /// gives the browser one where it has none.
    pub(super) fn number(&self) -> (String, Option<HeaderValue>) {
        if let Some(number) = self.visit_number() {
            return (number, None);
        }
        let mut bytes = [0; 16];
        self.directory.rng.fill(&mut bytes);
        let number: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let cookie = self.cookies.set(Held::Visit, &number);
        (number, cookie)
    }

    fn visit_number(&self) -> Option<String> {
        let number = self.cookies.find(Held::Visit, &self.exchange.headers)?;
        let is_ours = number.len() == 32 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then_some(number)
    }

    /// The hidden field of a form that `holder` may send.
    pub(super) fn token_field(&self, holder: &str) -> Result<String, Failure> {
        let token = self.directory.form_token(holder);
        let token = token.ok_or_else(|| Failure::Unavailable("no key for forms".to_owned()))?;
        Ok(html::hidden(TOKEN, &token))
    }

    /// Whether the form was made for this browser, before it has a session.
    pub(super) fn check_visit(&self) -> Result<(), Failure> {
        self.check(self.visit_number())
    }

    /// Whether the form was made for this session.
    pub(super) fn check_session(&self) -> Result<(), Failure> {
        self.check(self.session_text())
    }

    fn check(&self, holder: Option<String>) -> Result<(), Failure> {
        let token = self.form.text(TOKEN);
        let is_ours = holder.is_some_and(|holder| self.directory.is_form_token(token, &holder));
        if is_ours { Ok(()) } else { Err(Failure::Form) }
    }

    /// Whether passwords may be asked for and taken on this connection.
    pub(super) fn check_private(&self) -> Result<(), Failure> {
        if self.exchange.is_private() { Ok(()) } else { Err(Failure::NotPrivate) }
    }

    /// Looks at name and password, as slowly as guessing makes it.
    pub(super) async fn check_password(
        &self,
        name: &str,
        password: &Secret<String>,
    ) -> Result<Account, SignInError> {
        let device = self.cookies.find(Held::Device, &self.exchange.headers);
        let address = self.exchange.client.address;
        let asked = Asked { name, address, device: device.as_deref() };
        let started = self.directory.signin.begin(asked).await?;
        if !started.delay.is_zero() {
            tokio::time::sleep(started.delay).await;
        }
        self.directory.signin.finish(started, password).await
    }

    /// Begins the session of somebody who has shown everything; the session that the browser sent
    /// ends.
    pub(super) async fn begin_session(
        &self,
        user: &UserId,
        has_second_factor: bool,
    ) -> Result<Page, Failure> {
        let agent = self.exchange.headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        let wish = NewSession {
            user: user.clone(),
            has_second_factor,
            address: self.exchange.client.address,
            agent: String::from_utf8_lossy(agent.unwrap_or_default()).into_owned(),
        };
        let before = self.session_text();
        let (token, _) = self.directory.sessions.start(wish, before.as_deref()).await?;
        self.tell(&mantlet_event::catalogue::IDENTITY_SIGNIN_SUCCEEDED, user.as_str());
        let device = self.directory.signin.remember_device(user);
        let device = device.and_then(|proof| self.cookies.set(Held::Device, proof.expose()));
        let next = self.next();
        let to = next.as_ref().map_or("/", Next::as_str);
        let lifetime = self.directory.sessions.policy().lifetime;
        Ok(Page::to(to)
            .cookie(self.cookies.set_session(&token, lifetime))
            .cookie(device)
            .cookie(self.cookies.clear(Held::Pending)))
    }

    /// One event about this request and `user`, whose name is left out where nobody has it.
    pub(super) fn tell(&self, entry: &'static Entry, user: &str) {
        self.events.emit(self.event(entry, user));
    }

    pub(super) fn tell_why(&self, entry: &'static Entry, user: &str, why: &'static str) {
        self.events.emit(self.event(entry, user).text(field::MESSAGE, why));
    }

    fn event(&self, entry: &'static Entry, user: &str) -> Event {
        let event = Event::new(entry)
            .request(self.exchange.id)
            .text(field::CLIENT, self.exchange.client.address.to_string());
        if user.is_empty() { event } else { event.text(field::USER, user.to_owned()) }
    }
}
