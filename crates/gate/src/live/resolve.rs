//! What the sections of the configuration mean for requests: one word of every layer over the ones
//! before it, for each place that a request can come to.

use std::convert::Infallible;
use std::sync::Arc;

use mantlet_config::{Reader, SecretError, SecretRef, Sources};
use mantlet_types::Secret;

use super::check;
use crate::edge::ServerSection;
use crate::guards::quota::QuotaSection;
use crate::guards::waf::RuleSets;
use crate::guards::{GuardsSection, RuleFile};
use crate::identity::{
    AccessSection, Asked, IdentitySection, ProviderSection, Rule, check_certificate_names,
    check_issuer_names,
};
use crate::penalty::{PenaltyRules, PenaltySection};
use crate::stages::client::ClientSection;
use crate::stages::https::Outside;
use crate::stages::hygiene::{HeadLimits, HygieneSection, HygieneStage};
use crate::stages::route::{
    Action, HostPattern, Layer, PathPattern, RouteSection, Router, Site, compile,
};
use crate::upstream::{ServerAddress, UpstreamSection};
use crate::websocket::{MIN_TOKEN, WebsocketSection};

/// Most routes.
pub(super) const MAX_ROUTES: usize = 1000;

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
    /// `[websocket]`
    pub websocket: &'a WebsocketSection,
    /// `[penalty]`
    pub penalty: &'a PenaltySection,
    /// `[identity]`
    pub identity: &'a IdentitySection,
    /// `[access]`
    pub access: &'a AccessSection,
    /// `[[routes]]`
    pub routes: &'a [RouteSection],
}

/// Settings that passed every check.
#[derive(Debug)]
pub struct Resolved {
    pub(super) router: Router<Place>,
    pub(super) fallback: Place,
    pub(super) server: ServerSection,
    pub(super) upstream: UpstreamSection,
    pub(super) client: ClientSection,
    pub(super) hygiene: HygieneSection,
    pub(super) penalty: PenaltyRules,
    pub(super) limits: HeadLimits,
    pub(super) outside: Outside,
    /// The tokens of WebSockets, where they are kept.
    tokens: Vec<SecretRef>,
    /// The rule files that were read.
    pub(super) rule_files: Vec<RuleFile>,
    pub(super) identity: IdentitySection,
    /// Who is asked what requests are about.
    pub(super) facts: Option<ServerAddress>,
    /// What paths ask for.
    pub asked: Asked,
}

impl Resolved {
    /// Every secret that the gate will use, for the redaction of logs.
    ///
    /// # Errors
    /// [`SecretError`] when one cannot be used.
    pub fn secrets(&self, sources: &Sources) -> Result<Vec<Secret<String>>, SecretError> {
        self.named_secrets().map(|(token, shortest)| sources.resolve(token, shortest)).collect()
    }

    /// Where these secrets are, and of how many characters each has to be.
    pub fn named_secrets(&self) -> impl Iterator<Item = (&SecretRef, usize)> {
        self.tokens.iter().map(|token| (token, MIN_TOKEN))
    }

    /// The stages that give a request its one meaning, and the places it can come to, as `each`
    /// makes them; the last is where requests end that no route is for.
    pub(crate) fn places<T>(
        self,
        mut each: impl FnMut(Place) -> T,
    ) -> (HygieneStage, Router<Arc<T>>, Arc<T>) {
        let fallback = Arc::new(each(self.fallback));
        let routes = self.router.try_map(|place| Ok::<_, Infallible>(Arc::new(each(place))));
        let Ok(router) = routes;
        (HygieneStage::new(&self.hygiene, self.limits), router, fallback)
    }
}

/// What holds for the requests of one place.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) guards: GuardsSection,
    pub(super) websocket: WebsocketSection,
    pub(super) action: Option<Action>,
    pub(crate) is_upload: bool,
    pub(super) is_export: bool,
    pub(super) is_api: Option<bool>,
    pub(super) body_limit: u64,
    /// What it asks for; `None` where nothing asks for an identity anywhere.
    pub(super) rule: Option<Arc<Rule>>,
}

