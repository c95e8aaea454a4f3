//! From the configuration to what serves requests. Resolving finds every problem and needs nothing
//! but the configuration, so that `mantlet check` and the server use the same code; building
//! starts from what was resolved and only fails for what is outside (a folder that is gone).

mod check;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mantlet_config::Reader;
use mantlet_event::Metrics;

use crate::edge::{ConnectionRules, ServerSection, TlsError};
use crate::guards::{self, GuardCache, GuardsSection, Services};
use crate::pipeline::Plan;
use crate::stages::client::{ClientSection, ClientStage};
use crate::stages::hygiene::{HeadLimits, HygieneSection, HygieneStage};
use crate::stages::route::{
    Action, HostPattern, Layer, PathPattern, RouteSection, Router, Site, compile,
};
use crate::upstream::{Group, Rules, UpstreamSection, Upstreams};
use crate::way::files::Files;

/// Most routes.
const MAX_ROUTES: usize = 1000;

/// The sections of the configuration that make up the gate.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// `[server]`
    pub server: &'a ServerSection,
    /// `[upstream]`
    pub upstream: &'a UpstreamSection,
    /// `[client]`
    pub client: &'a ClientSection,
    /// `[hygiene]`
    pub hygiene: &'a HygieneSection,
    /// `[guards]`
    pub guards: &'a GuardsSection,
    /// `[[routes]]`
    pub routes: &'a [RouteSection],
}

/// Settings that passed every check.
#[derive(Debug)]
pub struct Resolved {
    router: Router<Place>,
    fallback: Place,
    server: ServerSection,
    upstream: UpstreamSection,
    client: ClientSection,
    hygiene: HygieneSection,
    limits: HeadLimits,
}

/// What holds for the requests of one place.
#[derive(Debug, Clone)]
struct Place {
    name: String,
    guards: GuardsSection,
    action: Option<Action>,
    is_upload: bool,
    body_limit: u64,
}

/// Checks everything about the gate; problems go to `reader`.
pub fn resolve(settings: &Settings<'_>, reader: &mut Reader<'_>) -> Option<Resolved> {
    check::sections(settings, reader);
    let layers = layers(settings, reader);
    let fallback = place(settings, &Site { layers: Vec::new(), action: None }, reader);
    let compiled = compile(&layers, |site| place(settings, site, reader));
    let router = match compiled {
        Ok(router) => router,
        Err(overlaps) => {
            // What is wrong inside the routes is to be known now, not after the overlap is settled.
            for layer in &layers {
                let _ = place(settings, &Site { layers: vec![layer], action: None }, reader);
            }
            for overlap in overlaps {
                let (first, second) = overlap.routes;
                let index = second.or(first).unwrap_or(0);
                reader.error(&format!("routes[{index}]"), overlap.message, overlap.hint);
            }
            return None;
        }
    };
    let wire = settings.server.wire_rules();
    Some(Resolved {
        router,
        fallback,
        server: settings.server.clone(),
        upstream: settings.upstream.clone(),
        client: settings.client.clone(),
        hygiene: settings.hygiene.clone(),
        limits: HeadLimits { target: wire.target_limit, header_count: wire.header_count_limit },
    })
}

fn layers(settings: &Settings<'_>, reader: &mut Reader<'_>) -> Vec<Layer> {
    let root = settings.upstream.url.clone().map(|url| Layer {
        index: None,
        host: HostPattern::Any,
        path: PathPattern::all(),
        methods: Vec::new(),
        action: Some(Action::Upstream(vec![url])),
    });
    let mut layers: Vec<Layer> = root.into_iter().collect();
    for (index, route) in settings.routes.iter().enumerate().take(MAX_ROUTES) {
        check::route(index, route, reader);
        let action = check::action(index, route, reader);
        let any = [HostPattern::Any];
        let hosts: &[HostPattern] = if route.host.is_empty() { &any } else { &route.host };
        layers.extend(hosts.iter().map(|host| Layer {
            index: Some(index),
            host: host.clone(),
            path: route.path.clone(),
            methods: route.methods.iter().map(|method| method.0.clone()).collect(),
            action: action.clone(),
        }));
    }
    layers
}

/// What holds at one place: every layer's word over the ones before it.
fn place(settings: &Settings<'_>, site: &Site<'_>, reader: &mut Reader<'_>) -> Place {
    let mut place = Place {
        name: site.layers.last().map_or_else(|| "-".into(), |layer| layer.name()),
        guards: settings.guards.clone(),
        action: site.action.cloned(),
        is_upload: false,
        body_limit: 0,
    };
    let mut body_limit = None;
    for layer in &site.layers {
        let Some(route) = layer.index.and_then(|index| settings.routes.get(index)) else {
            continue;
        };
        place.guards = route.guards.read_over(&place.guards, reader);
        place.is_upload = route.upload.unwrap_or(place.is_upload);
        check::guards_of(layer.index, route, &place.guards, reader);
        body_limit = route.body_limit.or(body_limit);
    }
    let server = settings.server;
    let default = if place.is_upload { server.upload_limit } else { server.body_limit };
    place.body_limit = body_limit.unwrap_or(default).0;
    place
}

