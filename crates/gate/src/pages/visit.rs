//! One request for a page: who asks, what their browser holds, and what they typed.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderValue;
use http::header::USER_AGENT;
use mantlet_event::{Entry, Event, Events, field};
use mantlet_identity::UserId;
use mantlet_identity::account::Account;
use mantlet_identity::directory::{Caller, Directory, First};
use mantlet_identity::passkey::Site;
use mantlet_identity::session::{NewSession, Session};
use mantlet_identity::signin::{Asked, SignInError};
use mantlet_types::{Secret, Timestamp};

use super::failure::Failure;
use super::form::Form;
use super::{Page, Pages, html};
use crate::guards::access::Next;
use crate::identity::cookies::{Cookies, Held};
use crate::identity::{Identified, NoSite};
use crate::pipeline::Exchange;
use crate::upstream::Pool;

/// The field that binds a form to who asked for it.
const TOKEN: &str = "form";

/// What somebody has shown who signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// Their password.
    Password,
    /// A code beside what they showed first.
    Code(First),
    /// A passkey beside it.
    PasskeyBeside(First),
    /// A passkey, whose authenticator made sure who used it: two factors in one.
    Passkey,
    /// The word of an outside provider.
    Provider {
        /// Whether it says that they have shown several factors.
        is_multi: bool,
        /// When they showed it who they are.
        at: Timestamp,
    },
}

impl Proof {
    /// As RFC 8176 names it.
    const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::Code(First::Password) => &["pwd", "otp", "mfa"],
            Self::Code(First::Provider) => &["fed", "otp", "mfa"],
            Self::PasskeyBeside(First::Password) => &["pwd", "pop", "mfa"],
            Self::PasskeyBeside(First::Provider) => &["fed", "pop", "mfa"],
            Self::Passkey => &["pop", "user", "mfa"],
            Self::Provider { is_multi: false, .. } => &["fed"],
            Self::Provider { is_multi: true, .. } => &["fed", "mfa"],
        }
    }

    const fn has_second_factor(self) -> bool {
        !matches!(self, Self::Password | Self::Provider { is_multi: false, .. })
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Password => "with the password",
            Self::Code(First::Password) => "with the password and a code",
            Self::Code(First::Provider) => "with an outside provider and a code",
            Self::PasskeyBeside(First::Password) => "with the password and a passkey",
            Self::PasskeyBeside(First::Provider) => "with an outside provider and a passkey",
            Self::Passkey => "with a passkey",
            Self::Provider { .. } => "with an outside provider",
        }
    }
}

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
    /// The way to servers outside.
    pub(super) pool: &'a Pool,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        pages: &'a Pages,
        exchange: &'a Exchange,
        (events, pool): (&'a Events, &'a Pool),
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
            pool,
        }
    }

    /// A parameter of the address; empty where there is none.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.query.text(name)
    }

    /// Who is signed in, and with which session; `None` for nobody, and for programs.
    pub(super) fn signed_in(&self) -> Option<(&'a Arc<Caller>, &'a Arc<Session>)> {
        let Identified { caller, .. } = self.exchange.facts.lookup()?;
        Some((caller, caller.session()?))
    }

    /// Whether a program asks, with a key or a token.
    pub(super) fn is_program(&self) -> bool {
        self.exchange.facts.lookup::<Identified>().is_some() && self.signed_in().is_none()
    }

    /// The id of the session that the browser sent.
    pub(super) fn session_text(&self) -> Option<String> {
        self.cookies.sent(&self.exchange.headers).sessions.pop().map(Cow::into_owned)
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
        let number = self.random_number();
        let cookie = self.cookies.set(Held::Visit, &number);
        (number, cookie)
    }

    fn random_number(&self) -> String {
        let mut bytes = [0; 16];
        self.directory.rng.fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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

    /// Whether the form was made for this browser, before it has a session; the visit's number.
    pub(super) fn check_visit(&self) -> Result<String, Failure> {
        self.check(self.visit_number())
    }

    /// Whether the form was made for this session.
    pub(super) fn check_session(&self) -> Result<(), Failure> {
        self.check(self.session_text()).map(|_| ())
    }

    fn check(&self, holder: Option<String>) -> Result<String, Failure> {
        let token = self.form.text(TOKEN);
        let holder = holder.filter(|holder| self.directory.is_form_token(token, holder));
        holder.ok_or(Failure::Form)
    }

    /// Where passkeys are used.
    pub(super) fn site(&self) -> Result<Site, NoSite> {
        self.pages.passkeys.site(self.exchange)
    }

    /// A number that is used once, by which a policy names the script of a page.
    pub(super) fn nonce(&self) -> String {
        self.random_number()
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
    pub(super) async fn begin_session(&self, user: &UserId, proof: Proof) -> Result<Page, Failure> {
        self.begin_session_at(user, proof, self.next()).await
    }

    /// The same, and goes on to `next`.
    pub(super) async fn begin_session_at(
        &self,
        user: &UserId,
        proof: Proof,
        next: Option<Next>,
    ) -> Result<Page, Failure> {
        let agent = self.exchange.headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        let wish = NewSession {
            user: user.clone(),
            has_second_factor: proof.has_second_factor(),
            methods: proof.methods(),
            authenticated: match proof {
                Proof::Provider { at, .. } => Some(at),
                _ => None,
            },
            address: self.exchange.client.address,
            agent: String::from_utf8_lossy(agent.unwrap_or_default()).into_owned(),
        };
        let before = self.session_text();
        let (token, _) = self.directory.sessions.start(wish, before.as_deref()).await?;
        let entry = &mantlet_event::catalogue::IDENTITY_SIGNIN_SUCCEEDED;
        self.tell_why(entry, user.as_str(), proof.in_words());
        let device = self.directory.signin.remember_device(user);
        let device = device.and_then(|proof| self.cookies.set(Held::Device, proof.expose()));
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

    /// The same, where why is made of what others say; `user` is empty for nobody.
    pub(super) fn tell_text(&self, entry: &'static Entry, user: &str, why: String) {
        self.events.emit(self.event(entry, user).text(field::MESSAGE, why));
    }

    fn event(&self, entry: &'static Entry, user: &str) -> Event {
        let event = Event::new(entry)
            .request(self.exchange.id)
            .text(field::CLIENT, self.exchange.client.address.to_string());
        if user.is_empty() { event } else { event.text(field::USER, user.to_owned()) }
    }
}
