//! The whole configuration: one field a section, and where it is read from.

mod addresses;
mod letters;
mod lints;

use std::path::{Path, PathBuf};

use mantlet_admin::AdminSection;
use mantlet_config::{Environment, Layers, Loaded, Problems, Reader, load, section};
use mantlet_gate::edge::ServerSection;
use mantlet_gate::guards::GuardsSection;
use mantlet_gate::identity::{AccessSection, IdentitySection};
use mantlet_gate::penalty::PenaltySection;
use mantlet_gate::recording::RecordingSection;
use mantlet_gate::stages::client::ClientSection;
use mantlet_gate::stages::hygiene::HygieneSection;
use mantlet_gate::stages::route::RouteSection;
use mantlet_gate::upstream::UpstreamSection;
use mantlet_gate::websocket::WebsocketSection;
use mantlet_gate::{Resolved, Settings, resolve};
use mantlet_mail::MailSection;
use mantlet_store::StoreSection;

pub(crate) use addresses::applications;
pub(crate) use letters::base;

use crate::cli::{PlaceFlags, ServerFlags};
use crate::log::LogSection;
use crate::output;

/// The files that are looked for when none is named, in this order.
const USUAL_PLACES: [&str; 2] = ["mantlet.toml", "/etc/mantlet/mantlet.toml"];

section! {
    /// Mantlet's configuration.
    pub struct Config {
        /// Folder for secrets, store and journal. By default `/var/lib/mantlet` as root, else
        /// `$XDG_DATA_HOME/mantlet` or `~/.local/share/mantlet`.
        pub data: Option<PathBuf> = None,
        /// Where and how requests come in.
        pub server: ServerSection = ServerSection::default(),
        /// The application behind the gate.
        pub upstream: UpstreamSection = UpstreamSection::default(),
        /// Who the client is when other proxies stand in front.
        pub client: ClientSection = ClientSection::default(),
        /// What counts as one unambiguous request.
        pub hygiene: HygieneSection = HygieneSection::default(),
        /// What each guard does, unless a route says otherwise.
        pub guards: GuardsSection = GuardsSection::default(),
        /// Accounts, sessions, keys and tokens.
        pub identity: IdentitySection = IdentitySection::default(),
        /// The encrypted store.
        pub store: StoreSection = StoreSection::default(),
        /// Who may what.
        pub access: AccessSection = AccessSection::default(),
        /// Letters to people.
        pub mail: MailSection = MailSection::default(),
        /// What WebSockets may do, unless a route says otherwise.
        pub websocket: WebsocketSection = WebsocketSection::default(),
        /// Blocks clients that keep being refused, or keep asking too fast.
        pub penalty: PenaltySection = PenaltySection::default(),
        /// Which requests go where, and what holds for them. The most specific route wins and
        /// inherits what the ones that cover it say.
        pub routes: Vec<RouteSection> = Vec::new(),
        /// Requests that are kept to try settings of the WAF on.
        pub recording: RecordingSection = RecordingSection::default(),
        /// Logs.
        pub log: LogSection = LogSection::default(),
        /// The admin listener.
        pub admin: AdminSection = AdminSection::default(),
        /// New configurations while the server runs.
        pub reload: ReloadSection = ReloadSection::default(),
    }
}

section! {
    /// New configurations while the server runs. They are also read on SIGHUP and by
    /// `mantlet reload`.
    pub struct ReloadSection {
        /// Whether a change of the configuration file is taken up by itself.
        pub watch: bool = true,
    }
}

/// Whether a configuration without anything to protect is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Something to protect.
    Upstream,
    /// Nothing: the configuration is only shown.
    Nothing,
}

/// A configuration and what the gate makes of it.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) config: Config,
    pub(crate) resolved: Resolved,
    pub(crate) environment: Environment,
    /// The file as it was read; `None` for none.
    pub(crate) text: Option<Vec<u8>>,
    /// Everything worth a warning, as lines for people.
    pub(crate) warnings: Vec<String>,
}

/// Everything that reading the configuration gave.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) loaded: Loaded<Config>,
    pub(crate) file: Option<PathBuf>,
    resolved: Option<Resolved>,
    pub(crate) environment: Environment,
}

/// What is tried in place of what is configured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trial {
    /// The text of the configuration file; `None` for the file as it is.
    pub(crate) text: Option<String>,
    /// Keys with their flags and values, over everything else.
    pub(crate) settings: Vec<(&'static str, &'static str, String)>,
}

/// Reads all layers with the same code for every subcommand.
pub(crate) fn read(flags: &ServerFlags, need: Need) -> Read {
    read_trial(flags, need, &Trial::default())
}