/// Everything that serves requests, built from one configuration; never changed, only replaced.
#[derive(Debug)]
pub struct Live {
    pub(crate) hygiene: HygieneStage,
    pub(crate) client: ClientStage,
    pub(crate) router: Router<Arc<Target>>,
    /// Where requests end that no route is for; asks the global guards.
    pub(crate) fallback: Arc<Target>,
    /// How upstreams are talked to.
    pub(crate) rules: Rules,
    pub(crate) upstreams: Upstreams,
    guards: GuardCache,
    /// What holds for connections that are accepted now.
    pub(crate) connections: ConnectionRules,
    /// How long a client may pause inside a request body.
    pub(crate) body_timeout: Duration,
}

/// What happens to the requests of one place.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) plan: Plan,
    pub(crate) step: Step,
    pub(crate) is_upload: bool,
    pub(crate) body_limit: u64,
}

/// What a target does once the guards have passed a request.
#[derive(Debug)]
pub(crate) enum Step {
    Forward(Arc<Group>),
    Files(Files),
    Redirect(String),
    Deny,
    /// No route says what to do.
    Nothing,
}

/// Something outside the configuration that is missing.
#[derive(Debug)]
pub enum BuildError {
    /// A folder of static files that cannot be opened.
    Folder(PathBuf, std::io::Error),
    /// A certificate or its key.
    Tls(TlsError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path, error) => {
                write!(f, "cannot open the folder `{}`: {error}", path.display())
            }
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {}

impl Live {
    /// Builds what was resolved, next to `before`, which goes on serving until it is replaced. What
    /// both configurations say alike goes over with its state: guards and their counters, servers
    /// and their connections.
    ///
    /// # Errors
    /// [`BuildError`] when a folder of static files or a certificate cannot be used. Nothing has
    /// changed then.
    pub fn build(
        resolved: Resolved,
        services: &Services,
        metrics: &Metrics,
        before: Option<&Self>,
    ) -> Result<Self, BuildError> {
        let mut builder = Builder {
            services,
            metrics,
            before: before.map(|before| &before.guards),
            cache: GuardCache::default(),
            upstreams: before
                .map_or_else(Upstreams::default, |before| Upstreams::after(&before.upstreams)),
        };
        let fallback = Arc::new(builder.target(&resolved.fallback)?);
        let router = resolved.router.try_map(|place| builder.target(&place).map(Arc::new))?;
        Ok(Self {
            hygiene: HygieneStage::new(&resolved.hygiene, resolved.limits),
            client: ClientStage::new(&resolved.client),
            router,
            fallback,
            rules: Rules::new(&resolved.upstream),
            upstreams: builder.upstreams.complete(),
            guards: builder.cache,
            connections: ConnectionRules::build(&resolved.server).map_err(BuildError::Tls)?,
            body_timeout: resolved.server.body_timeout,
        })
    }

    /// Name and mode of every guard that is asked where no route says otherwise.
    pub fn summary(&self) -> impl Iterator<Item = (&'static str, crate::pipeline::Mode)> {
        self.fallback.plan.summary()
    }
}

struct Builder<'a> {
    services: &'a Services,
    metrics: &'a Metrics,
    before: Option<&'a GuardCache>,
    cache: GuardCache,
    upstreams: Upstreams,
}

impl Builder<'_> {
    fn target(&mut self, place: &Place) -> Result<Target, BuildError> {
        let guards = guards::build(&place.guards, self.services, &mut self.cache, self.before);
        let metrics = self.metrics.route(&place.name);
        let plan = Plan::new(place.name.as_str().into(), metrics, place.guards.budget, guards);
        let step = match &place.action {
            None => Step::Nothing,
            Some(Action::Upstream(urls)) => Step::Forward(self.upstreams.group(urls)),
            Some(Action::Redirect(to)) => Step::Redirect(to.clone()),
            Some(Action::Deny) => Step::Deny,
            Some(Action::Static(folder)) => {
                let failed = |error| BuildError::Folder(folder.clone(), error);
                Step::Files(Files::open(folder).map_err(failed)?)
            }
        };
        Ok(Target { plan, step, is_upload: place.is_upload, body_limit: place.body_limit })
    }
}
