//! One letter to the server that takes letters.

use std::path::Path;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use mantlet_types::{Letter, Secret};

use crate::{MailSection, SmtpUrl};

/// How long one exchange with the server may take.
const WITHIN: Duration = Duration::from_secs(30);

/// Why a letter was not taken.
pub(crate) struct Refused {
    /// For the operator.
    pub(crate) why: String,
    /// Whether the server will not take it later either.
    pub(crate) is_final: bool,
}

/// Brings letters to the server.
pub(crate) struct Carrier {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Carrier {
    /// By these settings; `None` where no server is named.
    ///
    /// # Errors
    /// What is wrong with them, for the operator.
    pub(crate) fn new(
        section: &MailSection,
        password: Option<&Secret<String>>,
    ) -> Result<Option<Self>, String> {
        let Some(smtp) = &section.smtp else { return Ok(None) };
        let from = section.from.parse();
        let from = from.map_err(|error| format!("`[mail] from`: {error}"))?;
        let plain = smtp.host.trim_matches(['[', ']']);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(plain)
            .port(smtp.port())
            .timeout(Some(WITHIN))
            .tls(tls(smtp, section.ca.as_deref())?);
        if let (Some(name), Some(password)) = (&section.username, password) {
            let credentials = Credentials::new(name.clone(), password.expose().clone());
            builder = builder.credentials(credentials);
        }
        Ok(Some(Self { server: builder.build(), from }))
    }

    pub(crate) async fn carry(&self, letter: &Letter) -> Result<(), Refused> {
        let unusable =
            |error: &dyn std::fmt::Display| Refused { why: error.to_string(), is_final: true };
        let to: Mailbox = letter.to.parse().map_err(|error| unusable(&error))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|error| unusable(&error))?;
        match tokio::time::timeout(WITHIN, self.server.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                // It says no, or offers nothing that we may use: the next try ends the same.
                let is_final = error.is_permanent() || error.is_client();
                Err(Refused { is_final, why: told(&error) })
            }
            Err(_) => Err(Refused { why: "no answer in time".to_owned(), is_final: false }),
        }
    }
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// How the line is kept private: always, but on this machine.
pub(crate) fn tls(smtp: &SmtpUrl, ca: Option<&Path>) -> Result<Tls, String> {
    if !smtp.is_wrapped && smtp.is_here() && ca.is_none() {
        return Ok(Tls::None);
    }
    let plain = smtp.host.trim_matches(['[', ']']);
    let mut builder = TlsParameters::builder(plain.to_owned());
    if let Some(path) = ca {
        let shown = path.display();
        let pem = std::fs::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
        let certificate = Certificate::from_pem(&pem);
        let certificate = certificate.map_err(|error| format!("`{shown}`: {}", told(&error)))?;
        builder = builder.add_root_certificate(certificate);
    }
    let parameters = builder.build().map_err(|error| told(&error))?;
    Ok(if smtp.is_wrapped { Tls::Wrapper(parameters) } else { Tls::Required(parameters) })
}