/// The same, with something else tried.
pub(crate) fn read_trial(flags: &ServerFlags, need: Need, trial: &Trial) -> Read {
    let environment = Environment::from_process();
    let file = file(&flags.place);
    let mut layers = Layers::new(environment.clone());
    let name =
        || file.as_ref().map_or_else(|| "mantlet.toml".into(), |file| file.to_string_lossy());
    match (&trial.text, &file) {
        (Some(text), _) => layers = layers.text(name(), text.as_str()),
        (None, Some(file)) => layers = layers.file(file),
        (None, None) => {}
    }
    for (key, name, value) in [
        ("upstream.url", "--upstream", &flags.upstream),
        ("server.listen", "--listen", &flags.listen),
        ("admin.listen", "--admin", &flags.admin),
    ] {
        if let Some(value) = value {
            layers = layers.flag(key, name, value.clone());
        }
    }
    if let Some(rules) = &flags.waf_rules {
        layers = layers.flag("guards.waf.rules", "--waf-rules", absolute(rules));
    }
    if let Some(data) = &flags.place.data {
        layers = layers.flag("data", "--data", absolute(data));
    }
    if flags.require_login {
        layers = layers.flag("access.require", "--require-login", "login");
    }
    for (key, name, value) in &trial.settings {
        layers = layers.flag(key, name, value.clone());
    }
    let mut resolved = None;
    let loaded = load(&layers, |config: &Config, reader: &mut Reader<'_>| {
        check(config, need, reader);
        resolved = resolve(&settings(config), reader);
    });
    Read { loaded, file, resolved, environment }
}

/// Everything there is to say about the text of a configuration file, alone.
pub(crate) fn problems_of(text: &str) -> Problems {
    let layers = Layers::new(Environment::default()).text("mantlet.toml", text);
    let loaded = load(&layers, |config: &Config, reader: &mut Reader<'_>| {
        check(config, Need::Upstream, reader);
        let _ = resolve(&settings(config), reader);
    });
    loaded.problems
}

impl Read {
    /// The configuration, ready to run; `None` when there is any error. Problems are printed.
    pub(crate) fn ready(self) -> Option<Ready> {
        for problem in self.loaded.problems.iter() {
            output::note(problem.to_string().trim_end());
        }
        self.judge().ok()
    }

    /// The same without a word.
    ///
    /// # Errors
    /// All problems, when any is an error.
    pub(crate) fn judge(self) -> Result<Ready, Problems> {
        let Loaded { config, problems, text, .. } = self.loaded;
        let Some((config, resolved)) = config.zip(self.resolved) else { return Err(problems) };
        let warnings = problems.iter().map(ToString::to_string).collect();
        Ok(Ready { config, resolved, environment: self.environment, text, warnings })
    }
}

fn settings(config: &Config) -> Settings<'_> {
    Settings {
        server: &config.server,
        upstream: &config.upstream,
        client: &config.client,
        hygiene: &config.hygiene,
        guards: &config.guards,
        websocket: &config.websocket,
        penalty: &config.penalty,
        identity: &config.identity,
        access: &config.access,
        routes: &config.routes,
    }
}

fn check(config: &Config, need: Need, reader: &mut Reader<'_>) {
    config.admin.check(reader);
    config.log.check(reader);
    config.recording.check(reader);
    config.store.check(reader);
    config.mail.check(reader);
    letters::check(config, reader);
    addresses::check(config, reader);
    lints::check(config, reader);
    let asking = &config.server.forward_auth.listen;
    if !asking.is_empty() && config.client.trusted_proxies.is_empty() {
        let hint = "list the proxies that ask: [client] trusted_proxies = [\"127.0.0.1\"]";
        reader.error("server.forward_auth.listen", "nobody may ask there", hint);
    }
    let is_empty = config.upstream.url.is_empty() && config.routes.is_empty() && asking.is_empty();
    // What was given and cannot be used has been complained about already.
    let was_given = reader.is_file_broken()
        || (reader.has_errors() && (reader.is_set("upstream.url") || reader.is_set("routes")));
    if need == Need::Upstream && is_empty && !was_given {
        let hint = "say where the application is: --upstream http://127.0.0.1:8501";
        reader.error("upstream.url", "nothing to protect", hint);
    }
}

fn file(place: &PlaceFlags) -> Option<PathBuf> {
    let usual = || USUAL_PLACES.iter().map(PathBuf::from).find(|path| path.is_file());
    place.config.clone().or_else(usual)
}

/// A flag's path starts where the command was typed, not where the configuration file is.
pub(crate) fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}