/// Checks everything about the gate; problems go to `reader`.
pub fn resolve(settings: &Settings<'_>, reader: &mut Reader<'_>) -> Option<Resolved> {
    check::sections(settings, reader);
    let layers = layers(settings, reader);
    let mut rules = RuleSets::default();
    let asked = Asked::read(settings.access, settings.routes, reader);
    check_issuer_names(&settings.identity.issuers, &asked.roles, reader);
    ProviderSection::check_all(&settings.identity.providers, &asked.roles, reader);
    let has_authority = settings.server.tls.client_ca.is_some();
    let known = (&*asked.roles, has_authority);
    check_certificate_names(&settings.identity.certificates, known, reader);
    let mut place = |site: &Site<'_>, reader: &mut Reader<'_>| {
        place((settings, &asked), site, &mut rules, reader)
    };
    let fallback = place(&Site { layers: Vec::new(), action: None }, reader);
    let mut tokens: Vec<SecretRef> = fallback.guards.secrets().cloned().collect();
    tokens.extend(fallback.websocket.token.clone());
    let mut documents: Vec<RuleFile> = fallback.guards.documents().collect();
    let compiled = compile(&layers, |site| {
        let place = place(site, reader);
        documents.extend(place.guards.documents());
        tokens.extend(place.websocket.token.clone());
        tokens.extend(place.guards.secrets().cloned());
        place
    });
    let router = match compiled {
        Ok(router) => router,
        Err(overlaps) => {
            // What is wrong inside the routes is to be known now, not after the overlap is settled.
            for layer in &layers {
                let _ = place(&Site { layers: vec![layer], action: None }, reader);
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
    let mut hygiene = settings.hygiene.clone();
    // What the application is told of users, no client tells it.
    let told = settings.identity.told_headers().map(|name| name.0.as_str().to_owned());
    hygiene.identity_headers.extend(told);
    Some(Resolved {
        router,
        fallback,
        server: settings.server.clone(),
        upstream: settings.upstream.clone(),
        client: settings.client.clone(),
        hygiene,
        tokens,
        rule_files: rules.files().into_iter().chain(documents).chain(asked.files.clone()).collect(),
        identity: settings.identity.clone(),
        facts: settings.access.facts.url.clone(),
        limits: HeadLimits {
            size: wire.head_limit,
            target: wire.target_limit,
            header_count: wire.header_count_limit,
        },
        outside: Outside::new(settings.server),
        penalty: penalty(settings),
        asked,
    })
}

/// Penalties, which spare whom the block list spares, and the proxies behind which everyone is.
fn penalty(settings: &Settings<'_>) -> PenaltyRules {
    let (allowed, proxies) = (&settings.guards.blocklist.allow, &settings.client.trusted_proxies);
    PenaltyRules::new(settings.penalty, allowed.iter().chain(proxies).copied())
}

fn layers(settings: &Settings<'_>, reader: &mut Reader<'_>) -> Vec<Layer> {
    let root = (!settings.upstream.url.is_empty()).then(|| Layer {
        index: None,
        host: HostPattern::Any,
        path: PathPattern::all(),
        methods: Vec::new(),
        action: Some(Action::Upstream(settings.upstream.url.clone())),
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
    layers.extend(settings.access.facts.layer());
    layers
}

/// What holds at one place: every layer's word over the ones before it.
fn place(
    (settings, asked): (&Settings<'_>, &Asked),
    site: &Site<'_>,
    rules: &mut RuleSets,
    reader: &mut Reader<'_>,
) -> Place {
    let mut place = Place {
        name: site.layers.last().map_or_else(|| "-".into(), |layer| layer.name()),
        guards: settings.guards.clone(),
        websocket: settings.websocket.clone(),
        action: site.action.cloned(),
        is_upload: false,
        is_export: false,
        is_api: None,
        body_limit: 0,
        rule: asked.is_anywhere().then(|| Arc::new(asked.rule(&site.layers))),
    };
    let mut body_limit = None;
    for layer in &site.layers {
        let Some(route) = layer.index.and_then(|index| settings.routes.get(index)) else {
            continue;
        };
        place.guards = route.guards.read_over(&place.guards, reader);
        place.websocket = route.websocket.read_over(&place.websocket, reader);
        place.is_upload = route.upload.unwrap_or(place.is_upload);
        place.is_export = route.export.unwrap_or(place.is_export);
        place.is_api = route.api.or(place.is_api);
        check::guards_of(layer.index, route, &place.guards, reader);
        check::websocket_of(layer.index, route, &place.websocket, reader);
        body_limit = route.body_limit.or(body_limit);
    }
    let says_rules = |index: &usize| reader.is_set(&format!("routes[{index}].guards.waf"));
    let index = site.layers.iter().rev().filter_map(|layer| layer.index).find(says_rules);
    let key = index
        .map_or_else(|| "guards.waf".to_owned(), |index| format!("routes[{index}].guards.waf"));
    place.guards.waf.load_rules(&key, rules, reader);
    if asked.is_anywhere() {
        check_plans(asked, site, &place.guards.quota, reader);
    } else {
        place.guards.without_users();
    }
    let server = settings.server;
    let default = if place.is_upload { server.upload_limit } else { server.body_limit };
    place.body_limit = body_limit.unwrap_or(default).0;
    place
}

/// Plans are for roles that there are.
fn check_plans(asked: &Asked, site: &Site<'_>, quota: &QuotaSection, reader: &mut Reader<'_>) {
    let keys = site.layers.iter().rev().filter_map(|layer| layer.index);
    let mut keys = keys.map(|index| format!("routes[{index}].guards.quota.plans"));
    let own = keys.find(|key| reader.is_set(key));
    // What a site does not say itself is looked at where it is said.
    let root = || site.layers.is_empty().then(|| "guards.quota.plans".to_owned());
    let Some(key) = own.or_else(root) else { return };
    for role in quota.planned_roles().iter().filter(|role| asked.roles.role(role).is_none()) {
        let message = format!("there is no role `{}`", role.escape_debug());
        reader.error(&key, message, "names of roles come from `[access]`");
    }
}
