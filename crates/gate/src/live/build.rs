//! From places that were resolved to what happens there.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use mantlet_config::{Named, SecretError};
use mantlet_event::{Metrics, SinkError};

use super::{Place, Step, Target};
use crate::edge::TlsError;
use crate::guards::csp::REPORT_PATH;
use crate::guards::{self, GuardCache, Services};
use crate::identity::{PasskeysSection, Provider, ProviderSection, Rule};
use crate::pages::Pages;
use crate::pipeline::{Mode, Plan};
use crate::stages::route::Action;
use crate::upstream::Upstreams;
use crate::way::files::Files;
use crate::websocket::SocketCache;

/// Something outside the configuration that is missing.
#[derive(Debug)]
pub enum BuildError {
    /// A folder of static files that cannot be opened.
    Folder(PathBuf, std::io::Error),
    /// A certificate or its key.
    Tls(TlsError),
    /// A file of TLS to the servers.
    UpstreamTls(String),
    /// A secret that cannot be used.
    Secret(SecretError),
    /// An audit log that rules ask for.
    AuditLog(SinkError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path, error) => {
                write!(f, "cannot open the folder `{}`: {error}", path.display())
            }
            Self::Tls(error) => error.fmt(f),
            Self::UpstreamTls(error) => {
                write!(f, "TLS to the servers: {error}\n  hint: see `[upstream.tls]`")
            }
            Self::Secret(error) => error.fmt(f),
            Self::AuditLog(error) => write!(
                f,
                "{error}\n  hint: `SecAuditLog` names it; a name without a folder is a file in `log` of the data folder"
            ),
        }
    }
}

impl std::error::Error for BuildError {}

/// What targets are built with.
pub(super) struct Builder<'a> {
    pub(super) services: &'a Services,
    pub(super) metrics: &'a Metrics,
    pub(super) before: Option<&'a GuardCache>,
    pub(super) cache: GuardCache,
    pub(super) sockets: SocketCache,
    pub(super) sockets_before: Option<&'a SocketCache>,
    pub(super) upstreams: Upstreams,
    /// Whether some place asks browsers for reports.
    pub(super) has_reports: bool,
    /// Whom all assertions are for, where that is said.
    pub(super) audience: Option<Arc<str>>,
    /// What pages say of passkeys.
    pub(super) passkeys: PasskeysSection,
    /// Outside providers.
    pub(super) providers: Named<ProviderSection>,
}

impl Builder<'_> {
    /// What happens to the requests of `place`.
    ///
    /// # Errors
    /// [`BuildError`] for what is missing outside the configuration.
    pub(super) fn target(&mut self, place: &Place) -> Result<Target, BuildError> {
        place.guards.check_secrets(self.services).map_err(BuildError::Secret)?;
        self.has_reports |= place.guards.csp.report && place.guards.csp.mode != Mode::Off;
        // Kept open until the guard has it.
        let _audit =
            place.guards.waf.open_audit_log(self.services).map_err(BuildError::AuditLog)?;
        let guards = guards::build(&place.guards, self.services, &mut self.cache, self.before);
        let metrics = self.metrics.route(&place.name);
        let plan = Plan::new(place.name.as_str().into(), metrics, place.guards.budget, guards);
        let step = match &place.action {
            None => Step::Nothing,
            Some(Action::Upstream(urls)) => {
                Step::Forward(self.upstreams.group(urls).map_err(BuildError::UpstreamTls)?)
            }
            Some(Action::Redirect(to)) => Step::Redirect(to.clone()),
            Some(Action::Deny) => Step::Deny,
            Some(Action::Static(files)) => {
                let failed = |error| BuildError::Folder(files.folder.clone(), error);
                Step::Files(Files::open(files).map_err(failed)?)
            }
        };
        let sockets = self.sockets.build(&place.websocket, self.services, self.sockets_before);
        let sockets = sockets.map_err(BuildError::Secret)?;
        let audience = self.audience.clone().unwrap_or_else(|| match &place.action {
            Some(Action::Upstream(servers)) => {
                servers.first().map_or_else(String::new, ToString::to_string).into()
            }
            _ => Arc::from(""),
        });
        let Place { is_upload, is_export, is_api, body_limit, .. } = *place;
        let rule = place.rule.clone();
        Ok(Target { plan, sockets, step, is_upload, is_export, is_api, body_limit, rule, audience })
    }

    /// Where reports are taken, behind the guards that hold where no route says otherwise.
    pub(super) fn reports(
        &mut self,
        fallback: &Place,
        rule: Option<&Arc<Rule>>,
    ) -> Result<Option<Arc<Target>>, BuildError> {
        if !self.has_reports {
            return Ok(None);
        }
        let target = self.own(REPORT_PATH, fallback, rule.cloned())?;
        let step = Step::Reports(Arc::clone(&self.services.reports));
        Ok(Some(Arc::new(Target { step, ..target })))
    }

    /// Where people sign in, behind the guards that hold where no route says otherwise.
    pub(super) fn pages(
        &mut self,
        fallback: &Place,
        rule: Option<Arc<Rule>>,
    ) -> Result<Option<Arc<Target>>, BuildError> {
        let (Some(rule), Some(directory)) = (rule, self.services.identities.directory()) else {
            return Ok(None);
        };
        let (directory, roles) = (Arc::clone(directory), Arc::clone(&rule.roles));
        let mut providers = Vec::new();
        for (name, section) in self.providers.iter() {
            let provider = Provider::build(name, section, self.services)?;
            providers.push(Arc::new(provider));
        }
        let pages = Pages::new(directory, roles, self.passkeys.clone(), providers);
        let mut place = fallback.clone();
        // These pages read and write everything strictly, and passwords look like anything.
        place.guards.waf.mode = Mode::Off;
        let target = self.own(crate::pages::ROOT, &place, Some(rule))?;
        Ok(Some(Arc::new(Target { step: Step::Pages(Arc::new(pages)), ..target })))
    }

    /// A place of our own.
    fn own(
        &mut self,
        name: &str,
        fallback: &Place,
        rule: Option<Arc<Rule>>,
    ) -> Result<Target, BuildError> {
        let mut place = Place { name: name.into(), action: None, rule, ..fallback.clone() };
        // No document of the application lists what is ours.
        place.guards.schema.mode = Mode::Off;
        self.target(&place)
    }
}
